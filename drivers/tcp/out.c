/* SPDX-License-Identifier: BSD-3-Clause */
/* What a connection sends, once per round: repetitions, new data, FIN, probes, ACKs. RFC 9293 3.8. */
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_common.h>

static uint32_t
cwnd_room(const struct tcp_conn *c)
{
	uint32_t pipe = tcp_pipe(c);

	return c->cc.cwnd > pipe ? c->cc.cwnd - pipe : 0;
}

static uint32_t
window_room(const struct tcp_conn *c)
{
	uint32_t edge = c->snd_una + c->snd_wnd;

	return seq_gt(edge, c->snd_nxt) ? edge - c->snd_nxt : 0;
}

/* Out of mbufs or records: nothing is lost, only late. */
static void
put_off(struct tcp_conn *c, uint64_t now)
{
	tcp_timer_set(c, TCP_TIMER_RETRY, now + TCP_RETRY);
}

static void
cwnd_was_limit(struct tcp_conn *c)
{
	c->cwnd_limited = true;
	c->limited_seq = c->snd_nxt;
}

/* Does a message end in these bytes, or is nothing queued behind them for now? */
static bool
is_pushed(const struct tcp_conn *c, uint32_t seq, uint32_t len)
{
	uint32_t end = seq + len;

	if (len == 0)
		return false;
	if (seq_lt(seq, c->psh_seq) && seq_geq(end, c->psh_seq))
		return true;
	return !c->more && end == c->snd_una + c->tx.data.len;
}

static uint8_t
tcp_flags(uint8_t txseg_flags)
{
	uint8_t flags = TCP_ACK;

	if ((txseg_flags & TXSEG_FIN) != 0)
		flags |= TCP_FIN;
	if ((txseg_flags & TXSEG_PSH) != 0)
		flags |= TCP_PSH;
	return flags;
}

/* Send a record, or a piece of it, once more. */
static bool
repeat(struct tcp_conn *c, struct tcp_txseg *s, uint32_t len, uint32_t mss, uint64_t now)
{
	uint8_t flags = len == s->len ? tcp_flags(s->flags) : TCP_ACK;

	if (!tcp_send_data(c, s->seq, s->slice, s->off, len, flags, mss, now))
		return false;
	tcp_sb_mark_sent_again(&c->tx, s, now);
	c->retransmits++;
	tcp_count(c->t, TCP_RETRANSMIT);
	return true;
}

/*
 * RFC 9293 3.8.6: what was lost in small segments side by side goes out as one, within the window. None of them is a probe for
 * the path MTU: one that is lost has been judged.
 */
static void
gather(struct tcp_conn *c, struct tcp_txseg *s, uint32_t max)
{
	uint32_t edge = c->snd_una + c->snd_wnd;

	if (seq_gt(s->seq + max, edge))
		max = seq_gt(edge, s->seq) ? edge - s->seq : 0;
	while (tcp_txq_join(&c->tx, &c->t->txsegs, s, max))
		;
}

/* Send a lost record again, as much of it as @room allows but a segment at least. */
static bool
resend(struct tcp_conn *c, struct tcp_txseg *s, uint32_t room, uint64_t now)
{
	uint32_t mss = tcp_segment_mss(c), len;

	gather(c, s, RTE_MIN(room, mss));
	len = s->len;
	if (len > 0) {
		len = RTE_MIN(len, room > mss ? room - room % mss : mss);
		len = tcp_segment_unit(c, s->slice, s->off, len, mss);
		/* without a record for the rest only the first part goes out now; its ACK leaves the rest to the timer */
		if (len < s->len && tcp_txq_split(&c->tx, &c->t->txsegs, s, len, c->mss) < 0)
			tcp_count(c->t, TCP_TX_NO_RECORD);
	}
	if (!repeat(c, s, len, mss, now))
		return false;
	tcp_undo_resent(c, len, now);
	tcp_prr_sent(&c->prr, len);
	return true;
}

static bool
send_lost(struct tcp_conn *c, uint64_t now)
{
	struct tcp_txseg *s;

	while ((s = tcp_sb_next_lost(&c->tx)) != NULL) {
		uint32_t room = cwnd_room(c);

		/* RFC 6675 5 step 4.3: the first one is not held back */
		if (!c->rtx_at_once && room < RTE_MIN(txseg_space(s), c->mss)) {
			cwnd_was_limit(c);
			break;
		}
		if (!resend(c, s, room, now))
			return false;
		c->rtx_at_once = false;
	}
	return true;
}

