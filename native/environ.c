/*
 * What /proc/PID/environ shows of this process: the kernel remembers where the environment of the
 * exec lay, and setenv(3) does not change that. So a copy with one more variable is laid out, and
 * the kernel is told to show it instead.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "library.h"

enum { STAT_MAX = 4096 };

/* Fields of /proc/self/stat, counted from 1. */
enum {
	START_CODE = 26,
	END_CODE = 27,
	START_STACK = 28,
	START_DATA = 45,
	END_DATA = 46,
	START_BRK = 47,
	ARG_START = 48,
	ARG_END = 49,
	ENV_START = 50,
	ENV_END = 51,
};

static int read_fields(uint64_t *fields)
{
	char text[STAT_MAX];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *at;

	if (fd >= 0)
		close(fd);
	if (length <= 0)
		return -EIO;
	text[length] = '\0';
	/* The name of the program, field 2, may hold anything. */
	at = strrchr(text, ')');
	if (!at)
		return -EIO;
	at += 2;
	for (int field = 3; field <= ENV_END; field++) {
		fields[field] = strtoull(at, &at, 10);
		/* The state is a letter. */
		if (field == 3)
			at++;
	}
	return 0;
}

/* One bound after the other, in the order in which the end is never before the beginning. */
static int move_bounds(uint64_t start, size_t length, uint64_t before)
{
	uint64_t at[2] = {start, start + length};
	long which[2] = {PR_SET_MM_ENV_START, PR_SET_MM_ENV_END};
	int first = start > before;

	for (int i = 0; i < 2; i++) {
		int each = i ? !first : first;
		long result = call(SYS_prctl, PR_SET_MM, which[each], (long)at[each], 0, 0);

		if (result < 0)
			return (int)result;
	}
	return 0;
}

/*
 * `variable`: `NAME=value`. Needs CAP_SYS_RESOURCE, or a kernel with CONFIG_CHECKPOINT_RESTORE:
 * that way also sets the end of the heap, which only this thread moves.
 */
int lithos_show(const char *variable)
{
	uint64_t fields[ENV_END + 1] = {0};
	int result = read_fields(fields);
	size_t old = (size_t)(fields[ENV_END] - fields[ENV_START]);
	size_t added = strlen(variable) + 1;
	struct prctl_mm_map map = {0};
	char *copy;

	if (result < 0)
		return result;
	if (fields[ENV_START] == 0 || old > 1 << 24)
		return -ENODATA;
	copy = mmap(NULL, old + added, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return -errno;
	memcpy(copy, (const void *)fields[ENV_START], old);
	memcpy(copy + old, variable, added);
	map.start_code = fields[START_CODE];
	map.end_code = fields[END_CODE];
	map.start_data = fields[START_DATA];
	map.end_data = fields[END_DATA];
	map.start_brk = fields[START_BRK];
	map.brk = (uint64_t)(uintptr_t)sbrk(0);
	map.start_stack = fields[START_STACK];
	map.arg_start = fields[ARG_START];
	map.arg_end = fields[ARG_END];
	map.env_start = (uint64_t)(uintptr_t)copy;
	map.env_end = map.env_start + old + added;
	map.exe_fd = (uint32_t)-1;
	result = move_bounds((uint64_t)(uintptr_t)copy, old + added, fields[ENV_START]);
	if (result < 0)
		result = (int)call(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, (long)&map, sizeof(map), 0);
	if (result < 0)
		munmap(copy, old + added);
	return result;
}
