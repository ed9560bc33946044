/*
 * A server that finds its socket with sd_listen_fds_with_names(3), of the libsystemd that is there
 * when it runs, and tells every client what that library says of it.
 */
#include <dlfcn.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { first = 3 }; /* SD_LISTEN_FDS_START */

typedef int listen_fds(int unset, char ***names);
typedef int is_socket(int fd, int family, int type, int listening);

int main(void)
{
	void *library = dlopen("libsystemd.so.0", RTLD_NOW);
	if (!library) errx(1, "%s", dlerror());
	listen_fds *given = (listen_fds *)dlsym(library, "sd_listen_fds_with_names");
	is_socket *is = (is_socket *)dlsym(library, "sd_is_socket");
	if (!given || !is) errx(1, "libsystemd is too old");
	char **names;
	int count = given(1, &names);
	if (count != 1) errx(1, "sd_listen_fds: %d", count);
	for (;;) {
		int client = accept(first, NULL, NULL);
		if (client < 0) err(1, "accept");
		dprintf(client, "%s, %s, %s\n", names[0],
			is(first, AF_INET, SOCK_STREAM, -1) == 1 ? "of IPv4" : "of another family",
			is(first, AF_INET, SOCK_STREAM, 1) == 1 ? "listening" : "not listening");
		close(client);
	}
}
