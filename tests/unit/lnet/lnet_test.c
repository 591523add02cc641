/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a node: create, configure, unconfigure with messages in every state, failures at every step undone. Spec 13. */
#include "tests/unit/lnet/fixture.h"

#include <stdio.h>

static int
configure(bool all)
{
	return lnet_configure(node.l, all, node.now, node.why, sizeof(node.why));
}

static void
parameters_out_of_range_are_refused_with_their_name(void **)
{
	static const struct {
		size_t off;
		int value;
		const char *name;
	} rows[] = {
		{offsetof(struct lnet_params, tiny_router_buffers), -1, "tiny_router_buffers"},
		{offsetof(struct lnet_params, large_router_buffers), 1 << 30,
		 "large_router_buffers"},
		{offsetof(struct lnet_params, peer_buffer_credits), -1, "peer_buffer_credits"},
		{offsetof(struct lnet_params, router_ping_timeout), -1, "router_ping_timeout"},
		{offsetof(struct lnet_params, transaction_timeout), 0, "lnet_transaction_timeout"},
		{offsetof(struct lnet_params, retry_count), 150, "lnet_retry_count"},
		{offsetof(struct lnet_params, max_peers), 0, "max_peers"},
		{offsetof(struct lnet_params, forwarding), 2, "forwarding"},
	};
	struct lnet_env env = {.n_lcores = 1};
	struct lnet_params p;
	struct lnet *l;
	char why[128];
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lnet_params_default(&p);
		memcpy((char *)&p + rows[i].off, &rows[i].value, sizeof(int));
		assert_int_equal(lnet_create(&env, &p, 0, &l, why, sizeof(why)), -EINVAL);
		assert_memory_equal(why, rows[i].name, strlen(rows[i].name));
	}
	lnet_params_default(&p);
	env.n_lcores = LNET_CPTS_MAX + 1;
	assert_int_equal(lnet_create(&env, &p, 0, &l, why, sizeof(why)), -EINVAL);
}

static void
node_that_does_not_fit_into_memory_is_not_created(void **)
{
	struct lnet_env env = {.n_lcores = 2};
	struct lnet_params p;
	struct lcore lc[2] = {0}, *lcores[2] = {&lc[0], &lc[1]};
	struct lnet *l;
	char why[128];

	lnet_params_default(&p);
	p.small_router_buffers = 1 << 24;
	lc[0].socket = lc[1].socket = -1;
	env.lcores = lcores;
	assert_int_equal(lnet_create(&env, &p, 0, &l, why, sizeof(why)), -ENOMEM);
}

static void
default_buffers_and_shares(void **)
{
	struct lnet_params p;

	lnet_params_default(&p);
	assert_int_equal(lnet_params_buffers(&p, LNET_RTR_TINY, 1), 2048);
	assert_int_equal(lnet_params_buffers(&p, LNET_RTR_SMALL, 3), 5461);
	assert_int_equal(lnet_params_buffers(&p, LNET_RTR_LARGE, 64), 16);
	p.large_router_buffers = 3;
	assert_int_equal(lnet_params_buffers(&p, LNET_RTR_LARGE, 4), 1);
	assert_true(lnet_params_messages(&p, 2) >= 2 * (1024 + 8192 + 1));
}

static void
plain_configure_brings_up_the_loopback_only(void **)
{
	fixture_init(1);
	fixture_start();
	assert_int_equal(lnet_state(node.l), LNET_DOWN);
	assert_int_equal(configure(false), 0);
	assert_int_equal(lnet_state(node.l), LNET_UP);
	assert_non_null(lnet_ni_at(node.l, 0));
	assert_null(lnet_ni_at(node.l, 1));
	assert_false(lnet_is_routing(node.l));
	/* again, even with other wishes: nothing changes */
	assert_int_equal(configure(true), 0);
	assert_null(lnet_ni_at(node.l, 1));
	assert_int_equal(lnet_unconfigure(node.l, node.now), 0);
	assert_int_equal(lnet_unconfigure(node.l, node.now), 0);
	/* the choice is made each time */
	assert_int_equal(configure(true), 0);
	assert_int_equal(ni_count(node.l), 3);
	assert_true(lnet_is_routing(node.l));
	fixture_stop();
}

