/*
 * keys: a full-screen program, as an editor is one. It takes every key as it comes and says which
 * it was, says the size of its screen whenever that changes, and gives everything back on `q`.
 * `z` stops it, as an editor does with Ctrl-Z.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;

static void say_size(const char *word)
{
	struct winsize size = {0};

	ioctl(0, TIOCGWINSZ, &size);
	dprintf(1, "%s %d %d\r\n", word, size.ws_row, size.ws_col);
}

static void take(void)
{
	struct termios raw = before;

	cfmakeraw(&raw);
	tcsetattr(0, TCSADRAIN, &raw);
	dprintf(1, "\x1b[?1049h");
	say_size("screen");
}

static void give(void)
{
	dprintf(1, "\x1b[?1049l");
	tcsetattr(0, TCSADRAIN, &before);
}

static void on_resize(int signal)
{
	(void)signal;
	say_size("resized");
}

static void on_continue(int signal)
{
	(void)signal;
	take();
}

int main(void)
{
	int tty = open("/dev/tty", O_RDWR);
	char *name = ttyname(0);

	if (tcgetattr(0, &before) != 0) {
		dprintf(1, "no terminal\n");
		return 3;
	}
	dprintf(1, "name %s controlling %s foreground %d leader %d\r\n", name ? name : "none",
		tty < 0 ? "none" : "/dev/tty", tcgetpgrp(0) == getpgrp(), getsid(0) == getpid());
	signal(SIGWINCH, on_resize);
	signal(SIGCONT, on_continue);
	take();
	for (unsigned char key; read(0, &key, 1) == 1 || errno == EINTR;) {
		if (key == 'q') {
			give();
			return 42;
		}
		if (key == 'z') {
			give();
			kill(0, SIGTSTP);
		}
		dprintf(1, "key %02x\r\n", key);
		key = 0;
	}
	return 4;
}
