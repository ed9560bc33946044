/*
 * network: a network namespace for the container, and its cable to a bridge of the host. All by
 * netlink, which is answered in the namespace that a socket was opened in, wherever its owner has
 * gone since; so two sockets are enough to work on both ends of a cable.
 *
 * Where the application has a user namespace, the network belongs to that, so that what it may do
 * there is what its capabilities say.
 *
 * Sections: 1 messages  2 interfaces  3 the namespace  4 the cable  5 addresses  6 ports
 */
#include "knot.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>

/* Of a C library: its headers and the kernel's own do not go together. */
#define FAMILY_4 2
#define FAMILY_6 10
#define FAMILY_NETLINK 16
#define STREAM_SOCKET 1
#define RAW_SOCKET 3
#define SOCKET_CLOEXEC O_CLOEXEC
#define SOCKET_NONBLOCK O_NONBLOCK
#define REUSE_ADDRESS 2
#define REUSE_PORT 15
#define LEVEL_6 41
#define ONLY_6 26
#define INTERFACE_UP 1u
#define INTERFACE_NAME_BYTES 16
#define ALIAS_BYTES 256

/* Of every network namespace, always. */
#define LOOPBACK 1

/* The longest has four names and two nests. */
#define MESSAGE_BYTES 512

/* ---- 1. Messages --------------------------------------------------------------------- */

struct message {
	struct nlmsghdr head;
	char body[MESSAGE_BYTES];
};

static void append(struct message *message, const void *bytes, size_t count)
{
	char *place = (char *) message + message->head.nlmsg_len;

	for (size_t i = 0; i < NLMSG_ALIGN(count); i++)
		place[i] = i < count ? ((const char *) bytes)[i] : 0;
	message->head.nlmsg_len += (uint32_t) NLMSG_ALIGN(count);
}

static void begin_message(struct message *message, uint16_t type, uint16_t flags,
			  const void *about, size_t count)
{
	message->head = (struct nlmsghdr) {
		.nlmsg_len = sizeof message->head,
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t) (NLM_F_REQUEST | NLM_F_ACK | flags),
	};
	append(message, about, count);
}

static void put_attribute(struct message *message, uint16_t type, const void *bytes, size_t count)
{
	struct rtattr head = { .rta_len = (uint16_t) (sizeof head + count), .rta_type = type };

	append(message, &head, sizeof head);
	append(message, bytes, count);
}

static void put_text(struct message *message, uint16_t type, const char *text)
{
	put_attribute(message, type, text, length_of(text) + 1);
}

static void put_u32(struct message *message, uint16_t type, uint32_t number)
{
	put_attribute(message, type, &number, sizeof number);
}

/* Returns where it begins; what is put until `close_nest` is inside of it. */
static uint32_t open_nest(struct message *message, uint16_t type)
{
	uint32_t start = message->head.nlmsg_len;

	put_attribute(message, type, NULL, 0);
	return start;
}

static void close_nest(struct message *message, uint32_t start)
{
	struct rtattr *head = (struct rtattr *) (void *) ((char *) message + start);

	head->rta_len = (uint16_t) (message->head.nlmsg_len - start);
}

/* What the kernel answers: 0 or minus errno. It has done what was asked before `sendto` returns. */
static long ask(int socket, const struct message *message)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr answer;
		char request[MESSAGE_BYTES];
	} reply;
	long count = call6(__NR_sendto, socket, ADDRESS(message), message->head.nlmsg_len, 0, 0, 0);

	if (count >= 0)
		count = call6(__NR_recvfrom, socket, ADDRESS(&reply), sizeof reply, 0, 0, 0);
	if (count < 0)
		return count;
	if ((size_t) count < sizeof reply.head + sizeof reply.answer.error ||
	    reply.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return reply.answer.error;
}

static long open_netlink(void)
{
	return call3(__NR_socket, FAMILY_NETLINK, RAW_SOCKET | SOCKET_CLOEXEC, NETLINK_ROUTE);
}

