/*
 * launch: how a copy of the knot becomes the application.
 *
 * The copy borrows the memory of the knot (CLONE_VM), which waits until it has
 * executed: nothing is copied that exec would throw away, and the step that failed comes back as
 * a plain variable. It has a stack and descriptors of its own. The memory is not dumpable, so
 * that nobody of the application's user can attach to it on the way.
 *
 * Sections: 1 words for exec  2 the steps  3 launching
 */
#include "knot.h"

#include <asm/siginfo.h>
#include <linux/futex.h>

#define STACK_BYTES 16384
/* After so long, one that has not executed yet may be standing still. */

struct start {
	const struct container *container;
	struct step fork;
	bool born_in_cgroup;
	/* These, ascending, stay open in the application. */
	int64_t kept[2 * SOCKETS_MAX];
	uint32_t kept_count;
	/* The user namespace to enter, and the rules to put on. */
	int users;
	int rules;
	/* The end of the pipe that says that it is ready, to be passed on. */
	int written;
	/* What to execute in the place of the application, with nothing that is passed to it. */
	const struct step *instead;
	/* The step that is being taken, and minus errno if it has failed. */
	struct step at;
	long error;
};

/* ---- 1. Words for exec --------------------------------------------------------------- */

/* `NAME=` and the pid. Returns where the next text may begin. */
static char *write_pid(char *place, const char *name, long pid)
{
	char digits[WORD_PID_MAX];
	size_t count = 0;

	while (*name != '\0')
		*place++ = *name++;
	*place++ = '=';
	do {
		digits[count++] = (char) ('0' + pid % 10);
		pid /= 10;
	} while (pid > 0 && count < sizeof digits);
	while (count > 0)
		*place++ = digits[--count];
	*place++ = '\0';
	return place;
}

/* All but 0, 1, 2 and what was passed or opened for the application. */
static long close_others(const struct start *start)
{
	int64_t next = 3;
	long error = 0;

	for (uint32_t i = 0; i < start->kept_count && error >= 0; i++) {
		int64_t kept = start->kept[i];
		if (kept > next)
			error = call3(__NR_close_range, next, kept - 1, 0);
		if (kept >= next)
			next = kept + 1;
	}
	return error < 0 ? error : call3(__NR_close_range, next, -1, 0);
}

static bool is_its_own(const char *variable)
{
	return same(variable, "LISTEN_PID") || same(variable, "WATCHDOG_PID");
}

/* Arguments, environment and the texts of the pid variables: the plan has room for them. */
static long execute(const struct start *start, const struct step *step)
{
	uint64_t none = 0;
	size_t own = 1 + (size_t) step->number[0], variables = (size_t) step->number[1];
	size_t pids = (size_t) step->number[2];
	const struct step *said = start->instead != NULL ? start->instead : step;
	size_t arguments = start->instead != NULL ? said->strings : own;
	long pid = call0(__NR_getpid);
	const char *text = said->text[0];
	char **words = start->container->plan.words;
	char **word = words;
	char **environment = word + arguments + 1;
	char *place = (char *) (environment + variables + pids + 1);

	for (size_t i = 0; i < arguments; i++, text = string_after(text))
		*word++ = (char *) (uintptr_t) text;
	*word++ = NULL;
	text = step->text[0];
	for (size_t i = 0; i < own; i++)
		text = string_after(text);
	for (size_t i = 0; i < variables; i++, text = string_after(text))
		*word++ = (char *) (uintptr_t) text;
	for (size_t i = 0; i < pids; i++, text = string_after(text)) {
		/* What these speak of is for the application alone. */
		if (start->instead != NULL && is_its_own(text))
			continue;
		*word++ = place;
		place = write_pid(place, text, pid);
	}
	*word = NULL;

	call4(__NR_rt_sigprocmask, SIG_SETMASK, ADDRESS(&none), 0, sizeof none);
	/* Nothing of the host may be open, not even for the kernel's look at the executable. */
	long error = close_others(start);
	if (error < 0)
		return error;
	return call3(__NR_execve, ADDRESS(said->text[0]), ADDRESS(words),
		     ADDRESS(environment));
}

/* ---- 2. The steps -------------------------------------------------------------------- */

