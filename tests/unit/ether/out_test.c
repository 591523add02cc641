/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/cksum.h"
#include "lnet/base/event.h"
#include "tests/unit/ether/lan.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct lan lan;
static struct ether_lcore *el;

static int
setup(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_simple(&lan, 1);
	el = ether_lcore(lan.e, 0);
	lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, "10.0.0.2", (uint8_t[6]){0}, "10.0.0.1"));
	lan_send(&lan, f, lan_nd(f, 135, 0, "fd00::2", "ff02::1:ff00:1", "fd00::1", lan_peer_mac));
	lan_clear(&lan);
	return 0;
}

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

static void
output(const struct ip_flow *flow, size_t payload, size_t piece, uint16_t mss, uint8_t tos)
{
	ether_output_tcp(el, flow, lan_segment(&lan, flow, payload, piece), mss, tos, lan.now);
	lan_round(&lan);
}

/* What the port can do, as if it had announced it. */
static void
pretend(uint64_t tx_offloads)
{
	lan.e->ports[0]->tx_offloads = tx_offloads;
	lan.e->ports[0]->prepare = true;
}

static void
headers_and_checksums_are_right_whatever_the_chain(void **)
{
	static const size_t payloads[] = {0, 1, 2, 99, 1000, 1440};
	struct ip_flow v4 = lan_flow("10.0.0.1", "10.0.0.2"), v6 = lan_flow("fd00::1", "fd00::2");
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i, piece;

	for (i = 0; i < RTE_DIM(payloads); i++) {
		for (piece = 1; piece < 900; piece = piece * 3 + 2) {
			if (payloads[i] / piece > 200)
				continue;
			output(&v4, payloads[i], piece, 0, 0x2e);
			assert_int_equal(lan_recv(&lan, 0, f), 54 + payloads[i]);
			assert_true(lan_cksums_ok(f, 54 + payloads[i]));
			assert_int_equal(f[15], 0x2e);
			assert_int_equal(get_be16(f + 20), 0x4000); /* do not fragment */
			assert_int_equal(f[22], 64);
			assert_int_equal(get_be32(f + 26), 0x0a000001);
			assert_int_equal(get_be32(f + 30), 0x0a000002);
			assert_memory_equal(f, lan_peer_mac, 6);
			if (payloads[i] > 1420)
				continue;
			output(&v6, payloads[i], piece, 0, 0x2e);
			assert_int_equal(lan_recv(&lan, 0, f), 74 + payloads[i]);
			assert_true(lan_cksums_ok(f, 74 + payloads[i]));
			assert_int_equal(get_be32(f + 14), 0x62e00000);
		}
	}
}

static void
payload_mbufs_are_passed_on_uncopied(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.2");
	struct rte_mbuf *m = lan_segment(&lan, &flow, 500, 500), *payload = m->next, *out;

	ether_output_tcp(el, &flow, m, 0, 0, lan.now);
	lan_round(&lan);
	out = lan_recv_mbuf(&lan, 0);
	assert_ptr_equal(out, m);
	assert_ptr_equal(out->next, payload);
	rte_pktmbuf_free(out);
}

static void
vlan_tag_is_in_the_frame(void **)
{
	struct ip_flow flow = lan_flow("10.5.0.1", "10.5.0.2");
	uint8_t f[LAN_FRAME_MAX];

	lan_destroy(&lan);
	lan_create(&lan, 1, 1, 1);
	lan_iface(&lan, 0, "ip=10.5.0.1/24,vlan=1234,neigh=10.5.0.2@02:00:00:00:00:77");
	lan_start(&lan);
	el = ether_lcore(lan.e, 0);
	output(&flow, 10, 10, 0, 0);
	assert_int_equal(lan_recv(&lan, 0, f), 68);
	assert_int_equal(get_be16(f + 12), 0x8100);
	assert_int_equal(get_be16(f + 14), 1234);
	assert_int_equal(get_be16(f + 16), 0x0800);
	assert_true(lan_cksums_ok(f, 68));
}

