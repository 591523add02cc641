/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers that lie, and segments in a peer's name: what they can reach is bounded, and the connection survives it. */
#include "drivers/tcp/tcp_priv.h"
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- windows --- */

SCRIPT(window_from_beyond_a_hole_does_not_make_deaf, ACCEPTED, NULL, /* */
       IN(A, 11, 1, 0, .wnd = -1), SEND(10), QUIET, IN(A, 1, 1, 0), QUIET, WAIT(210),
       OUT(A, 0, 1, 0), IN(A, 1, 1, 0), OUT(P | A, 1, 1, 10))

SCRIPT(window_of_a_repetition_that_acknowledges_more_counts, ACCEPTED, NULL, /* */
       SEND(10), OUT(P | A, 1, 1, 10), IN(A, 101, 1, 10), OUT(A, 11, 1, 0, SACK1(101, 111)),
       IN(A, 1, 11, 10, .wnd = -1), OUT(A, 11, 11, 0, SACK1(101, 111)), SEND(10), QUIET)

/* --- duplicates --- */

SCRIPT(far_below_the_window_is_no_duplicate, ACCEPTED, NULL, /* */
       IN(A, 0x80000065u, 1, 10), OUT(A, 1, 1, 0), COUNT(RX_DUP, 0), COUNT(RX_BEYOND, 1),
       IN(A, 0xfffffff0u, 1, 10), OUT(A, 1, 1, 0, SACK1(0xfffffff0u, 0xfffffffau)),
       COUNT(RX_DUP, 1))

/* --- the end of the stream --- */

SCRIPT(fin_that_contradicts_data_is_ignored_ahead_of_its_turn, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), SKIP, IN(F | A, 101, 1, 50), SKIP, COUNT(DROP_FIN, 1), IN(A, 1, 1, 100),
       OUT(A, 1, 201, 0), IN(F | A, 201, 1, 100), OUT(A, 1, 302, 0), TAKE(300), RX_EOF)

SCRIPT(fin_in_order_frees_what_lies_behind_it, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), SKIP, IN(F | A, 1, 1, 50), OUT(A, 1, 52, 0), COUNT(RX_RENEGED, 100),
       COUNT(DROP_FIN, 0), TAKE(50), RX_EOF)

/* --- SACK --- */

/* A peer that reports every other byte may not use up the records of all connections. */
static void
sack_of_single_bytes_does_not_take_a_record_each(void **)
{
	struct script *sc = script_new(NULL);
	struct step sack[] = {IN(A, 1, 1, 0, SACK3(0, 0, 0, 0, 0, 0)), END};
	static const struct step send[] = {SEND(10 * MSS), SKIP, END};
	unsigned int i;

	script_accept(sc);
	script_run(sc, send, "send");
	for (i = 0; i < 300; i++) {
		struct tcp_range *block = sack[0].sack, *end = block + 3;

		for (; block < end; block++)
			*block = (struct tcp_range){
				2 + 6 * i + 2 * (uint32_t)(block - sack[0].sack),
				3 + 6 * i + 2 * (uint32_t)(block - sack[0].sack)};
		script_run(sc, sack, "sack");
	}
	assert_in_range(sc->f.tcp->txsegs.used, 10, 20);
	script_free(sc);
}

/* --- duplicate and divided ACKs --- */

static const struct script_conf no_sack = {.no_sack = true};

/* Without SACK each duplicate stands for a segment that has left the network: for no more than were in it. */
static void
dupacks_without_end_do_not_open_the_window(void **)
{
	static const struct step send[] = {SEND(40 * MSS), SKIP, END};
	static const struct step again[] = {IN(A, 1, 1, 0), SKIP, END};
	struct script *sc = script_new(&no_sack);
	unsigned int i;

	script_accept(sc);
	script_run(sc, send, "send");
	assert_int_equal(tcp_in_flight(sc->c), 10 * MSS);
	for (i = 0; i < 200; i++)
		script_run(sc, again, "again");
	/* those, two of limited transmit, and the window that the loss left */
	assert_in_range(tcp_in_flight(sc->c), 12 * MSS, (12 + 9) * MSS);
	script_free(sc);
}

static void
acks_of_single_bytes_grow_the_window_by_bytes(void **)
{
	static const struct step send[] = {SEND(40 * MSS), SKIP, END};
	struct step ack[] = {IN(A, 1, 1, 0), SKIP, END};
	struct script *sc = script_new(NULL);
	uint32_t before;
	unsigned int i;

	script_accept(sc);
	script_run(sc, send, "send");
	before = sc->c->cc.cwnd;
	for (i = 1; i <= MSS; i++) {
		ack[0].ack = 1 + i;
		script_run(sc, ack, "ack");
	}
	assert_in_range(sc->c->cc.cwnd, before, before + MSS);
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_from_beyond_a_hole_does_not_make_deaf),
		cmocka_unit_test(window_of_a_repetition_that_acknowledges_more_counts),
		cmocka_unit_test(far_below_the_window_is_no_duplicate),
		cmocka_unit_test(fin_that_contradicts_data_is_ignored_ahead_of_its_turn),
		cmocka_unit_test(fin_in_order_frees_what_lies_behind_it),
		cmocka_unit_test(sack_of_single_bytes_does_not_take_a_record_each),
		cmocka_unit_test(dupacks_without_end_do_not_open_the_window),
		cmocka_unit_test(acks_of_single_bytes_grow_the_window_by_bytes),
	};

	return cmocka_run_group_tests_name("tcp_hostile", tests, script_group_setup, NULL);
}
