/* SPDX-License-Identifier: BSD-3-Clause */
/* Encoding against the bytes of real nodes (section 15), and the checksum. */
#include "drivers/socklnd/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct lnet_nid
nid_of(const char *text)
{
	struct lnet_nid nid;

	assert_int_equal(lnet_nid_parse(text, &nid), 0);
	return nid;
}

static void
connreq_v1_as_captured(void **state)
{
	static const uint8_t want[] = {0x00, 0x71, 0xce, 0xac, 0x01, 0x00, 0x00, 0x00,
				       0x03, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x02, 0x00};
	uint8_t out[SOCKLND_CONNREQ_V2_SIZE];
	struct lnet_nid nid = nid_of("10.10.0.3@tcp");

	assert_int_equal(socklnd_connreq_encode(&nid, out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
}

static void
connreq_v2_as_captured(void **state)
{
	static const uint8_t want[] = {0x00, 0x71, 0xce, 0xac, 0x02, 0x00, 0x00, 0x00, 0x0c, 0x02,
				       0x00, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
				       0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07};
	uint8_t out[SOCKLND_CONNREQ_V2_SIZE];
	struct lnet_nid nid = nid_of("fd00::7@tcp");

	assert_int_equal(socklnd_connreq_encode(&nid, out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
}

static void
hello_v3_as_captured(void **state)
{
	static const uint8_t want[] = {
		0x63, 0x69, 0x72, 0x45, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x0a, 0x0a, 0x00, 0x00,
		0x02, 0x00, 0x03, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x02, 0x00, 0x39, 0x30, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x41, 0x1c, 0x26, 0xf4, 0x58, 0x5c, 0xea, 0x18, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};
	const struct socklnd_hello h = {
		.version = 3,
		.src = nid_of("10.10.0.1@tcp"),
		.dst = nid_of("10.10.0.3@tcp"),
		.src_pid = 12345,
		.src_incarnation = 0x18ea5c58f4261c41,
		.type = SOCKLND_CONTROL,
	};
	uint8_t out[SOCKLND_HELLO_MAX];
	struct socklnd_hello back;

	assert_int_equal(socklnd_hello_encode(&h, out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	socklnd_hello_decode(want, 3, false, &back);
	assert_memory_equal(&back, &h, sizeof(h));
}

static void
hello_v1_as_captured(void **state)
{
	static const uint8_t want[72] = {
		0xed, 0x0d, 0xbc, 0xee, 0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x0a, 0x0a, 0x00, 0x00,
		0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x39, 0x30, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0xdb, 0xb1, 0x6b, 0x3a, 0x1a, 0x5d, 0xea, 0x18, 0x01,
	};
	const struct socklnd_hello h = {
		.version = 1,
		.src = nid_of("10.10.0.3@tcp"),
		.src_pid = 12345,
		.src_incarnation = 0x18ea5d1a3a6bb1db,
		.type = SOCKLND_CONTROL,
	};
	uint8_t out[SOCKLND_HELLO_MAX];
	struct socklnd_hello back;

	assert_int_equal(socklnd_hello_encode(&h, out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	socklnd_hello_decode(want, 1, false, &back);
	assert_memory_equal(&back, &h, sizeof(h));
}

static void
hello_v4_as_captured(void **state)
{
	static const uint8_t want[] = {
		0x63, 0x69, 0x72, 0x45, 0x04, 0x00, 0x00, 0x00, 0x0c, 0x02, 0x00, 0x00, 0xfd, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06,
		0x0c, 0x02, 0x00, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x39, 0x30, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x34, 0x72, 0x60, 0x92, 0x97, 0x5e, 0xea, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};
	const struct socklnd_hello h = {
		.version = 4,
		.src = nid_of("fd00::6@tcp"),
		.dst = nid_of("fd00::7@tcp"),
		.src_pid = 12345,
		.src_incarnation = 0x18ea5e9792607234,
		.type = SOCKLND_CONTROL,
	};
	uint8_t out[SOCKLND_HELLO_MAX];
	struct socklnd_hello back;

	assert_int_equal(socklnd_hello_encode(&h, out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	socklnd_hello_decode(want, 4, false, &back);
	assert_memory_equal(&back, &h, sizeof(h));
}

static void
hello_peek_tells_magic_version_and_order(void **state)
{
	static const struct {
		uint8_t head[8];
		int rc;
		unsigned int version;
		bool swap;
	} row[] = {
		{{0x63, 0x69, 0x72, 0x45, 2}, 0, 2, false},
		{{0x63, 0x69, 0x72, 0x45, 4}, 0, 4, false},
		{{0x45, 0x72, 0x69, 0x63, 0, 0, 0, 3}, 0, 3, true},
		{{0xed, 0x0d, 0xbc, 0xee, 1}, 0, 1, false},
		{{0x63, 0x69, 0x72, 0x45, 1}, -EPROTONOSUPPORT, 1, false},
		{{0x63, 0x69, 0x72, 0x45, 0, 1}, -EPROTONOSUPPORT, 256, false},
		{{0x45, 0x72, 0x69, 0x63, 3}, -EPROTONOSUPPORT, 0x03000000, true},
		{{0xed, 0x0d, 0xbc, 0xee, 1, 0, 1}, -EPROTONOSUPPORT, 1, false},
		{{0xee, 0xbc, 0x0d, 0xed, 0, 1}, -EPROTO, 0, false},
		{{0}, -EPROTO, 0, false},
	};
	unsigned int i, version;
	bool swap;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(socklnd_hello_peek(row[i].head, &version, &swap), row[i].rc);
		if (row[i].rc != -EPROTO)
			assert_int_equal(version, row[i].version);
		assert_int_equal(swap, row[i].swap);
	}
}

static void
ksock_header_both_orders(void **state)
{
	static const uint8_t le[24] = {0xc1, 0, 0, 0, 4, 3, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 5};
	static const uint8_t be[24] = {0, 0, 0, 0xc1, 1, 2, 3, 4, 0, 0, 0, 0,
				       0, 0, 0, 2,    0, 0, 0, 0, 0, 0, 0, 5};
	struct socklnd_ksock k;
	uint8_t out[24];

	socklnd_ksock_decode(be, true, &k);
	assert_int_equal(k.type, SOCKLND_MSG_LNET);
	assert_int_equal(k.csum, 0x01020304);
	assert_int_equal(k.cookie0, 2);
	assert_int_equal(k.cookie1, 5);
	socklnd_ksock_encode(&k, out);
	assert_memory_equal(out, le, 24);
}

static void
checksum_as_documented_and_as_captured(void **state)
{
	static const uint8_t noop[24] = {0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					 0,    0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0};
	/* the GET whose wrong checksum a real node answered in its log with 0x0bcc5a6e */
	static const uint8_t get[96] = {
		0xc1, 0,    0,	  0,	0,    0,    0,	  0,	0,    0,    0,	  0,	0,    0,
		0,    0,    0,	  0,	0,    0,    0,	  0,	0,    0,    0x03, 0x00, 0x0a, 0x0a,
		0x00, 0x00, 0x02, 0x00, 0xc8, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x02, 0x00, 0x39, 0x30,
		0x00, 0x00, 0x39, 0x30, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x11, 0x11, 0,	  0,	0,    0,    0,	  0,	0x22, 0x22, 0,	  0,	0,    0,
		0,    0,    0,	  0,	0,    0,    0,	  0,	0,    0x80, 0,	  0,	0,    0,
		0,    0,    0,	  0,	0x10, 0x01, 0,	  0,	0,    0,    0,	  0};
	uint32_t crc;

	assert_int_equal(socklnd_csum(SOCKLND_CSUM_INIT, "123456789", 9), 0x340bc6d9);
	assert_int_equal(socklnd_csum(SOCKLND_CSUM_INIT, noop, 24), 0x757e3d7d);
	assert_int_equal(socklnd_csum(SOCKLND_CSUM_INIT, get, 96), 0x0bcc5a6e);
	crc = socklnd_csum(SOCKLND_CSUM_INIT, "1234", 4);
	assert_int_equal(socklnd_csum(crc, "56789", 5), 0x340bc6d9);
	assert_int_equal(socklnd_csum(SOCKLND_CSUM_INIT, "", 0), SOCKLND_CSUM_INIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connreq_v1_as_captured),
		cmocka_unit_test(connreq_v2_as_captured),
		cmocka_unit_test(hello_v1_as_captured),
		cmocka_unit_test(hello_v3_as_captured),
		cmocka_unit_test(hello_v4_as_captured),
		cmocka_unit_test(hello_peek_tells_magic_version_and_order),
		cmocka_unit_test(ksock_header_both_orders),
		cmocka_unit_test(checksum_as_documented_and_as_captured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
