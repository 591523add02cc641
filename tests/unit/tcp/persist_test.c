/* SPDX-License-Identifier: BSD-3-Clause */
/* The peer's window in all sizes: shut, below a segment, opened by crumbs, taken back. RFC 9293 3.8.6, RFC 1122 4.2.3.4. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Windows are in units of 128 bytes. */
#define SEG(i) (1 + (i)*MSS)
#define DATA(i) OUT(A, SEG(i), 1, MSS)
#define LAST(i) OUT(P | A, SEG(i), 1, MSS)
#define WND(ack, units) IN(A, 1, (ack), 0, .wnd = (units))
#define SHUT(ack) WND(ack, -1)
#define PROBE(una) OUT(A, (una)-1, 1, 0)

/* --- shut --- */

SCRIPT(shut_from_the_start_is_probed, ACCEPTED, NULL, /* */
       SHUT(1), SEND(MSS), QUIET, WAIT(205), PROBE(1), SHUT(1), WAIT(405), PROBE(1), SHUT(1),
       WAIT(805), PROBE(1), WND(1, 512), LAST(0), COUNT(PERSIST, 3), COUNT(RTO, 0),
       COUNT(RETRANSMIT, 0))
SCRIPT(shut_behind_what_was_sent_is_probed, ACCEPTED, NULL, /* */
       SEND(4 * MSS), SKIP, SHUT(SEG(4)), SEND(MSS), QUIET, WAIT(205), PROBE(SEG(4)),
       WND(SEG(4), 512), LAST(4))
SCRIPT(shut_with_nothing_to_send_is_not_probed, ACCEPTED, NULL, /* */
       SHUT(1), WAIT(20000), QUIET, COUNT(PERSIST, 0))
SCRIPT(shut_and_in_flight_is_for_the_other_timer, ACCEPTED,
       (&(const struct script_conf){.no_sack = true}), /* */
       SEND(2 * MSS), SKIP, SHUT(SEG(1)), SEND(MSS), QUIET, WAIT(205), LAST(1), COUNT(PERSIST, 0),
       SHUT(SEG(2)), WAIT(205), PROBE(SEG(2)), COUNT(PERSIST, 1))
SCRIPT(probe_is_answered_by_a_window_at_once, ACCEPTED, NULL, /* */
       SHUT(1), SEND(3 * MSS), WAIT(205), PROBE(1), WND(1, 512), DATA(0), DATA(1), LAST(2), QUIET)
SCRIPT(probes_begin_anew_when_it_shuts_again, ACCEPTED, NULL, /* */
       SHUT(1), SEND(MSS), WAIT(205), PROBE(1), SHUT(1), WAIT(405), PROBE(1), WND(1, 512), LAST(0),
       SHUT(SEG(1)), SEND(MSS), WAIT(195), QUIET, WAIT(10), PROBE(SEG(1)))
SCRIPT(opened_and_lost_is_for_the_other_timer, ACCEPTED, NULL, /* */
       SHUT(1), SEND(MSS), WAIT(205), PROBE(1), WND(1, 512), LAST(0), WAIT(450), SKIP,
       COUNT(PERSIST, 1), COUNT(RTO, 1))
SCRIPT(probes_stop_when_the_user_aborts, ACCEPTED, NULL, /* */
       SHUT(1), SEND(MSS), WAIT(205), PROBE(1), ABORT, OUT(R | A, 1, 1, 0), CLOSED(ECONNABORTED),
       WAIT(10000), QUIET)
SCRIPT(probes_end_a_closed_connection_after_a_minute, ACCEPTED, NULL, /* nobody is left to decide */
       SHUT(1), SEND(MSS), CLOSE, WAIT(20000), SKIP, SHUT(1), OPEN, WAIT(20000), SKIP, SHUT(1),
       OPEN, WAIT(25000), SKIP, CLOSED(ETIMEDOUT))
SCRIPT(data_of_the_peer_passes_a_shut_window, ACCEPTED, NULL, /* */
       SHUT(1), SEND(MSS), IN(P | A, 1, 1, 100, .wnd = -1), OUT(A, 1, 101, 0), TAKE(100), WAIT(205),
       OUT(A, 0, 101, 0), IN(P | A, 101, 1, 10, .wnd = 512), OUT(P | A, 1, 111, MSS))

/* --- silly windows of the sender: 3.8.6.2.1 --- */

SCRIPT(below_a_segment_waits_while_something_is_in_flight, ACCEPTED, NULL, /* */
       SEND(10 * MSS), SKIP, WND(SEG(9), 14), SEND(MSS), QUIET, WND(SEG(10), 512), LAST(10))
SCRIPT(below_a_segment_is_used_by_the_timer, ACCEPTED, NULL, /* */
       SHUT(1), SEND(MSS), WND(1, 5), QUIET, WAIT(195), QUIET, WAIT(10), OUT(A, 1, 1, 640), QUIET)
SCRIPT(crumbs_are_collected, ACCEPTED, NULL, /* 128 bytes more at a time, up to a segment */
       SHUT(1), SEND(3 * MSS), WND(1, 1), WND(1, 2), WND(1, 3), WND(1, 4), WND(1, 5), WND(1, 6),
       WND(1, 7), WND(1, 8), WND(1, 9), WND(1, 10), WND(1, 11), QUIET, WND(1, 12), DATA(0), QUIET)
SCRIPT(crumbs_that_hold_all_that_is_queued_are_used, ACCEPTED, NULL, /* */
       SHUT(1), SEND(200), WND(1, 1), QUIET, WND(1, 2), OUT(P | A, 1, 1, 200))
