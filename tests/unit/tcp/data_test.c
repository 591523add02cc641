/* SPDX-License-Identifier: BSD-3-Clause */
/* Received payload: order, overlap, SACK blocks, when it is acknowledged, memory that runs out. */
#include "lnet/base/pool.h"
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- order --- */

SCRIPT(data_in_order_is_delivered, ACCEPTED, NULL, /* */
       IN(A, 1, 1, MSS), QUIET, IN(A, 1 + MSS, 1, MSS), OUT(A, 1, 1 + 2 * MSS, 0), TAKE(2 * MSS))

SCRIPT(data_out_of_order_is_sacked_and_joined, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), OUT(A, 1, 1, 0, SACK1(101, 201)), IN(A, 301, 1, 100),
       OUT(A, 1, 1, 0, SACK2(301, 401, 101, 201)), IN(A, 1, 1, 100),
       OUT(A, 1, 201, 0, SACK1(301, 401)), IN(A, 201, 1, 100), OUT(A, 1, 401, 0), TAKE(400),
       COUNT(RX_OOO, 2))

SCRIPT(data_sack_reports_the_latest_first, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 50), SKIP, IN(A, 201, 1, 50), SKIP, IN(A, 301, 1, 50), SKIP, IN(A, 401, 1, 50),
       OUT(A, 1, 1, 0, SACK3(401, 451, 301, 351, 201, 251)), IN(A, 151, 1, 10),
       OUT(A, 1, 1, 0, SACK3(101, 161, 401, 451, 301, 351)))

SCRIPT(data_ranges_that_touch_become_one, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 50), SKIP, IN(A, 201, 1, 50), SKIP, IN(A, 151, 1, 50),
       OUT(A, 1, 1, 0, SACK1(101, 251)), IN(A, 1, 1, 100), OUT(A, 1, 251, 0), TAKE(250))

SCRIPT(data_that_overlaps_ranges_is_reported_by_dsack, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), SKIP, IN(A, 151, 1, 100), OUT(A, 1, 1, 0, SACK2(151, 201, 101, 251)),
       IN(A, 51, 1, 300), OUT(A, 1, 1, 0, SACK2(101, 251, 51, 351)), IN(A, 1, 1, 50),
       OUT(A, 1, 351, 0), TAKE(350))

SCRIPT(data_in_order_that_covers_ranges_replaces_them, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 10), SKIP, IN(A, 151, 1, 100), SKIP, IN(A, 1, 1, 200), OUT(A, 1, 251, 0),
       TAKE(250))

SCRIPT(data_received_in_part_is_trimmed, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 100), OUT(A, 1, 101, 0), IN(P | A, 51, 1, 100),
       OUT(A, 1, 151, 0, SACK1(51, 101)), TAKE(150), COUNT(RX_OVERLAP, 1))

SCRIPT(data_beyond_the_window_is_cut_off, ACCEPTED, NULL, /* */
       IN(P | A, 65001, 1, 1000), OUT(A, 1, 1, 0, SACK1(65001, 65536)), COUNT(RX_BEYOND, 1))

static const struct script_conf no_sack = {.no_sack = true};
SCRIPT(data_out_of_order_without_sack_gets_plain_acks, ACCEPTED, &no_sack, /* */
       IN(A, 101, 1, 100), OUT(A, 1, 1, 0), IN(A, 1, 1, 100), OUT(A, 1, 201, 0), TAKE(200))

SCRIPT(data_in_many_mbufs_is_one_stream, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 1400, .pieces = 5), OUT(A, 1, 1401, 0), IN(P | A, 701, 1, 1400, .pieces = 7),
       SKIP, TAKE(2100))

SCRIPT(data_behind_two_holes_is_joined_one_by_one, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 200), OUT(A, 1, 201, 0), IN(A, 251, 1, 100),
       OUT(A, 1, 201, 0, SACK1(251, 351)), IN(A, 401, 1, 100),
       OUT(A, 1, 201, 0, SACK2(401, 501, 251, 351)), IN(A, 201, 1, 50),
       OUT(A, 1, 351, 0, SACK1(401, 501)), IN(A, 351, 1, 50), OUT(A, 1, 501, 0), TAKE(500))

/* --- when it is acknowledged --- */

SCRIPT(ack_of_one_segment_is_delayed, ACCEPTED, NULL, /* */
       IN(A, 1, 1, MSS), QUIET, WAIT(38), QUIET, WAIT(3), OUT(A, 1, 1 + MSS, 0),
       COUNT(TX_DELAYED_ACK, 1))

