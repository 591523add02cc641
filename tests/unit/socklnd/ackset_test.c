/* SPDX-License-Identifier: BSD-3-Clause */
/* The set of due acknowledgements: what is added comes out exactly once, in forms that a NOOP can carry (7.3). */
#include "drivers/socklnd/ackset.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
check_next(struct socklnd_ackset *set, uint64_t cookie0, uint64_t cookie1)
{
	uint64_t c0, c1;

	assert_true(socklnd_ackset_next(set, false, &c0, &c1));
	assert_true(c0 == cookie0 && c1 == cookie1);
	socklnd_ackset_pop(set, false);
}

static void
ranges_pairs_and_single_ones(void **state)
{
	static const uint64_t in[] = {9, 2, 4, 3, 30, 20, 10, 40, 50};
	struct socklnd_ackset set = {0};
	uint64_t c0, c1;
	unsigned int i;

	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_int_equal(socklnd_ackset_add(&set, in[i]), 0);
	check_next(&set, 2, 4);
	check_next(&set, 9, 10);
	check_next(&set, 30, 20);
	check_next(&set, 50, 40);
	assert_int_equal(socklnd_ackset_add(&set, 60), 0);
	check_next(&set, 0, 60);
	assert_false(socklnd_ackset_next(&set, false, &c0, &c1));
}

static void
single_form_counts_through_ranges(void **state)
{
	struct socklnd_ackset set = {0};
	uint64_t c, c0, c1;

	for (c = 7; c >= 3; c--)
		assert_int_equal(socklnd_ackset_add(&set, c), 0);
	assert_int_equal(set.n, 1);
	for (c = 3; c <= 7; c++) {
		assert_true(socklnd_ackset_next(&set, true, &c0, &c1));
		assert_true(c0 == 0 && c1 == c);
		socklnd_ackset_pop(&set, true);
	}
	assert_int_equal(set.n, 0);
}

static void
what_is_due_already_and_what_does_not_fit_is_refused(void **state)
{
	struct socklnd_ackset set = {0};
	unsigned int i;

	for (i = 0; i < SOCKLND_ACKS_MAX; i++)
		assert_int_equal(socklnd_ackset_add(&set, 10 + 2 * i), 0);
	assert_int_equal(socklnd_ackset_add(&set, 12), -EEXIST);
	assert_int_equal(socklnd_ackset_add(&set, 5), -ENOSPC);
	assert_int_equal(socklnd_ackset_add(&set, 1000), -ENOSPC);
	assert_int_equal(socklnd_ackset_add(&set, 11), 0); /* joins two */
	assert_int_equal(set.n, SOCKLND_ACKS_MAX - 1);
	assert_int_equal(socklnd_ackset_add(&set, 11), -EEXIST);
	assert_int_equal(socklnd_ackset_add(&set, 1000), 0);
}

static void
highest_cookies_do_not_wrap(void **state)
{
	struct socklnd_ackset set = {0};

	assert_int_equal(socklnd_ackset_add(&set, UINT64_MAX), 0);
	assert_int_equal(socklnd_ackset_add(&set, 2), 0);
	assert_int_equal(socklnd_ackset_add(&set, UINT64_MAX - 1), 0);
	assert_int_equal(set.n, 2);
}

/* Against a plain bitmap, in seeded random order, added and taken out in between. */
static void
every_cookie_comes_out_exactly_once(void **state)
{
	enum {
		COOKIES = 300
	};
	struct socklnd_ackset set = {0};
	uint8_t due[COOKIES + 2] = {0}, seen[COOKIES + 2] = {0};
	uint32_t seed = 12345, i;
	uint64_t c0, c1, c;
	int rc;

	for (i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		c = 2 + (seed >> 8) % COOKIES;
		rc = socklnd_ackset_add(&set, c);
		if (rc == 0) {
			assert_int_equal(due[c], 0);
			due[c] = 1;
		} else if (rc == -EEXIST) {
			assert_int_equal(due[c], 1);
		}
		if (seed % 3 != 0 || !socklnd_ackset_next(&set, false, &c0, &c1))
			continue;
		memset(seen, 0, sizeof(seen));
		if (c0 == 0 || c0 > c1) {
			seen[c1] = 1;
			if (c0 != 0)
				seen[c0] = 1;
		} else {
			for (c = c0; c <= c1; c++)
				seen[c] = 1;
		}
		for (c = 2; c < COOKIES + 2; c++) {
			assert_true(due[c] >= seen[c]);
			due[c] -= seen[c];
		}
		socklnd_ackset_pop(&set, false);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_pairs_and_single_ones),
		cmocka_unit_test(single_form_counts_through_ranges),
		cmocka_unit_test(what_is_due_already_and_what_does_not_fit_is_refused),
		cmocka_unit_test(highest_cookies_do_not_wrap),
		cmocka_unit_test(every_cookie_comes_out_exactly_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