static void
gateway_and_routes_choose_the_neighbour(void **)
{
	static const struct {
		const char *to;
		uint32_t asked;
	} cases[] = {
		{"10.0.0.9", 0x0a000009},
		{"10.9.1.1", 0x0a0000fd},
		{"192.0.2.1", 0x0a0000fe},
	};
	struct ip_flow flow;
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	lan_destroy(&lan);
	lan_create(&lan, 1, 1, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24,gw=10.0.0.254,route=10.9.0.0/16@10.0.0.253");
	lan_start(&lan);
	el = ether_lcore(lan.e, 0);
	for (i = 0; i < RTE_DIM(cases); i++) {
		flow = lan_flow("10.0.0.1", cases[i].to);
		output(&flow, 0, 1, 0, 0);
		assert_int_equal(lan_recv(&lan, 0, f), 42);
		assert_int_equal(get_be32(f + 38), cases[i].asked);
	}
}

static void
what_cannot_be_sent_is_counted(void **)
{
	static const struct {
		const char *local, *remote;
		size_t payload;
		uint16_t mss;
		enum ether_counter drop;
	} cases[] = {
		{"10.0.0.7", "10.0.0.2", 0, 0, ETHER_C_DROP_TX_ADDRESS},
		{"10.0.0.1", "10.0.0.1", 0, 0, ETHER_C_DROP_TX_ROUTE},
		{"10.0.0.1", "10.0.0.255", 0, 0, ETHER_C_DROP_TX_ROUTE},
		{"10.0.0.1", "224.0.0.1", 0, 0, ETHER_C_DROP_TX_ROUTE},
		{"fd00::1", "ff02::1", 0, 0, ETHER_C_DROP_TX_ROUTE},
		{"10.0.0.1", "10.0.0.2", 1461, 0, ETHER_C_DROP_TX_TOO_BIG},
		{"10.0.0.1", "10.0.0.2", 3000, 1460, ETHER_C_DROP_TX_TOO_BIG}, /* no TSO here */
		{"fd00::1", "fd00::2", 1441, 0, ETHER_C_DROP_TX_TOO_BIG},
	};
	struct ip_flow flow;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		flow = lan_flow(cases[i].local, cases[i].remote);
		output(&flow, cases[i].payload, 1000, cases[i].mss, 0);
		assert_null(lan_recv_mbuf(&lan, 0));
		lan_assert_only_drop(&lan, cases[i].drop);
		teardown(NULL);
		setup(NULL);
	}
}

/* RFC 9293 3.9.2.3 (MUST-46): whoever wants to open a connection to one is told before anything is sent. */
static void
groups_and_broadcasts_have_no_path(void **)
{
	static const char *const pairs[][2] = {
		{"10.0.0.1", "224.0.0.1"},  {"10.0.0.1", "255.255.255.255"},
		{"10.0.0.1", "10.0.0.255"}, {"10.0.0.1", "10.0.0.1"},
		{"fd00::1", "ff02::1"},	    {"fd00::1", "::"},
	};
	struct ether_path path;
	unsigned int i;

	for (i = 0; i < RTE_DIM(pairs); i++) {
		struct ipaddr local = lan_addr(pairs[i][0]), remote = lan_addr(pairs[i][1]);

		assert_int_equal(ether_path(el, &local, &remote, &path), -ENETUNREACH);
	}
	assert_null(lan_recv_mbuf(&lan, 0));
}

static void
no_route_is_told(void **)
{
	struct ipaddr local = lan_addr("10.0.0.1"), far = lan_addr("192.0.2.1"), near, other;
	struct ether_path path;

	lan_destroy(&lan);
	lan_create(&lan, 1, 1, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24,mtu=1400");
	lan_start(&lan);
	el = ether_lcore(lan.e, 0);
	near = lan_addr("10.0.0.2");
	other = lan_addr("10.0.0.3");
	assert_int_equal(ether_path(el, &local, &far, &path), -ENETUNREACH);
	assert_int_equal(ether_path(el, &other, &near, &path), -EADDRNOTAVAIL);
	assert_int_equal(ether_path(el, &local, &near, &path), 0);
	assert_int_equal(path.iface, 0);
	assert_int_equal(path.mtu, 1400);
	assert_int_equal(path.tso_max, 0);
}

static void
checksum_is_left_to_the_port_that_can(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.2");
	struct rte_mbuf *m;
	uint16_t field, pseudo;

	pretend(RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
		RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	output(&flow, 101, 50, 0, 0);
	m = lan_recv_mbuf(&lan, 0);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK,
			 RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM);
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, 20);
	assert_int_equal(m->l4_len, 20);
	memcpy(&field, rte_pktmbuf_mtod_offset(m, void *, 34 + 16), sizeof(field));
	pseudo = ether_cksum_pseudo(&flow.local, &flow.remote, 6, 121);
	assert_int_equal(field, pseudo);
	assert_int_equal(LAN_COUNT(&lan, TX_SOFT_CKSUM), 0);
	rte_pktmbuf_free(m);
}

