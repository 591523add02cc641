/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: whole exchanges with the TCP engine. The input is a program of steps of STEP bytes over a few connections:
 * segments whose numbers are relative to what the connection is at, calls of the user, ICMP errors, time, memory that
 * runs out, a path that changes. After each step the invariants of tests/fake/tcp_watch.h must hold, what the
 * user reads must be what the peer said; at the end a peer that behaves must get everything through, and all is given back.
 *
 * The first step is the scene. Zeros are what a peer that behaves would do: a step of zeros acknowledges everything.
 */
#include "drivers/tcp/seq.h"
#include "lnet/base/check.h"
#include "lnet/base/pool.h"
#include "tests/fake/eal.h"
#include "tests/fuzz/tcp_exchange.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void
must_hold(const char *broken)
{
	if (broken == NULL)
		return;
	fprintf(stderr, "broken: %s\n", broken);
	abort();
}

bool
exchange_is_traced(void)
{
	static int traced = -1;

	if (traced < 0)
		traced = getenv("TCP_EXCHANGE_TRACE") != NULL;
	return traced == 1;
}

void
exchange_trace(const struct slot *slot, const struct tcp_segment *s, bool ours)
{
	uint32_t seq0 = ours ? slot->n.iss : slot->n.irs, ack0 = ours ? slot->n.irs : slot->n.iss;
	unsigned int i;

	if (!exchange_is_traced())
		return;
	fprintf(stderr, "  %u %s flags %02x seq %u ack %u len %u wnd %u", slot->flow.remote_port,
		ours ? "out" : "in", s->flags, s->seq - seq0, s->ack - ack0, s->len, s->wnd);
	for (i = 0; i < s->n_sack; i++)
		fprintf(stderr, " sack %u-%u", s->sack[i].start - ack0, s->sack[i].end - ack0);
	if (s->has_ts)
		fprintf(stderr, " ts %u %u", s->tsval, s->tsecr);
	fprintf(stderr, "\n");
}

struct tcp_conn *
exchange_conn(struct exchange *z, const struct slot *slot)
{
	return tcp_conn_find(z->f.tcp, &slot->flow);
}

struct slot *
exchange_slot(struct exchange *z, const struct ip_flow *flow)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (memcmp(&z->slots[i].flow, flow, sizeof(*flow)) == 0)
			return &z->slots[i];
	}
	return NULL;
}

struct user *
exchange_user(struct exchange *z, const struct slot *slot)
{
	unsigned int i;

	for (i = z->n_users; i > 0; i--) {
		if (!z->users[i - 1].closed && z->users[i - 1].slot == slot)
			return &z->users[i - 1];
	}
	return NULL;
}

static void
note_half_open(struct slot *slot, const struct tcp_request *r)
{
	slot->half_open = r != NULL;
	if (r == NULL)
		return;
	slot->n = (struct numbers){
		.snd_una = r->iss,
		.snd_nxt = r->iss + 1,
		.iss = r->iss,
		.snd_edge = r->iss + r->syn.wnd,
		.rcv_nxt = r->syn.seq + 1,
		.rcv_edge = r->syn.seq + 1 + r->wnd,
		.irs = r->syn.seq,
		.fin_seq = r->syn.seq + 1 + r->wnd,
		.base = r->syn.seq + 1,
		.ts_recent = r->syn.tsval,
		.tsval_out = slot->n.tsval_out,
	};
}

static void
note_numbers(struct slot *slot, const struct tcp_conn *c)
{
	struct numbers *n = &slot->n;

	n->snd_una = c->snd_una;
	n->snd_nxt = c->snd_nxt;
	n->iss = c->iss;
	n->snd_edge = c->snd_una + c->snd_wnd;
	if (c->state == TCP_SYN_SENT)
		return;
	n->rcv_nxt = c->rcv_nxt;
	n->rcv_edge = c->rcv_edge;
	n->irs = c->irs;
	n->fin_seq = c->fin_known ? c->fin_seq : c->rcv_edge;
	n->base = c->rcv_nxt - c->rx.data.len;
	n->ts_recent = c->ts_recent;
}

/* --- after each step --- */

