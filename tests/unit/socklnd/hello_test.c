/* SPDX-License-Identifier: BSD-3-Clause */
/* HELLO of connections that peers make: versions, identity, races, duplicates, restarts (4, 5.3, 5.4). */
#include "lnet/base/bytes.h"
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEER "10.10.0.200@tcp"

static void
hello_is_answered_in_its_version(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int v;

	for (v = 1; v <= 4; v++) {
		node_up(&n, 1, NULL);
		assert_true(remote_connect(&r, &n, PEER, 1000));
		remote_request(&r, &n.ni[0].nid);
		remote_hello(&r, v, SOCKLND_CONTROL);
		h = remote_read_hello(&r);
		assert_int_equal(h.version, v);
		assert_true(lnet_nid_equal(&h.src, &n.ni[0].nid));
		if (v > 1)
			assert_true(lnet_nid_equal(&h.dst, &r.nid));
		assert_int_equal(h.src_pid, LNET_PID);
		assert_true(h.src_incarnation == NODE_INCARNATION);
		assert_int_equal(h.type, SOCKLND_CONTROL);
		assert_int_equal(h.n_ips, 0);
		assert_int_equal(node_peer(&n, PEER)->version, v);
		node_down(&n);
	}
}

static void
hello_reply_inverts_the_type(void **state)
{
	static const struct {
		enum socklnd_type theirs, ours;
	} row[] = {
		{SOCKLND_ANY, SOCKLND_ANY},
		{SOCKLND_CONTROL, SOCKLND_CONTROL},
		{SOCKLND_BULK_IN, SOCKLND_BULK_OUT},
		{SOCKLND_BULK_OUT, SOCKLND_BULK_IN},
	};
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		node_up(&n, 1, NULL);
		assert_true(remote_connect(&r, &n, PEER, 1000));
		remote_request(&r, &n.ni[0].nid);
		remote_hello(&r, 3, row[i].theirs);
		h = remote_read_hello(&r);
		assert_int_equal(h.type, row[i].ours);
		node_down(&n);
	}
}

static void
hello_reply_repeats_destination_pid_and_incarnation(void **state)
{
	struct socklnd_hello h = {
		.version = 3,
		.src = nid_of(PEER),
		.dst = nid_of("10.10.0.77@tcp"), /* nobody looks at it */
		.src_pid = LNET_PID,
		.dst_pid = 4711,
		.src_incarnation = 1,
		.dst_incarnation = 0x1122334455667788,
		.type = SOCKLND_CONTROL,
	};
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_true(remote_connect(&r, &n, PEER, 1000));
	remote_request(&r, &n.ni[0].nid);
	remote_hello_of(&r, &h);
	h = remote_read_hello(&r);
	assert_int_equal(h.dst_pid, 4711);
	assert_true(h.dst_incarnation == 0x1122334455667788);
	assert_true(lnet_nid_equal(&h.dst, &r.nid));
	assert_int_equal(h.type, SOCKLND_CONTROL);
	node_down(&n);
}

/* A HELLO V3 as a big-endian peer sends it. */
static void
swap_hello(uint8_t *p, size_t len)
{
	static const uint8_t widths[] = {4, 4, 8, 8, 4, 4, 8, 8, 4, 4};
	unsigned int i, j;
	uint8_t t;

	for (i = 0; i < sizeof(widths); p += widths[i++]) {
		for (j = 0; j < widths[i] / 2; j++) {
			t = p[j];
			p[j] = p[widths[i] - 1 - j];
			p[widths[i] - 1 - j] = t;
		}
	}
}

static void
hello_of_a_big_endian_peer_is_answered_in_our_order(void **state)
{
	struct socklnd_hello h = {
		.version = 3,
		.src = nid_of(PEER),
		.src_pid = LNET_PID,
		.src_incarnation = 5,
		.type = SOCKLND_BULK_OUT,
	};
	uint8_t out[SOCKLND_HELLO_MAX];
	unsigned int len = socklnd_hello_encode(&h, out), mss;
	struct remote r;
	struct node n = {0};

	swap_hello(out, len);
	for (mss = 1; mss <= len; mss++) {
		node_up(&n, 1, NULL);
		assert_true(remote_connect(&r, &n, PEER, 1000));
		remote_request(&r, &n.ni[0].nid);
		fake_tcp_deliver(r.c, out, len, mss, n.now);
		h = remote_read_hello(&r);
		assert_int_equal(h.type, SOCKLND_BULK_IN);
		assert_true(lnet_nid_equal(&h.dst, &r.nid));
		assert_true(node_peer(&n, PEER)->incarnation == 5);
		assert_true(TAILQ_FIRST(&node_peer(&n, PEER)->conns)->swap);
		node_down(&n);
	}
}

