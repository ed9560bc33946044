/*
 * The few things that JavaScript cannot do: whatever happens between clone and exec, inside a
 * signal handler, or while the main thread is stuck. Everything here is called through
 * native/libc.ts, returns a negative errno on failure, and decides nothing.
 *
 *   1 calls      system calls without libc, so that they may be made anywhere
 *   2 spawning   a child in new namespaces, with exactly the descriptors it is given
 *   3 exec       this program again, in place: on purpose, after a crash, or when it hangs
 *   4 waiting    which descriptors are ready, and how a process ended
 *   5 removing   a directory tree whose content belongs to somebody hostile
 *
 * Functions of sections 2 and 3 are called from the main thread only: they share a stack and
 * a prepared image.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- 1 calls ---------------------------------------------------------------------------- */

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

static kernel_signals set_mask(kernel_signals mask)
{
	kernel_signals old = 0;

	call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, (long)&old, sizeof(mask), 0);
	return old;
}

/* Only for the default action: that needs no flags and no trampoline. */
static void reset_signal(int signal)
{
	uint64_t action[4] = {0};

	call(SYS_rt_sigaction, signal, (long)action, 0, sizeof(kernel_signals), 0);
}

static int64_t monotonic_ms(void)
{
	struct timespec now = {0};

	call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t delay)
{
	struct timespec rest = {.tv_sec = delay / 1000, .tv_nsec = delay % 1000 * 1000000};

	while (call(SYS_nanosleep, (long)&rest, (long)&rest, 0, 0, 0) == -EINTR)
		;
}

/* Fills `pointers` with `count` strings that lie one after another; returns what follows. */
static char *split(char *text, int count, char **pointers)
{
	for (int i = 0; i < count; i++) {
		pointers[i] = text;
		text += strlen(text) + 1;
	}
	pointers[count] = NULL;
	return text;
}

/* ---- 2 spawning ------------------------------------------------------------------------- */

enum { WORDS_MAX = 256, STACK_BYTES = 65536 };

struct birth {
	char *path;
	char **argv;
	char **envp;
	const int *fds; /* pairs: number in the child, descriptor here; ascending, from 0 */
	int count;
	int sources[WORDS_MAX];
	long error;
	int stage;
};

/* What a failed birth was doing; the texts are in native/spawn.ts. */
enum { STAGE_CLONE = 1, STAGE_FDS = 2, STAGE_EXEC = 3 };

static char child_stack[STACK_BYTES] __attribute__((aligned(16)));

static long arrange_fds(struct birth *birth)
{
	int above = birth->fds[2 * (birth->count - 1)] + 1;
	unsigned int next = 0;
	long result;

	/* First out of the way what another one is about to overwrite. */
	for (int i = 0; i < birth->count; i++) {
		birth->sources[i] = birth->fds[2 * i + 1];
		if (birth->sources[i] == birth->fds[2 * i] || birth->sources[i] >= above)
			continue;
		result = call(SYS_fcntl, birth->sources[i], F_DUPFD_CLOEXEC, above, 0, 0);
		if (result < 0)
			return result;
		birth->sources[i] = (int)result;
	}
	for (int i = 0; i < birth->count; i++) {
		int target = birth->fds[2 * i];

		/* Node marks 0, 1 and 2 close-on-exec, and a dup onto itself would keep that. */
		if (birth->sources[i] == target)
			result = call(SYS_fcntl, target, F_SETFD, 0, 0, 0);
		else
			result = call(SYS_dup3, birth->sources[i], target, 0, 0, 0);
		if (result < 0)
			return result;
	}
	/* Not all that is open here is close-on-exec: what Node inherited above a hole is not. */
	for (int i = 0; i < birth->count; i++) {
		unsigned int target = (unsigned int)birth->fds[2 * i];

		if (target > next)
			call(SYS_close_range, next, target - 1, 0, 0, 0);
		next = target + 1;
	}
	return call(SYS_close_range, next, ~0U, 0, 0, 0);
}

/* Runs in the memory of the parent, which is stopped: nothing here may allocate or lock. */
static void be_born(struct birth *birth)
{
	/* CLONE_CLEAR_SIGHAND leaves ignored signals ignored; these two are, in every Node. */
	reset_signal(SIGPIPE);
	reset_signal(SIGXFSZ);
	birth->stage = STAGE_FDS;
	birth->error = arrange_fds(birth);
	if (birth->error >= 0) {
		birth->stage = STAGE_EXEC;
		set_mask(0);
		birth->error = call(SYS_execve, (long)birth->path, (long)birth->argv,
				    (long)birth->envp, 0, 0);
	}
	call(SYS_exit_group, 127, 0, 0, 0, 0);
}

