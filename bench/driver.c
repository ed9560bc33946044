/*
 * Starts one container again and again and says what each start cost. The same program, clock and
 * accounting for everything that is compared:
 *
 *     driver COUNT IDLE_MS LOG floor ROOT MOUNT_POINT DEV CGROUP... [FILTER]   what must be done
 *     driver COUNT IDLE_MS LOG knot KNOT PLAN STATUS                  our knot, in new namespaces
 *     driver COUNT IDLE_MS LOG exec PROGRAM ARGUMENT...               any other runtime
 *
 * The application (guest.c) writes the instant of its main to LOG, its standard output. For each
 * start one line on standard output: microseconds from just before the spawn to main, to the end
 * of the container, and of CPU time, the spawning included.
 *
 * The floor is a container without a supervisor in it: mount, pid, uts and ipc namespaces, a
 * read-only root, /dev, /dev/pts, /sys, /proc and /tmp, memory and cpu limited, not root. CGROUP
 * is a directory of a controller; two are given, memory and cpu (cgroup v1). FILTER: see full.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)
#define ARGUMENTS_MAX 128

static char stack[64 * 1024] __attribute__((aligned(16)));
static char *const empty[] = { NULL };
static const char *log_path;

static void die(const char *what, const char *about)
{
	fprintf(stderr, "driver: %s %s: %s\n", what, about, strerror(errno));
	_exit(127);
}

#define MUST(call, about)                \
	do {                             \
		if ((call) < 0)          \
			die(#call, about); \
	} while (0)

/* --------------------------------------------------------------------------
 * 1 the floor
 * -------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, const char *value)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	MUST(fd = open(path, O_WRONLY | O_CLOEXEC), path);
	if (write(fd, value, strlen(value)) < 0)
		die("writing", path);
	close(fd);
}

static void join_cgroup(const char *dir, const char *limit, const char *value)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		die("mkdir", dir);
	write_file(dir, limit, value);
	write_file(dir, "tasks", "0");
}

static void mount_at(const char *root, const char *type, const char *place, unsigned long flags,
		     const char *options)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", root, place);
	MUST(mount(type, path, type, flags, options), path);
}

#include "full.h"

/* words: ROOT MOUNT_POINT DEV MEMORY CPU, and FILTER where everything is on */
static int become_floor(void *argument)
{
	char **words = argument;
	const char *at = words[1], *full = words[5];
	int users = -1;
	unsigned long ro = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID;
	char dev[512];
	int out;

	MUST(out = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644), log_path);
	if (full) {
		read_filter(full);
		users = make_users();
	}
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "/");
	MUST(mount(words[0], at, NULL, MS_BIND | MS_REC, NULL), at);
	MUST(mount("none", at, NULL, ro | MS_NODEV, NULL), at);
	snprintf(dev, sizeof(dev), "%s/dev", at);
	MUST(mount(words[2], dev, NULL, MS_BIND, NULL), dev);
	MUST(mount("none", dev, NULL, ro | MS_NOEXEC, NULL), dev);
	mount_at(at, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance");
	mount_at(at, "sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
	mount_at(at, "proc", "/proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
	if (full)
		hide(at);
	mount_at(at, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "size=1m,mode=1777");
	join_cgroup(words[3], "memory.limit_in_bytes", "67108864");
	join_cgroup(words[4], "cpu.shares", "1024");
	MUST(chdir(at), at);
	MUST(syscall(SYS_pivot_root, ".", "."), at);
	MUST(umount2(".", MNT_DETACH), "old root");
	MUST(chdir("/"), "/");
	MUST(dup2(out, STDOUT_FILENO), "stdout");
	MUST(dup2(out, STDERR_FILENO), "stderr");
	if (full)
		isolate();
	MUST(setgroups(0, NULL), "groups");
	if (full) {
		MUST(setns(users, CLONE_NEWUSER), "user namespace");
		surrender();
	} else {
		MUST(setresgid(1000, 1000, 1000), "gid");
		MUST(setresuid(1000, 1000, 1000), "uid");
	}
	execve("/guest", (char *const[]){ "/guest", NULL }, empty);
	die("exec", "/guest");
	return 127;
}

/* --------------------------------------------------------------------------
 * 2 our knot, 3 anything else
 * -------------------------------------------------------------------------- */

/* words: KNOT PLAN STATUS, as the supervisor would call it */
static int become_knot(void *argument)
{
	char **words = argument;
	char *const argv[] = { "lithos_knot",	  "--name",   "bench/start.0", "--master",
			       "/etc/master.yaml", "--config", "{}",	       NULL };
	int plan, status;

	MUST(plan = open(words[1], O_RDONLY), words[1]);
	MUST(status = open(words[2], O_WRONLY | O_APPEND | O_CREAT | O_TRUNC, 0600), words[2]);
	/* Out of the way of 3 and 4 first. */
	MUST(plan = fcntl(plan, F_DUPFD, 10), "plan");
	MUST(status = fcntl(status, F_DUPFD, 10), "status");
	MUST(dup2(plan, 3), "plan");
	MUST(dup2(status, 4), "status");
	MUST(syscall(SYS_close_range, 5, ~0U, 0), "descriptors");
	execve(words[0], argv, empty);
	die("exec", words[0]);
	return 127;
}

static int become_program(void *argument)
{
	char **words = argument;
	int out;

	MUST(out = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644), log_path);
	MUST(dup2(out, STDOUT_FILENO), "stdout");
	execvp(words[0], words);
	die("exec", words[0]);
	return 127;
}

/* --------------------------------------------------------------------------
 * 4 measuring
 * -------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t cpu_us(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* The instant that the guest wrote last; the log holds nothing else that begins a line so. */
static int64_t main_reached_ns(void)
{
	char text[4096];
	int64_t instant = -1;
	ssize_t length;
	int fd;

	MUST(fd = open(log_path, O_RDONLY | O_CLOEXEC), log_path);
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length < 0 ? 0 : length] = '\0';
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "main ", 5) == 0)
			instant = strtoll(line + 5, NULL, 10);
	return instant;
}

