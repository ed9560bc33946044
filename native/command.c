/*
 * command: a program of the administrator, run as root with the file system of the host while the
 * container is being made, for what a network needs besides addresses. It has a time limit, an
 * order to stop ends it at once, and nothing that it has started is there when it is over: the
 * application would share a pid namespace with it.
 */
#include "knot.h"

struct command {
	const struct container *container;
	const struct step *step;
	long error;
};

/* Ends in exec, or in `error`. What it prints goes where the application's words go. */
static int become_command(void *argument)
{
	struct command *command = argument;
	const struct container *container = command->container;
	const struct step *step = command->step;
	char **words = container->plan.words;
	const char *text = step->text[0];
	uint64_t none = 0;

	for (uint32_t i = 0; i < step->strings; i++, text = string_after(text))
		words[i] = (char *) (uintptr_t) text;
	words[step->strings] = NULL;

	long error = call0(__NR_setsid);
	long nothing = sys_openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	if (nothing >= 0)
		call3(__NR_dup3, nothing, 0, 0);
	for (int fd = 1; fd <= 2 && error >= 0 && container->output != -1; fd++)
		error = call3(__NR_dup3, container->output, fd, 0);
	if (error >= 0)
		error = call3(__NR_close_range, 3, -1, 0);
	if (error >= 0) {
		call4(__NR_rt_sigprocmask, SIG_SETMASK, ADDRESS(&none), 0, sizeof none);
		error = call3(__NR_execve, ADDRESS(step->text[0]), ADDRESS(words),
			      ADDRESS(container->environment));
	}
	command->error = error;
	sys_exit(127);
}

static long start_command(struct command *command)
{
	long pid = bear(CLONE_VFORK, -1, NULL, become_command, command);

	if (pid > 0 && command->error < 0) {
		call4(__NR_wait4, pid, 0, 0, 0);
		return command->error;
	}
	return pid;
}

/* True when `pid` is among the dead, with its wait status. */
static bool reap(long pid, int *status)
{
	bool is_over = false;
	int other = 0;
	long dead;

	while ((dead = call4(__NR_wait4, -1, ADDRESS(&other), WNOHANG, 0)) > 0)
		if (dead == pid) {
			*status = other;
			is_over = true;
		}
	return is_over;
}

long await_child(long pid, int64_t deadline, uint64_t orders, int *status)
{
	while (!reap(pid, status)) {
		if (monotonic() >= deadline)
			return -ETIME;
		long signal = take_signal(orders | BIT(SIGCHLD), deadline);
		if (signal > 0 && signal != SIGCHLD)
			return signal;
	}
	return 0;
}

/* Everybody in our pid namespace except us, and there is no application yet. */
static void end_everybody(void)
{
	long pid;

	sys_kill(-1, SIGKILL);
	do
		pid = call4(__NR_wait4, -1, 0, 0, 0);
	while (pid > 0 || pid == -EINTR);
}

long run_command(const struct container *container, const struct step *step)
{
	struct command command = { .container = container, .step = step };
	int64_t deadline = monotonic() + step->number[0] * MILLISECOND;
	int status = 0;
	long pid = start_command(&command);
	if (pid < 0)
		return pid;

	long error = await_child(pid, deadline, STOP_SIGNALS, &status);
	end_everybody();
	if (error > 0) {
		/* An order to stop is for who waits for one later: it is pending again. */
		sys_kill((int) call0(__NR_getpid), (int) error);
		return -EINTR;
	}
	if (error < 0)
		return error;
	return status == 0 ? 0 : -(ERROR_OF_STATUS + status);
}
