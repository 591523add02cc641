/* SPDX-License-Identifier: BSD-3-Clause */
/* From the stream to LNet: framing in every segmentation, delayed payload, checksums, protocol errors (6, 7.3, 11). */
#include "lnet/base/bytes.h"
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEER "10.10.0.200@tcp"
#define BIG (1024 * 1024)

/* A peer joins with one connection of @version. */
static void
join(struct remote *r, struct node *n, unsigned int version)
{
	assert_true(remote_connect(r, n, PEER, 1023));
	remote_request(r, &n->ni[0].nid);
	remote_hello(r, version, SOCKLND_CONTROL);
	remote_read_hello(r);
	fake_tcp_ack(r->c, n->now);
}

static void
check_payload(const struct fake_parsed *p, uint32_t len)
{
	uint32_t i;

	assert_int_equal(p->rc, 0);
	assert_int_equal(p->len, len);
	for (i = 0; i < len; i++)
		if (p->payload[i] != fake_core_pattern(i))
			fail_msg("byte %u of %u", i, len);
}

static void
messages_arrive_in_any_segmentation(void **state)
{
	static const uint32_t sizes[] = {0, 1, 100, 1500, 0, 5000, 24};
	uint8_t stream[10000];
	struct remote r;
	struct node n;
	unsigned int v, mss, i;
	size_t len;

	for (v = 1; v <= 4; v++) {
		for (mss = 1; mss < 2000; mss = mss < 130 ? mss + 1 : mss * 2) {
			node_up(&n, 1, NULL);
			join(&r, &n, v);
			len = 0;
			for (i = 0; i < 7; i++)
				len += remote_frame(&r, stream + len, LNET_PUT, sizes[i], 0, 0);
			/* a payload ends in the middle of an mbuf, the next header follows and straddles two */
			if (mss < 24) {
				fake_tcp_deliver(r.c, stream, len / 4, mss, n.now);
				fake_tcp_deliver_burst(r.c, stream + len / 4, len - len / 4, 1448,
						       n.now);
			} else {
				fake_tcp_deliver(r.c, stream, len, mss, n.now);
			}
			assert_int_equal(n.cpt->n_parsed, 7);
			for (i = 0; i < 7; i++)
				check_payload(&n.cpt->parsed[i], sizes[i]);
			assert_true(lnet_nid_equal(&n.cpt->parsed[0].from, &r.nid));
			assert_true(lnet_nid_equal(&n.cpt->parsed[0].hdr.src, &r.nid));
			node_down(&n);
		}
	}
}

static void
payload_is_moved_not_copied(void **state)
{
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	join(&r, &n, 3);
	remote_send(&r, LNET_PUT, BIG, 0);
	check_payload(&n.cpt->parsed[0], BIG);
	assert_int_equal(node_count(&n, SOCKLND_RX_PACKED), 0);
	assert_int_equal(node_count(&n, SOCKLND_RX_BYTES), BIG);
	node_down(&n);
}

static void
unwanted_payload_is_skipped(void **state)
{
	static const enum fake_recv how[] = {FAKE_DISCARD, FAKE_PARTLY};
	struct remote r;
	struct node n;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		node_up(&n, 1, NULL);
		join(&r, &n, 3);
		n.cpt->recv = how[i];
		remote_send(&r, LNET_PUT, 100000, 0);
		if (how[i] == FAKE_PARTLY)
			check_payload(&n.cpt->parsed[0], 50000);
		assert_int_equal(node_count(&n, SOCKLND_RX_SKIPPED),
				 how[i] == FAKE_PARTLY ? 50000 : 100000);
		n.cpt->recv = FAKE_TAKE;
		remote_send(&r, LNET_PUT, 10, 0);
		check_payload(&n.cpt->parsed[1], 10);
		node_down(&n);
	}
}

