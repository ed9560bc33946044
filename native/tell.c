/*
 * tell: what the supervisor is told of a command, if there is one: lines of JSON on its control
 * socket. The first connection has been made by src/cmd/become.ts. Nothing waits for an answer, and
 * nothing depends on one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "wait.h"

enum { TRIES = 300 };

static int connect_anew(const struct order *order)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dir = open(order->control_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* The path of a socket has room for 107 bytes; this one always fits. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control", dir);
	if (dir < 0 || fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	if (dir >= 0)
		close(dir);
	return fd;
}

static bool send_line(int fd, const char *line)
{
	size_t length = strlen(line);

	return fd >= 0 && send(fd, line, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Held no longer: it could have many of us, and has not room for all. */
void tell_began(struct order *order)
{
	order->is_told = send_line(order->control, order->began);
	if (order->control >= 0)
		close(order->control);
	order->control = -1;
}

static bool say_ended(struct order *order, const struct wait *wait)
{
	char line[LINE_MAX_BYTES];
	char status[16] = "null";
	char limit[24] = "null";
	char memory[80] = "";

	if (wait->ended >= 0)
		snprintf(status, sizeof(status), "%d", wait->ended);
	if (wait->oom_limit >= 0)
		snprintf(limit, sizeof(limit), "%ld", wait->oom_limit);
	if (wait->oom > 0)
		snprintf(memory, sizeof(memory), ",\"oom\":{\"kills\":%ld,\"limit\":%s}",
			 wait->oom, limit);
	snprintf(line, sizeof(line), "%s\"status\":%s,\"uptimeMs\":%.3f%s}\n", order->ended, status,
		 wait->started_ms > 0 ? wait->ended_ms - wait->started_ms : 0.0, memory);
	int fd = connect_anew(order);
	/* Both, to one that was not there yet. */
	if (wait->ended >= 0 && !order->is_told)
		order->is_told = send_line(fd, order->began);
	bool is_told = send_line(fd, line);
	if (fd >= 0)
		close(fd);
	return is_told;
}

/*
 * A supervisor that is becoming a new image listens again in a moment. Nobody who has called us
 * waits for that: a child of ours does, as long as there is a supervisor.
 */
void tell_ended(struct order *order, const struct wait *wait)
{
	struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};

	if (say_ended(order, wait) || !is_supervised(order->pid_file) || fork() != 0)
		return;
	setsid();
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	for (int tries = 0; tries < TRIES && !say_ended(order, wait); tries++)
		nanosleep(&moment, NULL);
	_exit(0);
}
