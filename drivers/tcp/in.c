/* SPDX-License-Identifier: BSD-3-Clause */
/* A segment of a connection: the checks of RFC 9293 3.10.7.4 in their order. */
#include "drivers/tcp/gro.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>

#define WINDOW_MAX (1u << 30)
#define PAWS_IDLE ((uint32_t)(24ull * 24 * 3600 * TCP_S >> TCP_AGE_SHIFT)) /* RFC 7323 5.5 */

/* RFC 7323 5.5: the timestamp is so old that another proves nothing against it. */
static bool
ts_recent_outdated(const struct tcp_conn *c, uint64_t now)
{
	return tcp_age_now(now) - c->ts_recent_at > PAWS_IDLE;
}

/*
 * RFC 7323 3.2, 5.3 R1. A SYN is let through as well: it is never taken but always challenged (RFC 5961 4.2), and one of a peer that
 * came back with other options or another clock must not be met with silence.
 * Return: false: drop the segment.
 */
static bool
paws_ok(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	if (!c->ts_ok || (s->flags & (TCP_RST | TCP_SYN)) != 0)
		return true;
	if (!s->has_ts) {
		tcp_count(c->t, TCP_DROP_NO_TS);
		return false;
	}
	if (seq_geq(s->tsval, c->ts_recent) || ts_recent_outdated(c, now))
		return true;
	tcp_count(c->t, TCP_DROP_PAWS);
	tcp_reply_stray(c, s->len == 0, now);
	return false;
}

/* RFC 7323 4.3: remember the timestamp of the segment that the next ACK will cover first. */
static void
ts_update(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	if (!c->ts_ok || !s->has_ts || seq_gt(s->seq, c->last_ack_sent))
		return;
	if (seq_lt(s->tsval, c->ts_recent) && !ts_recent_outdated(c, now))
		return;
	c->ts_recent = s->tsval;
	c->ts_recent_at = tcp_age_now(now);
}

/* Does any of it lie in the window? RFC 9293 3.10.7.4, first check. */
static bool
in_window(const struct tcp_conn *c, const struct tcp_segment *s)
{
	uint32_t space = tcp_segment_space(s);

	/*
	 * A peer that has used up the window sends its ACKs from the right edge, and its probes from RCV.NXT: what they
	 * acknowledge counts, so the edge itself is let in; payload there is cut off later.
	 */
	if (seq_gt(s->seq, c->rcv_edge))
		return false;
	return space == 0 ? seq_geq(s->seq, c->rcv_nxt) : seq_gt(s->seq + space, c->rcv_nxt);
}

static void
rst_in(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	int err = -ECONNRESET;

	/* RFC 5961 3.2 */
	if (s->seq != c->rcv_nxt) {
		tcp_reply_challenge(c, now);
		return;
	}
	/* RFC 9293 3.10.7.4, second check: one that we opened was refused, one that the peer opened is forgotten */
	if (c->state == TCP_SYN_RCVD)
		err = -ECONNREFUSED;
	/* both sides had closed, and nothing of ours is missing: a peer that saves itself TIME-WAIT */
	else if ((c->state == TCP_CLOSING || c->state == TCP_LAST_ACK) && c->tx.data.len == 0)
		err = 0;
	tcp_count(c->t, err == 0 ? TCP_CONN_CLOSED : TCP_CONN_RESET_IN);
	tcp_conn_end(c, err);
}

/*
 * The peer's SYN again, in SYN-RECEIVED: alone it asks for our lost SYN-ACK; with an ACK it is the peer's half of a
 * simultaneous open, and all that is new in it is the ACK. Return: true: nothing else is to be done.
 */
static bool
syn_again(struct tcp_conn *c, struct tcp_segment *s)
{
	if (c->state != TCP_SYN_RCVD || (s->flags & (TCP_SYN | TCP_RST)) != TCP_SYN ||
	    s->seq != c->irs)
		return false;
	tcp_conn_dirty(c);
	if ((s->flags & TCP_ACK) == 0) {
		tcp_ecn_syn_again(c, s);
		tcp_count(c->t, TCP_SYN_RETRANSMIT);
		c->send_syn = true;
		return true;
	}
	c->ack_now = true;
	s->seq++;
	s->flags &= (uint8_t) ~(TCP_SYN | TCP_ECE | TCP_CWR);
	/* from here on it is read as a segment without SYN, whose window would be scaled */
	s->wnd = (uint16_t)(s->wnd >> c->snd_shift);
	return false;
}

