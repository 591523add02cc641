/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics: summed over CPTs when somebody reads them. Section 12 of the LNet core spec. */

#include "lnet/stats.h"

#include <string.h>

const struct counter_desc lnet_drop_desc[LNET_DROPS] = {
#define COUNTER COUNTER_DESC
#include "lnet/drop.def"
#undef COUNTER
};

void
latency_add(struct latency *l, uint64_t ns)
{
	if (l->samples == 0 || ns < l->min_ns)
		counter_add(&l->min_ns, ns - l->min_ns);
	if (ns > l->max_ns)
		counter_add(&l->max_ns, ns - l->max_ns);
	counter_add(&l->sum_ns, ns);
	counter_add(&l->samples, 1);
}

void
latency_merge(struct latency *a, const struct latency *b)
{
	uint64_t n = counter_read(&b->samples), min = counter_read(&b->min_ns),
		 max = counter_read(&b->max_ns);

	if (n == 0)
		return;
	if (a->samples == 0 || min < a->min_ns)
		a->min_ns = min;
	if (max > a->max_ns)
		a->max_ns = max;
	a->sum_ns += counter_read(&b->sum_ns);
	a->samples += n;
}

static void
sum(uint64_t *a, const uint64_t *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		a[i] += counter_read(&b[i]);
}

void
traffic_merge(struct traffic *a, const struct traffic *b)
{
	unsigned int i;

	sum(a->send, b->send, LNET_MSG_TYPES);
	sum(a->recv, b->recv, LNET_MSG_TYPES);
	sum(a->drop, b->drop, LNET_MSG_TYPES);
	sum(a->health, b->health, HEALTH_KINDS);
	for (i = 0; i < LATENCY_KINDS; i++)
		latency_merge(&a->latency[i], &b->latency[i]);
}

void
cpt_stats_merge(struct cpt_stats *a, const struct cpt_stats *b)
{
	_Static_assert(sizeof(*a) % sizeof(uint64_t) == 0, "an array of counters");

	sum((uint64_t *)a, (const uint64_t *)b, sizeof(*a) / sizeof(uint64_t));
}

void
cpt_stats_reset(struct cpt_stats *s)
{
	uint64_t alloc = s->msgs_alloc, ops = s->ops;

	memset(s, 0, sizeof(*s));
	s->msgs_alloc = s->msgs_max = alloc;
	s->ops = ops;
}