/* RFC 9293 3.8.6.2.1, without Nagle's rule: may a segment of @len < MSS go out? */
static bool
short_ok(struct tcp_conn *c, uint32_t len, uint64_t now)
{
	if (len == c->tx.unsent) {
		if (!c->more || c->push_now || c->fin_wanted)
			return true;
		/* more follows at once; should it not, the timer sends this */
		if (!tcp_timer_is_set(c, TCP_TIMER_RETRY))
			put_off(c, now);
		return false;
	}
	if (len >= c->snd_wnd_max / 2)
		return true;
	return c->push_now && tcp_in_flight(c) == 0;
}

/* Bytes of the next segment of new data; 0 = none may go out now. */
static uint32_t
next_unit(struct tcp_conn *c, const struct slice *slice, uint32_t off, uint32_t mss, uint64_t now)
{
	uint32_t cwnd = cwnd_room(c), len = RTE_MIN(c->tx.unsent, window_room(c));

	if (len == 0)
		return 0;
	if (cwnd < len) {
		cwnd_was_limit(c);
		if (cwnd < mss)
			return 0;
		len = cwnd;
	}
	/* a large segment ends with a short one only where a short one may be sent */
	if (len > mss && len % mss != 0 && (len < c->tx.unsent || c->more))
		len -= len % mss;
	len = tcp_segment_unit(c, slice, off, len, mss);
	return len >= mss || short_ok(c, len, now) ? len : 0;
}

static bool
send_segment(struct tcp_conn *c, const struct slice *slice, uint32_t off, uint32_t len,
	     uint32_t mss, uint64_t now)
{
	bool fin = c->fin_wanted && !c->fin_sent && len == c->tx.unsent;
	uint8_t flags = fin ? TXSEG_FIN : 0;

	if (tcp_txseg_pool_is_empty(&c->t->txsegs)) {
		tcp_count(c->t, TCP_TX_NO_RECORD);
		return false;
	}
	if (is_pushed(c, c->snd_nxt, len))
		flags |= TXSEG_PSH;
	if (!tcp_send_data(c, c->snd_nxt, slice, off, len, tcp_flags(flags), mss, now))
		return false;
	tcp_txq_sent(&c->tx, &c->t->txsegs, c->snd_nxt, len, flags, mss, now);
	c->snd_nxt += len + fin;
	c->fin_sent |= fin;
	c->tlp.rearm = true;
	if (c->recovery != TCP_OPEN)
		tcp_prr_sent(&c->prr, len);
	if (!tcp_repairs(c) && (c->tx.sacked > 0 || c->dupacks > 0))
		tcp_count(c->t, TCP_LIMITED_TRANSMIT);
	if (len > 0)
		tcp_conn_event(c, TCP_EV_ACKED);
	return true;
}

static bool
send_new(struct tcp_conn *c, uint64_t now)
{
	struct slice *slice;
	uint32_t off, len, mss, probe;

	if (tcp_in_flight(c) == 0 && c->tx.unsent > 0 && window_room(c) > 0) {
		tcp_cwv_idle(c, now);
		c->last_send = now;
	}
	while (tcp_txq_cursor(&c->tx, &slice, &off)) {
		probe = tcp_pmtud_probe(c, window_room(c), now);
		mss = probe > 0 ? probe : tcp_segment_mss(c);
		len = next_unit(c, slice, off, mss, now);
		if (probe > 0)
			len = RTE_MIN(len, probe);
		if (len == 0)
			break;
		if (!send_segment(c, slice, off, len, mss, now))
			return false;
		if (probe > 0)
			tcp_pmtud_sent(c, now);
	}
	/* slow start goes on while more than half of the window is in use (Linux's rule) */
	if (c->cc.cwnd < c->cc.ssthresh && 2ull * tcp_pipe(c) >= c->cc.cwnd)
		cwnd_was_limit(c);
	/* FIN takes no window that data could want */
	if (c->fin_wanted && !c->fin_sent && c->tx.unsent == 0)
		return send_segment(c, NULL, 0, 0, c->mss, now);
	return true;
}

