/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/timer.h"

#include <rte_common.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TICK 1000
#define MANY 5000

struct probe {
	struct timer t;
	uint64_t fired_at; /* now of the last firing */
	uint64_t order; /* number of that firing */
	unsigned int n;
	struct bench *bench;
	void (*also)(struct probe *p, uint64_t now);
};

struct bench {
	struct timer_wheel w;
	uint64_t firings;
	struct probe *other; /* for callbacks that touch another timer */
	struct probe p[MANY];
};

static void
probe_fire(struct timer *t, uint64_t now)
{
	struct probe *p = container_of(t, struct probe, t);

	assert_false(t->armed);
	p->fired_at = now;
	p->order = ++p->bench->firings;
	p->n++;
	if (p->also != NULL)
		p->also(p, now);
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	unsigned int i;

	if (b == NULL)
		return -1;
	for (i = 0; i < MANY; i++) {
		b->p[i].bench = b;
		b->p[i].t.fire = probe_fire;
	}
	timer_wheel_init(&b->w, 0, TICK);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static uint64_t
rnd(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void
timer_fires_at_its_deadline_rounded_up_to_a_tick(void **state)
{
	struct bench *b = *state;

	timer_arm(&b->w, &b->p[0].t, 5 * TICK);
	timer_arm(&b->w, &b->p[1].t, 5 * TICK + 1);
	assert_int_equal(timer_wheel_run(&b->w, 5 * TICK - 1), 0);
	assert_int_equal(timer_wheel_run(&b->w, 5 * TICK), 1);
	assert_int_equal(b->p[0].n, 1);
	assert_int_equal(timer_wheel_run(&b->w, 6 * TICK - 1), 0);
	assert_int_equal(timer_wheel_run(&b->w, 6 * TICK), 1);
	assert_int_equal(b->p[1].n, 1);
	assert_int_equal(b->w.count, 0);
}

static void
timer_deadline_in_the_past_fires_at_the_next_run(void **state)
{
	struct bench *b = *state;

	timer_wheel_run(&b->w, 100 * TICK);
	timer_arm(&b->w, &b->p[0].t, 3 * TICK);
	timer_arm(&b->w, &b->p[1].t, 0);
	timer_arm(&b->w, &b->p[2].t, 100 * TICK);
	assert_true(timer_wheel_next(&b->w) <= 100 * TICK);
	/* the clock stands still in the same tick */
	assert_int_equal(timer_wheel_run(&b->w, 100 * TICK), 3);
	assert_true(timer_wheel_next(&b->w) == TIMER_NONE);
}

static void
timer_clock_that_steps_back_fires_nothing_early(void **state)
{
	struct bench *b = *state;

	timer_wheel_run(&b->w, 100 * TICK);
	timer_arm(&b->w, &b->p[0].t, 101 * TICK);
	assert_int_equal(timer_wheel_run(&b->w, 50 * TICK), 0);
	assert_int_equal(timer_wheel_run(&b->w, 101 * TICK), 1);
}

static void
timer_disarm_is_final_and_harmless_twice(void **state)
{
	struct bench *b = *state;

	timer_arm(&b->w, &b->p[0].t, 5 * TICK);
	timer_arm(&b->w, &b->p[1].t, 5 * TICK);
	timer_disarm(&b->w, &b->p[0].t);
	timer_disarm(&b->w, &b->p[0].t);
	timer_disarm(&b->w, &b->p[2].t);
	assert_int_equal(b->w.count, 1);
	assert_int_equal(timer_wheel_run(&b->w, 10 * TICK), 1);
	assert_int_equal(b->p[0].n, 0);
}

static void
timer_arm_moves_an_armed_timer(void **state)
{
	struct bench *b = *state;

	timer_arm(&b->w, &b->p[0].t, 5 * TICK);
	timer_arm(&b->w, &b->p[0].t, 5000 * TICK);
	assert_int_equal(b->w.count, 1);
	assert_int_equal(timer_wheel_run(&b->w, 4999 * TICK), 0);
	timer_arm(&b->w, &b->p[0].t, 5001 * TICK);
	assert_int_equal(timer_wheel_run(&b->w, 5000 * TICK), 0);
	assert_int_equal(timer_wheel_run(&b->w, 5001 * TICK), 1);
}

/* Deadlines just before, at and after each power of 64 ticks: every level and every cascade. */
static void
timer_fires_exactly_on_every_level(void **state)
{
	static const int64_t around[] = {-1, 0, 1};
	struct bench *b = *state;
	unsigned int level, i;
	uint64_t ticks;

	for (level = 0; level < TIMER_LEVELS; level++) {
		for (i = 0; i < RTE_DIM(around); i++) {
			ticks = (UINT64_C(1) << (TIMER_SLOT_BITS * level)) + (uint64_t)around[i];
			if (ticks == 0)
				continue;
			/* from an odd place, so that slots wrap */
			timer_wheel_init(&b->w, 4095, 1);
			timer_arm(&b->w, &b->p[0].t, 4095 + ticks);
			assert_int_equal(timer_wheel_run(&b->w, 4095 + ticks - 1), 0);
			assert_int_equal(timer_wheel_run(&b->w, 4095 + ticks), 1);
		}
	}
}

static void
timer_far_ahead_fires_in_its_time(void **state)
{
	const uint64_t far_ticks = UINT64_C(1) << 36;
	const uint64_t far[] = {far_ticks - 1, far_ticks, far_ticks + 1, 3 * far_ticks + 12345,
				1000 * far_ticks};
	struct bench *b = *state;
	unsigned int i;

	for (i = 0; i < RTE_DIM(far); i++)
		timer_arm(&b->w, &b->p[i].t, far[i] * TICK);
	for (i = 0; i < RTE_DIM(far); i++) {
		assert_int_equal(timer_wheel_run(&b->w, far[i] * TICK - 1), 0);
		assert_true(timer_wheel_next(&b->w) <= far[i] * TICK);
		assert_int_equal(timer_wheel_run(&b->w, far[i] * TICK), 1);
		assert_int_equal(b->p[i].n, 1);
	}
}

static void
timer_at_the_end_of_time_does_not_overflow(void **state)
{
	struct bench *b = *state;

	timer_arm(&b->w, &b->p[0].t, UINT64_MAX - 1);
	timer_arm(&b->w, &b->p[1].t, TIMER_NONE);
	assert_int_equal(timer_wheel_run(&b->w, UINT64_C(1) << 62), 0);
	assert_true(timer_wheel_next(&b->w) > UINT64_C(1) << 62);
	timer_disarm(&b->w, &b->p[0].t);
	timer_disarm(&b->w, &b->p[1].t);
	assert_int_equal(b->w.count, 0);
}

static int
by_deadline(const void *a, const void *b)
{
	const struct probe *const *x = a, *const *y = b;

	return (*x)->t.deadline < (*y)->t.deadline ? -1 : (*x)->t.deadline > (*y)->t.deadline;
}

/* Spread over all magnitudes. */
static uint64_t
random_delay(uint64_t *seed)
{
	return rnd(seed) >> (20 + rnd(seed) % 44);
}

static void
timer_many_random_ones_match_a_sorted_reference(void **state)
{
	struct bench *b = *state;
	static struct probe *sorted[MANY];
	uint64_t seed = 42, now = 123456789, step;
	unsigned int i, due = 0;

	timer_wheel_init(&b->w, now, TICK);
	for (i = 0; i < MANY; i++) {
		sorted[i] = &b->p[i];
		timer_arm(&b->w, &b->p[i].t, now + random_delay(&seed));
		if (i % 3 == 0) /* some are moved, so that all ways in are used */
			timer_arm(&b->w, &b->p[i].t, now + random_delay(&seed));
	}
	qsort(sorted, MANY, sizeof(sorted[0]), by_deadline);
	while (due < MANY) {
		step = random_delay(&seed);
		now = timer_wheel_next(&b->w) > now && step % 2 ? timer_wheel_next(&b->w)
								: now + step;
		assert_true(sorted[due]->t.deadline + TICK > timer_wheel_next(&b->w));
		timer_wheel_run(&b->w, now);
		for (; due < MANY && sorted[due]->n > 0; due++) {
			assert_int_equal(sorted[due]->n, 1);
			assert_true(sorted[due]->fired_at == now);
			assert_true(sorted[due]->t.deadline <= now);
		}
		/* what did not fire was not due in whole ticks */
		for (i = due; i < MANY; i++) {
			assert_int_equal(sorted[i]->n, 0);
			assert_true((sorted[i]->t.deadline + TICK - 1) / TICK > now / TICK);
		}
		assert_int_equal(b->w.count, MANY - due);
	}
	assert_true(timer_wheel_next(&b->w) == TIMER_NONE);
}

static void
timer_one_run_fires_in_order_of_ticks(void **state)
{
	struct bench *b = *state;
	static struct probe *sorted[MANY];
	uint64_t seed = 7;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		sorted[i] = &b->p[i];
		timer_arm(&b->w, &b->p[i].t, (1 + rnd(&seed) % 1000000) * TICK);
	}
	qsort(sorted, MANY, sizeof(sorted[0]), by_deadline);
	assert_int_equal(timer_wheel_run(&b->w, 1000001 * TICK), MANY);
	for (i = 1; i < MANY; i++)
		if (sorted[i]->t.deadline != sorted[i - 1]->t.deadline)
			assert_true(sorted[i]->order > sorted[i - 1]->order);
}

static void
rearm_past(struct probe *p, uint64_t now)
{
	timer_arm(&p->bench->w, &p->t, now / 2);
}

static void
timer_armed_for_the_past_by_a_callback_waits_for_the_next_run(void **state)
{
	struct bench *b = *state;

	b->p[0].also = rearm_past;
	timer_arm(&b->w, &b->p[0].t, 10 * TICK);
	assert_int_equal(timer_wheel_run(&b->w, 1000 * TICK), 1);
	assert_int_equal(timer_wheel_run(&b->w, 1000 * TICK), 1);
	assert_int_equal(timer_wheel_run(&b->w, 9999 * TICK), 1);
	assert_int_equal(b->p[0].n, 3);
	assert_true(b->p[0].t.armed);
}

static void
rearm_next(struct probe *p, uint64_t now)
{
	timer_arm(&p->bench->w, &p->t, now + TICK);
}

static void
timer_rearmed_by_its_callback_goes_on(void **state)
{
	struct bench *b = *state;
	unsigned int i;

	b->p[0].also = rearm_next;
	timer_arm(&b->w, &b->p[0].t, TICK);
	for (i = 1; i <= 500; i++)
		assert_int_equal(timer_wheel_run(&b->w, (uint64_t)i * TICK), 1);
}

static void
disarm_other(struct probe *p, uint64_t)
{
	struct probe *other = p->bench->other;

	if (other == NULL)
		return;
	timer_disarm(&p->bench->w, &other->t);
	/* its owner frees it: nothing may look at it again */
	memset(&other->t, 0xa5, sizeof(other->t));
	p->bench->other = NULL;
}

static void
timer_callback_may_free_another_due_one(void **state)
{
	struct bench *b = *state;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		b->p[i].also = disarm_other;
		timer_arm(&b->w, &b->p[i].t, (uint64_t)(i / 10 + 20) * TICK);
	}
	b->other = &b->p[50];
	timer_wheel_run(&b->w, 100 * TICK);
	assert_int_equal(b->p[50].n, 0);
	assert_int_equal(b->firings, 99);
	assert_int_equal(b->w.count, 0);
}