/*
 * The null device that we were given is the host's own, whose mode its owner may change through a
 * descriptor. That of the container stands on a mount which cannot be changed. Where there is no
 * such one, the first stays.
 */
static void take_own_null(const struct container *container)
{
	for (int fd = 0; fd <= 2; fd++) {
		long flags = is_null(fd) ? call3(__NR_fcntl, fd, F_GETFL, 0) : -EINVAL;
		if (flags < 0)
			continue;
		long own = open_below(container->root, "dev/null",
				      (int) (flags & O_ACCMODE) | O_NOCTTY, 0,
				      RESOLVE_NO_SYMLINKS);
		if (own < 0)
			continue;
		if (is_null(own))
			call3(__NR_dup3, own, fd, 0);
		sys_close(own);
	}
}

/*
 * A session of its own: no terminal of an operator can be written into from here. A command is a
 * job in that of its knot, which has no terminal, or one of the container.
 */
static long begin_life(const struct start *start)
{
	const struct container *container = start->container;
	int shown = container->shown == -1 ? container->output : container->shown;
	long error = container->is_command ? begin_job(container) : call0(__NR_setsid);

	take_own_null(container);
	if (error < 0 || shown == INHERITED)
		return error < 0 ? error : 0;
	for (int fd = 1; fd <= 2 && error >= 0; fd++)
		error = call3(__NR_dup3, shown, fd, 0);
	return error < 0 ? error : 0;
}

/* "0" is whoever writes it. `tasks` moves one thread, which is all there is. */
static long join_cgroups(const struct start *start)
{
	const struct container *container = start->container;
	long error = 0;

	for (int i = 0; i < container->joins_count && error >= 0; i++)
		error = sys_write(container->joins[i], "0", 1);
	if (error < 0 || container->unified == -1 || start->born_in_cgroup)
		return error;
	long procs = sys_openat(container->unified, "cgroup.procs", O_WRONLY | O_CLOEXEC, 0);
	return procs < 0 ? procs : sys_write((int) procs, "0", 1);
}

/* Ascending, as they are closed around. */
static long keep(struct start *start, int64_t number)
{
	uint32_t at = start->kept_count;

	if (at == 2 * SOCKETS_MAX)
		return -E2BIG;
	for (; at > 0 && start->kept[at - 1] > number; at--)
		start->kept[at] = start->kept[at - 1];
	start->kept[at] = number;
	start->kept_count++;
	return 0;
}

/* All are first put above every number that is wanted: one may stand where another has to go. */
static long pass_sockets(struct start *start, const struct step *step)
{
	int32_t moved[SOCKETS_MAX];
	int64_t above = FIRST_SOCKET_FD + step->numbers;
	long result = 0;

	if (step->numbers > 0 && step->number[step->numbers - 1] >= above)
		above = step->number[step->numbers - 1] + 1;
	for (uint32_t i = 0; i < step->numbers; i++) {
		result = call3(__NR_fcntl, FIRST_SOCKET_FD + i, F_DUPFD_CLOEXEC, above);
		if (result < 0)
			return result;
		moved[i] = (int32_t) result;
	}
	/* The descriptors of ours that are still wanted, and may stand in the way as well. */
	int *const ours[] = { &start->users, &start->rules, &start->written };
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		if (*ours[i] == -1)
			continue;
		result = call3(__NR_fcntl, *ours[i], F_DUPFD_CLOEXEC, above);
		if (result < 0)
			return result;
		*ours[i] = (int) result;
	}
	for (uint32_t i = 0; i < step->numbers && result >= 0; i++)
		result = call3(__NR_dup3, moved[i], step->number[i], 0);
	for (uint32_t i = 0; i < step->numbers && result >= 0; i++)
		result = keep(start, step->number[i]);
	return result < 0 ? result : 0;
}

/* As who the application is: what it may not bind is refused here. */
static long listen_for(struct start *start, const struct step *step)
{
	int64_t target = step->number[0];
	long fd = target < 0 || target == 1 || target == 2 ? -EINVAL : open_port(step);
	if (fd < 0)
		return fd;

	long error = fd == target ? call3(__NR_fcntl, fd, F_SETFD, 0)
				  : call3(__NR_dup3, fd, target, 0);
	if (error >= 0 && fd != target)
		sys_close(fd);
	return error < 0 ? error : keep(start, target);
}

