/* SPDX-License-Identifier: BSD-3-Clause */
/* ECN: who agrees on it, what is marked, what is echoed, what an echo does (RFC 3168). */
#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASK (S | E | C)
#define ECT .tos = IP_ECN_ECT0
#define CE .tos = IP_ECN_CE

#define SEG(i) (1 + (i)*MSS)
#define DATA(i) OUT(A, SEG(i), 1, MSS, ECT)
#define LAST(i) OUT(P | A, SEG(i), 1, MSS, ECT)
#define AGAIN(i) OUT(A, SEG(i), 1, MSS)
#define TEN                                                                                     \
	SEND(10 * MSS), DATA(0), DATA(1), DATA(2), DATA(3), DATA(4), DATA(5), DATA(6), DATA(7), \
		DATA(8), LAST(9)

/* The peer opens with ECN, or we do. */
#define ACCEPT_ECN IN(ASK, 0, 0, 0), OUT(S | A | E, 0, 1, 0), IN(A, 1, 1, 0), QUIET
#define DIAL_ECN \
	CONNECT, OUT(ASK, 0, 0, 0), IN(S | A | E, 0, 1, 0, .wnd = 65535), OUT(A, 1, 1, 0), QUIET

#define PATH .mtu = 1500, .max_slices = 8
static const struct script_conf on = {.path = {PATH, .ecn = TCP_ECN_ON}};
static const struct script_conf on_v6 = {
	.path = {PATH, .ecn = TCP_ECN_ON}, .v6 = true, .mss = 1440};
static const struct script_conf off = {.path = {PATH, .ecn = TCP_ECN_OFF}};
static const struct script_conf far = {.path = {PATH, .ecn = TCP_ECN_ON}, .rtt_ms = 40};
static const struct script_conf tso = {
	.path = {.mtu = 1500, .tso_max = 60000, .tso_max_slices = 32, .ecn = TCP_ECN_ON}};

/* --- negotiation --- */

SCRIPT(ecn_is_accepted_when_the_peer_asks, LISTENING, NULL, /* */
       ACCEPT_ECN, COUNT(ECN_AGREED, 1), SEND(100), OUT(P | A, 1, 1, 100, ECT))

SCRIPT(ecn_is_not_accepted_where_it_is_off, LISTENING, &off, /* */
       IN(ASK, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0), COUNT(ECN_AGREED, 0), SEND(100),
       OUT(P | A, 1, 1, 100))

SCRIPT(ecn_is_asked_for_by_both_flags, LISTENING, NULL, /* */
       IN(S | E, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0), SEND(100), OUT(P | A, 1, 1, 100))

SCRIPT(ecn_is_not_asked_for_by_default, DIALLING, NULL, CONNECT, OUT(S, 0, 0, 0))

SCRIPT(ecn_is_asked_for_where_it_is_on, DIALLING, &on, /* */
       DIAL_ECN, COUNT(ECN_AGREED, 1), SEND(100), OUT(P | A, 1, 1, 100, ECT))

SCRIPT(ecn_over_ipv6, DIALLING, &on_v6, DIAL_ECN, SEND(100), OUT(P | A, 1, 1, 100, ECT))

SCRIPT(ecn_refused_by_the_peer, DIALLING, &on, /* */
       CONNECT, OUT(ASK, 0, 0, 0), IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), COUNT(ECN_AGREED, 0),
       COUNT(ECN_MANGLED, 0), SEND(100), OUT(P | A, 1, 1, 100), IN(P | A, 1, 101, 100, CE),
       OUT(A, 101, 101, 0))

SCRIPT(ecn_mirrored_flags_are_no_consent, DIALLING, &on, /* */
       CONNECT, OUT(ASK, 0, 0, 0), IN(S | A | E | C, 0, 1, 0), OUT(A, 1, 1, 0),
       COUNT(ECN_MANGLED, 1), COUNT(ECN_AGREED, 0), SEND(100), OUT(P | A, 1, 1, 100))

SCRIPT(ecn_syn_without_an_answer_is_repeated_without_it, DIALLING, &on, /* */
       CONNECT, OUT(ASK, 0, 0, 0), WAIT(1001), OUT(S, 0, 0, 0), COUNT(ECN_FALLBACK, 1), WAIT(2001),
       OUT(S, 0, 0, 0), COUNT(ECN_FALLBACK, 1), IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), SEND(100),
       OUT(P | A, 1, 1, 100))