static void
see_sent(struct exchange *z, const struct fake_out *o)
{
	struct slot *slot = exchange_slot(z, &o->flow);
	const struct tcp_request *r;
	const struct tcp_conn *c;

	CHECK(o->payload != NULL);
	CHECK(o->mss == 0 || o->s.len > o->mss);
	if (slot == NULL)
		return;
	exchange_trace(slot, &o->s, true);
	if (o->s.has_ts)
		slot->n.tsval_out = o->s.tsval;
	c = exchange_conn(z, slot);
	r = tcp_synq_find(z->f.tcp, &slot->flow);
	if (r != NULL && (o->s.flags & TCP_RST) == 0)
		must_hold(tcp_watch_half_open(r, &o->s));
	/* when it ended, and perhaps began anew, in this step nobody can tell whose segment it is */
	if (c == NULL || (o->s.flags & TCP_RST) != 0 ||
	    (slot->watch.c != NULL && !tcp_watch_is_same(&slot->watch, c)) ||
	    (slot->half_open && c->active))
		return;
	must_hold(tcp_watch_out(&slot->watch, c, &o->s, o->tos));
	CHECK(pattern_holds(true, o->s.seq - c->iss - 1, 0, o->payload, o->s.len));
}

/* Between two rounds: everything was told and sent. */
void
exchange_settle(struct exchange *z)
{
	const struct fake_out *o;
	struct tcp_conn *c;
	unsigned int i;

	/* what a round without anything to send tells may make another one due */
	do
		fake_poll(&z->f);
	while (!TAILQ_EMPTY(&z->f.tcp->dirty));
	/* of too many only the last are there */
	if (z->f.n_out - z->f.n_seen > FAKE_OUT_MAX)
		z->f.n_seen = z->f.n_out - FAKE_OUT_MAX;
	while ((o = fake_next(&z->f)) != NULL)
		see_sent(z, o);
	for (i = 0; i < SLOTS; i++) {
		struct slot *slot = &z->slots[i];

		c = exchange_conn(z, slot);
		must_hold(peer_stream_after(&slot->peer));
		if (c == NULL || !tcp_watch_is_same(&slot->watch, c))
			slot->peer.n = slot->peer.overflowed = 0;
		if (c == NULL) {
			slot->watch.c = NULL;
			note_half_open(slot, tcp_synq_find(z->f.tcp, &slot->flow));
			continue;
		}
		/* what was half-open keeps what it announced */
		if (slot->half_open && !c->active)
			CHECK(c->iss == slot->n.iss && seq_geq(c->rcv_edge, slot->n.rcv_edge));
		slot->half_open = false;
		must_hold(tcp_watch_conn(&slot->watch, c));
		note_numbers(slot, c);
	}
	must_hold(tcp_watch_engine(z->f.tcp, z->hogs, HOGS));
}

/* --- the other steps --- */

static uint64_t
duration(uint8_t b)
{
	static const uint16_t ms[] = {0,    1,	  2,	 5,	9,     10,    39,    40,
				      41,   99,	  100,	 101,	200,   201,   250,   400,
				      500,  999,  1000,	 1001,	2000,  2001,  3000,  4000,
				      5000, 8000, 10000, 15000, 16000, 30000, 60000, 61000};

	return ms[b % LEN(ms)] * FAKE_MS;
}

static void
icmp(struct exchange *z, struct slot *slot, const uint8_t *p)
{
	static const uint16_t mtus[] = {0, 68, 552, 576, 1006, 1280, 1499, 1500, 1501, 65535};
	struct ip_error_info info = {
		.kind = (enum ip_error)(p[2] % 3),
		.flow = slot->flow,
		.seq = exchange_ack_base(slot, exchange_conn(z, slot), p[5] ^ 1) +
			exchange_distance(p[4]),
		.mtu = mtus[p[3] % LEN(mtus)],
	};

	tcp_icmp_error(z->f.tcp, &info, z->f.now);
}

static void
path(struct exchange *z, const uint8_t *p)
{
	static const uint16_t mtus[] = {1500, 576, 1280, 1400, 1499, 1500};
	struct tcp_path *to = &z->f.path;

	to->mtu = mtus[p[2] % LEN(mtus)];
	to->tso_max = (p[3] & 1) != 0 ? 1000 + p[3] * 250u : 0;
	to->tso_max_slices = p[4] & 0x1f;
	to->tso_mss_min = (p[4] & 0x20) != 0 ? 1000 : 0;
	to->max_slices = p[5] & 7;
	to->iface = p[6] & 1;
	to->ecn = p[8] % 3;
	to->cc = p[9] & 3;
	z->f.path_rc = (p[7] & 0x80) != 0 ? -ENETUNREACH : 0;
	z->f.elsewhere = (p[7] & 0x40) != 0;
}

