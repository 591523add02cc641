/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/tcp/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A header of 20 bytes and @n bytes of options, which are copied from @options. */
static unsigned int
make(uint8_t *p, uint8_t flags, const uint8_t *options, unsigned int n)
{
	unsigned int len = 20 + (n + 3) / 4 * 4;

	memset(p, 0, len);
	p[0] = 0x03, p[1] = 0xff, p[2] = 0x03, p[3] = 0xdc;
	p[7] = 7, p[11] = 9;
	p[12] = (uint8_t)(len / 4 << 4);
	p[13] = flags;
	p[14] = 0x12, p[15] = 0x34;
	memcpy(p + 20, options, n);
	return len;
}

static void
parse_reads_the_fixed_header(void **)
{
	uint8_t p[64];
	unsigned int len = make(p, TCP_ACK | TCP_PSH, (const uint8_t *)"", 0);
	struct tcp_segment s;

	assert_int_equal(tcp_wire_parse(p, len, len + 100, &s), 0);
	assert_int_equal(s.src_port, 1023);
	assert_int_equal(s.dst_port, 988);
	assert_int_equal(s.seq, 7);
	assert_int_equal(s.ack, 9);
	assert_int_equal(s.wnd, 0x1234);
	assert_int_equal(s.flags, TCP_ACK | TCP_PSH);
	assert_int_equal(s.hdr_len, 20);
	assert_int_equal(s.len, 100);
}

static void
parse_refuses_what_is_no_header(void **)
{
	static const struct {
		uint32_t room, total;
		uint8_t offset;
	} cases[] = {{19, 19, 5},  {0, 0, 5},	  {20, 20, 4}, {20, 20, 0},
		     {20, 100, 6}, {59, 200, 15}, {40, 30, 5}};
	uint8_t p[64];
	struct tcp_segment s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(p, TCP_ACK, (const uint8_t *)"", 0);
		p[12] = (uint8_t)(cases[i].offset << 4);
		assert_int_equal(tcp_wire_parse(p, cases[i].room, cases[i].total, &s), -EBADMSG);
	}
}

static void
parse_survives_options_of_every_odd_kind(void **)
{
	static const struct {
		const char *what;
		uint8_t options[40];
		unsigned int n;
		bool bad, mss, ts;
	} cases[] = {
		{"none", {0}, 0, false, false, false},
		{"no-operations and end", {1, 1, 1, 0}, 4, false, false, false},
		{"nothing is read behind the end", {0, 2, 4, 5, 0xb4}, 5, false, false, false},
		{"length zero", {2, 0, 5, 0xb4}, 4, true, false, false},
		{"length one", {2, 1, 5, 0xb4}, 4, true, false, false},
		{"longer than the header", {8, 10, 0, 0}, 4, true, false, false},
		{"kind without length at the end", {1, 1, 1, 2}, 4, true, false, false},
		{"MSS too short", {2, 3, 5, 1}, 4, false, false, false},
		{"MSS too long", {2, 5, 5, 0xb4, 0}, 5, false, false, false},
		{"MSS", {2, 4, 5, 0xb4}, 4, false, true, false},
		{"timestamps too short", {8, 9, 0, 0, 0, 0, 0, 0, 0}, 9, false, false, false},
		{"timestamps behind an unknown kind",
		 {99, 4, 1, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},
		 14,
		 false,
		 false,
		 true},
		{"good, then bad", {2, 4, 5, 0xb4, 8, 200, 0, 0}, 8, true, true, false},
		{"multipath",
		 {30, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 4, 5, 0xb4},
		 16,
		 false,
		 true,
		 false},
	};
	uint8_t p[64];
	struct tcp_segment s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int len = make(p, TCP_SYN, cases[i].options, cases[i].n);

		assert_int_equal(tcp_wire_parse(p, len, len, &s), 0);
		if (s.bad_options != cases[i].bad || s.has_mss != cases[i].mss ||
		    s.has_ts != cases[i].ts)
			fail_msg("%s", cases[i].what);
	}
}

static void
parse_reads_options_of_a_syn_only_in_a_syn(void **)
{
	static const uint8_t options[] = {2, 4, 5, 0xb4, 3, 3, 20, 4, 2, 1, 1, 1};
	uint8_t p[64];
	unsigned int len = make(p, TCP_ACK, options, sizeof(options));
	struct tcp_segment s;

	assert_int_equal(tcp_wire_parse(p, len, len, &s), 0);
	assert_false(s.has_mss || s.has_wscale || s.sack_permitted);
	p[13] = TCP_SYN;
	assert_int_equal(tcp_wire_parse(p, len, len, &s), 0);
	assert_true(s.has_mss && s.has_wscale && s.sack_permitted);
	assert_int_equal(s.mss, 1460);
	/* RFC 7323 2.3: 14 at most */
	assert_int_equal(s.wscale, 14);
}

