/* SPDX-License-Identifier: BSD-3-Clause */
/* The acceptor: every row of the table in section 3.3, in every segmentation and both byte orders. */
#include "lnet/base/bytes.h"
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEER "10.10.0.200@tcp"

static const uint8_t old_version[16] = {0x00, 0x71, 0xce, 0xac, 1};

/* A request as a row of the table gives it. */
struct row {
	const char *name;
	uint32_t magic, version;
	const char *target;
	bool swap;
	size_t len; /* bytes sent */
	bool answered; /* with "old version" */
	enum socklnd_counter counter;
};

static void
put32(uint8_t *p, uint32_t v, bool swap)
{
	if (swap)
		put_be32(p, v);
	else
		put_le32(p, v);
}

static void
build(const struct row *row, uint8_t out[SOCKLND_CONNREQ_V2_SIZE])
{
	struct lnet_nid nid = nid_of(row->target);

	memset(out, 0, SOCKLND_CONNREQ_V2_SIZE);
	put32(out, row->magic, row->swap);
	put32(out + 4, row->version, row->swap);
	if (row->version == 2)
		memcpy(out + 8, &nid, sizeof(nid));
	else if (row->swap)
		put_be64(out + 8, lnet_nid_to4(&nid));
	else
		put_le64(out + 8, lnet_nid_to4(&nid));
}

static const struct row refused[] = {
	{"hello magic", SOCKLND_HELLO_MAGIC, 3, "10.10.0.3@tcp", false, 16, true,
	 SOCKLND_REQ_OLD_VERSION},
	{"hello magic swapped", SOCKLND_HELLO_MAGIC, 3, "10.10.0.3@tcp", true, 16, true,
	 SOCKLND_REQ_OLD_VERSION},
	{"version 0", SOCKLND_ACCEPTOR_MAGIC, 0, "10.10.0.3@tcp", false, 16, true,
	 SOCKLND_REQ_OLD_VERSION},
	{"version 3", SOCKLND_ACCEPTOR_MAGIC, 3, "10.10.0.3@tcp", false, 28, true,
	 SOCKLND_REQ_OLD_VERSION},
	{"version 3 swapped", SOCKLND_ACCEPTOR_MAGIC, 3, "10.10.0.3@tcp", true, 28, true,
	 SOCKLND_REQ_OLD_VERSION},
	{"old socknal", SOCKLND_HELLO_MAGIC_V1, 1, "10.10.0.3@tcp", false, 16, false,
	 SOCKLND_REQ_OLD_SOCKNAL},
	{"old socknal swapped", SOCKLND_HELLO_MAGIC_V1, 1, "10.10.0.3@tcp", true, 16, false,
	 SOCKLND_REQ_OLD_SOCKNAL},
	{"garbage", 0x12345678, 1, "10.10.0.3@tcp", false, 16, false, SOCKLND_REQ_BAD_MAGIC},
	{"other address", SOCKLND_ACCEPTOR_MAGIC, 1, "10.10.0.77@tcp", false, 16, false,
	 SOCKLND_REQ_NO_NI},
	{"other net", SOCKLND_ACCEPTOR_MAGIC, 1, "10.10.0.3@tcp7", false, 16, false,
	 SOCKLND_REQ_NO_NI},
	{"other net, version 2", SOCKLND_ACCEPTOR_MAGIC, 2, "10.10.0.3@tcp7", false, 28, false,
	 SOCKLND_REQ_NO_NI},
	{"loopback", SOCKLND_ACCEPTOR_MAGIC, 1, "0@lo", false, 16, false, SOCKLND_REQ_NO_NI},
};

static void
accept_refuses_bad_requests(void **state)
{
	uint8_t bytes[SOCKLND_CONNREQ_V2_SIZE];
	struct remote r;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		node_up(&n, 1, NULL);
		assert_true(remote_connect(&r, &n, PEER, 1000));
		build(&refused[i], bytes);
		remote_say(&r, bytes, refused[i].len);
		if (refused[i].answered) {
			/* unread bytes are thrown away first: a reset could overtake the answer */
			assert_int_equal(remote_waiting(&r), sizeof(old_version));
			assert_memory_equal(remote_read(&r, 16), old_version, 16);
			assert_int_equal(r.c->end, FAKE_FIN);
		} else {
			assert_int_equal(remote_waiting(&r), 0);
			assert_int_not_equal(r.c->end, FAKE_OPEN);
		}
		assert_int_equal(node_count(&n, refused[i].counter), 1);
		assert_int_equal(n.s->cpts[0].handshakes.total, 0);
		node_down(&n);
	}
}

static const struct row good[] = {
	{"v1", SOCKLND_ACCEPTOR_MAGIC, 1, "10.10.0.3@tcp", false, 16, false, 0},
	{"v1 swapped", SOCKLND_ACCEPTOR_MAGIC, 1, "10.10.0.3@tcp", true, 16, false, 0},
	{"v2", SOCKLND_ACCEPTOR_MAGIC, 2, "10.10.0.3@tcp", false, 28, false, 0},
	{"v2 swapped", SOCKLND_ACCEPTOR_MAGIC, 2, "10.10.0.3@tcp", true, 28, false, 0},
};

