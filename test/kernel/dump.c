/*
 * dump: prints a plan as plan.c reads it; or, with a second word, reads every plan that differs
 * from it in one byte or ends too early, and prints how many were taken. Built with sanitizers:
 * a byte read outside the plan ends it.
 */
#include "../../native/plan.c"

int printf(const char *format, ...);
int open(const char *path, int flags, ...);
void *malloc(unsigned long count);
void free(void *memory);
void *memcpy(void *to, const void *from, unsigned long count);

/* Keeps the compiler from leaving out what nobody looks at. */
static volatile unsigned long sum;

static void print_step(const struct step *step)
{
	const char *text = step->text[0];

	printf("%d", (int) step->op);
	for (uint32_t i = 0; i < step->numbers; i++)
		printf(" %lld", (long long) step->number[i]);
	for (uint32_t i = 0; i < step->strings; i++, text = string_after(text))
		printf(" \"%s\"", text);
	printf("\n");
}

static void print_plan(const struct plan *plan)
{
	const struct head *head = plan->head;
	struct step step = plan_first(plan);

	printf("%lld %lld %u %u\n", (long long) head->kill_timeout_ms,
	       (long long) head->restart_timeout_ms, head->log_level, head->flags);
	print_step(&step);
	for (uint32_t i = 0; i < head->steps; i++) {
		step = plan_next(&step);
		print_step(&step);
	}
}

/* Everything that is taken is also walked, as the knot would. */
static long walk(const struct plan *plan)
{
	struct step step = plan_first(plan);
	long length = 0;

	while (step.op != OP_EXEC) {
		step = plan_next(&step);
		const char *text = step.text[0];
		for (uint32_t i = 0; i < step.strings; i++, text = string_after(text))
			length += (long) length_of(text);
		for (uint32_t i = 0; i < step.numbers; i++)
			length ^= (long) step.number[i];
	}
	return length;
}

/* In memory that ends where the plan ends, so that a look beyond is seen. */
static int taken(const void *bytes, size_t length)
{
	struct plan plan = { .head = memcpy(malloc(length), bytes, length), .bytes = length };
	bool is_taken = is_well_formed(plan.head, length);

	if (is_taken)
		sum ^= (unsigned long) walk(&plan);
	free((void *) (uintptr_t) plan.head);
	return is_taken;
}

static void vary(const struct plan *plan)
{
	static const unsigned char masks[] = { 1, 0x80, 0xff };
	unsigned char *bytes = memcpy(malloc(plan->bytes), plan->head, plan->bytes);
	int varied = 0, shortened = 0;

	for (size_t at = 0; at < plan->bytes; at++)
		for (size_t i = 0; i < sizeof masks; i++) {
			bytes[at] ^= masks[i];
			varied += taken(bytes, plan->bytes);
			bytes[at] ^= masks[i];
		}
	for (size_t length = 0; length < plan->bytes; length++)
		shortened += taken(bytes, length);
	free(bytes);
	printf("%d %d\n", varied, shortened);
}

int main(int count, char **words)
{
	struct plan plan;
	int fd = open(words[1], O_RDONLY);
	long error = plan_read(fd, &plan);

	if (error < 0) {
		printf("refused %ld\n", -error);
		return 1;
	}
	if (count > 2)
		vary(&plan);
	else
		print_plan(&plan);
	return 0;
}