static void
parse_takes_whole_sack_blocks_only(void **)
{
	static const struct {
		uint8_t len;
		unsigned int blocks;
		bool bad;
	} cases[] = {{2, 0, true},   {9, 0, true},   {10, 1, false}, {11, 0, true},
		     {18, 2, false}, {34, 4, false}, {36, 0, true}};
	uint8_t options[40] = {5}, p[64];
	struct tcp_segment s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int len;

		options[1] = cases[i].len;
		options[5] = 3;
		options[9] = 8;
		len = make(p, TCP_ACK, options, cases[i].len);
		assert_int_equal(tcp_wire_parse(p, len, len, &s), 0);
		assert_int_equal(s.n_sack, cases[i].blocks);
		assert_int_equal(s.bad_options, cases[i].bad);
		if (s.n_sack > 0) {
			assert_int_equal(s.sack[0].start, 3);
			assert_int_equal(s.sack[0].end, 8);
		}
	}
}

static void
emit_and_parse_agree(void **)
{
	static const struct tcp_segment cases[] = {
		{.flags = TCP_ACK},
		{.flags = TCP_RST | TCP_ACK, .seq = UINT32_MAX, .ack = 1},
		{.flags = TCP_SYN,
		 .has_mss = true,
		 .mss = 8960,
		 .has_ts = true,
		 .tsval = 1,
		 .sack_permitted = true,
		 .has_wscale = true,
		 .wscale = 9},
		{.flags = TCP_SYN, .has_mss = true, .mss = 1460, .sack_permitted = true},
		{.flags = TCP_SYN, .has_mss = true, .mss = 1460, .has_wscale = true, .wscale = 7},
		{.flags = TCP_ACK, .has_ts = true, .tsval = 0x01020304, .tsecr = 0x05060708},
		{.flags = TCP_ACK,
		 .has_ts = true,
		 .n_sack = 3,
		 .sack = {{1, 2}, {3, 4}, {5, UINT32_MAX}}},
		{.flags = TCP_ACK, .n_sack = 4, .sack = {{1, 2}, {3, 4}, {5, 6}, {7, 8}}},
	};
	uint8_t p[TCP_HDR_MAX];
	struct tcp_segment got, want;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int len = tcp_wire_emit(&cases[i], p);

		assert_int_equal(len, tcp_wire_hdr_len(&cases[i]));
		assert_int_equal(len % 4, 0);
		assert_true(len <= TCP_HDR_MAX);
		assert_int_equal(tcp_wire_parse(p, len, len, &got), 0);
		want = cases[i];
		want.hdr_len = (uint8_t)len;
		want.n_merged = 1;
		want.last_seq = want.seq;
		assert_memory_equal(&got, &want, sizeof(got));
	}
}

/* The order that Linux uses, so that its receive merging finds the same bytes. */
static void
emit_orders_options_as_linux_does(void **)
{
	static const struct tcp_segment syn = {.flags = TCP_SYN,
					       .has_mss = true,
					       .mss = 1460,
					       .has_ts = true,
					       .sack_permitted = true,
					       .has_wscale = true,
					       .wscale = 7};
	static const struct tcp_segment ack = {.flags = TCP_ACK, .has_ts = true};
	uint8_t p[TCP_HDR_MAX];

	assert_int_equal(tcp_wire_emit(&syn, p), 40);
	assert_memory_equal(p + 20, ((uint8_t[]){2, 4, 5, 0xb4, 4, 2, 8, 10}), 8);
	assert_memory_equal(p + 36, ((uint8_t[]){1, 3, 3, 7}), 4);
	assert_int_equal(tcp_wire_emit(&ack, p), 32);
	assert_memory_equal(p + 20, ((uint8_t[]){1, 1, 8, 10}), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_reads_the_fixed_header),
		cmocka_unit_test(parse_refuses_what_is_no_header),
		cmocka_unit_test(parse_survives_options_of_every_odd_kind),
		cmocka_unit_test(parse_reads_options_of_a_syn_only_in_a_syn),
		cmocka_unit_test(parse_takes_whole_sack_blocks_only),
		cmocka_unit_test(emit_and_parse_agree),
		cmocka_unit_test(emit_orders_options_as_linux_does),
	};

	return cmocka_run_group_tests_name("tcp/wire", tests, NULL, NULL);
}
