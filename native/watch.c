/*
 * watch: whether the application is ready, and well, as far as the plan wants that known. It is
 * looked at from here, because we are in the container, outlive the supervisor, and keep what was
 * said to nobody: a pipe, a socket.
 *
 *   tcp, exec, http   a copy of us looks (probe.c): until it is ready, in one process; whether it
 *                     is well, in one process each time. We only count, and wait for its end.
 *   notify, fd        is heard here; it is the same descriptor for each supervisor that comes.
 *
 * Readiness is told once; whether that takes too long is judged by the supervisor. Whether it is
 * well is looked at from `start-delay` after it was ready, or could have been, each `period`;
 * what has failed often enough is told once, and what follows is not decided here.
 *
 * Sections: 1 the plan  2 telling  3 those who look  4 the loop
 */
#include "knot.h"

#include <linux/poll.h>

/* Beyond the time that one who looks keeps himself. */
#define GRACE (2 * SECOND)

/* ---- 1. The plan --------------------------------------------------------------------- */

void watch_learn(struct watch *watch, const struct step *step)
{
	if (step->op == OP_PRE_STOP) {
		watch->has_pre_stop = true;
		watch->pre_stop = *step;
		watch->keeps_plan = true;
		return;
	}
	struct probe *probe = &watch->probes[step->number[PROBE_WHAT]];
	probe->is_wanted = true;
	probe->step = *step;
	for (int i = 0; i < PROBE_NUMBERS; i++)
		probe->number[i] = step->number[i];
	if (step->number[PROBE_KIND] == KIND_EXEC || step->number[PROBE_KIND] == KIND_HTTP)
		watch->keeps_plan = true;
}

static bool is_of(const struct watch *watch, enum what what, enum kind kind)
{
	const struct probe *probe = &watch->probes[what];

	return probe->is_wanted && probe->number[PROBE_KIND] == kind;
}

/* By somebody who is sent. */
static bool is_looked_at(const struct watch *watch, enum what what)
{
	return is_of(watch, what, KIND_TCP) || is_of(watch, what, KIND_EXEC) ||
	       is_of(watch, what, KIND_HTTP);
}

static void close_end(int *fd)
{
	if (*fd != -1)
		sys_close(*fd);
	*fd = -1;
}

/* Only our end of the pipe must not wait. */
static long make_pipe(struct watch *watch)
{
	int ends[2];
	long error = call2(__NR_pipe2, ADDRESS(ends), O_CLOEXEC);

	if (error < 0)
		return error;
	watch->read = ends[0];
	watch->written = ends[1];
	return call3(__NR_fcntl, watch->read, F_SETFL, O_NONBLOCK);
}

