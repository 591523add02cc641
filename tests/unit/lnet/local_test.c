/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages for this node: ping target, push target, answers to its own operations. Spec 3.3, 3.6, 8. */
#include "lnet/base/bytes.h"
#include "lnet/op.h"
#include "lnet/push.h"
#include "tests/unit/lnet/fixture.h"

static void
ping_is_answered_with_this_nodes_info(void **)
{
	static const struct {
		uint32_t sink, offset, len;
	} rows[] = {{3960, 0, 80}, {272, 0, 80}, {80, 0, 80},	{79, 0, 79},
		    {16, 0, 16},   {0, 0, 0},	 {100, 64, 16}, {100, 80, 0}};
	uint8_t info[PING_INFO_MAX];
	const struct fake_sent *s;
	struct lnet_get get;
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i;

	fixture_router(1);
	assert_int_equal(ping_info_encode(snapshot_read(&node.l->conf), info), 80);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h = fixture_ping(A, R0, rows[i].sink);
		lnet_get_decode(h.body, &get);
		get.offset = rows[i].offset;
		lnet_get_encode(&get, h.body);
		h.src_pid = 777;
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, R0, &h, NULL);
		assert_true(rx.is_over);
		s = fake_lnd_sent(&node.tcp, 0);
		assert_int_equal(s->hdr.type, LNET_REPLY);
		assert_true(lnet_nid_equal(&s->hdr.dst, &h.src));
		assert_true(lnet_nid_equal(&s->hdr.src, &h.dst));
		assert_int_equal(s->hdr.dst_pid, 777);
		assert_int_equal(s->hdr.src_pid, LNET_PID);
		/* the handle comes back as it was, the rest of the body is zero */
		assert_memory_equal(s->hdr.body, h.body, 16);
		assert_int_equal(s->hdr.body[16] | s->hdr.body[39], 0);
		assert_int_equal(s->len, rows[i].len);
		assert_memory_equal(s->payload, info + rows[i].offset, s->len);
	}
	/* shown as a GET received and a GET sent (trap 26) */
	assert_int_equal(fixture_peer(R0, A)->traffic.recv[LNET_GET], i);
	assert_int_equal(fixture_peer(R0, A)->traffic.send[LNET_GET], i);
	assert_int_equal(fixture_cpt()->stats.send_count, i);
	assert_int_equal(fixture_cpt()->stats.recv_count, i);
	assert_int_equal(fixture_cpt()->stats.send_length, 80 * 3 + 79 + 16 + 16);
	fixture_stop();
}

static void
requests_without_a_target_are_dropped(void **)
{
	static const struct {
		uint32_t type, portal, offset;
		uint64_t bits;
		enum lnet_drop reason;
	} rows[] = {
		{LNET_GET, 64, 0, LOCAL_PING_BITS, LNET_DROP_BAD_PORTAL},
		{LNET_GET, UINT32_MAX, 0, LOCAL_PING_BITS, LNET_DROP_BAD_PORTAL},
		{LNET_PUT, 64, 0, LOCAL_PING_BITS, LNET_DROP_BAD_PORTAL},
		{LNET_GET, 1, 0, LOCAL_PING_BITS, LNET_DROP_NO_MATCH},
		{LNET_GET, 63, 0, LOCAL_PING_BITS, LNET_DROP_NO_MATCH},
		{LNET_GET, 0, 0, 0, LNET_DROP_NO_MATCH},
		{LNET_PUT, 0, 0, LOCAL_PING_BITS + 1, LNET_DROP_NO_MATCH},
		{LNET_PUT, 50, 0, LOCAL_PING_BITS, LNET_DROP_NO_MATCH},
		{LNET_GET, 0, 81, LOCAL_PING_BITS, LNET_DROP_NO_MATCH},
		{LNET_GET, 0, UINT32_MAX, LOCAL_PING_BITS, LNET_DROP_NO_MATCH},
	};
	unsigned int i;

	fixture_router(1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lnet_get get = {.portal = rows[i].portal,
				       .match_bits = rows[i].bits,
				       .offset = rows[i].offset,
				       .sink_len = 100};
		struct lnet_put put = {.portal = rows[i].portal, .match_bits = rows[i].bits};
		struct lnet_hdr h =
			fixture_hdr(rows[i].type, A, R0, rows[i].type == LNET_PUT ? 48 : 0);
		uint64_t before = fixture_drop(rows[i].reason);
		struct fake_rx rx = {0};

		if (rows[i].type == LNET_GET)
			lnet_get_encode(&get, h.body);
		else
			lnet_put_encode(&put, h.body);
		fixture_arrive(&rx, R0, &h, NULL);
		assert_int_equal(rx.parse_rc, 0);
		assert_true(rx.is_discarded);
		assert_int_equal(fixture_drop(rows[i].reason), before + 1);
	}
	assert_int_equal(node.tcp.n_sent, 0);
	assert_int_equal(fixture_cpt()->stats.drop_count, i);
	fixture_stop();
}

