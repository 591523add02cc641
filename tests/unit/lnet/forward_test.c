/* SPDX-License-Identifier: BSD-3-Clause */
/* Routed messages: all four types, credits and their queues step by step, drops. Spec 5.4, 6.3, 7.2, 7.3. */
#include "tests/unit/lnet/fixture.h"

#include <stdio.h>
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

/* --- transmit credits --- */

static void
ninth_message_to_a_peer_waits_and_queue_is_fifo(void **)
{
	struct fake_rx rx[10] = {0};
	struct peer *b;
	unsigned int i;

	fixture_router(1);
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < 10; i++)
		fixture_put(&rx[i], A, B, i);
	/* A's own router credits are 8 as well: use two senders */
	assert_int_equal(node.tcp.n_kept, 8);
	b = fixture_peer(R1, B);
	assert_int_equal(b->tx_credits, 0);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, -2);
	for (i = 0; i < 2; i++)
		fixture_put(&rx[i], "10.0.0.4@tcp", B, 100 + i);
	assert_int_equal(b->tx_credits, -2);
	assert_int_equal(b->tx_min, -2);
	assert_int_equal(node.tcp.n_kept, 8);
	assert_int_equal(b->tx_q_bytes, 0 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 100 + 101 + 10 * 72);

	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(b->tx_credits, -1);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, 100);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(b->tx_credits, 0);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, 101);
	node.tcp.mode = FAKE_AT_ONCE;
	while (node.tcp.n_kept > 0) {
		fake_lnd_complete(&node.tcp, 0, 0, node.now);
		fake_node_settle(&node);
	}
	assert_int_equal(b->tx_credits, 8);
	assert_int_equal(b->tx_min, -2);
	assert_int_equal(b->tx_q_bytes, 0);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
interface_credit_returns_before_peer_credit(void **)
{
	struct fake_rx rx[4] = {0};
	struct ni_cpt *nc;

	fixture_init(1);
	fixture_nets[1].tun.credits = 2;
	fixture_nets[1].tun.peer_credits = 1;
	fixture_start();
	fixture_configure();
	nc = ni_cpt(fake_node_ni(&node, R1), fixture_cpt());
	node.tcp.mode = FAKE_LATER;
	fixture_put(&rx[0], A, "10.0.1.2@tcp1", 1); /* sent */
	fixture_put(&rx[1], A, "10.0.1.3@tcp1", 2); /* sent: no interface credit is left */
	fixture_put(&rx[2], A, "10.0.1.2@tcp1", 3); /* waits for the peer */
	fixture_put(&rx[3], A, "10.0.1.4@tcp1", 4); /* has the peer's, waits for the interface */
	assert_int_equal(node.tcp.n_kept, 2);
	assert_int_equal(nc->tx_credits, -1);
	assert_int_equal(fixture_peer(R1, "10.0.1.2@tcp1")->tx_credits, -1);
	assert_int_equal(fixture_peer(R1, "10.0.1.4@tcp1")->tx_credits, 0);

	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	/* the interface's credit woke message 4; only then the peer's woke 3, which now waits for the interface */
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, 4);
	assert_int_equal(fixture_peer(R1, "10.0.1.2@tcp1")->tx_credits, 0);
	assert_int_equal(nc->tx_credits, -1);
	/* the other order would have had two waiting for a moment */
	assert_int_equal(nc->tx_min, -1);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, 3);
	fixture_stop();
}

static void
interface_credits_are_split_over_cpts(void **)
{
	static const struct {
		unsigned int cpts;
		int credits, peer_credits, each;
	} rows[] = {
		{1, 256, 8, 256}, {2, 256, 8, 128}, {4, 256, 8, 64},
		{4, 128, 8, 64},  {4, 40, 8, 40},
	};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture_init(rows[i].cpts);
		fixture_nets[0].tun.credits = rows[i].credits;
		fixture_nets[0].tun.peer_credits = rows[i].peer_credits;
		fixture_start();
		fixture_configure();
		assert_int_equal(ni_cpt(fake_node_ni(&node, R0), fixture_cpt())->tx_credits,
				 rows[i].each);
		fixture_stop();
	}
}

