/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory model: virtual time in seeded order, the pool of mbufs, the worker's round, the run and its audit. */
#include "tests/sim/memory_model_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RING_SERVICE (20 * MM_US) /* from the first waiting segment to the worker's round */
#define WINDOW_START (64u << 10)
#define DRAIN_MAX (300 * MM_S)

/* --- time and chance --- */

/* splitmix64 */
uint64_t
mm_random(struct mm *m)
{
	uint64_t z = (m->rng += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

bool
mm_chance(struct mm *m, unsigned int per_1000)
{
	return per_1000 > 0 && mm_random(m) % 1000 < per_1000;
}

static bool
is_earlier(const struct mm_event *a, const struct mm_event *b)
{
	return a->at != b->at ? a->at < b->at : a->tie < b->tie;
}

/* Events of the same time come in random order. */
void
mm_event(struct mm *m, uint64_t at, enum mm_event_kind kind, unsigned int who, uint64_t arg,
	 struct mm_seg *seg)
{
	struct mm_event e = {at, mm_random(m), kind, who, arg, seg};
	size_t i = m->heap_n++;

	if (i == m->heap_cap) {
		m->heap_cap = m->heap_cap * 2 + 1024;
		m->heap = realloc(m->heap, m->heap_cap * sizeof(*m->heap));
		if (m->heap == NULL)
			abort();
	}
	while (i > 0 && is_earlier(&e, &m->heap[(i - 1) / 2])) {
		m->heap[i] = m->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	m->heap[i] = e;
}

static struct mm_event
next_event(struct mm *m)
{
	struct mm_event first = m->heap[0], last = m->heap[--m->heap_n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < m->heap_n) {
		if (child + 1 < m->heap_n && is_earlier(&m->heap[child + 1], &m->heap[child]))
			child++;
		if (!is_earlier(&m->heap[child], &last))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = last;
	return first;
}

/* --- mbufs that run out --- */

struct mm_mbuf *
mm_mbuf_get(struct mm *m, uint32_t room)
{
	struct mm_mbuf *mb = m->free_mbufs;

	if (mb == NULL)
		return NULL;
	m->free_mbufs = mb->next;
	m->n_free--;
	if (m->n_free < m->res->lowest_free)
		m->res->lowest_free = m->n_free;
	*mb = (struct mm_mbuf){.refs = 1, .room = room};
	return mb;
}

void
mm_mbuf_put(struct mm *m, struct mm_mbuf *mb)
{
	if (--mb->refs > 0)
		return;
	mb->next = m->free_mbufs;
	m->free_mbufs = mb;
	m->n_free++;
}

void
mm_chain_add(struct mm_chain *ch, struct mm_mbuf *mb, uint32_t len)
{
	struct mm_slice *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->m = mb;
	s->len = len;
	if (ch->tail != NULL)
		ch->tail->next = s;
	else
		ch->head = s;
	ch->tail = s;
	ch->bytes += len;
	ch->n++;
}

uint32_t
mm_chain_cut(struct mm_chain *ch, uint32_t n, struct mm_mbuf **mb, bool *whole)
{
	struct mm_slice *s = ch->head;

	*mb = s->m;
	*whole = n >= s->len;
	if (!*whole) {
		s->m->refs++;
		s->len -= n;
		ch->bytes -= n;
		return n;
	}
	n = s->len;
	ch->head = s->next;
	if (ch->head == NULL)
		ch->tail = NULL;
	ch->bytes -= n;
	ch->n--;
	free(s);
	return n;
}

void
mm_chain_free(struct mm *m, struct mm_chain *ch)
{
	struct mm_mbuf *mb;
	bool whole;

	while (ch->head != NULL) {
		mm_chain_cut(ch, ch->head->len, &mb, &whole);
		mm_mbuf_put(m, mb);
	}
}

/* --- the port and the worker's round --- */

void
mm_arrive(struct mm *m, struct mm_seg *seg)
{
	if (m->ring_n == m->conf.ledger.rx_desc) {
		free(seg); /* the port drops it: too slow, not too little memory */
		return;
	}
	seg->next = NULL;
	*m->ring_tail = seg;
	m->ring_tail = &seg->next;
	m->ring_n++;
	if (m->round_armed)
		return;
	m->round_armed = true;
	mm_event(m, m->now + RING_SERVICE, MM_ROUND, 0, 0, NULL);
}

/* First the whole burst goes through TCP, ACK before data, then the LND takes what came. */
static void
worker_round(struct mm *m)
{
	unsigned int n, i;

	m->round_armed = false;
	for (n = 0; n < m->conf.ledger.burst && m->ring != NULL; n++) {
		struct mm_seg *seg = m->ring;
		struct mm_mbuf *mb;

		m->ring = seg->next;
		if (m->ring == NULL)
			m->ring_tail = &m->ring;
		m->ring_n--;
		m->res->segments++;
		mb = mm_mbuf_get(m, MM_MBUF_PAYLOAD);
		if (mb == NULL) {
			m->res->ring_dry++;
			free(seg);
			continue;
		}
		if (seg->hop >= 0)
			mm_hop_acked(m, (unsigned int)seg->hop, seg->ack, seg->epoch);
		if (seg->conn == UINT32_MAX)
			mm_mbuf_put(m, mb);
		else
			mm_tcp_input(m, &m->conns[seg->conn], seg, mb);
		free(seg);
	}
	for (i = 0; i < m->n_touched; i++) {
		m->touched[i]->touched = false;
		mm_lnd_receive(m, m->touched[i]);
	}
	m->n_touched = 0;
	if (m->ring != NULL) {
		m->round_armed = true;
		mm_event(m, m->now + RING_SERVICE, MM_ROUND, 0, 0, NULL);
	}
}

static void
dispatch(struct mm *m, const struct mm_event *e)
{
	switch (e->kind) {
	case MM_ROUND:
		worker_round(m);
		break;
	case MM_ACK:
		mm_sender_ack(m, &m->conns[e->who]);
		break;
	case MM_UPDATE:
		mm_tcp_update(m, &m->conns[e->who], e->arg);
		break;
	case MM_TIMER:
		mm_sender_timer(m, &m->conns[e->who]);
		break;
	case MM_SEGMENT:
		mm_arrive(m, e->seg);
		break;
	case MM_HOP_SENT:
		mm_hop_sent(m, e->who, e->arg);
		break;
	case MM_HOP_ACK:
		mm_hop_acks(m, e->who, e->arg);
		break;
	case MM_HOP_STOP:
		mm_hop_stop(m, e->who);
		break;
	case MM_HOP_BACK:
		mm_hop_back(m, e->who);
		break;
	case MM_HOP_CHECK:
		mm_hop_check(m, e->who);
		break;
	case MM_HOP_ANSWER:
		mm_hop_answer(m, e->who);
		break;
	case MM_SCAN:
		mm_lnd_scan(m);
		mm_event(m, m->now + MM_S, MM_SCAN, 0, 0, NULL);
		break;
	case MM_FALL_SILENT:
		mm_sender_fall_silent(m, &m->conns[e->who], e->arg != 0);
		break;
	case MM_DRIBBLE:
		mm_sender_dribble(m, &m->conns[e->who]);
		break;
	}
}

/* --- the run --- */

void
mm_conf_default(struct mm_conf *conf, uint64_t seed)
{
	*conf = (struct mm_conf){
		.seed = seed,
		.duration = 16 * MM_S,
		.senders = 40,
		.hops = 4,
		.mbufs = 16384,
		.ledger =
			{
				.mbuf_size = 2304,
				.mbuf_room = 2048,
				.mtu = 1500,
				.rx_desc = 512,
				.tx_desc = 512,
				.cache = 384,
				.burst = 64,
				.conns = 96,
				.window_min = 16 << 10,
				.tiny = 512,
				.small = 256,
				.large = 10,
				.reorder = 1024 * 2304,
				.local = 128 * 2304,
				.sent = 256 * 2304,
			},
		.window_want = 512 << 10,
		.peer_credits = 8,
		.peer_router_credits = 8,
		.ni_credits = 256,
		.rx_timeout = 50 * MM_S,
		.stopped = 1,
		.stop_at = 4 * MM_S,
	};
	stall_conf_default(&conf->stall);
}

static int
setup_memory(struct mm *m)
{
	const struct mm_conf *conf = &m->conf;
	const struct ledger_conf *lc = &conf->ledger;
	struct ledger_plan plan;
	unsigned int held = lc->rx_desc + 2 * lc->tx_desc + lc->cache, i;
	int rc;

	rc = ledger_plan_make(&plan, lc, (uint64_t)conf->mbufs * lc->mbuf_size);
	if (rc < 0)
		return rc;
	rc = ledger_init(&m->ledger, &plan);
	if (rc < 0)
		return rc;
	/* descriptors and caches hold all that they ever may, all the time */
	m->n_mbufs = conf->mbufs - held;
	m->mbufs = calloc(m->n_mbufs, sizeof(*m->mbufs));
	if (m->mbufs == NULL)
		return -ENOMEM;
	for (i = 0; i < m->n_mbufs; i++) {
		m->mbufs[i].refs = 1;
		mm_mbuf_put(m, &m->mbufs[i]);
	}
	m->res->lowest_free = m->n_free;
	return 0;
}

static void
setup_pools(struct mm *m)
{
	const unsigned int count[3] = {m->conf.ledger.tiny, m->conf.ledger.small,
				       m->conf.ledger.large};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		m->pools[i].credits = count[i] + m->conf.overcommit;
		TAILQ_INIT(&m->pools[i].waiting);
	}
	for (i = LEDGER_ROUTED_TINY; i <= LEDGER_ROUTED_LARGE && m->conf.overcommit > 0; i++)
		m->ledger.use[i].size = UINT64_MAX;
	m->ni_credits = m->conf.ni_credits;
	TAILQ_INIT(&m->ni_waiting);
	for (i = 0; i < m->conf.hops; i++) {
		m->hops[i].alive = true;
		m->hops[i].credits = m->conf.peer_credits;
		TAILQ_INIT(&m->hops[i].waiting);
		TAILQ_INIT(&m->hops[i].stream);
	}
	for (i = 0; i < m->conf.senders; i++) {
		m->peers[i].credits = m->conf.peer_router_credits;
		TAILQ_INIT(&m->peers[i].waiting);
	}
}

static int
setup_conns(struct mm *m)
{
	unsigned int i;

	m->n_conns = 2 * m->conf.senders;
	m->conns = calloc(m->n_conns, sizeof(*m->conns));
	if (m->conns == NULL)
		return -ENOMEM;
	for (i = 0; i < m->n_conns; i++) {
		struct mm_conn *c = &m->conns[i];

		c->index = i;
		c->sender = i / 2;
		c->is_bulk = i % 2 == 1;
		/* the first senders are next hops too: they stay well */
		c->is_shredding = c->sender >= m->conf.senders - m->conf.shredding;
		TAILQ_INIT(&c->outbox);
		if (ledger_conn_open(&m->ledger, &c->ledger) < 0)
			return -EINVAL;
		c->right = ledger_window(&m->ledger, &c->ledger, 0, WINDOW_START);
		c->edge = c->right;
		c->timer_event_at = UINT64_MAX;
		mm_sender_write(m, c);
		mm_sender_push(m, c);
	}
	return 0;
}

static void
setup_events(struct mm *m)
{
	const struct mm_conf *conf = &m->conf;
	uint64_t at;
	unsigned int i;

	for (i = 0; i < conf->stopped; i++) {
		at = conf->stop_at + i * conf->stop_gap + mm_random(m) % MM_S;
		mm_event(m, at, MM_HOP_STOP, i, 0, NULL);
		if (conf->back_after > 0)
			mm_event(m, at + conf->back_after, MM_HOP_BACK, i, 0, NULL);
	}
	for (i = 0; i < conf->dying + conf->dribbling; i++)
		mm_event(m, 2 * MM_S + mm_random(m) % MM_S, MM_FALL_SILENT,
			 2 * (conf->hops + i) + 1, i >= conf->dying, NULL);
	mm_event(m, MM_S, MM_SCAN, 0, 0, NULL);
}

/* A connection that saw nothing through at the end of the load counts too. */
static void
close_gaps(struct mm *m)
{
	unsigned int i;

	for (i = 0; i < m->n_conns; i++)
		if (m->conns[i].state != MM_RX_CLOSED)
			mm_through(m, &m->conns[i]);
}

static uint64_t
differs(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* All back where it was at the start. */
static uint64_t
audit(struct mm *m)
{
	const unsigned int count[3] = {m->conf.ledger.tiny, m->conf.ledger.small,
				       m->conf.ledger.large};
	uint64_t leaked = 0;
	unsigned int i;

	for (i = 0; i < m->n_conns; i++)
		if (m->conns[i].state != MM_RX_CLOSED)
			mm_tcp_close(m, &m->conns[i]);
	leaked += ledger_used(&m->ledger) + m->ledger.conns + m->ledger.shared_promised +
		m->ledger.shared_used;
	leaked += differs(m->n_free, m->n_mbufs) + differs(m->ni_credits, m->conf.ni_credits);
	for (i = 0; i < 3; i++)
		leaked += differs(m->pools[i].credits, count[i] + m->conf.overcommit);
	for (i = 0; i < m->conf.hops; i++)
		leaked += differs(m->hops[i].credits, m->conf.peer_credits);
	for (i = 0; i < m->conf.senders; i++)
		leaked += differs(m->peers[i].credits, m->conf.peer_router_credits);
	return leaked;
}

/* What is left when the model did not drain. */
static void
free_messages(struct mm *m)
{
	struct mm_msg *msg;
	unsigned int i;

	for (i = 0; i < m->n_conns; i++) {
		struct mm_conn *c = &m->conns[i];

		while ((msg = TAILQ_FIRST(&c->outbox)) != NULL) {
			TAILQ_REMOVE(&c->outbox, msg, link);
			free(msg);
		}
		if (c->msg != NULL)
			mm_chain_free(m, &c->msg->payload);
		free(c->msg);
	}
	for (i = 0; i < m->conf.hops; i++)
		TAILQ_CONCAT(&m->ni_waiting, &m->hops[i].waiting, link);
	for (i = 0; i < m->conf.hops; i++)
		TAILQ_CONCAT(&m->ni_waiting, &m->hops[i].stream, link);
	while ((msg = TAILQ_FIRST(&m->ni_waiting)) != NULL) {
		TAILQ_REMOVE(&m->ni_waiting, msg, link);
		mm_chain_free(m, &msg->payload);
		free(msg);
	}
}

static void
teardown(struct mm *m)
{
	struct mm_seg *seg;
	size_t i;

	free_messages(m);
	while ((seg = m->ring) != NULL) {
		m->ring = seg->next;
		free(seg);
	}
	for (i = 0; i < m->heap_n; i++)
		free(m->heap[i].seg);
	free(m->heap);
	free(m->conns);
	free(m->mbufs);
	free(m);
}

static void
run(struct mm *m)
{
	bool loaded = true;

	while (m->heap_n > 0 && m->now < m->conf.duration + DRAIN_MAX) {
		struct mm_event e = next_event(m);

		if (loaded && e.at > m->conf.duration) {
			m->now = m->conf.duration;
			close_gaps(m);
			loaded = false;
		}
		m->now = e.at;
		dispatch(m, &e);
		mm_settle(m);
		if (!loaded && m->live_msgs == 0)
			break;
	}
	m->res->drained = m->live_msgs == 0;
}

int
mm_run(const struct mm_conf *conf, struct mm_result *result)
{
	struct mm *m;
	int rc;

	memset(result, 0, sizeof(*result));
	if (conf->senders > MM_SENDERS_MAX || conf->hops > MM_HOPS_MAX || conf->hops == 0 ||
	    conf->stopped >= conf->hops ||
	    conf->hops + conf->dying + conf->dribbling > conf->senders)
		return -EINVAL;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	m->conf = *conf;
	m->res = result;
	m->rng = conf->seed;
	m->ring_tail = &m->ring;
	rc = setup_memory(m);
	if (rc == 0) {
		setup_pools(m);
		rc = setup_conns(m);
	}
	if (rc == 0) {
		setup_events(m);
		run(m);
		result->leaked = audit(m);
	}
	teardown(m);
	return rc;
}
