/* SPDX-License-Identifier: BSD-3-Clause */
/* Listeners: backlog, half-open connections, blocks that run out. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct step syn[] = {IN(S, 0, 0, 0), END};
static const struct step ack[] = {IN(A, 1, 1, 0), END};
static const struct step data[] = {IN(P | A, 1, 1, 10), END};
static const struct step take[] = {TAKE(10), END};

/* Another peer: the next lower port. */
static void
next_peer(struct script *sc)
{
	sc->flow.remote_port--;
	sc->has_iss = false;
	sc->taken = 0;
	while (fake_next(&sc->f) != NULL)
		;
}

static void
do_syn(struct script *sc)
{
	const struct fake_out *o;

	next_peer(sc);
	script_run(sc, syn, "syn");
	while ((o = fake_next(&sc->f)) != NULL)
		sc->iss = o->s.seq;
}

static unsigned int
half_open(struct script *sc)
{
	struct tcp_info info[64];
	unsigned int next, i, n, sum = 0;

	n = tcp_list(sc->f.tcp, 0, info, 64, &next, sc->f.now);
	for (i = 0; i < n; i++)
		sum += strcmp(info[i].state, "SYN_RCVD") == 0;
	return sum;
}

static int
no_accept(struct tcp_conn *, void *, uint64_t)
{
	return -EPERM;
}

static void
listen_refuses_an_address_in_use(void **)
{
	struct script *sc = script_new(NULL);
	struct tcp_listener *l, *other;
	struct ipaddr elsewhere = ipaddr_v4(0x0a000063);

	assert_int_equal(tcp_listen(sc->f.tcp, &sc->flow.local, 988, 1, no_accept, NULL, &l),
			 -EADDRINUSE);
	assert_int_equal(tcp_listen(sc->f.tcp, &elsewhere, 988, 1, no_accept, NULL, &l), 0);
	assert_int_equal(tcp_listen(sc->f.tcp, &sc->flow.local, 989, 1, no_accept, NULL, &other),
			 0);
	tcp_unlisten(l, sc->f.now);
	tcp_unlisten(other, sc->f.now);
	script_free(sc);
}

static void
embryonic_oldest_goes_first(void **)
{
	struct script *sc = script_new(NULL);
	unsigned int i;

	for (i = 0; i < 6; i++)
		do_syn(sc);
	/* four are kept */
	assert_int_equal(fake_count(&sc->f, TCP_SYN_EVICTED), 2);
	assert_int_equal(half_open(sc), 4);
	assert_int_equal(tcp_block_count(sc->f.tcp), 0);
	script_run(sc, ack, "the youngest completes");
	assert_int_equal(sc->n_accepted, 1);
	script_free(sc);
}

static void
backlog_counts_until_the_first_byte_is_taken(void **)
{
	struct script_conf conf = {.backlog = 2};
	struct script *sc = script_new(&conf);

	do_syn(sc);
	script_run(sc, ack, "first");
	do_syn(sc);
	script_run(sc, ack, "second");
	do_syn(sc);
	assert_int_equal(fake_count(&sc->f, TCP_SYN_BACKLOG), 1);
	assert_int_equal(tcp_block_count(sc->f.tcp), 2);
	/* the user takes a byte of the second: there is room for one more */
	sc->flow.remote_port++;
	script_run(sc, data, "data");
	script_run(sc, take, "take");
	sc->flow.remote_port--;
	do_syn(sc);
	assert_int_equal(fake_count(&sc->f, TCP_SYN_BACKLOG), 1);
	script_run(sc, ack, "third");
	assert_int_equal(sc->n_accepted, 3);
	script_free(sc);
}

static void
backlog_full_at_the_end_of_the_handshake_waits(void **)
{
	struct script_conf conf = {.backlog = 1};
	struct script *sc = script_new(&conf);
	uint32_t first;

	do_syn(sc);
	first = sc->iss;
	do_syn(sc);
	script_run(sc, ack, "the younger is first");
	sc->flow.remote_port++;
	sc->iss = first;
	script_run(sc, ack, "the older has to wait");
	assert_int_equal(sc->n_accepted, 1);
	assert_int_equal(half_open(sc), 1);
	assert_int_equal(fake_count(&sc->f, TCP_SYN_BACKLOG), 1);
	/* when the first ends, the repeated ACK gets through */
	tcp_abort(sc->c, sc->f.now);
	script_run(sc, ack, "again");
	assert_int_equal(sc->n_accepted, 2);
	script_free(sc);
}

