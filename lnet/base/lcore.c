/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls into a worker: the request lives on its caller's stack, waits in the lcore's one slot, and belongs to whoever
 * takes it out of there: the loop, or the caller itself when the loop has ended meanwhile.
 */
#include "lnet/base/lcore.h"

#include "lnet/base/check.h"

#include <rte_lcore.h>
#include <rte_memory.h>

#include <errno.h>
#include <semaphore.h>

struct lcore_request {
	int (*fn)(struct lcore *lc, void *arg, uint64_t now);
	void *arg;
	int rc;
	sem_t done;
};

int
lcore_init(struct lcore *lc, unsigned int index, unsigned int count, unsigned int lcore_id,
	   uint64_t now, uint64_t tick_ns)
{
	pthread_mutexattr_t attr;

	*lc = (struct lcore){
		.index = index,
		.count = count,
		.lcore_id = lcore_id,
		.socket = lcore_id < RTE_MAX_LCORE ? (int)rte_lcore_to_socket_id(lcore_id)
						   : SOCKET_ID_ANY,
	};
	/* a call from inside a call is a bug that would wait for itself: make it known */
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&lc->call_lock, &attr);
	pthread_mutexattr_destroy(&attr);
	timer_wheel_init(&lc->wheel, now, tick_ns);
	return 0;
}

void
lcore_fini(struct lcore *lc)
{
	pthread_mutex_destroy(&lc->call_lock);
}

/* Let the loop run @req. Return: false, with nothing done, when there is no loop (any more). */
static bool
run_on_loop(struct lcore *lc, struct lcore_request *req)
{
	if (!atomic_load(&lc->running))
		return false;
	sem_init(&req->done, 0, 0);
	/*
	 * Sequential consistency on both sides: the loop clears `running` and looks here last; we store here and
	 * look at `running` last. One of the two sees the other.
	 */
	atomic_store(&lc->request, req);
	if (!atomic_load(&lc->running) && atomic_exchange(&lc->request, NULL) == req) {
		sem_destroy(&req->done);
		return false;
	}
	while (sem_wait(&req->done) < 0)
		CHECK(errno == EINTR);
	sem_destroy(&req->done);
	return true;
}

int
lcore_call(struct lcore *lc, int (*fn)(struct lcore *lc, void *arg, uint64_t now), void *arg)
{
	struct lcore_request req = {.fn = fn, .arg = arg};
	int rc = pthread_mutex_lock(&lc->call_lock);

	CHECK(rc == 0);
	if (!run_on_loop(lc, &req))
		req.rc = fn(lc, arg, lc->wheel.tick * lc->wheel.tick_ns);
	pthread_mutex_unlock(&lc->call_lock);
	return req.rc;
}

unsigned int
lcore_poll_calls(struct lcore *lc, uint64_t now)
{
	struct lcore_request *req;

	/* the exchange is a locked instruction: not in every round */
	if (atomic_load(&lc->request) == NULL)
		return 0;
	req = atomic_exchange(&lc->request, NULL);
	if (req == NULL)
		return 0;
	req->rc = req->fn(lc, req->arg, now);
	sem_post(&req->done);
	return 1;
}
