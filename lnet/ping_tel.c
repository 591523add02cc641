/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of reachability: ping, this node's NIDs, the nearest of some NIDs. Control spec 4.8, 5.2. */
#include "lnet/lnet_tel.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 180000 /* when none is given (control spec 4.8) */
#define TIMEOUT_MAX_MS 86400000

struct ping_request {
	struct tel_req *req;
	struct lnet_nid nid;
};

static int
failed(struct tel_req *req, const struct lnet_nid *nid, int rc)
{
	char text[LNET_NID_STR_MAX];

	return tel_fail(req, rc, "failed to ping %s: %s", lnet_nid_format(nid, text),
			strerror(-rc));
}

/* When the target's pid is not the usual one it is shown with each NID. */
static void
show_nid(struct tel_out *o, const char *key, const struct lnet_nid *nid, uint32_t pid)
{
	char text[LNET_NID_STR_MAX];

	lnet_nid_format(nid, text);
	if (pid == LNET_PID)
		tel_str(o, key, text);
	else
		tel_strf(o, key, "%u-%s", pid, text);
}

static void
show_result(struct tel_out *o, const struct lnet_nid *nid, const struct lnet_ping_result *r)
{
	char text[LNET_NID_STR_MAX];
	unsigned int i, n = 0;

	tel_str(o, "primary_nid", lnet_nid_format(nid, text));
	tel_str(o, "Multi_Rail", "false");
	tel_begin(o, "peer_ni");
	for (i = 0; i < r->n_nids; i++) {
		if (r->nids[i].type == LNET_TYPE_LO)
			continue;
		tel_begin_item(o, n++);
		show_nid(o, "nid", &r->nids[i], r->pid);
		tel_end(o);
	}
	tel_end(o);
	tel_begin(o, "all_nids");
	for (i = 0; i < r->n_nids; i++) {
		snprintf(text, sizeof(text), "%u", i);
		show_nid(o, text, &r->nids[i], r->pid);
	}
	tel_end(o);
	tel_u64(o, "rtt_us", r->rtt_ns / 1000);
}

static void
answered(void *ctx, const struct lnet_ping_result *r, uint64_t)
{
	struct ping_request *p = ctx;

	if (r->rc == 0)
		show_result(tel_out(p->req), &p->nid, r);
	else
		failed(p->req, &p->nid, r->rc);
	tel_finish(p->req, r->rc);
	free(p);
}

static int
ping(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	int64_t timeout_ms = TIMEOUT_MS;
	struct lnet_nid nid, source;
	int has_source = tel_get_nid(params, "source", &source);
	struct ping_request *p;
	int rc;

	if (((struct lnet *)owner)->state != LNET_UP)
		return tel_fail(req, -ENETDOWN, "Network is down");
	if (tel_get_nid(params, "nid", &nid) != 1)
		return tel_fail(req, -EINVAL, "nid= is needed");
	if (has_source < 0)
		return failed(req, &nid, -EINVAL);
	if (kv_get_int(params, "timeout_ms", 1, TIMEOUT_MAX_MS, &timeout_ms) < 0)
		return tel_fail(req, -EINVAL, "timeout_ms: 1 to %d are allowed", TIMEOUT_MAX_MS);
	p = malloc(sizeof(*p));
	if (p == NULL)
		return failed(req, &nid, -ENOMEM);
	*p = (struct ping_request){req, nid};
	rc = lnet_ping(owner, &nid, has_source > 0 ? &source : NULL, (uint64_t)timeout_ms * 1000000,
		       answered, p, now);
	if (rc == 0)
		return TEL_LATER;
	free(p);
	return failed(req, &nid, rc);
}

static int
nids(void *owner, struct kv *params, struct tel_req *req, uint64_t)
{
	struct lnet *l = owner;
	struct tel_out *o = tel_out(req);
	char key[12], text[LNET_NID_STR_MAX];
	struct lnet_ni *ni;
	unsigned int i, n = 0;
	int64_t all = 0;
	uint32_t net;
	int has_net = tel_get_net(params, "net", &net);

	if (l->state != LNET_UP)
		return tel_fail(req, -ENETDOWN, "Network is down");
	if (has_net < 0 || kv_get_int(params, "all", 0, 1, &all) < 0)
		return tel_fail(req, -EINVAL, "all is 0 or 1, net the name of a network");
	tel_begin(o, "nids");
	for (i = 0; (ni = lnet_ni_at(l, i)) != NULL; i++) {
		if ((ni_is_lo(ni) && all == 0) || (has_net > 0 && ni->net != net))
			continue;
		snprintf(key, sizeof(key), "%u", n++);
		tel_str(o, key, lnet_nid_format(&ni->nid, text));
	}
	tel_end(o);
	return 0;
}

/* Distance and, among equals, order (5.6). Return: distance, or INT_MAX. */
static int
distance(const struct lnet_conf *conf, const struct lnet_nid *nid, unsigned int *order)
{
	uint32_t net = lnet_nid_net(nid);
	unsigned int i;
	int best = INT_MAX, d;

	*order = 0;
	for (i = 0; i < conf->n_nis; i++)
		if (lnet_nid_equal(&conf->nis[i]->nid, nid))
			return 0;
	for (i = 0; i < conf->n_nets; i++)
		if (conf->nets[i].net == net) {
			*order = conf->nets[i].first;
			return 1;
		}
	for (i = 0; i < conf->n_routes; i++) {
		if (conf->routes[i]->net != net)
			continue;
		d = conf->routes[i]->hops == ROUTE_HOPS_UNDEFINED ? 1 : conf->routes[i]->hops;
		if (d + 1 < best) {
			best = d + 1;
			*order = i;
		}
	}
	return best;
}

static int
which_nid(void *owner, struct kv *params, struct tel_req *req, uint64_t)
{
	const struct lnet_conf *conf = snapshot_read(&((struct lnet *)owner)->conf);
	const char *list = kv_get(params, "nids");
	unsigned int order, best_order = 0;
	char text[LNET_NID_STR_MAX], best_text[LNET_NID_STR_MAX];
	int d, best = INT_MAX;
	struct lnet_nid nid;
	size_t len;

	if (conf == NULL)
		return tel_fail(req, -ENETDOWN, "Network is down");
	for (; list != NULL && *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(text, sizeof(text), "%.*s", (int)len, list);
		if (len >= sizeof(text) || lnet_nid_parse(text, &nid) < 0)
			return tel_fail(req, -EINVAL, "Can't parse NID %s", text);
		d = distance(conf, &nid, &order);
		if (d > best || d == INT_MAX || (d == best && order >= best_order))
			continue;
		best = d;
		best_order = order;
		memcpy(best_text, text, sizeof(best_text));
	}
	if (best == INT_MAX)
		return tel_fail(req, -EHOSTUNREACH, "No reachable NID");
	tel_str(tel_out(req), "nid", best_text);
	return 0;
}

const struct tel_cmd ping_tel_cmds[] = {
	{"/lnet/ping", ping, "nid=[;source=][;timeout_ms=]: ask a node for its NIDs"},
	{"/lnet/nids", nids, "[all=1][;net=]: NIDs of this node"},
	{"/lnet/which_nid", which_nid, "nids=a,b,..: the nearest of them"},
};
const unsigned int ping_tel_n_cmds = sizeof(ping_tel_cmds) / sizeof(ping_tel_cmds[0]);
