/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/channel.h"

#include "tests/unit/base/eal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#define LOSSY 100
#define RELIABLE 200
#define WORKERS_MAX 3
#define NOW 4711

/* An object carries where it comes from and its number; aligned as the objects of pools are. */
struct item {
	_Alignas(16) unsigned int from;
	enum channel_type type;
	unsigned int serial;
};

/* Everything that one worker received, in order. */
struct inbox {
	struct item *got[4096];
	unsigned int n;
	unsigned int calls;
};

static struct inbox inboxes[WORKERS_MAX];
static struct channel_ctx {
	struct inbox *inbox;
	enum channel_type type;
} ctxs[WORKERS_MAX][CHANNEL_TYPES];

static void
receive(void *ctx, void **objs, unsigned int n, uint64_t now)
{
	const struct channel_ctx *c = ctx;
	struct item *it;
	unsigned int i;

	assert_int_equal(now, NOW);
	c->inbox->calls++;
	for (i = 0; i < n; i++) {
		it = objs[i];
		assert_int_equal(it->type, c->type);
		assert_int_equal(it->from, ((struct item *)objs[0])->from);
		c->inbox->got[c->inbox->n++] = it;
	}
}

static struct channel *
make(unsigned int workers)
{
	struct channel *ch;
	enum channel_type t;
	unsigned int w;

	assert_int_equal(channel_create(workers, LOSSY, RELIABLE, &ch), 0);
	for (w = 0; w < workers; w++) {
		inboxes[w] = (struct inbox){0};
		for (t = 0; t < CHANNEL_TYPES; t++) {
			ctxs[w][t] = (struct channel_ctx){&inboxes[w], t};
			channel_set_handler(ch, w, t,
					    (struct channel_handler){receive, &ctxs[w][t]});
		}
	}
	return ch;
}

static void
drain(struct channel *ch, unsigned int to)
{
	while (channel_poll(ch, to, NOW) > 0)
		;
}

static void
channel_delivers_after_the_flush_only(void **)
{
	struct channel *ch = make(2);
	struct item it = {.from = 0, .type = CHANNEL_MSG};

	assert_int_equal(channel_send(ch, 0, 1, CHANNEL_MSG, &it), 0);
	assert_int_equal(channel_poll(ch, 1, NOW), 0);
	channel_flush(ch, 0);
	assert_int_equal(channel_poll(ch, 0, NOW), 0);
	assert_int_equal(channel_poll(ch, 1, NOW), 1);
	assert_ptr_equal(inboxes[1].got[0], &it);
	assert_int_equal(channel_poll(ch, 1, NOW), 0);
	channel_destroy(ch);
}

static void
channel_keeps_order_within_a_class_across_types(void **)
{
	struct channel *ch = make(3);
	struct item it[150];
	unsigned int i;

	for (i = 0; i < 150; i++) {
		it[i] = (struct item){.from = 2, .serial = i};
		it[i].type = i % 7 < 3 ? CHANNEL_MSG : CHANNEL_DONE;
		assert_int_equal(channel_send(ch, 2, 0, it[i].type, &it[i]), 0);
	}
	channel_flush(ch, 2);
	drain(ch, 0);
	assert_int_equal(inboxes[0].n, 150);
	for (i = 0; i < 150; i++)
		assert_int_equal(inboxes[0].got[i]->serial, i);
	assert_true(inboxes[0].calls < 60); /* runs of a type come together */
	channel_destroy(ch);
}

static void
channel_lossy_refuses_when_full_and_recovers(void **)
{
	struct channel *ch = make(2);
	struct item *it = calloc(LOSSY + 2, sizeof(*it));
	struct item msg = {.type = CHANNEL_MSG};
	unsigned int i, sent, packets = 0;

	assert_non_null(it);
	for (sent = 0; sent < LOSSY + 2; sent++) {
		it[sent] = (struct item){.type = CHANNEL_PACKET, .serial = sent};
		if (channel_send(ch, 0, 1, CHANNEL_PACKET, &it[sent]) != 0)
			break;
	}
	assert_int_equal(sent, LOSSY);
	assert_int_equal(channel_send(ch, 0, 1, CHANNEL_PACKET, &it[sent]), -ENOBUFS);
	channel_flush(ch, 0);
	assert_int_equal(channel_send(ch, 0, 1, CHANNEL_PACKET, &it[sent]), -ENOBUFS);
	/* the other class does not suffer */
	assert_int_equal(channel_send(ch, 0, 1, CHANNEL_MSG, &msg), 0);
	channel_flush(ch, 0);
	drain(ch, 1);
	assert_int_equal(inboxes[1].n, LOSSY + 1);
	assert_int_equal(channel_send(ch, 0, 1, CHANNEL_PACKET, &it[sent]), 0);
	channel_flush(ch, 0);
	drain(ch, 1);
	assert_int_equal(inboxes[1].n, LOSSY + 2);
	for (i = 0; i < inboxes[1].n; i++)
		if (inboxes[1].got[i] != &msg)
			assert_int_equal(inboxes[1].got[i]->serial, packets++);
	assert_int_equal(packets, LOSSY + 1);
	channel_destroy(ch);
	free(it);
}

