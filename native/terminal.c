/*
 * terminal: one for a command that somebody wants to type to. It is made from the container's own
 * devpts, so that it has a name in there, and is the controlling terminal of the knot's session;
 * the other end goes to who started us. The command is a job of that session, so that it can be
 * stopped and continued like any other.
 */
#include "knot.h"

#include <asm/termbits.h>
#include <asm/termios.h>

#define RIGHTS 1

struct rights {
	size_t length;
	int level;
	int type;
	int fd;
};

/* The status file of a command is a socket. */
static long send_away(long fd)
{
	static char word[] = "terminal 0\n";
	struct iovec part = { .iov_base = word, .iov_len = sizeof word - 1 };
	struct rights rights = {
		.length = offsetof(struct rights, fd) + sizeof(int),
		.level = SOCKET_LEVEL,
		.type = RIGHTS,
		.fd = (int) fd,
	};
	struct socket_message message = {
		.parts = &part,
		.parts_count = 1,
		.control = &rights,
		.control_length = sizeof rights,
	};
	long sent = call3(__NR_sendmsg, STATUS_FD, ADDRESS(&message), NO_SIGNAL);

	return sent < 0 ? sent : 0;
}

/* Its manners and its size are those of the terminal of whoever called. */
static void copy_manners(long slave)
{
	struct termios manners;
	struct winsize size;

	if (call3(__NR_ioctl, 0, TCGETS, ADDRESS(&manners)) == 0)
		call3(__NR_ioctl, slave, TCSETS, ADDRESS(&manners));
	if (call3(__NR_ioctl, 1, TIOCGWINSZ, ADDRESS(&size)) == 0)
		call3(__NR_ioctl, slave, TIOCSWINSZ, ADDRESS(&size));
}

/* `which`: bits 0 to 2, for standard input, output and error. */
static long replace(long slave, int64_t which)
{
	long error = 0;

	for (int fd = 0; fd <= 2 && error >= 0; fd++)
		if ((which >> fd & 1) != 0)
			error = call3(__NR_dup3, slave, fd, 0);
	return error < 0 ? error : 0;
}

static long set_up(long master, const struct step *step, long *slave)
{
	int unlocked = 0;
	long error = call3(__NR_ioctl, master, TIOCSPTLCK, ADDRESS(&unlocked));

	if (error < 0)
		return error;
	*slave = call3(__NR_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		return *slave;
	copy_manners(*slave);
	error = call3(__NR_fchown, *slave, step->number[0], step->number[1]);
	if (error == 0)
		error = call3(__NR_ioctl, *slave, TIOCSCTTY, 0);
	if (error == 0)
		error = send_away(master);
	return error == 0 ? replace(*slave, step->number[2]) : error;
}

long make_terminal(struct container *container, const struct step *step)
{
	long slave = -1;

	if (!is_id(step->number[0]) || !is_id(step->number[1]))
		return -EINVAL;
	long master = open_below(container->root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0,
				 RESOLVE_NO_SYMLINKS);
	if (master < 0)
		return master;
	long error = set_up(master, step, &slave);
	sys_close(master);
	if (error < 0 && slave >= 0)
		sys_close(slave);
	/* Open as long as we are: whoever closes it in the container does not hang it up. */
	if (error == 0)
		container->terminal = (int) slave;
	return error;
}

/* In the copy of the knot that becomes the command. */
long begin_job(const struct container *container)
{
	int group = (int) call0(__NR_getpid);
	long error = call2(__NR_setpgid, 0, 0);

	if (error < 0 || container->terminal == -1)
		return error;
	return call3(__NR_ioctl, container->terminal, TIOCSPGRP, ADDRESS(&group));
}
