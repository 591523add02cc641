/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of the routing switch and the router buffers. Control spec 4.5. */
#include "lnet/lnet_tel.h"

#include <errno.h>
#include <stdio.h>

static const struct {
	const char *name;
	int pages;
} classes[LNET_RTR_CLASSES] = {
	[LNET_RTR_TINY] = {"tiny", 0},
	[LNET_RTR_SMALL] = {"small", 1},
	[LNET_RTR_LARGE] = {"large", LNET_MTU / 4096},
};

struct snapshot_of {
	int buffers, credits, min;
};

static int
copy_here(struct lnet_cpt *cpt, void *arg, uint64_t)
{
	struct snapshot_of *s = arg;
	unsigned int i;

	for (i = 0; i < LNET_RTR_CLASSES; i++)
		s[i] = (struct snapshot_of){cpt->bufs[i].buffers, cpt->bufs[i].credits,
					    cpt->bufs[i].min};
	return 0;
}

static void
show_cpt(struct tel_out *o, const struct snapshot_of s[LNET_RTR_CLASSES])
{
	unsigned int i;

	for (i = 0; i < LNET_RTR_CLASSES; i++) {
		tel_begin(o, classes[i].name);
		tel_int(o, "npages", classes[i].pages);
		tel_int(o, "nbuffers", s[i].buffers);
		tel_int(o, "credits", s[i].credits);
		tel_int(o, "mincredits", s[i].min);
		tel_end(o);
	}
}

static int
routing_show(void *owner, struct kv *, struct tel_req *req, uint64_t)
{
	struct lnet *l = owner;
	struct tel_out *o = tel_out(req);
	struct snapshot_of s[LNET_RTR_CLASSES];
	int64_t total[LNET_RTR_CLASSES] = {0};
	unsigned int i, c;
	char key[16];

	if (l->state != LNET_UP)
		return tel_fail(req, -ENETDOWN, "Network is down");
	if (!l->routing.has_buffers)
		return 0;
	tel_begin(o, "data");
	for (i = 0; i < l->n_cpts; i++) {
		cpt_call(l->cpts[i], copy_here, s);
		snprintf(key, sizeof(key), "cpt%u", i);
		tel_begin(o, key);
		show_cpt(o, s);
		tel_end(o);
		for (c = 0; c < LNET_RTR_CLASSES; c++)
			total[c] += s[c].buffers;
	}
	tel_end(o);
	tel_int(o, "enable", l->routing.state);
	tel_begin(o, "buffers");
	for (c = 0; c < LNET_RTR_CLASSES; c++)
		tel_int(o, classes[c].name, total[c]);
	tel_end(o);
	return 0;
}

static int
routing_set(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	char why[WHY_MAX] = "";
	int64_t enable = -1;
	int rc;

	if (kv_get_int(params, "enable", 0, 1, &enable) != 1)
		return tel_fail(req, -EINVAL, "enable is 0 or 1");
	rc = lnet_routing_set(owner, enable == 1, now, why, sizeof(why));
	return rc < 0 ? tel_fail(req, rc, "%s", why) : 0;
}

const struct tel_cmd routing_tel_cmds[] = {
	{"/lnet/routing/show", routing_show, "router buffers of each CPT, and the switch"},
	{"/lnet/routing/set", routing_set, "enable=0|1"},
};
const unsigned int routing_tel_n_cmds = sizeof(routing_tel_cmds) / sizeof(routing_tel_cmds[0]);
