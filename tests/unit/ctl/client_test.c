/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameters of a request: what goes in comes out, whatever an operator typed. */
#include "app/ctl/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
values_are_percent_encoded(void **state)
{
	struct params p;

	(void)state;
	params_init(&p);
	params_add(&p, "net", "tcp1");
	params_add(&p, "if", "p0,p1");
	params_add(&p, "none", NULL);
	params_add_int(&p, "tos", -1);
	assert_string_equal(p.text, "net=tcp1;if=p0%2cp1;tos=-1");
	assert_true(params_has(&p, "if"));
	assert_false(params_has(&p, "f"));
	assert_false(params_has(&p, "none"));
}

static void
taken_parameters_leave_the_others(void **state)
{
	static const struct {
		const char *key, *rest;
	} rows[] = {
		{"a", "b=x%3b%25y;c=3"},
		{"b", "a=1;c=3"},
		{"c", "a=1;b=x%3b%25y"},
	};
	char value[16];
	struct params p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		params_init(&p);
		params_add(&p, "a", "1");
		params_add(&p, "b", "x;%y");
		params_add(&p, "c", "3");
		assert_true(params_take(&p, rows[i].key, value, sizeof(value)));
		assert_string_equal(p.text, rows[i].rest);
		assert_int_equal(p.len, strlen(rows[i].rest));
		assert_false(params_take(&p, rows[i].key, value, sizeof(value)));
	}
	params_init(&p);
	params_add(&p, "b", "x;%y");
	assert_true(params_take(&p, "b", value, sizeof(value)));
	assert_string_equal(value, "x;%y");
	assert_string_equal(p.text, "");
	params_add(&p, "b", "x;%y");
	assert_false(params_take(&p, "b", value, 4));
	assert_true(params_take(&p, "b", value, 5));
}

static void
what_does_not_fit_is_marked(void **state)
{
	char text[CLIENT_PARAMS_MAX + 1];
	struct params p;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	params_init(&p);
	params_add(&p, "k", text);
	assert_true(p.overflow);
	assert_true(strlen(p.text) < sizeof(p.text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_percent_encoded),
		cmocka_unit_test(taken_parameters_leave_the_others),
		cmocka_unit_test(what_does_not_fit_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