static void
accept_takes_both_versions_in_any_segmentation(void **state)
{
	uint8_t bytes[SOCKLND_CONNREQ_V2_SIZE];
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i, mss;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		for (mss = 1; mss <= 28; mss++) {
			node_up(&n, 1, NULL);
			assert_true(remote_connect(&r, &n, PEER, 1000));
			build(&good[i], bytes);
			fake_tcp_deliver(r.c, bytes, good[i].len, mss, n.now);
			assert_int_equal(remote_waiting(&r), 0); /* a good request gets no answer */
			assert_int_equal(r.c->end, FAKE_OPEN);
			remote_hello(&r, 3, SOCKLND_CONTROL);
			h = remote_read_hello(&r);
			assert_int_equal(h.type, SOCKLND_CONTROL);
			node_down(&n);
		}
	}
}

static void
accept_chooses_the_interface_by_the_nid_asked_for(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};

	node_up(&n, 2, NULL);
	assert_true(remote_connect(&r, &n, "10.10.0.200@tcp1", 1000));
	remote_request(&r, &n.ni[1].nid);
	remote_hello(&r, 3, SOCKLND_CONTROL);
	h = remote_read_hello(&r);
	assert_true(lnet_nid_equal(&h.src, &n.ni[1].nid));
	assert_int_equal(h.src_incarnation, NODE_INCARNATION + 1);
	node_down(&n);
}

static void
accept_secure_refuses_high_source_ports_only(void **state)
{
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_false(remote_connect(&r, &n, PEER, 1024));
	assert_false(remote_connect(&r, &n, PEER, 20000));
	assert_int_equal(node_count(&n, SOCKLND_REQ_INSECURE), 2);
	assert_true(remote_connect(&r, &n, PEER, 1023));
	assert_true(remote_connect(&r, &n, PEER, 1)); /* low ports are fine */
	node_down(&n);
}

static void
accept_none_does_not_listen(void **state)
{
	struct socklnd_config cfg;
	struct remote r;
	struct node n = {0};

	socklnd_config_default(&cfg);
	cfg.accept = SOCKLND_ACCEPT_NONE;
	node_up(&n, 1, &cfg);
	assert_false(remote_connect(&r, &n, PEER, 1000));
	assert_true(TAILQ_EMPTY(&n.tcp->listeners));
	node_down(&n);
}

static void
accept_all_refuses_user_space_peers_on_ipv6(void **state)
{
	struct socklnd_config cfg;
	struct remote r;
	struct node n = {0};

	socklnd_config_default(&cfg);
	cfg.accept = SOCKLND_ACCEPT_ALL;
	node_up_at(&n, "", "fd00::7", &cfg);
	assert_false(remote_connect(&r, &n, "fd00::6@tcp", 20000));
	assert_int_equal(node_count(&n, SOCKLND_REQ_INSECURE_V6), 1);
	node_down(&n);
}

static void
accept_limits_the_time_of_the_whole_handshake(void **state)
{
	const uint8_t magic[4] = {0x00, 0x71, 0xce, 0xac};
	struct remote silent, slow;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_true(remote_connect(&silent, &n, PEER, 1000));
	assert_true(remote_connect(&slow, &n, PEER, 1001));
	node_advance(&n, 4 * SEC);
	remote_say(&slow, magic, sizeof(magic)); /* a piece in time does not buy more time */
	assert_int_equal(silent.c->end, FAKE_OPEN);
	node_advance(&n, SEC + SEC / 100);
	assert_int_equal(silent.c->end, FAKE_FIN);
	assert_int_equal(slow.c->end, FAKE_FIN);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_TIMEOUT), 2);
	node_down(&n);
}

static void
accept_serves_others_while_some_are_slow(void **state)
{
	struct remote slow[20], r;
	struct node n = {0};
	unsigned int i;

	node_up(&n, 1, NULL);
	for (i = 0; i < 20; i++)
		assert_true(remote_connect(&slow[i], &n, PEER, (uint16_t)(900 + i)));
	remote_join(&r, &n, "10.10.0.201@tcp", 1023, SOCKLND_CONTROL);
	node_down(&n);
}

static void
accept_bounds_unfinished_handshakes(void **state)
{
	struct socklnd_config cfg;
	struct remote r[4];
	struct node n = {0};

	socklnd_config_default(&cfg);
	cfg.accept_backlog = 2;
	node_up(&n, 1, &cfg);
	assert_true(remote_connect(&r[0], &n, PEER, 1000));
	assert_true(remote_connect(&r[1], &n, PEER, 1001));
	assert_false(remote_connect(&r[2], &n, PEER, 1002));
	assert_int_equal(node_count(&n, SOCKLND_REQ_BUSY), 1);
	fake_tcp_fin(r[0].c, n.now);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_EOF), 1);
	assert_true(remote_connect(&r[3], &n, PEER, 1003));
	node_down(&n);
}

