/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory model's LND and receive credits: parse, wait, receive, deadlines. */
#include "tests/sim/memory_model_priv.h"

#include <stdlib.h>

static struct mm_pool *
pool_of(struct mm *m, const struct mm_msg *msg)
{
	return &m->pools[ledger_routed_account(msg->len) - LEDGER_ROUTED_TINY];
}

static bool
is_stopped(const struct mm *m, const struct mm_msg *msg)
{
	return stall_is_stopped(&m->hops[msg->hop].stall);
}

void
mm_through(struct mm *m, struct mm_conn *c)
{
	uint64_t *gap = c->is_bulk ? &m->res->gap_bulk : &m->res->gap_control;

	/* what is left at the end has nothing behind it */
	if (m->now <= m->conf.duration && m->now - c->last_through > *gap && !c->is_silent)
		*gap = m->now - c->last_through;
	c->last_through = m->now;
}

void
mm_msg_free(struct mm *m, struct mm_msg *msg)
{
	mm_chain_free(m, &msg->payload);
	if (msg->header != NULL)
		mm_mbuf_put(m, msg->header);
	if (msg->reserved > 0)
		ledger_give(&m->ledger, msg->account, msg->reserved);
	m->live_msgs--;
	free(msg);
}

/* Router buffer and peer router credit back. */
void
mm_rx_release(struct mm *m, struct mm_msg *msg)
{
	pool_of(m, msg)->credits++;
	m->peers[m->conns[msg->conn].sender].credits++;
	m->dirty = true;
}

void
mm_drop(struct mm *m, struct mm_msg *msg, enum mm_drop reason)
{
	m->res->dropped[reason]++;
	if (reason == MM_DROP_STOPPED || reason == MM_DROP_STALLED)
		mm_through(m, &m->conns[msg->conn]);
	mm_msg_free(m, msg);
}

/* --- receiving --- */

static void
start_payload(struct mm *m, struct mm_conn *c, enum mm_rx_state state)
{
	c->state = state;
	c->left = c->msg->len;
	c->expect = c->left;
	c->granted_at = m->now;
	c->last_byte_at = m->now;
}

/* The order of decisions: drop test, peer router credit, router buffer, reservation, first payload byte. */
static void
admit(struct mm *m, struct mm_conn *c)
{
	struct mm_msg *msg = c->msg;
	struct mm_peer *p = &m->peers[c->sender];
	struct mm_pool *pool = pool_of(m, msg);

	if (is_stopped(m, msg)) {
		if (c->has_peer_credit) {
			p->credits++;
			m->dirty = true;
		}
		c->has_peer_credit = false;
		start_payload(m, c, MM_RX_DISCARD);
		return;
	}
	if (!c->has_peer_credit && p->credits == 0) {
		c->state = MM_RX_WAIT_PEER;
		TAILQ_INSERT_TAIL(&p->waiting, c, wait_link);
		return;
	}
	if (!c->has_peer_credit)
		p->credits--;
	c->has_peer_credit = true;
	if (pool->credits == 0) {
		c->state = MM_RX_WAIT_POOL;
		TAILQ_INSERT_TAIL(&pool->waiting, c, wait_link);
		return;
	}
	pool->credits--;
	c->has_peer_credit = false; /* the message's from now on */
	msg->account = ledger_routed_account(msg->len);
	msg->reserved = ledger_routed_size(&m->ledger.plan, msg->len);
	if (ledger_take(&m->ledger, msg->account, msg->reserved) < 0) {
		m->res->unpaid++;
		msg->reserved = 0;
	}
	start_payload(m, c, MM_RX_PAYLOAD);
}

static void
parse(struct mm *m, struct mm_conn *c)
{
	c->msg = TAILQ_FIRST(&c->outbox);
	if (c->msg == NULL || c->taken != c->msg->end - c->msg->len)
		abort(); /* the model lost count of the stream */
	TAILQ_REMOVE(&c->outbox, c->msg, link);
	admit(m, c);
}

static void
pack(struct mm *m, struct mm_msg *msg, uint32_t len)
{
	uint32_t n;

	m->res->packed++;
	while (len > 0) {
		if (msg->pack == NULL || msg->pack->end == msg->pack->room) {
			msg->pack = mm_mbuf_get(m, m->conf.ledger.mbuf_room);
			if (msg->pack == NULL) {
				m->res->no_mbuf++;
				return;
			}
			mm_chain_add(&msg->payload, msg->pack, 0);
		}
		n = msg->pack->room - msg->pack->end;
		n = n < len ? n : len;
		msg->pack->end += n;
		msg->payload.tail->len += n;
		msg->payload.bytes += n;
		len -= n;
	}
}

static void
take_slice(struct mm *m, struct mm_conn *c)
{
	struct mm_msg *msg = c->msg;
	uint32_t size = m->conf.ledger.mbuf_size;
	struct mm_mbuf *mb;
	bool whole;
	uint32_t n = mm_chain_cut(&c->queue, c->left, &mb, &whole);

	c->left -= n;
	c->taken += n;
	c->expect -= n;
	if (c->state == MM_RX_DISCARD) {
		mm_mbuf_put(m, mb);
	} else if (ledger_must_pack(&m->ledger.plan, msg->reserved,
				    (uint64_t)(msg->payload.n + 1) * size, c->left)) {
		pack(m, msg, n);
		mm_mbuf_put(m, mb);
	} else {
		mm_chain_add(&msg->payload, mb, n);
		msg->pack = NULL;
	}
	if ((uint64_t)(msg->payload.n + 1) * size > msg->reserved && c->state == MM_RX_PAYLOAD)
		m->res->unpaid++;
	if (whole)
		ledger_conn_give(&m->ledger, &c->ledger, size);
}

