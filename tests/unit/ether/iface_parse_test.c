/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/ether.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define BASE "name=p0,port=net_x0,ip=10.0.0.1/24,"

static void
everything_that_can_be_given_arrives(void **)
{
	struct ether_iface_conf c;
	char why[160], text[IPADDR_STR_MAX];

	assert_int_equal(ether_iface_parse("name=p0.5,port=net_af_packet0,ip=10.0.0.1/24,"
					   "ip=fd00::1/64,gw=10.0.0.254,gw=fe80::1,"
					   "route=10.9.0.0/16@10.0.0.253,vlan=5,mtu=9000,"
					   "neigh=10.0.0.7@02:00:00:00:00:07,ecn=on,cc=newreno",
					   &c, why, sizeof(why)),
			 0);
	assert_string_equal(c.name, "p0.5");
	assert_string_equal(c.port, "net_af_packet0");
	assert_int_equal(c.vlan, 5);
	assert_int_equal(c.mtu, 9000);
	assert_int_equal(c.n_addrs, 2);
	assert_string_equal(ipaddr_format(&c.addrs[1].addr, text), "fd00::1");
	assert_int_equal(c.addrs[0].prefix, 24);
	assert_int_equal(c.addrs[1].prefix, 64);
	assert_int_equal(c.n_routes, 3);
	assert_int_equal(c.routes[0].prefix, 0);
	assert_int_equal(c.routes[1].gateway.family, IP_V6);
	assert_int_equal(c.routes[2].prefix, 16);
	assert_string_equal(ipaddr_format(&c.routes[2].gateway, text), "10.0.0.253");
	assert_int_equal(c.n_neighbours, 1);
	assert_int_equal(c.neighbours[0].mac[5], 7);
	assert_int_equal(c.ecn, ETHER_ECN_ON);
	assert_int_equal(c.cc, ETHER_CC_NEWRENO);
}

static void
dctcp_asks_for_ecn_unless_told(void **)
{
	struct ether_iface_conf c;
	char why[160];

	assert_int_equal(ether_iface_parse(BASE "cc=dctcp", &c, why, sizeof(why)), 0);
	assert_int_equal(c.cc, ETHER_CC_DCTCP);
	assert_int_equal(c.ecn, ETHER_ECN_ON);
	assert_int_equal(ether_iface_parse(BASE "ecn=passive,cc=dctcp", &c, why, sizeof(why)), 0);
	assert_int_equal(c.ecn, ETHER_ECN_PASSIVE);
	assert_int_equal(ether_iface_parse(BASE "ecn=off", &c, why, sizeof(why)), 0);
	assert_int_equal(c.ecn, ETHER_ECN_OFF);
}

static void
defaults_are_untagged_and_1500(void **)
{
	struct ether_iface_conf c;
	char why[160];

	assert_int_equal(ether_iface_parse("name=a,port=b,ip=10.0.0.1/24", &c, why, sizeof(why)),
			 0);
	assert_int_equal(c.vlan, 0);
	assert_int_equal(c.mtu, 1500);
	assert_int_equal(c.ecn, ETHER_ECN_PASSIVE);
	assert_int_equal(c.cc, ETHER_CC_CUBIC);
}

