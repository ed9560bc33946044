/*
 * plan: reads the plan once, and believes nothing before it has been measured. What passes here
 * needs no check anywhere else: every string ends inside its record, and every record has the
 * numbers and strings that its op uses.
 */
#include "plan.h"

/* `more`: any number of strings, or numbers, beyond these is a list. */
static const struct shape {
	uint8_t numbers;
	uint8_t strings;
	bool more;
	bool in_application;
} shapes[OPS] = {
	[OP_HEAD] = { 0, 1, true, false },
	[OP_OPEN_LOG] = { 1, 1, false, false },
	[OP_USERS] = { 2, 0, true, false },
	[OP_NETWORK] = { 0, 0, false, false },
	[OP_CONNECT] = { 1, 3, false, false },
	[OP_ADDRESS] = { 4, 1, false, false },
	[OP_ROUTE] = { 3, 1, false, false },
	[OP_COMMAND] = { 1, 1, true, false },
	[OP_MAKE_DIR] = { 4, 2, false, false },
	[OP_COPY_FILE] = { 0, 3, false, false },
	[OP_WRITE_FILE] = { 1, 3, false, false },
	[OP_ROOT] = { 1, 2, false, false },
	[OP_BIND] = { 1, 3, false, false },
	[OP_BIND_FILE] = { 1, 3, false, false },
	[OP_MOUNT] = { 1, 2, true, false },
	[OP_MASK] = { 0, 0, true, false },
	[OP_READ_ONLY] = { 0, 0, true, false },
	[OP_CGROUP] = { 1, 1, false, false },
	[OP_LIMIT] = { 1, 2, false, false },
	[OP_COUNT_KILLS] = { 1, 1, false, false },
	[OP_PIVOT] = { 0, 0, false, false },
	[OP_OPEN_OUTPUT] = { 0, 1, false, false },
	[OP_INHERIT_OUTPUT] = { 0, 0, false, false },
	[OP_FORK] = { 0, 1, false, false },
	[OP_JOIN_CGROUPS] = { 0, 0, false, true },
	[OP_CGROUP_NAMESPACE] = { 0, 0, false, true },
	[OP_SESSION_KEYRING] = { 0, 0, false, true },
	[OP_RESET_LIMITS] = { 0, 0, false, true },
	[OP_LIMIT_FILES] = { 1, 0, false, true },
	[OP_SET_GROUPS] = { 0, 0, true, true },
	[OP_ENTER_USERS] = { 0, 0, false, true },
	[OP_LISTEN] = { 7, 1, false, true },
	[OP_SET_GID] = { 1, 0, false, true },
	[OP_SET_UID] = { 1, 0, false, true },
	[OP_KEEP_CAPABILITIES] = { 1, 0, false, true },
	[OP_NO_NEW_PRIVILEGES] = { 0, 0, false, true },
	[OP_SECCOMP] = { 0, 0, true, true },
	[OP_CHDIR] = { 0, 1, false, true },
	[OP_EXEC] = { 3, 1, true, true },
	[OP_PASS_SOCKETS] = { 0, 0, true, true },
	[OP_LANDLOCK] = { 0, 0, true, false },
	[OP_ENTER_LANDLOCK] = { 0, 0, false, true },
	[OP_SECRET_FILES] = { 2, 1, true, false },
	[OP_PROBE] = { PROBE_NUMBERS, 0, true, false },
	[OP_NOTIFY] = { 2, 1, false, false },
	[OP_READY_FD] = { 1, 0, false, true },
	[OP_PRE_STOP] = { 1, 1, true, false },
	[OP_STOP] = { 0, 0, true, false },
	[OP_TERMINAL] = { 3, 0, false, false },
};

/* Numbers of the application, each once: not what it prints to, and none that is negative. */
static bool are_descriptors(const struct record *record)
{
	if (record->numbers > SOCKETS_MAX)
		return false;
	for (uint32_t i = 0; i < record->numbers; i++) {
		int64_t number = record->number[i];
		if (number < 0 || number == 1 || number == 2 || number > INT32_MAX - SOCKETS_MAX ||
		    (i > 0 && number <= record->number[i - 1]))
			return false;
	}
	return true;
}

