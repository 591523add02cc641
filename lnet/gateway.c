/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The router pinger, for static gateways without discovery: each answer sets the state of the routes through the gateway, a missing
 * answer takes the gateway for dead until it is heard from.
 */
#include "lnet/gateway.h"

#include "lnet/lnet_priv.h"
#include "lnet/ping_info.h"

#define LOG_TYPE LOG_T_LNET
#include "lnet/base/log.h"

#include <errno.h>

static void
set_alive(struct gateway *gw, bool alive)
{
	char nid[LNET_NID_STR_MAX];

	if (atomic_exchange(&gw->is_alive, alive) != alive)
		LOG(NOTICE, "gateway %s is %s", lnet_nid_format(&gw->nid, nid),
		    alive ? "up" : "down");
}

/* Has the answer an NI of @net, and is one of them up? */
static bool
net_in(const struct lnet_ping_result *res, uint32_t net, bool *up)
{
	bool found = false;
	unsigned int i;

	*up = false;
	for (i = 0; i < res->n_nids; i++) {
		if (lnet_nid_net(&res->nids[i]) != net)
			continue;
		found = true;
		*up |= res->status[i] == PING_STATUS_UP;
	}
	return found;
}

static bool
is_route_up(struct route *r, const struct lnet_ping_result *res)
{
	bool up, single;

	if ((res->features & PING_FEAT_RTE_DISABLED) != 0)
		return false;
	if (!net_in(res, lnet_nid_net(&r->gateway->nid), &up) || !up)
		return false;
	single = net_in(res, r->net, &up);
	atomic_store_explicit(&r->is_single_hop, single, memory_order_relaxed);
	/* avoid_asym_router_failure, which is on by default */
	return single || r->hops == 1 ? up : true;
}

static void
answered(void *ctx, const struct lnet_ping_result *res, uint64_t)
{
	struct gateway *gw = ctx;
	struct route *r;

	gw->is_pinging = false;
	if (gw->refs > 0 && res->rc != -ESHUTDOWN) {
		set_alive(gw, res->rc == 0);
		TAILQ_FOREACH(r, &gw->lnet->routes, link)
			if (res->rc == 0 && r->gateway == gw)
				atomic_store_explicit(&r->is_up, is_route_up(r, res),
						      memory_order_relaxed);
	}
	gateway_put(gw);
}

void
gateway_tick(struct lnet *l, uint64_t now)
{
	uint64_t timeout = (uint64_t)l->params.router_ping_timeout * NSEC;
	int interval = l->params.alive_router_check_interval;
	struct gateway *gw;

	TAILQ_FOREACH(gw, &l->gateways, link) {
		if (interval <= 0 || gw->is_pinging || now < gw->next_ping)
			continue;
		gw->next_ping = now + (uint64_t)interval * NSEC;
		gw->is_pinging = true;
		gw->holds++;
		if (lnet_ping(l, &gw->nid, NULL, timeout, answered, gw, now) == 0)
			continue;
		gw->is_pinging = false;
		gw->holds--;
	}
}
