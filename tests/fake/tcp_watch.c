/* SPDX-License-Identifier: BSD-3-Clause */
/* Invariants of the TCP engine, recomputed from its own lists. */
#include "tests/fake/tcp_watch.h"

#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#define MUST(expr)                    \
	do {                          \
		if (!(expr))          \
			return #expr; \
	} while (0)

#define FIRST(call)                           \
	do {                                  \
		const char *broken_ = (call); \
		if (broken_ != NULL)          \
			return broken_;       \
	} while (0)

/* --- buffers --- */

static const char *
buf_sums(const struct buf *b)
{
	const struct slice *s, *last = NULL;
	uint32_t len = 0, n = 0, true_size = 0;

	for (s = b->head; s != NULL; s = s->next) {
		MUST(s->len > 0);
		len += s->len;
		true_size += buf_mbuf_true_size(s->m);
		n++;
		last = s;
	}
	MUST(b->len == len && b->n_slices == n && b->true_size == true_size);
	MUST(b->tail == last);
	return NULL;
}

/* --- send queue and scoreboard --- */

/* A position in a buf, moved forwards only. */
struct walk {
	const struct slice *s;
	uint32_t before; /* bytes ahead of @s */
};

/* Offset of byte @off of slice @s in the buf; UINT32_MAX = @s does not come any more. */
static uint32_t
walk_to(struct walk *w, const struct slice *s, uint32_t off)
{
	for (; w->s != NULL && w->s != s; w->s = w->s->next)
		w->before += w->s->len;
	return w->s == NULL ? UINT32_MAX : w->before + off - s->off;
}

struct sums {
	uint32_t space, bytes, sacked, sacked_packets, lost, retrans;
	unsigned int in_network;
	bool rtx_passed;
};

static const char *
record(const struct tcp_conn *c, const struct tcp_txseg *s, struct sums *sum, struct walk *w)
{
	uint32_t space = txseg_space(s);
	bool waits = (s->flags & TXSEG_LOST) != 0 && (s->flags & TXSEG_RETRANS) == 0;

	MUST(s->seq == c->snd_una + sum->space);
	MUST(space > 0 && s->packets > 0);
	MUST((s->flags & TXSEG_SACKED) == 0 || (s->flags & (TXSEG_LOST | TXSEG_RETRANS)) == 0);
	MUST((s->flags & TXSEG_FIN) == 0 || TAILQ_NEXT(s, link) == NULL);
	if (s->len > 0)
		MUST(walk_to(w, s->slice, s->off) == sum->bytes);
	sum->in_network += txseg_is_in_network(s);
	sum->rtx_passed |= s == c->tx.rtx;
	MUST(sum->rtx_passed || !waits);
	if ((s->flags & TXSEG_SACKED) != 0) {
		sum->sacked += space;
		sum->sacked_packets += s->packets;
	}
	sum->lost += (s->flags & TXSEG_LOST) != 0 ? space : 0;
	sum->retrans += (s->flags & TXSEG_RETRANS) != 0 ? space : 0;
	sum->space += space;
	sum->bytes += s->len;
	return NULL;
}

static const char *
send_queue(const struct tcp_conn *c)
{
	const struct tcp_txq *q = &c->tx;
	struct walk at_record = {.s = q->data.head}, at_next = at_record;
	struct sums sum = {0};
	const struct tcp_txseg *s;
	uint64_t sent_at = 0;

	FIRST(buf_sums(&q->data));
	TAILQ_FOREACH(s, &q->segs, link)
		FIRST(record(c, s, &sum, &at_record));
	MUST(sum.space == tcp_in_flight(c));
	MUST(sum.bytes + q->unsent == q->data.len);
	MUST(q->next == NULL || walk_to(&at_next, q->next, q->next_off) == sum.bytes);
	MUST(q->next != NULL || sum.bytes == 0);
	MUST(sum.sacked == q->sacked && sum.sacked_packets == q->sacked_packets);
	MUST(sum.lost == q->lost && sum.retrans == q->retrans);
	MUST(q->rtx == NULL || sum.rtx_passed);
	MUST(q->sacked + q->lost <= tcp_in_flight(c) + q->retrans);
	TAILQ_FOREACH(s, &q->sent, sent_link) {
		MUST(txseg_is_in_network(s) && s->sent_at >= sent_at);
		sent_at = s->sent_at;
		sum.in_network--;
	}
	MUST(sum.in_network == 0);
	return NULL;
}

