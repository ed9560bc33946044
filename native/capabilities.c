/*
 * capabilities: leaves exactly those of a mask, in all five sets.
 */
#include "knot.h"

static long set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];

	for (int half = 0; half < 2; half++) {
		sets[half].permitted = (uint32_t) (permitted >> 32 * half);
		sets[half].effective = (uint32_t) (effective >> 32 * half);
		sets[half].inheritable = (uint32_t) (inheritable >> 32 * half);
	}
	return call2(__NR_capset, ADDRESS(&header), ADDRESS(sets));
}

static long permitted_capabilities(uint64_t *permitted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };
	long error = call2(__NR_capget, ADDRESS(&header), ADDRESS(sets));

	*permitted = (uint64_t) sets[1].permitted << 32 | sets[0].permitted;
	return error;
}

static bool has(uint64_t mask, long capability)
{
	return (mask >> capability & 1) != 0;
}

/* What is in no bounding set can be gained by no program, whoever owns it. */
static long drop_from_bounding_set(uint64_t mask)
{
	for (long capability = 0; capability < 64; capability++) {
		if (has(mask, capability))
			continue;
		long error = sys_prctl(PR_CAPBSET_DROP, capability, 0);
		if (error == -EINVAL) /* beyond the last that this kernel knows */
			break;
		if (error < 0 && sys_prctl(PR_CAPBSET_READ, capability, 0) != 0)
			return error;
	}
	return 0;
}

/*
 * After a change of user only the permitted set is left (see set_user), so what the work itself
 * needs is made effective first. Ambient capabilities are what a user other than root keeps
 * across exec. Without any, root is nobody special any more and cannot become so again.
 */
long keep_capabilities(uint64_t mask)
{
	static const long ordinary = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
				     SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
				     SECBIT_KEEP_CAPS_LOCKED;
	uint64_t permitted;
	long error = permitted_capabilities(&permitted);

	if (error == 0)
		error = set_capabilities(permitted, permitted, 0);
	if (error == 0)
		error = drop_from_bounding_set(mask);
	if (error == 0 && mask == 0)
		error = sys_prctl(PR_SET_SECUREBITS, ordinary, 0);
	if (error == 0)
		error = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
	if (error == 0)
		error = set_capabilities(mask, mask, mask);
	for (long capability = 0; capability < 64 && error == 0; capability++)
		if (has(mask, capability))
			error = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
	return error;
}
