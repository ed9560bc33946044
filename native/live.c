/*
 * live: what the knot does while its application runs. From here on it may not give up: whatever
 * goes wrong with a log or the status file, the application is watched, and its end is told.
 *
 *   SIGTERM, SIGINT   the first is passed to the application as SIGTERM and sets the deadline, or
 *                     begins with the signals of the plan, each of which has one of its own;
 *                     another is ignored, or tried again if the first could not be passed
 *   SIGCHLD           the dead are reaped, whoever's children they were
 *   others            (commands) passed to the process group of the application
 *   SIGURG            logs that were renamed or removed are opened anew
 *   SIGWINCH          the command before a stop is run (watch.c)
 *   deadline          everything is killed
 *
 * The application ended: the container ends with it, except that a daemon with
 * restart-process-only is started again in the same place, restart-timeout after its last start.
 *
 * Sections: 1 the end  2 events  3 the loop
 */
#include "knot.h"

/* The low byte of the status of who stands still. */
#define STOPPED 0x7f
/* What is sent to a command is meant for its process group. */
#define PASSED_ON \
	(BIT(SIGHUP) | BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGTSTP) | \
	 BIT(SIGCONT) | BIT(SIGWINCH))

struct life {
	struct container *container;
	const struct step *fork;
	/* 0 while there is no application. */
	int pid;
	int64_t started_at;
	int status;
	/* As counted when it was started. */
	int64_t kills_before;
	int code;
	bool is_stopping;
	bool was_told;
	/* Which of the signals of a stop is the next, and when. */
	uint32_t stop_step;
	int64_t kill_at;
};

/* ---- 1. The end ---------------------------------------------------------------------- */

static void put_uptime(struct line *line, const struct life *life, int64_t now)
{
	put(line, ", uptime ");
	put_number(line, (now - life->started_at) / SECOND);
	put(line, "s");
}

static int64_t kills_of(const struct life *life)
{
	return count_kills(life->container) - life->kills_before;
}

/* The application itself, or others that it had started. */
static void put_kills(struct line *line, const struct life *life)
{
	int64_t kills = kills_of(life), limit = life->container->memory_limit;

	if (kills <= 0)
		return;
	if ((life->status & 0x7f) == SIGKILL) {
		put(line, ", for lack of memory");
	} else {
		put(line, ", killed for lack of memory before it: ");
		put_number(line, kills);
	}
	if (limit < 0)
		return;
	put(line, " (memory-limit is ");
	put_number(line, limit);
	put(line, " bytes)");
}

static void put_ended(struct line *line, const struct life *life, int64_t now)
{
	put(line, "Process ");
	put_quoted(line, life->container->name);
	put(line, " ");
	put_wait_status(line, life->status);
	put_uptime(line, life, now);
	put_kills(line, life);
}

static void say_ended(const struct life *life, int64_t now)
{
	struct line line;

	if (begin_log(life->container, &line, LEVEL_ERROR)) {
		put_ended(&line, life, now);
		end_log(life->container, &line);
	}
	begin_marker(&line);
	put_ended(&line, life, now);
	end_marker(life->container, &line);
}

static void put_hanging(struct line *line, const struct life *life)
{
	put(line, "Process ");
	put_quoted(line, life->container->name);
	put(line, " did not respond to SIGTERM in ");
	put_seconds(line, life->container->kill_timeout_ms);
}

static void say_hanging(const struct life *life, int64_t now)
{
	struct line line;

	if (begin_log(life->container, &line, LEVEL_ERROR)) {
		put_hanging(&line, life);
		put(&line, "s");
		put_uptime(&line, life, now);
		put(&line, ". Killing container so hanging process will die.");
		end_log(life->container, &line);
	}
	begin_marker(&line);
	put_hanging(&line, life);
	put_uptime(&line, life, now);
	put(&line, ". Killing..");
	end_marker(life->container, &line);
}

/* The shell that waits for a command stops its job, too. */
static void say_stopped(int signal)
{
	struct line line;

	begin_status(&line, "stopped", monotonic());
	put(&line, " ");
	put_number(&line, signal);
	end_status(&line);
}