/* --- receive queue --- */

static const char *
receive_queue(const struct tcp_conn *c)
{
	const struct tcp_rxq *q = &c->rx;
	const struct tcp_ooo *r;
	uint32_t end = c->rcv_nxt, bytes = 0;
	uint64_t held = 0;
	unsigned int n = 0;

	FIRST(buf_sums(&q->data));
	TAILQ_FOREACH(r, &q->ooo, link) {
		FIRST(buf_sums(&r->data));
		MUST(r->data.len > 0 && seq_gt(r->seq, end));
		end = r->seq + r->data.len;
		bytes += r->data.len;
		held += r->data.true_size;
		n++;
	}
	MUST(seq_leq(end, c->rcv_edge));
	MUST(bytes == q->ooo_bytes && n == q->ooo_ranges && n <= TCP_OOO_RANGES_MAX);
	MUST(c->account.reorder == held);
	MUST(c->account.pinned + c->account.passing == q->data.true_size);
	MUST(!c->fin_rcvd || n == 0);
	return NULL;
}

/* --- deadlines: whatever waits for something has a time at which it stops waiting --- */

/* A deadline that makes a sender try again. */
static bool
will_try(const struct tcp_conn *c)
{
	return tcp_timer_is_set(c, TCP_TIMER_RTX) || tcp_timer_is_set(c, TCP_TIMER_RETRY);
}

static bool
will_ack(const struct tcp_conn *c)
{
	return tcp_timer_is_set(c, TCP_TIMER_ACK) || tcp_timer_is_set(c, TCP_TIMER_RETRY);
}

static const char *
deadlines(const struct tcp_conn *c)
{
	uint64_t first = TIMER_NONE;
	unsigned int i;

	for (i = 0; i < TCP_TIMERS; i++)
		first = c->deadline[i] < first ? c->deadline[i] : first;
	MUST(first == TIMER_NONE || (c->timer.armed && c->timer.deadline <= first));
	switch (c->state) {
	case TCP_SYN_SENT:
	case TCP_SYN_RCVD:
		MUST(tcp_timer_is_set(c, TCP_TIMER_RTX) && tcp_timer_is_set(c, TCP_TIMER_LIFE));
		return NULL;
	case TCP_TIME_WAIT:
		MUST(tcp_timer_is_set(c, TCP_TIMER_LIFE));
		return NULL;
	case TCP_FIN_WAIT_2:
		MUST(tcp_timer_is_set(c, TCP_TIMER_LIFE));
		break;
	default:
		break;
	}
	MUST(tcp_in_flight(c) == 0 || will_try(c));
	MUST(c->tx.unsent == 0 || will_try(c));
	MUST(!c->fin_wanted || c->fin_sent || will_try(c));
	MUST(c->unacked == 0 || will_ack(c));
	MUST(!c->ack_now || will_ack(c));
	MUST(c->t->cfg.keepalive_idle == 0 || tcp_timer_is_set(c, TCP_TIMER_KEEP));
	return NULL;
}

/* --- one connection --- */

static const char *
ecn_state(const struct tcp_conn *c)
{
	const struct tcp_ecn *e = &c->ecn;

	MUST(e->ok || !(e->echo || e->cwr || e->reduced || e->dctcp));
	MUST(e->ect || !(e->cwr || e->reduced));
	MUST(c->recovery != TCP_REDUCTION || (e->ok && e->ect && c->tx.lost == 0));
	MUST(c->cc.dctcp.alpha >= 0 && c->cc.dctcp.alpha <= 1);
	return NULL;
}

