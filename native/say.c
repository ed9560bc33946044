/*
 * say: everything that the knot tells. A log that is full or gone stops nothing: what could not
 * be written is lost, and the container lives on.
 *
 * Sections: 1 pieces of a line  2 words for numbers  3 logs and markers  4 the status file
 */
#include "knot.h"

/* ---- 1. Pieces of a line ------------------------------------------------------------- */

static void put_bytes(struct line *line, const char *text, size_t length)
{
	if (line->parts == PARTS_MAX || length == 0)
		return;
	line->part[line->parts].iov_base = (void *) (uintptr_t) text;
	line->part[line->parts].iov_len = length;
	line->parts++;
}

void put(struct line *line, const char *text)
{
	put_bytes(line, text, length_of(text));
}

/* Text that is made here needs a place to stay until the line is written. */
static char *keep(struct line *line, size_t length)
{
	if (length > sizeof line->text - line->used)
		return NULL;
	char *place = line->text + line->used;
	line->used += length;
	return place;
}

static void put_padded(struct line *line, int64_t number, int width)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t left = number < 0 ? 0 - (uint64_t) number : (uint64_t) number;

	do {
		digits[--at] = (char) ('0' + left % 10);
		left /= 10;
		width--;
	} while (left > 0 || width > 0);
	if (number < 0)
		digits[--at] = '-';

	char *place = keep(line, sizeof digits - at);
	if (place == NULL)
		return;
	put_bytes(line, place, sizeof digits - at);
	for (size_t i = at; i < sizeof digits; i++)
		*place++ = digits[i];
}

void put_number(struct line *line, int64_t number)
{
	put_padded(line, number, 1);
}

static void put_clean(struct line *line, const char *text)
{
	size_t length = length_of(text);
	size_t room = sizeof line->text - line->used;

	room = room > LINE_TEXT_RESERVE ? room - LINE_TEXT_RESERVE : 0;
	bool is_long = length > room;
	char *place = keep(line, is_long ? room : length);

	for (size_t i = 0; i < (is_long ? room : length); i++)
		place[i] = (unsigned char) text[i] < ' ' || text[i] == 127 ? '?' : text[i];
	put_bytes(line, place, is_long ? room : length);
	if (is_long)
		put(line, "…");
}

void put_quoted_below(struct line *line, const char *base, const char *path)
{
	put(line, "\"");
	put_clean(line, base);
	if (*path != '/' && *path != '\0')
		put(line, "/");
	if (!same(path, "/"))
		put_clean(line, path);
	put(line, "\"");
}

void put_quoted(struct line *line, const char *text)
{
	put_quoted_below(line, text, "");
}

/* Whole milliseconds and three digits of their fraction. */
void put_milliseconds(struct line *line, int64_t nanoseconds)
{
	put_number(line, nanoseconds / 1000000);
	put(line, ".");
	put_padded(line, nanoseconds / 1000 % 1000, 3);
}