/* The answer to the first SYN comes late: the peer may send marked data, we do not (RFC 3168 6.1.1). */
SCRIPT(ecn_agreed_after_a_syn_without_it_goes_one_way, DIALLING, &on, /* */
       CONNECT, OUT(ASK, 0, 0, 0), WAIT(1001), OUT(S, 0, 0, 0), IN(S | A | E, 0, 1, 0),
       OUT(A, 1, 1, 0), SEND(100), OUT(P | A, 1, 1, 100), IN(P | A, 1, 101, 100, CE),
       OUT(A | E, 101, 101, 0), IN(A | E, 101, 101, 0), COUNT(ECN_REDUCED, 0))

SCRIPT(ecn_syn_again_without_it_goes_one_way, LISTENING, NULL, /* */
       IN(ASK, 0, 0, 0), OUT(S | A | E, 0, 1, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0),
       COUNT(ECN_FALLBACK, 1), IN(A, 1, 1, 0), SEND(100), OUT(P | A, 1, 1, 100),
       IN(P | A, 1, 101, 100, CE), OUT(A | E, 101, 101, 0))

SCRIPT(ecn_syn_again_with_it_changes_nothing, LISTENING, NULL, /* */
       IN(ASK, 0, 0, 0), OUT(S | A | E, 0, 1, 0), IN(ASK, 0, 0, 0), OUT(S | A | E, 0, 1, 0),
       WAIT(1001), OUT(S | A | E, 0, 1, 0), COUNT(ECN_FALLBACK, 0), IN(A, 1, 1, 0), SEND(100),
       OUT(P | A, 1, 1, 100, ECT))

SCRIPT(ecn_of_a_simultaneous_open, DIALLING, &on, /* */
       CONNECT, OUT(ASK, 0, 0, 0), IN(ASK, 0, 0, 0), OUT(S | A | E, 0, 1, 0),
       IN(S | A | E, 0, 1, 0), OUT(A, 1, 1, 0), COUNT(ECN_AGREED, 1), COUNT(ECN_ECE_IN, 0),
       SEND(100), OUT(P | A, 1, 1, 100, ECT))

/* Only a path that writes into the field can have marked a SYN. */
SCRIPT(ecn_marked_syn_is_answered_without_it, LISTENING, NULL, /* */
       IN(ASK, 0, 0, 0, CE), OUT(S | A, 0, 1, 0), COUNT(ECN_MANGLED, 1), IN(A, 1, 1, 0), SEND(100),
       OUT(P | A, 1, 1, 100))

SCRIPT(ecn_marked_syn_ack_is_echoed, DIALLING, &on, /* */
       CONNECT, OUT(ASK, 0, 0, 0), IN(S | A | E, 0, 1, 0, CE), OUT(A | E, 1, 1, 0),
       IN(P | A | C, 1, 1, 100, ECT), OUT(A, 1, 101, 0))

/* --- marks received --- */

SCRIPT(mark_is_echoed_at_once_until_cwr, LISTENING, NULL, /* */
       ACCEPT_ECN, IN(A, 1, 1, 100, CE), OUT(A | E, 1, 101, 0), COUNT(ECN_CE_IN, 1),
       IN(P | A, 101, 1, 100, ECT), OUT(A | E, 1, 201, 0), SEND(10),
       OUT(P | A | E, 1, 201, 10, ECT), IN(P | A | C, 201, 11, 100, ECT), OUT(A, 11, 301, 0),
       IN(P | A, 301, 11, 100, ECT), OUT(A, 11, 401, 0))

SCRIPT(mark_on_the_segment_with_cwr_is_a_new_one, LISTENING, NULL, /* */
       ACCEPT_ECN, IN(P | A, 1, 1, 100, CE), OUT(A | E, 1, 101, 0), IN(P | A | C, 101, 1, 100, CE),
       OUT(A | E, 1, 201, 0))

SCRIPT(mark_out_of_order_is_echoed, LISTENING, NULL, /* */
       ACCEPT_ECN, IN(P | A, 101, 1, 100, CE),
       OUT(A | E, 1, 1, 0, .n_sack = 1, .sack = {{101, 201}}))

/* RFC 3168 6.1.5: anybody could have sent it. */
SCRIPT(mark_outside_of_the_window_is_ignored, LISTENING, NULL, /* */
       ACCEPT_ECN, IN(P | A, 1, 1, 100, ECT), OUT(A, 1, 101, 0), IN(P | A, 1, 1, 100, CE),
       OUT(A, 1, 101, 0, .n_sack = 1, .sack = {{1, 101}}), COUNT(ECN_CE_IN, 0))

SCRIPT(mark_of_a_bare_ack_is_ignored, LISTENING, NULL, /* */
       ACCEPT_ECN, SEND(100), OUT(P | A, 1, 1, 100, ECT), IN(A, 1, 101, 0, CE), SEND(100),
       OUT(P | A, 101, 1, 100, ECT))