static void
hello_of_unknown_version_is_told_ours(void **state)
{
	static const unsigned int versions[] = {0, 5, 0x7fffffff};
	uint8_t out[SOCKLND_HELLO_MAX];
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		node_up(&n, 1, NULL);
		assert_true(remote_connect(&r, &n, PEER, 1000));
		remote_request(&r, &n.ni[0].nid);
		h = (struct socklnd_hello){.version = 3, .src = r.nid, .type = SOCKLND_CONTROL};
		socklnd_hello_encode(&h, out);
		put_le32(out + 4, versions[i]);
		remote_say(&r, out, 56);
		h = remote_read_hello(&r);
		assert_int_equal(h.version, 3);
		assert_int_equal(h.type, SOCKLND_NONE);
		assert_true(lnet_nid_equal(&h.src, &n.ni[0].nid));
		assert_true(lnet_nid_equal(&h.dst, &n.ni[0].nid));
		assert_true(h.src_incarnation == NODE_INCARNATION);
		assert_int_equal(r.c->end, FAKE_FIN); /* not a reset that overtakes it */
		assert_int_equal(node_count(&n, SOCKLND_HELLO_BAD_VERSION), 1);
		node_down(&n);
	}
}

/* What a HELLO V3 is damaged with, and what we count. */
struct damage {
	const char *name;
	unsigned int off, value;
	enum socklnd_counter counter;
};

static void
hello_with_a_bad_field_is_closed_without_answer(void **state)
{
	static const struct damage row[] = {
		{"magic", 0, 0x11223344, SOCKLND_HELLO_BAD_MAGIC},
		{"type 9", 48, 9, SOCKLND_HELLO_BAD_TYPE},
		{"type NONE", 48, 0xffffffff, SOCKLND_HELLO_BAD_TYPE},
		{"17 addresses", 52, 17, SOCKLND_HELLO_BAD_IPS},
		{"2^31 addresses", 52, 0x80000000, SOCKLND_HELLO_BAD_IPS},
		{"our own NID", 8, 0x0a0a0003, SOCKLND_HELLO_BAD_NID},
	};
	uint8_t out[SOCKLND_HELLO_MAX];
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		node_up(&n, 1, NULL);
		assert_true(remote_connect(&r, &n, PEER, 1000));
		remote_request(&r, &n.ni[0].nid);
		h = (struct socklnd_hello){.version = 3, .src = r.nid, .type = SOCKLND_CONTROL};
		socklnd_hello_encode(&h, out);
		put_le32(out + row[i].off, row[i].value);
		remote_say(&r, out, 56);
		assert_int_equal(remote_waiting(&r), 0);
		assert_int_not_equal(r.c->end, FAKE_OPEN);
		assert_int_equal(node_count(&n, row[i].counter), 1);
		node_down(&n);
	}
}

static void
hello_from_the_any_nid_is_refused(void **state)
{
	struct socklnd_hello h = {.version = 4, .type = SOCKLND_CONTROL};
	struct remote r;
	struct node n = {0};
	unsigned int v;

	for (v = 1; v <= 4; v++) {
		node_up(&n, 1, NULL);
		assert_true(remote_connect(&r, &n, PEER, 1000));
		remote_request(&r, &n.ni[0].nid);
		h.version = v;
		h.src = lnet_nid_any();
		remote_hello_of(&r, &h);
		assert_int_equal(remote_waiting(&r), 0);
		assert_int_equal(node_count(&n, SOCKLND_HELLO_BAD_NID), 1);
		node_down(&n);
	}
}

