/*
 * wait: what `lithos_cmd` becomes. Node has read the configuration and made the plan; what is left
 * to do while a command runs, for seconds or for days, is here, in a few hundred KiB.
 *
 *   we         in the session and the process group of the caller, so that a shell has one job
 *    ├ knot    first process of the container, in a session of its own; dies with us (SIGKILL)
 *    │  └ the command   a process group of its own, in the foreground of the container's terminal
 *    └ guard   cleans up if we are killed; see leave.c
 *
 * Where standard input and output are a terminal and the command is interactive, it gets one of
 * its own, from its own devpts: the knot makes it and sends us the other end. What we pass on is
 * bytes, so nothing in the container has hold of the terminal of an operator. Everything that is
 * no terminal, a pipe or a file, is inherited: not a byte of it goes through us.
 *
 *   SIGTERM            passed on; the knot kills what does not end within kill-timeout
 *   HUP INT QUIT       passed on, to the process group of the command
 *   USR1 USR2 TSTP
 *   WINCH              the container's terminal gets the size of ours
 *   the command stops  ours is given back, and we stop, with our process group: a shell says
 *                      `Stopped`, and with `fg` everything goes on
 *
 * Ends with the exit code of the command, or 128 and the number of the signal that killed it; with
 * 1 where it could not be started.
 *
 * Sections: 1 the order  2 the knot  3 what it says  4 signals  5 the loop  6 the end
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "wait.h"

/* How long somebody types in vain who has brought us to the foreground. */
enum { LOOK_MS = 100 };

enum { NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID, ABOVE = 20 };

static struct wait self = {
	.knot = -1, .guard = -1, .status = -1, .ended = -1, .oom_limit = -1,
};

static void fail(const char *what)
{
	fprintf(stderr, "Fatal error: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- 1. The order ------------------------------------------------------------------------ */

static void put_number(int *place, const char *text)
{
	*place = atoi(text);
}

/* Twice as many words as needed: a name, and what it is. */
static void take_word(struct order *order, const char *key, char *value)
{
	if (strcmp(key, "name") == 0)
		order->name = value;
	else if (strcmp(key, "plan") == 0)
		put_number(&order->plan, value);
	else if (strcmp(key, "arg") == 0 && order->argc < WORDS_MAX - 1)
		order->argv[order->argc++] = value;
	else if (strcmp(key, "env") == 0 && order->envc < WORDS_MAX - 1)
		order->env[order->envc++] = value;
	else if (strcmp(key, "compat") == 0)
		order->is_compat = true;
	else if (strcmp(key, "terminal") == 0)
		put_number(&order->terminal, value);
	else if (strcmp(key, "state-parent") == 0)
		order->state_parent = value;
	else if (strcmp(key, "state") == 0)
		order->state = value;
	else if (strcmp(key, "group") == 0 && order->groups_count < DIRS_MAX)
		order->groups[order->groups_count++] = value;
	else if (strcmp(key, "slice") == 0 && order->slices_count < DIRS_MAX)
		order->slices[order->slices_count++] = value;
	else if (strcmp(key, "lock") == 0)
		put_number(&order->lock, value);
	else if (strcmp(key, "pid-file") == 0)
		order->pid_file = value;
	else if (strcmp(key, "control") == 0)
		put_number(&order->control, value);
	else if (strcmp(key, "control-dir") == 0)
		order->control_dir = value;
	else if (strcmp(key, "began") == 0)
		order->began = value;
	else if (strcmp(key, "ended") == 0)
		order->ended = value;
}

static void read_order(struct order *order, int fd)
{
	struct stat file;
	char *text, *end;

	if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) ||
	    (text = malloc((size_t)file.st_size + 1)) == NULL ||
	    pread(fd, text, (size_t)file.st_size, 0) != file.st_size) {
		fputs("lithos_wait is started by lithos_cmd\n", stderr);
		exit(2);
	}
	close(fd);
	end = text + file.st_size;
	*end = '\0';
	order->control = -1;
	while (text < end) {
		char *key = text;
		char *value = key + strlen(key) + 1;

		if (value > end)
			break;
		take_word(order, key, value);
		text = value + strlen(value) + 1;
	}
}

/* ---- 2. The knot ------------------------------------------------------------------------- */

/* As the knot would say it: the step before all steps. */
static _Noreturn void refuse_birth(int status)
{
	dprintf(status, "refused 0 -2 %d\n", errno);
	_exit(127);
}

/* If we have died before this, nobody will tell. */
static void die_with_parent(void)
{
	struct pollfd parent = {.fd = self.self, .events = POLLIN};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&parent, 1, 0) != 0)
		_exit(127);
}

