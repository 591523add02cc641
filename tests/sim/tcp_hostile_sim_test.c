/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A legitimate transfer beside an attacker who shares the input of host 1: forged segments, floods, peers that misbehave on
 * connections of their own. The transfer keeps nine tenths of its rate, none of its connections ends, the engine's memory
 * stays within its plan, and counters name what was dropped. SIM_SEED=n takes another seed, SIM_ATTACK=name one attack.
 */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"
#include "tests/fake/eal.h"
#include "tests/fake/tcp_watch.h"
#include "tests/sim/attacker.h"
#include "tests/sim/streams.h"

#include <rte_mempool.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PORT 988
#define STREAMS 2
#define BYTES (15u << 20) /* of each stream; both ways at once they would disturb each other */
#define RATE 40000000 /* bytes per second of each direction */
#define QUEUE \
	(4u << 20) /* more than all windows: what the transfer loses is the attacker's doing */
#define TICK SIM_MS
#define PER_TICK 16 /* packets of the attacker: 16,000 a second, a few hundredths of the link */
#define FROM (100 * SIM_MS)
#define UNTIL (600 * SIM_MS) /* before the first stream can have ended */
#define LIMIT (60 * SIM_S)
#define SERVED (128u << 10) /* bytes that wait for each of the attacker's peers */
#define KEEPS 0.9

struct test {
	struct streams streams; /* first: it is what the simulator hands to dropped() */
	struct sim *sim;
	struct attacker attacker;
	const struct attack *attack;
	const char *broken;
};

struct attack {
	const char *name;
	void (*forge)(struct test *t); /* one segment */
	unsigned int peers;
	void (*peer)(struct bad_peer *p); /* once a tick, of each that is open */
	void (*seen)(struct bad_peer *p, const struct tcp_segment *s);
	uint16_t syn_wnd; /* 0 = 65535 */
	bool writes; /* host 1 has something to send to the peers; what they send it never reads */
	enum tcp_counter
		counters[4]; /* of host 1, that name what it did; the first is 0 if none does */
};

static uint32_t
any(struct test *t)
{
	return (uint32_t)sim_random(t->sim, 1ull << 32);
}

/* --- forged segments --- */

/* Of one of the legitimate connections, as its peer sees it. */
static struct ip_flow
live_flow(struct test *t)
{
	return sim_flow(t->sim, 0, (uint16_t)(1023 - sim_random(t->sim, STREAMS)), PORT);
}

static struct ip_flow
made_up_flow(struct test *t, bool one_source)
{
	uint16_t port = (uint16_t)(ATTACKER_PORTS + ATTACKER_PEERS + sim_random(t->sim, 40000));
	struct ip_flow flow = sim_flow(t->sim, 0, port, PORT);

	flow.local = ipaddr_v4(0x0a010000u + (one_source ? 1 : any(t) & 0xffff));
	return flow;
}

/* Where the victim is on @flow, which nobody but its peer should know. */
static const struct tcp_conn *
victim(struct test *t, const struct ip_flow *flow)
{
	struct ip_flow seen = {
		.local = flow->remote,
		.remote = flow->local,
		.local_port = flow->remote_port,
		.remote_port = flow->local_port,
	};

	return tcp_conn_find(t->sim->host[1].tcp, &seen);
}

/* A guess, and once in 16 one that lies in the window but is not its first number. */
static uint32_t
guess_seq(struct test *t, const struct ip_flow *flow)
{
	const struct tcp_conn *c = victim(t, flow);

	if (c == NULL || sim_random(t->sim, 16) != 0 || c->rcv_edge == c->rcv_nxt)
		return any(t);
	return c->rcv_nxt + 1 + (uint32_t)sim_random(t->sim, c->rcv_edge - c->rcv_nxt - 1);
}

