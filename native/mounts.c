/*
 * mounts: the steps of the knot, of which mounts and cgroups are made here and files in files.c.
 *
 * Every mount is made unattached, restricted while nobody can see it, and then attached to a
 * descriptor that was found below the root of the container. Needs Linux 5.14 or later.
 *
 * Sections: 1 mounts  2 cgroups  3 the table of steps
 */
#include "knot.h"

/* ---- 1. Mounts ----------------------------------------------------------------------- */

/* The bits of MountFlags in plan.ts are the kernel's own. */
_Static_assert(MOUNT_ATTR_RDONLY == 1 && MOUNT_ATTR_NOSUID == 2 && MOUNT_ATTR_NODEV == 4 &&
		       MOUNT_ATTR_NOEXEC == 8 && MOUNT_ATTR_NOATIME == 16,
	       "wire.ts counts these bits");

/* Only adds: what the source forbids stays forbidden. */
static long restrict_tree(long tree, int64_t flags)
{
	struct mount_attr attributes = {
		.attr_set = (uint64_t) flags,
		.attr_clr = flags & MOUNT_ATTR_NOATIME ? MOUNT_ATTR__ATIME : 0,
	};

	if (flags == 0)
		return 0;
	return call5(__NR_mount_setattr, tree, ADDRESS(""), AT_EMPTY_PATH | AT_RECURSIVE,
		     ADDRESS(&attributes), sizeof attributes);
}

static long clone_tree(long base, const char *path, unsigned int how)
{
	return call3(__NR_open_tree, base, ADDRESS(path),
		     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | how);
}

/*
 * The kernel's own file systems go where they are said to go or nowhere: an image whose /proc is
 * a link could have them mounted, or masked, somewhere else.
 */
static uint64_t strictness(const char *target)
{
	static const char *const places[] = { "/dev", "/proc", "/sys" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		size_t at = 0;
		while (places[i][at] != '\0' && places[i][at] == target[at])
			at++;
		if (places[i][at] == '\0' && (target[at] == '\0' || target[at] == '/'))
			return RESOLVE_NO_SYMLINKS;
	}
	return 0;
}

