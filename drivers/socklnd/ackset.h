/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zero-copy acknowledgements that are due to a peer: a sorted set of cookies, kept as ranges, taken out in the forms that
 * a NOOP can carry (7.3). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Cookies of a peer are consecutive; a hole is one connection's message that is not complete yet. So many holes need a
 * peer that asks without reading its acknowledgements.
 */
#define SOCKLND_ACKS_MAX 64

struct socklnd_ackset {
	unsigned int n;
	struct {
		uint64_t lo, hi; /* inclusive */
	} range[SOCKLND_ACKS_MAX];
};

/* Return: 0, -EEXIST (due already), -ENOSPC. */
int socklnd_ackset_add(struct socklnd_ackset *set, uint64_t cookie);

/*
 * The next NOOP's cookies: a range, a pair, or a single one. @single: the peer knows only those (V2).
 * Nothing is taken out: socklnd_ackset_pop() does that when the NOOP is sent.
 * Return: false when empty.
 */
bool socklnd_ackset_next(const struct socklnd_ackset *set, bool single, uint64_t *cookie0,
			 uint64_t *cookie1);
void socklnd_ackset_pop(struct socklnd_ackset *set, bool single);

static inline void
socklnd_ackset_clear(struct socklnd_ackset *set)
{
	set->n = 0;
}