static void
move_other(struct probe *p, uint64_t now)
{
	if (p->bench->other->t.armed)
		timer_arm(&p->bench->w, &p->bench->other->t, now + 7 * TICK);
}

static void
timer_callback_may_move_another_due_one(void **state)
{
	struct bench *b = *state;

	b->p[0].also = move_other;
	b->other = &b->p[1];
	timer_arm(&b->w, &b->p[0].t, 10 * TICK);
	timer_arm(&b->w, &b->p[1].t, 11 * TICK);
	assert_int_equal(timer_wheel_run(&b->w, 20 * TICK), 1);
	assert_int_equal(timer_wheel_run(&b->w, 26 * TICK), 0);
	assert_int_equal(timer_wheel_run(&b->w, 27 * TICK), 1);
}

static void
timer_next_never_lies_behind_a_deadline(void **state)
{
	struct bench *b = *state;
	uint64_t seed = 99, now = 0, deadline;
	unsigned int i, steps;

	assert_true(timer_wheel_next(&b->w) == TIMER_NONE);
	for (i = 0; i < 2000; i++) {
		deadline = now + 1 + random_delay(&seed) % (UINT64_C(1) << 40);
		timer_arm(&b->w, &b->p[0].t, deadline);
		/* sleeping from one hint to the next arrives in time, in few steps */
		for (steps = 0; b->p[0].t.armed; steps++) {
			assert_true(steps <= TIMER_LEVELS + 1);
			assert_true(timer_wheel_next(&b->w) < deadline + TICK);
			now = timer_wheel_next(&b->w);
			timer_wheel_run(&b->w, now);
		}
		assert_true(b->p[0].fired_at >= deadline && b->p[0].fired_at < deadline + TICK);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timer_fires_at_its_deadline_rounded_up_to_a_tick),
		TEST(timer_deadline_in_the_past_fires_at_the_next_run),
		TEST(timer_clock_that_steps_back_fires_nothing_early),
		TEST(timer_disarm_is_final_and_harmless_twice),
		TEST(timer_arm_moves_an_armed_timer),
		TEST(timer_fires_exactly_on_every_level),
		TEST(timer_far_ahead_fires_in_its_time),
		TEST(timer_at_the_end_of_time_does_not_overflow),
		TEST(timer_many_random_ones_match_a_sorted_reference),
		TEST(timer_one_run_fires_in_order_of_ticks),
		TEST(timer_armed_for_the_past_by_a_callback_waits_for_the_next_run),
		TEST(timer_rearmed_by_its_callback_goes_on),
		TEST(timer_callback_may_free_another_due_one),
		TEST(timer_callback_may_move_another_due_one),
		TEST(timer_next_never_lies_behind_a_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
