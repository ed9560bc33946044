/*
 * wait: what the parts of lithos_wait share. It is what `lithos_cmd` becomes when everything is
 * decided: the parent of one knot, which stands between the terminal and the container, passes
 * signals on, cleans up, and ends as the command has ended. See wait.c.
 */
#ifndef LITHOS_WAIT_H
#define LITHOS_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

enum { WORDS_MAX = 4096, DIRS_MAX = 64, LINE_MAX_BYTES = 1024, RELAY_BYTES = 16384 };

/* What src/cli/cmd.ts has decided; the texts lie in one piece of memory. */
struct order {
	const char *name;
	/* The knot: its plan as a descriptor, its program, words and environment. */
	int plan;
	char *argv[WORDS_MAX];
	char *env[WORDS_MAX];
	int argc;
	int envc;
	/* The original's exit codes, 0 and 1. */
	bool is_compat;
	/* Standard input, output and error that are to be the container's terminal: bits 0 to 2. */
	int terminal;
	/* To be removed: `state` below its parent; groups; by the last, what is empty then. */
	const char *state_parent;
	const char *state;
	const char *groups[DIRS_MAX];
	const char *slices[DIRS_MAX];
	int groups_count;
	int slices_count;
	/* Who cleans up alone has it to himself; see leave.c. */
	int lock;
	const char *pid_file;
	/* The supervisor: a connection or -1, where to connect anew, and what it is told. */
	int control;
	const char *control_dir;
	bool is_told;
	const char *began;
	const char *ended;
};

struct wait {
	struct order order;
	int self;     /* ourselves, as a pidfd */
	int knot;     /* the same of the knot, and its pid */
	int knot_pid;
	int guard;    /* pid of who cleans up for us when we are killed */
	int status;   /* what the knot says */
	char said[LINE_MAX_BYTES];
	size_t said_bytes;

	/* What is known of the end: a wait status of the application, or -1. */
	int ended;
	bool is_refused;
	bool is_started;
	bool is_killed_late;
	long oom;
	long oom_limit;
	double started_ms;
	double ended_ms;
};

/* ---- relay.c: our terminal and that of the container ------------------------------------- */

/* Opened anew, so that not blocking is ours alone. */
void terminal_open(const struct order *order);
/* The other side has come: from here on it is passed to and fro. */
void terminal_begin(int master);
/* Raw, if we are in the foreground; and as large as it is now. */
void terminal_take(void);
/* It would be taken, if we were in the foreground. */
bool terminal_is_wanted(void);
void terminal_give(void);
void terminal_resize(void);
/* Only where nobody else has touched it since. */
void terminal_rescue(void);
int terminal_input(void);
int terminal_output(void);
int terminal_master(void);

/* Which events are waited for; 0: none. */
short relay_wants_input(void);
short relay_wants_output(void);
short relay_wants_master(void);
/* False: our own terminal has gone. */
bool relay_input(void);
void relay_output(void);
void relay_master(short events);
/* What has come until now, as far as nobody has to wait for it. */
void relay_flush(void);
/* What has been printed before the end is still shown. */
bool relay_is_drained(void);

/* ---- leave.c: nothing is left behind ------------------------------------------------------ */

/* There is a supervisor: it has locked its file. */
bool is_supervised(const char *pid_file);
void leave_clean(const struct order *order);
/* Never returns. Waits for the end of `self`, and then for that of `knot`, to clean up. */
void leave_guard(const struct wait *wait);

/* ---- tell.c: what the supervisor is told ------------------------------------------------- */

void tell_began(struct order *order);
/* `status`: of the application; -1: nobody knows. */
void tell_ended(struct order *order, const struct wait *wait);

#endif