static void
connection_is_not_read_until_lnet_asks(void **state)
{
	uint8_t stream[5000];
	struct remote r;
	struct node n;
	size_t len;

	node_up(&n, 1, NULL);
	join(&r, &n, 3);
	n.cpt->recv = FAKE_LATER;
	len = remote_frame(&r, stream, LNET_PUT, 3000, 0, 0);
	len += remote_frame(&r, stream + len, LNET_PUT, 20, 0, 0);
	remote_say(&r, stream, len);
	assert_int_equal(n.cpt->n_parsed, 1);
	assert_int_equal(tcp_rx_len(r.c), len - 96); /* its window closes */
	assert_int_equal(r.c->expected, 0);
	assert_int_equal(node_count(&n, SOCKLND_RX_DELAYED), 1);
	n.cpt->recv = FAKE_TAKE;
	fake_core_recv(n.cpt, 0, 3000, n.now);
	assert_int_equal(n.cpt->n_parsed, 2);
	check_payload(&n.cpt->parsed[0], 3000);
	check_payload(&n.cpt->parsed[1], 20);
	node_down(&n);
}

static void
engine_is_told_what_is_expected(void **state)
{
	uint8_t stream[5000];
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	join(&r, &n, 3);
	remote_frame(&r, stream, LNET_PUT, 4000, 0, 0);
	remote_say(&r, stream, 96 + 1000);
	assert_int_equal(r.c->expected, 3000);
	remote_say(&r, stream + 1096, 3000);
	assert_int_equal(r.c->expected, 0);
	check_payload(&n.cpt->parsed[0], 4000);
	node_down(&n);
}

static void
want_of_slices_is_survived(void **state)
{
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	join(&r, &n, 3);
	n.tcp->take_rc = -ENOMEM;
	remote_send(&r, LNET_PUT, 4000, 0);
	assert_int_equal(n.cpt->parsed[0].rc, 1);
	node_advance(&n, SEC / 50);
	assert_true(node_count(&n, SOCKLND_NO_MEMORY) >= 2);
	n.tcp->take_rc = 0;
	node_advance(&n, SEC / 50);
	check_payload(&n.cpt->parsed[0], 4000);
	node_down(&n);
}

/* A ksock header and what must be counted; the connection and its siblings close. */
static void
bad_frames_close_the_set(void **state)
{
	static const struct {
		const char *name;
		unsigned int version;
		struct socklnd_ksock k;
		enum socklnd_counter counter;
	} row[] = {
		{"unknown type", 3, {0xc2, 0, 0, 0}, SOCKLND_RX_BAD_TYPE},
		{"swapped type", 3, {0xc1000000, 0, 0, 0}, SOCKLND_RX_BAD_TYPE},
		{"ack in NOOP", 3, {SOCKLND_MSG_NOOP, 0, 0, 2}, SOCKLND_RX_BAD_COOKIE},
		{"range in NOOP", 3, {SOCKLND_MSG_NOOP, 0, 2, 5}, SOCKLND_RX_BAD_COOKIE},
		{"pair in NOOP", 3, {SOCKLND_MSG_NOOP, 0, 7, 5}, SOCKLND_RX_BAD_COOKIE},
		{"keepalive with a cookie", 3, {SOCKLND_MSG_NOOP, 0, 2, 1}, SOCKLND_RX_BAD_COOKIE},
		{"ack in LNET", 3, {SOCKLND_MSG_LNET, 0, 0, 2}, SOCKLND_RX_BAD_COOKIE},
		{"V2 keepalive", 2, {SOCKLND_MSG_NOOP, 0, 0, 1}, SOCKLND_RX_BAD_COOKIE},
		{"V3 NOOP checksum", 3, {SOCKLND_MSG_NOOP, 1, 0, 1}, SOCKLND_RX_BAD_CSUM},
		{"V2 NOOP checksum", 2, {SOCKLND_MSG_NOOP, 1, 0, 0}, SOCKLND_RX_BAD_CSUM},
	};
	uint8_t out[SOCKLND_KSOCK_SIZE];
	struct remote r, sibling;
	struct node n;
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		node_up(&n, 1, NULL);
		join(&r, &n, row[i].version);
		assert_true(remote_connect(&sibling, &n, PEER, 1022));
		remote_request(&sibling, &n.ni[0].nid);
		remote_hello(&sibling, row[i].version, SOCKLND_BULK_OUT);
		fake_tcp_ack(sibling.c, n.now);
		socklnd_ksock_encode(&row[i].k, out);
		/* the cookie counts before the LNet header is there: T11 */
		remote_say(&r, out, sizeof(out));
		if (node_count(&n, row[i].counter) != 1)
			fail_msg("%s", row[i].name);
		assert_int_equal(r.c->end, FAKE_FIN);
		assert_int_equal(sibling.c->end, FAKE_FIN);
		assert_int_equal(n.cpt->n_down, 1);
		assert_int_equal(n.cpt->n_parsed, 0);
		node_down(&n);
	}
}

