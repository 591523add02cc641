/* SPDX-License-Identifier: BSD-3-Clause */
/* Congestion window validation: what a window is worth that is not in use (RFC 7661). */
#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEG(i) (1 + (i)*MSS)
#define DATA(i) OUT(A, SEG(i), 1, MSS)
/* Send @n segments from the @i-th on, of which each arrives. */
#define THROUGH(i, n) SEND((n)*MSS), SKIP, IN(A, 1, SEG((i) + (n)), 0)
/* Slow start to a window of 40 segments. */
#define FORTY THROUGH(0, 10), THROUGH(10, 20), CWND(40 * MSS)

static struct script_conf quiet;

/* --- pauses --- */

SCRIPT(window_is_kept_over_a_pause, ACCEPTED, &quiet, /* */
       FORTY, WAIT(30000), SEND(40 * MSS), SKIP, COUNT(BYTES_OUT, 70 * MSS), COUNT(CWV_KEPT, 1),
       COUNT(CWV_DECAYED, 0))

SCRIPT(window_is_halved_after_five_minutes_and_again, ACCEPTED, &quiet, /* */
       FORTY, WAIT(299000), THROUGH(30, 1), CWND(40 * MSS), WAIT(2000), THROUGH(31, 1),
       CWND(20 * MSS), COUNT(CWV_DECAYED, 1), WAIT(299000), THROUGH(32, 1), CWND(10 * MSS),
       WAIT(900000), THROUGH(33, 1), CWND(10 * MSS), COUNT(CWV_DECAYED, 2))

SCRIPT(window_halved_grows_back_by_slow_start, ACCEPTED, &quiet, /* */
       FORTY, WAIT(301000), THROUGH(30, 20), CWND(40 * MSS))

/* One that is in use now and then is as good as in use all the time. */
SCRIPT(window_in_use_is_not_halved, ACCEPTED, &quiet, /* */
       FORTY, WAIT(200000), THROUGH(30, 30), WAIT(200000), THROUGH(60, 1), CWND(70 * MSS),
       COUNT(CWV_DECAYED, 0))

/* --- growth --- */

SCRIPT(window_does_not_grow_while_it_is_not_in_use, ACCEPTED, &quiet, /* */
       FORTY, WAIT(2000), THROUGH(30, 19), THROUGH(49, 19), THROUGH(68, 19), CWND(40 * MSS))

/* The window was the limit, but of what was sent so far too little has arrived to say so. */
SCRIPT(window_grows_when_a_quarter_has_arrived, ACCEPTED, &quiet, /* */
       FORTY, WAIT(2000), SEND(60 * MSS), SKIP, IN(A, 1, SEG(31), 0), SKIP, IN(A, 1, SEG(40), 0),
       SKIP, CWND(40 * MSS), IN(A, 1, SEG(41), 0), CWND(41 * MSS))

/* --- congestion --- */

SCRIPT(loss_counts_from_what_was_in_use, ACCEPTED, &quiet, /* */
       FORTY, WAIT(2000), SEND(20 * MSS), SKIP, IN(A, 1, SEG(30), 0, SACK1(SEG(31), SEG(50))),
       DATA(30), COUNT(CWV_LIMITED, 1), IN(A, 1, SEG(50), 0),
       /* half of it, and without what had to be sent again */
       CWND(19 * MSS / 2))

SCRIPT(loss_after_a_little_was_sent_leaves_two_segments, ACCEPTED, &quiet, /* */
       FORTY, WAIT(2000), SEND(4 * MSS), SKIP, IN(A, 1, SEG(30), 0, SACK1(SEG(31), SEG(34))),
       DATA(30), IN(A, 1, SEG(34), 0), CWND(2 * MSS))

SCRIPT(loss_counts_from_what_was_in_use_a_moment_ago, ACCEPTED, &quiet, /* */
       FORTY, WAIT(500), SEND(4 * MSS), SKIP, IN(A, 1, SEG(30), 0, SACK1(SEG(31), SEG(34))),
       DATA(30), COUNT(CWV_LIMITED, 0))

SCRIPT(timeout_counts_from_what_was_in_use, ACCEPTED, &quiet, /* */
       FORTY, WAIT(2000), SEND(8 * MSS), SKIP, WAIT(300), SKIP, COUNT(RTO, 1),
       COUNT(CWV_LIMITED, 1), CWND(MSS))

SCRIPT(window_is_given_back_when_nothing_was_lost, ACCEPTED, &quiet, /* */
       FORTY, WAIT(2000), SEND(20 * MSS), SKIP, IN(A, 1, SEG(30), 0, SACK1(SEG(31), SEG(50))),
       DATA(30), IN(A, 1, SEG(50), 0, SACK1(SEG(30), SEG(31))), CWND(40 * MSS))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_is_kept_over_a_pause),
		cmocka_unit_test(window_is_halved_after_five_minutes_and_again),
		cmocka_unit_test(window_halved_grows_back_by_slow_start),
		cmocka_unit_test(window_in_use_is_not_halved),
		cmocka_unit_test(window_does_not_grow_while_it_is_not_in_use),
		cmocka_unit_test(window_grows_when_a_quarter_has_arrived),
		cmocka_unit_test(loss_counts_from_what_was_in_use),
		cmocka_unit_test(loss_after_a_little_was_sent_leaves_two_segments),
		cmocka_unit_test(loss_counts_from_what_was_in_use_a_moment_ago),
		cmocka_unit_test(timeout_counts_from_what_was_in_use),
		cmocka_unit_test(window_is_given_back_when_nothing_was_lost),
	};

	fake_tcp_conf_default(&quiet.fake);
	quiet.fake.tcp.keepalive_idle = 0;
	quiet.wnd = 2048;
	return cmocka_run_group_tests_name("tcp/cwv", tests, script_group_setup, NULL);
}
