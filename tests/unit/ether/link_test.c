/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static void
state_at_start_is_believed(void **)
{
	struct link_filter f;

	link_filter_init(&f, true, 5);
	assert_true(f.up);
	assert_false(link_filter_poll(&f, true, 6));
	link_filter_init(&f, false, 5);
	assert_false(f.up);
}

static void
down_is_reported_at_once(void **)
{
	struct link_filter f;

	link_filter_init(&f, true, 0);
	assert_true(link_filter_poll(&f, false, 1));
	assert_false(f.up);
	assert_false(link_filter_poll(&f, false, 2));
}

static void
up_is_reported_when_it_has_lasted(void **)
{
	struct link_filter f;

	link_filter_init(&f, false, 0);
	assert_false(link_filter_poll(&f, true, 100 * MS));
	assert_false(link_filter_poll(&f, true, 1099 * MS));
	assert_true(link_filter_poll(&f, true, 1100 * MS));
	assert_true(f.up);
}

static void
flapping_link_stays_down(void **)
{
	struct link_filter f;
	uint64_t t;

	link_filter_init(&f, false, 0);
	for (t = 0; t < 10000 * MS; t += 500 * MS)
		assert_false(link_filter_poll(&f, (t / (500 * MS)) % 2, t));
	assert_false(f.up);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_at_start_is_believed),
		cmocka_unit_test(down_is_reported_at_once),
		cmocka_unit_test(up_is_reported_when_it_has_lasted),
		cmocka_unit_test(flapping_link_stays_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