/*
 * The child begins on its own stack, where there is nothing to return to; hence the call is
 * made by hand. libc's clone() cannot clear handlers or enter a cgroup.
 */
static long clone_onto(struct clone_args *args, struct birth *birth)
{
#if defined(__x86_64__)
	long result;
	register void (*entry)(struct birth *) __asm__("r12") = be_born;
	register struct birth *argument __asm__("r13") = birth;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %%r13, %%rdi\n\t"
			 "callq *%%r12\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(result)
			 : "0"(SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(entry), "r"(argument)
			 : "rcx", "r11", "memory");
	return result;
#else
	register long code __asm__("x8") = SYS_clone3;
	register long result __asm__("x0") = (long)args;
	register long size __asm__("x1") = sizeof(*args);
	register void (*entry)(struct birth *) __asm__("x2") = be_born;
	register struct birth *argument __asm__("x3") = birth;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x3\n\t"
			 "blr x2\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(result)
			 : "r"(code), "r"(size), "r"(entry), "r"(argument)
			 : "memory");
	return result;
#endif
}

/*
 * `words` holds path, argv and environment, each ended by NUL. `fds` are pairs as in struct
 * birth; every other descriptor is closed. `cgroup` is a directory of cgroup v2, or -1.
 * out: pid and pidfd, or the stage that failed.
 *
 * There is no parent-death signal, and there must not be: the child outlives us. A vfork blocks
 * this thread until the exec, so `words` must name a file on a disk that answers, and `cgroup`
 * must not be frozen.
 */
int lithos_spawn(char *words, int argc, int envc, const int *fds, int count, uint64_t namespaces,
		 int cgroup, int *out)
{
	char *pointers[WORDS_MAX + 2];
	struct birth birth = {.path = words, .fds = fds, .count = count, .stage = STAGE_CLONE};
	int pidfd = -1;
	kernel_signals mask;
	long pid;

	if (argc < 1 || envc < 0 || argc + envc > WORDS_MAX || count < 1 || count > WORDS_MAX)
		return -E2BIG;
	birth.argv = pointers;
	birth.envp = pointers + argc + 1;
	split(split(words + strlen(words) + 1, argc, birth.argv), envc, birth.envp);

	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | namespaces,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)child_stack,
		.stack_size = sizeof(child_stack),
	};
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint32_t)cgroup;
	}

	/* A signal in the child would run our handlers there, and write to our own pipes. */
	mask = set_mask(~(kernel_signals)0);
	pid = clone_onto(&args, &birth);
	set_mask(mask);

	if (pid < 0) {
		out[1] = STAGE_CLONE;
		return (int)pid;
	}
	if (birth.error < 0) {
		siginfo_t ignored;

		out[1] = birth.stage;
		call(SYS_waitid, P_PIDFD, pidfd, (long)&ignored, WEXITED, 0);
		call(SYS_close, pidfd, 0, 0, 0, 0);
		return (int)birth.error;
	}
	out[0] = (int)pid;
	out[1] = pidfd;
	return 0;
}

/* ---- 3 exec ----------------------------------------------------------------------------- */

enum {
	KEPT_MAX = 4096,
	HUNG = SIGALRM, /* the number by which the next image learns that this one hung */
	HEALTHY_MS = 60000,
	DELAY_FIRST_MS = 100,
	DELAY_MAX_MS = 30000,
};

/* Slots in the environment of the next image; native/exec.ts reads them there. */
static char crash_slot[] = "LITHOS_CRASH=00";
static char generation_slot[] = "LITHOS_GENERATION=0000";

static struct {
	char *path;
	char **argv;
	char **envp;
	int generation;
	int64_t born;
	int kept[KEPT_MAX];
	atomic_int kept_count;
} image;

static char crash_stack[STACK_BYTES] __attribute__((aligned(16)));
static atomic_int crashing;

static void put_number(char *end, int value, int digits)
{
	while (digits-- > 0) {
		*--end = (char)('0' + value % 10);
		value /= 10;
	}
}

/*
 * What to become: path, argv and environment one after another, as for lithos_spawn.
 * `generation` counts crashes in a row, this image's ancestors'.
 */
