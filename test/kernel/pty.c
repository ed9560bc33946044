/*
 * pty: a terminal for a program under test. What comes on standard input is typed, what appears on
 * the screen goes to standard output. Lines on descriptor 3 turn its knobs: `size ROWS COLUMNS`,
 * `hangup`. Ends as the program does, whose pid is the first line on descriptor 4.
 *
 *     pty PROGRAM WORD…
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

static int open_master(char *name, size_t room)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
	    ptsname_r(master, name, room) != 0)
		fail("opening a terminal");
	return master;
}

static void resize(int master, unsigned short rows, unsigned short columns)
{
	struct winsize size = {.ws_row = rows, .ws_col = columns};

	ioctl(master, TIOCSWINSZ, &size);
}

static pid_t begin(const char *name, char **words)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setsid();
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	int slave = open(name, O_RDWR);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0)
		fail("taking the terminal");
	for (int fd = 0; fd <= 2; fd++)
		dup2(slave, fd);
	if (slave > 2)
		close(slave);
	execvp(words[0], words);
	fail(words[0]);
	return -1;
}

static void pass(int to, const char *bytes, ssize_t count)
{
	while (count > 0) {
		ssize_t written = write(to, bytes, (size_t)count);

		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (written > 0) {
			bytes += written;
			count -= written;
		}
	}
}

/* False: the terminal has been taken away. */
static int turn_knob(int master, const char *line)
{
	unsigned short rows, columns;

	if (sscanf(line, "size %hu %hu", &rows, &columns) == 2)
		resize(master, rows, columns);
	return strncmp(line, "hangup", 6) != 0;
}

int main(int count, char **words)
{
	char name[64], bytes[65536];
	int master = open_master(name, sizeof(name)), status = 0;

	if (count < 2)
		return 125;
	resize(master, 24, 80);
	pid_t pid = begin(name, words + 1);
	dprintf(4, "%d\n", pid);
	struct pollfd polled[] = {{0, POLLIN, 0}, {master, POLLIN, 0}, {3, POLLIN, 0}};
	for (int is_there = 1; is_there;) {
		if (poll(polled, 3, -1) < 0)
			continue;
		if (polled[0].revents) {
			ssize_t got = read(0, bytes, sizeof(bytes));
			if (got > 0)
				pass(master, bytes, got);
			else
				polled[0].fd = -1;
		}
		if (polled[1].revents) {
			ssize_t got = read(master, bytes, sizeof(bytes));
			if (got > 0)
				pass(1, bytes, got);
			else if (errno != EAGAIN && errno != EINTR)
				is_there = 0;
		}
		if (polled[2].revents) {
			ssize_t got = read(3, bytes, sizeof(bytes) - 1);
			if (got <= 0)
				polled[2].fd = -1;
			else {
				bytes[got] = '\0';
				is_there = is_there && turn_knob(master, bytes);
			}
		}
	}
	close(master);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
