/* Which descriptors are ready, and how a process ended; for the rest see library.h. */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/wait.h>
#include "library.h"

enum { READY_MAX = 1024 };

/* Never waits. `tags` are the numbers the descriptors were added with. */
int lithos_ready(int epoll, uint32_t *tags, int room)
{
	struct epoll_event events[READY_MAX];
	int count = epoll_wait(epoll, events, room < READY_MAX ? room : READY_MAX, 0);

	for (int i = 0; i < count; i++)
		tags[i] = events[i].data.u32;
	return count < 0 ? -errno : count;
}

/* A descriptor that reports once, until it is added anew; or each time, with `always`. */
int lithos_await(int epoll, int fd, uint32_t tag, int always)
{
	struct epoll_event event = {.events = EPOLLIN | (always ? 0 : (uint32_t)EPOLLONESHOT),
				    .data.u32 = tag};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/*
 * The wait status of a child that has ended; -EAGAIN while it lives, -ECHILD if it is not ours.
 * `keep` leaves the zombie for another call, or another life of this program.
 */
int lithos_wait(int pidfd, int keep)
{
	siginfo_t info = {0};
	int options = WEXITED | WNOHANG | (keep ? WNOWAIT : 0);

	if (waitid(P_PIDFD, (id_t)pidfd, &info, options) != 0)
		return -errno;
	if (info.si_pid == 0)
		return -EAGAIN;
	if (info.si_code == CLD_EXITED)
		return (info.si_status & 0xff) << 8;
	return info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
}

/*
 * What the kernel keeps with a pidfd about a process that somebody else has reaped (Linux 6.15).
 * Older headers lack the structure.
 */
int lithos_exit_info(int pidfd)
{
	struct {
		uint64_t mask;
		uint64_t cgroup;
		uint32_t ids[11];
		int32_t exit_code;
		uint32_t coredump[2];
	} info = {.mask = 1 << 3 /* PIDFD_INFO_EXIT */};
	/* _IOWR(0xFF, 11, struct pidfd_info) */
	unsigned long request = 3UL << 30 | sizeof(info) << 16 | 0xffUL << 8 | 11;
	long result = call(SYS_ioctl, pidfd, (long)request, (long)&info, 0, 0);

	if (result < 0)
		return (int)result;
	return info.mask & 1 << 3 ? info.exit_code : -ENODATA;
}
