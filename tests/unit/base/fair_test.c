/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/fair.h"

#include <rte_common.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define PRIVILEGED FAIR_CLASSES

struct queue {
	struct fair f;
	struct fair_link links[32];
	unsigned int used;
};

static void
add(struct queue *q, uint16_t class)
{
	assert_true(q->used < RTE_DIM(q->links));
	fair_add(&q->f, &q->links[q->used++], class);
}

static void
add_many(struct queue *q, uint16_t class, unsigned int n)
{
	while (n-- > 0)
		add(q, class);
}

static void
nobody_gives_way_in_an_empty_queue(void **)
{
	struct queue q = {0};
	struct fair_link *victim;

	fair_init(&q.f);
	assert_null(fair_victim(&q.f, 3));
	assert_null(fair_victim(&q.f, PRIVILEGED + 3));
	assert_false(fair_admits(&q.f, 0, PRIVILEGED, &victim));
	assert_true(fair_admits(&q.f, 1, 3, &victim));
	assert_null(victim);
}

static void
oldest_of_the_class_with_most_gives_way(void **)
{
	struct queue q = {0};

	fair_init(&q.f);
	add_many(&q, 255, 2);
	add_many(&q, 7, 3);
	add_many(&q, 0, 2);
	assert_ptr_equal(fair_victim(&q.f, 9), &q.links[2]);
	/* also to itself */
	assert_ptr_equal(fair_victim(&q.f, 7), &q.links[2]);
	fair_remove(&q.f, &q.links[2]);
	fair_remove(&q.f, &q.links[3]);
	assert_ptr_equal(fair_victim(&q.f, 9), &q.links[5]);
	fair_remove(&q.f, &q.links[5]);
	assert_ptr_equal(fair_victim(&q.f, 9), &q.links[0]);
	assert_int_equal(q.f.total, 4);
}

static void
common_ones_give_way_to_privileged_ones(void **)
{
	struct queue q = {0};

	fair_init(&q.f);
	add_many(&q, PRIVILEGED + 1, 5);
	add(&q, 1);
	assert_ptr_equal(fair_victim(&q.f, PRIVILEGED + 9), &q.links[5]);
	assert_ptr_equal(fair_victim(&q.f, 9), &q.links[5]);
	fair_remove(&q.f, &q.links[5]);
	assert_null(fair_victim(&q.f, 9));
	assert_ptr_equal(fair_victim(&q.f, PRIVILEGED + 9), &q.links[0]);
}

static void
admission_ends_when_shares_are_equal(void **)
{
	struct queue q = {0};
	struct fair_link *victim;

	fair_init(&q.f);
	add_many(&q, 1, 4);
	assert_true(fair_admits(&q.f, 5, 1, &victim));
	assert_null(victim);
	assert_false(fair_admits(&q.f, 4, 1, &victim));
	assert_true(fair_admits(&q.f, 4, 2, &victim));
	assert_ptr_equal(victim, &q.links[0]);
	fair_remove(&q.f, victim);
	add(&q, 2);
	/* three and one: two and two is fair, and nothing beyond */
	assert_true(fair_admits(&q.f, 4, 2, &victim));
	fair_remove(&q.f, victim);
	add(&q, 2);
	assert_false(fair_admits(&q.f, 4, 2, &victim));
	assert_false(fair_admits(&q.f, 4, 1, &victim));
	assert_null(victim);
	/* a third has none */
	assert_true(fair_admits(&q.f, 4, 3, &victim));
	assert_non_null(victim);
}

static void
privilege_is_admitted_whatever_its_share(void **)
{
	struct queue q = {0};
	struct fair_link *victim;

	fair_init(&q.f);
	add_many(&q, PRIVILEGED + 1, 3);
	add(&q, 2);
	assert_true(fair_admits(&q.f, 4, PRIVILEGED + 1, &victim));
	assert_ptr_equal(victim, &q.links[3]);
	fair_remove(&q.f, victim);
	add(&q, PRIVILEGED + 1);
	assert_false(fair_admits(&q.f, 4, PRIVILEGED + 1, &victim));
	assert_false(fair_admits(&q.f, 4, 2, &victim));
	assert_true(fair_admits(&q.f, 4, PRIVILEGED + 2, &victim));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_gives_way_in_an_empty_queue),
		cmocka_unit_test(oldest_of_the_class_with_most_gives_way),
		cmocka_unit_test(common_ones_give_way_to_privileged_ones),
		cmocka_unit_test(admission_ends_when_shares_are_equal),
		cmocka_unit_test(privilege_is_admitted_whatever_its_share),
	};

	return cmocka_run_group_tests_name("base/fair", tests, NULL, NULL);
}
