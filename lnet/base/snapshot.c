/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots over rte_rcu's quiescent-state based reclamation. */
#include "lnet/base/snapshot.h"

#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include <errno.h>
#include <time.h>

int
quiesce_create(struct quiesce *q, unsigned int n_workers)
{
	size_t size = rte_rcu_qsbr_get_memsize(n_workers);
	unsigned int i;

	q->n_workers = n_workers;
	q->qsbr = rte_zmalloc("quiesce", size, RTE_CACHE_LINE_SIZE);
	if (q->qsbr == NULL)
		return -ENOMEM;
	rte_rcu_qsbr_init(q->qsbr, n_workers);
	for (i = 0; i < n_workers; i++)
		rte_rcu_qsbr_thread_register(q->qsbr, i);
	return 0;
}

void
quiesce_destroy(struct quiesce *q)
{
	rte_free(q->qsbr);
	q->qsbr = NULL;
}

void
quiesce_online(struct quiesce *q, unsigned int worker)
{
	rte_rcu_qsbr_thread_online(q->qsbr, worker);
}

void
quiesce_offline(struct quiesce *q, unsigned int worker)
{
	rte_rcu_qsbr_thread_offline(q->qsbr, worker);
}

void
quiesce_report(struct quiesce *q, unsigned int worker)
{
	rte_rcu_qsbr_quiescent(q->qsbr, worker);
}

void
quiesce_wait(struct quiesce *q)
{
	const struct timespec step = {.tv_nsec = 20000};
	uint64_t token = rte_rcu_qsbr_start(q->qsbr);

	/* not rte_rcu_qsbr_check(wait): it spins, and a small box shares its cores */
	while (rte_rcu_qsbr_check(q->qsbr, token, false) == 0)
		nanosleep(&step, NULL);
}

void *
snapshot_publish(struct snapshot *s, struct quiesce *q, void *next)
{
	/* release: the readers see a complete object; pairs with snapshot_read() */
	void *old = atomic_exchange_explicit(&s->current, next, memory_order_acq_rel);

	quiesce_wait(q);
	return old;
}
