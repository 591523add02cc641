/* SPDX-License-Identifier: BSD-3-Clause */
/* DCTCP: the echo of each mark, the window that follows their share, and what is done without ECN (RFC 8257). */
#include "drivers/tcp/cc.h"
#include "tests/unit/tcp/script.h"

#include <math.h>
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
#define AGAIN(i) OUT(A, SEG(i), 1, MSS)

#define PATH .mtu = 1500, .max_slices = 8, .cc = TCP_CC_DCTCP
static const struct script_conf fabric = {.path = {PATH, .ecn = TCP_ECN_ON}};

#define ACCEPT_DCTCP                                                                \
	IN(ASK, 0, 0, 0, ECT), OUT(S | A | E, 0, 1, 0, ECT), IN(A, 1, 1, 0), QUIET, \
		COUNT(ECN_MANGLED, 0)
#define DIAL_DCTCP                                                                  \
	CONNECT, OUT(ASK, 0, 0, 0, ECT), IN(S | A | E, 0, 1, 0, ECT, .wnd = 65535), \
		OUT(A, 1, 1, 0), QUIET, COUNT(ECN_AGREED, 1)

/* --- 3.2: the echo --- */

SCRIPT(change_is_echoed_behind_an_ack_of_what_came_before, LISTENING, &fabric, /* */
       ACCEPT_DCTCP, IN(A, 1, 1, 100, ECT), QUIET, IN(A, 101, 1, 100, CE), OUT(A, 1, 101, 0),
       OUT(A | E, 1, 201, 0), /* one state: ACKs are delayed */
       IN(A, 201, 1, 100, CE), QUIET, WAIT(41), OUT(A | E, 1, 301, 0), IN(A, 301, 1, 100, CE),
       QUIET, IN(A, 401, 1, 100, ECT), OUT(A | E, 1, 401, 0), OUT(A, 1, 501, 0),
       IN(A, 501, 1, 100, ECT), QUIET)

SCRIPT(change_with_nothing_to_acknowledge_takes_one_ack, LISTENING, &fabric, /* */
       ACCEPT_DCTCP, IN(P | A, 1, 1, 100, CE), OUT(A | E, 1, 101, 0), QUIET,
       IN(P | A, 101, 1, 100, ECT), OUT(A, 1, 201, 0), QUIET)

SCRIPT(changes_within_a_burst_are_all_echoed, LISTENING, &fabric, /* */
       ACCEPT_DCTCP, BURST(A, 1, 1, 100, ECT), BURST(A, 101, 1, 100, ECT),
       BURST(A, 201, 1, 100, CE), BURST(A, 301, 1, 100, CE), IN(A, 401, 1, 100, ECT),
       OUT(A, 1, 201, 0), OUT(A | E, 1, 401, 0), OUT(A, 1, 501, 0), QUIET)

/* The sender's CWR means nothing here. */
SCRIPT(echo_does_not_wait_for_cwr, LISTENING, &fabric, /* */
       ACCEPT_DCTCP, IN(P | A, 1, 1, 100, CE), OUT(A | E, 1, 101, 0),
       IN(P | A | C, 101, 1, 100, CE), OUT(A | E, 1, 201, 0))

/* 3.6 */
SCRIPT(marked_syn_ack_is_not_echoed, DIALLING, &fabric, /* */
       CONNECT, OUT(ASK, 0, 0, 0, ECT), IN(S | A | E, 0, 1, 0, CE), OUT(A, 1, 1, 0), ABORT,
       OUT(R | A, 1, 1, 0, ECT))

/* --- 3.3 to 3.5: the window --- */

SCRIPT(first_mark_halves_the_window, DIALLING, &fabric, /* */
       DIAL_DCTCP, SEND(10 * MSS), SKIP, IN(A | E, 1, SEG(10), 0), CWND(5 * MSS),
       COUNT(ECN_REDUCED, 1), SEND(MSS), OUT(P | A | C, SEG(10), 1, MSS, ECT))

SCRIPT(loss_halves_the_window, DIALLING, &fabric, /* */
       DIAL_DCTCP, SEND(10 * MSS), SKIP, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))), AGAIN(0),
       IN(A, 1, SEG(10), 0), CWND(5 * MSS))