static const char *
now_holds(const struct tcp_conn *c)
{
	MUST(seq_leq(c->snd_una, c->snd_nxt));
	MUST(seq_leq(c->rcv_nxt, c->rcv_edge));
	MUST(c->mss >= TCP_MSS_MIN && c->cc.cwnd <= TCP_CWND_MAX);
	/* while it shrinks it is what the last ACK allowed (RFC 6937) */
	MUST(c->cc.cwnd >= c->cc.mss || c->recovery == TCP_FAST_RECOVERY ||
	     c->recovery == TCP_REDUCTION);
	FIRST(ecn_state(c));
	FIRST(deadlines(c));
	if (!tcp_is_synchronized(c))
		return NULL;
	MUST(c->account.open);
	MUST(c->cc.mss == c->mss);
	MUST(!c->fin_acked || tcp_in_flight(c) == 0);
	MUST(c->acked == (uint32_t)(c->snd_una - c->iss - 1 - c->fin_acked) || c->acked >> 32 != 0);
	FIRST(send_queue(c));
	return receive_queue(c);
}

bool
tcp_watch_is_same(const struct tcp_watch *w, const struct tcp_conn *c)
{
	return w->c == c && w->iss == c->iss && w->opened_at == c->opened_at;
}

static void
begin(struct tcp_watch *w, const struct tcp_conn *c)
{
	*w = (struct tcp_watch){
		.c = c,
		.opened_at = c->opened_at,
		.iss = c->iss,
		.snd_una = c->iss,
		.snd_nxt = c->iss,
		.sent_end = c->iss,
		.offered = c->iss + 1,
	};
}

void
tcp_watch_in(struct tcp_watch *w, const struct tcp_conn *c, const struct tcp_segment *s)
{
	bool syn = (s->flags & TCP_SYN) != 0;
	uint32_t shift = syn ? 0 : c->snd_shift;
	uint32_t ack = (s->flags & TCP_ACK) != 0 ? s->ack : c->iss + 1;
	uint32_t edge = ack + ((uint32_t)s->wnd << shift);

	if (!tcp_watch_is_same(w, c))
		begin(w, c);
	/* what it acknowledges was never sent: nothing of it counts */
	if (seq_gt(ack, c->snd_nxt))
		return;
	w->offered = seq_max(w->offered, edge);
}

static const char *
moved_on(const struct tcp_watch *w, const struct tcp_conn *c)
{
	MUST(seq_geq(c->snd_una, w->snd_una) && seq_geq(c->snd_nxt, w->snd_nxt));
	MUST(c->acked >= w->acked && tcp_queued(c) >= w->queued);
	MUST(tcp_acked(c) <= tcp_sent(c) && tcp_sent(c) <= tcp_queued(c));
	MUST(!tcp_is_synchronized(c) || seq_leq(c->snd_nxt - c->fin_sent, w->offered));
	if (w->has_numbers) {
		MUST(seq_geq(c->rcv_nxt, w->rcv_nxt));
		MUST(seq_geq(c->rcv_edge, w->rcv_edge));
	}
	return NULL;
}

const char *
tcp_watch_conn(struct tcp_watch *w, const struct tcp_conn *c)
{
	if (!tcp_watch_is_same(w, c))
		begin(w, c);
	FIRST(now_holds(c));
	FIRST(moved_on(w, c));
	w->snd_una = c->snd_una;
	w->snd_nxt = c->snd_nxt;
	w->acked = c->acked;
	w->queued = tcp_queued(c);
	w->rcv_nxt = c->rcv_nxt;
	w->rcv_edge = c->rcv_edge;
	w->has_numbers = c->state != TCP_SYN_SENT;
	return NULL;
}

static const char *
sack_blocks(const struct tcp_conn *c, const struct tcp_segment *s)
{
	unsigned int i;

	MUST(s->n_sack == 0 || c->sack_ok);
	for (i = 0; i < s->n_sack; i++) {
		MUST(seq_lt(s->sack[i].start, s->sack[i].end));
		/* the first may report a duplicate, RFC 2883 4 */
		if (i == 0 && seq_leq(s->sack[i].end, s->ack))
			continue;
		MUST(seq_leq(s->sack[i].end, c->rcv_edge));
		MUST(i == 0 || seq_gt(s->sack[i].start, s->ack));
	}
	return NULL;
}

