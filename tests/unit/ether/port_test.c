/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct lan lan;

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

static int
add(const char *port, const char *name, const char *rest, char *why)
{
	struct ether_iface_conf conf;
	char line[300];

	snprintf(line, sizeof(line), "name=%s,port=%s,%s", name, port, rest);
	assert_int_equal(ether_iface_parse(line, &conf, why, 200), 0);
	return ether_iface_add(lan.e, &conf, why, 200);
}

static void
unknown_port_is_named(void **)
{
	char why[200] = "";

	lan_create(&lan, 1, 1, 1);
	assert_int_equal(add("net_none0", "p0", "ip=10.0.0.1/24", why), -ENODEV);
	assert_non_null(strstr(why, "net_none0"));
}

static void
what_is_taken_is_named(void **)
{
	static const struct {
		const char *name, *rest, *why;
	} cases[] = {
		{"a", "ip=10.1.0.1/24,vlan=7", "interface a: the name is taken"},
		{"b", "ip=10.1.0.1/24", "VLAN 0 of port"},
		{"b", "ip=10.0.0.1/16,vlan=7", "address 10.0.0.1 is taken by interface a"},
	};
	char why[200] = "";
	unsigned int i;

	lan_create(&lan, 1, 1, 1);
	assert_int_equal(add(lan.port[0], "a", "ip=10.0.0.1/24", why), 0);
	for (i = 0; i < RTE_DIM(cases); i++) {
		assert_int_equal(add(lan.port[0], cases[i].name, cases[i].rest, why), -EEXIST);
		assert_non_null(strstr(why, cases[i].why));
	}
	assert_int_equal(add(lan.port[0], "b", "ip=10.1.0.1/24,vlan=7,mtu=4000", why), 1);
	assert_int_equal(ether_iface_count(lan.e), 2);
}

static void
port_has_the_greatest_mtu_of_its_interfaces(void **)
{
	char why[200] = "";

	lan_create(&lan, 1, 1, 1);
	add(lan.port[0], "a", "ip=10.0.0.1/24,mtu=1400", why);
	add(lan.port[0], "b", "ip=10.1.0.1/24,vlan=7,mtu=4000", why);
	lan_start(&lan);
	assert_int_equal(lan.e->ports[0]->mtu, 4000);
}

static void
frame_that_fits_no_buffer_is_refused_with_the_numbers(void **)
{
	struct rte_eth_dev_info info;
	char why[200] = "";
	uint16_t id;

	/* net_null neither scatters nor says so */
	lan_create(&lan, 1, 0, 1);
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null_port_test", ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null_port_test", &id), 0);
	assert_int_equal(rte_eth_dev_info_get(id, &info), 0);
	assert_int_equal(add("net_null_port_test", "a", "ip=10.0.0.1/24,mtu=9000", why), 0);
	assert_int_equal(ether_start(lan.e, lan.now, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "needs buffers of 9018 bytes, they have 2048"));
	/* what was taken is given back */
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null_port_test", &id), -ENODEV);
}

static void
second_port_that_fails_takes_the_first_down_again(void **)
{
	char why[200] = "";
	uint16_t id;

	lan_create(&lan, 1, 1, 1);
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null_port_test2", ""), 0);
	assert_int_equal(add(lan.port[0], "a", "ip=10.0.0.1/24", why), 0);
	assert_int_equal(add("net_null_port_test2", "b", "ip=10.1.0.1/24,mtu=9000", why), 1);
	assert_int_equal(ether_start(lan.e, lan.now, why, sizeof(why)), -EINVAL);
	assert_int_equal(rte_eth_dev_get_port_by_name(lan.port[0], &id), -ENODEV);
	assert_int_equal(ether_poll(ether_lcore(lan.e, 0), lan.now), 0);
}

static void
queues_of_a_fixed_number_are_all_polled(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int q;
	size_t n;

	/* two queues, one worker: an unpolled one would swallow what the device puts there */
	lan_create(&lan, 1, 1, 2);
	lan_iface(&lan, 0, "ip=10.0.0.1/24");
	lan_start(&lan);
	n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10);
	for (q = 0; q < 2; q++)
		assert_int_equal(rte_ring_enqueue(lan.in[0][q], lan_mbuf(&lan, f, n, NULL)), 0);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 2);
	assert_int_equal(ether_floor_bytes(lan.e, 0), 0); /* net_ring holds no buffers in advance */
}

static void
rss_is_programmed_with_our_key_and_table(void **)
{
	struct rte_eth_rss_reta_entry64 reta[2] = {{.mask = UINT64_MAX}, {.mask = UINT64_MAX}};
	uint8_t key[ETHER_KEY_USED];
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = sizeof(key)};
	char why[200] = "";
	unsigned int i;
	uint16_t id;

	/* net_null keeps key and table as a NIC does, though it has no packets to spread */
	lan_create(&lan, 3, 0, 1);
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null_port_test3", "no-rx=1"), 0);
	assert_int_equal(add("net_null_port_test3", "a", "ip=10.0.0.1/24", why), 0);
	lan_start(&lan);
	assert_true(lan.e->ports[0]->rss);
	assert_int_equal(lan.e->ports[0]->n_queues, 3);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null_port_test3", &id), 0);
	assert_int_equal(rte_eth_dev_rss_reta_query(id, reta, 128), 0);
	for (i = 0; i < 128; i++)
		assert_int_equal(reta[i / 64].reta[i % 64], lan.e->hash.reta[i]);
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(id, &conf), 0);
	assert_memory_equal(key, lan.e->hash.key, sizeof(key));
	for (i = 0; i < 3; i++) {
		assert_int_equal(lan.e->workers[i]->n_rxq, 1);
		assert_int_equal(lan.e->workers[i]->rxq[0].queue, i);
	}
}

static void
interface_is_found_by_name(void **)
{
	struct ether_iface_info info;

	lan_create(&lan, 1, 2, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24");
	lan_iface(&lan, 1, "ip=10.1.0.1/24,mtu=4000");
	lan_start(&lan);
	assert_int_equal(ether_iface_find(lan.e, "if1", &info), 0);
	assert_int_equal(info.index, 1);
	assert_string_equal(info.port, lan.port[1]);
	assert_int_equal(info.conf->mtu, 4000);
	assert_true(info.link_up);
	assert_int_equal(ether_iface_find(lan.e, "if2", &info), -ENODEV);
	assert_int_equal(ether_iface_get(lan.e, 2, &info), -ENODEV);
}

#define CASE(f) cmocka_unit_test_teardown(f, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(unknown_port_is_named),
		CASE(what_is_taken_is_named),
		CASE(port_has_the_greatest_mtu_of_its_interfaces),
		CASE(frame_that_fits_no_buffer_is_refused_with_the_numbers),
		CASE(second_port_that_fails_takes_the_first_down_again),
		CASE(queues_of_a_fixed_number_are_all_polled),
		CASE(rss_is_programmed_with_our_key_and_table),
		CASE(interface_is_found_by_name),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
