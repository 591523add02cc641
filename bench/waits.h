/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cache lines that the measured rounds wait for: lines that they touch for the first time in a while and that were not asked for
 * ahead. In a build whose loads and stores call __asan_load*_noabort() (-fsanitize=kernel-address, with bench/waits first among the
 * include folders) and that defines BENCH_WAITS; in others there is nothing of it. DPDK's own libraries are not instrumented: what
 * its pools wait for is not seen.
 */
#pragma once

#ifdef BENCH_WAITS
/* A measured round begins, and ends. */
void waits_begin(void);
void waits_end(void);
/* Lines waited for in all rounds. */
double waits_lines(void);
#else
static inline void
waits_begin(void)
{
}
static inline void
waits_end(void)
{
}
static inline double
waits_lines(void)
{
	return 0;
}
#endif
