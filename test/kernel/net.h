/* net: what a guest says of its network, and how it speaks to others. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int bits_of(const unsigned char *mask, int count)
{
	int bits = 0;

	for (int i = 0; i < 8 * count; i++)
		bits += mask[i / 8] >> (7 - i % 8) & 1;
	return bits;
}

static void show_network(void)
{
	struct ifaddrs *all, *at;
	char text[INET6_ADDRSTRLEN];

	getifaddrs(&all);
	for (at = all; at != NULL; at = at->ifa_next) {
		const char *up = at->ifa_flags & IFF_UP ? "up" : "down";
		if (at->ifa_addr->sa_family == AF_PACKET) {
			unsigned char *hard = ((struct sockaddr_ll *)at->ifa_addr)->sll_addr;
			printf("interface %s %s %02x\n", at->ifa_name, up, hard[0]);
		} else if (at->ifa_addr->sa_family == AF_INET) {
			inet_ntop(AF_INET, &((struct sockaddr_in *)at->ifa_addr)->sin_addr, text,
				  sizeof(text));
			void *mask = &((struct sockaddr_in *)at->ifa_netmask)->sin_addr;
			printf("address %s %s/%d\n", at->ifa_name, text, bits_of(mask, 4));
		} else {
			struct in6_addr *own = &((struct sockaddr_in6 *)at->ifa_addr)->sin6_addr;
			inet_ntop(AF_INET6, own, text, sizeof(text));
			void *mask = &((struct sockaddr_in6 *)at->ifa_netmask)->sin6_addr;
			if (!IN6_IS_ADDR_LINKLOCAL(own))
				printf("address %s %s/%d\n", at->ifa_name, text, bits_of(mask, 16));
		}
	}
	freeifaddrs(all);
}

/* `address port` */
static socklen_t read_place(char *text, struct sockaddr_storage *place)
{
	struct sockaddr_in *four = (void *)place;
	struct sockaddr_in6 *six = (void *)place;
	char *port = strchr(text, ',');

	memset(place, 0, sizeof(*place));
	*port++ = 0;
	if (strchr(text, ':') == NULL) {
		four->sin_family = AF_INET;
		four->sin_port = htons((unsigned short)atoi(port));
		inet_pton(AF_INET, text, &four->sin_addr);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((unsigned short)atoi(port));
	inet_pton(AF_INET6, text, &six->sin6_addr);
	return sizeof(*six);
}

/* Answers everybody with `words`, for ever. */
static void serve(char *where, const char *words)
{
	struct sockaddr_storage place;
	socklen_t size = read_place(where, &place);
	int on = 1, fd = socket(place.ss_family, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (void *)&place, size) == -1 || listen(fd, 8) == -1) {
		printf("serve: %s\n", strerror(errno));
		return;
	}
	printf("serving %s\n", words);
	for (;;) {
		int one = accept(fd, NULL, NULL);
		(void)!write(one, words, strlen(words));
		close(one);
	}
}

/* Answers everybody at a socket that is open already. */
static void serve_at(char *fd, const char *words)
{
	printf("serving %s\n", words);
	for (;;) {
		int one = accept(atoi(fd), NULL, NULL);
		if (one == -1) {
			printf("accept: %s\n", strerror(errno));
			return;
		}
		(void)!write(one, words, strlen(words));
		close(one);
	}
}

static void try_binding(char *where)
{
	struct sockaddr_storage place;
	socklen_t size = read_place(where, &place);
	int fd = socket(place.ss_family, SOCK_STREAM, 0);

	printf("bind %s\n", bind(fd, (void *)&place, size) == 0 ? "done" : strerror(errno));
	close(fd);
}

static void call_up(char *where)
{
	struct timeval patience = { .tv_sec = 3 };
	struct sockaddr_storage place;
	socklen_t size = read_place(where, &place);
	char text[256];
	ssize_t count = -1;
	int error = 0;

	/* Who is called may be on its way to listen. */
	for (int tries = 0; tries < 100 && count < 0; tries++) {
		int fd = socket(place.ss_family, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (connect(fd, (void *)&place, size) == 0)
			count = read(fd, text, sizeof(text) - 1);
		error = errno;
		close(fd);
		if (error == ENETUNREACH)
			break;
		usleep(20000);
	}
	text[count < 0 ? 0 : count] = 0;
	printf("called %s: %s\n", where, count < 0 ? strerror(error) : text);
}
