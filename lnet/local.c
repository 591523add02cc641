/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages for this node. */
#include "lnet/local.h"

#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"
#include "lnet/cpt.h"
#include "lnet/handover.h"
#include "lnet/hop.h"
#include "lnet/lnet_priv.h"
#include "lnet/md.h"
#include "lnet/msg.h"
#include "lnet/ni.h"
#include "lnet/op.h"
#include "lnet/ping_info.h"
#include "lnet/push.h"

#include <string.h>

/* What arrived, before it is decided what becomes of it. */
struct arrival {
	struct lnet_ni *ni;
	const struct lnet_hdr *hdr;
	const struct lnet_nid *from_nid;
	struct peer *from;
	void *rx;
};

static void
count_received(struct lnet_cpt *cpt, struct lnet_ni *ni, struct peer *from,
	       const struct lnet_hdr *hdr, uint32_t accepted)
{
	counter_add(&ni_cpt(ni, cpt)->traffic.recv[hdr->type], 1);
	if (from != NULL)
		counter_add(&from->traffic.recv[hdr->type], 1);
	counter_add(&cpt->stats.recv_count, 1);
	counter_add(&cpt->stats.recv_length, accepted);
}

static void
skip(struct lnet_cpt *cpt, const struct arrival *a, uint64_t now)
{
	a->ni->lnd->ops->recv(cpt, a->rx, NULL, 0, now);
}

static void
drop(struct lnet_cpt *cpt, const struct arrival *a, enum lnet_drop reason, uint64_t now)
{
	cpt_drop_counted(cpt, reason, a->ni, a->hdr);
	skip(cpt, a, now);
}

/* Receive the first @want bytes of the payload. */
static void
receive(struct lnet_cpt *cpt, const struct arrival *a, uint32_t want, uint64_t now)
{
	const struct ledger_plan *plan = &cpt->lc->ledger.plan;
	struct lnet_msg *msg = msg_new(cpt, MSG_LOCAL, a->hdr);

	if (msg == NULL) {
		drop(cpt, a, LNET_DROP_NO_MSG, now);
		return;
	}
	msg_hold_rx(cpt, msg, a->ni, a->from);
	msg->state->from = *a->from_nid;
	if (want > 0 && msg_reserve(cpt, msg, LEDGER_LOCAL, ledger_true_size(plan, want)) < 0) {
		msg_free(cpt, msg);
		drop(cpt, a, LNET_DROP_LOCAL_MEMORY, now);
		return;
	}
	msg->state->state = MSG_RECEIVING;
	a->ni->lnd->ops->recv(cpt, a->rx, msg, want, now);
}

/* --- targets: requests of others --- */

static bool
matches(uint32_t portal, uint64_t bits, enum lnet_drop *reason)
{
	*reason = portal >= LOCAL_PORTALS ? LNET_DROP_BAD_PORTAL : LNET_DROP_NO_MATCH;
	return portal == LOCAL_PORTAL && bits == LOCAL_PING_BITS;
}

static void
answer_get(struct lnet_cpt *cpt, const struct arrival *a, uint64_t now)
{
	uint8_t info[PING_INFO_MAX];
	struct op_answer answer = {
		.request = a->hdr,
		.ni = a->ni,
		.from = a->from_nid,
		.type = LNET_REPLY,
		.data = NULL,
	};
	struct lnet_get get;
	enum lnet_drop reason;
	uint32_t size;

	lnet_get_decode(a->hdr->body, &get);
	if (!matches(get.portal, get.match_bits, &reason)) {
		drop(cpt, a, reason, now);
		return;
	}
	size = ping_info_encode(cpt_conf(cpt), info);
	if (get.offset > size) {
		drop(cpt, a, LNET_DROP_NO_MATCH, now);
		return;
	}
	answer.len = size - get.offset < get.sink_len ? size - get.offset : get.sink_len;
	if (answer.len > 0)
		answer.data = info + get.offset;
	lnet_reply_encode(&(struct lnet_reply){.md = get.ret}, answer.body);
	count_received(cpt, a->ni, a->from, a->hdr, 0);
	/* the LND may read its next header when it is told to go on: this one is needed before */
	op_answer(cpt, &answer, now);
	skip(cpt, a, now);
}

static void
accept_put(struct lnet_cpt *cpt, const struct arrival *a, uint64_t now)
{
	uint32_t want = a->hdr->payload_len;
	enum lnet_drop reason;
	struct lnet_put put;

	lnet_put_decode(a->hdr->body, &put);
	if (!matches(put.portal, put.match_bits, &reason)) {
		drop(cpt, a, reason, now);
		return;
	}
	receive(cpt, a, want < PUSH_MAX ? want : PUSH_MAX, now);
}

