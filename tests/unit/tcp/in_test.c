/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks of arriving segments: window, PAWS, flags, ACK numbers, challenge ACKs. */
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

static const struct script_conf v6 = {.v6 = true, .mss = 1440};

/* --- acceptability --- */

SCRIPT(in_duplicate_is_acked_with_dsack, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 100), OUT(A, 1, 101, 0), IN(P | A, 1, 1, 100),
       OUT(A, 1, 101, 0, SACK1(1, 101)), LEN(100), COUNT(RX_DUP, 1), COUNT(TX_DSACK, 1))

SCRIPT(in_beyond_the_window_is_acked_and_dropped, ACCEPTED, NULL, /* */
       IN(P | A, 70000, 1, 100), OUT(A, 1, 1, 0), LEN(0), COUNT(RX_BEYOND, 1))

SCRIPT(in_keepalive_probe_is_answered, ACCEPTED, NULL, /* */
       IN(A, 0, 1, 0), OUT(A, 1, 1, 0), OPEN)

SCRIPT(in_keepalive_probe_with_a_byte_is_answered, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), IN(A, 10, 1, 1), OUT(A, 1, 11, 0, SACK1(10, 11)),
       LEN(10))

SCRIPT(in_empty_strays_are_answered_within_a_limit, ACCEPTED, NULL, /* */
       IN(A, 0, 1, 0), OUT(A, 1, 1, 0), IN(A, 0, 1, 0), IN(A, 0, 1, 0), QUIET, COUNT(TX_LIMITED, 2),
       WAIT(100), IN(A, 0, 1, 0), OUT(A, 1, 1, 0))

SCRIPT(in_ack_from_the_right_edge_counts, ACCEPTED, NULL, /* */
       SEND(10), OUT(P | A, 1, 1, 10), IN(A, 65537, 11, 0), ACKED(10))

/* --- flags --- */

SCRIPT(in_senseless_flags_are_dropped, ACCEPTED, NULL, /* */
       IN(S | F, 1, 0, 0), IN(S | R, 1, 0, 0), IN(F, 1, 0, 0), IN(0, 1, 0, 5), QUIET, OPEN,
       COUNT(DROP_FLAGS, 4))

SCRIPT(in_syn_to_a_listener_must_be_alone, LISTENING, NULL, /* */
       IN(S | A, 0, 5, 0), OUT(R, 5, 0, 0), STATE("none"))

SCRIPT(in_syn_on_a_connection_is_challenged, ACCEPTED, NULL, /* */
       IN(S, 1, 0, 0), OUT(A, 1, 1, 0), OPEN, STATE("ESTABLISHED"))

SCRIPT(in_urgent_data_is_plain_data, ACCEPTED, NULL, /* */
       IN(TCP_URG | P | A, 1, 1, 10), OUT(A, 1, 11, 0), TAKE(10), COUNT(RX_URGENT, 1))

/* --- timestamps --- */

SCRIPT(in_older_timestamp_is_dropped_and_acked, ACCEPTED, NULL, /* */
       WAIT(50), IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), IN(P | A, 11, 1, 10, .ts = -20),
       OUT(A, 1, 11, 0), LEN(10), COUNT(DROP_PAWS, 1))

SCRIPT(in_missing_timestamp_is_dropped, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 10, .no_ts = true), QUIET, LEN(0), COUNT(DROP_NO_TS, 1))

/* A peer that came back without timestamps, or with another clock, has to hear of the old connection. */
SCRIPT(in_syn_without_timestamps_is_challenged, ACCEPTED, NULL, /* */
       IN(S, 500000, 0, 0, .no_ts = true), OUT(A, 1, 1, 0), COUNT(TX_CHALLENGE, 1),
       COUNT(DROP_NO_TS, 0), IN(R, 1, 0, 0, .no_ts = true), CLOSED(ECONNRESET))

SCRIPT(in_syn_with_an_older_timestamp_is_challenged, ACCEPTED, NULL, /* */
       IN(S, 500000, 0, 0, .ts = -100000), OUT(A, 1, 1, 0), COUNT(TX_CHALLENGE, 1),
       COUNT(DROP_PAWS, 0))

SCRIPT(in_forged_ack_does_not_set_the_timestamp, ACCEPTED, NULL, /* */
       IN(P | A, 1, 5, 10, .ts = 100000), OUT(A, 1, 1, 0), COUNT(DROP_ACK, 1), IN(P | A, 1, 1, 10),
       OUT(A, 1, 11, 0), LEN(10), COUNT(DROP_PAWS, 0))

