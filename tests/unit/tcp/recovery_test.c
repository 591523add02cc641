/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses: found by SACK, by duplicate ACKs, by the timer; what is sent again, and what the windows do. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEG(i) (1 + (i)*MSS)
#define DATA(i) OUT(A, SEG(i), 1, MSS)
#define LAST(i) OUT(P | A, SEG(i), 1, MSS)
/* The initial window: ten segments. */
#define TEN                                                                                     \
	SEND(10 * MSS), DATA(0), DATA(1), DATA(2), DATA(3), DATA(4), DATA(5), DATA(6), DATA(7), \
		DATA(8), LAST(9)

/* The tail loss probe, where nothing comes back. */
#define PROBE WAIT(5), LAST(9)

static const struct script_conf no_sack = {.no_sack = true};
static const struct script_conf far = {.rtt_ms = 40};

/* --- SACK --- */

SCRIPT(sack_of_three_segments_repeats_the_hole, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(2))), QUIET,
       IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(3))), QUIET,
       IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), QUIET, COUNT(SACK_RECOVERY, 1),
       COUNT(RETRANSMIT, 1), IN(A, 1, SEG(10), 0), ACKED(10 * MSS), QUIET, COUNT(RTO, 0))

SCRIPT(sack_in_one_ack_is_enough, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(1), 0, SACK1(SEG(2), SEG(6))), DATA(1), QUIET, COUNT(SACK_RECOVERY, 1))

SCRIPT(sack_two_holes_are_both_repeated, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK2(SEG(3), SEG(9), SEG(1), SEG(2))), DATA(0), DATA(2), QUIET,
       IN(A, 1, SEG(2), 0, SACK1(SEG(3), SEG(9))), QUIET, IN(A, 1, SEG(9), 0), SKIP, ACKED(9 * MSS))

SCRIPT(sack_does_not_take_what_lies_above_for_lost, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(8))), DATA(0), QUIET, WAIT(100), QUIET)

SCRIPT(sack_partial_ack_repeats_the_next_hole, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))),
       DATA(0), /* 4 is lost as well, with too little above it */
       IN(A, 1, SEG(4), 0, SACK1(SEG(5), SEG(6))), DATA(4), COUNT(PARTIAL_ACK, 1),
       IN(A, 1, SEG(10), 0), ACKED(10 * MSS))

SCRIPT(sack_of_a_part_of_a_segment_does_not_count, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(0) + 500, SEG(4))), OUT(A, 1, 1, MSS), QUIET)

SCRIPT(sack_outside_of_what_was_sent_is_ignored, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(9), SEG(30))), QUIET, COUNT(SACK_BAD, 1), PROBE,
       WAIT(190), QUIET)

SCRIPT(sack_inside_out_is_ignored, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(9), SEG(2))), QUIET, PROBE, WAIT(150), QUIET)

SCRIPT(sack_dsack_is_counted_and_no_loss, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(10), 0, SACK1(SEG(0), SEG(1))), QUIET, COUNT(RX_DSACK, 1), ACKED(10 * MSS))

SCRIPT(sack_small_segments_count_by_number, ACCEPTED, NULL, /* */
       SEND(50), SEND(50), SEND(50), SEND(50), SKIP, IN(A, 1, 1, 0, SACK1(51, 201)),
       OUT(P | A, 1, 1, 50), QUIET)

/* --- small segments go out again as one, RFC 9293 3.8.6 --- */

#define SMALL                                                                       \
	SEND(50), OUT(P | A, 1, 1, 50), SEND(50), OUT(P | A, 51, 1, 50), SEND(50),  \
		OUT(P | A, 101, 1, 50), SEND(50), OUT(P | A, 151, 1, 50), SEND(50), \
		OUT(P | A, 201, 1, 50), SEND(50), OUT(P | A, 251, 1, 50)

