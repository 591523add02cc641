/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From workers up to the control thread: log-worthy events (rate-limited at the source) and small notices
 * (a peer went down, a link changed). One multi-producer ring; when it is full the event is counted and lost,
 * never the worker blocked.
 */
#pragma once

#include "lnet/base/log.h"

#include <stdint.h>

struct event_queue;

#define EVENT_ARG_MAX 96 /* bytes of argument copied into a notice */

/* Rate limit of one kind of event on one thread: at most one line a second, with the number left out. */
struct event_limit {
	uint64_t next; /* ns */
	uint64_t suppressed;
};

/*
 * @capacity	events that may wait (rounded up to a power of 2)
 * @wake	called (any thread) after something was queued, to wake the control thread; may be NULL. Once for all that
 *		is queued until the next event_queue_run()
 * Thread: control. Return: 0, -ENOMEM.
 */
int event_queue_create(unsigned int capacity, void (*wake)(void *ctx), void *ctx,
		       struct event_queue **qp);
void event_queue_destroy(struct event_queue *q);

/* Log through the control thread. @limit NULL: unlimited. Any thread; cheap when suppressed. */
void event_log(struct event_queue *q, struct event_limit *limit, uint64_t now, enum log_type type,
	       unsigned int level, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/*
 * Run fn(ctx, arg) on the control thread. @arg (@len <= EVENT_ARG_MAX bytes) is copied.
 * Any thread. Return: 0, -ENOBUFS (counted), -EINVAL (@len).
 */
int event_post(struct event_queue *q, void (*fn)(void *ctx, const void *arg, uint64_t now),
	       void *ctx, const void *arg, unsigned int len);

/* Handle what waits, at most the capacity. Thread: control. Return: events handled. */
unsigned int event_queue_run(struct event_queue *q, uint64_t now);

/* Events lost because the ring was full. Any thread. */
uint64_t event_queue_lost(const struct event_queue *q);