/* Whoever is dead, and what the application died of. 0, pid or minus errno, as wait4. */
static long take_dead(struct life *life, int options)
{
	int status = 0;
	long pid = call4(__NR_wait4, -1, ADDRESS(&status), options, 0);

	if (pid > 0 && (status & 0xff) == STOPPED) {
		if (pid == life->pid)
			say_stopped(status >> 8 & 0xff);
		return pid;
	}
	if (pid > 0 && pid == life->pid) {
		life->pid = 0;
		life->status = status;
	} else if (pid > 0) {
		watch_dead(life->container, (int) pid, status);
	}
	return pid;
}

/*
 * -1 is everybody in our pid namespace except us: knot.c has made sure that we are its first.
 * Who lost its parent in here is our child, so without children there is nobody to kill.
 */
static void kill_all(struct life *life)
{
	long pid = take_dead(life, WNOHANG);

	if (pid == -ECHILD)
		return;
	sys_kill(-1, SIGKILL);
	do
		pid = take_dead(life, 0);
	while (pid > 0 || pid == -EINTR);
}

static void say_end(const struct life *life, const char *word, const char *how)
{
	struct line line;

	begin_status(&line, word, monotonic());
	put(&line, " ");
	put_number(&line, life->status);
	put(&line, " ");
	put_milliseconds(&line, life->started_at);
	if (how != NULL) {
		put(&line, " ");
		put(&line, how);
	}
	if (kills_of(life) > 0) {
		put(&line, " oom=");
		put_number(&line, kills_of(life));
		put(&line, "/");
		if (life->container->memory_limit < 0)
			put(&line, "-");
		else
			put_number(&line, life->container->memory_limit);
	}
	end_status(&line);
}

static int finish(struct life *life, int code, const char *how)
{
	kill_all(life);
	say_end(life, "exited", how);
	return code;
}

/* ---- 2. Events ----------------------------------------------------------------------- */

/* The next signal, or 0 when `deadline` has come or there is nothing to do yet. */
static long next_signal(const struct life *life, int64_t deadline)
{
	uint64_t taken = TAKEN_SIGNALS | (life->container->is_command ? PASSED_ON : 0);
	long signal = take_signal(taken, deadline);

	return signal < 0 ? 0 : signal;
}

/* The signal whose turn it is. */
static void tell(struct life *life)
{
	const struct container *container = life->container;
	int signal = container->stop_steps == 0 ? SIGTERM
						: (int) container->stop[2 * life->stop_step];

	life->was_told = life->pid > 0 && sys_kill(life->pid, signal) == 0;
}

static void set_deadline(struct life *life)
{
	const struct container *container = life->container;

	life->kill_at = after(monotonic(), container->stop_steps == 0
						   ? container->kill_timeout_ms
						   : container->stop[2 * life->stop_step + 1]);
}

static void stop(struct life *life)
{
	if (!life->is_stopping) {
		set_deadline(life);
		watch_stop(life->container, monotonic());
	}
	life->is_stopping = true;
	life->code = EXIT_STOPPED;
	if (!life->was_told)
		tell(life);
}

/* False: there is no other signal left but the last. */
static bool tell_more(struct life *life)
{
	if (life->stop_step + 1 >= life->container->stop_steps)
		return false;
	life->stop_step++;
	set_deadline(life);
	tell(life);
	return true;
}

/* SIGTERM has a deadline, also for a command. */
static bool is_passed_on(const struct life *life, long signal)
{
	return life->container->is_command && (PASSED_ON & BIT(signal)) != 0 && life->pid > 0;
}

/* Died of SIGTERM, whoever sent it, or with a code that this process is said to end with. */
static bool is_normal(const struct container *container, int status)
{
	uint32_t code = (uint32_t) status >> 8 & 0xff;

	if ((status & 0x7f) != 0)
		return (status & 0x7f) == SIGTERM;
	if (!container->has_normal_codes)
		return code == 0 && !container->is_daemon;
	return (container->normal_codes[code / 32] >> code % 32 & 1) != 0;
}

/* Signals coalesce: one SIGCHLD may stand for many deaths. */
static void reap(struct life *life)
{
	int application = life->pid;

	while (take_dead(life, WNOHANG | (life->container->is_command ? WUNTRACED : 0)) > 0)
		;
	if (application == 0 || life->pid != 0)
		return;
	if (is_normal(life->container, life->status))
		life->code = EXIT_STOPPED;
	say_ended(life, monotonic());
}