static void
take_header(struct mm *m, struct mm_conn *c)
{
	uint32_t left = MM_HEADER;
	struct mm_mbuf *mb;
	bool whole;

	while (left > 0) {
		uint32_t n = mm_chain_cut(&c->queue, left, &mb, &whole);

		left -= n;
		c->taken += n;
		mm_mbuf_put(m, mb);
		if (whole)
			ledger_conn_give(&m->ledger, &c->ledger, m->conf.ledger.mbuf_size);
	}
	parse(m, c);
}

static void
received(struct mm *m, struct mm_conn *c)
{
	struct mm_msg *msg = c->msg;

	c->msg = NULL;
	if (c->state == MM_RX_DISCARD) {
		c->state = MM_RX_HEADER;
		mm_drop(m, msg, MM_DROP_STOPPED);
		return;
	}
	c->state = MM_RX_HEADER;
	msg->header = mm_mbuf_get(m, m->conf.ledger.mbuf_room);
	if (msg->header == NULL)
		m->res->no_mbuf++;
	mm_forward(m, msg);
}

void
mm_lnd_receive(struct mm *m, struct mm_conn *c)
{
	uint64_t before = c->taken;

	for (;;) {
		if (c->state == MM_RX_HEADER && c->queue.bytes >= MM_HEADER) {
			take_header(m, c);
		} else if (c->state == MM_RX_PAYLOAD || c->state == MM_RX_DISCARD) {
			while (c->left > 0 && c->queue.head != NULL)
				take_slice(m, c);
			if (c->left > 0)
				break;
			received(m, c);
		} else {
			break;
		}
	}
	if (c->taken != before)
		c->last_byte_at = m->now;
	if (c->state != MM_RX_CLOSED)
		mm_tcp_window(m, c);
}

/* --- deadlines --- */

static void
close_conn(struct mm *m, struct mm_conn *c)
{
	struct mm_msg *msg;

	if (c->state == MM_RX_WAIT_PEER)
		TAILQ_REMOVE(&m->peers[c->sender].waiting, c, wait_link);
	if (c->state == MM_RX_WAIT_POOL)
		TAILQ_REMOVE(&pool_of(m, c->msg)->waiting, c, wait_link);
	if (c->has_peer_credit)
		m->peers[c->sender].credits++;
	if (c->state == MM_RX_PAYLOAD)
		mm_rx_release(m, c->msg);
	if (c->msg != NULL)
		mm_drop(m, c->msg, MM_DROP_RX_DEADLINE);
	c->msg = NULL;
	while ((msg = TAILQ_FIRST(&c->outbox)) != NULL) {
		TAILQ_REMOVE(&c->outbox, msg, link);
		mm_drop(m, msg, MM_DROP_RX_DEADLINE);
	}
	m->res->live_closed += !c->is_silent;
	m->dirty = true;
	mm_tcp_close(m, c);
}

static bool
is_silent_for(const struct mm *m, const struct mm_conn *c, uint64_t ns)
{
	return m->now - c->last_byte_at >= ns;
}

/*
 * A message that has begun must move. One that holds a buffer may be silent for half the timeout only, for the
 * senders that wait for it give up after a whole one, and must be whole within it. A message that waits for us has
 * no clock.
 */
static bool
is_overdue(const struct mm *m, const struct mm_conn *c)
{
	uint64_t timeout = m->conf.rx_timeout;

	switch (c->state) {
	case MM_RX_HEADER:
		return c->queue.bytes > 0 && is_silent_for(m, c, timeout);
	case MM_RX_PAYLOAD:
		return m->now - c->granted_at >= timeout || is_silent_for(m, c, timeout / 2);
	case MM_RX_DISCARD:
		return is_silent_for(m, c, timeout);
	default:
		return false;
	}
}

void
mm_lnd_scan(struct mm *m)
{
	unsigned int i;

	for (i = 0; i < m->n_conns; i++)
		if (is_overdue(m, &m->conns[i]))
			close_conn(m, &m->conns[i]);
}

/* --- credits that came back wake who waits, in order --- */

static bool
wake(struct mm *m, struct mm_conns *waiting, const unsigned int *credits)
{
	struct mm_conn *c;
	bool woken = false;

	while ((c = TAILQ_FIRST(waiting)) != NULL && (*credits > 0 || is_stopped(m, c->msg))) {
		TAILQ_REMOVE(waiting, c, wait_link);
		admit(m, c);
		mm_lnd_receive(m, c);
		woken = true;
	}
	return woken;
}

void
mm_settle(struct mm *m)
{
	bool again;
	unsigned int i;

	if (!m->dirty)
		return;
	do {
		again = mm_wake_transmit(m);
		for (i = 0; i < 3; i++)
			again |= wake(m, &m->pools[i].waiting, &m->pools[i].credits);
		for (i = 0; i < m->conf.senders; i++)
			again |= wake(m, &m->peers[i].waiting, &m->peers[i].credits);
	} while (again);
	m->dirty = false;
}
