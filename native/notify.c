/*
 * notify: what the application says in the manner of sd_notify(3), on a datagram socket of ours.
 *
 *   READY=1               ready, where `ready: {notify: true}` asks for it
 *   RELOADING=1           not ready, until READY=1
 *   STOPPING=1            not ready any more
 *   STATUS=TEXT           told
 *   EXTEND_TIMEOUT_USEC   told, and kept to while it stops; no more than the plan allows
 *   WATCHDOG=1, =trigger  where `healthy: {notify: true}` asks for it
 *   WATCHDOG_USEC=N       another period from now on
 *
 * The kernel says who has sent a datagram; who is not in our pid namespace has no number here and
 * is not heard. Descriptors that are sent along are closed by the kernel, for there is no room for
 * them. What is said is read at a bounded pace and told at a much slower one, the newest of each
 * kind: a sender without end waits for us, and fills neither the status file nor the journal.
 *
 * The socket lies on a small file system of its own, over a directory of procfs that every kernel
 * has: no image has to have a place for it, and no other container can reach it.
 *
 * Sections: 1 the socket  2 words  3 hearing  4 telling
 */
#include "knot.h"

#include <linux/un.h>

#define FAMILY_UNIX 1
#define DATAGRAM_SOCKET 2
#define PASS_CREDENTIALS 16
#define CREDENTIALS 2
#define DO_NOT_WAIT 0x40
#define WAS_CUT 0x20

#define NOTICE_BYTES_MAX 4096
/* Read in one turn of the loop; then there is a pause. */
#define NOTICES_MAX 32
#define PAUSE (10 * MILLISECOND)
/* Told at once, and then one each second; after so many bytes, one each minute. */
#define WORDS_MAX 10
#define WORD_PAUSE SECOND
#define BYTES_MAX (256 * 1024)
#define LONG_PAUSE (60 * SECOND)
#define WATCHDOG_MIN_MS 10

/* ---- 1. The socket ------------------------------------------------------------------- */

static long bind_here(void)
{
	struct sockaddr_un name = { .sun_family = FAMILY_UNIX, .sun_path = "notify" };
	int on = 1;
	long fd = call3(__NR_socket, FAMILY_UNIX, DATAGRAM_SOCKET | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;

	long error = call5(__NR_setsockopt, fd, SOCKET_LEVEL, PASS_CREDENTIALS, ADDRESS(&on),
			   sizeof on);
	if (error == 0)
		error = call3(__NR_bind, fd, ADDRESS(&name), sizeof name);
	if (error == 0)
		error = call3(__NR_fchmodat, AT_FDCWD, ADDRESS("notify"), 0666);
	if (error == 0)
		return fd;
	sys_close(fd);
	return error;
}

/* Its root, where it is attached. */
static long mount_small(const struct container *container, const char *path)
{
	long place = open_below(container->root, path, O_PATH | O_DIRECTORY, 0,
				RESOLVE_NO_SYMLINKS);
	if (place < 0)
		return place;
	long error = call1(__NR_fchdir, place);
	sys_close(place);
	if (error == 0)
		error = call5(__NR_mount, ADDRESS("tmpfs"), ADDRESS("."), ADDRESS("tmpfs"),
			      MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      ADDRESS("size=4k,nr_inodes=3,mode=755"));
	return error < 0 ? error
			 : open_below(container->root, path, O_PATH | O_DIRECTORY, 0,
				      RESOLVE_NO_SYMLINKS);
}

long open_notify(struct container *container, const struct step *step)
{
	long place = mount_small(container, step->text[0]);
	if (place < 0)
		return place;

	/* Who may write to a socket may do so where nothing else can be written. */
	long error = call1(__NR_fchdir, place);
	long fd = error < 0 ? error : bind_here();
	if (fd >= 0)
		error = restrict_tree(place, MOUNT_ATTR_RDONLY);
	call1(__NR_chdir, ADDRESS("/"));
	sys_close(place);
	if (fd < 0 || error < 0)
		return fd < 0 ? fd : error;
	container->watch.notify = (int) fd;
	container->watch.ready_max_ms = step->number[0];
	container->watch.stop_max_ms = step->number[1];
	return 0;
}

/* ---- 2. Words ------------------------------------------------------------------------ */

/* The text after `NAME=`, or null. */
static const char *value_of(const char *line, const char *name)
{
	while (*name != '\0' && *line == *name)
		line++, name++;
	return *name == '\0' && *line == '=' ? line + 1 : NULL;
}

/* Microseconds as milliseconds, rounded up; -1: no number, or a century. */
static int64_t read_microseconds(const char *text)
{
	int64_t number = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || number > INT32_MAX * 1000000ll)
			return -1;
		number = number * 10 + (*text - '0');
	}
	return (number + 999) / 1000;
}

