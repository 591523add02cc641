/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In each state: a reset, a SYN and payload that lie outside of the window, inside of it, and at its very edge (RFC 5961 3 to 5), and
 * what comes late in TIME-WAIT. None of them ends a connection but the exact reset.
 */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/*
 * @nxt is what we expect next, @own our next number; the window is 64 KiB wide. A challenge is sent once in 100 ms, and
 * what is outside of the window is dropped without a word.
 */
#define STRAY_RESETS(nxt, own)                                                                \
	IN(R, (nxt)-1, 0, 0), QUIET, IN(R, (nxt) + 70000, 0, 0), QUIET,                       \
		IN(R, (nxt) + 0x80000000u, 0, 0), QUIET, COUNT(DROP_RST, 3), WAIT(100), SKIP, \
		IN(R, (nxt) + 1, 0, 0), OUT(A, (own), (nxt), 0), WAIT(100), SKIP,             \
		IN(R | A, (nxt) + 1000, (own), 0), OUT(A, (own), (nxt), 0), WAIT(100), SKIP
#define STRAY_SYNS(nxt, own)                                                                \
	IN(S, (nxt), 0, 0), OUT(A, (own), (nxt), 0), WAIT(100), SKIP, IN(S, (nxt)-1, 0, 0), \
		OUT(A, (own), (nxt), 0), WAIT(100), SKIP, IN(S, (nxt) + 70000, 0, 0),       \
		OUT(A, (own), (nxt), 0), WAIT(100), SKIP, IN(S | A, (nxt) + 10, (own), 0),  \
		OUT(A, (own), (nxt), 0), WAIT(100), SKIP, IN(S, (nxt)-1000000u, 0, 0),      \
		OUT(A, (own), (nxt), 0), WAIT(100), SKIP
#define STRAY_ACKS(nxt, own)                                                                     \
	IN(A, (nxt), (own) + 1, 0), OUT(A, (own), (nxt), 0), WAIT(100), SKIP,                    \
		IN(A, (nxt), (own) + 0x7fffffffu, 0), OUT(A, (own), (nxt), 0), WAIT(100), SKIP,  \
		IN(A, (nxt), (own)-0x70000000u, 0), OUT(A, (own), (nxt), 0), COUNT(DROP_ACK, 3), \
		WAIT(100), SKIP
#define ALL_OF_THEM(state, nxt, own) \
	STRAY_RESETS(nxt, own), STRAY_SYNS(nxt, own), STRAY_ACKS(nxt, own), STATE(state), OPEN

SCRIPT(established_survives_strays, ACCEPTED, NULL, ALL_OF_THEM("ESTABLISHED", 1, 1))
SCRIPT(established_by_us_survives_strays, DIALLED, NULL, ALL_OF_THEM("ESTABLISHED", 1, 1))
SCRIPT(close_wait_survives_strays, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), ALL_OF_THEM("CLOSE_WAIT", 2, 1))
SCRIPT(fin_wait_1_survives_strays, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), STRAY_RESETS(1, 2), STRAY_SYNS(1, 2), STATE("FIN_WAIT_1"), OPEN)
SCRIPT(fin_wait_2_survives_strays, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(A, 1, 2, 0), ALL_OF_THEM("FIN_WAIT_2", 1, 2))
SCRIPT(closing_survives_strays, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(F | A, 1, 1, 0), OUT(A, 2, 2, 0), STRAY_RESETS(2, 2),
       STRAY_SYNS(2, 2), STATE("CLOSING"), OPEN)
SCRIPT(last_ack_survives_strays, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), CLOSE, OUT(F | A, 1, 2, 0), STRAY_RESETS(2, 2),
       STRAY_SYNS(2, 2), STATE("LAST_ACK"), OPEN)

/* --- the handshake --- */

SCRIPT(syn_rcvd_survives_resets_outside_of_the_window, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(R, 0, 0, 0), IN(R, 70001, 0, 0),
       IN(R, 0x80000001u, 0, 0), QUIET, COUNT(DROP_RST, 3), STATE("SYN_RCVD"))
SCRIPT(syn_rcvd_challenges_resets_inside_of_it, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(R, 2, 0, 0), OUT(A, 1, 1, 0), STATE("SYN_RCVD"),
       IN(A, 1, 1, 0), STATE("ESTABLISHED"))
SCRIPT(syn_rcvd_is_not_completed_by_an_old_ack, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 0, 0), OUT(R, 0, 0, 0),
       IN(A, 1, 0x80000001u, 0), OUT(R, 0x80000001u, 0, 0), IN(A, 2000000, 1, 0), OUT(A, 1, 1, 0),
       STATE("SYN_RCVD"), IN(A, 1, 1, 0), STATE("ESTABLISHED"))
SCRIPT(syn_rcvd_takes_no_data_without_ack, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(P, 1, 0, 10), QUIET, COUNT(DROP_FLAGS, 1),
       IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), TAKE(10))
SCRIPT(syn_rcvd_takes_the_fin_when_the_ack_comes_with_it, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0),
       STATE("CLOSE_WAIT"), RX_EOF)
SCRIPT(syn_sent_ignores_what_does_not_answer, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(R, 0, 0, 0), IN(R, 1, 0, 0), IN(R | A, 0, 0, 0),
       IN(R | A, 0, 2, 0), QUIET, OPEN, STATE("SYN_SENT"), IN(A, 5, 1, 0), QUIET, STATE("SYN_SENT"),
       IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), CONNECTED)