static _Noreturn void become_knot(int status)
{
	int plan = fcntl(self.order.plan, F_DUPFD_CLOEXEC, ABOVE);

	status = fcntl(status, F_DUPFD_CLOEXEC, ABOVE);
	setsid();
	die_with_parent();
	if (dup2(plan, 3) < 0 || dup2(status, 4) < 0)
		refuse_birth(status);
	syscall(SYS_close_range, 5, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	execve(self.order.argv[0], self.order.argv, self.order.env);
	refuse_birth(status);
}

static void begin_knot(void)
{
	int ends[2];
	struct clone_args args = {
		.flags = NAMESPACES | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&self.knot,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		fail("making a socket to the knot");
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		fail("making the namespaces of the container");
	if (pid == 0)
		become_knot(ends[1]);
	close(ends[1]);
	close(self.order.plan);
	self.knot_pid = (int)pid;
	self.status = ends[0];
}

static void begin_guard(void)
{
	pid_t pid = fork();

	if (pid == 0)
		leave_guard(&self);
	self.guard = pid;
}

static void signal_knot(int signal)
{
	syscall(SYS_pidfd_send_signal, self.knot, signal, NULL, 0);
}

/* ---- 3. What it says --------------------------------------------------------------------- */

static void suspend(void);

static void hear_end(const char *line)
{
	const char *oom = strstr(line, " oom=");
	char how[16] = "";
	int status = 0;
	double ended = 0, started = 0;

	if (sscanf(line, "exited %lf %d %lf %15s", &ended, &status, &started, how) < 3)
		return;
	self.ended = status;
	self.started_ms = started;
	self.ended_ms = ended;
	self.is_killed_late = strcmp(how, "killed") == 0;
	if (oom != NULL && sscanf(oom, " oom=%ld/%ld", &self.oom, &self.oom_limit) < 2)
		self.oom_limit = -1;
}

/* `terminal` comes with a descriptor, and is heard by hear_knot. */
static void hear_line(const char *line)
{
	if (strncmp(line, "started ", 8) == 0) {
		self.is_started = true;
		tell_began(&self.order);
	} else if (strncmp(line, "stopped ", 8) == 0)
		suspend();
	else if (strncmp(line, "exited ", 7) == 0)
		hear_end(line);
	else if (strncmp(line, "refused ", 8) == 0)
		self.is_refused = true;
}

static int descriptor_in(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* False: it has said everything. */
static bool hear_knot(void)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec bytes = {
		.iov_base = self.said + self.said_bytes,
		.iov_len = sizeof(self.said) - 1 - self.said_bytes,
	};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t count = recvmsg(self.status, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	char *line = self.said, *end;
	int fd;

	if (count <= 0)
		return count < 0 && (errno == EAGAIN || errno == EINTR);
	fd = descriptor_in(&message);
	if (fd >= 0)
		terminal_begin(fd);
	self.said_bytes += (size_t)count;
	self.said[self.said_bytes] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		hear_line(line);
		line = end + 1;
	}
	self.said_bytes -= (size_t)(line - self.said);
	memmove(self.said, line, self.said_bytes);
	/* No line of the knot is so long. */
	if (self.said_bytes == sizeof(self.said) - 1)
		self.said_bytes = 0;
	return true;
}

/* ---- 4. Signals -------------------------------------------------------------------------- */

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGTSTP};

static void set_mask(int how, int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(how, &set, NULL);
}

/*
 * As our terminal would have done, had it seen the key: our whole process group stops. Where
 * nobody could continue it, which the kernel knows, it does not, and the command goes on.
 */
static void suspend(void)
{
	relay_flush();
	terminal_give();
	kill(0, SIGTSTP);
	/* Here we stand still. */
	set_mask(SIG_UNBLOCK, SIGTSTP);
	set_mask(SIG_BLOCK, SIGTSTP);
	terminal_take();
	signal_knot(SIGCONT);
}

static void hear_signals(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		int signal = (int)info.ssi_signo;

		if (signal == SIGWINCH) {
			terminal_resize();
			if (terminal_master() < 0)
				signal_knot(SIGWINCH);
		} else if (signal == SIGCONT) {
			terminal_take();
			signal_knot(SIGCONT);
		} else {
			signal_knot(signal);
		}
	}
}

