/* SPDX-License-Identifier: BSD-3-Clause */
/* The transmit side of a message, on the home worker of its next hop. */
#include "lnet/send.h"

#include "lnet/base/check.h"
#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"
#include "lnet/cpt.h"
#include "lnet/credit.h"
#include "lnet/handover.h"
#include "lnet/hop.h"
#include "lnet/msg.h"
#include "lnet/ni.h"

#include <errno.h>

#define PID_USER_FLAG 0x80000000u /* of a user-space process, 2.3 */

/* --- completion --- */

static void
count_sent(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	struct traffic *ni = &ni_cpt(st->tx_ni, cpt)->traffic;

	counter_add(&ni->send[st->stat_type], 1);
	if (st->tx_peer != NULL)
		counter_add(&st->tx_peer->traffic.send[st->stat_type], 1);
	if (st->kind == MSG_FORWARD) {
		counter_add(&cpt->stats.route_count, 1);
		counter_add(&cpt->stats.route_length, msg->hdr.payload_len);
		return;
	}
	counter_add(&cpt->stats.send_count, 1);
	counter_add(&cpt->stats.send_length, msg->hdr.payload_len);
	if (msg->hdr.type != LNET_PUT)
		return;
	latency_add(&ni->latency[LATENCY_PUT_EGRESS], now - st->sent_at);
	if (st->tx_peer != NULL)
		latency_add(&st->tx_peer->traffic.latency[LATENCY_PUT_EGRESS], now - st->sent_at);
}

/* Who is charged: 9.3. */
static void
count_health(struct lnet_cpt *cpt, struct lnet_msg *msg)
{
	enum lnet_health h = msg->health;
	bool remote = h >= LNET_HEALTH_REMOTE_ERROR;

	if (h <= LNET_HEALTH_OK || h >= HEALTH_KINDS)
		return;
	counter_add(&cpt->stats.health[h], 1);
	if (remote && msg->state->tx_peer != NULL)
		counter_add(&msg->state->tx_peer->traffic.health[h], 1);
	if (!remote || h == LNET_HEALTH_NETWORK_TIMEOUT)
		counter_add(&ni_cpt(msg->state->tx_ni, cpt)->traffic.health[h], 1);
}

static void
complete(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	struct peer *p = st->tx_peer;

	if (st->rc == 0)
		count_sent(cpt, msg, now);
	else
		count_health(cpt, msg);
	credit_return_tx(cpt, msg, now);
	if (p != NULL)
		p->refs--;
	st->tx_peer = NULL;
	buf_release(&msg->payload, cpt->lc->mem);
	handover_home(cpt, msg, now);
}

void
send_release(struct lnet_cpt *cpt, uint64_t now)
{
	struct lnet_msg *msg;

	while ((msg = TAILQ_FIRST(&cpt->done)) != NULL) {
		TAILQ_REMOVE(&cpt->done, msg, link);
		complete(cpt, msg, now);
	}
	cpt->is_completing = false;
}

void
send_hold(struct lnet_cpt *cpt)
{
	CHECK(!cpt->is_completing);
	cpt->is_completing = true;
}

static void
done(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	msg->state->rc = rc;
	msg->state->state = MSG_DONE;
	TAILQ_INSERT_TAIL(&cpt->done, msg, link);
	if (cpt->is_completing)
		return;
	cpt->is_completing = true;
	send_release(cpt, now);
}

void
send_fail(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, enum lnet_drop reason, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;

	cpt_drop_counted(cpt, reason, st->tx_ni, &msg->hdr);
	if (st->tx_peer != NULL)
		counter_add(&st->tx_peer->traffic.drop[msg->hdr.type], 1);
	done(cpt, msg, rc, now);
}

/* The LND failed it: a named drop, but none in the global counters (12.1). */
static void
failed_by_lnd(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	if (rc == -EAFNOSUPPORT)
		cpt_drop(cpt, LNET_DROP_LARGE_NID);
	else if (msg->state->tx_peer != NULL && stall_is_stopped(&msg->state->tx_peer->stall))
		cpt_drop(cpt, LNET_DROP_STALLED);
	else
		cpt_drop(cpt, LNET_DROP_TX_FAILED);
	done(cpt, msg, rc, now);
}

