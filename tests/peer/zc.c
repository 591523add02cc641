/* SPDX-License-Identifier: BSD-3-Clause */
/* Zero-copy cookies of a peer: requests that we sent, acknowledgements that we owe. */
#include "options.h"
#include "peer.h"

#include <errno.h>

void
zc_assign(struct peer *p, struct msg *m)
{
	m->cookie0 = p->next_cookie++;
	if (p->next_cookie == 0)
		p->next_cookie = FIRST_COOKIE;
	m->deadline = p->node->loop.now + p->node->opt->lnd_timeout_s * NSEC_PER_SEC;
	COUNT(p->node, zc_requests_sent);
}

/*
 * One cookie. A message may be acknowledged before the last of it has left our own buffer's
 * bookkeeping.
 */
static int
acked_one(struct peer *p, uint64_t cookie)
{
	struct conn *c;
	struct msg *m;

	TAILQ_FOREACH(m, &p->unacked, link) {
		if (m->cookie0 != cookie)
			continue;
		TAILQ_REMOVE(&p->unacked, m, link);
		COUNT(p->node, zc_acks_received);
		msg_done(p->node, m, 0);
		return 0;
	}
	TAILQ_FOREACH(c, &p->conns, peer_link) {
		TAILQ_FOREACH(m, &c->tx.buffered, link) {
			if (m->cookie0 != cookie || m->is_noop)
				continue;
			m->cookie0 = 0;
			COUNT(p->node, zc_acks_received);
			return 0;
		}
	}
	COUNT(p->node, unknown_cookie);
	return -EPROTO;
}

int
zc_acked(struct peer *p, const struct ksock_hdr *k)
{
	uint64_t a = k->cookie0, b = k->cookie1;

	if (k->type == KSOCK_LNET)
		return b == 0 ? 0 : acked_one(p, b);
	if (b == 0 && a == 0)
		return 0;
	if (b == KEEPALIVE_COOKIE || b == 0) {
		COUNT(p->node, keepalives_received);
		return a > KEEPALIVE_COOKIE ? -EPROTO : 0;
	}
	if (a == 0)
		return acked_one(p, b);
	if (a > b)
		return acked_one(p, a) < 0 || acked_one(p, b) < 0 ? -EPROTO : 0;
	for (; a <= b; a++) {
		if (acked_one(p, a) < 0)
			return -EPROTO;
	}
	return 0;
}

void
zc_due(struct peer *p, uint64_t cookie)
{
	COUNT(p->node, zc_requests_received);
	if (p->n_due == MAX_DUE_ACKS) /* more than any sender may have outstanding */
		return;
	p->due[p->n_due++] = cookie;
	zc_flush(p);
}

/* The connection for acknowledgements: BULK_IN; without one, and with none on its way, any. */
static struct conn *
ack_conn(struct peer *p)
{
	struct conn *c, *any = NULL;

	TAILQ_FOREACH(c, &p->conns, peer_link) {
		if (c->type == (p->version >= 3 ? CONN_BULK_IN : CONN_CONTROL))
			return c;
		any = c;
	}
	return p->is_dialling ? NULL : any;
}

/* Take the first cookies that fit into one NOOP: a run, a pair, or one. V2 knows only one. */
static struct msg *
ack_msg(struct peer *p, uint32_t *at)
{
	uint64_t first = p->due[*at];
	uint64_t last = first;
	uint64_t other;

	(*at)++;
	if (p->version < 3)
		return msg_noop(0, first);
	while (*at < p->n_due && p->due[*at] == last + 1) {
		last++;
		(*at)++;
	}
	if (last > first)
		return msg_noop(first, last);
	if (*at == p->n_due)
		return msg_noop(0, first);
	other = p->due[(*at)++];
	return first > other ? msg_noop(first, other) : msg_noop(other, first);
}

void
zc_flush(struct peer *p)
{
	struct conn *c = ack_conn(p);
	uint32_t at = 0;

	/*
	 * while the connection is busy they gather and merge; stream_tx.c calls again when it is
	 * idle
	 */
	if (c == NULL || p->n_due == 0 || c->tx.queued_bytes > 0)
		return;
	COUNT_ADD(p->node, zc_acks_sent, p->n_due);
	while (c->state == CONN_RUNNING && at < p->n_due)
		stream_queue(c, ack_msg(p, &at));
	p->n_due = 0;
}

void
zc_reset(struct peer *p, int err)
{
	p->n_due = 0;
	msg_list_done(p->node, &p->unacked, err);
}
