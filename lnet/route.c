/* SPDX-License-Identifier: BSD-3-Clause */
/* Route choice on a snapshot. Pure, any thread. Changes of the route table are in route_table.c. */
#include "lnet/route.h"

#include "lnet/ni.h"

#include <errno.h>

bool
route_is_alive(const struct route *r)
{
	return atomic_load_explicit(&r->gateway->is_alive, memory_order_relaxed) &&
		atomic_load_explicit(&r->is_up, memory_order_relaxed);
}

static bool
is_usable(const struct lnet_ni *ni)
{
	return !ni_is_fatal(ni) && !ni_is_closing(ni);
}

/*
 * An interface of @net, those in working order first: a fatal one is still used when there is no other (5.5).
 * Equal ones take turns. NULL: not a local net.
 */
static struct lnet_ni *
best_ni(const struct lnet_conf *conf, uint32_t net, uint32_t turn)
{
	const struct conf_net *cn = conf_net(conf, net);
	unsigned int i, good = 0;

	if (cn == NULL || cn->n == 0)
		return NULL;
	for (i = 0; i < cn->n; i++)
		good += is_usable(conf->nis[cn->first + i]);
	if (good == 0)
		return conf->nis[cn->first + turn % cn->n];
	turn %= good;
	for (i = 0; i < cn->n; i++)
		if (is_usable(conf->nis[cn->first + i]) && turn-- == 0)
			break;
	return conf->nis[cn->first + i];
}

/* The interface towards @net, or @src when it is on it. */
static struct lnet_ni *
towards(const struct lnet_conf *conf, uint32_t net, const struct lnet_ni *src, uint32_t turn)
{
	/* nothing is sent to the loopback but what says so: no NID of a peer leads there */
	if (src == NULL)
		return net >> 16 != LNET_TYPE_LO ? best_ni(conf, net, turn) : NULL;
	return src->net == net ? (struct lnet_ni *)(uintptr_t)src : NULL;
}

/* First route to @net in the sorted array, or n_routes. */
static unsigned int
first_route(const struct lnet_conf *conf, uint32_t net)
{
	unsigned int lo = 0, hi = conf->n_routes, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (conf->routes[mid]->net < net)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
hops_of(const struct route *r)
{
	return r->hops == ROUTE_HOPS_UNDEFINED ? 1 : r->hops;
}

/* < 0: @a is better (6.2, criteria 2 and 3). */
static int
compare(const struct route *a, const struct route *b)
{
	if (a->priority != b->priority)
		return a->priority - b->priority;
	return hops_of(a) - hops_of(b);
}

static bool
may_use(const struct lnet_conf *conf, const struct route *r, const struct lnet_ni *src)
{
	return route_is_alive(r) && towards(conf, lnet_nid_net(&r->gateway->nid), src, 0) != NULL;
}

static const struct route *
best_route(const struct lnet_conf *conf, uint32_t net, const struct lnet_ni *src, uint32_t turn)
{
	unsigned int i, first = first_route(conf, net), equal = 0;
	const struct route *best = NULL, *r;

	for (i = first; i < conf->n_routes && conf->routes[i]->net == net; i++) {
		r = conf->routes[i];
		if (!may_use(conf, r, src))
			continue;
		if (best == NULL || compare(r, best) < 0) {
			best = r;
			equal = 0;
		}
		equal += compare(r, best) == 0;
	}
	if (equal < 2)
		return best;
	turn %= equal;
	for (i = first; i < conf->n_routes && conf->routes[i]->net == net; i++) {
		r = conf->routes[i];
		/* a gateway may have died since the first pass: the best one found then still goes */
		if (may_use(conf, r, src) && compare(r, best) == 0 && turn-- == 0)
			return r;
	}
	return best;
}

int
route_resolve(const struct lnet_conf *conf, const struct lnet_nid *dst, const struct lnet_ni *src,
	      uint32_t turn, struct hop *hop)
{
	uint32_t net = lnet_nid_net(dst);
	const struct route *r;

	if (lnet_nid_is_any(dst))
		return -EHOSTUNREACH;
	hop->ni = towards(conf, net, src, turn);
	hop->nid = *dst;
	if (hop->ni != NULL)
		return 0;
	r = best_route(conf, net, src, turn);
	if (r == NULL)
		return -EHOSTUNREACH;
	hop->nid = r->gateway->nid;
	hop->ni = towards(conf, lnet_nid_net(&hop->nid), src, turn);
	return 0;
}

bool
route_leads_to(const struct lnet_conf *conf, const struct lnet_nid *gateway, uint32_t net)
{
	unsigned int i;

	for (i = first_route(conf, net); i < conf->n_routes && conf->routes[i]->net == net; i++)
		if (lnet_nid_equal(&conf->routes[i]->gateway->nid, gateway))
			return true;
	return false;
}

struct gateway *
gateway_find(const struct lnet_conf *conf, const struct lnet_nid *nid)
{
	unsigned int i;

	for (i = 0; i < conf->n_gateways; i++)
		if (lnet_nid_equal(&conf->gateways[i]->nid, nid))
			return conf->gateways[i];
	return NULL;
}

void
gateway_set_alive(const struct lnet_conf *conf, const struct lnet_nid *nid, bool alive)
{
	struct gateway *gw = conf != NULL ? gateway_find(conf, nid) : NULL;

	/* read first: the line is shared by all workers and hardly ever changes */
	if (gw != NULL && atomic_load_explicit(&gw->is_alive, memory_order_relaxed) != alive)
		atomic_store_explicit(&gw->is_alive, alive, memory_order_relaxed);
}
