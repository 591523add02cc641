/* SPDX-License-Identifier: BSD-3-Clause */
/* Gateways: pinged now and then; what their answers mean for their routes. Spec 6.5, 6.6. */
#include "lnet/base/bytes.h"
#include "tests/unit/lnet/fixture.h"

#define GW "10.0.0.5@tcp"

static struct route *
the_route(uint32_t net)
{
	struct lnet_nid gw = fake_nid(GW);

	return route_lookup_exact(node.l, net, &gw);
}

static void
start(int hops)
{
	struct lnet_nid gw = fake_nid(GW);

	fixture_router(1);
	assert_int_equal(
		lnet_route_add(node.l, 0x20009, &gw, hops, 0, node.now, node.why, sizeof(node.why)),
		0);
	assert_true(route_is_alive(the_route(0x20009)));
	/* pinged at once */
	fake_node_settle(&node);
	assert_int_equal(node.tcp.n_sent, 1);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->hdr.type, LNET_GET);
}

/* It answers with its own NI @near and one on @far (0: none). */
static void
answer(uint32_t features, uint32_t near, uint32_t far_net, uint32_t far)
{
	struct lnet_nid gw = fake_nid(GW);
	struct lnet_hdr h = {.type = LNET_REPLY, .dst_pid = LNET_PID, .src_pid = LNET_PID};
	uint8_t info[64] = {0};
	struct fake_rx rx = {0};
	unsigned int n = far_net != 0 ? 3 : 2;

	put_le32(info, PING_MAGIC);
	put_le32(info + 4, features);
	put_le32(info + 8, LNET_PID);
	put_le32(info + 12, n);
	put_le64(info + 16, 0x0009000000000000);
	put_le32(info + 24, 5);
	put_le64(info + 32, lnet_nid_to4(&gw));
	put_le32(info + 40, near);
	put_le64(info + 48, (uint64_t)far_net << 32 | 0x0a000905);
	put_le32(info + 56, far);
	h.dst = fake_nid(R0);
	h.src = gw;
	h.payload_len = 16 + 16 * n;
	memcpy(h.body, fake_lnd_sent(&node.tcp, 0)->hdr.body, 16);
	fake_rx_start(&rx, fake_node_ni(&node, R0), &h, &gw, info, node.now);
	fake_node_settle(&node);
}

static void
answers_set_the_state_of_routes(void **)
{
	static const struct {
		uint32_t features, near, far_net, far;
		int hops;
		bool up, single;
	} rows[] = {
		{0x1a, PING_STATUS_UP, 0x20009, PING_STATUS_UP, -1, true, true},
		{0x1a, PING_STATUS_UP, 0x20009, PING_STATUS_DOWN, -1, false, true},
		{0x1e, PING_STATUS_UP, 0x20009, PING_STATUS_UP, -1, false,
		 false}, /* does not route */
		{0x1a, PING_STATUS_DOWN, 0x20009, PING_STATUS_UP, -1, false, false},
		{0x1a, PING_STATUS_UP, 0, 0, -1, true, false}, /* farther away: not known */
		{0x1a, PING_STATUS_UP, 0, 0, 1, false,
		 false}, /* said to be next to it, and is not */
		{0x1a, PING_STATUS_UP, 0, 0, 2, true, false},
	};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(rows[i].hops);
		answer(rows[i].features, rows[i].near, rows[i].far_net, rows[i].far);
		assert_int_equal(route_is_alive(the_route(0x20009)), rows[i].up);
		assert_int_equal(the_route(0x20009)->is_single_hop, rows[i].single);
		fixture_stop();
	}
}

static void
missing_answer_takes_it_down_and_the_next_one_up(void **)
{
	start(-1);
	fake_node_pass(&node, 51 * FAKE_S);
	assert_false(route_is_alive(the_route(0x20009)));
	fake_node_pass(&node, 10 * FAKE_S);
	assert_int_equal(node.tcp.n_sent, 2);
	answer(0x1a, PING_STATUS_UP, 0x20009, PING_STATUS_UP);
	assert_true(route_is_alive(the_route(0x20009)));
	fixture_stop();
}

static void
pings_come_every_interval(void **)
{
	unsigned int i;

	start(-1);
	for (i = 0; i < 5; i++) {
		answer(0x1a, PING_STATUS_UP, 0x20009, PING_STATUS_UP);
		fake_node_pass(&node, 60 * FAKE_S);
	}
	assert_in_range(node.tcp.n_sent, 5, 6);
	fixture_stop();
}

static void
driver_report_takes_routes_down_and_a_message_up(void **)
{
	struct lnet_nid gw = fake_nid(GW);
	struct lnet_hdr h = fixture_hdr(LNET_PUT, GW, B, 0);
	struct fake_rx rx = {0};

	start(-1);
	answer(0x1a, PING_STATUS_UP, 0x20009, PING_STATUS_UP);
	lnet_peer_notify_down(fixture_cpt(), fake_node_ni(&node, R0), &gw, node.now, node.now);
	assert_false(route_is_alive(the_route(0x20009)));
	fixture_arrive(&rx, R0, &h, NULL);
	assert_true(route_is_alive(the_route(0x20009)));
	fixture_stop();
}

static void
stopped_gateway_is_not_used(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, B, "10.0.9.9@tcp9", 10);
	struct lnet_hdr through = fixture_hdr(LNET_PUT, "10.0.9.9@tcp9", B, 10);
	struct fake_rx rx = {0};

	start(-1);
	node.tcp.odd_nid = fake_nid(GW);
	node.tcp.odd_mode = FAKE_LATER;
	fixture_arrive(&rx, R1, &h, NULL);
	fake_node_pass(&node, 6 * FAKE_S);
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 1);
	assert_false(route_is_alive(the_route(0x20009)));
	/* that it sends proves nothing */
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &through, GW);
	assert_false(route_is_alive(the_route(0x20009)));
	fixture_stop();
}

static void
removed_gateway_outlives_its_ping(void **)
{
	struct lnet_nid gw = fake_nid(GW);

	start(-1);
	assert_int_equal(lnet_route_del(node.l, 0x20009, &gw, node.now, node.why, sizeof(node.why)),
			 0);
	answer(0x1a, PING_STATUS_UP, 0x20009, PING_STATUS_UP);
	assert_true(TAILQ_EMPTY(&node.l->gateways));
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest gateway[] = {
		cmocka_unit_test(answers_set_the_state_of_routes),
		cmocka_unit_test(missing_answer_takes_it_down_and_the_next_one_up),
		cmocka_unit_test(pings_come_every_interval),
		cmocka_unit_test(driver_report_takes_routes_down_and_a_message_up),
		cmocka_unit_test(stopped_gateway_is_not_used),
		cmocka_unit_test(removed_gateway_outlives_its_ping),
	};

	return FIXTURE_MAIN(gateway);
}
