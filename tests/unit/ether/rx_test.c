/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

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
one_worker(void **)
{
	lan_simple(&lan, 1);
	return 0;
}

static int
three_workers(void **)
{
	lan_simple(&lan, 3);
	return 0;
}

static int
vlans(void **)
{
	lan_create(&lan, 1, 1, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24");
	lan_iface(&lan, 0, "ip=10.5.0.1/24,vlan=5");
	lan_start(&lan);
	return 0;
}

static void
segment_comes_up_without_lower_headers(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 100);

	lan_send(&lan, f, n);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(lan.tcp[0].m->pkt_len, 120);
	assert_memory_equal(rte_pktmbuf_mtod(lan.tcp[0].m, void *), f + 34, 120);
	assert_int_equal(ipaddr_to_v4(&lan.tcp[0].remote), 0x0a000002);
	assert_int_equal(ipaddr_to_v4(&lan.tcp[0].local), 0x0a000001);
	assert_int_equal(lan.tcp[0].iface, 0);
}

struct malformed {
	const char *name;
	size_t len; /* 0: as it is */
	size_t at;
	uint8_t value;
	enum ether_counter drop;
};

static void
each_bad_link_header_has_its_counter(void **)
{
	static const struct malformed cases[] = {
		{"cut in the header", 13, 0, 0, ETHER_C_DROP_SHORT_FRAME},
		{"other station", 0, 5, 9, ETHER_C_DROP_NOT_OUR_MAC},
		{"group as source", 0, 6, 0x03, ETHER_C_DROP_SOURCE_MAC},
		{"unknown type", 0, 12, 0x99, ETHER_C_DROP_ETHERTYPE},
	};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;
	size_t n;

	for (i = 0; i < RTE_DIM(cases); i++) {
		if (i > 0) {
			lan_destroy(&lan);
			lan_simple(&lan, 1);
		}
		n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 0);
		f[cases[i].at] = cases[i].value;
		lan_send(&lan, f, cases[i].len != 0 ? cases[i].len : n);
		assert_int_equal(lan.n_tcp, 0);
		lan_assert_only_drop(&lan, cases[i].drop);
	}
}

static void
own_frame_that_comes_back_is_dropped(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 0);

	memcpy(f + 6, lan_our_mac, 6);
	lan_send(&lan, f, n);
	lan_assert_only_drop(&lan, ETHER_C_DROP_SOURCE_MAC);
}

static void
tag_chooses_the_interface(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n;

	n = lan_tag(f, lan_tcp4(f, "10.5.0.2", "10.5.0.1", 10), 5 | 3 << 13);
	lan_send(&lan, f, n);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(lan.tcp[0].iface, 1);
	assert_int_equal(lan.tcp[0].m->pkt_len, 30);
	/* the address of one VLAN does not answer on another */
	n = lan_tcp4(f, "10.5.0.2", "10.5.0.1", 10);
	lan_send(&lan, f, n);
	assert_int_equal(lan.n_tcp, 1);
	lan_assert_only_drop(&lan, ETHER_C_DROP_IP_NOT_OURS);
}

static void
stripped_tag_chooses_the_interface(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.5.0.2", "10.5.0.1", 10);
	struct rte_mbuf *m = lan_mbuf(&lan, f, n, NULL);

	m->vlan_tci = 5;
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	lan_send_mbuf(&lan, 0, m);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(lan.tcp[0].iface, 1);
}

static void
priority_tag_is_untagged(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tag(f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10), 7 << 13);

	lan_send(&lan, f, n);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(lan.tcp[0].iface, 0);
}

static void
tag_without_interface_is_dropped(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tag(f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10), 6);

	lan_send(&lan, f, n);
	lan_assert_only_drop(&lan, ETHER_C_DROP_VLAN);
}

static void
tag_cut_off_is_dropped(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_tag(f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10), 5);
	lan_send(&lan, f, 17);
	lan_assert_only_drop(&lan, ETHER_C_DROP_SHORT_FRAME);
}

