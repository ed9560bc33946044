/*
 * racer: exchanges two names, as fast as it can, until it is killed or its parent is gone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

int main(int count, char **words)
{
	if (count != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (renameat2(AT_FDCWD, words[1], AT_FDCWD, words[2], RENAME_EXCHANGE) == 0)
		;
	return 1;
}