/* The end of a pipe that it writes a line to. The others that are wanted get out of its way. */
static long pass_ready_pipe(struct start *start, const struct step *step)
{
	int64_t target = step->number[0];
	int from = start->written;
	long error = 0;

	if (target < 3 || target > INT32_MAX || from == -1)
		return -EINVAL;
	if (start->users == target) {
		error = call3(__NR_fcntl, start->users, F_DUPFD_CLOEXEC, target + 1);
		if (error < 0)
			return error;
		start->users = (int) error;
	}
	error = from == target ? call3(__NR_fcntl, from, F_SETFD, 0)
			       : call3(__NR_dup3, from, target, 0);
	return error < 0 ? error : keep(start, target);
}

static long limit_files(int64_t max)
{
	struct rlimit64 limit = { .rlim_cur = (uint64_t) max, .rlim_max = (uint64_t) max };

	return call4(__NR_prlimit64, 0, RLIMIT_NOFILE, ADDRESS(&limit), 0);
}

static long set_groups(const struct step *step)
{
	uint32_t groups[1024];

	if (step->numbers > sizeof groups / sizeof *groups)
		return -E2BIG;
	for (uint32_t i = 0; i < step->numbers; i++) {
		if (!is_id(step->number[i]))
			return -EINVAL;
		groups[i] = (uint32_t) step->number[i];
	}
	return call2(__NR_setgroups, step->numbers, ADDRESS(groups));
}

static long set_group(int64_t group)
{
	return is_id(group) ? call3(__NR_setresgid, group, group, group) : -EINVAL;
}

/* The kernel drops all capabilities here, unless a later step still has to choose among them. */
static long set_user(struct step step)
{
	int64_t user = step.number[0];
	long error = 0;

	if (!is_id(user))
		return -EINVAL;
	while (step.op != OP_EXEC && step.op != OP_KEEP_CAPABILITIES)
		step = plan_next(&step);
	if (step.op == OP_KEEP_CAPABILITIES)
		error = sys_prctl(PR_SET_KEEPCAPS, 1, 0);
	return error < 0 ? error : call3(__NR_setresuid, user, user, user);
}

/* A directory outside the container can be reached through a descriptor; its name tells. */
static long change_directory(const char *path)
{
	char where[PATH_MAX];
	long error = call1(__NR_chdir, ADDRESS(path));

	if (error == 0)
		error = call2(__NR_getcwd, ADDRESS(where), sizeof where);
	if (error < 0)
		return error;
	return where[0] == '/' ? 0 : -EACCES;
}

static long take(struct start *start, const struct step *step)
{
	switch (step->op) {
	case OP_FORK:
		return begin_life(start);
	case OP_JOIN_CGROUPS:
		return join_cgroups(start);
	case OP_CGROUP_NAMESPACE:
		return call1(__NR_unshare, CLONE_NEWCGROUP);
	case OP_SESSION_KEYRING:
		return join_session_keyring();
	case OP_RESET_LIMITS:
		return reset_limits(start->container);
	case OP_PASS_SOCKETS:
		return pass_sockets(start, step);
	case OP_LISTEN:
		return listen_for(start, step);
	case OP_READY_FD:
		return pass_ready_pipe(start, step);
	case OP_LIMIT_FILES:
		return limit_files(step->number[0]);
	case OP_SET_GROUPS:
		return set_groups(step);
	case OP_ENTER_USERS:
		return enter_users(start->users);
	case OP_SET_GID:
		return set_group(step->number[0]);
	case OP_SET_UID:
		return set_user(*step);
	case OP_KEEP_CAPABILITIES:
		return keep_capabilities((uint64_t) step->number[0]);
	case OP_NO_NEW_PRIVILEGES:
		return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
	case OP_ENTER_LANDLOCK:
		return put_rules_on(start->container, start->rules);
	case OP_SECCOMP:
		return install_filter(step);
	case OP_CHDIR:
		return change_directory(step->text[0]);
	case OP_EXEC:
		return execute(start, step);
	default:
		return -EINVAL;
	}
}

static bool is_passed(enum op op)
{
	return op == OP_PASS_SOCKETS || op == OP_LISTEN || op == OP_READY_FD;
}

