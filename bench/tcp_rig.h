/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP engine between peers that are made up: no port, no second engine, no clock but the one that is told. What the
 * engine receives is made before a measurement and what it sends is kept until after it, so that a measured round
 * holds the engine alone. One thread.
 */
#pragma once

#include "drivers/tcp/tcp.h"
#include "drivers/tcp/tcp_env.h"
#include "drivers/tcp/wire.h"
#include "lnet/base/buf.h"
#include "lnet/base/lcore.h"

#include <rte_common.h>

#include <stdbool.h>
#include <stdint.h>

#define RIG_MSS 1448u /* MTU 1500 with timestamps */
#define RIG_HEADER \
	160u /* of a message, in front of its payload: no slice ends where a segment does */
#define RIG_BURST 32u /* segments that are received at once */
#define RIG_STEP UINT64_C(10000) /* ns from one round to the next: 32 segments at 37 Gbit/s */
#define RIG_OUT_MAX 16384u
#define RIG_UNIT 65435u /* bytes of a large segment that the path cuts: as ether says */

struct rig;
struct rte_mbuf;

/* A connection, and the peer at its other end. Sequence numbers are on the wire's terms. */
struct rig_conn {
	struct rig *rig;
	struct tcp_conn *c;
	uint32_t seq; /* next byte that the peer sends */
	uint32_t sent; /* behind the last byte that the engine sent */
	uint32_t acked; /* of these the peer has acknowledged */
	uint32_t tsval; /* newest timestamp of the engine */
	uint32_t expects; /* bytes of the message that the user is receiving */
	struct ip_flow flow;
} __rte_cache_aligned;

struct rig {
	struct lcore lc;
	struct buf_mem mem;
	struct tcp_env env;
	struct tcp_path path;
	struct tcp *tcp;
	uint64_t now, step; /* ns; from one round to the next */
	struct rig_conn *conns;
	unsigned int n_conns;
	void (*user)(struct rig_conn *rc, uint64_t now); /* bytes wait, or the end */

	/* kept until rig_pause() */
	struct buf taken; /* by users */
	struct rte_mbuf *out[RIG_OUT_MAX]; /* sent by the engine */
	struct rig_conn *out_conn[RIG_OUT_MAX];
	unsigned int n_out;
	uint64_t wire_out; /* segments sent, as the wire counts, ever */
};

/*
 * An engine with @n established connections. EAL must be up.
 * @held	mbufs that each connection may hold between batches
 * @tso		the path cuts large segments
 * @user	called when bytes have arrived
 * Return: 0, or a negative errno.
 */
int rig_start(struct rig *r, unsigned int n, unsigned int held, bool tso,
	      void (*user)(struct rig_conn *rc, uint64_t now));

/* Return: NULL, or what was not as it has to be: drops, retransmissions, memory that did not come back. */
const char *rig_stop(struct rig *r);

/*
 * A segment of the peer with @len bytes, which are not written, for tcp_input(). NULL m: no mbuf.
 * @ack		bytes of the stream up to here are acknowledged
 */
struct ip_packet rig_segment(struct rig *r, const struct rig_conn *rc, uint32_t seq, uint32_t ack,
			     uint8_t flags, uint32_t len);

/* What is measured: one round of the engine with @n packets. */
void rig_round(struct rig *r, const struct ip_packet *pkts, unsigned int n);

/* The measurement pauses: take note of what was sent, and let go of what was kept. */
void rig_pause(struct rig *r);

/* The user takes all that waits. */
void rig_take(struct rig_conn *rc, uint64_t now);

/* @len bytes to send: a message header, and payload in mbufs as it was received. Return: 0, -ENOMEM. */
int rig_message(struct rig *r, uint32_t len, struct buf *b);

/* Acknowledge what @rc has in flight, and what it sends then, until all is sent. */
int rig_settle(struct rig *r, struct rig_conn *rc);