static void
large_segment_is_left_to_the_port_that_can(void **)
{
	struct ip_flow flow = lan_flow("fd00::1", "fd00::2");
	struct ether_path path;
	struct rte_mbuf *m;
	uint16_t field, pseudo;

	pretend(RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO |
		RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	assert_int_equal(ether_path(el, &flow.local, &flow.remote, &path), 0);
	assert_true(path.tso_max > 60000 && path.tso_max + 100 <= 65535);
	assert_int_equal(path.tso_mss_min, 0);
	assert_int_equal(path.tso_max_slices, 64);
	lan.e->ports[0]->tso_mss_min = 256;
	assert_int_equal(ether_path(el, &flow.local, &flow.remote, &path), 0);
	assert_int_equal(path.tso_mss_min, 256);
	output(&flow, 20000, 2000, 1420, 0);
	m = lan_recv_mbuf(&lan, 0);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 74 + 20000);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK,
			 RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
	assert_int_equal(m->tso_segsz, 1420);
	memcpy(&field, rte_pktmbuf_mtod_offset(m, void *, 54 + 16), sizeof(field));
	pseudo = ether_cksum_pseudo(&flow.local, &flow.remote, 6, 0);
	assert_int_equal(field, pseudo);
	rte_pktmbuf_free(m);
}

static void
header_without_room_gets_an_mbuf_of_its_own(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.2");
	struct rte_mbuf *m = lan_segment(&lan, &flow, 100, 100);
	uint8_t f[LAN_FRAME_MAX];
	char *data = rte_pktmbuf_mtod(m, char *);

	memmove(data - rte_pktmbuf_headroom(m) + 10, data, 20);
	m->data_off = 10;
	ether_output_tcp(el, &flow, m, 0, 0, lan.now);
	lan_round(&lan);
	assert_int_equal(lan_recv(&lan, 0, f), 154);
	assert_true(lan_cksums_ok(f, 154));
}

static void
answered_request_releases_the_segments_in_order(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.3");
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < 12; i++)
		output(&flow, i, 100, 0, 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_NEIGH_QUEUE), 4);
	assert_int_equal(lan_recv(&lan, 0, f), 42); /* one request for all */
	assert_int_equal(ether_leaks(lan.e), 8);
	lan_send(&lan, f, lan_arp(f, 2, lan_peer_mac, "10.0.0.3", lan_our_mac, "10.0.0.1"));
	for (i = 4; i < 12; i++)
		assert_int_equal(lan_recv(&lan, 0, f), 54 + i);
	assert_int_equal(lan_recv(&lan, 0, f), 0);
	assert_int_equal(ether_leaks(lan.e), 0);
}

static void
silent_neighbour_is_reported_and_refused_for_a_while(void **)
{
	struct ip_flow flows[2] = {lan_flow("10.0.0.1", "10.0.0.3"),
				   lan_flow("fd00::1", "fd00::3")};
	struct ether_path path;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		output(&flows[i], 0, 1, 0, 0);
		assert_int_equal(ether_path(el, &flows[i].local, &flows[i].remote, &path), 0);
		lan_wait(&lan, 3 * LAN_SECOND + LAN_SECOND / 2);
		assert_int_equal(lan.n_errors, 1);
		assert_int_equal(lan.errors[0].kind, IP_ERROR_UNREACHABLE);
		assert_memory_equal(&lan.errors[0].flow, &flows[i], sizeof(flows[i]));
		assert_int_equal(lan.errors[0].seq, 0x0a0b0c0d);
		assert_int_equal(ether_path(el, &flows[i].local, &flows[i].remote, &path),
				 -EHOSTUNREACH);
		output(&flows[i], 0, 1, 0, 0);
		assert_int_equal(LAN_COUNT(&lan, DROP_NEIGH_FAILED), 2 * (i + 1));
		lan_wait(&lan, 3 * LAN_SECOND);
		assert_int_equal(ether_path(el, &flows[i].local, &flows[i].remote, &path), 0);
		lan_clear(&lan);
	}
}

