/* SPDX-License-Identifier: BSD-3-Clause */
/* Congestion control: slow start, CUBIC against its formula, NewReno. */
#include "drivers/tcp/cc.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MSS 1000u
#define MS 1000000ull
#define S (1000 * MS)

/* Acknowledge a whole window segment by segment over one round trip. */
static void
round_trip(struct tcp_cc *cc, uint64_t *now, uint64_t rtt)
{
	uint32_t segments = cc->cwnd / MSS, i;

	for (i = 0; i < segments; i++) {
		*now += rtt / segments;
		tcp_cc_acked(cc, MSS, false, *now);
	}
}

static void
initial_window_is_ten_segments_or_less(void **)
{
	static const struct {
		uint32_t mss, window;
	} cases[] = {{536, 5360},   {1000, 10000}, {1448, 14480},
		     {1460, 14600}, {2000, 14600}, {8948, 17896}};
	struct tcp_cc cc;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tcp_cc_init(&cc, &tcp_cc_cubic, cases[i].mss);
		assert_int_equal(cc.cwnd, cases[i].window);
	}
}

static void
slow_start_doubles_each_round_trip(void **)
{
	struct tcp_cc cc;
	uint64_t now = S;

	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	round_trip(&cc, &now, 10 * MS);
	assert_int_equal(cc.cwnd, 20 * MSS);
	round_trip(&cc, &now, 10 * MS);
	assert_int_equal(cc.cwnd, 40 * MSS);
}

static void
slow_start_ends_at_the_threshold(void **)
{
	struct tcp_cc cc;

	tcp_cc_init(&cc, &tcp_cc_newreno, MSS);
	cc.ssthresh = 12 * MSS;
	tcp_cc_acked(&cc, 5 * MSS, false, S);
	/* two segments of slow start, and three that count for congestion avoidance */
	assert_in_range(cc.cwnd, 12 * MSS + 1, 12 * MSS + 250);
}

static void
after_a_timeout_one_ack_grows_by_two_segments_at_most(void **)
{
	struct tcp_cc cc;

	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	tcp_cc_timeout(&cc, 50 * MSS, false, S);
	assert_int_equal(cc.cwnd, MSS);
	assert_int_equal(cc.ssthresh, 35 * MSS);
	tcp_cc_acked(&cc, 30 * MSS, true, S);
	assert_int_equal(cc.cwnd, 3 * MSS);
	tcp_cc_timeout(&cc, 3 * MSS, true, S);
	assert_int_equal(cc.ssthresh, 35 * MSS);
}

static void
newreno_halves_and_grows_by_a_segment_a_round_trip(void **)
{
	struct tcp_cc cc;
	uint64_t now = S;
	unsigned int i;

	tcp_cc_init(&cc, &tcp_cc_newreno, MSS);
	tcp_cc_loss(&cc, 40 * MSS, now);
	assert_int_equal(cc.cwnd, 20 * MSS);
	assert_int_equal(cc.ssthresh, 20 * MSS);
	for (i = 0; i < 10; i++)
		round_trip(&cc, &now, MS);
	assert_in_range(cc.cwnd, 29 * MSS, 30 * MSS);
}

static void
loss_leaves_two_segments_at_least(void **)
{
	struct tcp_cc cc;

	tcp_cc_init(&cc, &tcp_cc_newreno, MSS);
	tcp_cc_loss(&cc, MSS, S);
	assert_int_equal(cc.cwnd, 2 * MSS);
	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	tcp_cc_loss(&cc, MSS, S);
	assert_int_equal(cc.cwnd, 2 * MSS);
}

/* From @now on the window is W(t) = C (t - K)^3 + W_max: held against it between @from and @to seconds. Return: how often. */
static unsigned int
follow(struct tcp_cc *cc, uint64_t now, double w_max, double k, double from, double to,
       double error)
{
	uint64_t start = now;
	unsigned int checked = 0;
	double t = 0, want;

	while (t < to) {
		round_trip(cc, &now, 100 * MS);
		t = (double)(now - start) / 1e9;
		want = 0.4 * (t - k) * (t - k) * (t - k) + w_max;
		if (t > from) {
			assert_true(fabs(cc->cwnd / (double)MSS - want) < want * error);
			checked++;
		}
	}
	return checked;
}

/* On a long path the window is flat at W_max after K seconds, then goes up. */
static void
cubic_follows_its_curve(void **)
{
	struct tcp_cc cc;
	const double w_max = 1000, k = cbrt(w_max * 0.3 / 0.4);

	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	cc.srtt = 100 * MS;
	cc.cwnd = (uint32_t)w_max * MSS;
	tcp_cc_loss(&cc, cc.cwnd, S);
	assert_int_equal(cc.cwnd, 700 * MSS);
	assert_true(follow(&cc, S, w_max, k, 1, 15, 0.03) > 100);
}