/* RFC 7323 5.5: 25 days of milliseconds are more than half of all numbers, so a peer's clock looks as if it had gone back. */
static void
in_timestamp_is_forgotten_after_24_days(void **)
{
	struct script_conf conf = {0};
	struct script *sc;
	static const struct step first[] = {WAIT(1728000000), IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0),
					    END};
	static const struct step early[] = {WAIT(1987200000),
					    IN(P | A, 11, 1, 10, .ts = -1990000000),
					    OUT(A, 1, 11, 0), COUNT(DROP_PAWS, 1), END};
	static const struct step late[] = {WAIT(172800000), IN(P | A, 11, 1, 10), OUT(A, 1, 21, 0),
					   COUNT(DROP_PAWS, 1), END};

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.keepalive_idle = 0;
	sc = script_new(&conf);
	script_accept(sc);
	script_run(sc, first, "20 days");
	script_run(sc, early, "23 days");
	script_run(sc, late, "25 days");
	script_free(sc);
}

SCRIPT(in_reset_needs_no_timestamp, ACCEPTED, NULL, /* */
       IN(R, 1, 0, 0, .no_ts = true), CLOSED(ECONNRESET))

static void
ts_echo_is_of_the_first_segment_not_acked_yet(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step first[] = {IN(A, 1, 1, 100), END};
	static const struct step second[] = {WAIT(5), IN(P | A, 101, 1, 100), END};
	const struct fake_out *o;
	uint32_t tsval;

	script_accept(sc);
	script_run(sc, first, "first");
	tsval = sc->burst[0].tsval;
	script_run(sc, second, "second");
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_int_equal(o->s.tsecr, tsval);
	script_free(sc);
}

static void
ts_echo_ignores_what_came_out_of_order(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step first[] = {IN(A, 1, 1, 100), WAIT(50), SKIP, END};
	static const struct step second[] = {WAIT(5), IN(P | A, 201, 1, 100), END};
	const struct fake_out *o;
	uint32_t tsval;

	script_accept(sc);
	script_run(sc, first, "first");
	tsval = sc->burst[0].tsval;
	script_run(sc, second, "second");
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_int_equal(o->s.n_sack, 1);
	assert_int_equal(o->s.tsecr, tsval);
	script_free(sc);
}

/* --- the ACK number, RFC 5961 5 --- */

SCRIPT(in_ack_of_what_was_never_sent_is_challenged, ACCEPTED, NULL, /* */
       IN(P | A, 1, 5, 10), OUT(A, 1, 1, 0), LEN(0), COUNT(DROP_ACK, 1))

SCRIPT(in_ack_older_than_any_window_is_challenged, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1u - 70000, 10), OUT(A, 1, 1, 0), LEN(0), COUNT(DROP_ACK, 1))

SCRIPT(in_ack_that_is_late_brings_its_data, ACCEPTED, NULL, /* */
       SEND(10), SKIP, IN(A, 1, 11, 0), IN(P | A, 1, 1, 10), OUT(A, 11, 11, 0), TAKE(10), ACKED(10))

SCRIPT(in_data_without_ack_is_dropped, ACCEPTED, NULL, /* */
       IN(P, 1, 0, 10), QUIET, OPEN, LEN(0), COUNT(DROP_FLAGS, 1))

/* A connection is younger than its window: what was never sent is not an old ACK. */
SCRIPT(in_ack_from_before_the_first_byte_is_challenged, ACCEPTED, NULL, /* */
       SEND(10), SKIP, IN(A, 1, 11, 0), IN(A, 1, 0, 0), OUT(A, 11, 1, 0), COUNT(DROP_ACK, 1),
       COUNT(TX_CHALLENGE, 1))

SCRIPT(in_ack_of_the_first_byte_is_old_but_true, ACCEPTED, &v6, /* */
       SEND(10), SKIP, IN(A, 1, 11, 0), IN(A, 1, 1, 0), QUIET, COUNT(DROP_ACK, 0))

static const struct script_conf wraps = {.peer_iss = 0xfffffffa};
SCRIPT(in_checks_hold_across_the_wrap, ACCEPTED, &wraps, /* */
       IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0, SACK1(1, 11)),
       IN(R, 12, 0, 0), OUT(A, 1, 11, 0), COUNT(TX_CHALLENGE, 1), IN(R, 10, 0, 0),
       IN(R, 70011, 0, 0), QUIET, COUNT(DROP_RST, 2), IN(R, 11, 0, 0), CLOSED(ECONNRESET))

/* --- what counts as a sign of life --- */

SCRIPT(in_what_does_not_fit_does_not_prove_life, ACCEPTED, NULL, /* */
       WAIT(29000), IN(P | A, 70000, 1, 100), OUT(A, 1, 1, 0), WAIT(1100), OUT(A, 0, 1, 0),
       COUNT(KEEPALIVE, 1))

SCRIPT(in_what_fits_proves_life, ACCEPTED, NULL, /* */
       WAIT(29000), IN(A, 1, 1, 0), WAIT(29900), QUIET, COUNT(KEEPALIVE, 0))