static void
backlog_is_relieved_when_a_connection_ends(void **)
{
	struct script_conf conf = {.backlog = 1};
	struct script *sc = script_new(&conf);
	static const struct step reset[] = {IN(R, 1, 0, 0), END};

	do_syn(sc);
	script_run(sc, ack, "first");
	script_run(sc, reset, "reset");
	do_syn(sc);
	script_run(sc, ack, "second");
	assert_int_equal(sc->n_accepted, 2);
	script_free(sc);
}

/* It ends once, whatever the callback says in the end. */
static void
accept_may_abort_and_refuse(void **)
{
	struct script_conf conf = {.accept_aborts = true, .accept_rc = -ECONNREFUSED};
	struct script *sc = script_new(&conf);
	static const struct step aborted[] = {IN(A, 1, 1, 0), OUT(R | A, 1, 1, 0), QUIET,
					      COUNT(CONN_REJECTED, 0), END};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		do_syn(sc);
		script_run(sc, aborted, "aborted");
		assert_int_equal(tcp_conn_count(sc->f.tcp), 0);
	}
	script_free(sc);
}

static void
unlisten_resets_what_is_half_open_and_keeps_the_rest(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step reset[] = {OUT(R | A, 1, 1, 0), QUIET, END};

	do_syn(sc);
	script_run(sc, ack, "established");
	do_syn(sc);
	tcp_unlisten(sc->listener, sc->f.now);
	fake_poll(&sc->f);
	script_run(sc, reset, "reset");
	assert_int_equal(tcp_block_count(sc->f.tcp), 1);
	assert_int_equal(sc->n_closed, 0);
	script_free(sc);
}

/* Whoever was half-open and did not hear of it asks for nothing that is there. */
static void
unlisten_forgets_all_that_is_half_open(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step late[] = {IN(A, 1, 1, 0), OUT(R, 1, 0, 0), QUIET, END};
	unsigned int i;

	for (i = 0; i < 4; i++)
		do_syn(sc);
	tcp_unlisten(sc->listener, sc->f.now);
	assert_int_equal(fake_count(&sc->f, TCP_TX_RST), 4);
	assert_int_equal(half_open(sc), 0);
	script_run(sc, (const struct step[]){SKIP, END}, "resets");
	script_run(sc, late, "an ACK that was on its way");
	fake_wait(&sc->f, 20000 * FAKE_MS);
	script_run(sc, (const struct step[]){QUIET, END}, "no SYN-ACK is repeated");
	assert_int_equal(sc->n_accepted, 0);
	script_free(sc);
}

static void
blocks_that_run_out_leave_the_rest_half_open(void **)
{
	struct script_conf conf = {0};
	struct script *sc;

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.max_conns = 2;
	sc = script_new(&conf);
	do_syn(sc);
	script_run(sc, ack, "established");
	do_syn(sc);
	script_run(sc, ack, "established");
	do_syn(sc);
	script_run(sc, ack, "no block");
	assert_int_equal(fake_count(&sc->f, TCP_CONN_NO_BLOCK), 1);
	assert_int_equal(sc->n_accepted, 2);
	assert_int_equal(half_open(sc), 1);
	/* when another one ends there is a block for it */
	tcp_abort(sc->c, sc->f.now);
	fake_poll(&sc->f);
	script_run(sc, ack, "again");
	assert_int_equal(sc->n_accepted, 3);
	script_free(sc);
}

static void
ledger_of_few_connections_evicts_half_open_ones(void **)
{
	struct script_conf conf = {0};
	struct script *sc;

	fake_tcp_conf_default(&conf.fake);
	conf.fake.conns = 2;
	sc = script_new(&conf);
	do_syn(sc);
	script_run(sc, ack, "established");
	do_syn(sc);
	do_syn(sc);
	assert_int_equal(half_open(sc), 2);
	/* the other one holds the last place in the ledger */
	script_run(sc, ack, "established");
	assert_int_equal(fake_count(&sc->f, TCP_SYN_EVICTED), 1);
	assert_int_equal(sc->n_accepted, 2);
	do_syn(sc);
	script_run(sc, ack, "no place");
	assert_int_equal(fake_count(&sc->f, TCP_CONN_NO_BLOCK), 1);
	assert_int_equal(half_open(sc), 1);
	script_free(sc);
}