int lithos_image(const char *words, int length, int argc, int envc, int generation)
{
	char *copy = malloc((size_t)length);
	char **pointers = calloc((size_t)(argc + envc + 4), sizeof(char *));

	if (!copy || !pointers) {
		free(copy);
		free(pointers);
		return -ENOMEM;
	}
	memcpy(copy, words, (size_t)length);
	image.path = copy;
	image.argv = pointers;
	image.envp = pointers + argc + 1;
	split(split(copy + strlen(copy) + 1, argc, image.argv), envc, image.envp);
	image.envp[envc] = crash_slot;
	image.envp[envc + 1] = generation_slot;
	image.envp[envc + 2] = NULL;
	image.generation = generation;
	image.born = monotonic_ms();
	return 0;
}

/* Which descriptors, besides 0, 1 and 2, the next image gets. */
int lithos_keep(const int *fds, int count)
{
	if (count < 0 || count > KEPT_MAX)
		return -E2BIG;
	/* A crash in between keeps too few rather than the wrong ones. */
	atomic_store(&image.kept_count, 0);
	memcpy(image.kept, fds, (size_t)count * sizeof(int));
	atomic_store(&image.kept_count, count);
	return 0;
}

static long become(int crash, int generation)
{
	int kept = atomic_load(&image.kept_count);

	put_number(crash_slot + sizeof(crash_slot) - 1, crash, 2);
	put_number(generation_slot + sizeof(generation_slot) - 1, generation, 4);
	call(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC, 0, 0);
	/* Node marks its own standard streams close-on-exec. */
	for (int fd = 0; fd < 3; fd++)
		call(SYS_fcntl, fd, F_SETFD, 0, 0, 0);
	for (int i = 0; i < kept; i++)
		call(SYS_fcntl, image.kept[i], F_SETFD, 0, 0, 0);
	return call(SYS_execve, (long)image.path, (long)image.argv, (long)image.envp, 0, 0);
}

/* On purpose. Returns only if it failed, and then this process goes on unharmed. */
int lithos_exec(void)
{
	long error;

	if (!image.path)
		return -EINVAL;
	error = become(0, 0);
	call(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC, 0, 0);
	for (int fd = 0; fd < 3; fd++)
		call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC, 0, 0);
	return (int)error;
}

static void complain(const char *what, int generation)
{
	char times[] = ": starting anew in place, crash 0000 in a row\n";

	put_number(times + sizeof(times) - sizeof(" in a row\n"), generation, 4);
	call(SYS_write, 2, (long)what, (long)strlen(what), 0, 0);
	call(SYS_write, 2, (long)times, sizeof(times) - 1, 0, 0);
}

/*
 * A crash becomes a new image at once; crashes in a row wait longer and longer, asleep here,
 * so that a crash at every start costs nothing. Returns if exec failed.
 */
static void crash_into(int reason, const char *what)
{
	int generation = monotonic_ms() - image.born >= HEALTHY_MS ? 1 : image.generation + 1;
	int64_t delay = DELAY_MAX_MS;

	if (generation > 9999)
		generation = 9999;
	if (generation == 1)
		delay = 0;
	else if (generation < 10)
		delay = (int64_t)DELAY_FIRST_MS << (generation - 2);
	complain(what, generation);
	sleep_ms(delay);
	become(reason, generation);
}

static void on_crash(int signal)
{
	char what[] = "lithos_tree: fatal signal 00";
	int self = (int)call(SYS_gettid, 0, 0, 0, 0, 0);
	int other = 0;

	if (atomic_compare_exchange_strong(&crashing, &other, self)) {
		put_number(what + sizeof(what) - 1, signal, 2);
		crash_into(signal, what);
	} else if (other != self) {
		/* Another thread is already on its way out, and takes us with it. */
		for (;;)
			sleep_ms(DELAY_MAX_MS);
	}
	/* A crash within the crash, or no exec: end as if we had never been here. */
	reset_signal(signal);
	set_mask(0);
	call(SYS_tgkill, call(SYS_getpid, 0, 0, 0, 0, 0), self, signal, 0, 0);
	call(SYS_exit_group, 128 + signal, 0, 0, 0, 0);
}

/* From now on a fatal signal becomes the image. SIGSEGV was Node's, for WebAssembly only. */
int lithos_catch(void)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
	stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof(crash_stack)};
	struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER};

	if (!image.path)
		return -EINVAL;
	/* A stack that overflowed cannot run a handler. */
	if (sigaltstack(&stack, NULL) != 0)
		return -errno;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (sigaction(fatal[i], &action, NULL) != 0)
			return -errno;
	return 0;
}

