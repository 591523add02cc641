/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard: marks on the records of segments in flight, and their sums. */
#include "drivers/tcp/scoreboard.h"

#include "drivers/tcp/seq.h"

static void
leave_network(struct tcp_txq *q, struct tcp_txseg *s)
{
	if (txseg_is_in_network(s))
		TAILQ_REMOVE(&q->sent, s, sent_link);
}

static void
clear_marks(struct tcp_txq *q, struct tcp_txseg *s)
{
	if ((s->flags & TXSEG_LOST) != 0)
		q->lost -= txseg_space(s);
	if ((s->flags & TXSEG_RETRANS) != 0)
		q->retrans -= txseg_space(s);
	s->flags &= (uint8_t) ~(TXSEG_LOST | TXSEG_RETRANS);
}

static void
mark_sacked(struct tcp_txq *q, struct tcp_txseg *s, struct tcp_delivery *d)
{
	if ((s->flags & TXSEG_SACKED) != 0)
		return;
	tcp_txq_delivered(d, s);
	leave_network(q, s);
	clear_marks(q, s);
	s->flags |= TXSEG_SACKED;
	q->sacked += txseg_space(s);
	q->sacked_packets += s->packets;
}

/* The record that holds @seq, or the first one behind it. */
static struct tcp_txseg *
find(struct tcp_txq *q, uint32_t seq)
{
	struct tcp_txseg *s = q->hint;

	if (s == NULL || seq_gt(s->seq, seq))
		s = TAILQ_FIRST(&q->segs);
	while (s != NULL && seq_leq(txseg_end(s), seq))
		s = TAILQ_NEXT(s, link);
	return s;
}

/*
 * Cut a record that the peer has in part. It receives whole packets, so a record is not cut into more pieces than it had
 * packets: a peer that reports every other byte would take the records of all connections.
 */
static bool
cut(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_txseg *s, uint32_t len, uint32_t mss)
{
	uint16_t packets = s->packets;

	if (packets < 2 || (s->flags & TXSEG_SACKED) != 0 ||
	    tcp_txq_split(q, pool, s, len, mss) < 0)
		return false;
	s->packets = s->packets < packets ? s->packets : packets - 1;
	TAILQ_NEXT(s, link)->packets = packets - s->packets;
	return true;
}

void
tcp_sb_sack(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_range block, uint32_t news,
	    uint32_t mss, struct tcp_delivery *d)
{
	struct tcp_txseg *s = find(q, news);

	for (; s != NULL && seq_lt(s->seq, block.end); s = TAILQ_NEXT(s, link)) {
		if (seq_lt(s->seq, block.start)) {
			/* if it is not cut the whole stays unknown: that costs a retransmission at most */
			if (block.start - s->seq < s->len)
				cut(q, pool, s, block.start - s->seq, mss);
			continue;
		}
		if (seq_gt(txseg_end(s), block.end) &&
		    (block.end - s->seq >= s->len || !cut(q, pool, s, block.end - s->seq, mss)))
			break;
		mark_sacked(q, s, d);
		q->hint = s;
	}
}

static void
wait_for_repetition(struct tcp_txq *q, struct tcp_txseg *s)
{
	s->flags |= TXSEG_LOST;
	q->lost += txseg_space(s);
	if (q->rtx == NULL || seq_lt(s->seq, q->rtx->seq))
		q->rtx = s;
}

void
tcp_sb_mark_lost(struct tcp_txq *q, struct tcp_txseg *s)
{
	if (!txseg_is_in_network(s))
		return;
	leave_network(q, s);
	clear_marks(q, s);
	wait_for_repetition(q, s);
}

void
tcp_sb_mark_all_lost(struct tcp_txq *q)
{
	struct tcp_txseg *s;

	while ((s = TAILQ_FIRST(&q->sent)) != NULL)
		tcp_sb_mark_lost(q, s);
}