/* What marks took is no answer to a loss: 10 to 5, and half of what is in flight then. */
SCRIPT(loss_after_a_mark_counts_as_well, DIALLING, &fabric, /* */
       DIAL_DCTCP, SEND(10 * MSS), SKIP, IN(A | E, 1, SEG(2), 0),
       IN(A | E, 1, SEG(2), 0, SACK1(SEG(3), SEG(7))), SKIP, IN(A, 1, SEG(10), 0), CWND(4 * MSS))

/* --- without ECN --- */

SCRIPT(peer_without_ecn_gets_the_usual_control, DIALLING, &fabric, /* */
       CONNECT, OUT(ASK, 0, 0, 0, ECT), IN(S | A, 0, 1, 0, .wnd = 65535), OUT(A, 1, 1, 0),
       SEND(10 * MSS), OUT(A, 1, 1, MSS), SKIP, IN(A, 1, SEG(0), 0, SACK1(SEG(1), SEG(4))),
       AGAIN(0), IN(A, 1, SEG(10), 0), CWND(7 * MSS))

SCRIPT(syn_without_an_answer_is_repeated_without_ect, DIALLING, &fabric, /* */
       CONNECT, OUT(ASK, 0, 0, 0, ECT), WAIT(1001), OUT(S, 0, 0, 0))

/* --- the estimate --- */

static void
round_trip(struct tcp_cc *cc, uint32_t acked, uint32_t marked)
{
	tcp_cc_echoed(cc, acked - marked, false);
	tcp_cc_echoed(cc, marked, true);
	tcp_cc_round(cc);
}

static void
alpha_approaches_the_share_of_marks(void **)
{
	struct tcp_cc cc;
	double alpha = 1;
	unsigned int i;

	tcp_cc_init(&cc, &tcp_cc_dctcp, 1000);
	for (i = 0; i < 100; i++) {
		round_trip(&cc, 100000, 20000);
		alpha = alpha * 15 / 16 + 0.2 / 16;
		assert_true(fabs(cc.dctcp.alpha - alpha) < 1e-9);
	}
	assert_true(fabs(cc.dctcp.alpha - 0.2) < 0.01);
	/* a round trip without an ACK says nothing */
	tcp_cc_round(&cc);
	assert_true(fabs(cc.dctcp.alpha - alpha) < 1e-9);
	cc.cwnd = 100000;
	tcp_cc_marked(&cc, 50000, 0);
	assert_in_range(cc.cwnd, 89900, 90000);
	assert_int_equal(cc.ssthresh, cc.cwnd);
}

static void
window_is_two_segments_at_least(void **)
{
	struct tcp_cc cc;
	unsigned int i;

	tcp_cc_init(&cc, &tcp_cc_dctcp, 1000);
	for (i = 0; i < 10; i++)
		tcp_cc_marked(&cc, cc.cwnd, 0);
	assert_int_equal(cc.cwnd, 2000);
}

static void
estimate_outlives_a_recovery_taken_back(void **)
{
	struct tcp_cc cc, before;

	tcp_cc_init(&cc, &tcp_cc_dctcp, 1000);
	before = cc;
	tcp_cc_loss(&cc, 10000, 0);
	round_trip(&cc, 10000, 0);
	tcp_cc_undo(&cc, &before);
	assert_int_equal(cc.cwnd, before.cwnd);
	assert_true(cc.dctcp.alpha < 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_is_echoed_behind_an_ack_of_what_came_before),
		cmocka_unit_test(change_with_nothing_to_acknowledge_takes_one_ack),
		cmocka_unit_test(changes_within_a_burst_are_all_echoed),
		cmocka_unit_test(echo_does_not_wait_for_cwr),
		cmocka_unit_test(marked_syn_ack_is_not_echoed),
		cmocka_unit_test(first_mark_halves_the_window),
		cmocka_unit_test(loss_halves_the_window),
		cmocka_unit_test(loss_after_a_mark_counts_as_well),
		cmocka_unit_test(peer_without_ecn_gets_the_usual_control),
		cmocka_unit_test(syn_without_an_answer_is_repeated_without_ect),
		cmocka_unit_test(alpha_approaches_the_share_of_marks),
		cmocka_unit_test(window_is_two_segments_at_least),
		cmocka_unit_test(estimate_outlives_a_recovery_taken_back),
	};

	return cmocka_run_group_tests_name("tcp/dctcp", tests, script_group_setup, NULL);
}
