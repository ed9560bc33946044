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
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "library.h"

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
 * Removes it, and with it the other end of its cable, in whatever namespace that is. 0; -ENODEV
 * where there is none of this name.
 */
int lithos_unplug(const char *name)
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
	unsigned int index = if_nametoindex(name);
	int fd, error = 0;

	if (index == 0)
		return -ENODEV;
	request.about.ifi_index = (int)index;
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
