/*
 * landlock: a second wall around the application. Should a mount, a descriptor or a namespace let
 * something of the host through, the kernel still looks where a file lies: below the root of the
 * container it may be read and executed, in the places of the plan it may be changed, elsewhere it
 * cannot be opened. Sockets without a file do not leave the container either; signals cannot
 * anyway, and those of a command before the stop have to reach the application.
 *
 * The rules are made once, by the knot, who sees every place; the application puts them on. A
 * kernel older than 5.19 cannot say that files may be renamed from one directory to another, so
 * there nothing is forbidden.
 */
#include "knot.h"

#include <linux/landlock.h>

/* Of kernels that are newer than the headers we may be built with. */
#define RIGHT(n) (1ull << (n))
#define MAY_EXECUTE RIGHT(0)
#define MAY_WRITE_FILE RIGHT(1)
#define MAY_READ_FILE RIGHT(2)
#define MAY_READ_DIR RIGHT(3)
#define MAY_TRUNCATE RIGHT(14)
#define MAY_CONTROL_DEVICES RIGHT(15)
#define SCOPE_ABSTRACT_SOCKETS RIGHT(0)

#define OF_FILES (MAY_EXECUTE | MAY_WRITE_FILE | MAY_READ_FILE | MAY_TRUNCATE | MAY_CONTROL_DEVICES)
#define TO_LOOK (MAY_EXECUTE | MAY_READ_FILE | MAY_READ_DIR)

struct attributes {
	uint64_t files;
	uint64_t network;
	uint64_t scope;
};

/* How many rights each version knows, from the second on; later ones know no more of files. */
static uint64_t rights_of(long version)
{
	return (version >= 5 ? RIGHT(16) : version >= 3 ? RIGHT(15) : RIGHT(14)) - 1;
}

static long add_rule(int rules, long place, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights,
		.parent_fd = (int) place,
	};

	return call4(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, ADDRESS(&rule), 0);
}

/* A file has fewer rights than a directory, and what is not there needs none. */
static long allow(const struct container *container, const char *path, uint64_t rights)
{
	long place = open_below(container->root, path, O_PATH, 0, 0);
	if (place < 0)
		return place == -ENOENT ? 0 : place;
	long error = add_rule(container->rules, place, rights);
	if (error == -EINVAL)
		error = add_rule(container->rules, place, rights & OF_FILES);
	sys_close(place);
	return error;
}

static void say_without(const struct container *container)
{
	struct line line;

	if (!begin_log(container, &line, LEVEL_INFO))
		return;
	put(&line, "This kernel has no Landlock, or one that is too old: started without");
	end_log(container, &line);
}

long make_rules(struct container *container, const struct step *step)
{
	long version = call3(__NR_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const char *path = step->text[0];
	struct attributes attributes = {
		.files = rights_of(version),
		.scope = version >= 6 ? SCOPE_ABSTRACT_SOCKETS : 0,
	};

	if (version < 2) {
		say_without(container);
		return 0;
	}
	long rules = call3(__NR_landlock_create_ruleset, ADDRESS(&attributes),
			   sizeof attributes, 0);
	if (rules < 0)
		return rules;
	container->rules = (int) rules;
	container->rights = attributes.files;
	long error = allow(container, "/", TO_LOOK);
	for (uint32_t i = 0; i < step->strings && error == 0; i++, path = string_after(path))
		error = allow(container, path, attributes.files);
	return error;
}

/*
 * Files of the host that the application is given to read from and print to, which some open
 * again by the name of /dev/stdout: for no more than they were given. A pipe or a socket needs no
 * rule and can have none.
 */
static uint64_t rights_of_descriptor(int fd)
{
	long flags = call3(__NR_fcntl, fd, F_GETFL, 0);
	uint64_t rights = MAY_CONTROL_DEVICES;

	if (flags < 0)
		return 0;
	if ((flags & O_ACCMODE) != O_WRONLY)
		rights |= MAY_READ_FILE;
	if ((flags & O_ACCMODE) != O_RDONLY)
		rights |= MAY_WRITE_FILE | MAY_TRUNCATE;
	return rights;
}

long put_rules_on(const struct container *container, int rules)
{
	if (rules == -1)
		return 0;
	for (int fd = 0; fd <= 2; fd++)
		add_rule(rules, fd, container->rights & rights_of_descriptor(fd));
	return call2(__NR_landlock_restrict_self, rules, 0);
}