SCRIPT(syn_sent_takes_no_payload_without_syn, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(P | A, 1, 1, 10), IN(F | A, 1, 1, 0), QUIET, STATE("SYN_SENT"))

/* --- TIME-WAIT --- */

#define TO_TIME_WAIT                                                                              \
	SEND(100), OUT(P | A, 1, 1, 100), IN(P | A, 1, 101, 100), OUT(A, 101, 101, 0), TAKE(100), \
		CLOSE, OUT(F | A, 101, 101, 0), IN(F | A, 101, 102, 0), OUT(A, 102, 102, 0),      \
		CLOSED(0), STATE("TIME_WAIT")
#define STILL STATE("TIME_WAIT"), COUNT(CONN_CLOSED, 1)

SCRIPT(time_wait_late_data_is_acked, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(P | A, 1, 101, 100), OUT(A, 102, 102, 0), STILL)
SCRIPT(time_wait_late_data_with_fin_is_acked, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(F | P | A, 1, 101, 100), OUT(A, 102, 102, 0), STILL)
SCRIPT(time_wait_data_behind_the_fin_is_acked, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(P | A, 102, 102, 100), OUT(A, 102, 102, 0), STILL)
SCRIPT(time_wait_late_ack_is_answered_within_a_limit, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(A, 1, 1, 0), OUT(A, 102, 102, 0), IN(A, 1, 1, 0), QUIET, STILL)
SCRIPT(time_wait_keepalive_is_answered, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(A, 101, 102, 0), OUT(A, 102, 102, 0), STILL)
SCRIPT(time_wait_resets_do_not_end_it_but_the_exact_one, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(R, 101, 0, 0), IN(R, 103, 0, 0), IN(R, 0x80000066u, 0, 0), QUIET, STILL,
       IN(R | A, 102, 102, 0), STATE("none"), QUIET)
SCRIPT(time_wait_syn_ack_opens_nothing, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(S | A, 5000, 102, 0), OUT(A, 102, 102, 0), STILL)
SCRIPT(time_wait_late_syn_of_its_own_opens_nothing, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(S, 0, 0, 0, .ts = -1), OUT(A, 102, 102, 0), STILL)
SCRIPT(time_wait_syn_of_the_same_millisecond_needs_a_higher_number, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(S, 102, 0, 0), OUT(A, 102, 102, 0), STILL, IN(S, 103, 0, 0),
       OUT(S | A, SEQ_ABOVE, 104, 0), STATE("SYN_RCVD"), COUNT(TIME_WAIT_REUSED, 1))
SCRIPT(time_wait_urgent_fin_is_acked, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(F | TCP_URG | A, 101, 102, 0, .urg = 9), OUT(A, 102, 102, 0), STILL)
SCRIPT(time_wait_data_does_not_prolong_it, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, WAIT(1500), IN(P | A, 1, 101, 100), OUT(A, 102, 102, 0), WAIT(600),
       STATE("none"))
SCRIPT(time_wait_of_a_simultaneous_close_is_the_same, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(F | A, 1, 1, 0), OUT(A, 2, 2, 0), IN(A, 2, 2, 0),
       STATE("TIME_WAIT"), IN(F | A, 1, 2, 0), OUT(A, 2, 2, 0), WAIT(2100), STATE("none"))
SCRIPT(time_wait_does_not_answer_itself, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, WAIT(2100), STATE("none"), IN(F | A, 101, 102, 0), OUT(R, 102, 0, 0))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_survives_strays),
		cmocka_unit_test(established_by_us_survives_strays),
		cmocka_unit_test(close_wait_survives_strays),
		cmocka_unit_test(fin_wait_1_survives_strays),
		cmocka_unit_test(fin_wait_2_survives_strays),
		cmocka_unit_test(closing_survives_strays),
		cmocka_unit_test(last_ack_survives_strays),
		cmocka_unit_test(syn_rcvd_survives_resets_outside_of_the_window),
		cmocka_unit_test(syn_rcvd_challenges_resets_inside_of_it),
		cmocka_unit_test(syn_rcvd_is_not_completed_by_an_old_ack),
		cmocka_unit_test(syn_rcvd_takes_no_data_without_ack),
		cmocka_unit_test(syn_rcvd_takes_the_fin_when_the_ack_comes_with_it),
		cmocka_unit_test(syn_sent_ignores_what_does_not_answer),
		cmocka_unit_test(syn_sent_takes_no_payload_without_syn),
		cmocka_unit_test(time_wait_late_data_is_acked),
		cmocka_unit_test(time_wait_late_data_with_fin_is_acked),
		cmocka_unit_test(time_wait_data_behind_the_fin_is_acked),
		cmocka_unit_test(time_wait_late_ack_is_answered_within_a_limit),
		cmocka_unit_test(time_wait_keepalive_is_answered),
		cmocka_unit_test(time_wait_resets_do_not_end_it_but_the_exact_one),
		cmocka_unit_test(time_wait_syn_ack_opens_nothing),
		cmocka_unit_test(time_wait_late_syn_of_its_own_opens_nothing),
		cmocka_unit_test(time_wait_syn_of_the_same_millisecond_needs_a_higher_number),
		cmocka_unit_test(time_wait_urgent_fin_is_acked),
		cmocka_unit_test(time_wait_data_does_not_prolong_it),
		cmocka_unit_test(time_wait_of_a_simultaneous_close_is_the_same),
		cmocka_unit_test(time_wait_does_not_answer_itself),
	};

	return cmocka_run_group_tests_name("tcp/stray", tests, script_group_setup, NULL);
}
