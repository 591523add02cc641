/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/snapshot.h"

#include "tests/unit/base/eal.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#define READERS 3
#define PUBLICATIONS 2000

/* Both halves are always equal in what readers see. */
struct obj {
	uint64_t a, b;
};

static struct quiesce q;

static int
setup(void **)
{
	return quiesce_create(&q, READERS);
}

static int
teardown(void **)
{
	quiesce_destroy(&q);
	return 0;
}

static void
snapshot_is_null_until_published(void **)
{
	struct snapshot s = {NULL};
	struct obj one = {1, 1}, two = {2, 2};

	assert_null(snapshot_read(&s));
	assert_null(snapshot_publish(&s, &q, &one));
	assert_ptr_equal(snapshot_read(&s), &one);
	assert_ptr_equal(snapshot_publish(&s, &q, &two), &one);
	assert_ptr_equal(snapshot_publish(&s, &q, NULL), &two);
	assert_null(snapshot_read(&s));
}

static void
snapshot_publish_does_not_wait_for_offline_workers(void **)
{
	struct snapshot s = {NULL};
	struct obj one = {1, 1};

	quiesce_online(&q, 0);
	quiesce_offline(&q, 0);
	assert_null(snapshot_publish(&s, &q, &one));
}

struct publication {
	struct snapshot s;
	struct obj next;
	atomic_bool returned;
};

static void *
publish_one(void *arg)
{
	struct publication *p = arg;

	snapshot_publish(&p->s, &q, &p->next);
	atomic_store(&p->returned, true);
	return NULL;
}

/* This thread plays worker 0. */
static void
snapshot_publish_waits_for_an_online_worker(void **)
{
	struct obj old = {1, 1};
	struct publication p = {.next = {2, 2}};
	unsigned int i;
	pthread_t t;

	snapshot_publish(&p.s, &q, &old);
	quiesce_online(&q, 0);
	assert_int_equal(pthread_create(&t, NULL, publish_one, &p), 0);
	while (snapshot_read(&p.s) == &old)
		sched_yield();
	/* the new one is out, but this worker may still use the old one */
	for (i = 0; i < 1000; i++)
		sched_yield();
	assert_false(atomic_load(&p.returned));
	quiesce_report(&q, 0);
	pthread_join(t, NULL);
	assert_true(atomic_load(&p.returned));
	quiesce_offline(&q, 0);
}

struct reader {
	struct snapshot *s;
	unsigned int worker;
	atomic_bool *stop;
	bool torn;
	uint64_t last;
};

/* Go on- and offline now and then, as a worker does that sleeps. */
static void *
read_on(void *arg)
{
	struct reader *r = arg;
	unsigned int round = 0;
	const struct obj *o;

	quiesce_online(&q, r->worker);
	while (!atomic_load(r->stop)) {
		o = snapshot_read(r->s);
		if (o->a != o->b || o->a < r->last)
			r->torn = true;
		r->last = o->a;
		quiesce_report(&q, r->worker);
		if (++round % 16 == 0) {
			quiesce_offline(&q, r->worker);
			sched_yield();
			quiesce_online(&q, r->worker);
		}
	}
	quiesce_offline(&q, r->worker);
	return NULL;
}

static struct obj *
make_obj(uint64_t v)
{
	struct obj *o = malloc(sizeof(*o));

	assert_non_null(o);
	*o = (struct obj){v, v};
	return o;
}

static void
snapshot_readers_never_see_a_freed_or_torn_object(void **)
{
	struct reader r[READERS];
	pthread_t t[READERS];
	atomic_bool stop = false;
	struct snapshot s = {NULL};
	struct obj *old;
	uint64_t v;
	unsigned int i;

	snapshot_publish(&s, &q, make_obj(0));
	for (i = 0; i < READERS; i++) {
		r[i] = (struct reader){.s = &s, .worker = i, .stop = &stop};
		assert_int_equal(pthread_create(&t[i], NULL, read_on, &r[i]), 0);
	}
	for (v = 1; v <= PUBLICATIONS; v++) {
		old = snapshot_publish(&s, &q, make_obj(v));
		/* a reader that still looks would see this */
		old->a = UINT64_MAX;
		free(old);
	}
	atomic_store(&stop, true);
	for (i = 0; i < READERS; i++) {
		pthread_join(t[i], NULL);
		assert_false(r[i].torn);
	}
	free(snapshot_publish(&s, &q, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(snapshot_is_null_until_published),
		TEST(snapshot_publish_does_not_wait_for_offline_workers),
		TEST(snapshot_publish_waits_for_an_online_worker),
		TEST(snapshot_readers_never_see_a_freed_or_torn_object),
	};

	return cmocka_run_group_tests(tests, test_eal_setup, test_eal_teardown);
}
