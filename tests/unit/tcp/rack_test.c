/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses found by time (RFC 8985 6): what is lost, what is only late, and what was sent again and lost again. */
#include "drivers/tcp/rack.h"

#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEG(i) (1 + (i)*MSS)
#define DATA(i) OUT(A, SEG(i), 1, MSS)
#define LAST(i) OUT(P | A, SEG(i), 1, MSS)
/* The initial window: ten segments. */
#define TEN                                                                                     \
	SEND(10 * MSS), DATA(0), DATA(1), DATA(2), DATA(3), DATA(4), DATA(5), DATA(6), DATA(7), \
		DATA(8), LAST(9)
/* Segment 1 came before segment 0: from now on reordering is known, and the window is a quarter of 40 ms. */
#define REORDERED                                                                         \
	WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(2))), IN(A, 1, SEG(2), 0), QUIET, \
		COUNT(REORDERING, 1)

static const struct script_conf far = {.rtt_ms = 40};
static const struct script_conf no_ts = {.rtt_ms = 40, .no_ts = true, .mss = MSS};

SCRIPT(hole_is_repeated_when_its_window_is_over, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(2))), QUIET, WAIT(8), QUIET, WAIT(4),
       DATA(0), QUIET, COUNT(RACK_TIMER, 1), COUNT(RACK_LOST, MSS), COUNT(SACK_RECOVERY, 1),
       COUNT(RTO, 0))

SCRIPT(three_segments_above_end_the_window, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), COUNT(RACK_TIMER, 0))

SCRIPT(hole_that_is_filled_in_time_is_no_loss, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(3))), WAIT(5), IN(A, 1, SEG(3), 0),
       WAIT(15), QUIET, COUNT(RACK_LOST, 0), COUNT(REORDERING, 1), CWND(13 * MSS))

SCRIPT(known_reordering_is_waited_for_whatever_lies_above, ACCEPTED, &far, /* */
       TEN, REORDERED, IN(A, 1, SEG(2), 0, SACK1(SEG(3), SEG(9))), QUIET, WAIT(8), QUIET,
       IN(A, 1, SEG(9), 0), WAIT(20), QUIET, COUNT(RACK_LOST, 0))

SCRIPT(known_reordering_does_not_hide_a_loss, ACCEPTED, &far, /* */
       TEN, REORDERED, IN(A, 1, SEG(2), 0, SACK1(SEG(3), SEG(9))), QUIET, WAIT(12), DATA(2),
       COUNT(RACK_TIMER, 1))

/* What was sent after the repetition has arrived, and it has not. */
SCRIPT(lost_repetition_is_found_without_a_timeout, ACCEPTED, &far, /* */
       SEND(12 * MSS), SKIP, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), QUIET,
       WAIT(20), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(6))), DATA(10), LAST(11), WAIT(40),
       IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(12))), DATA(0), COUNT(RACK_RELOST, MSS), COUNT(RTO, 0),
       IN(A, 1, SEG(12), 0), ACKED(12 * MSS))

/* A repetition that was of no use widens the window: two quarters of a round trip, once in a round. */
SCRIPT(dsack_widens_the_window, ACCEPTED, &far, /* */
       TEN, REORDERED, IN(A, 1, SEG(2), 0, SACK1(SEG(3), SEG(4))), WAIT(12), DATA(2),
       IN(A, 1, SEG(4), 0, SACK1(SEG(2), SEG(3))), QUIET,
       IN(A, 1, SEG(4), 0, SACK1(SEG(5), SEG(6))), WAIT(12), QUIET, WAIT(9), DATA(4),
       COUNT(RACK_TIMER, 2))

/* Without timestamps nobody knows which of the two arrived, unless it was too early for the second. */
SCRIPT(answer_to_a_repetition_that_came_too_soon_is_no_measure, ACCEPTED, &no_ts, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), WAIT(2),
       /* the original: 2 ms are no round trip, and what was sent with it is not lost */
       IN(A, 1, SEG(4), 0), QUIET, COUNT(RACK_LOST, MSS))

SCRIPT(peers_without_sack_are_not_timed, ACCEPTED,
       (&(const struct script_conf){.rtt_ms = 40, .no_sack = true}), /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), WAIT(20), QUIET,
       COUNT(RACK_LOST, 0))

SCRIPT(timeout_leaves_what_was_just_sent, ACCEPTED, &far, /* */
       SEND(14 * MSS), SKIP, WAIT(40), IN(A, 1, SEG(2), 0), SKIP, /* 10 to 13 were sent just now */
       WAIT(200), SKIP, WAIT(210), DATA(2), QUIET, COUNT(RTO, 1))

/* --- degrees of reordering, 6.2 step 4 --- */

#define SACK_1(i, a, b) IN(A, 1, SEG(i), 0, SACK1(SEG(a), SEG(b)))
#define ACK(i) IN(A, 1, SEG(i), 0)

