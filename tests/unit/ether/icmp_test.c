/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct lan lan;

static int
setup(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_simple(&lan, 1);
	/* the peer is known */
	lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, "10.0.0.2", (uint8_t[6]){0}, "10.0.0.1"));
	lan_send(&lan, f, lan_nd(f, 135, 0, "fd00::2", "ff02::1:ff00:1", "fd00::1", lan_peer_mac));
	lan_clear(&lan);
	return 0;
}

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

static size_t
echo(uint8_t *f, bool v6, size_t payload)
{
	uint8_t message[LAN_FRAME_MAX] = {v6 ? 128 : 8, 0, 0, 0, 0x12, 0x34, 0, 7};
	size_t i;

	for (i = 0; i < payload; i++)
		message[8 + i] = (uint8_t)(i + 1);
	return v6 ? lan_icmp6(f, "fd00::2", "fd00::1", 64, message, 8 + payload)
		  : lan_icmp4(f, "10.0.0.2", "10.0.0.1", message, 8 + payload);
}

static void
echo_of_any_size_and_cut_is_answered(void **)
{
	static const uint16_t cuts[] = {37, 11, 1, 0};
	uint8_t f[LAN_FRAME_MAX], got[LAN_FRAME_MAX];
	size_t payload, n, head;
	unsigned int v6;

	for (payload = 0; payload < 1400; payload += 199) {
		for (v6 = 0; v6 < 2; v6++) {
			n = echo(f, v6, payload);
			head = v6 ? 54 : 34;
			lan_send_cut(&lan, 0, f, n, payload % 2 ? cuts : NULL, 0);
			lan_round(&lan);
			assert_int_equal(lan_recv(&lan, 0, got), n);
			assert_true(lan_cksums_ok(got, n));
			assert_memory_equal(got, lan_peer_mac, 6);
			assert_int_equal(got[head], v6 ? 129 : 0);
			assert_memory_equal(got + head + 4, f + head + 4, 4 + payload);
		}
	}
	assert_int_equal(LAN_COUNT(&lan, ECHO_REPLY_OUT), 2 * 8);
}

static void
echo_larger_than_the_mtu_is_not_answered(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, echo(f, false, 1500));
	assert_int_equal(lan_recv(&lan, 0, f), 0);
	lan_assert_only_drop(&lan, ETHER_C_DROP_TX_TOO_BIG);
}

static void
echo_to_a_group_is_not_answered(void **)
{
	static const uint8_t message[8] = {128};
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_icmp6(f, "fd00::2", "ff02::1", 64, message, sizeof(message)));
	assert_int_equal(lan_recv(&lan, 0, f), 0);
	lan_assert_only_drop(&lan, ETHER_C_DROP_IP_NOT_OURS);
}

static void
echoes_are_limited(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i, answered = 0;

	for (i = 0; i < 1100; i++) {
		lan_send(&lan, f, echo(f, false, 8));
		answered += lan_recv(&lan, 0, f) > 0;
	}
	assert_int_equal(answered, 1000);
	assert_int_equal(LAN_COUNT(&lan, DROP_ICMP_RATE), 100);
	lan_wait(&lan, LAN_SECOND / 10);
	lan_send(&lan, f, echo(f, false, 8));
	assert_true(lan_recv(&lan, 0, f) > 0);
}

static void
bad_checksum_and_short_message_are_dropped(void **)
{
	uint8_t f[LAN_FRAME_MAX], message[7] = {8};
	size_t n = echo(f, false, 8);

	f[n - 1] ^= 1;
	lan_send(&lan, f, n);
	n = echo(f, true, 8);
	f[n - 1] ^= 1;
	lan_send(&lan, f, n);
	lan_send(&lan, f, lan_icmp4(f, "10.0.0.2", "10.0.0.1", message, sizeof(message)));
	assert_int_equal(LAN_COUNT(&lan, DROP_ICMP_BAD), 3);
}

