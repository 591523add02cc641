/* SPDX-License-Identifier: BSD-3-Clause */
/* Proportional rate reduction by itself: what may be sent for each ACK. */
#include "drivers/tcp/prr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MSS 1000u

/* One lost of twenty, each ACK delivers a segment: the window ends at its new size, in even steps. */
static void
one_loss_of_twenty_is_spread_over_the_round_trip(void **)
{
	uint32_t ssthresh = 14 * MSS, pipe = 19 * MSS, sent = 0, n;
	struct tcp_prr p;
	unsigned int i, pause = 0, longest = 0;

	tcp_prr_begin(&p, 20 * MSS);
	for (i = 0; i < 19; i++) {
		pipe -= MSS;
		n = tcp_prr_acked(&p, MSS, pipe, ssthresh, MSS, false);
		n -= n % MSS;
		assert_true(n <= 2 * MSS);
		tcp_prr_sent(&p, n);
		pipe += n;
		sent += n;
		pause = n == 0 ? pause + 1 : 0;
		longest = pause > longest ? pause : longest;
	}
	assert_in_range(pipe, ssthresh - MSS, ssthresh);
	assert_in_range(sent, 13 * MSS, 15 * MSS);
	assert_true(longest <= 2);
}

static void
first_ack_sends_a_segment_whatever_was_delivered(void **)
{
	struct tcp_prr p;

	tcp_prr_begin(&p, 20 * MSS);
	assert_int_equal(tcp_prr_acked(&p, 10, 19 * MSS, 14 * MSS, MSS, false), MSS);
}

/* Most of the flight is lost: as much as is delivered goes out, and one more each time while nothing else is lost. */
static void
heavy_loss_conserves_packets(void **)
{
	struct tcp_prr p;

	tcp_prr_begin(&p, 20 * MSS);
	assert_int_equal(tcp_prr_acked(&p, MSS, 4 * MSS, 14 * MSS, MSS, false), MSS);
	tcp_prr_sent(&p, MSS);
	assert_int_equal(tcp_prr_acked(&p, MSS, 4 * MSS, 14 * MSS, MSS, false), MSS);
	tcp_prr_sent(&p, MSS);
	assert_int_equal(tcp_prr_acked(&p, MSS, 4 * MSS, 14 * MSS, MSS, true), 2 * MSS);
}

static void
window_is_never_more_than_the_new_size(void **)
{
	struct tcp_prr p;

	tcp_prr_begin(&p, 20 * MSS);
	assert_int_equal(tcp_prr_acked(&p, 12 * MSS, 8 * MSS, 14 * MSS, MSS, true), 6 * MSS);
}

static void
sums_do_not_overflow(void **)
{
	struct tcp_prr p;

	tcp_prr_begin(&p, 1u << 30);
	tcp_prr_sent(&p, 1u << 29);
	assert_int_equal(tcp_prr_acked(&p, 1u << 30, 1u << 30, 1u << 29, MSS, false), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_loss_of_twenty_is_spread_over_the_round_trip),
		cmocka_unit_test(first_ack_sends_a_segment_whatever_was_delivered),
		cmocka_unit_test(heavy_loss_conserves_packets),
		cmocka_unit_test(window_is_never_more_than_the_new_size),
		cmocka_unit_test(sums_do_not_overflow),
	};

	return cmocka_run_group_tests_name("tcp/prr", tests, NULL, NULL);
}
