/*
 * This program again, in place: the same pid, the same children, a fresh memory. What to become
 * is prepared beforehand, so that a signal handler and a second thread need system calls only.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "library.h"

static int64_t monotonic_ms(void)
{
	struct timespec now = {0};

	call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t delay)
{
	struct timespec rest = {.tv_sec = delay / 1000, .tv_nsec = delay % 1000 * 1000000};

	while (call(SYS_nanosleep, (long)&rest, (long)&rest, 0, 0, 0) == -EINTR)
		;
}

enum {
	KEPT_MAX = 4096,
	/* Numbers of no fatal signal, by which the next image learns what else it was. */
	HUNG = SIGALRM,
	THROWN = 90,
	WORDS_MAX = 200,
	DELAY_FIRST_MS = 100,
	DELAY_MAX_MS = 30000,
};

/* Slots in the environment of the next image; native/exec.ts reads them there. */
static char crash_slot[] = "LITHOS_CRASH=00";
static char generation_slot[] = "LITHOS_GENERATION=0000";
static char words_slot[sizeof("LITHOS_WORDS=") + WORDS_MAX] = "LITHOS_WORDS=";

static struct {
	char *path;
	char **argv;
	char **envp;
	int generation;
	int64_t born;
	int healthy_ms;
	int kept[KEPT_MAX];
	atomic_int kept_count;
} image;

static char crash_stack[STACK_BYTES] __attribute__((aligned(16)));
static atomic_int crashing;

/*
 * What to become: path, argv and environment one after another, as for lithos_spawn.
 * `generation` counts crashes in a row, this image's ancestors'.
 */
int lithos_image(const char *words, int length, int argc, int envc, int generation)
{
	char *copy = malloc((size_t)length);
	char **pointers = calloc((size_t)(argc + envc + 5), sizeof(char *));

	if (!copy || !pointers) {
		free(copy);
		free(pointers);
		return -ENOMEM;
	}
	memcpy(copy, words, (size_t)length);
	image.path = copy;
	image.argv = pointers;
	image.envp = pointers + argc + 1;
	split(split(copy + strlen(copy) + 1, argc, image.argv), envc, image.envp);
	image.envp[envc] = crash_slot;
	image.envp[envc + 1] = generation_slot;
	image.envp[envc + 2] = words_slot;
	image.envp[envc + 3] = NULL;
	image.generation = generation;
	if (image.born == 0)
		image.born = monotonic_ms();
	return 0;
}

/* Which descriptors, besides 0, 1 and 2, the next image gets. */
int lithos_keep(const int *fds, int count)
{
	if (count < 0 || count > KEPT_MAX)
		return -E2BIG;
	/* A crash in between keeps too few rather than the wrong ones. */
	atomic_store(&image.kept_count, 0);
	memcpy(image.kept, fds, (size_t)count * sizeof(int));
	atomic_store(&image.kept_count, count);
	return 0;
}

static long become(int crash, int generation)
{
	int kept = atomic_load(&image.kept_count);

	/* They stay pending over the exec, until the new image listens. */
	hold_signals();
	put_number(crash_slot + sizeof(crash_slot) - 1, crash, 2);
	put_number(generation_slot + sizeof(generation_slot) - 1, generation, 4);
	call(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC, 0, 0);
	/* Node marks its own standard streams close-on-exec. */
	for (int fd = 0; fd < 3; fd++)
		call(SYS_fcntl, fd, F_SETFD, 0, 0, 0);
	for (int i = 0; i < kept; i++)
		call(SYS_fcntl, image.kept[i], F_SETFD, 0, 0, 0);
	return call(SYS_execve, (long)image.path, (long)image.argv, (long)image.envp, 0, 0);
}

/* On purpose. Returns only if it failed, and then this process goes on unharmed. */
int lithos_exec(void)
{
	long error;

	if (!image.path)
		return -EINVAL;
	error = become(0, 0);
	release_signals();
	call(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC, 0, 0);
	for (int fd = 0; fd < 3; fd++)
		call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC, 0, 0);
	return (int)error;
}

