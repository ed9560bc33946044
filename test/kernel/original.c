/*
 * Stands in for a knot of the original lithos: no status file, the first of its own pid namespace,
 * ends with 0 when it is told to; with -DDEAF it hears nothing.
 */
#include <signal.h>
#include <unistd.h>

static void on_term(int signal)
{
	(void)signal;
#ifndef DEAF
	_exit(0);
#endif
}

int main(void)
{
	signal(SIGTERM, on_term);
	if (fork() == 0)
		return execl("/bin/sleep", "sleep", "600", (char *)0);
	for (;;)
		pause();
}
