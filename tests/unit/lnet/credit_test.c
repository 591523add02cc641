/* SPDX-License-Identifier: BSD-3-Clause */
/* The four kinds of credits: queues, low-water marks, order of return, step by step. Spec 5.4, 7.2, 7.3. */
#include "tests/unit/lnet/fixture.h"

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

int
main(void)
{
	const struct CMUnitTest credit[] = {
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
	};

	return FIXTURE_MAIN(credit);
}
