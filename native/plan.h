/*
 * plan: the bytes of wire.ts as the knot reads them. A test compares both.
 *
 *     head    magic u32 'LKP1'   bytes u32 (of everything)   steps u32   zero u32
 *             killTimeoutMs i64   restartTimeoutMs i64   logLevel u32   flags u32
 *             name and exit codes follow as the first record, op 0
 *     record  op u32   strings u32   numbers u32   bytes u32 (of the record, a multiple of 8)
 *             numbers × i64, then strings, each ended by NUL, then zeros up to `bytes`
 */
#ifndef KNOT_PLAN_H
#define KNOT_PLAN_H

#include "system.h"

#define PLAN_MAGIC 0x31504b4cu
#define PLAN_MAX (16u << 20)
#define NAME_MAX_BYTES 255

#define FLAG_RESTART_PROCESS_ONLY 1u
#define FLAG_IS_DAEMON 2u
#define FLAG_IS_COMMAND 4u

enum op {
	OP_HEAD,
	OP_OPEN_LOG,
	OP_MAKE_DIR,
	OP_COPY_FILE,
	OP_WRITE_FILE,
	OP_ROOT,
	OP_BIND,
	OP_BIND_FILE,
	OP_MOUNT,
	OP_CGROUP,
	OP_LIMIT,
	OP_PIVOT,
	OP_OPEN_OUTPUT,
	OP_INHERIT_OUTPUT,
	OP_FORK,
	OP_JOIN_CGROUPS,
	OP_LIMIT_FILES,
	OP_SET_GROUPS,
	OP_SET_GID,
	OP_SET_UID,
	OP_KEEP_CAPABILITIES,
	OP_NO_NEW_PRIVILEGES,
	OP_CHDIR,
	OP_EXEC,
	OP_PASS_SOCKETS,
	OP_MASK,
	OP_READ_ONLY,
	OP_COUNT_KILLS,
	OP_CGROUP_NAMESPACE,
	OP_SESSION_KEYRING,
	OP_RESET_LIMITS,
	OP_SECCOMP,
	OP_SECRET_FILES,
	OP_USERS,
	OP_NETWORK,
	OP_CONNECT,
	OP_ADDRESS,
	OP_ROUTE,
	OP_COMMAND,
	OP_ENTER_USERS,
	OP_LISTEN,
	OP_PROBE,
	OP_NOTIFY,
	OP_READY_FD,
	OP_PRE_STOP,
	OP_STOP,
	OP_TERMINAL,
	OP_LANDLOCK,
	OP_ENTER_LANDLOCK,
	OPS
};

/* The numbers of OP_PROBE, in this order. Times are milliseconds. */
enum probe_number {
	PROBE_WHAT,
	PROBE_KIND,
	/* A port or a descriptor. */
	PROBE_PLACE,
	/* 1: the port is open before the application begins, which has to wait on it. */
	PROBE_IS_GIVEN,
	PROBE_ATTEMPT,
	PROBE_TIMEOUT,
	PROBE_PERIOD,
	PROBE_FAILURES,
	PROBE_START_DELAY,
	/* 4 or 6, and 128 bits in two numbers. */
	PROBE_FAMILY,
	PROBE_HIGH,
	PROBE_LOW,
	PROBE_NUMBERS
};

enum what { READY, HEALTHY, WHATS };
enum kind { KIND_TCP, KIND_NOTIFY, KIND_FD, KIND_EXEC, KIND_HTTP, KINDS };

/* Pairs of a signal and how long to wait for the end, in milliseconds. */
#define STOP_STEPS_MAX 16

enum level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG, LEVEL_TRACE };

struct head {
	uint32_t magic;
	uint32_t bytes;
	uint32_t steps;
	uint32_t zero;
	int64_t kill_timeout_ms;
	int64_t restart_timeout_ms;
	uint32_t log_level;
	uint32_t flags;
};

_Static_assert(sizeof(struct head) == 40, "wire.ts writes 40 bytes");

struct record {
	uint32_t op;
	uint32_t strings;
	uint32_t numbers;
	uint32_t bytes;
	int64_t number[];
};

_Static_assert(sizeof(struct record) == 16, "wire.ts writes 16 bytes");

/* A record laid open: the strings that have names, and where they begin for those that list. */
struct step {
	int index;
	enum op op;
	uint32_t numbers;
	uint32_t strings;
	const int64_t *number;
	const char *text[3];
};

/* More than any process wants; their numbers are looked at on a small stack. */
#define SOCKETS_MAX 120

/* Digits of a pid. */
#define WORD_PID_MAX 11

struct plan {
	const struct head *head;
	size_t bytes;
	/* Room for two lists that point to every string, and for what is put to pid variables. */
	char **words;
	size_t mapped;
};

/* Reads the whole plan and checks that every record is what its op says. 0 or minus errno. */
long plan_read(int fd, struct plan *plan);

/* How many descriptors from FIRST_SOCKET_FD on belong to it. */
int plan_sockets(const struct plan *plan);

/* For a long time: it is kept from swap, if that can be. */
void plan_keep(const struct plan *plan);

/* Nothing of a plan may be used after this. */
void plan_release(struct plan *plan);

/* The step at `index`, found from the one before. -1 is the head record. */
struct step plan_first(const struct plan *plan);
struct step plan_next(const struct step *step);

/* The string after this one; the caller counts. */
static inline const char *string_after(const char *text)
{
	return text + length_of(text) + 1;
}

#endif
