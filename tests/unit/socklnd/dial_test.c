/* SPDX-License-Identifier: BSD-3-Clause */
/* Dialling: order, versions, ports, refusals, back-off, what becomes of waiting messages (4.5, 5, 10.5). */
#include "lnet/base/bytes.h"
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

static void
dial_says_request_and_hello_and_nothing_more(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	assert_int_equal(fake_tcp_count(n.tcp), 1);
	remote_answer(&r, &n, 0, PEER, &h);
	assert_int_equal(r.c->flow.remote_port, 988);
	assert_int_equal(r.c->flow.local_port, 1023);
	assert_int_equal(h.version, 3);
	assert_int_equal(h.type, SOCKLND_CONTROL);
	assert_true(lnet_nid_equal(&h.src, &n.ni[0].nid));
	assert_true(lnet_nid_equal(&h.dst, &r.nid));
	assert_int_equal(h.src_pid, LNET_PID);
	assert_int_equal(h.dst_pid, 0);
	assert_true(h.src_incarnation == NODE_INCARNATION);
	assert_true(h.dst_incarnation == 0);
	assert_int_equal(remote_waiting(&r), 0); /* no message before the reply */
	remote_hello(&r, 3, SOCKLND_CONTROL);
	/* the message follows before the next connection is dialled: T18 wants the others promptly */
	assert_int_equal(remote_read_frame(&r).hdr.type, LNET_GET);
	assert_int_equal(fake_tcp_count(n.tcp), 2);
	node_down(&n);
}

static void
dial_order_is_control_then_in_and_out_in_turn(void **state)
{
	static const enum socklnd_type order[] = {
		SOCKLND_CONTROL,  SOCKLND_BULK_IN,  SOCKLND_BULK_OUT,
		SOCKLND_BULK_IN,  SOCKLND_BULK_OUT, SOCKLND_BULK_IN,
		SOCKLND_BULK_OUT, SOCKLND_BULK_IN,  SOCKLND_BULK_OUT,
	};
	struct socklnd_config cfg;
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	socklnd_config_default(&cfg);
	cfg.conns_per_peer = 4;
	cfg.accept_port_bulk = 989;
	node_up(&n, 1, &cfg);
	assert_int_equal(send_get(&n, PEER), 0);
	for (i = 0; i < 9; i++) {
		assert_int_equal(fake_tcp_count(n.tcp), i + 1); /* one at a time */
		remote_answer(&r, &n, i, PEER, &h);
		assert_int_equal(h.type, order[i]);
		assert_int_equal(r.c->flow.remote_port, order[i] == SOCKLND_CONTROL ? 988 : 989);
		/* port 1023 again towards another port: it is free per 4-tuple */
		assert_int_equal(r.c->flow.local_port, i == 0 ? 1023 : 1024 - i);
		remote_hello(&r, 3, socklnd_type_invert(order[i]));
	}
	assert_int_equal(fake_tcp_count(n.tcp), 9);
	assert_int_equal(node_peer(&n, PEER)->n_conns, 9);
	assert_int_equal(node_peer(&n, PEER)->dial.state, DIAL_IDLE);
	node_down(&n);
}

static void
dial_to_an_ipv6_nid_proposes_version_4(void **state)
{
	struct socklnd_hello h;
	struct frame f;
	struct remote r;
	struct node n = {0};

	node_up_at(&n, "", "fd00::7", NULL);
	assert_int_equal(send_get(&n, "fd00::6@tcp"), 0);
	remote_answer(&r, &n, 0, "fd00::6@tcp", &h);
	assert_int_equal(h.version, 4);
	remote_hello(&r, 4, SOCKLND_CONTROL);
	f = remote_read_frame(&r);
	assert_true(lnet_nid_equal(&f.hdr.dst, &r.nid));
	node_down(&n);
}

