/*
 * What runs in the containers of the chaos:
 *
 *     guest serve FD        accepts on this descriptor and answers one line
 *     guest sleep           until it is killed
 *     guest deaf            the same, but hears no SIGTERM
 *     guest mortal MS END   says goodbye after so long, then ends: exit code, or s and signal
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void serve(int listener)
{
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client == -1)
			continue;
		if (send(client, "here\n", 5, MSG_NOSIGNAL) == -1)
			_exit(90);
		close(client);
	}
}

/* After the goodbye no signal of another's can come between: what was said is what happens. */
static void end(long ms, const char *how)
{
	struct timespec rest = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t all, one;

	nanosleep(&rest, NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (write(STDOUT_FILENO, "goodbye\n", 8) != 8)
		_exit(91);
	if (*how != 's')
		_exit(atoi(how));
	kill(getpid(), atoi(how + 1));
	sigemptyset(&one);
	sigaddset(&one, atoi(how + 1));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	_exit(92);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "serve") == 0)
		serve(atoi(argv[2]));
	if (argc > 3 && strcmp(argv[1], "mortal") == 0)
		end(atol(argv[2]), argv[3]);
	if (argc > 1 && strcmp(argv[1], "deaf") == 0)
		signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}