static void measure(int (*become)(void *), char **words, int flags)
{
	int64_t cpu = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN);
	int64_t before = now_ns(), reached, ended;
	int status;
	pid_t pid;

	MUST(pid = clone(become, stack + sizeof(stack), flags | SIGCHLD, words), "process");
	MUST(waitpid(pid, &status, 0), "process");
	ended = now_ns();
	cpu = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN) - cpu;
	reached = main_reached_ns();
	if (reached < before) {
		fprintf(stderr, "driver: main was not reached, wait status %d, see %s\n", status,
			log_path);
		exit(1);
	}
	printf("%.1f %.1f %lld\n", (double)(reached - before) / 1e3, (double)(ended - before) / 1e3,
	       (long long)cpu);
	if (truncate(log_path, 0) < 0)
		die("truncate", log_path);
}

int main(int argc, char **argv)
{
	const struct {
		const char *name;
		int (*become)(void *);
		int flags;
	} kinds[] = {
		{ "floor", become_floor, CLONE_VM | CLONE_VFORK | NAMESPACES },
		{ "knot", become_knot, CLONE_VM | CLONE_VFORK | NAMESPACES },
		{ "exec", become_program, CLONE_VM | CLONE_VFORK },
	};
	char *words[ARGUMENTS_MAX] = { NULL };
	struct timespec idle;

	if (argc < 6 || argc - 5 >= ARGUMENTS_MAX) {
		fputs("driver: COUNT IDLE_MS LOG floor|knot|exec WORD...\n", stderr);
		return 2;
	}
	idle.tv_sec = atol(argv[2]) / 1000;
	idle.tv_nsec = atol(argv[2]) % 1000 * 1000000;
	log_path = argv[3];
	for (int i = 5; i < argc; i++)
		words[i - 5] = argv[i];
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		for (long i = strcmp(argv[4], kinds[kind].name) ? 0 : atol(argv[1]); i > 0; i--) {
			measure(kinds[kind].become, words, kinds[kind].flags);
			nanosleep(&idle, NULL);
		}
	return 0;
}
