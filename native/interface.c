/*
 * interface: network interfaces of the host. Asked of the kernel and not of /sys, which may show
 * those of another network namespace than ours.
 */
#define _GNU_SOURCE
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "library.h"

/* As src/interfaces.ts names them. */
#define CABLE_PREFIX "li_"

/* 1 for a bridge, 0 for something else, -ENODEV where there is none of this name. */
int lithos_bridge(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (char *)&info};
	int fd, error;

	if (if_nametoindex(name) == 0)
		return -ENODEV;
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -errno;
	error = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	return error == 0 && strcmp(info.driver, "bridge") == 0;
}

/*
 * Removes it, and with it the other end of its cable, in whatever namespace that is. By its number,
 * which no other gets, whoever has the name by now. 0; -ENODEV where there is none.
 */
int lithos_unplug(int index)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg about;
	} request = {.head = {.nlmsg_len = sizeof(request),
			      .nlmsg_type = RTM_DELLINK,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr answer;
		char rest[256];
	} reply;
	int fd, error = 0;

	if (index <= 0)
		return -ENODEV;
	request.about.ifi_index = index;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd == -1)
		return -errno;
	if (send(fd, &request, sizeof(request), 0) == -1 ||
	    recv(fd, &reply, sizeof(reply), 0) == -1)
		error = -errno;
	else if (reply.head.nlmsg_type != NLMSG_ERROR)
		error = -EPROTO;
	else
		error = reply.answer.error;
	close(fd);
	return error;
}

/* ---- cables ------------------------------------------------------------------------------ */

enum { DUMP_BYTES = 32768, PREFIX_LENGTH = sizeof(CABLE_PREFIX) - 1 };

struct cables {
	char *out;
	int room;
	int used;
};

static const char *text_of(const struct rtattr *attribute)
{
	return attribute == NULL ? "" : RTA_DATA(attribute);
}

static const struct rtattr *after(const struct rtattr *attribute, int *length)
{
	int taken = RTA_ALIGN(attribute->rta_len);

	*length -= taken;
	return (const void *)((const char *)attribute + taken);
}

/* Number, name and alias, which may be empty, each ended by NUL. */
static void take_link(struct cables *cables, const struct nlmsghdr *head)
{
	const struct ifinfomsg *about = NLMSG_DATA(head);
	const struct rtattr *name = NULL, *alias = NULL;
	int length = (int)IFLA_PAYLOAD(head);
	/* What has no room is counted all the same. */
	int room = cables->room > cables->used ? cables->room - cables->used : 0;

	const struct rtattr *at = (const void *)IFLA_RTA(about);

	for (; RTA_OK(at, length); at = after(at, &length)) {
		if (at->rta_type == IFLA_IFNAME)
			name = at;
		if (at->rta_type == IFLA_IFALIAS)
			alias = at;
	}
	if (strncmp(text_of(name), CABLE_PREFIX, PREFIX_LENGTH) != 0)
		return;
	cables->used += 1 + snprintf(room > 0 ? cables->out + cables->used : NULL, (size_t)room,
				     "%d%c%s%c%s", about->ifi_index, 0, text_of(name), 0,
				     text_of(alias));
}

/* False: the kernel has said all. */
static bool take_links(struct cables *cables, const char *bytes, size_t count)
{
	const struct nlmsghdr *head = (const void *)bytes;

	for (; NLMSG_OK(head, count); head = NLMSG_NEXT(head, count)) {
		if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
			return false;
		if (head->nlmsg_type == RTM_NEWLINK)
			take_link(cables, head);
	}
	return true;
}

/* All ends of cables of ours on this host: how many bytes that are. `room` of them were written. */
int lithos_cables(char *out, int room)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg about;
	} request = {.head = {.nlmsg_len = sizeof(request),
			      .nlmsg_type = RTM_GETLINK,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	struct cables cables = {.out = out, .room = room};
	_Alignas(struct nlmsghdr) char bytes[DUMP_BYTES];
	ssize_t count;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd == -1)
		return -errno;
	count = send(fd, &request, sizeof(request), 0);
	while (count > 0 && (count = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		if (!take_links(&cables, bytes, (size_t)count))
			break;
	if (count < 0)
		cables.used = -errno;
	close(fd);
	return cables.used;
}
