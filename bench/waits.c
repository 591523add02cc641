/* SPDX-License-Identifier: BSD-3-Clause */
/* See the header. */
#include "bench/waits.h"

#ifdef BENCH_WAITS
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_SHIFT 6
#define ROUNDS_COLD \
	50 /* a line that was not touched for so many rounds is in no cache of the core */
#define TABLE_BITS 22

#define PLAIN __attribute__((no_sanitize("kernel-address")))

/* When each line was touched last. */
static struct {
	uintptr_t line;
	uint64_t round;
} table[1u << TABLE_BITS];
static bool is_on;
static uint64_t rounds, waits;

/* Return: the line is cold, and is not any more. */
PLAIN static bool
touch(uintptr_t address)
{
	uintptr_t line = address >> LINE_SHIFT;
	uint32_t i = (uint32_t)(line * UINT64_C(0x9e3779b97f4a7c15) >> (64 - TABLE_BITS));
	bool cold;

	while (table[i].line != 0 && table[i].line != line)
		i = (i + 1) % (1u << TABLE_BITS);
	cold = table[i].line == 0 || rounds - table[i].round > ROUNDS_COLD;
	table[i].line = line;
	table[i].round = rounds;
	return cold;
}

PLAIN static void
accessed(uintptr_t address)
{
	if (is_on)
		waits += touch(address);
}

void waits_fetched(const volatile void *p);
PLAIN void
waits_fetched(const volatile void *p)
{
	if (is_on && p != NULL)
		touch((uintptr_t)p);
}

/* What the compiler calls. An access does not cross a line, or its second line is touched by itself: nearly all are aligned. */
#define ACCESS(name)                    \
	void name(void *p);             \
	PLAIN void name(void *p)        \
	{                               \
		accessed((uintptr_t)p); \
	}
ACCESS(__asan_load1_noabort)
ACCESS(__asan_load2_noabort)
ACCESS(__asan_load4_noabort)
ACCESS(__asan_load8_noabort)
ACCESS(__asan_load16_noabort)
ACCESS(__asan_store1_noabort)
ACCESS(__asan_store2_noabort)
ACCESS(__asan_store4_noabort)
ACCESS(__asan_store8_noabort)
ACCESS(__asan_store16_noabort)

#define ACCESS_ALL(name)                                                             \
	void name(void *p, long size);                                               \
	PLAIN void name(void *p, long size)                                          \
	{                                                                            \
		uintptr_t line = (uintptr_t)p >> LINE_SHIFT;                         \
		uintptr_t last = ((uintptr_t)p + (uintptr_t)size - 1) >> LINE_SHIFT; \
                                                                                     \
		for (; line <= last; line++)                                         \
			accessed(line << LINE_SHIFT);                                \
	}
ACCESS_ALL(__asan_loadN_noabort)
ACCESS_ALL(__asan_storeN_noabort)

void __asan_handle_no_return(void);
void
__asan_handle_no_return(void)
{
}

/* lnet/base/pool.c tells a sanitizer what is free. */
void __asan_poison_memory_region(const volatile void *p, size_t size);
void
__asan_poison_memory_region(const volatile void *, size_t)
{
}

void __asan_unpoison_memory_region(const volatile void *p, size_t size);
void
__asan_unpoison_memory_region(const volatile void *, size_t)
{
}

void
waits_begin(void)
{
	rounds++;
	is_on = true;
}

void
waits_end(void)
{
	is_on = false;
}

double
waits_lines(void)
{
	return (double)waits;
}
#endif