/* Two maps: the lengths of both, then three numbers for each of their ranges. */
static bool has_ranges(const struct record *record)
{
	uint64_t ranges = 0;

	if (record->numbers < 2 || record->strings != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		if (record->number[i] < 0 || record->number[i] > PLAN_MAX)
			return false;
		ranges += (uint64_t) record->number[i];
	}
	return record->numbers == 2 + 3 * ranges;
}

/* A command has words, a request of HTTP is one, and nothing is negative but an address. */
static bool is_probe(const struct record *record)
{
	const int64_t *number = record->number;

	if (record->numbers != PROBE_NUMBERS || number[PROBE_WHAT] < 0 ||
	    number[PROBE_WHAT] >= WHATS || number[PROBE_KIND] < 0 ||
	    number[PROBE_KIND] >= KINDS)
		return false;
	for (int i = PROBE_PLACE; i < PROBE_FAMILY; i++)
		if (number[i] < 0 || number[i] > UINT32_MAX)
			return false;
	if (number[PROBE_KIND] == KIND_EXEC)
		return record->strings > 0;
	return record->strings == (number[PROBE_KIND] == KIND_HTTP);
}

static bool is_stop(const struct record *record)
{
	if (record->strings != 0 || record->numbers % 2 != 0 || record->numbers == 0 ||
	    record->numbers > 2 * STOP_STEPS_MAX)
		return false;
	for (uint32_t i = 0; i < record->numbers; i += 2)
		if (record->number[i] < 1 || record->number[i] > 64 || record->number[i + 1] < 0)
			return false;
	return true;
}

/*
 * Set-groups, sockets, seccomp, maps, stop and the head list numbers; mount, masks, landlock,
 * commands, probes, exec and secret-files list strings, the last of these in pairs.
 */
static bool has_shape(const struct record *record)
{
	if (record->op >= OPS)
		return false;
	const struct shape *shape = &shapes[record->op];

	if (record->op == OP_EXEC) {
		uint64_t listed = 0;
		if (record->numbers != 3)
			return false;
		for (int i = 0; i < 3; i++) {
			if (record->number[i] < 0 || record->number[i] > PLAN_MAX)
				return false;
			listed += (uint64_t) record->number[i];
		}
		return record->strings == listed + 1;
	}
	if (record->op == OP_PASS_SOCKETS && !are_descriptors(record))
		return false;
	if (record->op == OP_USERS)
		return has_ranges(record);
	if (record->op == OP_PROBE)
		return is_probe(record);
	if (record->op == OP_STOP)
		return is_stop(record);
	if (!shape->more)
		return record->numbers == shape->numbers && record->strings == shape->strings;
	if (record->op == OP_MOUNT || record->op == OP_MASK || record->op == OP_READ_ONLY ||
	    record->op == OP_COMMAND || record->op == OP_PRE_STOP || record->op == OP_LANDLOCK)
		return record->numbers == shape->numbers && record->strings >= shape->strings;
	if (record->op == OP_SECRET_FILES)
		return record->numbers == shape->numbers && record->strings % 2 == 1;
	return record->strings == shape->strings;
}

/* `left`: from the start of the record to the end of the plan. */
static bool is_whole(const struct record *record, size_t left)
{
	if (left < sizeof *record || record->bytes < sizeof *record || record->bytes > left ||
	    record->bytes % 8 != 0)
		return false;
	size_t inside = record->bytes - sizeof *record;
	if (record->numbers > inside / sizeof(int64_t))
		return false;

	const char *text = (const char *) (record->number + record->numbers);
	const char *end = (const char *) record + record->bytes;
	for (uint32_t i = 0; i < record->strings; i++) {
		while (text < end && *text != '\0')
			text++;
		if (text == end)
			return false;
		text++;
	}
	return has_shape(record);
}

