/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending: which connection, when complete, what becomes of messages when a connection dies (8, 10.1, 10.5). */
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEER "10.10.0.200@tcp"

static int
send_msg(struct node *n, enum lnet_msg_type type, uint32_t len)
{
	struct lnet_nid nid = nid_of(PEER);

	return fake_core_send(n->cpt, &n->ni[0], &nid, type, len, n->now);
}

static void
check_frame(struct remote *r, uint32_t len)
{
	struct frame f = remote_read_frame(r);
	uint32_t i;

	assert_int_equal(f.ksock.type, SOCKLND_MSG_LNET);
	assert_int_equal(f.ksock.csum, 0);
	assert_true(f.ksock.cookie0 == 0); /* we never ask for a zero-copy ack */
	assert_true(f.ksock.cookie1 == 0);
	assert_int_equal(f.hdr.payload_len, len);
	for (i = 0; i < len; i++)
		if (f.payload[i] != fake_core_pattern(i))
			fail_msg("byte %u", i);
}

static void
small_goes_on_control_and_large_on_bulk_out(void **state)
{
	/* our names of the connections that the peer made as C, I, O: C, O, I */
	static const struct {
		uint32_t len;
		unsigned int conn;
	} row[] = {{0, 0}, {927, 0}, {928, 1}, {4096, 1}, {1048576, 1}};
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 5; i++) {
		assert_int_equal(send_msg(&n, LNET_PUT, row[i].len), 0);
		check_frame(&r[row[i].conn], row[i].len);
		fake_tcp_ack(r[row[i].conn].c, n.now);
	}
	assert_int_equal(r[2].c->queued, 56); /* nothing but HELLO on our BULK_IN: T7 */
	node_down(&n);
}

static void
threshold_counts_the_header_of_the_version(void **state)
{
	static const struct {
		unsigned int version;
		uint32_t largest_small;
	} row[] = {{1, 951}, {2, 927}, {3, 927}, {4, 903}};
	static const enum socklnd_type types[] = {SOCKLND_CONTROL, SOCKLND_BULK_IN};
	struct remote r[2];
	struct node n;
	unsigned int i, j;

	for (i = 0; i < 4; i++) {
		node_up(&n, 1, NULL);
		for (j = 0; j < 2; j++) {
			assert_true(remote_connect(&r[j], &n, PEER, (uint16_t)(1023 - j)));
			remote_request(&r[j], &n.ni[0].nid);
			remote_hello(&r[j], row[i].version, types[j]);
			remote_read_hello(&r[j]);
			fake_tcp_ack(r[j].c, n.now);
		}
		assert_int_equal(send_msg(&n, LNET_PUT, row[i].largest_small), 0);
		check_frame(&r[0], row[i].largest_small);
		assert_int_equal(send_msg(&n, LNET_PUT, row[i].largest_small + 1), 0);
		check_frame(&r[1], row[i].largest_small + 1);
		node_down(&n);
	}
}

static void
large_goes_on_control_while_there_is_nothing_else(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	assert_int_equal(send_msg(&n, LNET_PUT, 100000), 0);
	remote_answer_set(r, &n, PEER);
	check_frame(&r[0], 100000); /* 8.2: CONTROL takes all that waits */
	assert_int_equal(send_msg(&n, LNET_PUT, 100000), 0);
	check_frame(&r[2], 100000);
	node_down(&n);
}

static void
any_connection_is_never_sent_on(void **state)
{
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	remote_join(&r, &n, PEER, 1023, SOCKLND_ANY);
	remote_send(&r, LNET_GET, 0, 0);
	assert_int_equal(n.cpt->n_parsed, 1);
	assert_int_equal(send_msg(&n, LNET_REPLY, 48), -EHOSTUNREACH);
	node_down(&n);
}

/* Four connections of a type: returns which one took the last message. */
static unsigned int
which(struct remote r[4])
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (remote_waiting(&r[i]) == 0)
			continue;
		remote_read(&r[i], remote_waiting(&r[i]));
		return i;
	}
	fail_msg("nobody took it");
	return 0;
}

