/*
 * probe: the processes that look whether an application is ready, or well. Each is a copy of the
 * knot with memory of its own, so that whatever happens to it the knot goes on; what it finds
 * comes back as its exit code and two numbers in a shared page.
 *
 *   tcp    looks at the sockets of the kernel (port.c), with the rights of the knot
 *   http   becomes what the application is, its filter of system calls included, before it
 *          connects: what is read from a server is read by nobody more powerful than the server
 *   exec   starts a command as the application was started, and ends it and all that it has
 *          started, for orphans become children of who looks
 *
 * One who waits for readiness looks often in the beginning and less and less: a fraction of the
 * time that has passed, so that what took a minute is not found out two seconds later.
 *
 * Sections: 1 a copy  2 a command  3 a request  4 looking
 */
#include "knot.h"

#include <linux/poll.h>

#define STACK_BYTES 32768

#define STREAM_SOCKET 1
#define SOCKET_ERROR 4

/* `HTTP/1.1 200` */
#define ANSWER_BYTES 12
/* Read and thrown away, for a server would take a connection that is cut for a failure. */
#define ANSWER_MAX (64 * 1024)

/* ---- 1. A copy ----------------------------------------------------------------------- */

struct look {
	struct container *container;
	enum what what;
	bool is_once;
	const struct probe *probe;
	int64_t began_at;
};

static long copy(int (*run)(void *), void *argument)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	struct clone_args how = {
		.exit_signal = SIGCHLD,
		.stack = (uint64_t) (uintptr_t) stack,
		.stack_size = sizeof stack,
	};

	return clone_onto_stack(&how, run, argument);
}

/* Nobody may take it for a knot, by its words or by its name. */
static void rename_copy(const struct container *container)
{
	static const char name[] = "lithos_probe";
	char *first = container->words[0], *end = first;

	for (char **word = container->words; *word != NULL; word++)
		end = *word + length_of(*word);
	for (char *place = first; place < end; place++)
		*place = place - first < (long) sizeof name ? name[place - first] : '\0';
	sys_prctl(PR_SET_NAME, ADDRESS(name), 0);
}

static void say(const struct look *look, struct outcome outcome)
{
	volatile struct outcome *place = &look->container->watch.outcomes[look->what];

	place->detail = outcome.detail;
	place->reason = outcome.reason;
}

/* Sleeps; an order to end comes through. */
static bool is_told_to_end(int64_t nanoseconds)
{
	return take_signal(BIT(SIGTERM), monotonic() + nanoseconds) == SIGTERM;
}

static struct outcome failed(int reason, int64_t detail)
{
	return (struct outcome){ .reason = reason, .detail = (int32_t) detail };
}

/* ---- 2. A command -------------------------------------------------------------------- */

/* Whoever has lost its parent is our child by now, and who is killed here leaves us its own. */
static void kill_children(const struct container *container)
{
	char text[4096];
	long fd = sys_openat(container->proc, "thread-self/children", O_RDONLY | O_CLOEXEC, 0);
	long count = fd < 0 ? 0 : sys_read((int) fd, text, sizeof text);

	if (fd >= 0)
		sys_close(fd);
	for (long i = 0, pid = 0; i < count; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			pid = 10 * pid + (text[i] - '0');
		} else if (pid > 0) {
			sys_kill((int) pid, SIGKILL);
			pid = 0;
		}
	}
}

static void end_all(const struct container *container)
{
	for (;;) {
		kill_children(container);
		if (call4(__NR_wait4, -1, 0, 0, 0) == -ECHILD)
			return;
	}
}

/* Its wait status; -ETIME; -EINTR for an order to end; other errors: it could not be started. */
static long run_words(const struct container *container, const struct step *words,
		      int64_t milliseconds)
{
	int64_t deadline = monotonic() + milliseconds * MILLISECOND;
	int status = 0;

	sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0);
	struct launch started = launch_command(container, &container->watch.fork, words);
	if (started.pid < 0)
		return started.pid;
	long error = await_child(started.pid, deadline, BIT(SIGTERM), &status);
	sys_kill((int) -started.pid, SIGKILL);
	end_all(container);
	return error < 0 ? error : error > 0 ? -EINTR : status;
}

