/* SPDX-License-Identifier: BSD-3-Clause */
/* The receive side of routed messages. */
#include "lnet/forward.h"

#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"
#include "lnet/conf.h"
#include "lnet/cpt.h"
#include "lnet/credit.h"
#include "lnet/lnet_priv.h"
#include "lnet/msg.h"
#include "lnet/ni.h"
#include "lnet/route.h"
#include "lnet/send.h"

#include <errno.h>

#define POLL_BURST 64

static bool
is_stopped(struct lnet_cpt *cpt, const struct lnet_ni *ni, const struct lnet_nid *nid)
{
	struct lnet *l = cpt->lnet;
	struct stopped_set *s = &l->stopped[ni->lnd->ops->home(ni, nid)];

	/* almost always empty: not worth a hash */
	if (atomic_load_explicit(&s->n, memory_order_relaxed) == 0)
		return false;
	return stopped_has(s, stopped_tag(l->tag_seed, ni, nid));
}

static bool
can_carry(const struct lnet_ni *ni, const struct lnet_hdr *hdr)
{
	if (ni->lnd->ops->large_nids)
		return true;
	return lnet_nid_is_nid4(&hdr->dst) &&
		(lnet_nid_is_nid4(&hdr->src) || lnet_nid_is_any(&hdr->src));
}

/* Where to, and may it go there? Return: true; false with the reason. */
static bool
find_hop(struct lnet_cpt *cpt, const struct lnet_hdr *hdr, const struct peer *from, struct hop *hop,
	 enum lnet_drop *reason)
{
	if (route_resolve(cpt_conf(cpt), &hdr->dst, NULL, cpt->turn++, hop) < 0) {
		*reason = LNET_DROP_NO_ROUTE;
		return false;
	}
	/* two routers that point at each other would pass it on for ever (6.8) */
	if (lnet_nid_equal(&hop->nid, &from->nid)) {
		*reason = LNET_DROP_LOOP;
		return false;
	}
	if (!can_carry(hop->ni, hdr)) {
		*reason = LNET_DROP_LARGE_NID;
		return false;
	}
	*reason = LNET_DROP_STOPPED;
	return !is_stopped(cpt, hop->ni, &hop->nid);
}

static void
refuse(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr, void *rx,
       enum lnet_drop reason, uint64_t now)
{
	cpt_drop_counted(cpt, reason, ni, hdr);
	ni->lnd->ops->recv(cpt, rx, NULL, 0, now);
}

/* The message ends here: tell the LND to skip its payload if it still has to, give everything back. */
static void
discard(struct lnet_cpt *cpt, struct lnet_msg *msg, enum lnet_drop reason, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	void *rx = st->rx;

	cpt_drop_counted(cpt, reason, st->rx_ni, &msg->hdr);
	st->rx = NULL;
	if (rx != NULL)
		st->rx_ni->lnd->ops->recv(cpt, rx, NULL, 0, now);
	forward_done(cpt, msg, now);
}

/* Steps 3 and 4: what is missing of the credits. */
static bool
take_credits(struct lnet_cpt *cpt, struct lnet_msg *msg)
{
	if (!msg->state->has_peer_rtr && !credit_take_peer_rtr(msg))
		return false;
	return msg->state->has_buffer || credit_take_buffer(cpt, msg);
}

void
forward_start(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	      struct peer *from, void *rx, uint64_t now)
{
	struct lnet_msg_state *st;
	enum lnet_drop reason;
	struct lnet_msg *msg;
	struct hop hop;

	if (!find_hop(cpt, hdr, from, &hop, &reason)) {
		refuse(cpt, ni, hdr, rx, reason, now);
		return;
	}
	msg = msg_new(cpt, MSG_FORWARD, hdr);
	if (msg == NULL) {
		refuse(cpt, ni, hdr, rx, LNET_DROP_NO_MSG, now);
		return;
	}
	st = msg->state;
	msg_hold_rx(cpt, msg, ni, from);
	msg_hold_tx(cpt, msg, hop.ni);
	msg->next_hop = hop.nid;
	st->rx = rx;
	st->class = rtrbuf_class(hdr->payload_len);
	if (take_credits(cpt, msg))
		forward_receive(cpt, msg, now);
}

void
forward_resume(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t)
{
	if (!take_credits(cpt, msg))
		return;
	/* not at once: whoever returned the credit may be deep inside the LND */
	msg->state->state = MSG_READY;
	TAILQ_INSERT_TAIL(&cpt->ready, msg, link);
}

