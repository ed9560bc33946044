/*
 * watch: what the knot knows of whether its application is ready, and well. See watch.c.
 */
#ifndef KNOT_WATCH_H
#define KNOT_WATCH_H

#include "clock.h"
#include "plan.h"

struct container;

/* Why a look has failed; the supervisor has the words (native/watching.ts). */
enum reason {
	IS_WELL,
	/* Nobody listens there; somebody else does; it does, and has not begun to wait there. */
	NOT_LISTENING,
	NOT_ITS_OWN,
	NOT_WAITED_FOR,
	/* errno */
	CALL_FAILED,
	/* Milliseconds that it was given. */
	TOOK_TOO_LONG,
	/* The status of HTTP, or that it was none. */
	ANSWERED,
	NO_HTTP,
	/* A wait status. */
	ENDED,
	/* Milliseconds without a word for the watchdog. */
	WAS_SILENT,
	/* What looks was ended by somebody. */
	WAS_DISTURBED,
	/* It was not said. */
	NOT_SAID,
};

struct outcome {
	int32_t reason;
	int32_t detail;
};

struct probe {
	bool is_wanted;
	int64_t number[PROBE_NUMBERS];
	/* Has the words, and lives as long as the plan. */
	struct step step;
};

#define STATUS_BYTES_MAX 200

struct watch {
	struct probe probes[WHATS];
	bool has_pre_stop;
	struct step pre_stop;
	/* The plan is needed after the start. */
	bool keeps_plan;

	/* Descriptors, -1 while there is none: of sd_notify, of the pipe's ends, of our signals. */
	int notify;
	int read;
	int written;
	int signals;
	/* Shared with those who look, one for each `what`. */
	volatile struct outcome *outcomes;

	/* Of the present start. Instants of the monotonic clock, in nanoseconds. */
	bool is_on;
	struct step fork;
	int64_t began_at;
	int64_t look_at[WHATS];
	int64_t kill_at[WHATS];
	int pid[WHATS];
	bool is_ready;
	bool has_complained;
	int64_t complain_at;
	int64_t failures;
	bool is_unwell;
	int64_t watchdog_ms;
	int64_t silent_at;
	int pre_stop_pid;
	int64_t pre_stop_kill_at;
	bool pre_stop_was_killed;
	bool pre_stop_is_over;
	int64_t pre_stop_status;

	/* What it has said and was not told yet, see notify.c. */
	bool says_ready;
	bool says_stopping;
	bool told_ready;
	bool told_stopping;
	bool has_status;
	int64_t extend_ms;
	char status[STATUS_BYTES_MAX + 1];
	int64_t hear_at;
	int64_t tell_at;
	int64_t words_left;
	int64_t bytes_told;

	/* Milliseconds to which EXTEND_TIMEOUT_USEC gets, until ready and for a stop; -1: any. */
	int64_t ready_max_ms;
	int64_t stop_max_ms;
	/* A stop has begun; and when the next signal is not to come before, or 0. */
	bool is_stopping;
	int64_t stopping_at;
	int64_t stop_until;
};

#define NOTHING_WATCHED { .notify = -1, .read = -1, .written = -1, .signals = -1 }

/* ---- watch.c: what the loop of live.c asks ------------------------------------------------ */

/* A step of the plan that is for us. */
void watch_learn(struct watch *watch, const struct step *step);
/* Around each start of the application. */
long watch_prepare(struct container *container);
void watch_begin(struct container *container, const struct step *fork, int64_t now);
/* It is told to stop: nobody looks any more, and what it says is still heard. */
void watch_stop(struct container *container, int64_t now);
/* Nobody looks any more: it stops, or has ended. */
void watch_end(struct container *container);
/* Somebody who was not the application has died. */
void watch_dead(struct container *container, int pid, int status);
/* Until a signal is there, or something to hear, or something to do, or `deadline`. */
void watch_wait(struct container *container, int64_t deadline);
int64_t watch_deadline(const struct container *container);
void watch_turn(struct container *container, int64_t now);
/* The order to run the command before a stop. */
void watch_pre_stop(struct container *container, int64_t now);

void watch_say_ready(struct container *container, int64_t now);

/* ---- notify.c ----------------------------------------------------------------------------- */

long open_notify(struct container *container, const struct step *step);
/* Some of what has been sent. */
void hear_notices(struct container *container, int64_t now);
void tell_notices(struct container *container, int64_t now);
void forget_notices(struct watch *watch, int64_t now);
bool has_untold(const struct watch *watch);

/* ---- probe.c: those who look, each a process of its own ----------------------------------- */

/* Ends with 0 when it is ready, or well. A pid or minus errno. */
long start_look(struct container *container, enum what what, bool is_once);
/* Runs the command before a stop, and ends as it does. */
long start_pre_stop(struct container *container);

/* ---- port.c: who listens ------------------------------------------------------------------ */

struct outcome look_for_listener(const struct container *container, const struct probe *probe);

#endif