/* All messages of the sender and, on their way home, all of the receiver: more cannot wait. */
static void
channel_reliable_holds_all_messages_of_both_sides(void **)
{
	struct channel *ch = make(2);
	struct item *it = calloc(2 * RELIABLE, sizeof(*it));
	unsigned int i;

	assert_non_null(it);
	for (i = 0; i < 2 * RELIABLE; i++) {
		it[i].type = i % 2 ? CHANNEL_MSG : CHANNEL_DONE;
		assert_int_equal(channel_send(ch, 0, 1, it[i].type, &it[i]), 0);
	}
	channel_flush(ch, 0);
	drain(ch, 1);
	assert_int_equal(inboxes[1].n, 2 * RELIABLE);
	channel_destroy(ch);
	free(it);
}

static void
channel_two_in_one_process_do_not_meet(void **)
{
	struct channel *a = make(2), *b;
	struct item it = {.type = CHANNEL_MSG};

	assert_int_equal(channel_create(2, LOSSY, RELIABLE, &b), 0);
	assert_int_equal(channel_send(a, 0, 1, CHANNEL_MSG, &it), 0);
	channel_flush(a, 0);
	assert_int_equal(channel_poll(b, 1, NOW), 0);
	assert_int_equal(channel_poll(a, 1, NOW), 1);
	channel_destroy(a);
	channel_destroy(b);
}

static void
channel_create_without_memory_fails_cleanly(void **)
{
	struct channel *ch;

	assert_int_equal(channel_create(8, LOSSY, 1 << 24, &ch), -ENOMEM);
	channel_destroy(make(2));
}

/* --- real threads --- */

#define PER_PAIR 20000 /* messages that each worker sends to each other one */

struct worker {
	struct channel *ch;
	struct worker *all;
	unsigned int index, count;
	struct item *items; /* [count][RELIABLE], the pool of messages by receiver */
	bool out[WORKERS_MAX][RELIABLE]; /* is that message away? */
	unsigned int sent[WORKERS_MAX], home[WORKERS_MAX];
	unsigned int got[WORKERS_MAX]; /* messages received, by sender */
	unsigned int packets_sent[WORKERS_MAX], packets_got[WORKERS_MAX], refused;
	atomic_uint *busy; /* workers with something to do */
	atomic_bool failed;
};

#define EXPECT(w, x)                                      \
	do {                                              \
		if (!(x))                                 \
			atomic_store(&(w)->failed, true); \
	} while (0)

/* A message arrives: in order; it goes back. */
static void
on_msg(void *ctx, void **objs, unsigned int n, uint64_t)
{
	struct worker *w = ctx;
	struct item *it;
	unsigned int i;

	for (i = 0; i < n; i++) {
		it = objs[i];
		EXPECT(w, it->type == CHANNEL_MSG && it->serial == w->got[it->from]);
		w->got[it->from]++;
		it->type = CHANNEL_DONE;
		EXPECT(w, channel_send(w->ch, w->index, it->from, CHANNEL_DONE, it) == 0);
	}
}

/* One of ours is home again: in the order in which they left. */
static void
on_done(void *ctx, void **objs, unsigned int n, uint64_t)
{
	struct worker *w = ctx;
	unsigned int i, to, slot;
	struct item *it;

	for (i = 0; i < n; i++) {
		it = objs[i];
		to = (unsigned int)(it - w->items) / RELIABLE;
		slot = (unsigned int)(it - w->items) % RELIABLE;
		EXPECT(w, it->type == CHANNEL_DONE && it->from == w->index);
		EXPECT(w, it->serial == w->home[to] && w->out[to][slot]);
		w->out[to][slot] = false;
		w->home[to]++;
	}
}

