/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory model's TCP: a sender with SACK, RTO and persist timer, and the receiver under the ledger's rules. */
#include "tests/sim/memory_model_priv.h"

#include <stdlib.h>

#define RTO_MIN (200 * MM_MS)
#define RTO_MAX (120 * MM_S)
#define STALE (150 * MM_MS) /* a segment sent so long ago is lost */
#define ONE_WAY (50 * MM_US)
#define UPDATE_REPEAT (200 * MM_MS) /* doubled each time */
#define UPDATES_MAX 6
#define CONTROL_PACE (20 * MM_MS)
#define SEGMENT_TIME (30 * MM_US)

/* --- the sender's end --- */

static uint32_t
message_length(struct mm *m, const struct mm_conn *c)
{
	if (!c->is_bulk)
		return 0;
	if (m->conf.large_only || mm_chance(m, 300))
		return LEDGER_LARGE_MAX;
	return mm_chance(m, 500) ? LEDGER_SMALL_MAX : 1 + (uint32_t)(mm_random(m) % 60000);
}

void
mm_sender_write(struct mm *m, struct mm_conn *c)
{
	unsigned int most = c->is_bulk ? 2 : MM_OUTSTANDING_MAX;
	struct mm_msg *msg;

	while (m->now < m->conf.duration && c->ends_n < most && !c->is_silent) {
		msg = calloc(1, sizeof(*msg));
		if (msg == NULL)
			abort();
		msg->conn = c->index;
		msg->hop = (unsigned int)(mm_random(m) % m->conf.hops);
		msg->len = message_length(m, c);
		c->written += MM_HEADER + msg->len;
		msg->end = c->written;
		TAILQ_INSERT_TAIL(&c->outbox, msg, link);
		c->ends[(c->ends_head + c->ends_n++) % MM_OUTSTANDING_MAX] = msg->end;
		m->res->sent++;
		m->live_msgs++;
	}
}

static void
transmit(struct mm *m, struct mm_conn *c, uint64_t seq, uint32_t len)
{
	unsigned int peer_hop = c->sender < m->conf.hops ? c->sender : UINT32_MAX;
	struct mm_seg *seg;
	uint64_t at;

	c->link_free = (c->link_free > m->now ? c->link_free : m->now) + SEGMENT_TIME;
	if (mm_chance(m, m->conf.loss))
		return;
	seg = calloc(1, sizeof(*seg));
	if (seg == NULL)
		abort();
	*seg = (struct mm_seg){.conn = c->index, .seq = seq, .len = len, .hop = -1};
	if (peer_hop != UINT32_MAX) {
		seg->hop = (int)peer_hop;
		seg->ack = m->hops[peer_hop].ack_ready;
		seg->epoch = m->hops[peer_hop].epoch;
	}
	at = c->link_free + ONE_WAY;
	if (m->conf.loss > 0 && mm_chance(m, 5))
		at += 500 * MM_US;
	mm_event(m, at, MM_SEGMENT, c->index, 0, seg);
}

/* An event that is already on its way is good enough when it is not later: it looks again. */
static void
timer_event(struct mm *m, struct mm_conn *c)
{
	if (c->timer_event_at <= c->timer_at)
		return;
	c->timer_event_at = c->timer_at;
	mm_event(m, c->timer_at, MM_TIMER, c->index, 0, NULL);
}

static void
arm(struct mm *m, struct mm_conn *c)
{
	uint64_t rto = RTO_MIN << (c->backoff < 10 ? c->backoff : 10);

	c->timer_at = m->now + (rto < RTO_MAX ? rto : RTO_MAX);
	timer_event(m, c);
}

static uint32_t
next_segment(struct mm *m, const struct mm_conn *c)
{
	uint64_t have = c->written - c->nxt;
	uint64_t may = c->edge > c->nxt ? c->edge - c->nxt : 0;
	uint64_t len = have < MM_MSS ? have : MM_MSS;

	if (c->is_shredding) {
		/* either anything short, or just too long to be copied behind another one */
		uint64_t shred = c->sender % 2 ? 1 + mm_random(m) % 600 : MM_MBUF_PAYLOAD / 2 + 1;

		len = len < shred ? len : shred;
	}
	if (may >= len)
		return (uint32_t)len;
	/* no silly small segments while others are on their way */
	return c->flight_n > 0 ? 0 : (uint32_t)may;
}

