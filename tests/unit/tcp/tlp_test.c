/* SPDX-License-Identifier: BSD-3-Clause */
/* Tail loss probes (RFC 8985 7): the end of a flight is found lost without a timeout, and a probe too many costs nothing. */
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
#define THREE SEND(3 * MSS), DATA(0), DATA(1), LAST(2)

static const struct script_conf far = {.rtt_ms = 20};
static const struct script_conf tight = {.rtt_ms = 20, .wnd = 34}; /* three segments */
static const struct script_conf no_ts = {.rtt_ms = 20, .no_ts = true, .mss = MSS};
static const struct script_conf no_sack = {.rtt_ms = 20, .no_sack = true};

SCRIPT(lost_end_is_repaired_by_the_probe, ACCEPTED, &far, /* */
       THREE, WAIT(20), IN(A, 1, SEG(2), 0), QUIET, WAIT(55), QUIET, WAIT(55), LAST(2), QUIET,
       COUNT(TLP_PROBE, 1), WAIT(20), IN(A, 1, SEG(3), 0), ACKED(3 * MSS), COUNT(RTO, 0),
       /* that it was a loss shows when something behind it is acknowledged */
       SEND(MSS), LAST(3), WAIT(20), IN(A, 1, SEG(4), 0), COUNT(TLP_RECOVERED, 1))

SCRIPT(probe_shows_what_else_is_missing, ACCEPTED, &far, /* */
       THREE, WAIT(40), QUIET, WAIT(5), LAST(2), WAIT(20),
       IN(A, 1, SEG(0), 0, SACK1(SEG(2), SEG(3))), DATA(0), QUIET, WAIT(20),
       IN(A, 1, SEG(1), 0, SACK1(SEG(2), SEG(3))), DATA(1), IN(A, 1, SEG(3), 0), ACKED(3 * MSS),
       COUNT(RTO, 0))

/* The peer echoes what came in order last, which was sent long before the probe. */
SCRIPT(probe_counts_though_its_timestamp_is_not_echoed, ACCEPTED, &far, /* */
       THREE, WAIT(45), LAST(2), WAIT(20), IN(A, 1, SEG(0), 0, SACK1(SEG(2), SEG(3)), .echo = -45),
       DATA(0), QUIET, COUNT(RACK_LOST, 2 * MSS), COUNT(RTO, 0))

SCRIPT(probe_is_new_data_where_there_is_some, ACCEPTED, &far, /* */
       SEND(12 * MSS), SKIP, WAIT(45), DATA(10), QUIET, COUNT(TLP_PROBE, 1), COUNT(RETRANSMIT, 0),
       WAIT(20), IN(A, 1, SEG(11), 0), LAST(11), COUNT(TLP_RECOVERED, 0))

SCRIPT(probe_keeps_to_the_window_of_the_peer, ACCEPTED, &tight, /* */
       SEND(4 * MSS), DATA(0), DATA(1), DATA(2), WAIT(45), DATA(2), QUIET, COUNT(TLP_PROBE, 1))

SCRIPT(probe_that_arrives_twice_is_no_loss, ACCEPTED, &far, /* */
       THREE, WAIT(45), LAST(2), IN(A, 1, SEG(3), 0), IN(A, 1, SEG(3), 0, SACK1(SEG(2), SEG(3))),
       SEND(MSS), LAST(3), WAIT(20), IN(A, 1, SEG(4), 0), COUNT(TLP_RECOVERED, 0),
       COUNT(UNDO_DSACK, 0))

SCRIPT(probe_that_arrives_twice_may_be_told_by_a_bare_duplicate, ACCEPTED, &far, /* */
       THREE, WAIT(45), LAST(2), IN(A, 1, SEG(3), 0), IN(A, 1, SEG(3), 0), SEND(MSS), LAST(3),
       WAIT(20), IN(A, 1, SEG(4), 0), COUNT(TLP_RECOVERED, 0))

SCRIPT(one_probe_a_flight, ACCEPTED, &far, /* */
       THREE, WAIT(45), LAST(2), WAIT(150), QUIET, WAIT(60), DATA(0), COUNT(TLP_PROBE, 1),
       COUNT(RTO, 1))

