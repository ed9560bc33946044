/*
 * confine: what the application does not inherit from whoever started the supervisor, and what
 * it may ask of the kernel.
 */
#include "knot.h"

#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/sched/types.h>
#include <linux/seccomp.h>

/* Room for the 8192 processors that a kernel can be built for. */
#define PROCESSORS_BYTES 1024

#define TIMER_SLACK_NS 50000

/*
 * None of these fails for want of rights, except on a host that forbids them to root; then there
 * is nothing to be undone either.
 */
void forget_ancestors(void)
{
	struct sched_attr ordinary = { .size = sizeof ordinary, .sched_policy = SCHED_NORMAL };
	unsigned char processors[PROCESSORS_BYTES];

	for (size_t i = 0; i < sizeof processors; i++)
		processors[i] = 0xff;
	call3(__NR_sched_setaffinity, 0, sizeof processors, ADDRESS(processors));
	call3(__NR_sched_setattr, 0, ADDRESS(&ordinary), 0);
	call3(__NR_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0);
	call1(__NR_personality, 0);
	sys_prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0);
}

/* A kernel without keyrings has none to share. */
long join_session_keyring(void)
{
	long key = call2(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);

	return key < 0 && key != -ENOSYS ? key : 0;
}

/*
 * A core file would hold secrets. An application that wants one may still raise its limit to
 * what the supervisor has.
 */
static long forgo_cores(void)
{
	struct rlimit64 limit = { 0, 0 };
	long error = call4(__NR_prlimit64, 0, RLIMIT_CORE, 0, ADDRESS(&limit));

	if (error < 0 || limit.rlim_cur == 0)
		return error;
	limit.rlim_cur = 0;
	return call4(__NR_prlimit64, 0, RLIMIT_CORE, ADDRESS(&limit), 0);
}

/*
 * The supervisor may be spared when memory is short, its applications are not. EACCES: whoever has
 * started us may not be spared himself, and nobody without root can change that.
 */
static long reset_oom_score(int proc)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	long fd = call4(__NR_openat2, proc, ADDRESS("self/oom_score_adj"), ADDRESS(&how),
			sizeof how);
	if (fd < 0)
		return fd;
	long error = sys_write((int) fd, "0", 1);
	sys_close(fd);
	return error < 0 && error != -EACCES ? error : 0;
}

long reset_limits(const struct container *container)
{
	long error = forgo_cores();

	return error < 0 || container->proc == -1 ? error : reset_oom_score(container->proc);
}

_Static_assert(sizeof(struct sock_filter) == sizeof(int64_t),
	       "an instruction is carried as a number");

long install_filter(const struct step *step)
{
	struct sock_fprog program = {
		.len = (unsigned short) step->numbers,
		.filter = (struct sock_filter *) (uintptr_t) step->number,
	};

	if (step->numbers > BPF_MAXINSNS)
		return -E2BIG;
	return call3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, ADDRESS(&program));
}