/* RFC 3168 6.1.1, 6.1.4 to 6.1.6: what is sent with which bits. */
static const char *
ecn_of(const struct tcp_watch *w, const struct tcp_conn *c, const struct tcp_segment *s,
       uint8_t tos)
{
	bool ect = (tos & IP_ECN_MASK) != IP_ECN_NONE;

	MUST(!ect || (tos & IP_ECN_MASK) == IP_ECN_ECT0);
	/* a handshake asks, and DCTCP marks all of it: RFC 8257 3.6 */
	if ((s->flags & (TCP_SYN | TCP_RST)) != 0)
		return NULL;
	MUST((s->flags & TCP_ECE) == 0 || c->ecn.ok);
	MUST((s->flags & TCP_CWR) == 0 || ect);
	MUST(!ect || (c->ecn.ok && c->ecn.ect && s->len > 0));
	MUST(!ect || seq_geq(s->seq, w->sent_end));
	return NULL;
}

const char *
tcp_watch_out(struct tcp_watch *w, const struct tcp_conn *c, const struct tcp_segment *s,
	      uint8_t tos)
{
	bool syn = (s->flags & TCP_SYN) != 0;
	uint32_t unit = 1u << (syn ? 0 : c->rcv_shift), edge = s->ack + s->wnd * unit;

	if (!tcp_watch_is_same(w, c))
		begin(w, c);
	/* a probe or a keepalive comes from below SND.UNA, RFC 9293 3.8.4 */
	MUST(s->len == 0 || seq_geq(s->seq, c->iss + 1));
	MUST(seq_leq(s->seq + tcp_segment_space(s), c->snd_nxt));
	FIRST(ecn_of(w, c, s, tos));
	w->sent_end = seq_max(w->sent_end, s->seq + tcp_segment_space(s));
	if ((s->flags & TCP_ACK) == 0 || (s->flags & TCP_RST) != 0)
		return NULL;
	MUST(seq_leq(s->ack, c->rcv_nxt));
	FIRST(sack_blocks(c, s));
	if (w->has_sent) {
		MUST(seq_geq(s->ack, w->ack));
		/* a repeated SYN cannot say more than 65535; rounding to the unit takes less than one back, RFC 7323 2.4 */
		MUST(syn || seq_gt(edge + unit, w->edge));
		MUST(!s->has_ts || seq_geq(s->tsval, w->tsval));
	}
	w->edge = w->has_sent ? seq_max(edge, w->edge) : edge;
	w->ack = s->ack;
	w->tsval = s->tsval;
	w->has_sent = true;
	return NULL;
}

const char *
tcp_watch_half_open(const struct tcp_request *r, const struct tcp_segment *s)
{
	bool syn = (s->flags & TCP_SYN) != 0;

	MUST((s->flags & (TCP_ACK | TCP_FIN)) == TCP_ACK && s->len == 0 && s->n_sack == 0);
	MUST(s->seq == r->iss + !syn && s->ack == r->syn.seq + 1);
	MUST(s->has_ts == r->syn.has_ts);
	MUST(!syn || s->wnd <= r->wnd);
	MUST((s->flags & TCP_CWR) == 0);
	MUST((s->flags & TCP_ECE) == 0 || (syn && r->ecn.ok));
	return NULL;
}

/* --- the engine --- */

struct totals {
	unsigned int used, time_wait, records, ranges, accounts;
	uint64_t pinned, passing, reorder, promised;
};

static void
add_account(const struct ledger *l, const struct ledger_conn *a, struct totals *sum)
{
	if (!a->open)
		return;
	sum->accounts++;
	sum->pinned += a->pinned;
	sum->passing += a->passing;
	sum->reorder += a->reorder;
	sum->promised += a->promised > l->plan.conn ? a->promised - l->plan.conn : 0;
}