static struct outcome look_by_command(const struct look *look)
{
	const struct probe *probe = look->probe;
	/* The words of the step, and not its numbers, are what is executed. */
	long status = run_words(look->container, &probe->step, probe->number[PROBE_ATTEMPT]);

	if (status == -EINTR)
		sys_exit(1);
	if (status == -ETIME)
		return failed(TOOK_TOO_LONG, probe->number[PROBE_ATTEMPT]);
	if (status < 0)
		return failed(CALL_FAILED, -status);
	return status == 0 ? failed(IS_WELL, 0) : failed(ENDED, status);
}

/* ---- 3. A request -------------------------------------------------------------------- */

/* Whether something can be done before `deadline`. */
static bool is_possible(long fd, short what, int64_t deadline)
{
	struct pollfd one = { .fd = (int) fd, .events = what };
	int64_t rest = deadline - monotonic();
	struct __kernel_timespec left = span(rest);

	return rest > 0 && call5(__NR_ppoll, ADDRESS(&one), 1, ADDRESS(&left), 0, 0) > 0;
}

/* -ETIME, or another error. */
static long connect_to(long fd, const struct probe *probe, int64_t deadline)
{
	unsigned char place[28] = { 0 };
	int error = 0, size = sizeof error;
	long length = make_place(probe->number[PROBE_FAMILY], &probe->number[PROBE_HIGH],
				 probe->number[PROBE_PLACE], place);
	long result = length < 0 ? length : call3(__NR_connect, fd, ADDRESS(place), length);

	if (result != -EINPROGRESS)
		return result;
	if (!is_possible(fd, POLLOUT, deadline))
		return -ETIME;
	result = call5(__NR_getsockopt, fd, SOCKET_LEVEL, SOCKET_ERROR, ADDRESS(&error),
		       ADDRESS(&size));
	return result < 0 ? result : -error;
}

static long send_request(long fd, const char *text, int64_t deadline)
{
	size_t length = length_of(text);

	while (length > 0) {
		long count = call6(__NR_sendto, fd, ADDRESS(text), (long) length, NO_SIGNAL, 0, 0);
		if (count == -EAGAIN && !is_possible(fd, POLLOUT, deadline))
			return -ETIME;
		if (count == -EAGAIN || count == -EINTR)
			continue;
		if (count < 0)
			return count;
		text += count;
		length -= (size_t) count;
	}
	return 0;
}