/* After a timeout the curve begins where slow start ends, flat, whatever it was before (RFC 9438 4.8). */
static void
cubic_begins_anew_after_a_timeout(void **)
{
	struct tcp_cc cc;
	uint64_t now = S;

	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	cc.srtt = 100 * MS;
	cc.cwnd = 1000 * MSS;
	tcp_cc_loss(&cc, cc.cwnd, now);
	round_trip(&cc, &now, 100 * MS);
	tcp_cc_timeout(&cc, cc.cwnd, false, now);
	while (cc.cwnd < cc.ssthresh)
		round_trip(&cc, &now, 100 * MS);
	/* Reno is the faster one for five seconds */
	assert_true(follow(&cc, now, (double)cc.cwnd / MSS, 0, 5, 12, 0.04) > 50);
}

/* On a short path Reno would be faster, so CUBIC goes at its pace: 0.53 segments a round trip below the old window. */
static void
cubic_is_not_slower_than_reno_on_a_short_path(void **)
{
	struct tcp_cc cc;
	uint64_t now = S;
	unsigned int i;

	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	cc.srtt = MS;
	cc.cwnd = 100 * MSS;
	tcp_cc_loss(&cc, cc.cwnd, now);
	for (i = 0; i < 40; i++)
		round_trip(&cc, &now, MS);
	assert_in_range(cc.cwnd, (70 + 19) * MSS, (70 + 22) * MSS);
}

static void
cubic_gives_way_faster_when_losses_come_early(void **)
{
	struct tcp_cc cc;

	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	cc.cwnd = 100 * MSS;
	tcp_cc_loss(&cc, cc.cwnd, S);
	assert_true(fabs(cc.cubic.w_max - 100) < 0.01);
	tcp_cc_loss(&cc, cc.cwnd, 2 * S);
	assert_true(fabs(cc.cubic.w_max - 70 * 0.85) < 0.01);
}

static void
cubic_does_not_count_idle_time(void **)
{
	struct tcp_cc busy, idle;
	uint64_t now = S;

	tcp_cc_init(&busy, &tcp_cc_cubic, MSS);
	busy.srtt = 100 * MS;
	busy.cwnd = 100 * MSS;
	tcp_cc_loss(&busy, busy.cwnd, now);
	round_trip(&busy, &now, 100 * MS);
	idle = busy;
	tcp_cc_idle(&idle, 100 * MS);
	assert_int_equal(idle.cwnd, busy.cwnd);
	tcp_cc_acked(&busy, MSS, false, now);
	tcp_cc_acked(&idle, MSS, false, now + 100 * MS);
	assert_int_equal(idle.cwnd, busy.cwnd);
}

static void
decay_halves_down_to_the_initial_window(void **)
{
	struct tcp_cc cc;

	tcp_cc_init(&cc, &tcp_cc_cubic, MSS);
	cc.cwnd = 32 * MSS;
	cc.ssthresh = 8 * MSS;
	assert_true(tcp_cc_decay(&cc));
	assert_int_equal(cc.cwnd, 16 * MSS);
	assert_int_equal(cc.ssthresh, 24 * MSS);
	assert_true(tcp_cc_decay(&cc));
	assert_int_equal(cc.cwnd, 10 * MSS);
	assert_int_equal(cc.ssthresh, 24 * MSS);
	assert_false(tcp_cc_decay(&cc));
	cc.cwnd = 3 * MSS;
	assert_false(tcp_cc_decay(&cc));
	assert_int_equal(cc.cwnd, 3 * MSS);
}

static void
window_never_overflows(void **)
{
	static const struct tcp_cc_ops *const ops[] = {&tcp_cc_cubic, &tcp_cc_newreno};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct tcp_cc cc;
		uint64_t now = S;
		unsigned int n;

		tcp_cc_init(&cc, ops[i], MSS);
		for (n = 0; n < 1000; n++) {
			now += 1000 * S;
			tcp_cc_acked(&cc, 1u << 29, false, now);
			if (n % 100 == 50)
				tcp_cc_loss(&cc, cc.cwnd, now);
			assert_true(cc.cwnd >= MSS && cc.cwnd <= TCP_CWND_MAX);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_window_is_ten_segments_or_less),
		cmocka_unit_test(slow_start_doubles_each_round_trip),
		cmocka_unit_test(slow_start_ends_at_the_threshold),
		cmocka_unit_test(after_a_timeout_one_ack_grows_by_two_segments_at_most),
		cmocka_unit_test(newreno_halves_and_grows_by_a_segment_a_round_trip),
		cmocka_unit_test(loss_leaves_two_segments_at_least),
		cmocka_unit_test(cubic_follows_its_curve),
		cmocka_unit_test(cubic_begins_anew_after_a_timeout),
		cmocka_unit_test(cubic_is_not_slower_than_reno_on_a_short_path),
		cmocka_unit_test(cubic_gives_way_faster_when_losses_come_early),
		cmocka_unit_test(cubic_does_not_count_idle_time),
		cmocka_unit_test(decay_halves_down_to_the_initial_window),
		cmocka_unit_test(window_never_overflows),
	};

	return cmocka_run_group_tests_name("tcp/cc", tests, NULL, NULL);
}
