/*
 * hostile: an application that was taken over, for containers under test. Its words are done one
 * after the other; each prints what came of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *outcome(long result)
{
	static char text[32];

	if (result == -1)
		return strerrorname_np(errno);
	snprintf(text, sizeof text, "%ld", result);
	return text;
}

/* NUMBER,ARGUMENT… An argument is a number, or @TEXT for the address of a text. */
static void call(char *words)
{
	long arguments[7] = { 0 };
	int count = 0;

	for (char *word = strtok(words, ","); word != NULL && count < 7; word = strtok(NULL, ","))
		arguments[count++] = *word == '@' ? (long) (word + 1) : strtol(word, NULL, 0);
	errno = 0;
	long result = syscall(arguments[0], arguments[1], arguments[2], arguments[3],
			      arguments[4], arguments[5], arguments[6]);
	printf("call %ld: %s\n", arguments[0], outcome(result));
}

/* As a program for i386 calls the kernel. */
static void call_old(long number)
{
#if defined(__x86_64__)
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number) : "memory");
	printf("old call %ld: %ld\n", number, result);
#else
	printf("old call %ld: -38\n", number);
#endif
}

static void fork_bomb(int most)
{
	int count = 0;

	for (pid_t pid = 0; count < most && (pid = fork()) != -1; count++)
		if (pid == 0)
			for (;;)
				pause();
	printf("forked %d: %s\n", count, count < most ? strerrorname_np(errno) : "no end");
	kill(-1, SIGKILL);
}

static void eat(long mebibytes)
{
	for (long i = 0; i < mebibytes; i++) {
		char *food = malloc(1 << 20);
		if (food == NULL)
			break;
		memset(food, 1, 1 << 20);
	}
	printf("ate %ld\n", mebibytes);
}

static void eat_in_child(long mebibytes)
{
	int status = 0;

	if (fork() == 0) {
		eat(mebibytes);
		_exit(0);
	}
	wait(&status);
	printf("child %d\n", status);
}

static void open_all(void)
{
	int count = 0;

	while (open("/", O_RDONLY) != -1)
		count++;
	int error = errno;
	while (count > 0)
		close(2 + count--);
	printf("then: %s\n", strerrorname_np(error));
}

/* PATH,KIND,MAJOR,MINOR */
static void make_node(char *words)
{
	const char *path = strtok(words, ",");
	mode_t kind = *strtok(NULL, ",") == 'b' ? S_IFBLK : S_IFCHR;
	unsigned int major = (unsigned int) atoi(strtok(NULL, ","));
	unsigned int minor = (unsigned int) atoi(strtok(NULL, ","));

	printf("node %u:%u: %s", major, minor,
	       outcome(mknod(path, kind | 0666, makedev(major, minor))));
	int fd = open(path, O_RDWR);
	printf(", open: %s\n", fd == -1 ? strerrorname_np(errno) : "done");
	if (fd != -1)
		close(fd);
	unlink(path);
}

static void count_processes(void)
{
	DIR *proc = opendir("/proc");
	int count = 0;

	for (struct dirent *entry; (entry = readdir(proc)) != NULL;)
		count += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
	closedir(proc);
	printf("processes %d\n", count);
}

static long read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	(void) !read(fd, text, sizeof text - 1);
	close(fd);
	return atol(text);
}

static void show_habits(void)
{
	struct rlimit core;
	cpu_set_t processors;

	getrlimit(RLIMIT_CORE, &core);
	sched_getaffinity(0, sizeof processors, &processors);
	printf("nice %d policy %d io %ld processors %d personality %lx slack %d core %ld "
	       "oom %ld umask %o\n",
	       getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
	       syscall(SYS_ioprio_get, 1, 0), CPU_COUNT(&processors),
	       syscall(SYS_personality, 0xffffffff), prctl(PR_GET_TIMERSLACK), core.rlim_cur,
	       read_number("/proc/self/oom_score_adj"), umask(0));
}

/* A socket that has a name and no file, padded as those of Node are. */
static void call_abstract(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
	printf("abstract %s\n",
	       outcome(connect(fd, (struct sockaddr *) &address, sizeof address)));
	close(fd);
}

static void obey(const char *word, char *value)
{
	if (!strcmp(word, "call"))
		call(value);
	else if (!strcmp(word, "old-call"))
		call_old(atol(value));
	else if (!strcmp(word, "fork-bomb"))
		fork_bomb(atoi(value));
	else if (!strcmp(word, "eat"))
		eat(atol(value));
	else if (!strcmp(word, "eat-in-child"))
		eat_in_child(atol(value));
	else if (!strcmp(word, "open-all"))
		open_all();
	else if (!strcmp(word, "node"))
		make_node(value);
	else if (!strcmp(word, "processes"))
		count_processes();
	else if (!strcmp(word, "habits"))
		show_habits();
	else if (!strcmp(word, "abstract"))
		call_abstract(value);
	else if (!strcmp(word, "rename"))
		printf("rename %s\n", outcome(rename(value, strrchr(value, '/') + 1)));
	else if (!strcmp(word, "exec"))
		execl(value, value, "ids", "caps", NULL);
	else
		exit(99);
}

/* A word is `name` or `name=value`. */
int main(int count, char **words)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < count; i++) {
		char *value = strchr(words[i], '=');
		if (value != NULL)
			*value++ = '\0';
		obey(words[i], value);
	}
	return 0;
}
