/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection blocks: where they come from, how they are found, how they end and what their users are told. */
#include "drivers/tcp/tcp_priv.h"

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include <errno.h>

int
tcp_conns_create(struct tcp *t)
{
	unsigned int i;

	TAILQ_INIT(&t->free);
	TAILQ_INIT(&t->time_wait);
	TAILQ_INIT(&t->dead);
	TAILQ_INIT(&t->dirty);
	TAILQ_INIT(&t->event);
	t->conns = rte_calloc_socket("tcp_conns", t->cfg.max_conns, sizeof(*t->conns),
				     RTE_CACHE_LINE_SIZE, t->lc->socket);
	if (t->conns == NULL)
		return -ENOMEM;
	if (tcp_flows_init(&t->flows, t->conns, sizeof(*t->conns), offsetof(struct tcp_conn, flow),
			   t->cfg.max_conns, tcp_hash_seed(t), t->lc->socket) < 0) {
		rte_free(t->conns);
		return -ENOMEM;
	}
	for (i = 0; i < t->cfg.max_conns; i++)
		TAILQ_INSERT_TAIL(&t->free, &t->conns[i], life_link);
	return 0;
}

void
tcp_conns_destroy(struct tcp *t)
{
	tcp_flows_fini(&t->flows);
	rte_free(t->conns);
}

static struct tcp_conn *
find(struct tcp *t, const struct ip_flow *flow, uint32_t hash)
{
	uint32_t i = tcp_flows_find(&t->flows, flow, hash);

	return i == TCP_FLOWS_NONE ? NULL : &t->conns[i];
}

struct tcp_conn *
tcp_conn_find(struct tcp *t, const struct ip_flow *flow)
{
	return find(t, flow, tcp_flows_hash(&t->flows, flow));
}