static void
hog_ledger(struct exchange *z, bool reorder)
{
	struct ledger *l = &z->f.lc.ledger;
	uint64_t one = l->plan.conf.mbuf_size;
	unsigned int i;

	for (i = 0; i < HOGS; i++) {
		if (!z->hogs[i].open && ledger_conn_open(l, &z->hogs[i]) < 0)
			continue;
		if (reorder) {
			while (ledger_reorder_take(l, &z->hogs[i], one) == 0)
				;
			continue;
		}
		ledger_window(l, &z->hogs[i], 0, 1 << 20);
		while (ledger_conn_take(l, &z->hogs[i], one, false) == 0)
			;
	}
}

static void
hoard_slices(struct exchange *z)
{
	struct slice *s;

	while ((s = pool_get(z->f.mem.slices)) != NULL) {
		s->next = z->slices;
		z->slices = s;
	}
}

static void
hoard_indirect(struct exchange *z)
{
	struct rte_mbuf *m;

	while ((m = rte_pktmbuf_alloc(z->f.mem.indirect)) != NULL) {
		m->next = z->indirect;
		z->indirect = m;
	}
}

static void
move_records(struct tcp_txseg_free *to, struct tcp_txseg_free *from)
{
	struct tcp_txseg *s;

	while ((s = SLIST_FIRST(from)) != NULL) {
		SLIST_REMOVE_HEAD(from, free_link);
		SLIST_INSERT_HEAD(to, s, free_link);
	}
}

static void
starve(struct exchange *z, const uint8_t *p)
{
	if ((p[2] & 0x20) != 0)
		hoard_slices(z);
	if ((p[2] & 0x40) != 0)
		hoard_indirect(z);
	if ((p[2] & 0x01) != 0 && z->f.hoard == NULL)
		fake_starve(&z->f, p[3] & 3);
	if ((p[2] & 0x02) != 0)
		move_records(&z->records, &z->f.tcp->txsegs.free);
	if ((p[2] & 0x04) != 0)
		TAILQ_CONCAT(&z->gaps, &z->f.tcp->ooo.free, link);
	if ((p[2] & 0x08) != 0)
		hog_ledger(z, false);
	if ((p[2] & 0x10) != 0)
		hog_ledger(z, true);
}

static void
feed(struct exchange *z)
{
	struct rte_mbuf *m;
	struct slice *s;
	unsigned int i;

	fake_feed(&z->f);
	while ((s = z->slices) != NULL) {
		z->slices = s->next;
		pool_put(z->f.mem.slices, s);
	}
	while ((m = z->indirect) != NULL) {
		z->indirect = m->next;
		m->next = NULL;
		rte_pktmbuf_free_seg(m);
	}
	move_records(&z->f.tcp->txsegs.free, &z->records);
	TAILQ_CONCAT(&z->f.tcp->ooo.free, &z->gaps, link);
	for (i = 0; i < HOGS; i++)
		ledger_conn_close(&z->f.lc.ledger, &z->hogs[i]);
	z->f.path_rc = 0;
	z->f.elsewhere = false;
}

/* The ECN bits of what the step sends: the first bits of what is left of its first byte; a burst may change in the middle. */
static void
mark(struct exchange *z, enum op op, unsigned int rest)
{
	unsigned int i, ecn = op <= OP_SEGMENT_LAST ? (unsigned int)op : rest;

	for (i = 0; i < FAKE_BURST; i++)
		z->f.in_tos[i] = (uint8_t)((ecn ^ ((rest & 4) != 0 ? i : 0)) & IP_ECN_MASK);
}