/* The probe was answered, but by which of the two is not known: no second one before a round trip was measured. */
SCRIPT(no_further_probe_before_a_round_trip_was_measured, ACCEPTED, &no_ts, /* */
       THREE, WAIT(45), LAST(2), IN(A, 1, SEG(3), 0), SEND(2 * MSS), DATA(3), LAST(4), WAIT(60),
       QUIET, WAIT(20), IN(A, 1, SEG(5), 0), SEND(2 * MSS), SKIP, WAIT(150), SKIP,
       COUNT(TLP_PROBE, 2))

SCRIPT(window_that_shrank_takes_no_probe, ACCEPTED, &far, /* */
       THREE, IN(A, 1, 1, 0, .wnd = 8), WAIT(100), QUIET, COUNT(TLP_PROBE, 0))

SCRIPT(loss_that_was_repaired_costs_a_third_of_the_flight, ACCEPTED, &far, /* */
       SEND(8 * MSS), SKIP, WAIT(45), LAST(7), WAIT(20), IN(A, 1, SEG(8), 0), SEND(MSS), LAST(8),
       WAIT(20), IN(A, 1, SEG(9), 0), COUNT(TLP_RECOVERED, 1), CWND(8 * MSS * 7 / 10))

SCRIPT(one_segment_gives_the_peer_time_to_delay_its_ack, ACCEPTED, &far, /* */
       SEND(100), OUT(P | A, 1, 1, 100), WAIT(98), QUIET, WAIT(8), OUT(P | A, 1, 1, 100))

SCRIPT(each_ack_begins_it_anew, ACCEPTED, &far, /* */
       SEND(4 * MSS), SKIP, WAIT(30), IN(A, 1, SEG(1), 0), WAIT(30), QUIET, IN(A, 1, SEG(2), 0),
       WAIT(30), QUIET, COUNT(TLP_PROBE, 0))

SCRIPT(incoming_data_does_not_put_it_off, ACCEPTED, &far, /* */
       THREE, WAIT(15), IN(P | A, 1, 1, 10), SKIP, WAIT(15), IN(P | A, 11, 1, 10), SKIP, WAIT(15),
       OUT(P | A, SEG(2), 21, MSS))

SCRIPT(known_gaps_need_none, ACCEPTED, &far, /* */
       THREE, WAIT(20), IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(2))), WAIT(6), DATA(0), WAIT(150),
       QUIET, COUNT(TLP_PROBE, 0))

SCRIPT(peers_without_sack_get_none, ACCEPTED, &no_sack, /* */
       THREE, WAIT(190), QUIET, WAIT(20), DATA(0), COUNT(RTO, 1))

SCRIPT(fin_alone_is_probed, ACCEPTED, &far, /* */
       CLOSE, OUT(F | A, 1, 1, 0), WAIT(110), OUT(F | A, 1, 1, 0), COUNT(RTO, 0))

SCRIPT(no_mbuf_for_a_probe_leaves_the_timeout, ACCEPTED, &far, /* */
       THREE, STARVE(0), WAIT(60), QUIET, FEED, WAIT(250), DATA(0), COUNT(RTO, 1))

/* --- how much of the end is lost --- */

#define SACK_1(i, a, b) IN(A, 1, SEG(i), 0, SACK1(SEG(a), SEG(b)))
#define FIVE SEND(5 * MSS), SKIP, WAIT(20)

SCRIPT(lost_end_of_two_is_found_by_the_probe, ACCEPTED, &far, /* */
       FIVE, IN(A, 1, SEG(3), 0), QUIET, WAIT(60), LAST(4), QUIET, WAIT(20), SACK_1(3, 4, 5),
       DATA(3), QUIET, IN(A, 1, SEG(5), 0), ACKED(5 * MSS), COUNT(RTO, 0), COUNT(SACK_RECOVERY, 1))
SCRIPT(lost_end_of_four_is_found_by_the_probe, ACCEPTED, &far, /* */
       FIVE, IN(A, 1, SEG(1), 0), QUIET, WAIT(60), LAST(4), WAIT(20), SACK_1(1, 4, 5), DATA(1),
       SKIP, WAIT(20), SACK_1(2, 4, 5), SKIP, IN(A, 1, SEG(5), 0), ACKED(5 * MSS), COUNT(RTO, 0))
