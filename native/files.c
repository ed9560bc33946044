/*
 * files: finds, makes and fills directories and files, outside the container and in it.
 *
 * What is inside images and volumes was written by somebody we do not trust, and may change while
 * we look. So nothing in there is named twice: a path is resolved once, below a descriptor that
 * is its root, and what was found is then used through its own descriptor.
 *
 * Sections: 1 finding things  2 directories  3 files  4 logs
 */
#include "knot.h"

#include <linux/magic.h>

/* How often a path is resolved again while somebody renames what is on its way. */
#define RACES_MAX 64

#define MODE_OF_PARENTS 0755
#define MODE_OF_LOGS 0666

#define FILE_CHARACTER 0020000

/* ---- 1. Finding things --------------------------------------------------------------- */

long open_below(long base, const char *path, int flags, unsigned int mode,
		       uint64_t resolve)
{
	struct open_how how = {
		.flags = (unsigned int) (flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd;

	for (int races = 0; races < RACES_MAX; races++) {
		fd = call4(__NR_openat2, base, ADDRESS(*path != '\0' ? path : "."),
			   ADDRESS(&how), sizeof how);
		if (fd != -EAGAIN)
			break;
	}
	return fd;
}

/* The administrator's own path, links and all. */
long open_base(const char *path)
{
	return sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

bool is_kind(long fd, unsigned int kind)
{
	struct statx found;

	return sys_statx((int) fd, &found) == 0 && (found.stx_mode & FILE_KIND) == kind;
}

bool is_null(long fd)
{
	struct statx found;

	return sys_statx((int) fd, &found) == 0 &&
	       (found.stx_mode & FILE_KIND) == FILE_CHARACTER && found.stx_rdev_major == 1 &&
	       found.stx_rdev_minor == 3;
}

/*
 * A file of ours in a directory that is not ours alone. A link or a pipe in its place was put
 * there by somebody else; O_NONBLOCK, because opening a pipe waits for a reader.
 */
long open_own_file(const char *base, const char *path, int flags, unsigned int mode)
{
	long root = open_base(base);
	if (root < 0)
		return root;
	long fd = open_below(root, path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode, 0);
	sys_close(root);
	if (fd < 0 || is_kind(fd, FILE_REGULAR))
		return fd;
	sys_close(fd);
	return -EINVAL;
}

/* ---- 2. Directories ------------------------------------------------------------------ */

/* A missing component is made in the directory that was found for those before it. */
static long open_or_make(long root, long parent, char *path, char *name, bool is_last,
			 bool *is_new)
{
	long fd = open_below(root, path, O_RDONLY | O_DIRECTORY, 0, 0);
	if (fd != -ENOENT)
		return fd;
	/* The last is nobody's until it has its owner and mode. */
	long error = call3(__NR_mkdirat, parent, ADDRESS(name), is_last ? 0700 : MODE_OF_PARENTS);
	if (error < 0 && error != -EEXIST)
		return error;
	*is_new = is_last && error == 0;
	return sys_openat((int) parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

static long make_path(long root, const char *text, bool *is_new)
{
	char path[PATH_MAX];
	size_t length = length_of(text);
	if (length >= sizeof path)
		return -ENAMETOOLONG;
	for (size_t i = 0; i <= length; i++)
		path[i] = text[i];

	long parent = open_below(root, "/", O_PATH | O_DIRECTORY, 0, 0);
	char *at = path;
	while (parent >= 0) {
		while (*at == '/')
			at++;
		if (*at == '\0')
			break;
		char *name = at;
		while (*at != '/' && *at != '\0')
			at++;
		char *rest = at;
		while (*rest == '/')
			rest++;
		char end = *at;
		*at = '\0';
		long next = same(name, "..") ? -EINVAL
					     : open_or_make(root, parent, path, name,
							    *rest == '\0', is_new);
		*at = end;
		sys_close(parent);
		parent = next;
	}
	return parent;
}

long make_below(long root, const char *path)
{
	bool is_new = false;

	return make_path(root, path, &is_new);
}

long make_directory(const struct step *step)
{
	unsigned int mode = (unsigned int) step->number[0] & PERMISSIONS;
	bool always = step->number[3] != 0, is_new = false;
	if (!is_id(step->number[1]) || !is_id(step->number[2]))
		return -EINVAL;
	long root = open_base(step->text[0]);
	if (root < 0)
		return root;

	long fd = open_below(root, step->text[1], O_RDONLY | O_DIRECTORY, 0, 0);
	if (fd == -ENOENT)
		fd = make_path(root, step->text[1], &is_new);
	sys_close(root);
	if (fd < 0)
		return fd;

	long error = 0;
	if (is_new || always)
		error = call3(__NR_fchown, fd, step->number[1], step->number[2]);
	if (error == 0 && (is_new || always))
		error = call2(__NR_fchmod, fd, mode);
	sys_close(fd);
	return error;
}

/* ---- 3. Files ------------------------------------------------------------------------ */

long write_whole(long fd, const char *bytes, size_t count)
{
	while (count > 0) {
		long written = sys_write((int) fd, bytes, count);
		if (written == -EINTR)
			continue;
		if (written <= 0)
			return written == 0 ? -EIO : written;
		bytes += written;
		count -= (size_t) written;
	}
	return 0;
}

static long copy_bytes(long from, long to)
{
	char bytes[4096];

	for (;;) {
		long count = sys_read((int) from, bytes, sizeof bytes);
		if (count == -EINTR)
			continue;
		if (count <= 0)
			return count;
		long error = write_whole(to, bytes, (size_t) count);
		if (error < 0)
			return error;
	}
}

/* Begins the file anew, so that what is written after it is all there is. */
long copy_file(const struct step *step)
{
	struct statx found = { 0 };
	long from = sys_openat(AT_FDCWD, step->text[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (from < 0)
		return from;

	long error = sys_statx((int) from, &found);
	if (error == 0 && (found.stx_mode & FILE_KIND) != FILE_REGULAR)
		error = -EINVAL;
	long to = error < 0 ? error
			    : open_own_file(step->text[1], step->text[2],
					    O_WRONLY | O_CREAT | O_TRUNC, 0600);
	error = to < 0 ? to : copy_bytes(from, to);
	if (error == 0)
		error = call2(__NR_fchmod, to, found.stx_mode & 0777);
	if (to >= 0)
		sys_close(to);
	sys_close(from);
	return error;
}

/* Appends: what an earlier step has copied stays. */
long write_file(const struct step *step)
{
	long fd = open_own_file(step->text[0], step->text[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0)
		return fd;

	long error = write_whole(fd, step->text[2], length_of(step->text[2]));
	if (error == 0)
		error = call2(__NR_fchmod, fd, step->number[0] & PERMISSIONS);
	sys_close(fd);
	return error;
}

/* ---- 4. Logs ------------------------------------------------------------------------- */

static int *log_of(struct container *container, int which)
{
	return which == 0 ? &container->output : &container->log;
}

/* Its name alone leads nowhere once the root is another. Without a home it is never reopened. */
static void remember_home(struct home *home, const char *path)
{
	char directory[PATH_MAX];
	size_t length = length_of(path), slash = length;

	if (home->directory != -1)
		sys_close(home->directory);
	home->directory = -1;
	while (slash > 0 && path[slash - 1] != '/')
		slash--;
	if (slash == 0 || slash >= sizeof directory || length - slash > NAME_MAX_BYTES)
		return;
	for (size_t i = 0; i < slash; i++)
		directory[i] = path[i];
	directory[slash] = '\0';
	for (size_t i = slash; i <= length; i++)
		home->name[i - slash] = path[i];
	long fd = open_base(directory);
	home->directory = fd < 0 ? -1 : (int) fd;
}

long open_log(struct container *container, const struct step *step)
{
	int which = step->number[0] == 0 ? 0 : 1;
	int *place = log_of(container, which);
	long fd = sys_openat(AT_FDCWD, step->text[0],
			     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, MODE_OF_LOGS);
	if (fd < 0)
		return fd;
	if (*place != -1)
		sys_close(*place);
	*place = (int) fd;
	remember_home(&container->homes[which], step->text[0]);
	return 0;
}

static bool is_same_file(long one, long other)
{
	struct statx a, b;

	return sys_statx((int) one, &a) == 0 && sys_statx((int) other, &b) == 0 &&
	       a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major &&
	       a.stx_dev_minor == b.stx_dev_minor;
}

/* A link would be followed below another root than the one it was made for. */
static void reopen(int *log, const struct home *home)
{
	uint64_t how = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	struct open_how look = { .flags = O_PATH | O_CLOEXEC, .resolve = how };
	struct open_how again = {
		.flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.mode = MODE_OF_LOGS,
		.resolve = how,
	};

	if (*log == -1 || home->directory == -1)
		return;
	long fd = call4(__NR_openat2, home->directory, ADDRESS(home->name), ADDRESS(&look),
			sizeof look);
	bool is_same = fd >= 0 && is_same_file(fd, *log);
	if (fd >= 0)
		sys_close((int) fd);
	if (is_same)
		return;
	fd = call4(__NR_openat2, home->directory, ADDRESS(home->name), ADDRESS(&again),
		   sizeof again);
	if (fd < 0)
		return;
	if (is_kind(fd, FILE_REGULAR) && call3(__NR_fcntl, fd, F_SETFL, O_APPEND) == 0)
		call3(__NR_dup3, fd, *log, O_CLOEXEC);
	sys_close((int) fd);
}

void reopen_logs(struct container *container)
{
	for (int which = 0; which < 2; which++)
		reopen(log_of(container, which), &container->homes[which]);
}

/*
 * We open this as root where the image says. So neither links nor anything in /proc and /sys,
 * where the words of an application would be orders to the kernel.
 */
long open_output(struct container *container, const struct step *step)
{
	struct statfs where = { 0 };
	long fd = open_below(container->root, step->text[0],
			     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
			     MODE_OF_LOGS, 0);
	if (fd < 0)
		return fd;

	long error = call2(__NR_fstatfs, fd, ADDRESS(&where));
	if (error == 0 && (where.f_type == PROC_SUPER_MAGIC || where.f_type == SYSFS_MAGIC))
		error = -EACCES;
	/* An application does not expect its output to be non-blocking. */
	if (error == 0)
		error = call3(__NR_fcntl, fd, F_SETFL, O_APPEND);
	if (error < 0) {
		sys_close(fd);
		return error;
	}
	if (container->shown != -1)
		sys_close(container->shown);
	container->shown = (int) fd;
	return 0;
}

void reopen_output(struct container *container, const struct step *fork)
{
	for (struct step step = plan_first(&container->plan); step.index < fork->index;
	     step = plan_next(&step))
		if (step.op == OP_OPEN_OUTPUT)
			open_output(container, &step);
}
