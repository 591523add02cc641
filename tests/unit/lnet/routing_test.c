/* SPDX-License-Identifier: BSD-3-Clause */
/* The routing switch, its intervals, and sizes of router buffers. Spec 6.7, 7.4. */
#include "tests/unit/lnet/fixture.h"

static enum routing_state
state(void)
{
	return node.l->routing.state;
}

static int
set(bool on)
{
	return lnet_routing_set(node.l, on, node.now, node.why, sizeof(node.why));
}

static int
buffers(int tiny, int small, int large)
{
	const int total[LNET_RTR_CLASSES] = {tiny, small, large};

	return routing_set_buffers(node.l, total, node.why, sizeof(node.why));
}

static void
off(unsigned int workers)
{
	fixture_init(workers);
	node.params.forwarding = 0;
	fixture_start();
	fixture_configure();
	assert_int_equal(state(), ROUTING_DISABLED);
}

static void
enabling_at_run_time_takes_110_seconds(void **)
{
	struct fake_rx rx = {0};

	off(1);
	assert_int_equal(set(true), 0);
	assert_int_equal(state(), ROUTING_STARTING);
	assert_int_equal(set(true), 0);
	/* but it forwards already */
	fixture_put(&rx, A, B, 10);
	assert_int_equal(node.tcp.n_sent, 1);
	fake_node_pass(&node, 110 * FAKE_S);
	assert_int_equal(state(), ROUTING_STARTING);
	fake_node_pass(&node, 2 * FAKE_S);
	assert_int_equal(state(), ROUTING_ENABLED);
	assert_int_equal(((const struct lnet_conf *)snapshot_read(&node.l->conf))->routing,
			 ROUTING_ENABLED);
	fixture_stop();
}

static void
parameters_enable_at_once_and_set_the_interval(void **)
{
	fixture_init(1);
	node.params.alive_router_check_interval = 3;
	node.params.router_ping_timeout = 2;
	fixture_start();
	fixture_configure();
	assert_int_equal(state(), ROUTING_ENABLED);
	assert_int_equal(routing_interval(node.l), 5);
	fixture_stop();
}

static void
disabling_waits_for_idle_tiny_buffers(void **)
{
	struct lnet_hdr get = fixture_hdr(LNET_GET, A, B, 0);
	struct fake_rx rx = {0};

	fixture_router(1);
	node.l->stall.limit = 0;
	node.tcp.mode = FAKE_LATER;
	fixture_arrive(&rx, R0, &get, NULL);
	assert_int_equal(set(false), 0);
	assert_int_equal(state(), ROUTING_STOPPING);
	assert_int_equal(set(true), -EBUSY);
	assert_string_equal(node.why, "Device or resource busy");
	assert_int_equal(set(false), 0);
	fake_node_pass(&node, 120 * FAKE_S);
	assert_int_equal(state(), ROUTING_STOPPING);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	fake_node_pass(&node, 2 * FAKE_S);
	assert_int_equal(state(), ROUTING_DISABLED);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_LARGE].buffers, 0);
	assert_int_equal(set(true), 0);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_LARGE].buffers, 4);
	fixture_stop();
}

static void
disabling_ends_after_330_seconds_whatever_waits(void **)
{
	struct lnet_hdr get = fixture_hdr(LNET_GET, A, B, 0);
	struct fake_rx rx = {0};

	fixture_router(1);
	node.l->stall.limit = 0;
	node.tcp.mode = FAKE_LATER;
	fixture_arrive(&rx, R0, &get, NULL);
	assert_int_equal(set(false), 0);
	fake_node_pass(&node, 329 * FAKE_S);
	assert_int_equal(state(), ROUTING_STOPPING);
	fake_node_pass(&node, 3 * FAKE_S);
	assert_int_equal(state(), ROUTING_DISABLED);
	/* its buffer goes when it comes back */
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_TINY].buffers, 1);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_TINY].buffers, 0);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_TINY].credits, 0);
	fixture_stop();
}

static void
totals_are_split_over_cpts(void **)
{
	fixture_router(3);
	assert_int_equal(buffers(10, 1, -1), 0);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_TINY].buffers, 3);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_SMALL].buffers, 1);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_LARGE].buffers, 4);
	fixture_stop();
}

