/*
 * cgroups: makes those of the container and sets their limits. The knot itself stays outside, so
 * that a container that is out of memory loses its application and not the one who tells.
 */
#include "knot.h"

static long open_in_cgroup(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];
	size_t length = length_of(dir), more = length_of(name);

	if (length + more >= sizeof path)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < length; i++)
		path[i] = dir[i];
	for (size_t i = 0; i <= more; i++)
		path[length + i] = name[i];
	return sys_openat(AT_FDCWD, path, flags | O_CLOEXEC, 0);
}

/*
 * Mostly it is there, from an earlier start. Version 1 is joined through a file; of version 2,
 * which can be born in, the directory is enough.
 */
long make_cgroup(struct container *container, const struct step *step)
{
	const char *dir = step->text[0];
	bool is_born_in = step->number[0] != 0 && container->unified == -1;
	const char *name = is_born_in ? "" : step->number[0] != 0 ? "/cgroup.procs" : "/tasks";
	int flags = is_born_in ? O_PATH | O_DIRECTORY : O_WRONLY;

	if (container->joins_count == CGROUPS_MAX)
		return -E2BIG;
	long fd = open_in_cgroup(dir, name, flags);
	if (fd == -ENOENT) {
		long error = call3(__NR_mkdirat, AT_FDCWD, ADDRESS(dir), 0755);
		if (error < 0 && error != -EEXIST)
			return error;
		fd = open_in_cgroup(dir, name, flags);
	}
	if (fd < 0)
		return fd;
	if (is_born_in)
		container->unified = (int) fd;
	else
		container->joins[container->joins_count++] = (int) fd;
	return 0;
}

long set_limit(const struct container *container, const struct step *step)
{
	struct line line;
	bool is_optional = step->number[0] != 0;
	long fd = sys_openat(AT_FDCWD, step->text[0], O_WRONLY | O_CLOEXEC, 0);
	long error = fd;

	if (fd == -ENOENT && is_optional)
		return 0;
	if (fd >= 0) {
		error = sys_write((int) fd, step->text[1], length_of(step->text[1]));
		sys_close(fd);
	}
	if (error < 0 && begin_log(container, &line, LEVEL_WARN)) {
		put(&line, "Error setting cgroup limit: writing ");
		put_quoted(&line, step->text[1]);
		put(&line, " to ");
		put_quoted(&line, step->text[0]);
		put_error(&line, error);
		end_log(container, &line);
	}
	return 0;
}

/* ---- Killed for lack of memory ------------------------------------------------------------ */

/* Without a counter nothing is counted; the limit holds all the same. */
long open_kill_counter(struct container *container, const struct step *step)
{
	long fd = sys_openat(AT_FDCWD, step->text[0], O_RDONLY | O_CLOEXEC, 0);

	if (fd >= 0) {
		container->kills = (int) fd;
		container->memory_limit = step->number[0];
	}
	return 0;
}

static bool begins_with(const char *text, const char *start)
{
	while (*start != '\0' && *text == *start)
		text++, start++;
	return *start == '\0';
}

/* Both versions write a line `oom_kill COUNT`. Kept with the group, so it only ever grows. */
int64_t count_kills(const struct container *container)
{
	char text[1024];
	int64_t count = 0;
	long length = container->kills == -1
			      ? 0
			      : call4(__NR_pread64, container->kills, ADDRESS(text),
				      sizeof text - 1, 0);

	text[length < 0 ? 0 : length] = '\0';
	for (const char *line = text; *line != '\0'; line++) {
		if (begins_with(line, "oom_kill "))
			for (line += 9; *line >= '0' && *line <= '9'; line++)
				count = count * 10 + (*line - '0');
		while (*line != '\n' && *line != '\0')
			line++;
		if (*line == '\0')
			break;
	}
	return count;
}
