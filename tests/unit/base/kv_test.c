/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/kv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
kv_parse_splits_trims_and_decodes(void **)
{
	struct kv kv;

	assert_int_equal(
		kv_parse(&kv, " net = tcp1 ;gw=10.0.0.1%40tcp;flag; text=a%3bb=c;empty=", ';'), 0);
	assert_int_equal(kv.n, 5);
	assert_string_equal(kv_get(&kv, "net"), "tcp1");
	assert_string_equal(kv_get(&kv, "gw"), "10.0.0.1@tcp");
	assert_string_equal(kv_get(&kv, "flag"), "");
	assert_string_equal(kv_get(&kv, "text"), "a;b=c");
	assert_string_equal(kv_get(&kv, "empty"), "");
	assert_null(kv_get(&kv, "ne"));
}

static void
kv_parse_uses_the_separator_it_is_given(void **)
{
	struct kv kv;

	assert_int_equal(kv_parse(&kv, "a=1;2,b=3", ','), 0);
	assert_string_equal(kv_get(&kv, "a"), "1;2");
	assert_string_equal(kv_get(&kv, "b"), "3");
}

static void
kv_parse_keeps_encoded_blanks(void **)
{
	struct kv kv;

	assert_int_equal(kv_parse(&kv, "a=%20x%20", ';'), 0);
	assert_string_equal(kv_get(&kv, "a"), " x ");
}

static void
kv_parse_without_parameters_is_fine(void **)
{
	static const char *const cases[] = {NULL, "", "  "};
	struct kv kv;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(kv_parse(&kv, cases[i], ';'), 0);
		assert_int_equal(kv.n, 0);
		assert_null(kv_unknown(&kv));
	}
}

static void
kv_parse_refuses_what_is_malformed(void **)
{
	static const char *const cases[] = {"=1",      "a=1;;b=2",  "a=1;",  ";",
					    "a=1;a=2", "a=1; a =2", "a=%",   "a=%4",
					    "a=%4g",   "a=%g4",	    "a=%00", "a=%-1"};
	struct kv kv;
	size_t i;

	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(kv_parse(&kv, cases[i], ';'), -EINVAL);
}

static void
kv_parse_limits_length_and_count(void **)
{
	char text[KV_TEXT_MAX + 1], *p = text;
	struct kv kv;
	unsigned int i;

	memset(text, 'x', sizeof(text));
	text[KV_TEXT_MAX] = '\0';
	assert_int_equal(kv_parse(&kv, text, ';'), -E2BIG);
	text[KV_TEXT_MAX - 1] = '\0';
	assert_int_equal(kv_parse(&kv, text, ';'), 0);

	for (i = 0; i < KV_MAX; i++)
		p += snprintf(p, 8, "k%u;", i);
	p[-1] = '\0';
	assert_int_equal(kv_parse(&kv, text, ';'), 0);
	assert_int_equal(kv.n, KV_MAX);
	snprintf(p - 1, 8, ";more");
	assert_int_equal(kv_parse(&kv, text, ';'), -E2BIG);
}

static void
kv_unknown_tells_the_first_unused_key(void **)
{
	struct kv kv;

	assert_int_equal(kv_parse(&kv, "a=1;b=2;c=3", ';'), 0);
	assert_string_equal(kv_unknown(&kv), "a");
	kv_get(&kv, "a");
	kv_get(&kv, "c");
	assert_string_equal(kv_unknown(&kv), "b");
	kv_get(&kv, "b");
	assert_null(kv_unknown(&kv));
}

static void
kv_int_reads_whole_numbers_in_range(void **)
{
	static const struct {
		const char *text;
		int64_t min, max;
		int rc;
		int64_t v;
	} cases[] = {
		{"0", 0, 10, 0, 0},
		{"10", 0, 10, 0, 10},
		{"11", 0, 10, -ERANGE, 0},
		{"-1", 0, 10, -ERANGE, 0},
		{"-5", -5, 5, 0, -5},
		{"0x1F", 0, 100, 0, 31},
		{"010", 0, 100, 0, 8},
		{"08", 0, 100, -EINVAL, 0},
		{"", 0, 10, -EINVAL, 0},
		{"-", 0, 10, -EINVAL, 0},
		{"+1", 0, 10, -EINVAL, 0},
		{" 1", 0, 10, -EINVAL, 0},
		{"1 ", 0, 10, -EINVAL, 0},
		{"1k", 0, 10, -EINVAL, 0},
		{"0x", 0, 10, -EINVAL, 0},
		{"1.5", 0, 10, -EINVAL, 0},
		{"9223372036854775807", 0, INT64_MAX, 0, INT64_MAX},
		{"9223372036854775808", 0, INT64_MAX, -ERANGE, 0},
		{"-9223372036854775808", INT64_MIN, 0, 0, INT64_MIN},
		{"-9223372036854775809", INT64_MIN, 0, -ERANGE, 0},
	};
	int64_t v;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		v = 77;
		assert_int_equal(kv_int(cases[i].text, cases[i].min, cases[i].max, &v),
				 cases[i].rc);
		assert_int_equal(v, cases[i].rc == 0 ? cases[i].v : 77);
	}
}

static void
kv_get_int_tells_absent_from_bad(void **)
{
	struct kv kv;
	int64_t v = 5;

	assert_int_equal(kv_parse(&kv, "a=3;b=x;c", ';'), 0);
	assert_int_equal(kv_get_int(&kv, "absent", 0, 9, &v), 0);
	assert_int_equal(kv_get_int(&kv, "b", 0, 9, &v), -EINVAL);
	assert_int_equal(kv_get_int(&kv, "c", 0, 9, &v), -EINVAL);
	assert_int_equal(v, 5);
	assert_int_equal(kv_get_int(&kv, "a", 0, 9, &v), 1);
	assert_int_equal(v, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kv_parse_splits_trims_and_decodes),
		cmocka_unit_test(kv_parse_uses_the_separator_it_is_given),
		cmocka_unit_test(kv_parse_keeps_encoded_blanks),
		cmocka_unit_test(kv_parse_without_parameters_is_fine),
		cmocka_unit_test(kv_parse_refuses_what_is_malformed),
		cmocka_unit_test(kv_parse_limits_length_and_count),
		cmocka_unit_test(kv_unknown_tells_the_first_unused_key),
		cmocka_unit_test(kv_int_reads_whole_numbers_in_range),
		cmocka_unit_test(kv_get_int_tells_absent_from_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