void
mm_sender_push(struct mm *m, struct mm_conn *c)
{
	struct mm_flight *f;
	uint32_t len;

	if (c->is_silent || c->state == MM_RX_CLOSED)
		return;
	while (c->flight_n < MM_FLIGHT_MAX && c->nxt < c->written) {
		len = next_segment(m, c);
		if (len == 0)
			break;
		f = &c->flight[(c->flight_head + c->flight_n++) % MM_FLIGHT_MAX];
		*f = (struct mm_flight){.seq = c->nxt, .len = len, .sent_at = m->now};
		transmit(m, c, c->nxt, len);
		c->nxt += len;
	}
	if (c->nxt < c->written || c->flight_n > 0)
		arm(m, c);
}

static void
retransmit(struct mm *m, struct mm_conn *c, struct mm_flight *f)
{
	m->res->retransmits++;
	f->sent_at = m->now;
	transmit(m, c, f->seq, f->len);
}

/* Both lists are sorted, and a slice out of order is one segment. */
static void
mark_sacked(struct mm_conn *c)
{
	const struct mm_slice *s = c->reorder.head;
	unsigned int i;

	for (i = 0; i < c->flight_n; i++) {
		struct mm_flight *f = &c->flight[(c->flight_head + i) % MM_FLIGHT_MAX];

		while (s != NULL && s->seq < f->seq)
			s = s->next;
		f->sacked = s != NULL && s->seq == f->seq;
	}
}

/* Lost is what has three segments above it that arrived; the lowest goes first. */
static void
retransmit_holes(struct mm *m, struct mm_conn *c)
{
	unsigned int sacked_above = 0, end = c->flight_n, i;

	mark_sacked(c);
	while (end > 0 && sacked_above < 3)
		sacked_above += c->flight[(c->flight_head + --end) % MM_FLIGHT_MAX].sacked;
	for (i = 0; i < end; i++) {
		struct mm_flight *f = &c->flight[(c->flight_head + i) % MM_FLIGHT_MAX];

		if (!f->sacked && m->now - f->sent_at > 8 * MM_MS)
			retransmit(m, c, f);
	}
}

static void
retransmit_stale(struct mm *m, struct mm_conn *c, unsigned int most)
{
	unsigned int i;

	for (i = 0; i < c->flight_n && most > 0; i++) {
		struct mm_flight *f = &c->flight[(c->flight_head + i) % MM_FLIGHT_MAX];

		if (f->sacked || m->now - f->sent_at < STALE)
			continue;
		retransmit(m, c, f);
		most--;
	}
}

/* The model's ACKs carry the receiver's state of the moment they arrive. */
void
mm_sender_ack(struct mm *m, struct mm_conn *c)
{
	bool progress = c->rcv_nxt > c->una;

	c->ack_pending = false;
	if (c->state == MM_RX_CLOSED || c->is_silent || mm_chance(m, m->conf.loss))
		return;
	if (c->right > c->edge || progress)
		c->backoff = 0;
	c->una = c->rcv_nxt;
	c->edge = c->right;
	while (c->flight_n > 0) {
		const struct mm_flight *f = &c->flight[c->flight_head];

		if (f->seq + f->len > c->una)
			break;
		c->flight_head = (c->flight_head + 1) % MM_FLIGHT_MAX;
		c->flight_n--;
	}
	while (c->ends_n > 0 && c->ends[c->ends_head] <= c->una) {
		c->ends_head = (c->ends_head + 1) % MM_OUTSTANDING_MAX;
		c->ends_n--;
	}
	if (c->reorder.n > 0)
		retransmit_holes(m, c);
	if (progress)
		retransmit_stale(m, c, 4);
	mm_sender_write(m, c);
	mm_sender_push(m, c);
}

