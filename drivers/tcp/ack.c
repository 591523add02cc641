/* SPDX-License-Identifier: BSD-3-Clause */
/* The ACK field: acknowledged bytes, the peer's window, SACK blocks. RFC 9293 3.10.7.4 fifth check, RFC 5961 5. */
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <string.h>

#define REACH_INTVL TCP_S

/* RFC 2883 4: a block below the ACK, or inside of the second block, reports a duplicate. */
static bool
is_dsack(const struct tcp_segment *s)
{
	const struct tcp_range *first = &s->sack[0], *second = &s->sack[1];

	if (s->n_sack == 0 || seq_geq(first->start, first->end))
		return false;
	if (seq_lt(first->start, s->ack))
		return true;
	return s->n_sack > 1 && seq_geq(first->start, second->start) &&
		seq_leq(first->end, second->end);
}

/* Of a block that grew since the last ACK only what is new has to be looked at: from *news on. */
static bool
seen_before(const struct tcp_conn *c, const struct tcp_range *block, uint32_t *news)
{
	int i;

	*news = block->start;
	for (i = 0; i < TCP_SACK_BLOCKS; i++) {
		const struct tcp_range *seen = &c->sack_seen[i];

		if (seen->start == seen->end || seen->start != block->start)
			continue;
		if (seq_leq(block->end, seen->end))
			return true;
		*news = seen->end;
		return false;
	}
	return false;
}

static void
sack_in(struct tcp_conn *c, const struct tcp_segment *s, struct tcp_delivery *d)
{
	unsigned int i = 0;
	uint32_t news;

	if (is_dsack(s)) {
		tcp_count(c->t, TCP_RX_DSACK);
		d->dsack = s->sack[0];
		i = 1;
	}
	for (; i < s->n_sack; i++) {
		struct tcp_range block = s->sack[i];

		if (seq_geq(block.start, block.end) || seq_gt(block.end, c->snd_nxt) ||
		    seq_lt(block.start, c->snd_una)) {
			/* one that the ACK has passed meanwhile is no fault */
			if (seq_gt(block.end, c->snd_nxt))
				tcp_count(c->t, TCP_SACK_BAD);
			continue;
		}
		if (!seen_before(c, &block, &news))
			tcp_sb_sack(&c->tx, &c->t->txsegs, block, news, c->mss, d);
	}
	memcpy(c->sack_seen, s->sack, sizeof(c->sack_seen));
}

/*
 * RFC 9293 3.10.7.4: only from segments newer than the last one that did. But what acknowledges more is newer also when it
 * repeats older payload; and so is what answers a probe from RCV.NXT with more than we know, or else one segment from
 * beyond a hole, forged perhaps, would leave us deaf to windows until the peer's numbers get there.
 */
static bool
is_newer(const struct tcp_conn *c, const struct tcp_segment *s, uint32_t wnd)
{
	if (seq_gt(s->last_seq, c->snd_wl1) || seq_gt(s->ack, c->snd_una))
		return true;
	if (s->last_seq == c->snd_wl1 && seq_geq(s->ack, c->snd_wl2))
		return true;
	return c->persisting && c->backoff > 0 && s->seq == c->rcv_nxt && wnd > c->snd_wnd;
}

/* Return: the window changed. */
static bool
window_in(struct tcp_conn *c, const struct tcp_segment *s)
{
	uint32_t wnd = (uint32_t)s->wnd << c->snd_shift, old = c->snd_wnd;

	if (!is_newer(c, s, wnd))
		return false;
	c->snd_wl1 = s->last_seq;
	c->snd_wl2 = s->ack;
	c->snd_wnd = wnd;
	if (wnd > c->snd_wnd_max)
		c->snd_wnd_max = wnd;
	if (wnd != old && c->persisting) {
		c->persisting = false;
		c->backoff = 0;
		tcp_timer_clear(c, TCP_TIMER_RTX);
	}
	return wnd != old;
}

