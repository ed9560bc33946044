/*
 * guest: an application for containers under test. Its words are done one after the other; each
 * prints a line, so that what a container looks like from inside is read in its output log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "net.h"

extern char **environ;

static void show_ids(void)
{
	uid_t users[3];
	gid_t groups[3], others[64];

	getresuid(&users[0], &users[1], &users[2]);
	getresgid(&groups[0], &groups[1], &groups[2]);
	printf("users %u %u %u groups %u %u %u others", users[0], users[1], users[2], groups[0],
	       groups[1], groups[2]);
	int count = getgroups(64, others);
	for (int i = 0; i < count; i++)
		printf(" %u", others[i]);
	printf("\n");
}

static void show_descriptors(void)
{
	printf("descriptors");
	for (int fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			printf(" %d", fd);
	printf("\n");
}

static void show_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];
	unsigned long bounding = 0, ambient = 0;

	syscall(SYS_capget, &header, sets);
	for (unsigned long i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			bounding |= 1ul << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ambient |= 1ul << i;
	}
	printf("capabilities permitted %llx effective %llx inheritable %llx bounding %lx "
	       "ambient %lx securebits %x nonew %d\n",
	       (unsigned long long) sets[1].permitted << 32 | sets[0].permitted,
	       (unsigned long long) sets[1].effective << 32 | sets[0].effective,
	       (unsigned long long) sets[1].inheritable << 32 | sets[0].inheritable, bounding,
	       ambient, (unsigned) prctl(PR_GET_SECUREBITS),
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static void show_signals(void)
{
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	printf("signals blocked or not default:");
	for (int i = 1; i < 65; i++) {
		struct sigaction action;
		if (sigismember(&blocked, i) == 1 ||
		    (sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL))
			printf(" %d", i);
	}
	printf("\n");
}

static void show_file(const char *path)
{
	char bytes[65536];
	int fd = open(path, O_RDONLY);
	ssize_t count = fd == -1 ? -1 : read(fd, bytes, sizeof bytes - 1);

	if (count < 0) {
		printf("cat %s: %s\n", path, strerror(errno));
		return;
	}
	bytes[count] = '\0';
	printf("%s", bytes);
	close(fd);
}

static void show_mode(const char *path)
{
	struct stat found;

	if (lstat(path, &found) == -1)
		printf("mode %s: %s\n", path, strerror(errno));
	else
		printf("mode %s %o %u:%u\n", path, found.st_mode, found.st_uid, found.st_gid);
}

static void show_limit(void)
{
	struct rlimit limit = { 0, 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	printf("files %lu %lu\n", limit.rlim_cur, limit.rlim_max);
}

static void try_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	printf("write %s: %s\n", path, fd == -1 ? strerror(errno) : "done");
	if (fd != -1)
		close(fd);
}

/* Both ends of a new terminal. */
static void open_terminal(const char *path)
{
	int master = open(path, O_RDWR | O_NOCTTY), zero = 0;
	int slave = -1;

	if (master != -1 && ioctl(master, TIOCSPTLCK, &zero) == 0)
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	printf("pty %s\n", slave != -1 ? "done" : strerror(errno));
}

/* Children of a child that has gone: they belong to the first process of the namespace. */
static void leave_orphans(int count, int die)
{
	for (int i = 0; i < count; i++) {
		if (fork() != 0)
			continue;
		if (fork() != 0)
			_exit(0);
		signal(SIGTERM, SIG_IGN);
		while (!die)
			pause();
		_exit(7);
	}
}

static void on_term(int signal)
{
	(void) signal;
	(void) !write(1, "got SIGTERM\n", 12);
}

static void on_term_exit(int signal)
{
	(void) signal;
	_exit(5);
}

static void obey(const char *word, const char *value)
{
	char text[4096];
	mode_t mask;

	if (!strcmp(word, "ids"))
		show_ids();
	else if (!strcmp(word, "fds"))
		show_descriptors();
	else if (!strcmp(word, "caps"))
		show_capabilities();
	else if (!strcmp(word, "signals"))
		show_signals();
	else if (!strcmp(word, "env"))
		for (char **at = environ; *at != NULL; at++)
			printf("env %s\n", *at);
	else if (!strcmp(word, "cwd"))
		printf("cwd %s\n", getcwd(text, sizeof text));
	else if (!strcmp(word, "umask"))
		printf("umask %04o\n", mask = umask(0022));
	else if (!strcmp(word, "session"))
		printf("pid %d session %d\n", getpid(), getsid(0));
	else if (!strcmp(word, "limit"))
		show_limit();
	else if (!strcmp(word, "mode"))
		show_mode(value);
	else if (!strcmp(word, "cat"))
		show_file(value);
	else if (!strcmp(word, "write"))
		try_writing(value);
	else if (!strcmp(word, "net"))
		show_network();
	else if (!strcmp(word, "serve"))
		serve(value, strrchr(value, '=') + 1);
	else if (!strcmp(word, "serve-at"))
		fork() == 0 ? serve_at(value, strrchr(value, '=') + 1) : (void)0;
	else if (!strcmp(word, "bind"))
		try_binding(value);
	else if (!strcmp(word, "call"))
		call_up(value);
	else if (!strcmp(word, "chown"))
		printf("chown %s: %s\n", value, chown(value, 9, 9) == 0 ? "done" : strerror(errno));
	else if (!strcmp(word, "pty"))
		open_terminal(value);
	else if (!strcmp(word, "regroup"))
		printf("regroup %s\n",
		       setgroups(1, (gid_t[]){ 4 }) == 0 ? "done" : strerror(errno));
	else if (!strcmp(word, "become"))
		printf("become %s\n",
		       setgid((gid_t)atoi(value)) == 0 && setuid((uid_t)atoi(value)) == 0
			       ? "done"
			       : strerror(errno));
	else if (!strcmp(word, "signal"))
		printf("signal %s: %s\n", value,
		       kill(atoi(value), SIGTERM) == 0 ? "done" : strerror(errno));
	else if (!strcmp(word, "say"))
		printf("%s\n", value);
	else if (!strcmp(word, "orphans"))
		leave_orphans(atoi(value), 0);
	else if (!strcmp(word, "dying-orphans"))
		leave_orphans(atoi(value), 1);
	else if (!strcmp(word, "hear-term"))
		signal(SIGTERM, on_term);
	else if (!strcmp(word, "exit-on-term"))
		signal(SIGTERM, on_term_exit);
	else if (!strcmp(word, "first-time-exit"))
		access(value, F_OK) != 0 ? (void) close(creat(value, 0600)), exit(9) : (void) 0;
	else if (!strcmp(word, "exit"))
		exit(atoi(value));
	else if (!strcmp(word, "kill"))
		kill(getpid(), atoi(value));
	else if (!strcmp(word, "sleep"))
		for (;;)
			pause();
	else
		exit(99);
}

/* A word is `name` or `name=value`. */
int main(int count, char **words)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < count; i++) {
		char *value = strchr(words[i], '=');
		if (value != NULL)
			*value++ = '\0';
		obey(words[i], value);
	}
	return 0;
}
