/*
 * Stands in for the knot: the same descriptors and the same lines in the status file, and the
 * plan is a few words. It makes an application of itself, which sleeps or ends.
 *
 *     refuse STEP ERRNO     vanish CODE     run CODE     stay     deaf
 *
 * With the argument `fds` it prints its open descriptors and its signals instead.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1e6;
}

static volatile sig_atomic_t told_to_end;
static volatile pid_t app;

/* Passes it on by itself: it may come when nobody waits yet. */
static void on_term(int signal)
{
	told_to_end = 1;
	kill(app, signal);
}

static int print_fds(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir) &&
		    atoi(entry->d_name) != fileno(status))
			printf("fd %s\n", entry->d_name);
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "Sig", 3))
			fputs(line, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	char plan[256] = {0}, what[32] = {0};
	int first = 0, second = 0, status = 0;
	double started;

	if (argc > 1 && !strcmp(argv[1], "fds"))
		return print_fds();
	if (read(3, plan, sizeof(plan) - 1) < 0)
		return 2;
	close(3);
	sscanf(plan, "%31s %d %d", what, &first, &second);
	dprintf(4, "launched %.3f\n", now());
	if (!strcmp(what, "refuse")) {
		dprintf(4, "refused %.3f %d %d\n", now(), first, second);
		return 1;
	}
	if (!strcmp(what, "vanish"))
		return first;

	/* A pid namespace's first process hears only what it has a handler for. */
	struct sigaction term = {.sa_handler = on_term};
	sigset_t terms;
	sigemptyset(&terms);
	sigaddset(&terms, SIGTERM);
	sigprocmask(SIG_BLOCK, &terms, NULL);
	sigaction(SIGTERM, &term, NULL);
	app = fork();
	if (app == 0)
		signal(SIGTERM, strcmp(what, "deaf") ? SIG_DFL : SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &terms, NULL);
	if (app == 0) {
		if (!strcmp(what, "run"))
			_exit(first);
		for (;;)
			pause();
	}
	started = now();
	dprintf(4, "started %.3f %d\n", started, app);
	while (waitpid(app, &status, 0) < 0)
		;
	dprintf(4, "exited %.3f %d %.3f %s\n", now(), status, started,
		told_to_end ? "term" : "itself");
	return told_to_end ? 0 : 2;
}
