/* SPDX-License-Identifier: BSD-3-Clause */
/* Events from workers to the control thread: records from a pool through a multi-producer ring. */
#include "lnet/base/event.h"

#include "lnet/base/pool.h"

#include <rte_errno.h>
#include <rte_ring.h>

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 240
#define LIMIT_NS UINT64_C(1000000000)

struct event {
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
	struct rte_ring *ring;
	struct pool *pool;
	void (*wake)(void *ctx);
	void *ctx;
	_Atomic(uint64_t) lost;
};

int
event_queue_create(unsigned int capacity, void (*wake)(void *ctx), void *ctx,
		   struct event_queue **qp)
{
	static _Atomic(unsigned int) serial; /* names only: several nodes may live in one process */
	struct event_queue *q = calloc(1, sizeof(*q));
	unsigned int id = atomic_fetch_add(&serial, 1);
	char name[RTE_RING_NAMESIZE];
	int rc = -ENOMEM;

	if (q == NULL)
		return -ENOMEM;
	q->wake = wake;
	q->ctx = ctx;
	snprintf(name, sizeof(name), "events%u", id);
	q->ring = rte_ring_create(name, capacity, SOCKET_ID_ANY, RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (q->ring != NULL)
		rc = pool_create(name, capacity, sizeof(struct event), SOCKET_ID_ANY, &q->pool);
	if (rc < 0) {
		event_queue_destroy(q);
		return rc;
	}
	*qp = q;
	return 0;
}

void
event_queue_destroy(struct event_queue *q)
{
	if (q == NULL)
		return;
	pool_destroy(q->pool);
	rte_ring_free(q->ring);
	free(q);
}

static struct event *
event_get(struct event_queue *q)
{
	struct event *e = pool_get(q->pool);

	if (e == NULL)
		atomic_fetch_add_explicit(&q->lost, 1, memory_order_relaxed);
	return e;
}

static int
event_send(struct event_queue *q, struct event *e)
{
	if (rte_ring_mp_enqueue(q->ring, e) < 0) {
		pool_put(q->pool, e);
		atomic_fetch_add_explicit(&q->lost, 1, memory_order_relaxed);
		return -ENOBUFS;
	}
	if (q->wake != NULL)
		q->wake(q->ctx);
	return 0;
}

void
event_log(struct event_queue *q, struct event_limit *limit, uint64_t now, enum log_type type,
	  unsigned int level, const char *fmt, ...)
{
	struct event *e;
	va_list ap;

	if (limit != NULL && now < limit->next) {
		limit->suppressed++;
		return;
	}
	e = event_get(q);
	if (e == NULL)
		return;
	e->fn = NULL;
	e->type = type;
	e->level = level;
	e->suppressed = limit != NULL ? limit->suppressed : 0;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (limit != NULL) {
		limit->next = now + LIMIT_NS;
		limit->suppressed = 0;
	}
	event_send(q, e);
}

int
event_post(struct event_queue *q, void (*fn)(void *ctx, const void *arg, uint64_t now), void *ctx,
	   const void *arg, unsigned int len)
{
	struct event *e;

	if (len > EVENT_ARG_MAX)
		return -EINVAL;
	e = event_get(q);
	if (e == NULL)
		return -ENOBUFS;
	e->fn = fn;
	e->ctx = ctx;
	if (len > 0)
		memcpy(e->arg, arg, len);
	return event_send(q, e);
}

unsigned int
event_queue_run(struct event_queue *q, uint64_t now)
{
	struct event *e;
	unsigned int n = 0;

	while (rte_ring_sc_dequeue(q->ring, (void **)&e) == 0) {
		if (e->fn != NULL)
			e->fn(e->ctx, e->arg, now);
		else if (e->suppressed > 0)
			log_line(e->type, e->level, "%s (%llu more like it)", e->text,
				 (unsigned long long)e->suppressed);
		else
			log_line(e->type, e->level, "%s", e->text);
		pool_put(q->pool, e);
		n++;
	}
	return n;
}

uint64_t
event_queue_lost(const struct event_queue *q)
{
	return atomic_load_explicit(&q->lost, memory_order_relaxed);
}