SCRIPT(small_losses_side_by_side_are_one_segment, ACCEPTED, NULL, /* */
       SMALL, IN(A, 1, 1, 0, SACK1(151, 301)), OUT(P | A, 1, 1, 150), QUIET, COUNT(RETRANSMIT, 1),
       IN(A, 1, 301, 0), ACKED(300), QUIET)

SCRIPT(small_losses_around_what_arrived_are_two, ACCEPTED, NULL, /* */
       SMALL, IN(A, 1, 1, 0, SACK2(201, 301, 51, 101)), OUT(P | A, 1, 1, 50),
       OUT(P | A, 101, 1, 100), QUIET, IN(A, 1, 301, 0), ACKED(300), QUIET)

SCRIPT(small_losses_are_one_after_a_timeout, ACCEPTED, NULL, /* */
       SMALL, WAIT(70), OUT(P | A, 251, 1, 50), WAIT(210), OUT(P | A, 1, 1, 300), QUIET,
       COUNT(RTO, 1), WAIT(410), OUT(P | A, 1, 1, 300), IN(A, 1, 301, 0), ACKED(300), QUIET)

SCRIPT(small_losses_and_fin_are_one, ACCEPTED, NULL, /* */
       SEND(50), OUT(P | A, 1, 1, 50), SEND(50), OUT(P | A, 51, 1, 50), CLOSE,
       OUT(F | A, 101, 1, 0), WAIT(70), OUT(F | A, 101, 1, 0), WAIT(210), OUT(F | P | A, 1, 1, 100),
       QUIET, IN(A, 1, 102, 0), STATE("FIN_WAIT_2"))

SCRIPT(small_losses_fill_one_segment_and_no_more, ACCEPTED, NULL, /* */
       SEND(MSS - 70), OUT(P | A, 1, 1, MSS - 70), SEND(50), OUT(P | A, MSS - 69, 1, 50), SEND(50),
       OUT(P | A, MSS - 19, 1, 50), SEND(50), OUT(P | A, MSS + 31, 1, 50), WAIT(5),
       OUT(P | A, MSS + 31, 1, 50), WAIT(210), OUT(P | A, 1, 1, MSS - 20), QUIET,
       IN(A, 1, MSS - 19, 0), OUT(P | A, MSS - 19, 1, 100), QUIET)

SCRIPT(small_losses_beyond_a_window_that_shrank_stay_apart, ACCEPTED, NULL, /* */
       SMALL, IN(A, 1, 1, 0, .wnd = 1, SACK1(151, 301)), OUT(P | A, 1, 1, 100), SKIP)

SCRIPT(sack_limited_transmit_sends_new_data, ACCEPTED, &far, /* */
       SEND(14 * MSS), SKIP, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(2))), DATA(10), QUIET,
       IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(3))), DATA(11), QUIET, COUNT(LIMITED_TRANSMIT, 2))

SCRIPT(sack_recovery_leaves_the_window_at_seven_tenths, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), IN(A, 1, SEG(10), 0),
       SEND(20 * MSS), DATA(10), DATA(11), DATA(12), DATA(13), DATA(14), DATA(15), DATA(16), QUIET)

/* --- no SACK --- */

SCRIPT(dupacks_three_repeat_the_first, ACCEPTED, &no_sack, /* */
       TEN, IN(A, 1, 1, 0), IN(A, 1, 1, 0), QUIET, IN(A, 1, 1, 0), DATA(0), QUIET,
       COUNT(FAST_RECOVERY_BEGUN, 1), IN(A, 1, SEG(10), 0), ACKED(10 * MSS))

SCRIPT(dupacks_partial_ack_repeats_the_next, ACCEPTED, &no_sack, /* */
       TEN, IN(A, 1, 1, 0), IN(A, 1, 1, 0), IN(A, 1, 1, 0), DATA(0), IN(A, 1, SEG(3), 0), DATA(3),
       QUIET, IN(A, 1, SEG(7), 0), DATA(7), QUIET, IN(A, 1, SEG(10), 0), ACKED(10 * MSS),
       COUNT(PARTIAL_ACK, 2), COUNT(RTO, 0))

