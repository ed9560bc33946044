/*
 * knot: what its parts share. See knot.c for what it is and does.
 */
#ifndef KNOT_H
#define KNOT_H

#define KNOT_VERSION "0.18.4"

#include "clock.h"
#include "plan.h"
#include "watch.h"

/* Set by who starts the knot. */
#define PLAN_FD 3
#define STATUS_FD 4
#define FIRST_SOCKET_FD 5

/* The signals that we take, as the kernel counts them. */
#define BIT(signal) (1ull << ((signal) - 1))
#define STOP_SIGNALS (BIT(SIGTERM) | BIT(SIGINT))
/*
 * The order to open the logs anew. Everybody else ignores it unasked; and it is taken after those
 * that matter, should somebody in the container send it without end.
 */
#define REOPEN_SIGNAL SIGURG
/* The order to run the command before a stop. Ignored unasked, too. */
#define PRE_STOP_SIGNAL SIGWINCH

#define TAKEN_SIGNALS (STOP_SIGNALS | BIT(SIGCHLD) | BIT(REOPEN_SIGNAL) | BIT(PRE_STOP_SIGNAL))

#define CGROUPS_MAX 32

/* For `shown`: where the knot itself prints. */
#define INHERITED -2

struct container {
	struct plan plan;
	/* Kept apart from the plan, which is let go once the application runs for good. */
	char name[NAME_MAX_BYTES + 1];
	enum level log_level;
	int64_t kill_timeout_ms;
	int64_t restart_timeout_ms;
	bool restart_process_only;
	bool is_daemon;
	/* Of lithos_cmd, which reads the status from a socket. */
	bool is_command;
	bool has_normal_codes;
	uint32_t normal_codes[8];
	/* Pairs of a signal and milliseconds. None: SIGTERM, and the time to kill. */
	uint32_t stop_steps;
	int64_t stop[2 * STOP_STEPS_MAX];

	/* Descriptors, -1 while closed. The application prints to `shown`, or to `output`. */
	int log;
	int output;
	int shown;
	/* Where the first two were opened, so that they can be opened anew: output, log. */
	struct home {
		int directory;
		char name[NAME_MAX_BYTES + 1];
	} homes[2];
	int root;
	/* What the application writes "0" to, and the directory of a cgroup v2 to be born in. */
	int proc;
	int joins[CGROUPS_MAX];
	int joins_count;
	int unified;
	/* Where kills for lack of memory are counted, and the limit in bytes, -1 for none. */
	int kills;
	int64_t memory_limit;
	/* The user namespace of the application. */
	int users;
	/* What it may open, and all rights that this kernel knows. */
	int rules;
	uint64_t rights;
	/* Netlink, in the network of the host and in ours; only while the container is made. */
	int outside;
	int inside;
	/* The numbers of the two ends of the cable, 0 where there is none. */
	int outer;
	int inner;
	/* Of a command that somebody types to; -1: there is none. */
	int terminal;

	/* As the knot itself was given them. */
	char **environment;
	char **words;

	struct watch watch;
};

/* A step whose program failed says so with this and its wait status, others with errno. */
#define ERROR_OF_STATUS 65536

/* ---- say.c: logs, markers and the status file -------------------------------------------- */

#define PARTS_MAX 40
#define LINE_TEXT_MAX 2304
/* Of that, what long paths may not take from the numbers that follow them. */
#define LINE_TEXT_RESERVE 256

/* One line, collected from pieces and written with one call, so that it cannot be torn. */
struct line {
	int parts;
	size_t used;
	struct iovec part[PARTS_MAX];
	char text[LINE_TEXT_MAX];
};

void put(struct line *line, const char *text);
void put_number(struct line *line, int64_t number);
/* In double quotes, without control characters: a name in a log may not look like a line. */
void put_quoted(struct line *line, const char *text);
void put_quoted_below(struct line *line, const char *base, const char *path);
void put_milliseconds(struct line *line, int64_t nanoseconds);
/* Seconds, with a fraction only where there is one. */
void put_seconds(struct line *line, int64_t milliseconds);
/* `: No such file or directory (os error 2)`, `: exited with code 1` */
void put_error(struct line *line, long error);
void put_wait_status(struct line *line, int status);
void write_line(int fd, struct line *line);

/* Begin and end a line of the sandbox log. `begin_log` says whether anybody wants to read it. */
bool begin_log(const struct container *container, struct line *line, enum level level);
void end_log(const struct container *container, struct line *line);
/* The same for a marker in the output log. */
void begin_marker(struct line *line);
void end_marker(const struct container *container, struct line *line);

/* A line of the status file: the word, the time, and numbers. */
void begin_status(struct line *line, const char *word, int64_t now);
void end_status(struct line *line);


/*
 * The kernel takes -1 for "as it is", which here would be root, and looks at 32 bits only, so
 * that 2^32 would be root as well.
 */
static inline bool is_id(int64_t number)
{
	return number >= 0 && number < UINT32_MAX;
}

/* ---- files.c: what answers a number answers 0, a descriptor, or minus errno --------------- */

/* `path` as if `base` were the root: no link leads outside, no magic link anywhere. */
long open_below(long base, const char *path, int flags, unsigned int mode, uint64_t resolve);
/* The administrator's own path, links and all. */
long open_base(const char *path);
bool is_kind(long fd, unsigned int kind);
bool is_null(long fd);
/* A regular file below `base` that nobody has replaced by a link or a pipe. */
long open_own_file(const char *base, const char *path, int flags, unsigned int mode);

