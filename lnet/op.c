/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages that this node sends by itself. */
#include "lnet/op.h"

#include "lnet/base/lcore.h"
#include "lnet/cpt.h"
#include "lnet/lnet_priv.h"
#include "lnet/msg.h"
#include "lnet/send.h"

#include <errno.h>
#include <string.h>

/* Header and payload; the loopback knows only its own NID (5.2). */
static void
make_hdr(struct lnet_hdr *h, const struct lnet_ni *ni, const struct lnet_nid *dst, uint32_t dst_pid,
	 uint32_t type)
{
	*h = (struct lnet_hdr){
		.dst = ni_is_lo(ni) ? lnet_nid_lo() : *dst,
		.src = ni->nid,
		.dst_pid = dst_pid,
		.src_pid = LNET_PID,
		.type = type,
	};
}

/* Return: the message, ready for send_msg(); NULL without memory, counted. */
static struct lnet_msg *
make_msg(struct lnet_cpt *cpt, struct lnet_hdr *h, const struct hop *hop, const void *data,
	 uint32_t len)
{
	const struct ledger_plan *plan = &cpt->lc->ledger.plan;
	struct lnet_msg *msg;

	h->payload_len = data != NULL ? len : 0;
	msg = msg_new(cpt, MSG_OWN, h);
	if (msg == NULL) {
		cpt_drop(cpt, LNET_DROP_NO_MSG);
		return NULL;
	}
	msg_hold_tx(cpt, msg, hop->ni);
	msg->next_hop = hop->nid;
	if (h->payload_len > 0 &&
	    (msg_reserve(cpt, msg, LEDGER_LOCAL, ledger_true_size(plan, len)) < 0 ||
	     buf_copy_in(&msg->payload, cpt->lc->mem, data, len) < 0)) {
		cpt_drop(cpt, LNET_DROP_LOCAL_MEMORY);
		msg_free(cpt, msg);
		return NULL;
	}
	return msg;
}

static void
make_body(const struct op *op, const struct lnet_handle *handle, uint8_t *body)
{
	struct lnet_get get = {
		.ret = *handle,
		.match_bits = op->match_bits,
		.portal = op->portal,
		.offset = op->offset,
		.sink_len = op->len,
	};
	struct lnet_put put = {
		.ack = *handle,
		.match_bits = op->match_bits,
		.portal = op->portal,
		.offset = op->offset,
	};

	if (op->type == LNET_GET)
		lnet_get_encode(&get, body);
	else
		lnet_put_encode(&put, body);
}

int
op_start(struct lnet_cpt *cpt, const struct op *op, uint64_t now)
{
	const struct lnet_conf *conf = cpt_conf(cpt);
	struct lnet_handle handle;
	struct lnet_msg *msg;
	struct lnet_hdr h;
	struct md *md;

	if (conf == NULL || ni_is_closing(op->hop.ni))
		return -ENETDOWN;
	md = md_new(cpt);
	if (md == NULL)
		return -ENOMEM;
	md->type = op->type;
	md->ni = op->hop.ni;
	md->next_hop = op->hop.nid;
	md->len = op->len;
	md->done = op->done;
	md->user = op->user;
	handle = md_handle(conf->cookie, md);
	make_hdr(&h, op->hop.ni, &op->dst, op->dst_pid, op->type);
	make_body(op, &handle, h.body);
	msg = make_msg(cpt, &h, &op->hop, op->data, op->len);
	if (msg == NULL) {
		md_free(md);
		return -ENOMEM;
	}
	msg->state->op = md->cookie;
	msg->deadline = op->deadline;
	md_start(md, op->deadline, now);
	send_msg(cpt, msg, now);
	return 0;
}

/* Statistics show an ACK as the PUT and a REPLY as the GET that it answers (trap 26). */
static uint32_t
shown_type(enum lnet_msg_type type)
{
	return type == LNET_ACK ? LNET_PUT : LNET_GET;
}

void
op_answer(struct lnet_cpt *cpt, const struct op_answer *a, uint64_t now)
{
	const struct lnet_conf *conf = cpt_conf(cpt);
	const struct lnet_nid *dst = &a->request->src;
	struct hop hop = {.ni = a->ni, .nid = *a->from};
	struct lnet_msg *msg;
	struct lnet_hdr h;

	if (conf == NULL)
		return;
	/* not direct, and not by a gateway of ours: look for a way */
	if (!lnet_nid_equal(dst, a->from) && gateway_find(conf, a->from) == NULL &&
	    route_resolve(conf, dst, a->ni, cpt->turn++, &hop) < 0) {
		cpt_drop(cpt, LNET_DROP_NO_ROUTE);
		return;
	}
	make_hdr(&h, a->ni, dst, a->request->src_pid, a->type);
	memcpy(h.body, a->body, LNET_BODY_SIZE);
	msg = make_msg(cpt, &h, &hop, a->data, a->len);
	if (msg == NULL)
		return;
	msg->deadline = now + conf->own_deadline;
	msg->state->stat_type = shown_type(a->type);
	send_msg(cpt, msg, now);
}

void
op_sent(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct md *md;

	if (msg->state->rc == 0 || msg->state->op == 0)
		return;
	md = md_find_cookie(cpt, msg->state->op);
	if (md != NULL)
		md_complete(md, msg->state->rc, NULL, 0, now);
}
