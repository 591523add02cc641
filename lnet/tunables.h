/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The global settings that `set NAME VALUE` changes: names, ranges, defaults, texts of refusals. Router buffers and the routing
 * switch are in routing.h. Pure. Control spec 4.6.
 */
#pragma once

#include "lnet/lnet.h"

/* In the order in which `global show` prints them; lnd_timeout is computed. */
enum tunable {
	TUNABLE_NUMA_RANGE,
	TUNABLE_MAX_INTERFACES,
	TUNABLE_DISCOVERY,
	TUNABLE_DROP_ASYM_ROUTE,
	TUNABLE_RETRY_COUNT,
	TUNABLE_TRANSACTION_TIMEOUT,
	TUNABLE_HEALTH_SENSITIVITY,
	TUNABLE_RECOVERY_INTERVAL,
	TUNABLE_ROUTER_SENSITIVITY,
	TUNABLE_LND_TIMEOUT,
	TUNABLE_RESPONSE_TRACKING,
	TUNABLE_RECOVERY_LIMIT,
	TUNABLE_MAX_RECOVERY_PING_INTERVAL,
	TUNABLES
};

struct tunables {
	int64_t value[TUNABLES];
};

void tunables_init(struct tunables *t, const struct lnet_params *p);
const char *tunable_name(enum tunable id);

/*
 * Return: 0; -ENOENT (no such name), -ENODATA or -EINVAL (not allowed: @why, as the reference words it), nothing changed.
 */
int tunables_set(struct tunables *t, const char *name, int64_t value, char *why,
		 unsigned int why_size);

/* ns that a message of this node is worth anything (9.1). */
uint64_t tunables_deadline(const struct tunables *t);