SCRIPT(in_probe_of_the_peer_proves_life, ACCEPTED, NULL, /* */
       WAIT(29000), IN(A, 0, 1, 0), OUT(A, 1, 1, 0), WAIT(29900), QUIET, COUNT(KEEPALIVE, 0))

/* --- bursts --- */

SCRIPT(in_burst_is_acked_once, ACCEPTED, NULL, /* */
       BURST(A, 1, 1, 1000), BURST(A, 1001, 1, 1000), BURST(A, 2001, 1, 1000), IN(A, 3001, 1, 1000),
       OUT(A, 1, 4001, 0), QUIET, TAKE(4000))

SCRIPT(in_burst_may_open_and_use_a_connection, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), BURST(A, 1, 1, 0), BURST(P | A, 1, 1, 8),
       IN(F | A, 9, 1, 0), OUT(A, 1, 10, 0), TAKE(8), RX_EOF)

SCRIPT(in_burst_with_a_syn_after_a_reset_opens_anew, ACCEPTED, NULL, /* */
       BURST(R, 1, 0, 0), IN(S, 9000, 0, 0), CLOSED(ECONNRESET), OUT(S | A, SEQ_ANY, 9001, 0),
       STATE("SYN_RCVD"))

static void
readable_is_called_once_for_a_burst(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {BURST(A, 1, 1, 100), BURST(A, 101, 1, 100),
					    IN(P | A, 201, 1, 100), END};

	script_accept(sc);
	script_run(sc, steps, "burst");
	assert_int_equal(sc->n_readable, 1);
	script_free(sc);
}

static void
merged_segments_are_acked_at_once(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {OUT(A, 1, 101, 0), END};
	struct tcp_segment s = {.flags = A, .len = 100, .wnd = 512, .has_ts = true};
	struct ip_packet pkt = {.merged = true};
	uint8_t *hdr;

	script_accept(sc);
	s.src_port = sc->flow.remote_port;
	s.dst_port = sc->flow.local_port;
	s.seq = sc->conf.peer_iss + 1;
	s.ack = sc->iss + 1;
	s.tsval = sc->ts0 + (uint32_t)(sc->f.now / FAKE_MS);
	pkt.m = rte_pktmbuf_alloc(sc->f.mem.mbufs);
	hdr = (uint8_t *)rte_pktmbuf_append(pkt.m, 132);
	memset(hdr, 0, 132);
	tcp_wire_emit(&s, hdr);
	pkt.local = sc->flow.local;
	pkt.remote = sc->flow.remote;
	tcp_input(sc->f.tcp, &pkt, 1, sc->f.now);
	fake_poll(&sc->f);
	script_run(sc, steps, "merged");
	script_free(sc);
}

/* --- garbage --- */

static void
garbage_is_dropped_and_counted(void **)
{
	static const uint8_t short_header[19] = {0};
	static const uint8_t offset_small[20] = {[12] = 0x40, [13] = A};
	static const uint8_t offset_large[20] = {[12] = 0xf0, [13] = A};
	struct script *sc = script_new(NULL);

	fake_in_raw(&sc->f, &sc->flow, short_header, sizeof(short_header));
	fake_in_raw(&sc->f, &sc->flow, offset_small, sizeof(offset_small));
	fake_in_raw(&sc->f, &sc->flow, offset_large, sizeof(offset_large));
	assert_int_equal(fake_count(&sc->f, TCP_DROP_HEADER), 3);
	assert_int_equal(sc->f.n_out, 0);
	script_free(sc);
}

/* RFC 5482: the limit is a local setting; an option that asks for another is no reason to refuse anything. */
static void
in_user_timeout_option_is_ignored(void **)
{
	/* SYN to port 988 with MSS 1460 and a user timeout of 3 minutes */
	static const uint8_t syn[] = {0x03, 0xff, 0x03, 0xdc, 0,  0, 0x03, 0xe8, 0, 0,
				      0,    0,	  0x70, S,    2,  0, 0,	   0,	 0, 0,
				      2,    4,	  0x05, 0xb4, 28, 4, 0x80, 0x03};
	struct script *sc = script_new(NULL);
	const struct fake_out *o;

	fake_in_raw(&sc->f, &sc->flow, syn, sizeof(syn));
	fake_poll(&sc->f);
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_int_equal(o->s.flags, S | A);
	assert_int_equal(fake_count(&sc->f, TCP_BAD_OPTIONS), 0);
	script_free(sc);
}

/* --- limits --- */

