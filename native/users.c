/*
 * users: a user namespace for the application. It is made once, with the maps of the plan, and
 * entered at each start of the application; the other namespaces stay those of the host's root,
 * so that root in the container has no power over mounts, processes and names of it.
 *
 * A process in a namespace may not write its own map, beyond itself. So a copy of us is born in
 * it, stands still while we write the maps from outside, and is killed: the namespace lives on in
 * a descriptor of ours.
 *
 * Sections: 1 the map  2 the copy  3 the steps
 */
#include "knot.h"

#include <linux/magic.h>

/* The kernel takes a map in one piece, and that must be less than a page. */
#define MAP_BYTES_MAX 4095
#define DIGITS_MAX 20

/* ---- 1. The map ---------------------------------------------------------------------- */

struct map {
	size_t used;
	char text[MAP_BYTES_MAX];
};

static bool put_id(struct map *map, int64_t id, char end)
{
	char digits[DIGITS_MAX];
	size_t count = 0;

	if (id < 0 || id > UINT32_MAX)
		return false;
	do {
		digits[count++] = (char) ('0' + id % 10);
		id /= 10;
	} while (id > 0);
	if (count + 1 > sizeof map->text - map->used)
		return false;
	while (count > 0)
		map->text[map->used++] = digits[--count];
	map->text[map->used++] = end;
	return true;
}

/* `ranges`: inside, outside and count of each. Nothing at all is an empty map. */
static long write_map(long process, const char *name, const int64_t *ranges, int64_t count)
{
	struct map map = { .used = 0 };

	for (int64_t i = 0; i < count; i++, ranges += 3)
		if (!put_id(&map, ranges[0], ' ') || !put_id(&map, ranges[1], ' ') ||
		    !put_id(&map, ranges[2], '\n'))
			return -E2BIG;
	if (map.used == 0)
		return 0;
	long fd = sys_openat((int) process, name, O_WRONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	long written = sys_write((int) fd, map.text, map.used);
	sys_close(fd);
	return written < 0 ? written : 0;
}

/* ---- 2. The copy --------------------------------------------------------------------- */

struct copy {
	/* Its directory in /proc, by the number that it has there. */
	char path[PATH_MAX];
	long error;
};

static int stand_still(void *argument)
{
	static const char self[] = "/proc/self";
	struct copy *copy = argument;
	char *number = copy->path + sizeof "/proc/" - 1;
	size_t room = sizeof copy->path - sizeof "/proc/";

	copy->error = call4(__NR_readlinkat, AT_FDCWD, ADDRESS(self), ADDRESS(number), (long) room);
	if (copy->error >= 0) {
		number[copy->error] = '\0';
		sys_kill((int) call0(__NR_getpid), SIGSTOP);
	}
	sys_exit(0);
}

static long birth(struct copy *copy)
{
	int status = 0;
	long pid = bear(CLONE_NEWUSER, -1, NULL, stand_still, copy);

	if (pid > 0)
		call4(__NR_wait4, pid, ADDRESS(&status), WUNTRACED, 0);
	return pid;
}

/* The administrator's /proc, and nothing that somebody has mounted over it. */
static long open_process(const struct copy *copy)
{
	struct statfs where = { 0 };
	long process = open_base(copy->path);
	long error = process < 0 ? process : call2(__NR_fstatfs, process, ADDRESS(&where));

	if (error == 0 && where.f_type != PROC_SUPER_MAGIC)
		error = -EINVAL;
	if (error == 0)
		return process;
	if (process >= 0)
		sys_close(process);
	return error;
}

/* ---- 3. The steps -------------------------------------------------------------------- */

static long fill(struct container *container, const struct copy *copy, const struct step *step)
{
	int64_t users = step->number[0], groups = step->number[1];
	const int64_t *ranges = step->number + 2;
	long process = open_process(copy);
	if (process < 0)
		return process;

	long error = write_map(process, "uid_map", ranges, users);
	if (error == 0)
		error = write_map(process, "gid_map", ranges + 3 * users, groups);
	if (error == 0)
		error = sys_openat((int) process, "ns/user", O_RDONLY | O_CLOEXEC, 0);
	if (error >= 0)
		container->users = (int) error;
	sys_close(process);
	return error < 0 ? error : 0;
}

long make_users(struct container *container, const struct step *step)
{
	struct copy copy = { .path = "/proc/", .error = -ESRCH };
	long pid = birth(&copy);
	if (pid < 0)
		return pid;

	long error = copy.error < 0 ? copy.error : fill(container, &copy, step);
	if (copy.error >= 0) {
		sys_kill((int) pid, SIGKILL);
		call4(__NR_wait4, pid, 0, 0, 0);
	}
	return error;
}

long enter_users(int users)
{
	return call2(__NR_setns, users, CLONE_NEWUSER);
}
