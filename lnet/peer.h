/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peer NIs: one for each pair of a local NI and a remote NID, on the home worker of the pair, with its credits and
 * queues. The table is bounded: when it is full a peer that has been silent and idle for long makes room, else the new one is
 * refused (trap 46). Thread: everything on the home worker.
 */
#pragma once

#include "lnet/base/stall.h"
#include "lnet/base/timer.h"
#include "lnet/lnd.h"
#include "lnet/stats.h"

struct peer {
	/* const while it exists */
	struct lnet_cpt *cpt;
	struct lnet_ni *ni;
	struct lnet_nid nid;

	/* owner */
	LIST_ENTRY(peer) hash_link; /* or in the free list */
	LIST_ENTRY(peer) ni_link;
	unsigned int refs; /* messages that name it */
	uint64_t last_alive; /* ns; 0 = never heard from */
	uint64_t last_used; /* ns; somebody asked for it */
	bool is_up;

	/* credits and who waits for them: < 0 is the number that waits (5.4, 7.2) */
	int tx_credits, tx_min, tx_max;
	int rtr_credits, rtr_min, rtr_max;
	struct lnet_msg_queue tx_q, rtr_q;
	uint64_t tx_q_bytes; /* payload + 72 of each message under way to it */

	/* as a next hop: hop.c */
	unsigned int pending; /* messages to it that the LND has */
	struct stall stall;
	struct timer timer;
	uint64_t probe_at; /* while it is down: not before */
	uint8_t probe_level;
	bool is_probing; /* a ping of ours is on its way */

	/* what it told about itself in a push */
	uint32_t features, ping_seq;
	bool has_info;

	/* any: relaxed counters */
	struct traffic traffic;
};
LIST_HEAD(peer_list, peer);

struct peer_table {
	struct peer *all;
	struct peer_list *buckets;
	struct peer_list free;
	unsigned int size, n_buckets, used, hand;
};

/* Return: 0, -ENOMEM. */
int peer_table_init(struct peer_table *t, unsigned int size);
void peer_table_fini(struct peer_table *t);

/* NULL = unknown. */
struct peer *peer_find(struct lnet_cpt *cpt, const struct lnet_ni *ni, const struct lnet_nid *nid);

/* Find or create. NULL: the table is full of peers in use. */
struct peer *peer_get(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *nid,
		      uint64_t now);

/*
 * Forget all peers of @ni. Nothing may name them any more.
 * Return: number of credits that were not back (each is logged).
 */
unsigned int peer_forget_ni(struct lnet_cpt *cpt, struct lnet_ni *ni);

/* The peer in slot @i, or NULL when it is unused. */
struct peer *peer_slot(struct peer_table *t, unsigned int i);