/* In a crowd only what each connection has anyway is promised, and the rest when it is there. */
static void
window_is_small_in_a_crowd_and_opens_with_the_connection(void **)
{
	struct script_conf conf = {.backlog = 32};
	struct script *sc;
	static const struct step last[] = {OUT(S | A, 0, 1, 0, .wnd = 16384), IN(A, 1, 1, 0),
					   OUT(A, 1, 1, 0, .wnd = 512), STATE("ESTABLISHED"), END};
	unsigned int i;

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.max_embryonic = 32;
	sc = script_new(&conf);
	for (i = 0; i < 16; i++)
		do_syn(sc);
	next_peer(sc);
	script_run(sc, syn, "syn");
	script_run(sc, last, "last");
	assert_int_equal(sc->f.lc.ledger.conns, 17);
	script_free(sc);
}

static void
syn_ack_without_an_mbuf_leaves_nothing_behind(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {
		STARVE(1),	IN(S, 0, 0, 0),	      QUIET,
		FEED,		IN(S, 0, 0, 0),	      OUT(S | A, 0, 1, 0),
		IN(A, 1, 1, 0), STATE("ESTABLISHED"), END};

	/* the one mbuf is the SYN's */
	script_run(sc, steps, "starved");
	assert_int_equal(sc->n_accepted, 1);
	script_free(sc);
}

static void
half_open_stands_in_the_way_of_our_own_open(void **)
{
	struct script *sc = script_new(NULL);
	static const struct tcp_ops none = {0};
	struct tcp_conn *c;

	do_syn(sc);
	assert_int_equal(tcp_connect(sc->f.tcp, &sc->flow, 0, &none, NULL, sc->f.now, &c),
			 -EADDRINUSE);
	script_free(sc);
}

static void
syn_without_a_way_back_is_dropped(void **)
{
	struct script *sc = script_new(NULL);

	sc->f.path_rc = -ENETUNREACH;
	do_syn(sc);
	assert_int_equal(fake_count(&sc->f, TCP_CONN_NO_PATH), 1);
	assert_int_equal(sc->f.n_out, 0);
	assert_int_equal(tcp_block_count(sc->f.tcp), 0);
	script_free(sc);
}

static void
flood_of_syns_keeps_established_connections_working(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), TAKE(10), END};
	uint32_t iss;
	unsigned int i;

	do_syn(sc);
	script_run(sc, ack, "established");
	iss = sc->iss;
	for (i = 0; i < 500; i++)
		do_syn(sc);
	assert_int_equal(fake_count(&sc->f, TCP_SYN_EVICTED), 496);
	sc->flow.remote_port = 1022;
	sc->iss = iss;
	sc->has_iss = true;
	sc->taken = 0;
	script_run(sc, steps, "works");
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_refuses_an_address_in_use),
		cmocka_unit_test(embryonic_oldest_goes_first),
		cmocka_unit_test(backlog_counts_until_the_first_byte_is_taken),
		cmocka_unit_test(backlog_full_at_the_end_of_the_handshake_waits),
		cmocka_unit_test(backlog_is_relieved_when_a_connection_ends),
		cmocka_unit_test(accept_may_abort_and_refuse),
		cmocka_unit_test(unlisten_resets_what_is_half_open_and_keeps_the_rest),
		cmocka_unit_test(unlisten_forgets_all_that_is_half_open),
		cmocka_unit_test(blocks_that_run_out_leave_the_rest_half_open),
		cmocka_unit_test(window_is_small_in_a_crowd_and_opens_with_the_connection),
		cmocka_unit_test(syn_ack_without_an_mbuf_leaves_nothing_behind),
		cmocka_unit_test(half_open_stands_in_the_way_of_our_own_open),
		cmocka_unit_test(ledger_of_few_connections_evicts_half_open_ones),
		cmocka_unit_test(syn_without_a_way_back_is_dropped),
		cmocka_unit_test(flood_of_syns_keeps_established_connections_working),
	};

	return cmocka_run_group_tests_name("tcp/listen", tests, script_group_setup, NULL);
}