/* The knot's steps, one fork, the application's steps, of which the last is the only exec. */
static bool is_well_formed(const struct head *head, size_t bytes)
{
	if (bytes < sizeof *head || head->magic != PLAN_MAGIC || head->bytes != bytes)
		return false;

	const struct record *record = (const struct record *) (head + 1);
	size_t left = bytes - sizeof *head;
	bool forked = false, passed = false, over = false;
	for (uint64_t i = 0; i <= head->steps; i++) {
		if (over || !is_whole(record, left) || (i == 0) != (record->op == OP_HEAD))
			return false;
		if (shapes[record->op].in_application != forked)
			return false;
		forked = forked || record->op == OP_FORK;
		if (passed && record->op == OP_PASS_SOCKETS)
			return false;
		passed = passed || record->op == OP_PASS_SOCKETS;
		over = record->op == OP_EXEC;
		left -= record->bytes;
		record = (const struct record *) ((const char *) record + record->bytes);
	}
	return over && left == 0;
}

static struct step open_record(const struct record *record, int index)
{
	struct step step = {
		.index = index,
		.op = (enum op) record->op,
		.numbers = record->numbers,
		.strings = record->strings,
		.number = record->number,
	};
	const char *text = (const char *) (record->number + record->numbers);

	for (uint32_t i = 0; i < record->strings && i < 3; i++) {
		step.text[i] = text;
		text = string_after(text);
	}
	return step;
}

struct step plan_first(const struct plan *plan)
{
	return open_record((const struct record *) (plan->head + 1), -1);
}

struct step plan_next(const struct step *step)
{
	const char *record = (const char *) step->number - sizeof(struct record);

	record += ((const struct record *) record)->bytes;
	return open_record((const struct record *) record, step->index + 1);
}

int plan_sockets(const struct plan *plan)
{
	struct step step = plan_first(plan);

	while (step.op != OP_EXEC && step.op != OP_PASS_SOCKETS)
		step = plan_next(&step);
	return step.op == OP_PASS_SOCKETS ? (int) step.numbers : 0;
}

/*
 * A string may be nothing but its NUL. It is worth a pointer, and as the name of a pid variable
 * also a sign, digits and a NUL. Pages that nobody touches do not exist.
 */
static size_t room_for_words(size_t bytes)
{
	return bytes * (sizeof(char *) + 2 + WORD_PID_MAX) + 2 * sizeof(char *);
}

/* Read and not mapped: nobody can change our copy after it has been checked. */
long plan_read(int fd, struct plan *plan)
{
	struct statx found;
	long error = sys_statx(fd, &found);
	if (error < 0)
		return error;
	if (found.stx_size < sizeof(struct head) || found.stx_size > PLAN_MAX)
		return -EINVAL;

	size_t bytes = (size_t) found.stx_size;
	/* Records are multiples of 8, so what follows the last is aligned for pointers. */
	size_t aligned = (bytes + 7) / 8 * 8;
	size_t mapped = aligned + room_for_words(bytes);
	long memory = call6(__NR_mmap, 0, (long) mapped, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory < 0 && memory >= -4095)
		return memory;
	for (size_t done = 0; done < bytes;) {
		long count = call4(__NR_pread64, fd, memory + (long) done,
				   (long) (bytes - done), (long) done);
		if (count == -EINTR)
			continue;
		if (count <= 0)
			return count == 0 ? -EINVAL : count;
		done += (size_t) count;
	}
	plan->head = (const struct head *) (uintptr_t) memory;
	plan->bytes = bytes;
	plan->words = (char **) (uintptr_t) (memory + (long) aligned);
	plan->mapped = mapped;
	if (!is_well_formed(plan->head, bytes))
		return -EINVAL;
	return length_of(plan_first(plan).text[0]) <= NAME_MAX_BYTES ? 0 : -EINVAL;
}

void plan_keep(const struct plan *plan)
{
	call2(__NR_mlock, ADDRESS(plan->head), (long) plan->bytes);
}

/* What was in it may have been secret, and memory that is given back may be written to swap. */
void plan_release(struct plan *plan)
{
	volatile char *byte = (volatile char *) (uintptr_t) plan->head;

	for (size_t i = 0; i < plan->bytes; i++)
		byte[i] = 0;
	call2(__NR_munmap, ADDRESS(plan->head), (long) plan->mapped);
	plan->head = NULL;
}