static void
harmless_noops_are_ignored(void **state)
{
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	join(&r, &n, 3);
	remote_noop(&r, 0, 1);
	remote_noop(&r, 1, 1);
	remote_noop(&r, 0, 0);
	assert_int_equal(node_count(&n, SOCKLND_RX_NOOPS), 3);
	assert_int_equal(remote_waiting(&r), 0); /* no reply at this level */
	remote_send(&r, LNET_PUT, 10, 0);
	assert_int_equal(n.cpt->n_parsed, 1);
	node_down(&n);
}

static void
header_refused_by_lnet_closes(void **state)
{
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	join(&r, &n, 3);
	n.cpt->parse_rc = -EPROTO;
	remote_send(&r, LNET_GET, 0, 0x77);
	assert_int_equal(node_count(&n, SOCKLND_RX_REFUSED), 1);
	assert_int_equal(r.c->end, FAKE_FIN);
	assert_int_equal(n.cpt->n_down, 1);
	node_down(&n);
}

/* --- checksum --- */

static uint32_t
crc_v2(const uint8_t *frame, size_t len)
{
	uint8_t *copy = malloc(len);
	uint32_t crc;

	memcpy(copy, frame, len);
	memset(copy + 4, 0, 4);
	crc = socklnd_csum(SOCKLND_CSUM_INIT, copy, len);
	free(copy);
	return crc;
}

static void
send_with_csum(struct remote *r, uint32_t len, bool whole_frame, uint32_t spoil)
{
	uint8_t frame[6000];
	size_t n = remote_frame(r, frame, LNET_PUT, len, 0, 0);
	uint32_t crc = whole_frame ? crc_v2(frame, n)
				   : socklnd_csum(SOCKLND_CSUM_INIT, frame + n - len, len);

	put_le32(frame + 4, crc ^ spoil);
	fake_tcp_deliver(r->c, frame, n, 700, r->n->now);
}

static void
checksum_covers_all_in_v2_and_the_payload_later(void **state)
{
	static const uint32_t sizes[] = {0, 1, 5000};
	struct remote r;
	struct node n;
	unsigned int v, i;

	for (v = 2; v <= 4; v++) {
		for (i = 0; i < 3; i++) {
			node_up(&n, 1, NULL);
			join(&r, &n, v);
			send_with_csum(&r, sizes[i], v == 2, 0);
			check_payload(&n.cpt->parsed[0], sizes[i]);
			send_with_csum(&r, sizes[i], v == 2, 0x100);
			if (sizes[i] > 0)
				assert_int_equal(n.cpt->parsed[1].rc, -EIO);
			else
				assert_int_equal(n.cpt->n_parsed, 1); /* LNet never hears of it */
			assert_int_equal(node_count(&n, SOCKLND_RX_BAD_CSUM), 1);
			assert_int_not_equal(r.c->end, FAKE_OPEN);
			node_down(&n);
		}
	}
}

static void
checksum_of_discarded_payload_does_not_count(void **state)
{
	struct remote r;
	struct node n;
	unsigned int v;

	for (v = 2; v <= 3; v++) {
		node_up(&n, 1, NULL);
		join(&r, &n, v);
		n.cpt->recv = FAKE_DISCARD;
		send_with_csum(&r, 5000, v == 2, 0x100);
		n.cpt->recv = FAKE_PARTLY;
		send_with_csum(&r, 5000, v == 2, 0x100);
		assert_int_equal(node_count(&n, SOCKLND_RX_BAD_CSUM), 0);
		assert_int_equal(r.c->end, FAKE_OPEN);
		node_down(&n);
	}
}

