/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls into a worker: a ring of requests that live on their callers' stacks, each with a semaphore to wait on.
 */
#include "lnet/base/lcore.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

#define CALLS_MAX 64 /* callers that wait at the same time; more try again */

struct call {
	int (*fn)(struct lcore *lc, void *arg, uint64_t now);
	void *arg;
	int rc;
	sem_t done;
};

int
lcore_init(struct lcore *lc, unsigned int index, unsigned int count, unsigned int lcore_id,
	   uint64_t now, uint64_t tick_ns)
{
	static _Atomic(unsigned int) serial; /* names only: several nodes may live in one process */
	char name[RTE_RING_NAMESIZE];

	*lc = (struct lcore){
		.index = index,
		.count = count,
		.lcore_id = lcore_id,
		.socket = lcore_id < RTE_MAX_LCORE ? (int)rte_lcore_to_socket_id(lcore_id)
						   : SOCKET_ID_ANY,
	};
	snprintf(name, sizeof(name), "calls%u_%u", index, atomic_fetch_add(&serial, 1));
	lc->calls = rte_ring_create(name, CALLS_MAX, SOCKET_ID_ANY, RING_F_SC_DEQ);
	if (lc->calls == NULL)
		return -rte_errno;
	timer_wheel_init(&lc->wheel, now, tick_ns);
	return 0;
}

void
lcore_fini(struct lcore *lc)
{
	rte_ring_free(lc->calls);
	lc->calls = NULL;
}

static uint64_t
own_clock(const struct lcore *lc)
{
	/* the loop does not run: its wheel remembers the last time it was told */
	return lc->wheel.tick * lc->wheel.tick_ns;
}

int
lcore_call(struct lcore *lc, int (*fn)(struct lcore *lc, void *arg, uint64_t now), void *arg)
{
	const struct timespec step = {.tv_nsec = 50000};
	struct call call = {.fn = fn, .arg = arg}, *self = &call;

	/* pairs with the store in the loop: what the worker wrote before it stopped is visible */
	if (!atomic_load_explicit(&lc->running, memory_order_acquire))
		return fn(lc, arg, own_clock(lc));
	sem_init(&call.done, 0, 0);
	while (rte_ring_mp_enqueue(lc->calls, self) < 0)
		nanosleep(&step, NULL);
	while (sem_wait(&call.done) < 0 && errno == EINTR)
		;
	sem_destroy(&call.done);
	return call.rc;
}

unsigned int
lcore_poll_calls(struct lcore *lc, uint64_t now)
{
	struct call *call;
	unsigned int n = 0;

	while (rte_ring_sc_dequeue(lc->calls, (void **)&call) == 0) {
		call->rc = call->fn(lc, call->arg, now);
		sem_post(&call->done);
		n++;
	}
	return n;
}