/* Whatever the cuts, the transport header comes up in one piece and the bytes are the same. */
static void
headers_cut_anywhere_are_put_together(void **)
{
	uint8_t f[LAN_FRAME_MAX], got[300];
	uint16_t cuts[4] = {0}, a, b;
	size_t n;

	for (a = 1; a < 80; a += 1) {
		for (b = 1; b < 60; b += 7) {
			n = a % 2 ? lan_tcp4(f, "10.0.0.2", "10.0.0.1", 60)
				  : lan_tcp6(f, "fd00::2", "fd00::1", 60);
			cuts[0] = a;
			cuts[1] = b;
			lan_send_cut(&lan, 0, f, n, cuts, 0);
			lan_round(&lan);
			assert_int_equal(lan.n_tcp, 1);
			assert_int_equal(lan.tcp[0].m->pkt_len, 80);
			assert_true(lan.tcp[0].m->data_len >= 20);
			assert_int_equal(rte_mbuf_check(lan.tcp[0].m, 1, &(const char *){0}), 0);
			assert_memory_equal(rte_pktmbuf_read(lan.tcp[0].m, 0, 80, got),
					    f + (a % 2 ? 34 : 54), 80);
			lan_clear(&lan);
		}
	}
	assert_true(LAN_COUNT(&lan, RX_PULLED) > 0);
}

static void
shared_first_segment_is_not_written_to(void **)
{
	static const uint16_t cuts[] = {40, 0};
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 60);
	struct rte_mbuf *m = lan_mbuf(&lan, f, n, cuts), *clone;

	clone = rte_pktmbuf_clone(m, lan.mem.mbufs);
	assert_non_null(clone);
	lan_send_mbuf(&lan, 0, clone);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(m->data_len, 40);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), f, 40);
	assert_memory_equal(rte_pktmbuf_mtod(lan.tcp[0].m, void *), f + 34, 20);
	lan_clear(&lan);
	rte_pktmbuf_free(m);
}

static void
padding_is_cut_even_in_segments_of_its_own(void **)
{
	static const uint16_t cuts[] = {54, 3, 3, 0};
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 2);

	memset(f + n, 0xee, 30);
	lan_send_cut(&lan, 0, f, n + 30, cuts, 0);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(lan.tcp[0].m->pkt_len, 22);
	assert_int_equal(lan.tcp[0].m->nb_segs, 2);
}

/* --- several workers, one queue --- */

static void
segments_come_up_at_their_home(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	char src[32];
	struct ipaddr local = lan_addr("10.0.0.1");
	unsigned int i, seen[3] = {0};

	for (i = 2; i < 102; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", i);
		lan_send(&lan, f, lan_tcp4(f, src, "10.0.0.1", 10));
	}
	assert_int_equal(lan.n_tcp, 100);
	for (i = 0; i < 100; i++) {
		assert_int_equal(lan.tcp_worker[i], ether_home(lan.e, &local, &lan.tcp[i].remote));
		assert_int_equal(lan.tcp[i].m->pkt_len, 30);
		seen[lan.tcp_worker[i]]++;
	}
	assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
	assert_int_equal(LAN_COUNT(&lan, FAN_OUT), seen[1] + seen[2]);
}

static void
tagged_and_stripped_frames_keep_their_tag_on_the_way(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	struct ipaddr local, remote;
	struct rte_mbuf *m;
	char src[32];
	unsigned int i;

	lan_destroy(&lan);
	lan_create(&lan, 3, 1, 1);
	lan_iface(&lan, 0, "ip=10.5.0.1/24,vlan=5");
	lan_start(&lan);
	local = lan_addr("10.5.0.1");
	for (i = 2; i < 40; i++) {
		snprintf(src, sizeof(src), "10.5.0.%u", i);
		remote = lan_addr(src);
		m = lan_mbuf(&lan, f, lan_tcp4(f, src, "10.5.0.1", 10), NULL);
		m->vlan_tci = 5;
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		lan_send_mbuf(&lan, 0, m);
		lan_round(&lan);
		assert_int_equal(lan.n_tcp, 1);
		assert_int_equal(lan.tcp_worker[0], ether_home(lan.e, &local, &remote));
		lan_clear(&lan);
	}
}