static void
hello_with_addresses_is_read_to_its_end(void **state)
{
	uint8_t out[SOCKLND_HELLO_MAX + 64];
	struct socklnd_hello h = {.version = 3, .src_pid = LNET_PID, .type = SOCKLND_CONTROL};
	unsigned int ips, i, mss;
	struct remote r;
	struct node n = {0};

	h.src = nid_of(PEER);
	for (ips = 1; ips <= 16; ips += 5) {
		for (mss = 1; mss < 60; mss += 7) {
			node_up(&n, 1, NULL);
			assert_true(remote_connect(&r, &n, PEER, 1000));
			remote_request(&r, &n.ni[0].nid);
			socklnd_hello_encode(&h, out);
			put_le32(out + 52, ips);
			for (i = 0; i < ips; i++)
				put_le32(out + 56 + 4 * i, 0x0a000001 + i);
			fake_tcp_deliver(r.c, out, 56 + 4 * ips, mss, n.now);
			assert_int_equal(remote_read_hello(&r).type, SOCKLND_CONTROL);
			/* and nothing of them is taken for a message */
			assert_int_equal(TAILQ_FIRST(&node_peer(&n, PEER)->conns)->have, 0);
			node_down(&n);
		}
	}
	node_up(&n, 1, NULL);
	assert_true(remote_connect(&r, &n, PEER, 1000));
	remote_request(&r, &n.ni[0].nid);
	put_le32(out + 60, 0); /* a zero address */
	remote_say(&r, out, 56 + 64);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_BAD_IPS), 1);
	node_down(&n);
}

static void
user_space_peer_is_named_after_its_address(void **state)
{
	const struct lnet_nid real = nid_of(PEER);
	struct lnet_nid claimed = nid_of("10.99.0.1@tcp");
	struct socklnd_config cfg;
	struct socklnd_peer *p;
	struct remote r;
	struct node n = {0};

	socklnd_config_default(&cfg);
	cfg.accept = SOCKLND_ACCEPT_ALL;
	node_up(&n, 1, &cfg);
	assert_true(remote_connect(&r, &n, PEER, 20000));
	r.nid = claimed;
	remote_request(&r, &n.ni[0].nid);
	remote_hello(&r, 3, SOCKLND_CONTROL);
	assert_int_equal(remote_read_hello(&r).type, SOCKLND_CONTROL);
	p = socklnd_peer_find(n.ni[0].lnd_cpt_data[0], &real, 20000 | SOCKLND_PID_USER);
	assert_non_null(p);
	assert_false(p->dial.exists);
	/* its headers get that name too */
	remote_send(&r, LNET_PUT, 10, 0);
	assert_int_equal(n.cpt->n_parsed, 1);
	assert_true(lnet_nid_equal(&n.cpt->parsed[0].hdr.src, &real));
	assert_int_equal(n.cpt->parsed[0].hdr.src_pid, 20000 | SOCKLND_PID_USER);
	assert_true(lnet_nid_equal(&n.cpt->parsed[0].from, &real));
	/* never reported down */
	fake_tcp_over(r.c, -ECONNRESET, n.now);
	assert_int_equal(n.cpt->n_down, 0);
	node_down(&n);
}

static void
answers_reach_a_user_space_peer_and_it_is_never_dialled(void **state)
{
	struct socklnd_config cfg;
	struct lnet_hdr hdr = {.type = LNET_REPLY, .dst_pid = 20000 | SOCKLND_PID_USER};
	struct remote r;
	struct node n = {0};

	socklnd_config_default(&cfg);
	cfg.accept = SOCKLND_ACCEPT_ALL;
	node_up(&n, 1, &cfg);
	assert_true(remote_connect(&r, &n, PEER, 20000));
	remote_request(&r, &n.ni[0].nid);
	remote_hello(&r, 3, SOCKLND_CONTROL);
	remote_read_hello(&r);
	fake_tcp_ack(r.c, n.now);
	hdr.dst = r.nid;
	hdr.src = n.ni[0].nid;
	assert_int_equal(fake_core_send_hdr(n.cpt, &n.ni[0], &r.nid, &hdr, UINT64_MAX, n.now), 0);
	assert_int_equal(remote_read_frame(&r).hdr.type, LNET_REPLY);
	fake_tcp_ack(r.c, n.now);
	hdr.dst_pid = 20001 | SOCKLND_PID_USER;
	assert_int_equal(fake_core_send_hdr(n.cpt, &n.ni[0], &r.nid, &hdr, UINT64_MAX, n.now),
			 -EHOSTUNREACH);
	assert_int_equal(fake_tcp_count(n.tcp), 1);
	node_down(&n);
}