/*
 * The watchdog. `turn` is shared with JavaScript: odd while a turn is being taken, even between
 * two; `parked` says that the watchdog sleeps until it is woken. So an idle loop is not a hung
 * one, nobody wakes while nothing happens, and a busy loop pays one system call a second.
 * Time is counted in seconds slept: a process that was stopped as a whole has not hung.
 */
static struct {
	_Atomic uint32_t *turn;
	_Atomic uint32_t *parked;
	int patience_s;
} watch;

static void *watchdog(void *unused)
{
	uint32_t seen = 0;
	int slept = 0;

	(void)unused;
	for (;;) {
		uint32_t now = atomic_load(watch.turn);

		if (now != seen)
			slept = 0;
		seen = now;
		if (now % 2 == 0) {
			atomic_store(watch.parked, 1);
			/* The kernel compares `turn` once more: no beginning is missed. */
			call(SYS_futex, (long)watch.turn, 128 /* FUTEX_WAIT_PRIVATE */, now, 0, 0);
			atomic_store(watch.parked, 0);
			continue;
		}
		if (slept++ >= watch.patience_s) {
			int nobody = 0;

			/* If it crashed meanwhile, the handler is what we wait for. */
			if (atomic_compare_exchange_strong(&crashing, &nobody, 1))
				crash_into(HUNG, "lithos_tree: no progress in one turn");
			return NULL;
		}
		sleep_ms(1000);
	}
}

/* `cells`: turn, parked. They must stay where they are for the life of the process. */
int lithos_watch(uint32_t *cells, int patience_s)
{
	pthread_t thread;
	kernel_signals mask;
	int error;

	if (!image.path || watch.turn)
		return -EINVAL;
	watch.turn = (_Atomic uint32_t *)cells;
	watch.parked = (_Atomic uint32_t *)cells + 1;
	watch.patience_s = patience_s;
	/* Signals of the process are for Node's threads. */
	mask = set_mask(~(kernel_signals)0);
	error = pthread_create(&thread, NULL, watchdog, NULL);
	set_mask(mask);
	return -error;
}

int lithos_wake(uint32_t *cells)
{
	return (int)call(SYS_futex, (long)cells, 129 /* FUTEX_WAKE_PRIVATE */, 1, 0, 0);
}

/* ---- 4 waiting -------------------------------------------------------------------------- */

enum { READY_MAX = 1024 };

/* Never waits. `tags` are the numbers the descriptors were added with. */
int lithos_ready(int epoll, uint32_t *tags, int room)
{
	struct epoll_event events[READY_MAX];
	int count = epoll_wait(epoll, events, room < READY_MAX ? room : READY_MAX, 0);

	for (int i = 0; i < count; i++)
		tags[i] = events[i].data.u32;
	return count < 0 ? -errno : count;
}

