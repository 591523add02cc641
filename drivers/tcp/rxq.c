/* SPDX-License-Identifier: BSD-3-Clause */
/* The receive queue: in-order bytes, reassembly (RFC 9293 3.10.7.4), accounting. */
#include "drivers/tcp/rxq.h"

#include "drivers/tcp/seq.h"

#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <string.h>

int
tcp_ooo_pool_init(struct tcp_ooo_pool *pool, unsigned int size, int socket)
{
	unsigned int i;

	*pool = (struct tcp_ooo_pool){.size = size};
	TAILQ_INIT(&pool->free);
	pool->mem =
		rte_calloc_socket("tcp_ooo", size, sizeof(*pool->mem), RTE_CACHE_LINE_SIZE, socket);
	if (pool->mem == NULL)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		TAILQ_INSERT_TAIL(&pool->free, &pool->mem[i], link);
	return 0;
}

void
tcp_ooo_pool_fini(struct tcp_ooo_pool *pool)
{
	rte_free(pool->mem);
	pool->mem = NULL;
}

void
tcp_rxq_init(struct tcp_rxq *q)
{
	*q = (struct tcp_rxq){0};
	buf_init(&q->data);
	TAILQ_INIT(&q->ooo);
}

static uint32_t
ooo_end(const struct tcp_ooo *r)
{
	return r->seq + r->data.len;
}

/* Unlink @r; its bytes and their accounting are the caller's. */
static void
ooo_unlink(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct tcp_ooo *r)
{
	TAILQ_REMOVE(&q->ooo, r, link);
	q->ooo_ranges--;
	TAILQ_INSERT_HEAD(&rm->pool->free, r, link);
	rm->pool->used--;
}

static struct tcp_ooo *
ooo_new(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct tcp_ooo *after, uint32_t seq)
{
	struct tcp_ooo *r = TAILQ_FIRST(&rm->pool->free);

	if (r == NULL || q->ooo_ranges >= TCP_OOO_RANGES_MAX)
		return NULL;
	TAILQ_REMOVE(&rm->pool->free, r, link);
	rm->pool->used++;
	q->ooo_ranges++;
	r->seq = seq;
	buf_init(&r->data);
	if (after != NULL)
		TAILQ_INSERT_AFTER(&q->ooo, after, r, link);
	else
		TAILQ_INSERT_HEAD(&q->ooo, r, link);
	return r;
}

static void
ooo_drop_front(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct tcp_ooo *r, uint32_t n)
{
	uint32_t before = r->data.true_size;

	n = n < r->data.len ? n : r->data.len;
	q->ooo_bytes -= n;
	r->seq += n;
	buf_drop(&r->data, rm->mem, n);
	ledger_reorder_give(rm->ledger, rm->account, before - r->data.true_size);
}

static uint32_t
ooo_drop(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct tcp_ooo *r)
{
	uint32_t n = r->data.len;

	ooo_drop_front(q, rm, r, n);
	ooo_unlink(q, rm, r);
	return n;
}

uint32_t
tcp_rxq_drop_ooo(struct tcp_rxq *q, const struct tcp_rx_mem *rm)
{
	uint32_t n = 0;

	while (!TAILQ_EMPTY(&q->ooo))
		n += ooo_drop(q, rm, TAILQ_FIRST(&q->ooo));
	return n;
}

void
tcp_rxq_release(struct tcp_rxq *q, const struct tcp_rx_mem *rm)
{
	uint32_t before = q->data.true_size;

	tcp_rxq_drop_ooo(q, rm);
	buf_release(&q->data, rm->mem);
	tcp_rxq_taken(q, rm, before);
}

void
tcp_rxq_taken(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t before)
{
	if (before != q->data.true_size)
		ledger_conn_give(rm->ledger, rm->account, before - q->data.true_size);
}

/* A received chain that is taken apart. Each mbuf pays for itself: how many were merged makes no difference. */
struct chain {
	struct rte_mbuf *m; /* what is left of it */
	uint32_t skip, len; /* payload in that: bytes before it, and of it */
	struct rte_mbuf *head; /* the mbuf that was taken off, by itself, */
	uint32_t off, n; /* and the payload in it */
};

/* Take the next mbuf with payload off; those without are freed. False: there is none, and the chain is gone. */
static __rte_always_inline bool
chain_next(struct chain *ch)
{
	while (ch->m != NULL) {
		struct rte_mbuf *m = ch->m;

		ch->off = RTE_MIN(ch->skip, m->data_len);
		ch->n = RTE_MIN(m->data_len - ch->off, ch->len);
		ch->skip -= ch->off;
		ch->len -= ch->n;
		ch->m = m->next;
		m->next = NULL;
		m->nb_segs = 1;
		ch->head = m;
		if (ch->n > 0)
			return true;
		rte_pktmbuf_free_seg(m);
	}
	return false;
}

