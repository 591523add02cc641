/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages: taken from and given back to the pool of their home CPT. */
#include "lnet/msg.h"

#include "lnet/base/check.h"
#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"
#include "lnet/base/pool.h"
#include "lnet/cpt.h"
#include "lnet/ni.h"
#include "lnet/peer.h"

#include <string.h>

struct lnet_msg *
msg_new(struct lnet_cpt *cpt, enum msg_kind kind, const struct lnet_hdr *hdr)
{
	struct msg_object *o;

	/* a pool may have some more than it was asked for, the rings between workers have not */
	if (cpt->stats.msgs_alloc >= pool_size(cpt->msgs))
		return NULL;
	o = pool_get(cpt->msgs);
	if (o == NULL)
		return NULL;
	memset(o, 0, sizeof(*o));
	o->msg.hdr = *hdr;
	o->msg.deadline = UINT64_MAX;
	o->msg.state = &o->state;
	o->state.kind = kind;
	o->state.home = cpt->index;
	o->state.stat_type = hdr->type;
	counter_add(&cpt->stats.msgs_alloc, 1);
	if (cpt->stats.msgs_alloc > cpt->stats.msgs_max)
		counter_add(&cpt->stats.msgs_max, 1);
	return &o->msg;
}

void
msg_free(struct lnet_cpt *cpt, struct lnet_msg *msg)
{
	struct lnet_msg_state *st = msg->state;

	CHECK(st->home == cpt->index);
	CHECK(st->rx == NULL && !st->has_peer_rtr && !st->has_buffer);
	CHECK(st->tx_peer == NULL && !st->has_peer_tx && !st->has_ni_tx);
	buf_release(&msg->payload, cpt->lc->mem);
	if (st->reserved > 0)
		ledger_give(&cpt->lc->ledger, st->account, st->reserved);
	if (st->rx_peer != NULL)
		st->rx_peer->refs--;
	if (st->rx_ni != NULL)
		ni_cpt(st->rx_ni, cpt)->msgs--;
	if (st->tx_ni != NULL)
		ni_cpt(st->tx_ni, cpt)->msgs--;
	counter_add(&cpt->stats.msgs_alloc, UINT64_MAX);
	pool_put(cpt->msgs, msg);
}

void
msg_hold_rx(struct lnet_cpt *cpt, struct lnet_msg *msg, struct lnet_ni *ni, struct peer *peer)
{
	msg->ni = ni;
	msg->state->rx_ni = ni;
	msg->state->rx_peer = peer;
	ni_cpt(ni, cpt)->msgs++;
	if (peer != NULL)
		peer->refs++;
}

void
msg_hold_tx(struct lnet_cpt *cpt, struct lnet_msg *msg, struct lnet_ni *ni)
{
	msg->state->tx_ni = ni;
	ni_cpt(ni, cpt)->msgs++;
}

int
msg_reserve(struct lnet_cpt *cpt, struct lnet_msg *msg, unsigned int account, uint64_t bytes)
{
	int rc = ledger_take(&cpt->lc->ledger, account, bytes);

	if (rc < 0)
		return rc;
	msg->state->account = account;
	msg->state->reserved = bytes;
	return 0;
}

void
msg_expect(const struct lnet_msg *msg, enum msg_state state)
{
	CHECK(msg->state->state == state);
}
