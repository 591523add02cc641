/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct lan lan;
static const struct ip_flow *flow;

static void
start(unsigned int workers)
{
	static struct ip_flow f;

	lan_create(&lan, workers, 1, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24,mtu=9000,neigh=10.0.0.2@02:00:00:00:00:77");
	lan_start(&lan);
	f = lan_flow("10.0.0.1", "10.0.0.2");
	flow = &f;
}

static int
setup(void **)
{
	start(1);
	return 0;
}

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

static void
output(unsigned int worker, size_t payload, size_t piece)
{
	ether_output_tcp(ether_lcore(lan.e, worker), flow, lan_segment(&lan, flow, payload, piece),
			 0, 0, lan.now);
}

static void
frames_leave_at_the_flush(void **)
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		output(0, 10, 10);
	assert_null(lan_recv_mbuf(&lan, 0));
	assert_int_equal(ether_leaks(lan.e), 10);
	assert_int_equal(ether_flush(ether_lcore(lan.e, 0), lan.now), 10);
	assert_int_equal(ether_flush(ether_lcore(lan.e, 0), lan.now), 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_TX_FULL), 0);
}

static void
full_port_keeps_frames_in_order_then_drops(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i, n = 0;

	/* the ring takes 1023, the queue 512 more; the length is the number */
	for (i = 0; i < 1700; i++)
		output(0, i, 2000);
	ether_flush(ether_lcore(lan.e, 0), lan.now);
	assert_int_equal(LAN_COUNT(&lan, DROP_TX_FULL), 1700 - 1023 - 512);
	for (;;) {
		size_t len = lan_recv(&lan, 0, f);

		if (len == 0 && ether_flush(ether_lcore(lan.e, 0), lan.now) == 0)
			break;
		if (len > 0)
			assert_int_equal(len, 54 + n++);
	}
	assert_int_equal(n, 1023 + 512);
}

static void
chain_longer_than_the_port_takes_is_copied(void **)
{
	struct rte_mbuf *m;
	uint8_t f[LAN_FRAME_MAX];

	lan.e->ports[0]->max_segs = 5;
	output(0, 7000, 500);
	lan_round(&lan);
	m = lan_recv_mbuf(&lan, 0);
	assert_non_null(m);
	assert_true(m->nb_segs <= 5);
	lan_send_mbuf(&lan, 0, m); /* a detour to read it as bytes */
	assert_int_equal(LAN_COUNT(&lan, TX_LINEARISED), 1);
	output(0, 7000, 500);
	lan_round(&lan);
	assert_int_equal(lan_recv(&lan, 0, f), 7054);
	assert_true(lan_cksums_ok(f, 7054));
	lan_clear(&lan);
	/* five mbufs of 2 KB do not hold 9000 bytes behind a header when only four are allowed */
	lan.e->ports[0]->max_segs = 4;
	output(0, 8900, 500);
	lan_round(&lan);
	assert_null(lan_recv_mbuf(&lan, 0));
	assert_int_equal(LAN_COUNT(&lan, DROP_TX_CHAIN), 1);
}

static void
link_down_drops_counted(void **)
{
	atomic_store(&lan.e->ports[0]->link_up, false);
	output(0, 10, 10);
	assert_int_equal(ether_flush(ether_lcore(lan.e, 0), lan.now), 0);
	lan_assert_only_drop(&lan, ETHER_C_DROP_TX_LINK);
	atomic_store(&lan.e->ports[0]->link_up, true);
}

static void
worker_without_a_queue_sends_through_its_owner(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int w;

	lan_destroy(&lan);
	start(3);
	for (w = 0; w < 3; w++) {
		output(w, 1000, 100);
		lan_round(&lan);
		assert_int_equal(lan_recv(&lan, 0, f), 1054);
		assert_true(lan_cksums_ok(f, 1054));
	}
	assert_int_equal(LAN_COUNT(&lan, FAN_TX), 2);
}

static void
each_worker_has_a_queue_where_the_port_has_enough(void **)
{
	unsigned int w;
	void *m = NULL;

	lan_destroy(&lan);
	lan_create(&lan, 2, 1, 2);
	lan_iface(&lan, 0, "ip=10.0.0.1/24,neigh=10.0.0.2@02:00:00:00:00:77");
	lan_start(&lan);
	for (w = 0; w < 2; w++) {
		output(w, 10, 10);
		lan_round(&lan);
		assert_int_equal(rte_ring_dequeue(lan.out[0][w], &m), 0);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(LAN_COUNT(&lan, FAN_TX), 0);
}

/* A port that refuses some frames when they are prepared; the seam is ethdev's own table of functions. */
static uint16_t
refuse_third(void *, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t i = 0;

	while (i < n && (frames[i]->pkt_len - 54) % 3 != 2)
		i++;
	return i;
}

static void
frame_that_the_port_refuses_is_dropped_alone(void **)
{
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[lan.e->ports[0]->id];
	eth_tx_prep_t original = ops->tx_pkt_prepare;
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i, n = 0;

	lan.e->ports[0]->prepare = true;
	ops->tx_pkt_prepare = refuse_third;
	for (i = 0; i < 9; i++)
		output(0, i, 100);
	lan_round(&lan);
	ops->tx_pkt_prepare = original;
	while (lan_recv(&lan, 0, f) > 0)
		n++;
	assert_int_equal(n, 6);
	assert_int_equal(LAN_COUNT(&lan, DROP_TX_PREPARE), 3);
	assert_int_equal(ether_leaks(lan.e), 0);
}

static void
empty_pool_drops_counted_and_recovers(void **)
{
	static struct rte_mbuf *all[8192];
	uint8_t f[LAN_FRAME_MAX], echo[16] = {8};
	unsigned int n = 0;

	lan_send_cut(&lan, 0, f, lan_icmp4(f, "10.0.0.2", "10.0.0.1", echo, sizeof(echo)), NULL, 0);
	while (n < 8192 && (all[n] = rte_pktmbuf_alloc(lan.mem.mbufs)) != NULL)
		n++;
	lan_round(&lan);
	lan_assert_only_drop(&lan, ETHER_C_DROP_NO_MBUF);
	rte_pktmbuf_free_bulk(all, n);
	lan_send(&lan, f, lan_icmp4(f, "10.0.0.2", "10.0.0.1", echo, sizeof(echo)));
	assert_true(lan_recv(&lan, 0, f) > 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_leave_at_the_flush),
		CASE(full_port_keeps_frames_in_order_then_drops),
		CASE(chain_longer_than_the_port_takes_is_copied),
		CASE(link_down_drops_counted),
		CASE(frame_that_the_port_refuses_is_dropped_alone),
		CASE(empty_pool_drops_counted_and_recovers),
		CASE(worker_without_a_queue_sends_through_its_owner),
		CASE(each_worker_has_a_queue_where_the_port_has_enough),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
