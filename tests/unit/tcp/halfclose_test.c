/* SPDX-License-Identifier: BSD-3-Clause */
/* The two halves of a connection close in every order, with data in flight, unread, lost and repeated: RFC 9293 3.6. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct script_conf no_sack = {.no_sack = true};

/* --- we close first --- */

SCRIPT(ours_first_with_data_in_flight, ACCEPTED, NULL, /* */
       SEND(100), OUT(P | A, 1, 1, 100), CLOSE, OUT(F | A, 101, 1, 0), STATE("FIN_WAIT_1"),
       IN(A, 1, 101, 0), STATE("FIN_WAIT_1"), ACKED(100), IN(A, 1, 102, 0), STATE("FIN_WAIT_2"),
       IN(F | A, 1, 102, 0), OUT(A, 102, 2, 0), CLOSED(0), STATE("TIME_WAIT"))
SCRIPT(ours_first_fin_acked_with_the_data_before_it, ACCEPTED, NULL, /* */
       SEND(100), CLOSE, OUT(P | A, 1, 1, 100), OUT(F | A, 101, 1, 0), IN(A, 1, 102, 0),
       STATE("FIN_WAIT_2"), ACKED(100))
SCRIPT(ours_first_fin_acked_by_the_peers_fin, ACCEPTED, NULL, /* */
       SEND(100), CLOSE, SKIP, IN(F | A, 1, 102, 0), OUT(A, 102, 2, 0), CLOSED(0),
       STATE("TIME_WAIT"), COUNT(CONN_CLOSED, 1))
SCRIPT(ours_first_ack_of_the_fin_is_never_believed_early, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(A, 1, 3, 0), OUT(A, 2, 1, 0), STATE("FIN_WAIT_1"),
       COUNT(DROP_ACK, 1))
SCRIPT(ours_first_fin_is_lost, ACCEPTED, &no_sack, /* */
       CLOSE, OUT(F | A, 1, 1, 0), WAIT(205), OUT(F | A, 1, 1, 0), IN(A, 1, 2, 0),
       STATE("FIN_WAIT_2"))
SCRIPT(ours_first_data_and_fin_are_lost, ACCEPTED, &no_sack, /* */
       SEND(100), CLOSE, OUT(P | A, 1, 1, 100), OUT(F | A, 101, 1, 0), WAIT(205),
       OUT(F | P | A, 1, 1, 100), IN(A, 1, 102, 0), STATE("FIN_WAIT_2"), COUNT(RTO, 1))
SCRIPT(ours_first_fin_rides_on_data_that_is_lost, ACCEPTED,
       (&(const struct script_conf){.no_sack = true, .wnd = 4}), /* */
       SEND(600), OUT(A, 1, 1, 512), CLOSE, IN(A, 1, 513, 0), OUT(F | P | A, 513, 1, 88), WAIT(205),
       OUT(F | P | A, 513, 1, 88), IN(A, 1, 602, 0), STATE("FIN_WAIT_2"), ACKED(600))
SCRIPT(ours_first_fin_of_a_segment_is_missing, ACCEPTED,
       (&(const struct script_conf){.no_sack = true, .wnd = 4}), /* */
       SEND(600), OUT(A, 1, 1, 512), CLOSE, IN(A, 1, 513, 0), OUT(F | P | A, 513, 1, 88),
       IN(A, 1, 601, 0), ACKED(600), STATE("FIN_WAIT_1"), WAIT(205), OUT(F | P | A, 601, 1, 0),
       IN(A, 1, 602, 0), STATE("FIN_WAIT_2"))
SCRIPT(ours_first_tail_is_probed_with_the_fin, ACCEPTED, NULL, /* */
       SEND(100), CLOSE, OUT(P | A, 1, 1, 100), OUT(F | A, 101, 1, 0), WAIT(100),
       OUT(F | A, 101, 1, 0), IN(A, 1, 1, 0, SACK1(101, 102)), WAIT(20), OUT(P | A, 1, 1, 100),
       IN(A, 1, 102, 0), STATE("FIN_WAIT_2"), COUNT(RTO, 0))

/* --- the peer closes first --- */

SCRIPT(peers_first_and_we_go_on_sending, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), SEND(3000), OUT(A, 1, 2, MSS), OUT(A, 1 + MSS, 2, MSS),
       OUT(P | A, 1 + 2 * MSS, 2, 3000 - 2 * MSS), IN(A, 2, 3001, 0), ACKED(3000), CLOSE,
       OUT(F | A, 3001, 2, 0), IN(A, 2, 3002, 0), CLOSED(0), STATE("none"))