/* Never waits: a reader that hangs may be why we are here. */
static void complain(const char *what, int generation)
{
	struct pollfd errors = {.fd = 2, .events = POLLOUT};
	struct timespec now = {0};
	char times[] = ": starting anew in place, crash 0000 in a row\n";

	if (call(SYS_ppoll, (long)&errors, 1, (long)&now, 0, 0) != 1 || !(errors.revents & POLLOUT))
		return;
	put_number(times + sizeof(times) - sizeof(" in a row\n"), generation, 4);
	call(SYS_write, 2, (long)what, (long)strlen(what), 0, 0);
	call(SYS_write, 2, (long)times, sizeof(times) - 1, 0, 0);
}

/* Whoever asks us to stop or to restart need not wait, and is heard by the next image. */
static void wait_for_people(int64_t delay)
{
	struct timespec rest = {.tv_sec = delay / 1000, .tv_nsec = delay % 1000 * 1000000};
	kernel_signals held = HELD_SIGNALS;
	long signal;

	hold_signals();
	signal = call(SYS_rt_sigtimedwait, (long)&held, 0, (long)&rest, sizeof(held), 0);
	if (signal > 0)
		call(SYS_kill, call(SYS_getpid, 0, 0, 0, 0, 0), signal, 0, 0, 0);
}

/*
 * A crash becomes a new image at once; crashes in a row wait longer and longer, asleep here,
 * so that a crash at every start costs nothing. Returns if exec failed.
 */
static void crash_into(int reason, const char *what)
{
	int generation =
		monotonic_ms() - image.born >= image.healthy_ms ? 1 : image.generation + 1;
	int64_t delay = DELAY_MAX_MS;

	if (generation > 9999)
		generation = 9999;
	if (generation == 1)
		delay = 0;
	else if (generation < 10)
		delay = (int64_t)DELAY_FIRST_MS << (generation - 2);
	if (delay > DELAY_MAX_MS)
		delay = DELAY_MAX_MS;
	complain(what, generation);
	if (delay > 0)
		wait_for_people(delay);
	become(reason, generation);
}

/* The last words of this image: what V8 says before it aborts, see hold.c. No system call. */
void lithos_words(const char *text, size_t length)
{
	char *to = words_slot + sizeof("LITHOS_WORDS=") - 1;

	if (length > WORDS_MAX)
		length = WORDS_MAX;
	for (size_t i = 0; i < length; i++)
		to[i] = text[i] >= 0 && text[i] < ' ' ? ' ' : text[i];
	to[length] = 0;
}

/* JavaScript has thrown what nobody catches. Returns only if exec failed. */
int lithos_thrown(const char *words)
{
	int other = 0;

	if (!image.path)
		return -EINVAL;
	lithos_words(words, strlen(words));
	if (atomic_compare_exchange_strong(&crashing, &other, 1))
		crash_into(THROWN, "lithos_tree: an exception that nobody catches");
	return -ENOEXEC;
}

static void on_crash(int signal)
{
	char what[] = "lithos_tree: fatal signal 00";
	int self = (int)call(SYS_gettid, 0, 0, 0, 0, 0);
	int other = 0;

	if (atomic_compare_exchange_strong(&crashing, &other, self)) {
		put_number(what + sizeof(what) - 1, signal, 2);
		crash_into(signal, what);
	} else if (other != self) {
		/* Another thread is already on its way out, and takes us with it. */
		for (;;)
			sleep_ms(DELAY_MAX_MS);
	}
	/* A crash within the crash, or no exec: end as if we had never been here. */
	reset_signal(signal);
	set_mask(0);
	call(SYS_tgkill, call(SYS_getpid, 0, 0, 0, 0, 0), self, signal, 0, 0);
	call(SYS_exit_group, 128 + signal, 0, 0, 0, 0);
}

/*
 * From now on a fatal signal becomes the image. SIGSEGV was Node's, for WebAssembly only.
 * After `healthy_ms` a crash is the first one again.
 */
