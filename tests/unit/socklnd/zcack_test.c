/* SPDX-License-Identifier: BSD-3-Clause */
/* Zero-copy acknowledgements and keepalive (7). */
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PEER "10.10.0.200@tcp"

/* Our BULK_IN is the connection that the peer made as BULK_OUT. */
enum {
	C,
	O,
	I,
};

static void
check_noop(struct remote *r, uint64_t cookie0, uint64_t cookie1)
{
	struct frame f = remote_read_frame(r);

	assert_int_equal(f.ksock.type, SOCKLND_MSG_NOOP);
	assert_int_equal(f.ksock.csum, 0);
	assert_true(f.ksock.cookie0 == cookie0);
	assert_true(f.ksock.cookie1 == cookie1);
}

static void
ack_goes_out_on_bulk_in_when_the_payload_is_there(void **state)
{
	uint8_t frame[70000];
	struct remote r[3];
	struct node n;
	size_t len;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	len = remote_frame(&r[I], frame, LNET_PUT, 65536, 2, 0);
	remote_say(&r[I], frame, len - 1);
	assert_int_equal(remote_waiting(&r[I]), 0);
	remote_say(&r[I], frame + len - 1, 1);
	check_noop(&r[I], 0, 2);
	/* whichever connection the message came on, and for a message without payload too */
	remote_send(&r[C], LNET_GET, 0, 3);
	remote_send(&r[O], LNET_PUT, 20000, 4);
	check_noop(&r[I], 0, 3);
	check_noop(&r[I], 0, 4);
	assert_int_equal(remote_waiting(&r[C]) + remote_waiting(&r[O]), 0);
	node_down(&n);
}

static void
ack_of_a_delayed_message_waits_for_its_payload(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	n.cpt->recv = FAKE_LATER;
	remote_send(&r[I], LNET_PUT, 65536, 2);
	assert_int_equal(remote_waiting(&r[I]), 0);
	fake_core_recv(n.cpt, 0, 65536, n.now);
	check_noop(&r[I], 0, 2);
	node_down(&n);
}

static void
ack_of_a_dropped_message_does_not_wait(void **state)
{
	uint8_t frame[70000];
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	n.cpt->recv = FAKE_DISCARD;
	remote_frame(&r[I], frame, LNET_PUT, 65536, 2, 0);
	remote_say(&r[I], frame, 200);
	check_noop(&r[I], 0, 2); /* before the payload is thrown away */
	remote_say(&r[I], frame + 200, 65536 + 96 - 200);
	assert_int_equal(remote_waiting(&r[I]), 0);
	node_down(&n);
}

static void
acks_of_one_burst_are_merged(void **state)
{
	static const uint64_t cookies[] = {2, 3, 4, 8, 10, 20, 21};
	uint8_t burst[2000];
	struct remote r[3];
	struct node n;
	unsigned int i;
	size_t len = 0;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 7; i++)
		len += remote_frame(&r[I], burst + len, LNET_PUT, 0, cookies[i], 0);
	remote_say(&r[I], burst, len);
	check_noop(&r[I], 2, 4);
	check_noop(&r[I], 10, 8);
	check_noop(&r[I], 20, 21);
	assert_int_equal(remote_waiting(&r[I]), 0);
	node_down(&n);
}

static void
version_2_gets_single_cookies_on_any_connection(void **state)
{
	uint8_t burst[2000];
	struct remote r;
	struct node n;
	size_t len = 0;
	uint64_t c;

	node_up(&n, 1, NULL);
	assert_true(remote_connect(&r, &n, PEER, 1023));
	remote_request(&r, &n.ni[0].nid);
	remote_hello(&r, 2, SOCKLND_CONTROL);
	remote_read_hello(&r);
	for (c = 2; c < 6; c++)
		len += remote_frame(&r, burst + len, LNET_PUT, 0, c, 0);
	remote_say(&r, burst, len);
	for (c = 2; c < 6; c++)
		check_noop(&r, 0, c);
	node_down(&n);
}

