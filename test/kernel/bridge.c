/*
 * bridge: makes a bridge with an address in the network namespace that it is called in; then the
 * loopback is up as well. Words: NAME ADDRESS PREFIX, or NAME ADDRESS6 PREFIX to add one.
 * With the single word NAME: removes it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ipv6.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void must(int result, const char *what)
{
	if (result < 0 && errno != EEXIST) {
		perror(what);
		exit(1);
	}
}

static void set_flags(int fd, const char *name, short flags)
{
	struct ifreq request = { .ifr_flags = flags };

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	must(ioctl(fd, SIOCSIFFLAGS, &request), name);
}

static void add_four(int fd, const char *name, const char *address, int prefix)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *place = (void *)&request.ifr_addr;

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	place->sin_family = AF_INET;
	inet_pton(AF_INET, address, &place->sin_addr);
	must(ioctl(fd, SIOCSIFADDR, &request), "address");
	place->sin_addr.s_addr = htonl(~0u << (32 - prefix));
	must(ioctl(fd, SIOCSIFNETMASK, &request), "netmask");
}

static void add_six(const char *name, const char *address, int prefix)
{
	struct in6_ifreq request = { .ifr6_prefixlen = (unsigned)prefix,
				     .ifr6_ifindex = (int)if_nametoindex(name) };

	inet_pton(AF_INET6, address, &request.ifr6_addr);
	must(ioctl(socket(AF_INET6, SOCK_DGRAM, 0), SIOCSIFADDR, &request), "address 6");
}

int main(int count, char **words)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (count == 2) {
		set_flags(fd, words[1], 0);
		must(ioctl(fd, SIOCBRDELBR, words[1]), "removing");
		return 0;
	}
	must(ioctl(fd, SIOCBRADDBR, words[1]), "making");
	set_flags(fd, words[1], IFF_UP);
	set_flags(fd, "lo", IFF_UP);
	if (strchr(words[2], ':') == NULL)
		add_four(fd, words[1], words[2], atoi(words[3]));
	else
		add_six(words[1], words[2], atoi(words[3]));
	return 0;
}