static const char *
block(struct tcp *t, struct tcp_conn *c, struct totals *sum)
{
	const struct tcp_txseg *s;

	sum->used++;
	MUST(c->state != TCP_CLOSED && !c->is_dead);
	MUST(!c->is_listed && !c->is_dirty);
	MUST(tcp_conn_find(t, &c->flow) == c);
	sum->time_wait += c->state == TCP_TIME_WAIT;
	/* what a peer has begun waits in the queue */
	MUST(c->state != TCP_SYN_RCVD || c->active);
	sum->ranges += c->rx.ooo_ranges;
	TAILQ_FOREACH(s, &c->tx.segs, link)
		sum->records++;
	add_account(&t->lc->ledger, &c->account, sum);
	return NULL;
}

static const char *
fair_shares(const struct fair *f)
{
	unsigned int class, n, total = 0, common = 0;
	const struct fair_link *l;

	for (class = 0; class < 2 * FAIR_CLASSES; class ++) {
		n = 0;
		TAILQ_FOREACH(l, &f->list[class], link) {
			MUST(l->class == class);
			n++;
		}
		MUST(f->n[class] == n);
		total += n;
		common += class < FAIR_CLASSES ? n : 0;
	}
	MUST(f->total == total && f->common == common);
	return NULL;
}

static const char *
listeners(const struct tcp *t)
{
	const struct tcp_listener *l;
	unsigned int i, waiting;

	LIST_FOREACH(l, &t->listeners, link) {
		for (i = waiting = 0; i < t->cfg.max_conns; i++)
			waiting += t->conns[i].in_backlog && t->conns[i].listener == l;
		FIRST(fair_shares(&l->waiting));
		MUST(l->waiting.total == waiting && waiting <= l->backlog);
	}
	return NULL;
}

/* Each request has a stage, and so a time at which it stops waiting. */
static const char *
stages(const struct tcp_synq *q)
{
	const struct tcp_request *r;
	unsigned int i, n = 0;
	uint64_t due;

	for (i = 0; i < TCP_SYNQ_STAGES; i++) {
		due = 0;
		TAILQ_FOREACH(r, &q->stage[i], link) {
			MUST(r->listener != NULL && r->stage == i && r->due >= due);
			MUST(q->timer.armed && q->timer.deadline <= r->due);
			due = r->due;
			n++;
		}
	}
	MUST(n == q->sources.total);
	TAILQ_FOREACH(r, &q->free, link) {
		MUST(r->listener == NULL);
		n++;
	}
	MUST(n == q->size);
	return NULL;
}

static const char *
half_open(struct tcp *t, struct totals *sum)
{
	const struct tcp_synq *q = &t->synq;
	unsigned int i, windows = 0;

	for (i = 0; i < q->size; i++) {
		const struct tcp_request *r = &q->mem[i];

		if (r->listener == NULL)
			continue;
		MUST(tcp_synq_find(t, &r->flow) == r && tcp_conn_find(t, &r->flow) == NULL);
		MUST(r->wnd > 0 && r->sent_at >= r->begun_at);
		windows += r->account.open;
		add_account(&t->lc->ledger, &r->account, sum);
	}
	MUST(windows == q->windows);
	FIRST(fair_shares(&q->sources));
	return stages(q);
}

const char *
tcp_watch_engine(struct tcp *t, const struct ledger_conn *others, unsigned int n)
{
	const struct ledger *l = &t->lc->ledger;
	struct totals sum = {0};
	unsigned int i;

	for (i = 0; i < t->cfg.max_conns; i++) {
		if (t->conns[i].t != NULL)
			FIRST(block(t, &t->conns[i], &sum));
	}
	FIRST(half_open(t, &sum));
	for (i = 0; i < n; i++)
		add_account(l, &others[i], &sum);
	MUST(sum.used == t->n_used && sum.time_wait == t->n_time_wait);
	MUST(sum.records == t->txsegs.used && sum.ranges == t->ooo.used);
	MUST(sum.accounts == l->conns && sum.promised == l->shared_promised);
	MUST(sum.pinned == l->use[LEDGER_STREAM].used && sum.passing == l->passing);
	MUST(sum.reorder == l->use[LEDGER_REORDER].used);
	MUST(l->use[LEDGER_STREAM].used <= l->use[LEDGER_STREAM].size);
	MUST(l->use[LEDGER_REORDER].used <= l->use[LEDGER_REORDER].size);
	return listeners(t);
}