SCRIPT(peers_first_with_data_of_ours_in_flight, ACCEPTED, NULL, /* */
       SEND(100), OUT(P | A, 1, 1, 100), IN(F | A, 1, 1, 0), OUT(A, 101, 2, 0), IN(A, 2, 101, 0),
       CLOSE, OUT(F | A, 101, 2, 0), IN(A, 2, 102, 0), CLOSED(0))
SCRIPT(peers_first_and_our_data_is_lost, ACCEPTED, &no_sack, /* */
       SEND(100), OUT(P | A, 1, 1, 100), IN(F | A, 1, 1, 0), OUT(A, 101, 2, 0), CLOSE,
       OUT(F | A, 101, 2, 0), WAIT(205), OUT(F | P | A, 1, 2, 100), IN(A, 2, 102, 0), CLOSED(0))
SCRIPT(peers_first_unread_data_is_kept_behind_its_fin, ACCEPTED, NULL, /* */
       IN(F | P | A, 1, 1, 100), OUT(A, 1, 102, 0), STATE("CLOSE_WAIT"), LEN(100), WAIT(5000),
       TAKE(60), TAKE(40), RX_EOF)
SCRIPT(peers_first_closed_with_its_data_unread, ACCEPTED, NULL, /* */
       IN(F | P | A, 1, 1, 100), OUT(A, 1, 102, 0), CLOSE, OUT(R | A, 1, 102, 0),
       CLOSED(ECONNABORTED))
SCRIPT(peers_first_fin_again_before_and_after_ours, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), CLOSE,
       OUT(F | A, 1, 2, 0), IN(F | A, 1, 1, 0), OUT(A, 2, 2, 0), STATE("LAST_ACK"), IN(A, 2, 2, 0),
       CLOSED(0))
SCRIPT(peers_first_fin_again_with_data_before_it, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 100), OUT(A, 1, 101, 0), IN(F | P | A, 1, 1, 100),
       OUT(A, 1, 102, 0, SACK1(1, 101)), STATE("CLOSE_WAIT"), TAKE(100), RX_EOF)
SCRIPT(peers_first_fin_again_with_more_data_is_no_new_end, ACCEPTED, NULL, /* */
       IN(F | P | A, 1, 1, 10), OUT(A, 1, 12, 0), IN(F | P | A, 1, 1, 20), SKIP, LEN(10), TAKE(10),
       RX_EOF, CLOSE, OUT(F | A, 1, 12, 0), IN(A, 12, 2, 0), CLOSED(0))
SCRIPT(peers_first_fin_before_its_data, ACCEPTED, NULL, /* */
       IN(F | A, 201, 1, 0), OUT(A, 1, 1, 0), IN(A, 101, 1, 100), OUT(A, 1, 1, 0, SACK1(101, 201)),
       STATE("ESTABLISHED"), IN(A, 1, 1, 100), OUT(A, 1, 202, 0), STATE("CLOSE_WAIT"), TAKE(200),
       RX_EOF)
SCRIPT(peers_first_of_two_fins_the_nearer_counts, ACCEPTED, NULL, /* */
       IN(F | A, 101, 1, 0), OUT(A, 1, 1, 0), IN(F | A, 5001, 1, 0), OUT(A, 1, 1, 0),
       STATE("ESTABLISHED"), IN(P | A, 1, 1, 100), OUT(A, 1, 102, 0), STATE("CLOSE_WAIT"),
       TAKE(100), RX_EOF)
SCRIPT(peers_first_last_ack_is_lost, ACCEPTED, &no_sack, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), CLOSE, OUT(F | A, 1, 2, 0), WAIT(205),
       OUT(F | A, 1, 2, 0), WAIT(405), OUT(F | A, 1, 2, 0), IN(A, 2, 2, 0), CLOSED(0),
       IN(A, 2, 2, 0), OUT(R, 2, 0, 0))
SCRIPT(peers_first_old_ack_does_not_end_it, ACCEPTED, NULL, /* */
       SEND(10), SKIP, IN(F | A, 1, 11, 0), OUT(A, 11, 2, 0), CLOSE, OUT(F | A, 11, 2, 0),
       IN(A, 2, 11, 0), IN(A, 2, 5, 0), STATE("LAST_ACK"), OPEN, IN(A, 2, 12, 0), CLOSED(0))

