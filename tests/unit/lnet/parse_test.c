/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks of an arriving header, in their order. Spec 4.1. */
#include "tests/unit/lnet/fixture.h"

#include <stdlib.h>

static void
protocol_errors_close_the_connection_and_create_no_peer(void **)
{
	static const struct {
		uint32_t type, len;
		const char *dst;
		enum lnet_drop reason;
	} rows[] = {
		{LNET_ACK, 1, R0, LNET_DROP_PAYLOAD},
		{LNET_GET, 1, B, LNET_DROP_PAYLOAD},
		{LNET_PUT, LNET_MTU + 1, B, LNET_DROP_TOO_LONG},
		{LNET_REPLY, UINT32_MAX, R0, LNET_DROP_TOO_LONG},
		{LNET_HELLO, 0, R0, LNET_DROP_TYPE},
		{5, 0, R0, LNET_DROP_TYPE},
		{UINT32_MAX, 0, B, LNET_DROP_TYPE},
		{LNET_PUT, 0, "10.0.0.77@tcp", LNET_DROP_NOT_DIRECT},
		{LNET_PUT, 0, R1, LNET_DROP_WRONG_NET},
		{LNET_PUT, 0, "0@lo", LNET_DROP_WRONG_NET},
		/* the order: the type is looked at before the destination */
		{LNET_GET, 1, R1, LNET_DROP_PAYLOAD},
	};
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i;

	fixture_router(1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = fixture_drop(rows[i].reason);

		h = fixture_hdr(rows[i].type, A, rows[i].dst, rows[i].len);
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, R0, &h, NULL);
		assert_int_equal(rx.parse_rc, -EPROTO);
		assert_false(rx.is_asked);
		assert_int_equal(fixture_drop(rows[i].reason), before + 1);
	}
	assert_int_equal(fixture_cpt()->peers.used, 0);
	/* they are no drops in the global counters (12.1) */
	assert_int_equal(fixture_cpt()->stats.drop_count, 0);
	fixture_stop();
}

static void
one_mebibyte_is_legal(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_REPLY, A, B, LNET_MTU);
	struct fake_rx rx = {0};

	fixture_router(1);
	fixture_arrive(&rx, R0, &h, NULL);
	assert_int_equal(rx.parse_rc, 0);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, LNET_MTU);
	fixture_stop();
}

static void
routing_off_drops_what_is_for_others(void **)
{
	struct fake_rx rx = {0};

	fixture_init(1);
	node.params.forwarding = 0;
	fixture_start();
	fixture_configure();
	fixture_put(&rx, A, B, 100);
	assert_int_equal(rx.parse_rc, 0);
	assert_true(rx.is_discarded);
	assert_int_equal(fixture_drop(LNET_DROP_NOT_ROUTING), 1);
	assert_int_equal(fixture_cpt()->stats.drop_count, 1);
	/* before any peer is made */
	assert_int_equal(fixture_cpt()->peers.used, 0);
	fixture_stop();
}

static void
closing_interface_takes_nothing(void **)
{
	struct lnet_hdr h = fixture_ping(A, R0, 272);
	struct fake_rx rx = {0};
	struct lnet_ni *ni;

	fixture_router(1);
	ni = fake_node_ni(&node, R0);
	atomic_store(&ni->state->is_closing, true);
	fixture_arrive(&rx, R0, &h, NULL);
	assert_int_equal(rx.parse_rc, -ESHUTDOWN);
	assert_int_equal(fixture_drop(LNET_DROP_SHUTDOWN), 1);
	atomic_store(&ni->state->is_closing, false);
	fixture_stop();
}

static bool
is_up(const char *nid)
{
	return ni_shows_up(fake_node_ni(&node, nid));
}

static void
only_pings_of_other_nodes_keep_an_interface_up(void **)
{
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i;

	fixture_router(1);
	atomic_store(&fake_node_ni(&node, R0)->state->is_up, false);
	/* data does not count, nor another portal, nor our own ping */
	for (i = 0; i < 3; i++) {
		h = i == 0	 ? fixture_hdr(LNET_PUT, A, B, 10)
			: i == 1 ? fixture_hdr(LNET_GET, A, B, 0)
				 : fixture_ping(R0, R0, 272);
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, R0, &h, A);
		assert_false(is_up(R0));
	}
	/* one that is to be forwarded does */
	h = fixture_ping(A, B, 272);
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &h, NULL);
	assert_true(is_up(R0));
	fixture_stop();
}

