/*
 * journald: who keeps the log of a system. Its word is the path of a datagram socket; it prints
 * each datagram as `data HEX`, and what came in a file as `file SEALS HEX`. With a second word it
 * listens and reads nothing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned char bytes[1 << 22];

static void print(const char *word, long count)
{
	printf("%s ", word);
	for (long i = 0; i < count; i++)
		printf("%02x", bytes[i]);
	printf("\n");
	fflush(stdout);
}

static void hear(int channel)
{
	char room[CMSG_SPACE(sizeof(int))], word[32];
	struct iovec words = { bytes, sizeof bytes };
	struct msghdr message = { .msg_iov = &words, .msg_iovlen = 1, .msg_control = room,
				  .msg_controllen = sizeof room };
	long count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fd = -1;

	if (count < 0)
		return;
	if (header == NULL || header->cmsg_type != SCM_RIGHTS)
		return print("data", count);
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	snprintf(word, sizeof word, "file %d", fcntl(fd, F_GET_SEALS));
	print(word, pread(fd, bytes, sizeof bytes, 0));
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int channel = socket(AF_UNIX, SOCK_DGRAM, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc < 2)
		return 2;
	strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
	unlink(argv[1]);
	if (bind(channel, (struct sockaddr *) &address, sizeof address) != 0)
		return 1;
	printf("bound\n");
	fflush(stdout);
	while (argc > 2)
		pause();
	for (;;)
		hear(channel);
}
