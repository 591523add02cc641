/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters. Each module lists its own in a .def file, one line per counter:
 *	COUNTER(SYN_FLOOD, "syn_flood", "SYN refused: too many half-open connections")
 * from which the enum, the names and the texts are made. A drop is a counter; every drop has one.
 *
 * The owner thread alone writes (counter_add); any thread may read (counter_read), without order.
 */
#pragma once

#include <stdint.h>

struct counter_desc {
	const char *name; /* key in telemetry: [a-z0-9_] */
	const char *help;
};

/* Usage: static const struct counter_desc tcp_counter_desc[] = { #include "x.def" } with COUNTER set to this. */
#define COUNTER_DESC(id, name, help) {name, help},

static inline void
counter_add(uint64_t *c, uint64_t n)
{
	/* single writer: no read-modify-write needed, only no tearing for the readers */
	__atomic_store_n(c, *c + n, __ATOMIC_RELAXED);
}

static inline uint64_t
counter_read(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}
