/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory model's next hops: transmit credits, a link, acknowledgements, and the policy when one stops. */
#include "tests/sim/memory_model_priv.h"

#include <stdlib.h>

#define HOP_RATE (8ull << 20) /* bytes per second */
#define HOP_CHUNK 16384u
#define HOP_CWND (256u << 10)
#define HOP_RTT (200 * MM_US)
#define PIGGYBACK_WAIT (5 * MM_MS)
#define ACK_IS_ALONE (1ull << 63)

/* --- from the next hop's queue to its connection --- */

static void
hop_kick(struct mm *m, unsigned int i)
{
	struct mm_hop *h = &m->hops[i];
	uint64_t left = h->queued - h->sent;

	if (h->link_busy || left == 0 || h->sent - h->acked >= HOP_CWND)
		return;
	h->chunk = left < HOP_CHUNK ? (uint32_t)left : HOP_CHUNK;
	h->link_busy = true;
	mm_event(m, m->now + h->chunk * MM_S / HOP_RATE, MM_HOP_SENT, i, h->epoch, NULL);
}

static void
arm_check(struct mm *m, unsigned int i)
{
	struct mm_hop *h = &m->hops[i];
	uint64_t at = stall_deadline(&h->stall, &m->conf.stall);

	if (h->is_checked || at == STALL_NEVER)
		return;
	h->is_checked = true;
	mm_event(m, at, MM_HOP_CHECK, i, 0, NULL);
}

static void
lnd_send(struct mm *m, struct mm_msg *msg)
{
	struct mm_hop *h = &m->hops[msg->hop];

	h->queued += MM_HEADER + msg->len;
	msg->end = h->queued;
	TAILQ_INSERT_TAIL(&h->stream, msg, link);
	/* the clock runs from here: what waits for an NI credit waits for others, not for this hop */
	stall_queued(&h->stall, m->now);
	arm_check(m, msg->hop);
	hop_kick(m, msg->hop);
}

static void
ni_send(struct mm *m, struct mm_msg *msg)
{
	if (m->ni_credits == 0) {
		TAILQ_INSERT_TAIL(&m->ni_waiting, msg, link);
		return;
	}
	m->ni_credits--;
	lnd_send(m, msg);
}

void
mm_forward(struct mm *m, struct mm_msg *msg)
{
	struct mm_hop *h = &m->hops[msg->hop];

	if (stall_is_stopped(&h->stall)) {
		mm_rx_release(m, msg);
		mm_drop(m, msg, MM_DROP_STOPPED);
		return;
	}
	if (h->credits == 0) {
		TAILQ_INSERT_TAIL(&h->waiting, msg, link);
		return;
	}
	h->credits--;
	ni_send(m, msg);
}

/* Complete for LNet: credits of the transmit side, then of the receive side. */
static void
complete(struct mm *m, struct mm_msg *msg)
{
	m->ni_credits++;
	m->hops[msg->hop].credits++;
	mm_rx_release(m, msg);
	msg->completed = true;
}

void
mm_hop_sent(struct mm *m, unsigned int i, uint64_t arg)
{
	struct mm_hop *h = &m->hops[i];
	struct mm_msg *msg;

	if (arg != h->epoch)
		return;
	h->link_busy = false;
	h->sent += h->chunk;
	TAILQ_FOREACH(msg, &h->stream, link) {
		if (msg->end > h->sent)
			break;
		if (msg->completed || msg->len > LEDGER_SMALL_MAX)
			continue;
		if (ledger_move(&m->ledger, msg->account, LEDGER_SENT, msg->reserved) < 0)
			continue;
		msg->account = LEDGER_SENT;
		complete(m, msg);
	}
	if (h->alive || h->space >= h->chunk) {
		if (!h->alive)
			h->space -= h->chunk;
		h->ack_ready = h->sent;
		mm_event(m, m->now + HOP_RTT, MM_HOP_ACK, i, h->sent, NULL);
	}
	hop_kick(m, i);
}

/* The hop says it in a segment of its own, or leaves it for a while to its data going the other way. */
void
mm_hop_acks(struct mm *m, unsigned int i, uint64_t arg)
{
	struct mm_hop *h = &m->hops[i];
	struct mm_seg *seg;

	if ((arg & ~ACK_IS_ALONE) <= h->acked)
		return;
	if ((arg & ACK_IS_ALONE) == 0 && mm_chance(m, 500)) {
		mm_event(m, m->now + PIGGYBACK_WAIT, MM_HOP_ACK, i, arg | ACK_IS_ALONE, NULL);
		return;
	}
	seg = calloc(1, sizeof(*seg));
	if (seg == NULL)
		abort();
	*seg = (struct mm_seg){
		.conn = UINT32_MAX,
		.hop = (int)i,
		.ack = arg & ~ACK_IS_ALONE,
		.epoch = h->epoch,
	};
	mm_arrive(m, seg);
}

