/*
 * deliver: the birth of a knot in one call. Its status file, its plan in a file of memory, the
 * process itself, and who it is: a dozen system calls, a thousand times in one turn when a host
 * starts, so none of them goes through JavaScript. See native/knot.ts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include "library.h"

enum { EXTRA_MAX = 120, FIXED = 5, TEXT_MAX = 1024 };

/* The room of the longest life without restart-process-only. */
enum { ROOM_BYTES = 4096 };

/* What failed; the texts are in native/knot.ts. */
enum { STAGE_STATUS = 1, STAGE_ROOM, STAGE_MEMORY, STAGE_CLONE };

static long write_all(long fd, const char *bytes, long count)
{
	while (count > 0) {
		long result = call(SYS_write, fd, (long)bytes, count, 0, 0);

		if (result < 0)
			return result;
		bytes += result;
		count -= result;
	}
	return 0;
}

/* What a former history has left under this name is not of this life. */
static long open_status(const char *path)
{
	const int flags = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC;
	long fd = call(SYS_openat, AT_FDCWD, (long)path, flags, 0600, 0);

	if (fd != -EEXIST)
		return fd;
	call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0);
	return call(SYS_openat, AT_FDCWD, (long)path, flags, 0600, 0);
}

static long memory_of(const char *plan, long bytes)
{
	long fd = call(SYS_memfd_create, (long)"plan", MFD_CLOEXEC, 0, 0, 0);
	long result = fd < 0 ? fd : write_all(fd, plan, bytes);

	if (result == 0)
		/* The offset is shared with the reader. */
		result = call(SYS_lseek, fd, 0, SEEK_SET, 0, 0);
	if (result >= 0)
		return fd;
	if (fd >= 0)
		call(SYS_close, fd, 0, 0, 0, 0);
	return result;
}

static char *put_decimal(char *at, int64_t value)
{
	char digits[24];
	int count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
	} while ((value /= 10) > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

static char *put_text(char *at, const char *text)
{
	while (*text != '\0')
		*at++ = *text++;
	return at;
}

/*
 * Its start time, field 22. It may have ended by now, but nobody has reaped it: what /proc says
 * is of this one. The name in field 2 is free text in parentheses. Called by the child, too.
 */
int64_t birth_of(int pid)
{
	char path[32] = "/proc/";
	char text[TEXT_MAX];
	char *end = put_text(put_decimal(path + strlen(path), pid), "/stat");
	long fd, count;
	int64_t birth = 0;
	int field = 2;

	*end = '\0';
	fd = call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0);
	if (fd < 0)
		return 0;
	count = call(SYS_read, fd, (long)text, sizeof(text) - 1, 0, 0);
	call(SYS_close, fd, 0, 0, 0, 0);
	if (count <= 0)
		return 0;
	text[count] = '\0';
	for (char *at = strrchr(text, ')'); at != NULL && *at != '\0'; at++) {
		if (*at == ' ')
			field++;
		else if (field == 22)
			birth = birth * 10 + (*at - '0');
	}
	return birth;
}

void say_pid(long status, int pid, int64_t birth)
{
	char line[64];
	char *end = put_decimal(put_text(line, "pid "), pid);

	*end++ = ' ';
	end = put_decimal(end, birth);
	*end++ = '\n';
	/* The page is reserved: there is no disk that could be full. */
	write_all(status, line, end - line);
}

/*
 * `extra` are pairs as for lithos_spawn, ascending, from 5 on; 0 to 2 are ours, 3 is the plan
 * and 4 the status file. out: pid, pidfd and start time; or, where it failed, the stage in the
 * second, and nothing is left behind.
 */
int lithos_deliver(const char *path, const char *header, const char *plan, int bytes,
		   const char *words, int length, int argc, int envc, const int *extra,
		   int extras, uint64_t namespaces, int64_t *out)
{
	int pairs[2 * (FIXED + EXTRA_MAX)] = {0, 0, 1, 1, 2, 2, 3, -1, 4, -1};
	int pid = -1, pidfd = -1;
	long status, memory = -1, error;

	if (extras < 0 || extras > EXTRA_MAX)
		return -E2BIG;
	out[1] = STAGE_STATUS;
	status = open_status(path);
	if (status < 0)
		return (int)status;

	out[1] = STAGE_ROOM;
	error = call(SYS_fallocate, status, FALLOC_FL_KEEP_SIZE, 0, ROOM_BYTES, 0);
	if (error == 0)
		error = write_all(status, header, (long)strlen(header));
	if (error == 0) {
		out[1] = STAGE_MEMORY;
		memory = memory_of(plan, bytes);
		error = memory < 0 ? memory : 0;
	}
	if (error == 0) {
		pairs[7] = (int)memory;
		pairs[9] = (int)status;
		memcpy(pairs + 2 * FIXED, extra, sizeof(int) * 2 * (size_t)extras);
		out[1] = STAGE_CLONE;
		pid = begin_child(words, length, argc, envc, pairs, FIXED + extras, namespaces, 4,
				  &pidfd);
		error = pid < 0 ? pid : 0;
	}
	if (error == 0) {
		out[0] = pid;
		out[1] = pidfd;
		out[2] = birth_of(pid);
	} else {
		call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0);
	}
	if (memory >= 0)
		call(SYS_close, memory, 0, 0, 0, 0);
	call(SYS_close, status, 0, 0, 0, 0);
	return (int)error;
}
