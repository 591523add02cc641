/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/stall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S 1000000000ull
#define T0 (1000 * S)

static struct stall_conf conf;

static int
defaults(void **state)
{
	(void)state;
	stall_conf_default(&conf);
	return 0;
}

/* A peer that is stopped at T0 + 5 s. */
static struct stall
stopped_peer(void)
{
	struct stall s = {0};

	stall_queued(&s, T0);
	assert_true(stall_check(&s, &conf, T0 + 5 * S));
	return s;
}

static void
idle_peer_is_never_stopped(void **state)
{
	struct stall s = {0};

	(void)state;
	assert_int_equal(stall_deadline(&s, &conf), STALL_NEVER);
	assert_false(stall_check(&s, &conf, T0));
	assert_false(stall_probe_due(&s, &conf, T0));
	assert_false(stall_answered(&s, T0));
}

static void
peer_without_progress_is_stopped_at_the_limit_once(void **state)
{
	struct stall s = {0};

	(void)state;
	stall_queued(&s, T0);
	assert_int_equal(stall_deadline(&s, &conf), T0 + 5 * S);
	assert_false(stall_check(&s, &conf, T0 + 5 * S - 1));
	assert_false(stall_is_stopped(&s));
	assert_true(stall_check(&s, &conf, T0 + 5 * S));
	assert_true(stall_is_stopped(&s));
	assert_false(stall_check(&s, &conf, T0 + 60 * S));
}

static void
further_messages_do_not_restart_the_clock(void **state)
{
	struct stall s = {0};

	(void)state;
	stall_queued(&s, T0);
	stall_queued(&s, T0 + 4 * S);
	assert_true(stall_check(&s, &conf, T0 + 5 * S));
}

static void
progress_restarts_the_clock(void **state)
{
	struct stall s = {0};

	(void)state;
	stall_queued(&s, T0);
	stall_progress(&s, T0 + 4 * S);
	assert_false(stall_check(&s, &conf, T0 + 8 * S));
	assert_true(stall_check(&s, &conf, T0 + 9 * S));
}

static void
idle_stops_the_clock(void **state)
{
	struct stall s = {0};

	(void)state;
	stall_queued(&s, T0);
	stall_idle(&s);
	assert_false(stall_check(&s, &conf, T0 + 60 * S));
	stall_queued(&s, T0 + 60 * S);
	assert_false(stall_check(&s, &conf, T0 + 64 * S));
}

static void
limit_of_zero_turns_the_policy_off(void **state)
{
	struct stall_conf off = conf;
	struct stall s = {0};

	(void)state;
	off.limit = 0;
	stall_queued(&s, T0);
	assert_int_equal(stall_deadline(&s, &off), STALL_NEVER);
	assert_false(stall_check(&s, &off, T0 + 1000 * S));
}

static void
only_an_answer_ends_a_stop(void **state)
{
	struct stall s = stopped_peer();

	(void)state;
	stall_progress(&s, T0 + 6 * S);
	stall_idle(&s);
	stall_queued(&s, T0 + 6 * S);
	assert_true(stall_is_stopped(&s));
	assert_true(stall_answered(&s, T0 + 7 * S));
	assert_false(stall_is_stopped(&s));
	assert_false(stall_answered(&s, T0 + 7 * S));
}

static void
probes_double_their_distance_up_to_the_maximum(void **state)
{
	static const unsigned int after[] = {1, 2, 4, 8, 16, 30, 30, 30};
	struct stall s = stopped_peer();
	uint64_t at = T0 + 5 * S;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		at += after[i] * S;
		assert_int_equal(stall_deadline(&s, &conf), at);
		assert_false(stall_probe_due(&s, &conf, at - 1));
		assert_true(stall_probe_due(&s, &conf, at));
		assert_false(stall_probe_due(&s, &conf, at));
	}
	/* the level saturates: the interval neither wraps nor shrinks */
	for (i = 0; i < 1000; i++) {
		at += 30 * S;
		assert_true(stall_probe_due(&s, &conf, at));
	}
}

static void
peer_that_stops_again_soon_is_probed_less(void **state)
{
	struct stall s = stopped_peer();

	(void)state;
	assert_true(stall_probe_due(&s, &conf, T0 + 6 * S));
	assert_true(stall_probe_due(&s, &conf, T0 + 8 * S));
	assert_true(stall_answered(&s, T0 + 8 * S));
	stall_queued(&s, T0 + 10 * S);
	assert_true(stall_check(&s, &conf, T0 + 15 * S));
	assert_int_equal(stall_deadline(&s, &conf), T0 + (15 + 4) * S);
}

static void
peer_that_moved_long_enough_is_trusted_again(void **state)
{
	struct stall s = stopped_peer();

	(void)state;
	assert_true(stall_probe_due(&s, &conf, T0 + 6 * S));
	assert_true(stall_answered(&s, T0 + 6 * S));
	stall_queued(&s, T0 + 61 * S);
	assert_true(stall_check(&s, &conf, T0 + 66 * S));
	assert_int_equal(stall_deadline(&s, &conf), T0 + (66 + 1) * S);
}

static void
hint_brings_the_next_probe_forward_but_not_too_close(void **state)
{
	struct stall s = stopped_peer();

	(void)state;
	assert_true(stall_probe_due(&s, &conf, T0 + 6 * S));
	assert_true(stall_probe_due(&s, &conf, T0 + 8 * S));
	assert_int_equal(stall_deadline(&s, &conf), T0 + 12 * S);
	stall_hint(&s, &conf);
	assert_int_equal(stall_deadline(&s, &conf), T0 + 9 * S);
	stall_hint(&s, &conf);
	assert_int_equal(stall_deadline(&s, &conf), T0 + 9 * S);
}

static void
hint_is_nothing_to_a_peer_that_moves(void **state)
{
	struct stall s = {0};

	(void)state;
	stall_hint(&s, &conf);
	assert_int_equal(stall_deadline(&s, &conf), STALL_NEVER);
	stall_queued(&s, T0);
	stall_hint(&s, &conf);
	assert_int_equal(stall_deadline(&s, &conf), T0 + 5 * S);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_peer_is_never_stopped),
		cmocka_unit_test(peer_without_progress_is_stopped_at_the_limit_once),
		cmocka_unit_test(further_messages_do_not_restart_the_clock),
		cmocka_unit_test(progress_restarts_the_clock),
		cmocka_unit_test(idle_stops_the_clock),
		cmocka_unit_test(limit_of_zero_turns_the_policy_off),
		cmocka_unit_test(only_an_answer_ends_a_stop),
		cmocka_unit_test(probes_double_their_distance_up_to_the_maximum),
		cmocka_unit_test(peer_that_stops_again_soon_is_probed_less),
		cmocka_unit_test(peer_that_moved_long_enough_is_trusted_again),
		cmocka_unit_test(hint_brings_the_next_probe_forward_but_not_too_close),
		cmocka_unit_test(hint_is_nothing_to_a_peer_that_moves),
	};

	return cmocka_run_group_tests_name("stall", tests, defaults, NULL);
}