/* ---- 3. The loop --------------------------------------------------------------------- */

static void announce(const struct life *life)
{
	struct line line;

	if (begin_log(life->container, &line, LEVEL_WARN)) {
		put(&line, life->fork->text[0]);
		end_log(life->container, &line);
	}
	begin_marker(&line);
	put(&line, life->fork->text[0]);
	end_marker(life->container, &line);
}

static bool starts_again(const struct life *life)
{
	return life->container->restart_process_only && life->container->is_daemon &&
	       !life->is_stopping;
}

/* EXIT_STOPPED, or the code to end with. */
static int start_application(struct life *life)
{
	struct line line;

	announce(life);
	life->kills_before = count_kills(life->container);
	long error = watch_prepare(life->container);
	struct launch result = { .pid = error, .failed = *life->fork };
	if (error == 0)
		result = launch(life->container, life->fork);
	if (result.pid < 0) {
		kill_all(life);
		finish_network(life->container, true);
		return refuse(life->container, &result.failed, result.pid);
	}
	finish_network(life->container, false);
	life->pid = (int) result.pid;
	life->started_at = monotonic();
	begin_status(&line, "started", life->started_at);
	put(&line, " ");
	put_number(&line, life->pid);
	end_status(&line);
	watch_begin(life->container, life->fork, life->started_at);
	return EXIT_STOPPED;
}

/* What ran before may have left children: they stay, as the place they live in does. */
static int64_t end_or_wait(struct life *life, int64_t deadline)
{
	if (life->pid != 0 || deadline != NEVER || !starts_again(life))
		return deadline;
	watch_end(life->container);
	say_end(life, "died", NULL);
	return after(life->started_at, life->container->restart_timeout_ms);
}

/* The next signal, or 0 when there is something else to do. */
static long next_event(struct life *life, int64_t deadline)
{
	struct container *container = life->container;
	int64_t looks = watch_deadline(container);

	if (looks < deadline)
		deadline = looks;
	if (container->watch.signals == -1)
		return next_signal(life, deadline);
	watch_wait(container, deadline);
	return next_signal(life, 0);
}

static void take(struct life *life, long signal)
{
	if (signal != 0 && is_passed_on(life, signal))
		sys_kill(-life->pid, (int) signal);
	else if (signal == SIGCHLD)
		reap(life);
	else if (signal == REOPEN_SIGNAL)
		reopen_logs(life->container);
	else if (signal == PRE_STOP_SIGNAL)
		watch_pre_stop(life->container, monotonic());
	else if (signal != 0)
		stop(life);
	watch_turn(life->container, monotonic());
	/* It has asked for more time. */
	if (life->kill_at < life->container->watch.stop_until)
		life->kill_at = life->container->watch.stop_until;
}

int live(struct container *container, const struct step *fork)
{
	struct life life = { .container = container, .fork = fork, .code = EXIT_FAILED };
	int64_t restart_at = NEVER;
	int refused = start_application(&life);

	if (refused != EXIT_STOPPED)
		return refused;
	if (starts_again(&life) || container->watch.keeps_plan)
		plan_keep(&container->plan);
	else
		plan_release(&container->plan);
	for (;;) {
		take(&life, next_event(&life, life.pid == 0	      ? restart_at
					      : life.is_stopping ? life.kill_at
								 : NEVER));

		if (life.pid == 0 && !starts_again(&life))
			return finish(&life, life.code, life.is_stopping ? "term" : "itself");
		if (life.pid != 0 && life.is_stopping && monotonic() >= life.kill_at &&
		    !tell_more(&life)) {
			say_hanging(&life, monotonic());
			return finish(&life, EXIT_KILLED, "killed");
		}
		restart_at = end_or_wait(&life, restart_at);
		if (life.pid == 0 && monotonic() >= restart_at) {
			reopen_logs(container);
			reopen_output(container, fork);
			refused = start_application(&life);
			if (refused != EXIT_STOPPED)
				return refused;
			restart_at = NEVER;
		}
	}
}
