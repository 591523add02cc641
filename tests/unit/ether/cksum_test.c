/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/cksum.h"

#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct lan lan;

/* In-memory sum as the code gives it, in host order. */
static uint16_t
sum_of(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	return rte_be_to_cpu_16(ether_cksum_chain(m, off, len));
}

static void
example_of_rfc_1071(void **)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	struct rte_mbuf *m;

	lan_create(&lan, 1, 0, 1);
	m = lan_mbuf(&lan, bytes, sizeof(bytes), NULL);
	assert_int_equal(sum_of(m, 0, sizeof(bytes)), 0xddf2);
	rte_pktmbuf_free(m);
	lan_destroy(&lan);
}

static void
chains_cut_anywhere_sum_as_the_whole(void **)
{
	uint8_t bytes[1200];
	uint16_t cuts[4] = {0};
	struct rte_mbuf *m;
	unsigned int i, off, len;

	lan_create(&lan, 1, 0, 1);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 3 ? 0xff - i : 0xff);
	srand(1);
	for (i = 0; i < 2000; i++) {
		cuts[0] = (uint16_t)(1 + rand() % 300);
		cuts[1] = (uint16_t)(1 + rand() % 300);
		cuts[2] = (uint16_t)(1 + rand() % 300);
		m = lan_mbuf(&lan, bytes, sizeof(bytes), cuts);
		off = (unsigned int)rand() % 600;
		len = (unsigned int)rand() % 600;
		assert_int_equal(sum_of(m, off, len), lan_cksum(bytes + off, len, 0));
		rte_pktmbuf_free(m);
	}
	lan_destroy(&lan);
}

/* Sums near the end of 32 bits, where a lost carry would show. */
static void
carries_are_not_lost_in_long_odd_chains(void **)
{
	static uint8_t bytes[9000];
	static const uint16_t cuts[] = {2047, 2047, 2047, 1, 1, 0};
	struct rte_mbuf *m;

	lan_create(&lan, 1, 0, 1);
	memset(bytes, 0xff, sizeof(bytes));
	bytes[5000] = 0xfe;
	m = lan_mbuf(&lan, bytes, sizeof(bytes), cuts);
	assert_int_equal(sum_of(m, 0, sizeof(bytes)), lan_cksum(bytes, sizeof(bytes), 0));
	assert_int_equal(sum_of(m, 1, sizeof(bytes) - 1),
			 lan_cksum(bytes + 1, sizeof(bytes) - 1, 0));
	rte_pktmbuf_free(m);
	lan_destroy(&lan);
}

static void
fill_and_verify_agree(void **)
{
	struct ipaddr a = lan_addr("fd00::1"), b = lan_addr("fd00::2");
	uint16_t pseudo, field;
	uint8_t *p, bytes[101];
	struct rte_mbuf *m;

	lan_create(&lan, 1, 0, 1);
	memset(bytes, 0xa5, sizeof(bytes));
	memset(bytes + 16, 0, 2);
	m = lan_mbuf(&lan, bytes, sizeof(bytes), NULL);
	pseudo = ether_cksum_pseudo(&a, &b, 6, sizeof(bytes));
	assert_false(ether_cksum_ok(m, 0, sizeof(bytes), pseudo));
	field = ether_cksum_fill(m, 0, sizeof(bytes), pseudo);
	p = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(p + 16, &field, sizeof(field));
	assert_true(ether_cksum_ok(m, 0, sizeof(bytes), pseudo));
	p[50] ^= 1;
	assert_false(ether_cksum_ok(m, 0, sizeof(bytes), pseudo));
	rte_pktmbuf_free(m);
	lan_destroy(&lan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_of_rfc_1071),
		cmocka_unit_test(chains_cut_anywhere_sum_as_the_whole),
		cmocka_unit_test(carries_are_not_lost_in_long_odd_chains),
		cmocka_unit_test(fill_and_verify_agree),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
