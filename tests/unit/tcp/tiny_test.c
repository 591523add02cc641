/* SPDX-License-Identifier: BSD-3-Clause */
/* Small segments of the peer, and when ACKs are due: RFC 9293 3.8.6.3, RFC 5681 4.2, RFC 1122 4.2.3.2. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTE(i) IN(A, (i), 1, 1)
#define PUSHED(i) IN(P | A, (i), 1, 1), OUT(A, 1, (i) + 1, 0)

/* --- one byte at a time --- */

SCRIPT(bytes_with_psh_are_each_acked, ACCEPTED, NULL, /* */
       PUSHED(1), PUSHED(2), PUSHED(3), PUSHED(4), PUSHED(5), TAKE(5), COUNT(TX_DELAYED_ACK, 0))
SCRIPT(bytes_without_psh_are_acked_together, ACCEPTED, NULL, /* */
       BYTE(1), BYTE(2), BYTE(3), BYTE(4), BYTE(5), QUIET, WAIT(41), OUT(A, 1, 6, 0), QUIET,
       COUNT(TX_DELAYED_ACK, 1), TAKE(5))
SCRIPT(bytes_do_not_put_the_ack_off, ACCEPTED, NULL, /* */
       BYTE(1), WAIT(30), BYTE(2), WAIT(11), OUT(A, 1, 3, 0), BYTE(3), WAIT(39), QUIET, WAIT(2),
       OUT(A, 1, 4, 0))
SCRIPT(bytes_in_reverse_are_one_stream, ACCEPTED, NULL, /* */
       BYTE(5), OUT(A, 1, 1, 0, SACK1(5, 6)), BYTE(4), OUT(A, 1, 1, 0, SACK1(4, 6)), BYTE(3),
       OUT(A, 1, 1, 0, SACK1(3, 6)), BYTE(2), OUT(A, 1, 1, 0, SACK1(2, 6)), BYTE(1),
       OUT(A, 1, 6, 0), TAKE(5))
SCRIPT(bytes_at_every_other_place_are_separate_ranges, ACCEPTED, NULL, /* */
       BYTE(2), SKIP, BYTE(4), SKIP, BYTE(6), SKIP, BYTE(8),
       OUT(A, 1, 1, 0, SACK3(8, 9, 6, 7, 4, 5)), BYTE(3), OUT(A, 1, 1, 0, SACK3(2, 5, 8, 9, 6, 7)),
       BYTE(1), OUT(A, 1, 5, 0, SACK2(8, 9, 6, 7)), BYTE(5), OUT(A, 1, 7, 0, SACK1(8, 9)), BYTE(7),
       OUT(A, 1, 9, 0), TAKE(8))
SCRIPT(bytes_are_taken_one_by_one, ACCEPTED, NULL, /* */
       PUSHED(1), TAKE(1), PUSHED(2), TAKE(1), PUSHED(3), TAKE(1), LEN(0))
SCRIPT(byte_of_many_in_a_burst_is_acked_once, ACCEPTED, NULL, /* */
       BURST(P | A, 1, 1, 1), BURST(P | A, 2, 1, 1), BURST(P | A, 3, 1, 1), IN(P | A, 4, 1, 1),
       OUT(A, 1, 5, 0), QUIET, TAKE(4))

/* --- how many segments, how many bytes --- */

SCRIPT(small_segments_count_by_bytes, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 536), QUIET, IN(A, 537, 1, 535), QUIET, IN(A, 1072, 1, 1), OUT(A, 1, 1073, 0))
SCRIPT(full_segments_are_learnt, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 1000), QUIET, IN(A, 1001, 1, 1000), OUT(A, 1, 2001, 0), IN(A, 2001, 1, 999),
       QUIET, IN(A, 3000, 1, 1000), QUIET, IN(A, 4000, 1, 1), OUT(A, 1, 4001, 0))
SCRIPT(full_segment_after_a_small_one_waits_for_another, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 10), QUIET, IN(A, 11, 1, MSS), QUIET, IN(A, 11 + MSS, 1, MSS),
       OUT(A, 1, 11 + 2 * MSS, 0))
SCRIPT(timer_begins_with_the_first_byte_that_is_not_acked, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 10), WAIT(25), SEND(5), OUT(P | A, 1, 11, 5), IN(A, 11, 6, 10), WAIT(39), QUIET,
       WAIT(2), OUT(A, 6, 21, 0))

