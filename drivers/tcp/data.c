/* SPDX-License-Identifier: BSD-3-Clause */
/* Payload and FIN of a segment: trimming, order, memory, when to acknowledge. */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_common.h>
#include <rte_mbuf.h>

#include <errno.h>

/* The part of a segment's payload that is in the window and new. */
struct part {
	uint32_t seq, skip, len;
	bool fin; /* the FIN behind it is in the window */
};

static void
trim(struct tcp_conn *c, const struct tcp_segment *s, struct part *p)
{
	uint32_t old;

	*p = (struct part){.seq = s->seq, .skip = s->hdr_len, .len = s->len};
	p->fin = (s->flags & TCP_FIN) != 0;
	if (seq_lt(p->seq, c->rcv_nxt)) {
		old = c->rcv_nxt - p->seq;
		old = old < p->len ? old : p->len;
		if (old > 0) {
			tcp_count(c->t, TCP_RX_OVERLAP);
			c->dsack = (struct tcp_range){p->seq, p->seq + old};
			c->ack_now = true;
		}
		p->seq += old;
		p->skip += old;
		p->len -= old;
	}
	if (p->len > 0 && seq_gt(p->seq + p->len, c->rcv_edge)) {
		tcp_count(c->t, TCP_RX_BEYOND);
		p->len = seq_lt(p->seq, c->rcv_edge) ? c->rcv_edge - p->seq : 0;
		p->fin = false;
		c->ack_now = true;
	}
}

/* RFC 9293 3.8.6.3, RFC 5681 4.2: every second full segment, the end of a message, all that is unusual. */
static void
schedule_ack(struct tcp_conn *c, const struct tcp_segment *s, uint32_t len, uint64_t now)
{
	c->unacked += len;
	/* of many that were merged the greatest counts, or what one can hold: a port does not always say what it merged */
	if (s->part > c->rcv_mss)
		c->rcv_mss = RTE_MIN(s->part, tcp_path_payload(c, c->path.mtu));
	if ((s->flags & TCP_PSH) != 0 || c->unacked >= 2 * c->rcv_mss)
		c->ack_now = true;
	if (!c->ack_now && !tcp_timer_is_set(c, TCP_TIMER_ACK))
		tcp_timer_set(c, TCP_TIMER_ACK, now + c->t->cfg.delack);
}

static void
received(struct tcp_conn *c, uint32_t len)
{
	if (len == 0)
		return;
	tcp_count_n(c->t, TCP_BYTES_IN, len);
	tcp_conn_event(c, TCP_EV_READABLE);
}

/* Bytes @skip .. @skip + @len of the segment's mbufs are next in order. */
static void
in_order(struct tcp_conn *c, const struct tcp_segment *s, struct rte_mbuf *m, uint32_t skip,
	 uint32_t len, uint64_t now)
{
	struct tcp_rx_mem rm = tcp_rx_mem(c);
	uint32_t next, lost, kept;

	kept = tcp_rxq_append(&c->rx, &rm, m, skip, len, c->expect);
	if (kept < len)
		tcp_count(c->t, TCP_RX_NO_MEM);
	if (kept == 0) {
		/* no ACK at once: it would make the peer repeat what we have no room for */
		if (!tcp_timer_is_set(c, TCP_TIMER_ACK))
			tcp_timer_set(c, TCP_TIMER_ACK, now + c->t->cfg.delack);
		return;
	}
	len = kept;
	c->rcv_nxt += len;
	if (!TAILQ_EMPTY(&c->rx.ooo)) {
		/* RFC 5681 4.2: a hole is filled, in whole or in part */
		c->ack_now = true;
		next = tcp_rxq_join(&c->rx, &rm, c->rcv_nxt, c->expect, &lost);
		len += next - c->rcv_nxt;
		c->rcv_nxt = next;
		tcp_count_n(c->t, TCP_RX_RENEGED, lost);
	}
	tcp_window_rtt(c, s, now);
	schedule_ack(c, s, len, now);
	received(c, len);
}

static void
out_of_order(struct tcp_conn *c, const struct part *p, struct rte_mbuf *m)
{
	struct tcp_rx_mem rm = tcp_rx_mem(c);
	struct tcp_range dup;

	c->ack_now = true;
	if (tcp_rxq_insert(&c->rx, &rm, p->seq, m, p->skip, p->len, &dup) < 0)
		tcp_count(c->t, TCP_RX_OOO_NO_MEM);
	if (dup.start != dup.end)
		c->dsack = dup;
}

/*
 * Where the stream ends. A FIN ahead of its turn that contradicts data already held may be either's fault: it is not
 * remembered, because a number that RCV.NXT steps over would leave the connection deaf. It will be repeated. Of several
 * FINs the first in the stream counts, as it would for Linux: one far ahead would hide the one in its turn for ever.
 */
static void
fin_learn(struct tcp_conn *c, uint32_t seq)
{
	if (c->fin_known && seq_geq(seq, c->fin_seq))
		return;
	if (seq != c->rcv_nxt && seq_gt(tcp_rxq_ooo_end(&c->rx, seq), seq)) {
		tcp_count(c->t, TCP_DROP_FIN);
		return;
	}
	c->fin_known = true;
	c->fin_seq = seq;
}

/* A FIN may come before what lies ahead of it; it counts when all of that is there. */
static void
fin_check(struct tcp_conn *c, const struct part *p, uint64_t now)
{
	if (p->fin)
		fin_learn(c, p->seq + p->len);
	if (p->fin)
		c->ack_now = true;
	if (c->fin_known && !c->fin_rcvd && c->rcv_nxt == c->fin_seq)
		tcp_fin_in(c, now);
}

static void
consumed(struct tcp_conn *c, struct rte_mbuf **m)
{
	*m = NULL;
	if (c->rx.packed == 0)
		return;
	tcp_count_n(c->t, TCP_RX_PACKED, c->rx.packed);
	c->rx.packed = 0;
}

void
tcp_data_in(struct tcp_conn *c, struct tcp_segment *s, struct rte_mbuf **m, uint64_t now)
{
	struct part p;

	tcp_conn_dirty(c);
	trim(c, s, &p);
	if (p.len > 0 && c->fin_known && seq_geq(p.seq + p.len, c->fin_seq + 1)) {
		/* behind the end of the stream there is nothing */
		p.len = seq_lt(p.seq, c->fin_seq) ? c->fin_seq - p.seq : 0;
		c->ack_now = true;
	}
	if (p.len > 0 && c->closed_by_user) {
		/* RFC 9293 3.6.1: it would be lost without a word otherwise */
		tcp_count(c->t, TCP_RX_AFTER_CLOSE);
		tcp_conn_reset(c, -ECONNRESET, now);
		return;
	}
	if (p.len > 0) {
		if (p.seq == c->rcv_nxt) {
			in_order(c, s, *m, p.skip, p.len, now);
		} else {
			tcp_count_n(c->t, TCP_RX_OOO, s->n_merged);
			out_of_order(c, &p, *m);
		}
		consumed(c, m);
	}
	fin_check(c, &p, now);
}

void
tcp_data_next(struct tcp_conn *c, const struct tcp_segment *s, struct rte_mbuf **m, uint64_t now)
{
	tcp_conn_dirty(c);
	in_order(c, s, *m, s->hdr_len, s->len, now);
	consumed(c, m);
}
