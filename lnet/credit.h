/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All four kinds of credits, their queues and their order of return: the only place that changes them. Counting is
 * "decrement, then test < 0": a counter below zero says how many wait. A credit that a message waits for is its own already;
 * waking does not take it again. All queues are FIFO. Spec 5.4 (transmit), 7.2 and 7.3 (receive).
 * Thread: transmit side on the next hop's home, receive side on the message's home.
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/rtrbuf.h"

struct peer;

/* Transmit: take what the message does not have yet. Return: true taken; false it waits, in a queue of credit.c. */
bool credit_take_peer_tx(struct lnet_msg *msg);
bool credit_take_ni_tx(struct lnet_cpt *cpt, struct lnet_msg *msg);

/* Give back what the message has: NI first, then peer; who waits goes on (send_resume()). */
void credit_return_tx(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* Receive: a router credit of the sending peer, then a router buffer. Return: as above. */
bool credit_take_peer_rtr(struct lnet_msg *msg);
bool credit_take_buffer(struct lnet_cpt *cpt, struct lnet_msg *msg);

/* Give back what the message has: the buffer first, then the peer's credit; who waits goes on (forward_resume()). */
void credit_return_rx(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

/* @n buffers more. */
void credit_add_buffers(struct lnet_cpt *cpt, struct rtrbuf *b, int n, uint64_t now);

/*
 * Take a waiting message out of the queue it waits in; the credit that it waited for is not taken, one that it had before is
 * still its own.
 */
void credit_unqueue(struct lnet_cpt *cpt, struct lnet_msg *msg);