void
mm_sender_timer(struct mm *m, struct mm_conn *c)
{
	if (m->now != c->timer_event_at)
		return;
	c->timer_event_at = UINT64_MAX;
	if (c->is_silent || c->state == MM_RX_CLOSED)
		return;
	if (c->flight_n == 0 && c->nxt == c->written)
		return;
	if (m->now < c->timer_at) {
		timer_event(m, c);
		return;
	}
	c->backoff++;
	if (c->flight_n > 0)
		retransmit_stale(m, c, 1);
	else
		transmit(m, c, c->nxt, 0); /* window probe */
	arm(m, c);
}

void
mm_sender_fall_silent(struct mm *m, struct mm_conn *c, bool dribble)
{
	bool is_mid_message = c->state == MM_RX_PAYLOAD && c->left > MM_FLIGHT_MAX * MM_MSS;

	if (!is_mid_message && m->now < m->conf.duration) {
		mm_event(m, m->now + 20 * MM_MS, MM_FALL_SILENT, c->index, dribble, NULL);
		return;
	}
	if (!is_mid_message)
		return;
	c->is_silent = true;
	c->is_dribbling = dribble;
	if (dribble)
		mm_event(m, m->now + 10 * MM_S, MM_DRIBBLE, c->index, 0, NULL);
}

void
mm_sender_dribble(struct mm *m, struct mm_conn *c)
{
	if (c->state == MM_RX_CLOSED)
		return;
	transmit(m, c, c->rcv_nxt, 1);
	mm_event(m, m->now + 10 * MM_S, MM_DRIBBLE, c->index, 0, NULL);
}

/* --- the router's end --- */

void
mm_send_ack(struct mm *m, struct mm_conn *c)
{
	if (c->ack_pending)
		return;
	c->ack_pending = true;
	/* the control connections are not to fill the run with millions of empty messages */
	mm_event(m, m->now + (c->is_bulk ? 2 * ONE_WAY : CONTROL_PACE), MM_ACK, c->index, 0, NULL);
}

static void
update_event(struct mm *m, struct mm_conn *c)
{
	mm_event(m, m->now + (UPDATE_REPEAT << c->updates), MM_UPDATE, c->index, c->rcv_nxt, NULL);
}

/* Move the right edge as far as the ledger lets it; tell the sender when that is worth a segment. */
void
mm_tcp_window(struct mm *m, struct mm_conn *c)
{
	uint64_t base = c->taken + c->expect;
	uint32_t open = c->right > base ? (uint32_t)(c->right - base) : 0;
	uint64_t right = base + ledger_window(&m->ledger, &c->ledger, open, m->conf.window_want);
	bool was_closed = c->right - c->rcv_nxt < MM_MSS;

	if (right <= c->right || (right < c->right + MM_MSS && !was_closed))
		return;
	c->right = right;
	mm_send_ack(m, c);
	if (!was_closed)
		return;
	c->updates = 0;
	c->opened_at = c->nxt < c->written ? m->now : 0;
	if (!m->conf.updates_once)
		update_event(m, c);
}

/* A lost window update would leave the sender to its persist timer, which may have backed off as far as the wait. */
void
mm_tcp_update(struct mm *m, struct mm_conn *c, uint64_t rcv_nxt)
{
	if (c->state == MM_RX_CLOSED || c->rcv_nxt != rcv_nxt || c->updates >= UPDATES_MAX)
		return;
	c->updates++;
	mm_send_ack(m, c);
	update_event(m, c);
}

static bool
copy_behind_last(struct mm *m, struct mm_conn *c, struct mm_mbuf *mb, uint32_t len)
{
	struct mm_slice *last = c->queue.tail;

	if (last == NULL || last->m->refs != 1 || last->m->end + len > last->m->room)
		return false;
	last->m->end += len;
	last->len += len;
	c->queue.bytes += len;
	mm_mbuf_put(m, mb);
	return true;
}

static bool
is_expected(const struct mm_conn *c, uint32_t len)
{
	return c->queue.bytes + len <= c->expect;
}

