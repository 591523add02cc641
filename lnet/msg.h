/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core's part of a message, and the pools that messages come from: one per CPT, and a message returns to the CPT
 * that made it (its home) before it is freed. All waiting is in queues of the worker named.
 *
 *	 lnet_parse()                                         own operation, ACK, REPLY
 *	      |                                                        |
 *	WAIT_PEER_RTR -> WAIT_BUFFER -> READY -> RECEIVING             |      home
 *	                                             |                 |
 *	                                             '-----> MOVING <--'      in a channel, or skipped
 *	                                                        |
 *	               WAIT_PEER_TX -> WAIT_NI_TX -> SENDING -> DONE          next hop's home
 *	                                                        |
 *	                                                    RETURNING         in a channel, or skipped
 *	                                                        |
 *	                                                      freed           home
 *
 * A message for this node (MSG_LOCAL) goes from RECEIVING to its operation's CPT and back home.
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/lnet.h"

struct peer;

enum msg_state {
	MSG_NEW,
	MSG_WAIT_PEER_RTR, /* for a router credit of the peer that sent it */
	MSG_WAIT_BUFFER, /* for a router buffer; has the peer's credit */
	MSG_READY, /* has its buffer; lnet_poll() asks for the payload */
	MSG_RECEIVING, /* the LND's, from recv() to lnet_recv_done() */
	MSG_MOVING,
	MSG_WAIT_PEER_TX, /* for a credit of its next hop */
	MSG_WAIT_NI_TX, /* for a credit of its interface; has the next hop's */
	MSG_SENDING, /* the LND's, from send() to lnet_finalize() */
	MSG_DONE, /* waits for its credits to be returned */
	MSG_RETURNING,
};

enum msg_kind {
	MSG_FORWARD, /* of another node, for another node */
	MSG_LOCAL, /* received for this node */
	MSG_OWN, /* of this node: an operation, an ACK, a REPLY */
};

struct lnet_msg_state {
	/* const after creation */
	enum msg_kind kind;
	unsigned int home; /* CPT */

	/* owner of the moment */
	enum msg_state state;
	int rc; /* how it ended */

	/* home: the side it came by; NULL for this node's own */
	struct lnet_ni *rx_ni;
	struct peer *rx_peer;
	void *rx; /* token of the LND; recv() is due while it is not NULL */
	struct lnet_nid from;
	bool has_peer_rtr, has_buffer; /* credits */
	enum lnet_rtr_class class;
	unsigned int account; /* of the ledger */
	uint64_t reserved; /* bytes there */

	/* next hop's home: the side it leaves by */
	struct lnet_ni *tx_ni; /* held from home on */
	struct peer *tx_peer;
	bool has_peer_tx, has_ni_tx; /* credits; also while it waits for them */
	uint64_t sent_at;

	uint64_t op; /* own operation (object cookie), 0 = none */
	uint32_t stat_type; /* enum lnet_msg_type that statistics of this node's sends show */
};

/* The object of the pool. */
struct msg_object {
	struct lnet_msg msg;
	struct lnet_msg_state state;
};

/*
 * A message with header @hdr, at home on @cpt, without payload. Return: NULL when the pool is empty.
 */
struct lnet_msg *msg_new(struct lnet_cpt *cpt, enum msg_kind kind, const struct lnet_hdr *hdr);

/* Give it back with its payload, its ledger bytes and its hold on interfaces and peer. Credits are back already. Thread: home. */
void msg_free(struct lnet_cpt *cpt, struct lnet_msg *msg);

/* Hold an interface for the life of the message. Thread: home. */
void msg_hold_rx(struct lnet_cpt *cpt, struct lnet_msg *msg, struct lnet_ni *ni, struct peer *peer);
void msg_hold_tx(struct lnet_cpt *cpt, struct lnet_msg *msg, struct lnet_ni *ni);

/* Reserve @bytes in @account of the home's ledger. Return: 0, -ENOMEM. */
int msg_reserve(struct lnet_cpt *cpt, struct lnet_msg *msg, unsigned int account, uint64_t bytes);

/* For our own bugs: the state is what it has to be. */
void msg_expect(const struct lnet_msg *msg, enum msg_state state);
