/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SOLICIT 135
#define ADVERT 136
#define ICMP 54

static struct lan lan;
static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 0x88};

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

static struct neigh *
neighbour(unsigned int worker, const char *addr)
{
	struct ipaddr a = lan_addr(addr);

	return neigh_find(lan.e->workers[worker]->neigh, 0, &a);
}

static void
solicitation_is_answered_and_learnt(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_nd(f, SOLICIT, 0, "fd00::2", "ff02::1:ff00:1", "fd00::1", lan_peer_mac);

	lan_send(&lan, f, n);
	assert_int_equal(lan_recv(&lan, 0, f), ICMP + 32);
	assert_true(lan_cksums_ok(f, ICMP + 32));
	assert_memory_equal(f, lan_peer_mac, 6);
	assert_int_equal(f[21], 255);
	assert_int_equal(f[ICMP], ADVERT);
	assert_int_equal(f[ICMP + 4], 0x60); /* solicited, override */
	assert_int_equal(f[ICMP + 24], 2);
	assert_memory_equal(f + ICMP + 26, lan_our_mac, 6);
	assert_int_equal(neighbour(0, "fd00::2")->state, NEIGH_STALE);
}

static void
unicast_probe_without_option_is_answered(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_nd(f, SOLICIT, 0, "fd00::2", "fd00::1", "fd00::1", NULL));
	assert_int_equal(lan_recv(&lan, 0, f), ICMP + 32);
	assert_memory_equal(f, lan_peer_mac, 6);
}

static void
address_probe_of_another_host_is_answered_to_all(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1};

	lan_send(&lan, f, lan_nd(f, SOLICIT, 0, "::", "ff02::1:ff00:1", "fd00::1", NULL));
	assert_int_equal(lan_recv(&lan, 0, f), ICMP + 32);
	assert_memory_equal(f, all_nodes, 6);
	assert_int_equal(f[ICMP + 4], 0x20);
}

static void
solicitation_for_another_host_is_left_alone(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	/* same group, other address */
	lan_send(&lan, f,
		 lan_nd(f, SOLICIT, 0, "fd00::2", "ff02::1:ff00:1", "fd00::a:0:1", lan_peer_mac));
	assert_int_equal(lan_recv(&lan, 0, f), 0);
	lan_assert_only_drop(&lan, ETHER_C_DROP_ND_NOT_OURS);
}

static void
segment_waits_for_the_advertisement(void **)
{
	struct ip_flow flow = lan_flow("fd00::1", "fd00::2");
	uint8_t f[LAN_FRAME_MAX];

	ether_output_tcp(ether_lcore(lan.e, 0), &flow, lan_segment(&lan, &flow, 100, 33), 0, 0xb8,
			 lan.now);
	lan_round(&lan);
	assert_int_equal(lan_recv(&lan, 0, f), ICMP + 32);
	assert_int_equal(f[ICMP], SOLICIT);
	assert_int_equal(get_be32(f + 2), 0xff000002); /* 33:33:ff:00:00:02 */
	assert_int_equal(f[ICMP + 24], 1);
	assert_int_equal(lan_recv(&lan, 0, f), 0);
	lan_send(&lan, f, lan_nd(f, ADVERT, 0x60, "fd00::2", "fd00::1", "fd00::2", other_mac));
	assert_int_equal(lan_recv(&lan, 0, f), 54 + 120);
	assert_true(lan_cksums_ok(f, 54 + 120));
	assert_memory_equal(f, other_mac, 6);
	assert_int_equal(get_be32(f + 14), 0x6b800000);
	assert_int_equal(neighbour(0, "fd00::2")->state, NEIGH_REACHABLE);
}

static void
off_link_packets_go_to_the_gateway(void **)
{
	struct ip_flow flow = lan_flow("fd00::1", "2001:db8::1");
	uint8_t f[LAN_FRAME_MAX];

	ether_output_tcp(ether_lcore(lan.e, 0), &flow, lan_segment(&lan, &flow, 0, 1), 0, 0,
			 lan.now);
	lan_round(&lan);
	assert_int_equal(lan_recv(&lan, 0, f), ICMP + 32);
	assert_int_equal(f[ICMP + 23], 0xfe); /* fd00::fe is asked for */
	lan_send(&lan, f, lan_nd(f, ADVERT, 0x60, "fd00::fe", "fd00::1", "fd00::fe", other_mac));
	assert_int_equal(lan_recv(&lan, 0, f), 74);
	assert_memory_equal(f, other_mac, 6);
}

