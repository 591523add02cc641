/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss recovery: when a loss is seen, what it does to the window, when it is over. With SACK losses are found by time
 * (RFC 8985, which replaces the counting of RFC 6675: three segments above a hole make its window zero) and the window follows
 * RFC 6937; without SACK it is RFC 6582. The timer per RFC 6298 5.
 */
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_common.h>

#include <string.h>

uint32_t
tcp_pipe(const struct tcp_conn *c)
{
	uint32_t pipe = tcp_sb_pipe(&c->tx, tcp_in_flight(c));
	uint32_t left, most;

	if (c->sack_ok)
		return pipe;
	/*
	 * Without SACK each duplicate ACK says that one segment has left the network; but of those that a peer makes up no more
	 * count than were in it when the recovery began (RFC 5681 3.2 step 4).
	 */
	left = c->dupacks * c->mss;
	most = c->recovery == TCP_FAST_RECOVERY ? c->recover - c->snd_una : pipe;
	left = left < most ? left : most;
	return pipe > left ? pipe - left : 0;
}

/* The window for what @delivered bytes allow to send. */
static void
reduce_in_proportion(struct tcp_conn *c, uint32_t delivered, bool safe)
{
	uint32_t pipe = tcp_pipe(c);

	if (c->prr.flight == 0)
		return;
	tcp_count(c->t, TCP_PRR);
	c->cc.cwnd =
		pipe + tcp_prr_acked(&c->prr, delivered, pipe, c->cc.ssthresh, c->cc.mss, safe);
}

static void
enter_fast_recovery(struct tcp_conn *c, uint32_t delivered, uint64_t now)
{
	/* one answer a window; but what marks took from a window of DCTCP is no answer to a loss (RFC 8257 3.5) */
	bool reduced = c->recovery == TCP_REDUCTION && !c->ecn.dctcp;
	uint32_t flight = tcp_in_flight(c);

	/* what waits since a timeout does not load the path: this is a reduction of what the timeout left */
	if (c->recovery == TCP_LOSS)
		flight = RTE_MIN(flight, c->cc.ssthresh);
	tcp_count(c->t, c->sack_ok ? TCP_SACK_RECOVERY : TCP_FAST_RECOVERY_BEGUN);
	tcp_tlp_cancel(c);
	tcp_undo_begin(c);
	c->recovery = TCP_FAST_RECOVERY;
	c->recover = c->snd_nxt;
	c->rtx_at_once = true;
	if (reduced && c->sack_ok)
		return;
	if (reduced) {
		c->cc.cwnd = c->cc.ssthresh;
	} else {
		tcp_cc_loss(&c->cc, tcp_cwv_flight(c, flight, now), now);
		tcp_cwv_lost(c);
		tcp_ecn_reduced(c);
	}
	/* RecoverFS: what was SACKED before is not delivered any more */
	tcp_prr_begin(&c->prr, c->sack_ok ? tcp_in_flight(c) - c->tx.sacked + delivered : 0);
}

static void
leave_recovery(struct tcp_conn *c, uint64_t now)
{
	uint32_t burst = tcp_in_flight(c) > c->mss ? tcp_in_flight(c) : c->mss;

	if (c->recovery != TCP_LOSS && c->prr.flight != 0)
		c->cc.cwnd = c->cc.ssthresh;
	if (c->recovery == TCP_REDUCTION) {
		tcp_cwv_reset(c, now);
		c->recovery = TCP_OPEN;
		return;
	}
	tcp_cwv_recovered(c, c->undo.resent, now);
	/* RFC 6582 3.2 step 3: without SACK the pipe was a guess, so do not send a window at once */
	if (!c->sack_ok && c->recovery == TCP_FAST_RECOVERY && c->cc.cwnd > burst + c->mss)
		c->cc.cwnd = burst + c->mss;
	c->recovery = TCP_OPEN;
	c->rtx_at_once = false;
	c->dupacks = 0;
	tcp_rack_recovered(&c->rack);
	tcp_undo_end(c);
}

static uint64_t
reordering_window(const struct tcp_conn *c)
{
	return tcp_rack_window(&c->rack, &c->tx, tcp_repairs(c), c->srtt);
}