SCRIPT(lost_flight_is_found_by_the_probe, ACCEPTED, &far, /* */
       FIVE, WAIT(25), LAST(4), WAIT(20), SACK_1(0, 4, 5), DATA(0), SKIP, IN(A, 1, SEG(5), 0),
       ACKED(5 * MSS), COUNT(RTO, 0))
SCRIPT(lost_probe_leaves_the_timeout, ACCEPTED, &far, /* */
       FIVE, IN(A, 1, SEG(4), 0), WAIT(110), LAST(4), QUIET, WAIT(185), QUIET, WAIT(10), LAST(4),
       COUNT(RTO, 1), COUNT(TLP_PROBE, 1), IN(A, 1, SEG(5), 0), ACKED(5 * MSS))
SCRIPT(lost_end_with_the_fin, ACCEPTED, &far, /* */
       SEND(2 * MSS), CLOSE, SKIP, WAIT(20), IN(A, 1, SEG(1), 0), WAIT(60),
       OUT(F | A, SEG(2), 1, 0), WAIT(20), IN(A, 1, SEG(1), 0, SACK1(SEG(2), SEG(2) + 1)), WAIT(10),
       LAST(1), IN(A, 1, SEG(2) + 1, 0), STATE("FIN_WAIT_2"), COUNT(RTO, 0))
SCRIPT(lost_short_end_is_probed_with_just_that, ACCEPTED, &far, /* */
       SEND(2 * MSS + 100), SKIP, WAIT(20), IN(A, 1, SEG(2), 0), WAIT(110),
       OUT(P | A, SEG(2), 1, 100), WAIT(20), IN(A, 1, SEG(2) + 100, 0), ACKED(2 * MSS + 100),
       COUNT(RTO, 0))
SCRIPT(probe_is_answered_by_a_shut_window, ACCEPTED, &far, /* */
       FIVE, WAIT(25), LAST(4), IN(A, 1, SEG(5), 0, .wnd = -1), SEND(MSS), QUIET, WAIT(205),
       OUT(A, SEG(5) - 1, 1, 0), COUNT(PERSIST, 1))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_end_is_repaired_by_the_probe),
		cmocka_unit_test(probe_shows_what_else_is_missing),
		cmocka_unit_test(probe_counts_though_its_timestamp_is_not_echoed),
		cmocka_unit_test(probe_is_new_data_where_there_is_some),
		cmocka_unit_test(probe_keeps_to_the_window_of_the_peer),
		cmocka_unit_test(probe_that_arrives_twice_is_no_loss),
		cmocka_unit_test(probe_that_arrives_twice_may_be_told_by_a_bare_duplicate),
		cmocka_unit_test(one_probe_a_flight),
		cmocka_unit_test(no_further_probe_before_a_round_trip_was_measured),
		cmocka_unit_test(window_that_shrank_takes_no_probe),
		cmocka_unit_test(loss_that_was_repaired_costs_a_third_of_the_flight),
		cmocka_unit_test(one_segment_gives_the_peer_time_to_delay_its_ack),
		cmocka_unit_test(each_ack_begins_it_anew),
		cmocka_unit_test(incoming_data_does_not_put_it_off),
		cmocka_unit_test(known_gaps_need_none),
		cmocka_unit_test(peers_without_sack_get_none),
		cmocka_unit_test(fin_alone_is_probed),
		cmocka_unit_test(no_mbuf_for_a_probe_leaves_the_timeout),
		cmocka_unit_test(lost_end_of_two_is_found_by_the_probe),
		cmocka_unit_test(lost_end_of_four_is_found_by_the_probe),
		cmocka_unit_test(lost_flight_is_found_by_the_probe),
		cmocka_unit_test(lost_probe_leaves_the_timeout),
		cmocka_unit_test(lost_end_with_the_fin),
		cmocka_unit_test(lost_short_end_is_probed_with_just_that),
		cmocka_unit_test(probe_is_answered_by_a_shut_window),
	};

	return cmocka_run_group_tests_name("tcp/tlp", tests, script_group_setup, NULL);
}
