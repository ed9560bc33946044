/*
 * shift: the wall clock as it would be if somebody had set it: LD_PRELOAD, and the number of
 * seconds that stands in the file CLOCK_SHIFT, eight bytes of it, at each moment.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *shift;

__attribute__((constructor)) static void begin(void)
{
	const char *file = getenv("CLOCK_SHIFT");
	int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	void *memory = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		abort();
	close(fd);
	shift = memory;
}

static int is_wall(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int outcome = (int) syscall(SYS_clock_gettime, clock, time);

	if (outcome == 0 && is_wall(clock))
		time->tv_sec += *shift;
	return outcome;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec now;

	(void) zone;
	clock_gettime(CLOCK_REALTIME, &now);
	time->tv_sec = now.tv_sec;
	time->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *where)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (where != NULL)
		*where = now.tv_sec;
	return now.tv_sec;
}