/* How many bytes there are, at most `room`; fewer at the end of the answer. */
static long read_some(long fd, char *bytes, size_t room, int64_t deadline)
{
	size_t done = 0;

	while (done < room) {
		long count = call6(__NR_recvfrom, fd, ADDRESS(bytes + done),
				   (long) (room - done), 0, 0, 0);
		if (count == -EAGAIN && !is_possible(fd, POLLIN, deadline))
			return -ETIME;
		if (count == -EAGAIN || count == -EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? count : (long) done;
		done += (size_t) count;
	}
	return (long) done;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* -1: it is not what a server of HTTP says. */
static int status_in(const char *text)
{
	static const char start[] = "HTTP/1.";

	for (size_t i = 0; i < sizeof start - 1; i++)
		if (text[i] != start[i])
			return -1;
	if (!is_digit(text[7]) || text[8] != ' ' || !is_digit(text[9]) || !is_digit(text[10]) ||
	    !is_digit(text[11]))
		return -1;
	return 100 * (text[9] - '0') + 10 * (text[10] - '0') + (text[11] - '0');
}

static struct outcome talk(long fd, const struct probe *probe, int64_t deadline)
{
	static char bytes[4096];
	int64_t limit = probe->number[PROBE_ATTEMPT];
	long error = connect_to(fd, probe, deadline);

	if (error == 0)
		error = send_request(fd, probe->step.text[0], deadline);
	long count = error < 0 ? error : read_some(fd, bytes, ANSWER_BYTES, deadline);
	if (count < 0)
		return count == -ETIME ? failed(TOOK_TOO_LONG, limit) : failed(CALL_FAILED, -count);
	int status = count == ANSWER_BYTES ? status_in(bytes) : -1;
	for (long all = count; status != -1 && all < ANSWER_MAX; all += count) {
		count = read_some(fd, bytes, sizeof bytes, deadline);
		if (count <= 0)
			break;
	}
	if (status == -1)
		return failed(NO_HTTP, 0);
	return status >= 200 && status < 400 ? failed(IS_WELL, 0) : failed(ANSWERED, status);
}

static struct outcome look_by_request(const struct look *look)
{
	const struct probe *probe = look->probe;
	int64_t deadline = monotonic() + probe->number[PROBE_ATTEMPT] * MILLISECOND;
	/* As linux/in.h and linux/in6.h count them. */
	long family = probe->number[PROBE_FAMILY] == 4 ? 2 : 10;
	long fd = call3(__NR_socket, family, STREAM_SOCKET | O_CLOEXEC | O_NONBLOCK, 0);

	if (fd < 0)
		return failed(CALL_FAILED, -fd);
	struct outcome outcome = talk(fd, probe, deadline);
	sys_close(fd);
	return outcome;
}

/* ---- 4. Looking ---------------------------------------------------------------------- */

/* How long until the next look: a part of what has passed, between two bounds. */
static int64_t pause_of(const struct look *look)
{
	static const struct {
		int64_t part, least, most;
	} paces[KINDS] = {
		[KIND_TCP] = { 16, 2 * MILLISECOND, SECOND },
		[KIND_HTTP] = { 8, 20 * MILLISECOND, 2 * SECOND },
		[KIND_EXEC] = { 4, 100 * MILLISECOND, 5 * SECOND },
	};
	int64_t kind = look->probe->number[PROBE_KIND];
	int64_t pause = (monotonic() - look->began_at) / paces[kind].part;

	if (pause < paces[kind].least)
		return paces[kind].least;
	return pause < paces[kind].most ? pause : paces[kind].most;
}

static struct outcome look_once(const struct look *look)
{
	switch (look->probe->number[PROBE_KIND]) {
	case KIND_TCP:
		return look_for_listener(look->container, look->probe);
	case KIND_HTTP:
		return look_by_request(look);
	default:
		return look_by_command(look);
	}
}

static int look_on(void *argument)
{
	struct look *look = argument;

	rename_copy(look->container);
	if (look->probe->number[PROBE_KIND] == KIND_HTTP) {
		long error = become_like(look->container, &look->container->watch.fork);
		sys_prctl(PR_SET_DUMPABLE, 0, 0);
		call3(__NR_close_range, 3, -1, 0);
		if (error < 0) {
			say(look, failed(CALL_FAILED, -error));
			sys_exit(1);
		}
	}
	for (;;) {
		struct outcome outcome = look_once(look);
		say(look, outcome);
		if (outcome.reason == IS_WELL)
			sys_exit(0);
		if (look->is_once || is_told_to_end(pause_of(look)))
			sys_exit(1);
	}
}

long start_look(struct container *container, enum what what, bool is_once)
{
	struct look look = {
		.container = container,
		.what = what,
		.is_once = is_once,
		.probe = &container->watch.probes[what],
		.began_at = monotonic(),
	};

	return copy(look_on, &look);
}

/* Ends as the command does, as far as the end of a process can say that of another. */
static int run_pre_stop(void *argument)
{
	struct container *container = argument;
	const struct step *step = &container->watch.pre_stop;

	rename_copy(container);
	long status = run_words(container, step, step->number[0]);
	if (status < 0)
		sys_exit(status == -ETIME ? 124 : 127);
	sys_exit((status & 0x7f) != 0 ? 128 + (status & 0x7f) : status >> 8 & 0xff);
}

long start_pre_stop(struct container *container)
{
	return copy(run_pre_stop, container);
}