static void
without_networks_all_means_tcp_on_the_default_interface(void **)
{
	fixture_init(1);
	node.params.n_nets = 0;
	fixture_start();
	assert_int_equal(configure(true), 0);
	assert_int_equal(ni_count(node.l), 1);
	assert_int_equal(lnet_ni_at(node.l, 1)->net, 0x20000);
	fixture_stop();
}

static void
cookies_and_incarnations_are_never_used_twice(void **)
{
	uint64_t cookie, incarnation;

	fixture_router(1);
	cookie = node.l->cookie;
	incarnation = fake_node_ni(&node, R0)->incarnation;
	assert_int_not_equal(incarnation, fake_node_ni(&node, R1)->incarnation);
	assert_int_equal(lnet_unconfigure(node.l, node.now), 0);
	assert_int_equal(configure(true), 0);
	assert_true(node.l->cookie > cookie);
	assert_true(fake_node_ni(&node, R0)->incarnation > incarnation);
	fixture_stop();
}

static void
ping_sequence_counts_builds(void **)
{
	fixture_init(1);
	fixture_start();
	assert_int_equal(configure(false), 0);
	assert_int_equal(node.l->ping_seq, 1);
	assert_int_equal(fake_node_add(&node, R0), 0);
	assert_int_equal(node.l->ping_seq, 2);
	assert_int_equal(fake_node_add(&node, R1), 0);
	assert_int_equal(node.l->ping_seq, 3);
	fixture_stop();
}

static void
forwarding_parameter_decides_with_the_routes(void **)
{
	static const struct {
		int forwarding;
		bool names_us, routing;
	} rows[] = {{1, false, true},
		    {0, true, false},
		    {-1, false, false},
		    {-1, true, true},
		    {1, true, true}};
	struct lnet_route_conf routes[3] = {
		{.net = 0x20009, .hops = -1},
		{.net = 0x20008, .hops = -1},
		/* of a site's list, not for this node: its gateway's net is not ours */
		{.net = 0x20007, .hops = -1},
	};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		routes[0].gateway = fake_nid(rows[i].names_us ? R1 : "10.0.1.7@tcp1");
		routes[1].gateway = fake_nid("10.0.0.5@tcp");
		routes[2].gateway = fake_nid("10.0.3.5@tcp3");
		fixture_init(1);
		node.params.forwarding = rows[i].forwarding;
		node.params.routes = routes;
		node.params.n_routes = 3;
		fixture_start();
		assert_int_equal(configure(true), 0);
		assert_int_equal(lnet_is_routing(node.l), rows[i].routing);
		assert_int_equal(((const struct lnet_conf *)snapshot_read(&node.l->conf))->n_routes,
				 rows[i].names_us ? 1 : 2);
		fixture_stop();
	}
}

/* --- failures --- */

static void
assert_nothing_is_left(void)
{
	unsigned int i;

	assert_int_equal(lnet_state(node.l), LNET_DOWN);
	assert_null(lnet_ni_at(node.l, 0));
	assert_null(snapshot_read(&node.l->conf));
	assert_int_equal(node.tcp.n_started, node.tcp.n_stopped);
	assert_int_equal(node.o2ib.n_started, node.o2ib.n_stopped);
	assert_true(TAILQ_EMPTY(&node.l->nets) && TAILQ_EMPTY(&node.l->routes));
	assert_true(TAILQ_EMPTY(&node.l->retiring) && TAILQ_EMPTY(&node.l->gateways));
	for (i = 0; i < node.n_workers; i++)
		assert_int_equal(node.l->cpts[i]->bufs[LNET_RTR_TINY].buffers, 0);
	assert_int_equal(lnet_leaks(node.l), 0);
}

static void
failed_start_of_any_interface_undoes_everything(void **)
{
	struct lnet_route_conf route = {.net = 0x20009, .hops = -1};
	unsigned int nth;

	for (nth = 1; nth <= 2; nth++) {
		fixture_init(2);
		route.gateway = fake_nid("10.0.0.5@tcp");
		node.params.routes = &route;
		node.params.n_routes = 1;
		fixture_start();
		node.tcp.fail_start = nth;
		assert_int_equal(configure(true), -ENETDOWN);
		assert_memory_equal(node.why, "network ", 8);
		assert_non_null(strstr(node.why, "): no such interface"));
		assert_nothing_is_left();
		/* and it is good for another try */
		assert_int_equal(configure(true), 0);
		fixture_stop();
	}
}