/*
 * The last slice of @dst, if @n bytes fit into the room behind it, in an mbuf that nobody else uses; or NULL. They are copied
 * there whenever it can be: the ledger counts on two neighbours being longer than one mbuf (ledger_queue_size()).
 */
static struct slice *
room_behind(const struct buf *dst, uint32_t n)
{
	struct slice *tail = dst->tail;

	if (tail == NULL || tail->m->buf_len - (tail->off + tail->len) < n ||
	    !RTE_MBUF_DIRECT(tail->m) || rte_mbuf_refcnt_read(tail->m) != 1)
		return NULL;
	return tail;
}

static void *
put_behind(struct tcp_rxq *q, struct buf *dst, struct slice *tail, uint32_t n)
{
	char *to = (char *)tail->m->buf_addr + tail->off + tail->len;

	tail->len += n;
	dst->len += n;
	q->packed += n;
	return to;
}

static bool
pack(struct tcp_rxq *q, struct buf *dst, const struct buf_mem *mem, struct buf *b)
{
	struct slice *tail = room_behind(dst, b->len);

	if (tail == NULL)
		return false;
	buf_copy_out(b, 0, put_behind(q, dst, tail, b->len), b->len);
	buf_release(b, mem);
	return true;
}

static int
append_buf(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct buf *b, bool expected)
{
	if (pack(q, &q->data, rm->mem, b))
		return 0;
	if (ledger_conn_take(rm->ledger, rm->account, b->true_size, expected) < 0)
		return -ENOMEM;
	buf_move(&q->data, rm->mem, b);
	return 0;
}

/* The same for a single mbuf. It is consumed whatever happens. */
static int
append_mbuf(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct rte_mbuf *m, uint32_t skip,
	    uint32_t len, bool expected)
{
	struct slice *tail = room_behind(&q->data, len);
	uint32_t size;

	if (tail != NULL) {
		memcpy(put_behind(q, &q->data, tail, len),
		       rte_pktmbuf_mtod_offset(m, const char *, skip), len);
		rte_pktmbuf_free_seg(m);
		return 0;
	}
	size = buf_mbuf_true_size(m);
	if (ledger_conn_take(rm->ledger, rm->account, size, expected) < 0)
		goto err_mbuf;
	if (buf_append(&q->data, rm->mem, m, m->data_off + skip, len) < 0)
		goto err_ledger;
	return 0;
err_ledger:
	ledger_conn_give(rm->ledger, rm->account, size);
err_mbuf:
	rte_pktmbuf_free_seg(m);
	return -ENOMEM;
}

uint32_t
tcp_rxq_append(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct rte_mbuf *m, uint32_t skip,
	       uint32_t len, uint32_t expect)
{
	struct chain ch = {.m = m, .skip = skip, .len = len};

	while (chain_next(&ch)) {
		bool expected = q->data.len + ch.n <= expect;

		if (append_mbuf(q, rm, ch.head, ch.off, ch.n, expected) < 0) {
			rte_pktmbuf_free(ch.m);
			return len - ch.len - ch.n;
		}
	}
	return len;
}

/*
 * The bytes @b, accounted as out of order, have become in order. What the user expects is never refused, so the
 * rest is asked for by itself. Return: how many bytes moved; @b keeps what was refused, accounted nowhere.
 */
static uint32_t
ooo_join(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct buf *b, uint32_t expected)
{
	uint32_t held = b->true_size, moved, rest;
	struct buf head = {0};

	if (expected >= b->len)
		buf_move(&head, rm->mem, b);
	else if (expected > 0)
		buf_split(&head, rm->mem, b, expected);
	moved = head.len;
	if (moved > 0) {
		held -= head.true_size;
		ledger_reorder_join(rm->ledger, rm->account, head.true_size, true);
		buf_move(&q->data, rm->mem, &head);
	}
	ledger_reorder_give(rm->ledger, rm->account, held);
	rest = b->len;
	if (rest > 0 && append_buf(q, rm, b, false) == 0)
		moved += rest;
	return moved;
}

uint32_t
tcp_rxq_join(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t next, uint32_t expected,
	     uint32_t *lost)
{
	struct tcp_ooo *r;

	*lost = 0;
	while ((r = TAILQ_FIRST(&q->ooo)) != NULL && seq_leq(r->seq, next)) {
		uint32_t room = expected > q->data.len ? expected - q->data.len : 0;
		uint32_t len, moved;

		/* what came in order overlaps it: it wins */
		ooo_drop_front(q, rm, r, next - r->seq);
		len = r->data.len;
		q->ooo_bytes -= len;
		moved = len > 0 ? ooo_join(q, rm, &r->data, room) : 0;
		next += moved;
		*lost += len - moved;
		buf_release(&r->data, rm->mem);
		ooo_unlink(q, rm, r);
		if (moved < len)
			break;
	}
	return next;
}

