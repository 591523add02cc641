/* SPDX-License-Identifier: BSD-3-Clause */
/* The receive window: it opens, shuts and never retreats; silly windows; autotuning. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The whole window, which is shut then. */
static void
fill(struct script *sc)
{
	struct step seg[3] = {IN(P | A, 1, 1, 1024), SKIP, END};
	unsigned int i;

	for (i = 0; i < 64; i++) {
		seg[0].seq = 1 + 1024 * i;
		script_run(sc, seg, "fill");
	}
}

static void
window_shuts_and_reopens(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step full[] = {
		/* there is no room behind the edge */
		IN(A, 65537, 1, 100), OUT(A, 1, 65537, 0, .wnd = -1), LEN(65536),
		COUNT(RX_BEYOND, 1),
		/* a probe with a byte is answered with the shut window */
		IN(A, 65537, 1, 1), OUT(A, 1, 65537, 0, .wnd = -1),
		/* less than two segments is no news; more is told at once */
		TAKE(1000), QUIET, TAKE(2000), OUT(A, 1, 65537, 0), QUIET, COUNT(TX_WND_UPDATE, 1),
		END};

	script_accept(sc);
	fill(sc);
	script_run(sc, full, "full");
	script_free(sc);
}

/* RFC 9293 3.10.7.4 (MUST-66): a shut window takes ACKs and resets, a reset at the exact number only. */
static void
window_shut_takes_acks_and_resets(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step shut[] = {IN(A, 65537, 1, 100),
					   OUT(A, 1, 65537, 0, .wnd = -1),
					   SEND(10),
					   OUT(P | A, 1, 65537, 10, .wnd = -1),
					   IN(A, 65537, 11, 0),
					   ACKED(10),
					   IN(R, 65536, 0, 0),
					   IN(R, 65538, 0, 0),
					   QUIET,
					   OPEN,
					   IN(R, 65537, 0, 0),
					   CLOSED(ECONNRESET),
					   END};

	script_accept(sc);
	fill(sc);
	script_run(sc, shut, "shut");
	script_free(sc);
}

static void
window_opening_is_repeated_until_something_comes(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step lost[] = {TAKE(4000), OUT(A, 1, 65537, 0), WAIT(190), QUIET,
					   /* 200 ms, then 400 ms after that */
					   WAIT(20), OUT(A, 1, 65537, 0), WAIT(370), QUIET,
					   WAIT(40), OUT(A, 1, 65537, 0), COUNT(TX_WND_REPEAT, 2),
					   /* it has arrived: no more of it */
					   IN(P | A, 65537, 1, 1000), OUT(A, 1, 66537, 0),
					   WAIT(10000), QUIET, COUNT(TX_WND_REPEAT, 2), END};

	script_accept(sc);
	fill(sc);
	script_run(sc, lost, "lost");
	script_free(sc);
}

static void
window_edge_never_retreats(void **)
{
	struct script *sc = script_new(NULL);
	struct step seg[2] = {IN(P | A, 1, 1, 0), END};
	static const struct step take[] = {TAKE(500), END};
	uint32_t edge = 0, seq = 1, n;
	const struct fake_out *o;
	unsigned int i;

	script_accept(sc);
	for (i = 0; i < 400; i++) {
		n = 1 + i * 37 % 600;
		seg[0].seq = seq;
		seg[0].len = n;
		script_run(sc, seg, "fill");
		seq = 1 + (uint32_t)sc->taken + tcp_rx_len(sc->c);
		if (i % 3 == 2 && tcp_rx_len(sc->c) >= 500)
			script_run(sc, take, "take");
		while ((o = fake_next(&sc->f)) != NULL) {
			uint32_t e = o->s.ack - sc->conf.peer_iss + ((uint32_t)o->s.wnd << 7);

			assert_true(e >= edge);
			edge = e;
		}
	}
	assert_true(edge > 65536);
	script_free(sc);
}

SCRIPT(window_is_not_moved_by_less_than_a_segment, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 1000), OUT(A, 1, 1001, 0), TAKE(1000), IN(P | A, 1001, 1, 100),
       OUT(A, 1, 1101, 0))

/* A message whose buffer is reserved widens the window beyond the connection's own. */
static void
window_opens_for_what_is_expected(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step ack[] = {IN(P | A, 1, 1, 100), END};
	static const struct step more[] = {EXPECT(300000), IN(P | A, 101, 1, 100), END};
	uint32_t before, after;

	script_accept(sc);
	script_run(sc, ack, "before");
	before = fake_next(&sc->f)->s.wnd;
	script_run(sc, more, "after");
	after = fake_next(&sc->f)->s.wnd;
	assert_in_range(after - before, 300000 / 128 - 4, 300000 / 128 + 4);
	script_free(sc);
}

