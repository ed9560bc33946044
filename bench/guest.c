/*
 * What runs in the containers of the benchmarks: writes the instant at which main was reached,
 * so that a start is measured to where an application's own work begins.
 *
 *     guest          writes and exits
 *     guest quiet    exits, and writes nothing
 *     guest stay     writes and sleeps until it is killed
 *     guest serve    writes, and answers by HTTP who connects to the socket at descriptor 3
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* No stdio: its start-up would be measured, too. */
static size_t digits(char *to, uint64_t number)
{
	char reversed[20];
	size_t count = 0;

	do {
		reversed[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (size_t i = 0; i < count; i++)
		to[i] = reversed[count - 1 - i];
	return count;
}

static void serve(void)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	char request[4096];

	for (;;) {
		int client = accept4(3, NULL, NULL, SOCK_CLOEXEC);

		if (client == -1)
			continue;
		if (read(client, request, sizeof request) > 0)
			(void)!write(client, answer, sizeof answer - 1);
		close(client);
	}
}

int main(int argc, char **argv)
{
	char line[32] = "main ";
	struct timespec now;
	size_t length;

	if (argc > 1 && strcmp(argv[1], "quiet") == 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	length = 5 + digits(line + 5, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
	line[length++] = '\n';
	if (write(STDOUT_FILENO, line, length) != (ssize_t)length)
		return 1;
	if (argc > 1 && strcmp(argv[1], "serve") == 0)
		serve();
	while (argc > 1 && strcmp(argv[1], "stay") == 0)
		pause();
	return 0;
}
