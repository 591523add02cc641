/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/ipaddr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct ipaddr
addr(const char *text)
{
	struct ipaddr a;

	assert_int_equal(ipaddr_parse(text, &a), 0);
	return a;
}

static void
ipaddr_text_round_trip(void **)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"10.0.0.1", "10.0.0.1"},
		{"255.255.255.255", "255.255.255.255"},
		{"0.0.0.0", "0.0.0.0"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"FD00::A", "fd00::a"},
		{"2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"},
		/* RFC 5952 4.2.2: a single zero group is written out */
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		/* 4.2.3: the longest run, the first of two equal ones */
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		/* mapped addresses are IPv4 addresses here */
		{"::ffff:10.1.2.3", "10.1.2.3"},
		/* longest text */
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[IPADDR_STR_MAX];
	struct ipaddr a;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		a = addr(cases[i].in);
		assert_string_equal(ipaddr_format(&a, text), cases[i].out);
	}
}

static void
ipaddr_parse_refuses_what_is_no_address(void **)
{
	static const char *const cases[] = {"",
					    " ",
					    "10.0.0",
					    "10.0.0.256",
					    "10.0.0.1 ",
					    " 10.0.0.1",
					    "10.0.0.1/8",
					    "10.0.0.01x",
					    ":::",
					    "1::2::3",
					    "fe80::1%eth0",
					    "g::1",
					    "12345::",
					    "1:2:3:4:5:6:7:8:9",
					    "localhost"};
	struct ipaddr a;
	size_t i;

	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(ipaddr_parse(cases[i], &a), -EINVAL);
}

static void
ipaddr_v4_is_host_order_and_compares_bytewise(void **)
{
	struct ipaddr a = ipaddr_v4(0x0a000001), b = addr("10.0.0.1"), six = addr("::a00:1");

	assert_true(ipaddr_equal(&a, &b));
	assert_int_equal(ipaddr_to_v4(&a), 0x0a000001);
	assert_int_equal(ipaddr_to_v4(&six), 0);
	assert_false(ipaddr_equal(&a, &six));
}

static void
ipaddr_in_prefix_checks_family_and_length(void **)
{
	static const struct {
		const char *a, *net;
		unsigned int prefix;
		bool in;
	} cases[] = {
		{"10.1.2.3", "10.0.0.0", 8, true},
		{"11.1.2.3", "10.0.0.0", 8, false},
		{"10.1.2.3", "10.1.2.2", 31, true},
		{"10.1.2.3", "10.1.2.2", 32, false},
		{"10.1.2.3", "10.1.2.3", 32, true},
		{"10.1.2.3", "192.0.0.0", 0, true},
		{"10.1.2.3", "10.1.2.3", 33, false},
		{"10.127.0.0", "10.0.0.0", 9, true},
		{"10.128.0.0", "10.0.0.0", 9, false},
		{"10.0.0.1", "::", 0, false},
		{"fd00::1", "fd00::", 64, true},
		{"fd00:0:0:1::1", "fd00::", 63, true},
		{"fd00:0:0:1::1", "fd00::", 64, false},
		{"::1", "::1", 128, true},
		{"::1", "::2", 127, false},
		{"::1", "::1", 129, false},
	};
	struct ipaddr a, net, none = {0};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		a = addr(cases[i].a);
		net = addr(cases[i].net);
		assert_int_equal(ipaddr_in_prefix(&a, &net, cases[i].prefix), cases[i].in);
	}
	assert_false(ipaddr_in_prefix(&none, &none, 0));
}

static void
ipaddr_classes(void **)
{
	static const struct {
		const char *a;
		bool multicast, link_local, unspecified;
	} cases[] = {
		{"0.0.0.0", false, false, true},	  {"::", false, false, true},
		{"223.255.255.255", false, false, false}, {"224.0.0.1", true, false, false},
		{"239.255.255.255", true, false, false},  {"240.0.0.1", false, false, false},
		{"169.254.1.1", false, true, false},	  {"169.253.1.1", false, false, false},
		{"fe80::1", false, true, false},	  {"febf::1", false, true, false},
		{"fec0::1", false, false, false},	  {"ff02::1", true, false, false},
	};
	struct ipaddr a, none = {0};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		a = addr(cases[i].a);
		assert_int_equal(ipaddr_is_multicast(&a), cases[i].multicast);
		assert_int_equal(ipaddr_is_link_local(&a), cases[i].link_local);
		assert_int_equal(ipaddr_is_unspecified(&a), cases[i].unspecified);
	}
	assert_true(ipaddr_is_unspecified(&none));
	assert_false(ipaddr_is_multicast(&none));
	assert_false(ipaddr_is_link_local(&none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipaddr_text_round_trip),
		cmocka_unit_test(ipaddr_parse_refuses_what_is_no_address),
		cmocka_unit_test(ipaddr_v4_is_host_order_and_compares_bytewise),
		cmocka_unit_test(ipaddr_in_prefix_checks_family_and_length),
		cmocka_unit_test(ipaddr_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
