/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct lcore: what a pinned worker thread owns below all layers: its timer wheel, its ledger, its call slot.
 * One worker = one CPU partition (CPT). Whoever holds a struct lcore * as a first argument runs on it.
 */
#pragma once

#include "lnet/base/ledger.h"
#include "lnet/base/timer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct buf_mem;
struct channel;
struct event_queue;
struct lcore_request;

struct lcore {
	/* const after create */
	unsigned int index; /* worker number = CPT number, 0.. */
	unsigned int count; /* workers in all */
	unsigned int lcore_id; /* EAL lcore */
	int socket; /* NUMA node */
	const struct buf_mem *mem;
	struct channel *channel; /* to the other workers; NULL when count is 1 */
	struct event_queue *events; /* to the control thread */

	/* owner */
	struct timer_wheel wheel;
	struct ledger ledger;

	/* any */
	atomic_bool running; /* the loop polls: calls go to it */
	_Atomic(struct lcore_request *) request; /* the call that waits for the loop */
	pthread_mutex_t call_lock; /* control threads take turns */
};

/* Thread: control. @tick_ns of the wheel. Return: 0, -ENOMEM. */
int lcore_init(struct lcore *lc, unsigned int index, unsigned int count, unsigned int lcore_id,
	       uint64_t now, uint64_t tick_ns);
void lcore_fini(struct lcore *lc);

/*
 * Run @fn on the lcore and wait for its result. @fn runs between pollers and is short (at most some 20 us, or
 * pages itself). While the lcore does not run its loop @fn runs in the caller, with the time of the wheel's
 * last run. Control threads that call the same lcore take turns, so @fn never runs twice at once.
 * Thread: control threads only; never from a worker nor from inside @fn. Return: what @fn returned.
 */
int lcore_call(struct lcore *lc, int (*fn)(struct lcore *lc, void *arg, uint64_t now), void *arg);

/*
 * Poller: run the call that waits. A loop that ends sets @running to false (memory_order_seq_cst) and then polls once
 * more: a call finds either the loop or that it is gone, so none is lost.
 * Thread: the lcore. Return: how many.
 */
unsigned int lcore_poll_calls(struct lcore *lc, uint64_t now);
