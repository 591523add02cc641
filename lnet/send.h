/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The transmit side (5.4): drop test, peer credit, NI credit, the LND, completion. Completions are handled one after another,
 * never one inside the other, however deep they were reported.
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/stats.h"

/*
 * Send @msg to msg->next_hop by state->tx_ni, from whichever worker is the next hop's home.
 * Thread: where the message is. Owner: no more the caller.
 */
void send_msg(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* The same on the next hop's home. */
void send_here(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* It has the credit that it waited for. */
void send_resume(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* End a message that the LND does not have. */
void send_fail(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, enum lnet_drop reason,
	       uint64_t now);

/* Between these two completions are collected, not handled. */
void send_hold(struct lnet_cpt *cpt);
void send_release(struct lnet_cpt *cpt, uint64_t now);

/* Fail all that waits for a transmit credit of @ni on this worker. */
void send_cancel_ni(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now);
