/*
 * keep: holds copies of the listening sockets, and does nothing at all. It reads nothing, hears no
 * signal and has no state: the sockets are what it was started with. When there are others, the
 * supervisor starts another one and kills this. It outlives the supervisor, so that a port stays
 * open although nobody who uses it is alive at that moment; the next one finds it among the
 * processes by its words, `lithos_keep --master FILE`, and takes the sockets from it.
 */
#include "system.h"

int main(int count, char **words)
{
	uint64_t all = ~0ull;

	(void) count;
	(void) words;
	call4(__NR_rt_sigprocmask, SIG_BLOCK, ADDRESS(&all), 0, sizeof all);
	call0(__NR_setsid);
	call1(__NR_chdir, ADDRESS("/"));
	sys_prctl(PR_SET_DUMPABLE, 0, 0);
	for (;;)
		call5(__NR_ppoll, 0, 0, 0, 0, 0);
}