/* The last range that begins at or before @seq, or NULL. Searched from the end: new data mostly extends the last. */
static struct tcp_ooo *
ooo_before(struct tcp_rxq *q, uint32_t seq)
{
	struct tcp_ooo *r;

	TAILQ_FOREACH_REVERSE(r, &q->ooo, tcp_ooo_list, link)
	{
		if (seq_leq(r->seq, seq))
			return r;
	}
	return NULL;
}

/* Range @r has grown: take over what touches or overlaps it. */
static void
ooo_absorb(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct tcp_ooo *r, struct tcp_range *dup)
{
	struct tcp_ooo *next;

	while ((next = TAILQ_NEXT(r, link)) != NULL && seq_leq(next->seq, ooo_end(r))) {
		uint32_t overlap = ooo_end(r) - next->seq;

		if (overlap > 0 && dup->start == dup->end)
			*dup = (struct tcp_range){next->seq, seq_min(ooo_end(r), ooo_end(next))};
		ooo_drop_front(q, rm, next, overlap);
		buf_move(&r->data, rm->mem, &next->data);
		ooo_unlink(q, rm, next);
	}
}

/* Keep @b, out of order at @seq. It is consumed whatever happens. *dup: the part of it that was there already, the first such. */
static int
insert_buf(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t seq, struct buf *b,
	   struct tcp_range *dup)
{
	struct tcp_ooo *r = ooo_before(q, seq);
	uint32_t n;

	*dup = (struct tcp_range){0, 0};
	if (r != NULL && seq_gt(ooo_end(r), seq)) {
		uint32_t overlap = ooo_end(r) - seq;

		overlap = overlap < b->len ? overlap : b->len;
		*dup = (struct tcp_range){seq, seq + overlap};
		buf_drop(b, rm->mem, overlap);
		seq += overlap;
		if (b->len == 0) {
			r->stamp = ++q->stamp;
			return 0;
		}
	}
	n = b->len;
	if (r == NULL || ooo_end(r) != seq)
		r = ooo_new(q, rm, r, seq);
	if (r == NULL) {
		buf_release(b, rm->mem);
		return -ENOMEM;
	}
	if (!pack(q, &r->data, rm->mem, b)) {
		if (ledger_reorder_take(rm->ledger, rm->account, b->true_size) < 0) {
			buf_release(b, rm->mem);
			if (r->data.len == 0)
				ooo_unlink(q, rm, r);
			return -ENOMEM;
		}
		buf_move(&r->data, rm->mem, b);
	}
	q->ooo_bytes += n;
	r->stamp = ++q->stamp;
	ooo_absorb(q, rm, r, dup);
	return 0;
}

/* The same for a single mbuf. */
static int
insert_mbuf(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t seq, struct rte_mbuf *m,
	    uint32_t skip, uint32_t len, struct tcp_range *dup)
{
	struct buf b = {0};
	struct tcp_range d;
	int rc = buf_append(&b, rm->mem, m, m->data_off + skip, len);

	if (rc < 0) {
		rte_pktmbuf_free_seg(m);
		return rc;
	}
	rc = insert_buf(q, rm, seq, &b, &d);
	if (dup->start == dup->end)
		*dup = d;
	else if (d.start == dup->end)
		dup->end = d.end;
	return rc;
}

int
tcp_rxq_insert(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t seq, struct rte_mbuf *m,
	       uint32_t skip, uint32_t len, struct tcp_range *dup)
{
	struct chain ch = {.m = m, .skip = skip, .len = len};
	int rc = 0;

	*dup = (struct tcp_range){0, 0};
	while (rc == 0 && chain_next(&ch)) {
		rc = insert_mbuf(q, rm, seq, ch.head, ch.off, ch.n, dup);
		seq += ch.n;
	}
	rte_pktmbuf_free(ch.m);
	return rc;
}

uint32_t
tcp_rxq_ooo_end(const struct tcp_rxq *q, uint32_t none)
{
	const struct tcp_ooo *last = TAILQ_LAST(&q->ooo, tcp_ooo_list);

	return last != NULL ? ooo_end(last) : none;
}

unsigned int
tcp_rxq_sack(const struct tcp_rxq *q, struct tcp_range *blocks, unsigned int max)
{
	uint32_t stamps[TCP_SACK_BLOCKS];
	const struct tcp_ooo *r;
	unsigned int i, n = 0;

	if (max == 0)
		return 0;
	TAILQ_FOREACH(r, &q->ooo, link) {
		uint32_t age = q->stamp - r->stamp;

		/* insert by age, the youngest first; the oldest falls off the end */
		if (n < max)
			n++;
		else if (age >= stamps[max - 1])
			continue;
		for (i = n - 1; i > 0 && stamps[i - 1] > age; i--) {
			stamps[i] = stamps[i - 1];
			blocks[i] = blocks[i - 1];
		}
		stamps[i] = age;
		blocks[i] = (struct tcp_range){r->seq, ooo_end(r)};
	}
	return n;
}