/* Losses by time; the timer waits for those that may still arrive. Return: was one of them a repetition? */
static bool
find_losses(struct tcp_conn *c, uint64_t now)
{
	uint32_t lost = c->tx.lost, retrans = c->tx.retrans;
	uint64_t next = tcp_rack_detect(&c->rack, &c->tx, reordering_window(c), now);

	if (c->tx.lost != lost)
		tcp_count_n(c->t, TCP_RACK_LOST, c->tx.lost - lost);
	if (c->tx.retrans != retrans)
		tcp_count_n(c->t, TCP_RACK_RELOST, retrans - c->tx.retrans);
	if (next == TIMER_NONE)
		tcp_timer_clear(c, TCP_TIMER_RACK);
	else
		tcp_timer_set(c, TCP_TIMER_RACK, next);
	return c->tx.retrans != retrans;
}

/* RFC 5681 4.3: a repetition that is lost is a loss of its own; in a fast recovery RFC 6937 holds the rate down. */
static bool
begins_recovery(const struct tcp_conn *c, bool again)
{
	return c->tx.lost > 0 && (!tcp_repairs(c) || (again && c->recovery == TCP_LOSS));
}

/* Losses by duplicate ACKs, RFC 6582. */
static void
count_duplicates(struct tcp_conn *c, bool duplicate, uint32_t acked)
{
	struct tcp_txseg *head = TAILQ_FIRST(&c->tx.segs);
	uint32_t gone = acked / c->mss;

	/* segments that the duplicates stood for are among those acknowledged now */
	if (acked > 0)
		c->dupacks =
			!tcp_repairs(c) || gone >= c->dupacks ? 0 : (uint8_t)(c->dupacks - gone);
	if (duplicate && c->dupacks < UINT8_MAX)
		c->dupacks++;
	if (head == NULL)
		return;
	if (!tcp_repairs(c) && c->dupacks >= TCP_DUP_THRESH)
		tcp_sb_mark_lost(&c->tx, head);
	/* a partial ACK: what is at the head now was sent before recovery began (3.2 step 3) */
	if (c->recovery == TCP_FAST_RECOVERY && acked > 0 && (head->flags & TXSEG_RETRANS) == 0)
		tcp_sb_mark_lost(&c->tx, head);
}

static void
dsack_in(struct tcp_conn *c, const struct tcp_delivery *d)
{
	if (tcp_tlp_is_reported(c, d))
		return;
	tcp_undo_dsack(c, d->dsack);
	tcp_rack_dsack(&c->rack, c->snd_una, c->snd_nxt);
}

/* The window is on its way to a new size. */
static bool
shrinks(const struct tcp_conn *c)
{
	return c->recovery == TCP_FAST_RECOVERY || c->recovery == TCP_REDUCTION;
}

/* What was in flight in a fast recovery says nothing of the window behind it. */
static void
grow(struct tcp_conn *c, uint32_t acked, bool recovering, uint64_t now)
{
	bool round_over = seq_geq(c->snd_una, c->round_end);

	if (round_over) {
		c->round_end = c->snd_nxt;
		tcp_cc_round(&c->cc);
	}
	if (acked > 0)
		tcp_cwv_acked(c, acked, round_over, now);
	if (acked > 0 && !recovering && !shrinks(c) && c->cwnd_limited && tcp_cwv_may_grow(c))
		tcp_cc_acked(&c->cc, acked, c->recovery == TCP_LOSS, now);
	/* the window was the limit for what was in flight then, not for what is sent from here on */
	if (seq_geq(c->snd_una, c->limited_seq))
		c->cwnd_limited = false;
}

void
tcp_recovery_ack(struct tcp_conn *c, const struct tcp_delivery *d, uint32_t acked, uint64_t now)
{
	bool recovering = shrinks(c), again = false;
	uint32_t lost;

	if (d->dsack.start != d->dsack.end)
		dsack_in(c, d);
	tcp_tlp_ack(c, d, acked, now);
	tcp_undo_try(c, d);
	if (c->recovery != TCP_OPEN && seq_geq(c->snd_una, c->recover))
		leave_recovery(c, now);
	if (c->recovery == TCP_FAST_RECOVERY && acked > 0)
		tcp_count(c->t, TCP_PARTIAL_ACK);
	if (d->reordered)
		tcp_count(c->t, TCP_REORDERING);
	lost = c->tx.lost;
	if (c->sack_ok)
		again = find_losses(c, now);
	else
		count_duplicates(c, d->duplicate, acked);
	tcp_pmtud_judge(c, now);
	if (begins_recovery(c, again))
		enter_fast_recovery(c, d->bytes, now);
	if (shrinks(c) && d->bytes > 0)
		reduce_in_proportion(c, d->bytes, acked > 0 && c->tx.lost <= lost);
	grow(c, acked, recovering, now);
}

