/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection blocks: where they come from, how they are found, how they end and what their users are told. */
#include "drivers/tcp/tcp_priv.h"
#include "lnet/base/bytes.h"

#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RECENT_BITS 6 /* slots in which flows of the burst at hand are remembered */
#define TABLE_MIN 8 /* entries that rte_hash wants at least */

/*
 * Of an IPv4 flow only the 12 bytes that are not zero are hashed. With the seed it stays hard to find flows that share a
 * bucket, which a bare CRC would not do: its collisions are the same for all seeds.
 */
static uint32_t
flow_hash(const void *key, uint32_t len, uint32_t seed)
{
	const struct ip_flow *f = key;
	uint32_t words[(sizeof(struct ip_flow) + 3) / 4] = {0};
	uint32_t local, remote;

	if (f->local.family == IP_V4) {
		memcpy(&local, f->local.bytes, sizeof(local));
		memcpy(&remote, f->remote.bytes, sizeof(remote));
		return rte_jhash_3words(local, remote,
					(uint32_t)f->local_port << 16 | f->remote_port, seed);
	}
	/* the key is no whole number of words at an even address: the hash wants aligned words */
	memcpy(words, key, len);
	return rte_jhash_32b(words, RTE_DIM(words), seed);
}

struct rte_hash *
tcp_flow_table_create(const struct tcp *t, const char *what, unsigned int entries)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters p = {
		.name = name,
		.entries = entries > TABLE_MIN ? entries : TABLE_MIN,
		.key_len = sizeof(struct ip_flow),
		.hash_func = flow_hash,
		.socket_id = t->lc->socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	memcpy(&p.hash_func_init_val, t->cfg.secret, sizeof(p.hash_func_init_val));
	snprintf(name, sizeof(name), "%s_%p", what, (const void *)t);
	return rte_hash_create(&p);
}

int
tcp_conns_create(struct tcp *t)
{
	unsigned int i;

	TAILQ_INIT(&t->free);
	TAILQ_INIT(&t->time_wait);
	TAILQ_INIT(&t->dead);
	TAILQ_INIT(&t->dirty);
	TAILQ_INIT(&t->event);
	t->table = tcp_flow_table_create(t, "tcp", t->cfg.max_conns);
	if (t->table == NULL)
		return -ENOMEM;
	t->conns = rte_calloc_socket("tcp_conns", t->cfg.max_conns, sizeof(*t->conns),
				     RTE_CACHE_LINE_SIZE, t->lc->socket);
	if (t->conns == NULL) {
		rte_hash_free(t->table);
		return -ENOMEM;
	}
	for (i = 0; i < t->cfg.max_conns; i++)
		TAILQ_INSERT_TAIL(&t->free, &t->conns[i], life_link);
	return 0;
}

void
tcp_conns_destroy(struct tcp *t)
{
	rte_free(t->conns);
	rte_hash_free(t->table);
}

struct tcp_conn *
tcp_conn_find(struct tcp *t, const struct ip_flow *flow)
{
	void *c;

	return rte_hash_lookup_data(t->table, flow, &c) < 0 ? NULL : c;
}

static bool
flow_equal(const struct ip_flow *a, const struct ip_flow *b)
{
	return a->remote_port == b->remote_port && a->local_port == b->local_port &&
		ipaddr_equal(&a->remote, &b->remote) && ipaddr_equal(&a->local, &b->local);
}

/* Where among RECENT the last key of about this flow is kept. */
static unsigned int
recent_slot(const struct ip_flow *f)
{
	uint32_t mix = get_be32(f->remote.bytes) ^ get_be32(f->remote.bytes + 12);

	return ((mix ^ f->remote_port) * UINT32_C(0x9e3779b1)) >> (32 - RECENT_BITS);
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

/*
 * The connections that a burst belongs to, before the first of its segments is processed: with thousands of them none is in
 * the core's caches, and what is asked for at once comes at once. What a receiver needs comes first; who sends as well
 * is read off it when it is there, and what an ACK will release when that is.
 */
static void
fetch_all(struct tcp_conn *const *conns, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		fetch(conns[i], 0, TCP_LINES_RX);
	for (i = 0; i < n; i++) {
		rte_prefetch0(conns[i]->user);
		if (!conns[i]->is_quiet)
			fetch(conns[i], TCP_LINES_RX, TCP_LINES_TX);
	}
	for (i = 0; i < n; i++) {
		if (conns[i]->is_quiet)
			continue;
		rte_prefetch0(TAILQ_FIRST(&conns[i]->tx.segs));
		rte_prefetch0(conns[i]->tx.data.head);
	}
}

void
tcp_conn_find_bulk(struct tcp *t, const struct ip_flow *flows, unsigned int n,
		   struct tcp_conn **conns)
{
	const struct ip_flow *keys[RTE_HASH_LOOKUP_BULK_MAX];
	void *data[RTE_HASH_LOOKUP_BULK_MAX];
	uint8_t key_of[RTE_HASH_LOOKUP_BULK_MAX], recent[1u << RECENT_BITS] = {0};
	struct tcp_conn *known[RTE_HASH_LOOKUP_BULK_MAX];
	unsigned int i, n_keys = 0, n_known = 0;
	uint64_t hits = 0;

	/* most segments of a burst belong to few flows: each is looked up once, if no other took its slot meanwhile */
	for (i = 0; i < n; i++) {
		uint8_t *slot = &recent[recent_slot(&flows[i])];

		if (*slot >= n_keys || !flow_equal(&flows[i], keys[*slot])) {
			*slot = (uint8_t)n_keys;
			keys[n_keys++] = &flows[i];
		}
		key_of[i] = *slot;
	}
	if (rte_hash_lookup_bulk_data(t->table, (const void **)keys, n_keys, &hits, data) < 0)
		hits = 0;
	for (i = 0; i < n_keys; i++) {
		if ((hits >> i & 1) != 0)
			known[n_known++] = data[i];
		else
			data[i] = NULL;
	}
	fetch_all(known, n_known);
	for (i = 0; i < n; i++)
		conns[i] = data[key_of[i]];
}

static void
table_remove(struct tcp_conn *c)
{
	rte_hash_del_key(c->t->table, &c->flow);
	c->t->changes++;
}

void
tcp_conn_leave_backlog(struct tcp_conn *c)
{
	if (c->listener == NULL)
		return;
	if (c->in_backlog)
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
	if (rte_hash_add_key_data(t->table, &c->flow, c) < 0) {
		ledger_conn_close(&t->lc->ledger, &c->account);
		block_put(c);
		tcp_count(t, TCP_CONN_NO_BLOCK);
		return -ENOMEM;
	}
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
