/*
 * masks: hides or freezes parts of the kernel's own file systems, which show more of the host
 * than a container needs and take orders from whoever is root.
 *
 * Every place is found once, without links, and must lie in /proc or /sys themselves: what an
 * image or a volume has put on the way is refused. What is not there needs no mask.
 */
#include "knot.h"

#include <linux/magic.h>

#define FILE_DIRECTORY 0040000

#define INERT (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

/* Once it is attached, the first mask of a kind is the one that the others are copied from. */
struct masks {
	long file;
	long directory;
};

static long find_place(const struct container *container, const char *path)
{
	struct statfs where = { 0 };
	long place = open_below(container->root, path, O_PATH | O_NOFOLLOW, 0,
				RESOLVE_NO_SYMLINKS);
	if (place < 0)
		return place;

	long error = call2(__NR_fstatfs, place, ADDRESS(&where));
	if (error == 0 && where.f_type != PROC_SUPER_MAGIC && where.f_type != SYSFS_MAGIC)
		error = -EINVAL;
	if (error == 0)
		return place;
	sys_close(place);
	return error;
}

static long attach_at(long tree, long place)
{
	return call5(__NR_move_mount, tree, ADDRESS(""), place, ADDRESS(""),
		     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* Whatever stands at this name on the host is looked at before it is used. */
static long clone_null(void)
{
	long null = sys_openat(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (null < 0)
		return null;

	long error = is_null(null) ? 0 : -ENODEV;
	long tree = error < 0 ? error : clone_tree(null, "", AT_EMPTY_PATH);
	sys_close(null);
	error = tree < 0 ? tree : restrict_tree(tree, INERT);
	if (error == 0)
		return tree;
	if (tree >= 0)
		sys_close(tree);
	return error;
}

/* mount(2) is a third of the time of fsopen and its company, see mounts.c. */
static long mount_empty(const struct container *container, const char *path, long place)
{
	long error = call1(__NR_fchdir, place);

	if (error == 0)
		error = call5(__NR_mount, ADDRESS("tmpfs"), ADDRESS("."), ADDRESS("tmpfs"),
			      MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      ADDRESS("nr_inodes=1,mode=555"));
	return error < 0 ? error
			 : open_below(container->root, path, O_PATH | O_DIRECTORY, 0,
				      RESOLVE_NO_SYMLINKS);
}

static long cover(long first, long place)
{
	long tree = clone_tree(first, "", AT_EMPTY_PATH);
	long error = tree < 0 ? tree : attach_at(tree, place);

	if (tree >= 0)
		sys_close(tree);
	return error;
}

static long mask_place(const struct container *container, const char *path, long place,
		       struct masks *masks)
{
	bool is_directory = is_kind(place, FILE_DIRECTORY);
	long *first = is_directory ? &masks->directory : &masks->file;

	if (*first >= 0)
		return cover(*first, place);
	if (is_directory) {
		*first = mount_empty(container, path, place);
		return *first < 0 ? *first : 0;
	}
	*first = clone_null();
	return *first < 0 ? *first : attach_at(*first, place);
}

static long freeze(long place)
{
	long tree = clone_tree(place, "", AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return tree;
	long error = restrict_tree(tree, MOUNT_ATTR_RDONLY);
	if (error == 0)
		error = attach_at(tree, place);
	sys_close(tree);
	return error;
}

/* `masks`: NULL where the places may be seen. */
static long visit(const struct container *container, const struct step *step, struct masks *masks)
{
	const char *path = step->text[0];
	long error = 0;

	for (uint32_t i = 0; i < step->strings && error == 0; i++, path = string_after(path)) {
		long place = find_place(container, path);
		if (place == -ENOENT)
			continue;
		if (place < 0)
			return place;
		error = masks == NULL ? freeze(place) : mask_place(container, path, place, masks);
		sys_close(place);
	}
	return error;
}

long mask(const struct container *container, const struct step *step)
{
	struct masks masks = { .file = -1, .directory = -1 };
	long error = visit(container, step, &masks);

	if (masks.file >= 0)
		sys_close(masks.file);
	if (masks.directory >= 0)
		sys_close(masks.directory);
	return error;
}

long make_read_only(const struct container *container, const struct step *step)
{
	return visit(container, step, NULL);
}