static void
big_endian_peers_ksock_header_is_swapped_and_lnet_header_is_not(void **state)
{
	struct socklnd_hello h = {.version = 4, .src_pid = LNET_PID, .type = SOCKLND_CONTROL};
	uint8_t out[SOCKLND_HELLO_MAX], frame[200];
	struct remote r;
	struct node n;
	unsigned int i;
	size_t len;

	node_up(&n, 1, NULL);
	assert_true(remote_connect(&r, &n, PEER, 1023));
	remote_request(&r, &n.ni[0].nid);
	h.src = r.nid;
	socklnd_hello_encode(&h, out);
	put_be32(out, SOCKLND_HELLO_MAGIC);
	put_be32(out + 4, 4);
	put_be32(out + 48, LNET_PID);
	put_be64(out + 56, 77);
	put_be32(out + 72, SOCKLND_CONTROL);
	remote_say(&r, out, SOCKLND_HELLO_MAX);
	r.version = 4;
	assert_int_equal(remote_read_hello(&r).type, SOCKLND_CONTROL);
	assert_true(node_peer(&n, PEER)->incarnation == 77);
	len = remote_frame(&r, frame, LNET_PUT, 50, 0x1122334455667788, 0);
	put_be32(frame, SOCKLND_MSG_LNET);
	put_be64(frame + 8, 0x1122334455667788);
	for (i = 0; i < 2; i++)
		remote_say(&r, frame, len);
	check_payload(&n.cpt->parsed[1], 50);
	assert_true(node_peer(&n, PEER)->acks.range[0].lo == 0x1122334455667788);
	node_down(&n);
}

/* --- the end of the stream --- */

static void
end_between_messages_is_in_order(void **state)
{
	struct remote r[3];
	struct node n;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	remote_send(&r[0], LNET_PUT, 100, 0);
	fake_tcp_fin(r[0].c, n.now);
	assert_int_equal(n.cpt->n_down, 0); /* T17 */
	assert_int_equal(node_count(&n, SOCKLND_CONNS_CLOSED), 3);
	assert_int_equal(r[1].c->end, FAKE_FIN); /* T1 */
	assert_int_equal(r[2].c->end, FAKE_FIN);
	assert_null(node_peer(&n, PEER));
	node_down(&n);
}

static void
end_inside_a_message_is_an_error_at_every_byte(void **state)
{
	uint8_t frame[300];
	struct remote r;
	struct node n;
	size_t cut, len;

	node_up(&n, 1, NULL);
	for (cut = 1; cut < 96 + 60; cut++) {
		join(&r, &n, 3);
		len = remote_frame(&r, frame, LNET_PUT, 60, 0, 0);
		assert_true(cut < len);
		remote_say(&r, frame, cut);
		fake_tcp_fin(r.c, n.now);
		assert_int_equal(node_count(&n, SOCKLND_RX_CUT_OFF), cut);
		if (cut >= 96)
			assert_int_equal(n.cpt->parsed[n.cpt->n_parsed - 1].rc, -EIO);
		fake_tcp_over(r.c, 0, n.now);
	}
	assert_int_equal(n.cpt->n_down, 96 + 59);
	node_down(&n);
}

