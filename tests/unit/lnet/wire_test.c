/* SPDX-License-Identifier: BSD-3-Clause */
/* LNet headers in both wire forms, and the bodies. Bytes from captures: tcp_ping_direct, tcp_ipv6_large_nid. Spec section 2. */
#include "lnet/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* GET of a ping from 10.10.0.1@tcp to 10.10.0.2@tcp. */
static const uint8_t get4[LNET_HDR4_SIZE] = {
	0x02, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x02, 0x00, /* destination */
	0x01, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x02, 0x00, /* source */
	0x39, 0x30, 0x00, 0x00, 0x39, 0x30, 0x00, 0x00, /* pids */
	0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* GET, no payload */
	0x04, 0x8b, 0x55, 0xe8, 0x58, 0x5c, 0xea, 0x18, /* interface cookie */
	0x0d, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* object cookie */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, /* match bits */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* portal, offset */
	0x78, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* sink 3960 */
};

static struct lnet_nid
nid_of(const char *text)
{
	struct lnet_nid nid;

	assert_int_equal(lnet_nid_parse(text, &nid), 0);
	return nid;
}

static void
small_header_is_read_and_written_as_captured(void **)
{
	struct lnet_nid dst = nid_of("10.10.0.2@tcp"), src = nid_of("10.10.0.1@tcp");
	uint8_t wire[LNET_HDR4_SIZE];
	struct lnet_get get;
	struct lnet_hdr h;

	lnet_hdr_decode4(get4, &h);
	assert_true(lnet_nid_equal(&h.dst, &dst));
	assert_true(lnet_nid_equal(&h.src, &src));
	assert_int_equal(h.dst_pid, LNET_PID);
	assert_int_equal(h.src_pid, LNET_PID);
	assert_int_equal(h.type, LNET_GET);
	assert_int_equal(h.payload_len, 0);
	lnet_get_decode(h.body, &get);
	assert_int_equal(get.match_bits, 0x8000000000000000ull);
	assert_int_equal(get.portal, 0);
	assert_int_equal(get.sink_len, 3960);
	assert_memory_equal(get.ret.bytes, get4 + 32, 16);
	assert_int_equal(lnet_hdr_encode4(&h, wire), 0);
	assert_memory_equal(wire, get4, sizeof(wire));
}

static void
large_header_carries_both_kinds_of_nids(void **)
{
	uint8_t wire[LNET_HDR16_SIZE];
	struct lnet_hdr h, back;

	lnet_hdr_decode4(get4, &h);
	h.dst = nid_of("fd00::6@tcp");
	lnet_hdr_encode16(&h, wire);
	/* size, type, number, address */
	assert_memory_equal(wire, "\x0c\x02\x00\x00\xfd\x00", 6);
	assert_int_equal(wire[19], 6);
	assert_memory_equal(wire + 20, "\x00\x02\x00\x00\x0a\x0a\x00\x01\x00", 9);
	assert_memory_equal(wire + 40, get4 + 16, 56);
	lnet_hdr_decode16(wire, &back);
	assert_memory_equal(&back, &h, sizeof(h));
}

static void
large_nid_is_refused_by_the_small_form(void **)
{
	uint8_t wire[LNET_HDR4_SIZE];
	struct lnet_hdr h;

	lnet_hdr_decode4(get4, &h);
	h.src = nid_of("fd00::6@tcp");
	assert_int_equal(lnet_hdr_encode4(&h, wire), -EAFNOSUPPORT);
	h.src = h.dst;
	h.dst = nid_of("fd00::6@tcp");
	assert_int_equal(lnet_hdr_encode4(&h, wire), -EAFNOSUPPORT);
	h.dst = lnet_nid_any();
	assert_int_equal(lnet_hdr_encode4(&h, wire), 0);
	assert_memory_equal(wire, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

static void
every_header_survives_both_forms(void **)
{
	uint8_t wire[LNET_HDR16_SIZE], out[LNET_HDR16_SIZE];
	struct lnet_hdr h;
	unsigned int i, j;

	for (i = 0; i < 256; i++) {
		for (j = 0; j < sizeof(wire); j++)
			wire[j] = (uint8_t)(i * 31 + j * 7);
		lnet_hdr_decode16(wire, &h);
		lnet_hdr_encode16(&h, out);
		assert_memory_equal(wire, out, sizeof(wire));
		wire[7] = wire[15] = 0;
		lnet_hdr_decode4(wire, &h);
		if (lnet_nid_is_any(&h.dst) || lnet_nid_is_any(&h.src))
			continue;
		assert_int_equal(lnet_hdr_encode4(&h, out), 0);
		assert_memory_equal(wire, out, LNET_HDR4_SIZE);
	}
}

static void
bodies_survive(void **)
{
	struct lnet_put put = {.match_bits = 0x1122334455667788, .portal = 3, .offset = 99}, put2;
	struct lnet_ack ack = {.match_bits = 7, .mlength = 48}, ack2;
	struct lnet_reply reply, reply2;
	uint8_t body[LNET_BODY_SIZE];

	memset(&put.ack, 0x17, sizeof(put.ack));
	/* opaque: the order of its bytes is the sender's */
	memcpy(&put.hdr_data, "ABCDEFGH", 8);
	lnet_put_encode(&put, body);
	assert_memory_equal(body + 24, "ABCDEFGH", 8);
	lnet_put_decode(body, &put2);
	assert_memory_equal(&put, &put2, sizeof(put));

	memset(&ack.md, 0x18, sizeof(ack.md));
	memset(body, 0xee, sizeof(body));
	lnet_ack_encode(&ack, body);
	lnet_ack_decode(body, &ack2);
	assert_memory_equal(&ack.md, &ack2.md, sizeof(ack.md));
	assert_int_equal(ack2.match_bits, 7);
	assert_int_equal(ack2.mlength, 48);
	/* the unused tail is zero, never what was there before */
	assert_memory_equal(body + 28, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);

	memset(&reply.md, 0x19, sizeof(reply.md));
	memset(body, 0xee, sizeof(body));
	lnet_reply_encode(&reply, body);
	lnet_reply_decode(body, &reply2);
	assert_memory_equal(&reply, &reply2, sizeof(reply));
	assert_int_equal(body[16] | body[39], 0);
}

static void
no_ack_handle_is_all_ones_in_both_halves(void **)
{
	struct lnet_handle h = lnet_handle_none();

	assert_true(lnet_handle_is_none(&h));
	h.bytes[15] = 0xfe;
	assert_false(lnet_handle_is_none(&h));
	h = lnet_handle_none();
	h.bytes[0] = 0;
	assert_false(lnet_handle_is_none(&h));
}

int
main(void)
{
	const struct CMUnitTest wire[] = {
		cmocka_unit_test(small_header_is_read_and_written_as_captured),
		cmocka_unit_test(large_header_carries_both_kinds_of_nids),
		cmocka_unit_test(large_nid_is_refused_by_the_small_form),
		cmocka_unit_test(every_header_survives_both_forms),
		cmocka_unit_test(bodies_survive),
		cmocka_unit_test(no_ack_handle_is_all_ones_in_both_halves),
	};

	return cmocka_run_group_tests(wire, NULL, NULL);
}
