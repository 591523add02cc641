/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a message goes next: local nets, and static routes by gateways. The lookup is pure over a snapshot; the
 * only thing in it that changes is a flag: does the gateway live. Spec 5.3, 6.1, 6.2, 6.5.
 */
#pragma once

#include "lnet/conf.h"
#include "lnet/lnd.h"

#include <stdatomic.h>
#include <sys/queue.h>

#define ROUTE_HOPS_UNDEFINED (-1)

/* A peer that routes go through. */
struct gateway {
	/* const after creation */
	struct lnet_nid nid;

	/* any: workers by what they see of it, control by its pings */
	_Atomic bool is_alive;

	/* control */
	TAILQ_ENTRY(gateway) link;
	unsigned int refs; /* routes in the table */
	unsigned int holds; /* who has a pointer: routes, also unlinked ones, and a ping */
	uint64_t next_ping;
	bool is_pinging;
	struct lnet *lnet;
};
TAILQ_HEAD(gateway_list, gateway);

struct route {
	/* const after creation */
	uint32_t net;
	struct gateway *gateway;
	int hops; /* ROUTE_HOPS_UNDEFINED, 1..255 */
	int priority; /* 0 = best */

	/* control sets, any reads: what the gateway's last answer said (6.5) */
	_Atomic bool is_up;
	_Atomic bool is_single_hop;

	TAILQ_ENTRY(route) link; /* control */
};
TAILQ_HEAD(route_list, route);

struct hop {
	struct lnet_ni *ni;
	struct lnet_nid nid;
};

/*
 * Interface and next hop for @dst. @src: only by this interface (NULL = any). @turn: chooses among equals.
 * Return: 0, -EHOSTUNREACH. Pure.
 */
int route_resolve(const struct lnet_conf *conf, const struct lnet_nid *dst,
		  const struct lnet_ni *src, uint32_t turn, struct hop *hop);

bool route_is_alive(const struct route *r);

/* Has gateway @nid a route to @net? Pure. */
bool route_leads_to(const struct lnet_conf *conf, const struct lnet_nid *gateway, uint32_t net);

/* NULL = no route goes through it. Pure. */
struct gateway *gateway_find(const struct lnet_conf *conf, const struct lnet_nid *nid);

/* What a worker saw of a peer that may be a gateway. @conf may be NULL. Any worker. */
void gateway_set_alive(const struct lnet_conf *conf, const struct lnet_nid *nid, bool alive);

/* --- control --- */

/* All but publishing. Return codes and texts of control spec 3.4. */
int route_add(struct lnet *l, const struct lnet_route_conf *conf, uint64_t now, char *why,
	      unsigned int why_size);

/* Publish between route_unlink() and route_free(). NULL = none. */
struct route *route_lookup_exact(struct lnet *l, uint32_t net, const struct lnet_nid *gateway);
bool route_net_known(const struct lnet *l, uint32_t net);
void route_unlink(struct lnet *l, struct route *r);
void route_relink(struct lnet *l, struct route *r);
void route_free(struct route *r);
void gateway_put(struct gateway *gw);

/* Unlink all routes whose gateway is on @net (LNET_NET_ANY: all) into @out. */
void route_unlink_gateway_net(struct lnet *l, uint32_t net, struct route_list *out);
void route_free_list(struct route_list *list);
