/* SPDX-License-Identifier: BSD-3-Clause */
/* Bracket lists and NID lists. */
#include "cfg/nidlist.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int
join(void *ctx, const char *item)
{
	char *out = ctx;

	if (*out != '\0')
		strcat(out, " ");
	strcat(out, item);
	return 0;
}

static void
expand_goes_left_to_right_leftmost_slowest(void **state)
{
	char out[256];

	(void)state;
	out[0] = '\0';
	assert_int_equal(nidlist_expand("a[1-3,7-11/2]b", join, out), 0);
	assert_string_equal(out, "a1b a2b a3b a7b a9b a11b");
	out[0] = '\0';
	assert_int_equal(nidlist_expand("[1,2].[0-1]", join, out), 0);
	assert_string_equal(out, "1.0 1.1 2.0 2.1");
	out[0] = '\0';
	assert_int_equal(nidlist_expand("plain", join, out), 0);
	assert_string_equal(out, "plain");
}

static int
count(void *ctx, const char *item)
{
	(void)item;
	++*(unsigned int *)ctx;
	return 0;
}

static void
expand_refuses_bad_brackets_and_floods(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{"a[", -EINVAL},
		{"a]", -EINVAL},
		{"a[]", -EINVAL},
		{"a[1,]", -EINVAL},
		{"a[1-]", -EINVAL},
		{"a[3-1]", -ERANGE},
		{"a[1-3/0]", -EINVAL},
		{"a[x]", -EINVAL},
		{"a[1-200]", -E2BIG},
		{"[1-99][1-99]", -E2BIG},
		{"a[4294967296]", -EINVAL},
	};
	unsigned int n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = 0;
		assert_int_equal(nidlist_expand(cases[i].text, count, &n), cases[i].rc);
		assert_true(n <= NIDLIST_MAX);
	}
}

static void
nidlist_splits_at_commas_outside_brackets(void **state)
{
	struct lnet_nid nids[8];
	char text[LNET_NID_STR_MAX], why[160];

	(void)state;
	assert_int_equal(
		nidlist_parse("10.0.0.[1,3]@tcp, 10.0.1.2@tcp1", nids, 8, why, sizeof(why)), 3);
	assert_string_equal(lnet_nid_format(&nids[1], text), "10.0.0.3@tcp");
	assert_string_equal(lnet_nid_format(&nids[2], text), "10.0.1.2@tcp1");
	assert_int_equal(nidlist_parse("fd00::7@tcp", nids, 8, why, sizeof(why)), 1);
}

static void
nidlist_says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *why;
	} cases[] = {
		{"10.0.0.1", -EINVAL, "no valid NIDs"},
		{"*@tcp", -EINVAL, "asterisk"},
		{"10.0.0.[3-1]@tcp", -ERANGE, "wrong order"},
		{"12345-10.0.0.1@tcp", -EINVAL, "invalid NID"},
		{"10.0.0.[1-9]@tcp", -E2BIG, "more NIDs"},
		{"", -EINVAL, "no valid NIDs"},
	};
	struct lnet_nid nids[8];
	char why[160];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why[0] = '\0';
		assert_int_equal(nidlist_parse(cases[i].text, nids, 8, why, sizeof(why)),
				 cases[i].rc);
		assert_non_null(strstr(why, cases[i].why));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expand_goes_left_to_right_leftmost_slowest),
		cmocka_unit_test(expand_refuses_bad_brackets_and_floods),
		cmocka_unit_test(nidlist_splits_at_commas_outside_brackets),
		cmocka_unit_test(nidlist_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
