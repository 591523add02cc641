/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive side of a routed message (7.3): next hop, credits, a buffer, the payload; then over to the transmit side; at
 * the end everything back. Thread: the worker where the message arrived.
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/stats.h"

struct peer;

/*
 * A message for another node. @from: who sent it. lnd->recv() is called now or later, exactly once.
 */
void forward_start(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
		   struct peer *from, void *rx, uint64_t now);

/* It has the credit that it waited for. */
void forward_resume(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* It has its buffer: ask for the payload. */
void forward_receive(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* The payload is there, or the connection broke. */
void forward_received(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now);

/* Its transmit side is over: credits back, memory free. */
void forward_done(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* Discard all that waits here for a credit and names @ni, on either side; NULL: all. */
void forward_cancel(struct lnet_cpt *cpt, const struct lnet_ni *ni, uint64_t now);
