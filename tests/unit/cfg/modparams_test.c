/* SPDX-License-Identifier: BSD-3-Clause */
/* The texts of `networks` and `routes`, good and bad. */
#include "cfg/modparams.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX 8

static char why[200];

/* The result as text: "tcp(p0) tcp1(p1)". */
static const char *
networks(const char *text, unsigned int n_cpts)
{
	static char out[256];
	struct lnet_net_conf nets[MAX];
	char net[LNET_NET_STR_MAX];
	int n = modparams_networks(text, n_cpts, nets, MAX, why, sizeof(why)), i;
	size_t len = 0;

	out[0] = '\0';
	if (n < 0)
		return strerror(-n);
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s(%s)", i > 0 ? " " : "",
					lnet_net_format(nets[i].net, net), nets[i].ifname);
	return out;
}

static void
networks_reads_every_form(void **state)
{
	static const char *const cases[][2] = {
		{"tcp", "tcp()"},
		{"tcp0(p0),tcp1(p1)", "tcp(p0) tcp1(p1)"},
		{"tcp0(p0)[0,1],o2ib0(ib0)", "tcp(p0) o2ib(ib0)"},
		{"tcp(p0,p1)", "tcp(p0) tcp(p1)"},
		{"tcp(p0),tcp(p1)", "tcp(p0) tcp(p1)"},
		{" tcp1 ( p0 ) , o2ib", "tcp1(p0) o2ib()"},
		{"lo,tcp(p0)", "tcp(p0)"},
		{"tcp(p0[0-1])", "tcp(p0)"},
		{"tcp65535(p0)", "tcp65535(p0)"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(networks(cases[i][0], 2), cases[i][1]);
}

static void
networks_leaves_tunables_to_the_driver(void **state)
{
	struct lnet_net_conf net;

	(void)state;
	assert_int_equal(modparams_networks("tcp(p0)", 1, &net, 1, why, sizeof(why)), 1);
	assert_int_equal(net.tun.credits, -1);
	assert_int_equal(net.tun.tos, -1);
}

static void
networks_refuses_and_names_the_place(void **state)
{
	static const char *const cases[][2] = {
		{"", "column 1"},
		{"tcp(", "column 5"},
		{"tcp)", "column 4"},
		{"tcp:1(p0)", "unknown network"},
		{"foo", "unknown network 'foo'"},
		{"tcp65536", "unknown network"},
		{"tcp(p0,p0)", "given twice"},
		{"tcp(p0),", "column 9"},
		{"tcp(p0)[2]", "CPT numbers are 0 to 1"},
		{"tcp(p0)[0]", "serves all CPTs"},
		{"tcp(p0)[1-0]", "CPT"},
		{"tcp(p0)[]", "CPT number"},
		{"tcp(p0) tcp1", "column 9"},
		{"tcp()", "interface name"},
		{"tcp(an_interface_name_that_is_too_long_)", "interface name"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why[0] = '\0';
		assert_string_equal(networks(cases[i][0], 2), strerror(EINVAL));
		if (strstr(why, cases[i][1]) == NULL)
			fail_msg("'%s': '%s' does not say '%s'", cases[i][0], why, cases[i][1]);
	}
}

static void
networks_is_bounded(void **state)
{
	char text[MODPARAMS_TEXT_MAX + 1];

	(void)state;
	assert_string_equal(networks("tcp(a,b,c,d,e,f,g,h,i)", 1), strerror(E2BIG));
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_string_equal(networks(text, 1), strerror(E2BIG));
}

static const char *
routes(const char *text)
{
	static char out[512];
	struct lnet_route_conf r[MAX];
	char net[LNET_NET_STR_MAX], nid[LNET_NID_STR_MAX];
	int n = modparams_routes(text, r, MAX, why, sizeof(why)), i;
	size_t len = 0;

	out[0] = '\0';
	if (n < 0)
		return strerror(-n);
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s %s %d %d",
					i > 0 ? "; " : "", lnet_net_format(r[i].net, net),
					lnet_nid_format(&r[i].gateway, nid), r[i].hops,
					r[i].priority);
	return out;
}

static void
routes_reads_every_form(void **state)
{
	static const char *const cases[][2] = {
		{"o2ib 192.0.2.1@tcp", "o2ib 192.0.2.1@tcp -1 0"},
		{"o2ib 2 192.0.2.[1-2]@tcp:1", "o2ib 192.0.2.1@tcp 2 1; o2ib 192.0.2.2@tcp 2 1"},
		{"tcp[1,3] 198.51.100.[10-18/8]@o2ib",
		 "tcp1 198.51.100.10@o2ib -1 0; tcp3 198.51.100.10@o2ib -1 0; tcp1 198.51.100.18@o2ib -1 0; "
		 "tcp3 198.51.100.18@o2ib -1 0"},
		{"o2ib1 192.0.2.1@tcp; o2ib2 192.0.2.2@tcp:5",
		 "o2ib1 192.0.2.1@tcp -1 0; o2ib2 192.0.2.2@tcp -1 5"},
		{"o2ib 192.0.2.1@tcp # one; not two\no2ib2 192.0.2.2@tcp",
		 "o2ib 192.0.2.1@tcp -1 0; o2ib2 192.0.2.2@tcp -1 0"},
		{"", ""},
		{"tcp1 fd00::1@tcp", "tcp1 fd00::1@tcp -1 0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(routes(cases[i][0]), cases[i][1]);
}

static void
routes_refuses_and_names_the_word(void **state)
{
	static const char *const cases[][2] = {
		{"o2ib", "at least one gateway"},
		{"o2ib 0 192.0.2.1@tcp", "'0': hops"},
		{"o2ib 256 192.0.2.1@tcp", "'256': hops"},
		{"foo 192.0.2.1@tcp", "'foo'"},
		{"o2ib 192.0.2.1@foo", "'192.0.2.1@foo'"},
		{"o2ib 192.0.2.1@tcp:x", "priority"},
		{"o2ib 192.0.2.1@tcp:-1", "priority"},
		{"o2ib 192.0.2.1@tcp 192.0.2.2", "gateway"},
		{"tcp[1 192.0.2.1@tcp", "'tcp[1'"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why[0] = '\0';
		assert_string_equal(routes(cases[i][0]), strerror(EINVAL));
		if (strstr(why, cases[i][1]) == NULL)
			fail_msg("'%s': '%s' does not say '%s'", cases[i][0], why, cases[i][1]);
	}
	assert_string_equal(routes("o2ib 192.0.2.[1-9]@tcp"), strerror(E2BIG));
	assert_string_equal(routes("o2ib 192.0.2.[9-1]@tcp"), strerror(ERANGE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_reads_every_form),
		cmocka_unit_test(networks_leaves_tunables_to_the_driver),
		cmocka_unit_test(networks_refuses_and_names_the_place),
		cmocka_unit_test(networks_is_bounded),
		cmocka_unit_test(routes_reads_every_form),
		cmocka_unit_test(routes_refuses_and_names_the_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
