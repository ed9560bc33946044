/*
 * rootless: an ordinary user's way into a user namespace in which he is root. It becomes the
 * program that it is given, with the same pid, so that whoever has started it need not know.
 *
 *   lithos_rootless NAMESPACE DEVICES USERS GROUPS PROGRAM WORD...
 *
 *   NAMESPACE  a descriptor of the user namespace to enter, or `new`
 *   DEVICES    a directory; for each empty file in it that has the name of one of the devices
 *              below, that of the host is mounted there. `-`: none
 *   USERS      of a new namespace: INSIDE OUTSIDE COUNT of each further range of users, with
 *   GROUPS     blanks between, for newuidmap and newgidmap. With neither, user 0 and group 0
 *              are all that there is, and nobody can change his groups any more
 *   WORD       those of the program, its name first
 *
 * The mount namespace is a new one each time. What is mounted in it stays in it; what the host
 * mounts and unmounts comes in, so that no file system of the host is kept busy.
 *
 * Sections: 1 failing  2 the maps  3 the namespaces  4 devices
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAP_WORDS_MAX = 256, PATH_BYTES = 4096, FAILED = 1, MISSING = 127 };

/* ---- 1. Failing ---------------------------------------------------------------------- */

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("Fatal error: ", stderr);
	vfprintf(stderr, format, arguments);
	fputs("\n", stderr);
	va_end(arguments);
	exit(FAILED);
}

/* -1: there is no such setting. */
static long setting(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t count = read(fd, text, sizeof(text) - 1);
	close(fd);
	return count > 0 ? strtol(text, NULL, 10) : -1;
}

/* What administrators forbid it by. Read only after a refusal: some of them have exceptions. */
static const struct ban {
	const char *path;
	long value;
	const char *sysctl;
} bans[] = {
	{"/proc/sys/kernel/unprivileged_userns_clone", 0, "kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", 0, "user.max_user_namespaces=10000"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
	 "kernel.apparmor_restrict_unprivileged_userns=0"},
};

__attribute__((noreturn)) static void die_refused(const char *what)
{
	int error = errno;

	for (size_t i = 0; i < sizeof(bans) / sizeof(bans[0]); i++)
		if (setting(bans[i].path) == bans[i].value)
			die("%s: %s. This kernel forbids user namespaces to ordinary users; as "
			    "root: sysctl %s",
			    what, strerror(error), bans[i].sysctl);
	die("%s: %s. Inside of a container, its runtime has to allow that", what,
	    strerror(error));
}

/* ---- 2. The maps --------------------------------------------------------------------- */

static void write_own(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die_refused(path);
	close(fd);
}

static void map_alone(uid_t user, gid_t group)
{
	char line[64];

	/* Else he could leave a group that is there to keep him out of something. */
	write_own("/proc/self/setgroups", "deny");
	snprintf(line, sizeof(line), "0 %u 1\n", user);
	write_own("/proc/self/uid_map", line);
	snprintf(line, sizeof(line), "0 %u 1\n", group);
	write_own("/proc/self/gid_map", line);
}

/* A child that waits until we are in the new namespace, then maps us from outside of it. */
struct helper {
	const char *program;
	pid_t pid;
	int start;
};

__attribute__((noreturn)) static void become_helper(const char *program, int waits,
						    unsigned int own, char *ranges)
{
	char target[16], id[16], go;
	char *words[MAP_WORDS_MAX + 8] = {(char *)(uintptr_t)program, target, "0", id, "1"};
	size_t count = 5;
	char *rest = NULL;

	snprintf(target, sizeof(target), "%d", (int)getppid());
	snprintf(id, sizeof(id), "%u", own);
	for (char *word = strtok_r(ranges, " ", &rest); word != NULL && count < MAP_WORDS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	/* Nothing to read: who waits for us has died. */
	if (read(waits, &go, 1) != 1)
		_exit(FAILED);
	execvp(program, words);
	_exit(MISSING);
}

static struct helper make_helper(const char *program, unsigned int own, char *ranges)
{
	struct helper helper = {.program = program};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("making a pipe: %s", strerror(errno));
	helper.pid = fork();
	if (helper.pid < 0)
		die("starting %s: %s", program, strerror(errno));
	if (helper.pid == 0) {
		close(ends[1]);
		become_helper(program, ends[0], own, ranges);
	}
	close(ends[0]);
	helper.start = ends[1];
	return helper;
}

static void run_helper(const struct helper *helper)
{
	int status = 0;

	if (write(helper->start, "", 1) != 1)
		die("starting %s: %s", helper->program, strerror(errno));
	close(helper->start);
	while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == MISSING)
		die("there is no %s, which maps the further users that /etc/subuid and "
		    "/etc/subgid give you: install the package uidmap",
		    helper->program);
	if (status != 0)
		die("%s refuses the ranges of /etc/subuid and /etc/subgid", helper->program);
}

/* ---- 3. The namespaces --------------------------------------------------------------- */

static void make_users(char *users, char *groups)
{
	uid_t user = geteuid();
	gid_t group = getegid();

	if (*users == '\0' || *groups == '\0') {
		if (unshare(CLONE_NEWUSER) < 0)
			die_refused("making a user namespace");
		map_alone(user, group);
		return;
	}
	struct helper helpers[] = {
		make_helper("newuidmap", user, users),
		make_helper("newgidmap", group, groups),
	};
	if (unshare(CLONE_NEWUSER) < 0)
		die_refused("making a user namespace");
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		run_helper(&helpers[i]);
}

static void enter_users(const char *text)
{
	int fd = atoi(text);

	if (setns(fd, CLONE_NEWUSER) < 0)
		die("entering the user namespace of what runs: %s", strerror(errno));
	close(fd);
}

static void make_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		die_refused("making a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		die_refused("keeping mounts from the host");
}

/* ---- 4. Devices ---------------------------------------------------------------------- */

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

static void mount_devices(const char *directory)
{
	char from[PATH_BYTES], to[PATH_BYTES];
	struct stat found;

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		snprintf(from, sizeof(from), "/dev/%s", devices[i]);
		if (snprintf(to, sizeof(to), "%s/%s", directory, devices[i]) >= (int)sizeof(to))
			return;
		if (lstat(to, &found) < 0 || !S_ISREG(found.st_mode) || found.st_size != 0)
			continue;
		if (mount(from, to, NULL, MS_BIND, NULL) < 0)
			die("mounting %s on %s: %s", from, to, strerror(errno));
	}
}

int main(int count, char **words)
{
	if (count < 7) {
		fputs("lithos_rootless is started by lithos_tree --rootless\n", stderr);
		return 2;
	}
	if (strcmp(words[1], "new") == 0)
		make_users(words[3], words[4]);
	else
		enter_users(words[1]);
	make_mounts();
	if (strcmp(words[2], "-") != 0)
		mount_devices(words[2]);
	execv(words[5], words + 6);
	die("executing %s: %s", words[5], strerror(errno));
}
