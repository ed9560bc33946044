/*
 * leave: nothing of a command is left behind, however its parties end. What it leaves are a
 * directory of state, whose content belongs to somebody hostile, and empty control groups;
 * everything else ends with the knot.
 *
 *   we end        we clean up, and end the guard
 *   we are killed the kernel kills the knot, and with it the container; the guard cleans up
 *   it is killed  we clean up
 *   both are      the supervisor, or the next lithos_cmd, finds what is left by its name
 *
 * What was made for all commands of a sandbox, or of the host, goes with the last of them. Each
 * holds a shared lock on the directory of all states while it lives; who can make it his own is
 * the last. Where a supervisor runs, these things are its own.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "library.h"
#include "wait.h"

int lithos_remove(const char *parent, const char *name, char *about, int room);

enum { DEPTH_MAX = 8, TRIES = 500, TRY_MS = 10 };

static void sleep_ms(long milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	nanosleep(&time, NULL);
}

/* Groups inside of it, which the container may have made, go first. */
static int remove_group(const char *path, int depth)
{
	char below[4096];
	struct dirent *entry;
	DIR *dir;

	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	dir = depth < DEPTH_MAX ? opendir(path) : NULL;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
		    (int)sizeof(below))
			remove_group(below, depth + 1);
	}
	if (dir != NULL)
		closedir(dir);
	return rmdir(path) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Busy until the kernel has let go of the last of its dead. */
static void remove_groups(const struct order *order)
{
	for (int i = 0; i < order->groups_count; i++) {
		int error = -EBUSY;

		for (int tries = 0; tries < TRIES && error == -EBUSY; tries++) {
			if (tries > 0)
				sleep_ms(TRY_MS);
			error = remove_group(order->groups[i], 0);
		}
		if (error < 0)
			fprintf(stderr, "lithos_cmd: %s is left behind: %s\n", order->groups[i],
				strerror(-error));
	}
}

/* Asked of the kernel's list: trying the lock would take it from whoever starts just then. */
bool is_supervised(const char *pid_file)
{
	char line[256], inode[32];
	struct stat file;
	bool is_held = false;
	FILE *locks;

	if (stat(pid_file, &file) != 0)
		return false;
	locks = fopen("/proc/locks", "re");
	if (locks == NULL)
		return true;
	snprintf(inode, sizeof(inode), ":%llu ", (unsigned long long)file.st_ino);
	while (!is_held && fgets(line, sizeof(line), locks) != NULL)
		is_held = strstr(line, "FLOCK") != NULL && strstr(line, "WRITE") != NULL &&
			  strstr(line, inode) != NULL;
	fclose(locks);
	return is_held;
}

void leave_clean(const struct order *order)
{
	char about[256] = "";
	int error = lithos_remove(order->state_parent, order->state, about, sizeof(about));

	if (error < 0)
		fprintf(stderr, "lithos_cmd: %s/%s is left behind: %s: %s\n", order->state_parent,
			order->state, about, strerror(-error));
	remove_groups(order);
	if (flock(order->lock, LOCK_EX | LOCK_NB) != 0)
		return;
	if (!is_supervised(order->pid_file)) {
		rmdir(order->state_parent);
		/* Not ours alone: where anybody is inside, it stays. */
		for (int i = 0; i < order->slices_count; i++)
			rmdir(order->slices[i]);
	}
	flock(order->lock, LOCK_UN);
}

static void wait_for(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
}

/* Whoever reads what the command prints shall see its end when it ends: nothing else stays open. */
static void close_others(const struct wait *wait)
{
	int kept[] = {wait->self, wait->knot, wait->order.lock, terminal_input()};

	for (int fd = 0; fd < 1024; fd++) {
		bool is_kept = false;

		for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
			is_kept = is_kept || fd == kept[i];
		if (!is_kept)
			close(fd);
	}
	/* Nothing that is opened from here on shall be 0, 1 or 2. */
	for (int fd = 0; fd <= 2; fd++)
		open("/dev/null", O_RDWR);
}

void leave_guard(const struct wait *wait)
{
	struct order order = wait->order;

	/* Neither a key nor the end of a session is meant for us. */
	setsid();
	close_others(wait);
	if (chdir("/") != 0)
		_exit(1);
	wait_for(wait->self);
	wait_for(wait->knot);
	terminal_rescue();
	leave_clean(&order);
	order.control = -1;
	tell_ended(&order, wait);
	_exit(0);
}
