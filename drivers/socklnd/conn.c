/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections: their objects, what TCP calls, their deadlines (10.1) and their end. Everything runs on the worker that
 * owns the TCP engine.
 */
#include "drivers/socklnd/priv.h"
#include "lnet/base/check.h"
#include "lnet/base/pool.h"

#include <errno.h>
#include <string.h>

static void on_timer(struct timer *t, uint64_t now);

struct socklnd_conn *
socklnd_conn_new(struct socklnd_cpt *sc, enum socklnd_conn_state state)
{
	struct socklnd_conn *c = pool_get(sc->s->conns);

	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->sc = sc;
	c->state = state;
	c->timer.fire = on_timer;
	TAILQ_INIT(&c->txq);
	TAILQ_INIT(&c->early);
	TAILQ_INIT(&c->late);
	TAILQ_INSERT_TAIL(&sc->conns, c, link);
	sc->n_conns++;
	return c;
}

void
socklnd_conn_set_ni(struct socklnd_conn *c, struct socklnd_ni_cpt *nc)
{
	c->nc = nc;
	nc->n_conns++;
}

void
socklnd_conn_free(struct socklnd_conn *c)
{
	struct socklnd_cpt *sc = c->sc;

	timer_disarm(&sc->lc->wheel, &c->timer);
	if (c->ready)
		TAILQ_REMOVE(&sc->rx_ready, c, ready_link);
	if (c->nc != NULL)
		c->nc->n_conns--;
	TAILQ_REMOVE(&sc->conns, c, link);
	sc->n_conns--;
	pool_put(sc->s->conns, c);
}

void
socklnd_conn_hold(struct socklnd_conn *c)
{
	c->hold++;
}

void
socklnd_conn_release(struct socklnd_conn *c)
{
	c->hold--;
	/* LNet may still hold it as the token of a message whose payload it has not asked for */
	if (c->hold == 0 && c->state == CONN_DEAD && c->rx_state != RX_WAIT)
		socklnd_conn_free(c);
}

bool
socklnd_conn_fill(struct socklnd_conn *c, uint64_t now)
{
	uint32_t n = c->need - c->have;
	uint32_t there = tcp_rx_len(c->tcp);

	if (n > there)
		n = there;
	if (n > 0 && tcp_rx_peek(c->tcp, 0, c->head + c->have, n) == 0) {
		c->have += tcp_rx_discard(c->tcp, n, now);
		c->rx_last = now;
	}
	return c->have == c->need;
}

static void
leave_handshake(struct socklnd_conn *c)
{
	if (c->state == CONN_REQUEST || c->state == CONN_HELLO)
		fair_remove(&c->sc->handshakes, &c->handshake);
}

void
socklnd_conn_run(struct socklnd_conn *c, uint64_t now)
{
	struct socklnd_peer *p = c->peer;

	leave_handshake(c);
	c->state = CONN_RUNNING;
	timer_disarm(&c->sc->lc->wheel, &c->timer);
	TAILQ_INSERT_HEAD(&p->conns, c, peer_link);
	p->n_conns++;
	p->error = 0;
	p->last_alive = now;
	c->acked = tcp_acked(c->tcp);
	c->tx_last = now;
	socklnd_rx_start(c, now);
	socklnd_conn_arm(c, now);
	socklnd_peer_arm(p, socklnd_keepalive(p, now));
	socklnd_count(c->sc, c->active ? SOCKLND_DIALLED : SOCKLND_ACCEPTED);
}

void
socklnd_conn_linger(struct socklnd_conn *c, uint64_t deadline)
{
	if (c->timer.armed && c->timer.deadline <= deadline)
		return;
	timer_arm(&c->sc->lc->wheel, &c->timer, deadline);
}

/* End the stream; @abort: nothing that TCP still holds may go out. TCP may be gone when this returns. */
static void
shut(struct socklnd_conn *c, bool abort, uint64_t now)
{
	leave_handshake(c);
	c->peer = NULL;
	timer_disarm(&c->sc->lc->wheel, &c->timer);
	if (c->tcp == NULL) {
		c->state = CONN_DEAD;
		return;
	}
	c->state = CONN_CLOSING;
	socklnd_conn_linger(c,
			    now +
				    (c->nc != NULL && c->nc->stopping ? SOCKLND_STOP_LINGER_NS
								      : SOCKLND_LINGER_NS));
	if (abort)
		tcp_abort(c->tcp, now);
	else
		tcp_close(c->tcp, now);
}

void
socklnd_conn_end(struct socklnd_conn *c, uint64_t now)
{
	socklnd_conn_hold(c);
	shut(c, c->state == CONN_CONNECTING, now);
	socklnd_conn_release(c);
}

