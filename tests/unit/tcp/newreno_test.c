/* SPDX-License-Identifier: BSD-3-Clause */
/* Fast retransmit and fast recovery without SACK (RFC 5681 3.2, RFC 6582 3.2), and partial ACKs with it. */
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
#define LAST(i) OUT(P | A, SEG(i), 1, MSS)
#define ACK(i) IN(A, 1, SEG(i), 0)
#define TEN SEND(10 * MSS), SKIP
#define TWENTY SEND(20 * MSS), SKIP
#define DUPS(i) ACK(i), ACK(i), ACK(i)

static const struct script_conf no_sack = {.no_sack = true};
static const struct script_conf far = {.rtt_ms = 40};

/* --- where it begins --- */

SCRIPT(two_duplicates_are_reordering, ACCEPTED, &no_sack, /* */
       TEN, ACK(0), ACK(0), QUIET, ACK(3), QUIET, COUNT(FAST_RECOVERY_BEGUN, 0),
       COUNT(RETRANSMIT, 0))
SCRIPT(duplicates_must_follow_each_other, ACCEPTED, &no_sack, /* */
       TEN, ACK(0), ACK(0), ACK(1), ACK(1), ACK(1), QUIET, ACK(1), DATA(1), QUIET,
       COUNT(FAST_RECOVERY_BEGUN, 1))
SCRIPT(duplicates_with_nothing_in_flight_are_none, ACCEPTED, &no_sack, /* */
       TEN, ACK(10), ACK(10), ACK(10), ACK(10), ACK(10), QUIET, SEND(MSS), LAST(10), WAIT(100),
       QUIET, COUNT(FAST_RECOVERY_BEGUN, 0))
SCRIPT(duplicates_with_a_fin_do_not_count, ACCEPTED, &no_sack, /* */
       TEN, ACK(0), ACK(0), IN(F | A, 1, 1, 0), OUT(A, SEG(10), 2, 0), QUIET,
       COUNT(FAST_RECOVERY_BEGUN, 0))
SCRIPT(duplicates_below_the_window_do_not_count, ACCEPTED, &no_sack, /* */
       TEN, ACK(2), ACK(1), ACK(1), ACK(1), ACK(1), QUIET, COUNT(FAST_RECOVERY_BEGUN, 0))
SCRIPT(duplicates_send_new_data_first, ACCEPTED, &no_sack, /* RFC 3042 */
       TWENTY, ACK(0), DATA(10), QUIET, ACK(0), DATA(11), QUIET, COUNT(LIMITED_TRANSMIT, 2), ACK(0),
       DATA(0), QUIET)

/* --- inside of it --- */

/* 3.2 step 3: what is in flight was a guess, so a window is not sent at once */
SCRIPT(full_ack_ends_it_without_a_burst, ACCEPTED, &no_sack, /* */
       TWENTY, DUPS(0), SKIP, ACK(12), DATA(12), DATA(13), QUIET, CWND(2 * MSS),
       COUNT(PARTIAL_ACK, 0), COUNT(RETRANSMIT, 1), ACK(14), SKIP, CWND(4 * MSS))
SCRIPT(partial_ack_repeats_one_and_deflates, ACCEPTED, &no_sack, /* */
       TWENTY, DUPS(0), SKIP, ACK(4), DATA(4), SKIP, COUNT(PARTIAL_ACK, 1), COUNT(RETRANSMIT, 2))
SCRIPT(partial_acks_find_each_hole_in_turn, ACCEPTED, &no_sack, /* */
       TEN, DUPS(0), DATA(0), ACK(2), DATA(2), QUIET, ACK(3), DATA(3), QUIET, ACK(7), DATA(7),
       QUIET, ACK(10), QUIET, ACKED(10 * MSS), COUNT(FAST_RECOVERY_BEGUN, 1), COUNT(RTO, 0))
SCRIPT(partial_ack_inside_of_what_was_repeated_repeats_nothing_twice, ACCEPTED, &no_sack, /* */
       TEN, DUPS(0), DATA(0), IN(A, 1, 501, 0), QUIET, WAIT(205), OUT(A, 501, 1, MSS - 500), QUIET,
       ACK(10), ACKED(10 * MSS))
SCRIPT(more_duplicates_repeat_nothing_twice, ACCEPTED, &no_sack, /* */
       TEN, DUPS(0), DATA(0), ACK(0), ACK(0), ACK(0), ACK(0), ACK(0), QUIET, COUNT(RETRANSMIT, 1))
