/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest LNet above a network driver: it is what lnet/lnd.h calls the core, with one interface and one gateway. It
 * takes whole messages and sends messages to the gateway as far as its credits allow, as a node does, and nothing
 * else, so that a benchmark's nodes cost as little as possible beside the router. Thread: one.
 */
#pragma once

#include "lnet/lnd.h"

struct buf_mem;

struct lnet_cpt {
	/* const after core_init() */
	struct lcore *lc;
	const struct buf_mem *mem;
	const struct lnet_lnd_ops *ops;
	struct lnet_ni *ni;
	struct lnet_nid gateway;
	struct lnet_msg *all;

	/* a message for this node is complete; @payload is released afterwards */
	void (*arrived)(void *user, const struct lnet_hdr *hdr, const struct buf *payload,
			uint64_t now);
	void *user;

	int credits; /* sends to the gateway that may still begin */
	bool is_pumping;
	struct lnet_msg_queue waiting, free;

	uint64_t send_failed, recv_failed; /* what the driver could not send, or receive whole */
	uint64_t strange; /* messages that nobody sends here */
	uint64_t no_msg; /* received without a free struct lnet_msg */
	uint64_t peer_down;
};

/* Return: 0, -ENOMEM. The NI is attached later. */
int core_init(struct lnet_cpt *cpt, struct lcore *lc, const struct lnet_lnd_ops *ops,
	      struct lnet_ni *ni, const struct lnet_nid *gateway);
void core_fini(struct lnet_cpt *cpt);

/*
 * Send a message with source and length filled in, by the gateway. Takes @payload.
 * Return: 0, -ENOBUFS (too many are under way; the caller keeps @payload).
 */
int core_send(struct lnet_cpt *cpt, const struct lnet_hdr *hdr, struct buf *payload, uint64_t now);

/* Everything that may not happen in a good run, since the start. */
uint64_t core_failures(const struct lnet_cpt *cpt);
