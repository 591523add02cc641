/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of half-open connections. */
#include "drivers/tcp/synq.h"

#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_malloc.h>

#include <errno.h>
#include <stddef.h>

#define ISN_STEP \
	65537u /* above the numbers of an old connection of the same addresses, as Linux does */
#define WINDOWS_MAX \
	16 /* requests that hold memory for their window: a flood shall not hold it all */
#define OVERDUE_MAX \
	64 /* served by one run of the timer: the rest wait for the next one, as segments do */
#define WND_MAX 65535u /* RFC 7323 2.2: the window of a SYN is not scaled */

static struct tcp_request *
of_fair(struct fair_link *l)
{
	return (struct tcp_request *)((char *)l - offsetof(struct tcp_request, fair));
}

void
tcp_synq_release_window(struct tcp *t, struct tcp_request *r)
{
	if (!r->account.open)
		return;
	ledger_conn_close(&t->lc->ledger, &r->account);
	t->synq.windows--;
}

void
tcp_synq_remove(struct tcp *t, struct tcp_request *r)
{
	struct tcp_synq *q = &t->synq;

	tcp_synq_release_window(t, r);
	tcp_flows_remove(&q->flows, (uint32_t)(r - q->mem));
	TAILQ_REMOVE(&q->stage[r->stage], r, link);
	fair_remove(&q->sources, &r->fair);
	r->listener = NULL;
	TAILQ_INSERT_HEAD(&q->free, r, link);
}

/* --- the timer --- */

static bool
is_crowded(const struct tcp_synq *q)
{
	return q->sources.total > q->size / 2;
}

/* Into its stage. All that enter a stage wait equally long, so the first to enter is the first to be due. */
static void
wait_for(struct tcp *t, struct tcp_request *r, uint64_t now)
{
	const struct tcp_config *cfg = &t->cfg;
	uint64_t wait = cfg->syn_rto << r->stage, end = r->begun_at + cfg->connect_timeout;

	r->due = now + (wait < cfg->rto_max ? wait : cfg->rto_max);
	r->due = r->due < end ? r->due : end;
	TAILQ_INSERT_TAIL(&t->synq.stage[r->stage], r, link);
	if (!t->synq.timer.armed || r->due < t->synq.timer.deadline)
		timer_arm(&t->lc->wheel, &t->synq.timer, r->due);
}

/* The SYN-ACK was not answered in time. */
static void
overdue(struct tcp *t, struct tcp_request *r, uint64_t now)
{
	struct tcp_synq *q = &t->synq;

	if (now >= r->begun_at + t->cfg.connect_timeout || r->stage + 1 == TCP_SYNQ_STAGES) {
		tcp_count(t, TCP_SYN_EXPIRED);
		tcp_synq_remove(t, r);
		return;
	}
	TAILQ_REMOVE(&q->stage[r->stage], r, link);
	r->stage++;
	wait_for(t, r, now);
	/* a peer that is there repeats its SYN; whoever floods us shall not make us flood somebody else */
	if (is_crowded(q)) {
		tcp_count(t, TCP_SYN_ACK_SPARED);
		return;
	}
	tcp_request_repeat(t, r, now);
}

static void
fire(struct timer *timer, uint64_t now)
{
	struct tcp_synq *q = (struct tcp_synq *)((char *)timer - offsetof(struct tcp_synq, timer));
	struct tcp *t = (struct tcp *)((char *)q - offsetof(struct tcp, synq));
	uint64_t next = TIMER_NONE;
	struct tcp_request *r;
	unsigned int i, n = 0;

	for (i = 0; i < TCP_SYNQ_STAGES; i++) {
		while (n < OVERDUE_MAX && (r = TAILQ_FIRST(&q->stage[i])) != NULL &&
		       r->due <= now) {
			overdue(t, r, now);
			n++;
		}
	}
	for (i = 0; i < TCP_SYNQ_STAGES; i++) {
		r = TAILQ_FIRST(&q->stage[i]);
		if (r != NULL && r->due < next)
			next = r->due;
	}
	if (next != TIMER_NONE)
		timer_arm(&t->lc->wheel, &q->timer, next);
}

/* --- create, destroy --- */

int
tcp_synq_create(struct tcp *t)
{
	struct tcp_synq *q = &t->synq;
	unsigned int i;

	q->size = t->cfg.max_embryonic;
	q->timer.fire = fire;
	fair_init(&q->sources);
	TAILQ_INIT(&q->free);
	for (i = 0; i < TCP_SYNQ_STAGES; i++)
		TAILQ_INIT(&q->stage[i]);
	q->mem = rte_calloc_socket("tcp_synq", q->size, sizeof(*q->mem), RTE_CACHE_LINE_SIZE,
				   t->lc->socket);
	if (q->mem == NULL)
		return -ENOMEM;
	if (tcp_flows_init(&q->flows, q->mem, sizeof(*q->mem), offsetof(struct tcp_request, flow),
			   q->size, tcp_hash_seed(t), t->lc->socket) < 0) {
		rte_free(q->mem);
		return -ENOMEM;
	}
	for (i = 0; i < q->size; i++)
		TAILQ_INSERT_TAIL(&q->free, &q->mem[i], link);
	return 0;
}