static void
race_is_won_by_the_higher_nid(void **state)
{
	static const struct {
		const char *peer;
		bool refused;
	} row[] = {
		{"10.10.0.2@tcp", true},
		{"10.10.0.200@tcp", false},
	};
	struct lnet_nid nid;
	struct remote r;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		node_up(&n, 1, NULL);
		nid = nid_of(row[i].peer);
		/* we are dialling it */
		assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &nid, LNET_GET, 0, n.now), 0);
		assert_true(remote_connect(&r, &n, row[i].peer, 1023));
		remote_request(&r, &n.ni[0].nid);
		remote_hello(&r, 3, SOCKLND_CONTROL);
		assert_int_equal(remote_read_hello(&r).type,
				 row[i].refused ? SOCKLND_NONE : SOCKLND_CONTROL);
		assert_int_equal(node_count(&n, SOCKLND_HELLO_RACE), row[i].refused ? 1 : 0);
		if (row[i].refused)
			assert_int_equal(r.c->end, FAKE_FIN);
		else
			assert_int_equal(remote_read_frame(&r).hdr.type, LNET_GET);
		node_down(&n);
	}
}

static void
duplicate_is_refused_and_the_first_lives_on(void **state)
{
	struct remote first, second;
	struct node n = {0};

	node_up(&n, 1, NULL);
	remote_join(&first, &n, PEER, 1023, SOCKLND_CONTROL);
	assert_true(remote_connect(&second, &n, PEER, 1022));
	remote_request(&second, &n.ni[0].nid);
	remote_hello(&second, 3, SOCKLND_CONTROL);
	assert_int_equal(remote_read_hello(&second).type, SOCKLND_NONE);
	assert_int_equal(second.c->end, FAKE_FIN);
	assert_int_equal(first.c->end, FAKE_OPEN);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_DUPLICATE), 1);
	remote_send(&first, LNET_PUT, 5, 0);
	assert_int_equal(n.cpt->n_parsed, 1);
	node_down(&n);
}

static void
duplicates_are_counted_against_conns_per_peer(void **state)
{
	struct socklnd_config cfg;
	struct remote r[4];
	struct node n = {0};
	unsigned int i;

	socklnd_config_default(&cfg);
	cfg.conns_per_peer = 3;
	node_up(&n, 1, &cfg);
	for (i = 0; i < 4; i++) {
		assert_true(remote_connect(&r[i], &n, PEER, (uint16_t)(1023 - i)));
		remote_request(&r[i], &n.ni[0].nid);
		remote_hello(&r[i], 3, SOCKLND_BULK_OUT);
		assert_int_equal(remote_read_hello(&r[i]).type,
				 i < 3 ? SOCKLND_BULK_IN : SOCKLND_NONE);
	}
	node_down(&n);
}

/* The peer restarted, or changed its version: NONE on the new connection, the old ones close in order. */
static void
check_stale(unsigned int version, uint64_t incarnation)
{
	struct socklnd_hello h = {
		.version = version,
		.src = nid_of(PEER),
		.src_pid = LNET_PID,
		.src_incarnation = incarnation,
		.type = SOCKLND_BULK_IN,
	};
	struct remote old[2], fresh;
	struct node n = {0};

	node_up(&n, 1, NULL);
	remote_join(&old[0], &n, PEER, 1023, SOCKLND_CONTROL);
	remote_join(&old[1], &n, PEER, 1022, SOCKLND_BULK_IN);
	assert_true(remote_connect(&fresh, &n, PEER, 1021));
	remote_request(&fresh, &n.ni[0].nid);
	remote_hello_of(&fresh, &h);
	assert_int_equal(remote_read_hello(&fresh).type, SOCKLND_NONE);
	assert_int_equal(fresh.c->end, FAKE_FIN);
	assert_int_equal(old[0].c->end, FAKE_FIN);
	assert_int_equal(old[1].c->end, FAKE_FIN);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_STALE), 1);
	assert_int_equal(n.cpt->n_down, 0); /* nothing is wrong with the peer */
	/* its next attempt succeeds */
	assert_true(remote_connect(&fresh, &n, PEER, 1020));
	remote_request(&fresh, &n.ni[0].nid);
	remote_hello_of(&fresh, &h);
	assert_int_equal(remote_read_hello(&fresh).type, SOCKLND_BULK_OUT);
	node_down(&n);
}

static void
restarted_peer_replaces_its_old_connections(void **state)
{
	check_stale(3, PEER_INCARNATION + 1);
}

static void
peer_keeps_one_version(void **state)
{
	check_stale(4, PEER_INCARNATION);
	check_stale(2, PEER_INCARNATION);
}

