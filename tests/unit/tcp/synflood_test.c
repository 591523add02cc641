/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Floods: of SYNs, from one source and from forged ones, and of connections that say nothing. Whoever is not the flooder gets
 * through, and what a flood costs is bounded.
 */
#include "tests/unit/tcp/script.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUEUE 512 /* half-open connections */
#define BACKLOG 16
#define FLOODER 0x0a000063
#define PEER 0x0a000002

struct host {
	struct script *sc;
	struct tcp_conn *conns[64];
	unsigned int n_conns, n_closed;
	int err;
};

static void
on_event(struct tcp_conn *, void *, uint64_t)
{
}

static void
on_closed(struct tcp_conn *, void *user, int err, uint64_t)
{
	struct host *h = user;

	h->n_closed++;
	h->err = err;
}

static const struct tcp_ops ops = {on_event, on_event, on_event, on_closed};

static int
on_accept(struct tcp_conn *c, void *user, uint64_t)
{
	struct host *h = user;

	h->conns[h->n_conns++ % 64] = c;
	tcp_set_user(c, &ops, h);
	return 0;
}

static void
host_begin(struct host *h)
{
	struct script_conf conf = {0};
	struct tcp_listener *l;

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.max_embryonic = QUEUE;
	*h = (struct host){.sc = script_new(&conf)};
	tcp_unlisten(h->sc->listener, h->sc->f.now);
	assert_int_equal(tcp_listen(h->sc->f.tcp, &h->sc->flow.local, h->sc->flow.local_port,
				    BACKLOG, on_accept, h, &l),
			 0);
}

/* A SYN from there. Return: the number of our SYN-ACK, 0 = none came. */
static uint32_t
syn(struct host *h, struct ipaddr from, uint16_t port)
{
	struct fake_tcp_env *f = &h->sc->f;
	struct tcp_segment s = {
		.flags = S, .seq = 1000, .wnd = 65535, .has_mss = true, .mss = 1460};
	unsigned int before = f->n_out;

	h->sc->flow.remote = from;
	h->sc->flow.remote_port = port;
	fake_in(f, &h->sc->flow, &s, NULL, 1);
	fake_poll(f);
	assert_true(f->n_out <= before + 1);
	return f->n_out == before ? 0 : f->out[before % FAKE_OUT_MAX].s.seq;
}

/* The ACK that ends the handshake. Return: the connection is there. */
static bool
ack(struct host *h, struct ipaddr from, uint16_t port, uint32_t iss)
{
	struct tcp_segment s = {.flags = A, .seq = 1001, .ack = iss + 1, .wnd = 65535};
	unsigned int before = h->n_conns;

	h->sc->flow.remote = from;
	h->sc->flow.remote_port = port;
	fake_in(&h->sc->f, &h->sc->flow, &s, NULL, 1);
	fake_poll(&h->sc->f);
	return h->n_conns == before + 1;
}

static bool
connects(struct host *h, struct ipaddr from, uint16_t port)
{
	return ack(h, from, port, syn(h, from, port));
}

/* The same for all of @iss in one burst: the last one is the peer's, the others are the flooder's. */
static void
burst_of_acks(struct host *h, const uint32_t *iss, unsigned int n)
{
	struct ip_packet pkts[BACKLOG + 1];
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct tcp_segment s = {
			.src_port = (uint16_t)(1023 - i),
			.dst_port = h->sc->flow.local_port,
			.flags = A,
			.seq = 1001,
			.ack = iss[i] + 1,
			.wnd = 65535,
		};

		pkts[i] = (struct ip_packet){
			.m = rte_pktmbuf_alloc(h->sc->f.mem.mbufs),
			.local = h->sc->flow.local,
			.remote = ipaddr_v4(i + 1 < n ? FLOODER : PEER),
		};
		tcp_wire_emit(&s, rte_pktmbuf_append(pkts[i].m, TCP_HDR_MIN));
	}
	tcp_input(h->sc->f.tcp, pkts, n, h->sc->f.now);
}

static uint64_t
count(struct host *h, enum tcp_counter id)
{
	return fake_count(&h->sc->f, id);
}