void
tcp_synq_destroy(struct tcp *t)
{
	tcp_flows_fini(&t->synq.flows);
	rte_free(t->synq.mem);
}

void
tcp_synq_clear(struct tcp *t)
{
	unsigned int i;

	for (i = 0; i < t->synq.size; i++) {
		if (t->synq.mem[i].listener != NULL)
			tcp_synq_remove(t, &t->synq.mem[i]);
	}
	timer_disarm(&t->lc->wheel, &t->synq.timer);
}

bool
tcp_synq_give_way(struct tcp *t)
{
	unsigned int i;

	if (t->synq.windows == 0)
		return false;
	for (i = 0; !t->synq.mem[i].account.open;)
		i++;
	tcp_count(t, TCP_SYN_EVICTED);
	tcp_synq_remove(t, &t->synq.mem[i]);
	return true;
}

void
tcp_synq_unlisten(struct tcp_listener *l, uint64_t now)
{
	struct tcp *t = l->t;
	unsigned int i;

	for (i = 0; i < t->synq.size; i++) {
		struct tcp_request *r = &t->synq.mem[i];

		if (r->listener != l)
			continue;
		tcp_request_reset(t, r, now);
		tcp_synq_remove(t, r);
	}
}

/* --- segments --- */

struct tcp_request *
tcp_synq_find(struct tcp *t, const struct ip_flow *flow)
{
	const struct tcp_synq *q = &t->synq;
	uint32_t i;

	if (q->sources.total == 0)
		return NULL;
	i = tcp_flows_find(&q->flows, flow, tcp_flows_hash(&q->flows, flow));
	return i == TCP_FLOWS_NONE ? NULL : &q->mem[i];
}

/* A free entry for one more of @class. Return: NULL: it has to give way itself. */
static struct tcp_request *
take_entry(struct tcp *t, uint16_t class)
{
	struct tcp_synq *q = &t->synq;
	struct fair_link *victim;
	struct tcp_request *r;

	if (TAILQ_EMPTY(&q->free)) {
		victim = fair_victim(&q->sources, class);
		if (victim == NULL)
			return NULL;
		tcp_count(t, TCP_SYN_EVICTED);
		tcp_synq_remove(t, of_fair(victim));
	}
	r = TAILQ_FIRST(&q->free);
	TAILQ_REMOVE(&q->free, r, link);
	return r;
}

void
tcp_synq_hold_window(struct tcp *t, struct tcp_request *r)
{
	struct ledger *l = &t->lc->ledger;
	uint32_t want = t->cfg.rcv_wnd_min < WND_MAX ? t->cfg.rcv_wnd_min : WND_MAX;
	uint32_t wnd = l->plan.conf.window_min;

	if (t->synq.windows < WINDOWS_MAX && ledger_conn_open(l, &r->account) == 0) {
		t->synq.windows++;
		wnd = ledger_window(l, &r->account, r->wnd, want);
	}
	wnd = wnd < want ? wnd : want;
	r->wnd = wnd > r->wnd ? wnd : r->wnd;
}

void
tcp_synq_add(struct tcp_listener *l, const struct ip_flow *flow, uint8_t tos,
	     const struct tcp_segment *s, const uint32_t *isn_above, uint64_t now)
{
	struct tcp *t = l->t;
	uint16_t class = tcp_fair_class(t, flow);
	struct tcp_request *r;

	if (!tcp_backlog_may_grow(l, class)) {
		tcp_count(t, TCP_SYN_BACKLOG);
		return;
	}
	r = take_entry(t, class);
	if (r == NULL) {
		tcp_count(t, TCP_SYN_REFUSED);
		return;
	}
	*r = (struct tcp_request){
		.flow = *flow,
		.tos = tos & 0xfc, /* the peer's class, without its ECN bits */
		.syn = *s,
		.listener = l,
		.iss = tcp_isn(t, flow, now),
		.begun_at = now,
	};
	if (isn_above != NULL && seq_leq(r->iss, *isn_above))
		r->iss = *isn_above + ISN_STEP;
	tcp_flows_add(&t->synq.flows, (uint32_t)(r - t->synq.mem));
	tcp_synq_hold_window(t, r);
	fair_add(&t->synq.sources, &r->fair, class);
	wait_for(t, r, now);
	/* no way back, or no mbuf: the peer repeats its SYN */
	if (!tcp_request_begin(t, r, tos, now))
		tcp_synq_remove(t, r);
}
