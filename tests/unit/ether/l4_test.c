/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/cksum.h"
#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define IP 14 /* where the headers begin */
#define TCP 34

static struct lan lan;

static int
setup(void **)
{
	lan_simple(&lan, 1);
	return 0;
}

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

static void
bad_header_lengths_are_dropped(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n;

	n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10);
	f[TCP + 12] = 4 << 4; /* less than a header */
	lan_fix_cksums(f, n);
	lan_send(&lan, f, n);
	f[TCP + 12] = 8 << 4; /* 32 bytes: more than there are */
	lan_fix_cksums(f, n);
	lan_send(&lan, f, n);
	n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10);
	put_be16(f + 16, 20 + 19);
	lan_fix_cksums(f, n);
	lan_send(&lan, f, n);
	assert_int_equal(lan.n_tcp, 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_TCP_HEADER), 3);
}

enum truth {
	RIGHT,
	WRONG,
	PARTIAL, /* sum of the pseudo-header */
	PARTIAL_NO_LEN,
};

static void
checksum_is_judged_by_what_the_port_says_of_it(void **)
{
	static const struct {
		uint64_t flags;
		enum truth truth;
		bool passes;
	} cases[] = {
		{RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, RIGHT, true},
		{RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, WRONG, false},
		{RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, PARTIAL, false},
		{RTE_MBUF_F_RX_L4_CKSUM_GOOD, RIGHT, true},
		{RTE_MBUF_F_RX_L4_CKSUM_GOOD, WRONG, true},
		{RTE_MBUF_F_RX_L4_CKSUM_BAD, RIGHT, false},
		{RTE_MBUF_F_RX_L4_CKSUM_NONE, RIGHT, true},
		{RTE_MBUF_F_RX_L4_CKSUM_NONE, WRONG, false},
		{RTE_MBUF_F_RX_L4_CKSUM_NONE, PARTIAL, true},
		{RTE_MBUF_F_RX_L4_CKSUM_NONE, PARTIAL_NO_LEN, true},
	};
	struct ipaddr src = lan_addr("10.0.0.2"), dst = lan_addr("10.0.0.1");
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i, dropped = 0;
	uint16_t sum;
	size_t n;

	for (i = 0; i < RTE_DIM(cases); i++) {
		n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 11);
		if (cases[i].truth == WRONG)
			f[TCP + 25] ^= 0x40;
		sum = ether_cksum_pseudo(&src, &dst, 6, cases[i].truth == PARTIAL ? 31 : 0);
		if (cases[i].truth >= PARTIAL)
			memcpy(f + TCP + 16, &sum, sizeof(sum));
		lan_send_cut(&lan, 0, f, n, NULL, cases[i].flags);
		lan_round(&lan);
		dropped += !cases[i].passes;
		if (lan.n_tcp != cases[i].passes)
			fail_msg("case %u", i);
		assert_int_equal(LAN_COUNT(&lan, DROP_TCP_CKSUM), dropped);
		lan_clear(&lan);
	}
	assert_int_equal(LAN_COUNT(&lan, RX_SOFT_CKSUM), 5);
}

static void
any_flipped_bit_is_seen(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	static const uint16_t cuts[] = {60, 13, 7, 0};
	size_t n = lan_tcp6(f, "fd00::2", "fd00::1", 64), i, seen = 0;

	/* addresses, payload, ports, sequence; not the lengths, which have checks of their own */
	for (i = 22; i < n; i++) {
		if (i == 54 + 12)
			continue;
		f[i] ^= 0x10;
		lan_send_cut(&lan, 0, f, n, cuts, 0);
		lan_round(&lan);
		f[i] ^= 0x10;
		assert_int_equal(lan.n_tcp, 0);
		seen++;
	}
	assert_true(LAN_COUNT(&lan, DROP_TCP_CKSUM) >= seen - 32);
	lan_send_cut(&lan, 0, f, n, cuts, 0);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 1);
}

static void
merged_segments_are_marked(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", 4000);

	lan_send_cut(&lan, 0, f, n, NULL, RTE_MBUF_F_RX_LRO);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 1);
	assert_true(lan.tcp[0].merged);
	assert_int_equal(lan.tcp[0].m->pkt_len, 4020);
}

/* 64 KiB in as many mbufs as it takes, as a port with LRO gives it. */
static void
large_segments_come_up_whole_and_checked(void **)
{
	static uint8_t f[IP + UINT16_MAX];
	const size_t payload = UINT16_MAX - 40;
	size_t n = lan_tcp4(f, "10.0.0.2", "10.0.0.1", payload);
	struct rte_mbuf *m = lan_mbuf(&lan, f, n, NULL);
	uint8_t *got = malloc(n);

	m->ol_flags = RTE_MBUF_F_RX_LRO;
	m->tso_segsz = 1448;
	lan_send_mbuf(&lan, 0, m);
	/* and one with a bit turned far behind the header */
	f[n - 1] ^= 0x10;
	m = lan_mbuf(&lan, f, n, NULL);
	f[n - 1] ^= 0x10;
	m->ol_flags = RTE_MBUF_F_RX_LRO;
	lan_send_mbuf(&lan, 0, m);
	lan_round(&lan);
	assert_int_equal(lan.n_tcp, 1);
	assert_int_equal(LAN_COUNT(&lan, DROP_TCP_CKSUM), 1);
	assert_true(lan.tcp[0].merged);
	assert_int_equal(lan.tcp[0].part, 1448);
	m = lan.tcp[0].m;
	assert_true(m->nb_segs > 30);
	assert_int_equal(m->pkt_len, payload + 20);
	assert_memory_equal(rte_pktmbuf_read(m, 0, m->pkt_len, got), f + TCP, m->pkt_len);
	free(got);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bad_header_lengths_are_dropped),
		CASE(checksum_is_judged_by_what_the_port_says_of_it),
		CASE(any_flipped_bit_is_seen),
		CASE(merged_segments_are_marked),
		CASE(large_segments_come_up_whole_and_checked),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