static void
forge_live(struct test *t, uint8_t flags, uint32_t len)
{
	struct ip_flow flow = live_flow(t);
	struct tcp_segment s = {
		.flags = flags,
		.seq = guess_seq(t, &flow),
		.ack = any(t),
		.wnd = (uint16_t)any(t),
		.len = len,
		.has_ts = sim_random(t->sim, 4) != 0,
		.tsval = any(t),
		.tsecr = any(t),
	};

	attacker_send(&t->attacker, &flow, &s);
}

/* To a port that listens, from an address that nobody has. */
static void
forge_stranger(struct test *t, uint8_t flags, bool one_source)
{
	struct ip_flow flow = made_up_flow(t, one_source);
	struct tcp_segment s = {.flags = flags, .seq = any(t), .ack = any(t), .wnd = UINT16_MAX};

	s.has_mss = (flags & TCP_SYN) != 0;
	s.mss = 1460;
	attacker_send(&t->attacker, &flow, &s);
}

static void
syns_of_all(struct test *t)
{
	forge_stranger(t, TCP_SYN, false);
}

static void
syns_of_one(struct test *t)
{
	forge_stranger(t, TCP_SYN, true);
}

static void
acks_of_nobody(struct test *t)
{
	forge_stranger(t, TCP_ACK, false);
}

static void
acks_of_one(struct test *t)
{
	forge_stranger(t, TCP_ACK, true);
}

static void
acks(struct test *t)
{
	forge_live(t, TCP_ACK, 0);
}

static void
data(struct test *t)
{
	forge_live(t, TCP_ACK | TCP_PSH, 1 + (uint32_t)sim_random(t->sim, 100));
}

static void
resets(struct test *t)
{
	static const uint8_t flags[] = {TCP_RST, TCP_RST | TCP_ACK, TCP_SYN, TCP_FIN | TCP_ACK};

	forge_live(t, flags[sim_random(t->sim, 4)], 0);
}

static void
lies_of_icmp(struct test *t)
{
	static const uint16_t mtus[] = {0, 68, 552, 1280};
	struct ip_flow flow = live_flow(t);
	struct ip_error_info e = {
		.kind = (enum ip_error)sim_random(t->sim, 3),
		.flow = {.local = flow.remote,
			 .remote = flow.local,
			 .local_port = flow.remote_port,
			 .remote_port = flow.local_port},
		.seq = any(t),
		.mtu = mtus[sim_random(t->sim, 4)],
	};

	tcp_icmp_error(t->sim->host[1].tcp, &e, t->sim->now);
}

/* --- peers that are sent to --- */

static void
ack_at(struct bad_peer *p, uint32_t ack, uint16_t wnd)
{
	struct tcp_segment s = bad_peer_segment(p);

	s.ack = ack;
	s.wnd = wnd;
	bad_peer_send(p, &s);
}

/* It acknowledges what is on the way, and what was never sent. */
static void
optimist(struct bad_peer *p, const struct tcp_segment *)
{
	ack_at(p, p->got, UINT16_MAX);
	ack_at(p, p->got + 100000, UINT16_MAX);
}

static void
divider(struct bad_peer *p, const struct tcp_segment *s)
{
	uint32_t i;

	for (i = 1; i <= 10 && s->len >= 10; i++)
		ack_at(p, s->seq + s->len * i / 10, UINT16_MAX);
}

/* It has lost its first byte for ever, it says, and gets more and more. */
static void
duplicator(struct bad_peer *p)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		ack_at(p, p->irs + 1, UINT16_MAX);
}

static void
sack(struct bad_peer *p, uint32_t start, uint32_t len)
{
	struct tcp_segment s = bad_peer_segment(p);

	s.ack = p->irs + 1;
	s.n_sack = 1;
	s.sack[0] = (struct tcp_range){start, start + len};
	bad_peer_send(p, &s);
}

/* It reports all, and acknowledges nothing. */
static void
reneger(struct bad_peer *p, const struct tcp_segment *s)
{
	if (s->len > 0)
		sack(p, s->seq, s->len);
}

