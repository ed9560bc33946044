/*
 * hold: signals that arrive before JavaScript can hear them are kept, not lost and not fatal.
 *
 * Node resets all dispositions when it starts and hears nothing for the first fifty
 * milliseconds; a SIGQUIT in that time would end the supervisor. So the launcher preloads this
 * library with LITHOS_HOLD=NAME in the environment. Before main() the process then has its
 * name, and our signals are blocked; Node's attempts to unblock them are quietly corrected
 * until lithos_release, which is called when the listeners are there. Threads that are created
 * meanwhile inherit the mask, so from then on our signals reach the main thread only.
 *
 * An exec in place blocks them before, and a blocked signal stays pending over an exec: there
 * is no moment in which one can get lost.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include "library.h"

static int holding;

/*
 * V8 tells why it aborts (`FATAL ERROR: Reached heap limit`) on the standard error stream and
 * nowhere else. The next image should know it, too.
 */
static size_t (*write_file)(const void *, size_t, size_t, FILE *);

size_t fwrite(const void *data, size_t size, size_t count, FILE *file)
{
	static const char fatal[] = "FATAL ERROR: ";

	if (file == stderr && size * count > sizeof(fatal) &&
	    memcmp(data, fatal, sizeof(fatal) - 1) == 0)
		lithos_words((const char *)data + sizeof(fatal) - 1,
			     size * count - (sizeof(fatal) - 1));
	if (write_file == NULL)
		write_file = (size_t(*)(const void *, size_t, size_t, FILE *))(intptr_t)dlsym(
			RTLD_NEXT, "fwrite");
	return write_file == NULL ? 0 : write_file(data, size, count, file);
}

/* What glibc keeps for itself: cancelling a thread, and setting the ids of all of them. */
#define OF_LIBC (signal_bit(32) | signal_bit(33))

__attribute__((constructor)) static void hold(void)
{
	const char *name = getenv("LITHOS_HOLD");

	if (name == NULL)
		return;
	prctl(PR_SET_NAME, name);
	hold_signals();
	holding = 1;
}

static int change_mask(int how, const sigset_t *set, sigset_t *old)
{
	kernel_signals wanted = 0, before = 0;
	long result;

	if (set != NULL) {
		memcpy(&wanted, set, sizeof(wanted));
		if (how != SIG_UNBLOCK)
			wanted &= ~OF_LIBC;
		if (holding && how == SIG_SETMASK)
			wanted |= HELD_SIGNALS;
		if (holding && how == SIG_UNBLOCK)
			wanted &= ~HELD_SIGNALS;
	}
	result = call(SYS_rt_sigprocmask, how, set != NULL ? (long)&wanted : 0, (long)&before,
		      sizeof(wanted), 0);
	if (result == 0 && old != NULL) {
		memset(old, 0, sizeof(*old));
		memcpy(old, &before, sizeof(before));
	}
	return (int)-result;
}

/* Found before those of libc where this library is preloaded, and nowhere else. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return change_mask(how, set, old);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	int error = change_mask(how, set, old);

	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

/*
 * Before an exec in place: from here on nothing is delivered to us, so what Node has caught
 * already can be heard to the end, and the rest is for the next image. The other threads have
 * them blocked since they were created, provided that was before lithos_release.
 */
int lithos_hold(void)
{
	hold_signals();
	return 0;
}

/* Called from the main thread when somebody listens. What was kept arrives now. */
int lithos_release(void)
{
	holding = 0;
	release_signals();
	return 0;
}