/* RFC 8985 7.3: the last segment of the flight, or its last packet when it is a large one. */
static bool
repeat_last(struct tcp_conn *c, uint64_t now)
{
	struct tcp_txseg *s = TAILQ_LAST(&c->tx.segs, tcp_txseg_list);
	uint32_t mss = tcp_segment_mss(c), tail = s->len % mss != 0 ? s->len % mss : mss;

	if (s->len > mss) {
		if (tcp_txq_split(&c->tx, &c->t->txsegs, s, s->len - tail, c->mss) < 0) {
			tcp_count(c->t, TCP_TX_NO_RECORD);
			return true;
		}
		s = TAILQ_NEXT(s, link);
	}
	if (!repeat(c, s, s->len, mss, now))
		return false;
	tcp_tlp_sent(c, true);
	return true;
}

/* The tail loss probe: new data if the peer takes any, whatever the congestion window says. */
static bool
send_tail_probe(struct tcp_conn *c, uint64_t now)
{
	uint32_t off, len, mss = tcp_segment_mss(c);
	struct slice *slice;
	/* what was sent or answered in this very round serves as well */
	bool wanted = c->tlp.wanted && !c->tlp.rearm && !tcp_repairs(c) && tcp_in_flight(c) > 0;

	c->tlp.wanted = false;
	if (!wanted)
		return true;
	len = RTE_MIN(RTE_MIN(c->tx.unsent, window_room(c)), mss);
	if (len == 0 || (len < mss && !short_ok(c, len, now)) ||
	    !tcp_txq_cursor(&c->tx, &slice, &off))
		return repeat_last(c, now);
	if (!send_segment(c, slice, off, len, mss, now))
		return false;
	tcp_tlp_sent(c, false);
	return true;
}

/* Not even a segment may come. */
static bool
window_is_shut(const struct tcp_conn *c)
{
	return c->rcv_edge - c->rcv_nxt < c->mss;
}

static bool
send_ack(struct tcp_conn *c, uint64_t now)
{
	bool update = !c->ack_now && tcp_window_update_due(c);
	bool was_shut = window_is_shut(c);

	if (!c->ack_now && !update)
		return true;
	if (update)
		tcp_count(c->t, TCP_TX_WND_UPDATE);
	if (!tcp_send_bare(c, TCP_ACK, c->snd_nxt, now))
		return false;
	if (was_shut && !window_is_shut(c)) {
		c->reopened_at = now;
		c->reopens = 0;
		tcp_timer_set(c, TCP_TIMER_REOPEN, now + TCP_REOPEN);
	}
	return true;
}

/* RFC 9293 3.8.6.1. A number that the peer has already, without payload, makes it answer with its window. */
static bool
send_probe(struct tcp_conn *c, uint64_t now)
{
	bool wanted = c->send_probe && tcp_in_flight(c) == 0 && c->tx.unsent > 0;

	c->send_probe = false;
	if (!wanted)
		return true;
	tcp_count(c->t, TCP_PERSIST);
	return tcp_send_bare(c, TCP_ACK, c->snd_una - 1, now);
}

/* RFC 6298 5.1; with nothing in flight and data that the window holds back it asks for the window. */
static void
set_timer(struct tcp_conn *c, uint64_t now)
{
	bool persist = tcp_in_flight(c) == 0;

	if (persist && c->tx.unsent == 0) {
		c->persisting = false;
		tcp_timer_clear(c, TCP_TIMER_RTX);
		return;
	}
	if (tcp_timer_is_set(c, TCP_TIMER_RTX) && persist == c->persisting)
		return;
	c->persisting = persist;
	tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
}

void
tcp_output(struct tcp_conn *c, uint64_t now)
{
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD) {
		if (c->send_syn)
			tcp_send_syn(c, now);
		c->send_syn = false;
		return;
	}
	if (!tcp_is_synchronized(c))
		return;
	if (c->is_quiet) {
		if (!send_ack(c, now))
			put_off(c, now);
		return;
	}
	tcp_pmtud_judge(c, now);
	if (!send_lost(c, now) || !send_new(c, now) || !send_tail_probe(c, now) ||
	    !send_probe(c, now) || !send_ack(c, now))
		put_off(c, now);
	c->push_now = false;
	set_timer(c, now);
	tcp_tlp_arm(c, now);
	c->is_quiet = tcp_in_flight(c) == 0 && c->tx.data.len == 0 && !c->fin_wanted;
}
