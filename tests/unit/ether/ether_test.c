/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/tel.h"
#include "tests/unit/ether/lan.h"

#include <rte_ethdev.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct lan lan;
static struct tel *tel;
static char reply[20000];

static void
wake(void *)
{
}

static int
setup(void **)
{
	lan_create(&lan, 2, 2, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24,ip=fd00::1/64,neigh=10.0.0.9@02:00:00:00:00:09");
	lan_iface(&lan, 1, "ip=10.1.0.1/24,vlan=7,mtu=4000,cc=dctcp");
	lan_start(&lan);
	assert_int_equal(tel_create(wake, NULL, &tel), 0);
	assert_int_equal(ether_tel_register(lan.e, tel), 0);
	return 0;
}

static int
teardown(void **)
{
	tel_unregister_owner(tel, lan.e);
	tel_destroy(tel);
	lan_destroy(&lan);
	return 0;
}

/* Fails unless the reply has @text in it. */
static void
ask(const char *cmd, const char *params, int rc, const char *text)
{
	assert_int_equal(tel_call(tel, cmd, params, reply, sizeof(reply), lan.now), rc);
	if (strstr(reply, text) == NULL)
		fail_msg("%s,%s: '%s' is not in: %s", cmd, params, text, reply);
}

static void
link_is_told_down_at_once_and_up_when_it_has_lasted(void **)
{
	struct ether_path path;
	struct ipaddr local = lan_addr("10.1.0.1"), remote = lan_addr("10.1.0.2");

	assert_int_equal(rte_eth_dev_set_link_down(lan.e->ports[1]->id), 0);
	lan_wait(&lan, LAN_SECOND / 5);
	assert_int_equal(lan.n_links, 1);
	assert_int_equal(lan.links[0].iface, 1);
	assert_false(lan.links[0].up);
	assert_int_equal(ether_path(ether_lcore(lan.e, 0), &local, &remote, &path), -ENETDOWN);
	ask("/ether/iface/list", "", 0, "\"link\":\"down\"");
	assert_int_equal(rte_eth_dev_set_link_up(lan.e->ports[1]->id), 0);
	lan_wait(&lan, LAN_SECOND / 2);
	assert_int_equal(lan.n_links, 1);
	lan_clear(&lan);
	lan_wait(&lan, LAN_SECOND);
	assert_int_equal(lan.n_links, 2);
	assert_true(lan.links[1].up);
	assert_int_equal(ether_path(ether_lcore(lan.e, 0), &local, &remote, &path), 0);
	/* and the addresses are announced again */
	assert_int_equal(LAN_COUNT(&lan, ARP_REQUEST_OUT), 2 + 2 + 1);
}

static void
lists_show_ports_and_interfaces(void **)
{
	char text[100];

	snprintf(text, sizeof(text), "port=%s", lan.port[1]);
	ask("/ether/port/list", "", 0, "\"count\":2,\"next\":0");
	ask("/ether/port/list", "off=1", 0, "\"count\":1,\"next\":0");
	ask("/ether/port/list", "off=x", -EINVAL, "off=");
	ask("/ether/port/list", "bogus=1", -EINVAL, "unknown parameter: bogus");
	ask("/ether/port/show", text, 0, "\"mtu\":4000");
	ask("/ether/port/show", text, 0, "\"ipackets\":");
	ask("/ether/port/show", "", -ENODEV, "port=");
	ask("/ether/port/show", "port=x", -ENODEV, "port=");
	ask("/ether/iface/list", "", 0, "\"vlan\":7");
	ask("/ether/iface/list", "", 0, "\"ecn\":\"passive\",\"cc\":\"cubic\"");
	ask("/ether/iface/list", "", 0, "\"ecn\":\"on\",\"cc\":\"dctcp\"");
	ask("/ether/iface/list", "", 0, "fd00::1/64 ok");
}

static void
neighbours_are_listed_added_and_removed_on_every_worker(void **)
{
	struct ipaddr a = lan_addr("10.0.0.8");
	unsigned int w;

	ask("/ether/neigh/list", "", 0, "\"count\":2,\"next\":0");
	ask("/ether/neigh/list", "iface=if0", 0,
	    "\"address\":\"10.0.0.9\",\"mac\":\"02:00:00:00:00:09\",\"state\":\"static\"");
	ask("/ether/neigh/list", "iface=if1", 0, "\"count\":0");
	ask("/ether/neigh/list", "iface=if7", -ENODEV, "if7");
	ask("/ether/neigh/add", "iface=if0;addr=10.0.0.8;mac=02:00:00:00:00:08", 0, "\"rc\":0");
	for (w = 0; w < 2; w++)
		assert_int_equal(neigh_find(lan.e->workers[w]->neigh, 0, &a)->state, NEIGH_STATIC);
	ask("/ether/neigh/list", "", 0, "\"count\":4");
	ask("/ether/neigh/del", "iface=if0;addr=10.0.0.8", 0, "\"rc\":0");
	ask("/ether/neigh/del", "iface=if0;addr=10.0.0.8", -ENOENT, "no such neighbour");
	ask("/ether/neigh/add", "iface=if0;addr=10.0.0.8", -EINVAL, "mac=");
	ask("/ether/neigh/add", "addr=10.0.0.8;mac=02:00:00:00:00:08", -EINVAL, "iface=");
	ask("/ether/neigh/add", "iface=if0;addr=x;mac=02:00:00:00:00:08", -EINVAL, "addr=");
	ask("/ether/neigh/add", "iface=if0;addr=10.0.0.8;mac=01:00:00:00:00:08", -EINVAL, "mac=");
}

static void
long_list_of_neighbours_comes_in_pages(void **)
{
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};
	unsigned int i, off = 0, total = 0, pages = 0;
	char params[40];
	struct ipaddr a;
	const char *p;

	for (i = 0; i < 300; i++) {
		a = ipaddr_v4(0x0a000100 + i);
		assert_int_equal(
			neigh_set_static(lan.e->workers[i % 2]->neigh, 0, &a, &mac, lan.now), 0);
	}
	do {
		snprintf(params, sizeof(params), "off=%u", off);
		ask("/ether/neigh/list", params, 0, "\"count\":");
		assert_true(strlen(reply) < 16000);
		p = strstr(reply, "\"count\":");
		total += (unsigned int)atoi(p + 8);
		off = (unsigned int)atoi(strstr(p, "\"next\":") + 7);
		pages++;
	} while (off != 0);
	assert_int_equal(total, 300 + 2);
	assert_true(pages > 1);
}

static void
counters_are_summed_over_the_workers(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	char text[64], src[32];
	unsigned int i;

	for (i = 2; i < 22; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", i);
		lan_send(&lan, f, lan_tcp4(f, src, "10.0.0.1", 10));
	}
	snprintf(text, sizeof(text), "\"rx_tcp\":%llu", (unsigned long long)20);
	ask("/ether/stats", "", 0, text);
	ask("/ether/stats", "x=1", -EINVAL, "unknown parameter: x");
}

static void
creation_checks_the_number_of_workers(void **)
{
	struct ether *e;

	assert_int_equal(ether_create(NULL, 0, NULL, &e), -EINVAL);
	assert_int_equal(ether_create(NULL, ETHER_WORKERS_MAX + 1, NULL, &e), -EINVAL);
	ether_destroy(NULL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(link_is_told_down_at_once_and_up_when_it_has_lasted),
		CASE(lists_show_ports_and_interfaces),
		CASE(neighbours_are_listed_added_and_removed_on_every_worker),
		CASE(long_list_of_neighbours_comes_in_pages),
		CASE(counters_are_summed_over_the_workers),
		cmocka_unit_test(creation_checks_the_number_of_workers),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
