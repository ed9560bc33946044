/*
 * serve: an application that is given listening sockets. Its words are their descriptors; without
 * any it takes what LISTEN_FDS promises, if LISTEN_PID is its own. Whoever connects gets one line:
 * `fd 3 pid 2 open 0 1 2 3`.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int add_descriptors(char *text, int room)
{
	int used = 0;

	for (int fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) != -1 && used < room - 8)
			used += sprintf(text + used, " %d", fd);
	return used;
}

static void answer(int fd)
{
	char text[1024];
	char open[512];
	struct stat owner;
	int client;

	add_descriptors(open, sizeof open);
	fstat(fd, &owner);
	client = accept(fd, NULL, NULL);
	if (client == -1)
		return;
	int blocking = !(fcntl(fd, F_GETFL) & O_NONBLOCK);
	int length = snprintf(text, sizeof text, "fd %d pid %d owner %u:%u blocking %d open%s\n",
			      fd, getpid(), owner.st_uid, owner.st_gid, blocking, open);
	(void) !write(client, text, (size_t) length);
	close(client);
}

int main(int count, char **words)
{
	struct pollfd served[64];
	nfds_t number = 0;
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");

	for (int i = 1; i < count && number < 64; i++)
		served[number++] = (struct pollfd) { atoi(words[i]), POLLIN, 0 };
	if (count == 1 && fds != NULL && pid != NULL && atoi(pid) == getpid())
		while ((int) number < atoi(fds) && number < 64) {
			served[number] = (struct pollfd) { 3 + (int) number, POLLIN, 0 };
			number++;
		}
	printf("serving %d names %s\n", (int) number, getenv("LISTEN_FDNAMES"));
	fflush(stdout);
	for (;;) {
		if (poll(served, number, -1) <= 0)
			continue;
		for (nfds_t i = 0; i < number; i++)
			if (served[i].revents & POLLIN)
				answer(served[i].fd);
	}
}
