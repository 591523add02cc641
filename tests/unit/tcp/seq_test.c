/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/tcp/seq.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
comparisons_wrap(void **)
{
	static const struct {
		uint32_t a, b; /* a is before b */
	} cases[] = {{0, 1},	      {UINT32_MAX, 0},		{0xfffffff0, 0x10},
		     {0, 0x7fffffff}, {0x80000000, 0xffffffff}, {0x7fffffff, 0xfffffffe}};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t a = cases[i].a, b = cases[i].b;

		assert_true(seq_lt(a, b) && seq_leq(a, b) && seq_gt(b, a) && seq_geq(b, a));
		assert_false(seq_lt(b, a) || seq_leq(b, a) || seq_gt(a, b) || seq_geq(a, b));
		assert_true(seq_leq(a, a) && seq_geq(a, a));
		assert_false(seq_lt(a, a) || seq_gt(a, a));
		assert_int_equal(seq_max(a, b), b);
		assert_int_equal(seq_min(a, b), a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparisons_wrap),
	};

	return cmocka_run_group_tests_name("tcp/seq", tests, NULL, NULL);
}