long watch_prepare(struct container *container)
{
	struct watch *watch = &container->watch;
	uint64_t taken = TAKEN_SIGNALS;
	long error = 0;

	close_end(&watch->read);
	close_end(&watch->written);
	if (is_of(watch, READY, KIND_FD))
		error = make_pipe(watch);
	if (error == 0 && watch->signals == -1 && (watch->read != -1 || watch->notify != -1)) {
		error = call4(__NR_signalfd4, -1, ADDRESS(&taken), sizeof taken, O_CLOEXEC);
		if (error >= 0)
			watch->signals = (int) error;
	}
	if (error >= 0 && watch->outcomes == NULL &&
	    (is_looked_at(watch, READY) || is_looked_at(watch, HEALTHY))) {
		error = call6(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (error > 0 || error < -4095)
			watch->outcomes = (volatile struct outcome *) (uintptr_t) error;
	}
	return error < 0 && error >= -4095 ? error : 0;
}

/* ---- 2. Telling ---------------------------------------------------------------------- */

static void end_word(struct line *line, int64_t reason, int64_t detail)
{
	put(line, " ");
	put_number(line, reason);
	put(line, " ");
	put_number(line, detail);
	end_status(line);
}

static struct outcome outcome_of(const struct watch *watch, enum what what)
{
	struct outcome none = { .reason = NOT_SAID };

	if (watch->outcomes == NULL || !is_looked_at(watch, what))
		return none;
	return (struct outcome){ .reason = watch->outcomes[what].reason,
				 .detail = watch->outcomes[what].detail };
}

void watch_say_ready(struct container *container, int64_t now)
{
	struct watch *watch = &container->watch;
	const int64_t *healthy = watch->probes[HEALTHY].number;
	struct line line;

	watch->is_ready = true;
	watch->complain_at = NEVER;
	begin_status(&line, "ready", now);
	end_status(&line);
	if (!watch->probes[HEALTHY].is_wanted || watch->pid[HEALTHY] != 0)
		return;
	int64_t first = after(now, healthy[PROBE_START_DELAY]);
	if (is_of(watch, HEALTHY, KIND_NOTIFY)) {
		first = after(first, watch->watchdog_ms);
		if (watch->silent_at > first)
			watch->silent_at = first;
	} else if (watch->look_at[HEALTHY] > first) {
		watch->look_at[HEALTHY] = first;
	}
}

static void say_waiting(struct container *container, int64_t now)
{
	struct outcome outcome = outcome_of(&container->watch, READY);
	struct line line;

	container->watch.complain_at = NEVER;
	begin_status(&line, "waiting", now);
	end_word(&line, outcome.reason, outcome.detail);
}

static void say_unhealthy(struct watch *watch, int64_t now, struct outcome outcome)
{
	struct line line;

	watch->is_unwell = true;
	begin_status(&line, "unhealthy", now);
	put(&line, " ");
	put_number(&line, watch->failures);
	end_word(&line, outcome.reason, outcome.detail);
}

static void say_pre_stop(int64_t now, int64_t status)
{
	struct line line;

	begin_status(&line, "prestop", now);
	put(&line, " ");
	put_number(&line, status);
	end_status(&line);
}

/* ---- 3. Those who look --------------------------------------------------------------- */

static void look(struct container *container, enum what what, int64_t now)
{
	struct watch *watch = &container->watch;
	const int64_t *number = watch->probes[what].number;

	watch->outcomes[what].reason = what == READY ? NOT_LISTENING : WAS_DISTURBED;
	watch->outcomes[what].detail = 0;
	long pid = start_look(container, what, what == HEALTHY);
	watch->look_at[what] = NEVER;
	watch->kill_at[what] = NEVER;
	if (pid < 0) {
		/* For lack of processes or memory, which says nothing of the application. */
		watch->look_at[what] = now + SECOND;
		return;
	}
	watch->pid[what] = (int) pid;
	if (what == HEALTHY)
		watch->kill_at[what] = after(now, number[PROBE_ATTEMPT]) + GRACE;
}

/* One who has started a command ends that first. */
static void end_look(struct watch *watch, enum what what)
{
	if (watch->pid[what] != 0)
		sys_kill(watch->pid[what],
			 is_of(watch, what, KIND_EXEC) ? SIGTERM : SIGKILL);
	watch->pid[what] = 0;
	watch->look_at[what] = NEVER;
	watch->kill_at[what] = NEVER;
}

static void judge(struct container *container, int status, int64_t now)
{
	struct watch *watch = &container->watch;
	const int64_t *number = watch->probes[HEALTHY].number;

	watch->look_at[HEALTHY] = after(now, number[PROBE_PERIOD]);
	if (status == 0) {
		watch->failures = 0;
		watch->is_unwell = false;
		return;
	}
	watch->failures++;
	if (watch->failures >= number[PROBE_FAILURES] && !watch->is_unwell)
		say_unhealthy(watch, now, outcome_of(watch, HEALTHY));
}

void watch_dead(struct container *container, int pid, int status)
{
	struct watch *watch = &container->watch;
	int64_t now = monotonic();

	if (pid == watch->pre_stop_pid) {
		watch->pre_stop_pid = 0;
		watch->pre_stop_is_over = true;
		watch->pre_stop_status = watch->pre_stop_was_killed ? -1 : status;
		say_pre_stop(now, watch->pre_stop_status);
	}
	if (!watch->is_on)
		return;
	for (enum what what = READY; what < WHATS; what++) {
		if (pid != watch->pid[what])
			continue;
		watch->pid[what] = 0;
		watch->kill_at[what] = NEVER;
		if (what == HEALTHY)
			judge(container, status, now);
		else if (status == 0)
			watch_say_ready(container, now);
		else
			watch->look_at[READY] = now + SECOND;
	}
}

void watch_pre_stop(struct container *container, int64_t now)
{
	struct watch *watch = &container->watch;

	if (watch->pre_stop_pid != 0)
		return;
	/* Once: who orders it again may not know that it was ordered. */
	if (watch->pre_stop_is_over) {
		say_pre_stop(now, watch->pre_stop_status);
		return;
	}
	/* It is being taken away on purpose: that it answers no more is no illness. */
	end_look(watch, HEALTHY);
	watch->silent_at = NEVER;
	long pid = watch->has_pre_stop ? start_pre_stop(container) : -ENOENT;
	if (pid < 0) {
		say_pre_stop(now, 127 << 8);
		return;
	}
	watch->pre_stop_pid = (int) pid;
	watch->pre_stop_was_killed = false;
	watch->pre_stop_kill_at = after(now, watch->pre_stop.number[0]) + GRACE;
}

/* ---- 4. The loop --------------------------------------------------------------------- */

void watch_begin(struct container *container, const struct step *fork, int64_t now)
{
	struct watch *watch = &container->watch;
	const struct probe *ready = &watch->probes[READY], *healthy = &watch->probes[HEALTHY];

	close_end(&watch->written);
	watch->fork = *fork;
	watch->is_on = ready->is_wanted || healthy->is_wanted || watch->notify != -1;
	watch->began_at = now;
	watch->is_ready = false;
	watch->failures = 0;
	watch->is_unwell = false;
	watch->complain_at = watch->silent_at = NEVER;
	for (enum what what = READY; what < WHATS; what++)
		watch->look_at[what] = watch->kill_at[what] = NEVER;
	forget_notices(watch, now);

	int64_t first = now;
	if (ready->is_wanted) {
		int64_t limit = ready->number[PROBE_TIMEOUT];
		watch->complain_at = after(now, limit - limit / 10);
		first = after(now, limit);
		if (is_looked_at(watch, READY))
			watch->look_at[READY] = now;
	}
	if (healthy->is_wanted)
		first = after(first, healthy->number[PROBE_START_DELAY]);
	watch->watchdog_ms = healthy->number[PROBE_PERIOD];
	if (is_of(watch, HEALTHY, KIND_NOTIFY))
		watch->silent_at = after(first, watch->watchdog_ms);
	else if (healthy->is_wanted)
		watch->look_at[HEALTHY] = first;
}

void watch_end(struct container *container)
{
	struct watch *watch = &container->watch;

	watch->is_on = false;
	close_end(&watch->read);
	end_look(watch, READY);
	end_look(watch, HEALTHY);
}

static bool is_heard(const struct watch *watch)
{
	return watch->notify != -1 && (watch->is_on || watch->is_stopping);
}

void watch_stop(struct container *container, int64_t now)
{
	watch_end(container);
	container->watch.is_stopping = true;
	container->watch.stopping_at = now;
}

int64_t watch_deadline(const struct container *container)
{
	const struct watch *watch = &container->watch;
	int64_t first = watch->pre_stop_pid != 0 ? watch->pre_stop_kill_at : NEVER;

	bool hears = is_heard(watch);
	const int64_t times[] = {
		hears && has_untold(watch) ? watch->tell_at : NEVER,
		hears ? watch->hear_at : NEVER,
		watch->is_on ? watch->complain_at : NEVER,
		watch->is_on ? watch->silent_at : NEVER,
		watch->is_on ? watch->look_at[READY] : NEVER,
		watch->is_on ? watch->look_at[HEALTHY] : NEVER,
		watch->is_on ? watch->kill_at[HEALTHY] : NEVER,
	};
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] < first)
			first = times[i];
	return first;
}

