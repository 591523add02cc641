/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of the global settings: /lnet/set and /lnet/global. Control spec 4.6. */
#include "lnet/lnet_tel.h"

#include <errno.h>
#include <string.h>

static const char *const buffer_names[LNET_RTR_CLASSES] = {
	[LNET_RTR_TINY] = "tiny_buffers",
	[LNET_RTR_SMALL] = "small_buffers",
	[LNET_RTR_LARGE] = "large_buffers",
};

static int
buffer_class(const char *name)
{
	int i;

	for (i = 0; i < LNET_RTR_CLASSES; i++)
		if (strcmp(name, buffer_names[i]) == 0)
			return i;
	return -1;
}

static int
set_buffers(struct lnet *l, int class, int64_t value, char why[WHY_MAX])
{
	/* the others stay as they are; the reference resets them to their defaults (trap 22) */
	int total[LNET_RTR_CLASSES] = {-1, -1, -1};

	if (value < 0 || value > 1 << 24)
		return lnet_why(why, WHY_MAX, -EINVAL, "0 (default) to 16777216 are allowed");
	total[class] = (int)value;
	return routing_set_buffers(l, total, why, WHY_MAX);
}

static int
set_tunable(struct lnet *l, const char *name, int64_t value, char why[WHY_MAX])
{
	struct tunables before = l->tunables;
	int rc = tunables_set(&l->tunables, name, value, why, WHY_MAX);

	if (rc < 0 || l->state != LNET_UP || conf_publish(l) == 0)
		return rc;
	l->tunables = before;
	return lnet_why(why, WHY_MAX, -ENOMEM, "out of memory");
}

static int
set(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	const char *name = kv_get(params, "name");
	char why[WHY_MAX] = "";
	int64_t value;
	int rc;

	if (name == NULL)
		return tel_fail(req, -EINVAL, "name= and value= are needed");
	if (kv_get_int(params, "value", INT64_MIN, INT64_MAX, &value) != 1)
		return tel_fail(req, -EINVAL, "cannot parse %s value", name);
	if (buffer_class(name) >= 0)
		rc = set_buffers(owner, buffer_class(name), value, why);
	else if (strcmp(name, "routing") == 0)
		rc = value == 0 || value == 1
			? lnet_routing_set(owner, value == 1, now, why, sizeof(why))
			: lnet_why(why, sizeof(why), -EINVAL,
				   "must be 0 for disable or 1 for enable");
	else
		rc = set_tunable(owner, name, value, why);
	return rc < 0 ? tel_fail(req, rc, "%s", why) : 0;
}

static int
global(void *owner, struct kv *, struct tel_req *req, uint64_t)
{
	struct lnet *l = owner;
	unsigned int i;

	if (l->state != LNET_UP)
		return tel_fail(req, -ENETDOWN, "Network is down");
	for (i = 0; i < TUNABLES; i++)
		tel_int(tel_out(req), tunable_name((enum tunable)i), l->tunables.value[i]);
	return 0;
}

const struct tel_cmd tunables_tel_cmds[] = {
	{"/lnet/set", set,
	 "name=;value=: a global setting, a number of router buffers, or routing"},
	{"/lnet/global", global, "the global settings"},
};
const unsigned int tunables_tel_n_cmds = sizeof(tunables_tel_cmds) / sizeof(tunables_tel_cmds[0]);