static void
least_loaded_connection_is_chosen_then_by_rest_or_age(void **state)
{
	struct socklnd_config cfg;
	struct remote r[4];
	struct node n;
	unsigned int i, rr;

	for (rr = 0; rr < 2; rr++) {
		socklnd_config_default(&cfg);
		cfg.conns_per_peer = 4;
		cfg.round_robin = (int)rr;
		node_up(&n, 1, &cfg);
		for (i = 0; i < 4; i++)
			remote_join(&r[i], &n, PEER, (uint16_t)(1023 - i), SOCKLND_BULK_IN);
		/* idle set: the newest; while it is busy the next older one, and so on */
		for (i = 0; i < 4; i++) {
			node_advance(&n, 1000);
			assert_int_equal(send_msg(&n, LNET_PUT, 10000 - i * 1000), 0);
			assert_int_equal(which(r), 3 - i);
		}
		/* all busy: the one with the fewest bytes */
		node_advance(&n, 1000);
		assert_int_equal(send_msg(&n, LNET_PUT, 10000), 0);
		assert_int_equal(which(r), 0);
		for (i = 0; i < 4; i++)
			fake_tcp_ack(r[i].c, n.now);
		/* all idle: least recently used was 3; without round robin the newest is 3 as well */
		node_advance(&n, 1000);
		assert_int_equal(send_msg(&n, LNET_PUT, 10000), 0);
		assert_int_equal(which(r), 3);
		fake_tcp_ack(r[3].c, n.now);
		node_advance(&n, 1000);
		assert_int_equal(send_msg(&n, LNET_PUT, 10000), 0);
		assert_int_equal(which(r), rr == 1 ? 2 : 3);
		node_down(&n);
	}
}

static void
small_send_is_complete_when_transmitted(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	assert_int_equal(send_msg(&n, LNET_PUT, 4096), 0);
	assert_int_equal(n.cpt->n_done, 0);
	fake_tcp_transmit(r[1].c, n.now);
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].rc, 0);
	/* TCP still holds it: the ledger says so until it is acknowledged */
	assert_true(n.lc.ledger.use[LEDGER_SENT].used >= 4096);
	fake_tcp_ack(r[1].c, n.now);
	assert_int_equal(n.lc.ledger.use[LEDGER_SENT].used, 0);
	node_down(&n);
}

static void
small_send_waits_for_the_ack_when_the_ledger_is_full(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	n.lc.ledger.use[LEDGER_SENT].size = 1000;
	remote_join_set(r, &n, PEER);
	assert_int_equal(send_msg(&n, LNET_PUT, 4096), 0);
	fake_tcp_transmit(r[1].c, n.now);
	assert_int_equal(n.cpt->n_done, 0);
	fake_tcp_ack(r[1].c, n.now);
	assert_int_equal(n.cpt->n_done, 1);
	node_down(&n);
}

static void
ledger_gets_back_what_was_sent_in_order_of_acks(void **state)
{
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 20; i++) {
		assert_int_equal(send_msg(&n, LNET_GET, 0), 0);
		fake_tcp_transmit(r[0].c, n.now);
		if (i % 3 == 2)
			fake_tcp_ack(r[0].c, n.now);
	}
	assert_int_equal(n.cpt->n_done, 20);
	fake_tcp_over(r[0].c, -ECONNRESET, n.now);
	assert_int_equal(n.lc.ledger.use[LEDGER_SENT].used, 0);
	node_down(&n);
}

static void
large_send_is_complete_when_acknowledged(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	assert_int_equal(send_msg(&n, LNET_PUT, 4097), 0);
	fake_tcp_transmit(r[1].c, n.now);
	assert_int_equal(n.cpt->n_done, 0);
	assert_int_equal(n.lc.ledger.use[LEDGER_SENT].used, 0);
	fake_tcp_ack(r[1].c, n.now);
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].rc, 0);
	assert_true(n.cpt->n_progress > 0);
	node_down(&n);
}

static void
tcp_is_fed_as_it_transmits(void **state)
{
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 4; i++)
		assert_int_equal(send_msg(&n, LNET_PUT, 1 << 20), 0);
	/* one message is more than enough for a round; the rest can still go elsewhere or fail cleanly */
	assert_int_equal(r[1].c->sends, 2);
	fake_tcp_transmit(r[1].c, n.now);
	assert_int_equal(r[1].c->sends, 3);
	for (i = 0; i < 4; i++)
		fake_tcp_ack(r[1].c, n.now);
	assert_int_equal(n.cpt->n_done, 4);
	for (i = 0; i < 4; i++)
		check_frame(&r[1], 1 << 20);
	node_down(&n);
}

