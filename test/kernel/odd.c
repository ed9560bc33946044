/*
 * odd: makes itself as odd as a process can be whose children should not be like it, and becomes
 * the program called as it is with `.real` behind.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **words)
{
	struct rlimit core = { 4096, RLIM_INFINITY };
	struct sched_param none = { 0 };
	cpu_set_t processors;
	char program[PATH_MAX];
	sigset_t signals;

	(void) count;
	CPU_ZERO(&processors);
	CPU_SET(0, &processors);
	sched_setaffinity(0, sizeof processors, &processors);
	sched_setscheduler(0, SCHED_BATCH, &none);
	setpriority(PRIO_PROCESS, 0, 7);
	syscall(SYS_ioprio_set, 1, 0, 3 << 13);
	personality(ADDR_NO_RANDOMIZE);
	prctl(PR_SET_TIMERSLACK, 1000000);
	setrlimit(RLIMIT_CORE, &core);
	umask(0);
	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	(void) !write(fd, "321", 3);
	close(fd);
	snprintf(program, sizeof program, "%s.real", words[0]);
	execv(program, words);
	perror(program);
	return 127;
}