/* Ends in exec, or in the first step that fails. */
static int become_application(void *argument)
{
	struct start *start = argument;

	for (start->at = start->fork;; start->at = plan_next(&start->at)) {
		if (start->instead != NULL && is_passed(start->at.op))
			continue;
		start->error = take(start, &start->at);
		if (start->error < 0)
			sys_exit(127);
	}
}

long become_like(const struct container *container, const struct step *fork)
{
	struct start start = {
		.container = container,
		.users = container->users,
		.rules = container->rules,
	};
	struct step step = *fork;
	long error = 0;

	for (; step.op != OP_EXEC && error >= 0; step = plan_next(&step))
		if (!is_passed(step.op))
			error = take(&start, &step);
	return error < 0 ? error : 0;
}

/* ---- 3. Launching -------------------------------------------------------------------- */

long bear(uint64_t flags, int cgroup, int *busy, int (*run)(void *), void *argument)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	struct clone_args how = {
		.flags = CLONE_VM | flags | (cgroup == -1 ? 0 : CLONE_INTO_CGROUP),
		.exit_signal = SIGCHLD,
		.stack = (uint64_t) (uintptr_t) stack,
		.stack_size = sizeof stack,
		.cgroup = cgroup == -1 ? 0 : (unsigned int) cgroup,
		.child_tid = (uint64_t) (uintptr_t) busy,
	};

	return clone_onto_stack(&how, run, argument);
}

/*
 * Not by the kernel (CLONE_VFORK): it would wait for a copy that a key at the terminal has stopped
 * just before its exec, and nobody else can continue it.
 */
static void wait_for_exec(long pid, int *busy)
{
	struct __kernel_timespec patience = span(10 * MILLISECOND);
	int stopped_by = 0;

	for (;;) {
		siginfo_t stopped = { 0 };
		call4(__NR_futex, ADDRESS(busy), FUTEX_WAIT, 1, ADDRESS(&patience));
		if (__atomic_load_n(busy, __ATOMIC_ACQUIRE) == 0)
			break;
		call5(__NR_waitid, P_PID, pid, ADDRESS(&stopped), WSTOPPED | WNOHANG, 0);
		if (stopped.si_pid == pid) {
			stopped_by = stopped.si_status;
			sys_kill((int) pid, SIGCONT);
		}
	}
	/* It was meant for the command. */
	if (stopped_by != 0)
		sys_kill((int) -pid, stopped_by);
}

/*
 * Into a v2 cgroup the application is born, because moving there later waits for a grace period
 * of the kernel. Where that is refused it moves, and what is wrong is found there.
 */
static long make_copy(struct start *start, bool joins)
{
	/* Cleared when it has left our memory. */
	int busy = 1;
	bool is_command = start->container->is_command;
	uint64_t flags = is_command ? CLONE_CHILD_CLEARTID : CLONE_VFORK;
	long pid = -ENOSYS;

	start->born_in_cgroup = joins && start->container->unified != -1;
	if (start->born_in_cgroup)
		pid = bear(flags, start->container->unified, &busy, become_application, start);
	if (pid < 0) {
		start->born_in_cgroup = false;
		pid = bear(flags, -1, &busy, become_application, start);
	}
	if (pid > 0 && is_command)
		wait_for_exec(pid, &busy);
	return pid;
}

static struct launch launch_as(const struct container *container, const struct step *fork,
			       const struct step *instead)
{
	struct start start = {
		.container = container,
		.fork = *fork,
		.users = container->users,
		.written = container->watch.written,
		.instead = instead,
		.rules = container->rules,
	};
	struct launch result = { .pid = 0, .failed = *fork };
	struct step exec = *fork;
	bool joins = false;

	while (exec.op != OP_EXEC) {
		joins = joins || exec.op == OP_JOIN_CGROUPS;
		exec = plan_next(&exec);
	}
	result.pid = make_copy(&start, joins);
	if (result.pid > 0 && start.error < 0) {
		call4(__NR_wait4, result.pid, 0, 0, 0);
		result.pid = start.error;
		result.failed = start.at;
	}
	return result;
}

struct launch launch(const struct container *container, const struct step *fork)
{
	return launch_as(container, fork, NULL);
}

struct launch launch_command(const struct container *container, const struct step *fork,
			     const struct step *words)
{
	return launch_as(container, fork, words);
}