/* @n SYNs, each from another port of the flooder. */
static void
flood(struct host *h, unsigned int n, bool privileged)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		syn(h, ipaddr_v4(FLOODER), (uint16_t)(privileged ? i % 1000 : 1024 + i % 60000));
}

/* --- SYNs --- */

static void
one_flooder_does_not_push_out_others(void **)
{
	struct host h;
	uint32_t iss[8];
	unsigned int i;

	host_begin(&h);
	flood(&h, 2 * QUEUE, true);
	for (i = 0; i < 8; i++)
		iss[i] = syn(&h, ipaddr_v4(PEER + i), 1023);
	/* however much comes before their ACKs arrive */
	flood(&h, 20000, true);
	for (i = 0; i < 8; i++)
		assert_true(ack(&h, ipaddr_v4(PEER + i), 1023, iss[i]));
	script_free(h.sc);
}

static void
unprivileged_ports_give_way_to_privileged_ones(void **)
{
	struct host h;
	uint32_t iss;
	unsigned int i;

	host_begin(&h);
	iss = syn(&h, ipaddr_v4(PEER), 1023);
	/* forged sources, each with a single SYN, so that none has more than its share */
	for (i = 0; i < 20000; i++)
		syn(&h, ipaddr_v4(0x0b000000 + i), (uint16_t)(1024 + i));
	assert_true(ack(&h, ipaddr_v4(PEER), 1023, iss));
	assert_true(connects(&h, ipaddr_v4(PEER + 1), 1023));
	script_free(h.sc);
}

/* Where all are privileged, others wait until there is room. */
static void
unprivileged_ports_do_not_push_out_privileged_ones(void **)
{
	struct host h;
	unsigned int i;

	host_begin(&h);
	for (i = 0; i < QUEUE; i++)
		assert_int_not_equal(syn(&h, ipaddr_v4(PEER + i), 1023), 0);
	assert_int_equal(syn(&h, ipaddr_v4(FLOODER), 40000), 0);
	assert_int_equal(count(&h, TCP_SYN_REFUSED), 1);
	assert_int_equal(count(&h, TCP_SYN_EVICTED), 0);
	script_free(h.sc);
}

/* The worst: forged sources and privileged ports. A handshake then lives as long as the queue takes to turn over. */
static void
forged_sources_take_turns(void **)
{
	struct host h;
	unsigned int i, k, through = 0;

	host_begin(&h);
	for (i = 0; i < 4 * QUEUE; i++)
		syn(&h, ipaddr_v4(0x0b000000 + i), 1023);
	for (k = 0; k < 32; k++) {
		uint32_t iss = syn(&h, ipaddr_v4(PEER), (uint16_t)(1023 - k));

		for (i = 0; i < QUEUE / 8; i++)
			syn(&h, ipaddr_v4(0x0c000000 + k * QUEUE + i), 1023);
		through += ack(&h, ipaddr_v4(PEER), (uint16_t)(1023 - k), iss);
		while (h.n_conns > 0)
			tcp_abort(h.conns[--h.n_conns], h.sc->f.now);
	}
	assert_true(through >= 28);
	script_free(h.sc);
}

static void
addresses_of_an_ipv6_host_count_as_one(void **)
{
	struct host h;
	struct tcp_listener *l;
	uint32_t iss;
	unsigned int i;

	host_begin(&h);
	h.sc->flow.local = ipaddr_v6((uint8_t[16]){0xfd, [15] = 1});
	assert_int_equal(tcp_listen(h.sc->f.tcp, &h.sc->flow.local, h.sc->flow.local_port, BACKLOG,
				    on_accept, &h, &l),
			 0);
	iss = syn(&h, ipaddr_v6((uint8_t[16]){0xfd, 1, [15] = 2}), 1023);
	for (i = 0; i < 10000; i++)
		syn(&h, ipaddr_v6((uint8_t[16]){0xfd, 2, [14] = (uint8_t)(i >> 8), (uint8_t)i}),
		    1023);
	assert_true(ack(&h, ipaddr_v6((uint8_t[16]){0xfd, 1, [15] = 2}), 1023, iss));
	script_free(h.sc);
}

/* --- what it costs --- */

