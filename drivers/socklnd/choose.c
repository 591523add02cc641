/* SPDX-License-Identifier: BSD-3-Clause */
/* Which connection carries what (8.1), and which of several (8.2). */
#include "drivers/socklnd/priv.h"

enum rating {
	NO,
	MAY, /* fallback */
	YES,
};

struct rule {
	enum rating small, large;
};

/* By our type of the connection. V1 and V2 know no type that must not carry a message. */
static const struct rule untyped[SOCKLND_TYPES] = {
	[SOCKLND_ANY] = {YES, YES},
	[SOCKLND_CONTROL] = {YES, MAY},
	[SOCKLND_BULK_IN] = {MAY, MAY},
	[SOCKLND_BULK_OUT] = {MAY, YES},
};

/* On BULK_IN the peer must only find NOOPs: they may not wait behind a message without a buffer (T7). */
static const struct rule typed[SOCKLND_TYPES] = {
	[SOCKLND_ANY] = {NO, NO},
	[SOCKLND_CONTROL] = {YES, MAY},
	[SOCKLND_BULK_IN] = {NO, NO},
	[SOCKLND_BULK_OUT] = {MAY, YES},
};

static enum rating
rate(const struct socklnd_conn *c, uint32_t size)
{
	const struct rule *r = c->proto->typed ? &typed[c->type] : &untyped[c->type];

	return size < (uint32_t)c->sc->s->cfg.min_bulk ? r->small : r->large;
}

static uint64_t
load(const struct socklnd_conn *c)
{
	return c->txq_bytes + tcp_queued(c->tcp) - tcp_acked(c->tcp);
}

/* Is @a better than @b, which comes first in the list? Equal load: the one that rested longer, or the newest. */
static bool
is_better(const struct socklnd_conn *a, const struct socklnd_conn *b)
{
	uint64_t la = load(a), lb = load(b);

	if (la != lb)
		return la < lb;
	return a->sc->s->cfg.round_robin != 0 && a->tx_used < b->tx_used;
}

struct socklnd_conn *
socklnd_choose(const struct socklnd_peer *p, const struct lnet_msg *msg)
{
	struct socklnd_conn *c, *best = NULL;
	enum rating r, best_rating = NO;

	TAILQ_FOREACH(c, &p->conns, peer_link) {
		r = rate(c, c->proto->ksock_size + c->proto->lnet_size + msg->hdr.payload_len);
		if (r == NO || r < best_rating)
			continue;
		if (best == NULL || r > best_rating || is_better(c, best)) {
			best = c;
			best_rating = r;
		}
	}
	return best;
}

static bool
may_carry_noop(const struct socklnd_conn *c)
{
	if (c->proto->typed)
		return c->type == SOCKLND_BULK_IN;
	return c->proto->ksock_size > 0;
}

struct socklnd_conn *
socklnd_choose_noop(const struct socklnd_peer *p)
{
	struct socklnd_conn *c, *best = NULL;

	TAILQ_FOREACH(c, &p->conns, peer_link)
		if (may_carry_noop(c) && (best == NULL || is_better(c, best)))
			best = c;
	return best;
}
