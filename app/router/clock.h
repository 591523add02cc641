/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program's clocks. Only the app reads clocks; below it time is an argument.
 */
#pragma once

#include <rte_cycles.h>

#include <stdint.h>
#include <time.h>

#define NS_PER_S_ UINT64_C(1000000000)

/* Cycles to ns and back by one factor, fixed at start. const after clock_init(). */
struct clock {
	uint64_t hz;
	uint64_t mult; /* ns per cycle, 32.32 fixed point */
};

static inline void
clock_init(struct clock *c)
{
	c->hz = rte_get_tsc_hz();
	c->mult = (uint64_t)(((unsigned __int128)NS_PER_S_ << 32) / c->hz);
}

static inline uint64_t
clock_ns(const struct clock *c, uint64_t cycles)
{
	return (uint64_t)(((unsigned __int128)cycles * c->mult) >> 32);
}

/* Monotonic ns of now, the same on all lcores (the TSC is synchronous on the platforms that DPDK supports). */
static inline uint64_t
clock_now(const struct clock *c)
{
	return clock_ns(c, rte_rdtsc());
}

/* ns since 1970. */
static inline uint64_t
clock_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S_ + (uint64_t)ts.tv_nsec;
}
