/*
 * port: whether a process of this container listens at a port, asked of the kernel and of nobody
 * else: no connection is made, which a server would have to answer, and nothing is searched by
 * name. All listening sockets of the network namespace with that port (netlink, SOCK_DIAG), of
 * which one has to be open in a process of our pid namespace.
 *
 * Where the socket was opened for the application before it began (tcp-ports), that says nothing.
 * There it is ready when it waits for connections: when somebody in here has the socket in an
 * epoll set, or sits in accept, poll or select with it.
 *
 * Sections: 1 listening sockets  2 numbers in text  3 who waits  4 whose they are
 */
#include "knot.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/poll.h>
#include <linux/sock_diag.h>

#define FAMILY_4 2
#define FAMILY_6 10
#define FAMILY_NETLINK 16
#define RAW_SOCKET 3
#define PROTOCOL_TCP 6
#define STATE_LISTEN 10

#define INODES_MAX 64
#define HELD_MAX 16

struct sockets {
	uint32_t count;
	uint64_t inode[INODES_MAX];
};

/* ---- 1. Listening sockets ------------------------------------------------------------ */

/* The kernel leaves out those with other ports: it is told how in a language of its own. */
struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 about;
	struct nlattr filter;
	struct inet_diag_bc_op op[4];
};

static long ask(int socket, unsigned char family, uint16_t port)
{
	struct question question = {
		.head = { .nlmsg_len = sizeof question,
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.about = { .sdiag_family = family,
			   .sdiag_protocol = PROTOCOL_TCP,
			   .idiag_states = 1u << STATE_LISTEN },
		.filter = { .nla_len = sizeof question.filter + sizeof question.op,
			    .nla_type = INET_DIAG_REQ_BYTECODE },
		/* To the next, or beyond the end, which is no. */
		.op = { { .code = INET_DIAG_BC_S_GE, .yes = 8, .no = 20 },
			{ .no = port },
			{ .code = INET_DIAG_BC_S_LE, .yes = 8, .no = 12 },
			{ .no = port } },
	};

	return call6(__NR_sendto, socket, ADDRESS(&question), sizeof question, 0, 0, 0);
}

/* True: there is more to come. */
static bool take_answers(const char *bytes, long count, uint16_t port, struct sockets *sockets,
			 long *error)
{
	while (count >= (long) sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *head = (const struct nlmsghdr *) (const void *) bytes;
		const struct inet_diag_msg *found =
			(const struct inet_diag_msg *) (const void *) (head + 1);
		if (head->nlmsg_len < sizeof *head || head->nlmsg_len > (size_t) count)
			return false;
		if (head->nlmsg_type == NLMSG_DONE)
			return false;
		if (head->nlmsg_type == NLMSG_ERROR) {
			if (head->nlmsg_len >= sizeof *head + sizeof(int))
				*error = *(const int *) (const void *) (head + 1);
			return false;
		}
		const unsigned char *place = (const unsigned char *) &found->id.idiag_sport;
		if (head->nlmsg_len >= sizeof *head + sizeof *found &&
		    found->idiag_state == STATE_LISTEN &&
		    (place[0] << 8 | place[1]) == port && sockets->count < INODES_MAX)
			sockets->inode[sockets->count++] = found->idiag_inode;
		bytes += NLMSG_ALIGN(head->nlmsg_len);
		count -= (long) NLMSG_ALIGN(head->nlmsg_len);
	}
	return true;
}

static long find_listeners(uint16_t port, struct sockets *sockets)
{
	static char bytes[16384] __attribute__((aligned(8)));
	static const unsigned char families[] = { FAMILY_4, FAMILY_6 };
	long error = 0;
	long socket = call3(__NR_socket, FAMILY_NETLINK, RAW_SOCKET | O_CLOEXEC,
			    NETLINK_SOCK_DIAG);
	if (socket < 0)
		return socket;

	for (size_t i = 0; i < sizeof families && error >= 0; i++) {
		long count = ask((int) socket, families[i], port);
		error = count < 0 ? count : 0;
		do {
			if (error >= 0)
				count = call6(__NR_recvfrom, socket, ADDRESS(bytes), sizeof bytes,
					      0, 0, 0);
			if (count < 0)
				error = count;
		} while (error >= 0 && take_answers(bytes, count, port, sockets, &error));
	}
	sys_close(socket);
	/* A kernel without version 6 has no such sockets. */
	return error == -ENOENT && sockets->count > 0 ? 0 : error;
}

static bool is_among(const struct sockets *sockets, uint64_t inode)
{
	for (uint32_t i = 0; i < sockets->count; i++)
		if (sockets->inode[i] == inode)
			return true;
	return false;
}

/* ---- 2. Numbers in text -------------------------------------------------------------- */

static char *write_number(char *place, uint64_t number)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char) ('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*place++ = digits[--count];
	return place;
}

