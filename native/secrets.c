/*
 * secrets: files that only the application can read, on a file system that is in memory and
 * nowhere else. It is filled before anybody can see it, then sealed, and attached last.
 */
#include "knot.h"

#define MODE_OF_SECRETS 0400
#define MODE_OF_DIRECTORY 0500

static long configure(long fs, unsigned int command, const char *key)
{
	return call5(__NR_fsconfig, fs, command, ADDRESS(key), 0, 0);
}

/* A mount of a new tmpfs that is in no tree yet. */
static long make_tmpfs(void)
{
	long fs = call2(__NR_fsopen, ADDRESS("tmpfs"), FSOPEN_CLOEXEC);
	if (fs < 0)
		return fs;
	/* Since Linux 6.4. Before that, a host with secrets should have its swap encrypted. */
	configure(fs, FSCONFIG_SET_FLAG, "noswap");
	long mount = configure(fs, FSCONFIG_CMD_CREATE, NULL);
	if (mount == 0)
		mount = call3(__NR_fsmount, fs, FSMOUNT_CLOEXEC,
			      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	sys_close(fs);
	return mount;
}

static long write_secret(long mount, const char *name, const char *content,
			 const struct step *step)
{
	long fd = sys_openat((int) mount, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			     MODE_OF_SECRETS);
	if (fd < 0)
		return fd;
	long error = write_whole(fd, content, length_of(content));
	if (error == 0)
		error = call3(__NR_fchown, fd, step->number[0], step->number[1]);
	sys_close(fd);
	return error;
}

static long fill(long mount, const struct step *step)
{
	const char *text = step->text[0];
	long error = 0;

	for (uint32_t i = 1; i < step->strings && error == 0; i += 2) {
		const char *name = string_after(text);
		text = string_after(name);
		error = write_secret(mount, name, text, step);
	}
	if (error == 0)
		error = call3(__NR_fchmodat, mount, ADDRESS("."), MODE_OF_DIRECTORY);
	if (error == 0)
		error = call5(__NR_fchownat, mount, ADDRESS("."), step->number[0],
			      step->number[1], 0);
	return error == 0 ? restrict_tree(mount, MOUNT_ATTR_RDONLY) : error;
}

/* A read-only image has to bring the directory with it. */
static long ensure_place(const struct container *container, const char *target)
{
	long place = open_below(container->root, target, O_PATH | O_DIRECTORY, 0, 0);

	if (place == -ENOENT)
		place = make_below(container->root, target);
	/* That it is missing says more than that nobody can make it. */
	if (place == -EROFS)
		place = -ENOENT;
	if (place >= 0)
		sys_close(place);
	return place < 0 ? place : 0;
}

long mount_secret_files(const struct container *container, const struct step *step)
{
	if (!is_id(step->number[0]) || !is_id(step->number[1]))
		return -EINVAL;
	long error = ensure_place(container, step->text[0]);
	if (error < 0)
		return error;
	long mount = make_tmpfs();
	if (mount < 0)
		return mount;
	error = fill(mount, step);
	if (error < 0) {
		sys_close(mount);
		return error;
	}
	return attach(container, mount, step->text[0]);
}