static uint32_t
last_edge(struct script *sc)
{
	const struct fake_out *o;
	uint32_t edge = 0;

	while ((o = fake_next(&sc->f)) != NULL)
		edge = o->s.ack - sc->conf.peer_iss + ((uint32_t)o->s.wnd << 7);
	return edge;
}

/* What was expected and taken does not widen the window any more. */
static void
window_expectation_counts_down(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step ack[] = {EXPECT(100000), IN(P | A, 1, 1, 1000), END};
	static const struct step more[] = {TAKE(10000), IN(P | A, 10001, 1, 1), END};
	struct step seg[2] = {IN(P | A, 1, 1, 1000), END};
	uint32_t before, after;
	unsigned int i;

	script_accept(sc);
	script_run(sc, ack, "before");
	before = last_edge(sc);
	for (i = 1; i < 10; i++) {
		seg[0].seq = 1 + 1000 * i;
		script_run(sc, seg, "fill");
	}
	script_run(sc, more, "after");
	after = last_edge(sc);
	assert_in_range(after - before, 0, 11 * 127);
	script_free(sc);
}

/*
 * A peer sends @n segments like @seg, @rate of them a millisecond, and a reader takes each at once. @wnd_max: of the configuration.
 * Return: the window in the end.
 */
static uint32_t
wnd_of_a_stream(struct script_conf conf, struct step seg, unsigned int rate, unsigned int n,
		uint32_t wnd_max)
{
	struct step steps[] = {seg, SKIP, TAKE(seg.len), END};
	struct script *sc;
	struct tcp_info info;
	unsigned int i, next;

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.rcv_wnd_max = wnd_max;
	sc = script_new(&conf);
	script_accept(sc);
	for (i = 0; i < n; i++) {
		steps[0].seq = 1 + seg.len * i;
		script_run(sc, steps, "stream");
		if (i % rate == rate - 1)
			fake_wait(&sc->f, FAKE_MS);
	}
	assert_int_equal(tcp_list(sc->f.tcp, 0, &info, 1, &next, sc->f.now), 1);
	script_free(sc);
	return info.rcv_wnd;
}

static const struct script_conf plain = {0};

/* A reader that keeps up with a fast peer gets a wider window, up to the limit. */
static void
window_grows_with_the_rate(void **)
{
	static const struct step seg = IN(P | A, 1, 1, MSS);

	assert_in_range(wnd_of_a_stream(plain, seg, 200, 4000, 400000), 390000, 401000);
}

/* No wider than twice what a round trip brings, and 16 segments. */
static void
window_grows_no_further_than_the_rate(void **)
{
	static const struct step seg = IN(P | A, 1, 1, MSS);

	assert_in_range(wnd_of_a_stream(plain, seg, 100, 4000, 4000000), 300000,
			2 * 100 * MSS + 16 * MSS + 4 * MSS);
}

/* The handshake took no time, data takes 40 ms: queues on the way have filled. */
static void
window_follows_the_round_trip_of_data(void **)
{
	static const struct step at_once = IN(P | A, 1, 1, MSS);
	static const struct step late = IN(P | A, 1, 1, MSS, .echo = -40);

	assert_in_range(wnd_of_a_stream(plain, at_once, 3, 3000, 4000000), 1, 46 * MSS);
	assert_in_range(wnd_of_a_stream(plain, late, 3, 3000, 4000000), 2 * 110 * MSS,
			2 * 130 * MSS + 16 * MSS);
}

/* Echoes are made up: in timestamps that were not agreed on, or as old as no round trip is. */
static void
window_grows_whatever_peers_echo(void **)
{
	static const struct script_conf no_ts = {.no_ts = true, .ts = 100000}, ts = {.mss = 1460};
	static const struct step unasked =
		IN(P | A, 1, 1, 1400,
		   OPTS("\x01\x01\x08\x0a\x00\x00\x00\x01\x00\x01\x38\x80")); /* of 20 s ago */
	static const struct step old = IN(P | A, 1, 1, 1400, .echo = -2000000000);

	assert_in_range(wnd_of_a_stream(no_ts, unasked, 200, 4000, 400000), 390000, 401000);
	assert_in_range(wnd_of_a_stream(ts, old, 200, 4000, 400000), 390000, 401000);
}

static void
window_does_not_grow_for_a_reader_that_sleeps(void **)
{
	struct script *sc = script_new(NULL);
	struct step seg[3] = {IN(P | A, 1, 1, 1000), SKIP, END};
	struct tcp_info info;
	unsigned int i, next;

	script_accept(sc);
	for (i = 0; i < 60; i++) {
		seg[0].seq = 1 + 1000 * i;
		script_run(sc, seg, "in");
		fake_wait(&sc->f, FAKE_MS);
	}
	assert_int_equal(tcp_list(sc->f.tcp, 0, &info, 1, &next, sc->f.now), 1);
	/* each ACK that holds the edge may round it up by less than a unit of the scale */
	assert_true(info.rcv_wnd <= 65536 - 60000 + 60 * 127);
	script_free(sc);
}

