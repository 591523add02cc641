/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes at run time: networks, routes, routing. Each edits the control thread's lists, publishes, and takes its edit back when that
 * fails. Return codes and texts: control spec 3.4. Control thread.
 */
#include "lnet/lnet_priv.h"
#include "lnet/ping_info.h"

#define LOG_TYPE LOG_T_LNET
#include "lnet/base/log.h"

#include <errno.h>
#include <string.h>

static bool
has_iface(const struct lnet *l, const struct lnet_net_conf *conf)
{
	const struct lnet_ni_state *st;

	TAILQ_FOREACH(st, &l->nis, link)
		if (st->ni->net == conf->net && strcmp(st->ni->ifname, conf->ifname) == 0)
			return true;
	return false;
}

/* The text is the reference's; the reason goes to the log. */
static int
refuse_add(int rc, const char *reason, char *why, unsigned int why_size)
{
	LOG(ERR, "cannot add LNet NI: %s", *reason != '\0' ? reason : strerror(-rc));
	return lnet_why(why, why_size, rc, "cannot add LNet NI");
}

static unsigned int
ni_limit(const struct lnet *l)
{
	int64_t max = l->tunables.value[TUNABLE_MAX_INTERFACES];

	/* beside the loopback, in one ping info */
	return max < PING_NIDS_MAX ? (unsigned int)max : PING_NIDS_MAX - 1;
}

int
lnet_net_add(struct lnet *l, const struct lnet_net_conf *conf, uint64_t now, char *why,
	     unsigned int why_size)
{
	char reason[128] = "";
	struct lnet_ni *ni;
	int rc;

	if (l->state != LNET_UP)
		return refuse_add(-ESHUTDOWN, "LNet is down", why, why_size);
	if (conf->net >> 16 == LNET_TYPE_LO)
		return lnet_why(why, why_size, -ENODEV, "setting @lo not allowed");
	if (route_net_known(l, conf->net))
		return refuse_add(-EUSERS, "routes to that net exist", why, why_size);
	if (has_iface(l, conf))
		return refuse_add(-EEXIST, "the interface is on that net already", why, why_size);
	if (ni_count(l) >= ni_limit(l))
		return lnet_why(why, why_size, -ENOSPC, "too many NIs, check lnet_interfaces_max");
	rc = ni_add(l, conf, now, &ni, reason, sizeof(reason));
	if (rc == -EINVAL && strcmp(reason, "LND type not supported") == 0)
		return lnet_why(why, why_size, rc, reason);
	if (rc < 0)
		return refuse_add(rc == -ENODEV ? -ENETDOWN : rc, reason, why, why_size);
	l->ping_seq++;
	if (conf_publish(l) < 0) {
		l->ping_seq--;
		ni_retire(l, ni);
		return refuse_add(-ENOMEM, "out of memory", why, why_size);
	}
	return 0;
}

static bool
is_meant(const struct lnet_ni *ni, uint32_t net, const char *ifname)
{
	return ni->net == net && (*ifname == '\0' || strcmp(ni->ifname, ifname) == 0);
}

/* Move the NIs meant from l->nis to the ones on their way out, marked as the last @n there. Return: @n. */
static unsigned int
retire_meant(struct lnet *l, uint32_t net, const char *ifname)
{
	struct lnet_ni_state *st, *next;
	unsigned int n = 0;

	for (st = TAILQ_FIRST(&l->nis); st != NULL; st = next) {
		next = TAILQ_NEXT(st, link);
		if (!is_meant(st->ni, net, ifname))
			continue;
		ni_retire(l, st->ni);
		n++;
	}
	return n;
}

/* The last @n retired are wanted again. */
static void
take_back(struct lnet *l, unsigned int n, struct route_list *routes)
{
	struct route *r;

	while (n-- > 0)
		ni_unretire(l, TAILQ_LAST(&l->retiring, ni_list)->ni);
	while ((r = TAILQ_FIRST(routes)) != NULL) {
		TAILQ_REMOVE(routes, r, link);
		route_relink(l, r);
	}
}

int
lnet_net_del(struct lnet *l, uint32_t net, const char *ifname, uint64_t now, char *why,
	     unsigned int why_size)
{
	struct route_list routes = TAILQ_HEAD_INITIALIZER(routes);
	bool whole = ifname == NULL || *ifname == '\0';
	unsigned int n;

	if (l->state != LNET_UP)
		return lnet_why(why, why_size, -ENETDOWN, "Network is down");
	if (net >> 16 == LNET_TYPE_LO)
		return lnet_why(why, why_size, -ENODEV, "setting @lo not allowed");
	if (net_find(l, net) == NULL)
		return whole ? lnet_why(why, why_size, -EINVAL, "cannot del network")
			     : lnet_why(why, why_size, -ENODEV, "LNet net doesn't exist");
	n = retire_meant(l, net, whole ? "" : ifname);
	if (n == 0)
		return lnet_why(why, why_size, -ENODEV, "cannot del LNet NI");
	if (net_find(l, net) == NULL)
		route_unlink_gateway_net(l, net, &routes);
	l->ping_seq++;
	if (conf_publish(l) < 0) {
		l->ping_seq--;
		take_back(l, n, &routes);
		return lnet_why(why, why_size, -ENOMEM, "out of memory");
	}
	route_free_list(&routes);
	ni_drain(l, now);
	return 0;
}

int
lnet_route_add(struct lnet *l, uint32_t net, const struct lnet_nid *gateway, int hops, int priority,
	       uint64_t now, char *why, unsigned int why_size)
{
	struct lnet_route_conf conf = {net, *gateway, hops, priority};
	struct route *r;
	int rc;

	if (l->state != LNET_UP)
		return lnet_why(why, why_size, -ENETDOWN, "Network is down");
	rc = route_add(l, &conf, now, why, why_size);
	if (rc < 0)
		return rc;
	if (conf_publish(l) == 0)
		return 0;
	r = route_lookup_exact(l, net, gateway);
	route_unlink(l, r);
	route_free(r);
	return lnet_why(why, why_size, -ENOMEM, "out of memory");
}

int
lnet_route_del(struct lnet *l, uint32_t net, const struct lnet_nid *gateway, uint64_t, char *why,
	       unsigned int why_size)
{
	struct route *r;

	if (l->state != LNET_UP)
		return lnet_why(why, why_size, -ENETDOWN, "Network is down");
	if (!route_net_known(l, net))
		return lnet_why(why, why_size, -ENOENT, "failed to delete route");
	r = route_lookup_exact(l, net, gateway);
	if (r == NULL)
		return 0;
	route_unlink(l, r);
	if (conf_publish(l) < 0) {
		route_relink(l, r);
		return lnet_why(why, why_size, -ENOMEM, "out of memory");
	}
	route_free(r);
	return 0;
}

int
lnet_routing_set(struct lnet *l, bool enable, uint64_t now, char *why, unsigned int why_size)
{
	struct routing before = l->routing;
	int rc = 0;

	if (l->state != LNET_UP)
		return lnet_why(why, why_size, -ENETDOWN, "Network is down");
	if (enable)
		rc = routing_enable(l, false, now, why, why_size);
	else
		routing_disable(l, now);
	if (rc < 0)
		return rc;
	if (conf_publish(l) == 0)
		return 0;
	l->routing = before;
	if (before.state == ROUTING_DISABLED)
		routing_drop_buffers(l);
	return lnet_why(why, why_size, -ENOMEM, "out of memory");
}
