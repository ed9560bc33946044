/*
 * loop: a small fuzzer for where there is no libFuzzer. Changes inputs, keeps those that reach
 * something new, by the calls that gcc puts into the target (-fsanitize-coverage=trace-pc).
 *
 *     loop CORPUS RUNS SEED        what is new is written to CORPUS
 *
 * Prints `runs N, inputs N, edges N`. The input of a crash is left in CORPUS as `crash`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define INPUT_MAX 4096
#define INPUTS_MAX 4096
#define EDGES 65536
#define HEAD 40
#define RECORD 16

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
void __sanitizer_cov_trace_pc(void);

static struct input {
	uint8_t *bytes;
	size_t count;
} inputs[INPUTS_MAX];
static size_t input_count;

static uint8_t seen[EDGES];
static size_t edge_count;
static uintptr_t last;
static bool is_new;

static uint64_t state;

/* Mapped from `crash`, so that it is there whatever ends us. */
static uint8_t *current;
static size_t *current_count;

void __sanitizer_cov_trace_pc(void)
{
	uintptr_t here = (uintptr_t) __builtin_return_address(0);
	uint32_t edge = (uint32_t) ((here ^ last >> 1) * 0x9e3779b97f4a7c15ull >> 48);

	last = here;
	if (seen[edge] != 0)
		return;
	seen[edge] = 1;
	edge_count++;
	is_new = true;
}

static uint64_t chance(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void keep(const uint8_t *bytes, size_t count)
{
	struct input *input = &inputs[input_count];

	if (input_count == INPUTS_MAX)
		return;
	*input = (struct input) { malloc(count + 1), count };
	memcpy(input->bytes, bytes, count);
	input_count++;
}

static void save(const char *corpus, const uint8_t *bytes, size_t count)
{
	char path[4096];
	uint64_t hash = 14695981039346656037ull;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * 1099511628211ull;
	snprintf(path, sizeof path, "%s/%016llx", corpus, (unsigned long long) hash);
	FILE *file = fopen(path, "wb");
	if (file != NULL) {
		fwrite(bytes, 1, count, file);
		fclose(file);
	}
}

/* True if it reached something new. */
static bool try(const uint8_t *bytes, size_t count)
{
	memcpy(current, bytes, count);
	*current_count = count;
	last = 0;
	is_new = false;
	LLVMFuzzerTestOneInput(bytes, count);
	return is_new;
}

/* ---- Changes ------------------------------------------------------------------------- */

static uint32_t interesting(void)
{
	static const uint32_t values[] = { 0, 1, 2, 7, 8, 15, 16, 24, 40, 120, 121, 255, 0x7fffffff,
					   0x80000000, 0xfffffff8, 0xffffffff };

	return values[chance(sizeof values / sizeof *values)];
}

/* Where a record of a plan begins that is still whole, or a multiple of eight. */
static size_t some_record(const uint8_t *bytes, size_t count)
{
	size_t places[64], found = 0;
	uint32_t length;

	for (size_t at = HEAD; at + RECORD <= count && found < 64; at += length) {
		places[found++] = at;
		memcpy(&length, bytes + at + 12, 4);
		if (length < RECORD || length % 8 != 0 || length > count - at)
			break;
	}
	return found == 0 ? chance(count / 8 + 1) * 8 : places[chance(found)];
}

static size_t graft(uint8_t *bytes, size_t count)
{
	const struct input *other = &inputs[chance(input_count)];
	size_t from = some_record(other->bytes, other->count);
	size_t at = some_record(bytes, count), length = 8 + chance(20) * 8;

	if (from + RECORD <= other->count && chance(3) != 0) {
		uint32_t whole;
		memcpy(&whole, other->bytes + from + 12, 4);
		length = whole;
	}
	if (from >= other->count || length > other->count - from || count + length > INPUT_MAX ||
	    at > count)
		return count;
	memmove(bytes + at + length, bytes + at, count - at);
	memcpy(bytes + at, other->bytes + from, length);
	return count + length;
}

static size_t cut(uint8_t *bytes, size_t count)
{
	size_t at = some_record(bytes, count), length = 8 + chance(8) * 8;

	if (at >= count || length > count - at)
		return count;
	memmove(bytes + at, bytes + at + length, count - at - length);
	return count - length;
}

static size_t change(uint8_t *bytes, size_t count)
{
	size_t at = chance(count);
	uint32_t value = interesting();
	int64_t small;

	switch (chance(9)) {
	case 0:
		bytes[at] ^= (uint8_t) (1u << chance(8));
		return count;
	case 1:
		bytes[at] = (uint8_t) chance(256);
		return count;
	case 2:
		return graft(bytes, count);
	case 3:
		return cut(bytes, count);
	case 4:
		return count > 1 ? count - chance(count < 16 ? count : 16) : count;
	case 5: /* a number of a record */
		at = some_record(bytes, count) + RECORD + chance(4) * 8;
		break;
	case 7: /* a small one, perhaps negative */
		at = some_record(bytes, count) + RECORD + chance(4) * 8;
		small = (int64_t) chance(9) - 4;
		if (at + 8 <= count)
			memcpy(bytes + at, &small, 8);
		return count;
	case 6: /* its op, strings, numbers or bytes */
		at = some_record(bytes, count) + chance(4) * 4;
		if (chance(2) == 0)
			value = (uint32_t) chance(48);
		break;
	default:
		at = at / 4 * 4;
	}
	if (at + 4 <= count)
		memcpy(bytes + at, &value, 4);
	return count;
}

/* What would be refused at once is seldom worth trying. */
static void mend(uint8_t *bytes, size_t count)
{
	uint32_t length = (uint32_t) count, steps;

	if (count < HEAD || chance(8) == 0)
		return;
	memcpy(bytes + 4, &length, 4);
	if (chance(2) == 0)
		return;
	memcpy(&steps, bytes + 8, 4);
	steps += (uint32_t) chance(3) - 1;
	memcpy(bytes + 8, &steps, 4);
}

/* ---- Running ------------------------------------------------------------------------- */

static void load(const char *corpus)
{
	DIR *directory = opendir(corpus);
	uint8_t bytes[INPUT_MAX];
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		int fd = openat(dirfd(directory), entry->d_name, O_RDONLY);
		ssize_t count = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
		if (fd >= 0)
			close(fd);
		if (count <= 0 || !strcmp(entry->d_name, "crash"))
			continue;
		try(bytes, (size_t) count);
		keep(bytes, (size_t) count);
	}
	if (directory != NULL)
		closedir(directory);
}

