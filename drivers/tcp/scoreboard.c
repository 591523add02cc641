/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard: marks on the records of segments in flight, and their sums. */
#include "drivers/tcp/scoreboard.h"

#include "drivers/tcp/seq.h"

static bool
is_judged(const struct tcp_txq *q, const struct tcp_txseg *s)
{
	return q->judge == NULL || seq_lt(s->seq, q->judge->seq);
}

static bool
waits(const struct tcp_txseg *s)
{
	return (s->flags & (TXSEG_LOST | TXSEG_RETRANS | TXSEG_SACKED)) == TXSEG_LOST;
}

static void
clear_lost(struct tcp_txq *q, struct tcp_txseg *s)
{
	if ((s->flags & TXSEG_LOST) != 0)
		q->lost -= txseg_space(s);
	if ((s->flags & TXSEG_RETRANS) != 0)
		q->retrans -= txseg_space(s);
	s->flags &= (uint8_t) ~(TXSEG_LOST | TXSEG_RETRANS);
}

static uint32_t
mark_sacked(struct tcp_txq *q, struct tcp_txseg *s)
{
	if ((s->flags & TXSEG_SACKED) != 0)
		return 0;
	clear_lost(q, s);
	s->flags |= TXSEG_SACKED;
	q->sacked += txseg_space(s);
	q->sacked_packets += s->packets;
	if (is_judged(q, s)) {
		q->judged_sacked += txseg_space(s);
		q->judged_sacked_packets += s->packets;
	}
	return txseg_space(s);
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

uint32_t
tcp_sb_sack(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_range block, uint32_t mss)
{
	struct tcp_txseg *s = find(q, block.start);
	uint32_t newly = 0;

	for (; s != NULL && seq_lt(s->seq, block.end); s = TAILQ_NEXT(s, link)) {
		if (seq_lt(s->seq, block.start)) {
			/* without a record to cut it the whole stays unknown: that costs a retransmission at most */
			if (block.start - s->seq < s->len)
				tcp_txq_split(q, pool, s, block.start - s->seq, mss);
			continue;
		}
		if (seq_gt(txseg_end(s), block.end) &&
		    (block.end - s->seq >= s->len ||
		     tcp_txq_split(q, pool, s, block.end - s->seq, mss) < 0))
			break;
		newly += mark_sacked(q, s);
		q->hint = s;
	}
	return newly;
}

uint32_t
tcp_sb_mark_lost(struct tcp_txq *q, struct tcp_txseg *s)
{
	if ((s->flags & (TXSEG_SACKED | TXSEG_LOST)) != 0)
		return 0;
	s->flags |= TXSEG_LOST;
	q->lost += txseg_space(s);
	if (q->rtx == NULL || seq_lt(s->seq, q->rtx->seq))
		q->rtx = s;
	return txseg_space(s);
}

uint32_t
tcp_sb_judge(struct tcp_txq *q, uint32_t mss)
{
	uint32_t newly = 0;

	for (; q->judge != NULL; q->judge = TAILQ_NEXT(q->judge, link)) {
		uint32_t above = q->sacked - q->judged_sacked;
		uint32_t packets_above = q->sacked_packets - q->judged_sacked_packets;

		if (above <= (TCP_DUP_THRESH - 1) * mss && packets_above < TCP_DUP_THRESH)
			break;
		if ((q->judge->flags & TXSEG_SACKED) != 0) {
			q->judged_sacked += txseg_space(q->judge);
			q->judged_sacked_packets += q->judge->packets;
		} else {
			newly += tcp_sb_mark_lost(q, q->judge);
		}
	}
	return newly;
}

void
tcp_sb_mark_all_lost(struct tcp_txq *q)
{
	struct tcp_txseg *s;

	TAILQ_FOREACH(s, &q->segs, link) {
		clear_lost(q, s);
		tcp_sb_mark_lost(q, s);
	}
	q->rtx = TAILQ_FIRST(&q->segs);
	q->judge = NULL;
	q->judged_sacked = q->sacked;
	q->judged_sacked_packets = q->sacked_packets;
}

void
tcp_sb_forget_sacks(struct tcp_txq *q)
{
	struct tcp_txseg *s;

	TAILQ_FOREACH(s, &q->segs, link)
		s->flags &= (uint8_t)~TXSEG_SACKED;
	q->sacked = q->sacked_packets = 0;
	q->judged_sacked = q->judged_sacked_packets = 0;
	q->hint = NULL;
}

struct tcp_txseg *
tcp_sb_next_lost(struct tcp_txq *q)
{
	while (q->rtx != NULL && !waits(q->rtx))
		q->rtx = TAILQ_NEXT(q->rtx, link);
	return q->rtx;
}

void
tcp_sb_mark_sent_again(struct tcp_txq *q, struct tcp_txseg *s, uint64_t now)
{
	if ((s->flags & TXSEG_RETRANS) == 0)
		q->retrans += txseg_space(s);
	s->flags |= TXSEG_RETRANS | TXSEG_REPEATED;
	s->sent_at = now;
}

void
tcp_sb_added(struct tcp_txq *q, struct tcp_txseg *s)
{
	if (q->judge == NULL)
		q->judge = s;
}

void
tcp_sb_split(struct tcp_txq *q, struct tcp_txseg *s, struct tcp_txseg *half,
	     uint16_t packets_before)
{
	uint32_t packets = (uint32_t)s->packets + half->packets - packets_before;

	/* the bytes in the sums stay; the second half lies where the first does: before the judge or not */
	if ((s->flags & TXSEG_SACKED) == 0)
		return;
	q->sacked_packets += packets;
	if (is_judged(q, s))
		q->judged_sacked_packets += packets;
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
	if (is_judged(q, s)) {
		q->judged_sacked -= bytes;
		q->judged_sacked_packets -= packets;
	}
}

void
tcp_sb_shrunk(struct tcp_txq *q, struct tcp_txseg *s, uint32_t bytes)
{
	subtract(q, s, bytes, 0);
}

void
tcp_sb_removed(struct tcp_txq *q, struct tcp_txseg *s)
{
	struct tcp_txseg *next = TAILQ_NEXT(s, link);

	subtract(q, s, txseg_space(s), s->packets);
	if (q->judge == s)
		q->judge = next;
	if (q->rtx == s)
		q->rtx = next;
	if (q->hint == s)
		q->hint = NULL;
}