/* --- both at once: RFC 9293 3.6 figure 13 --- */

SCRIPT(both_with_data_in_each_direction, ACCEPTED, NULL, /* */
       SEND(50), OUT(P | A, 1, 1, 50), IN(F | P | A, 1, 1, 70), OUT(A, 51, 72, 0), TAKE(70), CLOSE,
       OUT(F | A, 51, 72, 0), STATE("LAST_ACK"), IN(A, 72, 52, 0), CLOSED(0))
SCRIPT(both_cross_on_the_wire, ACCEPTED, NULL, /* */
       SEND(50), CLOSE, OUT(P | A, 1, 1, 50), OUT(F | A, 51, 1, 0), IN(F | A, 1, 1, 0),
       OUT(A, 52, 2, 0), STATE("CLOSING"), IN(A, 2, 51, 0), STATE("CLOSING"), IN(A, 2, 52, 0),
       CLOSED(0), STATE("TIME_WAIT"))
SCRIPT(both_cross_and_our_fin_is_lost, ACCEPTED, &no_sack, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(F | A, 1, 1, 0), OUT(A, 2, 2, 0), WAIT(205),
       OUT(F | A, 1, 2, 0), IN(A, 2, 2, 0), CLOSED(0), STATE("TIME_WAIT"))
SCRIPT(both_cross_and_the_peers_fin_comes_again, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(F | A, 1, 1, 0), OUT(A, 2, 2, 0), IN(F | A, 1, 1, 0),
       OUT(A, 2, 2, 0), STATE("CLOSING"), IN(F | A, 1, 2, 0), OUT(A, 2, 2, 0), OPEN, IN(A, 2, 2, 0),
       CLOSED(0), STATE("TIME_WAIT"))
SCRIPT(both_in_one_segment_with_the_ack_of_data, ACCEPTED, NULL, /* */
       SEND(100), CLOSE, OUT(P | A, 1, 1, 100), OUT(F | A, 101, 1, 0), IN(F | A, 1, 101, 0),
       OUT(A, 102, 2, 0), STATE("CLOSING"), ACKED(100), IN(A, 2, 102, 0), CLOSED(0))

/* --- data that comes when nobody reads any more --- */

SCRIPT(data_with_the_fin_behind_our_close_is_refused, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(F | P | A, 1, 2, 5), OUT(R | A, 2, 1, 0), CLOSED(ECONNRESET),
       COUNT(RX_AFTER_CLOSE, 1))
SCRIPT(data_in_fin_wait_2_is_refused, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(A, 1, 2, 0), STATE("FIN_WAIT_2"), IN(P | A, 1, 2, 5),
       OUT(R | A, 2, 1, 0), CLOSED(ECONNRESET))
SCRIPT(data_that_was_there_before_our_close_is_acked_again, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), TAKE(10), CLOSE, OUT(F | A, 1, 11, 0),
       IN(P | A, 1, 1, 10), OUT(A, 2, 11, 0, SACK1(1, 11)), OPEN, STATE("FIN_WAIT_1"))
SCRIPT(data_behind_a_gap_and_our_close_is_refused, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(A, 101, 1, 10), OUT(R | A, 2, 1, 0), CLOSED(ECONNRESET))

/* --- a window that stays shut --- */

SCRIPT(fin_behind_a_shut_window_goes_out, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0, .wnd = -1), CLOSE, OUT(F | A, 1, 1, 0), IN(A, 1, 2, 0, .wnd = -1),
       STATE("FIN_WAIT_2"))
SCRIPT(fin_behind_data_and_a_shut_window_waits, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0, .wnd = -1), SEND(100), CLOSE, QUIET, WAIT(205), OUT(A, 0, 1, 0),
       IN(A, 1, 1, 0, .wnd = -1), QUIET, IN(A, 1, 1, 0), OUT(F | P | A, 1, 1, 100),
       IN(A, 1, 102, 0), STATE("FIN_WAIT_2"))
SCRIPT(fin_behind_data_that_the_window_takes_in_part, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0, .wnd = 12), SEND(2000), CLOSE, OUT(A, 1, 1, MSS), QUIET,
       IN(A, 1, 1 + MSS, 0, .wnd = 5), OUT(F | P | A, 1 + MSS, 1, 2000 - MSS), IN(A, 1, 2002, 0),
       STATE("FIN_WAIT_2"), ACKED(2000))

