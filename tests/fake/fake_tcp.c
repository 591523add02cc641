/* SPDX-License-Identifier: BSD-3-Clause */
/* Scripted TCP streams; see the header. */
#include "tests/fake/fake_tcp.h"

#include "lnet/base/check.h"
#include "lnet/base/fair.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tcp *
fake_tcp_create(const struct buf_mem *mem)
{
	struct tcp *t = calloc(1, sizeof(*t));

	CHECK(t != NULL);
	t->mem = mem;
	TAILQ_INIT(&t->conns);
	TAILQ_INIT(&t->listeners);
	return t;
}

void
fake_tcp_forget(struct tcp *t)
{
	struct tcp_conn *c, *next;

	for (c = TAILQ_FIRST(&t->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!c->over)
			continue;
		TAILQ_REMOVE(&t->conns, c, link);
		free(c->tx);
		free(c);
	}
}

void
fake_tcp_destroy(struct tcp *t)
{
	CHECK(TAILQ_EMPTY(&t->listeners));
	fake_tcp_forget(t);
	CHECK(TAILQ_EMPTY(&t->conns));
	free(t);
}

static struct tcp_conn *
new_conn(struct tcp *t, const struct ip_flow *flow)
{
	struct tcp_conn *c = calloc(1, sizeof(*c));

	CHECK(c != NULL);
	c->t = t;
	c->flow = *flow;
	TAILQ_INSERT_TAIL(&t->conns, c, link);
	return c;
}

/* --- what the test does --- */

struct tcp_conn *
fake_tcp_accept(struct tcp *t, const struct ip_flow *flow, uint64_t now)
{
	struct tcp_listener *l;
	struct tcp_conn *c;

	TAILQ_FOREACH(l, &t->listeners, link)
		if (l->port == flow->local_port && ipaddr_equal(&l->addr, &flow->local))
			break;
	if (l == NULL)
		return NULL;
	c = new_conn(t, flow);
	c->connected = true;
	if (l->accept(c, l->user, now) < 0) {
		c->over = true;
		c->end = FAKE_RST;
		return NULL;
	}
	return c;
}

void
fake_tcp_connected(struct tcp_conn *c, uint64_t now)
{
	c->connected = true;
	c->ops->connected(c, c->user, now);
}

static void
queue(struct tcp_conn *c, const uint8_t *data, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->t->mem->mbufs);

	CHECK(m != NULL && rte_pktmbuf_append(m, (uint16_t)len) != NULL);
	memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	CHECK(buf_append_chain(&c->rx, c->t->mem, m) == 0);
}

static void
deliver(struct tcp_conn *c, const uint8_t *data, size_t len, size_t mss, bool each, uint64_t now)
{
	size_t n;

	if (mss == 0 || mss > 2000)
		mss = 2000;
	for (; len > 0 && !c->over; data += n, len -= n) {
		n = len < mss ? len : mss;
		queue(c, data, n);
		if (each)
			c->ops->readable(c, c->user, now);
	}
	if (!each && !c->over)
		c->ops->readable(c, c->user, now);
}

void
fake_tcp_deliver(struct tcp_conn *c, const void *data, size_t len, size_t mss, uint64_t now)
{
	deliver(c, data, len, mss, true, now);
}

void
fake_tcp_deliver_burst(struct tcp_conn *c, const void *data, size_t len, size_t mss, uint64_t now)
{
	deliver(c, data, len, mss, false, now);
}

void
fake_tcp_fin(struct tcp_conn *c, uint64_t now)
{
	c->fin = true;
	if (!c->over)
		c->ops->readable(c, c->user, now);
}

void
fake_tcp_over(struct tcp_conn *c, int err, uint64_t now)
{
	if (c->over)
		return;
	if (c->rx.len > 0)
		c->ops->readable(c, c->user, now);
	if (c->over)
		return;
	c->over = true;
	buf_release(&c->held, c->t->mem);
	buf_release(&c->rx, c->t->mem);
	c->ops->closed(c, c->user, err, now);
}

void
fake_tcp_transmit(struct tcp_conn *c, uint64_t now)
{
	if (c->over || c->sent == c->queued)
		return;
	c->sent = c->queued;
	c->ops->acked(c, c->user, now);
}

void
fake_tcp_ack(struct tcp_conn *c, uint64_t now)
{
	if (c->over || c->acked == c->queued)
		return;
	buf_drop(&c->held, c->t->mem, (uint32_t)(c->queued - c->acked));
	c->sent = c->acked = c->queued;
	c->ops->acked(c, c->user, now);
}

struct tcp_conn *
fake_tcp_conn(struct tcp *t, unsigned int i)
{
	struct tcp_conn *c;

	TAILQ_FOREACH(c, &t->conns, link)
		if (i-- == 0)
			return c;
	return NULL;
}

unsigned int
fake_tcp_count(struct tcp *t)
{
	unsigned int n = 0;
	struct tcp_conn *c;

	TAILQ_FOREACH(c, &t->conns, link)
		n++;
	return n;
}

