/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which object of an array has a flow: a hash table that holds the hash and the index, eight bytes for each, and asks the object
 * itself for its flow. So a look-up touches one line of a small table, and a line of the object
 * that will be needed anyway; rte_hash, which copies its keys, touches three to four more (doc/performance.md). Adding allocates
 * nothing and cannot fail. Thread: the engine's lcore, but for creating and destroying.
 */
#pragma once

#include "lnet/base/ipaddr.h"

#include <rte_prefetch.h>

#include <stddef.h>
#include <stdint.h>

#define TCP_FLOWS_NONE UINT32_MAX /* "no object" */

struct tcp_flows_slot {
	uint32_t hash;
	uint32_t index; /* + 1; 0 = empty */
};

struct tcp_flows {
	struct tcp_flows_slot
		*slots; /* a power of two, no more than half of them taken: linear probing */
	uint32_t mask, seed;
	const char *objects; /* object i begins at i * size, its struct ip_flow there at flow_at */
	size_t size, flow_at;
};

/*
 * A table for the @n objects of an array.
 * @seed	a secret: without it nobody finds flows that share a slot
 * Thread: control. Return: 0, -ENOMEM.
 */
int tcp_flows_init(struct tcp_flows *f, const void *objects, size_t size, size_t flow_at,
		   unsigned int n, uint32_t seed, int socket);
void tcp_flows_fini(struct tcp_flows *f);

uint32_t tcp_flows_hash(const struct tcp_flows *f, const struct ip_flow *flow);

/* The first two steps of a look-up, for many flows side by side: ask for the table's line, and guess which object it will be. */
static inline void
tcp_flows_fetch(const struct tcp_flows *f, uint32_t hash)
{
	rte_prefetch0(&f->slots[hash & f->mask]);
}

/* Return: index of the first object with this hash, which may have another flow, or TCP_FLOWS_NONE. */
uint32_t tcp_flows_guess(const struct tcp_flows *f, uint32_t hash);

/* Return: index of the object with @flow, whose hash is @hash, or TCP_FLOWS_NONE. */
uint32_t tcp_flows_find(const struct tcp_flows *f, const struct ip_flow *flow, uint32_t hash);

/* Object @index has its flow, which no other in the table has. */
void tcp_flows_add(struct tcp_flows *f, uint32_t index);

/* Harmless for one that is not in the table. */
void tcp_flows_remove(struct tcp_flows *f, uint32_t index);
