/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which next hops are stopped, told by their home worker to all others, so that a message to one of them is discarded right
 * after its header wherever it arrives. A hint: a reader may miss a change that is just being made, and what does not fit is not
 * in it; the home worker has the last word.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lnet_ni;
struct lnet_nid;

#define STOPPED_MAX 256

/* One writer. */
struct stopped_set {
	_Atomic unsigned int n;
	_Atomic uint64_t tag[STOPPED_MAX];
	_Atomic bool is_wanted[STOPPED_MAX]; /* any: somebody asked for it */
} __attribute__((aligned(64)));

/* Name of a pair of interface and NID; @seed keeps peers from choosing NIDs with equal tags. */
uint64_t stopped_tag(uint64_t seed, const struct lnet_ni *ni, const struct lnet_nid *nid);

/* Is it in? Then it is noted that somebody wanted it. Any thread. */
bool stopped_has(struct stopped_set *s, uint64_t tag);

/* Did somebody want it since the last call? Thread: the writer. */
bool stopped_wanted(struct stopped_set *s, uint64_t tag);

/* Thread: the writer. Adding twice and removing what is not there are harmless. */
void stopped_add(struct stopped_set *s, uint64_t tag);
void stopped_remove(struct stopped_set *s, uint64_t tag);