void
socklnd_conn_displace(struct socklnd_conn *c, uint64_t now)
{
	socklnd_conn_hold(c);
	shut(c, true, now);
	socklnd_conn_release(c);
}

/*
 * The order that 13.3 asks for: no new message can choose it (done), TCP stops, messages and a half-received one
 * complete. A connection with unfinished messages is reset: nothing of a message that was reported failed may
 * drain afterwards.
 */
static void
end_running(struct socklnd_conn *c, int err, uint64_t now)
{
	bool abort = socklnd_tx_started(c);

	if (abort)
		shut(c, true, now);
	socklnd_tx_flush(c, err, now);
	if (!abort)
		shut(c, false, now);
	socklnd_rx_abort(c, now);
	socklnd_count(c->sc,
		      err == 0 || err == -ENETDOWN ? SOCKLND_CONNS_CLOSED : SOCKLND_CONNS_FAILED);
}

void
socklnd_conns_close(struct socklnd_peer *p, const struct ipaddr *remote, int err, uint64_t now)
{
	struct socklnd_conns closing = TAILQ_HEAD_INITIALIZER(closing);
	struct socklnd_conn *c, *next;

	/* all leave the peer first: a message that completes wakes another, which must not choose a sibling */
	for (c = TAILQ_FIRST(&p->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, peer_link);
		if (remote != NULL && !ipaddr_equal(remote, &c->flow.remote))
			continue;
		TAILQ_REMOVE(&p->conns, c, peer_link);
		p->n_conns--;
		c->state = CONN_CLOSING;
		c->peer = NULL;
		socklnd_conn_hold(c);
		TAILQ_INSERT_TAIL(&closing, c, peer_link);
	}
	if (TAILQ_EMPTY(&closing))
		return;
	socklnd_peer_hold(p);
	p->error = err;
	/* the peer aborts its requests when their connections close: an ack would be one of an unknown cookie (T8) */
	socklnd_ack_drop(p);
	while ((c = TAILQ_FIRST(&closing)) != NULL) {
		TAILQ_REMOVE(&closing, c, peer_link);
		end_running(c, err, now);
		socklnd_conn_release(c);
	}
	if (p->n_conns == 0)
		socklnd_peer_down(p, now);
	socklnd_peer_release(p, now);
}

void
socklnd_conn_fail(struct socklnd_conn *c, int err, uint64_t now)
{
	struct ipaddr remote = c->flow.remote;

	if (c->state == CONN_RUNNING)
		socklnd_conns_close(c->peer, &remote, err, now);
}

/* --- deadlines --- */

/*
 * When a message that has begun has to have moved on. None while it waits for a buffer: that is our doing, and a hop that
 * stopped would cost all live senders their connections. One that holds a buffer keeps others from it: half of the time for
 * silence, and all of it for the whole message (doc/memory.md).
 */
static uint64_t
rx_deadline(const struct socklnd_conn *c, uint64_t timeout)
{
	uint64_t silence = c->rx_last + timeout / 2, whole = c->rx_granted + timeout;

	if (!socklnd_rx_started(c) || c->rx_state == RX_WAIT)
		return TIMER_NONE;
	if (c->rx_msg == NULL)
		return c->rx_last + timeout;
	return silence < whole ? silence : whole;
}

void
socklnd_conn_arm(struct socklnd_conn *c, uint64_t now)
{
	uint64_t t = TIMER_NONE, timeout, rx;

	if (c->state != CONN_RUNNING || c->tcp == NULL)
		return;
	timeout = socklnd_timeout(c);
	rx = rx_deadline(c, timeout);
	if (socklnd_tx_active(c))
		t = c->tx_last + timeout;
	if (rx < t)
		t = rx;
	if (c->retry && now + SOCKLND_RETRY_NS < t)
		t = now + SOCKLND_RETRY_NS;
	/* one that fires early looks again: most deadlines move on before they are reached */
	if (t != TIMER_NONE && (!c->timer.armed || t < c->timer.deadline))
		timer_arm(&c->sc->lc->wheel, &c->timer, t);
}

static void
check_deadlines(struct socklnd_conn *c, uint64_t now)
{
	char nid[LNET_NID_STR_MAX];
	uint64_t timeout = socklnd_timeout(c);

	if (c->retry) {
		c->retry = false;
		socklnd_tx_push(c, now);
		socklnd_rx_run(c, now);
		if (c->state == CONN_RUNNING)
			socklnd_ack_flush(c->peer, now);
	}
	if (c->state != CONN_RUNNING)
		return;
	if (socklnd_tx_active(c) && now >= c->tx_last + timeout) {
		socklnd_complain(
			c->sc, SOCKLND_TX_TIMEOUT, now, "%s: no progress in sending for %u s",
			lnet_nid_format(&c->peer->nid, nid), (unsigned int)(timeout / NS_PER_SEC));
		socklnd_conn_fail(c, -ETIMEDOUT, now);
	} else if (now >= rx_deadline(c, timeout)) {
		socklnd_complain(
			c->sc, SOCKLND_RX_TIMEOUT, now,
			"%s: a message does not arrive to its end (%u of %u bytes are missing)",
			lnet_nid_format(&c->peer->nid, nid), c->rx_left + c->rx_skip,
			c->hdr.payload_len);
		socklnd_conn_fail(c, -ETIMEDOUT, now);
	} else {
		socklnd_conn_arm(c, now);
	}
}

