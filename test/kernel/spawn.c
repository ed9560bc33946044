/*
 * spawn: starts a program as the first process of new namespaces, tells its pid on descriptor 5,
 * waits for it and ends as it did. If the test dies, so do both.
 *
 * Its own mounts are shared with those of the program, as they are under systemd: what the
 * program mounts without care shows up here, and spawn then ends with 124.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int count_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "r");
	int lines = 0, character;

	while (file != NULL && (character = getc(file)) != EOF)
		lines += character == '\n';
	if (file != NULL)
		fclose(file);
	return lines;
}

static int share_mounts(void)
{
	return unshare(CLONE_NEWNS) == -1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
}

/* A directory of the host as descriptor 5, where a test has put a link `leak` beside us. */
static void leak(const char *self)
{
	char path[4096];

	snprintf(path, sizeof path, "%.*s/leak", (int) (strrchr(self, '/') - self), self);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	if (fd != -1 && fd != 5) {
		dup2(fd, 5);
		close(fd);
	}
}

int main(int count, char **words)
{
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (share_mounts()) {
		perror("mounts");
		return 125;
	}
	int mounts = count_mounts();
	if (count < 2 || unshare(CLONE_NEWPID) == -1) {
		perror("unshare");
		return 125;
	}
	/* What a careless parent leaves behind: the knot may not pass it on. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(5);
		leak(words[0]);
		if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) == -1)
			_exit(125);
		(void) !dup2(2, 77);
		execv(words[1], words + 1);
		perror(words[1]);
		_exit(125);
	}
	dprintf(5, "%d\n", pid);
	close(5);
	while (waitpid(pid, &status, 0) == -1)
		;
	/* Less there may be: what is unmounted and removed elsewhere goes here, too. */
	if (count_mounts() > mounts) {
		fprintf(stderr, "something was mounted outside\n");
		return 124;
	}
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
