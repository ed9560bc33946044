/*
 * relay: between the terminal of whoever called us and the one of the container. Ours is raw, so
 * that every key means to the container what it says; the line discipline that makes signals of
 * keys is the container's own, which the knot has opened in there.
 *
 * In the background nothing is read and nothing is changed: the shell has the terminal then. A
 * job that runs is told by nobody that it has come to the foreground, so we look now and then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "wait.h"

struct pipe_of_bytes {
	char bytes[RELAY_BYTES];
	size_t from;
	size_t to;
};

/* How ours was, and how we have made it: for the guard, too, which was born before that. */
struct manners {
	struct termios before;
	struct termios raw;
};

static struct {
	int input;
	int output;
	int master;
	bool is_taken;
	bool is_gone; /* our own has been hung up */
	bool is_over; /* the other side has closed */
	struct manners *manners;
	struct pipe_of_bytes keys;
	struct pipe_of_bytes shown;
} screen = {.input = -1, .output = -1, .master = -1};

static int open_own(int fd, int mode)
{
	char path[32];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, mode | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	/* After su the terminal is somebody else's, and cannot be opened anew. */
	return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

void terminal_open(const struct order *order)
{
	if (order->terminal == 0)
		return;
	screen.manners = mmap(NULL, sizeof(*screen.manners), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (screen.manners == MAP_FAILED)
		return;
	screen.input = open_own(0, O_RDWR);
	screen.output = open_own(1, O_WRONLY);
}

int terminal_input(void)
{
	return screen.input;
}

int terminal_output(void)
{
	return screen.output;
}

int terminal_master(void)
{
	return screen.master;
}

/* A terminal that is not that of our session knows no foreground. */
static bool is_in_foreground(void)
{
	pid_t group = tcgetpgrp(screen.input);

	return group == -1 ? errno == ENOTTY && isatty(screen.input) : group == getpgrp();
}

void terminal_resize(void)
{
	struct winsize size;

	if (screen.master >= 0 && ioctl(screen.output, TIOCGWINSZ, &size) == 0)
		ioctl(screen.master, TIOCSWINSZ, &size);
}

void terminal_take(void)
{
	if (screen.master < 0 || screen.is_taken || !is_in_foreground())
		return;
	if (tcgetattr(screen.input, &screen.manners->before) != 0)
		return;
	screen.manners->raw = screen.manners->before;
	cfmakeraw(&screen.manners->raw);
	if (tcsetattr(screen.input, TCSADRAIN, &screen.manners->raw) != 0)
		return;
	/* As it has become, for terminal_rescue. */
	tcgetattr(screen.input, &screen.manners->raw);
	screen.is_taken = true;
	terminal_resize();
}

bool terminal_is_wanted(void)
{
	return screen.master >= 0 && !screen.is_taken && !screen.is_gone;
}

void terminal_give(void)
{
	if (screen.is_taken && is_in_foreground())
		tcsetattr(screen.input, TCSADRAIN, &screen.manners->before);
	screen.is_taken = false;
}

void terminal_rescue(void)
{
	const struct termios *raw;
	struct termios now;

	if (screen.input < 0 || tcgetattr(screen.input, &now) != 0)
		return;
	raw = &screen.manners->raw;
	if (now.c_lflag == raw->c_lflag && now.c_iflag == raw->c_iflag &&
	    now.c_oflag == raw->c_oflag)
		tcsetattr(screen.input, TCSANOW, &screen.manners->before);
}

void terminal_begin(int master)
{
	screen.master = master;
	fcntl(master, F_SETFL, O_NONBLOCK);
	terminal_take();
}

/* ---- To and fro --------------------------------------------------------------------------- */

static bool is_empty(const struct pipe_of_bytes *pipe)
{
	return pipe->from == pipe->to;
}

/* What read(2) says; bytes are there only if it is positive. */
static ssize_t fill(struct pipe_of_bytes *pipe, int fd)
{
	ssize_t count = read(fd, pipe->bytes, sizeof(pipe->bytes));

	pipe->from = 0;
	pipe->to = count > 0 ? (size_t)count : 0;
	return count;
}

static bool is_for_later(ssize_t result)
{
	return result < 0 && (errno == EAGAIN || errno == EINTR);
}

/* False: nobody will ever take them. */
static bool empty(struct pipe_of_bytes *pipe, int fd)
{
	while (!is_empty(pipe)) {
		ssize_t count = write(fd, pipe->bytes + pipe->from, pipe->to - pipe->from);

		if (count <= 0)
			return is_for_later(count);
		pipe->from += (size_t)count;
	}
	return true;
}

short relay_wants_input(void)
{
	return screen.is_taken && screen.input >= 0 && is_empty(&screen.keys) ? POLLIN : 0;
}

short relay_wants_output(void)
{
	return screen.output >= 0 && !is_empty(&screen.shown) ? POLLOUT : 0;
}

short relay_wants_master(void)
{
	if (screen.master < 0)
		return 0;
	return (short)((is_empty(&screen.shown) && !screen.is_over ? POLLIN : 0) |
		       (is_empty(&screen.keys) ? 0 : POLLOUT));
}

bool relay_input(void)
{
	ssize_t count = fill(&screen.keys, screen.input);

	if (count > 0)
		return empty(&screen.keys, screen.master) || true;
	if (is_for_later(count))
		return true;
	screen.is_taken = false;
	screen.is_gone = true;
	return false;
}

void relay_output(void)
{
	if (!empty(&screen.shown, screen.output))
		screen.shown.from = screen.shown.to;
}

void relay_master(short events)
{
	if (events & POLLOUT && !empty(&screen.keys, screen.master))
		screen.keys.from = screen.keys.to;
	if (!(events & (POLLIN | POLLHUP | POLLERR)) || !is_empty(&screen.shown))
		return;
	ssize_t count = fill(&screen.shown, screen.master);
	if (count > 0)
		relay_output();
	else if (!is_for_later(count))
		screen.is_over = true;
}

void relay_flush(void)
{
	struct pollfd master = {.fd = screen.master, .events = POLLIN};

	while (is_empty(&screen.shown) && !screen.is_over && poll(&master, 1, 0) == 1)
		relay_master(POLLIN);
}

bool relay_is_drained(void)
{
	return screen.master < 0 || (screen.is_over && is_empty(&screen.shown));
}