static void
put_received(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	struct op_answer answer = {
		.request = &msg->hdr,
		.ni = st->rx_ni,
		.from = &st->from,
		.type = LNET_ACK,
	};
	struct lnet_put put;

	lnet_put_decode(msg->hdr.body, &put);
	if (push_received(st->rx_peer, &msg->payload, &msg->hdr) < 0)
		cpt_drop(cpt, LNET_DROP_PUSH_INVALID);
	if (lnet_handle_is_none(&put.ack))
		return;
	lnet_ack_encode(&(struct lnet_ack){.md = put.ack,
					   .match_bits = put.match_bits,
					   .mlength = msg->payload.len},
			answer.body);
	op_answer(cpt, &answer, now);
}

/* --- answers to this node's own operations --- */

static struct lnet_handle
handle_of(const struct lnet_hdr *hdr)
{
	struct lnet_reply reply;

	/* an ACK has it at the same place */
	lnet_reply_decode(hdr->body, &reply);
	return reply.md;
}

static enum lnet_msg_type
answered_type(const struct lnet_hdr *hdr)
{
	return hdr->type == LNET_ACK ? LNET_PUT : LNET_GET;
}

static void
finish(struct md *md, const struct lnet_hdr *hdr, const struct buf *payload, uint64_t now)
{
	struct peer *p = peer_find(md->cpt, md->ni, &md->next_hop);
	struct lnet_ack ack;

	if (p != NULL)
		hop_answered(p, now);
	if (hdr->type == LNET_ACK) {
		lnet_ack_decode(hdr->body, &ack);
		md_complete(md, 0, NULL, ack.mlength, now);
	} else {
		md_complete(md, 0, payload, payload != NULL ? payload->len : 0, now);
	}
}

/* The descriptor is on this CPT: is the answer wanted, and how much of it? */
static void
answer_here(struct lnet_cpt *cpt, const struct arrival *a, const struct lnet_handle *h,
	    uint64_t now)
{
	struct md *md = md_find(cpt, h, answered_type(a->hdr));

	if (md == NULL) {
		drop(cpt, a, LNET_DROP_STALE_HANDLE, now);
		return;
	}
	if (a->hdr->type == LNET_REPLY) {
		receive(cpt, a, a->hdr->payload_len < md->len ? a->hdr->payload_len : md->len, now);
		return;
	}
	count_received(cpt, a->ni, a->from, a->hdr, 0);
	finish(md, a->hdr, NULL, now);
	skip(cpt, a, now);
}

static void
take_answer(struct lnet_cpt *cpt, const struct arrival *a, uint64_t now)
{
	struct lnet_handle h = handle_of(a->hdr);
	int owner = md_owner(&h, cpt_conf(cpt)->cookie, cpt->lnet->n_cpts);

	if (owner < 0)
		drop(cpt, a, LNET_DROP_STALE_HANDLE, now);
	else if ((unsigned int)owner == cpt->index)
		answer_here(cpt, a, &h, now);
	else
		/* what its operation wants of it is known there only */
		receive(cpt, a, a->hdr->payload_len, now);
}

void
local_deliver(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_handle h = handle_of(&msg->hdr);
	struct md *md = md_find(cpt, &h, answered_type(&msg->hdr));

	if (md == NULL) {
		cpt_drop(cpt, LNET_DROP_STALE_HANDLE);
	} else {
		if (msg->payload.len > md->len && msg->hdr.type == LNET_REPLY)
			buf_trim(&msg->payload, cpt->lc->mem, md->len);
		finish(md, &msg->hdr, &msg->payload, now);
	}
	buf_release(&msg->payload, cpt->lc->mem);
	handover_home(cpt, msg, now);
}

/* --- */

void
local_receive(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	      const struct lnet_nid *from_nid, struct peer *from, void *rx, uint64_t now)
{
	struct arrival a = {.ni = ni, .hdr = hdr, .from_nid = from_nid, .from = from, .rx = rx};

	switch (hdr->type) {
	case LNET_GET:
		answer_get(cpt, &a, now);
		break;
	case LNET_PUT:
		accept_put(cpt, &a, now);
		break;
	default:
		take_answer(cpt, &a, now);
	}
}

void
local_received(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	struct lnet_handle h;
	int owner;

	if (rc < 0) {
		cpt_drop(cpt, LNET_DROP_RX_FAILED);
		msg_free(cpt, msg);
		return;
	}
	count_received(cpt, st->rx_ni, st->rx_peer, &msg->hdr, msg->payload.len);
	if (msg->hdr.type == LNET_PUT) {
		put_received(cpt, msg, now);
		msg_free(cpt, msg);
		return;
	}
	h = handle_of(&msg->hdr);
	owner = cpt_conf(cpt) != NULL ? md_owner(&h, cpt_conf(cpt)->cookie, cpt->lnet->n_cpts) : -1;
	if (owner < 0) {
		cpt_drop(cpt, LNET_DROP_STALE_HANDLE);
		msg_free(cpt, msg);
	} else if ((unsigned int)owner == cpt->index) {
		local_deliver(cpt, msg, now);
	} else {
		handover_msg(cpt, (unsigned int)owner, msg);
	}
}