static void *map_crash(const char *corpus)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/crash", corpus);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, INPUT_MAX + 8) != 0)
		exit(2);
	void *memory = mmap(NULL, INPUT_MAX + 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory;
}

/* Of the processor's time, until 1024 runs are done: what takes longer does not end. */
static void be_patient(void)
{
	struct itimerval time = { .it_value = { .tv_sec = 5 } };

	setitimer(ITIMER_VIRTUAL, &time, NULL);
}

int main(int count, char **words)
{
	if (count != 4)
		return 2;
	const char *corpus = words[1];
	unsigned long most = strtoul(words[2], NULL, 10);
	uint8_t bytes[INPUT_MAX];
	char path[4096];
	unsigned long runs = 0;

	current_count = map_crash(corpus);
	current = (uint8_t *) (current_count + 1);
	state = strtoull(words[3], NULL, 10) * 2 + 1;
	load(corpus);
	if (input_count == 0)
		return 2;
	for (; runs < most; runs++) {
		const struct input *input = &inputs[chance(input_count)];
		size_t length = input->count;

		memcpy(bytes, input->bytes, length);
		for (uint64_t changes = 1 + chance(5); changes > 0 && length > 0; changes--)
			length = change(bytes, length);
		mend(bytes, length);
		if (runs % 1024 == 0)
			be_patient();
		if (length > 0 && try(bytes, length)) {
			keep(bytes, length);
			save(corpus, bytes, length);
		}
	}
	snprintf(path, sizeof path, "%s/crash", corpus);
	unlink(path);
	printf("runs %lu, inputs %zu, edges %zu\n", runs, input_count, edge_count);
	return 0;
}
