/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define IP 14 /* where the header begins */

static struct lan lan;

static int
setup(void **)
{
	lan_simple(&lan, 1);
	return 0;
}

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

/* A good segment of 10 bytes with one thing changed, checksums right unless they are the matter. */
static const struct {
	const char *name;
	const char *src, *dst; /* NULL: 10.0.0.2, 10.0.0.1 */
	uint16_t at;
	uint8_t value; /* of the byte at @at, if not 0 */
	bool fix; /* checksums after the change */
	uint16_t len; /* of the frame; 0: all */
	uint16_t flags_shift; /* ol_flags |= 1 << it; 0 = none */
	enum ether_counter drop;
} bad[] = {
	{"no whole header", NULL, NULL, 0, 0, false, IP + 19, 0, ETHER_C_DROP_IP4_SHORT},
	{"version 5", NULL, NULL, IP, 0x55, true, 0, 0, ETHER_C_DROP_IP4_HEADER},
	{"header of 16 bytes", NULL, NULL, IP, 0x44, false, 0, 0, ETHER_C_DROP_IP4_HEADER},
	{"total length below the header", NULL, NULL, IP + 3, 19, false, 0, 0,
	 ETHER_C_DROP_IP4_HEADER},
	{"total length beyond the frame", NULL, NULL, IP + 3, 200, false, 0, 0,
	 ETHER_C_DROP_IP4_SHORT},
	{"header checksum", NULL, NULL, IP + 8, 63, false, 0, 0, ETHER_C_DROP_IP4_CKSUM},
	{"header checksum by the port", NULL, NULL, 0, 0, false, 0, 4, ETHER_C_DROP_IP4_CKSUM},
	{"more fragments", NULL, NULL, IP + 6, 0x20, true, 0, 0, ETHER_C_DROP_IP4_FRAGMENT},
	{"last fragment", NULL, NULL, IP + 7, 1, true, 0, 0, ETHER_C_DROP_IP4_FRAGMENT},
	{"UDP", NULL, NULL, IP + 9, 17, true, 0, 0, ETHER_C_DROP_IP_PROTOCOL},
	{"another host's", NULL, "10.0.0.3", 0, 0, false, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"broadcast address", NULL, "10.0.0.255", 0, 0, false, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"limited broadcast", NULL, "255.255.255.255", 0, 0, false, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"group", NULL, "224.0.0.1", 0, 0, false, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"from nobody", "0.0.0.0", NULL, 0, 0, false, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from loopback", "127.0.0.1", NULL, 0, 0, false, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from a group", "224.0.0.5", NULL, 0, 0, false, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from class E", "250.0.0.5", NULL, 0, 0, false, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from everybody", "255.255.255.255", NULL, 0, 0, false, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from the net's broadcast", "10.0.0.255", NULL, 0, 0, false, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from ourselves", "10.0.0.1", NULL, 0, 0, false, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"in a frame to all", NULL, NULL, 0, 0xff, false, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
};

static void
each_bad_packet_has_its_counter(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;
	size_t n;

	for (i = 0; i < RTE_DIM(bad); i++) {
		lan_simple(&lan, 1);
		n = lan_tcp4(f, bad[i].src != NULL ? bad[i].src : "10.0.0.2",
			     bad[i].dst != NULL ? bad[i].dst : "10.0.0.1", 10);
		if (bad[i].value != 0)
			f[bad[i].at] = bad[i].value;
		if (bad[i].fix)
			lan_fix_cksums(f, n);
		lan_send_cut(&lan, 0, f, bad[i].len != 0 ? bad[i].len : n, NULL,
			     bad[i].flags_shift != 0 ? UINT64_C(1) << bad[i].flags_shift : 0);
		lan_round(&lan);
		if (lan.n_tcp != 0)
			fail_msg("%s: came up", bad[i].name);
		lan_assert_only_drop(&lan, bad[i].drop);
		lan_destroy(&lan);
	}
}

/* A good segment with options of @len (a multiple of 4) bytes. */
static size_t
with_options(uint8_t *f, const uint8_t *options, unsigned int len)
{
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10);

	memmove(f + IP + 20 + len, f + IP + 20, n - IP - 20);
	memcpy(f + IP + 20, options, len);
	f[IP] = (uint8_t)(0x45 + len / 4);
	put_be16(f + IP + 2, (uint16_t)(n - IP + len));
	lan_fix_cksums(f, n + len);
	return n + len;
}

static void
options_are_skipped(void **)
{
	static const uint8_t timestamp[8] = {1, 1, 68, 4, 5, 0, 0, 99};
	static const uint8_t router_alert[4] = {148, 4, 0, 0};
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, with_options(f, timestamp, sizeof(timestamp)));
	lan_send(&lan, f, with_options(f, router_alert, sizeof(router_alert)));
	assert_int_equal(lan.n_tcp, 2);
	assert_int_equal(lan.tcp[0].m->pkt_len, 30);
	assert_int_equal(get_be16(rte_pktmbuf_mtod(lan.tcp[0].m, void *)), 1023);
}

static void
source_routes_and_broken_options_are_dropped(void **)
{
	static const uint8_t options[][4] = {
		{131, 4, 4, 0}, /* loose source route */
		{137, 4, 4, 0}, /* strict */
		{68, 5, 0, 0}, /* longer than the header */
		{68, 1, 0, 0}, /* shorter than itself */
		{68, 0, 0, 0}, /* endless */
		{1, 1, 1, 68}, /* length missing */
	};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < RTE_DIM(options); i++)
		lan_send(&lan, f, with_options(f, options[i], 4));
	assert_int_equal(lan.n_tcp, 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_IP4_OPTIONS), RTE_DIM(options));
}

static void
verdict_of_the_port_is_believed(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10);

	/* wrong in the frame, good by the port: it may have been changed by offload on the way to us */
	f[IP + 8]--;
	lan_send_cut(&lan, 0, f, n, NULL, RTE_MBUF_F_RX_IP_CKSUM_GOOD);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 1);
}

static void
traffic_class_comes_up(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10);

	f[IP + 1] = 0xb9;
	lan_fix_cksums(f, n);
	lan_send(&lan, f, n);
	assert_int_equal(lan.tcp[0].tos, 0xb9);
	assert_false(lan.tcp[0].merged);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bad_packet_has_its_counter),
		CASE(options_are_skipped),
		CASE(source_routes_and_broken_options_are_dropped),
		CASE(verdict_of_the_port_is_believed),
		CASE(traffic_class_comes_up),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