static char *write_text(char *place, const char *text)
{
	while (*text != '\0')
		*place++ = *text++;
	return place;
}

/* `PID/fd`, `PID/fdinfo/N`, `PID/task/TID/syscall`; -1: without. */
static void name_of(char *place, long pid, const char *directory, long number, const char *rest)
{
	place = write_number(place, (uint64_t) pid);
	place = write_text(place, directory);
	if (number >= 0)
		place = write_number(place, (uint64_t) number);
	*write_text(place, rest) = '\0';
}

/* Moves behind the number; what is no digit of the base ends it. */
static uint64_t read_number(const char **text, unsigned int base)
{
	uint64_t number = 0;

	for (;; (*text)++) {
		char byte = **text;
		unsigned int digit = base;
		if (byte >= '0' && byte <= '9')
			digit = (unsigned int) (byte - '0');
		else if (byte >= 'a' && byte <= 'f')
			digit = (unsigned int) (byte - 'a') + 10;
		if (digit >= base)
			return number;
		number = number * base + digit;
	}
}

/* -1: no number. */
static long number_in(const char *name)
{
	const char *end = name;
	uint64_t number = read_number(&end, 10);

	return end == name || *end != '\0' || number > INT32_MAX ? -1 : (long) number;
}

static const char *find(const char *text, const char *word)
{
	for (; *text != '\0'; text++) {
		size_t i = 0;
		while (word[i] != '\0' && text[i] == word[i])
			i++;
		if (word[i] == '\0')
			return text + i;
	}
	return NULL;
}

/* What fits; a NUL follows. */
static long read_file(int proc, const char *name, char *bytes, size_t room)
{
	long fd = sys_openat(proc, name, O_RDONLY | O_CLOEXEC, 0);
	long count = fd < 0 ? fd : sys_read((int) fd, bytes, room - 1);

	if (fd >= 0)
		sys_close(fd);
	bytes[count > 0 ? count : 0] = '\0';
	return count;
}

/* ---- 3. Who waits -------------------------------------------------------------------- */

/* The descriptors with these sockets of one process. */
struct holder {
	int proc;
	long pid;
	uint32_t count;
	long held[HELD_MAX];
};

static bool holds(const struct holder *holder, long fd)
{
	for (uint32_t i = 0; i < holder->count; i++)
		if (holder->held[i] == fd)
			return true;
	return false;
}

/* Of the lines `tfd: … ino:HEX sdev:…`, one for each descriptor in the set. */
static bool is_in_epoll(int proc, long pid, long fd, const struct sockets *sockets)
{
	static char text[32768];
	char name[64];

	name_of(name, pid, "/fdinfo/", fd, "");
	if (read_file(proc, name, text, sizeof text) <= 0)
		return false;
	for (const char *at = text; (at = find(at, " ino:")) != NULL;)
		if (is_among(sockets, read_number(&at, 16)))
			return true;
	return false;
}

static bool read_memory(const struct holder *holder, uint64_t from, void *to, size_t count)
{
	char name[32];

	name_of(name, holder->pid, "/mem", -1, "");
	long fd = sys_openat(holder->proc, name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	long done = call4(__NR_pread64, fd, ADDRESS(to), (long) count, (long) from);
	sys_close(fd);
	return done == (long) count;
}

static bool polls(const struct holder *holder, uint64_t list, uint64_t count)
{
	static struct pollfd all[256];

	if (count > sizeof all / sizeof *all)
		count = sizeof all / sizeof *all;
	if (!read_memory(holder, list, all, count * sizeof *all))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if ((all[i].events & POLLIN) != 0 && holds(holder, all[i].fd))
			return true;
	return false;
}

static bool selects(const struct holder *holder, uint64_t count, uint64_t set)
{
	uint64_t bits[16];

	if (set == 0 || !read_memory(holder, set, bits, sizeof bits))
		return false;
	for (uint32_t i = 0; i < holder->count; i++) {
		uint64_t fd = (uint64_t) holder->held[i];
		if (fd < count && fd < sizeof bits * 8 && (bits[fd / 64] >> fd % 64 & 1) != 0)
			return true;
	}
	return false;
}

/* What a thread sleeps in: `NUMBER 0xARGUMENT 0xARGUMENT …`, or `running`. */
static bool waits_in(const struct holder *holder, long thread)
{
	char name[64], text[256];
	uint64_t word[3] = { 0 };

	name_of(name, holder->pid, "/task/", thread, "/syscall");
	if (read_file(holder->proc, name, text, sizeof text) <= 0)
		return false;
	const char *at = text;
	if (*at < '0' || *at > '9')
		return false;
	uint64_t call = read_number(&at, 10);
	for (size_t i = 0; i < 3; i++) {
		at = find(at, "0x");
		if (at == NULL)
			return false;
		word[i] = read_number(&at, 16);
	}
	switch (call) {
	case __NR_accept:
	case __NR_accept4:
		return holds(holder, (long) (int) word[0]);
#ifdef __NR_poll
	case __NR_poll:
#endif
	case __NR_ppoll:
		return polls(holder, word[0], word[1]);
#ifdef __NR_select
	case __NR_select:
#endif
	case __NR_pselect6:
		return selects(holder, word[0], word[1]);
	default:
		return false;
	}
}

/* ---- 4. Whose they are --------------------------------------------------------------- */

struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	unsigned char type;
	char name[];
};

