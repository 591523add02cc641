/* SPDX-License-Identifier: BSD-3-Clause */
/* Routed messages: all four types, every way to be dropped, and that all comes back. Spec 6.3, 7.3, 12.1. */
#include "tests/unit/lnet/fixture.h"

#include <stdlib.h>

static void
each_type_is_forwarded_byte_for_byte(void **)
{
	static const struct {
		uint32_t type, len;
	} rows[] = {
		{LNET_PUT, 0},	  {LNET_PUT, 1},	{LNET_PUT, 4096},
		{LNET_PUT, 4097}, {LNET_GET, 0},	{LNET_ACK, 0},
		{LNET_REPLY, 48}, {LNET_REPLY, 100000}, {LNET_PUT, 1 << 20},
	};
	const struct fake_sent *s;
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i, w;

	for (w = 1; w <= 3; w++) {
		fixture_router(w);
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			h = fixture_hdr(rows[i].type, A, B, rows[i].len);
			memset(&rx, 0, sizeof(rx));
			fixture_arrive(&rx, R0, &h, NULL);
			assert_int_equal(rx.parse_rc, 0);
			fake_node_settle(&node);
			assert_int_equal(node.tcp.n_sent, i + 1);
			s = fake_lnd_sent(&node.tcp, 0);
			assert_memory_equal(&s->hdr, &h, sizeof(h));
			assert_true(lnet_nid_equal(&s->next_hop, &h.dst));
			assert_ptr_equal(s->ni, fake_node_ni(&node, R1));
			assert_int_equal(s->len, rows[i].len);
			assert_memory_equal(s->payload, fixture_payload,
					    s->len < FAKE_PAYLOAD_MAX ? s->len : FAKE_PAYLOAD_MAX);
		}
		assert_true(lnet_is_idle(node.l));
		fixture_stop();
	}
}

static void
forwarded_messages_count_as_routed_only(void **)
{
	const struct ni_cpt *in, *out;
	struct fake_rx rx = {0};

	fixture_router(1);
	fixture_put(&rx, A, B, 1000);
	in = ni_cpt(fake_node_ni(&node, R0), fixture_cpt());
	out = ni_cpt(fake_node_ni(&node, R1), fixture_cpt());
	assert_int_equal(fixture_cpt()->stats.route_count, 1);
	assert_int_equal(fixture_cpt()->stats.route_length, 1000);
	assert_int_equal(fixture_cpt()->stats.send_count + fixture_cpt()->stats.recv_count, 0);
	assert_int_equal(in->traffic.recv[LNET_PUT], 1);
	assert_int_equal(out->traffic.send[LNET_PUT], 1);
	assert_int_equal(fixture_peer(R0, A)->traffic.recv[LNET_PUT], 1);
	assert_int_equal(fixture_peer(R1, B)->traffic.send[LNET_PUT], 1);
	assert_int_equal(fixture_cpt()->stats.msgs_max, 1);
	assert_int_equal(fixture_cpt()->stats.msgs_alloc, 0);
	fixture_stop();
}

/* --- drops --- */

static void
refusals_are_counted_by_name_and_payload_is_discarded(void **)
{
	static const struct {
		const char *src, *dst;
		enum lnet_drop reason;
	} rows[] = {
		{A, "10.0.9.9@tcp9", LNET_DROP_NO_ROUTE},
		{A, "<?>", LNET_DROP_NO_ROUTE},
		{"2001:db8::5@tcp", "10.0.2.9@o2ib", LNET_DROP_LARGE_NID},
		{A, "5@gni", LNET_DROP_NO_ROUTE},
		{A, NULL, LNET_DROP_NO_ROUTE}, /* net lo, with an address */
	};
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i;

	fixture_router(1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = fixture_drop(rows[i].reason);

		memset(&rx, 0, sizeof(rx));
		h = fixture_hdr(LNET_PUT, rows[i].src, rows[i].dst != NULL ? rows[i].dst : "0@lo",
				100);
		/* no text says that, a header can */
		if (rows[i].dst == NULL)
			h.dst.addr[3] = 9;
		fixture_arrive(&rx, R0, &h, NULL);
		assert_int_equal(rx.parse_rc, 0);
		assert_true(rx.is_discarded);
		assert_int_equal(fixture_drop(rows[i].reason), before + 1);
	}
	assert_int_equal(fixture_cpt()->stats.drop_count, i);
	assert_int_equal(fixture_cpt()->stats.drop_length, 100 * i);
	assert_int_equal(ni_cpt(fake_node_ni(&node, R0), fixture_cpt())->traffic.drop[LNET_PUT], i);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
large_nid_that_the_driver_cannot_carry_is_refused_not_truncated(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, "2001:db8::5@tcp", "2001:db8::7@tcp1", 10);
	struct fake_rx rx = {0};

	fixture_router(1);
	/* the driver takes large NIDs, but not on this connection */
	node.tcp.mode = FAKE_REFUSE;
	node.tcp.rc = -EAFNOSUPPORT;
	fixture_arrive(&rx, R0, &h, NULL);
	assert_int_equal(fixture_drop(LNET_DROP_LARGE_NID), 1);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
message_is_not_sent_back_to_where_it_came_from(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, "10.0.8.8@tcp8", "10.0.9.9@tcp9", 10);
	struct lnet_nid gw = fake_nid("10.0.0.5@tcp");
	struct fake_rx rx = {0};

	fixture_router(1);
	assert_int_equal(lnet_route_add(node.l, lnet_nid_net(&h.dst), &gw, -1, 0, node.now,
					node.why, sizeof(node.why)),
			 0);
	fixture_arrive(&rx, R0, &h, "10.0.0.5@tcp");
	assert_true(rx.is_discarded);
	assert_int_equal(fixture_drop(LNET_DROP_LOOP), 1);
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &h, "10.0.0.6@tcp");
	assert_int_equal(fixture_drop(LNET_DROP_LOOP), 1);
	assert_true(lnet_nid_equal(&fake_lnd_sent(&node.tcp, 0)->next_hop, &gw));
	fixture_stop();
}

