/*
 * system: how the knot begins where there is no C library to begin it.
 */
#include "system.h"

#ifndef KNOT_WITH_LIBC

int main(int count, char **words);

/* The kernel leaves the number of words and the words on the stack. */
__attribute__((used)) _Noreturn void knot_entry(long *stack)
{
	sys_exit(main((int) stack[0], (char **) (stack + 1)));
}

__asm__(".globl _start\n_start:\n\t" ENTRY);

/* The compiler writes calls to these two wherever it likes. */
void *memcpy(void *to, const void *from, size_t count)
{
	char *place = to;
	const char *bytes = from;

	while (count-- > 0)
		*place++ = *bytes++;
	return to;
}

void *memset(void *to, int byte, size_t count)
{
	char *place = to;

	while (count-- > 0)
		*place++ = (char) byte;
	return to;
}

#endif
