/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t wire[9] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};

static void
bytes_get_reads_unaligned_in_both_orders(void **)
{
	assert_int_equal(get_le16(wire + 1), 0x0201);
	assert_int_equal(get_be16(wire + 1), 0x0102);
	assert_int_equal(get_le32(wire + 1), 0x04030201);
	assert_int_equal(get_be32(wire + 1), 0x01020304);
	assert_true(get_le64(wire + 1) == UINT64_C(0x0807060504030201));
	assert_true(get_be64(wire + 1) == UINT64_C(0x0102030405060708));
}

static void
bytes_put_writes_what_get_reads(void **)
{
	uint8_t out[9] = {0xff};

	put_le16(out + 1, 0x0201);
	assert_memory_equal(out, wire, 3);
	put_be16(out + 1, 0x0102);
	assert_memory_equal(out, wire, 3);
	put_le32(out + 1, 0x04030201);
	assert_memory_equal(out, wire, 5);
	put_be32(out + 1, 0x01020304);
	assert_memory_equal(out, wire, 5);
	put_le64(out + 1, UINT64_C(0x0807060504030201));
	assert_memory_equal(out, wire, 9);
	put_be64(out + 1, UINT64_C(0x0102030405060708));
	assert_memory_equal(out, wire, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_get_reads_unaligned_in_both_orders),
		cmocka_unit_test(bytes_put_writes_what_get_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
