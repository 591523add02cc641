/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zero-copy acknowledgements that the peer asked for (7), and keepalive: NOOPs. Acknowledgements are held until a
 * BULK_IN exists (T6), merged while it cannot send, and dropped when the connections go down (T8).
 */
#include "drivers/socklnd/priv.h"

#include <errno.h>

/* Return: 0, -ENOMEM or -EPIPE: nothing was sent. */
static int
send_noop(struct socklnd_conn *c, uint64_t cookie0, uint64_t cookie1, uint64_t now)
{
	const struct socklnd_ksock k = {
		.type = SOCKLND_MSG_NOOP,
		.cookie0 = cookie0,
		.cookie1 = cookie1,
	};
	uint8_t wire[SOCKLND_KSOCK_SIZE];
	bool was_active = socklnd_tx_active(c);
	struct buf b;
	int rc;

	socklnd_ksock_encode(&k, wire);
	buf_init(&b);
	rc = buf_copy_in(&b, c->sc->mem, wire, sizeof(wire));
	if (rc == 0)
		rc = tcp_send(c->tcp, &b, false, now);
	if (rc < 0) {
		buf_release(&b, c->sc->mem);
		socklnd_count(c->sc, SOCKLND_NO_MEMORY);
		c->retry = true;
	} else {
		socklnd_count(c->sc, SOCKLND_TX_NOOPS);
		c->noops++;
		c->noop_mark = tcp_queued(c->tcp);
		c->tx_used = now;
		if (!was_active)
			c->tx_last = now;
	}
	socklnd_conn_arm(c, now);
	return rc;
}

/* No BULK_IN in a reasonable time, or no room to hold more: receivers take acknowledgements from any connection (7.2). */
static struct socklnd_conn *
fallback(const struct socklnd_peer *p, uint64_t now)
{
	struct socklnd_conn *c, *any = NULL;

	if (now < p->acks_since + SOCKLND_ACK_HOLD_NS && p->acks.n < SOCKLND_ACKS_MAX)
		return NULL;
	TAILQ_FOREACH(c, &p->conns, peer_link) {
		if (c->type == SOCKLND_CONTROL)
			return c;
		if (c->type == SOCKLND_BULK_OUT)
			any = c;
	}
	return any;
}

void
socklnd_ack_flush(struct socklnd_peer *p, uint64_t now)
{
	const struct socklnd_proto *proto = socklnd_proto(p->version);
	uint64_t cookie0, cookie1;
	struct socklnd_conn *c;
	bool late;

	while (proto != NULL && socklnd_ackset_next(&p->acks, !proto->typed, &cookie0, &cookie1)) {
		c = socklnd_choose_noop(p);
		late = c == NULL;
		if (late)
			c = fallback(p, now);
		if (c == NULL) {
			socklnd_peer_arm(p, p->acks_since + SOCKLND_ACK_HOLD_NS);
			return;
		}
		/* a peer that does not read them gets no more: the rest merges meanwhile */
		if (c->noops >= SOCKLND_NOOPS_MAX || send_noop(c, cookie0, cookie1, now) < 0)
			return;
		socklnd_ackset_pop(&p->acks, !proto->typed);
		if (late)
			socklnd_count(c->sc, SOCKLND_ZC_FALLBACK);
	}
}

int
socklnd_ack_due(struct socklnd_conn *c, uint64_t cookie, uint64_t now)
{
	struct socklnd_peer *p = c->peer;
	int rc;

	if (cookie == 0)
		return 0;
	/* an acknowledgement of this one would be a keepalive */
	if (cookie == SOCKLND_COOKIE_KEEPALIVE)
		return -EPROTO;
	if (p->acks.n == 0)
		p->acks_since = now;
	rc = socklnd_ackset_add(&p->acks, cookie);
	if (rc == -ENOSPC) {
		socklnd_ack_flush(p, now);
		rc = socklnd_ackset_add(&p->acks, cookie);
	}
	/* asked for twice, acknowledged once */
	if (rc == -EEXIST)
		return 0;
	if (rc < 0)
		return -EPROTO;
	socklnd_count(c->sc, SOCKLND_ZC_DUE);
	return 0;
}

void
socklnd_ack_drop(struct socklnd_peer *p)
{
	unsigned int i;

	for (i = 0; i < p->acks.n; i++)
		socklnd_count_n(p->nc->sc, SOCKLND_ZC_DROPPED,
				p->acks.range[i].hi - p->acks.range[i].lo + 1);
	socklnd_ackset_clear(&p->acks);
}

uint64_t
socklnd_keepalive(struct socklnd_peer *p, uint64_t now)
{
	const struct socklnd_proto *proto = socklnd_proto(p->version);
	int interval_s = p->nc->sc->s->cfg.keepalive_s;
	struct socklnd_conn *c;
	uint64_t due;

	if (interval_s <= 0 || p->n_conns == 0 || proto == NULL || !proto->typed)
		return TIMER_NONE;
	due = p->last_alive + (uint64_t)interval_s * NS_PER_SEC;
	if (due < p->last_keepalive + SOCKLND_KEEPALIVE_MIN_NS)
		due = p->last_keepalive + SOCKLND_KEEPALIVE_MIN_NS;
	if (now < due)
		return due;
	p->last_keepalive = now;
	c = socklnd_choose_noop(p);
	if (c != NULL && !socklnd_tx_active(c) &&
	    send_noop(c, 0, SOCKLND_COOKIE_KEEPALIVE, now) == 0)
		socklnd_count(c->sc, SOCKLND_TX_KEEPALIVES);
	return now + SOCKLND_KEEPALIVE_MIN_NS;
}