SCRIPT(ack_comes_at_once_for_psh, ACCEPTED, NULL, IN(P | A, 1, 1, 1), OUT(A, 1, 2, 0))

SCRIPT(ack_comes_at_every_second_full_segment, ACCEPTED, NULL, /* */
       IN(A, 1, 1, MSS), QUIET, IN(A, 1 + MSS, 1, MSS), OUT(A, 1, 1 + 2 * MSS, 0),
       IN(A, 1 + 2 * MSS, 1, MSS), QUIET, IN(A, 1 + 3 * MSS, 1, MSS), OUT(A, 1, 1 + 4 * MSS, 0))

SCRIPT(ack_rides_on_data, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 100), QUIET, SEND(10), OUT(P | A, 1, 101, 10), WAIT(55), QUIET)

/* --- small segments --- */

SCRIPT(small_segments_share_an_mbuf, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 1), IN(A, 2, 1, 1), IN(A, 3, 1, 1), IN(P | A, 4, 1, 100), SKIP,
       COUNT(RX_PACKED, 102), TAKE(103))

SCRIPT(small_segments_out_of_order_share_an_mbuf, ACCEPTED, NULL, /* */
       IN(A, 11, 1, 10), IN(A, 21, 1, 10), IN(A, 31, 1, 10), SKIP, COUNT(RX_PACKED, 20),
       IN(A, 1, 1, 10), SKIP, TAKE(40))

static void
single_bytes_do_not_pin_an_mbuf_each(void **)
{
	struct script *sc = script_new(NULL);
	struct step steps[2] = {IN(A, 1, 1, 1), END};
	unsigned int i;

	script_accept(sc);
	for (i = 0; i < 1000; i++) {
		steps[0].seq = 1 + i;
		script_run(sc, steps, "byte");
	}
	assert_int_equal(tcp_rx_len(sc->c), 1000);
	assert_true(ledger_used(&sc->f.lc.ledger) < 3000);
	script_free(sc);
}

static void
small_segments_leave_a_shared_mbuf_alone(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {IN(P | A, 1, 1, 10), SKIP, IN(P | A, 11, 1, 10), SKIP,
					    END};
	struct buf b = {0};

	script_accept(sc);
	script_run(sc, steps, "first two");
	/* the user holds the first half of the mbuf: its memory must not change any more */
	assert_int_equal(tcp_rx_take(sc->c, &b, 15, sc->f.now), 0);
	sc->taken = 15;
	{
		static const struct step more[] = {IN(P | A, 21, 1, 10), SKIP, COUNT(RX_PACKED, 10),
						   TAKE(15), END};

		script_run(sc, more, "third");
	}
	buf_release(&b, &sc->f.mem);
	script_free(sc);
}

/* --- memory --- */

/* The ledger has room for the connections' own windows of 16 KiB and nothing else. */
static struct script_conf
poor(void)
{
	struct script_conf conf = {0};

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.rcv_wnd_min = 16 << 10;
	conf.fake.spare = 0;
	conf.fake.reorder = 4 * 2500;
	return conf;
}

/*
 * Within a window that the ledger has agreed to nothing is ever refused. But a user may announce that it expects a message
 * and think better of it: what was let in for it finds no memory then.
 */
static void
memory_refused_drops_the_data_but_takes_the_ack(void **)
{
	static const struct step first[] = {SEND(100),
					    OUT(P | A, 1, 1, 100),
					    EXPECT(100000),
					    SKIP,
					    IN(P | A, 1, 1, 1),
					    SKIP,
					    EXPECT(0),
					    SKIP,
					    END};
	struct script_conf conf = poor();
	struct script *sc = script_new(&conf);
	struct step seg[2] = {IN(A, 2, 1, 1400), END};
	unsigned int i;

	script_accept(sc);
	script_run(sc, first, "send");
	for (i = 0; fake_count(&sc->f, TCP_RX_NO_MEM) == 0; i++) {
		assert_true(i < 60);
		seg[0].seq = 2 + 1400 * i;
		seg[0].ack = 1 + i;
		script_run(sc, seg, "fill");
	}
	assert_true(i > 11);
	assert_int_equal(tcp_rx_len(sc->c), 1 + 1400 * (i - 1));
	assert_int_equal(tcp_acked(sc->c), i - 1);
	/* the peer repeats it when there is room again */
	assert_int_equal(tcp_rx_discard(sc->c, UINT32_MAX, sc->f.now), 1 + 1400 * (i - 1));
	script_run(sc, seg, "again");
	assert_int_equal(tcp_rx_len(sc->c), 1400);
	script_free(sc);
}

