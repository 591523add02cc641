/* SPDX-License-Identifier: BSD-3-Clause */
/* The send queue: bytes by slices, segments in flight by records. */
#include "drivers/tcp/txq.h"

#include "drivers/tcp/rack.h"
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include <errno.h>

int
tcp_txseg_pool_init(struct tcp_txseg_pool *pool, unsigned int size, int socket)
{
	unsigned int i;

	*pool = (struct tcp_txseg_pool){.size = size};
	SLIST_INIT(&pool->free);
	pool->mem = rte_calloc_socket("tcp_txseg", size, sizeof(*pool->mem), RTE_CACHE_LINE_SIZE,
				      socket);
	if (pool->mem == NULL)
		return -ENOMEM;
	for (i = size; i-- > 0;)
		SLIST_INSERT_HEAD(&pool->free, &pool->mem[i], free_link);
	return 0;
}

void
tcp_txseg_pool_fini(struct tcp_txseg_pool *pool)
{
	rte_free(pool->mem);
	pool->mem = NULL;
}

static struct tcp_txseg *
txseg_get(struct tcp_txseg_pool *pool)
{
	struct tcp_txseg *s = SLIST_FIRST(&pool->free);

	if (s == NULL)
		return NULL;
	SLIST_REMOVE_HEAD(&pool->free, free_link);
	rte_prefetch0(SLIST_FIRST(&pool->free));
	pool->used++;
	return s;
}

static void
txseg_put(struct tcp_txseg_pool *pool, struct tcp_txseg *s)
{
	/* at the head: the record used last is in the cache */
	SLIST_INSERT_HEAD(&pool->free, s, free_link);
	pool->used--;
}

static uint16_t
packets_of(uint32_t len, uint32_t mss)
{
	return (uint16_t)(len == 0 ? 1 : (len + mss - 1) / mss);
}

void
tcp_txq_init(struct tcp_txq *q)
{
	*q = (struct tcp_txq){0};
	buf_init(&q->data);
	TAILQ_INIT(&q->segs);
	TAILQ_INIT(&q->sent);
}

void
tcp_txq_release(struct tcp_txq *q, const struct buf_mem *mem, struct tcp_txseg_pool *pool)
{
	struct tcp_txseg *s;

	while ((s = TAILQ_FIRST(&q->segs)) != NULL) {
		TAILQ_REMOVE(&q->segs, s, link);
		txseg_put(pool, s);
	}
	buf_release(&q->data, mem);
	tcp_txq_init(q);
}

void
tcp_txq_append(struct tcp_txq *q, const struct buf_mem *mem, struct buf *b)
{
	q->unsent += b->len;
	buf_move(&q->data, mem, b);
}

/* Move a position at the end of a slice to the start of the one behind it. */
static void
cursor_settle(struct slice **slice, uint32_t *off)
{
	while ((*slice)->next != NULL && *off >= (*slice)->off + (*slice)->len) {
		*slice = (*slice)->next;
		*off = (*slice)->off;
	}
}

static void
cursor_advance(struct slice **slice, uint32_t *off, uint32_t n)
{
	for (;;) {
		uint32_t left = (*slice)->off + (*slice)->len - *off;

		if (n <= left) {
			*off += n;
			break;
		}
		n -= left;
		*slice = (*slice)->next;
		*off = (*slice)->off;
	}
	cursor_settle(slice, off);
}

bool
tcp_txq_cursor(struct tcp_txq *q, struct slice **slice, uint32_t *off)
{
	if (q->unsent == 0)
		return false;
	if (q->next == NULL) {
		q->next = q->data.head;
		q->next_off = q->next->off;
	}
	cursor_settle(&q->next, &q->next_off);
	*slice = q->next;
	*off = q->next_off;
	return true;
}

/* What the segment after the next one will want: its slice was asked for by the segment before. */
static void
fetch_ahead(const struct tcp_txq *q)
{
	const struct slice *s = q->next->next;

	if (s == NULL)
		return;
	slice_fetch(s);
	rte_prefetch0(s->next);
}

