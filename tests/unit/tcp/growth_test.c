/* SPDX-License-Identifier: BSD-3-Clause */
/* How the congestion window grows with each way of acknowledging: RFC 5681 3.1, RFC 3465, RFC 9438 4. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEG(i) (1 + (i)*MSS)
#define DATA(i) OUT(A, SEG(i), 1, MSS)
#define ACK(i) IN(A, 1, SEG(i), 0)
#define BULK SEND(200 * MSS), SKIP, COUNT(BYTES_OUT, 10 * MSS), CWND(10 * MSS)

/* --- slow start --- */

SCRIPT(each_segment_acked_sends_two, ACCEPTED, NULL, /* */
       BULK, ACK(1), DATA(10), DATA(11), QUIET, ACK(2), DATA(12), DATA(13), QUIET, ACK(3), DATA(14),
       DATA(15), QUIET, CWND(13 * MSS))
SCRIPT(every_second_segment_acked_sends_four, ACCEPTED, NULL, /* */
       BULK, ACK(2), DATA(10), DATA(11), DATA(12), DATA(13), QUIET, ACK(4), DATA(14), DATA(15),
       DATA(16), DATA(17), QUIET, CWND(14 * MSS))
SCRIPT(stretched_ack_counts_what_it_covers, ACCEPTED, NULL, /* */
       BULK, ACK(8), CWND(18 * MSS), SKIP, COUNT(BYTES_OUT, 26 * MSS))
SCRIPT(stretched_ack_of_all_doubles, ACCEPTED, NULL, /* */
       BULK, ACK(10), CWND(20 * MSS), SKIP, ACK(30), CWND(40 * MSS))
SCRIPT(ack_that_is_lost_costs_nothing, ACCEPTED, NULL, /* */
       BULK, ACK(1), SKIP, ACK(5), CWND(15 * MSS), SKIP, COUNT(BYTES_OUT, 20 * MSS))
SCRIPT(acks_in_one_burst_count_as_each, ACCEPTED, NULL, /* */
       BULK, BURST(A, 1, SEG(2), 0), BURST(A, 1, SEG(4), 0), IN(A, 1, SEG(6), 0), CWND(16 * MSS),
       SKIP, COUNT(BYTES_OUT, 22 * MSS))

/* --- an ACK in pieces is worth no more than the segment: RFC 3465 1 --- */

SCRIPT(divided_acks_are_worth_one, ACCEPTED, NULL, /* */
       BULK, IN(A, 1, 1 + 200, 0), IN(A, 1, 1 + 400, 0), IN(A, 1, 1 + 600, 0), IN(A, 1, 1 + 800, 0),
       IN(A, 1, 1 + 1000, 0), IN(A, 1, 1 + 1200, 0), ACK(1), CWND(11 * MSS), SKIP,
       COUNT(BYTES_OUT, 12 * MSS))
SCRIPT(acks_again_are_worth_nothing, ACCEPTED, NULL, /* */
       BULK, ACK(1), ACK(1), ACK(1), ACK(1), ACK(1), CWND(11 * MSS))
SCRIPT(acks_of_what_was_not_sent_are_worth_nothing, ACCEPTED, NULL, /* */
       BULK, ACK(11), OUT(A, SEG(10), 1, 0), QUIET, CWND(10 * MSS), ACKED(0), COUNT(DROP_ACK, 1))
SCRIPT(acks_from_the_past_are_worth_nothing, ACCEPTED, NULL, /* */
       BULK, ACK(4), SKIP, CWND(14 * MSS), ACK(2), ACK(3), QUIET, CWND(14 * MSS))

/* --- not while the window is not the limit: RFC 7661, RFC 9293 3.8.6.2.1 --- */

SCRIPT(peers_window_as_the_limit_keeps_it, ACCEPTED, (&(const struct script_conf){.wnd = 34}), /* */
       SEND(40 * MSS), DATA(0), DATA(1), DATA(2), QUIET, ACK(3), SKIP, ACK(6), SKIP, ACK(9), SKIP,
       CWND(10 * MSS))
SCRIPT(user_as_the_limit_keeps_it, ACCEPTED, NULL, /* */
       SEND(MSS), SKIP, ACK(1), SEND(MSS), SKIP, ACK(2), SEND(MSS), SKIP, ACK(3), CWND(10 * MSS))
SCRIPT(more_than_half_in_use_is_the_limit_in_slow_start, ACCEPTED, NULL, /* */
       SEND(6 * MSS), SKIP, ACK(6), CWND(16 * MSS), SEND(7 * MSS), SKIP, ACK(13), CWND(16 * MSS))