static void
growing_wakes_who_waits_and_resets_the_low_water_mark(void **)
{
	struct fake_rx rx[7] = {0};
	struct rtrbuf *large;
	unsigned int i;

	fixture_router(1);
	large = &fixture_cpt()->bufs[LNET_RTR_LARGE];
	/* the ledger has no more than was planned for: give up small ones */
	assert_int_equal(buffers(-1, 1, 4), 0);
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < 7; i++)
		fixture_put(&rx[i], A, B, 5000);
	assert_int_equal(large->credits, -3);
	assert_int_equal(buffers(-1, -1, 6), -ENOMEM);
	assert_int_equal(large->buffers, 4);
	/* 15 small ones of 5 mbufs each do not make a large one of 751 */
	node.lc[0].ledger.use[LEDGER_STREAM].size +=
		2 * ledger_routed_size(&node.lc[0].ledger.plan, 1 << 20);
	node.lc[0].ledger.plan.shared += 2 * ledger_routed_size(&node.lc[0].ledger.plan, 1 << 20);
	assert_int_equal(buffers(-1, -1, 6), 0);
	assert_int_equal(large->credits, -1);
	assert_int_equal(large->min, -1);
	lnet_poll(fixture_cpt(), node.now);
	assert_true(rx[5].is_asked);
	assert_false(rx[6].is_asked);
	fixture_stop();
}

static void
shrinking_takes_free_ones_now_and_the_rest_as_they_return(void **)
{
	struct fake_rx rx[3] = {0};
	struct rtrbuf *large;
	unsigned int i;

	fixture_router(1);
	large = &fixture_cpt()->bufs[LNET_RTR_LARGE];
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < 3; i++)
		fixture_put(&rx[i], A, B, 5000);
	assert_int_equal(buffers(-1, -1, 1), 0);
	assert_int_equal(large->buffers, 3);
	assert_int_equal(large->credits, 0);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(large->buffers, 1);
	assert_int_equal(large->credits, 0);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(large->buffers, 1);
	assert_int_equal(large->credits, 1);
	fixture_stop();
}

static void
sizes_are_ignored_while_routing_is_off(void **)
{
	off(1);
	assert_int_equal(buffers(5, 5, 5), 0);
	assert_int_equal(set(true), 0);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_TINY].buffers, 16);
	assert_int_equal(buffers(5, -1, -1), 0);
	/* kept when it is switched off and on */
	assert_int_equal(set(false), 0);
	fake_node_pass(&node, 115 * FAKE_S);
	assert_int_equal(state(), ROUTING_DISABLED);
	assert_int_equal(set(true), 0);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_TINY].buffers, 5);
	fixture_stop();
}

static void
what_does_not_fit_changes_nothing_on_any_cpt(void **)
{
	unsigned int i;

	fixture_router(3);
	/* the last worker has the least memory */
	for (i = 0; i < 2; i++) {
		node.lc[i].ledger.use[LEDGER_STREAM].size += 100 << 20;
		node.lc[i].ledger.plan.shared += 100 << 20;
	}
	assert_int_equal(buffers(-1, -1, 30), -ENOMEM);
	for (i = 0; i < 3; i++)
		assert_int_equal(node.l->cpts[i]->bufs[LNET_RTR_LARGE].buffers, 4);
	assert_int_equal(buffers(1 << 20, -1, -1), -ENOMEM);
	assert_int_equal(node.l->routing.total[LNET_RTR_LARGE], 12);
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest routing[] = {
		cmocka_unit_test(enabling_at_run_time_takes_110_seconds),
		cmocka_unit_test(parameters_enable_at_once_and_set_the_interval),
		cmocka_unit_test(disabling_waits_for_idle_tiny_buffers),
		cmocka_unit_test(disabling_ends_after_330_seconds_whatever_waits),
		cmocka_unit_test(totals_are_split_over_cpts),
		cmocka_unit_test(growing_wakes_who_waits_and_resets_the_low_water_mark),
		cmocka_unit_test(shrinking_takes_free_ones_now_and_the_rest_as_they_return),
		cmocka_unit_test(sizes_are_ignored_while_routing_is_off),
		cmocka_unit_test(what_does_not_fit_changes_nothing_on_any_cpt),
	};

	return FIXTURE_MAIN(routing);
}
