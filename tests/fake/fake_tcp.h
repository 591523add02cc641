/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TCP engine's interface (drivers/tcp/tcp.h) over scripted streams: a test plays network and peer. Connections stay
 * readable by the test after their end, until fake_tcp_destroy().
 */
#pragma once

#include "drivers/tcp/tcp.h"
#include "lnet/base/buf.h"

#include <sys/queue.h>

enum fake_end {
	FAKE_OPEN,
	FAKE_FIN, /* the user closed it in order */
	FAKE_RST, /* the user aborted it, or closed it with bytes unread */
};

struct tcp_conn {
	TAILQ_ENTRY(tcp_conn) link;
	struct tcp *t;
	struct ip_flow flow;
	const struct tcp_ops *ops;
	void *user;
	uint8_t tos;
	bool active, connected, over;
	enum fake_end end;

	struct buf rx;
	bool fin; /* the peer's */
	uint32_t expected; /* last tcp_rx_expect() */

	uint8_t *tx; /* all bytes the user sent */
	size_t tx_size;
	struct buf held; /* the same as they were queued, until acknowledged */
	uint64_t queued, sent, acked;
	unsigned int sends, sends_more;
};
TAILQ_HEAD(fake_conns, tcp_conn);

struct tcp_listener {
	TAILQ_ENTRY(tcp_listener) link;
	struct tcp *t;
	struct ipaddr addr;
	uint16_t port;
	unsigned int backlog;
	int (*accept)(struct tcp_conn *c, void *user, uint64_t now);
	void *user;
};

struct tcp {
	const struct buf_mem *mem;
	struct fake_conns conns; /* in order of creation */
	TAILQ_HEAD(, tcp_listener) listeners;
	int (*connect_rc)(const struct ip_flow *flow); /* what tcp_connect() returns; NULL: 0 */
	int send_rc; /* what tcp_send() returns */
	int take_rc; /* what tcp_rx_take() returns */
};

struct tcp *fake_tcp_create(const struct buf_mem *mem);
void fake_tcp_destroy(struct tcp *t);

/* Free the connections that are over. */
void fake_tcp_forget(struct tcp *t);

/* A peer connects. Return: the connection; NULL when nobody listens or the user refused. */
struct tcp_conn *fake_tcp_accept(struct tcp *t, const struct ip_flow *flow, uint64_t now);

/* The peer answers an active open. */
void fake_tcp_connected(struct tcp_conn *c, uint64_t now);

/* Bytes of the peer in segments of @mss (0: one), each in an mbuf of its own; the user is told once per segment. */
void fake_tcp_deliver(struct tcp_conn *c, const void *data, size_t len, size_t mss, uint64_t now);

/* The same, but the user is told once, after the last. */
void fake_tcp_deliver_burst(struct tcp_conn *c, const void *data, size_t len, size_t mss,
			    uint64_t now);

/* The peer's FIN; the user is told. */
void fake_tcp_fin(struct tcp_conn *c, uint64_t now);

/* The connection is over: readable() if bytes wait, then closed(@err). */
void fake_tcp_over(struct tcp_conn *c, int err, uint64_t now);

/* Everything queued was transmitted / transmitted and acknowledged. */
void fake_tcp_transmit(struct tcp_conn *c, uint64_t now);
void fake_tcp_ack(struct tcp_conn *c, uint64_t now);

/* Connection number @i in order of creation, NULL beyond. */
struct tcp_conn *fake_tcp_conn(struct tcp *t, unsigned int i);
unsigned int fake_tcp_count(struct tcp *t);