/* --- pushes --- */

static struct lnet_hdr
push_hdr(uint32_t len, bool wants_ack)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, A, R0, len);
	struct lnet_put put = {.match_bits = LOCAL_PING_BITS, .ack = lnet_handle_none()};

	if (wants_ack)
		memset(&put.ack, 0x33, sizeof(put.ack));
	lnet_put_encode(&put, h.body);
	return h;
}

static void
push(const void *bytes, uint32_t len, bool wants_ack)
{
	struct lnet_nid from = fake_nid(A);
	struct lnet_hdr h = push_hdr(len, wants_ack);
	struct fake_rx rx = {0};

	fake_rx_start(&rx, fake_node_ni(&node, R0), &h, &from, bytes, node.now);
	assert_true(rx.is_over);
}

static void
push_is_acknowledged_and_remembered(void **)
{
	uint8_t info[PING_INFO_MAX];
	const struct fake_sent *s;
	struct lnet_ack ack;
	uint32_t len;

	fixture_router(1);
	len = ping_info_encode(snapshot_read(&node.l->conf), info);
	put_le32(info + 24, 17);
	push(info, len, true);
	s = fake_lnd_sent(&node.tcp, 0);
	assert_int_equal(s->hdr.type, LNET_ACK);
	assert_int_equal(s->len, 0);
	lnet_ack_decode(s->hdr.body, &ack);
	assert_int_equal(ack.mlength, len);
	assert_int_equal(ack.match_bits, LOCAL_PING_BITS);
	assert_memory_equal(ack.md.bytes,
			    "\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33", 16);
	assert_true(fixture_peer(R0, A)->has_info);
	assert_int_equal(fixture_peer(R0, A)->ping_seq, 17);
	assert_int_equal(fixture_peer(R0, A)->features, 0x0a);
	/* an ACK is shown as a PUT sent */
	assert_int_equal(fixture_peer(R0, A)->traffic.send[LNET_PUT], 1);
	assert_int_equal(fixture_cpt()->stats.recv_length, len);
	fixture_stop();
}

static void
push_without_handle_gets_no_ack(void **)
{
	uint8_t info[PING_INFO_MAX];

	fixture_router(1);
	push(info, ping_info_encode(snapshot_read(&node.l->conf), info), false);
	assert_int_equal(node.tcp.n_sent, 0);
	assert_true(fixture_peer(R0, A)->has_info);
	fixture_stop();
}

static void
senseless_push_is_acknowledged_counted_and_forgotten(void **)
{
	fixture_router(1);
	push("rubbish", 7, true);
	push("", 0, true);
	assert_int_equal(node.tcp.n_sent, 2);
	assert_int_equal(fixture_drop(LNET_DROP_PUSH_INVALID), 2);
	assert_false(fixture_peer(R0, A)->has_info);
	fixture_stop();
}

static void
overlong_push_is_cut_and_the_ack_says_so(void **)
{
	struct lnet_ack ack;

	fixture_router(1);
	push(fixture_payload, 1 << 20, true);
	lnet_ack_decode(fake_lnd_sent(&node.tcp, 0)->hdr.body, &ack);
	assert_int_equal(ack.mlength, PUSH_MAX);
	fixture_stop();
}