/* Consumes the descriptor of the mount. */
static long attach(const struct container *container, long mount, const char *target)
{
	long place = open_below(container->root, target, O_PATH, 0, strictness(target));
	long error = place;

	if (place >= 0) {
		error = call5(__NR_move_mount, mount, ADDRESS(""), place, ADDRESS(""),
			      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		sys_close(place);
	}
	sys_close(mount);
	return error;
}

static long make_root(struct container *container, const struct step *step)
{
	long error = call5(__NR_mount, 0, ADDRESS("/"), 0, MS_REC | MS_PRIVATE, 0);
	if (error < 0)
		return error;
	long tree = clone_tree(AT_FDCWD, step->text[0], AT_RECURSIVE);
	if (tree < 0)
		return tree;

	error = restrict_tree(tree, step->number[0]);
	if (error == 0)
		error = call5(__NR_move_mount, tree, ADDRESS(""), AT_FDCWD,
			      ADDRESS(step->text[1]), MOVE_MOUNT_F_EMPTY_PATH);
	if (error < 0) {
		sys_close(tree);
		return error;
	}
	container->root = (int) tree;
	return 0;
}

/* A copy of what is mounted at and below `path`, which is found below `base`. */
static long clone_below(const char *base, const char *path)
{
	if (*path == '\0' || same(path, "/"))
		return clone_tree(AT_FDCWD, base, AT_RECURSIVE);

	long root = open_base(base);
	if (root < 0)
		return root;
	long source = open_below(root, path, O_PATH, 0, 0);
	sys_close(root);
	if (source < 0)
		return source;
	long tree = clone_tree(source, "", AT_EMPTY_PATH | AT_RECURSIVE);
	sys_close(source);
	return tree;
}

static long bind_tree(const struct container *container, const struct step *step)
{
	long tree = clone_below(step->text[0], step->text[1]);
	if (tree < 0)
		return tree;
	long error = restrict_tree(tree, step->number[0]);
	if (error < 0) {
		sys_close(tree);
		return error;
	}
	return attach(container, tree, step->text[2]);
}

static long bind_file(const struct container *container, const struct step *step)
{
	bool if_regular = step->number[0] != 0;
	long place = open_below(container->root, step->text[2], O_PATH | O_NOFOLLOW, 0,
				RESOLVE_NO_SYMLINKS);
	if (place < 0 || !is_kind(place, FILE_REGULAR)) {
		if (place >= 0)
			sys_close(place);
		return if_regular ? 0 : place < 0 ? place : -EINVAL;
	}

	long source = open_own_file(step->text[0], step->text[1], O_RDONLY, 0);
	long tree = source < 0 ? source : clone_tree(source, "", AT_EMPTY_PATH);
	long error = tree < 0 ? tree
			      : call5(__NR_move_mount, tree, ADDRESS(""), place, ADDRESS(""),
				      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (tree >= 0)
		sys_close(tree);
	if (source >= 0)
		sys_close(source);
	sys_close(place);
	return error;
}

/* `key=value` or `key`. The plan is ours: the sign is taken out for as long as it is in the way. */
static long configure(long context, const char *option)
{
	char *sign = (char *) (uintptr_t) option;

	while (*sign != '=' && *sign != '\0')
		sign++;
	if (*sign == '\0')
		return call5(__NR_fsconfig, context, FSCONFIG_SET_FLAG, ADDRESS(option), 0, 0);
	*sign = '\0';
	long error = call5(__NR_fsconfig, context, FSCONFIG_SET_STRING, ADDRESS(option),
			   ADDRESS(sign + 1), 0);
	*sign = '=';
	return error;
}

static long mount_new(const struct container *container, const struct step *step)
{
	const char *type = step->text[0], *option = step->text[2];
	long context = call2(__NR_fsopen, ADDRESS(type), FSOPEN_CLOEXEC);
	if (context < 0)
		return context;

	long error = call5(__NR_fsconfig, context, FSCONFIG_SET_STRING, ADDRESS("source"),
			   ADDRESS(type), 0);
	for (uint32_t i = 2; i < step->strings && error == 0; i++) {
		error = configure(context, option);
		option = string_after(option);
	}
	if (error == 0)
		error = call5(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
	if (error == 0)
		error = call3(__NR_fsmount, context, FSMOUNT_CLOEXEC, step->number[0]);
	sys_close(context);
	return error < 0 ? error : attach(container, error, step->text[1]);
}

/* Old and new root lie on each other for a moment; what is let go is the one on top. */
static long pivot(const struct container *container)
{
	long error = call1(__NR_fchdir, container->root);

	if (error == 0)
		error = call2(__NR_pivot_root, ADDRESS("."), ADDRESS("."));
	if (error == 0)
		error = call2(__NR_umount2, ADDRESS("."), MNT_DETACH);
	if (error == 0)
		error = call1(__NR_chdir, ADDRESS("/"));
	return error;
}

/* ---- 2. Cgroups ---------------------------------------------------------------------- */

static long make_cgroup(struct container *container, const struct step *step)
{
	const char *dir = step->text[0];
	bool is_unified = step->number[0] != 0;
	if (container->joins_count == CGROUPS_MAX)
		return -E2BIG;
	long error = call3(__NR_mkdirat, AT_FDCWD, ADDRESS(dir), 0755);
	if (error < 0 && error != -EEXIST)
		return error;

	long directory = open_base(dir);
	if (directory < 0)
		return directory;
	long join = sys_openat((int) directory, is_unified ? "cgroup.procs" : "tasks",
			       O_WRONLY | O_CLOEXEC, 0);
	if (join < 0 || !is_unified || container->unified != -1) {
		sys_close(directory);
	} else {
		container->unified = (int) directory;
		container->unified_join = container->joins_count;
	}
	if (join >= 0)
		container->joins[container->joins_count++] = (int) join;
	return join < 0 ? join : 0;
}

static long set_limit(const struct container *container, const struct step *step)
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

/* ---- 3. The table of steps ----------------------------------------------------------- */

long take_step(struct container *container, const struct step *step)
{
	switch (step->op) {
	case OP_OPEN_LOG:
		return open_log(container, step);
	case OP_MAKE_DIR:
		return make_directory(step);
	case OP_COPY_FILE:
		return copy_file(step);
	case OP_WRITE_FILE:
		return write_file(step);
	case OP_ROOT:
		return make_root(container, step);
	case OP_BIND:
		return bind_tree(container, step);
	case OP_BIND_FILE:
		return bind_file(container, step);
	case OP_MOUNT:
		return mount_new(container, step);
	case OP_CGROUP:
		return make_cgroup(container, step);
	case OP_LIMIT:
		return set_limit(container, step);
	case OP_PIVOT:
		return pivot(container);
	case OP_OPEN_OUTPUT:
		return open_output(container, step);
	case OP_INHERIT_OUTPUT:
		container->shown = INHERITED;
		return 0;
	default:
		return -EINVAL;
	}
}
