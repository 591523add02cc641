/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define IP 14

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

static void
segment_comes_up_with_its_addresses(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp6(f, "fd00::2", "fd00::1", 100);
	struct ipaddr local = lan_addr("fd00::1"), remote = lan_addr("fd00::2");

	f[IP] = 0x6b; /* traffic class 0xb9 */
	f[IP + 1] = 0x90;
	memset(f + n, 0xee, 6); /* padding */
	lan_send(&lan, f, n + 6);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(lan.tcp[0].m->pkt_len, 120);
	assert_int_equal(lan.tcp[0].tos, 0xb9);
	assert_true(ipaddr_equal(&lan.tcp[0].local, &local));
	assert_true(ipaddr_equal(&lan.tcp[0].remote, &remote));
}

static const struct {
	const char *name;
	const char *src, *dst; /* NULL: fd00::2, fd00::1 */
	uint16_t at;
	uint8_t value; /* of the byte at @at, if not 0 */
	uint16_t len; /* of the frame; 0: all */
	enum ether_counter drop;
} bad[] = {
	{"no whole header", NULL, NULL, 0, 0, IP + 39, ETHER_C_DROP_IP6_SHORT},
	{"version 4", NULL, NULL, IP, 0x40, 0, ETHER_C_DROP_IP6_HEADER},
	{"payload beyond the frame", NULL, NULL, IP + 5, 200, 0, ETHER_C_DROP_IP6_SHORT},
	{"fragment", NULL, NULL, IP + 6, 44, 0, ETHER_C_DROP_IP6_FRAGMENT},
	{"routing header", NULL, NULL, IP + 6, 43, 0, ETHER_C_DROP_IP6_EXTENSION},
	{"authentication header", NULL, NULL, IP + 6, 51, 0, ETHER_C_DROP_IP6_EXTENSION},
	{"UDP", NULL, NULL, IP + 6, 17, 0, ETHER_C_DROP_IP_PROTOCOL},
	{"nothing", NULL, NULL, IP + 6, 59, 0, ETHER_C_DROP_IP_PROTOCOL},
	{"another host's", NULL, "fd00::3", 0, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"another group", NULL, "ff02::5", 0, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"segment to our group", NULL, "ff02::1", 0, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"mapped destination", NULL, "::ffff:10.0.0.1", 0, 0, 0, ETHER_C_DROP_IP_NOT_OURS},
	{"mapped source", "::ffff:10.0.0.2", NULL, 0, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from nobody", "::", NULL, 0, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from loopback", "::1", NULL, 0, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from a group", "ff02::2", NULL, 0, 0, 0, ETHER_C_DROP_IP_SOURCE},
	{"from ourselves", "fd00::1", NULL, 0, 0, 0, ETHER_C_DROP_IP_SOURCE},
};

static void
each_bad_packet_has_its_counter(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;
	size_t n;

	for (i = 0; i < RTE_DIM(bad); i++) {
		lan_simple(&lan, 1);
		n = lan_tcp6(f, bad[i].src != NULL ? bad[i].src : "fd00::2",
			     bad[i].dst != NULL ? bad[i].dst : "fd00::1", 10);
		if (bad[i].value != 0)
			f[bad[i].at] = bad[i].value;
		lan_send(&lan, f, bad[i].len != 0 ? bad[i].len : n);
		if (lan.n_tcp != 0)
			fail_msg("%s: came up", bad[i].name);
		lan_assert_only_drop(&lan, bad[i].drop);
		lan_destroy(&lan);
	}
}

static void
jumbogram_is_refused(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp6(f, "fd00::2", "fd00::1", 10);

	put_be16(f + IP + 4, 0);
	lan_send(&lan, f, n);
	lan_assert_only_drop(&lan, ETHER_C_DROP_IP6_HEADER);
}

/* A good segment with an extension header of kind @type, whose bytes from the third on are @options. */
static size_t
with_extension(uint8_t *f, size_t n, uint8_t type, const uint8_t *options, unsigned int len)
{
	memmove(f + IP + 40 + len + 2, f + IP + 40, n - IP - 40);
	f[IP + 40] = f[IP + 6];
	f[IP + 41] = (uint8_t)((len + 2) / 8 - 1);
	memcpy(f + IP + 42, options, len);
	f[IP + 6] = type;
	put_be16(f + IP + 4, (uint16_t)(get_be16(f + IP + 4) + len + 2));
	return n + len + 2;
}

static void
options_headers_are_skipped(void **)
{
	static const uint8_t pad[6] = {1, 4}, pads[14] = {0, 0, 5, 2, 0, 0, 1, 6};
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp6(f, "fd00::2", "fd00::1", 10);

	n = with_extension(f, n, 60, pad, sizeof(pad));
	lan_send(&lan, f, n);
	n = with_extension(f, n, 0, pads, sizeof(pads));
	lan_send(&lan, f, n);
	assert_int_equal(lan.n_tcp, 2);
	assert_int_equal(lan.tcp[1].m->pkt_len, 30);
	assert_int_equal(get_be16(rte_pktmbuf_mtod(lan.tcp[1].m, void *)), 1023);
}

static void
broken_and_forbidding_options_are_dropped(void **)
{
	static const uint8_t options[][6] = {
		{0x40, 4, 0, 0, 0, 0}, /* discard if not known */
		{0xc2, 4, 0, 0, 0, 0}, /* jumbo */
		{1, 5, 0, 0, 0, 0}, /* longer than the header */
		{0, 0, 0, 0, 0, 1}, /* length missing */
	};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < RTE_DIM(options); i++)
		lan_send(&lan, f,
			 with_extension(f, lan_tcp6(f, "fd00::2", "fd00::1", 10), 60, options[i],
					6));
	assert_int_equal(LAN_COUNT(&lan, DROP_IP6_EXTENSION), RTE_DIM(options));
}

static void
extension_beyond_the_packet_is_dropped(void **)
{
	static const uint8_t pad[6] = {1, 4};
	uint8_t f[LAN_FRAME_MAX];
	size_t n = with_extension(f, lan_tcp6(f, "fd00::2", "fd00::1", 10), 60, pad, sizeof(pad));

	f[IP + 41] = 200;
	lan_send(&lan, f, n);
	put_be16(f + IP + 4, 7);
	lan_send(&lan, f, IP + 47);
	assert_int_equal(LAN_COUNT(&lan, DROP_IP6_EXTENSION), 2);
}

static void
extensions_without_end_or_order_are_dropped(void **)
{
	static const uint8_t pad[6] = {1, 4};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;
	size_t n = lan_tcp6(f, "fd00::2", "fd00::1", 10);

	for (i = 0; i < 9; i++)
		n = with_extension(f, n, 60, pad, sizeof(pad));
	lan_send(&lan, f, n);
	/* hop-by-hop options behind others */
	n = with_extension(f, lan_tcp6(f, "fd00::2", "fd00::1", 10), 0, pad, sizeof(pad));
	n = with_extension(f, n, 60, pad, sizeof(pad));
	lan_send(&lan, f, n);
	assert_int_equal(lan.n_tcp, 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_IP6_EXTENSION), 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(segment_comes_up_with_its_addresses),
		cmocka_unit_test(each_bad_packet_has_its_counter),
		CASE(jumbogram_is_refused),
		CASE(options_headers_are_skipped),
		CASE(broken_and_forbidding_options_are_dropped),
		CASE(extension_beyond_the_packet_is_dropped),
		CASE(extensions_without_end_or_order_are_dropped),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