static void
fetch(const struct tcp_conn *c, unsigned int from, unsigned int to)
{
	const char *line = (const char *)c + from * RTE_CACHE_LINE_SIZE;
	const char *end = (const char *)c + to * RTE_CACHE_LINE_SIZE;

	for (; line < end; line += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(line);
}

void
tcp_conn_fetch(const struct tcp_conn *c)
{
	fetch(c, 0, TCP_LINES_TX);
}

void
tcp_conn_expect(const struct tcp *t, uint32_t hash, bool sends)
{
	uint32_t guess = tcp_flows_guess(&t->flows, hash);

	if (guess != TCP_FLOWS_NONE)
		fetch(&t->conns[guess], 0, sends ? TCP_LINES_TX : TCP_LINES_RX);
}

struct tcp_conn *
tcp_conn_expected(struct tcp *t, const struct ip_flow *flow, uint32_t hash, bool sends)
{
	struct tcp_conn *c = find(t, flow, hash);

	if (c == NULL)
		return NULL;
	rte_prefetch0(c->user);
	if (!sends && !c->is_quiet)
		fetch(c, TCP_LINES_RX, TCP_LINES_TX);
	return c;
}

static void
table_remove(struct tcp_conn *c)
{
	tcp_flows_remove(&c->t->flows, (uint32_t)(c - c->t->conns));
	c->t->changes++;
}

void
tcp_conn_leave_backlog(struct tcp_conn *c)
{
	if (!c->in_backlog)
		return;
	fair_remove(&c->listener->waiting, &c->waiting);
	c->in_backlog = false;
	c->listener = NULL;
}

static void
leave_round(struct tcp_conn *c)
{
	if (c->is_dirty)
		TAILQ_REMOVE(&c->t->dirty, c, dirty_link);
	if (c->is_listed)
		TAILQ_REMOVE(&c->t->event, c, event_link);
	c->is_dirty = c->is_listed = false;
}

static void
release_memory(struct tcp_conn *c)
{
	struct tcp_rx_mem rm = tcp_rx_mem(c);

	tcp_txq_release(&c->tx, rm.mem, &c->t->txsegs);
	tcp_rxq_release(&c->rx, &rm);
	ledger_conn_close(rm.ledger, &c->account);
}

static void
block_put(struct tcp_conn *c)
{
	struct tcp *t = c->t;

	*c = (struct tcp_conn){.state = TCP_CLOSED};
	TAILQ_INSERT_HEAD(&t->free, c, life_link);
	t->n_used--;
}

/* The last use of the block. It is given back by tcp_conns_reap(): callers further up may still hold it. */
static void
bury(struct tcp_conn *c)
{
	tcp_conn_leave_backlog(c);
	leave_round(c);
	release_memory(c);
	c->state = TCP_CLOSED;
	c->is_dead = true;
	c->events = 0;
	TAILQ_INSERT_TAIL(&c->t->dead, c, life_link);
}

void
tcp_conns_reap(struct tcp *t)
{
	struct tcp_conn *c;

	while ((c = TAILQ_FIRST(&t->dead)) != NULL) {
		TAILQ_REMOVE(&t->dead, c, life_link);
		block_put(c);
	}
}

/* Out of the table and of the list of its state; no timer runs any more. */
static void
unlink_conn(struct tcp_conn *c)
{
	if (c->state == TCP_TIME_WAIT) {
		TAILQ_REMOVE(&c->t->time_wait, c, life_link);
		c->t->n_time_wait--;
	}
	tcp_timers_clear(c);
	table_remove(c);
}

void
tcp_conn_discard(struct tcp_conn *c)
{
	unlink_conn(c);
	if ((c->events & TCP_EV_CLOSED) != 0) {
		c->state = TCP_CLOSED;
		return;
	}
	tcp_conn_leave_backlog(c);
	leave_round(c);
	release_memory(c);
	block_put(c);
}

/* Make a block free: of a TIME-WAIT whose user was told. */
static bool
make_room(struct tcp *t)
{
	struct tcp_conn *c;

	TAILQ_FOREACH(c, &t->time_wait, life_link) {
		if ((c->events & TCP_EV_CLOSED) == 0) {
			tcp_count(t, TCP_TIME_WAIT_RECYCLED);
			tcp_conn_discard(c);
			return true;
		}
	}
	return false;
}

static struct tcp_conn *
block_get(struct tcp *t)
{
	struct tcp_conn *c;

	if (TAILQ_EMPTY(&t->free) && !make_room(t))
		return NULL;
	c = TAILQ_FIRST(&t->free);
	TAILQ_REMOVE(&t->free, c, life_link);
	t->n_used++;
	*c = (struct tcp_conn){.t = t};
	/* the ledger may have planned for fewer connections than there are blocks */
	while (ledger_conn_open(&t->lc->ledger, &c->account) < 0) {
		if (!tcp_synq_give_way(t)) {
			block_put(c);
			return NULL;
		}
	}
	return c;
}

static const struct tcp_cc_ops *
cc_ops(const struct tcp *t, const struct tcp_path *path)
{
	unsigned int kind = path->cc;

	/* DCTCP begins when ECN is agreed on */
	if (kind == TCP_CC_DEFAULT || kind == TCP_CC_DCTCP)
		kind = t->cfg.cc;
	return kind == TCP_CC_NEWRENO ? &tcp_cc_newreno : &tcp_cc_cubic;
}

void
tcp_conn_init(struct tcp_conn *c, struct tcp *t, const struct ip_flow *flow,
	      const struct tcp_path *path, uint64_t now)
{
	c->t = t;
	c->flow = *flow;
	c->path = *path;
	c->opened_at = c->last_rx = c->progress_at = now;
	c->ts_offset = tcp_ts_offset(t, flow);
	c->rcv_buf = t->cfg.rcv_wnd_min;
	tcp_txq_init(&c->tx);
	tcp_rxq_init(&c->rx);
	tcp_timers_init(c);
	tcp_pmtud_init(c, now);
	tcp_path_mss(c);
	tcp_cc_init(&c->cc, cc_ops(t, path), c->mss);
	tcp_cwv_reset(c, now);
}

int
tcp_conn_new(struct tcp *t, const struct ip_flow *flow, uint64_t now, struct tcp_conn **cp)
{
	struct tcp_path path;
	struct tcp_conn *c;
	int rc;

	rc = t->env->path(t->env->arg, &flow->local, &flow->remote, &path);
	if (rc < 0)
		return rc;
	c = block_get(t);
	if (c == NULL) {
		tcp_count(t, TCP_CONN_NO_BLOCK);
		return -ENOMEM;
	}
	c->flow = *flow;
	tcp_flows_add(&t->flows, (uint32_t)(c - t->conns));
	t->changes++;
	tcp_conn_init(c, t, flow, &path, now);
	*cp = c;
	return 0;
}

void
tcp_conn_dirty(struct tcp_conn *c)
{
	if (c->is_dirty || c->state == TCP_CLOSED || c->state == TCP_TIME_WAIT)
		return;
	c->is_dirty = true;
	TAILQ_INSERT_TAIL(&c->t->dirty, c, dirty_link);
}

void
tcp_conn_event(struct tcp_conn *c, enum tcp_event ev)
{
	c->events |= (uint8_t)ev;
	if (c->is_listed)
		return;
	c->is_listed = true;
	TAILQ_INSERT_TAIL(&c->t->event, c, event_link);
}

void
tcp_conn_end(struct tcp_conn *c, int err)
{
	struct tcp_rx_mem rm = tcp_rx_mem(c);

	if (c->state == TCP_CLOSED)
		return;
	unlink_conn(c);
	c->state = TCP_CLOSED;
	c->err = err;
	if (c->ops == NULL && (c->events & TCP_EV_ACCEPT) == 0) {
		bury(c);
		return;
	}
	tcp_txq_release(&c->tx, rm.mem, &c->t->txsegs);
	c->snd_nxt = c->snd_una;
	tcp_rxq_drop_ooo(&c->rx, &rm);
	if (c->rx.data.len > 0)
		c->events |= TCP_EV_READABLE;
	tcp_conn_event(c, TCP_EV_CLOSED);
}

void
tcp_conn_time_wait(struct tcp_conn *c, uint64_t now)
{
	tcp_timers_clear(c);
	leave_round(c);
	release_memory(c);
	tcp_conn_leave_backlog(c);
	c->state = TCP_TIME_WAIT;
	c->t->n_time_wait++;
	TAILQ_INSERT_TAIL(&c->t->time_wait, c, life_link);
	tcp_timer_set(c, TCP_TIMER_LIFE, now + c->t->cfg.time_wait);
	tcp_count(c->t, TCP_CONN_CLOSED);
	c->err = 0;
	c->events &= TCP_EV_CONNECTED | TCP_EV_ACKED;
	if (c->ops != NULL)
		tcp_conn_event(c, TCP_EV_CLOSED);
}

void
tcp_conn_reject(struct tcp_conn *c, uint64_t now)
{
	c->ops = NULL;
	c->events = 0;
	if (c->state == TCP_CLOSED)
		bury(c);
	else
		tcp_conn_reset(c, -ECONNABORTED, now);
}

void
tcp_conn_forget(struct tcp_conn *c)
{
	c->ops = NULL;
	c->events = 0;
	if (c->state == TCP_CLOSED && !c->is_dead)
		bury(c);
	else
		tcp_conn_end(c, -ECONNABORTED);
}

static bool
take_event(struct tcp_conn *c, enum tcp_event ev)
{
	if ((c->events & ev) == 0)
		return false;
	c->events &= (uint8_t)~ev;
	return true;
}

static void
accept_conn(struct tcp_conn *c, uint64_t now)
{
	struct tcp_listener *l = c->listener;

	if (l->accept(c, l->user, now) == 0 && c->ops != NULL)
		return;
	if (c->is_dead)
		return;
	tcp_count(c->t, TCP_CONN_REJECTED);
	tcp_conn_reject(c, now);
}

static void
close_conn(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_ops *ops = c->ops;

	c->ops = NULL;
	if (c->state == TCP_CLOSED)
		bury(c);
	/* in TIME-WAIT the block may be taken for another connection in the callback: nothing touches it after */
	ops->closed(c, c->user, c->err, now);
}

void
tcp_conn_tell(struct tcp_conn *c, uint64_t now)
{
	if (c->is_listed) {
		TAILQ_REMOVE(&c->t->event, c, event_link);
		c->is_listed = false;
	}
	/* each callback may abort the connection: it is dead then, and no event is left */
	if (take_event(c, TCP_EV_ACCEPT))
		accept_conn(c, now);
	if (take_event(c, TCP_EV_CONNECTED))
		c->ops->connected(c, c->user, now);
	if (take_event(c, TCP_EV_READABLE))
		c->ops->readable(c, c->user, now);
	if (take_event(c, TCP_EV_ACKED))
		c->ops->acked(c, c->user, now);
	if (take_event(c, TCP_EV_CLOSED))
		close_conn(c, now);
}

void
tcp_conns_tell(struct tcp *t, uint64_t now)
{
	struct tcp_conn *c;

	while ((c = TAILQ_FIRST(&t->event)) != NULL)
		tcp_conn_tell(c, now);
}
