/* SPDX-License-Identifier: BSD-3-Clause */
/* Dials that fail, what follows from it, and when the next one comes (5.2, 5.6, 10.4, 10.5). */
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEER "10.10.0.200@tcp"

static int
send_get(struct node *n, const char *to)
{
	struct lnet_nid nid = nid_of(to);

	return fake_core_send(n->cpt, &n->ni[0], &nid, LNET_GET, 0, n->now);
}

static const struct {
	int err;
	enum lnet_health health;
} lost[] = {
	{-ECONNREFUSED, LNET_HEALTH_REMOTE_DROPPED}, {-EHOSTUNREACH, LNET_HEALTH_REMOTE_DROPPED},
	{-ENETUNREACH, LNET_HEALTH_REMOTE_DROPPED},  {-ECONNRESET, LNET_HEALTH_REMOTE_DROPPED},
	{-ETIMEDOUT, LNET_HEALTH_NETWORK_TIMEOUT},   {-ENOMEM, LNET_HEALTH_LOCAL_ERROR},
};

static void
failed_dial_tells_messages_and_lnet(void **state)
{
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		node_up(&n, 1, NULL);
		assert_int_equal(send_get(&n, PEER), 0);
		assert_int_equal(send_get(&n, PEER), 0);
		fake_tcp_over(fake_tcp_conn(n.tcp, 0), lost[i].err, n.now);
		assert_int_equal(n.cpt->n_done, 2);
		assert_int_equal(n.cpt->done[0].rc, lost[i].err);
		assert_int_equal(n.cpt->done[0].health, lost[i].health);
		assert_int_equal(n.cpt->n_down, 1);
		/* while it backs off nothing is queued */
		assert_int_equal(send_get(&n, PEER), -EHOSTUNREACH);
		assert_int_equal(n.cpt->refused, LNET_HEALTH_REMOTE_ERROR);
		node_down(&n);
	}
}

static void
back_off_doubles_from_one_second_to_a_minute(void **state)
{
	static const unsigned int wait_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
	struct remote r[3];
	struct node n = {0};
	unsigned int i;

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	for (i = 0; i < 8; i++) {
		fake_tcp_over(fake_tcp_conn(n.tcp, i), -ECONNREFUSED, n.now);
		node_advance(&n, wait_s[i] * SEC - 1);
		assert_int_equal(send_get(&n, PEER), -EHOSTUNREACH);
		assert_int_equal(fake_tcp_count(n.tcp), i + 1);
		node_advance(&n, 1);
		assert_int_equal(send_get(&n, PEER), 0);
		assert_int_equal(fake_tcp_count(n.tcp), i + 2);
	}
	/* any connection resets it */
	remote_answer_set(r, &n, PEER);
	for (i = 0; i < 3; i++)
		fake_tcp_over(r[i].c, -ECONNRESET, n.now);
	assert_int_equal(send_get(&n, PEER), 0);
	fake_tcp_over(fake_tcp_conn(n.tcp, 11), -ECONNREFUSED, n.now);
	node_advance(&n, SEC);
	assert_int_equal(send_get(&n, PEER), 0);
	node_down(&n);
}

static void
connect_and_hello_are_bounded_by_the_lnd_timeout(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	node_advance(&n, 20 * SEC);
	remote_answer(&r, &n, 0, PEER, &h);
	node_advance(&n, 29 * SEC); /* a busy peer may take its time: T23 */
	assert_int_equal(n.cpt->n_done, 0);
	node_advance(&n, 2 * SEC);
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].rc, -ETIMEDOUT);
	assert_int_equal(n.cpt->done[0].health, LNET_HEALTH_NETWORK_TIMEOUT);
	assert_int_not_equal(r.c->end, FAKE_OPEN);
	node_down(&n);
}