static void
crumbs(struct bad_peer *p)
{
	unsigned int i;

	for (i = 0; i < 4; i++, p->n++)
		sack(p, p->irs + 2 + 2 * (uint32_t)(p->n % 6000), 1);
}

static void
shut_window(struct bad_peer *p, const struct tcp_segment *)
{
	ack_at(p, p->got, 0);
}

static void
tiny_window(struct bad_peer *p, const struct tcp_segment *s)
{
	if (s->len > 0)
		ack_at(p, p->got, 1);
}

/* --- peers that send --- */

static void
send_at(struct bad_peer *p, uint32_t seq, uint32_t len, uint8_t flags)
{
	struct tcp_segment s = bad_peer_segment(p);

	s.seq = seq;
	s.len = len;
	s.flags |= flags;
	bad_peer_send(p, &s);
}

/* Nobody reads what it sends, and it does not look at the window. */
static void
unread(struct bad_peer *p)
{
	if (p->seq - p->una > 100000)
		p->seq = p->una;
	send_at(p, p->seq, 1000, 0);
	p->seq += 1000;
}

static void
single_bytes(struct bad_peer *p)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		send_at(p, p->seq++, 1, 0);
}

static void
gaps(struct bad_peer *p)
{
	unsigned int i;

	for (i = 0; i < 4; i++, p->n++)
		send_at(p, p->iss + 3 + 3 * (uint32_t)(p->n % 20000), 1, 0);
}

static void
overlaps(struct bad_peer *p)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		send_at(p, p->iss + 2 + (uint32_t)sim_random(p->a->sim, 60000),
			1 + (uint32_t)sim_random(p->a->sim, 300), 0);
}

static void
duplicates(struct bad_peer *p)
{
	send_at(p, p->iss + 1, 100, 0);
	send_at(p, p->iss + 51, 100, 0);
}

static void
ends(struct bad_peer *p)
{
	uint32_t at = p->iss + 2 + (uint32_t)sim_random(p->a->sim, 60000);

	send_at(p, at, 0, TCP_FIN);
	send_at(p, at, 0, TCP_RST);
	send_at(p, at, 0, TCP_SYN);
}

static const struct attack attacks[] = {
	{"syns_of_all", .forge = syns_of_all, .counters = {TCP_SYN_EVICTED}},
	{"syns_of_one", .forge = syns_of_one, .counters = {TCP_SYN_EVICTED}},
	{"acks_of_nobody", acks_of_nobody, .counters = {TCP_DROP_NO_CONN}},
	{"acks_of_one", acks_of_one, .counters = {TCP_DROP_NO_CONN, TCP_TX_RST_LIMITED}},
	{"acks", acks, .counters = {TCP_DROP_NO_TS, TCP_DROP_PAWS, TCP_TX_LIMITED, TCP_DROP_ACK}},
	{"data", data, .counters = {TCP_DROP_NO_TS, TCP_DROP_PAWS, TCP_RX_BEYOND, TCP_DROP_ACK}},
	{"resets", resets, .counters = {TCP_DROP_RST, TCP_TX_CHALLENGE, TCP_TX_LIMITED}},
	{"lies_of_icmp", lies_of_icmp, .counters = {TCP_ICMP_STALE}},

	{"optimist", .peers = 8, .seen = optimist, .writes = true, .counters = {TCP_DROP_ACK}},
	{"divider", .peers = 2, .seen = divider, .writes = true},
	{"duplicator", .peers = 4, .peer = duplicator, .writes = true,
	 .counters = {TCP_RETRANSMIT}},
	{"reneger", .peers = 8, .seen = reneger, .writes = true, .counters = {TCP_SACK_RENEGED}},
	{"crumbs", .peers = 4, .peer = crumbs, .writes = true, .counters = {TCP_RETRANSMIT}},
	{"shut_window", .peers = 8, .seen = shut_window, .writes = true, .counters = {TCP_PERSIST}},
	{"tiny_window", .peers = 8, .seen = tiny_window, .writes = true, .syn_wnd = 1},

	{"unread", .peers = 1, .peer = unread, .counters = {TCP_RX_BEYOND}},
	{"single_bytes", .peers = 4, .peer = single_bytes, .counters = {TCP_RX_PACKED}},
	{"gaps", .peers = 4, .peer = gaps, .counters = {TCP_RX_OOO, TCP_RX_OOO_NO_MEM}},
	{"overlaps", .peers = 4, .peer = overlaps, .counters = {TCP_RX_OOO}},
	{"duplicates", .peers = 4, .peer = duplicates, .counters = {TCP_RX_DUP, TCP_RX_OVERLAP}},
	{"ends", .peers = 4, .peer = ends, .counters = {TCP_TX_CHALLENGE, TCP_TX_LIMITED}},
};

