/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A half-open connection that a peer has begun: its SYN and little more, a fifth of a connection, without a timer of its own.
 * What its SYN-ACK says is worked out of the SYN again each time, and so is the connection when the handshake ends: there
 * is one place that reads options. Requests live in the queue (synq.h). Thread: the engine's lcore.
 */
#pragma once

#include "drivers/tcp/ecn.h"
#include "drivers/tcp/wire.h"
#include "lnet/base/fair.h"
#include "lnet/base/ipaddr.h"
#include "lnet/base/ledger.h"

#include <sys/queue.h>

struct tcp;
struct tcp_conn;
struct tcp_listener;

struct tcp_request {
	struct fair_link fair;
	TAILQ_ENTRY(tcp_request) link; /* free, or of its stage */
	struct tcp_listener *listener; /* NULL = free */
	struct ip_flow flow;
	struct tcp_segment syn; /* the first one */
	struct tcp_ecn ecn; /* what was agreed on */
	struct ledger_conn account; /* of wnd, if it is more than each connection has anyway */
	uint32_t iss;
	uint32_t wnd; /* announced, bytes */
	uint8_t tos;
	uint8_t stage; /* how often the SYN-ACK stayed without an answer */
	bool is_repeated; /* the SYN-ACK was sent more than once */
	uint64_t begun_at, sent_at, due, challenge_at; /* ns */
};
TAILQ_HEAD(tcp_request_list, tcp_request);

/* Answer the first SYN, which had traffic class @tos. Return: false: no way back, or no mbuf. */
bool tcp_request_begin(struct tcp *t, struct tcp_request *r, uint8_t tos, uint64_t now);

/* The SYN-ACK once more. */
void tcp_request_repeat(struct tcp *t, struct tcp_request *r, uint64_t now);

/* Tell the peer that nothing comes of it. */
void tcp_request_reset(struct tcp *t, const struct tcp_request *r, uint64_t now);

/*
 * A segment that arrived for it: RFC 9293 3.10.7.4 in SYN-RECEIVED. @r may be gone afterwards.
 * Return: the connection that the segment completes and that is to process it; NULL: nothing more is to be done.
 */
struct tcp_conn *tcp_request_in(struct tcp *t, struct tcp_request *r, uint8_t tos,
				const struct tcp_segment *s, uint64_t now);