static void
dial_takes_the_family_of_the_destination(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};

	/* an NI with an IPv4 NID asked for an IPv6 peer of the same net (3.4) */
	node_up_at(&n, "10.10.0.3", "fd00::7", NULL);
	assert_int_equal(send_get(&n, "fd00::6@tcp"), 0);
	remote_answer(&r, &n, 0, "fd00::6@tcp", &h);
	assert_int_equal(r.c->flow.local.family, IP_V6);
	assert_int_equal(h.version, 4);
	assert_true(lnet_nid_equal(&h.src, &n.ni[0].nid));
	node_down(&n);
}

static void
send_to_an_unreachable_family_is_refused(void **state)
{
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, "fd00::6@tcp"), -EAFNOSUPPORT);
	assert_int_equal(n.ni[0].lnd_cpt_data[0] != NULL, 1);
	assert_int_equal(((struct socklnd_ni_cpt *)n.ni[0].lnd_cpt_data[0])->n_peers, 0);
	node_down(&n);
}

static int
only_port_600(const struct ip_flow *flow)
{
	return flow->local_port == 600	    ? 0
		: flow->local_port % 2 != 0 ? -EADDRINUSE
					    : -EADDRNOTAVAIL;
}

static int
only_the_listening_port(const struct ip_flow *flow)
{
	return flow->local_port == 988 ? 0 : -EADDRINUSE;
}

static int
unreachable(const struct ip_flow *flow)
{
	assert_int_equal(flow->local_port, 1023); /* other errors end the attempt */
	return -ENETUNREACH;
}

static void
source_ports_go_down_over_taken_ones_and_skip_the_listening_port(void **state)
{
	struct node n = {0};

	node_up(&n, 1, NULL);
	n.tcp->connect_rc = only_port_600;
	assert_int_equal(send_get(&n, PEER), 0);
	assert_int_equal(fake_tcp_conn(n.tcp, 0)->flow.local_port, 600);
	n.tcp->connect_rc = only_the_listening_port;
	assert_int_equal(send_get(&n, "10.10.0.201@tcp"), -EHOSTUNREACH);
	n.tcp->connect_rc = unreachable;
	assert_int_equal(send_get(&n, "10.10.0.202@tcp"), -EHOSTUNREACH);
	assert_int_equal(fake_tcp_count(n.tcp), 1);
	assert_int_equal(n.cpt->n_down, 2);
	node_down(&n);
}

static void
dial_downgrades_at_once_when_told(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	remote_answer(&r, &n, 0, PEER, &h);
	remote_hello(&r, 2, SOCKLND_NONE);
	assert_int_equal(r.c->end, FAKE_FIN);
	assert_int_equal(fake_tcp_count(n.tcp), 2);
	remote_answer(&r, &n, 1, PEER, &h);
	assert_int_equal(h.version, 2);
	remote_hello(&r, 2, SOCKLND_CONTROL);
	assert_int_equal(remote_read_frame(&r).hdr.type, LNET_GET);
	/* all of them use it */
	remote_answer(&r, &n, 2, PEER, &h);
	assert_int_equal(h.version, 2);
	node_down(&n);
}

static void
dial_can_be_told_to_use_a_higher_version(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	remote_answer(&r, &n, 0, PEER, &h);
	remote_hello(&r, 4, SOCKLND_NONE);
	remote_answer(&r, &n, 1, PEER, &h);
	assert_int_equal(h.version, 4);
	node_down(&n);
}

static void
reply_in_another_version_is_accepted(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int v;

	for (v = 1; v <= 4; v++) {
		node_up(&n, 1, NULL);
		assert_int_equal(send_get(&n, PEER), 0);
		remote_answer(&r, &n, 0, PEER, &h);
		remote_hello(&r, v, SOCKLND_CONTROL);
		assert_int_equal(remote_read_frame(&r).hdr.type, LNET_GET);
		remote_answer(&r, &n, 1, PEER, &h);
		assert_int_equal(h.version, v);
		node_down(&n);
	}
}