static void
acks_are_held_until_a_bulk_in_exists(void **state)
{
	struct remote r[2];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join(&r[0], &n, PEER, 1023, SOCKLND_CONTROL);
	remote_send(&r[0], LNET_PUT, 65536, 2); /* large, on CONTROL, with a request: T6 */
	remote_send(&r[0], LNET_PUT, 65536, 3);
	assert_int_equal(remote_waiting(&r[0]), 0);
	assert_int_equal(r[0].c->end, FAKE_OPEN);
	remote_join(&r[1], &n, PEER, 1022, SOCKLND_BULK_OUT);
	check_noop(&r[1], 2, 3);
	node_down(&n);
}

static void
acks_without_any_bulk_in_take_another_connection_in_the_end(void **state)
{
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	remote_join(&r, &n, PEER, 1023, SOCKLND_CONTROL);
	remote_send(&r, LNET_PUT, 20000, 2);
	node_advance(&n, 9 * SEC);
	assert_int_equal(remote_waiting(&r), 0);
	node_advance(&n, 2 * SEC);
	check_noop(&r, 0, 2);
	assert_int_equal(node_count(&n, SOCKLND_ZC_FALLBACK), 1);
	node_down(&n);
}

static void
due_acks_are_dropped_with_the_connections(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &(struct lnet_nid){0}, LNET_GET, 0, n.now),
			 -EAFNOSUPPORT);
	remote_join(&r[0], &n, PEER, 1023, SOCKLND_CONTROL);
	remote_send(&r[0], LNET_PUT, 20000, 2);
	fake_tcp_over(r[0].c, -ECONNRESET, n.now);
	assert_int_equal(node_count(&n, SOCKLND_ZC_DROPPED), 1);
	/* the next set hears nothing of it: T8 */
	remote_join_set(r, &n, PEER);
	assert_int_equal(remote_waiting(&r[I]), 0);
	remote_send(&r[I], LNET_PUT, 0, 2);
	check_noop(&r[I], 0, 2);
	node_down(&n);
}

static void
peer_that_reads_no_acks_gets_no_more_than_a_few(void **state)
{
	uint8_t frame[200];
	struct remote r[3];
	struct node n;
	uint64_t c;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (c = 2; c < 1002; c++)
		remote_say(&r[I], frame, remote_frame(&r[I], frame, LNET_PUT, 0, c, 0));
	assert_int_equal(node_count(&n, SOCKLND_TX_NOOPS), SOCKLND_NOOPS_MAX);
	/* then it reads: the rest is one range */
	remote_read(&r[I], remote_waiting(&r[I]));
	fake_tcp_ack(r[I].c, n.now);
	check_noop(&r[I], 2 + SOCKLND_NOOPS_MAX, 1001);
	assert_int_equal(remote_waiting(&r[I]), 0);
	node_down(&n);
}

static void
cookies_that_cannot_be_held_are_a_protocol_error(void **state)
{
	uint8_t frame[200];
	struct remote r[3];
	struct node n;
	uint64_t c;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (c = 0; c < 4 * (SOCKLND_NOOPS_MAX + SOCKLND_ACKS_MAX) && r[I].c->end == FAKE_OPEN; c++)
		remote_say(&r[I], frame, remote_frame(&r[I], frame, LNET_PUT, 0, 2 + 2 * c, 0));
	assert_int_equal(node_count(&n, SOCKLND_RX_BAD_ZC), 1);
	assert_in_range(c, SOCKLND_NOOPS_MAX + SOCKLND_ACKS_MAX,
			4 * (SOCKLND_NOOPS_MAX + SOCKLND_ACKS_MAX) - 1);
	node_down(&n);
}

static void
cookie_of_the_keepalive_is_no_request(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	remote_send(&r[I], LNET_PUT, 0, SOCKLND_COOKIE_KEEPALIVE);
	assert_int_equal(node_count(&n, SOCKLND_RX_BAD_ZC), 1);
	assert_int_not_equal(r[I].c->end, FAKE_OPEN);
	node_down(&n);
}