static void
useless_kinds_are_dropped(void **)
{
	static const uint8_t v4[] = {4, 5, 9, 10, 13, 17, 40}, v6[] = {133, 134, 137, 200, 0, 5};
	uint8_t f[LAN_FRAME_MAX], message[40] = {0};
	unsigned int i;

	for (i = 0; i < sizeof(v4); i++) {
		message[0] = v4[i];
		lan_send(&lan, f, lan_icmp4(f, "10.0.0.2", "10.0.0.1", message, sizeof(message)));
	}
	for (i = 0; i < sizeof(v6); i++) {
		message[0] = v6[i];
		lan_send(&lan, f,
			 lan_icmp6(f, "fd00::2", "fd00::1", 255, message, sizeof(message)));
	}
	assert_int_equal(LAN_COUNT(&lan, DROP_ICMP_TYPE), sizeof(v4) + sizeof(v6));
}

/* --- errors --- */

/* An error message that quotes @len bytes of a segment from us to the peer. */
static size_t
error4(uint8_t *f, const char *from, uint8_t type, uint8_t code, uint16_t mtu,
       const char *quoted_src, size_t len)
{
	uint8_t message[LAN_FRAME_MAX] = {type,	       code, 0, 0, 0, 0, (uint8_t)(mtu >> 8),
					  (uint8_t)mtu};
	uint8_t inner[LAN_FRAME_MAX];

	lan_tcp4(inner, quoted_src, "10.9.9.9", 100);
	memcpy(message + 8, inner + 14, len);
	return lan_icmp4(f, from, "10.0.0.1", message, 8 + len);
}

static size_t
error6(uint8_t *f, uint8_t type, uint8_t code, uint32_t word, const char *quoted_src, size_t len)
{
	uint8_t message[LAN_FRAME_MAX] = {type, code};
	uint8_t inner[LAN_FRAME_MAX];

	put_be32(message + 4, word);
	lan_tcp6(inner, quoted_src, "2001:db8::9", 100);
	memcpy(message + 8, inner + 14, len);
	return lan_icmp6(f, "fd00::fe", "fd00::1", 64, message, 8 + len);
}

static void
errors_come_up_by_kind(void **)
{
	static const struct {
		bool v6;
		uint8_t type, code;
		enum ip_error kind;
		uint16_t mtu;
	} cases[] = {
		{false, 3, 0, IP_ERROR_UNREACHABLE, 0},	 {false, 3, 1, IP_ERROR_UNREACHABLE, 0},
		{false, 3, 2, IP_ERROR_REFUSED, 0},	 {false, 3, 3, IP_ERROR_REFUSED, 0},
		{false, 3, 4, IP_ERROR_TOO_BIG, 1400},	 {false, 3, 5, IP_ERROR_UNREACHABLE, 0},
		{false, 3, 9, IP_ERROR_REFUSED, 0},	 {false, 3, 10, IP_ERROR_REFUSED, 0},
		{false, 3, 13, IP_ERROR_REFUSED, 0},	 {false, 11, 0, IP_ERROR_UNREACHABLE, 0},
		{false, 12, 0, IP_ERROR_UNREACHABLE, 0}, {true, 1, 0, IP_ERROR_UNREACHABLE, 0},
		{true, 1, 1, IP_ERROR_REFUSED, 0},	 {true, 1, 3, IP_ERROR_UNREACHABLE, 0},
		{true, 1, 4, IP_ERROR_REFUSED, 0},	 {true, 2, 0, IP_ERROR_TOO_BIG, 1400},
		{true, 3, 0, IP_ERROR_UNREACHABLE, 0},	 {true, 4, 1, IP_ERROR_REFUSED, 0},
		{true, 4, 0, IP_ERROR_UNREACHABLE, 0},
	};
	const struct ip_error_info *e;
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		lan_send(&lan, f,
			 cases[i].v6 ? error6(f, cases[i].type, cases[i].code, cases[i].mtu,
					      "fd00::1", 48)
				     : error4(f, "10.0.0.254", cases[i].type, cases[i].code,
					      cases[i].mtu, "10.0.0.1", 28));
		if (lan.n_errors != 1)
			fail_msg("case %u did not come up", i);
		e = &lan.errors[0];
		assert_int_equal(e->kind, cases[i].kind);
		assert_int_equal(e->mtu, cases[i].mtu);
		assert_int_equal(e->seq, 0x01020304);
		assert_int_equal(e->flow.local_port, 1023);
		assert_int_equal(e->flow.remote_port, 988);
		assert_int_equal(e->flow.local.bytes[cases[i].v6 ? 15 : 3], 1);
		assert_int_equal(e->flow.remote.bytes[cases[i].v6 ? 15 : 3], 9);
		lan_clear(&lan);
	}
	assert_int_equal(LAN_COUNT(&lan, ICMP_ERROR_IN), RTE_DIM(cases));
}

