/*
 * clock: instants and spans of the monotonic clock, in nanoseconds, and what the kernel makes of
 * them.
 */
#ifndef KNOT_CLOCK_H
#define KNOT_CLOCK_H

#include "system.h"

#define SECOND 1000000000ll
#define MILLISECOND 1000000ll
#define NEVER INT64_MAX

static inline int64_t monotonic(void)
{
	struct __kernel_timespec now = { 0 };

	call2(__NR_clock_gettime, CLOCK_MONOTONIC, ADDRESS(&now));
	return now.tv_sec * SECOND + now.tv_nsec;
}

static inline int64_t after(int64_t start, int64_t milliseconds)
{
	if (milliseconds <= 0)
		return start;
	return milliseconds > (NEVER - start) / MILLISECOND ? NEVER
							    : start + milliseconds * MILLISECOND;
}

/* What has passed counts as now. */
static inline struct __kernel_timespec span(int64_t nanoseconds)
{
	int64_t rest = nanoseconds < 0 ? 0 : nanoseconds;

	return (struct __kernel_timespec){
		.tv_sec = rest / SECOND,
		.tv_nsec = rest % SECOND,
	};
}

/* One of `signals`, or minus errno: -EAGAIN when there was none until `deadline`. */
static inline long take_signal(uint64_t signals, int64_t deadline)
{
	struct __kernel_timespec left = { 0 };

	if (deadline != NEVER)
		left = span(deadline - monotonic());
	return call4(__NR_rt_sigtimedwait, ADDRESS(&signals), 0,
		     deadline == NEVER ? 0 : ADDRESS(&left), sizeof signals);
}

#endif
