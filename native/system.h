/*
 * system: the kernel, without a C library in between.
 *
 * A static C library costs the knot several times what the knot itself costs: on a virtual
 * machine, reading the processor's features alone (cpuid, which traps) takes longer than all
 * mounts of a container. Hence our own entry and our own system calls, which answer as the kernel
 * does: a result, or minus the errno.
 *
 * Built with KNOT_WITH_LIBC (other processors, sanitizers) the same calls go through syscall(2).
 */
#ifndef KNOT_SYSTEM_H
#define KNOT_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/signal.h>
#include <asm/statfs.h>
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/uio.h>
#include <linux/wait.h>

/* Not in the kernel's own headers, because every C library has names of its own for them. */
#define MNT_DETACH 2
#define FILE_KIND 0170000
#define FILE_REGULAR 0100000
#define PERMISSIONS 07777
#define SOCKET_LEVEL 1
#define NO_SIGNAL 0x4000

/* As sendmsg(2) and recvmsg(2) have them. */
struct socket_message {
	void *name;
	int name_length;
	struct iovec *parts;
	size_t parts_count;
	void *control;
	size_t control_length;
	unsigned int flags;
};

#ifdef KNOT_WITH_LIBC

long syscall(long number, ...);
int *__errno_location(void);
int clone(int (*run)(void *), void *stack, int flags, void *argument, ...);

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result == -1 ? -*__errno_location() : result;
}

/* The library's clone knows no cgroup; who asks for one is told to do without. */
static inline long clone_onto_stack(struct clone_args *args, int (*run)(void *), void *argument)
{
	if (args->flags & CLONE_INTO_CGROUP)
		return -ENOSYS;
	int pid = clone(run, (void *) (args->stack + args->stack_size),
			(int) (args->flags | args->exit_signal), argument, NULL, NULL,
			(int *) (uintptr_t) args->child_tid);
	return pid == -1 ? -*__errno_location() : pid;
}

#else

#if defined(__x86_64__)

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* The child returns from the call onto an empty stack: it may only call, never return. */
static inline long clone_onto_stack(struct clone_args *args, int (*run)(void *), void *argument)
{
	long result;
	register int (*function)(void *) __asm__("r12") = run;
	register void *parameter __asm__("r13") = argument;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "0"((long) __NR_clone3), "D"(args), "S"(sizeof *args), "r"(function),
			   "r"(parameter)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

#define ENTRY "mov %rsp, %rdi\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall knot_entry\n\thlt\n"

#elif defined(__aarch64__)

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

static inline long clone_onto_stack(struct clone_args *args, int (*run)(void *), void *argument)
{
	register long x8 __asm__("x8") = __NR_clone3;
	register long x0 __asm__("x0") = (long) args;
	register long x1 __asm__("x1") = sizeof *args;
	register int (*function)(void *) __asm__("x19") = run;
	register void *parameter __asm__("x20") = argument;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x0, x20\n\t"
			 "blr x19\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(function), "r"(parameter)
			 : "memory", "cc");
	return x0;
}

#define ENTRY "mov x0, sp\n\tmov x29, #0\n\tand sp, x0, #-16\n\tbl knot_entry\n\tbrk #1\n"

#else
#error "build this processor's knot with -DKNOT_WITH_LIBC"
#endif

#endif

#define ADDRESS(pointer) ((long) (uintptr_t) (pointer))

static inline long call0(long number)
{
	return call6(number, 0, 0, 0, 0, 0, 0);
}

static inline long call1(long number, long a)
{
	return call6(number, a, 0, 0, 0, 0, 0);
}

static inline long call2(long number, long a, long b)
{
	return call6(number, a, b, 0, 0, 0, 0);
}

static inline long call3(long number, long a, long b, long c)
{
	return call6(number, a, b, c, 0, 0, 0);
}

static inline long call4(long number, long a, long b, long c, long d)
{
	return call6(number, a, b, c, d, 0, 0);
}

static inline long call5(long number, long a, long b, long c, long d, long e)
{
	return call6(number, a, b, c, d, e, 0);
}

/* What several parts use, with types. The rest is called where it is used. */

static inline long sys_openat(int base, const char *path, int flags, unsigned int mode)
{
	return call4(__NR_openat, base, ADDRESS(path), flags, mode);
}

static inline long sys_close(long fd)
{
	return call1(__NR_close, fd);
}

static inline long sys_write(int fd, const void *bytes, size_t count)
{
	return call3(__NR_write, fd, ADDRESS(bytes), (long) count);
}

static inline long sys_read(int fd, void *bytes, size_t count)
{
	return call3(__NR_read, fd, ADDRESS(bytes), (long) count);
}

static inline long sys_statx(int fd, struct statx *found)
{
	return call5(__NR_statx, fd, ADDRESS(""), AT_EMPTY_PATH, STATX_BASIC_STATS,
		     ADDRESS(found));
}

static inline long sys_prctl(long option, long a, long b)
{
	return call5(__NR_prctl, option, a, b, 0, 0);
}

static inline long sys_kill(int pid, int signal)
{
	return call2(__NR_kill, pid, signal);
}

static inline _Noreturn void sys_exit(int code)
{
	for (;;)
		call1(__NR_exit_group, code);
}

static inline size_t length_of(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

static inline bool same(const char *one, const char *other)
{
	while (*one != '\0' && *one == *other)
		one++, other++;
	return *one == *other;
}

#endif