SCRIPT(dupacks_with_data_or_another_window_do_not_count, ACCEPTED, &no_sack, /* */
       TEN, IN(A, 1, 1, 10), IN(A, 11, 1, 0, .wnd = 500), IN(A, 11, 1, 0, .wnd = 501),
       IN(A, 11, 1, 0, .wnd = 502), SKIP, COUNT(RETRANSMIT, 0), WAIT(100), COUNT(RETRANSMIT, 0))

SCRIPT(dupacks_with_sack_agreed_need_news, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, 1, 0), IN(A, 1, 1, 0), IN(A, 1, 1, 0), IN(A, 1, 1, 0), QUIET)

SCRIPT(dupacks_inflate_the_window, ACCEPTED, &no_sack, /* */
       SEND(20 * MSS), SKIP, IN(A, 1, 1, 0), DATA(10), IN(A, 1, 1, 0), DATA(11), IN(A, 1, 1, 0),
       DATA(0), QUIET)

/* --- the timer --- */

SCRIPT(rto_repeats_the_first_and_backs_off, ACCEPTED, &no_sack, /* */
       SEND(100), OUT(P | A, 1, 1, 100), WAIT(195), QUIET, WAIT(10), OUT(P | A, 1, 1, 100),
       WAIT(390), QUIET, WAIT(20), OUT(P | A, 1, 1, 100), WAIT(780), QUIET, WAIT(20),
       OUT(P | A, 1, 1, 100), COUNT(RTO, 3), IN(A, 1, 101, 0), WAIT(5000), QUIET, OPEN)

SCRIPT(rto_begins_with_one_segment_and_slow_start, ACCEPTED, NULL, /* */
       TEN, PROBE, WAIT(205), DATA(0), QUIET, IN(A, 1, SEG(1), 0), DATA(1), DATA(2), QUIET,
       IN(A, 1, SEG(3), 0), DATA(3), DATA(4), DATA(5), DATA(6), QUIET, COUNT(RTO, 1))

SCRIPT(rto_skips_what_was_sacked, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, 1, 0, SACK1(SEG(1), SEG(3))), WAIT(11), DATA(0), WAIT(205), DATA(0),
       IN(A, 1, SEG(3), 0), DATA(3), DATA(4), DATA(5), QUIET, COUNT(SACK_RENEGED, 0))

SCRIPT(rto_finds_a_peer_that_reneged, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(2))), DATA(0), IN(A, 1, SEG(1), 0), WAIT(205),
       DATA(1), COUNT(SACK_RENEGED, 1))

SCRIPT(rto_is_rearmed_by_each_ack, ACCEPTED, &no_sack, /* */
       TEN, WAIT(150), IN(A, 1, SEG(2), 0), WAIT(150), QUIET, IN(A, 1, SEG(4), 0), WAIT(150), QUIET,
       WAIT(400), DATA(4))

SCRIPT(rto_repeats_a_lost_repetition, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, 1, 0, SACK1(SEG(1), SEG(5))), DATA(0), QUIET, WAIT(250), DATA(0),
       COUNT(RTO, 1))

/* Slow start after the timeout repeats 1 and 2, and 1 is lost again. Seven tenths twice. */
SCRIPT(rto_repetition_that_is_lost_lowers_the_window_again, ACCEPTED, NULL, /* */
       TEN, PROBE, WAIT(205), DATA(0), IN(A, 1, SEG(1), 0), DATA(1), DATA(2), WAIT(1),
       IN(A, 1, SEG(1), 0, SACK1(SEG(2), SEG(3))), DATA(1), SKIP, COUNT(SACK_RECOVERY, 1),
       COUNT(RACK_RELOST, MSS), COUNT(RTO, 1), IN(A, 1, SEG(10), 0), CWND(10 * MSS * 49 / 100))