/* ---- 2. Interfaces ------------------------------------------------------------------- */

static bool is_interface_name(const char *name)
{
	return *name != '\0' && length_of(name) < INTERFACE_NAME_BYTES;
}

/* Its number in the namespace of the socket; -ENODEV where there is none of this name. */
static long find_interface(int socket, const char *name)
{
	struct {
		char name[INTERFACE_NAME_BYTES];
		int index;
		char rest[20];
	} request = { .index = 0 };

	if (!is_interface_name(name))
		return -ENODEV;
	for (size_t i = 0; name[i] != '\0'; i++)
		request.name[i] = name[i];
	long error = call3(__NR_ioctl, socket, SIOCGIFINDEX, ADDRESS(&request));
	return error < 0 ? error : request.index;
}

static long bring_up(int socket, int index)
{
	struct message message;
	struct ifinfomsg about = {
		.ifi_index = index,
		.ifi_flags = INTERFACE_UP,
		.ifi_change = INTERFACE_UP,
	};

	begin_message(&message, RTM_NEWLINK, 0, &about, sizeof about);
	return ask(socket, &message);
}

static long remove_interface(int socket, int index)
{
	struct message message;
	struct ifinfomsg about = { .ifi_index = index };

	begin_message(&message, RTM_DELLINK, 0, &about, sizeof about);
	return ask(socket, &message);
}

/* ---- 3. The namespace ---------------------------------------------------------------- */

struct owner {
	int users;
	/* A socket in the new namespace, or minus errno. */
	long socket;
};

/* In our descriptors, so that the socket stays. */
static int make_for_owner(void *argument)
{
	struct owner *owner = argument;

	owner->socket = call2(__NR_setns, owner->users, CLONE_NEWUSER);
	if (owner->socket == 0)
		owner->socket = call1(__NR_unshare, CLONE_NEWNET);
	if (owner->socket == 0)
		owner->socket = open_netlink();
	sys_exit(0);
}

/* A namespace belongs to the users of whoever makes it: a copy of us that is one of them. */
static long enter_network_of(int users)
{
	struct owner owner = { .users = users, .socket = -ESRCH };
	long pid = bear(CLONE_VFORK | CLONE_FILES, -1, NULL, make_for_owner, &owner);
	if (pid < 0)
		return pid;
	call4(__NR_wait4, pid, 0, 0, 0);
	if (owner.socket < 0)
		return owner.socket;

	long network = call3(__NR_ioctl, owner.socket, SIOCGSKNS, 0);
	long error = network < 0 ? network : call2(__NR_setns, network, CLONE_NEWNET);
	if (network >= 0)
		sys_close(network);
	sys_close(owner.socket);
	return error;
}

long make_network(struct container *container)
{
	long outside = open_netlink();
	if (outside < 0)
		return outside;
	container->outside = (int) outside;
	long error = container->users == -1 ? call1(__NR_unshare, CLONE_NEWNET)
					    : enter_network_of(container->users);
	if (error < 0)
		return error;
	long inside = open_netlink();
	if (inside < 0)
		return inside;
	container->inside = (int) inside;
	return bring_up(container->inside, LOOPBACK);
}

void finish_network(struct container *container, bool is_refused)
{
	if (is_refused && container->outer > 0)
		remove_interface(container->outside, container->outer);
	if (container->outside != -1)
		sys_close(container->outside);
	if (container->inside != -1)
		sys_close(container->inside);
	container->outside = container->inside = -1;
	container->outer = 0;
}

/* ---- 4. The cable -------------------------------------------------------------------- */

/* Six bytes, the first of them the highest of the number. */
static void put_hardware_address(struct message *message, int64_t number)
{
	unsigned char bytes[6];

	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char) (number >> 8 * (5 - i));
	put_attribute(message, IFLA_ADDRESS, bytes, sizeof bytes);
}