static void
waiting_message_expires_with_its_own_deadline(void **state)
{
	struct lnet_hdr hdr = {.type = LNET_GET};
	struct node n = {0};
	struct lnet_nid to = nid_of(PEER);

	node_up(&n, 1, NULL);
	hdr.dst = to;
	hdr.src = n.ni[0].nid;
	assert_int_equal(send_get(&n, PEER), 0);
	assert_int_equal(fake_core_send_hdr(n.cpt, &n.ni[0], &to, &hdr, n.now + 3 * SEC, n.now), 0);
	node_advance(&n, 3 * SEC + 2000000);
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].rc, -ETIMEDOUT);
	assert_int_equal(n.cpt->done[0].health, LNET_HEALTH_NETWORK_TIMEOUT);
	node_down(&n);
}

static void
restarted_peer_found_by_a_dial_is_dialled_again_at_once(void **state)
{
	struct socklnd_hello h;
	struct remote r[2], again;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	remote_answer(&r[0], &n, 0, PEER, &h);
	remote_hello(&r[0], 3, SOCKLND_CONTROL);
	remote_answer(&r[1], &n, 1, PEER, &h);
	h = (struct socklnd_hello){
		.version = 3,
		.src = r[1].nid,
		.src_pid = LNET_PID,
		.src_incarnation = PEER_INCARNATION + 1,
		.type = SOCKLND_BULK_OUT,
	};
	remote_hello_of(&r[1], &h);
	assert_int_not_equal(r[0].c->end, FAKE_OPEN);
	assert_int_equal(r[1].c->end, FAKE_FIN);
	remote_answer(&again, &n, 2, PEER, &h);
	assert_int_equal(h.type, SOCKLND_CONTROL);
	node_down(&n);
}

static void
inbound_only_peer_is_not_dialled(void **state)
{
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	remote_join(&r, &n, PEER, 1023, SOCKLND_CONTROL);
	assert_int_equal(send_get(&n, PEER), 0);
	assert_int_equal(remote_read_frame(&r).hdr.type, LNET_GET);
	assert_int_equal(fake_tcp_count(n.tcp), 1); /* T18: the set is its maker's */
	fake_tcp_ack(r.c, n.now);
	fake_tcp_fin(r.c, n.now);
	assert_null(node_peer(&n, PEER));
	/* gone with its last connection: now we dial */
	assert_int_equal(send_get(&n, PEER), 0);
	assert_int_equal(fake_tcp_count(n.tcp), 2);
	node_down(&n);
}

static void
inbound_only_peer_without_a_usable_connection_refuses_sends(void **state)
{
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	remote_join(&r, &n, PEER, 1023,
		    SOCKLND_BULK_OUT); /* our BULK_IN: no LNET message goes there */
	assert_int_equal(send_get(&n, PEER), -EHOSTUNREACH);
	assert_int_equal(remote_waiting(&r), 0);
	node_down(&n);
}

static void
idle_entries_of_failed_dials_are_reclaimed(void **state)
{
	struct node n = {0};
	char nid[32];
	unsigned int i;

	node_up(&n, 1, NULL);
	for (i = 0; i < 200; i++) {
		snprintf(nid, sizeof(nid), "10.10.2.%u@tcp", i + 1);
		assert_int_equal(send_get(&n, nid), 0);
		fake_tcp_over(fake_tcp_conn(n.tcp, i), -ECONNREFUSED, n.now);
	}
	assert_in_range(node_count(&n, SOCKLND_PEERS_RECLAIMED), 1, 200 - 32);
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
		cmocka_unit_test(failed_dial_tells_messages_and_lnet),
		cmocka_unit_test(back_off_doubles_from_one_second_to_a_minute),
		cmocka_unit_test(connect_and_hello_are_bounded_by_the_lnd_timeout),
		cmocka_unit_test(waiting_message_expires_with_its_own_deadline),
		cmocka_unit_test(restarted_peer_found_by_a_dial_is_dialled_again_at_once),
		cmocka_unit_test(inbound_only_peer_is_not_dialled),
		cmocka_unit_test(inbound_only_peer_without_a_usable_connection_refuses_sends),
		cmocka_unit_test(idle_entries_of_failed_dials_are_reclaimed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