static void keep_status(struct watch *watch, const char *text)
{
	size_t length = 0;
	bool is_new = false;

	for (; text[length] != '\0' && length < STATUS_BYTES_MAX; length++) {
		char byte = text[length];
		byte = (unsigned char) byte < ' ' || byte == 127 ? ' ' : byte;
		is_new = is_new || watch->status[length] != byte;
		watch->status[length] = byte;
	}
	is_new = is_new || watch->status[length] != '\0';
	watch->status[length] = '\0';
	watch->has_status = watch->has_status || is_new;
}

static void hear_watchdog(struct watch *watch, const char *value, int64_t now)
{
	if (watch->silent_at == NEVER)
		return;
	if (same(value, "1") && watch->silent_at < after(now, watch->watchdog_ms))
		watch->silent_at = after(now, watch->watchdog_ms);
	else if (same(value, "trigger"))
		watch->silent_at = now;
}

static void set_watchdog(struct watch *watch, int64_t milliseconds, int64_t now)
{
	if (watch->silent_at == NEVER || milliseconds < WATCHDOG_MIN_MS ||
	    milliseconds > INT32_MAX)
		return;
	watch->watchdog_ms = milliseconds;
	watch->silent_at = after(now, milliseconds);
}

static void hear_line(struct container *container, const char *line, int64_t now)
{
	struct watch *watch = &container->watch;
	const char *value;

	if (same(line, "READY=1")) {
		watch->says_ready = true;
	} else if (same(line, "RELOADING=1")) {
		watch->says_ready = false;
	} else if (same(line, "STOPPING=1")) {
		watch->says_ready = false;
		watch->says_stopping = true;
	} else if ((value = value_of(line, "STATUS")) != NULL) {
		keep_status(watch, value);
	} else if ((value = value_of(line, "WATCHDOG")) != NULL) {
		hear_watchdog(watch, value, now);
	} else if ((value = value_of(line, "WATCHDOG_USEC")) != NULL) {
		set_watchdog(watch, read_microseconds(value), now);
	} else if ((value = value_of(line, "EXTEND_TIMEOUT_USEC")) != NULL) {
		int64_t more = read_microseconds(value);
		if (more > watch->extend_ms)
			watch->extend_ms = more;
	}
}

/* ---- 3. Hearing ---------------------------------------------------------------------- */

/* With room for this and nothing else. */
struct sender {
	size_t length;
	int level;
	int type;
	int pid;
	uint32_t user;
	uint32_t group;
	int padding;
};

/* How many bytes of a word of our own; 0 for one of somebody else; or minus errno. */
static long receive(int fd, char *bytes, size_t room)
{
	struct sender sender = { .length = 0 };
	struct iovec part = { .iov_base = bytes, .iov_len = room };
	struct socket_message message = {
		.parts = &part,
		.parts_count = 1,
		.control = &sender,
		.control_length = sizeof sender,
	};
	long count = call3(__NR_recvmsg, fd, ADDRESS(&message), DO_NOT_WAIT);

	if (count < 0)
		return count;
	bool is_known = message.control_length >= sizeof sender - sizeof sender.padding &&
			sender.level == SOCKET_LEVEL && sender.type == CREDENTIALS;
	return is_known && sender.pid > 0 && (message.flags & WAS_CUT) == 0 ? count : 0;
}

void hear_notices(struct container *container, int64_t now)
{
	struct watch *watch = &container->watch;
	static char bytes[NOTICE_BYTES_MAX + 1];

	if (watch->hear_at != NEVER && now < watch->hear_at)
		return;
	watch->hear_at = NEVER;
	for (int i = 0; i < NOTICES_MAX; i++) {
		long count = receive(watch->notify, bytes, NOTICE_BYTES_MAX);
		if (count == -EINTR)
			continue;
		if (count < 0)
			return;
		char *line = bytes;
		for (long at = 0; at <= count; at++) {
			if (at < count && bytes[at] != '\n')
				continue;
			bytes[at] = '\0';
			hear_line(container, line, now);
			line = bytes + at + 1;
		}
	}
	watch->hear_at = now + PAUSE;
}

