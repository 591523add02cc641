/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of routes: add, del, show. Control spec 4.4. */
#include "lnet/lnet_tel.h"

#include <errno.h>

/* Net and gateway of add and del. */
static int
read_key(struct kv *params, struct tel_req *req, uint32_t *net, struct lnet_nid *gw)
{
	int rc = tel_get_net(params, "net", net);

	if (rc < 0)
		return tel_fail(req, -ENXIO, "setting LNET_NET_ANY not allowed");
	if (rc == 0 || kv_get(params, "gw") == NULL)
		return tel_fail(req, -EINVAL, "net= and gw= are needed");
	if (tel_get_nid(params, "gw", gw) < 0)
		return tel_fail(req, -ENODEV, "cannot parse gateway");
	return 0;
}

static int
route_add_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	int64_t hops = ROUTE_HOPS_UNDEFINED, priority = 0;
	char why[WHY_MAX] = "";
	struct lnet_nid gw;
	uint32_t net;
	int rc = read_key(params, req, &net, &gw);

	if (rc < 0)
		return rc;
	if (kv_get_int(params, "hop", INT32_MIN, INT32_MAX, &hops) < 0)
		return tel_fail(req, -EINVAL, "invalid hop count must be between 1 and 255");
	if (kv_get_int(params, "prio", INT32_MIN, INT32_MAX, &priority) < 0)
		return tel_fail(req, -EINVAL, "invalid priority, must not be negative");
	rc = lnet_route_add(owner, net, &gw, (int)hops, (int)priority, now, why, sizeof(why));
	return rc < 0 ? tel_fail(req, rc, "%s", why) : 0;
}

static int
route_del_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	char why[WHY_MAX] = "";
	struct lnet_nid gw;
	uint32_t net;
	int rc = read_key(params, req, &net, &gw);

	if (rc < 0)
		return rc;
	rc = lnet_route_del(owner, net, &gw, now, why, sizeof(why));
	return rc < 0 ? tel_fail(req, rc, "%s", why) : 0;
}

/* --- show --- */

struct filter {
	bool has_net, has_gw, has_hop, has_priority;
	uint32_t net;
	struct lnet_nid gw;
	int64_t hop, priority;
};

static int
read_filter(struct kv *params, struct filter *f)
{
	int net = tel_get_net(params, "net", &f->net), gw = tel_get_nid(params, "gw", &f->gw);
	int hop = kv_get_int(params, "hop", INT32_MIN, INT32_MAX, &f->hop);
	int prio = kv_get_int(params, "prio", INT32_MIN, INT32_MAX, &f->priority);

	f->has_net = net > 0;
	f->has_gw = gw > 0;
	f->has_hop = hop > 0;
	f->has_priority = prio > 0;
	return net < 0 || gw < 0 || hop < 0 || prio < 0 ? -EINVAL : 0;
}

static bool
passes(const struct filter *f, const struct route *r)
{
	return (!f->has_net || f->net == r->net) &&
		(!f->has_gw || lnet_nid_equal(&f->gw, &r->gateway->nid)) &&
		(!f->has_hop || f->hop == r->hops) &&
		(!f->has_priority || f->priority == r->priority);
}

static void
show(struct tel_out *o, const struct route *r, int level)
{
	char net[LNET_NET_STR_MAX], nid[LNET_NID_STR_MAX];

	tel_str(o, "net", lnet_net_format(r->net, net));
	tel_str(o, "gateway", lnet_nid_format(&r->gateway->nid, nid));
	if (level < 1)
		return;
	tel_int(o, "hop", r->hops);
	tel_int(o, "priority", r->priority);
	tel_str(o, "state", route_is_alive(r) ? "up" : "down");
	tel_str(o, "type",
		atomic_load_explicit(&r->is_single_hop, memory_order_relaxed) ? "single-hop"
									      : "multi-hop");
}

static int
route_show(void *owner, struct kv *params, struct tel_req *req, uint64_t)
{
	struct lnet *l = owner;
	const struct lnet_conf *conf = snapshot_read(&l->conf);
	struct tel_out *o = tel_out(req);
	unsigned int i, count = 0, next = 0;
	struct filter f = {0};

	if (conf == NULL)
		return tel_fail(req, -ENETDOWN, "Network is down");
	if (read_filter(params, &f) < 0)
		return tel_fail(req, -EINVAL, "net, gw, hop or prio cannot be parsed");
	tel_begin(o, "data");
	for (i = tel_offset(params); i < conf->n_routes; i++) {
		if (!passes(&f, conf->routes[i]))
			continue;
		if (tel_size(o) >= TEL_PAGE) {
			next = i;
			break;
		}
		tel_begin_item(o, count++);
		show(o, conf->routes[i], tel_level(params));
		tel_end(o);
	}
	tel_list_end(o, count, next);
	return 0;
}

const struct tel_cmd route_tel_cmds[] = {
	{"/lnet/route/add", route_add_cmd, "net=;gw=[;hop=1..255][;prio=]: add a static route"},
	{"/lnet/route/del", route_del_cmd, "net=;gw=: remove a route"},
	{"/lnet/route/show", route_show, "[net=][;gw=][;hop=][;prio=][;v=][;off=]: routes"},
};
const unsigned int route_tel_n_cmds = sizeof(route_tel_cmds) / sizeof(route_tel_cmds[0]);
