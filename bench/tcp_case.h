/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured of the TCP engine, by case. doc/performance.md says what the numbers mean. */
#pragma once

#include <stdint.h>

/* How the segments of a round are spread: over so many connections, in turn, so many of one at a time. */
struct tcp_mix {
	const char *name;
	unsigned int group, run;
};
extern const struct tcp_mix tcp_mixes[];

struct tcp_sample {
	uint64_t cycles;
	uint32_t segments;
};

/* One case with one number of connections. */
struct tcp_case {
	const char *name, *mix;
	unsigned int conns;
	unsigned int rounds; /* to measure, at least */
};

struct tcp_samples {
	struct tcp_sample *v; /* by round */
	unsigned int n, size;
};

/*
 * Measure; NULL-terminated names of all cases are in tcp_cases.
 * Return: NULL, or what went wrong.
 */
const char *tcp_case_run(const struct tcp_case *tc, struct tcp_samples *out);
extern const char *const tcp_cases[];
