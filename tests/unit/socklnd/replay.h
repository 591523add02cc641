/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replay of a recording: the peers' side of every connection is said to us in the recorded order, and what we say is
 * compared, piece by piece, with what the recorded node said at that point. Who plays the node above TCP is the caller's.
 */
#pragma once

#include "tests/fake/fake_tcp.h"
#include "tests/unit/socklnd/dialog.h"

struct replay;

/* The node under test. */
struct replay_ops {
	/* The clock goes to @now; nothing else has happened. */
	void (*advance)(void *ctx, uint64_t now);
	/*
	 * The recorded node says @it now, or wants to and dials for it. Make ours say it, unless it does so by itself.
	 * Return: false when ours never says it.
	 */
	bool (*originate)(void *ctx, const struct item *it);
	/* Bytes of a peer's message as ours has to see them; @bytes is a copy. Return: false: it is not said. */
	bool (*patch)(void *ctx, const struct item *it, uint8_t *bytes);
	/* We said @got (as long as @want). Return: is it the same, but for what must differ? */
	bool (*same)(void *ctx, const struct item *want, const uint8_t *got);
	/* Connections that began before the recording: make one of @type, dialled by the peer. */
	struct tcp_conn *(*join)(void *ctx, const struct ip_flow *flow, enum socklnd_type type);
	/* The recorded node shuts down. */
	void (*leave)(void *ctx);
};

/* What may differ between ours and the recorded node in a whole recording. */
enum replay_except {
	/* the recorded node asks for zero-copy acks, we never do: no cookie0 of ours, no acks for it by the peer */
	EXCEPT_ZC = 1,
	/* the recorded node has checksums on for V2; ours are always 0, which is legal */
	EXCEPT_CSUM = 2,
	/* the recorded node closes for want of a BULK_IN; we keep the ack until there is one */
	EXCEPT_HELD_ACK = 4,
	/* its clock for keepalives is a slow scan; ours is exact: they are not compared one by one */
	EXCEPT_KEEPALIVE = 8,
	/* two messages of the recorded node that have nothing to do with each other: it took ms for the one, we none */
	EXCEPT_ORDER = 16,
};

struct link {
	struct tcp_conn *c;
	uint64_t read; /* bytes of ours that were compared */
	bool ours_dials, mine; /* is our node one of its ends? */
	bool peer_ended, node_ended;
};

struct replay {
	struct dialog *d;
	struct tcp *tcp;
	const struct replay_ops *ops;
	void *ctx;
	const struct ipaddr *addrs; /* the node's */
	unsigned int n_addrs;
	unsigned int except; /* enum replay_except */
	bool leaves; /* the recorded node shuts down where it first closes a connection */
	const char *name;
	uint64_t now, first_ns;
	struct link link[DIALOG_STREAMS_MAX];
	bool *said; /* by item: originated already */
	bool *never; /* by item: ours does not say it */
	unsigned int compared; /* pieces of ours */
};

/* Fails the test at the first difference. @r: the caller fills in d, tcp, ops, ctx, addrs, except, name, now. */
void replay_run(struct replay *r);