/* Whether they said nothing or something: a host that begins handshakes and does not end them keeps no other out. */
static void
accept_shares_unfinished_handshakes_among_sources(void **state)
{
	struct socklnd_config cfg;
	struct remote slow[4], r;
	struct node n = {0};
	unsigned int i;

	socklnd_config_default(&cfg);
	cfg.accept_backlog = 4;
	node_up(&n, 1, &cfg);
	for (i = 0; i < 4; i++) {
		assert_true(remote_connect(&slow[i], &n, PEER, (uint16_t)(1000 + i)));
		remote_say(&slow[i], "\1", i % 2);
	}
	assert_false(remote_connect(&r, &n, PEER, 1010));
	assert_int_equal(node_count(&n, SOCKLND_REQ_BUSY), 1);
	assert_true(remote_connect(&r, &n, "10.10.0.201@tcp", 1023));
	assert_true(slow[0].c->over);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_DISPLACED), 1);
	/* two and two is fair */
	assert_true(remote_connect(&r, &n, "10.10.0.201@tcp", 1022));
	assert_true(slow[1].c->over);
	assert_false(remote_connect(&r, &n, "10.10.0.201@tcp", 1021));
	assert_false(slow[2].c->over);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_DISPLACED), 2);
	assert_int_equal(n.s->cpts[0].handshakes.total, 4);
	node_down(&n);
}

static void
accept_bounds_connections(void **state)
{
	struct socklnd_config cfg;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	socklnd_config_default(&cfg);
	cfg.accept_backlog = 1000;
	node_up(&n, 1, &cfg);
	/* a pool may hold a few more than asked for */
	for (i = 0; i < 2 * (unsigned int)n.cfg.max_conns; i++)
		if (!remote_connect(&r, &n, PEER, (uint16_t)(i + 1)))
			break;
	assert_in_range(i, n.cfg.max_conns, 2 * n.cfg.max_conns - 1);
	assert_int_equal(node_count(&n, SOCKLND_REQ_NO_MEMORY), 1);
	node_down(&n);
}

static void
accept_survives_end_and_reset_at_every_byte(void **state)
{
	uint8_t bytes[SOCKLND_CONNREQ_V1_SIZE + SOCKLND_HELLO_MAX];
	struct socklnd_hello h = {.version = 3, .src_pid = LNET_PID, .type = SOCKLND_CONTROL};
	unsigned int len, cut, how;
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	h.src = nid_of(PEER);
	len = socklnd_connreq_encode(&n.ni[0].nid, bytes);
	len += socklnd_hello_encode(&h, bytes + len);
	for (cut = 0; cut < len; cut++) {
		for (how = 0; how < 2; how++) {
			assert_true(remote_connect(&r, &n, PEER, 1000));
			remote_say(&r, bytes, cut);
			if (how == 0)
				fake_tcp_fin(r.c, n.now);
			else
				fake_tcp_over(r.c, -ECONNRESET, n.now);
			assert_int_equal(n.s->cpts[0].handshakes.total, 0);
			assert_int_equal(remote_waiting(&r), 0);
		}
	}
	assert_int_equal(node_count(&n, SOCKLND_HELLO_EOF), 2 * len);
	node_down(&n);
}

static void
listeners_are_shared_by_interfaces_on_one_address(void **state)
{
	struct tcp_listener *l;
	struct node n = {0};
	unsigned int count = 0;

	node_up(&n, 2, NULL);
	TAILQ_FOREACH(l, &n.tcp->listeners, link)
		count++;
	assert_int_equal(count, 1);
	node_down(&n);
}

static void
listeners_on_both_ports(void **state)
{
	struct socklnd_config cfg;
	struct tcp_listener *l;
	struct node n = {0};
	unsigned int sum = 0;

	socklnd_config_default(&cfg);
	cfg.accept_port_bulk = 989;
	node_up(&n, 1, &cfg);
	TAILQ_FOREACH(l, &n.tcp->listeners, link)
		sum += l->port;
	assert_int_equal(sum, 988 + 989);
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
		cmocka_unit_test(accept_refuses_bad_requests),
		cmocka_unit_test(accept_takes_both_versions_in_any_segmentation),
		cmocka_unit_test(accept_chooses_the_interface_by_the_nid_asked_for),
		cmocka_unit_test(accept_secure_refuses_high_source_ports_only),
		cmocka_unit_test(accept_none_does_not_listen),
		cmocka_unit_test(accept_all_refuses_user_space_peers_on_ipv6),
		cmocka_unit_test(accept_limits_the_time_of_the_whole_handshake),
		cmocka_unit_test(accept_serves_others_while_some_are_slow),
		cmocka_unit_test(accept_bounds_unfinished_handshakes),
		cmocka_unit_test(accept_shares_unfinished_handshakes_among_sources),
		cmocka_unit_test(accept_bounds_connections),
		cmocka_unit_test(accept_survives_end_and_reset_at_every_byte),
		cmocka_unit_test(listeners_are_shared_by_interfaces_on_one_address),
		cmocka_unit_test(listeners_on_both_ports),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