static void
step(struct exchange *z, const uint8_t *p)
{
	struct slot *slot = &z->slots[p[1] % SLOTS];
	enum op op = (enum op)(p[0] % OPS);
	struct user *u = exchange_user(z, slot);

	if (exchange_is_traced())
		fprintf(stderr, "step op %d slot %d user %d at %.3f s\n", (int)op, p[1] % SLOTS,
			u != NULL ? (int)(u - z->users) : -1, (double)z->f.now / 1e9);
	/* no packet comes but in a step of a peer: those after it are without */
	if (op < OP_PEER_END) {
		mark(z, op, p[0] / OPS);
		exchange_peer_step(z, slot, op, p);
		memset(z->f.in_tos, 0, sizeof(z->f.in_tos));
	} else if (op == OP_CONNECT)
		exchange_dial(z, slot, p[2]);
	else if (op == OP_LISTEN)
		exchange_listen(z, p[2] & 3);
	else if (op == OP_ICMP)
		icmp(z, slot, p);
	else if (op == OP_WAIT)
		fake_wait(&z->f, duration(p[2]));
	else if (op == OP_STARVE)
		starve(z, p);
	else if (op == OP_FEED)
		feed(z);
	else if (op == OP_PATH)
		path(z, p);
	else if (u != NULL)
		exchange_user_step(u, op, p);
	exchange_settle(z);
}

/* --- the end of an input --- */

#define ROUNDS 600

static bool
is_done(const struct tcp_conn *c)
{
	return c->tx.data.len == 0 && (!c->fin_wanted || c->fin_acked);
}

/* The memory is back, the user reads and the peer behaves: all that was queued has to get through. */
static void
get_through(struct exchange *z, struct slot *slot)
{
	uint32_t una = 0;
	unsigned int i, idle = 0;
	struct tcp_conn *c;

	for (i = 0; (c = exchange_conn(z, slot)) != NULL && tcp_is_synchronized(c) && !is_done(c);
	     i++) {
		struct tcp_segment s = exchange_behave(slot);

		CHECK(i < ROUNDS && idle < 8);
		if (exchange_user(z, slot) != NULL)
			exchange_take(exchange_user(z, slot), UINT32_MAX);
		exchange_hand_over(z, slot, &s, 0, 1);
		/* a timer that had backed off needs its time */
		idle = slot->n.snd_una == una ? idle + 1 : 0;
		una = slot->n.snd_una;
		if (idle > 0) {
			fake_wait(&z->f, 10000 * FAKE_MS);
			exchange_settle(z);
		}
	}
}

/* And the other way: what the peer sends next is taken. */
static void
get_in(struct exchange *z, struct slot *slot)
{
	struct tcp_conn *c = exchange_conn(z, slot);
	struct user *u = exchange_user(z, slot);
	struct tcp_segment s;

	if (c == NULL || u == NULL || c->state != TCP_ESTABLISHED || c->fin_known)
		return;
	exchange_take(u, UINT32_MAX);
	tcp_rx_expect(c, 0);
	exchange_settle(z);
	c = exchange_conn(z, slot);
	if (c == NULL || c->state != TCP_ESTABLISHED)
		return;
	CHECK(c->rcv_edge != c->rcv_nxt);
	s = exchange_behave(slot);
	s.len = 1;
	exchange_hand_over(z, slot, &s, 0, 1);
	/* a reader may have ended it */
	if (exchange_conn(z, slot) == c)
		CHECK(seq_gt(c->rcv_nxt, s.seq));
}

static void
end_all(struct exchange *z)
{
	bool silent = (z->scene & SCENE_SILENT_END) != 0;
	unsigned int i;

	for (i = 0; i < z->n_users; i++) {
		if (z->users[i].closed)
			continue;
		if (silent)
			tcp_close(z->users[i].c, z->f.now);
		else
			tcp_abort(z->users[i].c, z->f.now);
	}
	exchange_settle(z);
	/* nothing lives for ever without a peer, nor does a TIME-WAIT */
	fake_wait(&z->f, (silent ? 250000 : 16000) * FAKE_MS);
	exchange_settle(z);
}

/* What an operator is shown: every connection, in pages. */
static void
list(struct exchange *z)
{
	struct tcp_info info[2];
	unsigned int from = 0, n = 0, got;

	do {
		got = tcp_list(z->f.tcp, from, info, 2, &from, z->f.now);
		n += got;
	} while (from != 0);
	CHECK(n == tcp_block_count(z->f.tcp) + z->f.tcp->synq.sources.total);
	CHECK(tcp_conn_count(z->f.tcp) <= tcp_block_count(z->f.tcp));
}

