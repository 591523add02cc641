/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header prediction: the segment that a stream in one direction consists of, next in order and with nothing else to say. All
 * that in.c and ack.c would check or do for it is in the comparisons here; what they would find out of the ordinary is
 * left to them.
 */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

/* Its acknowledgement, window and timestamp change nothing. */
static bool
says_nothing_new(const struct tcp_conn *c, const struct tcp_segment *s)
{
	return s->ack == c->snd_una && (uint32_t)s->wnd << c->snd_shift == c->snd_wnd &&
		s->n_sack == 0 && s->has_ts == c->ts_ok &&
		(!c->ts_ok || seq_geq(s->tsval, c->ts_recent));
}

/* Its payload, all of it in the window, comes next, and nothing waits for it. */
static bool
is_next(const struct tcp_conn *c, const struct tcp_segment *s)
{
	return s->seq == c->rcv_nxt && s->len > 0 && s->len <= c->rcv_edge - c->rcv_nxt &&
		TAILQ_EMPTY(&c->rx.ooo) && !c->fin_known && !c->closed_by_user;
}

bool
tcp_fast_in(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos, struct rte_mbuf **m,
	    uint64_t now)
{
	if (c->state != TCP_ESTABLISHED || (s->flags & (uint8_t)~TCP_PSH) != TCP_ACK ||
	    (tos & IP_ECN_MASK) == IP_ECN_CE || c->ecn.echo || !is_next(c, s) ||
	    !says_nothing_new(c, s))
		return false;
	tcp_count_n(c->t, TCP_RX_PREDICTED, s->n_merged);
	c->last_rx = now;
	c->probes = 0;
	/* RFC 7323 4.3: the segment that the next ACK covers first; RFC 9293 3.10.7.4: the window is that of the newest */
	if (c->ts_ok && seq_leq(s->seq, c->last_ack_sent)) {
		c->ts_recent = s->tsval;
		c->ts_recent_at = tcp_age_now(now);
	}
	if (seq_gt(s->last_seq, c->snd_wl1)) {
		c->snd_wl1 = s->last_seq;
		c->snd_wl2 = s->ack;
	}
	tcp_data_next(c, s, m, now);
	return true;
}
