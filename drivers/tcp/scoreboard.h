/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard over the records of a send queue: which bytes the peer has, which are taken for lost, which were sent
 * again (RFC 6675), and which are in the network, in order of transmission. Every mark is set and taken here, so that the
 * sums and lists in struct tcp_txq always agree.
 */
#pragma once

#include "drivers/tcp/txq.h"
#include "drivers/tcp/wire.h"

/* Bytes that are in the network as far as we know: RFC 6675 4 SetPipe(). @in_flight: SND.NXT - SND.UNA. */
static inline uint32_t
tcp_sb_pipe(const struct tcp_txq *q, uint32_t in_flight)
{
	return in_flight - q->sacked - q->lost + q->retrans;
}

/* In the network: neither SACKED nor lost, or lost and sent again. */
static inline bool
txseg_is_in_network(const struct tcp_txseg *s)
{
	return (s->flags & TXSEG_SACKED) == 0 &&
		(s->flags & (TXSEG_LOST | TXSEG_RETRANS)) != TXSEG_LOST;
}

/* Lost, and not sent again yet. */
static inline bool
txseg_waits(const struct tcp_txseg *s)
{
	return (s->flags & (TXSEG_LOST | TXSEG_RETRANS | TXSEG_SACKED)) == TXSEG_LOST;
}

/*
 * The peer has @block. Records of several packets that it covers in part are cut where the block ends, into as many pieces as
 * there were packets at most.
 * @news	what lies below it in @block was told before
 * @d	what is SACKED now and was not before is added.
 */
void tcp_sb_sack(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_range block,
		 uint32_t news, uint32_t mss, struct tcp_delivery *d);

/* Take one record for lost, or what was sent again of it; harmless when it is not in the network. */
void tcp_sb_mark_lost(struct tcp_txq *q, struct tcp_txseg *seg);

/* All that is not SACKED is lost, also what was sent again. */
void tcp_sb_mark_all_lost(struct tcp_txq *q);

/* The peer threw away what it had out of order (RFC 2018 8): that is lost. */
void tcp_sb_forget_sacks(struct tcp_txq *q);

/* No loss was one: what waits to be sent again is taken for in the network, as before. */
void tcp_sb_unmark_lost(struct tcp_txq *q);

/* The first record that is lost and waits to be sent again, or NULL. */
struct tcp_txseg *tcp_sb_next_lost(struct tcp_txq *q);

/* @seg, lost or not, was sent again. */
void tcp_sb_mark_sent_again(struct tcp_txq *q, struct tcp_txseg *seg, uint64_t now);

/* --- for txq.c: keep the sums when records come, go and shrink --- */

void tcp_sb_added(struct tcp_txq *q, struct tcp_txseg *seg);
/* @half was cut off the end of @seg and inserted behind it with the same flags. */
void tcp_sb_split(struct tcp_txq *q, struct tcp_txseg *seg, struct tcp_txseg *half,
		  uint16_t packets_before);
/* The first @bytes of @seg, the first record, are acknowledged. */
void tcp_sb_shrunk(struct tcp_txq *q, struct tcp_txseg *seg, uint32_t bytes);
/* @seg, the first record, is about to leave the queue. */
void tcp_sb_removed(struct tcp_txq *q, struct tcp_txseg *seg);