static void
refusal_is_repeated_after_a_second_and_three_strikes_fail(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(fake_tcp_count(n.tcp), i + 1);
		remote_answer(&r, &n, i, PEER, &h);
		remote_hello(&r, 3, SOCKLND_NONE);
		node_advance(&n, SEC / 2);
		assert_int_equal(fake_tcp_count(n.tcp), i + 1);
		assert_int_equal(n.cpt->n_done, i == 2 ? 1 : 0);
		node_advance(&n, SEC / 2 + 2000000);
	}
	assert_int_equal(fake_tcp_count(n.tcp), 3);
	assert_int_equal(n.cpt->done[0].health, LNET_HEALTH_REMOTE_ERROR);
	assert_int_equal(n.cpt->n_down, 1);
	node_down(&n);
}

static void
peer_with_fewer_connections_is_not_asked_again(void **state)
{
	struct socklnd_config cfg;
	struct socklnd_hello h;
	struct remote r[5];
	struct node n = {0};
	unsigned int i;

	socklnd_config_default(&cfg);
	cfg.conns_per_peer = 2;
	node_up(&n, 1, &cfg);
	assert_int_equal(send_get(&n, PEER), 0);
	remote_answer_set(r, &n, PEER);
	/* the peer has N = 1: second BULK_IN refused, then second BULK_OUT */
	for (i = 3; i < 5; i++) {
		remote_answer(&r[i], &n, i, PEER, &h);
		assert_int_equal(h.type, i == 3 ? SOCKLND_BULK_IN : SOCKLND_BULK_OUT);
		remote_hello(&r[i], 3, SOCKLND_NONE);
		node_advance(&n, SEC + 2000000);
	}
	assert_int_equal(fake_tcp_count(n.tcp), 5);
	assert_int_equal(node_peer(&n, PEER)->dial.state, DIAL_IDLE);
	node_advance(&n, 5 * SEC);
	assert_int_equal(send_get(&n, PEER), 0);
	assert_int_equal(fake_tcp_count(n.tcp), 5);
	/* and nothing that stands was closed: T1 */
	for (i = 0; i < 3; i++)
		assert_int_equal(r[i].c->end, FAKE_OPEN);
	node_down(&n);
}

static void
inbound_connections_fill_the_set_of_a_refused_dial(void **state)
{
	struct socklnd_hello h;
	struct remote r, in[3];
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	remote_answer(&r, &n, 0, PEER, &h);
	remote_hello(&r, 3, SOCKLND_NONE); /* its own dial wins */
	remote_join_set(in, &n, PEER);
	/* the message waited for this */
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].rc, 0);
	assert_int_equal(remote_read_frame(&in[0]).hdr.type, LNET_GET);
	node_advance(&n, 3 * SEC);
	assert_int_equal(fake_tcp_count(n.tcp), 4);
	assert_int_equal(node_peer(&n, PEER)->dial.state, DIAL_IDLE);
	node_down(&n);
}

/* What a reply is wrong in. */
static const struct {
	const char *name, *src;
	uint32_t pid;
	enum socklnd_type type;
	enum socklnd_counter counter;
} bad_reply[] = {
	{"other NID", "10.10.0.99@tcp", LNET_PID, SOCKLND_CONTROL, SOCKLND_HELLO_WRONG_PEER},
	{"other pid", PEER, 7, SOCKLND_CONTROL, SOCKLND_HELLO_WRONG_PEER},
	{"other type", PEER, LNET_PID, SOCKLND_BULK_IN, SOCKLND_HELLO_BAD_TYPE},
	{"no type", PEER, LNET_PID, (enum socklnd_type)77, SOCKLND_HELLO_BAD_TYPE},
};

