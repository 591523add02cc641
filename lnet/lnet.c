/* SPDX-License-Identifier: BSD-3-Clause */
/* One node: created, configured, unconfigured, destroyed. Control thread. Order: spec 13. */
#include "lnet/lnet.h"

#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"
#include "lnet/base/pool.h"
#include "lnet/gateway.h"
#include "lnet/lnet_priv.h"
#include "lnet/net_tel.h"
#include "lnet/params.h"
#include "lnet/ping.h"

#define LOG_TYPE LOG_T_LNET
#include "lnet/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
lnet_why(char *why, unsigned int size, int rc, const char *text)
{
	snprintf(why, size, "%s", text);
	return rc;
}

uint64_t
lnet_unique_time(struct lnet *l)
{
	uint64_t t = l->env.wall_clock != NULL ? l->env.wall_clock(l->env.ctx) : l->params.wall_ns;

	if (t <= l->last_wall)
		t = l->last_wall + 1;
	l->last_wall = t;
	return t;
}

/* --- loaded --- */

static int
ledger_here(struct lnet_cpt *cpt, void *arg, uint64_t)
{
	static const enum ledger_account accounts[] = {LEDGER_ROUTED_TINY, LEDGER_ROUTED_SMALL,
						       LEDGER_ROUTED_LARGE, LEDGER_LOCAL};
	uint64_t *sum = arg;
	unsigned int i;

	for (i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
		*sum += cpt->lc->ledger.use[accounts[i]].used;
	return 0;
}

uint64_t
lnet_ledger_used(struct lnet_cpt *cpt)
{
	uint64_t sum = 0;

	cpt_call(cpt, ledger_here, &sum);
	return sum;
}

static int
copy_env(struct lnet *l, const struct lnet_env *env)
{
	l->env = *env;
	l->n_cpts = env->n_lcores;
	l->lnds = calloc(env->n_lnds + 1, sizeof(*l->lnds));
	l->stopped = aligned_alloc(64, l->n_cpts * sizeof(*l->stopped));
	if (l->lnds == NULL || l->stopped == NULL)
		return -ENOMEM;
	if (env->n_lnds > 0)
		memcpy(l->lnds, env->lnds, env->n_lnds * sizeof(*l->lnds));
	memset(l->stopped, 0, l->n_cpts * sizeof(*l->stopped));
	l->env.lnds = l->lnds;
	return 0;
}

static void
init_lists(struct lnet *l)
{
	TAILQ_INIT(&l->nis);
	TAILQ_INIT(&l->retiring);
	TAILQ_INIT(&l->nets);
	TAILQ_INIT(&l->routes);
	TAILQ_INIT(&l->gateways);
	TAILQ_INIT(&l->pings);
}

static void
free_node(struct lnet *l)
{
	unsigned int i;

	for (i = 0; i < l->n_cpts && l->cpts[i] != NULL; i++)
		cpt_destroy(l->cpts[i]);
	free(l->stopped);
	free(l->lnds);
	free(l);
}

int
lnet_create(const struct lnet_env *env, const struct lnet_params *params, uint64_t,
	    struct lnet **lp, char *why, unsigned int why_size)
{
	struct lnet *l;
	unsigned int i;
	int rc;

	if (env->n_lcores == 0 || env->n_lcores > LNET_CPTS_MAX)
		return lnet_why(why, why_size, -EINVAL, "number of workers: 1 to 64 are allowed");
	rc = params_check(params, why, why_size);
	if (rc < 0)
		return rc;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return lnet_why(why, why_size, -ENOMEM, "out of memory");
	init_lists(l);
	l->params = *params;
	rc = copy_env(l, env);
	for (i = 0; rc == 0 && i < l->n_cpts; i++)
		rc = cpt_create(l, i, &l->cpts[i]);
	if (rc < 0) {
		free_node(l);
		return lnet_why(why, why_size, rc, "no memory for messages and peers");
	}
	stall_conf_default(&l->stall);
	l->stall.limit = params->stall_ns;
	l->tag_seed = lnet_unique_time(l) * 0x9e3779b97f4a7c15ull;
	tunables_init(&l->tunables, params);
	for (i = 0; i < l->n_cpts; i++)
		l->ledger_start[i] = lnet_ledger_used(l->cpts[i]);
	*lp = l;
	return 0;
}

void
lnet_destroy(struct lnet *l)
{
	free_node(l);
}

/* --- configured --- */

static int
add_loopback(struct lnet *l, uint64_t now, char *why, unsigned int why_size)
{
	struct lnet_net_conf lo = {.net = lnet_mknet(LNET_TYPE_LO, 0)};
	struct lnet_ni *ni;

	lnet_ni_tunables_unset(&lo.tun);
	return ni_add(l, &lo, now, &ni, why, why_size);
}

/* Put what failed in front of the reason: "route o2ib 10.0.0.9@tcp: no memory". Return: @rc. */
static int
why_of(int rc, const char *what, char *why, unsigned int why_size)
{
	char reason[160];

	snprintf(reason, sizeof(reason), "%s", why);
	snprintf(why, why_size, "%s: %s", what, reason);
	return rc;
}

static int
refuse_network(int rc, const struct lnet_net_conf *conf, char *why, unsigned int why_size)
{
	char net[LNET_NET_STR_MAX], what[LNET_NET_STR_MAX + LNET_IFNAME_MAX + 16];

	snprintf(what, sizeof(what), "network %s(%s)", lnet_net_format(conf->net, net),
		 conf->ifname);
	/* the reference's code for an interface that is not there (control spec 5.1) */
	return why_of(rc == -ENODEV ? -ENETDOWN : rc, what, why, why_size);
}

static int
add_networks(struct lnet *l, uint64_t now, char *why, unsigned int why_size)
{
	/* no `networks`: tcp on the driver's default interface (control spec 7.1) */
	struct lnet_net_conf tcp = {.net = lnet_mknet(LNET_TYPE_TCP, 0)};
	const struct lnet_net_conf *nets = l->params.nets;
	unsigned int i, n = l->params.n_nets;
	struct lnet_ni *ni;
	int rc;

	lnet_ni_tunables_unset(&tcp.tun);
	if (n == 0) {
		nets = &tcp;
		n = 1;
	}
	for (i = 0; i < n; i++) {
		rc = ni_add(l, &nets[i], now, &ni, why, why_size);
		if (rc < 0)
			return refuse_network(rc, &nets[i], why, why_size);
	}
	return 0;
}

/*
 * A route of the list that cannot be: the same list is given to all nodes of a site, and what does not fit this one is left
 * out (7.5). Return: 0, or @rc with the route named in @why.
 */
static int
refuse_route(int rc, const struct lnet_route_conf *conf, char *why, unsigned int why_size)
{
	char net[LNET_NET_STR_MAX], nid[LNET_NID_STR_MAX];
	char what[LNET_NET_STR_MAX + LNET_NID_STR_MAX + 16];

	snprintf(what, sizeof(what), "route %s %s", lnet_net_format(conf->net, net),
		 lnet_nid_format(&conf->gateway, nid));
	why_of(rc, what, why, why_size);
	if (rc != -EEXIST && rc != -EHOSTUNREACH)
		return rc;
	LOG(WARNING, "%s: left out", why);
	return 0;
}

/* @names_us: a gateway of the list is one of our own NIDs: that makes no route, it says "you are the router". */
static int
add_routes(struct lnet *l, bool *names_us, uint64_t now, char *why, unsigned int why_size)
{
	const struct lnet_ni_state *st;
	unsigned int i;
	bool own;
	int rc;

	*names_us = false;
	for (i = 0; i < l->params.n_routes; i++) {
		own = false;
		TAILQ_FOREACH(st, &l->nis, link)
			own |= lnet_nid_equal(&st->ni->nid, &l->params.routes[i].gateway);
		*names_us |= own;
		rc = own ? 0 : route_add(l, &l->params.routes[i], now, why, why_size);
		if (rc < 0)
			rc = refuse_route(rc, &l->params.routes[i], why, why_size);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
bring_up(struct lnet *l, bool all, uint64_t now, char *why, unsigned int why_size)
{
	bool names_us = false;
	int rc = add_loopback(l, now, why, why_size);

	if (rc == 0 && all)
		rc = add_networks(l, now, why, why_size);
	if (rc == 0 && all)
		rc = add_routes(l, &names_us, now, why, why_size);
	if (rc == 0 && all && (l->params.forwarding > 0 || (l->params.forwarding < 0 && names_us)))
		rc = routing_enable(l, true, now, why, why_size);
	if (rc < 0)
		return rc;
	l->ping_seq = 1;
	rc = conf_publish(l);
	return rc < 0 ? lnet_why(why, why_size, rc, "out of memory") : 0;
}

/* Begin to take away all there is; workers see "down" from now on. */
static void
take_down(struct lnet *l, uint64_t now)
{
	struct route_list routes = TAILQ_HEAD_INITIALIZER(routes);
	struct lnet_ni_state *st;

	l->state = LNET_STOPPING;
	l->routing.state = ROUTING_DISABLED;
	/* closing before the snapshot goes: nothing new is accepted, everything there is may still end */
	TAILQ_FOREACH(st, &l->nis, link)
		atomic_store(&st->is_closing, true);
	conf_withdraw(l);
	ping_cancel_all(l, now);
	route_unlink_gateway_net(l, LNET_NET_ANY, &routes);
	route_free_list(&routes);
	while ((st = TAILQ_FIRST(&l->nis)) != NULL)
		ni_retire(l, st->ni);
	routing_drop_buffers(l);
}

/* Everything is gone but the buffers, which have come back by now. */
static int
buffers_here(struct lnet_cpt *cpt, void *, uint64_t)
{
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < LNET_RTR_CLASSES; i++) {
		struct rtrbuf *b = &cpt->bufs[i];

		if (b->buffers != 0 || b->credits != 0) {
			LOG(ERR, "CPT %u: router buffers of class %u: %d credits of %d are back",
			    cpt->index, i, b->credits, b->buffers);
			wrong++;
		}
	}
	rtrbuf_init(cpt->bufs);
	return wrong;
}

static void
continue_down(struct lnet *l, uint64_t now)
{
	if (ni_drain(l, now) > 0)
		return;
	l->leaks += (unsigned int)cpt_call_all(l, buffers_here, NULL);
	ping_reap(l, now);
	net_tel_poll(l);
	l->state = LNET_DOWN;
	LOG(NOTICE, "LNet is down");
}

int
lnet_configure(struct lnet *l, bool all, uint64_t now, char *why, unsigned int why_size)
{
	int rc;

	if (l->state == LNET_UP)
		return 0;
	if (l->state != LNET_DOWN)
		return lnet_why(why, why_size, -EBUSY, "LNet is going down");
	l->state = LNET_STARTING;
	l->cookie = lnet_unique_time(l);
	l->next_pass = now;
	routing_init(&l->routing, &l->params);
	rc = bring_up(l, all, now, why, why_size);
	if (rc < 0) {
		take_down(l, now);
		continue_down(l, now);
		return rc;
	}
	l->state = LNET_UP;
	return 0;
}

int
lnet_unconfigure(struct lnet *l, uint64_t now)
{
	if (l->state == LNET_DOWN)
		return 0;
	if (l->state == LNET_UP)
		take_down(l, now);
	continue_down(l, now);
	return l->state == LNET_DOWN ? 0 : -EINPROGRESS;
}

void
lnet_control(struct lnet *l, uint64_t now)
{
	ping_reap(l, now);
	if (l->state == LNET_STOPPING) {
		continue_down(l, now);
		return;
	}
	if (l->state != LNET_UP)
		return;
	ni_drain(l, now);
	net_tel_poll(l);
	if (now < l->next_pass)
		return;
	l->next_pass = now + NSEC;
	if (routing_tick(l, now) && conf_publish(l) == 0 && l->routing.state == ROUTING_DISABLED)
		routing_drop_buffers(l);
	if (l->routing.state != ROUTING_DISABLED)
		ni_age(l, routing_interval(l) * NSEC, now);
	gateway_tick(l, now);
}

/* --- what others ask --- */

enum lnet_state
lnet_state(const struct lnet *l)
{
	return l->state;
}

bool
lnet_is_configured(const struct lnet *l)
{
	return l->state != LNET_DOWN;
}

bool
lnet_is_routing(const struct lnet *l)
{
	return l->state == LNET_UP && l->routing.state != ROUTING_DISABLED;
}

bool
lnet_is_idle(const struct lnet *l)
{
	unsigned int i;

	for (i = 0; i < l->n_cpts; i++)
		if (counter_read(&l->cpts[i]->stats.msgs_alloc) > 0)
			return false;
	return true;
}

unsigned int
lnet_leaks(const struct lnet *l)
{
	unsigned int i, n = l->leaks, out;
	uint64_t used;

	for (i = 0; i < l->n_cpts; i++) {
		out = pool_used(l->cpts[i]->msgs);
		used = lnet_ledger_used(l->cpts[i]);
		if (out > 0)
			LOG(ERR, "CPT %u: %u messages were not given back", i, out);
		if (used != l->ledger_start[i])
			LOG(ERR, "CPT %u: %llu bytes of the ledger at the start, %llu now", i,
			    (unsigned long long)l->ledger_start[i], (unsigned long long)used);
		if (l->cpts[i]->mds.used > 0)
			LOG(ERR, "CPT %u: %u operations are still open", i, l->cpts[i]->mds.used);
		n += (out > 0) + (used != l->ledger_start[i]) + (l->cpts[i]->mds.used > 0);
	}
	return n;
}