static void
memory_refused_out_of_order_is_not_sacked(void **)
{
	struct script_conf conf = poor();
	struct script *sc = script_new(&conf);
	static const struct step steps[] = {
		IN(A, 2001, 1, 1000),
		OUT(A, 1, 1, 0, SACK1(2001, 3001)),
		IN(A, 4001, 1, 1000),
		OUT(A, 1, 1, 0, SACK2(4001, 5001, 2001, 3001)),
		IN(A, 6001, 1, 1000),
		OUT(A, 1, 1, 0, SACK2(4001, 5001, 2001, 3001)),
		COUNT(RX_OOO_NO_MEM, 1),
		IN(A, 1, 1, 1000),
		OUT(A, 1, 1001, 0, SACK2(4001, 5001, 2001, 3001)),
		IN(A, 1001, 1, 1000),
		OUT(A, 1, 3001, 0, SACK1(4001, 5001)),
		TAKE(3000),
		END,
	};

	script_accept(sc);
	script_run(sc, steps, "ooo");
	script_free(sc);
}

static void
memory_of_gaps_is_bounded(void **)
{
	struct script_conf conf = {0};
	struct step seg[2] = {IN(A, 1, 1, 1), END};
	struct script *sc;
	unsigned int i;

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.max_gaps = 10;
	sc = script_new(&conf);
	script_accept(sc);
	for (i = 0; i < 15; i++) {
		seg[0].seq = 3 + 2 * i;
		script_run(sc, seg, "gap");
	}
	assert_int_equal(fake_count(&sc->f, TCP_RX_OOO_NO_MEM), 5);
	script_free(sc);
}

static void
memory_of_slices_that_run_out_drops_the_data(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {IN(P | A, 1, 1, 1400, .pieces = 2),
					    QUIET,
					    LEN(0),
					    COUNT(RX_NO_MEM, 1),
					    WAIT(20),
					    QUIET,
					    WAIT(30),
					    OUT(A, 1, 1, 0),
					    END};
	void *hoard[5000];
	unsigned int n = 0;

	script_accept(sc);
	while (n < 5000 && (hoard[n] = pool_get(sc->f.mem.slices)) != NULL)
		n++;
	script_run(sc, steps, "no slice");
	while (n > 0)
		pool_put(sc->f.mem.slices, hoard[--n]);
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_in_order_is_delivered),
		cmocka_unit_test(data_out_of_order_is_sacked_and_joined),
		cmocka_unit_test(data_sack_reports_the_latest_first),
		cmocka_unit_test(data_ranges_that_touch_become_one),
		cmocka_unit_test(data_that_overlaps_ranges_is_reported_by_dsack),
		cmocka_unit_test(data_in_order_that_covers_ranges_replaces_them),
		cmocka_unit_test(data_received_in_part_is_trimmed),
		cmocka_unit_test(data_beyond_the_window_is_cut_off),
		cmocka_unit_test(data_out_of_order_without_sack_gets_plain_acks),
		cmocka_unit_test(data_in_many_mbufs_is_one_stream),
		cmocka_unit_test(data_behind_two_holes_is_joined_one_by_one),
		cmocka_unit_test(ack_of_one_segment_is_delayed),
		cmocka_unit_test(ack_comes_at_once_for_psh),
		cmocka_unit_test(ack_comes_at_every_second_full_segment),
		cmocka_unit_test(ack_rides_on_data),
		cmocka_unit_test(small_segments_share_an_mbuf),
		cmocka_unit_test(small_segments_out_of_order_share_an_mbuf),
		cmocka_unit_test(single_bytes_do_not_pin_an_mbuf_each),
		cmocka_unit_test(small_segments_leave_a_shared_mbuf_alone),
		cmocka_unit_test(memory_refused_drops_the_data_but_takes_the_ack),
		cmocka_unit_test(memory_refused_out_of_order_is_not_sacked),
		cmocka_unit_test(memory_of_gaps_is_bounded),
		cmocka_unit_test(memory_of_slices_that_run_out_drops_the_data),
	};

	return cmocka_run_group_tests_name("tcp/data", tests, script_group_setup, NULL);
}
