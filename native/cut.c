/* A file that loses its beginning while others append to it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include "library.h"

/* In one step, under the lock that appending takes. 0 or a negative errno. */
int lithos_cut(int fd, int mode, int64_t offset, int64_t bytes)
{
	return fallocate(fd, mode, offset, bytes) == 0 ? 0 : -errno;
}