int lithos_catch(int healthy_ms)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
	stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof(crash_stack)};
	struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER};

	if (!image.path)
		return -EINVAL;
	image.healthy_ms = healthy_ms;
	/* A stack that overflowed cannot run a handler. */
	if (sigaltstack(&stack, NULL) != 0)
		return -errno;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (sigaction(fatal[i], &action, NULL) != 0)
			return -errno;
	return 0;
}

/*
 * The watchdog. `turn` is shared with JavaScript: odd while a turn is being taken, even between
 * two; `parked` says that the watchdog sleeps until it is woken. So an idle loop is not a hung
 * one, nobody wakes while nothing happens, and a busy loop pays one system call a second.
 * Time is counted in seconds slept, and only in those that took no longer than a second does: a
 * process that was stopped, or a machine that was, has not hung. Nor has one that would run if it
 * were given a processor: of such a second only what it ran counts.
 */
static struct {
	_Atomic uint32_t *turn;
	_Atomic uint32_t *parked;
	int patience_s;
} watch;

/* Whether the main thread would run. Where that cannot be read, it would not. */
static int is_runnable(void)
{
	char stat[512];
	long fd = call(SYS_openat, AT_FDCWD, (long)"/proc/self/stat", O_RDONLY | O_CLOEXEC, 0, 0);
	long length;
	const char *name_end;

	if (fd < 0)
		return 0;
	length = call(SYS_read, fd, (long)stat, sizeof(stat) - 1, 0, 0);
	call(SYS_close, fd, 0, 0, 0, 0);
	stat[length > 0 ? length : 0] = 0;
	name_end = strrchr(stat, ')');
	return name_end && name_end[1] == ' ' && name_end[2] == 'R';
}

/* Milliseconds that the main thread has had a processor. */
static int64_t ran_ms(void)
{
	struct timespec ran = {0};
	/* As clock_getcpuclockid(3) and the kernel name the clock of a thread. */
	int clock = (int)(~(unsigned)getpid() << 3 | 6);

	call(SYS_clock_gettime, clock, (long)&ran, 0, 0, 0);
	return ran.tv_sec * 1000 + ran.tv_nsec / 1000000;
}

static void *watchdog(void *unused)
{
	uint32_t seen = 0;
	int64_t began;
	int64_t ran;
	int64_t hung_ms = 0;

	(void)unused;
	for (;;) {
		uint32_t now = atomic_load(watch.turn);

		if (now != seen)
			hung_ms = 0;
		seen = now;
		if (now % 2 == 0) {
			atomic_store(watch.parked, 1);
			/* The kernel compares `turn` once more: no beginning is missed. */
			call(SYS_futex, (long)watch.turn, 128 /* FUTEX_WAIT_PRIVATE */, now, 0, 0);
			atomic_store(watch.parked, 0);
			continue;
		}
		if (hung_ms >= watch.patience_s * 1000LL) {
			int nobody = 0;

			/* If it crashed meanwhile, the handler is what we wait for. */
			if (atomic_compare_exchange_strong(&crashing, &nobody, 1))
				crash_into(HUNG, "lithos_tree: no progress in one turn");
			return NULL;
		}
		began = monotonic_ms();
		ran = ran_ms();
		sleep_ms(1000);
		if (monotonic_ms() - began < 1500)
			hung_ms += is_runnable() ? ran_ms() - ran : 1000;
	}
}

/* `cells`: turn, parked. They must stay where they are for the life of the process. */
int lithos_watch(uint32_t *cells, int patience_s)
{
	pthread_t thread;
	kernel_signals mask;
	int error;

	if (!image.path || watch.turn)
		return -EINVAL;
	watch.turn = (_Atomic uint32_t *)cells;
	watch.parked = (_Atomic uint32_t *)cells + 1;
	watch.patience_s = patience_s;
	/* Signals of the process are for Node's threads. */
	mask = set_mask(~(kernel_signals)0);
	error = pthread_create(&thread, NULL, watchdog, NULL);
	set_mask(mask);
	return -error;
}

int lithos_wake(uint32_t *cells)
{
	return (int)call(SYS_futex, (long)cells, 129 /* FUTEX_WAKE_PRIVATE */, 1, 0, 0);
}
