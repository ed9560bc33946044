/* What the kernel offers for a second wall. */
#define _GNU_SOURCE
#include "library.h"

/* The version of Landlock, or a negative errno where there is none. */
int lithos_landlock(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	return version < 0 ? -errno : (int)version;
}