static void
errors_that_quote_nothing_of_ours_are_dropped(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n;

	lan_send(&lan, f, error4(f, "10.0.0.254", 3, 1, 0, "10.0.0.7", 28)); /* not our address */
	lan_send(&lan, f, error4(f, "10.0.0.254", 3, 1, 0, "10.0.0.1", 27)); /* too little */
	n = error4(f, "10.0.0.254", 3, 1, 0, "10.0.0.1", 28);
	f[42 + 9] = 17; /* UDP */
	lan_fix_cksums(f, n);
	lan_send(&lan, f, n);
	n = error4(f, "10.0.0.254", 3, 1, 0, "10.0.0.1", 28);
	f[42 + 7] = 1; /* not the first fragment */
	lan_fix_cksums(f, n);
	lan_send(&lan, f, n);
	n = error4(f, "10.0.0.254", 3, 1, 0, "10.0.0.1", 28);
	f[42] = 0x4f; /* options longer than the quote */
	lan_fix_cksums(f, n);
	lan_send(&lan, f, n);
	lan_send(&lan, f, error6(f, 1, 0, 0, "fd00::7", 48));
	lan_send(&lan, f, error6(f, 1, 0, 0, "fd00::1", 47));
	assert_int_equal(lan.n_errors, 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_ICMP_QUOTE), 7);
}

static void
errors_are_limited(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < 1010; i++) {
		lan_send(&lan, f, error4(f, "10.0.0.254", 3, 1, 0, "10.0.0.1", 28));
		lan.n_errors = 0;
	}
	assert_int_equal(LAN_COUNT(&lan, ICMP_ERROR_IN), 1000);
	assert_int_equal(LAN_COUNT(&lan, DROP_ICMP_RATE), 10);
}

static void
error_goes_to_the_home_of_the_quoted_segment(void **)
{
	struct ipaddr local = lan_addr("10.0.0.1"), remote = lan_addr("10.9.9.9");
	uint8_t f[LAN_FRAME_MAX];
	char from[32];
	unsigned int i, home;

	lan_destroy(&lan);
	lan_simple(&lan, 3);
	home = ether_home(lan.e, &local, &remote);
	for (i = 2; i < 12; i++) {
		snprintf(from, sizeof(from), "10.0.0.%u", i);
		lan_send(&lan, f, error4(f, from, 3, 1, 0, "10.0.0.1", 28));
		assert_int_equal(lan.n_errors, 1);
		assert_int_equal(lan.error_worker[0], home);
		lan_clear(&lan);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(echo_of_any_size_and_cut_is_answered),
		CASE(echo_larger_than_the_mtu_is_not_answered),
		CASE(echo_to_a_group_is_not_answered),
		CASE(echoes_are_limited),
		CASE(bad_checksum_and_short_message_are_dropped),
		CASE(useless_kinds_are_dropped),
		CASE(errors_come_up_by_kind),
		CASE(errors_that_quote_nothing_of_ours_are_dropped),
		CASE(errors_are_limited),
		CASE(error_goes_to_the_home_of_the_quoted_segment),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