static bool
accept_in_order(struct mm *m, struct mm_conn *c, struct mm_mbuf *mb, uint32_t len)
{
	uint32_t size = m->conf.ledger.mbuf_size;

	if (!copy_behind_last(m, c, mb, len)) {
		if (ledger_conn_take(&m->ledger, &c->ledger, size, is_expected(c, len)) < 0)
			return false;
		mm_chain_add(&c->queue, mb, len);
	}
	c->rcv_nxt += len;
	return true;
}

static void
reorder_to_queue(struct mm *m, struct mm_conn *c)
{
	uint32_t size = m->conf.ledger.mbuf_size;
	struct mm_slice *s;

	while ((s = c->reorder.head) != NULL && s->seq <= c->rcv_nxt) {
		uint64_t seq = s->seq;
		uint32_t len = s->len;
		struct mm_mbuf *mb;
		bool whole;

		mm_chain_cut(&c->reorder, len, &mb, &whole);
		if (seq < c->rcv_nxt) {
			ledger_reorder_give(&m->ledger, &c->ledger, size);
			mm_mbuf_put(m, mb);
		} else if (copy_behind_last(m, c, mb, len)) {
			ledger_reorder_give(&m->ledger, &c->ledger, size);
			c->rcv_nxt += len;
		} else if (ledger_reorder_join(&m->ledger, &c->ledger, size, is_expected(c, len)) <
			   0) {
			m->res->reneged++;
			mm_mbuf_put(m, mb);
		} else {
			mm_chain_add(&c->queue, mb, len);
			c->rcv_nxt += len;
		}
	}
}

static bool
accept_out_of_order(struct mm *m, struct mm_conn *c, struct mm_mbuf *mb, const struct mm_seg *seg)
{
	struct mm_slice **at = &c->reorder.head, *s;

	while (*at != NULL && (*at)->seq < seg->seq)
		at = &(*at)->next;
	if (*at != NULL && (*at)->seq == seg->seq)
		return false;
	if (ledger_reorder_take(&m->ledger, &c->ledger, m->conf.ledger.mbuf_size) < 0) {
		m->res->reorder_refused++;
		return false;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	*s = (struct mm_slice){.next = *at, .m = mb, .len = seg->len, .seq = seg->seq};
	*at = s;
	if (s->next == NULL)
		c->reorder.tail = s;
	c->reorder.bytes += seg->len;
	c->reorder.n++;
	return true;
}

/* The sender has heard of the window that was opened. */
static void
note_start(struct mm *m, struct mm_conn *c)
{
	if (c->opened_at > 0 && !c->is_silent && m->now - c->opened_at > m->res->slowest_start)
		m->res->slowest_start = m->now - c->opened_at;
	c->opened_at = 0;
}

/* The segment's ACK has been processed; this is about its data. */
void
mm_tcp_input(struct mm *m, struct mm_conn *c, const struct mm_seg *seg, struct mm_mbuf *mb)
{
	bool kept = false;

	mb->end = seg->len;
	if (c->state == MM_RX_CLOSED) {
		mm_mbuf_put(m, mb);
		return;
	}
	mm_send_ack(m, c);
	if (seg->len > 0)
		note_start(m, c);
	if (seg->len > 0 && seg->seq == c->rcv_nxt && seg->seq + seg->len <= c->right) {
		kept = accept_in_order(m, c, mb, seg->len);
		if (!kept)
			m->res->data_refused++;
		else
			reorder_to_queue(m, c);
	} else if (seg->len > 0 && seg->seq > c->rcv_nxt && seg->seq + seg->len <= c->right) {
		kept = accept_out_of_order(m, c, mb, seg);
	}
	if (!kept)
		mm_mbuf_put(m, mb);
	if (!c->touched)
		m->touched[m->n_touched++] = c;
	c->touched = true;
}

void
mm_tcp_close(struct mm *m, struct mm_conn *c)
{
	mm_chain_free(m, &c->queue);
	mm_chain_free(m, &c->reorder);
	ledger_conn_close(&m->ledger, &c->ledger);
	c->state = MM_RX_CLOSED;
}