/* --- silly windows of the receiver: RFC 9293 3.8.6.2.2 --- */

/* All of 64 KiB. */
#define FILL(i) IN(P | A, 1 + 2048 * (i), 1, 1024), IN(P | A, 1025 + 2048 * (i), 1, 1024)
#define FILL_8K(i) FILL(4 * (i)), FILL(4 * (i) + 1), FILL(4 * (i) + 2), FILL(4 * (i) + 3)
#define FULL                                                                                \
	FILL_8K(0), FILL_8K(1), FILL_8K(2), FILL_8K(3), FILL_8K(4), FILL_8K(5), FILL_8K(6), \
		FILL_8K(7), SKIP, LEN(65536), COUNT(RX_BEYOND, 0)
#define PROBED(wnd_field) IN(A, 65536, 1, 0), OUT(A, 1, 65537, 0, .wnd = (wnd_field)), WAIT(100)

SCRIPT(window_stays_shut_for_crumbs, ACCEPTED,
       NULL, /* less than a segment is not told, not even to a probe */
       FULL, PROBED(-1), TAKE(1), QUIET, PROBED(-1), TAKE(700), QUIET, PROBED(-1), TAKE(700), QUIET,
       PROBED(-1), COUNT(TX_WND_UPDATE, 0))
SCRIPT(window_opens_by_a_segment_when_probed, ACCEPTED, NULL, /* two are told without being asked */
       FULL, TAKE(1500), QUIET, IN(A, 65536, 1, 0), OUT(A, 1, 65537, 0, .wnd = 11), WAIT(100),
       TAKE(1500), QUIET, TAKE(1500), OUT(A, 1, 65537, 0, .wnd = 35), COUNT(TX_WND_UPDATE, 1))
SCRIPT(window_of_crumbs_takes_no_byte_more, ACCEPTED, NULL, /* */
       FULL, TAKE(1000), QUIET, IN(P | A, 65537, 1, 1000), OUT(A, 1, 65537, 0, .wnd = -1),
       LEN(64536), COUNT(RX_BEYOND, 1))
SCRIPT(window_probe_with_a_byte_is_taken_when_there_is_room, ACCEPTED, NULL, /* */
       FULL, TAKE(4000), OUT(A, 1, 65537, 0), IN(A, 65537, 1, 1), QUIET, WAIT(41),
       OUT(A, 1, 65538, 0), LEN(61537))
SCRIPT(window_that_is_shut_takes_fin_alone, ACCEPTED, NULL, /* it needs no room */
       FULL, IN(F | A, 65537, 1, 0), OUT(A, 1, 65538, 0, .wnd = -1), STATE("CLOSE_WAIT"),
       LEN(65536), TAKE(65536), RX_EOF)
SCRIPT(window_that_is_shut_takes_acks, ACCEPTED, NULL, /* */
       SEND(100), SKIP, FULL, IN(A, 65537, 101, 0), ACKED(100), QUIET)
SCRIPT(window_that_is_shut_obeys_the_exact_reset_alone, ACCEPTED, NULL, /* */
       FULL, IN(R, 65538, 0, 0), QUIET, IN(R, 65536, 0, 0), QUIET, OPEN, IN(R, 65537, 0, 0),
       CLOSED(ECONNRESET))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_shuts_and_reopens),
		cmocka_unit_test(window_shut_takes_acks_and_resets),
		cmocka_unit_test(window_opening_is_repeated_until_something_comes),
		cmocka_unit_test(window_edge_never_retreats),
		cmocka_unit_test(window_is_not_moved_by_less_than_a_segment),
		cmocka_unit_test(window_opens_for_what_is_expected),
		cmocka_unit_test(window_expectation_counts_down),
		cmocka_unit_test(window_grows_with_the_rate),
		cmocka_unit_test(window_grows_no_further_than_the_rate),
		cmocka_unit_test(window_follows_the_round_trip_of_data),
		cmocka_unit_test(window_grows_whatever_peers_echo),
		cmocka_unit_test(window_does_not_grow_for_a_reader_that_sleeps),
		cmocka_unit_test(window_stays_shut_for_crumbs),
		cmocka_unit_test(window_opens_by_a_segment_when_probed),
		cmocka_unit_test(window_of_crumbs_takes_no_byte_more),
		cmocka_unit_test(window_probe_with_a_byte_is_taken_when_there_is_room),
		cmocka_unit_test(window_that_is_shut_takes_fin_alone),
		cmocka_unit_test(window_that_is_shut_takes_acks),
		cmocka_unit_test(window_that_is_shut_obeys_the_exact_reset_alone),
	};

	return cmocka_run_group_tests_name("tcp/window", tests, script_group_setup, NULL);
}
