/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ICMP 54

static struct lan lan;

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

static int
setup(void **)
{
	lan_create(&lan, 1, 1, 1);
	return 0;
}

/* What goes out by kind. */
struct heard {
	unsigned int arp, probes, adverts, reports;
};

static struct heard
hear(void)
{
	struct heard h = {0};
	uint8_t f[LAN_FRAME_MAX];
	size_t n;

	while ((n = lan_recv(&lan, 0, f)) > 0) {
		if (get_be16(f + 12) == 0x0806) {
			assert_int_equal(get_be32(f + 28), get_be32(f + 38));
			h.arp++;
			continue;
		}
		assert_true(lan_cksums_ok(f, n));
		if (f[20] == 0)
			h.reports++;
		else if (f[ICMP] == 135)
			h.probes++;
		else if (f[ICMP] == 136)
			h.adverts++;
	}
	return h;
}

static void
interface_makes_itself_known_at_start(void **)
{
	struct heard h;

	lan_iface(&lan, 0, "ip=10.0.0.1/24,ip=fd00::1/64");
	lan_start_loud(&lan);
	lan_round(&lan);
	h = hear();
	assert_int_equal(h.arp, 1);
	assert_int_equal(h.probes, 2); /* and the link-local address */
	assert_int_equal(h.adverts, 0);
	assert_int_equal(h.reports, 1);
	lan_wait(&lan, LAN_SECOND + LAN_SECOND / 2);
	h = hear();
	assert_int_equal(h.arp, 0);
	assert_int_equal(h.adverts, 2);
	assert_int_equal(h.reports, 1);
	lan_wait(&lan, LAN_SECOND);
	h = hear();
	assert_int_equal(h.arp, 1);
	assert_int_equal(h.adverts, 2);
	lan_wait(&lan, 10 * LAN_SECOND);
	h = hear();
	assert_int_equal(h.arp + h.probes + h.adverts + h.reports, 0);
}

static void
probe_has_no_sender(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	static const uint8_t zero[16];
	size_t n;

	lan_iface(&lan, 0, "ip=fd00::1/64");
	lan_start_loud(&lan);
	lan_round(&lan);
	do
		n = lan_recv(&lan, 0, f);
	while (n > 0 && (f[20] != 58 || f[ICMP] != 135));
	assert_int_equal(n, ICMP + 24); /* and no option */
	assert_memory_equal(f + 22, zero, 16);
}

static void
report_names_each_group_once(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n;

	/* ::1 of two nets share a group */
	lan_iface(&lan, 0, "ip=fd00::1/64,ip=fd01::1/64");
	lan_start_loud(&lan);
	lan_round(&lan);
	do
		n = lan_recv(&lan, 0, f);
	while (n > 0 && f[20] != 0);
	assert_int_equal(n, ICMP + 8 + 8 + 2 * 20);
	assert_int_equal(f[21], 1);
	assert_int_equal(f[ICMP + 8], 143);
	assert_int_equal(get_be16(f + ICMP + 8 + 6), 2);
	assert_int_equal(get_be32(f), 0x33330000);
	assert_int_equal(get_be16(f + 4), 0x16);
}

static void
ipv6_address_is_used_only_after_the_probe(void **)
{
	struct ipaddr local = lan_addr("fd00::1"), remote = lan_addr("fd00::2");
	struct ether_path path;
	uint8_t f[LAN_FRAME_MAX];

	lan_iface(&lan, 0, "ip=fd00::1/64");
	lan_start_loud(&lan);
	lan_round(&lan);
	assert_int_equal(ether_path(ether_lcore(lan.e, 0), &local, &remote, &path), -EADDRNOTAVAIL);
	lan_send(&lan, f, lan_tcp6(f, "fd00::2", "fd00::1", 10));
	assert_int_equal(lan.n_tcp, 0);
	lan_wait(&lan, LAN_SECOND + LAN_SECOND / 2);
	assert_int_equal(ether_path(ether_lcore(lan.e, 0), &local, &remote, &path), 0);
	lan_send(&lan, f, lan_tcp6(f, "fd00::2", "fd00::1", 10));
	assert_int_equal(lan.n_tcp, 1);
}

static void
address_of_another_host_is_never_used(void **)
{
	struct ipaddr local = lan_addr("fd00::1"), remote = lan_addr("fd00::2");
	struct ether_path path;
	uint8_t f[LAN_FRAME_MAX];
	unsigned int answered;

	for (answered = 0; answered < 2; answered++) {
		if (answered == 1) {
			lan_destroy(&lan);
			lan_create(&lan, 1, 1, 1);
		}
		lan_iface(&lan, 0, "ip=fd00::1/64");
		lan_start_loud(&lan);
		lan_round(&lan);
		/* it has the address, or it wants it too */
		lan_send(&lan, f,
			 answered ? lan_nd(f, 136, 0x20, "fd00::9", "ff02::1", "fd00::1",
					   lan_peer_mac)
				  : lan_nd(f, 135, 0, "::", "ff02::1:ff00:1", "fd00::1", NULL));
		lan_wait(&lan, 3 * LAN_SECOND);
		lan_clear(&lan);
		assert_int_equal(ether_path(ether_lcore(lan.e, 0), &local, &remote, &path),
				 -EADDRNOTAVAIL);
		lan_send(&lan, f,
			 lan_nd(f, 135, 0, "fd00::2", "ff02::1:ff00:1", "fd00::1", lan_peer_mac));
		assert_int_equal(lan_recv(&lan, 0, f), 0);
	}
}

static void
query_is_answered_with_a_report(void **)
{
	static const uint8_t query[28] = {130};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	lan_iface(&lan, 0, "ip=fd00::1/64");
	lan_start(&lan);
	lan_send(&lan, f, lan_icmp6(f, "fe80::5", "ff02::1", 1, query, sizeof(query)));
	assert_int_equal(hear().reports, 1);
	/* not from the link, or not of a router's address */
	lan_send(&lan, f, lan_icmp6(f, "fe80::5", "ff02::1", 64, query, sizeof(query)));
	lan_send(&lan, f, lan_icmp6(f, "fd00::5", "ff02::1", 1, query, sizeof(query)));
	assert_int_equal(hear().reports, 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_ICMP_BAD), 2);
	for (i = 0; i < 20; i++)
		lan_send(&lan, f, lan_icmp6(f, "fe80::5", "ff02::1", 1, query, sizeof(query)));
	assert_true(LAN_COUNT(&lan, DROP_ICMP_RATE) > 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(interface_makes_itself_known_at_start),
		CASE(probe_has_no_sender),
		CASE(report_names_each_group_once),
		CASE(ipv6_address_is_used_only_after_the_probe),
		CASE(address_of_another_host_is_never_used),
		CASE(query_is_answered_with_a_report),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