static void
broken_connection_gives_all_credits_back(void **)
{
	struct fake_rx rx = {.by_hand = true};

	fixture_router(1);
	fixture_put(&rx, A, B, 5000);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, 7);
	fake_rx_finish(&fabric, &rx, -ECONNRESET, node.now);
	assert_int_equal(fixture_drop(LNET_DROP_RX_FAILED), 1);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, 8);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
failed_send_gives_all_credits_back(void **)
{
	static const enum fake_mode modes[] = {FAKE_REFUSE, FAKE_FAIL};
	struct fake_rx rx;
	unsigned int i;

	fixture_router(1);
	node.tcp.health = LNET_HEALTH_REMOTE_DROPPED;
	for (i = 0; i < 2; i++) {
		node.tcp.mode = modes[i];
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, A, B, 5000);
		assert_int_equal(fixture_drop(LNET_DROP_TX_FAILED), i + 1);
		assert_int_equal(fixture_peer(R1, B)->traffic.health[LNET_HEALTH_REMOTE_DROPPED],
				 i + 1);
		assert_true(lnet_is_idle(node.l));
	}
	assert_int_equal(fixture_cpt()->stats.health[LNET_HEALTH_REMOTE_DROPPED], 2);
	assert_int_equal(fixture_cpt()->stats.route_count, 0);
	fixture_stop();
}

static void
empty_message_pool_drops_and_recovers(void **)
{
	unsigned int n = 1300, i, taken = 0;
	struct fake_rx *rx = calloc(n, sizeof(*rx)), again = {0};

	fixture_router(1);
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < n; i++) {
		fixture_put(&rx[i], A, B, 5000);
		taken += !rx[i].is_discarded;
	}
	assert_int_equal(fixture_drop(LNET_DROP_NO_MSG), n - taken);
	assert_in_range(taken, 1000, n - 1);
	node.tcp.mode = FAKE_AT_ONCE;
	while (node.tcp.n_kept > 0)
		fake_lnd_complete(&node.tcp, 0, 0, node.now);
	fake_node_settle(&node);
	assert_true(lnet_is_idle(node.l));
	fixture_put(&again, A, B, 5000);
	assert_false(again.is_discarded);
	fixture_stop();
	free(rx);
}

static void
ledger_without_room_drops_and_returns_the_credits(void **)
{
	struct fake_rx rx = {0};
	uint64_t size;

	fixture_router(1);
	size = node.lc[0].ledger.use[LEDGER_ROUTED_SMALL].size;
	node.lc[0].ledger.use[LEDGER_ROUTED_SMALL].size = 0;
	fixture_put(&rx, A, B, 100);
	assert_true(rx.is_discarded);
	assert_int_equal(fixture_drop(LNET_DROP_NO_MEMORY), 1);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_SMALL].credits, 16);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, 8);
	node.lc[0].ledger.use[LEDGER_ROUTED_SMALL].size = size;
	fixture_stop();
}

static void
waiting_messages_are_dropped_when_routing_ends(void **)
{
	struct fake_rx rx[12] = {0};
	unsigned int i, n = 0;

	fixture_router(1);
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < 12; i++)
		fixture_put(&rx[i], i < 6 ? A : "10.0.0.9@tcp", B, 5000);
	assert_int_equal(lnet_routing_set(node.l, false, node.now, node.why, sizeof(node.why)), 0);
	/* 330 s at the latest */
	node.now += 331 * FAKE_S;
	lnet_control(node.l, node.now);
	assert_false(lnet_is_routing(node.l));
	for (i = 0; i < 12; i++)
		n += rx[i].is_discarded;
	assert_int_equal(n, 8);
	assert_int_equal(fixture_drop(LNET_DROP_CANCELLED), 8);
	/* what has been received still goes out */
	node.tcp.mode = FAKE_AT_ONCE;
	while (node.tcp.n_kept > 0)
		fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(fixture_cpt()->stats.route_count, 4);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest forward[] = {
		cmocka_unit_test(each_type_is_forwarded_byte_for_byte),
		cmocka_unit_test(forwarded_messages_count_as_routed_only),
		cmocka_unit_test(refusals_are_counted_by_name_and_payload_is_discarded),
		cmocka_unit_test(large_nid_that_the_driver_cannot_carry_is_refused_not_truncated),
		cmocka_unit_test(message_is_not_sent_back_to_where_it_came_from),
		cmocka_unit_test(broken_connection_gives_all_credits_back),
		cmocka_unit_test(failed_send_gives_all_credits_back),
		cmocka_unit_test(empty_message_pool_drops_and_recovers),
		cmocka_unit_test(ledger_without_room_drops_and_returns_the_credits),
		cmocka_unit_test(waiting_messages_are_dropped_when_routing_ends),
	};

	return FIXTURE_MAIN(forward);
}