void
lnet_finalize(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	msg_expect(msg, MSG_SENDING);
	if (msg->state->tx_peer != NULL)
		hop_sent(msg->state->tx_peer, rc, now);
	if (rc < 0)
		failed_by_lnd(cpt, msg, rc, now);
	else
		done(cpt, msg, 0, now);
}

/* --- on the way down --- */

/* Return: 0; -errno with the reason of the drop. */
static int
drop_test(struct lnet_msg *msg, enum lnet_drop *reason, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;

	if (ni_is_closing(st->tx_ni)) {
		*reason = LNET_DROP_NI_GONE;
		return -ESHUTDOWN;
	}
	if (st->kind != MSG_FORWARD) {
		if (now < msg->deadline)
			return 0;
		*reason = LNET_DROP_DEADLINE;
		msg->health = LNET_HEALTH_NETWORK_TIMEOUT;
		return -ETIMEDOUT;
	}
	if (lnet_nid_equal(&msg->hdr.dst, &msg->next_hop) &&
	    (msg->hdr.dst_pid & PID_USER_FLAG) != 0 && !stall_is_stopped(&st->tx_peer->stall))
		return 0;
	msg->health = LNET_HEALTH_REMOTE_DROPPED;
	return hop_test(st->tx_peer, reason, now);
}

void
send_resume(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;
	enum lnet_drop reason;
	int rc = drop_test(msg, &reason, now);

	if (rc < 0) {
		send_fail(cpt, msg, rc, reason, now);
		return;
	}
	msg->health = LNET_HEALTH_OK;
	if (st->tx_peer != NULL) {
		if (!st->has_peer_tx && !credit_take_peer_tx(msg))
			return;
		if (!st->has_ni_tx && !credit_take_ni_tx(cpt, msg))
			return;
	}
	st->state = MSG_SENDING;
	st->sent_at = now;
	if (st->tx_peer != NULL)
		hop_sending(st->tx_peer, now);
	rc = st->tx_ni->lnd->ops->send(cpt, msg, now);
	if (rc < 0)
		lnet_finalize(cpt, msg, rc, now);
}

void
send_here(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_msg_state *st = msg->state;

	msg->ni = st->tx_ni;
	/* the loopback has neither peers nor credits (11.3) */
	if (!ni_is_lo(st->tx_ni)) {
		st->tx_peer = peer_get(cpt, st->tx_ni, &msg->next_hop, now);
		if (st->tx_peer == NULL) {
			send_fail(cpt, msg, -ENOMEM, LNET_DROP_NO_PEER, now);
			return;
		}
		st->tx_peer->refs++;
	}
	send_resume(cpt, msg, now);
}

void
send_msg(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_ni *ni = msg->state->tx_ni;
	unsigned int home = ni->lnd->ops->home(ni, &msg->next_hop);

	if (home == cpt->index)
		send_here(cpt, msg, now);
	else
		handover_msg(cpt, home, msg);
}

void
send_cancel_ni(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	struct ni_cpt *nc = ni_cpt(ni, cpt);
	struct lnet_msg *msg;
	struct peer *p;

	send_hold(cpt);
	LIST_FOREACH(p, &nc->peers, ni_link)
		while ((msg = TAILQ_FIRST(&p->tx_q)) != NULL) {
			credit_unqueue(cpt, msg);
			send_fail(cpt, msg, -ESHUTDOWN, LNET_DROP_NI_GONE, now);
		}
	while ((msg = TAILQ_FIRST(&nc->tx_q)) != NULL) {
		credit_unqueue(cpt, msg);
		send_fail(cpt, msg, -ESHUTDOWN, LNET_DROP_NI_GONE, now);
	}
	send_release(cpt, now);
}