/* ---- 4. Telling ---------------------------------------------------------------------- */

static bool is_asked_to_be_ready(const struct watch *watch)
{
	return watch->probes[READY].is_wanted &&
	       watch->probes[READY].number[PROBE_KIND] == KIND_NOTIFY;
}

static bool has_new_state(const struct watch *watch)
{
	return is_asked_to_be_ready(watch) && (watch->says_ready != watch->told_ready ||
					       watch->says_stopping != watch->told_stopping);
}

bool has_untold(const struct watch *watch)
{
	return has_new_state(watch) || watch->has_status || watch->extend_ms > 0;
}

void forget_notices(struct watch *watch, int64_t now)
{
	watch->is_stopping = false;
	watch->stop_until = 0;
	watch->says_ready = watch->told_ready = false;
	watch->says_stopping = watch->told_stopping = false;
	watch->has_status = false;
	watch->status[0] = '\0';
	watch->extend_ms = 0;
	watch->hear_at = NEVER;
	watch->tell_at = now;
	watch->words_left = WORDS_MAX;
}

static void say_unready(const char *why, int64_t now)
{
	struct line line;

	begin_status(&line, "unready", now);
	put(&line, why);
	end_status(&line);
}

/* Of what it asks for, in milliseconds. */
static int64_t granted(const struct watch *watch, int64_t now)
{
	int64_t max = watch->is_stopping ? watch->stop_max_ms : watch->ready_max_ms;
	int64_t start = watch->is_stopping ? watch->stopping_at : watch->began_at;

	if (max < 0 || (watch->is_ready && !watch->is_stopping))
		return watch->extend_ms;
	int64_t left = max - (now - start) / MILLISECOND;
	return left < watch->extend_ms ? left < 0 ? 0 : left : watch->extend_ms;
}

static void say_notified(struct watch *watch, int64_t now)
{
	struct line line;

	watch->extend_ms = granted(watch, now);
	if (!watch->has_status && watch->extend_ms == 0)
		return;
	begin_status(&line, "notified", now);
	put(&line, " ");
	put_number(&line, watch->extend_ms);
	put(&line, " ");
	put(&line, watch->status);
	end_status(&line);
	watch->bytes_told += 40 + (int64_t) length_of(watch->status);
	if (watch->extend_ms > 0 && watch->complain_at != NEVER) {
		watch->complain_at = after(now, watch->extend_ms);
		if (watch->look_at[HEALTHY] != NEVER)
			watch->look_at[HEALTHY] = after(watch->look_at[HEALTHY], watch->extend_ms);
	}
	if (watch->extend_ms > 0 && watch->is_stopping)
		watch->stop_until = after(now, watch->extend_ms);
	watch->has_status = false;
	watch->extend_ms = 0;
}

static void tell_state(struct container *container, int64_t now)
{
	struct watch *watch = &container->watch;

	if (watch->says_ready)
		watch_say_ready(container, now);
	else
		say_unready(watch->says_stopping ? " stopping" : " reloading", now);
	watch->bytes_told += 40;
	watch->told_ready = watch->says_ready;
	watch->told_stopping = watch->says_stopping;
}

void tell_notices(struct container *container, int64_t now)
{
	struct watch *watch = &container->watch;
	int64_t pause = watch->bytes_told < BYTES_MAX ? WORD_PAUSE : LONG_PAUSE;

	if (!has_untold(watch) || now < watch->tell_at)
		return;
	/* A pause in which nothing was told gives back the words at once. */
	if (now - watch->tell_at > WORDS_MAX * pause && watch->bytes_told < BYTES_MAX)
		watch->words_left = WORDS_MAX;
	if (has_new_state(watch))
		tell_state(container, now);
	if (watch->has_status || watch->extend_ms > 0)
		say_notified(watch, now);
	if (watch->words_left > 0)
		watch->words_left--;
	watch->tell_at = watch->words_left > 0 ? now : now + pause;
}