static void
flood_is_answered_once_each_and_arms_one_timer(void **)
{
	struct host h;

	host_begin(&h);
	flood(&h, 3 * QUEUE, false);
	assert_int_equal(h.sc->f.lc.wheel.count, 1);
	assert_int_equal(tcp_block_count(h.sc->f.tcp), 0);
	assert_true(h.sc->f.lc.ledger.conns <= 16);
	assert_int_equal(count(&h, TCP_SYN_EVICTED), 2 * QUEUE);
	/* no SYN-ACK is repeated in a crowd: nobody is flooded in our name */
	fake_wait(&h.sc->f, 20000 * FAKE_MS);
	assert_int_equal(h.sc->f.n_out, 3 * QUEUE);
	assert_int_equal(count(&h, TCP_SYN_EXPIRED), QUEUE);
	assert_true(count(&h, TCP_SYN_ACK_SPARED) >= QUEUE);
	assert_int_equal(h.sc->f.lc.wheel.count, 0);
	assert_int_equal(h.sc->f.lc.ledger.conns, 0);
	script_free(h.sc);
}

static void
few_half_open_ones_are_asked_again(void **)
{
	struct host h;

	host_begin(&h);
	syn(&h, ipaddr_v4(PEER), 1023);
	syn(&h, ipaddr_v4(PEER + 1), 1023);
	fake_wait(&h.sc->f, 20000 * FAKE_MS);
	/* after 1, 3 and 7 seconds */
	assert_int_equal(count(&h, TCP_SYN_RETRANSMIT), 6);
	assert_int_equal(h.sc->f.n_out, 8);
	assert_int_equal(count(&h, TCP_SYN_EXPIRED), 2);
	script_free(h.sc);
}

/* Segments do not wait behind hundreds of them. */
static void
syn_acks_that_are_due_at_once_are_sent_in_several_rounds(void **)
{
	struct host h;
	struct fake_tcp_env *f;
	unsigned int rounds, before;

	host_begin(&h);
	f = &h.sc->f;
	flood(&h, QUEUE / 2, false);
	f->now += 2000 * FAKE_MS;
	for (rounds = 0; f->n_out < QUEUE; rounds++) {
		before = f->n_out;
		timer_wheel_run(&f->lc.wheel, f->now);
		assert_in_range(f->n_out, before + 1, before + 64);
		f->now += FAKE_MS;
	}
	assert_true(rounds >= QUEUE / 2 / 64);
	assert_int_equal(count(&h, TCP_SYN_RETRANSMIT), QUEUE / 2);
	script_free(h.sc);
}

static void
established_connections_outlive_a_flood(void **)
{
	struct host h;
	struct tcp_segment s = {.flags = P | A, .seq = 1001, .len = 10, .wnd = 65535};
	uint32_t iss;

	host_begin(&h);
	iss = syn(&h, ipaddr_v4(PEER), 1023);
	assert_true(ack(&h, ipaddr_v4(PEER), 1023, iss));
	flood(&h, 5000, true);
	h.sc->flow.remote = ipaddr_v4(PEER);
	h.sc->flow.remote_port = 1023;
	s.ack = iss + 1;
	fake_in(&h.sc->f, &h.sc->flow, &s, NULL, 1);
	assert_int_equal(tcp_rx_len(h.conns[0]), 10);
	assert_int_equal(h.n_closed, 0);
	script_free(h.sc);
}

/* --- connections that say nothing --- */

static void
silent_connections_of_one_source_give_way_to_others(void **)
{
	struct host h;
	unsigned int i;

	host_begin(&h);
	for (i = 0; i < BACKLOG; i++)
		assert_true(connects(&h, ipaddr_v4(FLOODER), (uint16_t)(1023 - i)));
	/* the flooder itself gets no more */
	assert_int_equal(syn(&h, ipaddr_v4(FLOODER), 900), 0);
	assert_int_equal(count(&h, TCP_SYN_BACKLOG), 1);
	/* others do, until all have about the same */
	for (i = 0; i < BACKLOG / 2; i++)
		assert_true(connects(&h, ipaddr_v4(PEER), (uint16_t)(1023 - i)));
	assert_int_equal(h.n_closed, BACKLOG / 2);
	assert_int_equal(h.err, -ENOMEM);
	assert_int_equal(count(&h, TCP_BACKLOG_EVICTED), BACKLOG / 2);
	assert_false(connects(&h, ipaddr_v4(PEER), 900));
	assert_true(connects(&h, ipaddr_v4(PEER + 1), 1023));
	script_free(h.sc);
}