/* Packets are numbers here, never dereferenced; some are refused, none overtakes another. */
static void
on_packet(void *ctx, void **objs, unsigned int n, uint64_t)
{
	struct worker *w = ctx;
	unsigned int i, from, serial;

	for (i = 0; i < n; i++) {
		from = (unsigned int)((uintptr_t)objs[i] >> 32);
		serial = (unsigned int)((uintptr_t)objs[i] & 0xffffffff) / 16;
		EXPECT(w, serial == w->packets_got[from]);
		w->packets_got[from] = serial + 1;
	}
}

static void
send_some(struct worker *w, unsigned int to)
{
	unsigned int slot = w->sent[to] % (RELIABLE / WORKERS_MAX), i;
	struct item *it = &w->items[to * RELIABLE + slot];
	uintptr_t packet;

	if (w->sent[to] < PER_PAIR && !w->out[to][slot]) {
		*it = (struct item){.from = w->index, .type = CHANNEL_MSG, .serial = w->sent[to]++};
		w->out[to][slot] = true;
		EXPECT(w, channel_send(w->ch, w->index, to, CHANNEL_MSG, it) == 0);
	}
	for (i = 0; i < 2 && w->sent[to] < PER_PAIR; i++) {
		packet = (uintptr_t)w->index << 32 | w->packets_sent[to] * 16;
		if (channel_send(w->ch, w->index, to, CHANNEL_PACKET, (void *)packet) == 0)
			w->packets_sent[to]++;
		else
			w->refused++;
	}
}

static bool
is_done(const struct worker *w)
{
	unsigned int to;

	for (to = 0; to < w->count; to++)
		if (to != w->index && (w->home[to] < PER_PAIR || w->got[to] < PER_PAIR))
			return false;
	return true;
}

static void *
run_worker(void *arg)
{
	struct worker *w = arg;
	bool counted = false;
	unsigned int to;

	while (atomic_load(w->busy) > 0) {
		for (to = 0; to < w->count; to++)
			if (to != w->index)
				send_some(w, to);
		channel_flush(w->ch, w->index);
		if (channel_poll(w->ch, w->index, NOW) == 0)
			sched_yield();
		channel_flush(w->ch, w->index);
		if (!counted && is_done(w)) {
			counted = true;
			atomic_fetch_sub(w->busy, 1);
		}
	}
	return NULL;
}

static void
init_worker(struct worker *w, struct worker *all, unsigned int index, unsigned int count,
	    struct channel *ch, atomic_uint *busy)
{
	*w = (struct worker){.ch = ch, .all = all, .index = index, .count = count, .busy = busy};
	w->items = aligned_alloc(16, (size_t)count * RELIABLE * sizeof(struct item));
	assert_non_null(w->items);
	channel_set_handler(ch, index, CHANNEL_MSG, (struct channel_handler){on_msg, w});
	channel_set_handler(ch, index, CHANNEL_DONE, (struct channel_handler){on_done, w});
	channel_set_handler(ch, index, CHANNEL_PACKET, (struct channel_handler){on_packet, w});
}

static void
run_workers(unsigned int count)
{
	struct worker *w = calloc(count, sizeof(*w));
	pthread_t threads[WORKERS_MAX];
	atomic_uint busy = count;
	struct channel *ch;
	unsigned int i, k;

	assert_non_null(w);
	assert_int_equal(channel_create(count, LOSSY, RELIABLE, &ch), 0);
	for (i = 0; i < count; i++)
		init_worker(&w[i], w, i, count, ch, &busy);
	for (i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &w[i]), 0);
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < count; i++)
		while (channel_poll(ch, i, NOW) > 0)
			;
	for (i = 0; i < count; i++) {
		assert_false(w[i].failed);
		for (k = 0; k < count; k++)
			assert_int_equal(w[i].packets_sent[k], w[k].packets_got[i]);
		free(w[i].items);
	}
	channel_destroy(ch);
	free(w);
}

static void
channel_two_workers_lose_nothing_and_keep_order(void **)
{
	run_workers(2);
}

static void
channel_three_workers_lose_nothing_and_keep_order(void **)
{
	run_workers(3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_delivers_after_the_flush_only),
		cmocka_unit_test(channel_keeps_order_within_a_class_across_types),
		cmocka_unit_test(channel_lossy_refuses_when_full_and_recovers),
		cmocka_unit_test(channel_reliable_holds_all_messages_of_both_sides),
		cmocka_unit_test(channel_two_in_one_process_do_not_meet),
		cmocka_unit_test(channel_create_without_memory_fails_cleanly),
		cmocka_unit_test(channel_two_workers_lose_nothing_and_keep_order),
		cmocka_unit_test(channel_three_workers_lose_nothing_and_keep_order),
	};

	return cmocka_run_group_tests(tests, test_eal_setup, test_eal_teardown);
}