static void
failed_attach_on_any_worker_undoes_everything(void **)
{
	unsigned int nth;

	for (nth = 1; nth <= 6; nth++) {
		fixture_init(3);
		fixture_start();
		node.tcp.fail_attach = nth;
		assert_int_equal(configure(true), -ENOMEM);
		assert_nothing_is_left();
		assert_int_equal(configure(true), 0);
		fixture_stop();
	}
}

static void
router_buffers_that_do_not_fit_undo_everything(void **)
{
	unsigned int worker;

	for (worker = 0; worker < 3; worker++) {
		struct ledger_use *use;

		fixture_init(3);
		fixture_start();
		/* as if this worker had less than the others: shrink its share first */
		use = node.lc[worker].ledger.use;
		assert_int_equal(ledger_resize(&node.lc[worker].ledger, 1, 1, 1, NULL), 0);
		use[LEDGER_STREAM].size -= node.lc[worker].ledger.plan.shared;
		node.lc[worker].ledger.plan.shared = 0;
		assert_int_equal(configure(true), -ENOMEM);
		assert_memory_equal(node.why, "Out of memory", 13);
		assert_nothing_is_left();
		assert_int_equal(configure(false), 0);
		fixture_stop();
	}
}

static void
bad_route_parameter_undoes_everything(void **)
{
	struct lnet_route_conf routes[2] = {{.net = 0x20009, .hops = -1},
					    {.net = 0x20008, .hops = 300}};

	fixture_init(1);
	routes[0].gateway = routes[1].gateway = fake_nid("10.0.0.5@tcp");
	node.params.routes = routes;
	node.params.n_routes = 2;
	fixture_start();
	assert_int_equal(configure(true), -EINVAL);
	assert_nothing_is_left();
	fixture_stop();
}

static void
same_interface_twice_fails_as_a_whole(void **)
{
	fixture_init(1);
	fixture_nets[2] = fixture_nets[0];
	fixture_start();
	assert_int_equal(configure(true), -EEXIST);
	assert_nothing_is_left();
	fixture_stop();
}

static void
unknown_network_type_fails(void **)
{
	fixture_init(1);
	fixture_nets[2].net = lnet_mknet(13, 0);
	fixture_start();
	assert_int_equal(configure(true), -EINVAL);
	assert_non_null(strstr(node.why, "): LND type not supported"));
	assert_nothing_is_left();
	fixture_stop();
}

static void
undoing_may_take_time(void **)
{
	fixture_init(2);
	fixture_start();
	node.tcp.fail_start = 2;
	node.tcp.slow_detach = 3;
	assert_int_equal(configure(true), -ENETDOWN);
	assert_int_equal(lnet_state(node.l), LNET_STOPPING);
	assert_int_equal(configure(true), -EBUSY);
	fake_node_settle(&node);
	lnet_control(node.l, node.now);
	lnet_control(node.l, node.now);
	lnet_control(node.l, node.now);
	assert_nothing_is_left();
	fixture_stop();
}

/* --- unconfigure with messages in every state --- */

static int ping_rc;

static void
pinged(void *, const struct lnet_ping_result *r, uint64_t)
{
	ping_rc = r->rc;
}

