/* SPDX-License-Identifier: BSD-3-Clause */
/* Recoveries that were not needed: each proof takes one back, and what proves nothing does not. */
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
/* A hole is taken for lost; the window goes to seven tenths. */
#define REPEATED \
	TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), COUNT(SACK_RECOVERY, 1)
/* The whole flight stays without an answer; a probe and the first segment are sent again. */
#define TIMED_OUT TEN, WAIT(85), LAST(9), WAIT(205), DATA(0), COUNT(RTO, 1), CWND(MSS)

static const struct script_conf far = {.rtt_ms = 40};
static const struct script_conf no_ts = {.rtt_ms = 40, .no_ts = true, .mss = MSS};

SCRIPT(old_echo_takes_a_fast_recovery_back, ACCEPTED, &far, /* */
       REPEATED, WAIT(5), IN(A, 1, SEG(5), 0, .echo = -40), COUNT(UNDO_TIMESTAMP, 1),
       CWND(10 * MSS), WAIT(20), IN(A, 1, SEG(10), 0, .echo = -40), ACKED(10 * MSS))

SCRIPT(new_echo_takes_nothing_back, ACCEPTED, &far, /* */
       REPEATED, WAIT(40), IN(A, 1, SEG(10), 0), COUNT(UNDO_TIMESTAMP, 0), CWND(7 * MSS))

SCRIPT(report_of_all_repetitions_takes_it_back, ACCEPTED, &far, /* */
       REPEATED, WAIT(40), IN(A, 1, SEG(10), 0), CWND(7 * MSS),
       IN(A, 1, SEG(10), 0, SACK1(SEG(0), SEG(1))), COUNT(UNDO_DSACK, 1), CWND(10 * MSS))

SCRIPT(report_of_some_repetitions_takes_nothing_back, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(2), SEG(9))), DATA(0), DATA(1), WAIT(40),
       IN(A, 1, SEG(10), 0, SACK1(SEG(0), SEG(1))), COUNT(UNDO_DSACK, 0), CWND(7 * MSS))

SCRIPT(report_of_each_of_two_repetitions_takes_it_back, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(2), SEG(9))), DATA(0), DATA(1), WAIT(40),
       IN(A, 1, SEG(10), 0, SACK1(SEG(1), SEG(2))), COUNT(UNDO_DSACK, 0),
       IN(A, 1, SEG(10), 0, SACK1(SEG(0), SEG(1))), COUNT(UNDO_DSACK, 1), CWND(10 * MSS))
SCRIPT(report_that_comes_a_round_later_is_too_late, ACCEPTED, &far, /* */
       REPEATED, WAIT(40), IN(A, 1, SEG(10), 0), SEND(MSS), LAST(10), WAIT(40),
       IN(A, 1, SEG(11), 0), IN(A, 1, SEG(11), 0, SACK1(SEG(0), SEG(1))), COUNT(UNDO_DSACK, 0))

SCRIPT(report_of_what_was_never_sent_again_takes_nothing_back, ACCEPTED, &far, /* */
       REPEATED, IN(A, 1, SEG(0), 0, SACK2(SEG(20), SEG(30), SEG(1), SEG(4))), SKIP,
       COUNT(UNDO_DSACK, 0))

SCRIPT(report_that_is_inside_out_takes_nothing_back, ACCEPTED, &far, /* */
       REPEATED, IN(A, 1, SEG(0), 0, SACK1(SEG(0) - 1, SEG(0) - 500)), COUNT(UNDO_DSACK, 0),
       COUNT(RX_DSACK, 0))

SCRIPT(timeout_is_taken_back_when_the_first_flight_arrives, ACCEPTED, &no_ts, /* */
       TIMED_OUT, IN(A, 1, SEG(2), 0), COUNT(UNDO_FRTO, 1), SKIP, IN(A, 1, SEG(10), 0),
       ACKED(10 * MSS), COUNT(RTO, 1))

SCRIPT(timeout_is_taken_back_by_sack_as_well, ACCEPTED, &no_ts, /* */
       TIMED_OUT, IN(A, 1, SEG(0), 0, SACK1(SEG(3), SEG(4))), COUNT(UNDO_FRTO, 1))

SCRIPT(timeout_is_taken_back_by_an_old_echo, ACCEPTED, &far, /* */
       TIMED_OUT, IN(A, 1, SEG(1), 0, .echo = -290), COUNT(UNDO_TIMESTAMP, 1), CWND(11 * MSS))

SCRIPT(timeout_stands_when_only_the_repetition_is_answered, ACCEPTED, &no_ts, /* */
       TIMED_OUT, WAIT(40), IN(A, 1, SEG(1), 0), DATA(1), DATA(2), COUNT(UNDO_FRTO, 0), WAIT(40),
       IN(A, 1, SEG(3), 0), COUNT(UNDO_FRTO, 0))

SCRIPT(timeout_stands_when_all_is_answered_at_once, ACCEPTED, &no_ts, /* */
       TIMED_OUT, WAIT(40), IN(A, 1, SEG(10), 0), COUNT(UNDO_FRTO, 0), ACKED(10 * MSS))

