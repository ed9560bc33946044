/*
 * knot: the first process of a container, and the only one that may not be wrong.
 *
 * It makes the place that a plan describes, starts the application in it, reaps whatever dies,
 * passes on the order to stop, kills what does not obey, and keeps what must not be lost. It has
 * no configuration and no policy: all that stands in the plan. It outlives who started it.
 *
 *   fd 3   the plan (plan.h), read once. It holds secrets, which go to the application only.
 *   fd 4   the status file, opened for appending; of a command, a socket. A line each, times in
 *          milliseconds of CLOCK_MONOTONIC with three decimals:
 *            launched TIME                        the plan is accepted
 *            refused TIME STEP ERRNO              a step failed; -1: the plan itself; from
 *                                                 65536 on: the wait status of its program
 *            started TIME PID                     the application has been executed; pid inside
 *            terminal 0                           (commands) with the other end of a terminal
 *            stopped TIME SIGNAL                  (commands) the application stands still
 *            died TIME WAITSTATUS STARTED         it ended and will be started again in place
 *            exited TIME WAITSTATUS STARTED HOW   it ended and nothing else lives in here
 *            ready TIME                           as watch.c describes, where that is asked for
 *            unready TIME WHY                     reloading, stopping
 *            waiting TIME REASON DETAIL           soon it will have been too long until ready
 *            unhealthy TIME COUNT REASON DETAIL
 *            notified TIME MILLISECONDS TEXT      needs so much longer; a status in its own words
 *            prestop TIME WAITSTATUS              the command before a stop is over; -1: killed
 *          `died` and `exited` end with `oom=COUNT/LIMIT` where the kernel killed processes of this
 *          start for lack of memory; LIMIT is in bytes, or - for none.
 *          HOW: itself, term (after SIGTERM or SIGINT), killed (at the deadline). A stop that
 *          comes before the application was started ends with `exited TIME 15 0 term`.
 *
 *   fd 5…  listening sockets, as many as the plan passes on. They are kept for the next start
 *          of the application, and for the next supervisor, which finds them here.
 *
 *   exits  0  stopped, or the application ended in a way that is normal for it
 *          1  a step failed
 *          2  the application ended in another way; or: not started by lithos_tree
 *          3  the application did not end before the deadline and was killed
 *
 * Parts: system.h the kernel · plan.c the plan · users.c network.c command.c files.c cgroups.c
 * mounts.c masks.c terminal.c the knot's steps · launch.c capabilities.c confine.c the
 * application's steps · live.c supervision · watch.c notify.c probe.c
 * port.c whether it is ready and well · say.c logs and status · refuse.c failures
 *
 * Sections: 1 getting ready  2 setting up  3 called from a shell
 */
#include "knot.h"

/* ---- 1. Getting ready ---------------------------------------------------------------- */

/*
 * Nothing may be lost or leak from here on. A blocked signal stays pending, also for the first
 * process of a namespace, for which an unhandled one would be thrown away.
 */
static void guard(void)
{
	uint64_t all = ~0ull;

	call4(__NR_rt_sigprocmask, SIG_BLOCK, ADDRESS(&all), 0, sizeof all);
}

/* What the application will inherit, and what nobody in the container may look into. */
static void clear_inheritance(void)
{
	static const long by_default[8];

	for (int signal = 1; signal <= 64; signal++)
		call4(__NR_rt_sigaction, signal, ADDRESS(by_default), 0, sizeof(uint64_t));
	/* A descriptor below 3 that is free would be given to a log. */
	for (int fd = 0; fd <= 2; fd++)
		if (call3(__NR_fcntl, fd, F_GETFD, 0) == -EBADF)
			sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
	call3(__NR_fcntl, STATUS_FD, F_SETFD, FD_CLOEXEC);
	call1(__NR_umask, 0022);
	forget_ancestors();
	sys_prctl(PR_SET_DUMPABLE, 0, 0);
}

/* What the plan does not speak of is not ours. */
static void close_others(const struct plan *plan)
{
	int first = FIRST_SOCKET_FD + plan_sockets(plan);

	call3(__NR_close_range, first, -1, 0);
	for (int fd = FIRST_SOCKET_FD; fd < first; fd++)
		call3(__NR_fcntl, fd, F_SETFD, FD_CLOEXEC);
}

/* Kept apart, so that the plan can be let go. */
static void read_head(struct container *container)
{
	const struct head *head = container->plan.head;
	struct step first = plan_first(&container->plan);

	for (size_t i = 0; i <= length_of(first.text[0]); i++)
		container->name[i] = first.text[0][i];
	container->log_level = (enum level) head->log_level;
	container->kill_timeout_ms = head->kill_timeout_ms;
	container->restart_timeout_ms = head->restart_timeout_ms;
	container->restart_process_only = (head->flags & FLAG_RESTART_PROCESS_ONLY) != 0;
	container->is_daemon = (head->flags & FLAG_IS_DAEMON) != 0;
	container->is_command = (head->flags & FLAG_IS_COMMAND) != 0;
	container->has_normal_codes = first.numbers > 0;
	for (uint32_t i = 0; i < first.numbers; i++)
		if (first.number[i] >= 0 && first.number[i] <= 255)
			container->normal_codes[first.number[i] / 32] |=
				1u << first.number[i] % 32;
}