SCRIPT(half_of_the_widest_window_is_enough, ACCEPTED, (&(const struct script_conf){.wnd = 8}), /* */
       SEND(5000), OUT(A, 1, 1, 1024), QUIET, WND(1025, 3), QUIET, WND(1025, 4),
       OUT(A, 1025, 1, 512), QUIET)
SCRIPT(window_of_one_segment_is_filled_one_by_one, ACCEPTED,
       (&(const struct script_conf){.wnd = 12}), /* */
       SEND(4 * MSS), DATA(0), QUIET, WND(SEG(1), 12), DATA(1), QUIET, WND(SEG(2), 12), DATA(2),
       QUIET, WND(SEG(3), 12), LAST(3))
SCRIPT(window_of_one_unit_gets_through, ACCEPTED, (&(const struct script_conf){.wnd = 1}), /* */
       SEND(300), OUT(A, 1, 1, 128), IN(A, 1, 129, 0), OUT(A, 129, 1, 128), IN(A, 1, 257, 0),
       OUT(P | A, 257, 1, 44), IN(A, 1, 301, 0), ACKED(300))

/* --- windows taken back: 3.8.6, "strongly discouraged", and yet to be survived --- */

SCRIPT(taken_back_behind_what_is_in_flight, ACCEPTED,
       NULL, /* nothing new goes out, what is out is waited for */
       SEND(20 * MSS), SKIP, WND(SEG(2), 23), QUIET, WND(SEG(8), 23), QUIET, WND(SEG(10), 23),
       DATA(10), DATA(11), QUIET)
SCRIPT(taken_back_to_nothing_and_given_again, ACCEPTED, NULL, /* */
       SEND(12 * MSS), SKIP, SHUT(SEG(4)), QUIET, SHUT(SEG(10)), QUIET, WAIT(205), PROBE(SEG(10)),
       WND(SEG(10), 512), DATA(10), LAST(11), COUNT(RTO, 0))
SCRIPT(taken_back_by_an_older_segment_is_none, ACCEPTED, NULL, /* */
       SEND(20 * MSS), SKIP, WND(SEG(4), 512), SKIP, WND(SEG(2), 1), WND(SEG(10), 512), SKIP,
       COUNT(BYTES_OUT, 20 * MSS))
SCRIPT(taken_back_ends_no_recovery, ACCEPTED,
       NULL, /* a hole is repeated whatever the window says */
       SEND(10 * MSS), SKIP, IN(A, 1, 1, 0, SACK1(SEG(1), SEG(4)), .wnd = 1), DATA(0), QUIET,
       IN(A, 1, SEG(10), 0, .wnd = -1), ACKED(10 * MSS))

/* --- windows that grow without an ACK --- */

SCRIPT(update_alone_is_no_duplicate, ACCEPTED, (&(const struct script_conf){.no_sack = true}), /* */
       SEND(10 * MSS), SKIP, WND(1, 513), WND(1, 514), WND(1, 515), WND(1, 516), QUIET,
       COUNT(FAST_RECOVERY_BEGUN, 0), COUNT(RETRANSMIT, 0))
SCRIPT(update_with_old_data_counts, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 10, .wnd = -1), SKIP, SEND(MSS), QUIET, IN(A, 11, 1, 0),
       OUT(P | A, 1, 11, MSS))
SCRIPT(update_in_the_same_burst_as_what_shuts_it, ACCEPTED, NULL, /* */
       SEND(2 * MSS), SKIP, BURST(A, 1, SEG(2), 0, .wnd = -1), IN(A, 1, SEG(2), 0, .wnd = 512),
       SEND(MSS), LAST(2), COUNT(PERSIST, 0))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shut_from_the_start_is_probed),
		cmocka_unit_test(shut_behind_what_was_sent_is_probed),
		cmocka_unit_test(shut_with_nothing_to_send_is_not_probed),
		cmocka_unit_test(shut_and_in_flight_is_for_the_other_timer),
		cmocka_unit_test(probe_is_answered_by_a_window_at_once),
		cmocka_unit_test(probes_begin_anew_when_it_shuts_again),
		cmocka_unit_test(opened_and_lost_is_for_the_other_timer),
		cmocka_unit_test(probes_stop_when_the_user_aborts),
		cmocka_unit_test(probes_end_a_closed_connection_after_a_minute),
		cmocka_unit_test(data_of_the_peer_passes_a_shut_window),
		cmocka_unit_test(below_a_segment_waits_while_something_is_in_flight),
		cmocka_unit_test(below_a_segment_is_used_by_the_timer),
		cmocka_unit_test(crumbs_are_collected),
		cmocka_unit_test(crumbs_that_hold_all_that_is_queued_are_used),
		cmocka_unit_test(half_of_the_widest_window_is_enough),
		cmocka_unit_test(window_of_one_segment_is_filled_one_by_one),
		cmocka_unit_test(window_of_one_unit_gets_through),
		cmocka_unit_test(taken_back_behind_what_is_in_flight),
		cmocka_unit_test(taken_back_to_nothing_and_given_again),
		cmocka_unit_test(taken_back_by_an_older_segment_is_none),
		cmocka_unit_test(taken_back_ends_no_recovery),
		cmocka_unit_test(update_alone_is_no_duplicate),
		cmocka_unit_test(update_with_old_data_counts),
		cmocka_unit_test(update_in_the_same_burst_as_what_shuts_it),
	};

	return cmocka_run_group_tests_name("tcp/persist", tests, script_group_setup, NULL);
}