long write_whole(long fd, const char *bytes, size_t count);
/* A directory and what is missing above it, root's. */
long make_below(long root, const char *path);
long make_directory(const struct step *step);
long copy_file(const struct step *step);
long write_file(const struct step *step);
long open_log(struct container *container, const struct step *step);
long open_output(struct container *container, const struct step *step);
/* Those that were renamed or removed since. What cannot be opened anew stays as it is. */
void reopen_logs(struct container *container);
/* The same for `open_output`, of the plan before `fork`. */
void reopen_output(struct container *container, const struct step *fork);

/* ---- cgroups.c --------------------------------------------------------------------------- */

long make_cgroup(struct container *container, const struct step *step);
/* A limit that cannot be set is a line in the log. */
long set_limit(const struct container *container, const struct step *step);

/* How many of the group were killed for lack of memory, ever. */
long open_kill_counter(struct container *container, const struct step *step);
int64_t count_kills(const struct container *container);

/* ---- masks.c ----------------------------------------------------------------------------- */

long mask(const struct container *container, const struct step *step);
long make_read_only(const struct container *container, const struct step *step);
long clone_tree(long base, const char *path, unsigned int how);
/* Only adds: what the source forbids stays forbidden. */
long restrict_tree(long tree, int64_t flags);
/* ---- users.c ----------------------------------------------------------------------------- */

long make_users(struct container *container, const struct step *step);
long enter_users(int users);

/* ---- landlock.c -------------------------------------------------------------------------- */

long make_rules(struct container *container, const struct step *step);
long put_rules_on(const struct container *container, int rules);

/* ---- network.c --------------------------------------------------------------------------- */

long make_network(struct container *container);
long connect_network(struct container *container, const struct step *step);
long add_address(const struct container *container, const struct step *step);
/* In the network that the caller is in: a descriptor, or minus errno. */
long open_port(const struct step *step);
/* 4 or 6, 128 bits in two numbers, and a port: 28 bytes for bind(2), of which so many count. */
long make_place(int64_t family, const int64_t *bits, int64_t port, unsigned char *bytes);
long add_default_route(const struct container *container, const struct step *step);
/* Lets go of the host's network; of a refused container nothing is left in it. */
void finish_network(struct container *container, bool is_refused);

/* ---- command.c --------------------------------------------------------------------------- */

long run_command(const struct container *container, const struct step *step);
/* 0 with the wait status of `pid`, -ETIME, or the number of one of `orders` that came first. */
long await_child(long pid, int64_t deadline, uint64_t orders, int *status);

/* ---- mounts.c ---------------------------------------------------------------------------- */

/* Only adds: what the source forbids stays forbidden. */
long restrict_tree(long tree, int64_t flags);
/* Consumes the descriptor of the mount. */
long attach(const struct container *container, long mount, const char *target);
/* One step of those before and including `fork`. */
long take_step(struct container *container, const struct step *step);

/* ---- terminal.c -------------------------------------------------------------------------- */

long make_terminal(struct container *container, const struct step *step);
/* A process group, in the foreground of the terminal if there is one. */
long begin_job(const struct container *container);

/* ---- secrets.c ---------------------------------------------------------------------------- */

long mount_secret_files(const struct container *container, const struct step *step);

/* ---- capabilities.c ---------------------------------------------------------------------- */

/* Bit n of the mask is capability n. Nothing else is left, or can be gained. */
long keep_capabilities(uint64_t mask);

/* ---- confine.c: what the application may ask of the kernel -------------------------------- */

/* A scheduling class, an affinity and such are the accident of whoever started the supervisor. */
void forget_ancestors(void);
long join_session_keyring(void);
long reset_limits(const struct container *container);
/* The last thing before exec that may be forbidden. */
long install_filter(const struct step *step);

/* ---- launch.c: the application ----------------------------------------------------------- */

/*
 * A copy of us in our own memory, with these flags, in this cgroup v2 unless it is -1. `busy` is
 * for CLONE_CHILD_CLEARTID. There is one stack for all: the last one must be over, or have
 * executed.
 */
long bear(uint64_t flags, int cgroup, int *busy, int (*run)(void *), void *argument);

struct launch {
	/* The pid in this namespace; or minus errno, and the step that failed. */
	long pid;
	struct step failed;
};

/* Starts what stands after `fork` in the plan. Returns when it has been executed, or has not. */
struct launch launch(const struct container *container, const struct step *fork);
/* The same for other words, as a child that is not the application and has none of its sockets. */
struct launch launch_command(const struct container *container, const struct step *fork,
			     const struct step *words);
/* The caller becomes what the application is, and executes nothing. 0 or minus errno. */
long become_like(const struct container *container, const struct step *fork);

/* ---- live.c ------------------------------------------------------------------------------ */

/* From the first start of the application to the end of the container. The exit code. */
int live(struct container *container, const struct step *fork);

/* ---- refuse.c ---------------------------------------------------------------------------- */

#define EXIT_STOPPED 0
#define EXIT_REFUSED 1
#define EXIT_FAILED 2
#define EXIT_KILLED 3

/* The exit code. */
int refuse(const struct container *container, const struct step *step, long error);
/* The same where there is no plan yet, and so neither log nor step. */
int refuse_plan(long error, const char *what);

#endif