void
mm_hop_acked(struct mm *m, unsigned int i, uint64_t ack, uint32_t epoch)
{
	struct mm_hop *h = &m->hops[i];
	struct mm_msg *msg;

	m->res->acks_seen++;
	if (epoch != h->epoch || ack <= h->acked)
		return;
	h->acked = ack;
	stall_progress(&h->stall, m->now);
	while ((msg = TAILQ_FIRST(&h->stream)) != NULL && msg->end <= ack) {
		TAILQ_REMOVE(&h->stream, msg, link);
		if (!msg->completed)
			complete(m, msg);
		if (i < m->conf.stopped)
			m->res->last_stopped_hop_delivery = m->now;
		else
			m->res->delivered_live++;
		mm_through(m, &m->conns[msg->conn]);
		m->res->delivered++;
		mm_msg_free(m, msg);
	}
	if (TAILQ_EMPTY(&h->stream))
		stall_idle(&h->stall);
	hop_kick(m, i);
}

/* --- the stopped next hop --- */

void
mm_hop_stop(struct mm *m, unsigned int i)
{
	m->hops[i].alive = false;
	m->hops[i].space = m->conf.stop_silent ? 0 : (uint32_t)(mm_random(m) % (256 << 10));
}

void
mm_hop_back(struct mm *m, unsigned int i)
{
	struct mm_hop *h = &m->hops[i];

	h->alive = true;
	if (h->sent > h->acked) {
		h->ack_ready = h->sent;
		mm_event(m, m->now + HOP_RTT, MM_HOP_ACK, i, h->sent, NULL);
	}
}

static void
fail_waiting(struct mm *m, unsigned int i)
{
	struct mm_hop *h = &m->hops[i];
	struct mm_msg *msg, *next;

	while ((msg = TAILQ_FIRST(&h->waiting)) != NULL) {
		TAILQ_REMOVE(&h->waiting, msg, link);
		mm_rx_release(m, msg);
		mm_drop(m, msg, MM_DROP_STALLED);
	}
	for (msg = TAILQ_FIRST(&m->ni_waiting); msg != NULL; msg = next) {
		next = TAILQ_NEXT(msg, link);
		if (msg->hop != i)
			continue;
		TAILQ_REMOVE(&m->ni_waiting, msg, link);
		h->credits++;
		mm_rx_release(m, msg);
		mm_drop(m, msg, MM_DROP_STALLED);
	}
}

/* What the LND had is failed by closing its connections: only that frees the memory below it. */
static void
close_hop(struct mm *m, unsigned int i)
{
	struct mm_hop *h = &m->hops[i];
	struct mm_msg *msg;

	while ((msg = TAILQ_FIRST(&h->stream)) != NULL) {
		TAILQ_REMOVE(&h->stream, msg, link);
		if (!msg->completed) {
			complete(m, msg);
			mm_drop(m, msg, MM_DROP_STALLED);
		} else {
			mm_drop(m, msg, MM_DROP_RESET);
		}
	}
	h->epoch++;
	h->queued = h->sent = h->acked = h->ack_ready = 0;
	h->link_busy = false;
}

void
mm_hop_check(struct mm *m, unsigned int i)
{
	struct mm_hop *h = &m->hops[i];

	h->is_checked = false;
	if (stall_check(&h->stall, &m->conf.stall, m->now)) {
		m->res->stops++;
		fail_waiting(m, i);
		close_hop(m, i);
		m->dirty = true;
	}
	if (stall_probe_due(&h->stall, &m->conf.stall, m->now) && h->alive)
		mm_event(m, m->now + MM_MS, MM_HOP_ANSWER, i, 0, NULL);
	arm_check(m, i);
}

void
mm_hop_answer(struct mm *m, unsigned int i)
{
	if (m->hops[i].alive && stall_answered(&m->hops[i].stall, m->now))
		m->res->probes_answered++;
}

/* --- transmit credits that came back wake who waits, in order --- */

bool
mm_wake_transmit(struct mm *m)
{
	struct mm_msg *msg;
	bool woken = false;
	unsigned int i;

	while (m->ni_credits > 0 && (msg = TAILQ_FIRST(&m->ni_waiting)) != NULL) {
		TAILQ_REMOVE(&m->ni_waiting, msg, link);
		ni_send(m, msg);
		woken = true;
	}
	for (i = 0; i < m->conf.hops; i++) {
		struct mm_hop *h = &m->hops[i];

		while (h->credits > 0 && (msg = TAILQ_FIRST(&h->waiting)) != NULL) {
			TAILQ_REMOVE(&h->waiting, msg, link);
			h->credits--;
			ni_send(m, msg);
			woken = true;
		}
	}
	return woken;
}