/* --- what is never delayed: RFC 5681 4.2 --- */

SCRIPT(gap_is_acked_at_once_and_so_is_its_end, ACCEPTED, NULL, /* */
       IN(A, 11, 1, 10), OUT(A, 1, 1, 0, SACK1(11, 21)), IN(A, 1, 1, 10), OUT(A, 1, 21, 0))
SCRIPT(gap_filled_in_part_is_acked_at_once, ACCEPTED, NULL, /* */
       IN(A, 21, 1, 10), OUT(A, 1, 1, 0, SACK1(21, 31)), IN(A, 1, 1, 10),
       OUT(A, 1, 11, 0, SACK1(21, 31)), IN(A, 11, 1, 5), OUT(A, 1, 16, 0, SACK1(21, 31)))
SCRIPT(fin_is_acked_at_once_with_what_waited, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 10), QUIET, IN(F | A, 11, 1, 0), OUT(A, 1, 12, 0))
SCRIPT(window_that_opens_is_no_reason_to_wait, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 10), QUIET, TAKE(10), QUIET, WAIT(41), OUT(A, 1, 11, 0))
SCRIPT(ack_alone_is_never_acked, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0), IN(A, 1, 1, 0, .wnd = 100), IN(P | A, 1, 1, 0), WAIT(100), QUIET)

/* --- a peer whose segments are small for ever --- */

static const struct script_conf of_48 = {.mss = 60, .wnd = 8192};
SCRIPT(peer_with_an_mss_of_48_is_fed_in_such, ACCEPTED, &of_48, /* */
       SEND(130), OUT(A, 1, 1, 48), OUT(A, 49, 1, 48), OUT(P | A, 97, 1, 34), IN(A, 1, 49, 0),
       QUIET, IN(A, 1, 131, 0), ACKED(130))
SCRIPT(peer_that_acks_every_byte_costs_nothing, ACCEPTED, NULL, /* */
       SEND(4), OUT(P | A, 1, 1, 4), IN(A, 1, 2, 0), ACKED(1), IN(A, 1, 3, 0), ACKED(2),
       IN(A, 1, 4, 0), ACKED(3), WAIT(50), IN(A, 1, 5, 0), ACKED(4), QUIET, WAIT(300), QUIET)
/* What is repeated begins where the ACK ended, inside of a segment. */
SCRIPT(ack_inside_of_a_segment_leaves_its_rest, ACCEPTED,
       (&(const struct script_conf){.no_sack = true}), SEND(100), OUT(P | A, 1, 1, 100),
       IN(A, 1, 41, 0), ACKED(40), WAIT(205), OUT(P | A, 41, 1, 60), IN(A, 1, 100, 0), WAIT(205),
       OUT(P | A, 100, 1, 1), IN(A, 1, 101, 0), ACKED(100))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_with_psh_are_each_acked),
		cmocka_unit_test(bytes_without_psh_are_acked_together),
		cmocka_unit_test(bytes_do_not_put_the_ack_off),
		cmocka_unit_test(bytes_in_reverse_are_one_stream),
		cmocka_unit_test(bytes_at_every_other_place_are_separate_ranges),
		cmocka_unit_test(bytes_are_taken_one_by_one),
		cmocka_unit_test(byte_of_many_in_a_burst_is_acked_once),
		cmocka_unit_test(small_segments_count_by_bytes),
		cmocka_unit_test(full_segments_are_learnt),
		cmocka_unit_test(full_segment_after_a_small_one_waits_for_another),
		cmocka_unit_test(timer_begins_with_the_first_byte_that_is_not_acked),
		cmocka_unit_test(gap_is_acked_at_once_and_so_is_its_end),
		cmocka_unit_test(gap_filled_in_part_is_acked_at_once),
		cmocka_unit_test(fin_is_acked_at_once_with_what_waited),
		cmocka_unit_test(window_that_opens_is_no_reason_to_wait),
		cmocka_unit_test(ack_alone_is_never_acked),
		cmocka_unit_test(peer_with_an_mss_of_48_is_fed_in_such),
		cmocka_unit_test(peer_that_acks_every_byte_costs_nothing),
		cmocka_unit_test(ack_inside_of_a_segment_leaves_its_rest),
	};

	return cmocka_run_group_tests_name("tcp/tiny", tests, script_group_setup, NULL);
}