/*
 * In one request: made, plugged in and its outer end up, or not made at all. The inner one can be
 * brought up only once it has the other.
 */
static long make_cable(const struct container *container, const struct step *step, int bridge)
{
	const char *outer = step->text[0], *inner = step->text[2];
	struct message message;
	struct ifinfomsg up = { .ifi_flags = INTERFACE_UP, .ifi_change = INTERFACE_UP };
	struct ifinfomsg down = { .ifi_index = 0 };

	begin_message(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &up, sizeof up);
	put_text(&message, IFLA_IFNAME, outer);
	put_u32(&message, IFLA_MASTER, (uint32_t) bridge);
	uint32_t kind = open_nest(&message, IFLA_LINKINFO);
	put_text(&message, IFLA_INFO_KIND, "veth");
	uint32_t data = open_nest(&message, IFLA_INFO_DATA);
	uint32_t peer = open_nest(&message, VETH_INFO_PEER);
	append(&message, &down, sizeof down);
	put_text(&message, IFLA_IFNAME, inner);
	put_hardware_address(&message, step->number[0]);
	/* We are in the container's namespace, and this is our own pid. */
	put_u32(&message, IFLA_NET_NS_PID, (uint32_t) call0(__NR_getpid));
	close_nest(&message, peer);
	close_nest(&message, data);
	close_nest(&message, kind);
	return ask(container->outside, &message);
}

/* So that `ip link`, and who sweeps, can tell whose it is. Without it everything works. */
static void name_owner(const struct container *container)
{
	struct message message;
	struct ifinfomsg about = { .ifi_index = container->outer };

	if (length_of(container->name) >= ALIAS_BYTES)
		return;
	begin_message(&message, RTM_NEWLINK, 0, &about, sizeof about);
	put_text(&message, IFLA_IFALIAS, container->name);
	ask(container->outside, &message);
}

long connect_network(struct container *container, const struct step *step)
{
	const char *outer = step->text[0], *bridge = step->text[1], *inner = step->text[2];

	if (!is_interface_name(outer) || !is_interface_name(inner))
		return -EINVAL;
	long index = find_interface(container->outside, bridge);
	if (index < 0)
		return index;
	long error = make_cable(container, step, (int) index);
	if (error == -EEXIST && !container->is_command) {
		/*
		 * Of an earlier life, in a namespace that somebody keeps. Who starts a command has
		 * looked: for him it is somebody alive.
		 */
		long stale = find_interface(container->outside, outer);
		if (stale > 0)
			remove_interface(container->outside, (int) stale);
		error = make_cable(container, step, (int) index);
	}
	if (error < 0)
		return error;
	long made = find_interface(container->outside, outer);
	container->outer = made < 0 ? 0 : (int) made;
	if (made > 0)
		name_owner(container);
	long own = find_interface(container->inside, inner);
	container->inner = own < 0 ? 0 : (int) own;
	if (made < 0 || own < 0)
		return made < 0 ? made : own;
	return bring_up(container->inside, container->inner);
}

/* ---- 5. Addresses -------------------------------------------------------------------- */

struct address {
	unsigned char family;
	size_t count;
	unsigned char bytes[16];
};

/* 4 or 6, and 128 bits in two numbers, of which version 4 uses the last 32. */
static bool read_address(int64_t family, const int64_t *bits, struct address *address)
{
	if (family != 4 && family != 6)
		return false;
	address->family = family == 4 ? FAMILY_4 : FAMILY_6;
	address->count = family == 4 ? 4 : 16;
	for (size_t i = 0; i < address->count; i++) {
		size_t shift = 8 * (address->count - 1 - i);
		uint64_t half = (uint64_t) bits[shift >= 64 ? 0 : 1];
		address->bytes[i] = (unsigned char) (half >> shift % 64);
	}
	return true;
}

