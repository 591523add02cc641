/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss recovery: when a loss is seen, what it does to the window, when it is over. RFC 6675 with SACK, RFC 6582 without; the
 * timer per RFC 6298 5. A loss detection by time (RFC 8985) would mark records beside tcp_sb_judge() here.
 */
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <string.h>

uint32_t
tcp_pipe(const struct tcp_conn *c)
{
	uint32_t pipe = tcp_sb_pipe(&c->tx, tcp_in_flight(c));
	/* without SACK each duplicate ACK says that one segment has left the network (RFC 5681 3.2) */
	uint32_t left = c->sack_ok ? 0 : c->dupacks * c->mss;

	return pipe > left ? pipe - left : 0;
}

static void
enter_fast_recovery(struct tcp_conn *c, uint64_t now)
{
	tcp_count(c->t, c->sack_ok ? TCP_SACK_RECOVERY : TCP_FAST_RECOVERY_BEGUN);
	c->recovery = TCP_FAST_RECOVERY;
	c->recover = c->snd_nxt;
	c->rtx_at_once = true;
	tcp_cc_loss(&c->cc, tcp_in_flight(c), now);
}

static void
leave_recovery(struct tcp_conn *c)
{
	uint32_t burst = tcp_in_flight(c) > c->mss ? tcp_in_flight(c) : c->mss;

	/* RFC 6582 3.2 step 3: without SACK the pipe was a guess, so do not send a window at once */
	if (!c->sack_ok && c->recovery == TCP_FAST_RECOVERY && c->cc.cwnd > burst + c->mss)
		c->cc.cwnd = burst + c->mss;
	c->recovery = TCP_OPEN;
	c->rtx_at_once = false;
	c->dupacks = 0;
}

static void
find_losses(struct tcp_conn *c, uint32_t acked, bool duplicate)
{
	struct tcp_txseg *head = TAILQ_FIRST(&c->tx.segs);

	if (c->sack_ok)
		tcp_sb_judge(&c->tx, c->mss);
	else if (duplicate && c->dupacks < UINT8_MAX)
		c->dupacks++;
	if (head == NULL)
		return;
	if (!c->sack_ok && c->recovery == TCP_OPEN && c->dupacks >= TCP_DUP_THRESH)
		tcp_sb_mark_lost(&c->tx, head);
	/*
	 * A partial ACK: what is at the head now was sent before recovery began, and what was sent again after it has arrived
	 * (RFC 6582 3.2 step 3; with SACK it spares the timeout when too little lies above the hole).
	 */
	if (c->recovery == TCP_FAST_RECOVERY && acked > 0) {
		tcp_count(c->t, TCP_PARTIAL_ACK);
		tcp_sb_mark_lost(&c->tx, head);
	}
}

void
tcp_recovery_ack(struct tcp_conn *c, uint32_t acked, bool duplicate, uint64_t now)
{
	if (c->recovery != TCP_OPEN && seq_geq(c->snd_una, c->recover))
		leave_recovery(c);
	if (acked > 0 && !c->sack_ok) {
		/* segments that the duplicates stood for are among those acknowledged now */
		uint32_t gone = acked / c->mss;

		c->dupacks = c->recovery == TCP_OPEN || gone >= c->dupacks
			? 0
			: (uint8_t)(c->dupacks - gone);
	}
	find_losses(c, acked, duplicate);
	if (c->recovery == TCP_OPEN && c->tx.lost > 0)
		enter_fast_recovery(c, now);
	if (acked > 0 && c->recovery != TCP_FAST_RECOVERY && c->cwnd_limited)
		tcp_cc_acked(&c->cc, acked, c->recovery == TCP_LOSS, now);
	/* the window was the limit for what was in flight then, not for what is sent from here on */
	if (seq_geq(c->snd_una, c->limited_seq))
		c->cwnd_limited = false;
}

void
tcp_recovery_timeout(struct tcp_conn *c, uint64_t now)
{
	struct tcp_txseg *head = TAILQ_FIRST(&c->tx.segs);
	/* the same data once more: ssthresh was set when it happened first, or when fast recovery began */
	bool again = c->recovery != TCP_OPEN;

	if (head == NULL)
		return;
	tcp_count(c->t, TCP_RTO);
	/* RFC 2018 8: a head that was reported and yet is not acknowledged was thrown away again */
	if ((head->flags & TXSEG_SACKED) != 0) {
		tcp_count(c->t, TCP_SACK_RENEGED);
		tcp_sb_forget_sacks(&c->tx);
		memset(c->sack_seen, 0, sizeof(c->sack_seen));
	}
	tcp_cc_timeout(&c->cc, tcp_in_flight(c), again, now);
	tcp_sb_mark_all_lost(&c->tx);
	c->recovery = TCP_LOSS;
	c->recover = c->snd_nxt;
	c->dupacks = 0;
	if (c->backoff >= 2)
		tcp_path_refresh(c);
}