SCRIPT(mark_without_ecn_is_ignored, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 100, CE), OUT(A, 1, 101, 0), COUNT(ECN_CE_IN, 0))

/* --- echoes received --- */

SCRIPT(echo_reduces_the_window_once_and_is_answered_by_cwr, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A | E, 1, SEG(10), 0), CWND(7 * MSS), COUNT(ECN_REDUCED, 1),
       COUNT(RETRANSMIT, 0), SEND(3 * MSS), OUT(A | C, SEG(10), 1, MSS, ECT), DATA(11), LAST(12),
       IN(A, 1, SEG(13), 0), QUIET, SEND(MSS), LAST(13), COUNT(ECN_ECE_IN, 1))

SCRIPT(echo_in_the_same_window_is_not_answered_again, DIALLING, &far, /* */
       DIAL_ECN, TEN, IN(A | E, 1, SEG(1), 0), IN(A | E, 1, SEG(3), 0), IN(A | E, 1, SEG(10), 0),
       CWND(7 * MSS), COUNT(ECN_REDUCED, 1), COUNT(ECN_ECE_IN, 3))

/* An ACK of all that was sent before CWR can be older than CWR; one of more cannot. */
SCRIPT(echo_is_answered_again_when_cwr_has_arrived, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A | E, 1, SEG(9), 0), SEND(3 * MSS), OUT(A | C, SEG(10), 1, MSS, ECT),
       DATA(11), LAST(12), IN(A | E, 1, SEG(10), 0), IN(A | E, 1, SEG(10), 0, .wnd = 500),
       COUNT(ECN_REDUCED, 1), IN(A | E, 1, SEG(11), 0), COUNT(ECN_REDUCED, 2))

/* RFC 6937: one segment out for each 10/7 that arrive. */
SCRIPT(echo_reduces_the_window_in_proportion, LISTENING, NULL, /* */
       ACCEPT_ECN, SEND(30 * MSS), SKIP, IN(A | E, 1, SEG(1), 0), OUT(A | C, SEG(10), 1, MSS, ECT),
       QUIET, IN(A, 1, SEG(2), 0), QUIET, IN(A, 1, SEG(3), 0), DATA(11), QUIET, IN(A, 1, SEG(4), 0),
       QUIET, IN(A, 1, SEG(5), 0), QUIET, IN(A, 1, SEG(10), 0), CWND(7 * MSS), DATA(12), DATA(13),
       DATA(14), DATA(15), DATA(16), QUIET)

SCRIPT(echo_of_nothing_is_ignored, LISTENING, NULL, /* */
       ACCEPT_ECN, IN(A | E, 1, 1, 0), IN(A | E, 1, 1, 0), CWND(10 * MSS), COUNT(ECN_REDUCED, 0))

SCRIPT(echo_of_what_was_never_sent_is_ignored, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A | E, 1, SEG(11), 0), SKIP, COUNT(ECN_ECE_IN, 0), COUNT(ECN_REDUCED, 0),
       IN(A, 1, SEG(5), 0), IN(A | E, 1, SEG(4), 0), COUNT(ECN_ECE_IN, 0))

SCRIPT(echo_without_ecn_is_ignored, ACCEPTED, NULL, /* */
       SEND(MSS), SKIP, IN(A | E, 1, SEG(1), 0), COUNT(ECN_REDUCED, 0), CWND(10 * MSS))

SCRIPT(echo_and_loss_in_one_window_count_once, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A | E, 1, SEG(1), 0), IN(A | E, 1, SEG(1), 0, SACK1(SEG(2), SEG(6))),
       AGAIN(1), COUNT(SACK_RECOVERY, 1), IN(A, 1, SEG(10), 0), CWND(7 * MSS))

SCRIPT(echo_in_a_recovery_is_no_further_reason, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), AGAIN(0),
       IN(A | E, 1, SEG(10), 0), CWND(7 * MSS), COUNT(ECN_REDUCED, 0))

SCRIPT(echo_then_timeout_starts_with_one_segment, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A | E, 1, SEG(1), 0), WAIT(600), SKIP, COUNT(RTO, 1), CWND(MSS))

/* All is marked, for ever: two segments a round trip. */
SCRIPT(path_that_marks_all_still_carries, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A | E, 1, SEG(10), 0), SEND(7 * MSS), SKIP, IN(A | E, 1, SEG(17), 0),
       SEND(4 * MSS), SKIP, IN(A | E, 1, SEG(21), 0), SEND(2 * MSS), SKIP, IN(A | E, 1, SEG(23), 0),
       CWND(2 * MSS), SEND(2 * MSS), SKIP, IN(A | E, 1, SEG(25), 0), CWND(2 * MSS), ACKED(25 * MSS),
       OPEN)