static void
full_ring_to_the_home_drops_counted(void **)
{
	struct ipaddr local = lan_addr("10.0.0.1"), remote;
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i, host = 2;
	char src[32];

	do {
		snprintf(src, sizeof(src), "10.0.0.%u", host++);
		remote = lan_addr(src);
	} while (ether_home(lan.e, &local, &remote) != 1);
	for (i = 0; i < 200; i++)
		lan_send_cut(&lan, 0, f, lan_tcp4(f, src, "10.0.0.1", 10), NULL, 0);
	/* worker 0 alone polls */
	for (i = 0; i < 10; i++)
		ether_poll(ether_lcore(lan.e, 0), lan.now);
	assert_true(LAN_COUNT(&lan, DROP_FAN_FULL) > 0);
	lan_round(&lan);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp + LAN_COUNT(&lan, DROP_FAN_FULL), 200);
}

static void
no_transport_yet_drops_counted(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	ether_set_up(ether_lcore(lan.e, 0), &(struct ether_up){0});
	lan_send(&lan, f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10));
	lan_assert_only_drop(&lan, ETHER_C_DROP_NO_USER);
}

static void
packets_between_workers_are_freed_at_the_end(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;
	char src[32];

	for (i = 0; i < 400; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", 2 + i % 200);
		lan_send_cut(&lan, 0, f, lan_tcp4(f, src, "10.0.0.1", 10), NULL, 0);
	}
	for (i = 0; i < 10; i++)
		ether_poll(ether_lcore(lan.e, 0), lan.now);
	/* teardown fails if one is missing */
}

/* What a round brings has its place in the ledger: large segments are taken by and by. */
static void
round_of_large_segments_is_bounded_in_mbufs(void **)
{
	static uint8_t f[14 + UINT16_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", UINT16_MAX - 40);
	unsigned int i;

	lan.e->ports[0]->lro = true;
	for (i = 0; i < 10; i++)
		lan_send_mbuf(&lan, 0, lan_mbuf(&lan, f, n, NULL));
	ether_poll(ether_lcore(lan.e, 0), lan.now);
	assert_int_equal(lan.n_tcp, 4);
	assert_true(lan.tcp[0].m->nb_segs > 30);
	ether_poll(ether_lcore(lan.e, 0), lan.now);
	assert_int_equal(lan.n_tcp, 8);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 10);
	lan_clear(&lan);
	/* small ones come in full bursts */
	n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10);
	for (i = 0; i < ETHER_BURST; i++)
		lan_send_mbuf(&lan, 0, lan_mbuf(&lan, f, n, NULL));
	ether_poll(ether_lcore(lan.e, 0), lan.now);
	assert_int_equal(lan.n_tcp, ETHER_BURST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(segment_comes_up_without_lower_headers, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(each_bad_link_header_has_its_counter, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(own_frame_that_comes_back_is_dropped, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(tag_chooses_the_interface, vlans, teardown),
		cmocka_unit_test_setup_teardown(stripped_tag_chooses_the_interface, vlans,
						teardown),
		cmocka_unit_test_setup_teardown(priority_tag_is_untagged, vlans, teardown),
		cmocka_unit_test_setup_teardown(tag_without_interface_is_dropped, vlans, teardown),
		cmocka_unit_test_setup_teardown(tag_cut_off_is_dropped, vlans, teardown),
		cmocka_unit_test_setup_teardown(headers_cut_anywhere_are_put_together, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(shared_first_segment_is_not_written_to, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(padding_is_cut_even_in_segments_of_its_own,
						one_worker, teardown),
		cmocka_unit_test_setup_teardown(segments_come_up_at_their_home, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(
			tagged_and_stripped_frames_keep_their_tag_on_the_way, three_workers,
			teardown),
		cmocka_unit_test_setup_teardown(full_ring_to_the_home_drops_counted, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(no_transport_yet_drops_counted, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(packets_between_workers_are_freed_at_the_end,
						three_workers, teardown),
		cmocka_unit_test_setup_teardown(round_of_large_segments_is_bounded_in_mbufs,
						one_worker, teardown),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
