/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/pool.h"

#include "tests/unit/base/eal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 100
#define SIZE 48

static void
pool_gives_at_least_its_count_of_distinct_objects(void **)
{
	void *obj[2 * COUNT];
	struct pool *p;
	unsigned int n, i, k;

	assert_int_equal(pool_create("pool_test", COUNT, SIZE, -1, &p), 0);
	assert_int_equal(pool_size(p), COUNT);
	assert_string_equal(pool_name(p), "pool_test");
	for (n = 0; n < 2 * COUNT && (obj[n] = pool_get(p)) != NULL; n++)
		memset(obj[n], (int)n, SIZE);
	assert_in_range(n, COUNT, COUNT + COUNT / 2);
	assert_int_equal(pool_used(p), n);
	for (i = 0; i < n; i++) {
		for (k = 0; k < SIZE; k++)
			assert_int_equal(((uint8_t *)obj[i])[k], (uint8_t)i);
	}
	assert_null(pool_get(p));
	pool_put(p, obj[0]);
	assert_non_null(obj[0] = pool_get(p));
	while (n > 0)
		pool_put(p, obj[--n]);
	assert_int_equal(pool_used(p), 0);
	pool_destroy(p);
}

static void
pool_create_tells_what_is_wrong(void **)
{
	struct pool *p, *same;

	assert_int_equal(pool_create("zero", 0, SIZE, -1, &p), -EINVAL);
	assert_int_equal(pool_create("zero", COUNT, 0, -1, &p), -EINVAL);
	assert_int_equal(pool_create("big", 1 << 20, 4096, -1, &p), -ENOMEM);
	assert_int_equal(pool_create("abcdefghijklmnopqrstuvwxyz", 1, 1, -1, &p), -EINVAL);
	assert_int_equal(pool_create("abcdefghijklmnopqrstuvwxy", 1, 1, -1, &p), 0);
	assert_int_equal(pool_create("abcdefghijklmnopqrstuvwxy", 1, 1, -1, &same), -EEXIST);
	pool_destroy(p);
	assert_int_equal(pool_create("abcdefghijklmnopqrstuvwxy", 1, 1, -1, &p), 0);
	pool_destroy(p);
	pool_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_gives_at_least_its_count_of_distinct_objects),
		cmocka_unit_test(pool_create_tells_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, test_eal_setup, test_eal_teardown);
}
