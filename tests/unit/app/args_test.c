/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: every kind of option, and refusals that name option, value and what is allowed. */
#include "app/router/args.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct args args;
static char why[256];

static int
parse(const char *a, const char *b, const char *c)
{
	char *argv[] = {"test", (char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)c};
	int argc = c != NULL ? 4 : b != NULL ? 3 : 2;

	args_default(&args);
	why[0] = '\0';
	return args_parse(&args, argc, argv, why, sizeof(why));
}

static void
args_take_values_behind_a_blank_or_an_equals_sign(void **state)
{
	(void)state;
	assert_int_equal(parse("--peer_credits", "16", NULL), 0);
	assert_int_equal(args.socklnd.peer_credits, 16);
	assert_int_equal(parse("--peer-credits=17", NULL, NULL), 0);
	assert_int_equal(args.socklnd.peer_credits, 17);
	assert_int_equal(parse("--forwarding", "enabled", NULL), 0);
	assert_int_equal(args.lnet.forwarding, 1);
	assert_int_equal(parse("--forwarding=disabled", NULL, NULL), 0);
	assert_int_equal(args.lnet.forwarding, 0);
	assert_int_equal(parse("--networks", "tcp0(p0),tcp1(p1)", "--help"), 0);
	assert_string_equal(args.networks, "tcp0(p0),tcp1(p1)");
	assert_true(args.help);
}

static void
args_resolve_networks_and_routes(void **state)
{
	(void)state;
	assert_int_equal(parse("--networks=tcp0(p0),tcp1(p1)", "--routes=o2ib 10.0.0.9@tcp", NULL),
			 0);
	assert_int_equal(args_resolve(&args, 2, why, sizeof(why)), 0);
	assert_int_equal(args.lnet.n_nets, 2);
	assert_int_equal(args.lnet.n_routes, 1);
	assert_int_equal(parse("--networks=tcp0(p0)[7]", NULL, NULL), 0);
	assert_int_equal(args_resolve(&args, 2, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "CPT numbers are 0 to 1"));
}

static void
args_refuse_and_say_what_is_allowed(void **state)
{
	static const char *const cases[][3] = {
		{"--nonsense", "1", "unknown option '--nonsense'"},
		{"peer_credits", "1", "unknown option 'peer_credits'"},
		{"--peer_credits", NULL, "needs a value"},
		{"--peer_credits", "0", "--peer_credits '0': a whole number from 1 to 65535"},
		{"--peer_credits", "8x", "--peer_credits '8x'"},
		{"--peer_credits", "", "--peer_credits ''"},
		{"--tos", "256", "--tos '256'"},
		{"--forwarding", "yes", "--forwarding 'yes': one of disabled|enabled"},
		{"--accept", "sec", "--accept 'sec': one of secure|all|none"},
		{"--help=1", NULL, "takes no value"},
		{"--interface", "name=p0", "--interface 'name=p0'"},
		{"--interface", "name=p0,port=x,ip=10.0.0.300/24", "10.0.0.300"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i][0], cases[i][1], NULL), -EINVAL);
		if (strstr(why, cases[i][2]) == NULL)
			fail_msg("'%s' does not say '%s'", why, cases[i][2]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(args_take_values_behind_a_blank_or_an_equals_sign),
		cmocka_unit_test(args_resolve_networks_and_routes),
		cmocka_unit_test(args_refuse_and_say_what_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