/* Nobody else has it, so there is nothing to wait for before it can be used. */
long add_address(const struct container *container, const struct step *step)
{
	struct message message;
	struct address address;

	if (!read_address(step->number[0], step->number + 2, &address))
		return -EINVAL;
	struct ifaddrmsg about = {
		.ifa_family = address.family,
		.ifa_prefixlen = (unsigned char) step->number[1],
		.ifa_index = (uint32_t) container->inner,
	};
	begin_message(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &about, sizeof about);
	put_attribute(&message, IFA_LOCAL, address.bytes, address.count);
	put_attribute(&message, IFA_ADDRESS, address.bytes, address.count);
	if (address.family == FAMILY_6)
		put_u32(&message, IFA_FLAGS, IFA_F_NODAD);
	return ask(container->inside, &message);
}

long add_default_route(const struct container *container, const struct step *step)
{
	struct message message;
	struct address gateway;

	if (!read_address(step->number[0], step->number + 1, &gateway))
		return -EINVAL;
	struct rtmsg about = {
		.rtm_family = gateway.family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	begin_message(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &about, sizeof about);
	put_attribute(&message, RTA_GATEWAY, gateway.bytes, gateway.count);
	put_u32(&message, RTA_OIF, (uint32_t) container->inner);
	return ask(container->inside, &message);
}

/* ---- 6. Ports ------------------------------------------------------------------------ */

#define PORT_REUSES_ADDRESS 1
#define PORT_IS_REUSED 2
#define PORT_DOES_NOT_BLOCK 4

/* As struct sockaddr_in and sockaddr_in6. */
static size_t write_place(unsigned char *bytes, const struct address *address, int64_t port)
{
	size_t at = address->family == FAMILY_4 ? 4 : 8;
	uint16_t family = address->family;

	for (size_t i = 0; i < sizeof family; i++)
		bytes[i] = ((const unsigned char *) &family)[i];
	bytes[2] = (unsigned char) (port >> 8);
	bytes[3] = (unsigned char) port;
	for (size_t i = 0; i < address->count; i++)
		bytes[at + i] = address->bytes[i];
	return address->family == FAMILY_4 ? 16 : 28;
}

long make_place(int64_t family, const int64_t *bits, int64_t port, unsigned char *bytes)
{
	struct address address;

	if (!read_address(family, bits, &address))
		return -EINVAL;
	return (long) write_place(bytes, &address, port);
}

static long set_option(long fd, long level, long option, int value)
{
	return call5(__NR_setsockopt, fd, level, option, ADDRESS(&value), sizeof value);
}

/* number: descriptor, family, two of the address, port, backlog, flags */
long open_port(const struct step *step)
{
	const int64_t *number = step->number;
	unsigned char place[28] = { 0 };
	struct address address;

	if (!read_address(number[1], number + 2, &address))
		return -EINVAL;
	size_t length = write_place(place, &address, number[4]);
	int block = number[6] & PORT_DOES_NOT_BLOCK ? SOCKET_NONBLOCK : 0;
	long fd = call3(__NR_socket, address.family, STREAM_SOCKET | SOCKET_CLOEXEC | block, 0);
	if (fd < 0)
		return fd;
	long error = 0;
	if (number[6] & PORT_REUSES_ADDRESS)
		error = set_option(fd, SOCKET_LEVEL, REUSE_ADDRESS, 1);
	if (error == 0 && number[6] & PORT_IS_REUSED)
		error = set_option(fd, SOCKET_LEVEL, REUSE_PORT, 1);
	/* `::` is every address of both kinds. */
	if (error == 0 && address.family == FAMILY_6)
		error = set_option(fd, LEVEL_6, ONLY_6, 0);
	if (error == 0)
		error = call3(__NR_bind, fd, ADDRESS(place), (long) length);
	if (error == 0)
		error = call2(__NR_listen, fd, number[5]);
	if (error == 0)
		return fd;
	sys_close(fd);
	return error;
}
