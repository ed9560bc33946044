/*
 * manager: what a service manager does for a service of Type=notify with a descriptor store. Its
 * words are the path of the notify socket, and the service; it prints what it is told. The service
 * is started again with what was stored, until it ends with 0 or this is killed with SIGTERM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct { int fd; char name[256]; } stored[64];
static int count;

static void forget(const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(stored[i].name, name)) {
			close(stored[i].fd);
			stored[i--] = stored[--count];
		}
}

static void take(char *text, int fd)
{
	char *name = strstr(text, "FDNAME=");
	int is_removal = strstr(text, "FDSTOREREMOVE=1") != NULL;

	if (name != NULL) {
		name += strlen("FDNAME=");
		name[strcspn(name, "\n")] = '\0';
	}
	if (is_removal)
		forget(name);
	else if (fd != -1 && count < 64 && strchr(name, ':') == NULL) {
		forget(name);
		stored[count].fd = fd;
		strcpy(stored[count++].name, name);
	}
	if (name != NULL)
		printf("%s %s, %d stored\n", is_removal ? "removed" : "stored", name, count);
	else
		printf("told %.*s\n", (int) strcspn(text, "\n"), text);
	fflush(stdout);
}

static void hear(int channel)
{
	char text[4096], room[CMSG_SPACE(sizeof(int))];
	struct iovec words = { text, sizeof text - 1 };
	struct msghdr message = { .msg_iov = &words, .msg_iovlen = 1, .msg_control = room,
				  .msg_controllen = sizeof room };
	ssize_t length = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header;
	int fd = -1;

	if (length < 0)
		return;
	header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof fd);
	text[length] = '\0';
	take(text, fd);
}

static pid_t start(const char *path, char **words)
{
	char text[64];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < count; i++)
		dup2(fcntl(stored[i].fd, F_DUPFD, 100), 3 + i);
	for (int fd = 3 + count; fd < 256; fd++)
		close(fd);
	setenv("NOTIFY_SOCKET", path, 1);
	snprintf(text, sizeof text, "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof text, "%d", count);
	setenv("LISTEN_FDS", text, 1);
	execv(words[0], words);
	_exit(127);
}

int main(int argc, char **words)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), status = 0;
	size_t length = strlen(words[1]);

	(void) argc;
	memcpy(address.sun_path, words[1], length);
	if (words[1][0] == '@')
		address.sun_path[0] = '\0';
	bind(channel, (struct sockaddr *) &address, (socklen_t) (sizeof(sa_family_t) + length));
	fcntl(channel, F_SETFL, O_NONBLOCK);
	for (pid_t pid = start(words[1], words + 2);; usleep(1000)) {
		for (int i = 0; i < 50; i++)
			hear(channel);
		if (waitpid(pid, &status, WNOHANG) != pid)
			continue;
		hear(channel);
		printf("ended %d\n", status);
		fflush(stdout);
		if (status == 0)
			return 0;
		pid = start(words[1], words + 2);
	}
}
