/* SPDX-License-Identifier: BSD-3-Clause */
/* Credits: taking, waiting, returning, waking. */
#include "lnet/credit.h"

#include "lnet/base/check.h"
#include "lnet/cpt.h"
#include "lnet/forward.h"
#include "lnet/msg.h"
#include "lnet/ni.h"
#include "lnet/send.h"

#define QUEUED_OVERHEAD 72 /* per message, whatever its header (trap 24) */

/* Return: there was one. */
static bool
take(int *credits, int *min)
{
	(*credits)--;
	if (*credits < *min)
		*min = *credits;
	return *credits >= 0;
}

static void
wait_in(struct lnet_msg_queue *q, struct lnet_msg *msg, enum msg_state state)
{
	msg->state->state = state;
	TAILQ_INSERT_TAIL(q, msg, link);
}

/* One credit is back. Return: who goes on because of it, taken out of the queue. */
static struct lnet_msg *
give(int *credits, struct lnet_msg_queue *q)
{
	struct lnet_msg *msg;

	(*credits)++;
	if (*credits > 0)
		return NULL;
	msg = TAILQ_FIRST(q);
	CHECK(msg != NULL);
	TAILQ_REMOVE(q, msg, link);
	return msg;
}

bool
credit_take_peer_tx(struct lnet_msg *msg)
{
	struct peer *p = msg->state->tx_peer;

	msg->state->has_peer_tx = true;
	p->tx_q_bytes += msg->hdr.payload_len + QUEUED_OVERHEAD;
	if (take(&p->tx_credits, &p->tx_min))
		return true;
	wait_in(&p->tx_q, msg, MSG_WAIT_PEER_TX);
	return false;
}

bool
credit_take_ni_tx(struct lnet_cpt *cpt, struct lnet_msg *msg)
{
	struct ni_cpt *nc = ni_cpt(msg->state->tx_ni, cpt);

	msg->state->has_ni_tx = true;
	if (take(&nc->tx_credits, &nc->tx_min))
		return true;
	wait_in(&nc->tx_q, msg, MSG_WAIT_NI_TX);
	return false;
}

static void
leave_peer_tx(struct lnet_msg *msg)
{
	msg->state->has_peer_tx = false;
	msg->state->tx_peer->tx_q_bytes -= msg->hdr.payload_len + QUEUED_OVERHEAD;
}

void
credit_return_tx(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	struct peer *p = st->tx_peer;
	struct ni_cpt *nc;
	struct lnet_msg *next;

	if (st->has_ni_tx) {
		st->has_ni_tx = false;
		nc = ni_cpt(st->tx_ni, cpt);
		next = give(&nc->tx_credits, &nc->tx_q);
		if (next != NULL)
			send_resume(cpt, next, now);
	}
	if (st->has_peer_tx) {
		leave_peer_tx(msg);
		next = give(&p->tx_credits, &p->tx_q);
		if (next != NULL)
			send_resume(cpt, next, now);
	}
}

bool
credit_take_peer_rtr(struct lnet_msg *msg)
{
	struct peer *p = msg->state->rx_peer;

	msg->state->has_peer_rtr = true;
	if (take(&p->rtr_credits, &p->rtr_min))
		return true;
	wait_in(&p->rtr_q, msg, MSG_WAIT_PEER_RTR);
	return false;
}

bool
credit_take_buffer(struct lnet_cpt *cpt, struct lnet_msg *msg)
{
	struct rtrbuf *b = &cpt->bufs[msg->state->class];

	msg->state->has_buffer = true;
	if (take(&b->credits, &b->min))
		return true;
	wait_in(&b->queue, msg, MSG_WAIT_BUFFER);
	return false;
}

void
credit_return_rx(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	struct rtrbuf *b = &cpt->bufs[st->class];
	struct lnet_msg *next;

	if (st->has_buffer) {
		st->has_buffer = false;
		if (!rtrbuf_shrink(cpt, st->class)) {
			next = give(&b->credits, &b->queue);
			if (next != NULL)
				forward_resume(cpt, next, now);
		}
	}
	if (st->has_peer_rtr) {
		st->has_peer_rtr = false;
		next = give(&st->rx_peer->rtr_credits, &st->rx_peer->rtr_q);
		if (next != NULL)
			forward_resume(cpt, next, now);
	}
}

void
credit_add_buffers(struct lnet_cpt *cpt, struct rtrbuf *b, int n, uint64_t now)
{
	struct lnet_msg *next;

	while (n-- > 0) {
		next = give(&b->credits, &b->queue);
		if (next != NULL)
			forward_resume(cpt, next, now);
	}
}

void
credit_unqueue(struct lnet_cpt *cpt, struct lnet_msg *msg)
{
	struct lnet_msg_state *st = msg->state;
	struct ni_cpt *nc;

	switch (st->state) {
	case MSG_WAIT_PEER_TX:
		TAILQ_REMOVE(&st->tx_peer->tx_q, msg, link);
		st->tx_peer->tx_credits++;
		leave_peer_tx(msg);
		break;
	case MSG_WAIT_NI_TX:
		nc = ni_cpt(st->tx_ni, cpt);
		TAILQ_REMOVE(&nc->tx_q, msg, link);
		nc->tx_credits++;
		st->has_ni_tx = false;
		break;
	case MSG_WAIT_PEER_RTR:
		TAILQ_REMOVE(&st->rx_peer->rtr_q, msg, link);
		st->rx_peer->rtr_credits++;
		st->has_peer_rtr = false;
		break;
	case MSG_WAIT_BUFFER:
		TAILQ_REMOVE(&cpt->bufs[st->class].queue, msg, link);
		cpt->bufs[st->class].credits++;
		st->has_buffer = false;
		break;
	default:
		CHECK(false);
	}
	st->state = MSG_NEW;
}