SCRIPT(overtaken_by_two_is_no_loss_at_first, ACCEPTED, &far, /* */
       TEN, WAIT(40), SACK_1(0, 1, 2), SACK_1(0, 1, 3), ACK(3), WAIT(20), QUIET,
       COUNT(REORDERING, 1), COUNT(RETRANSMIT, 0))
SCRIPT(overtaken_by_three_is_a_loss_at_first_and_none_later, ACCEPTED, &far, /* */
       TEN, WAIT(40), SACK_1(0, 1, 4), DATA(0), WAIT(2), /* the original, as its echo says */
       IN(A, 1, SEG(4), 0, .echo = -42), COUNT(UNDO_TIMESTAMP, 1), QUIET,
       IN(A, 1, SEG(4), 0, SACK1(SEG(0), SEG(1))), SACK_1(4, 5, 6), ACK(6), COUNT(REORDERING, 1),
       SACK_1(6, 7, 10), QUIET, WAIT(5), ACK(10), WAIT(30), QUIET, COUNT(RETRANSMIT, 1))
SCRIPT(overtaken_by_all_within_the_window_is_no_loss, ACCEPTED, &far, /* */
       TEN, REORDERED, SACK_1(2, 3, 10), WAIT(9), QUIET, ACK(10), COUNT(RACK_LOST, 0),
       COUNT(SACK_RECOVERY, 0))
SCRIPT(overtaken_for_longer_is_a_loss, ACCEPTED, &far, /* */
       TEN, REORDERED, SACK_1(2, 3, 10), WAIT(11), DATA(2), QUIET, COUNT(RACK_LOST, MSS))
SCRIPT(overtaken_in_two_places_counts_from_the_last_answer, ACCEPTED, &far, /* */
       TEN, REORDERED, SACK_1(2, 3, 4), WAIT(5),
       IN(A, 1, SEG(2), 0, SACK2(SEG(5), SEG(6), SEG(3), SEG(4))), WAIT(8), QUIET, WAIT(3), DATA(2),
       QUIET, COUNT(RACK_LOST, 2 * MSS), COUNT(RACK_TIMER, 1),
       IN(A, 1, SEG(2), 0, SACK2(SEG(5), SEG(8), SEG(3), SEG(4))), DATA(4), QUIET)

/* Each useless repetition widens it by a quarter, once in a round trip, to a whole one at the most. */
#define USELESS(hole, wait)                                                               \
	SACK_1(hole, (hole) + 1, (hole) + 2), WAIT((wait)-2), QUIET, WAIT(4), DATA(hole), \
		IN(A, 1, SEG((hole) + 2), 0, SACK1(SEG(hole), SEG((hole) + 1))), QUIET
#define ROUND(i) ACK(i), SEND(10 * MSS), SKIP, WAIT(40)
SCRIPT(window_adapts_to_the_degree, ACCEPTED, &far, /* */
       TEN, REORDERED, USELESS(2, 10), ROUND(10), USELESS(10, 20), ROUND(20), USELESS(20, 30),
       COUNT(RACK_TIMER, 3), COUNT(RX_DSACK, 3))

/* 16 recoveries without a useless repetition, and the window is a quarter again. */
static void
window_narrows_after_sixteen_recoveries(void **)
{
	struct tcp_rack r;
	unsigned int i;

	tcp_rack_init(&r, 1);
	tcp_rack_dsack(&r, 10, 20);
	for (i = 0; i < 10; i++)
		tcp_rack_recovered(&r);
	tcp_rack_dsack(&r, 30, 40);
	for (i = 0; i < 15; i++)
		tcp_rack_recovered(&r);
	assert_int_equal(r.wnd_mult, 3);
	tcp_rack_recovered(&r);
	assert_int_equal(r.wnd_mult, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hole_is_repeated_when_its_window_is_over),
		cmocka_unit_test(three_segments_above_end_the_window),
		cmocka_unit_test(hole_that_is_filled_in_time_is_no_loss),
		cmocka_unit_test(known_reordering_is_waited_for_whatever_lies_above),
		cmocka_unit_test(known_reordering_does_not_hide_a_loss),
		cmocka_unit_test(lost_repetition_is_found_without_a_timeout),
		cmocka_unit_test(dsack_widens_the_window),
		cmocka_unit_test(answer_to_a_repetition_that_came_too_soon_is_no_measure),
		cmocka_unit_test(peers_without_sack_are_not_timed),
		cmocka_unit_test(timeout_leaves_what_was_just_sent),
		cmocka_unit_test(overtaken_by_two_is_no_loss_at_first),
		cmocka_unit_test(overtaken_by_three_is_a_loss_at_first_and_none_later),
		cmocka_unit_test(overtaken_by_all_within_the_window_is_no_loss),
		cmocka_unit_test(overtaken_for_longer_is_a_loss),
		cmocka_unit_test(overtaken_in_two_places_counts_from_the_last_answer),
		cmocka_unit_test(window_adapts_to_the_degree),
		cmocka_unit_test(window_narrows_after_sixteen_recoveries),
	};

	return cmocka_run_group_tests_name("tcp/rack", tests, script_group_setup, NULL);
}