/* A descriptor that reports once, until it is added anew; or each time, with `always`. */
int lithos_await(int epoll, int fd, uint32_t tag, int always)
{
	struct epoll_event event = {.events = EPOLLIN | (always ? 0 : (uint32_t)EPOLLONESHOT),
				    .data.u32 = tag};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/*
 * The wait status of a child that has ended; -EAGAIN while it lives, -ECHILD if it is not ours.
 * `keep` leaves the zombie for another call, or another life of this program.
 */
int lithos_wait(int pidfd, int keep)
{
	siginfo_t info = {0};
	int options = WEXITED | WNOHANG | (keep ? WNOWAIT : 0);

	if (waitid(P_PIDFD, (id_t)pidfd, &info, options) != 0)
		return -errno;
	if (info.si_pid == 0)
		return -EAGAIN;
	if (info.si_code == CLD_EXITED)
		return (info.si_status & 0xff) << 8;
	return info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
}

/*
 * What the kernel keeps with a pidfd about a process that somebody else has reaped (Linux 6.15).
 * Older headers lack the structure.
 */
int lithos_exit_info(int pidfd)
{
	struct {
		uint64_t mask;
		uint64_t cgroup;
		uint32_t ids[11];
		int32_t exit_code;
		uint32_t coredump[2];
	} info = {.mask = 1 << 3 /* PIDFD_INFO_EXIT */};
	/* _IOWR(0xFF, 11, struct pidfd_info) */
	unsigned long request = 3UL << 30 | sizeof(info) << 16 | 0xffUL << 8 | 11;
	long result = call(SYS_ioctl, pidfd, (long)request, (long)&info, 0, 0);

	if (result < 0)
		return (int)result;
	return info.mask & 1 << 3 ? info.exit_code : -ENODATA;
}

/* ---- 5 removing ------------------------------------------------------------------------- */

enum { DEPTH_MAX = 12, LISTING_BYTES = 4096 };

struct listed {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

struct removal {
	int top;      /* what is too deep is moved here, so that depth costs no descriptors */
	int moved;
	int progress; /* something was removed or moved in this pass */
	int error;    /* the first in this pass, and the name it is about */
	char *about;
	size_t room;
};

static void note(struct removal *removal, long error, const char *name)
{
	if (removal->error)
		return;
	removal->error = (int)error;
	strncpy(removal->about, name, removal->room - 1);
	removal->about[removal->room - 1] = '\0';
}

/* Below one directory only: no link is followed, no mount is entered. */
static long open_below(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return call(SYS_openat2, dir, (long)name, (long)&how, sizeof(how), 0);
}

static void move_up(struct removal *removal, int dir, const char *name)
{
	char target[] = ".deep-0000000000";
	long result = -EEXIST;

	/* The owner of the tree may have taken the name. */
	while (result == -EEXIST) {
		put_number(target + sizeof(target) - 1, removal->moved++, 10);
		result = call(SYS_renameat2, dir, (long)name, removal->top, (long)target,
			      1 /* RENAME_NOREPLACE */);
	}
	if (result < 0)
		note(removal, result, name);
	else
		removal->progress = 1;
}

static void empty(struct removal *removal, int dir, int depth);

static void remove_entry(struct removal *removal, int dir, const char *name, int depth)
{
	long result = call(SYS_unlinkat, dir, (long)name, 0, 0, 0);

	if (result == -EISDIR)
		result = call(SYS_unlinkat, dir, (long)name, AT_REMOVEDIR, 0, 0);
	if (result == -ENOTEMPTY) {
		long below;

		if (depth >= DEPTH_MAX) {
			move_up(removal, dir, name);
			return;
		}
		below = open_below(dir, name);
		if (below < 0) {
			note(removal, below, name);
			return;
		}
		empty(removal, (int)below, depth + 1);
		call(SYS_close, below, 0, 0, 0, 0);
		result = call(SYS_unlinkat, dir, (long)name, AT_REMOVEDIR, 0, 0);
	}
	if (result >= 0 || result == -ENOENT)
		removal->progress = 1;
	else
		note(removal, result, name);
}

static void empty(struct removal *removal, int dir, int depth)
{
	_Alignas(struct listed) char listing[LISTING_BYTES];
	long bytes;

	while ((bytes = call(SYS_getdents64, dir, (long)listing, sizeof(listing), 0, 0)) > 0) {
		for (long at = 0; at < bytes;) {
			struct listed *entry = (struct listed *)(listing + at);

			at += entry->length;
			if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
				remove_entry(removal, dir, entry->name, depth);
		}
	}
	if (bytes < 0)
		note(removal, bytes, "its list of files");
}

/*
 * Removes `name` in `parent`, whatever it is; that it is not there is success. What cannot be
 * removed does not save the rest. On failure `about` names the first obstacle. May take long:
 * not for the main thread.
 */
int lithos_remove(const char *parent, const char *name, char *about, int room)
{
	struct removal removal = {.about = about, .room = (size_t)room};
	int dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long result;

	if (dir < 0) {
		note(&removal, -errno, parent);
		return removal.error == -ENOENT ? 0 : removal.error;
	}
	result = call(SYS_unlinkat, dir, (long)name, 0, 0, 0);
	if (result == -EISDIR)
		result = open_below(dir, name);
	if (result > 0) {
		removal.top = (int)result;
		/* Once more while it helps: listing and removing disturb one another. */
		do {
			removal.error = removal.progress = 0;
			call(SYS_lseek, removal.top, 0, SEEK_SET, 0, 0);
			empty(&removal, removal.top, 0);
		} while (removal.progress);
		call(SYS_close, removal.top, 0, 0, 0, 0);
		result = call(SYS_unlinkat, dir, (long)name, AT_REMOVEDIR, 0, 0);
	}
	if (result < 0 && result != -ENOENT)
		note(&removal, result, name);
	else
		removal.error = 0;
	call(SYS_close, dir, 0, 0, 0, 0);
	return removal.error;
}