void watch_wait(struct container *container, int64_t deadline)
{
	struct watch *watch = &container->watch;
	struct __kernel_timespec left = span(deadline - monotonic());
	struct pollfd all[3] = {
		{ .fd = watch->signals, .events = POLLIN },
		{ .fd = watch->read, .events = POLLIN },
		/* Whoever sends without end is heard at our pace. */
		{ .fd = watch->hear_at == NEVER ? watch->notify : -1, .events = POLLIN },
	};

	call5(__NR_ppoll, ADDRESS(all), 3, deadline == NEVER ? 0 : ADDRESS(&left), 0, 0);
}

/* What comes before the line is not for us. Without it, the end of the pipe says nothing. */
static void hear_pipe(struct container *container, int64_t now)
{
	struct watch *watch = &container->watch;
	char bytes[256];
	long count = sys_read(watch->read, bytes, sizeof bytes);

	if (count == -EAGAIN || count == -EINTR)
		return;
	for (long i = 0; i < count && !watch->is_ready; i++)
		if (bytes[i] == '\n')
			watch_say_ready(container, now);
	if (count <= 0 || watch->is_ready)
		close_end(&watch->read);
}

static void kill_late(struct watch *watch, int64_t now)
{
	if (watch->pid[HEALTHY] != 0 && now >= watch->kill_at[HEALTHY]) {
		sys_kill(watch->pid[HEALTHY], SIGKILL);
		watch->outcomes[HEALTHY].reason = TOOK_TOO_LONG;
		watch->outcomes[HEALTHY].detail =
			(int32_t) watch->probes[HEALTHY].number[PROBE_ATTEMPT];
		watch->kill_at[HEALTHY] = NEVER;
	}
}

void watch_turn(struct container *container, int64_t now)
{
	struct watch *watch = &container->watch;

	if (watch->pre_stop_pid != 0 && now >= watch->pre_stop_kill_at) {
		watch->pre_stop_was_killed = true;
		sys_kill(watch->pre_stop_pid, SIGKILL);
		watch->pre_stop_kill_at = NEVER;
	}
	if (is_heard(watch)) {
		hear_notices(container, now);
		tell_notices(container, now);
	}
	if (!watch->is_on)
		return;
	if (watch->read != -1)
		hear_pipe(container, now);
	kill_late(watch, now);
	for (enum what what = READY; what < WHATS; what++)
		if (now >= watch->look_at[what] && watch->pid[what] == 0)
			look(container, what, now);
	if (now >= watch->complain_at && !watch->is_ready)
		say_waiting(container, now);
	if (now >= watch->silent_at) {
		watch->silent_at = NEVER;
		watch->failures = 1;
		say_unhealthy(watch, now,
			      (struct outcome){ .reason = WAS_SILENT,
						.detail = (int32_t) watch->watchdog_ms });
	}
}