SCRIPT(rto_of_fin_alone, ACCEPTED, NULL, CLOSE, OUT(F | A, 1, 1, 0), WAIT(205), OUT(F | A, 1, 1, 0))

SCRIPT(rto_does_not_shrink_the_window_twice_for_one_loss, ACCEPTED, NULL, /* */
       TEN, PROBE, WAIT(205), DATA(0), WAIT(405), DATA(0), WAIT(805), DATA(0), IN(A, 1, SEG(10), 0),
       SEND(20 * MSS), SKIP, COUNT(RTO, 3))

SCRIPT(sack_recovery_then_a_lost_end_then_a_close, ACCEPTED, NULL, /* */
       TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0),
       IN(A, 1, SEG(4), 0, SACK1(SEG(5), SEG(9))), DATA(4), IN(A, 1, SEG(9), 0), QUIET, WAIT(210),
       LAST(9), IN(A, 1, SEG(10), 0), ACKED(10 * MSS), CLOSE, OUT(F | A, SEG(10), 1, 0),
       IN(F | A, 1, SEG(10) + 1, 0), OUT(A, SEG(10) + 1, 2, 0), CLOSED(0))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sack_of_three_segments_repeats_the_hole),
		cmocka_unit_test(sack_in_one_ack_is_enough),
		cmocka_unit_test(sack_two_holes_are_both_repeated),
		cmocka_unit_test(sack_does_not_take_what_lies_above_for_lost),
		cmocka_unit_test(sack_partial_ack_repeats_the_next_hole),
		cmocka_unit_test(sack_of_a_part_of_a_segment_does_not_count),
		cmocka_unit_test(sack_outside_of_what_was_sent_is_ignored),
		cmocka_unit_test(sack_inside_out_is_ignored),
		cmocka_unit_test(sack_dsack_is_counted_and_no_loss),
		cmocka_unit_test(sack_small_segments_count_by_number),
		cmocka_unit_test(small_losses_side_by_side_are_one_segment),
		cmocka_unit_test(small_losses_around_what_arrived_are_two),
		cmocka_unit_test(small_losses_are_one_after_a_timeout),
		cmocka_unit_test(small_losses_and_fin_are_one),
		cmocka_unit_test(small_losses_fill_one_segment_and_no_more),
		cmocka_unit_test(small_losses_beyond_a_window_that_shrank_stay_apart),
		cmocka_unit_test(sack_limited_transmit_sends_new_data),
		cmocka_unit_test(sack_recovery_leaves_the_window_at_seven_tenths),
		cmocka_unit_test(dupacks_three_repeat_the_first),
		cmocka_unit_test(dupacks_partial_ack_repeats_the_next),
		cmocka_unit_test(dupacks_with_data_or_another_window_do_not_count),
		cmocka_unit_test(dupacks_with_sack_agreed_need_news),
		cmocka_unit_test(dupacks_inflate_the_window),
		cmocka_unit_test(rto_repeats_the_first_and_backs_off),
		cmocka_unit_test(rto_begins_with_one_segment_and_slow_start),
		cmocka_unit_test(rto_skips_what_was_sacked),
		cmocka_unit_test(rto_finds_a_peer_that_reneged),
		cmocka_unit_test(rto_is_rearmed_by_each_ack),
		cmocka_unit_test(rto_repeats_a_lost_repetition),
		cmocka_unit_test(rto_repetition_that_is_lost_lowers_the_window_again),
		cmocka_unit_test(rto_of_fin_alone),
		cmocka_unit_test(rto_does_not_shrink_the_window_twice_for_one_loss),
		cmocka_unit_test(sack_recovery_then_a_lost_end_then_a_close),
	};

	return cmocka_run_group_tests_name("tcp/recovery", tests, script_group_setup, NULL);
}
