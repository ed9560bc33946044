/*
 * spawn: starts a program as the first process of new namespaces, tells its pid on descriptor 5,
 * waits for it and ends as it did. If the test dies, so do both.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words)
{
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (count < 2 || unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) == -1) {
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
		(void) !dup2(2, 77);
		execv(words[1], words + 1);
		perror(words[1]);
		_exit(125);
	}
	dprintf(5, "%d\n", pid);
	close(5);
	while (waitpid(pid, &status, 0) == -1)
		;
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