/* --- receive credits --- */

static void
peer_router_credits_limit_a_sender(void **)
{
	struct fake_rx rx[3] = {0};

	fixture_init(1);
	fixture_nets[0].tun.peer_buffer_credits = 2;
	fixture_start();
	fixture_configure();
	node.tcp.mode = FAKE_LATER;
	fixture_put(&rx[0], A, B, 10);
	fixture_put(&rx[1], A, B, 11);
	fixture_put(&rx[2], A, B, 12);
	assert_true(rx[1].is_asked);
	assert_false(rx[2].is_asked);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, -1);
	/* it waits for the peer's credit only: no buffer is taken */
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_SMALL].credits, 16 - 2);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, 0);
	assert_false(rx[2].is_asked);
	assert_int_equal(lnet_poll(fixture_cpt(), node.now), 1);
	assert_true(rx[2].is_asked);
	fixture_stop();
}

static void
router_credits_come_from_interface_then_module_then_peer_credits(void **)
{
	static const struct {
		int ni, module, expected;
	} rows[] = {{0, 0, 8}, {0, 5, 5}, {3, 5, 3}, {-1, 0, 8}};
	struct fake_rx rx;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture_init(1);
		fixture_nets[0].tun.peer_buffer_credits = rows[i].ni;
		node.params.peer_buffer_credits = rows[i].module;
		fixture_start();
		fixture_configure();
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, A, B, 0);
		assert_int_equal(fixture_peer(R0, A)->rtr_max, rows[i].expected);
		fixture_stop();
	}
}

static void
each_class_has_its_own_pool(void **)
{
	static const struct {
		uint32_t len;
		enum lnet_rtr_class class;
	} rows[] = {{0, LNET_RTR_TINY},
		    {1, LNET_RTR_SMALL},
		    {4096, LNET_RTR_SMALL},
		    {4097, LNET_RTR_LARGE},
		    {1 << 20, LNET_RTR_LARGE}};
	struct fake_rx rx = {0};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture_router(1);
		node.tcp.mode = FAKE_LATER;
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, A, B, rows[i].len);
		assert_int_equal(fixture_cpt()->bufs[rows[i].class].credits,
				 fixture_cpt()->bufs[rows[i].class].buffers - 1);
		fixture_stop();
	}
}

static void
gets_and_acks_pass_while_bulk_waits(void **)
{
	struct fake_rx bulk[6] = {0}, small = {0};
	struct lnet_hdr get = fixture_hdr(LNET_GET, A, B, 0);
	unsigned int i;

	fixture_router(1);
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < 6; i++)
		fixture_put(&bulk[i], A, B, 1 << 20);
	assert_true(bulk[3].is_asked);
	assert_false(bulk[4].is_asked);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_LARGE].credits, -2);
	fixture_arrive(&small, R0, &get, NULL);
	assert_true(small.is_asked);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->hdr.type, LNET_GET);
	fixture_stop();
}

static void
buffer_returns_before_peer_router_credit(void **)
{
	struct fake_rx first = {0}, second = {0}, other = {0};
	struct rtrbuf *large;

	fixture_init(1);
	node.params.large_router_buffers = 1;
	fixture_nets[0].tun.peer_buffer_credits = 1;
	fixture_start();
	fixture_configure();
	large = &fixture_cpt()->bufs[LNET_RTR_LARGE];
	node.tcp.mode = FAKE_LATER;
	fixture_put(&first, A, B, 5000); /* has the buffer */
	fixture_put(&second, A, B, 5001); /* waits for A's credit */
	fixture_put(&other, "10.0.0.4@tcp", B, 5002); /* waits for the buffer */
	assert_int_equal(large->credits, -1);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, -1);

	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	/* the buffer went to the one that waited for it; then A's credit let its second message into the pool's queue */
	assert_int_equal(large->credits, -1);
	assert_int_equal(large->min, -1);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, 0);
	lnet_poll(fixture_cpt(), node.now);
	assert_true(other.is_asked);
	assert_false(second.is_asked);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	lnet_poll(fixture_cpt(), node.now);
	assert_true(second.is_asked);
	fixture_stop();
}

