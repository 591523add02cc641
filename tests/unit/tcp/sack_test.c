/* SPDX-License-Identifier: BSD-3-Clause */
/* Holes of many shapes in what the peer reports: RFC 2018, RFC 2883, the situations of RFC 6675; decided by RFC 8985. */
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
#define SACK_1(i, a, b) IN(A, 1, SEG(i), 0, SACK1(SEG(a), SEG(b)))
#define SACK_2(i, a, b, c, d) IN(A, 1, SEG(i), 0, SACK2(SEG(a), SEG(b), SEG(c), SEG(d)))
#define SACK_3(i, a, b, c, d, e, f) \
	IN(A, 1, SEG(i), 0, SACK3(SEG(a), SEG(b), SEG(c), SEG(d), SEG(e), SEG(f)))
#define TEN SEND(10 * MSS), SKIP, WAIT(40)

static const struct script_conf far = {.rtt_ms = 40};

/* --- one hole --- */

SCRIPT(first_of_ten, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 2), SACK_1(0, 1, 3), QUIET, SACK_1(0, 1, 4), DATA(0), QUIET,
       SACK_1(0, 1, 10), QUIET, ACK(10), ACKED(10 * MSS), COUNT(RETRANSMIT, 1),
       COUNT(SACK_RECOVERY, 1))
SCRIPT(one_in_the_middle, ACCEPTED, &far, /* */
       TEN, ACK(5), QUIET, SACK_1(5, 6, 7), SACK_1(5, 6, 8), QUIET, SACK_1(5, 6, 9), DATA(5), QUIET,
       ACK(10), ACKED(10 * MSS), COUNT(RETRANSMIT, 1))
SCRIPT(last_but_one_is_found_by_time, ACCEPTED, &far, /* */
       TEN, ACK(8), SACK_1(8, 9, 10), QUIET, WAIT(8), QUIET, WAIT(4), DATA(8), QUIET, ACK(10),
       COUNT(RACK_TIMER, 1), COUNT(RTO, 0))
SCRIPT(all_but_the_last, ACCEPTED,
       &far, /* one block says it, and the window lets out what the losses leave room for */
       TEN, SACK_1(0, 9, 10), QUIET, WAIT(12), DATA(0), QUIET, WAIT(28), SACK_2(1, 9, 10, 9, 10),
       SKIP, COUNT(RTO, 0), ACK(10), ACKED(10 * MSS))
SCRIPT(hole_that_closes_by_itself, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 3), QUIET, ACK(3), QUIET, WAIT(60), COUNT(RETRANSMIT, 0),
       COUNT(SACK_RECOVERY, 0))

/* --- several --- */

SCRIPT(two_holes_in_one_report, ACCEPTED, &far, /* */
       TEN, SACK_2(0, 6, 10, 1, 4), DATA(0), DATA(4), SKIP, ACK(10), ACKED(10 * MSS),
       COUNT(SACK_RECOVERY, 1))
SCRIPT(every_other_is_missing, ACCEPTED,
       &far, /* more holes than blocks: the older reports are remembered */
       TEN, SACK_1(0, 1, 2), SACK_2(0, 3, 4, 1, 2), QUIET, SACK_3(0, 5, 6, 3, 4, 1, 2), DATA(0),
       QUIET, SACK_3(0, 7, 8, 5, 6, 3, 4), DATA(2), QUIET, SACK_3(0, 9, 10, 7, 8, 5, 6), DATA(4),
       QUIET, WAIT(40), SACK_3(1, 9, 10, 7, 8, 5, 6), SKIP, SACK_3(3, 9, 10, 7, 8, 5, 6), SKIP,
       ACK(10), ACKED(10 * MSS), COUNT(RTO, 0), COUNT(SACK_RECOVERY, 1))
SCRIPT(blocks_in_any_order, ACCEPTED, &far, /* */
       TEN, SACK_3(0, 7, 8, 1, 2, 4, 5), DATA(0), DATA(2), SKIP, ACK(10), ACKED(10 * MSS))
