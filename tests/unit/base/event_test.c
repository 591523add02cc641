/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/event.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAPACITY 16
#define SECOND UINT64_C(1000000000)
#define PRODUCERS 3
#define PER_PRODUCER 20000

static struct event_queue *q;
static atomic_uint wakes;
static char *text;
static size_t len;
static FILE *out;

static void
wake(void *ctx)
{
	assert_ptr_equal(ctx, &wakes);
	atomic_fetch_add(&wakes, 1);
}

static int
setup(void **)
{
	atomic_store(&wakes, 0);
	out = open_memstream(&text, &len);
	if (out == NULL || rte_openlog_stream(out) != 0 || log_init() != 0)
		return -1;
	return event_queue_create(CAPACITY, wake, &wakes, &q);
}

static int
teardown(void **)
{
	event_queue_destroy(q);
	rte_openlog_stream(NULL);
	fclose(out);
	free(text);
	return 0;
}

static const char *
logged(void)
{
	fflush(out);
	text[len] = '\0';
	rewind(out);
	return text;
}

struct note {
	unsigned int from, serial;
};

struct taken {
	unsigned int n, next[PRODUCERS];
	uint64_t now;
	bool in_order;
};

static void
take(void *ctx, const void *arg, uint64_t now)
{
	const struct note *note = arg;
	struct taken *t = ctx;

	assert_int_equal((uintptr_t)arg % 16, 0);
	if (note->serial < t->next[note->from])
		t->in_order = false;
	t->next[note->from] = note->serial + 1;
	t->now = now;
	t->n++;
}

static void
event_log_becomes_a_line_on_the_control_thread(void **)
{
	event_log(q, NULL, 0, LOG_T_TCP, RTE_LOG_ERR, "port %d", 3);
	assert_string_equal(logged(), "");
	assert_int_equal(wakes, 1);
	assert_int_equal(event_queue_run(q, 0), 1);
	assert_string_equal(logged(), "tcp error: port 3\n");
	assert_int_equal(event_queue_run(q, 0), 0);
}

static void
event_log_is_limited_to_one_a_second_and_tells_the_rest(void **)
{
	struct event_limit limit = {0};
	unsigned int i;

	for (i = 0; i < 1000; i++)
		event_log(q, &limit, 5 * SECOND + i, LOG_T_TCP, RTE_LOG_NOTICE, "no %u", i);
	assert_int_equal(event_queue_run(q, 0), 1);
	assert_string_equal(logged(), "tcp: no 0\n");
	event_log(q, &limit, 6 * SECOND - 1, LOG_T_TCP, RTE_LOG_NOTICE, "early");
	event_log(q, &limit, 6 * SECOND, LOG_T_TCP, RTE_LOG_NOTICE, "again");
	event_queue_run(q, 0);
	assert_string_equal(logged(), "tcp: again (1000 more like it)\n");
	event_log(q, &limit, 7 * SECOND, LOG_T_TCP, RTE_LOG_NOTICE, "quiet");
	event_queue_run(q, 0);
	assert_string_equal(logged(), "tcp: quiet\n");
	assert_true(event_queue_lost(q) == 0);
}

static void
event_log_text_is_cut(void **)
{
	char big[1000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	event_log(q, NULL, 0, LOG_T_TCP, RTE_LOG_NOTICE, "%s", big);
	event_queue_run(q, 0);
	assert_in_range(strlen(logged()), 200, 300);
}

static void
event_post_runs_the_function_with_a_copy(void **)
{
	struct taken t = {.in_order = true};
	struct note note = {1, 41};

	assert_int_equal(event_post(q, take, &t, &note, sizeof(note)), 0);
	note.serial = 0;
	assert_int_equal(t.n, 0);
	assert_int_equal(event_queue_run(q, 99), 1);
	assert_int_equal(t.next[1], 42);
	assert_int_equal(t.now, 99);
}

static void
event_post_bounds_its_argument(void **)
{
	uint8_t big[EVENT_ARG_MAX + 1] = {0};
	struct taken t = {.in_order = true};

	assert_int_equal(event_post(q, take, &t, big, EVENT_ARG_MAX + 1), -EINVAL);
	assert_int_equal(event_post(q, take, &t, big, EVENT_ARG_MAX), 0);
	assert_int_equal(event_queue_run(q, 0), 1);
}

static void
event_ring_full_loses_and_counts_and_recovers(void **)
{
	struct taken t = {.in_order = true};
	struct event_limit limit = {0};
	struct note note = {0};
	unsigned int round;

	for (round = 1; round <= 5; round++) {
		t.n = 0;
		for (note.serial = 0; note.serial < CAPACITY; note.serial++)
			assert_int_equal(event_post(q, take, &t, &note, sizeof(note)), 0);
		assert_int_equal(event_post(q, take, &t, &note, sizeof(note)), -ENOBUFS);
		event_log(q, &limit, round * SECOND, LOG_T_TCP, RTE_LOG_ERR, "lost");
		assert_true(event_queue_lost(q) == 2 * round);
		assert_int_equal(event_queue_run(q, 0), CAPACITY);
		assert_int_equal(t.n, CAPACITY);
		memset(t.next, 0, sizeof(t.next));
	}
	assert_true(t.in_order);
	assert_string_equal(logged(), "");
}

static void
event_wakes_once_until_somebody_looks(void **)
{
	struct taken t = {.in_order = true};
	struct note note = {0};
	unsigned int i;

	for (i = 0; i < 5; i++)
		event_post(q, take, &t, &note, sizeof(note));
	assert_int_equal(wakes, 1);
	event_queue_run(q, 0);
	event_post(q, take, &t, &note, sizeof(note));
	assert_int_equal(wakes, 2);
}

static void
post_again(void *ctx, const void *, uint64_t)
{
	unsigned int *n = ctx;

	(*n)++;
	assert_int_equal(event_post(q, post_again, ctx, NULL, 0), 0);
}

static void
event_handler_that_posts_does_not_hold_the_control_thread(void **)
{
	unsigned int n = 0;

	event_post(q, post_again, &n, NULL, 0);
	assert_int_equal(event_queue_run(q, 0), CAPACITY);
	assert_int_equal(n, CAPACITY);
	assert_true(atomic_load(&wakes) >= 2); /* it will be back */
}

static struct taken all;
static atomic_uint running;

static void *
produce(void *arg)
{
	struct note note = {.from = (unsigned int)(uintptr_t)arg};

	while (note.serial < PER_PRODUCER)
		if (event_post(q, take, &all, &note, sizeof(note)) == 0)
			note.serial++;
		else
			sched_yield();
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void
event_many_producers_keep_each_their_order(void **)
{
	pthread_t threads[PRODUCERS];
	uintptr_t i;

	all = (struct taken){.in_order = true};
	atomic_store(&running, PRODUCERS);
	for (i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, produce, (void *)i), 0);
	while (atomic_load(&running) > 0)
		if (event_queue_run(q, 0) == 0)
			sched_yield();
	for (i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	event_queue_run(q, 0);
	assert_true(all.in_order);
	assert_int_equal(all.n, PRODUCERS * PER_PRODUCER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(event_log_becomes_a_line_on_the_control_thread),
		TEST(event_log_is_limited_to_one_a_second_and_tells_the_rest),
		TEST(event_log_text_is_cut),
		TEST(event_post_runs_the_function_with_a_copy),
		TEST(event_post_bounds_its_argument),
		TEST(event_ring_full_loses_and_counts_and_recovers),
		TEST(event_wakes_once_until_somebody_looks),
		TEST(event_handler_that_posts_does_not_hold_the_control_thread),
		TEST(event_many_producers_keep_each_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