struct tcp_txseg *
tcp_txq_sent(struct tcp_txq *q, struct tcp_txseg_pool *pool, uint32_t seq, uint32_t len,
	     uint8_t flags, uint32_t mss, uint64_t now)
{
	struct tcp_txseg *s = txseg_get(pool);

	*s = (struct tcp_txseg){
		.seq = seq,
		.len = len,
		.packets = packets_of(len, mss),
		.flags = flags,
		.sent_at = now,
	};
	if (len > 0) {
		tcp_txq_cursor(q, &s->slice, &s->off);
		cursor_advance(&q->next, &q->next_off, len);
		q->unsent -= len;
		fetch_ahead(q);
	}
	TAILQ_INSERT_TAIL(&q->segs, s, link);
	tcp_sb_added(q, s);
	return s;
}

int
tcp_txq_split(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_txseg *seg, uint32_t len,
	      uint32_t mss)
{
	struct tcp_txseg *half = txseg_get(pool);
	uint16_t before = seg->packets;

	if (half == NULL)
		return -ENOMEM;
	*half = *seg;
	half->seq = seg->seq + len;
	half->len = seg->len - len;
	cursor_advance(&half->slice, &half->off, len);
	seg->len = len;
	seg->flags &= (uint8_t) ~(TXSEG_FIN | TXSEG_PSH);
	seg->packets = packets_of(seg->len, mss);
	half->packets = packets_of(half->len, mss);
	TAILQ_INSERT_AFTER(&q->segs, seg, half, link);
	tcp_sb_split(q, seg, half, before);
	return 0;
}

bool
tcp_txq_join(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_txseg *seg, uint32_t max)
{
	struct tcp_txseg *next = TAILQ_NEXT(seg, link);

	if (next == NULL || !txseg_waits(seg) || !txseg_waits(next) || seg->len + next->len > max)
		return false;
	seg->len += next->len;
	seg->flags |= next->flags & (TXSEG_FIN | TXSEG_PSH | TXSEG_REPEATED);
	seg->packets = 1;
	/* the scoreboard stays as it is: the bytes in its sums are the same, and what waits is in no list of it, nor is its hint on it */
	TAILQ_REMOVE(&q->segs, next, link);
	txseg_put(pool, next);
	return true;
}

void
tcp_txq_delivered(struct tcp_delivery *d, const struct tcp_txseg *s)
{
	d->bytes += txseg_space(s);
	d->original |= (s->flags & TXSEG_REPEATED) == 0 && seq_leq(txseg_end(s), d->recover);
	tcp_rack_delivered(d->rack, d, s);
}

/* Of the first record only the beginning is acknowledged. */
static void
shrink(struct tcp_txq *q, struct tcp_txseg *s, uint32_t ack, struct tcp_delivery *d)
{
	uint32_t n = ack - s->seq;

	if ((s->flags & TXSEG_SACKED) == 0)
		d->bytes += n;
	tcp_sb_shrunk(q, s, n);
	s->seq = ack;
	s->len -= n;
	/* payload goes first: if none is left it is the FIN that is still in flight */
	if (s->len > 0)
		cursor_advance(&s->slice, &s->off, n);
	else
		s->slice = NULL;
}

static void
acked_whole(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_txseg *s,
	    struct tcp_delivery *d)
{
	d->acked += s->len;
	d->fin |= (s->flags & TXSEG_FIN) != 0;
	if ((s->flags & TXSEG_REPEATED) != 0)
		d->repeated = true;
	else
		d->sent_at = s->sent_at;
	if ((s->flags & TXSEG_SACKED) == 0)
		tcp_txq_delivered(d, s);
	tcp_sb_removed(q, s);
	TAILQ_REMOVE(&q->segs, s, link);
	txseg_put(pool, s);
}

void
tcp_txq_ack(struct tcp_txq *q, const struct buf_mem *mem, struct tcp_txseg_pool *pool, uint32_t ack,
	    struct tcp_delivery *d)
{
	struct tcp_txseg *s, *next;

	while ((s = TAILQ_FIRST(&q->segs)) != NULL && seq_leq(txseg_end(s), ack)) {
		next = TAILQ_NEXT(s, link);
		if (next != NULL)
			rte_prefetch0(TAILQ_NEXT(next, link));
		acked_whole(q, pool, s, d);
	}
	if (s != NULL && seq_lt(s->seq, ack)) {
		d->acked += ack - s->seq;
		shrink(q, s, ack, d);
	}
	if (d->acked == q->data.len)
		q->next = NULL;
	else if (q->next != NULL)
		cursor_settle(&q->next, &q->next_off);
	buf_drop(&q->data, mem, d->acked);
}