static void
message_that_waits_outlives_its_connection(void **state)
{
	struct remote r;
	struct node n;
	unsigned int how;

	for (how = 0; how < 3; how++) {
		node_up(&n, 1, NULL);
		join(&r, &n, 3);
		n.cpt->recv = FAKE_LATER;
		remote_send(&r, LNET_PUT, 3000, 5);
		if (how == 0)
			fake_tcp_over(r.c, -ECONNRESET, n.now);
		else if (how == 1)
			socklnd_ops.peer_down(n.cpt, &n.ni[0], &r.nid, n.now);
		else
			assert_true(socklnd_ops.detach(n.cpt, &n.ni[0], n.now) > 0);
		node_advance(&n, 10 * SEC);
		if (how == 2) /* the NI waits for it */
			assert_int_equal(socklnd_ops.detach(n.cpt, &n.ni[0], n.now), 1);
		assert_int_equal(n.s->cpts[0].n_conns, 1);
		fake_core_recv(n.cpt, 0, how == 1 ? UINT32_MAX : 3000, n.now);
		assert_int_equal(n.cpt->parsed[0].rc, how == 1 ? 0 : -EIO);
		assert_int_equal(n.s->cpts[0].n_conns, 0);
		node_down(&n);
	}
}

static void
half_received_message_fails_with_its_connection(void **state)
{
	uint8_t frame[3200];
	struct remote r;
	struct node n;

	node_up(&n, 1, NULL);
	join(&r, &n, 3);
	remote_frame(&r, frame, LNET_PUT, 3000, 5, 0);
	remote_say(&r, frame, 2000);
	fake_tcp_over(r.c, -ECONNRESET, n.now);
	assert_int_equal(n.cpt->parsed[0].rc, -EIO);
	assert_int_equal(n.cpt->n_down, 1);
	node_down(&n);
}

/* What LNet does with one message lets another connection go on, which lets the next go on ... */
static int
chain(struct lnet_cpt *cpt, struct fake_parsed *p, uint64_t now)
{
	struct node *n = cpt->user;
	unsigned int i = cpt->n_parsed++;

	if (n->home == 0) /* collect */
		return 0;
	fake_core_recv(cpt, i, p->hdr.payload_len, now);
	if (n->home < 30)
		fake_core_recv(cpt, n->home++, 0, now);
	return 0;
}

static void
connections_that_wake_each_other_do_not_nest(void **state)
{
	struct remote r[30];
	struct node n;
	char nid[32];
	unsigned int i;

	node_up(&n, 1, NULL);
	n.cpt->on_parse = chain;
	n.cpt->user = &n;
	for (i = 0; i < 30; i++) {
		snprintf(nid, sizeof(nid), "10.10.0.%u@tcp", 100 + i);
		remote_join(&r[i], &n, nid, 1023, SOCKLND_CONTROL);
		remote_send(&r[i], LNET_GET, 0, 0);
	}
	assert_int_equal(n.cpt->n_parsed, 30);
	/* each woken connection finds one more message behind the first */
	for (i = 0; i < 30; i++) {
		uint8_t frame[200];

		remote_say(&r[i], frame, remote_frame(&r[i], frame, LNET_GET, 0, 0, 0));
	}
	n.home = 1;
	fake_core_recv(n.cpt, 0, 0, n.now);
	assert_int_equal(n.cpt->n_parsed, 60);
	n.home = 0;
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
		cmocka_unit_test(messages_arrive_in_any_segmentation),
		cmocka_unit_test(payload_is_moved_not_copied),
		cmocka_unit_test(unwanted_payload_is_skipped),
		cmocka_unit_test(connection_is_not_read_until_lnet_asks),
		cmocka_unit_test(engine_is_told_what_is_expected),
		cmocka_unit_test(want_of_slices_is_survived),
		cmocka_unit_test(bad_frames_close_the_set),
		cmocka_unit_test(harmless_noops_are_ignored),
		cmocka_unit_test(header_refused_by_lnet_closes),
		cmocka_unit_test(checksum_covers_all_in_v2_and_the_payload_later),
		cmocka_unit_test(checksum_of_discarded_payload_does_not_count),
		cmocka_unit_test(big_endian_peers_ksock_header_is_swapped_and_lnet_header_is_not),
		cmocka_unit_test(end_between_messages_is_in_order),
		cmocka_unit_test(end_inside_a_message_is_an_error_at_every_byte),
		cmocka_unit_test(message_that_waits_outlives_its_connection),
		cmocka_unit_test(half_received_message_fails_with_its_connection),
		cmocka_unit_test(connections_that_wake_each_other_do_not_nest),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