static void
resets_to_unknown_segments_are_limited(void **)
{
	struct script *sc = script_new(NULL);
	struct tcp_segment s = {.flags = A};
	unsigned int i;

	for (i = 0; i < 100; i++)
		fake_in(&sc->f, &sc->flow, &s, NULL, 1);
	assert_int_equal(fake_count(&sc->f, TCP_TX_RST), 64);
	assert_int_equal(fake_count(&sc->f, TCP_TX_RST_LIMITED), 36);
	fake_wait(&sc->f, 1000 * FAKE_MS);
	fake_in(&sc->f, &sc->flow, &s, NULL, 1);
	assert_int_equal(fake_count(&sc->f, TCP_TX_RST), 65);
	script_free(sc);
}

/* A flood in one name says nothing about what happens to another. */
static void
resets_are_limited_by_source(void **)
{
	struct script *sc = script_new(NULL);
	struct tcp_segment s = {.flags = A};
	unsigned int i, spared = 0;

	for (i = 0; i < 1000; i++)
		fake_in(&sc->f, &sc->flow, &s, NULL, 1);
	for (i = 0; i < 100; i++) {
		uint64_t before = fake_count(&sc->f, TCP_TX_RST);

		sc->flow.remote = ipaddr_v4(0x0a000100 + i);
		fake_in(&sc->f, &sc->flow, &s, NULL, 1);
		spared += fake_count(&sc->f, TCP_TX_RST) == before + 1;
	}
	/* one or two may share the flooder's place */
	assert_true(spared >= 98);
	/* the addresses of an IPv6 host have one limit together */
	sc->flow.local = ipaddr_v6((uint8_t[16]){0xfd, [15] = 1});
	for (i = 0; i < 100; i++) {
		sc->flow.remote = ipaddr_v6((uint8_t[16]){0xfd, 1, [15] = (uint8_t)i});
		fake_in(&sc->f, &sc->flow, &s, NULL, 1);
	}
	assert_int_equal(fake_count(&sc->f, TCP_TX_RST), 64 + spared + 64);
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_duplicate_is_acked_with_dsack),
		cmocka_unit_test(in_beyond_the_window_is_acked_and_dropped),
		cmocka_unit_test(in_keepalive_probe_is_answered),
		cmocka_unit_test(in_keepalive_probe_with_a_byte_is_answered),
		cmocka_unit_test(in_empty_strays_are_answered_within_a_limit),
		cmocka_unit_test(in_ack_from_the_right_edge_counts),
		cmocka_unit_test(in_senseless_flags_are_dropped),
		cmocka_unit_test(in_syn_to_a_listener_must_be_alone),
		cmocka_unit_test(in_syn_on_a_connection_is_challenged),
		cmocka_unit_test(in_urgent_data_is_plain_data),
		cmocka_unit_test(in_older_timestamp_is_dropped_and_acked),
		cmocka_unit_test(in_missing_timestamp_is_dropped),
		cmocka_unit_test(in_reset_needs_no_timestamp),
		cmocka_unit_test(ts_echo_is_of_the_first_segment_not_acked_yet),
		cmocka_unit_test(ts_echo_ignores_what_came_out_of_order),
		cmocka_unit_test(in_ack_of_what_was_never_sent_is_challenged),
		cmocka_unit_test(in_ack_older_than_any_window_is_challenged),
		cmocka_unit_test(in_ack_that_is_late_brings_its_data),
		cmocka_unit_test(in_data_without_ack_is_dropped),
		cmocka_unit_test(in_burst_is_acked_once),
		cmocka_unit_test(in_burst_may_open_and_use_a_connection),
		cmocka_unit_test(in_burst_with_a_syn_after_a_reset_opens_anew),
		cmocka_unit_test(readable_is_called_once_for_a_burst),
		cmocka_unit_test(merged_segments_are_acked_at_once),
		cmocka_unit_test(garbage_is_dropped_and_counted),
		cmocka_unit_test(resets_to_unknown_segments_are_limited),
		cmocka_unit_test(resets_are_limited_by_source),
		cmocka_unit_test(in_syn_without_timestamps_is_challenged),
		cmocka_unit_test(in_syn_with_an_older_timestamp_is_challenged),
		cmocka_unit_test(in_forged_ack_does_not_set_the_timestamp),
		cmocka_unit_test(in_timestamp_is_forgotten_after_24_days),
		cmocka_unit_test(in_ack_from_before_the_first_byte_is_challenged),
		cmocka_unit_test(in_ack_of_the_first_byte_is_old_but_true),
		cmocka_unit_test(in_checks_hold_across_the_wrap),
		cmocka_unit_test(in_what_does_not_fit_does_not_prove_life),
		cmocka_unit_test(in_what_fits_proves_life),
		cmocka_unit_test(in_probe_of_the_peer_proves_life),
		cmocka_unit_test(in_user_timeout_option_is_ignored),
	};

	return cmocka_run_group_tests_name("tcp/in", tests, script_group_setup, NULL);
}
