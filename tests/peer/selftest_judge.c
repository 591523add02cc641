/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Selftest, judges: what finds altered, misplaced, repeated or truncated data must find it, at
 * every byte.
 */
#include "lnet.h"
#include "pattern.h"
#include "seen.h"
#include "selftest.h"

#include <string.h>

#define LEN 61

static struct nid
nid_at(uint8_t host)
{
	return (struct nid){.type = NID_TYPE_TCP, .addr = {10, 0, 0, host}};
}

static void
judge_pattern(struct selftest *t)
{
	struct nid a = nid_at(1), b = nid_at(2);
	uint64_t seed = pattern_seed(&a, &b, 7), offset;
	uint8_t buf[LEN], part[LEN];
	size_t i;

	for (offset = 0; offset < 17; offset++) {
		pattern_fill(seed, offset, buf, LEN);
		selftest_check(t, "a right pattern is refused",
			       pattern_check(seed, offset, buf, LEN));
		for (i = 0; i <= LEN; i++) {
			pattern_fill(seed, offset, part, i);
			pattern_fill(seed, offset + i, part + i, LEN - i);
			selftest_check(t, "a pattern made in two pieces differs",
				       memcmp(buf, part, LEN) == 0);
		}
		for (i = 0; i < LEN; i++) {
			buf[i] ^= 0x10;
			selftest_check(t, "an altered byte is not found",
				       !pattern_check(seed, offset, buf, LEN));
			buf[i] ^= 0x10;
		}
		selftest_check(t, "shifted data is not found",
			       !pattern_check(seed, offset + 1, buf, LEN));
		selftest_check(t, "another message's data is not found",
			       !pattern_check(pattern_seed(&a, &b, 8), offset, buf, LEN));
		selftest_check(t, "another sender's data is not found",
			       !pattern_check(pattern_seed(&b, &a, 7), offset, buf, LEN));
	}
}

/* Header data of a PUT: every field of the header that a router must leave alone changes it. */
static void
judge_header(struct selftest *t)
{
	struct nid a = nid_at(1), b = nid_at(2), c = nid_at(3);
	struct lnet_hdr put = lnet_hdr_make(LNET_PUT, &b, &a), other;
	uint64_t right = data_hdr_data(&put);

#define CHANGED(change)                                                            \
	do {                                                                       \
		other = put;                                                       \
		other.change;                                                      \
		selftest_check(t, "a changed header field is not found: " #change, \
			       data_hdr_data(&other) != right);                    \
	} while (0)
	CHANGED(src = c);
	CHANGED(dst = c);
	CHANGED(src_pid = 1);
	CHANGED(dst_pid = 1);
	CHANGED(payload_len = 1);
	CHANGED(offset = 1);
	CHANGED(match_bits = 1);
	CHANGED(handle.interface = 1);
	CHANGED(handle.object = 1);
#undef CHANGED
}

static void
judge_seen(struct selftest *t)
{
	struct seen *s = seen_new();
	struct nid a = nid_at(1), b = nid_at(2);

	if (s == NULL)
		return;
	selftest_check(t, "a first message counts as seen", !seen_before(s, &a, LNET_PUT, 5));
	selftest_check(t, "a repeated message is not found", seen_before(s, &a, LNET_PUT, 5));
	selftest_check(t, "another type counts as seen", !seen_before(s, &a, LNET_GET, 5));
	selftest_check(t, "another source counts as seen", !seen_before(s, &b, LNET_PUT, 5));
	selftest_check(t, "another run counts as seen",
		       !seen_before(s, &a, LNET_PUT, 1ull << SEEN_SEQUENCE_BITS));
	selftest_check(t, "a far number counts as seen", !seen_before(s, &a, LNET_PUT, 100000));
	selftest_check(t, "missing numbers are miscounted",
		       seen_missing(s) == 5 + 5 + 5 + 0 + 99994);
	seen_free(s);
}

static void
judge_ping_info(struct selftest *t)
{
	struct nid nids[2] = {nid_at(1), {.size = 12, .type = NID_TYPE_TCP, .addr = {0xfd}}};
	uint8_t buf[128];
	uint32_t len = ping_info_make(nids, 2, 3, true, buf), i;

	selftest_check(t, "a right ping buffer is refused", ping_info_check(buf, len) == 2);
	for (i = 0; i < len; i++)
		selftest_check(t, "a truncated ping buffer is accepted",
			       ping_info_check(buf, i) < 0);
	buf[0] ^= 1;
	selftest_check(t, "a ping buffer with a wrong magic is accepted",
		       ping_info_check(buf, len) < 0);
}

/* The other byte order: read back as written, and refused where nothing can be read. */
static void
judge_byte_order(struct selftest *t)
{
	struct nid a = nid_at(1), b = nid_at(2), back;
	struct hello h = {.version = 3,
			  .src = a,
			  .dst = b,
			  .src_pid = LNET_PID,
			  .src_incarnation = 77,
			  .type = CONN_NONE};
	struct hello r;
	uint8_t buf[HELLO_MAX];
	bool big_endian;

	selftest_check(t, "swapped request",
		       connreq_encode(buf, &b, true) == 16 &&
			       memcmp(buf, "\xac\xce\x71\x00", 4) == 0);
	selftest_check(t, "swapped request is not read",
		       connreq_decode(buf, 16, &back) == 16 && nid_equal(&back, &b));
	selftest_check(t, "short request is read", connreq_decode(buf, 15, &back) == 0);
	hello_encode(buf, &h, true);
	selftest_check(t, "swapped HELLO is not read",
		       hello_decode(buf, 56, &r, &big_endian) == 56 && big_endian);
	selftest_check(t, "swapped HELLO reads differently",
		       nid_equal(&r.src, &a) && nid_equal(&r.dst, &b) && r.src_incarnation == 77 &&
			       r.type == CONN_NONE);
	selftest_check(t, "check value of the checksum",
		       crc_update(CRC_START, (const uint8_t *)"123456789", 9) == 0x340bc6d9);
}

void
selftest_judge(struct selftest *t)
{
	judge_pattern(t);
	judge_header(t);
	judge_seen(t);
	judge_ping_info(t);
	judge_byte_order(t);
}
