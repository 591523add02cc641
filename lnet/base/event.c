/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events from any thread to the control thread: a bounded ring of records with a ticket each (D. Vyukov's queue).
 * Not rte_ring: its producers wait for each other, and one that is preempted would stop workers here.
 */
#include "lnet/base/event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 240
#define LIMIT_NS UINT64_C(1000000000)

struct event {
	/* position p: free for the producer of p; p + 1: filled, the consumer's; p + size: free for the next round */
	_Atomic(uint64_t) ticket;
	void (*fn)(void *ctx, const void *arg, uint64_t now); /* NULL: a log line */
	void *ctx;
	enum log_type type;
	unsigned int level;
	uint64_t suppressed;
	union {
		char text[TEXT_MAX];
		_Alignas(16) uint8_t arg[EVENT_ARG_MAX];
	};
};

struct event_queue {
	/* const */
	struct event *ring;
	uint64_t size; /* power of 2 */
	void (*wake)(void *ctx);
	void *ctx;

	/* control */
	uint64_t head;

	/* any */
	_Alignas(64) _Atomic(uint64_t) tail;
	_Atomic(uint64_t) lost;
	atomic_bool awake; /* the control thread was woken and has not looked yet */
};

static uint64_t
power_of_2(unsigned int n)
{
	uint64_t size = 2;

	while (size < n)
		size *= 2;
	return size;
}

int
event_queue_create(unsigned int capacity, void (*wake)(void *ctx), void *ctx,
		   struct event_queue **qp)
{
	struct event_queue *q = aligned_alloc(_Alignof(struct event_queue), sizeof(*q));
	uint64_t i;

	if (q == NULL)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->size = power_of_2(capacity);
	q->wake = wake;
	q->ctx = ctx;
	q->ring = calloc(q->size, sizeof(*q->ring));
	if (q->ring == NULL) {
		free(q);
		return -ENOMEM;
	}
	for (i = 0; i < q->size; i++)
		atomic_store_explicit(&q->ring[i].ticket, i, memory_order_relaxed);
	*qp = q;
	return 0;
}

void
event_queue_destroy(struct event_queue *q)
{
	if (q == NULL)
		return;
	free(q->ring);
	free(q);
}

/* Take the place at the tail. Return: the record, to be filled and published at *@pos; NULL when full. */
static struct event *
reserve(struct event_queue *q, uint64_t *pos)
{
	struct event *e;
	uint64_t ticket;

	*pos = atomic_load_explicit(&q->tail, memory_order_relaxed);
	for (;;) {
		e = &q->ring[*pos & (q->size - 1)];
		/* pairs with the release in event_queue_run(): the record was read before it is written again */
		ticket = atomic_load_explicit(&e->ticket, memory_order_acquire);
		if (ticket < *pos) {
			atomic_fetch_add_explicit(&q->lost, 1, memory_order_relaxed);
			return NULL;
		}
		/* on failure *@pos is the new tail */
		if (ticket == *pos &&
		    atomic_compare_exchange_weak_explicit(
			    &q->tail, pos, *pos + 1, memory_order_relaxed, memory_order_relaxed))
			return e;
		if (ticket > *pos)
			*pos = atomic_load_explicit(&q->tail, memory_order_relaxed);
	}
}

static void
publish(struct event_queue *q, struct event *e, uint64_t pos)
{
	/* pairs with the acquire in event_queue_run() */
	atomic_store_explicit(&e->ticket, pos + 1, memory_order_release);
	/* one wake-up for all that come until the control thread looks: it may cost a system call */
	if (q->wake != NULL && !atomic_exchange(&q->awake, true))
		q->wake(q->ctx);
}

void
event_log(struct event_queue *q, struct event_limit *limit, uint64_t now, enum log_type type,
	  unsigned int level, const char *fmt, ...)
{
	struct event *e;
	uint64_t pos;
	va_list ap;

	if (limit != NULL && now < limit->next) {
		limit->suppressed++;
		return;
	}
	e = reserve(q, &pos);
	if (e == NULL)
		return;
	e->fn = NULL;
	e->type = type;
	e->level = level;
	e->suppressed = 0;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (limit != NULL) {
		e->suppressed = limit->suppressed;
		limit->next = now + LIMIT_NS;
		limit->suppressed = 0;
	}
	publish(q, e, pos);
}

int
event_post(struct event_queue *q, void (*fn)(void *ctx, const void *arg, uint64_t now), void *ctx,
	   const void *arg, unsigned int len)
{
	struct event *e;
	uint64_t pos;

	if (len > EVENT_ARG_MAX)
		return -EINVAL;
	e = reserve(q, &pos);
	if (e == NULL)
		return -ENOBUFS;
	e->fn = fn;
	e->ctx = ctx;
	if (len > 0)
		memcpy(e->arg, arg, len);
	publish(q, e, pos);
	return 0;
}

static void
handle(const struct event *e, uint64_t now)
{
	if (e->fn != NULL)
		e->fn(e->ctx, e->arg, now);
	else if (e->suppressed > 0)
		log_line(e->type, e->level, "%s (%llu more like it)", e->text,
			 (unsigned long long)e->suppressed);
	else
		log_line(e->type, e->level, "%s", e->text);
}

unsigned int
event_queue_run(struct event_queue *q, uint64_t now)
{
	unsigned int n;
	struct event *e;

	/* before the first look: what comes after it wakes again */
	atomic_store(&q->awake, false);
	/* a handler that posts, or a flood, must not keep the control thread here */
	for (n = 0; n < q->size; n++) {
		e = &q->ring[q->head & (q->size - 1)];
		/* pairs with the release in publish() */
		if (atomic_load_explicit(&e->ticket, memory_order_acquire) != q->head + 1)
			return n;
		handle(e, now);
		/* pairs with the acquire in reserve() */
		atomic_store_explicit(&e->ticket, q->head + q->size, memory_order_release);
		q->head++;
	}
	/* there may be more: come back for it */
	if (q->wake != NULL)
		q->wake(q->ctx);
	return n;
}

uint64_t
event_queue_lost(const struct event_queue *q)
{
	return atomic_load_explicit(&q->lost, memory_order_relaxed);
}
