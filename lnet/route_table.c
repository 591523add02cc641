/* SPDX-License-Identifier: BSD-3-Clause */
/* The route table as the control thread changes it: rules of 6.1, gateways and who refers to them. */
#include "lnet/lnet_priv.h"
#include "lnet/route.h"

#include <errno.h>
#include <stdlib.h>

#define HOPS_MAX 255

static struct gateway *
gateway_lookup(struct lnet *l, const struct lnet_nid *nid)
{
	struct gateway *gw;

	TAILQ_FOREACH(gw, &l->gateways, link)
		if (lnet_nid_equal(&gw->nid, nid))
			return gw;
	return NULL;
}

static struct gateway *
gateway_get(struct lnet *l, const struct lnet_nid *nid, uint64_t now)
{
	struct gateway *gw = gateway_lookup(l, nid);

	if (gw == NULL) {
		gw = calloc(1, sizeof(*gw));
		if (gw == NULL)
			return NULL;
		gw->nid = *nid;
		gw->lnet = l;
		/* taken for alive until it is known better, and pinged at once (6.1) */
		atomic_init(&gw->is_alive, true);
		gw->next_ping = now;
		TAILQ_INSERT_TAIL(&l->gateways, gw, link);
	}
	gw->refs++;
	gw->holds++;
	return gw;
}

struct route *
route_lookup_exact(struct lnet *l, uint32_t net, const struct lnet_nid *gateway)
{
	struct route *r;

	TAILQ_FOREACH(r, &l->routes, link)
		if (r->net == net && lnet_nid_equal(&r->gateway->nid, gateway))
			return r;
	return NULL;
}

bool
route_net_known(const struct lnet *l, uint32_t net)
{
	const struct route *r;

	TAILQ_FOREACH(r, &l->routes, link)
		if (r->net == net)
			return true;
	return false;
}

static bool
is_own_nid(const struct lnet *l, const struct lnet_nid *nid)
{
	const struct lnet_ni_state *st;

	TAILQ_FOREACH(st, &l->nis, link)
		if (lnet_nid_equal(&st->ni->nid, nid))
			return true;
	return false;
}

static int
check(struct lnet *l, const struct lnet_route_conf *c, char *why, unsigned int why_size)
{
	unsigned int gw_type = c->gateway.type;
	uint32_t gw_net = lnet_nid_net(&c->gateway);

	if (c->net == LNET_NET_ANY)
		return lnet_why(why, why_size, -ENXIO, "setting LNET_NET_ANY not allowed");
	if (c->net >> 16 == LNET_TYPE_LO)
		return lnet_why(why, why_size, -EACCES, "setting @lo not allowed");
	if (c->hops != ROUTE_HOPS_UNDEFINED && (c->hops < 1 || c->hops > HOPS_MAX))
		return lnet_why(why, why_size, -EINVAL,
				"invalid hop count must be between 1 and 255");
	/* -1 is "not given" */
	if (c->priority < -1)
		return lnet_why(why, why_size, -EINVAL, "invalid priority, must not be negative");
	if (gw_type == LNET_TYPE_ANY || gw_type == LNET_TYPE_LO || gw_net == c->net ||
	    is_own_nid(l, &c->gateway))
		return lnet_why(why, why_size, -EINVAL, "invalid settings for route creation");
	if (net_find(l, c->net) != NULL || route_lookup_exact(l, c->net, &c->gateway) != NULL)
		return lnet_why(why, why_size, -EEXIST,
				"Route already exists or the specified network is local");
	if (net_find(l, gw_net) == NULL)
		return lnet_why(why, why_size, -EHOSTUNREACH,
				"No interface configured on the same net as gateway");
	return 0;
}

int
route_add(struct lnet *l, const struct lnet_route_conf *conf, uint64_t now, char *why,
	  unsigned int why_size)
{
	int rc = check(l, conf, why, why_size);
	struct route *r;

	if (rc < 0)
		return rc;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return lnet_why(why, why_size, -ENOMEM, "out of memory");
	r->net = conf->net;
	r->hops = conf->hops;
	r->priority = conf->priority < 0 ? 0 : conf->priority;
	atomic_init(&r->is_up, true);
	r->gateway = gateway_get(l, &conf->gateway, now);
	if (r->gateway == NULL) {
		free(r);
		return lnet_why(why, why_size, -ENOMEM, "out of memory");
	}
	TAILQ_INSERT_TAIL(&l->routes, r, link);
	return 0;
}

void
route_unlink(struct lnet *l, struct route *r)
{
	TAILQ_REMOVE(&l->routes, r, link);
	if (--r->gateway->refs == 0)
		TAILQ_REMOVE(&l->gateways, r->gateway, link);
}

void
route_relink(struct lnet *l, struct route *r)
{
	TAILQ_INSERT_TAIL(&l->routes, r, link);
	if (r->gateway->refs++ == 0)
		TAILQ_INSERT_TAIL(&l->gateways, r->gateway, link);
}

void
gateway_put(struct gateway *gw)
{
	if (--gw->holds == 0)
		free(gw);
}

void
route_free(struct route *r)
{
	gateway_put(r->gateway);
	free(r);
}

void
route_unlink_gateway_net(struct lnet *l, uint32_t net, struct route_list *out)
{
	struct route *r, *next;

	for (r = TAILQ_FIRST(&l->routes); r != NULL; r = next) {
		next = TAILQ_NEXT(r, link);
		if (net != LNET_NET_ANY && lnet_nid_net(&r->gateway->nid) != net)
			continue;
		route_unlink(l, r);
		TAILQ_INSERT_TAIL(out, r, link);
	}
}

void
route_free_list(struct route_list *list)
{
	struct route *r;

	while ((r = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, r, link);
		route_free(r);
	}
}
