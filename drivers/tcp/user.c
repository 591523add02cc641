/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream as its user sees it: take, discard, send, offsets. */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>

#define EXPECT_MAX (1u << 29) /* bytes: half of what the window arithmetic bears */

void
tcp_set_user(struct tcp_conn *c, const struct tcp_ops *ops, void *user)
{
	c->ops = ops;
	c->user = user;
}

void *
tcp_user(const struct tcp_conn *c)
{
	return c->user;
}

const struct ip_flow *
tcp_flow(const struct tcp_conn *c)
{
	return &c->flow;
}

uint32_t
tcp_rx_len(const struct tcp_conn *c)
{
	return c->rx.data.len;
}

bool
tcp_rx_eof(const struct tcp_conn *c)
{
	return c->fin_rcvd && c->rx.data.len == 0;
}

int
tcp_rx_peek(const struct tcp_conn *c, uint32_t off, void *dst, uint32_t len)
{
	return buf_copy_out(&c->rx.data, off, dst, len) < 0 ? -EAGAIN : 0;
}

/* @n bytes have left the receive queue, which had @before true size. */
static void
taken(struct tcp_conn *c, uint32_t n, uint32_t before, uint64_t now)
{
	struct tcp_rx_mem rm = tcp_rx_mem(c);

	tcp_rxq_taken(&c->rx, &rm, before);
	c->expect -= n < c->expect ? n : c->expect;
	tcp_conn_leave_backlog(c);
	tcp_window_tune(c, n, now);
	tcp_conn_dirty(c);
}

int
tcp_rx_take(struct tcp_conn *c, struct buf *dst, uint32_t n, uint64_t now)
{
	uint32_t before = c->rx.data.true_size;

	if (n > c->rx.data.len)
		return -EAGAIN;
	if (n == 0)
		return 0;
	if (buf_split(dst, c->t->lc->mem, &c->rx.data, n) < 0)
		return -ENOMEM;
	taken(c, n, before, now);
	return 0;
}

uint32_t
tcp_rx_discard(struct tcp_conn *c, uint32_t n, uint64_t now)
{
	uint32_t before = c->rx.data.true_size;

	n = n < c->rx.data.len ? n : c->rx.data.len;
	if (n == 0)
		return 0;
	buf_drop(&c->rx.data, c->t->lc->mem, n);
	taken(c, n, before, now);
	return n;
}

void
tcp_rx_expect(struct tcp_conn *c, uint32_t bytes)
{
	c->expect = bytes < EXPECT_MAX ? bytes : EXPECT_MAX;
	tcp_conn_dirty(c);
}

int
tcp_send(struct tcp_conn *c, struct buf *b, bool more, uint64_t now)
{
	uint32_t limit = c->t->cfg.snd_queue_max;

	if (!c->is_dirty)
		tcp_conn_fetch(c);
	if (c->closed_by_user || c->state == TCP_CLOSED || c->state == TCP_TIME_WAIT)
		return -EPIPE;
	if (limit != 0 && (uint64_t)c->tx.data.len + b->len > limit)
		return -ENOBUFS;
	if (c->tx.data.len == 0)
		c->progress_at = now;
	c->is_quiet = false;
	tcp_txq_append(&c->tx, c->t->lc->mem, b);
	c->more = more;
	if (!more)
		c->psh_seq = c->iss + 1 + (uint32_t)tcp_queued(c);
	tcp_conn_dirty(c);
	return 0;
}

uint64_t
tcp_queued(const struct tcp_conn *c)
{
	return c->acked + c->tx.data.len;
}

uint64_t
tcp_sent(const struct tcp_conn *c)
{
	return c->acked + c->tx.data.len - c->tx.unsent;
}

uint64_t
tcp_acked(const struct tcp_conn *c)
{
	return c->acked;
}