static void
asymmetric_routes_are_dropped_on_request_and_only_for_this_node(void **)
{
	struct lnet_hdr for_me = fixture_ping("10.0.8.8@tcp8", R0, 272);
	struct lnet_hdr for_other = fixture_ping("10.0.8.8@tcp8", B, 272);
	struct lnet_nid gw = fake_nid("10.0.0.5@tcp");
	char why[64];
	struct fake_rx rx = {0};

	fixture_router(1);
	assert_int_equal(tunables_set(&node.l->tunables, "drop_asym_route", 1, why, sizeof(why)),
			 0);
	assert_int_equal(conf_publish(node.l), 0);
	fixture_arrive(&rx, R0, &for_me, "10.0.0.5@tcp");
	assert_int_equal(fixture_drop(LNET_DROP_ASYM_ROUTE), 1);
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &for_other, "10.0.0.5@tcp");
	assert_int_equal(fixture_drop(LNET_DROP_ASYM_ROUTE), 1);
	assert_int_equal(node.tcp.n_sent, 1);
	assert_int_equal(lnet_route_add(node.l, 0x20008, &gw, 1, 0, node.now, why, sizeof(why)), 0);
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &for_me, "10.0.0.5@tcp");
	assert_int_equal(fixture_drop(LNET_DROP_ASYM_ROUTE), 1);
	/* answered through the gateway */
	assert_true(lnet_nid_equal(&fake_lnd_sent(&node.tcp, 0)->next_hop, &gw));
	fixture_stop();
}

static void
message_through_a_dead_gateway_brings_it_back(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, "10.0.8.8@tcp8", B, 0);
	struct lnet_nid gw = fake_nid("10.0.0.5@tcp");
	struct fake_rx rx = {0};
	struct gateway *g;

	fixture_router(1);
	assert_int_equal(
		lnet_route_add(node.l, 0x20008, &gw, 1, 0, node.now, node.why, sizeof(node.why)),
		0);
	g = gateway_find(snapshot_read(&node.l->conf), &gw);
	atomic_store(&g->is_alive, false);
	fixture_arrive(&rx, R0, &h, "10.0.0.5@tcp");
	assert_true(g->is_alive);
	fixture_stop();
}

static void
random_headers_only_move_counters(void **)
{
	static const char *const nids[] = {
		A, B, R0, R1, R2, "0@lo", "<?>", "10.0.2.2@o2ib", "fd00::1@tcp", "5@gni"};
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i, j;

	srand(1);
	fixture_router(2);
	for (i = 0; i < 20000; i++) {
		h = fixture_hdr((uint32_t)rand() % 6, nids[rand() % 10], nids[rand() % 10],
				rand() % 3 == 0 ? (uint32_t)rand() % 5000 : 0);
		for (j = 0; j < LNET_BODY_SIZE; j++)
			h.body[j] = (uint8_t)(rand() % 4 == 0 ? rand() : 0);
		if (rand() % 2 == 0)
			h.body[23] = 0x80;
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, nids[2 + rand() % 3], &h, rand() % 2 == 0 ? A : "10.0.0.8@tcp");
		fake_node_settle(&node);
		assert_true(rx.is_over);
	}
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest parse[] = {
		cmocka_unit_test(protocol_errors_close_the_connection_and_create_no_peer),
		cmocka_unit_test(one_mebibyte_is_legal),
		cmocka_unit_test(routing_off_drops_what_is_for_others),
		cmocka_unit_test(closing_interface_takes_nothing),
		cmocka_unit_test(only_pings_of_other_nodes_keep_an_interface_up),
		cmocka_unit_test(asymmetric_routes_are_dropped_on_request_and_only_for_this_node),
		cmocka_unit_test(message_through_a_dead_gateway_brings_it_back),
		cmocka_unit_test(random_headers_only_move_counters),
	};

	return FIXTURE_MAIN(parse);
}