/* --- what host 1 does for them --- */

static void
serve(struct test *t, struct tcp_conn *c, uint64_t now)
{
	static const uint8_t bytes[16 << 10];
	struct sim_host *h = &t->sim->host[1];
	struct buf b = {0};

	while (t->attack->writes && tcp_queued(c) - tcp_acked(c) < SERVED) {
		if (buf_copy_in(&b, &h->mem, bytes, sizeof(bytes)) < 0)
			return;
		if (tcp_send(c, &b, false, now) < 0) {
			buf_release(&b, &h->mem);
			return;
		}
	}
}

static void
on_event(struct tcp_conn *, void *, uint64_t)
{
}

static void
on_acked(struct tcp_conn *c, void *user, uint64_t now)
{
	serve(user, c, now);
}

static void
on_closed(struct tcp_conn *, void *, int, uint64_t)
{
}

static const struct tcp_ops ops = {on_event, on_event, on_acked, on_closed};

static int
on_accept(struct tcp_conn *c, void *user, uint64_t now)
{
	tcp_set_user(c, &ops, user);
	serve(user, c, now);
	return 0;
}

/* --- one run --- */

/* Losses of the attacker's packets are no matter of the streams. */
static void
dropped(void *arg, unsigned int from, const struct ip_flow *flow)
{
	if (flow->local_port <= 1023 && flow->remote_port <= 1023 &&
	    (flow->local_port == PORT || flow->remote_port == PORT))
		streams_dropped(arg, from, flow);
}

static void
start(struct test *t, unsigned int sender, uint64_t seed)
{
	struct streams_conf users = {
		.n = STREAMS,
		.bytes = {sender == 0 ? BYTES : 1, sender == 1 ? BYTES : 1},
		.queue_max = 1 << 20,
		.write_max = 64 << 10,
	};
	struct sim_link link = {.delay = 100 * SIM_US, .rate = RATE, .queue = QUEUE};
	struct tcp_listener *l;
	struct sim_conf conf;

	sim_conf_default(&conf, seed);
	conf.link[0] = conf.link[1] = link;
	assert_int_equal(sim_create(&conf, &t->sim), 0);
	streams_start(&t->streams, t->sim, &users);
	t->sim->dropped = dropped;
	attacker_start(&t->attacker, t->sim);
	assert_int_equal(tcp_listen(t->sim->host[1].tcp, &t->sim->host[1].addr, ATTACKER_PORT,
				    ATTACKER_PEERS, on_accept, t, &l),
			 0);
}

static void
strike(struct test *t)
{
	const struct attack *a = t->attack;
	unsigned int i;

	if (a == NULL)
		return;
	t->attacker.budget = PER_TICK;
	if (t->attacker.n_peers < a->peers)
		attacker_open(&t->attacker);
	for (i = 0; a->forge != NULL && i < PER_TICK; i++)
		a->forge(t);
	for (i = 0; a->peer != NULL && i < t->attacker.n_peers; i++) {
		if (t->attacker.peers[i].open)
			a->peer(&t->attacker.peers[i]);
	}
}