static void
broken_push_gets_no_ack(void **)
{
	struct lnet_hdr h = push_hdr(100, true);
	struct fake_rx rx = {.by_hand = true};

	fixture_router(1);
	fixture_arrive(&rx, R0, &h, NULL);
	fake_rx_finish(&fabric, &rx, -ECONNRESET, node.now);
	assert_int_equal(node.tcp.n_sent, 0);
	assert_int_equal(fixture_drop(LNET_DROP_RX_FAILED), 1);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
exhausted_local_memory_drops(void **)
{
	struct lnet_hdr h = push_hdr(1000, true), ping = fixture_ping(A, R0, 272);
	struct fake_rx rx = {0};
	uint64_t size;

	fixture_router(1);
	size = node.lc[0].ledger.use[LEDGER_LOCAL].size;
	node.lc[0].ledger.use[LEDGER_LOCAL].size = 0;
	fixture_arrive(&rx, R0, &h, NULL);
	assert_true(rx.is_discarded);
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &ping, NULL);
	assert_int_equal(fixture_drop(LNET_DROP_LOCAL_MEMORY), 2);
	assert_int_equal(node.tcp.n_sent, 0);
	node.lc[0].ledger.use[LEDGER_LOCAL].size = size;
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

/* --- answers to own operations --- */

static struct {
	unsigned int calls;
	int rc;
	uint32_t mlength;
	uint8_t bytes[16];
} got;

static void
op_done(struct lnet_cpt *, void *, const struct md_event *ev, uint64_t)
{
	got.calls++;
	got.rc = ev->rc;
	got.mlength = ev->mlength;
	if (ev->payload != NULL && ev->payload->len >= 16)
		assert_int_equal(buf_copy_out(ev->payload, 0, got.bytes, 16), 0);
}

/* An operation to @nid, by worker @cpt. */
static void
start_op(unsigned int cpt, enum lnet_msg_type type, const char *ni, const char *nid, uint32_t len)
{
	struct op op = {
		.type = type,
		.hop = {.ni = fake_node_ni(&node, ni), .nid = fake_nid(nid)},
		.dst = fake_nid(nid),
		.dst_pid = LNET_PID,
		.portal = 9,
		.match_bits = 0x1234,
		.len = len,
		.data = type == LNET_PUT ? fixture_payload : NULL,
		.deadline = node.now + 10 * FAKE_S,
		.done = op_done,
	};

	memset(&got, 0, sizeof(got));
	assert_int_equal(op_start(node.l->cpts[cpt], &op, node.now), 0);
	fake_node_settle(&node);
}

/* The answer to the last thing that was sent. */
static struct lnet_hdr
answer_to_last(uint32_t type, uint32_t len)
{
	const struct fake_sent *s = fake_lnd_sent(&node.tcp, 0);
	struct lnet_hdr h = {
		.dst = s->hdr.src,
		.src = s->hdr.dst,
		.dst_pid = LNET_PID,
		.src_pid = LNET_PID,
		.type = type,
		.payload_len = len,
	};
	struct lnet_put put;
	struct lnet_get get;

	lnet_put_decode(s->hdr.body, &put);
	lnet_get_decode(s->hdr.body, &get);
	if (type == LNET_ACK)
		lnet_ack_encode(&(struct lnet_ack){.md = put.ack, .mlength = 77}, h.body);
	else
		lnet_reply_encode(&(struct lnet_reply){.md = get.ret}, h.body);
	return h;
}

static void
put_completes_with_its_ack_on_whatever_worker(void **)
{
	struct fake_rx rx;
	struct lnet_hdr h;
	unsigned int w;

	for (w = 1; w <= 3; w++) {
		fixture_router(w);
		/* the owner is the last worker, the peer's home is 2 modulo w */
		start_op(w - 1, LNET_PUT, R0, A, 5000);
		assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, 5000);
		assert_int_equal(got.calls, 0);
		node.now += 1000;
		h = answer_to_last(LNET_ACK, 0);
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, R0, &h, NULL);
		fake_node_settle(&node);
		assert_int_equal(got.calls, 1);
		assert_int_equal(got.rc, 0);
		assert_int_equal(got.mlength, 77);
		/* it is over: the same answer again is stale */
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, R0, &h, NULL);
		fake_node_settle(&node);
		assert_int_equal(got.calls, 1);
		assert_int_equal(fixture_drop(LNET_DROP_STALE_HANDLE), 1);
		fixture_stop();
	}
}

static void
reply_is_cut_to_what_was_asked_for(void **)
{
	struct fake_rx rx;
	struct lnet_hdr h;
	unsigned int w;

	for (w = 1; w <= 3; w++) {
		fixture_router(w);
		start_op(w - 1, LNET_GET, R0, A, 100);
		h = answer_to_last(LNET_REPLY, 5000);
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, R0, &h, NULL);
		fake_node_settle(&node);
		assert_int_equal(got.calls, 1);
		assert_int_equal(got.mlength, 100);
		assert_memory_equal(got.bytes, fixture_payload, 16);
		assert_true(lnet_is_idle(node.l));
		fixture_stop();
	}
}

