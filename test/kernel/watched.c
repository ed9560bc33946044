/*
 * watched: an application that becomes ready in one way or the other, or never, and is well until
 * it is told otherwise. Its words are done in turn.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int server = -1;

static int is(const char *word, const char *name)
{
	return strncmp(word, name, strlen(name)) == 0;
}

static void listen_at(int port)
{
	struct sockaddr_in place = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
	int on = 1;

	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(server, (void *) &place, sizeof place) != 0 || listen(server, 64) != 0) {
		perror("listen");
		exit(3);
	}
}

/* `|` stands for the end of a line. */
static int notify(const char *text, int flags)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un place = { .sun_family = AF_UNIX };
	char bytes[70000];
	size_t length = strlen(text);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(place.sun_path, path != NULL ? path : "", sizeof place.sun_path - 1);
	for (size_t i = 0; i <= length; i++)
		bytes[i] = text[i] == '|' ? '\n' : text[i];
	long sent = sendto(fd, bytes, length, flags, (void *) &place, sizeof place);
	close(fd);
	return sent < 0 ? -1 : 0;
}

/* Somebody else's pid may not be claimed, except by who may be anybody. */
static void forge(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un place = { .sun_family = AF_UNIX };
	struct ucred who = { .pid = 1, .uid = getuid(), .gid = getgid() };
	char control[CMSG_SPACE(sizeof who)] = { 0 };
	struct iovec part = { "READY=1", 7 };
	struct msghdr head = { &place, sizeof place, &part, 1, control, sizeof control, 0 };
	struct cmsghdr *about = CMSG_FIRSTHDR(&head);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strncpy(place.sun_path, path != NULL ? path : "", sizeof place.sun_path - 1);
	about->cmsg_level = SOL_SOCKET;
	about->cmsg_type = SCM_CREDENTIALS;
	about->cmsg_len = CMSG_LEN(sizeof who);
	memcpy(CMSG_DATA(about), &who, sizeof who);
	printf("forged %ld\n", sendmsg(fd, &head, 0));
	close(fd);
}

/* Everything that somebody could think of, without end. */
static void flood(int count)
{
	static char huge[60000];

	memset(huge, 'x', sizeof huge - 1);
	for (int i = 0; i < count; i++) {
		char text[64];
		snprintf(text, sizeof text, "STATUS=%d\x01\x80|EXTEND_TIMEOUT_USEC=%d", i, i);
		notify(text, 0);
		if (i % 16 == 0) {
			notify(huge, 0);
			notify("|||=|READY=|READY=11|WATCHDOG_USEC=-1", 0);
			notify("WATCHDOG_USEC=99999999999999999999", 0);
			notify("RELOADING=1", 0);
			notify("", 0);
		}
	}
	printf("flooded\n");
}

/* Answers with the status that stands in a file. */
static void serve(const char *file)
{
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		char bytes[4096], status[32] = "200";
		int one = accept(server, NULL, NULL);
		int fd = open(file, O_RDONLY);
		if (fd >= 0) {
			long count = read(fd, status, sizeof status - 1);
			status[count > 0 ? count : 0] = '\0';
			close(fd);
		}
		read(one, bytes, sizeof bytes);
		if (is(status, "hang"))
			continue;
		if (is(status, "junk"))
			dprintf(one, "SSH-2.0-OpenSSH_9.2 not what you want\r\n");
		else if (is(status, "long")) {
			dprintf(one, "HTTP/1.1 200 OK\r\n\r\n");
			while (write(one, bytes, sizeof bytes) > 0)
				;
		} else
			dprintf(one, "HTTP/1.1 %d Some\r\nContent-Length: 3\r\n\r\nabc",
				atoi(status));
		close(one);
	}
}

static void wait_by(const char *how, int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(0);
	fd_set all;

	if (is(how, "accept"))
		accept(fd, NULL, NULL);
	if (is(how, "poll"))
		poll(&one, 1, -1);
	if (is(how, "epoll")) {
		epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
		pause();
	}
	FD_ZERO(&all);
	FD_SET(fd, &all);
	if (is(how, "select"))
		select(fd + 1, &all, NULL, NULL, NULL);
}

/* Until the file is there. */
static void await(const char *file)
{
	while (access(file, F_OK) != 0)
		usleep(2000);
}

static void hang_with_children(void)
{
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			setsid();
			if (fork() == 0)
				setsid();
			for (;;)
				pause();
		}
	for (;;)
		pause();
}

/* Only after the word `block-term`. */
static void wait_for_term(void)
{
	sigset_t term;
	int signal;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigwait(&term, &signal);
}

static void block_term(void)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
}

static void do_word(const char *word)
{
	const char *value = strchr(word, '=');
	int number = value != NULL ? atoi(++value) : 0;

	if (is(word, "listen="))
		listen_at(number);
	else if (is(word, "child")) {
		if (fork() != 0)
			for (;;)
				pause();
	} else if (is(word, "notify="))
		notify(value, 0);
	else if (is(word, "keep-notifying="))
		for (;;) {
			notify(value, 0);
			usleep(20000);
		}
	else if (is(word, "forge"))
		forge();
	else if (is(word, "flood="))
		flood(number);
	else if (is(word, "line="))
		dprintf(number, "some words before\n");
	else if (is(word, "words="))
		dprintf(number, "no line");
	else if (is(word, "close="))
		close(number);
	else if (is(word, "serve="))
		serve(value);
	else if (is(word, "wait-by-"))
		wait_by(word + 8, number);
	else if (is(word, "block-term"))
		block_term();
	else if (is(word, "await-term"))
		wait_for_term();
	else if (is(word, "await="))
		await(value);
	else if (is(word, "make="))
		close(open(value, O_CREAT | O_WRONLY, 0666));
	else if (is(word, "show"))
		printf("uid %d gid %d fds%s\n", getuid(), getgid(),
		       fcntl(3, F_GETFD) == -1 && fcntl(7, F_GETFD) == -1 ? " none" : " some");
	else if (is(word, "exit="))
		exit(number);
	else if (is(word, "there="))
		exit(access(value, F_OK) == 0 ? 0 : 7);
	else if (is(word, "hang-with-children"))
		hang_with_children();
	else if (is(word, "say="))
		printf("%s\n", value);
	fflush(stdout);
}

int main(int count, char **words)
{
	for (int i = 1; i < count; i++)
		do_word(words[i]);
	for (;;)
		pause();
}