static void
malformed_messages_are_dropped(void **)
{
	static const struct {
		uint8_t type, flags;
		const char *src, *dst, *target;
		bool mac;
		uint16_t at; /* in the message: 0 = nothing changed */
		uint8_t value;
	} cases[] = {
		{SOLICIT, 0, "fd00::2", "fd00::1", "ff02::1", true, 0, 0},
		{SOLICIT, 0, "fd00::2", "fd00::1", "fd00::1", true, 1, 1}, /* code */
		{SOLICIT, 0, "fd00::2", "fd00::1", "fd00::1", true, 25, 0}, /* option of length 0 */
		{SOLICIT, 0, "fd00::2", "fd00::1", "fd00::1", true, 25, 2}, /* beyond the end */
		{SOLICIT, 0, "fd00::2", "fd00::1", "fd00::1", true, 26, 1}, /* MAC of a group */
		{SOLICIT, 0, "::", "ff02::1:ff00:1", "fd00::1", true, 0, 0}, /* MAC of nobody */
		{SOLICIT, 0, "::", "fd00::1", "fd00::1", false, 0, 0}, /* not to the group */
		{ADVERT, 0x40, "fd00::2", "ff02::1", "fd00::2", true, 0, 0}, /* solicited by all */
	};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;
	size_t n;

	for (i = 0; i < RTE_DIM(cases); i++) {
		n = lan_nd(f, cases[i].type, cases[i].flags, cases[i].src, cases[i].dst,
			   cases[i].target, cases[i].mac ? lan_peer_mac : NULL);
		if (cases[i].at != 0)
			f[ICMP + cases[i].at] = cases[i].value;
		lan_fix_cksums(f, n);
		lan_send(&lan, f, n);
		if (LAN_COUNT(&lan, DROP_ND_BAD) != i + 1)
			fail_msg("case %u was not refused", i);
	}
	assert_int_equal(lan_recv(&lan, 0, f), 0);
}

static void
message_that_passed_a_router_is_dropped(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_nd(f, SOLICIT, 0, "fd00::2", "fd00::1", "fd00::1", lan_peer_mac);

	f[21] = 254;
	lan_send(&lan, f, n);
	lan_assert_only_drop(&lan, ETHER_C_DROP_ND_BAD);
}

static void
short_message_is_dropped(void **)
{
	static const uint8_t message[20] = {SOLICIT};
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_icmp6(f, "fd00::2", "fd00::1", 255, message, sizeof(message)));
	lan_assert_only_drop(&lan, ETHER_C_DROP_ND_BAD);
}

static void
off_link_target_is_not_learnt(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_nd(f, SOLICIT, 0, "2001:db8::2", "fd00::1", "fd00::1", lan_peer_mac));
	assert_null(neighbour(0, "2001:db8::2"));
}

static void
conflict_over_an_address_in_use_is_counted(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_nd(f, ADVERT, 0x20, "fd00::1", "ff02::1", "fd00::1", other_mac));
	/* such a packet has our own source */
	lan_assert_only_drop(&lan, ETHER_C_DROP_IP_SOURCE);
	lan_send(&lan, f, lan_nd(f, ADVERT, 0x20, "fd00::9", "ff02::1", "fd00::1", other_mac));
	assert_int_equal(LAN_COUNT(&lan, ADDR_CONFLICT), 1);
}

static void
every_worker_learns_and_one_answers(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int w;

	lan_destroy(&lan);
	lan_simple(&lan, 3);
	lan_send(&lan, f,
		 lan_nd(f, SOLICIT, 0, "fd00::2", "ff02::1:ff00:1", "fd00::1", lan_peer_mac));
	for (w = 0; w < 3; w++)
		assert_int_equal(neighbour(w, "fd00::2")->state, NEIGH_STALE);
	assert_int_equal(lan_recv(&lan, 0, f), ICMP + 32);
	assert_int_equal(lan_recv(&lan, 0, f), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(solicitation_is_answered_and_learnt),
		CASE(unicast_probe_without_option_is_answered),
		CASE(address_probe_of_another_host_is_answered_to_all),
		CASE(solicitation_for_another_host_is_left_alone),
		CASE(segment_waits_for_the_advertisement),
		CASE(off_link_packets_go_to_the_gateway),
		CASE(malformed_messages_are_dropped),
		CASE(message_that_passed_a_router_is_dropped),
		CASE(short_message_is_dropped),
		CASE(off_link_target_is_not_learnt),
		CASE(conflict_over_an_address_in_use_is_counted),
		CASE(every_worker_learns_and_one_answers),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