static void
unconfigure_ends_messages_in_every_state(void **)
{
	struct fake_rx waits_peer[3] = {0}, waits_buf[3] = {0}, receiving = {.by_hand = true},
		       ready = {0}, sending[12] = {0};
	struct lnet_nid to = fake_nid(A);
	unsigned int i, w;

	for (w = 1; w <= 3; w++) {
		fixture_init(w);
		fixture_nets[0].tun.peer_buffer_credits = 6;
		node.params.large_router_buffers = 2 * (int)w;
		fixture_start();
		fixture_configure();
		node.tcp.mode = FAKE_LATER;
		/* with the driver, and waiting for the peer's credit */
		for (i = 0; i < 12; i++)
			fixture_put(&sending[i], i % 2 == 0 ? "10.0.0.6@tcp" : "10.0.0.12@tcp", B,
				    10);
		fake_node_settle(&node);
		fixture_put(&receiving, "10.0.0.18@tcp", B, 10);
		/* in the pool's queue, and in the peer's */
		for (i = 0; i < 3; i++)
			fixture_put(&waits_buf[i], "10.0.0.24@tcp", B, 5000);
		for (i = 0; i < 3; i++)
			fixture_put(&waits_peer[i], "10.0.0.6@tcp", B, 0);
		fixture_put(&ready, "10.0.0.18@tcp", B, 0);
		ping_rc = 0;
		assert_int_equal(lnet_ping(node.l, &to, NULL, FAKE_S, pinged, NULL, node.now), 0);
		assert_false(lnet_is_idle(node.l));
		if (w == 1)
			assert_int_equal(lnet_unconfigure(node.l, node.now), 0);
		else
			lnet_unconfigure(node.l, node.now);
		fake_node_settle(&node);
		assert_int_equal(lnet_state(node.l), LNET_DOWN);
		assert_true(lnet_is_idle(node.l));
		assert_int_equal(lnet_leaks(node.l), 0);
		assert_int_equal(ping_rc, -ESHUTDOWN);
		memset(waits_peer, 0, sizeof(waits_peer));
		memset(waits_buf, 0, sizeof(waits_buf));
		memset(sending, 0, sizeof(sending));
		memset(&ready, 0, sizeof(ready));
		receiving = (struct fake_rx){.by_hand = true};
		fixture_stop();
	}
}

static void
unconfigure_waits_for_connections(void **)
{
	fixture_router(2);
	node.tcp.slow_detach = 50;
	assert_int_equal(lnet_unconfigure(node.l, node.now), -EINPROGRESS);
	assert_true(lnet_is_configured(node.l));
	assert_int_equal(lnet_unconfigure(node.l, node.now), -EINPROGRESS);
	while (lnet_is_configured(node.l))
		lnet_control(node.l, node.now);
	assert_int_equal(node.tcp.slow_detach, 0);
	fixture_stop();
}

static void
missing_credits_and_messages_are_found(void **)
{
	struct fake_rx rx = {0};

	fixture_router(1);
	assert_int_equal(lnet_leaks(node.l), 0);
	fixture_put(&rx, A, B, 10);
	fixture_peer(R0, A)->rtr_credits--;
	fixture_peer(R1, B)->tx_credits++;
	ni_cpt(fake_node_ni(&node, R1), fixture_cpt())->tx_credits--;
	fixture_cpt()->bufs[LNET_RTR_SMALL].credits--;
	node.l->ledger_start[0]++;
	lnet_unconfigure(node.l, node.now);
	assert_int_equal(lnet_leaks(node.l), 5);
	node.l->leaks = 0;
	node.l->ledger_start[0]--;
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest lnet[] = {
		cmocka_unit_test(parameters_out_of_range_are_refused_with_their_name),
		cmocka_unit_test(node_that_does_not_fit_into_memory_is_not_created),
		cmocka_unit_test(default_buffers_and_shares),
		cmocka_unit_test(plain_configure_brings_up_the_loopback_only),
		cmocka_unit_test(without_networks_all_means_tcp_on_the_default_interface),
		cmocka_unit_test(cookies_and_incarnations_are_never_used_twice),
		cmocka_unit_test(ping_sequence_counts_builds),
		cmocka_unit_test(forwarding_parameter_decides_with_the_routes),
		cmocka_unit_test(failed_start_of_any_interface_undoes_everything),
		cmocka_unit_test(failed_attach_on_any_worker_undoes_everything),
		cmocka_unit_test(router_buffers_that_do_not_fit_undo_everything),
		cmocka_unit_test(bad_route_parameter_undoes_everything),
		cmocka_unit_test(same_interface_twice_fails_as_a_whole),
		cmocka_unit_test(unknown_network_type_fails),
		cmocka_unit_test(undoing_may_take_time),
		cmocka_unit_test(unconfigure_ends_messages_in_every_state),
		cmocka_unit_test(unconfigure_waits_for_connections),
		cmocka_unit_test(missing_credits_and_messages_are_found),
	};

	return FIXTURE_MAIN(lnet);
}
