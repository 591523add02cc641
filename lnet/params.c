/* SPDX-License-Identifier: BSD-3-Clause */
/* Module parameters of the core: defaults, limits, and what is computed from them. Pure. Control spec 7.1. */
#include "lnet/params.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#define SECOND 1000000000ull

static const unsigned int default_buffers[LNET_RTR_CLASSES] = {
	[LNET_RTR_TINY] = 2048,
	[LNET_RTR_SMALL] = 16384,
	[LNET_RTR_LARGE] = 1024,
};

void
lnet_params_default(struct lnet_params *p)
{
	*p = (struct lnet_params){
		.forwarding = -1,
		.alive_router_check_interval = 60,
		.router_ping_timeout = 50,
		.transaction_timeout = 150,
		.retry_count = 2,
		.max_peers = 4096,
		.stall_ns = 5 * SECOND,
	};
}

unsigned int
lnet_params_buffers(const struct lnet_params *p, enum lnet_rtr_class class, unsigned int n_cpts)
{
	const int totals[LNET_RTR_CLASSES] = {
		[LNET_RTR_TINY] = p->tiny_router_buffers,
		[LNET_RTR_SMALL] = p->small_router_buffers,
		[LNET_RTR_LARGE] = p->large_router_buffers,
	};

	return params_share(class, totals[class], n_cpts);
}

unsigned int
params_share(enum lnet_rtr_class class, int total, unsigned int n_cpts)
{
	unsigned int all = total > 0 ? (unsigned int)total : default_buffers[class];

	return all / n_cpts > 0 ? all / n_cpts : 1;
}

unsigned int
params_pool_size(const struct lnet_params *p, unsigned int n_cpts)
{
	unsigned int n = (unsigned int)p->max_peers + PARAMS_LOCAL_MSGS;
	enum lnet_rtr_class class;

	/* one that waits for a buffer on each peer's connection, all that have one, and our own */
	for (class = 0; class < LNET_RTR_CLASSES; class ++)
		n += lnet_params_buffers(p, class, n_cpts);
	return n;
}

unsigned int
lnet_params_messages(const struct lnet_params *p, unsigned int n_cpts)
{
	return 2 * params_pool_size(p, n_cpts);
}

struct limit {
	const char *name;
	int value, min, max;
};

int
params_check(const struct lnet_params *p, char *why, unsigned int why_size)
{
	const struct limit limits[] = {
		{"tiny_router_buffers", p->tiny_router_buffers, 0, 1 << 24},
		{"small_router_buffers", p->small_router_buffers, 0, 1 << 24},
		{"large_router_buffers", p->large_router_buffers, 0, 1 << 20},
		{"peer_buffer_credits", p->peer_buffer_credits, 0, 1 << 24},
		{"alive_router_check_interval", p->alive_router_check_interval, INT_MIN, 1 << 24},
		{"router_ping_timeout", p->router_ping_timeout, 0, 1 << 24},
		{"lnet_transaction_timeout", p->transaction_timeout, 1, 1 << 24},
		{"lnet_retry_count", p->retry_count, 0, p->transaction_timeout - 1},
		{"max_peers", p->max_peers, 1, 1 << 20},
		{"forwarding", p->forwarding, -1, 1},
	};
	unsigned int i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i].value >= limits[i].min && limits[i].value <= limits[i].max)
			continue;
		snprintf(why, why_size, "%s=%d: allowed are %d to %d", limits[i].name,
			 limits[i].value, limits[i].min, limits[i].max);
		return -EINVAL;
	}
	return 0;
}
