/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion control behind a table: how the window grows and shrinks. When it does is decided in recovery.c;
 * the algorithms see only this struct. Pure: no connection, no segment.
 */
#pragma once

#include "drivers/tcp/hystart.h"

#include <stdbool.h>
#include <stdint.h>

/* CUBIC's memory of the last congestion event, in segments (RFC 9438 4.1.2). */
struct tcp_cubic {
	double w_max, k, w_est, cwnd_prior;
	uint64_t epoch; /* ns, start of this stage of congestion avoidance; 0 = not begun */
	bool after_timeout;
};

/* DCTCP's estimate of the share of bytes that are marked (RFC 8257 3.3). */
struct tcp_dctcp {
	double alpha;
	uint64_t acked, marked; /* bytes, in the round trip that goes on */
};

struct tcp_cc {
	const struct tcp_cc_ops *ops;
	uint32_t cwnd, ssthresh; /* bytes */
	uint32_t mss; /* bytes of a full segment */
	uint64_t srtt; /* ns, as known last */
	double credit; /* bytes of growth below one byte, carried over */
	struct tcp_cubic cubic;
	struct tcp_dctcp dctcp;
	struct tcp_hystart hystart; /* while ssthresh is infinite */
};

struct tcp_cc_ops {
	const char *name;
	/* @bytes were acknowledged in congestion avoidance while the window was in use: grow it. */
	void (*acked)(struct tcp_cc *cc, uint32_t bytes, uint64_t now);
	/* A loss event, once per round trip: remember what is needed and return the new slow start threshold, bytes. */
	uint32_t (*loss)(struct tcp_cc *cc, uint32_t in_flight, bool timeout, uint64_t now);
	/* Nothing was in flight for @idle ns: that time does not count as growth. */
	void (*idle)(struct tcp_cc *cc, uint64_t idle);
	/* The path marked packets, once per round trip: as loss(). NULL = it is answered like one. */
	uint32_t (*marked)(struct tcp_cc *cc, uint32_t in_flight, uint64_t now);
	/* A round trip is over. NULL = nothing to do. */
	void (*round)(struct tcp_cc *cc);
};

extern const struct tcp_cc_ops tcp_cc_cubic; /* RFC 9438 */
extern const struct tcp_cc_ops tcp_cc_newreno; /* RFC 5681, RFC 6582 */
extern const struct tcp_cc_ops tcp_cc_dctcp; /* RFC 8257 */

#define TCP_SSTHRESH_INF UINT32_MAX
#define TCP_CWND_MAX (1u << 30) /* the sequence space bounds what can be in flight */

void tcp_cc_init(struct tcp_cc *cc, const struct tcp_cc_ops *ops, uint32_t mss);

/* Initial window: RFC 6928 (10 segments). */
uint32_t tcp_cc_initial_window(const struct tcp_cc *cc);

/* The segment size changed (path MTU): the windows keep their number of bytes. */
void tcp_cc_set_mss(struct tcp_cc *cc, uint32_t mss);

/*
 * @bytes newly acknowledged while the window was the limit: slow start or congestion avoidance.
 * @after_timeout: the data before the timeout is not acknowledged yet; grow by two segments an ACK at most (RFC 3465 2.3).
 */
void tcp_cc_acked(struct tcp_cc *cc, uint32_t bytes, bool after_timeout, uint64_t now);

/* A round trip was measured, ns; @srtt: what is known of it now. */
void tcp_cc_rtt(struct tcp_cc *cc, uint64_t rtt, uint64_t srtt);

/* All that was in flight when this was called last is acknowledged. */
void tcp_cc_round(struct tcp_cc *cc);

/* Fast recovery begins with @in_flight bytes outstanding. */
void tcp_cc_loss(struct tcp_cc *cc, uint32_t in_flight, uint64_t now);

/* The path marked packets of the @in_flight bytes. */
void tcp_cc_marked(struct tcp_cc *cc, uint32_t in_flight, uint64_t now);

/* @bytes were acknowledged, with or without an echo of a mark. */
void tcp_cc_echoed(struct tcp_cc *cc, uint32_t bytes, bool marked);

/* The retransmission timer expired. @again: for data that it had expired for already; ssthresh stays (RFC 5681 3.1). */
void tcp_cc_timeout(struct tcp_cc *cc, uint32_t in_flight, bool again, uint64_t now);

/* What reduced the window was no loss: all is as it was in @before, unless the window has grown beyond (RFC 9438 4.9). */
void tcp_cc_undo(struct tcp_cc *cc, const struct tcp_cc *before);

/* Sending begins again after @idle ns without anything in flight. */
void tcp_cc_idle(struct tcp_cc *cc, uint64_t idle);

/* The window was not in use for so long that it says little: RFC 7661 4.4.3. Return: it became smaller. */
bool tcp_cc_decay(struct tcp_cc *cc);

/* Window and threshold are @window bytes at most, but two segments at least. */
void tcp_cc_limit(struct tcp_cc *cc, uint32_t window);