static void
transmit_side_is_released_before_receive_side(void **)
{
	struct fake_rx first = {0}, waits_tx = {0}, waits_rx = {0};

	fixture_init(1);
	node.params.large_router_buffers = 2;
	fixture_nets[1].tun.peer_credits = 1;
	fixture_start();
	fixture_configure();
	node.tcp.mode = FAKE_LATER;
	fixture_put(&first, A, B, 5000);
	fixture_put(&waits_tx, A, B, 5001); /* has a buffer, waits for B's credit */
	fixture_put(&waits_rx, A, "10.0.1.7@tcp1", 5002); /* waits for a buffer */
	assert_true(waits_tx.is_asked);
	assert_false(waits_rx.is_asked);
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	/* inside the completion the next one was sent; who waited for the buffer has it, and is asked for in the next poll */
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, 5001);
	assert_false(waits_rx.is_asked);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_LARGE].credits, 0);
	lnet_poll(fixture_cpt(), node.now);
	assert_true(waits_rx.is_asked);
	fixture_stop();
}

static void
ledger_holds_the_worst_case_before_payload_arrives(void **)
{
	const struct ledger_use *use;
	struct fake_rx rx = {.by_hand = true};
	uint64_t expected;

	fixture_router(1);
	use = &node.lc[0].ledger.use[LEDGER_ROUTED_LARGE];
	expected = ledger_routed_size(&node.lc[0].ledger.plan, 1 << 20);
	fixture_put(&rx, A, B, 1 << 20);
	assert_true(rx.is_asked);
	assert_int_equal(rx.msg->payload.len, 0);
	assert_int_equal(use->used, expected);
	fake_rx_finish(&fabric, &rx, 0, node.now);
	assert_int_equal(use->used, 0);
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
full_peer_table_drops_until_somebody_is_silent_for_long(void **)
{
	struct fake_rx rx;
	char nid[40];
	unsigned int i;

	fixture_router(1);
	for (i = 0; i < 63; i++) {
		snprintf(nid, sizeof(nid), "10.0.5.%u@tcp", i + 1);
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, nid, B, 0);
	}
	assert_int_equal(fixture_cpt()->peers.used, 64);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, "10.0.6.1@tcp", B, 0);
	assert_true(rx.is_discarded);
	assert_int_equal(fixture_drop(LNET_DROP_NO_PEER), 1);
	node.now += 61 * FAKE_S;
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, "10.0.6.1@tcp", B, 0);
	assert_false(rx.is_discarded);
	assert_int_equal(fixture_drop(LNET_DROP_NO_PEER), 1);
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
		cmocka_unit_test(ninth_message_to_a_peer_waits_and_queue_is_fifo),
		cmocka_unit_test(interface_credit_returns_before_peer_credit),
		cmocka_unit_test(interface_credits_are_split_over_cpts),
		cmocka_unit_test(peer_router_credits_limit_a_sender),
		cmocka_unit_test(router_credits_come_from_interface_then_module_then_peer_credits),
		cmocka_unit_test(each_class_has_its_own_pool),
		cmocka_unit_test(gets_and_acks_pass_while_bulk_waits),
		cmocka_unit_test(buffer_returns_before_peer_router_credit),
		cmocka_unit_test(transmit_side_is_released_before_receive_side),
		cmocka_unit_test(ledger_holds_the_worst_case_before_payload_arrives),
		cmocka_unit_test(refusals_are_counted_by_name_and_payload_is_discarded),
		cmocka_unit_test(large_nid_that_the_driver_cannot_carry_is_refused_not_truncated),
		cmocka_unit_test(message_is_not_sent_back_to_where_it_came_from),
		cmocka_unit_test(broken_connection_gives_all_credits_back),
		cmocka_unit_test(failed_send_gives_all_credits_back),
		cmocka_unit_test(empty_message_pool_drops_and_recovers),
		cmocka_unit_test(ledger_without_room_drops_and_returns_the_credits),
		cmocka_unit_test(full_peer_table_drops_until_somebody_is_silent_for_long),
		cmocka_unit_test(waiting_messages_are_dropped_when_routing_ends),
	};

	return FIXTURE_MAIN(forward);
}