SCRIPT(each_further_duplicate_is_room_for_one, ACCEPTED, &no_sack, /* */
       TWENTY, DUPS(0), SKIP, /* 8.4 segments may be in flight */ ACK(0), QUIET, ACK(0), DATA(12),
       QUIET, ACK(0), DATA(13), QUIET)
/* RFC 6582 3.2 step 4: the timer is not put off for ever by partial ACKs one after another. */
SCRIPT(lost_repetition_waits_for_the_timeout, ACCEPTED, &no_sack, /* */
       TEN, DUPS(0), DATA(0), WAIT(195), QUIET, WAIT(10), DATA(0), COUNT(RTO, 1), ACK(10), QUIET,
       ACKED(10 * MSS))
SCRIPT(timeout_inside_of_it_repeats_all_in_turn, ACCEPTED, &no_sack, /* */
       TEN, DUPS(0), DATA(0), WAIT(205), DATA(0), QUIET, ACK(1), DATA(1), DATA(2), QUIET, ACK(3),
       DATA(3), DATA(4), DATA(5), DATA(6), QUIET, ACK(10), QUIET, ACKED(10 * MSS))

/* --- behind it --- */

SCRIPT(duplicates_of_its_own_repetitions_begin_no_other, ACCEPTED, &no_sack, /* */
       TEN, DUPS(0), DATA(0), ACK(10), QUIET, ACK(10), ACK(10), ACK(10), QUIET,
       COUNT(FAST_RECOVERY_BEGUN, 1))
SCRIPT(another_loss_behind_it_begins_another, ACCEPTED, &no_sack, /* */
       TWENTY, DUPS(0), SKIP, ACK(12), SKIP, ACK(12), DATA(14), ACK(12), DATA(15), ACK(12),
       DATA(12), DATA(16), QUIET, COUNT(FAST_RECOVERY_BEGUN, 2))

/* --- with SACK --- */

/* What was repeated after the last segment was sent has arrived: that one, which nobody reported, is lost as well. */
SCRIPT(partial_ack_with_sack_finds_what_lies_above, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK2(SEG(4), SEG(9), SEG(1), SEG(3))), DATA(0), DATA(3),
       QUIET, WAIT(40), IN(A, 1, SEG(3), 0, SACK1(SEG(4), SEG(9))), COUNT(PARTIAL_ACK, 1), LAST(9),
       QUIET, ACK(9), QUIET, ACK(10), ACKED(10 * MSS), COUNT(RETRANSMIT, 3), COUNT(RTO, 0))
SCRIPT(partial_ack_with_sack_of_half_a_segment, ACCEPTED, &far, /* */
       TEN, WAIT(40), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(5))), DATA(0), WAIT(40),
       IN(A, 1, 501, 0, SACK1(SEG(1), SEG(6))), WAIT(30), SKIP, IN(A, 1, SEG(10), 0),
       ACKED(10 * MSS), COUNT(RTO, 0))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_duplicates_are_reordering),
		cmocka_unit_test(duplicates_must_follow_each_other),
		cmocka_unit_test(duplicates_with_nothing_in_flight_are_none),
		cmocka_unit_test(duplicates_with_a_fin_do_not_count),
		cmocka_unit_test(duplicates_below_the_window_do_not_count),
		cmocka_unit_test(duplicates_send_new_data_first),
		cmocka_unit_test(full_ack_ends_it_without_a_burst),
		cmocka_unit_test(partial_ack_repeats_one_and_deflates),
		cmocka_unit_test(partial_acks_find_each_hole_in_turn),
		cmocka_unit_test(partial_ack_inside_of_what_was_repeated_repeats_nothing_twice),
		cmocka_unit_test(more_duplicates_repeat_nothing_twice),
		cmocka_unit_test(each_further_duplicate_is_room_for_one),
		cmocka_unit_test(lost_repetition_waits_for_the_timeout),
		cmocka_unit_test(timeout_inside_of_it_repeats_all_in_turn),
		cmocka_unit_test(duplicates_of_its_own_repetitions_begin_no_other),
		cmocka_unit_test(another_loss_behind_it_begins_another),
		cmocka_unit_test(partial_ack_with_sack_finds_what_lies_above),
		cmocka_unit_test(partial_ack_with_sack_of_half_a_segment),
	};

	return cmocka_run_group_tests_name("tcp/newreno", tests, script_group_setup, NULL);
}