static void
end(struct exchange *z)
{
	unsigned int i;

	list(z);
	feed(z);
	exchange_settle(z);
	for (i = 0; i < SLOTS; i++) {
		get_through(z, &z->slots[i]);
		get_in(z, &z->slots[i]);
	}
	if (z->listener != NULL)
		exchange_listen(z, 0);
	z->habits &= (uint8_t)~HABIT_REOPEN;
	end_all(z);
	for (i = 0; i < z->n_users; i++)
		CHECK(z->users[i].closed);
	CHECK(tcp_block_count(z->f.tcp) == 0);
	must_hold(fake_tcp_env_leak(&z->f));
	fake_forget(&z->f);
}

/* --- one input --- */

static struct exchange *
the_fuzz(void)
{
	static struct exchange z;
	struct fake_tcp_conf conf;

	if (z.f.tcp != NULL)
		return &z;
	CHECK(fake_eal_init(64) == 0);
	fake_tcp_conf_default(&conf);
	conf.window_min = 8 << 10;
	conf.conns = 5;
	conf.spare = 256 << 10;
	conf.reorder = 96 << 10;
	conf.tcp.max_conns = 6;
	conf.tcp.max_embryonic = 3;
	conf.tcp.max_in_flight = 96;
	conf.tcp.max_gaps = 24;
	conf.tcp.rcv_wnd_min = 16 << 10;
	conf.tcp.rcv_wnd_max = 128 << 10;
	CHECK(fake_tcp_env_start(&z.f, &conf) == 0);
	z.cfg = conf.tcp;
	SLIST_INIT(&z.records);
	TAILQ_INIT(&z.gaps);
	return &z;
}

static void
set_scene(struct exchange *z, uint8_t congestion)
{
	struct tcp_config *cfg = &z->f.tcp->cfg;

	*cfg = z->cfg;
	/* the same numbers for the same input, whatever ran before it */
	cfg->clock_offset = (UINT64_C(1) << 50) - z->f.now;
	cfg->cc = (z->scene & SCENE_NEWRENO) != 0 ? TCP_CC_NEWRENO : TCP_CC_CUBIC;
	cfg->snd_queue_max = (z->scene & SCENE_SMALL_QUEUE) != 0 ? 4000 : 60000;
	if ((z->scene & SCENE_NO_KEEPALIVE) != 0)
		cfg->keepalive_idle = 0;
	if ((z->scene & SCENE_SMALL_WINDOW) != 0)
		cfg->rcv_wnd_min = cfg->rcv_wnd_max = 2000;
	z->f.v6 = (z->scene & SCENE_V6) != 0;
	z->f.path = (struct tcp_path){
		.mtu = 1500,
		.max_slices = 4,
		.ecn = (congestion & 0x0f) % 3,
		.cc = congestion >> 4 & 3,
	};
	if ((z->scene & SCENE_TSO) != 0) {
		z->f.path.tso_max = 65000;
		z->f.path.tso_max_slices = 8;
	}
}

/* The engine and its memory stay; all else begins anew. */
static void
begin(struct exchange *z, const uint8_t *p)
{
	const uint64_t round = 4096 * FAKE_MS;
	unsigned int i;

	z->habits = p[0];
	z->scene = p[1];
	/* the wheel turns alike for each input */
	fake_wait(&z->f, round - z->f.now % round);
	set_scene(z, p[2]);
	memset(z->f.tcp->resets, 0, sizeof(z->f.tcp->resets));
	memset(&z->f.tcp->paths, 0, sizeof(z->f.tcp->paths));
	z->n_users = z->n_accepts = 0;
	memset(z->slots, 0, sizeof(z->slots));
	for (i = 0; i < SLOTS; i++)
		z->slots[i].flow = fake_flow(&z->f, i < 3 ? PORT : 1023, i < 3 ? 1023 - i : PORT);
	if ((z->scene & SCENE_NO_LISTENER) == 0)
		exchange_listen(z, 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange *z = the_fuzz();
	size_t i, n = size / STEP;

	if (n == 0 || n > STEPS_MAX)
		return 0;
	begin(z, data);
	for (i = 1; i < n; i++)
		step(z, data + i * STEP);
	end(z);
	return 0;
}