static void
rtt_in(struct tcp_conn *c, const struct tcp_segment *s, const struct tcp_delivery *d, uint64_t now)
{
	if (d->sent_at != 0 && !d->repeated)
		tcp_rtt_sample(c, now - d->sent_at);
	else if (d->repeated && c->ts_ok && s->tsecr != 0)
		/* RFC 7323 4.1: an echo tells which transmission was answered */
		tcp_rtt_sample(c, (uint64_t)(tcp_ts_now(c, now) - s->tsecr) * TCP_MS);
	else
		return;
	c->tlp.unmeasured = false;
}

/* SND.UNA moves on. Return: bytes of sequence space. */
static uint32_t
advance(struct tcp_conn *c, const struct tcp_segment *s, struct tcp_delivery *d, uint64_t now)
{
	const struct tcp_env *env = c->t->env;
	uint32_t space = s->ack - c->snd_una;

	tcp_txq_ack(&c->tx, c->t->lc->mem, &c->t->txsegs, s->ack, d);
	c->snd_una = s->ack;
	c->progress_at = now;
	c->backoff = 0;
	c->pmtud.timeouts = 0;
	c->persisting = false;
	rtt_in(c, s, d, now);
	if (d->acked > 0) {
		c->acked += d->acked;
		tcp_conn_event(c, TCP_EV_ACKED);
	}
	if (env->reachable != NULL && now >= c->reach_at) {
		c->reach_at = now + REACH_INTVL;
		env->reachable(env->arg, &c->flow.remote, now);
	}
	/* RFC 6298 5.2, 5.3 */
	if (c->snd_una == c->snd_nxt)
		tcp_timer_clear(c, TCP_TIMER_RTX);
	else
		tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
	if (d->fin)
		tcp_fin_acked(c, now);
	return space;
}

/*
 * RFC 5961 5.2. A number that was never sent, or one older than any the peer can mean, is not believed; at the beginning of
 * a connection that is younger than its window, the first byte bounds what can be meant.
 */
static bool
is_acceptable(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	uint64_t old = c->acked + c->fin_acked;
	uint32_t oldest = c->snd_una - (uint32_t)(old < c->snd_wnd_max ? old : c->snd_wnd_max);

	if (seq_leq(s->ack, c->snd_nxt) && seq_geq(s->ack, oldest))
		return true;
	tcp_count(c->t, TCP_DROP_ACK);
	tcp_reply_challenge(c, now);
	return false;
}

/* Before what the ACK answers was sent: only for what was sent more than once it matters. */
static uint64_t
echo_end(const struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	if (!c->ts_ok || s->tsecr == 0 || (c->tx.retrans == 0 && !c->undo.active))
		return UINT64_MAX;
	return tcp_ts_end(c, s->tsecr, now);
}

bool
tcp_ack_in(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	struct tcp_delivery d = {
		.rack = &c->rack,
		.now = now,
		.fack = c->rack.fack,
		/* what comes out of order is not echoed (RFC 7323 4.3): of what SACK reports the echo says nothing */
		.echo_end = UINT64_MAX,
		.recover = c->recovery == TCP_OPEN ? c->snd_una : c->recover,
	};
	uint32_t acked = 0;
	bool wnd_changed, told;

	if (!is_acceptable(c, s, now))
		return false;
	/* an older ACK that arrives late says nothing new, but its payload may */
	if (seq_lt(s->ack, c->snd_una))
		return true;
	wnd_changed = window_in(c, s);
	if (c->sack_ok && s->n_sack > 0)
		sack_in(c, s, &d);
	d.echo_end = echo_end(c, s, now);
	d.duplicate = s->ack == c->snd_una && (c->snd_una != c->snd_nxt || c->tlp.active) &&
		s->n_sack == 0 && s->len == 0 && !wnd_changed && (s->flags & TCP_FIN) == 0;
	if (seq_gt(s->ack, c->snd_una))
		acked = advance(c, s, &d, now);
	if (!tcp_is_synchronized(c))
		return false;
	tcp_ecn_ack_in(c, s, acked, d.bytes, now);
	told = acked > 0 || d.bytes > 0 || d.duplicate || d.dsack.start != d.dsack.end;
	if (told)
		tcp_recovery_ack(c, &d, acked, now);
	if (told || wnd_changed)
		tcp_conn_dirty(c);
	return true;
}
