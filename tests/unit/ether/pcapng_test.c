/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/pcapng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint32_t
word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void
blocks_carry_their_length_at_both_ends(void **)
{
	uint8_t b[PCAPNG_BLOCK_MAX];
	size_t n = pcapng_section(b);

	assert_int_equal(n, 28);
	assert_int_equal(word(b), 0x0a0d0d0a);
	assert_int_equal(word(b + 4), n);
	assert_int_equal(word(b + 8), 0x1a2b3c4d);
	assert_int_equal(word(b + n - 4), n);
	n = pcapng_interface(b, "net_af_packet0", 1518);
	assert_int_equal(n % 4, 0);
	assert_int_equal(word(b), 1);
	assert_int_equal(word(b + 4), n);
	assert_int_equal(word(b + 12), 1518);
	assert_memory_equal(b + 20, "net_af_packet0", 14);
	assert_int_equal(word(b + n - 4), n);
}

static void
packet_is_padded_and_stamped(void **)
{
	uint64_t wall = UINT64_C(0x1122334455667788);
	uint8_t head[PCAPNG_BLOCK_MAX], tail[PCAPNG_BLOCK_MAX];
	size_t h, t;
	uint32_t len;

	for (len = 60; len < 68; len++) {
		h = pcapng_packet(head, tail, &t, wall, len, 1500, len % 2);
		assert_int_equal(h, 28);
		assert_int_equal(word(head), 6);
		assert_int_equal(word(head + 4), h + len + t);
		assert_int_equal((h + len + t) % 4, 0);
		assert_int_equal(word(head + 12), 0x11223344);
		assert_int_equal(word(head + 16), 0x55667788);
		assert_int_equal(word(head + 20), len);
		assert_int_equal(word(head + 24), 1500);
		assert_int_equal(word(tail + t - 4), h + len + t);
		/* flags: 1 = in, 2 = out */
		assert_int_equal(word(tail + t - 12), len % 2 ? 1 : 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_carry_their_length_at_both_ends),
		cmocka_unit_test(packet_is_padded_and_stamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