/* --- what is marked as understood: new data alone --- */

SCRIPT(repetition_is_not_ect_and_new_data_carries_cwr, LISTENING, NULL, /* */
       ACCEPT_ECN, TEN, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), AGAIN(0), IN(A, 1, SEG(10), 0),
       SEND(2 * MSS), OUT(A | C, SEG(10), 1, MSS, ECT), LAST(11))

SCRIPT(timeout_repeats_without_ect, LISTENING, NULL, /* */
       ACCEPT_ECN, SEND(100), OUT(P | A, 1, 1, 100, ECT), WAIT(70), OUT(P | A, 1, 1, 100),
       WAIT(205), OUT(P | A, 1, 1, 100), IN(A, 1, 101, 0), SEND(100),
       OUT(P | A | C, 101, 1, 100, ECT))

SCRIPT(fin_and_probes_are_not_ect, LISTENING, NULL, /* */
       ACCEPT_ECN, WAIT(30001), OUT(A, 0, 1, 0), IN(A, 1, 1, 0, .wnd = -1), SEND(100), QUIET,
       WAIT(205), OUT(A, 0, 1, 0), IN(A, 1, 1, 0), OUT(P | A, 1, 1, 100, ECT), IN(A, 1, 101, 0),
       CLOSE, OUT(F | A, 101, 1, 0))

/* A port may copy CWR into each part of a large segment. */
SCRIPT(cwr_is_in_a_segment_of_its_own, DIALLING, &tso, /* */
       DIAL_ECN, SEND(10 * MSS), OUT(P | A, 1, 1, 10 * MSS, ECT), IN(A | E, 1, SEG(10), 0),
       SEND(6 * MSS), OUT(A | C, SEG(10), 1, MSS, ECT), OUT(P | A, SEG(11), 1, 5 * MSS, ECT))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecn_is_accepted_when_the_peer_asks),
		cmocka_unit_test(ecn_is_not_accepted_where_it_is_off),
		cmocka_unit_test(ecn_is_asked_for_by_both_flags),
		cmocka_unit_test(ecn_is_not_asked_for_by_default),
		cmocka_unit_test(ecn_is_asked_for_where_it_is_on),
		cmocka_unit_test(ecn_over_ipv6),
		cmocka_unit_test(ecn_refused_by_the_peer),
		cmocka_unit_test(ecn_mirrored_flags_are_no_consent),
		cmocka_unit_test(ecn_syn_without_an_answer_is_repeated_without_it),
		cmocka_unit_test(ecn_agreed_after_a_syn_without_it_goes_one_way),
		cmocka_unit_test(ecn_syn_again_without_it_goes_one_way),
		cmocka_unit_test(ecn_syn_again_with_it_changes_nothing),
		cmocka_unit_test(ecn_of_a_simultaneous_open),
		cmocka_unit_test(ecn_marked_syn_is_answered_without_it),
		cmocka_unit_test(ecn_marked_syn_ack_is_echoed),
		cmocka_unit_test(mark_is_echoed_at_once_until_cwr),
		cmocka_unit_test(mark_on_the_segment_with_cwr_is_a_new_one),
		cmocka_unit_test(mark_out_of_order_is_echoed),
		cmocka_unit_test(mark_outside_of_the_window_is_ignored),
		cmocka_unit_test(mark_of_a_bare_ack_is_ignored),
		cmocka_unit_test(mark_without_ecn_is_ignored),
		cmocka_unit_test(echo_reduces_the_window_once_and_is_answered_by_cwr),
		cmocka_unit_test(echo_in_the_same_window_is_not_answered_again),
		cmocka_unit_test(echo_is_answered_again_when_cwr_has_arrived),
		cmocka_unit_test(echo_reduces_the_window_in_proportion),
		cmocka_unit_test(echo_of_nothing_is_ignored),
		cmocka_unit_test(echo_of_what_was_never_sent_is_ignored),
		cmocka_unit_test(echo_without_ecn_is_ignored),
		cmocka_unit_test(echo_and_loss_in_one_window_count_once),
		cmocka_unit_test(echo_in_a_recovery_is_no_further_reason),
		cmocka_unit_test(echo_then_timeout_starts_with_one_segment),
		cmocka_unit_test(path_that_marks_all_still_carries),
		cmocka_unit_test(repetition_is_not_ect_and_new_data_carries_cwr),
		cmocka_unit_test(timeout_repeats_without_ect),
		cmocka_unit_test(fin_and_probes_are_not_ect),
		cmocka_unit_test(cwr_is_in_a_segment_of_its_own),
	};

	return cmocka_run_group_tests_name("tcp/ecn", tests, script_group_setup, NULL);
}