/* ---- 2. Setting up ------------------------------------------------------------------- */

static bool is_asked_to_stop(void)
{
	uint64_t pending = 0;

	call2(__NR_rt_sigpending, ADDRESS(&pending), sizeof pending);
	return (pending & STOP_SIGNALS) != 0;
}

static int give_up_unstarted(struct container *container)
{
	struct line line;

	finish_network(container, true);
	if (begin_log(container, &line, LEVEL_INFO)) {
		put(&line, "Stopped ");
		put_quoted(&line, container->name);
		put(&line, " before it was started");
		end_log(container, &line);
	}
	begin_status(&line, "exited", monotonic());
	put(&line, " ");
	put_number(&line, SIGTERM);
	put(&line, " 0 term");
	end_status(&line);
	return EXIT_STOPPED;
}

static void say_begun(const struct container *container)
{
	struct line line;

	if (!begin_log(container, &line, LEVEL_INFO))
		return;
	put(&line, "[");
	put(&line, container->name);
	put(&line, "] Starting container");
	end_log(container, &line);
}

static int set_up(struct container *container)
{
	struct step step = plan_first(&container->plan);

	for (step = plan_next(&step); step.op != OP_FORK; step = plan_next(&step)) {
		if (is_asked_to_stop())
			return give_up_unstarted(container);
		long error = take_step(container, &step);
		if (error == -EINTR && is_asked_to_stop())
			return give_up_unstarted(container);
		if (error < 0) {
			finish_network(container, true);
			return refuse(container, &step, error);
		}
		if (step.op == OP_OPEN_LOG && step.number[0] != 0)
			say_begun(container);
	}
	return is_asked_to_stop() ? give_up_unstarted(container) : live(container, &step);
}

static int run(char **words, char **environment)
{
	struct container container = {
		.log = -1, .output = -1, .shown = -1, .root = -1, .proc = -1,
		.homes = { { .directory = -1 }, { .directory = -1 } },
		.unified = -1, .kills = -1,
		.users = -1, .rules = -1, .outside = -1, .inside = -1, .terminal = -1,
		.environment = environment, .words = words, .watch = NOTHING_WATCHED,
	};
	struct line line;

	clear_inheritance();
	/* In any other place, the mounts and the last kill would be those of the host. */
	if (call0(__NR_getpid) != 1)
		return refuse_plan(-EPERM, "not the first process of a pid namespace");
	long error = plan_read(PLAN_FD, &container.plan);
	if (error < 0)
		return refuse_plan(error, "the plan on descriptor 3 cannot be used");
	sys_close(PLAN_FD);
	close_others(&container.plan);
	read_head(&container);

	begin_status(&line, "launched", monotonic());
	end_status(&line);
	return set_up(&container);
}

/* ---- 3. Called from a shell ---------------------------------------------------------- */

static int answer(int fd, const char *text, int code)
{
	sys_write(fd, text, length_of(text));
	return code;
}

static int answer_shell(int count, char **words)
{
	for (int i = 1; i < count; i++) {
		if (same(words[i], "--help") || same(words[i], "-h"))
			return answer(1,
				      "Examples:\n"
				      "    lithos_knot --version\n\n"
				      "Usage:\n"
				      "    lithos_knot [OPTIONS]\n\n"
				      "First process of a container, started by lithos_tree\n\n"
				      "optional arguments:\n"
				      "  -h,--help             show this help message and exit\n"
				      "  --name NAME           name of the instance\n"
				      "  --master FILE         master configuration it belongs to\n"
				      "  --config JSON         instance as it is wanted\n"
				      "  --version             show version and exit\n",
				      EXIT_STOPPED);
		if (same(words[i], "--version"))
			return answer(1, KNOT_VERSION "\n", EXIT_STOPPED);
	}
	return answer(2,
		      "lithos_knot is started by lithos_tree, which gives it a plan on "
		      "descriptor 3; to run a command in a container use lithos_cmd\n",
		      EXIT_FAILED);
}

/* The plan is a file in memory. A terminal or a pipe on 3 is some shell's. */
static bool has_plan(void)
{
	struct statx found = { 0 };

	return sys_statx(PLAN_FD, &found) == 0 && (found.stx_mode & FILE_KIND) == FILE_REGULAR;
}

int main(int count, char **words)
{
	guard();
	return has_plan() ? run(words, words + count + 1) : answer_shell(count, words);
}
