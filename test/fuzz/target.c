/*
 * target: what is fuzzed. Bytes that the knot would take for a plan are walked as it walks them,
 * and the room that it sets aside for words is compared with what it would write there. In memory
 * that ends where the bytes end, so that the sanitizer sees a look beyond.
 *
 * The entry point has the name that libFuzzer and its like expect. PLAN_SOURCE: native/plan.c, or a
 * copy of it with a mistake.
 */
#include PLAN_SOURCE

void *malloc(unsigned long count);
void free(void *memory);
void *memcpy(void *to, const void *from, unsigned long count);
void abort(void) __attribute__((noreturn));

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static volatile uint64_t sum;

static void must(bool is_true, const char *what)
{
	if (is_true)
		return;
	sys_write(2, what, length_of(what));
	abort();
}

static void read_strings(const struct step *step)
{
	const char *text = step->text[0];

	for (uint32_t i = 0; i < step->strings; i++, text = string_after(text))
		sum += length_of(text);
	for (uint32_t i = 0; i < step->numbers; i++)
		sum ^= (uint64_t) step->number[i];
	/* The first three are used by name. */
	for (uint32_t i = 0; i < step->strings && i < 3; i++)
		must(step->text[i] != NULL, "a string without a place\n");
}

/* As launch.c and command.c fill `words`. */
static size_t words_of(const struct step *step)
{
	const char *text = step->text[0];
	size_t bytes = 0;

	if (step->op == OP_COMMAND)
		return (step->strings + 1) * sizeof(char *);
	if (step->op != OP_EXEC)
		return 0;
	uint64_t named = (uint64_t) step->number[0] + (uint64_t) step->number[1];
	bytes = (size_t) (1 + named + (uint64_t) step->number[2] + 2) * sizeof(char *);
	uint64_t listed = named + (uint64_t) step->number[2];
	for (uint64_t i = 0; i <= listed; i++, text = string_after(text))
		bytes += i > named ? length_of(text) + 2 + WORD_PID_MAX : 0;
	return bytes;
}

/* As users.c reads both maps. */
static void read_maps(const struct step *step)
{
	const int64_t *number = step->number + 2;

	for (int map = 0; map < 2; map++)
		for (int64_t i = 0; i < step->number[map]; i++, number += 3)
			sum ^= (uint64_t) (number[0] ^ number[1] ^ number[2]);
	must(number == step->number + step->numbers, "ids that belong to no map\n");
}

static void walk(const struct plan *plan)
{
	struct step step = plan_first(plan);
	uint32_t steps = 0;
	bool forked = false;

	must(step.op == OP_HEAD && step.index == -1, "a plan begins with its head\n");
	read_strings(&step);
	while (step.op != OP_EXEC) {
		step = plan_next(&step);
		must(step.op > OP_HEAD && step.op < OPS, "an op that there is not\n");
		must(shapes[step.op].in_application == forked, "a step on the wrong side\n");
		forked = forked || step.op == OP_FORK;
		must(words_of(&step) <= room_for_words(plan->bytes), "no room for words\n");
		read_strings(&step);
		if (step.op == OP_USERS)
			read_maps(&step);
		steps++;
	}
	must(forked && steps == plan->head->steps, "steps that nobody takes\n");
	must(plan_sockets(plan) >= 0 && plan_sockets(plan) <= SOCKETS_MAX, "too many sockets\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	void *copy = malloc(count);
	struct plan plan = { .head = copy, .bytes = count };

	if (count > 0)
		memcpy(copy, bytes, count);
	if (is_well_formed(plan.head, count))
		walk(&plan);
	free(copy);
	return 0;
}