/* --- after a loss: congestion avoidance --- */

/* One segment of ten is lost: seven are left. */
#define AFTER_LOSS                                                                       \
	BULK, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), QUIET, ACK(10), SKIP, \
		CWND(7 * MSS), COUNT(BYTES_OUT, 18 * MSS)
SCRIPT(loss_leaves_seven_tenths_and_no_slow_start, ACCEPTED, NULL, /* */
       AFTER_LOSS, ACK(11), DATA(17), QUIET, ACK(12), DATA(18), QUIET, ACK(13), DATA(19), QUIET)
SCRIPT(loss_is_followed_by_less_than_a_segment_a_round, ACCEPTED, NULL, /* */
       AFTER_LOSS, ACK(12), ACK(14), ACK(17), SKIP, COUNT(BYTES_OUT, 25 * MSS))
SCRIPT(second_loss_in_the_same_round_is_the_same_loss, ACCEPTED, NULL, /* */
       BULK, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), DATA(0), QUIET,
       IN(A, 1, SEG(4), 0, SACK1(SEG(5), SEG(10))), DATA(4), SKIP, COUNT(SACK_RECOVERY, 1), ACK(10),
       SKIP, CWND(7 * MSS))
SCRIPT(second_loss_in_another_round_counts_again, ACCEPTED, NULL, /* */
       AFTER_LOSS, IN(A, 1, SEG(10), 0, SACK1(SEG(11), SEG(14))), DATA(10), SKIP,
       COUNT(SACK_RECOVERY, 2), ACK(17), SKIP, CWND(4 * MSS + MSS * 9 / 10))

/* --- after a timeout --- */

static const struct script_conf no_sack = {.no_sack = true};
SCRIPT(timeout_begins_with_one_and_two_for_each_ack, ACCEPTED, &no_sack, /* */
       BULK, WAIT(205), DATA(0), QUIET, CWND(MSS), ACK(1), DATA(1), DATA(2), QUIET, ACK(2), DATA(3),
       DATA(4), QUIET, CWND(3 * MSS))
/* RFC 3465 2.3: what was lost and what arrived is acknowledged in one stroke, and two segments are all it is worth. */
SCRIPT(timeout_counts_two_segments_of_a_stretched_ack, ACCEPTED, &no_sack, /* */
       BULK, WAIT(205), DATA(0), QUIET, ACK(8), CWND(3 * MSS), DATA(8), DATA(9),
       OUT(A, SEG(10), 1, MSS), QUIET)
SCRIPT(timeout_ends_slow_start_at_seven_tenths, ACCEPTED, &no_sack, /* */
       BULK, WAIT(205), DATA(0), ACK(1), SKIP, ACK(2), SKIP, ACK(3), SKIP, ACK(4), SKIP, ACK(5),
       SKIP, ACK(6), CWND(7 * MSS))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_segment_acked_sends_two),
		cmocka_unit_test(every_second_segment_acked_sends_four),
		cmocka_unit_test(stretched_ack_counts_what_it_covers),
		cmocka_unit_test(stretched_ack_of_all_doubles),
		cmocka_unit_test(ack_that_is_lost_costs_nothing),
		cmocka_unit_test(acks_in_one_burst_count_as_each),
		cmocka_unit_test(divided_acks_are_worth_one),
		cmocka_unit_test(acks_again_are_worth_nothing),
		cmocka_unit_test(acks_of_what_was_not_sent_are_worth_nothing),
		cmocka_unit_test(acks_from_the_past_are_worth_nothing),
		cmocka_unit_test(peers_window_as_the_limit_keeps_it),
		cmocka_unit_test(user_as_the_limit_keeps_it),
		cmocka_unit_test(more_than_half_in_use_is_the_limit_in_slow_start),
		cmocka_unit_test(loss_leaves_seven_tenths_and_no_slow_start),
		cmocka_unit_test(loss_is_followed_by_less_than_a_segment_a_round),
		cmocka_unit_test(second_loss_in_the_same_round_is_the_same_loss),
		cmocka_unit_test(second_loss_in_another_round_counts_again),
		cmocka_unit_test(timeout_begins_with_one_and_two_for_each_ack),
		cmocka_unit_test(timeout_counts_two_segments_of_a_stretched_ack),
		cmocka_unit_test(timeout_ends_slow_start_at_seven_tenths),
	};

	return cmocka_run_group_tests_name("tcp/growth", tests, script_group_setup, NULL);
}