static void
tx_buffer_size_limits_what_tcp_holds(void **state)
{
	struct socklnd_config cfg;
	struct remote r[3];
	struct node n;
	unsigned int i;

	socklnd_config_default(&cfg);
	cfg.tx_buffer_size = 10000;
	node_up(&n, 1, &cfg);
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 4; i++)
		assert_int_equal(send_msg(&n, LNET_PUT, 6000), 0);
	fake_tcp_transmit(r[1].c, n.now);
	assert_int_equal(r[1].c->sends, 3); /* HELLO and two: the third would be above */
	fake_tcp_ack(r[1].c, n.now);
	assert_int_equal(r[1].c->sends, 5);
	node_down(&n);
}

static void
queued_messages_are_announced_to_tcp(void **state)
{
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	for (i = 0; i < 3; i++)
		assert_int_equal(send_msg(&n, LNET_GET, 0), 0);
	remote_answer_set(r, &n, PEER);
	for (i = 0; i < 3; i++)
		check_frame(&r[0], 0);
	node_down(&n);
}

static void
want_of_buffers_is_survived(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	n.tcp->send_rc = -ENOBUFS;
	assert_int_equal(send_msg(&n, LNET_PUT, 5000), 0);
	assert_int_equal(send_msg(&n, LNET_PUT, 6000), 0);
	node_advance(&n, SEC / 10);
	assert_int_equal(remote_waiting(&r[1]), 0);
	n.tcp->send_rc = 0;
	node_advance(&n, SEC / 10);
	check_frame(&r[1], 5000);
	check_frame(&r[1], 6000);
	node_down(&n);
}

/* How the connection ends, and what the messages on it hear. */
static const struct {
	int err; /* of TCP; 0 = the peer's FIN */
	enum lnet_health started, queued;
} ends[] = {
	{-ECONNRESET, LNET_HEALTH_REMOTE_ERROR, LNET_HEALTH_REMOTE_DROPPED},
	{-ETIMEDOUT, LNET_HEALTH_NETWORK_TIMEOUT, LNET_HEALTH_NETWORK_TIMEOUT},
	{0, LNET_HEALTH_REMOTE_ERROR, LNET_HEALTH_REMOTE_DROPPED},
};

static void
messages_fail_with_their_connection(void **state)
{
	struct remote r[3];
	struct node n;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		node_up(&n, 1, NULL);
		remote_join_set(r, &n, PEER);
		assert_int_equal(send_msg(&n, LNET_PUT, 1 << 20), 0); /* with TCP */
		assert_int_equal(send_msg(&n, LNET_PUT, 1 << 20), 0); /* never started */
		fake_tcp_transmit(r[0].c, n.now);
		if (ends[i].err != 0)
			fake_tcp_over(r[1].c, ends[i].err, n.now);
		else
			fake_tcp_fin(r[1].c, n.now);
		assert_int_equal(n.cpt->n_done, 2);
		assert_int_equal(n.cpt->done[0].rc, -EIO);
		assert_int_equal(n.cpt->done[0].health, ends[i].started);
		assert_int_equal(n.cpt->done[1].rc, -EIO);
		assert_int_equal(n.cpt->done[1].health, ends[i].queued);
		assert_int_equal(n.cpt->n_down, ends[i].err != 0 ? 1 : 0);
		/* half a message must not drain after it was reported as failed */
		if (ends[i].err == 0)
			assert_int_equal(r[1].c->end, FAKE_RST);
		assert_int_not_equal(r[0].c->end, FAKE_OPEN);
		assert_int_not_equal(r[2].c->end, FAKE_OPEN);
		node_down(&n);
	}
}

/* A message that fails wakes the next one: it must not go to a sibling that is about to close. */
static void
send_again(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	struct node *n = cpt->user;

	if (rc < 0 && n->home++ == 0)
		assert_int_equal(send_msg(n, LNET_GET, 0), 0);
}

static void
woken_message_does_not_choose_a_dying_sibling(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	n.cpt->on_finalize = send_again;
	n.cpt->user = &n;
	assert_int_equal(send_msg(&n, LNET_PUT, 100000), 0);
	fake_tcp_over(r[1].c, -ECONNRESET, n.now);
	assert_int_equal(n.cpt->n_done, 1);
	/* it waits for a new one */
	assert_int_equal(fake_tcp_count(n.tcp), 4);
	remote_answer_set(r, &n, PEER);
	check_frame(&r[0], 0);
	node_down(&n);
}