static void
silent_connections_from_unprivileged_ports_give_way_first(void **)
{
	struct host h;
	unsigned int i;

	host_begin(&h);
	/* as many sources as there are places */
	for (i = 0; i < BACKLOG; i++)
		assert_true(connects(&h, ipaddr_v4(FLOODER + i), 40000));
	for (i = 0; i < BACKLOG; i++)
		assert_true(connects(&h, ipaddr_v4(PEER), (uint16_t)(1023 - i)));
	assert_int_equal(h.n_closed, BACKLOG);
	assert_int_equal(syn(&h, ipaddr_v4(FLOODER), 40001), 0);
	script_free(h.sc);
}

static void
connection_that_has_spoken_does_not_give_way(void **)
{
	struct host h;
	struct tcp_segment s = {.flags = P | A, .seq = 1001, .len = 10, .wnd = 65535};
	uint32_t iss;
	unsigned int i;

	host_begin(&h);
	for (i = 0; i < BACKLOG; i++) {
		iss = syn(&h, ipaddr_v4(FLOODER), (uint16_t)(1023 - i));
		assert_true(ack(&h, ipaddr_v4(FLOODER), (uint16_t)(1023 - i), iss));
		s.ack = iss + 1;
		fake_in(&h.sc->f, &h.sc->flow, &s, NULL, 1);
		assert_int_equal(tcp_rx_discard(h.conns[i], 10, h.sc->f.now), 10);
		fake_poll(&h.sc->f);
	}
	assert_true(connects(&h, ipaddr_v4(PEER), 1023));
	assert_int_equal(h.n_closed, 0);
	script_free(h.sc);
}

/* Displaced by an ACK of the same burst, before its user was told of it: nobody hears of it, and it is reset. */
static void
connection_that_was_not_told_may_give_way(void **)
{
	struct host h;
	struct fake_tcp_env *f;
	uint32_t iss[BACKLOG + 1];
	unsigned int i;

	host_begin(&h);
	f = &h.sc->f;
	for (i = 0; i <= BACKLOG; i++)
		iss[i] = syn(&h, ipaddr_v4(i < BACKLOG ? FLOODER : PEER), (uint16_t)(1023 - i));
	/* users are told at the end of a burst: one that holds all the ACKs */
	burst_of_acks(&h, iss, BACKLOG + 1);
	fake_poll(f);
	assert_int_equal(h.n_conns, BACKLOG);
	assert_int_equal(h.n_closed, 0);
	assert_int_equal(count(&h, TCP_BACKLOG_EVICTED), 1);
	assert_int_equal(count(&h, TCP_TX_RST), 1);
	script_free(h.sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flooder_does_not_push_out_others),
		cmocka_unit_test(unprivileged_ports_give_way_to_privileged_ones),
		cmocka_unit_test(unprivileged_ports_do_not_push_out_privileged_ones),
		cmocka_unit_test(forged_sources_take_turns),
		cmocka_unit_test(addresses_of_an_ipv6_host_count_as_one),
		cmocka_unit_test(flood_is_answered_once_each_and_arms_one_timer),
		cmocka_unit_test(few_half_open_ones_are_asked_again),
		cmocka_unit_test(syn_acks_that_are_due_at_once_are_sent_in_several_rounds),
		cmocka_unit_test(established_connections_outlive_a_flood),
		cmocka_unit_test(silent_connections_of_one_source_give_way_to_others),
		cmocka_unit_test(silent_connections_from_unprivileged_ports_give_way_first),
		cmocka_unit_test(connection_that_has_spoken_does_not_give_way),
		cmocka_unit_test(connection_that_was_not_told_may_give_way),
	};

	return cmocka_run_group_tests_name("tcp/synflood", tests, script_group_setup, NULL);
}
