/*
 * Listening sockets: opened for a user, recognised among other descriptors, taken from another
 * process, and told of to a service manager. See native/sockets.ts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "library.h"

enum { REUSE_ADDR = 1, REUSE_PORT = 2, NON_BLOCKING = 4 };

/* What failed; the texts are in native/sockets.ts. */
enum { STAGE_SOCKET = 1, STAGE_OPTIONS, STAGE_BIND, STAGE_LISTEN };

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* How long it is; 0 where the text is no address. */
static socklen_t address_of(const char *host, int port, struct sockaddr_storage *place)
{
	struct sockaddr_in *four = (struct sockaddr_in *)place;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)place;

	memset(place, 0, sizeof(*place));
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		return sizeof(*six);
	}
	return 0;
}

/*
 * The inode of a socket belongs to whoever makes it, for the file system: these two ids are of
 * this thread only, and take nothing from the right to bind a low port.
 */
static int make_socket(int family, int uid, int gid)
{
	long old_gid = call(SYS_setfsgid, gid, 0, 0, 0, 0);
	long old_uid = call(SYS_setfsuid, uid, 0, 0, 0, 0);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = errno;

	call(SYS_setfsuid, old_uid, 0, 0, 0, 0);
	call(SYS_setfsgid, old_gid, 0, 0, 0, 0);
	errno = error;
	return fd;
}

static int set_options(int fd, int family, int flags)
{
	if (set(fd, SOL_SOCKET, SO_REUSEADDR, (flags & REUSE_ADDR) != 0) != 0)
		return -1;
	if ((flags & REUSE_PORT) && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	/* `::` is every address of both kinds, whatever net.ipv6.bindv6only says. */
	if (family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0)
		return -1;
	return 0;
}

static int set_blocking(int fd, int flags)
{
	int old = fcntl(fd, F_GETFL);
	int wanted = flags & NON_BLOCKING ? old | O_NONBLOCK : old & ~O_NONBLOCK;

	if (old == -1)
		return -1;
	return old == wanted ? 0 : fcntl(fd, F_SETFL, wanted);
}

/* A descriptor that listens, close-on-exec; or minus errno, and the stage. */
int lithos_listen(const char *host, int port, int backlog, int flags, int uid, int gid, int *stage)
{
	struct sockaddr_storage place;
	socklen_t length = address_of(host, port, &place);
	int family = place.ss_family;
	int fd, error;

	*stage = STAGE_SOCKET;
	if (length == 0)
		return -EINVAL;
	fd = make_socket(family, uid, gid);
	if (fd == -1)
		return -errno;
	*stage = STAGE_OPTIONS;
	if (set_options(fd, family, flags) == 0) {
		*stage = STAGE_BIND;
		if (bind(fd, (struct sockaddr *)&place, length) == 0) {
			*stage = STAGE_LISTEN;
			if (listen(fd, backlog) == 0 && set_blocking(fd, flags) == 0)
				return fd;
		}
	}
	error = errno;
	close(fd);
	return -error;
}

/* The same options for one that listens already: all that can be changed without a gap. */
int lithos_adjust(int fd, int backlog, int flags, int uid, int gid)
{
	if (fchown(fd, (uid_t)uid, (gid_t)gid) != 0)
		return -errno;
	return listen(fd, backlog) == 0 && set_blocking(fd, flags) == 0 ? 0 : -errno;
}

static int option_of(int fd, int option)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : 0;
}

/*
 * Whether a descriptor is a TCP socket that listens. out: family (4 or 6), port, whether others
 * may listen beside it; the address goes to `bytes`. 0: it is something else.
 */
int lithos_listening(int fd, unsigned char *bytes, int *out)
{
	struct sockaddr_storage place;
	socklen_t length = sizeof(place);

	memset(&place, 0, sizeof(place));
	if (!option_of(fd, SO_ACCEPTCONN) || option_of(fd, SO_PROTOCOL) != IPPROTO_TCP ||
	    getsockname(fd, (struct sockaddr *)&place, &length) != 0)
		return 0;
	out[2] = option_of(fd, SO_REUSEPORT);
	if (place.ss_family == AF_INET) {
		const struct sockaddr_in *address = (struct sockaddr_in *)&place;

		out[0] = 4;
		out[1] = ntohs(address->sin_port);
		memcpy(bytes, &address->sin_addr, 4);
		return 1;
	}
	if (place.ss_family == AF_INET6) {
		const struct sockaddr_in6 *address = (struct sockaddr_in6 *)&place;

		out[0] = 6;
		out[1] = ntohs(address->sin6_port);
		memcpy(bytes, &address->sin6_addr, 16);
		return 1;
	}
	return 0;
}

/* ---- datagrams -------------------------------------------------------------------------- */

union passed {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static void pass(struct msghdr *message, union passed *control, int fd)
{
	memset(control, 0, sizeof(*control));
	control->header.cmsg_len = CMSG_LEN(sizeof(int));
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control->header), &fd, sizeof(int));
	message->msg_control = control->room;
	message->msg_controllen = sizeof(control->room);
}

/* Over a connected socket, now or not at all. `passed` goes along, -1 for none. */
int lithos_send(int fd, const void *bytes, int count, int passed)
{
	union passed control;
	struct iovec words = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = (size_t)count};
	struct msghdr message = {.msg_iov = &words, .msg_iovlen = 1};

	if (passed >= 0)
		pass(&message, &control, passed);
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == -1 ? -errno : 0;
}

/* ---- sd_notify --------------------------------------------------------------------------- */

/* A manager that does not read must not stop us. */
enum { PATIENCE_US = 50000 };

/* `path`: of a datagram socket, `@` for an abstract one. `fd` goes along, -1 for none. */
int lithos_notify(const char *path, const char *text, int fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_usec = PATIENCE_US};
	size_t length = strlen(path);
	union passed control;
	struct iovec words = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr message = {.msg_name = &address, .msg_iov = &words, .msg_iovlen = 1};
	int result = 0;

	if (length < 2 || length > sizeof(address.sun_path))
		return -EINVAL;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (fd >= 0)
		pass(&message, &control, fd);
	int channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (channel == -1)
		return -errno;
	setsockopt(channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (sendmsg(channel, &message, MSG_NOSIGNAL) == -1)
		result = -errno;
	close(channel);
	return result;
}