/* --- drivers/tcp/tcp.h --- */

int
tcp_listen(struct tcp *t, const struct ipaddr *addr, uint16_t port, unsigned int backlog,
	   int (*accept)(struct tcp_conn *c, void *user, uint64_t now), void *user,
	   struct tcp_listener **lp)
{
	struct tcp_listener *l;

	TAILQ_FOREACH(l, &t->listeners, link)
		if (l->port == port && ipaddr_equal(&l->addr, addr))
			return -EADDRINUSE;
	l = calloc(1, sizeof(*l));
	CHECK(l != NULL);
	*l = (struct tcp_listener){
		.t = t,
		.addr = *addr,
		.port = port,
		.backlog = backlog,
		.accept = accept,
		.user = user,
	};
	TAILQ_INSERT_TAIL(&t->listeners, l, link);
	*lp = l;
	return 0;
}

uint16_t
tcp_fair_class(const struct tcp *, const struct ip_flow *flow)
{
	unsigned int class = flow->remote.bytes[3] % FAIR_CLASSES;

	return (uint16_t)(class + (flow->remote_port < 1024 ? FAIR_CLASSES : 0));
}

void
tcp_unlisten(struct tcp_listener *l, uint64_t now)
{
	TAILQ_REMOVE(&l->t->listeners, l, link);
	free(l);
}

int
tcp_connect(struct tcp *t, const struct ip_flow *flow, uint8_t tos, const struct tcp_ops *ops,
	    void *user, uint64_t now, struct tcp_conn **cp)
{
	int rc = t->connect_rc != NULL ? t->connect_rc(flow) : 0;
	struct tcp_conn *c;

	if (rc < 0)
		return rc;
	TAILQ_FOREACH(c, &t->conns, link)
		if (!c->over && memcmp(&c->flow, flow, sizeof(*flow)) == 0)
			return -EADDRINUSE;
	c = new_conn(t, flow);
	c->active = true;
	c->tos = tos;
	tcp_set_user(c, ops, user);
	*cp = c;
	return 0;
}

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
	return c->rx.len;
}

bool
tcp_rx_eof(const struct tcp_conn *c)
{
	return c->fin && c->rx.len == 0;
}

int
tcp_rx_peek(const struct tcp_conn *c, uint32_t off, void *dst, uint32_t len)
{
	return buf_copy_out(&c->rx, off, dst, len) < 0 ? -EAGAIN : 0;
}

int
tcp_rx_take(struct tcp_conn *c, struct buf *dst, uint32_t n, uint64_t now)
{
	if (c->t->take_rc < 0)
		return c->t->take_rc;
	if (n > c->rx.len)
		return -EAGAIN;
	c->expected -= n < c->expected ? n : c->expected;
	return buf_split(dst, c->t->mem, &c->rx, n);
}

uint32_t
tcp_rx_discard(struct tcp_conn *c, uint32_t n, uint64_t now)
{
	if (n > c->rx.len)
		n = c->rx.len;
	buf_drop(&c->rx, c->t->mem, n);
	return n;
}

void
tcp_rx_expect(struct tcp_conn *c, uint32_t bytes)
{
	c->expected = bytes;
}

int
tcp_send(struct tcp_conn *c, struct buf *b, bool more, uint64_t now)
{
	CHECK(!c->over && c->connected);
	if (c->t->send_rc < 0)
		return c->t->send_rc;
	if (c->end != FAKE_OPEN)
		return -EPIPE;
	if (c->queued + b->len > c->tx_size) {
		c->tx_size = 2 * (c->queued + b->len);
		c->tx = realloc(c->tx, c->tx_size);
		CHECK(c->tx != NULL);
	}
	CHECK(buf_copy_out(b, 0, c->tx + c->queued, b->len) == 0);
	c->queued += b->len;
	c->sends++;
	c->sends_more += more ? 1 : 0;
	buf_move(&c->held, c->t->mem, b);
	return 0;
}

uint64_t
tcp_queued(const struct tcp_conn *c)
{
	return c->queued;
}

uint64_t
tcp_sent(const struct tcp_conn *c)
{
	return c->sent;
}

uint64_t
tcp_acked(const struct tcp_conn *c)
{
	return c->acked;
}

void
tcp_close(struct tcp_conn *c, uint64_t now)
{
	CHECK(!c->over && c->end == FAKE_OPEN);
	if (c->rx.len > 0) {
		tcp_abort(c, now);
		return;
	}
	c->end = FAKE_FIN;
	/* both sides closed and everything acknowledged: over at once */
	if (c->fin && c->acked == c->queued)
		fake_tcp_over(c, 0, now);
}

void
tcp_abort(struct tcp_conn *c, uint64_t now)
{
	CHECK(!c->over);
	c->end = FAKE_RST;
	c->over = true;
	buf_release(&c->held, c->t->mem);
	buf_release(&c->rx, c->t->mem);
	c->ops->closed(c, c->user, -ECONNABORTED, now);
}