static void
bad_reply_fails_the_dial(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < sizeof(bad_reply) / sizeof(bad_reply[0]); i++) {
		node_up(&n, 1, NULL);
		assert_int_equal(send_get(&n, PEER), 0);
		remote_answer(&r, &n, 0, PEER, &h);
		h = (struct socklnd_hello){
			.version = 3,
			.src = nid_of(bad_reply[i].src),
			.src_pid = bad_reply[i].pid,
			.type = bad_reply[i].type,
		};
		remote_hello_of(&r, &h);
		assert_int_equal(node_count(&n, bad_reply[i].counter), 1);
		assert_int_equal(n.cpt->n_done, 1);
		assert_int_equal(n.cpt->done[0].rc, -EPROTO);
		assert_int_equal(n.cpt->done[0].health, LNET_HEALTH_REMOTE_ERROR);
		assert_int_equal(n.cpt->n_down, 1);
		node_down(&n);
	}
}

static void
old_version_answer_and_unknown_replies_fail_the_dial(void **state)
{
	static const struct {
		uint32_t magic, version;
		enum socklnd_counter counter;
	} row[] = {
		{SOCKLND_ACCEPTOR_MAGIC, 1, SOCKLND_HELLO_BAD_MAGIC},
		{0x474e5089, 0, SOCKLND_HELLO_BAD_MAGIC},
		{SOCKLND_HELLO_MAGIC, 5, SOCKLND_HELLO_BAD_VERSION},
	};
	uint8_t out[56] = {0};
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		node_up(&n, 1, NULL);
		assert_int_equal(send_get(&n, PEER), 0);
		remote_answer(&r, &n, 0, PEER, &h);
		put_le32(out, row[i].magic);
		put_le32(out + 4, row[i].version);
		remote_say(&r, out, sizeof(out));
		assert_int_equal(node_count(&n, row[i].counter), 1);
		assert_int_equal(n.cpt->done[0].rc, -EPROTO);
		node_down(&n);
	}
}

static void
refusal_followed_by_a_reset_is_a_refusal(void **state)
{
	struct socklnd_hello h, none;
	uint8_t out[SOCKLND_HELLO_MAX];
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(send_get(&n, PEER), 0);
	remote_answer(&r, &n, 0, PEER, &h);
	none = (struct socklnd_hello){
		.version = 2, .src = r.nid, .src_pid = LNET_PID, .type = SOCKLND_NONE};
	socklnd_hello_encode(&none, out);
	/* both in one burst: the bytes are delivered with the end (T15) */
	fake_tcp_deliver_burst(r.c, out, 0, 0, n.now);
	remote_say(&r, out, 56);
	fake_tcp_over(r.c, -ECONNRESET, n.now);
	assert_int_equal(n.cpt->n_done, 0);
	remote_answer(&r, &n, 1, PEER, &h);
	assert_int_equal(h.version, 2);
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
		cmocka_unit_test(dial_says_request_and_hello_and_nothing_more),
		cmocka_unit_test(dial_order_is_control_then_in_and_out_in_turn),
		cmocka_unit_test(dial_to_an_ipv6_nid_proposes_version_4),
		cmocka_unit_test(dial_takes_the_family_of_the_destination),
		cmocka_unit_test(send_to_an_unreachable_family_is_refused),
		cmocka_unit_test(source_ports_go_down_over_taken_ones_and_skip_the_listening_port),
		cmocka_unit_test(dial_downgrades_at_once_when_told),
		cmocka_unit_test(dial_can_be_told_to_use_a_higher_version),
		cmocka_unit_test(reply_in_another_version_is_accepted),
		cmocka_unit_test(refusal_is_repeated_after_a_second_and_three_strikes_fail),
		cmocka_unit_test(peer_with_fewer_connections_is_not_asked_again),
		cmocka_unit_test(inbound_connections_fill_the_set_of_a_refused_dial),
		cmocka_unit_test(bad_reply_fails_the_dial),
		cmocka_unit_test(old_version_answer_and_unknown_replies_fail_the_dial),
		cmocka_unit_test(refusal_followed_by_a_reset_is_a_refusal),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