/* What comes from now on waits until it is read. */
static int open_signals(void)
{
	sigset_t all, heard;

	/* What was ignored would not even wait. */
	for (int signal = 1; signal < NSIG; signal++)
		if (sigaction(signal, NULL, &(struct sigaction){0}) == 0 && signal != SIGKILL &&
		    signal != SIGSTOP)
			sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&heard);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		sigaddset(&heard, forwarded[i]);
	sigaddset(&heard, SIGWINCH);
	sigaddset(&heard, SIGCONT);
	return signalfd(-1, &heard, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* ---- 5. The loop ------------------------------------------------------------------------- */

enum { SIGNALS, STATUS, KNOT, INPUT, OUTPUT, MASTER, POLLED };

static int unless(bool is_wanted, int fd)
{
	return is_wanted ? fd : -1;
}

/* Until the container has ended, and everything that was said or printed in it has arrived. */
static void loop(int signals)
{
	bool is_alive = true;

	while (is_alive || self.status >= 0 || !relay_is_drained()) {
		short input = relay_wants_input(), output = relay_wants_output();
		short master = relay_wants_master();
		struct pollfd polled[POLLED] = {
			[SIGNALS] = {.fd = signals, .events = POLLIN},
			[STATUS] = {.fd = self.status, .events = POLLIN},
			[KNOT] = {.fd = unless(is_alive, self.knot), .events = POLLIN},
			[INPUT] = {.fd = unless(input, terminal_input()), .events = input},
			[OUTPUT] = {.fd = unless(output, terminal_output()), .events = output},
			[MASTER] = {.fd = unless(master, terminal_master()), .events = master},
		};

		if (poll(polled, POLLED, terminal_is_wanted() ? LOOK_MS : -1) < 0)
			continue;
		terminal_take();
		if (polled[STATUS].revents && !hear_knot()) {
			close(self.status);
			self.status = -1;
		}
		if (polled[SIGNALS].revents)
			hear_signals(signals);
		if (polled[INPUT].revents && !relay_input())
			signal_knot(SIGHUP);
		if (polled[OUTPUT].revents)
			relay_output();
		if (polled[MASTER].revents)
			relay_master(polled[MASTER].revents);
		if (polled[KNOT].revents)
			is_alive = false;
	}
}

/* ---- 6. The end -------------------------------------------------------------------------- */

/* How the knot ended; and nobody is left who could be mistaken for it. */
static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void dismiss_guard(void)
{
	if (self.guard <= 0)
		return;
	kill(self.guard, SIGKILL);
	reap(self.guard);
}

/* Who asked for it knows; and where the terminal did, the shell says no word either. */
static bool is_worth_a_word(int signal)
{
	return signal != SIGINT && signal != SIGTERM && signal != SIGPIPE;
}

static int code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void say_killed(int signal)
{
	const char *name = sigabbrev_np(signal);

	fprintf(stderr, "lithos_cmd: %s was killed by signal SIG%s[%d]", self.order.name,
		name == NULL ? "RT" : name, signal);
	if (self.is_killed_late)
		fputs(", because it did not end in time after SIGTERM", stderr);
	else if (self.oom > 0 && self.oom_limit >= 0)
		fprintf(stderr, ", for lack of memory (memory-limit is %ld bytes)", self.oom_limit);
	else if (self.oom > 0)
		fputs(", for lack of memory", stderr);
	fputc('\n', stderr);
}

static int finish(int knot)
{
	if (self.is_refused)
		return 1;
	if (self.ended < 0) {
		fprintf(stderr, "Fatal error: the container of %s ended unexpectedly: %s %d\n",
			self.order.name, WIFSIGNALED(knot) ? "signal" : "exit code",
			WIFSIGNALED(knot) ? WTERMSIG(knot) : WEXITSTATUS(knot));
		return self.order.is_compat || !WIFSIGNALED(knot) ? 1 : code_of(knot);
	}
	if (self.order.is_compat) {
		if (WIFEXITED(knot) && WEXITSTATUS(knot) == 0)
			return 0;
		fprintf(stderr, "Fatal error: Command %s exited with code %d\n", self.order.name,
			WIFEXITED(knot) ? WEXITSTATUS(knot) : 1);
		return 1;
	}
	if (WIFSIGNALED(self.ended) && is_worth_a_word(WTERMSIG(self.ended)))
		say_killed(WTERMSIG(self.ended));
	return code_of(self.ended);
}

int main(void)
{
	const char *fd = getenv("LITHOS_WAIT");
	int signals, knot;

	read_order(&self.order, fd == NULL ? -1 : atoi(fd));
	prctl(PR_SET_NAME, "lithos_cmd");
	signals = open_signals();
	self.self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (signals < 0 || self.self < 0)
		fail("listening for signals");
	terminal_open(&self.order);
	begin_knot();
	begin_guard();
	loop(signals);
	terminal_give();
	knot = reap(self.knot_pid);
	leave_clean(&self.order);
	tell_ended(&self.order, &self);
	dismiss_guard();
	return finish(knot);
}
