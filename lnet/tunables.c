/* SPDX-License-Identifier: BSD-3-Clause */
/* Global settings. Pure. */
#include "lnet/tunables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MAX_INTERFACES 4096
#define MIN_INTERFACES 16

static const struct rule {
	const char *name;
	int64_t min, max, def;
	int rc; /* of a refusal */
	const char *why;
} rules[TUNABLES] = {
	[TUNABLE_NUMA_RANGE] = {"numa_range", 0, UINT32_MAX, 0, -ENODATA,
				"cannot configure numa_range: Invalid argument"},
	[TUNABLE_MAX_INTERFACES] = {"max_interfaces", INT32_MIN, INT32_MAX, MAX_INTERFACES,
				    -ENODATA, "cannot configure max interfaces: Invalid argument"},
	[TUNABLE_DISCOVERY] = {"discovery", INT32_MIN, INT32_MAX, 1, -ENODATA,
			       "cannot configure discovery: Invalid argument"},
	[TUNABLE_DROP_ASYM_ROUTE] = {"drop_asym_route", INT32_MIN, INT32_MAX, 0, -ENODATA,
				     "cannot configure drop asym route: Invalid argument"},
	[TUNABLE_RETRY_COUNT] = {"retry_count", 0, INT32_MAX, 2, -ENODATA,
				 "cannot configure retry count: Invalid argument"},
	[TUNABLE_TRANSACTION_TIMEOUT] = {"transaction_timeout", 1, INT32_MAX, 150, -ENODATA,
					 "cannot configure transaction timeout: Invalid argument"},
	[TUNABLE_HEALTH_SENSITIVITY] = {"health_sensitivity", 0, 1000, 100, -ENODATA,
					"cannot configure health sensitivity: Invalid argument"},
	[TUNABLE_RECOVERY_INTERVAL] = {"recovery_interval", INT32_MIN, INT32_MAX, 1, -ENODATA,
				       "cannot configure recovery interval: Invalid argument"},
	[TUNABLE_ROUTER_SENSITIVITY] =
		{"router_sensitivity", 0, 100, 100, -ENODATA,
		 "cannot configure router health sensitivity: Invalid argument"},
	[TUNABLE_LND_TIMEOUT] = {"lnd_timeout", 1, 0, 49, -EINVAL,
				 "computed from transaction_timeout and retry_count"},
	[TUNABLE_RESPONSE_TRACKING] = {"response_tracking", 0, 3, 3, -EINVAL,
				       "Valid values are: 0, 1, 2, or 3"},
	[TUNABLE_RECOVERY_LIMIT] = {"recovery_limit", 0, INT32_MAX, 0, -EINVAL,
				    "Must be greater than or equal to 0"},
	[TUNABLE_MAX_RECOVERY_PING_INTERVAL] = {"max_recovery_ping_interval", 1, INT32_MAX, 900,
						-EINVAL, "must be strictly positive"},
};

const char *
tunable_name(enum tunable id)
{
	return rules[id].name;
}

static void
compute(struct tunables *t)
{
	int64_t *v = t->value, lnd;

	lnd = (v[TUNABLE_TRANSACTION_TIMEOUT] - 1) / (v[TUNABLE_RETRY_COUNT] + 1);
	v[TUNABLE_LND_TIMEOUT] = lnd > 1 ? lnd : 1;
}

void
tunables_init(struct tunables *t, const struct lnet_params *p)
{
	unsigned int i;

	for (i = 0; i < TUNABLES; i++)
		t->value[i] = rules[i].def;
	t->value[TUNABLE_RETRY_COUNT] = p->retry_count;
	t->value[TUNABLE_TRANSACTION_TIMEOUT] = p->transaction_timeout;
	compute(t);
}

/* Rules between settings. */
static bool
fits_others(const struct tunables *t, enum tunable id, int64_t value)
{
	const int64_t *v = t->value;

	if (id == TUNABLE_RETRY_COUNT)
		return value <= v[TUNABLE_TRANSACTION_TIMEOUT] &&
			(value == 0 || v[TUNABLE_HEALTH_SENSITIVITY] > 0);
	if (id == TUNABLE_TRANSACTION_TIMEOUT)
		return value > v[TUNABLE_RETRY_COUNT];
	return true;
}

static void
apply(struct tunables *t, enum tunable id, int64_t value)
{
	int64_t *v = t->value;

	switch (id) {
	case TUNABLE_MAX_INTERFACES:
		v[id] = value < MIN_INTERFACES ? MAX_INTERFACES : value;
		break;
	case TUNABLE_DISCOVERY:
	case TUNABLE_DROP_ASYM_ROUTE:
		v[id] = value != 0;
		break;
	case TUNABLE_RECOVERY_INTERVAL:
		break; /* accepted, without effect, stays 1 */
	case TUNABLE_HEALTH_SENSITIVITY:
		v[id] = value;
		if (value == 0)
			v[TUNABLE_RETRY_COUNT] = 0;
		break;
	default:
		v[id] = value;
	}
	compute(t);
}

int
tunables_set(struct tunables *t, const char *name, int64_t value, char *why, unsigned int why_size)
{
	const struct rule *r = NULL;
	unsigned int i;

	for (i = 0; i < TUNABLES && r == NULL; i++)
		if (strcmp(name, rules[i].name) == 0 ||
		    (i == TUNABLE_MAX_INTERFACES && strcmp(name, "max_intf") == 0))
			r = &rules[i];
	if (r == NULL) {
		snprintf(why, why_size, "no such setting: %s", name);
		return -ENOENT;
	}
	if (value < r->min || value > r->max || !fits_others(t, (enum tunable)(r - rules), value)) {
		snprintf(why, why_size, "%s", r->why);
		return r->rc;
	}
	apply(t, (enum tunable)(r - rules), value);
	return 0;
}

uint64_t
tunables_deadline(const struct tunables *t)
{
	const int64_t *v = t->value;

	return (uint64_t)(v[TUNABLE_LND_TIMEOUT] * (v[TUNABLE_RETRY_COUNT] + 1) + 1) * SECOND;
}
