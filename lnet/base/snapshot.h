/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Read-only objects that the control thread replaces while workers read them: one atomic store publishes, RCU
 * QSBR (rte_rcu) tells when the old one has no reader left. A failed change publishes nothing.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct rte_rcu_qsbr;

/* The readers of all snapshots: one slot per worker. */
struct quiesce {
	struct rte_rcu_qsbr *qsbr;
	unsigned int n_workers;
};

/* Thread: control. Return: 0, -ENOMEM. */
int quiesce_create(struct quiesce *q, unsigned int n_workers);
void quiesce_destroy(struct quiesce *q);

/* A worker reports: it is a reader from now on / no more. Thread: that worker, before its loop / after it. */
void quiesce_online(struct quiesce *q, unsigned int worker);
void quiesce_offline(struct quiesce *q, unsigned int worker);

/* The worker holds no pointer from a snapshot. Thread: that worker, once a round. */
void quiesce_report(struct quiesce *q, unsigned int worker);

/* Wait until every online worker has reported once. Thread: control. */
void quiesce_wait(struct quiesce *q);

struct snapshot {
	_Atomic(void *) current;
};

/* The object of now, NULL before the first publication; valid until the worker's next quiesce_report(). */
static inline const void *
snapshot_read(const struct snapshot *s)
{
	/* pairs with the release in snapshot_publish() */
	return atomic_load_explicit(&((struct snapshot *)(uintptr_t)s)->current,
				    memory_order_acquire);
}

/*
 * Publish @next and wait until nobody reads the old one.
 * Thread: control. Return: the old object, now the caller's to free (NULL if there was none).
 */
void *snapshot_publish(struct snapshot *s, struct quiesce *q, void *next);
