/* SPDX-License-Identifier: BSD-3-Clause */
/* Every edge of the life cycle, as an operator would expect it. */
#include "app/router/lifecycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct edge {
	enum life_state from;
	enum life_event event;
	enum life_action action;
	enum life_state to;
};

#define L LIFE_LOADED
#define C LIFE_CONFIGURED
#define U LIFE_UNCONFIGURING
#define D LIFE_DRAINING
#define V LIFE_LEAVING
#define R LIFE_RELEASED

static const struct edge expected[] = {
	{L, LIFE_EV_CONFIGURE, LIFE_DO_CONFIGURE, C},
	{L, LIFE_EV_UNCONFIGURE, LIFE_NOTHING, L},
	{L, LIFE_EV_RELEASE, LIFE_DO_RELEASE, R},
	{L, LIFE_EV_FORCE, LIFE_DO_RELEASE, R},
	{L, LIFE_EV_TERM, LIFE_DO_RELEASE, R},
	{L, LIFE_EV_DRAIN, LIFE_DO_RELEASE, R},
	{L, LIFE_EV_IDLE, LIFE_NOTHING, L},
	{L, LIFE_EV_DOWN, LIFE_NOTHING, L},

	{C, LIFE_EV_CONFIGURE, LIFE_NOTHING, C},
	{C, LIFE_EV_UNCONFIGURE, LIFE_DO_UNCONFIGURE, U},
	{C, LIFE_EV_RELEASE, LIFE_REFUSE, C},
	{C, LIFE_EV_FORCE, LIFE_DO_UNCONFIGURE, V},
	{C, LIFE_EV_TERM, LIFE_REFUSE, C},
	{C, LIFE_EV_DRAIN, LIFE_DO_DRAIN, D},
	{C, LIFE_EV_IDLE, LIFE_NOTHING, C},
	{C, LIFE_EV_DOWN, LIFE_NOTHING, L},

	{U, LIFE_EV_CONFIGURE, LIFE_BUSY, U},
	{U, LIFE_EV_UNCONFIGURE, LIFE_NOTHING, U},
	{U, LIFE_EV_RELEASE, LIFE_BUSY, U},
	{U, LIFE_EV_FORCE, LIFE_NOTHING, V},
	{U, LIFE_EV_TERM, LIFE_NOTHING, V},
	{U, LIFE_EV_DRAIN, LIFE_NOTHING, V},
	{U, LIFE_EV_IDLE, LIFE_NOTHING, U},
	{U, LIFE_EV_DOWN, LIFE_NOTHING, L},

	{D, LIFE_EV_CONFIGURE, LIFE_BUSY, D},
	{D, LIFE_EV_UNCONFIGURE, LIFE_DO_UNCONFIGURE, V},
	{D, LIFE_EV_RELEASE, LIFE_BUSY, D},
	{D, LIFE_EV_FORCE, LIFE_DO_UNCONFIGURE, V},
	{D, LIFE_EV_TERM, LIFE_NOTHING, D},
	{D, LIFE_EV_DRAIN, LIFE_DO_UNCONFIGURE, V},
	{D, LIFE_EV_IDLE, LIFE_DO_UNCONFIGURE, V},
	{D, LIFE_EV_DOWN, LIFE_DO_RELEASE, R},

	{V, LIFE_EV_CONFIGURE, LIFE_BUSY, V},
	{V, LIFE_EV_UNCONFIGURE, LIFE_NOTHING, V},
	{V, LIFE_EV_RELEASE, LIFE_NOTHING, V},
	{V, LIFE_EV_FORCE, LIFE_NOTHING, V},
	{V, LIFE_EV_TERM, LIFE_NOTHING, V},
	{V, LIFE_EV_DRAIN, LIFE_NOTHING, V},
	{V, LIFE_EV_IDLE, LIFE_NOTHING, V},
	{V, LIFE_EV_DOWN, LIFE_DO_RELEASE, R},

	{R, LIFE_EV_CONFIGURE, LIFE_BUSY, R},
	{R, LIFE_EV_UNCONFIGURE, LIFE_NOTHING, R},
	{R, LIFE_EV_RELEASE, LIFE_NOTHING, R},
	{R, LIFE_EV_FORCE, LIFE_NOTHING, R},
	{R, LIFE_EV_TERM, LIFE_NOTHING, R},
	{R, LIFE_EV_DRAIN, LIFE_NOTHING, R},
	{R, LIFE_EV_IDLE, LIFE_NOTHING, R},
	{R, LIFE_EV_DOWN, LIFE_NOTHING, R},
};

static void
life_cycle_takes_every_edge(void **state)
{
	enum life_state s;
	size_t i;

	(void)state;
	assert_int_equal(sizeof(expected) / sizeof(expected[0]), LIFE_STATES * LIFE_EVENTS);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		s = expected[i].from;
		print_message("%s, event %d\n", life_state_name(s), (int)expected[i].event);
		assert_int_equal(life_step(&s, expected[i].event), expected[i].action);
		assert_int_equal(s, expected[i].to);
	}
}

static void
life_cycle_never_releases_while_configured_without_force_or_drain(void **state)
{
	enum life_state s = LIFE_CONFIGURED;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(life_step(&s, LIFE_EV_RELEASE), LIFE_REFUSE);
		assert_int_equal(life_step(&s, LIFE_EV_TERM), LIFE_REFUSE);
		assert_int_equal(s, LIFE_CONFIGURED);
	}
	assert_int_equal(life_step(&s, LIFE_EV_UNCONFIGURE), LIFE_DO_UNCONFIGURE);
	assert_int_equal(life_step(&s, LIFE_EV_DOWN), LIFE_NOTHING);
	assert_int_equal(life_step(&s, LIFE_EV_RELEASE), LIFE_DO_RELEASE);
	assert_int_equal(s, LIFE_RELEASED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life_cycle_takes_every_edge),
		cmocka_unit_test(life_cycle_never_releases_while_configured_without_force_or_drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