static void
watch(struct test *t)
{
	unsigned int h;

	for (h = 0; h < 2 && t->broken == NULL; h++)
		t->broken = tcp_watch_engine(t->sim->host[h].tcp, NULL, 0);
	if (t->broken == NULL)
		t->broken = t->streams.broken;
	if (t->broken == NULL && rte_mempool_avail_count(t->sim->host[1].mem.mbufs) == 0)
		t->broken = "no mbuf is left";
	if (t->broken == NULL && t->sim->stats[0].no_mbuf > 0)
		t->broken = "a packet found no mbuf";
}

static void
check_counters(struct test *t)
{
	const uint64_t *counters = tcp_counters(t->sim->host[1].tcp);
	unsigned int i;

	for (i = 0; t->broken == NULL && i < 4 && t->attack->counters[i] != 0; i++) {
		if (counters[t->attack->counters[i]] == 0)
			t->broken = "a counter says nothing";
	}
	if (t->attacker.sent == 0 && t->attack->forge != lies_of_icmp)
		t->broken = "there was no attack";
}

static uint64_t
received(const struct test *t)
{
	return t->streams.received[0] + t->streams.received[1];
}

/* All is sent and closed. Return: bytes that arrived between FROM and UNTIL. */
static uint64_t
run(struct test *t)
{
	uint64_t began = t->sim->now, next, first = 0, last = 0;

	while (!streams_round(&t->streams) && t->broken == NULL && t->sim->now < began + LIMIT) {
		strike(t);
		for (next = t->sim->now + TICK; sim_step(t->sim, next);)
			;
		watch(t);
		first = t->sim->now <= began + FROM ? received(t) : first;
		last = t->sim->now <= began + UNTIL ? received(t) : last;
	}
	if (t->sim->now >= began + LIMIT)
		t->broken = "the transfer stalled";
	return last - first;
}

/* Return: what the transfer from host @sender achieved beside @attack (NULL = none), 0 when it failed. */
static uint64_t
transfer(const struct attack *attack, unsigned int sender, uint64_t seed)
{
	const char *name = attack != NULL ? attack->name : "none", *leak;
	struct test *t = calloc(1, sizeof(*t));
	uint64_t bytes;

	start(t, sender, seed);
	t->attack = attack;
	if (attack != NULL) {
		t->attacker.seen = attack->seen;
		t->attacker.syn_wnd = attack->syn_wnd != 0 ? attack->syn_wnd : UINT16_MAX;
	}
	bytes = run(t);
	if (attack != NULL)
		check_counters(t);
	if (t->broken != NULL) {
		print_error("%s: %s (SIM_ATTACK=%s SIM_SEED=%" PRIu64 ")\n", name, t->broken, name,
			    seed);
		streams_dump(&t->streams);
		bytes = 0;
	}
	leak = sim_destroy(t->sim);
	if (leak != NULL)
		fail_msg("%s: %s", name, leak);
	free(t);
	return bytes;
}

static void
the_transfer_keeps_its_rate(void **)
{
	const char *text = getenv("SIM_SEED"), *only = getenv("SIM_ATTACK");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : 1;
	unsigned int i, sender, failed = 0;
	double alone[2], part[2];

	for (sender = 0; sender < 2; sender++) {
		alone[sender] = (double)transfer(NULL, sender, seed);
		assert_true(alone[sender] > 0);
	}
	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (only != NULL && strcmp(only, attacks[i].name) != 0)
			continue;
		for (sender = 0; sender < 2; sender++) {
			part[sender] = (double)transfer(&attacks[i], sender, seed) / alone[sender];
			failed += part[sender] < KEEPS;
		}
		print_message("%-16s %.3f of the rate to the victim, %.3f from it\n",
			      attacks[i].name, part[0], part[1]);
	}
	assert_int_equal(failed, 0);
}

static int
group_setup(void **)
{
	return fake_eal_init(256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_transfer_keeps_its_rate),
	};

	return cmocka_run_group_tests_name("tcp_hostile_sim", tests, group_setup, NULL);
}
