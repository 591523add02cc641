/* SPDX-License-Identifier: BSD-3-Clause */
/* HyStart++: what ends the first slow start, what does not, and how it grows meanwhile. */
#include "drivers/tcp/cc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS 1000000ull
#define MSS 1000u

static struct tcp_cc cc;

static int
setup(void **)
{
	tcp_cc_init(&cc, &tcp_cc_newreno, MSS);
	return 0;
}

/* A round trip in which each of @n ACKs of a segment measures @rtt; the window was the limit. */
static void
round_trip(unsigned int n, uint64_t rtt)
{
	for (; n > 0; n--) {
		tcp_cc_rtt(&cc, rtt, rtt);
		tcp_cc_acked(&cc, MSS, false, 0);
	}
	tcp_cc_round(&cc);
}

static void
steady_round_trips_double_the_window(void **)
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		round_trip(cc.cwnd / MSS, 20 * MS);
	assert_int_equal(cc.cwnd, 320 * MSS);
	assert_int_equal(cc.ssthresh, TCP_SSTHRESH_INF);
}

static void
growing_round_trips_end_slow_start_within_five(void **)
{
	uint32_t begun;
	unsigned int i;

	round_trip(10, 20 * MS);
	round_trip(20, 20 * MS);
	/* from the eighth sample on it grows by a quarter */
	round_trip(40, 25 * MS);
	assert_true(cc.hystart.css);
	assert_in_range(cc.cwnd, 40 * MSS + 7 * MSS + 33 * MSS / 4 - MSS,
			40 * MSS + 8 * MSS + 33 * MSS / 4);
	begun = cc.cwnd;
	for (i = 0; i < 3; i++) {
		round_trip(40, 30 * MS);
		assert_int_equal(cc.ssthresh, TCP_SSTHRESH_INF);
	}
	round_trip(40, 30 * MS);
	assert_int_equal(cc.cwnd, begun + 4 * 10 * MSS);
	assert_int_equal(cc.ssthresh, cc.cwnd);
}

static void
round_trips_that_shrink_again_resume_it(void **)
{
	uint32_t before;

	round_trip(10, 20 * MS);
	round_trip(20, 30 * MS);
	assert_true(cc.hystart.css);
	round_trip(20, 22 * MS);
	assert_false(cc.hystart.css);
	before = cc.cwnd;
	round_trip(20, 22 * MS);
	assert_int_equal(cc.cwnd, before + 20 * MSS);
}

static void
few_samples_prove_nothing(void **)
{
	round_trip(10, 20 * MS);
	round_trip(7, 50 * MS);
	assert_false(cc.hystart.css);
}

static void
growth_below_the_threshold_is_noise(void **)
{
	round_trip(10, 1 * MS);
	round_trip(20, 1 * MS + 3900000);
	assert_false(cc.hystart.css);
	round_trip(20, 1 * MS);
	round_trip(20, 1 * MS + 4100000);
	assert_true(cc.hystart.css);
}

static void
one_long_round_trip_of_many_is_noise(void **)
{
	round_trip(10, 20 * MS);
	tcp_cc_rtt(&cc, 90 * MS, 20 * MS);
	round_trip(20, 20 * MS);
	assert_false(cc.hystart.css);
}

static void
only_the_first_slow_start_is_watched(void **)
{
	round_trip(10, 20 * MS);
	tcp_cc_timeout(&cc, cc.cwnd, false, 0);
	assert_int_equal(cc.ssthresh, 10 * MSS);
	round_trip(8, 90 * MS);
	assert_false(cc.hystart.css);
	assert_int_equal(cc.cwnd, 9 * MSS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(steady_round_trips_double_the_window, setup),
		cmocka_unit_test_setup(growing_round_trips_end_slow_start_within_five, setup),
		cmocka_unit_test_setup(round_trips_that_shrink_again_resume_it, setup),
		cmocka_unit_test_setup(few_samples_prove_nothing, setup),
		cmocka_unit_test_setup(growth_below_the_threshold_is_noise, setup),
		cmocka_unit_test_setup(one_long_round_trip_of_many_is_noise, setup),
		cmocka_unit_test_setup(only_the_first_slow_start_is_watched, setup),
	};

	return cmocka_run_group_tests_name("tcp/hystart", tests, NULL, NULL);
}
