/*
 * refuse: says what failed, on what, and why; to the log where there is one, and to the status
 * file, where the supervisor finds the number of the step and the errno.
 */
#include "knot.h"

/* What was attempted, and on what: `mounting tmpfs on "/tmp"` */
static void put_step(struct line *line, const struct step *step)
{
	static const char *const words[OPS] = {
		[OP_OPEN_LOG] = "opening log ",
		[OP_USERS] = "making a user namespace",
		[OP_NETWORK] = "making a network namespace",
		[OP_CONNECT] = "connecting ",
		[OP_ADDRESS] = "adding address ",
		[OP_ROUTE] = "adding the default route by ",
		[OP_COMMAND] = "running after-setup-command ",
		[OP_MAKE_DIR] = "making directory ",
		[OP_COPY_FILE] = "copying ",
		[OP_WRITE_FILE] = "writing ",
		[OP_ROOT] = "mounting image ",
		[OP_BIND] = "binding ",
		[OP_BIND_FILE] = "binding ",
		[OP_MOUNT] = "mounting ",
		[OP_MASK] = "masking ",
		[OP_READ_ONLY] = "making read-only ",
		[OP_CGROUP] = "making cgroup ",
		[OP_LIMIT] = "limiting ",
		[OP_COUNT_KILLS] = "opening the counter of kills ",
		[OP_PIVOT] = "changing the root",
		[OP_OPEN_OUTPUT] = "opening output file ",
		[OP_FORK] = "starting a process",
		[OP_JOIN_CGROUPS] = "joining the cgroups",
		[OP_CGROUP_NAMESPACE] = "making a cgroup namespace",
		[OP_SESSION_KEYRING] = "making a session keyring",
		[OP_RESET_LIMITS] = "resetting limits",
		[OP_PASS_SOCKETS] = "passing sockets",
		[OP_LIMIT_FILES] = "limiting open files to ",
		[OP_SET_GROUPS] = "setting supplementary groups",
		[OP_LISTEN] = "opening port ",
		[OP_ENTER_USERS] = "entering the user namespace",
		[OP_SET_GID] = "setting group ",
		[OP_SET_UID] = "setting user ",
		[OP_KEEP_CAPABILITIES] = "dropping capabilities",
		[OP_NO_NEW_PRIVILEGES] = "giving up new privileges",
		[OP_SECCOMP] = "installing the filter of system calls",
		[OP_LANDLOCK] = "making Landlock rules",
		[OP_ENTER_LANDLOCK] = "putting on Landlock rules",
		[OP_CHDIR] = "entering working directory ",
		[OP_EXEC] = "executing ",
		[OP_SECRET_FILES] = "mounting secret files on ",
		[OP_PROBE] = "reading a probe",
		[OP_NOTIFY] = "making the socket of sd_notify in ",
		[OP_READY_FD] = "passing a pipe as descriptor ",
		[OP_PRE_STOP] = "reading pre-stop ",
		[OP_STOP] = "reading the order of signals",
		[OP_TERMINAL] = "making a terminal",
	};

	put(line, words[step->op] != NULL ? words[step->op] : "taking a step");
	switch (step->op) {
	case OP_MAKE_DIR:
	case OP_WRITE_FILE:
		put_quoted_below(line, step->text[0], step->text[1]);
		break;
	case OP_COPY_FILE:
		put_quoted(line, step->text[0]);
		put(line, " to ");
		put_quoted_below(line, step->text[1], step->text[2]);
		break;
	case OP_CONNECT:
	case OP_ROOT:
		put_quoted(line, step->text[0]);
		put(line, step->op == OP_CONNECT ? " to bridge " : " on ");
		put_quoted(line, step->text[1]);
		break;
	case OP_BIND:
	case OP_BIND_FILE:
		put_quoted_below(line, step->text[0], step->text[1]);
		put(line, " to ");
		put_quoted(line, step->text[2]);
		break;
	case OP_MOUNT:
		put(line, step->text[0]);
		put(line, " on ");
		put_quoted(line, step->text[1]);
		break;
	case OP_READY_FD:
	case OP_LIMIT_FILES:
	case OP_SET_GID:
	case OP_SET_UID:
		put_number(line, step->number[0]);
		break;
	case OP_FORK:
	case OP_LANDLOCK:
		break;
	default:
		if (step->strings > 0)
			put_quoted(line, step->text[0]);
	}
}

static void say_refused(int index, long error)
{
	struct line line;

	begin_status(&line, "refused", monotonic());
	put(&line, " ");
	put_number(&line, index);
	put(&line, " ");
	put_number(&line, -error);
	end_status(&line);
}

/* Where the words for an errno lead astray. */
static void put_hint(struct line *line, enum op op, long error)
{
	if (error == -ELOOP)
		put(line, ": a link stands where none may be");
	if (op == OP_CONNECT && error == -ENODEV)
		put(line, ": there is no such bridge");
	if (op == OP_CONNECT && error == -EEXIST)
		put(line, ": another container has this address now");
	if (op == OP_CONNECT && error == -EOPNOTSUPP)
		put(line, ": that interface is no bridge");
	if (op == OP_ROUTE && (error == -ENETUNREACH || error == -EHOSTUNREACH))
		put(line, ": the gateway is not in the network");
	if (op == OP_COMMAND && error == -ETIME)
		put(line, ": it did not end within its time and was killed");
	if (op == OP_USERS && error == -ENOSPC)
		put(line, ": see /proc/sys/user/max_user_namespaces");
}

static void put_refusal(struct line *line, const char *head, const struct container *container,
			const struct step *step, long error)
{
	put(line, head);
	put_quoted(line, container->name);
	put(line, ": ");
	put_step(line, step);
	put_error(line, error);
	put_hint(line, step->op, error);
	put(line, "\n");
}

int refuse(const struct container *container, const struct step *step, long error)
{
	struct line line;
	bool is_logged = begin_log(container, &line, LEVEL_ERROR);

	put_refusal(&line, "Fatal error running ", container, step, error);
	write_line(is_logged ? container->log : 2, &line);
	/* Somebody waits for it. */
	if (is_logged && container->is_command) {
		line.parts = 0;
		line.used = 0;
		put_refusal(&line, "Fatal error: ", container, step, error);
		write_line(2, &line);
	}
	say_refused(step->index, error);
	return EXIT_REFUSED;
}

/* There is no log yet, and no step to name. */
int refuse_plan(long error, const char *what)
{
	struct line line = { .parts = 0 };

	put(&line, "lithos_knot: ");
	put(&line, what);
	put_error(&line, error);
	put(&line, "\n");
	write_line(2, &line);
	say_refused(-1, error);
	return EXIT_REFUSED;
}
