/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways a connection ends: FIN in every order, reset, TIME-WAIT. RFC 9293 3.6, 3.10.4, 3.10.5. */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>

#define FIN_WAIT_2_MAX \
	(10 * TCP_S) /* a peer that never closes: nobody reads what it might still send */

void
tcp_conn_reset(struct tcp_conn *c, int err, uint64_t now)
{
	/* a peer that has sent nothing yet does not know us */
	if (c->state != TCP_CLOSED && c->state != TCP_SYN_SENT && c->state != TCP_TIME_WAIT) {
		tcp_count(c->t, TCP_CONN_RESET_OUT);
		tcp_count(c->t, TCP_TX_RST);
		tcp_send_bare(c, TCP_RST | TCP_ACK, c->snd_nxt, now);
	}
	tcp_conn_end(c, err);
}

void
tcp_close(struct tcp_conn *c, uint64_t now)
{
	if (c->closed_by_user || c->state == TCP_CLOSED || c->state == TCP_TIME_WAIT)
		return;
	c->closed_by_user = true;
	if (c->state == TCP_SYN_SENT) {
		tcp_conn_end(c, -ECONNABORTED);
		return;
	}
	if (c->rx.data.len > 0) {
		/* what is queued goes out as far as it may, so that a peer can read why it is turned away */
		tcp_output(c, now);
		tcp_conn_reset(c, -ECONNABORTED, now);
		return;
	}
	c->fin_wanted = true;
	c->is_quiet = false;
	c->more = false;
	if (c->state == TCP_ESTABLISHED)
		c->state = TCP_FIN_WAIT_1;
	else if (c->state == TCP_CLOSE_WAIT)
		c->state = TCP_LAST_ACK;
	c->progress_at = now;
	tcp_conn_dirty(c);
}

void
tcp_abort(struct tcp_conn *c, uint64_t now)
{
	/* nothing is left to be told */
	if (c->is_dead || (c->state == TCP_TIME_WAIT && (c->events & TCP_EV_CLOSED) == 0))
		return;
	if (c->state != TCP_TIME_WAIT)
		tcp_conn_reset(c, -ECONNABORTED, now);
	c->err = -ECONNABORTED;
	c->events &= TCP_EV_CLOSED;
	tcp_conn_tell(c, now);
}

static void
enter_time_wait(struct tcp_conn *c, uint64_t now)
{
	/* no round will send it any more */
	if (c->ack_now)
		tcp_send_bare(c, TCP_ACK, c->snd_nxt, now);
	tcp_conn_time_wait(c, now);
}

void
tcp_fin_in(struct tcp_conn *c, uint64_t now)
{
	struct tcp_rx_mem rm = tcp_rx_mem(c);

	/* behind the end of the stream nothing is worth its memory */
	tcp_count_n(c->t, TCP_RX_RENEGED, tcp_rxq_drop_ooo(&c->rx, &rm));
	c->rcv_nxt++;
	c->rcv_edge = seq_max(c->rcv_edge, c->rcv_nxt);
	c->fin_rcvd = true;
	c->ack_now = true;
	tcp_conn_dirty(c);
	switch (c->state) {
	case TCP_ESTABLISHED:
		c->state = TCP_CLOSE_WAIT;
		tcp_conn_event(c, TCP_EV_READABLE);
		break;
	case TCP_FIN_WAIT_1:
		c->state = TCP_CLOSING;
		break;
	case TCP_FIN_WAIT_2:
		enter_time_wait(c, now);
		break;
	default:
		break;
	}
}

void
tcp_fin_acked(struct tcp_conn *c, uint64_t now)
{
	c->fin_acked = true;
	switch (c->state) {
	case TCP_FIN_WAIT_1:
		c->state = TCP_FIN_WAIT_2;
		tcp_timer_set(c, TCP_TIMER_LIFE, now + FIN_WAIT_2_MAX);
		break;
	case TCP_CLOSING:
		enter_time_wait(c, now);
		break;
	case TCP_LAST_ACK:
		tcp_count(c->t, TCP_CONN_CLOSED);
		tcp_conn_end(c, 0);
		break;
	default:
		break;
	}
}

/*
 * RFC 6191 2: a newer timestamp, or timestamps where there were none; else a higher number (RFC 1122 4.2.2.13), but never an
 * older timestamp.
 */
static bool
is_new_incarnation(const struct tcp_conn *c, const struct tcp_segment *s)
{
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	if (s->has_ts && !c->ts_ok)
		return true;
	if (s->has_ts && s->tsval != c->ts_recent)
		return seq_gt(s->tsval, c->ts_recent);
	return seq_gt(s->seq, c->rcv_nxt);
}

/* The peer's FIN again, because our ACK was lost. */
static bool
is_last_fin(const struct tcp_conn *c, const struct tcp_segment *s)
{
	return (s->flags & TCP_FIN) != 0 && s->seq + tcp_segment_space(s) == c->rcv_nxt;
}

bool
tcp_time_wait_in(struct tcp_conn *c, const struct tcp_segment *s, uint32_t *isn_above, uint64_t now)
{
	if (is_new_incarnation(c, s) && tcp_listener_find(c->t, &c->flow) != NULL) {
		*isn_above = c->snd_nxt;
		tcp_count(c->t, TCP_TIME_WAIT_REUSED);
		tcp_conn_discard(c);
		return false;
	}
	if ((s->flags & TCP_RST) != 0) {
		/*
		 * A peer that came back with an older clock and number answers our ACK of its SYN so, and waits for us to
		 * forget; RFC 1337's danger needs a number that fits exactly, as RFC 5961 asks for.
		 */
		if (s->seq == c->rcv_nxt)
			tcp_conn_discard(c);
		else
			tcp_count(c->t, TCP_DROP_RST);
		return true;
	}
	if (c->ts_ok && s->has_ts && seq_lt(s->tsval, c->ts_recent))
		tcp_count(c->t, TCP_DROP_PAWS);
	else if (is_last_fin(c, s))
		tcp_timer_set(c, TCP_TIMER_LIFE, now + c->t->cfg.time_wait);
	if (tcp_segment_space(s) > 0 || s->seq != c->rcv_nxt)
		tcp_reply_stray(c, tcp_segment_space(s) == 0, now);
	return true;
}