/* The hole is filled in the same burst: nothing was sent again yet. */
SCRIPT(recovery_without_a_repetition_is_none, ACCEPTED, &far, /* */
       TEN, WAIT(40), BURST(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), IN(A, 1, SEG(10), 0), QUIET,
       COUNT(UNDO_UNUSED, 1), COUNT(RETRANSMIT, 0), CWND(10 * MSS))

/* --- more than one timeout, more than one proof --- */

#define TWICE TIMED_OUT, WAIT(405), DATA(0), COUNT(RTO, 2)

SCRIPT(two_timeouts_are_taken_back_by_an_old_echo, ACCEPTED, &far, /* */
       TWICE, IN(A, 1, SEG(1), 0, .echo = -682), COUNT(UNDO_TIMESTAMP, 1), CWND(11 * MSS))
SCRIPT(two_timeouts_stand_when_the_first_repetition_is_answered, ACCEPTED, &far, /* */
       TWICE, WAIT(20), IN(A, 1, SEG(1), 0, .echo = -400), COUNT(UNDO_TIMESTAMP, 0), DATA(1),
       DATA(2), QUIET)
SCRIPT(two_timeouts_stand_without_sack_and_timestamps, ACCEPTED,
       (&(const struct script_conf){
	       .rtt_ms = 40, .no_ts = true, .no_sack = true, .mss = MSS}), /* */
       TEN, WAIT(205), DATA(0), WAIT(405), DATA(0), IN(A, 1, SEG(2), 0), COUNT(UNDO_FRTO, 0),
       COUNT(RTO, 2), SKIP, IN(A, 1, SEG(10), 0), ACKED(10 * MSS))
SCRIPT(timeout_is_taken_back_once, ACCEPTED, &far, /* */
       TIMED_OUT, IN(A, 1, SEG(1), 0, .echo = -290), COUNT(UNDO_TIMESTAMP, 1),
       IN(A, 1, SEG(2), 0, .echo = -290), IN(A, 1, SEG(2), 0, SACK1(SEG(0), SEG(1))),
       COUNT(UNDO_TIMESTAMP, 1), COUNT(UNDO_DSACK, 0), COUNT(UNDO_FRTO, 0))
SCRIPT(timeout_of_one_segment_is_taken_back_by_its_duplicate, ACCEPTED, &far, /* */
       SEND(100), OUT(P | A, 1, 1, 100), WAIT(145), OUT(P | A, 1, 1, 100), WAIT(205),
       OUT(P | A, 1, 1, 100), COUNT(RTO, 1), IN(A, 1, 101, 0), IN(A, 1, 101, 0, SACK1(1, 101)),
       COUNT(UNDO_DSACK, 1), CWND(10 * MSS))
SCRIPT(fast_recovery_is_taken_back_and_begins_anew, ACCEPTED, &far, /* */
       REPEATED, WAIT(5), IN(A, 1, SEG(4), 0, .echo = -45), COUNT(UNDO_TIMESTAMP, 1),
       CWND(10 * MSS), IN(A, 1, SEG(4), 0, SACK1(SEG(5), SEG(9))), DATA(4), COUNT(SACK_RECOVERY, 2))
SCRIPT(fin_that_was_only_late_is_taken_back, ACCEPTED, &far, /* */
       CLOSE, OUT(F | A, 1, 1, 0), WAIT(145), OUT(F | A, 1, 1, 0), WAIT(205), OUT(F | A, 1, 1, 0),
       COUNT(RTO, 1), IN(A, 1, 2, 0, .echo = -350), STATE("FIN_WAIT_2"))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_echo_takes_a_fast_recovery_back),
		cmocka_unit_test(new_echo_takes_nothing_back),
		cmocka_unit_test(report_of_all_repetitions_takes_it_back),
		cmocka_unit_test(report_of_some_repetitions_takes_nothing_back),
		cmocka_unit_test(report_of_each_of_two_repetitions_takes_it_back),
		cmocka_unit_test(report_that_comes_a_round_later_is_too_late),
		cmocka_unit_test(report_of_what_was_never_sent_again_takes_nothing_back),
		cmocka_unit_test(report_that_is_inside_out_takes_nothing_back),
		cmocka_unit_test(timeout_is_taken_back_when_the_first_flight_arrives),
		cmocka_unit_test(timeout_is_taken_back_by_sack_as_well),
		cmocka_unit_test(timeout_is_taken_back_by_an_old_echo),
		cmocka_unit_test(timeout_stands_when_only_the_repetition_is_answered),
		cmocka_unit_test(timeout_stands_when_all_is_answered_at_once),
		cmocka_unit_test(recovery_without_a_repetition_is_none),
		cmocka_unit_test(two_timeouts_are_taken_back_by_an_old_echo),
		cmocka_unit_test(two_timeouts_stand_when_the_first_repetition_is_answered),
		cmocka_unit_test(two_timeouts_stand_without_sack_and_timestamps),
		cmocka_unit_test(timeout_is_taken_back_once),
		cmocka_unit_test(timeout_of_one_segment_is_taken_back_by_its_duplicate),
		cmocka_unit_test(fast_recovery_is_taken_back_and_begins_anew),
		cmocka_unit_test(fin_that_was_only_late_is_taken_back),
	};

	return cmocka_run_group_tests_name("tcp/undo", tests, script_group_setup, NULL);
}
