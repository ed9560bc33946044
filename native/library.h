/*
 * What the files of liblithos.so share. The library does the few things that JavaScript cannot:
 * whatever happens between clone and exec, inside a signal handler, or while the main thread is
 * stuck. It is called through native/libc.ts and decides nothing.
 *
 *   spawn.c    a child in new namespaces, with exactly the descriptors it is given
 *   deliver.c  a knot, with its status file and its plan, in one call
 *   exec.c     this program again, in place: on purpose, after a crash, or when it hangs
 *   hold.c     signals that come before anybody can hear them
 *   sockets.c  listening sockets, and what a service manager is told
 *   remove.c   a directory tree whose content belongs to somebody hostile
 *   look.c     many small files in one call
 *   cut.c      a file that loses its beginning
 *   interface.c  network interfaces of the host
 *   environ.c  a variable that /proc shows of us
 *   lithos.c   which descriptors are ready, and how a process ended
 *
 * Every exported function returns a negative errno on failure. Those of spawn.c and exec.c are
 * called from the main thread only: they share a stack and a prepared image.
 */
#ifndef LITHOS_LIBRARY_H
#define LITHOS_LIBRARY_H

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

enum { STACK_BYTES = 65536 };

/*
 * libc's wrappers are bound lazily, and binding takes locks that another thread may hold while
 * we are between clone and exec or in a handler. A negative result is an errno.
 */
#if defined(__x86_64__)
static inline long call(long number, long a, long b, long c, long d, long e)
{
	long result;
	register long fourth __asm__("r10") = d;
	register long fifth __asm__("r8") = e;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long call(long number, long a, long b, long c, long d, long e)
{
	register long code __asm__("x8") = number;
	register long first __asm__("x0") = a;
	register long second __asm__("x1") = b;
	register long third __asm__("x2") = c;
	register long fourth __asm__("x3") = d;
	register long fifth __asm__("x4") = e;

	__asm__ volatile("svc 0"
			 : "+r"(first)
			 : "r"(code), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
			 : "memory");
	return first;
}
#else
#error "lithos runs on x86-64 and arm64"
#endif

/* glibc's sigset_t is larger than the kernel's, which is what raw calls want. */
typedef uint64_t kernel_signals;

static inline kernel_signals set_mask(kernel_signals mask)
{
	kernel_signals old = 0;

	call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, (long)&old, sizeof(mask), 0);
	return old;
}

#define signal_bit(number) ((kernel_signals)1 << ((number) - 1))

/* Those by which people speak to the supervisor; see hold.c. */
#define HELD_SIGNALS                                                                               \
	(signal_bit(SIGHUP) | signal_bit(SIGINT) | signal_bit(SIGQUIT) | signal_bit(SIGUSR1) |     \
	 signal_bit(SIGUSR2) | signal_bit(SIGTERM))

static inline void hold_signals(void)
{
	kernel_signals held = HELD_SIGNALS;

	call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&held, 0, sizeof(held), 0);
}

static inline void release_signals(void)
{
	kernel_signals held = HELD_SIGNALS;

	call(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&held, 0, sizeof(held), 0);
}

void lithos_words(const char *text, size_t length);

int begin_child(const char *words, int length, int argc, int envc, const int *fds, int count,
		uint64_t namespaces, int status, int *pidfd);

/* deliver.c: what a child says of itself before its exec; no allocation, no lock. */
int64_t birth_of(int pid);
void say_pid(long status, int pid, int64_t birth);

/* Only for the default action: that needs no flags and no trampoline. */
static inline void reset_signal(int signal)
{
	uint64_t action[4] = {0};

	call(SYS_rt_sigaction, signal, (long)action, 0, sizeof(kernel_signals), 0);
}

/* Fills `pointers` with `count` strings that lie one after another; returns what follows. */
static inline char *split(char *text, int count, char **pointers)
{
	for (int i = 0; i < count; i++) {
		pointers[i] = text;
		text += strlen(text) + 1;
	}
	pointers[count] = NULL;
	return text;
}

/* The last `digits` digits of `value`, ending before `end`. */
static inline void put_number(char *end, int value, int digits)
{
	while (digits-- > 0) {
		*--end = (char)('0' + value % 10);
		value /= 10;
	}
}

#endif