static void
proof_from_tcp_spares_the_probe(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "192.0.2.9");
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	/* through the gateway: it is the one that is proved */
	output(&flow, 0, 1, 0, 0);
	lan_send(&lan, f, lan_arp(f, 2, lan_peer_mac, "10.0.0.254", lan_our_mac, "10.0.0.1"));
	lan_clear(&lan);
	for (i = 0; i < 100; i++) {
		output(&flow, 0, 1, 0, 0);
		assert_int_equal(lan_recv(&lan, 0, f), 54);
		ether_reachable(el, &flow.remote, lan.now);
		lan_wait(&lan, LAN_SECOND);
		assert_int_equal(lan_recv(&lan, 0, f), 0);
	}
}

static void
forgotten_neighbour_is_not_used_through_the_cache(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.2");
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};
	struct ipaddr other = lan_addr("10.0.0.77");
	uint8_t f[LAN_FRAME_MAX];

	output(&flow, 0, 1, 0, 0);
	assert_int_equal(lan_recv(&lan, 0, f), 54);
	assert_int_equal(neigh_remove(el->neigh, 0, &flow.remote, lan.now), 0);
	/* another one takes its place in the table */
	assert_int_equal(neigh_set_static(el->neigh, 0, &other, &mac, lan.now), 0);
	output(&flow, 0, 1, 0, 0);
	assert_int_equal(lan_recv(&lan, 0, f), 42); /* asks again */
}

static void
full_neighbour_table_drops_counted(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.3");
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};
	struct ipaddr a;
	unsigned int i;

	for (i = 0; i < ETHER_NEIGH_MAX; i++) {
		a = ipaddr_v4(0x0b000000 + i);
		if (neigh_set_static(el->neigh, 0, &a, &mac, lan.now) < 0)
			break;
	}
	/* the two that the set-up taught it gave way */
	assert_int_equal(i, ETHER_NEIGH_MAX);
	output(&flow, 0, 1, 0, 0);
	lan_assert_only_drop(&lan, ETHER_C_DROP_NEIGH_FULL);
}

static void
narrow_path_is_an_event_with_the_interface_and_both_sizes(void **)
{
	struct ipaddr local = lan_addr("10.0.0.1"), remote = lan_addr("10.0.0.2");
	char text[400] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	uint32_t level = rte_log_get_global_level();

	assert_non_null(out);
	assert_int_equal(log_init(), 0);
	rte_log_set_global_level(RTE_LOG_INFO);
	assert_int_equal(rte_openlog_stream(out), 0);
	ether_path_shrunk(el, &local, &remote, 1280, lan.now);
	/* at most one a second */
	ether_path_shrunk(el, &local, &remote, 1024, lan.now);
	event_queue_run(lan.events, lan.now);
	rte_openlog_stream(NULL);
	rte_log_set_global_level(level);
	fclose(out);
	assert_non_null(strstr(text, "interface if0: packets of 1500 bytes"));
	assert_non_null(strstr(text, "10.0.0.2, but those of 1280 bytes do"));
	assert_null(strstr(text, "1024"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(headers_and_checksums_are_right_whatever_the_chain),
		CASE(payload_mbufs_are_passed_on_uncopied),
		CASE(vlan_tag_is_in_the_frame),
		CASE(gateway_and_routes_choose_the_neighbour),
		CASE(what_cannot_be_sent_is_counted),
		CASE(groups_and_broadcasts_have_no_path),
		CASE(no_route_is_told),
		CASE(checksum_is_left_to_the_port_that_can),
		CASE(large_segment_is_left_to_the_port_that_can),
		CASE(header_without_room_gets_an_mbuf_of_its_own),
		CASE(answered_request_releases_the_segments_in_order),
		CASE(silent_neighbour_is_reported_and_refused_for_a_while),
		CASE(proof_from_tcp_spares_the_probe),
		CASE(forgotten_neighbour_is_not_used_through_the_cache),
		CASE(full_neighbour_table_drops_counted),
		CASE(narrow_path_is_an_event_with_the_interface_and_both_sizes),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