void
tcp_recovery_reordered(struct tcp_conn *c, uint64_t now)
{
	bool again = find_losses(c, now);

	tcp_count(c->t, TCP_RACK_TIMER);
	tcp_pmtud_judge(c, now);
	if (begins_recovery(c, again))
		enter_fast_recovery(c, 0, now);
	if (c->recovery == TCP_FAST_RECOVERY)
		reduce_in_proportion(c, 0, false);
	c->rtx_at_once = c->tx.lost > 0;
	tcp_conn_dirty(c);
}

void
tcp_recovery_repeat(struct tcp_conn *c, uint32_t end)
{
	if (c->recovery == TCP_REDUCTION)
		c->cc.cwnd = c->cc.ssthresh;
	if (!tcp_repairs(c)) {
		tcp_tlp_cancel(c);
		/* no window was reduced: none is to be, and none to be given back */
		tcp_prr_begin(&c->prr, 0);
		c->undo.active = false;
		c->recovery = TCP_FAST_RECOVERY;
		c->recover = end;
	}
	c->rtx_at_once = true;
	tcp_conn_dirty(c);
}

void
tcp_recovery_repaired(struct tcp_conn *c, uint32_t flight, uint64_t now)
{
	if (c->recovery != TCP_OPEN)
		return;
	tcp_cc_loss(&c->cc, tcp_cwv_flight(c, flight, now), now);
	tcp_cwv_lost(c);
	tcp_cwv_reset(c, now);
	tcp_ecn_reduced(c);
}

void
tcp_recovery_marked(struct tcp_conn *c, uint32_t acked, uint32_t delivered, uint64_t now)
{
	uint32_t flight = tcp_in_flight(c) + acked;

	if (c->recovery != TCP_OPEN)
		return;
	tcp_count(c->t, TCP_ECN_REDUCED);
	/* a recovery before it can be taken back no more: this was congestion */
	c->undo.active = false;
	c->recovery = TCP_REDUCTION;
	c->recover = c->snd_nxt;
	tcp_cc_marked(&c->cc, tcp_cwv_flight(c, flight, now), now);
	tcp_prr_begin(&c->prr, tcp_in_flight(c) - c->tx.sacked + delivered);
	tcp_ecn_reduced(c);
}

void
tcp_recovery_timeout(struct tcp_conn *c, uint64_t now)
{
	struct tcp_txseg *head = TAILQ_FIRST(&c->tx.segs);
	/* the same data once more: ssthresh was set when it happened first, or when fast recovery began */
	bool again = tcp_repairs(c);
	bool reduced = again || (c->recovery == TCP_REDUCTION && !c->ecn.dctcp);

	if (head == NULL)
		return;
	tcp_count(c->t, TCP_RTO);
	tcp_tlp_cancel(c);
	tcp_timer_clear(c, TCP_TIMER_RACK);
	if (!again)
		tcp_undo_begin(c);
	c->undo.frto = c->sack_ok && c->recovery != TCP_FAST_RECOVERY;
	tcp_cc_timeout(&c->cc, tcp_cwv_flight(c, tcp_in_flight(c), now), reduced, now);
	tcp_cwv_reset(c, now);
	tcp_ecn_reduced(c);
	/* RFC 2018 8: a head that was reported and yet is not acknowledged was thrown away again */
	if ((head->flags & TXSEG_SACKED) != 0) {
		tcp_count(c->t, TCP_SACK_RENEGED);
		tcp_sb_forget_sacks(&c->tx);
		memset(c->sack_seen, 0, sizeof(c->sack_seen));
		tcp_sb_mark_all_lost(&c->tx);
	}
	if (c->sack_ok)
		tcp_rack_timeout(&c->rack, &c->tx, reordering_window(c), now);
	else
		tcp_sb_mark_all_lost(&c->tx);
	c->recovery = TCP_LOSS;
	c->recover = c->snd_nxt;
	c->dupacks = 0;
	/* what is still in the network does not hold it back */
	c->rtx_at_once = true;
	tcp_pmtud_timeout(c, now);
}
