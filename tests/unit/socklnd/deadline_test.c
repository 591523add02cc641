/* SPDX-License-Identifier: BSD-3-Clause */
/* Deadlines of a connection and of messages (10.1): what is extended, what ends, and how far. */
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
send_without_progress_times_out(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	assert_int_equal(send_msg(&n, LNET_PUT, 100000), 0);
	fake_tcp_transmit(r[1].c, n.now);
	node_advance(&n, 49 * SEC);
	assert_int_equal(n.cpt->n_done, 0);
	node_advance(&n, 2 * SEC);
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].health, LNET_HEALTH_NETWORK_TIMEOUT);
	assert_int_equal(node_count(&n, SOCKLND_TX_TIMEOUT), 1);
	assert_int_equal(n.cpt->n_down, 1);
	node_down(&n);
}

static void
any_ack_extends_the_deadline(void **state)
{
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 10; i++) {
		assert_int_equal(send_msg(&n, LNET_PUT, 1 << 20), 0);
		node_advance(&n, 30 * SEC);
		fake_tcp_ack(r[1].c, n.now);
		fake_tcp_ack(r[2].c, n.now); /* a keepalive NOOP */
	}
	assert_int_equal(node_count(&n, SOCKLND_TX_TIMEOUT), 0);
	assert_int_equal(n.cpt->n_done, 10);
	node_down(&n);
}

static void
idle_connection_never_times_out(void **state)
{
	struct socklnd_config cfg;
	struct remote r[3];
	struct node n;

	socklnd_config_default(&cfg);
	cfg.keepalive_s = 0;
	node_up(&n, 1, &cfg);
	remote_join_set(r, &n, PEER);
	node_advance(&n, 3600 * SEC);
	assert_int_equal(r[0].c->end, FAKE_OPEN);
	node_down(&n);
}

static void
message_that_stops_arriving_times_out(void **state)
{
	/* in the header: the LND timeout; in the payload, where it holds a buffer: half of it */
	static const struct {
		unsigned int bytes;
		uint64_t seconds;
	} parts[] = {{10, 50}, {2000, 25}};
	uint8_t frame[3200];
	struct remote r;
	struct node n;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		node_up(&n, 1, NULL);
		remote_join(&r, &n, PEER, 1023, SOCKLND_CONTROL);
		n.cpt->recv = FAKE_TAKE;
		remote_frame(&r, frame, LNET_PUT, 3000, 0, 0);
		remote_say(&r, frame, parts[i].bytes);
		node_advance(&n, (parts[i].seconds - 1) * SEC);
		assert_int_equal(r.c->end, FAKE_OPEN);
		node_advance(&n, 2 * SEC);
		assert_int_not_equal(r.c->end, FAKE_OPEN);
		assert_int_equal(node_count(&n, SOCKLND_RX_TIMEOUT), 1);
		assert_int_equal(n.cpt->n_down, 1);
		node_down(&n);
	}
}

static void
message_that_only_trickles_has_to_be_whole_in_time(void **state)
{
	uint8_t frame[3200];
	struct remote r;
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join(&r, &n, PEER, 1023, SOCKLND_CONTROL);
	n.cpt->recv = FAKE_TAKE;
	remote_frame(&r, frame, LNET_PUT, 3000, 0, 0);
	remote_say(&r, frame, 1000);
	for (i = 0; i < 4; i++) {
		node_advance(&n, 12 * SEC);
		assert_int_equal(r.c->end, FAKE_OPEN);
		remote_say(&r, frame + 1000 + i, 1);
	}
	node_advance(&n, 3 * SEC);
	assert_int_not_equal(r.c->end, FAKE_OPEN);
	assert_int_equal(node_count(&n, SOCKLND_RX_TIMEOUT), 1);
	node_down(&n);
}

static void
waiting_for_a_buffer_has_no_clock(void **state)
{
	static const uint64_t waits[] = {10, 60, 300};
	struct remote r;
	struct node n;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		node_up(&n, 1, NULL);
		remote_join(&r, &n, PEER, 1023, SOCKLND_CONTROL);
		n.cpt->recv = FAKE_LATER;
		remote_send(&r, LNET_PUT, 3000, 0);
		node_advance(&n, waits[i] * SEC);
		fake_core_recv(n.cpt, 0, 3000, n.now);
		assert_int_equal(n.cpt->parsed[0].rc, 0);
		assert_int_equal(n.cpt->parsed[0].len, 3000);
		assert_int_equal(node_count(&n, SOCKLND_RX_TIMEOUT), 0);
		node_down(&n);
	}
}

static void
message_without_value_is_not_sent(void **state)
{
	struct lnet_hdr hdr = {.type = LNET_PUT, .payload_len = 1 << 20};
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	hdr.dst = r[0].nid;
	hdr.src = n.ni[0].nid;
	assert_int_equal(send_msg(&n, LNET_PUT, 1 << 20), 0);
	assert_int_equal(fake_core_send_hdr(n.cpt, &n.ni[0], &r[0].nid, &hdr, n.now + SEC, n.now),
			 0);
	node_advance(&n, 2 * SEC);
	fake_tcp_ack(r[1].c, n.now);
	assert_int_equal(n.cpt->n_done, 2);
	assert_int_equal(n.cpt->done[1].rc, -ETIMEDOUT);
	assert_int_equal(remote_read_frame(&r[1]).hdr.payload_len, 1 << 20);
	assert_int_equal(remote_waiting(&r[1]), 0);
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
		cmocka_unit_test(send_without_progress_times_out),
		cmocka_unit_test(any_ack_extends_the_deadline),
		cmocka_unit_test(idle_connection_never_times_out),
		cmocka_unit_test(message_that_stops_arriving_times_out),
		cmocka_unit_test(message_that_only_trickles_has_to_be_whole_in_time),
		cmocka_unit_test(waiting_for_a_buffer_has_no_clock),
		cmocka_unit_test(message_without_value_is_not_sent),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
