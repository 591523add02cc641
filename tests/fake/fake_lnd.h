/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network driver without a network, for tests of the core: NIs of one struct fake_fabric hear each other, whatever node of the
 * process they belong to. Between two NIDs messages stay in order; one that waits for a router buffer holds up those behind it,
 * as a connection does. It insists that every accepted send and recv is completed exactly once.
 */
#pragma once

#include "lnet/lnd.h"

#define FAKE_SENT_MAX 256
#define FAKE_PAYLOAD_MAX 4096

/* What becomes of a send. */
enum fake_mode {
	FAKE_AT_ONCE, /* on its way and completed inside send(), the default */
	FAKE_LATER, /* kept until fake_lnd_complete() */
	FAKE_REFUSE, /* send() fails */
	FAKE_FAIL, /* accepted, then completed with an error inside send() */
};

/* A message on its way in, from a node of the fabric or made by a test. */
struct fake_rx {
	/* the test may set */
	bool by_hand; /* recv() does not complete: fake_rx_finish() does */

	/* what came of it */
	int parse_rc;
	bool is_asked; /* recv() came */
	bool is_discarded; /* with no message */
	bool is_over;
	struct lnet_msg *msg; /* being received */
	uint32_t want;

	/* fake_lnd.c */
	struct lnet_cpt *cpt;
	struct lnet_ni *ni;
	struct lnet_hdr hdr;
	struct lnet_nid from;
	const uint8_t *payload;
	struct fake_frame *frame; /* NULL: by a test */
	TAILQ_ENTRY(fake_rx) link;
};
TAILQ_HEAD(fake_rx_list, fake_rx);

struct fake_frame {
	TAILQ_ENTRY(fake_frame) link;
	struct fake_rx rx;
	bool is_started; /* lnet_parse() has it */
	uint8_t *payload;
};
TAILQ_HEAD(fake_frame_list, fake_frame);

struct fake_ni {
	TAILQ_ENTRY(fake_ni) link;
	struct lnet_ni *ni;
	bool attached[LNET_CPTS_MAX];
};

struct fake_fabric {
	TAILQ_HEAD(, fake_ni) nis;
	struct fake_frame_list frames; /* in order of sending */
	struct fake_rx_list open; /* parse said 0, not over */
};

/* What a test sees of a send. */
struct fake_sent {
	struct lnet_hdr hdr;
	struct lnet_nid next_hop;
	struct lnet_ni *ni;
	uint32_t len;
	uint8_t payload[FAKE_PAYLOAD_MAX];
};

struct fake_lnd {
	struct fake_fabric *fabric;
	unsigned int n_workers;

	/* the test sets */
	enum fake_mode mode; /* for all but: */
	enum fake_mode odd_mode; /* sends to odd_nid */
	struct lnet_nid odd_nid;
	int rc; /* of FAKE_REFUSE and FAKE_FAIL */
	enum lnet_health health;
	unsigned int fail_start, fail_attach; /* fail the n-th call from now on, 0 = none */
	unsigned int slow_detach; /* so often detach() says that something lives */
	bool by_hand; /* what is received is completed by fake_rx_finish() */

	/* what happened */
	struct fake_sent
		sent[FAKE_SENT_MAX]; /* the last ones; n_sent modulo FAKE_SENT_MAX is next */
	unsigned int n_sent, n_peer_down, n_started, n_stopped;
	struct lnet_msg_queue kept;
	unsigned int n_kept;
};

void fake_fabric_init(struct fake_fabric *f);
void fake_fabric_fini(struct fake_fabric *f);

/* NI names are addresses: interface "10.0.0.1" on tcp1 is 10.0.0.1@tcp1. */
void fake_lnd_init(struct fake_lnd *lnd, struct fake_fabric *f, unsigned int n_workers);
/* Everything is stopped and completed. */
void fake_lnd_fini(struct fake_lnd *lnd);
extern const struct lnet_lnd_ops fake_tcp_ops; /* takes large NIDs */
extern const struct lnet_lnd_ops fake_o2ib_ops; /* refuses them */

/* The @i-th last send, 0 = the last one. */
const struct fake_sent *fake_lnd_sent(const struct fake_lnd *lnd, unsigned int i);

/* Complete the @i-th kept send; with @rc 0 it is on its way. */
void fake_lnd_complete(struct fake_lnd *lnd, unsigned int i, int rc, uint64_t now);

/* The frame at the head of connection @which (modulo their number) arrives. Return: false: nothing can move. */
bool fake_fabric_step(struct fake_fabric *f, uint32_t which, uint64_t now);

/* By hand: a message of @payload from @from arrives at @ni. */
void fake_rx_start(struct fake_rx *rx, struct lnet_ni *ni, const struct lnet_hdr *hdr,
		   const struct lnet_nid *from, const uint8_t *payload, uint64_t now);
/* The payload that recv() asked for arrives (@rc 0) or the connection breaks. */
void fake_rx_finish(struct fake_fabric *f, struct fake_rx *rx, int rc, uint64_t now);

/* Home of a peer: last byte of its address modulo the number of workers. */
unsigned int fake_home(const struct fake_lnd *lnd, const struct lnet_nid *nid);