static void
foreign_handles_are_stale(void **)
{
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i;

	fixture_router(2);
	start_op(0, LNET_GET, R0, A, 100);
	for (i = 0; i < 4; i++) {
		/* another cookie, another kind of object, another counter, an ACK for a GET */
		h = answer_to_last(i == 3 ? LNET_ACK : LNET_REPLY, 0);
		if (i == 3)
			memcpy(h.body, fake_lnd_sent(&node.tcp, 0)->hdr.body, 16);
		else
			h.body[i == 0 ? 0 : i == 1 ? 8 : 12] ^= i == 1 ? 2 : 1;
		memset(&rx, 0, sizeof(rx));
		fixture_arrive(&rx, R0, &h, NULL);
		fake_node_settle(&node);
		assert_int_equal(fixture_drop(LNET_DROP_STALE_HANDLE), i + 1);
	}
	assert_int_equal(got.calls, 0);
	fixture_stop();
	/* the shutdown ended it */
	assert_int_equal(got.calls, 1);
	assert_int_equal(got.rc, -ESHUTDOWN);
}

static void
operation_ends_with_the_error_of_its_send_or_in_time(void **)
{
	fixture_router(1);
	node.tcp.mode = FAKE_FAIL;
	node.tcp.rc = -ECONNREFUSED;
	start_op(0, LNET_GET, R0, A, 100);
	assert_int_equal(got.calls, 1);
	assert_int_equal(got.rc, -ECONNREFUSED);
	node.tcp.mode = FAKE_AT_ONCE;
	start_op(0, LNET_GET, R0, A, 100);
	assert_int_equal(got.calls, 0);
	fake_node_pass(&node, 11 * FAKE_S);
	assert_int_equal(got.calls, 1);
	assert_int_equal(got.rc, -ETIMEDOUT);
	assert_int_equal(fixture_cpt()->stats.response_timeouts, 1);
	fixture_stop();
}

static void
own_message_that_waited_too_long_is_dropped(void **)
{
	struct fake_rx rx[8] = {0};
	unsigned int i;

	fixture_router(1);
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < 8; i++)
		fixture_put(&rx[i], A, B, i);
	start_op(0, LNET_PUT, R1, B, 100);
	assert_int_equal(fixture_peer(R1, B)->tx_credits, -1);
	node.now += 11 * FAKE_S;
	fake_lnd_complete(&node.tcp, 0, 0, node.now);
	assert_int_equal(fixture_drop(LNET_DROP_DEADLINE), 1);
	assert_int_equal(got.rc, -ETIMEDOUT);
	assert_int_equal(fixture_peer(R1, B)->tx_credits, 1);
	fixture_stop();
}

static void
all_descriptors_in_use_refuse_one_more(void **)
{
	struct op op = {
		.type = LNET_GET,
		.len = 1,
		.done = op_done,
	};
	unsigned int i;

	fixture_router(1);
	op.hop = (struct hop){fake_node_ni(&node, R0), fake_nid(A)};
	op.dst = fake_nid(A);
	op.deadline = node.now + FAKE_S;
	memset(&got, 0, sizeof(got));
	for (i = 0; i < MD_MAX; i++)
		assert_int_equal(op_start(fixture_cpt(), &op, node.now), 0);
	assert_int_equal(op_start(fixture_cpt(), &op, node.now), -ENOMEM);
	fake_node_pass(&node, 2 * FAKE_S);
	assert_int_equal(got.calls, MD_MAX);
	assert_int_equal(op_start(fixture_cpt(), &op, node.now), 0);
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest local[] = {
		cmocka_unit_test(ping_is_answered_with_this_nodes_info),
		cmocka_unit_test(requests_without_a_target_are_dropped),
		cmocka_unit_test(push_is_acknowledged_and_remembered),
		cmocka_unit_test(push_without_handle_gets_no_ack),
		cmocka_unit_test(senseless_push_is_acknowledged_counted_and_forgotten),
		cmocka_unit_test(overlong_push_is_cut_and_the_ack_says_so),
		cmocka_unit_test(broken_push_gets_no_ack),
		cmocka_unit_test(exhausted_local_memory_drops),
		cmocka_unit_test(put_completes_with_its_ack_on_whatever_worker),
		cmocka_unit_test(reply_is_cut_to_what_was_asked_for),
		cmocka_unit_test(foreign_handles_are_stale),
		cmocka_unit_test(operation_ends_with_the_error_of_its_send_or_in_time),
		cmocka_unit_test(own_message_that_waited_too_long_is_dropped),
		cmocka_unit_test(all_descriptors_in_use_refuse_one_more),
	};

	return FIXTURE_MAIN(local);
}