static void
no_ack_after_a_checksum_error(void **state)
{
	uint8_t frame[300];
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	remote_frame(&r[I], frame, LNET_PUT, 100, 2, 0);
	frame[4] = 1;
	remote_say(&r[I], frame, 196);
	assert_int_equal(node_count(&n, SOCKLND_RX_BAD_CSUM), 1);
	assert_int_equal(remote_waiting(&r[I]), 0);
	node_down(&n);
}

static void
want_of_buffers_delays_acks(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	n.tcp->send_rc = -ENOBUFS;
	remote_send(&r[I], LNET_PUT, 100, 2);
	remote_send(&r[I], LNET_PUT, 100, 3);
	assert_int_equal(remote_waiting(&r[I]), 0);
	n.tcp->send_rc = 0;
	node_advance(&n, SEC / 10);
	check_noop(&r[I], 2, 3);
	node_down(&n);
}

/* --- keepalive --- */

static void
keepalive_after_silence_on_bulk_in(void **state)
{
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	node_advance(&n, 29 * SEC);
	assert_int_equal(remote_waiting(&r[I]), 0);
	for (i = 0; i < 3; i++) {
		node_advance(&n, SEC + 2000000);
		check_noop(&r[I], 0, SOCKLND_COOKIE_KEEPALIVE);
		fake_tcp_ack(r[I].c, n.now); /* which is a sign of life */
		node_advance(&n, 29 * SEC);
		assert_int_equal(remote_waiting(&r[I]), 0);
	}
	assert_int_equal(remote_waiting(&r[C]) + remote_waiting(&r[O]), 0);
	node_down(&n);
}

static void
keepalive_not_when_the_peer_is_heard(void **state)
{
	struct remote r[3];
	struct node n;
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	for (i = 0; i < 20; i++) {
		node_advance(&n, 20 * SEC);
		remote_noop(&r[I], 0, SOCKLND_COOKIE_KEEPALIVE);
	}
	assert_int_equal(node_count(&n, SOCKLND_TX_KEEPALIVES), 0);
	node_down(&n);
}

static void
keepalive_of_a_silent_peer_is_not_repeated_before_it_is_acknowledged(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	node_advance(&n, 31 * SEC);
	node_advance(&n, 15 * SEC);
	node_advance(&n, 15 * SEC);
	assert_int_equal(node_count(&n, SOCKLND_TX_KEEPALIVES), 1);
	/* 50 s after it the connection is given up */
	node_advance(&n, 25 * SEC);
	assert_int_equal(node_count(&n, SOCKLND_TX_TIMEOUT), 1);
	assert_int_equal(n.cpt->n_down, 1);
	assert_true(n.cpt->down_alive == 1000 * SEC);
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
		cmocka_unit_test(ack_goes_out_on_bulk_in_when_the_payload_is_there),
		cmocka_unit_test(ack_of_a_delayed_message_waits_for_its_payload),
		cmocka_unit_test(ack_of_a_dropped_message_does_not_wait),
		cmocka_unit_test(acks_of_one_burst_are_merged),
		cmocka_unit_test(version_2_gets_single_cookies_on_any_connection),
		cmocka_unit_test(acks_are_held_until_a_bulk_in_exists),
		cmocka_unit_test(acks_without_any_bulk_in_take_another_connection_in_the_end),
		cmocka_unit_test(due_acks_are_dropped_with_the_connections),
		cmocka_unit_test(peer_that_reads_no_acks_gets_no_more_than_a_few),
		cmocka_unit_test(cookies_that_cannot_be_held_are_a_protocol_error),
		cmocka_unit_test(cookie_of_the_keepalive_is_no_request),
		cmocka_unit_test(no_ack_after_a_checksum_error),
		cmocka_unit_test(want_of_buffers_delays_acks),
		cmocka_unit_test(keepalive_after_silence_on_bulk_in),
		cmocka_unit_test(keepalive_not_when_the_peer_is_heard),
		cmocka_unit_test(
			keepalive_of_a_silent_peer_is_not_repeated_before_it_is_acknowledged),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