SCRIPT(blocks_that_touch_and_overlap, ACCEPTED, &far, /* */
       TEN, SACK_3(0, 3, 5, 2, 4, 1, 2), DATA(0), QUIET, SACK_2(0, 1, 5, 2, 3), QUIET, ACK(10),
       ACKED(10 * MSS), COUNT(RETRANSMIT, 1))
SCRIPT(blocks_that_shrink_take_nothing_back, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 5), DATA(0), SACK_1(0, 1, 3), QUIET, SACK_1(0, 1, 6), QUIET, ACK(10),
       COUNT(RETRANSMIT, 1), COUNT(SACK_RENEGED, 0))
SCRIPT(block_twice_is_news_once, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 3), SACK_1(0, 1, 3), SACK_1(0, 1, 3), SACK_1(0, 1, 3), QUIET,
       COUNT(SACK_RECOVERY, 0), ACK(10))
SCRIPT(report_that_arrives_late_is_news_still, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 4), DATA(0), SACK_1(0, 1, 2), QUIET, SACK_2(0, 6, 8, 1, 4), DATA(4), SKIP,
       ACK(10), ACKED(10 * MSS))

/* --- edges --- */

SCRIPT(block_of_all_that_was_sent_but_one, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 10), DATA(0), QUIET, ACK(10), ACKED(10 * MSS))
SCRIPT(block_that_ends_at_snd_nxt_is_good, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 7, 10), COUNT(SACK_BAD, 0), DATA(0), SKIP, ACK(10))
SCRIPT(block_one_byte_beyond_snd_nxt_is_none, ACCEPTED, &far, /* */
       TEN, IN(A, 1, 1, 0, SACK1(SEG(1), SEG(10) + 1)), QUIET, COUNT(SACK_BAD, 1), WAIT(30), QUIET,
       COUNT(SACK_RECOVERY, 0))
SCRIPT(block_that_ends_inside_of_a_segment_grows, ACCEPTED,
       &far, /* what it covers then is not lost */
       TEN, IN(A, 1, 1, 0, SACK1(SEG(1), SEG(2) + 500)), QUIET, SACK_1(0, 1, 6), DATA(0), QUIET,
       IN(A, 1, 1, 0, SACK1(SEG(1), SEG(7) + 1)), QUIET, SACK_1(0, 1, 10), QUIET, ACK(10),
       COUNT(RETRANSMIT, 1))
SCRIPT(block_that_begins_inside_of_a_segment_grows, ACCEPTED, &far, /* */
       TEN, IN(A, 1, 1, 0, SACK1(SEG(1) + 500, SEG(2))), QUIET, SACK_1(0, 1, 6), DATA(0), QUIET,
       ACK(10), COUNT(RETRANSMIT, 1))
SCRIPT(block_of_nothing_is_none, ACCEPTED, &far, /* */
       TEN, SACK_3(0, 4, 4, 5, 5, 9, 9), QUIET, COUNT(SACK_BAD, 0), COUNT(RX_DSACK, 0))
SCRIPT(block_half_a_world_away_is_none, ACCEPTED, &far, /* */
       TEN, IN(A, 1, 1, 0, SACK1(0x80000001u, 0x80000801u)), QUIET, WAIT(30), QUIET,
       COUNT(SACK_RECOVERY, 0))
SCRIPT(block_begins_at_the_ack, ACCEPTED,
       &far, /* it says that the peer has what it does not acknowledge: data, no news */
       TEN, SACK_1(1, 1, 3), SKIP, ACK(10), ACKED(10 * MSS), COUNT(RTO, 0))
SCRIPT(fin_is_reported_as_well, ACCEPTED, &far, /* */
       SEND(3 * MSS), CLOSE, SKIP, WAIT(40), IN(A, 1, 1, 0, SACK1(SEG(1), SEG(3) + 1)), DATA(0),
       QUIET, IN(A, 1, SEG(3) + 1, 0), STATE("FIN_WAIT_2"), COUNT(RTO, 0))
SCRIPT(fin_alone_is_the_hole, ACCEPTED, &far, /* */
       SEND(3 * MSS), CLOSE, SKIP, WAIT(40), ACK(3), QUIET, STATE("FIN_WAIT_1"), WAIT(145),
       OUT(F | A, SEG(3), 1, 0), IN(A, 1, SEG(3) + 1, 0), STATE("FIN_WAIT_2"), COUNT(RTO, 0))