/* Calls for each name that is a number, until one is enough. */
static bool any_number(int proc, const char *path, bool (*is_it)(void *, long), void *argument)
{
	char bytes[4096] __attribute__((aligned(8)));
	bool is_found = false;
	long count;
	long fd = sys_openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;

	while (!is_found &&
	       (count = call3(__NR_getdents64, fd, ADDRESS(bytes), sizeof bytes)) > 0)
		for (long at = 0; at < count && !is_found;) {
			struct entry *entry = (struct entry *) (void *) (bytes + at);
			long number = number_in(entry->name);
			is_found = number >= 0 && is_it(argument, number);
			at += entry->length;
		}
	sys_close(fd);
	return is_found;
}

struct search {
	struct holder holder;
	const struct sockets *sockets;
	/* It has to wait for connections, too. */
	bool has_to_wait;
	bool is_held;
	long self;
};

static bool is_thread_waiting(void *argument, long thread)
{
	return waits_in(&((struct search *) argument)->holder, thread);
}

/* `socket:[INODE]`, `anon_inode:[eventpoll]` */
static bool look_at_descriptor(void *argument, long fd)
{
	struct search *search = argument;
	struct holder *holder = &search->holder;
	char name[64], target[64];

	name_of(name, holder->pid, "/fd/", fd, "");
	long count = call4(__NR_readlinkat, holder->proc, ADDRESS(name), ADDRESS(target),
			   sizeof target - 1);
	if (count <= 0)
		return false;
	target[count] = '\0';
	const char *inode = find(target, "socket:[");
	if (inode != NULL && is_among(search->sockets, read_number(&inode, 10))) {
		search->is_held = true;
		if (holder->count < HELD_MAX)
			holder->held[holder->count++] = fd;
		return !search->has_to_wait;
	}
	return search->has_to_wait && same(target, "anon_inode:[eventpoll]") &&
	       is_in_epoll(holder->proc, holder->pid, fd, search->sockets);
}

static bool look_at_process(void *argument, long pid)
{
	struct search *search = argument;
	char name[32];

	/* We hold those that were given to us, and so does the knot. */
	if (pid == 1 || pid == search->self)
		return false;
	search->holder.pid = pid;
	search->holder.count = 0;
	name_of(name, pid, "/fd", -1, "");
	if (any_number(search->holder.proc, name, look_at_descriptor, search))
		return true;
	if (search->holder.count == 0)
		return false;
	name_of(name, pid, "/task", -1, "");
	return any_number(search->holder.proc, name, is_thread_waiting, search);
}

static struct outcome answer(int reason, long detail)
{
	return (struct outcome){ .reason = reason, .detail = (int32_t) detail };
}

struct outcome look_for_listener(const struct container *container, const struct probe *probe)
{
	int64_t port = probe->number[PROBE_PLACE];
	struct sockets sockets = { .count = 0 };
	struct search search = {
		.holder = { .proc = container->proc },
		.sockets = &sockets,
		.has_to_wait = probe->number[PROBE_IS_GIVEN] != 0,
		.self = call0(__NR_getpid),
	};

	long error = find_listeners((uint16_t) port, &sockets);
	if (error < 0)
		return answer(CALL_FAILED, -error);
	if (sockets.count == 0)
		return answer(NOT_LISTENING, port);
	if (any_number(container->proc, ".", look_at_process, &search))
		return answer(IS_WELL, 0);
	return answer(search.is_held ? NOT_WAITED_FOR : NOT_ITS_OWN, port);
}
