/* SPDX-License-Identifier: BSD-3-Clause */
/* The set of stopped next hops. */
#include "lnet/stopped.h"

#include "lnet/lnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct stopped_set set;

static void
holds_what_was_added_and_not_removed(void **)
{
	uint64_t i;

	memset(&set, 0, sizeof(set));
	for (i = 1; i <= 10; i++)
		stopped_add(&set, i);
	stopped_add(&set, 5);
	assert_int_equal(set.n, 10);
	stopped_remove(&set, 1);
	stopped_remove(&set, 1);
	stopped_remove(&set, 99);
	stopped_remove(&set, 10);
	for (i = 0; i <= 11; i++)
		assert_int_equal(stopped_has(&set, i), i >= 2 && i <= 9);
}

static void
what_does_not_fit_is_left_out(void **)
{
	uint64_t i;

	memset(&set, 0, sizeof(set));
	for (i = 1; i <= STOPPED_MAX + 10; i++)
		stopped_add(&set, i);
	assert_int_equal(set.n, STOPPED_MAX);
	assert_true(stopped_has(&set, STOPPED_MAX));
	assert_false(stopped_has(&set, STOPPED_MAX + 1));
	for (i = 1; i <= STOPPED_MAX + 10; i++)
		stopped_remove(&set, i);
	assert_int_equal(set.n, 0);
}

static void
who_is_asked_for_is_wanted(void **)
{
	memset(&set, 0, sizeof(set));
	stopped_add(&set, 1);
	stopped_add(&set, 2);
	/* whatever made it stop was a message */
	assert_true(stopped_wanted(&set, 1));
	assert_false(stopped_wanted(&set, 1));
	assert_true(stopped_has(&set, 1));
	assert_true(stopped_wanted(&set, 1));
	assert_false(stopped_wanted(&set, 99));
}

static void
tags_differ_by_interface_nid_and_seed(void **)
{
	struct lnet_ni a = {.index = 1}, b = {.index = 2};
	struct lnet_nid x, y;

	assert_int_equal(lnet_nid_parse("10.0.0.1@tcp", &x), 0);
	assert_int_equal(lnet_nid_parse("fd00::1@tcp", &y), 0);
	assert_true(stopped_tag(1, &a, &x) == stopped_tag(1, &a, &x));
	assert_true(stopped_tag(1, &a, &x) != stopped_tag(1, &b, &x));
	assert_true(stopped_tag(1, &a, &x) != stopped_tag(1, &a, &y));
	assert_true(stopped_tag(1, &a, &x) != stopped_tag(2, &a, &x));
}

int
main(void)
{
	const struct CMUnitTest stopped[] = {
		cmocka_unit_test(holds_what_was_added_and_not_removed),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(who_is_asked_for_is_wanted),
		cmocka_unit_test(tags_differ_by_interface_nid_and_seed),
	};

	return cmocka_run_group_tests(stopped, NULL, NULL);
}
