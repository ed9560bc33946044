/*
 * http: a server that is given its listening socket: `http FD READY VERSION`. It writes a line to
 * descriptor READY when it serves, but not where VERSION begins with "never"; answers every request
 * with VERSION, and on SIGTERM ends between two of them.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t is_over;

static void end(int signal)
{
	(void) signal;
	is_over = 1;
}

static void answer(int listening, const char *version)
{
	char request[4096], text[512];
	size_t length = 0;
	int client = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

	if (client == -1)
		return;
	while (length < sizeof request - 1) {
		ssize_t count = read(client, request + length, sizeof request - 1 - length);
		if (count <= 0)
			break;
		length += (size_t) count;
		request[length] = '\0';
		if (strstr(request, "\r\n\r\n") != NULL)
			break;
	}
	int used = snprintf(text, sizeof text,
			    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
			    strlen(version), version);
	(void) !write(client, text, (size_t) used);
	shutdown(client, SHUT_WR);
	close(client);
}

int main(int count, char **words)
{
	struct sigaction action = { .sa_handler = end };
	sigset_t term, none;

	if (count < 4)
		return 2;
	sigemptyset(&none);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (strncmp(words[3], "never", 5) != 0)
		(void) !write(atoi(words[2]), "\n", 1);
	while (!is_over) {
		struct pollfd served = { atoi(words[1]), POLLIN, 0 };
		/* A version that is not ready answers nobody. */
		if (strncmp(words[3], "never", 5) == 0)
			served.fd = -1;
		if (ppoll(&served, 1, NULL, &none) == 1)
			answer(served.fd, words[3]);
	}
	return 0;
}
