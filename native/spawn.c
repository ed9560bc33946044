/*
 * A child by clone3 with a shared memory, like vfork: some fifty microseconds however large we
 * are, where a fork would copy our page tables. The price is that the child runs in our memory
 * until it has executed its program; so it may not allocate, lock, or return.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "library.h"

enum { WORDS_MAX = 256 };

struct birth {
	char *path;
	char **argv;
	char **envp;
	const int *fds; /* pairs: number in the child, descriptor here; ascending, from 0 */
	int count;
	int sources[WORDS_MAX];
	long error;
	int stage;
	/* Where a failure is written to that nobody waits for; 0: somebody does. */
	int status;
	/* Its own, as we see it. The kernel writes it before the child runs. */
	int pid;
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

/* As the knot would say it: `refused MONO -2 ERRNO`, the step before all steps. */
static void say_refused(int status, long error)
{
	char line[] = "refused 0 -2 0000\n";

	put_number(line + sizeof(line) - 2, (int)-error, 4);
	call(SYS_write, status, (long)line, sizeof(line) - 1, 0, 0);
}

/* Runs in the memory of the parent, which goes on or waits: nothing here may allocate or lock. */
static void be_born(struct birth *birth)
{
	/* CLONE_CLEAR_SIGHAND leaves ignored signals ignored; these two are, in every Node. */
	reset_signal(SIGPIPE);
	reset_signal(SIGXFSZ);
	birth->stage = STAGE_FDS;
	birth->error = arrange_fds(birth);
	/* Here, and not by us: there is no life of which only a supervisor that died has known. */
	if (birth->error >= 0 && birth->status != 0)
		say_pid(birth->status, birth->pid, birth_of(birth->pid));
	if (birth->error >= 0) {
		birth->stage = STAGE_EXEC;
		/*
		 * A knot that nobody waits for may be told to stop before its first instruction.
		 * The first process of a namespace is not sent what it neither blocks nor handles,
		 * so it begins with everything blocked, and blocks it itself.
		 */
		if (birth->status == 0)
			set_mask(0);
		birth->error = call(SYS_execve, (long)birth->path, (long)birth->argv,
				    (long)birth->envp, 0, 0);
	}
	if (birth->status != 0)
		say_refused(birth->status, birth->error);
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

/* A signal in the child would run our handlers there, and write to our own pipes. */
static long begin(struct clone_args *args, struct birth *birth)
{
	kernel_signals mask = set_mask(~(kernel_signals)0);
	long pid = clone_onto(args, birth);

	set_mask(mask);
	return pid;
}

static struct clone_args args_of(uint64_t flags, char *stack, size_t bytes, int *pidfd)
{
	return (struct clone_args){
		.flags = CLONE_VM | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | flags,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = bytes,
	};
}

static int is_too_much(int argc, int envc, int count)
{
	return argc < 1 || envc < 0 || argc + envc > WORDS_MAX || count < 1 || count > WORDS_MAX;
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

	if (is_too_much(argc, envc, count))
		return -E2BIG;
	birth.argv = pointers;
	birth.envp = pointers + argc + 1;
	split(split(words + strlen(words) + 1, argc, birth.argv), envc, birth.envp);

	struct clone_args args =
		args_of(CLONE_VFORK | namespaces, child_stack, sizeof(child_stack), &pidfd);
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint32_t)cgroup;
	}
	long pid = begin(&args, &birth);

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

/* ---- Without waiting ----------------------------------------------------------------- */

/*
 * When a host starts, the exec of one child is waited for by the launch of the next; instead,
 * each gets a place of its own in our memory, and this thread goes on. The kernel clears `busy`
 * when the child has left our memory, by exec or by exit.
 */
enum { SLOTS = 32, SLOT_STACK_BYTES = 16384 };

static struct slot {
	_Atomic int busy;
	struct birth birth;
	int fds[2 * WORDS_MAX];
	char *pointers[WORDS_MAX + 2];
	char *words;
	size_t room;
	char stack[SLOT_STACK_BYTES] __attribute__((aligned(16)));
} slots[SLOTS];

static struct slot *take_slot(size_t bytes)
{
	static unsigned int next;
	struct slot *slot = &slots[next++ % SLOTS];

	/* The oldest: it has had the most time. */
	while (atomic_load(&slot->busy) != 0)
		call(SYS_futex, (long)&slot->busy, FUTEX_WAIT, 1, 0, 0);
	if (slot->room < bytes) {
		char *words = realloc(slot->words, bytes);

		if (words == NULL)
			return NULL;
		slot->words = words;
		slot->room = bytes;
	}
	return slot;
}

/*
 * As lithos_spawn, but returns as soon as the child exists. If its exec fails, it says so on
 * `status`, its descriptor of that name, and exits with 127.
 */
int begin_child(const char *words, int length, int argc, int envc, const int *fds, int count,
		uint64_t namespaces, int status, int *pidfd)
{
	if (is_too_much(argc, envc, count))
		return -E2BIG;
	struct slot *slot = take_slot((size_t)length);
	if (slot == NULL)
		return -ENOMEM;
	memcpy(slot->words, words, (size_t)length);
	memcpy(slot->fds, fds, 2 * sizeof(*fds) * (size_t)count);
	slot->birth = (struct birth){
		.path = slot->words,
		.argv = slot->pointers,
		.envp = slot->pointers + argc + 1,
		.fds = slot->fds,
		.count = count,
		.status = status,
	};
	split(split(slot->words + strlen(slot->words) + 1, argc, slot->birth.argv), envc,
	      slot->birth.envp);
	atomic_store(&slot->busy, 1);

	struct clone_args args = args_of(CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | namespaces,
					 slot->stack, sizeof(slot->stack), pidfd);
	args.child_tid = (uint64_t)(uintptr_t)&slot->busy;
	args.parent_tid = (uint64_t)(uintptr_t)&slot->birth.pid;
	long pid = begin(&args, &slot->birth);
	if (pid < 0)
		atomic_store(&slot->busy, 0);
	return (int)pid;
}