/* Things may have changed while it waited. */
static bool
may_still_go(struct lnet_cpt *cpt, const struct lnet_msg *msg, enum lnet_drop *reason)
{
	const struct lnet_msg_state *st = msg->state;
	const struct lnet_conf *conf = cpt_conf(cpt);

	*reason = LNET_DROP_CANCELLED;
	if (conf == NULL || conf->routing == ROUTING_DISABLED || ni_is_closing(st->rx_ni))
		return false;
	*reason = LNET_DROP_NI_GONE;
	if (ni_is_closing(st->tx_ni))
		return false;
	*reason = LNET_DROP_STOPPED;
	return !is_stopped(cpt, st->tx_ni, &msg->next_hop);
}

void
forward_receive(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	uint32_t len = msg->hdr.payload_len;
	const struct ledger_plan *plan = &cpt->lc->ledger.plan;
	enum lnet_drop reason;
	void *rx = st->rx;

	if (!may_still_go(cpt, msg, &reason)) {
		discard(cpt, msg, reason, now);
		return;
	}
	if (msg_reserve(cpt, msg, ledger_routed_account(len), ledger_routed_size(plan, len)) < 0) {
		discard(cpt, msg, LNET_DROP_NO_MEMORY, now);
		return;
	}
	st->rx = NULL;
	st->state = MSG_RECEIVING;
	st->rx_ni->lnd->ops->recv(cpt, rx, msg, len, now);
}

void
forward_received(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;

	if (rc < 0) {
		cpt_drop(cpt, LNET_DROP_RX_FAILED);
		forward_done(cpt, msg, now);
		return;
	}
	counter_add(&ni_cpt(st->rx_ni, cpt)->traffic.recv[msg->hdr.type], 1);
	counter_add(&st->rx_peer->traffic.recv[msg->hdr.type], 1);
	send_msg(cpt, msg, now);
}

void
forward_done(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;

	/* the memory first: who is woken by the credits needs it */
	buf_release(&msg->payload, cpt->lc->mem);
	if (st->reserved > 0)
		ledger_give(&cpt->lc->ledger, st->account, st->reserved);
	st->reserved = 0;
	credit_return_rx(cpt, msg, now);
	msg_free(cpt, msg);
}

static bool
names(const struct lnet_msg *msg, const struct lnet_ni *ni)
{
	return ni == NULL || msg->state->rx_ni == ni || msg->state->tx_ni == ni;
}

/* Move those that name @ni from @q, where they wait, to @out. */
static void
collect(struct lnet_cpt *cpt, struct lnet_msg_queue *q, const struct lnet_ni *ni,
	struct lnet_msg_queue *out)
{
	struct lnet_msg *msg, *next;

	for (msg = TAILQ_FIRST(q); msg != NULL; msg = next) {
		next = TAILQ_NEXT(msg, link);
		if (!names(msg, ni))
			continue;
		if (msg->state->state == MSG_READY)
			TAILQ_REMOVE(q, msg, link);
		else
			credit_unqueue(cpt, msg);
		TAILQ_INSERT_TAIL(out, msg, link);
	}
}

void
forward_cancel(struct lnet_cpt *cpt, const struct lnet_ni *ni, uint64_t now)
{
	struct lnet_msg_queue out = TAILQ_HEAD_INITIALIZER(out);
	struct lnet_msg *msg;
	struct peer *p;
	unsigned int i;

	for (i = 0; i < cpt->peers.size; i++) {
		p = peer_slot(&cpt->peers, i);
		if (p != NULL)
			collect(cpt, &p->rtr_q, ni, &out);
	}
	for (i = 0; i < LNET_RTR_CLASSES; i++)
		collect(cpt, &cpt->bufs[i].queue, ni, &out);
	collect(cpt, &cpt->ready, ni, &out);
	while ((msg = TAILQ_FIRST(&out)) != NULL) {
		TAILQ_REMOVE(&out, msg, link);
		discard(cpt, msg, LNET_DROP_CANCELLED, now);
	}
}

unsigned int
lnet_poll(struct lnet_cpt *cpt, uint64_t now)
{
	struct lnet_msg *msg;
	unsigned int n = 0;

	/* the others wait for the next round: so do packets */
	while (n < POLL_BURST && (msg = TAILQ_FIRST(&cpt->ready)) != NULL) {
		TAILQ_REMOVE(&cpt->ready, msg, link);
		forward_receive(cpt, msg, now);
		n++;
	}
	return n;
}