static void
large_nid_is_refused_on_a_small_nid_connection(void **state)
{
	struct lnet_hdr hdr = {.type = LNET_GET};
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	hdr.dst = nid_of("fd00::9@tcp1");
	hdr.src = n.ni[0].nid;
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 2; i++) {
		assert_int_equal(
			fake_core_send_hdr(n.cpt, &n.ni[0], &r[0].nid, &hdr, UINT64_MAX, n.now),
			-EAFNOSUPPORT);
		hdr.src = hdr.dst;
		hdr.dst = r[0].nid;
	}
	assert_int_equal(r[0].c->queued, 56);
	assert_int_equal(node_count(&n, SOCKLND_TX_REFUSED_NID), 2);
	node_down(&n);
}

static void
large_nid_travels_on_version_4_over_ipv4(void **state)
{
	struct lnet_hdr hdr = {.type = LNET_GET};
	struct remote r;
	struct frame f;
	struct node n;

	node_up(&n, 1, NULL);
	assert_true(remote_connect(&r, &n, PEER, 1023));
	remote_request(&r, &n.ni[0].nid);
	remote_hello(&r, 4, SOCKLND_CONTROL);
	remote_read_hello(&r);
	hdr.dst = nid_of("fd00::9@tcp1");
	hdr.src = n.ni[0].nid;
	assert_int_equal(fake_core_send_hdr(n.cpt, &n.ni[0], &r.nid, &hdr, UINT64_MAX, n.now), 0);
	f = remote_read_frame(&r);
	assert_true(lnet_nid_equal(&f.hdr.dst, &hdr.dst));
	assert_true(lnet_nid_equal(&f.hdr.src, &hdr.src));
	node_down(&n);
}

static void
large_nid_that_waited_for_a_downgraded_connection_fails(void **state)
{
	struct lnet_hdr hdr = {.type = LNET_GET};
	struct lnet_nid to = nid_of(PEER);
	struct socklnd_hello h;
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	assert_int_equal(send_msg(&n, LNET_GET, 0), 0);
	remote_answer(&r, &n, 0, PEER, &h);
	remote_hello(&r, 4, SOCKLND_NONE); /* it wants V4: now a large NID may wait for it */
	hdr.dst = nid_of("fd00::9@tcp1");
	hdr.src = n.ni[0].nid;
	assert_int_equal(fake_core_send_hdr(n.cpt, &n.ni[0], &to, &hdr, UINT64_MAX, n.now), 0);
	remote_answer(&r, &n, 1, PEER, &h);
	remote_hello(&r, 3, SOCKLND_CONTROL); /* but runs V3 */
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].rc, -EAFNOSUPPORT);
	check_frame(&r, 0);
	node_down(&n);
}

static int
setup(void **state)
{
	return fake_eal_init(64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_goes_on_control_and_large_on_bulk_out),
		cmocka_unit_test(threshold_counts_the_header_of_the_version),
		cmocka_unit_test(large_goes_on_control_while_there_is_nothing_else),
		cmocka_unit_test(any_connection_is_never_sent_on),
		cmocka_unit_test(least_loaded_connection_is_chosen_then_by_rest_or_age),
		cmocka_unit_test(small_send_is_complete_when_transmitted),
		cmocka_unit_test(small_send_waits_for_the_ack_when_the_ledger_is_full),
		cmocka_unit_test(ledger_gets_back_what_was_sent_in_order_of_acks),
		cmocka_unit_test(large_send_is_complete_when_acknowledged),
		cmocka_unit_test(tcp_is_fed_as_it_transmits),
		cmocka_unit_test(tx_buffer_size_limits_what_tcp_holds),
		cmocka_unit_test(queued_messages_are_announced_to_tcp),
		cmocka_unit_test(want_of_buffers_is_survived),
		cmocka_unit_test(messages_fail_with_their_connection),
		cmocka_unit_test(woken_message_does_not_choose_a_dying_sibling),
		cmocka_unit_test(large_nid_is_refused_on_a_small_nid_connection),
		cmocka_unit_test(large_nid_travels_on_version_4_over_ipv4),
		cmocka_unit_test(large_nid_that_waited_for_a_downgraded_connection_fails),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