static void
ipv6_peer_uses_version_4(void **state)
{
	struct socklnd_hello h;
	struct remote r;
	struct node n = {0};

	node_up_at(&n, "", "fd00::7", NULL);
	assert_int_equal(n.ni[0].nid.size, 12);
	assert_true(remote_connect(&r, &n, "fd00::6@tcp", 1023));
	remote_request(&r, &n.ni[0].nid);
	remote_hello(&r, 4, SOCKLND_CONTROL);
	h = remote_read_hello(&r);
	assert_int_equal(h.version, 4);
	assert_true(lnet_nid_equal(&h.src, &n.ni[0].nid));
	assert_true(lnet_nid_equal(&h.dst, &r.nid));
	node_down(&n);
}

static void
old_version_for_a_large_nid_is_told_version_4(void **state)
{
	struct socklnd_hello h = {
		.version = 3,
		.src = nid_of(PEER),
		.src_pid = LNET_PID,
		.type = SOCKLND_CONTROL,
	};
	struct remote r;
	struct node n = {0};

	node_up_at(&n, "", "fd00::7", NULL);
	assert_true(remote_connect(&r, &n, "fd00::6@tcp", 1023));
	remote_request(&r, &n.ni[0].nid);
	remote_hello_of(&r, &h);
	h = remote_read_hello(&r);
	assert_int_equal(h.version, 4);
	assert_int_equal(h.type, SOCKLND_NONE);
	assert_true(lnet_nid_equal(&h.src, &n.ni[0].nid));
	assert_int_equal(node_count(&n, SOCKLND_HELLO_UPGRADED), 1);
	node_down(&n);
}

static void
peer_of_another_worker_is_refused(void **state)
{
	struct socklnd_ni_cpt *nc;
	struct remote r;
	struct node n = {0};

	node_up(&n, 1, NULL);
	nc = n.ni[0].lnd_cpt_data[0];
	/* as if there were two workers, and the address' home the other one */
	nc->sc->s->env.n_workers = 2;
	n.home = 1;
	assert_true(remote_connect(&r, &n, PEER, 1023));
	remote_request(&r, &n.ni[0].nid);
	remote_hello(&r, 3, SOCKLND_CONTROL);
	assert_int_equal(remote_waiting(&r), 0);
	assert_int_equal(node_count(&n, SOCKLND_REQ_NOT_HOME), 1);
	nc->sc->s->env.n_workers = 1;
	node_down(&n);
}

static void
peers_are_bounded_and_idle_entries_give_way(void **state)
{
	struct remote r;
	struct node n = {0};
	char nid[32];
	unsigned int i, refused = 0;

	node_up(&n, 1, NULL);
	for (i = 0; i < 100; i++) {
		snprintf(nid, sizeof(nid), "10.10.1.%u@tcp", i + 1);
		assert_true(remote_connect(&r, &n, nid, 1023));
		remote_request(&r, &n.ni[0].nid);
		remote_hello(&r, 3, SOCKLND_CONTROL);
		refused += remote_waiting(&r) == 0;
	}
	assert_in_range(refused, 1, 100 - n.cfg.max_peers);
	assert_int_equal(node_count(&n, SOCKLND_HELLO_NO_PEER), refused);
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
		cmocka_unit_test(hello_is_answered_in_its_version),
		cmocka_unit_test(hello_reply_inverts_the_type),
		cmocka_unit_test(hello_reply_repeats_destination_pid_and_incarnation),
		cmocka_unit_test(hello_of_a_big_endian_peer_is_answered_in_our_order),
		cmocka_unit_test(hello_of_unknown_version_is_told_ours),
		cmocka_unit_test(hello_with_a_bad_field_is_closed_without_answer),
		cmocka_unit_test(hello_from_the_any_nid_is_refused),
		cmocka_unit_test(hello_with_addresses_is_read_to_its_end),
		cmocka_unit_test(user_space_peer_is_named_after_its_address),
		cmocka_unit_test(answers_reach_a_user_space_peer_and_it_is_never_dialled),
		cmocka_unit_test(race_is_won_by_the_higher_nid),
		cmocka_unit_test(duplicate_is_refused_and_the_first_lives_on),
		cmocka_unit_test(duplicates_are_counted_against_conns_per_peer),
		cmocka_unit_test(restarted_peer_replaces_its_old_connections),
		cmocka_unit_test(peer_keeps_one_version),
		cmocka_unit_test(ipv6_peer_uses_version_4),
		cmocka_unit_test(old_version_for_a_large_nid_is_told_version_4),
		cmocka_unit_test(peer_of_another_worker_is_refused),
		cmocka_unit_test(peers_are_bounded_and_idle_entries_give_way),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