static void
on_timer(struct timer *t, uint64_t now)
{
	struct socklnd_conn *c =
		(struct socklnd_conn *)((char *)t - offsetof(struct socklnd_conn, timer));
	char addr[IPADDR_STR_MAX];

	socklnd_conn_hold(c);
	switch (c->state) {
	case CONN_REQUEST:
	case CONN_HELLO:
		socklnd_complain(c->sc, SOCKLND_HELLO_TIMEOUT, now,
				 "%s: handshake not finished in time",
				 ipaddr_format(&c->flow.remote, addr));
		socklnd_conn_end(c, now);
		break;
	case CONN_CONNECTING:
	case CONN_REPLY:
		socklnd_dial_failed(c->peer, -ETIMEDOUT, now);
		break;
	case CONN_RUNNING:
		check_deadlines(c, now);
		break;
	case CONN_CLOSING:
		tcp_abort(c->tcp, now);
		break;
	case CONN_DEAD:
		break;
	}
	socklnd_conn_release(c);
}

/* --- what TCP calls --- */

static void
on_connected(struct tcp_conn *tc, void *user, uint64_t now)
{
	struct socklnd_conn *c = user;

	socklnd_conn_hold(c);
	if (c->state == CONN_CONNECTING)
		socklnd_hello_dial(c, now);
	socklnd_conn_release(c);
}

static void
on_readable(struct tcp_conn *tc, void *user, uint64_t now)
{
	struct socklnd_conn *c = user;

	socklnd_conn_hold(c);
	switch (c->state) {
	case CONN_REQUEST:
		socklnd_accept_readable(c, now);
		break;
	case CONN_HELLO:
	case CONN_REPLY:
		socklnd_hello_readable(c, now);
		break;
	case CONN_RUNNING:
		socklnd_rx_run(c, now);
		break;
	case CONN_CLOSING:
		/* nobody wants it; else the peer's FIN would stay behind it */
		tcp_rx_discard(tc, UINT32_MAX, now);
		break;
	case CONN_CONNECTING:
	case CONN_DEAD:
		break;
	}
	socklnd_conn_release(c);
}

static void
on_acked(struct tcp_conn *tc, void *user, uint64_t now)
{
	struct socklnd_conn *c = user;

	socklnd_conn_hold(c);
	socklnd_tx_progress(c, now);
	socklnd_conn_release(c);
}

/* TCP has let go of all buffers of this connection. */
static void
give_back_sent(struct socklnd_conn *c)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (c->sent[i].bytes > 0)
			ledger_give(&c->sc->lc->ledger, LEDGER_SENT, c->sent[i].bytes);
		c->sent[i].bytes = 0;
	}
}

static void
on_closed(struct tcp_conn *tc, void *user, int err, uint64_t now)
{
	struct socklnd_conn *c = user;
	char nid[LNET_NID_STR_MAX];

	socklnd_conn_hold(c);
	c->tcp = NULL;
	give_back_sent(c);
	switch (c->state) {
	case CONN_REQUEST:
	case CONN_HELLO:
		socklnd_count(c->sc, SOCKLND_HELLO_EOF);
		socklnd_conn_end(c, now);
		break;
	case CONN_CONNECTING:
	case CONN_REPLY:
		socklnd_dial_failed(c->peer, err != 0 ? err : -ECONNRESET, now);
		break;
	case CONN_RUNNING:
		socklnd_complain(c->sc, SOCKLND_CONN_RESET, now, "%s: connection lost: %s",
				 lnet_nid_format(&c->peer->nid, nid), strerror(-err));
		socklnd_conn_fail(c, err != 0 ? err : -ECONNRESET, now);
		break;
	case CONN_CLOSING:
	case CONN_DEAD:
		break;
	}
	c->state = CONN_DEAD;
	timer_disarm(&c->sc->lc->wheel, &c->timer);
	socklnd_conn_release(c);
}

const struct tcp_ops socklnd_tcp_ops = {
	.connected = on_connected,
	.readable = on_readable,
	.acked = on_acked,
	.closed = on_closed,
};