void put_seconds(struct line *line, int64_t milliseconds)
{
	int64_t rest = milliseconds % 1000;

	put_number(line, milliseconds / 1000);
	if (rest == 0)
		return;
	put(line, rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
	while (rest % 10 == 0)
		rest /= 10;
	put_number(line, rest);
}

void write_line(int fd, struct line *line)
{
	while (call3(__NR_writev, fd, ADDRESS(line->part), line->parts) == -EINTR)
		;
}

/* ---- 2. Words for numbers ------------------------------------------------------------ */

static const char *const errors[] = {
	[EPERM] = "Operation not permitted",
	[ENOENT] = "No such file or directory",
	[EINTR] = "Interrupted system call",
	[EIO] = "Input/output error",
	[ENXIO] = "No such device or address",
	[E2BIG] = "Argument list too long",
	[ENOEXEC] = "Exec format error",
	[EBADF] = "Bad file descriptor",
	[EAGAIN] = "Resource temporarily unavailable",
	[ENOMEM] = "Cannot allocate memory",
	[EACCES] = "Permission denied",
	[EBUSY] = "Device or resource busy",
	[EEXIST] = "File exists",
	[EXDEV] = "Invalid cross-device link",
	[ENODEV] = "No such device",
	[ENOTDIR] = "Not a directory",
	[EISDIR] = "Is a directory",
	[EINVAL] = "Invalid argument",
	[ENFILE] = "Too many open files in system",
	[EMFILE] = "Too many open files",
	[ETXTBSY] = "Text file busy",
	[EFBIG] = "File too large",
	[ENOSPC] = "No space left on device",
	[EROFS] = "Read-only file system",
	[EMLINK] = "Too many links",
	[ERANGE] = "Numerical result out of range",
	[ENAMETOOLONG] = "File name too long",
	[ENOSYS] = "Function not implemented (lithos needs Linux 5.14 or later)",
	[ENOTEMPTY] = "Directory not empty",
	[ELOOP] = "Too many levels of symbolic links",
	[EOVERFLOW] = "Value too large for defined data type",
	[EOPNOTSUPP] = "Operation not supported",
	[EPROTO] = "Protocol error",
	[EAFNOSUPPORT] = "Address family not supported by protocol",
	[EADDRINUSE] = "Address already in use",
	[EADDRNOTAVAIL] = "Cannot assign requested address",
	[ENETUNREACH] = "Network is unreachable",
	[ETIME] = "Timer expired",
	[EHOSTUNREACH] = "No route to host",
	[EUSERS] = "Too many users",
	[ESTALE] = "Stale file handle",
	[EDQUOT] = "Disk quota exceeded",
};

void put_error(struct line *line, long error)
{
	size_t number = (size_t) (error < 0 ? -error : error);
	const char *words;

	if (number >= ERROR_OF_STATUS) {
		put(line, ": ");
		put_wait_status(line, (int) (number - ERROR_OF_STATUS));
		return;
	}
	words = number < sizeof errors / sizeof *errors ? errors[number] : NULL;

	put(line, ": ");
	put(line, words != NULL ? words : "Unknown error");
	put(line, " (os error ");
	put_number(line, (int64_t) number);
	put(line, ")");
}

static const char *const signals[] = {
	[SIGHUP] = "HUP",   [SIGINT] = "INT",	  [SIGQUIT] = "QUIT", [SIGILL] = "ILL",
	[SIGTRAP] = "TRAP", [SIGABRT] = "ABRT",	  [SIGBUS] = "BUS",   [SIGFPE] = "FPE",
	[SIGKILL] = "KILL", [SIGUSR1] = "USR1",	  [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE", [SIGALRM] = "ALRM",	  [SIGTERM] = "TERM", [SIGCHLD] = "CHLD",
	[SIGCONT] = "CONT", [SIGSTOP] = "STOP",	  [SIGTSTP] = "TSTP", [SIGTTIN] = "TTIN",
	[SIGTTOU] = "TTOU", [SIGURG] = "URG",	  [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ",
	[SIGPROF] = "PROF", [SIGVTALRM] = "VTALRM", [SIGWINCH] = "WINCH", [SIGIO] = "IO",
	[SIGPWR] = "PWR",   [SIGSYS] = "SYS",	  [SIGSTKFLT] = "STKFLT",
};

/* `exited with code 200`, `killed by signal SIGSEGV[11] (core dumped)` */
void put_wait_status(struct line *line, int status)
{
	size_t signal = status & 0x7f;

	if (signal == 0) {
		put(line, "exited with code ");
		put_number(line, status >> 8 & 0xff);
		return;
	}
	put(line, "killed by signal SIG");
	if (signal < sizeof signals / sizeof *signals && signals[signal] != NULL) {
		put(line, signals[signal]);
	} else {
		put(line, "RT");
	}
	put(line, "[");
	put_number(line, (int64_t) signal);
	put(line, status & 0x80 ? "] (core dumped)" : "]");
}

/* ---- 3. Logs and markers ------------------------------------------------------------- */

/* Days since 1970 to a date of the Gregorian calendar, counted in years that begin in March. */
static void put_date(struct line *line, int64_t days)
{
	int64_t since = days + 719468; /* 1 March of year 0 */
	int64_t era = since / 146097;
	int64_t day_of_era = since % 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	put_padded(line, era * 400 + year_of_era + (month >= 10), 4);
	put(line, "-");
	put_padded(line, month < 10 ? month + 3 : month - 9, 2);
	put(line, "-");
	put_padded(line, day_of_year - (153 * month + 2) / 5 + 1, 2);
}

/* UTC, seconds: `2018-08-10T12:05:48Z` */
static void put_now(struct line *line)
{
	struct __kernel_timespec now = { 0 };

	call2(__NR_clock_gettime, CLOCK_REALTIME, ADDRESS(&now));
	put_date(line, now.tv_sec / 86400);
	put(line, "T");
	put_padded(line, now.tv_sec / 3600 % 24, 2);
	put(line, ":");
	put_padded(line, now.tv_sec / 60 % 60, 2);
	put(line, ":");
	put_padded(line, now.tv_sec % 60, 2);
	put(line, "Z");
}

bool begin_log(const struct container *container, struct line *line, enum level level)
{
	static const char *const heads[] = { "][ERROR] ", "][WARN] ", "][INFO] " };

	line->parts = 0;
	line->used = 0;
	if (level > container->log_level || container->log == -1)
		return false;
	put(line, "[");
	put_now(line);
	put(line, heads[level]);
	return true;
}

void end_log(const struct container *container, struct line *line)
{
	put(line, "\n");
	write_line(container->log, line);
}

void begin_marker(struct line *line)
{
	line->parts = 0;
	line->used = 0;
	put_now(line);
	put(line, ": ----- ");
}

void end_marker(const struct container *container, struct line *line)
{
	put(line, " -----\n");
	if (container->output != -1)
		write_line(container->output, line);
}

/* ---- 4. The status file -------------------------------------------------------------- */

void begin_status(struct line *line, const char *word, int64_t now)
{
	line->parts = 0;
	line->used = 0;
	put(line, word);
	put(line, " ");
	put_milliseconds(line, now);
}

void end_status(struct line *line)
{
	put(line, "\n");
	write_line(STATUS_FD, line);
}
