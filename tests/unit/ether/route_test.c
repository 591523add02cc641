/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/route.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
add(struct ether_routes *r, const char *net, uint8_t prefix, const char *gateway)
{
	struct ether_route route = {.prefix = prefix};

	assert_int_equal(ipaddr_parse(net, &route.net), 0);
	if (gateway != NULL)
		assert_int_equal(ipaddr_parse(gateway, &route.gateway), 0);
	assert_int_equal(ether_routes_add(r, &route), 0);
}

static void
longest_prefix_wins_whatever_the_order(void **)
{
	static const struct {
		const char *to, *via; /* "": no route; NULL: on the link */
	} cases[] = {
		{"10.0.0.9", NULL},
		{"10.9.1.1", "10.0.0.253"},
		{"10.9.7.1", "10.0.0.252"},
		{"192.0.2.1", "10.0.0.254"},
		{"fd00::5", NULL},
		{"fd01::1", "fd00::fe"},
		{"fe80::1", ""},
	};
	struct ether_routes r = {.n = 0};
	const struct ether_route *found;
	char text[IPADDR_STR_MAX];
	struct ipaddr to;
	unsigned int i;

	add(&r, "0.0.0.0", 0, "10.0.0.254");
	add(&r, "10.9.0.0", 16, "10.0.0.253");
	add(&r, "10.0.0.1", 24, NULL);
	add(&r, "10.9.7.0", 24, "10.0.0.252");
	add(&r, "fd00::1", 64, NULL);
	add(&r, "fd01::", 32, "fd00::fe");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ipaddr_parse(cases[i].to, &to), 0);
		found = ether_routes_lookup(&r, &to);
		if (cases[i].via == NULL)
			assert_int_equal(found->gateway.family, IP_NONE);
		else if (*cases[i].via == '\0')
			assert_null(found);
		else
			assert_string_equal(ipaddr_format(&found->gateway, text), cases[i].via);
	}
}

static void
first_of_equal_prefixes_wins(void **)
{
	struct ether_routes r = {.n = 0};
	struct ipaddr to = ipaddr_v4(0x0b000001);

	add(&r, "11.0.0.0", 8, "10.0.0.1");
	add(&r, "11.0.0.0", 8, "10.0.0.2");
	assert_int_equal(ipaddr_to_v4(&ether_routes_lookup(&r, &to)->gateway), 0x0a000001);
}

static void
full_table_refuses(void **)
{
	struct ether_route route = {.prefix = 32};
	struct ether_routes r = {.n = 0};
	unsigned int i;

	for (i = 0; i < ETHER_ROUTE_TABLE_MAX; i++) {
		route.net = ipaddr_v4(i);
		assert_int_equal(ether_routes_add(&r, &route), 0);
	}
	assert_int_equal(ether_routes_add(&r, &route), -ENOSPC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_prefix_wins_whatever_the_order),
		cmocka_unit_test(first_of_equal_prefixes_wins),
		cmocka_unit_test(full_table_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