void
tcp_sb_forget_sacks(struct tcp_txq *q)
{
	struct tcp_txseg *s;

	TAILQ_FOREACH(s, &q->segs, link) {
		if ((s->flags & TXSEG_SACKED) == 0)
			continue;
		s->flags &= (uint8_t)~TXSEG_SACKED;
		wait_for_repetition(q, s);
	}
	q->sacked = q->sacked_packets = 0;
	q->hint = NULL;
}

/* Back to its place in the order of transmission; @near: a place that it may lie behind of, or NULL. */
static void
enter_network(struct tcp_txq *q, struct tcp_txseg *s, struct tcp_txseg *near)
{
	struct tcp_txseg *next =
		near != NULL && near->sent_at <= s->sent_at ? near : TAILQ_FIRST(&q->sent);

	while (next != NULL && next->sent_at <= s->sent_at)
		next = TAILQ_NEXT(next, sent_link);
	if (next != NULL)
		TAILQ_INSERT_BEFORE(next, s, sent_link);
	else
		TAILQ_INSERT_TAIL(&q->sent, s, sent_link);
}

void
tcp_sb_unmark_lost(struct tcp_txq *q)
{
	struct tcp_txseg *s, *last = NULL;

	TAILQ_FOREACH(s, &q->segs, link) {
		if ((s->flags & TXSEG_LOST) == 0)
			continue;
		if (txseg_waits(s)) {
			enter_network(q, s, last);
			last = s;
		}
		s->flags &= (uint8_t)~TXSEG_LOST;
		q->lost -= txseg_space(s);
	}
	q->rtx = NULL;
}

struct tcp_txseg *
tcp_sb_next_lost(struct tcp_txq *q)
{
	while (q->rtx != NULL && !txseg_waits(q->rtx))
		q->rtx = TAILQ_NEXT(q->rtx, link);
	return q->rtx;
}

void
tcp_sb_mark_sent_again(struct tcp_txq *q, struct tcp_txseg *s, uint64_t now)
{
	leave_network(q, s);
	if ((s->flags & TXSEG_RETRANS) == 0)
		q->retrans += txseg_space(s);
	s->flags |= TXSEG_RETRANS | TXSEG_REPEATED;
	s->sent_at = now;
	TAILQ_INSERT_TAIL(&q->sent, s, sent_link);
}

void
tcp_sb_added(struct tcp_txq *q, struct tcp_txseg *s)
{
	TAILQ_INSERT_TAIL(&q->sent, s, sent_link);
}

void
tcp_sb_split(struct tcp_txq *q, struct tcp_txseg *s, struct tcp_txseg *half,
	     uint16_t packets_before)
{
	/* the bytes in the sums stay */
	if ((s->flags & TXSEG_SACKED) != 0)
		q->sacked_packets += (uint32_t)s->packets + half->packets - packets_before;
	if (txseg_is_in_network(s))
		TAILQ_INSERT_AFTER(&q->sent, s, half, sent_link);
}

static void
subtract(struct tcp_txq *q, const struct tcp_txseg *s, uint32_t bytes, uint32_t packets)
{
	if ((s->flags & TXSEG_LOST) != 0)
		q->lost -= bytes;
	if ((s->flags & TXSEG_RETRANS) != 0)
		q->retrans -= bytes;
	if ((s->flags & TXSEG_SACKED) == 0)
		return;
	q->sacked -= bytes;
	q->sacked_packets -= packets;
}

void
tcp_sb_shrunk(struct tcp_txq *q, struct tcp_txseg *s, uint32_t bytes)
{
	subtract(q, s, bytes, 0);
}

void
tcp_sb_removed(struct tcp_txq *q, struct tcp_txseg *s)
{
	leave_network(q, s);
	subtract(q, s, txseg_space(s), s->packets);
	if (q->rtx == s)
		q->rtx = TAILQ_NEXT(s, link);
	if (q->hint == s)
		q->hint = NULL;
}