static const struct {
	const char *text;
	const char *why; /* has to be in the reason */
} refused[] = {
	{"", "name= is missing"},
	{"name=a", "port= is missing"},
	{"name=a,port=b", "ip= is missing"},
	{"bogus=1", "'bogus': name=, port="},
	{"name", "'name': name=, port="},
	{"name=a,,port=b", "'': name="},
	{"name=", "name=: 1 to 31 characters"},
	{"name=a b", "name=a b: letters"},
	{"name=a,name=b", "name=b: given twice"},
	{"name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1 to 31 characters"},
	{"port=", "port=: the name of a DPDK port"},
	{"port=a,port=a", "given twice"},
	{BASE "ip=10.0.0.1/24", "ip=10.0.0.1/24: given twice"},
	{BASE "ip=10.0.0.2", "ip=10.0.0.2: address/bits"},
	{BASE "ip=10.0.0.2/33", "ip=10.0.0.2/33: address/bits"},
	{BASE "ip=10.0.0.2/0", "address/bits"},
	{BASE "ip=10.0.0.2/", "address/bits"},
	{BASE "ip=10.0.0.2/x", "address/bits"},
	{BASE "ip=224.0.0.1/24", "not an address that a host may have"},
	{BASE "ip=127.0.0.1/8", "not an address that a host may have"},
	{BASE "ip=ff02::1/64", "not an address that a host may have"},
	{BASE "ip=0.0.0.0/8", "not an address that a host may have"},
	{BASE "gw=x", "gw=x: an address is needed"},
	{BASE "gw=10.1.0.1", "gateway 10.1.0.1: in none of the nets"},
	{BASE "gw=10.0.0.2,gw=10.0.0.3", "gw=10.0.0.3: a route to this net"},
	{BASE "gw=0.0.0.0", "not an address that a host may have"},
	{BASE "route=10.9.0.0/16", "net/bits@gateway"},
	{BASE "route=10.9.0.0/16@fd00::1", "net/bits@gateway"},
	{BASE "route=10.9.0.0/99@10.0.0.3", "net/bits@gateway"},
	{BASE "vlan=0", "vlan=0: a number from 1 to 4094"},
	{BASE "vlan=4095", "vlan=4095: a number from 1 to 4094"},
	{BASE "vlan=5,vlan=5", "vlan=5: given twice"},
	{BASE "mtu=575", "mtu=575: a number from 576 to 9000"},
	{BASE "mtu=9001", "mtu=9001: a number from 576 to 9000"},
	{BASE "mtu=1279,ip=fd00::1/64", "mtu=1279: IPv6 needs at least 1280"},
	{BASE "neigh=10.0.0.7", "neigh=10.0.0.7: address@MAC"},
	{BASE "ecn=yes", "ecn=yes: passive, off or on is needed"},
	{BASE "ecn=on,ecn=on", "ecn=on: given twice"},
	{BASE "cc=bbr", "cc=bbr: cubic, newreno or dctcp is needed"},
	{BASE "cc=cubic,cc=dctcp", "cc=dctcp: given twice"},
	{BASE "cc=dctcp,ecn=off", "cc=dctcp: needs ecn=on"},
	{BASE "neigh=10.0.0.7@1:2", "address@MAC"},
	{BASE "neigh=10.0.0.7@01:00:00:00:00:07", "not addresses that a host may have"},
	{BASE "neigh=10.0.0.7@00:00:00:00:00:00", "not addresses that a host may have"},
};

static void
each_mistake_is_named(void **)
{
	struct ether_iface_conf c;
	char why[200];
	unsigned int i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		why[0] = '\0';
		if (ether_iface_parse(refused[i].text, &c, why, sizeof(why)) != -EINVAL ||
		    strstr(why, refused[i].why) == NULL)
			fail_msg("'%s': expected '%s', got '%s'", refused[i].text, refused[i].why,
				 why);
	}
}

static void
too_many_are_refused(void **)
{
	struct ether_iface_conf c;
	char text[4000], why[200];
	unsigned int i, n;

	n = (unsigned int)snprintf(text, sizeof(text), "name=a,port=b");
	for (i = 1; i <= ETHER_ADDRS_MAX + 1; i++)
		n += (unsigned int)snprintf(text + n, sizeof(text) - n, ",ip=10.0.%u.1/24", i);
	assert_int_equal(ether_iface_parse(text, &c, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "at most 8 addresses"));
	n = (unsigned int)snprintf(text, sizeof(text), "name=a,port=b,ip=10.0.0.1/8");
	for (i = 0; i <= ETHER_ROUTES_MAX; i++)
		n += (unsigned int)snprintf(text + n, sizeof(text) - n,
					    ",route=11.%u.0.0/16@10.0.0.2", i);
	assert_int_equal(ether_iface_parse(text, &c, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "at most 32 routes"));
}

static void
overlong_item_and_short_reason_are_harmless(void **)
{
	struct ether_iface_conf c;
	char text[600], why[8];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ether_iface_parse(text, &c, why, sizeof(why)), -EINVAL);
	assert_int_equal(why[sizeof(why) - 1], '\0');
	assert_int_equal(ether_iface_parse("mtu=1", &c, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "mtu=1: ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_that_can_be_given_arrives),
		cmocka_unit_test(dctcp_asks_for_ecn_unless_told),
		cmocka_unit_test(defaults_are_untagged_and_1500),
		cmocka_unit_test(each_mistake_is_named),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(overlong_item_and_short_reason_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
