/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/lcore.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TICK 1000
#define LOOP_NOW (777 * TICK)
#define CALLERS 3
#define CALLS 2000
#define RESTARTS 300

static struct lcore lc;
static atomic_bool stop;

/* What a worker's loop does with calls; gives the core away in each round, the test shares it with its callers. */
static void *
loop(void *)
{
	atomic_store_explicit(&lc.running, true, memory_order_release);
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		lcore_poll_calls(&lc, LOOP_NOW);
		sched_yield();
	}
	atomic_store(&lc.running, false);
	lcore_poll_calls(&lc, LOOP_NOW);
	return NULL;
}

static pthread_t
start_loop(void)
{
	pthread_t t;

	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&t, NULL, loop, NULL), 0);
	return t;
}

static void
stop_loop(pthread_t t)
{
	atomic_store(&stop, true);
	pthread_join(t, NULL);
}

static int
setup(void **)
{
	return lcore_init(&lc, 1, 2, UINT32_MAX, 5 * TICK, TICK);
}

static int
teardown(void **)
{
	lcore_fini(&lc);
	return 0;
}

struct seen {
	pthread_t thread;
	uint64_t now;
	unsigned int n;
};

static int
look(struct lcore *at, void *arg, uint64_t now)
{
	struct seen *s = arg;

	assert_ptr_equal(at, &lc);
	s->thread = pthread_self();
	s->now = now;
	s->n++;
	return -42;
}

static void
lcore_init_sets_what_it_was_told(void **)
{
	assert_int_equal(lc.index, 1);
	assert_int_equal(lc.count, 2);
	assert_false(lc.running);
	assert_true(timer_wheel_next(&lc.wheel) == TIMER_NONE);
	assert_int_equal(lcore_poll_calls(&lc, 0), 0);
}

static void
lcore_call_runs_in_the_caller_while_there_is_no_loop(void **)
{
	struct seen s = {0};

	timer_wheel_run(&lc.wheel, 9 * TICK);
	assert_int_equal(lcore_call(&lc, look, &s), -42);
	assert_int_equal(s.n, 1);
	assert_true(pthread_equal(s.thread, pthread_self()));
	assert_int_equal(s.now, 9 * TICK);
}

static void
lcore_call_runs_on_the_loop_and_brings_its_result(void **)
{
	pthread_t t = start_loop();
	struct seen s = {0};

	while (!atomic_load(&lc.running))
		sched_yield();
	assert_int_equal(lcore_call(&lc, look, &s), -42);
	assert_int_equal(s.n, 1);
	assert_true(pthread_equal(s.thread, t));
	assert_int_equal(s.now, LOOP_NOW);
	stop_loop(t);
}

static unsigned int sum; /* the lcore's: no lock, no atomic */

static int
add_one(struct lcore *, void *, uint64_t)
{
	return (int)++sum;
}

static void *
many_calls(void *)
{
	int last = 0, rc;
	unsigned int i;

	for (i = 0; i < CALLS; i++) {
		rc = lcore_call(&lc, add_one, NULL);
		if (rc <= last)
			return (void *)1;
		last = rc;
	}
	return NULL;
}

static void
start_callers(pthread_t *callers)
{
	unsigned int i;

	sum = 0;
	for (i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&callers[i], NULL, many_calls, NULL), 0);
}

static void
join_callers(pthread_t *callers)
{
	unsigned int i;
	void *bad;

	for (i = 0; i < CALLERS; i++) {
		pthread_join(callers[i], &bad);
		assert_null(bad);
	}
	assert_int_equal(sum, CALLERS * CALLS);
}

static void
lcore_call_from_several_threads_runs_each_once(void **)
{
	pthread_t callers[CALLERS], t = start_loop();

	while (!atomic_load(&lc.running))
		sched_yield();
	start_callers(callers);
	join_callers(callers);
	stop_loop(t);
}

static void
lcore_call_without_loop_from_several_threads_takes_turns(void **)
{
	pthread_t callers[CALLERS];

	start_callers(callers);
	join_callers(callers);
}

static void *
call_look(void *arg)
{
	assert_int_equal(lcore_call(&lc, look, arg), -42);
	return NULL;
}

static void
lcore_call_that_waits_is_run_by_the_last_poll_of_a_loop(void **)
{
	struct seen s = {0};
	pthread_t t;

	atomic_store(&lc.running, true);
	assert_int_equal(pthread_create(&t, NULL, call_look, &s), 0);
	while (atomic_load(&lc.request) == NULL)
		sched_yield();
	atomic_store(&lc.running, false);
	assert_int_equal(lcore_poll_calls(&lc, LOOP_NOW), 1);
	pthread_join(t, NULL);
	assert_int_equal(s.n, 1);
	assert_true(pthread_equal(s.thread, pthread_self()));
}

static int
stop_it(struct lcore *, void *, uint64_t)
{
	atomic_store(&stop, true);
	return 0;
}

/* A caller hits every moment of a loop that ends: before, between its last look and the flag, after. */
static void
lcore_call_is_not_lost_when_the_loop_stops(void **)
{
	struct seen s = {0};
	unsigned int i;
	pthread_t t;

	for (i = 1; i <= RESTARTS; i++) {
		t = start_loop();
		while (!atomic_load(&lc.running))
			sched_yield();
		lcore_call(&lc, stop_it, NULL);
		assert_int_equal(lcore_call(&lc, look, &s), -42);
		assert_int_equal(s.n, i);
		pthread_join(t, NULL);
		assert_false(lc.running);
		assert_null(lc.request);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lcore_init_sets_what_it_was_told),
		TEST(lcore_call_runs_in_the_caller_while_there_is_no_loop),
		TEST(lcore_call_runs_on_the_loop_and_brings_its_result),
		TEST(lcore_call_from_several_threads_runs_each_once),
		TEST(lcore_call_without_loop_from_several_threads_takes_turns),
		TEST(lcore_call_that_waits_is_run_by_the_last_poll_of_a_loop),
		TEST(lcore_call_is_not_lost_when_the_loop_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