/* --- half-close, then the end by other means --- */

SCRIPT(reset_in_fin_wait_1_ends_it, ACCEPTED, NULL, CLOSE, SKIP, IN(R, 1, 0, 0), CLOSED(ECONNRESET))
SCRIPT(reset_in_fin_wait_2_ends_it, ACCEPTED, NULL, /* */
       CLOSE, SKIP, IN(A, 1, 2, 0), IN(R | A, 1, 2, 0), CLOSED(ECONNRESET))
SCRIPT(reset_in_close_wait_ends_it, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), SKIP, IN(R, 2, 0, 0), CLOSED(ECONNRESET))
SCRIPT(reset_in_last_ack_ends_it, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), SKIP, CLOSE, SKIP, IN(R, 2, 0, 0), CLOSED(0))
SCRIPT(abort_in_close_wait_resets, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), SKIP, ABORT, OUT(R | A, 1, 2, 0), CLOSED(ECONNABORTED))
SCRIPT(abort_in_fin_wait_2_resets, ACCEPTED, NULL, /* */
       CLOSE, SKIP, IN(A, 1, 2, 0), ABORT, OUT(R | A, 2, 1, 0), CLOSED(ECONNABORTED))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_first_with_data_in_flight),
		cmocka_unit_test(ours_first_fin_acked_with_the_data_before_it),
		cmocka_unit_test(ours_first_fin_acked_by_the_peers_fin),
		cmocka_unit_test(ours_first_ack_of_the_fin_is_never_believed_early),
		cmocka_unit_test(ours_first_fin_is_lost),
		cmocka_unit_test(ours_first_data_and_fin_are_lost),
		cmocka_unit_test(ours_first_fin_rides_on_data_that_is_lost),
		cmocka_unit_test(ours_first_fin_of_a_segment_is_missing),
		cmocka_unit_test(ours_first_tail_is_probed_with_the_fin),
		cmocka_unit_test(peers_first_and_we_go_on_sending),
		cmocka_unit_test(peers_first_with_data_of_ours_in_flight),
		cmocka_unit_test(peers_first_and_our_data_is_lost),
		cmocka_unit_test(peers_first_unread_data_is_kept_behind_its_fin),
		cmocka_unit_test(peers_first_closed_with_its_data_unread),
		cmocka_unit_test(peers_first_fin_again_before_and_after_ours),
		cmocka_unit_test(peers_first_fin_again_with_data_before_it),
		cmocka_unit_test(peers_first_fin_again_with_more_data_is_no_new_end),
		cmocka_unit_test(peers_first_fin_before_its_data),
		cmocka_unit_test(peers_first_of_two_fins_the_nearer_counts),
		cmocka_unit_test(peers_first_last_ack_is_lost),
		cmocka_unit_test(peers_first_old_ack_does_not_end_it),
		cmocka_unit_test(both_with_data_in_each_direction),
		cmocka_unit_test(both_cross_on_the_wire),
		cmocka_unit_test(both_cross_and_our_fin_is_lost),
		cmocka_unit_test(both_cross_and_the_peers_fin_comes_again),
		cmocka_unit_test(both_in_one_segment_with_the_ack_of_data),
		cmocka_unit_test(data_with_the_fin_behind_our_close_is_refused),
		cmocka_unit_test(data_in_fin_wait_2_is_refused),
		cmocka_unit_test(data_that_was_there_before_our_close_is_acked_again),
		cmocka_unit_test(data_behind_a_gap_and_our_close_is_refused),
		cmocka_unit_test(fin_behind_a_shut_window_goes_out),
		cmocka_unit_test(fin_behind_data_and_a_shut_window_waits),
		cmocka_unit_test(fin_behind_data_that_the_window_takes_in_part),
		cmocka_unit_test(reset_in_fin_wait_1_ends_it),
		cmocka_unit_test(reset_in_fin_wait_2_ends_it),
		cmocka_unit_test(reset_in_close_wait_ends_it),
		cmocka_unit_test(reset_in_last_ack_ends_it),
		cmocka_unit_test(abort_in_close_wait_resets),
		cmocka_unit_test(abort_in_fin_wait_2_resets),
	};

	return cmocka_run_group_tests_name("tcp/halfclose", tests, script_group_setup, NULL);
}