/* --- duplicates reported: RFC 2883 --- */

SCRIPT(dsack_of_one_segment, ACCEPTED, &far, /* */
       TEN, SACK_1(10, 2, 3), QUIET, COUNT(RX_DSACK, 1), ACKED(10 * MSS))
SCRIPT(dsack_inside_of_the_block_above_it, ACCEPTED, &far, /* */
       TEN, SACK_2(0, 4, 5, 3, 6), COUNT(RX_DSACK, 1), DATA(0), SKIP, ACK(10))
SCRIPT(dsack_then_the_real_block, ACCEPTED, &far, /* */
       TEN, SACK_2(1, 0, 1, 2, 6), COUNT(RX_DSACK, 1), DATA(1), SKIP, ACK(10), ACKED(10 * MSS))
SCRIPT(dsack_in_the_second_place_is_none, ACCEPTED, &far, /* */
       TEN, SACK_2(2, 3, 4, 0, 1), COUNT(RX_DSACK, 0), QUIET, ACK(10))
SCRIPT(dsack_of_a_part_of_a_segment, ACCEPTED, &far, /* */
       TEN, IN(A, 1, SEG(10), 0, SACK1(SEG(3) + 5, SEG(3) + 6)), COUNT(RX_DSACK, 1), QUIET)

/* --- reneging: RFC 2018 8 --- */

SCRIPT(reneged_data_is_sent_again_after_the_timeout, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 10), DATA(0), QUIET, WAIT(20), ACK(1), QUIET, WAIT(250), DATA(1), SKIP,
       COUNT(SACK_RENEGED, 1), ACK(2), DATA(2), DATA(3), QUIET, ACK(10), ACKED(10 * MSS))
SCRIPT(reneged_data_that_was_there_after_all, ACCEPTED, &far, /* */
       TEN, SACK_1(0, 1, 10), DATA(0), QUIET, ACK(1), WAIT(250), DATA(1), SKIP, ACK(10),
       ACKED(10 * MSS), SEND(MSS), LAST(10), ACK(11), ACKED(11 * MSS))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_of_ten),
		cmocka_unit_test(one_in_the_middle),
		cmocka_unit_test(last_but_one_is_found_by_time),
		cmocka_unit_test(all_but_the_last),
		cmocka_unit_test(hole_that_closes_by_itself),
		cmocka_unit_test(two_holes_in_one_report),
		cmocka_unit_test(every_other_is_missing),
		cmocka_unit_test(blocks_in_any_order),
		cmocka_unit_test(blocks_that_touch_and_overlap),
		cmocka_unit_test(blocks_that_shrink_take_nothing_back),
		cmocka_unit_test(block_twice_is_news_once),
		cmocka_unit_test(report_that_arrives_late_is_news_still),
		cmocka_unit_test(block_of_all_that_was_sent_but_one),
		cmocka_unit_test(block_that_ends_at_snd_nxt_is_good),
		cmocka_unit_test(block_one_byte_beyond_snd_nxt_is_none),
		cmocka_unit_test(block_that_ends_inside_of_a_segment_grows),
		cmocka_unit_test(block_that_begins_inside_of_a_segment_grows),
		cmocka_unit_test(block_of_nothing_is_none),
		cmocka_unit_test(block_half_a_world_away_is_none),
		cmocka_unit_test(block_begins_at_the_ack),
		cmocka_unit_test(fin_is_reported_as_well),
		cmocka_unit_test(fin_alone_is_the_hole),
		cmocka_unit_test(dsack_of_one_segment),
		cmocka_unit_test(dsack_inside_of_the_block_above_it),
		cmocka_unit_test(dsack_then_the_real_block),
		cmocka_unit_test(dsack_in_the_second_place_is_none),
		cmocka_unit_test(dsack_of_a_part_of_a_segment),
		cmocka_unit_test(reneged_data_is_sent_again_after_the_timeout),
		cmocka_unit_test(reneged_data_that_was_there_after_all),
	};

	return cmocka_run_group_tests_name("tcp/sack", tests, script_group_setup, NULL);
}
