/*
 * mounts: the steps of the knot, of which mounts are made here, files in files.c, cgroups in
 * cgroups.c, namespaces in users.c and network.c.
 *
 * What is bound is cloned unattached, restricted while nobody can see it, and then attached to a
 * descriptor that was found below the root of the container. Needs Linux 5.14 or later.
 *
 * Sections: 1 mounts  2 the table of steps
 */
#include "knot.h"

/* ---- 1. Mounts ----------------------------------------------------------------------- */

/* The bits of MountFlags in plan.ts are the kernel's own. */
_Static_assert(MOUNT_ATTR_RDONLY == 1 && MOUNT_ATTR_NOSUID == 2 && MOUNT_ATTR_NODEV == 4 &&
		       MOUNT_ATTR_NOEXEC == 8 && MOUNT_ATTR_NOATIME == 16,
	       "wire.ts counts these bits");

long restrict_tree(long tree, int64_t flags)
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

long clone_tree(long base, const char *path, unsigned int how)
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

long attach(const struct container *container, long mount, const char *target)
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

/* Only words are in these; who writes to one as root of the host could make it a program. */
#define OF_FILES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

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
	long error = tree < 0 ? tree : restrict_tree(tree, OF_FILES);
	if (error >= 0)
		error = call5(__NR_move_mount, tree, ADDRESS(""), place, ADDRESS(""),
			      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (tree >= 0)
		sys_close(tree);
	if (source >= 0)
		sys_close(source);
	sys_close(place);
	return error;
}

_Static_assert(MS_RDONLY == MOUNT_ATTR_RDONLY && MS_NOSUID == MOUNT_ATTR_NOSUID &&
		       MS_NODEV == MOUNT_ATTR_NODEV && MS_NOEXEC == MOUNT_ATTR_NOEXEC,
	       "only noatime has another bit in mount(2)");

/* `key=value,key`, as mount(2) wants them. */
static bool join_options(const struct step *step, char *place, size_t room)
{
	const char *option = step->text[2];

	for (uint32_t i = 2; i < step->strings; i++, option = string_after(option)) {
		size_t length = length_of(option);
		if (length + 2 > room)
			return false;
		room -= length + 1;
		if (i > 2)
			*place++ = ',';
		for (size_t j = 0; j < length; j++)
			*place++ = option[j];
	}
	*place = '\0';
	return true;
}

/* Nothing has been mounted over it yet: through this, what stands in /proc can be believed. */
static long keep_proc(struct container *container, const struct step *step)
{
	long proc = open_below(container->root, step->text[1], O_PATH | O_DIRECTORY, 0,
			       RESOLVE_NO_SYMLINKS);

	if (proc < 0)
		return proc;
	if (container->proc != -1)
		sys_close(container->proc);
	container->proc = (int) proc;
	return 0;
}

/*
 * By mount(2), onto the directory that we stand in: a third of the time of fsopen and its
 * company, and as safe, for the place has been found before and has no name any more.
 */
static long mount_new(struct container *container, const struct step *step)
{
	char options[PATH_MAX];
	int64_t flags = step->number[0];

	if (!join_options(step, options, sizeof options))
		return -E2BIG;
	long place = open_below(container->root, step->text[1], O_PATH | O_DIRECTORY, 0,
				strictness(step->text[1]));
	if (place < 0)
		return place;
	long error = call1(__NR_fchdir, place);
	sys_close(place);
	if (error < 0)
		return error;
	if (flags & MOUNT_ATTR_NOATIME)
		flags = (flags & ~MOUNT_ATTR_NOATIME) | MS_NOATIME;
	error = call5(__NR_mount, ADDRESS(step->text[0]), ADDRESS("."), ADDRESS(step->text[0]),
		      flags, ADDRESS(options));
	return error == 0 && same(step->text[0], "proc") ? keep_proc(container, step) : error;
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

/* ---- 2. The table of steps ----------------------------------------------------------- */

long take_step(struct container *container, const struct step *step)
{
	switch (step->op) {
	case OP_OPEN_LOG:
		return open_log(container, step);
	case OP_USERS:
		return make_users(container, step);
	case OP_NETWORK:
		return make_network(container);
	case OP_CONNECT:
		return connect_network(container, step);
	case OP_ADDRESS:
		return add_address(container, step);
	case OP_ROUTE:
		return add_default_route(container, step);
	case OP_COMMAND:
		return run_command(container, step);
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
	case OP_MASK:
		return mask(container, step);
	case OP_READ_ONLY:
		return make_read_only(container, step);
	case OP_SECRET_FILES:
		return mount_secret_files(container, step);
	case OP_CGROUP:
		return make_cgroup(container, step);
	case OP_LIMIT:
		return set_limit(container, step);
	case OP_COUNT_KILLS:
		return open_kill_counter(container, step);
	case OP_TERMINAL:
		return make_terminal(container, step);
	case OP_PIVOT:
		return pivot(container);
	case OP_OPEN_OUTPUT:
		return open_output(container, step);
	case OP_LANDLOCK:
		return make_rules(container, step);
	case OP_INHERIT_OUTPUT:
		container->shown = INHERITED;
		return 0;
	case OP_NOTIFY:
		return open_notify(container, step);
	case OP_PROBE:
	case OP_PRE_STOP:
		watch_learn(&container->watch, step);
		return 0;
	case OP_STOP:
		container->stop_steps = step->numbers / 2;
		for (uint32_t i = 0; i < step->numbers; i++)
			container->stop[i] = step->number[i];
		return 0;
	default:
		return -EINVAL;
	}
}