/* SYN-RECEIVED: the ACK that completes the handshake. Return: false: drop the segment. */
static bool
handshake_ack(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos, uint64_t now)
{
	if (s->ack != c->snd_nxt) {
		tcp_count(c->t, TCP_DROP_ACK);
		tcp_reply_reset(c->t, &c->flow, tos, s, now);
		return false;
	}
	tcp_open_established(c, s, now);
	return true;
}

/* It was received before, as a whole. Further back than any window reaches (RFC 7323 2.2) nothing can have been. */
static bool
is_duplicate(const struct tcp_conn *c, const struct tcp_segment *s)
{
	return s->len > 0 && seq_leq(s->seq + s->len, c->rcv_nxt) &&
		c->rcv_nxt - s->seq <= WINDOW_MAX;
}

static void
heard(struct tcp_conn *c, uint64_t now)
{
	c->last_rx = now;
	c->probes = 0;
}

/* Nothing of the segment lies in the window. */
static void
outside(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	/* a keepalive or window probe: the byte before what we wait for */
	if (s->seq + 1 == c->rcv_nxt && (s->flags & (TCP_SYN | TCP_RST)) == 0)
		heard(c, now);
	if ((s->flags & TCP_RST) != 0) {
		tcp_count(c->t, TCP_DROP_RST);
		return;
	}
	if ((s->flags & TCP_SYN) != 0) {
		tcp_reply_challenge(c, now);
		return;
	}
	if (is_duplicate(c, s)) {
		tcp_count_n(c->t, TCP_RX_DUP, s->n_merged);
		c->dsack = (struct tcp_range){s->seq, s->seq + s->len};
	} else if (s->len > 0) {
		tcp_count(c->t, TCP_RX_BEYOND);
	}
	tcp_reply_stray(c, tcp_segment_space(s) == 0, now);
}

/* A segment of a connection behind the handshake, or in SYN-RECEIVED. */
static void
synchronized_in(struct tcp_conn *c, struct tcp_segment *s, uint8_t tos, struct rte_mbuf **m,
		uint64_t now)
{
	if (syn_again(c, s))
		return;
	if (!paws_ok(c, s, now))
		return;
	if (!in_window(c, s)) {
		outside(c, s, now);
		return;
	}
	/* only what fits proves that the peer is there; RFC 9293 3.8.4 */
	heard(c, now);
	if ((s->flags & TCP_RST) != 0) {
		rst_in(c, s, now);
		return;
	}
	if ((s->flags & TCP_SYN) != 0) {
		tcp_reply_challenge(c, now); /* RFC 5961 4.2 */
		return;
	}
	if ((s->flags & TCP_ACK) == 0) {
		tcp_count(c->t, TCP_DROP_NO_ACK);
		return;
	}
	if (c->state == TCP_SYN_RCVD && !handshake_ack(c, s, tos, now))
		return;
	if (!tcp_ack_in(c, s, now))
		return;
	/* behind the check of the ACK: what was made up must not set the clock */
	ts_update(c, s, now);
	if (s->len > 0)
		tcp_ecn_data_in(c, s, tos, now);
	if (s->len > 0 || (s->flags & TCP_FIN) != 0)
		tcp_data_in(c, s, m, now);
}

void
tcp_conn_in(struct tcp_conn *c, struct tcp_parsed *p, struct rte_mbuf **m, uint64_t now)
{
	struct tcp_segment *s = &p->s;
	struct tcp *t = c->t;
	uint32_t isn_above;

	/* RFC 5681 4.2: they are two at least, and how long they were is not always told */
	if (p->lro && s->len > 0)
		c->ack_now = true;
	if (tcp_fast_in(c, s, p->tos, m, now))
		return;
	switch (c->state) {
	case TCP_SYN_SENT:
		if (tcp_syn_sent_in(c, s, p->tos, now) && s->len > 0)
			tcp_data_in(c, s, m, now);
		break;
	case TCP_TIME_WAIT: {
		struct ip_flow flow = c->flow;

		if (!tcp_time_wait_in(c, s, &isn_above, now))
			tcp_listen_in(t, &flow, p->tos, s, &isn_above, now);
		break;
	}
	default:
		synchronized_in(c, s, p->tos, m, now);
		break;
	}
}
