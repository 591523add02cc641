/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver as LNet sees it: its operations, and the life of the driver, of its interfaces and of their parts on each
 * worker.
 */
#include "drivers/socklnd/socklnd.h"

#include "drivers/socklnd/priv.h"
#include "lnet/base/pool.h"
#include "lnet/base/tel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
socklnd_complain(struct socklnd_cpt *sc, enum socklnd_counter c, uint64_t now, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	socklnd_count(sc, c);
	/* a flood costs no formatting: the limit would suppress the line anyway */
	if (sc->lc->events == NULL || now < sc->limits[c].next) {
		sc->limits[c].suppressed++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	event_log(sc->lc->events, &sc->limits[c], now, LOG_T_SOCKLND, RTE_LOG_NOTICE, "%s", text);
}

/* --- the driver --- */

static int
check(const struct socklnd_env *env, const struct socklnd_config *cfg)
{
	unsigned int i;

	if (env->iface == NULL || env->home == NULL || env->n_workers == 0 ||
	    env->n_workers > LNET_CPTS_MAX)
		return -EINVAL;
	for (i = 0; i < env->n_workers; i++)
		if (env->lcores[i] == NULL || env->tcp[i] == NULL)
			return -EINVAL;
	if (cfg->max_peers < 1 || cfg->max_conns < 1 || cfg->accept_backlog < 1 ||
	    cfg->accept_timeout_s < 1 || cfg->min_reconnect_ms < 1000 ||
	    cfg->max_reconnect_ms < cfg->min_reconnect_ms || cfg->sock_timeout_s < 0)
		return -EINVAL;
	return 0;
}

static int
make_pools(struct socklnd *s)
{
	/* several drivers may live in one process, as in simulations */
	unsigned int tag = (unsigned int)((uintptr_t)s >> 4);
	char name[26];
	int rc;

	snprintf(name, sizeof(name), "socklnd_peer_%x", tag);
	rc = pool_create(name, (unsigned int)s->cfg.max_peers, sizeof(struct socklnd_peer), -1,
			 &s->peers);
	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "socklnd_conn_%x", tag);
	return pool_create(name, (unsigned int)s->cfg.max_conns, sizeof(struct socklnd_conn), -1,
			   &s->conns);
}

static void
init_cpt(struct socklnd *s, unsigned int i)
{
	struct socklnd_cpt *sc = &s->cpts[i];

	sc->s = s;
	sc->lc = s->env.lcores[i];
	sc->mem = sc->lc->mem;
	sc->tcp = s->env.tcp[i];
	sc->index = i;
	TAILQ_INIT(&sc->nis);
	TAILQ_INIT(&sc->listeners);
	TAILQ_INIT(&sc->conns);
	TAILQ_INIT(&sc->rx_ready);
	fair_init(&sc->handshakes);
	TAILQ_INIT(&sc->looped);
}

int
socklnd_create(const struct socklnd_env *env, const struct socklnd_config *cfg, struct socklnd **sp)
{
	struct socklnd *s;
	unsigned int i;
	int rc = check(env, cfg);

	if (rc < 0)
		return rc;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->env = *env;
	s->cfg = *cfg;
	TAILQ_INIT(&s->nis);
	s->cpts = calloc(env->n_workers, sizeof(*s->cpts));
	rc = s->cpts == NULL ? -ENOMEM : make_pools(s);
	if (rc < 0) {
		socklnd_destroy(s);
		return rc;
	}
	for (i = 0; i < env->n_workers; i++)
		init_cpt(s, i);
	*sp = s;
	return 0;
}

void
socklnd_destroy(struct socklnd *s)
{
	if (s == NULL)
		return;
	pool_destroy(s->conns);
	pool_destroy(s->peers);
	free(s->cpts);
	free(s);
}

unsigned int
socklnd_leaks(const struct socklnd *s)
{
	return pool_used(s->peers) + pool_used(s->conns);
}

void
socklnd_link(struct socklnd *s, unsigned int iface, bool up, uint64_t now)
{
	struct socklnd_ni *sni;

	TAILQ_FOREACH(sni, &s->nis, link)
		if (sni->iface == iface)
			lnet_ni_set_fatal(sni->ni, !up, now);
}

/* --- interfaces --- */

/* First address that peers can reach, of @family (IP_NONE: any). */
static const struct ipaddr *
pick_addr(const struct socklnd_iface *ifc, unsigned int family)
{
	const struct ipaddr *a;
	unsigned int i;

	for (i = 0; i < ifc->n_addrs; i++) {
		a = &ifc->addrs[i];
		if ((family == IP_NONE || a->family == family) && !ipaddr_is_link_local(a) &&
		    !ipaddr_is_unspecified(a))
			return a;
	}
	return NULL;
}

static int
set_addrs(struct socklnd_ni *sni, const struct socklnd_iface *ifc, bool prefer_ipv6)
{
	unsigned int family = prefer_ipv6 ? IP_V6 : IP_V4;
	const struct ipaddr *a = pick_addr(ifc, family);
	const struct ipaddr *other = pick_addr(ifc, prefer_ipv6 ? IP_V4 : IP_V6);

	if (a == NULL) {
		a = other;
		other = NULL;
	}
	if (a == NULL)
		return -EADDRNOTAVAIL;
	sni->local = *a;
	if (other != NULL)
		sni->other = *other;
	return 0;
}

static void
fill(int *tunable, int value)
{
	if (*tunable < 0)
		*tunable = value;
}

static void
fill_tunables(struct lnet_ni_tunables *t, const struct socklnd_config *cfg, uint32_t speed_mbps)
{
	fill(&t->peer_timeout, cfg->peer_timeout_s);
	fill(&t->credits, cfg->credits);
	fill(&t->peer_credits, cfg->peer_credits);
	fill(&t->peer_buffer_credits, cfg->peer_buffer_credits);
	fill(&t->conns_per_peer, cfg->conns_per_peer);
	if (t->conns_per_peer == 0)
		t->conns_per_peer = socklnd_conns_by_speed(speed_mbps);
	fill(&t->tos, cfg->tos);
	fill(&t->timeout, socklnd_timeout_s(cfg));
}

static int
say_why(char *why, unsigned int size, const struct lnet_ni *ni, const char *text, int rc)
{
	snprintf(why, size, "interface '%s': %s", ni->ifname, text);
	return rc;
}

static void
init_ni_cpt(struct socklnd_ni *sni, struct socklnd_cpt *sc)
{
	struct socklnd_ni_cpt *nc = &sni->cpts[sc->index];
	unsigned int i;

	nc->sni = sni;
	nc->ni = sni->ni;
	nc->sc = sc;
	TAILQ_INIT(&nc->peers);
	for (i = 0; i < SOCKLND_BUCKETS; i++)
		LIST_INIT(&nc->buckets[i]);
}

static int
ni_start(void *ctx, struct lnet_ni *ni, char *why, unsigned int why_size)
{
	struct socklnd *s = ctx;
	struct socklnd_iface ifc = {0};
	struct socklnd_ni *sni;
	unsigned int i;
	int rc = s->env.iface(s->env.arg, ni->ifname, &ifc);

	if (rc < 0)
		return say_why(why, why_size, ni, "no such interface", rc);
	sni = calloc(1, sizeof(*sni) + s->env.n_workers * sizeof(sni->cpts[0]));
	if (sni == NULL)
		return say_why(why, why_size, ni, "out of memory", -ENOMEM);
	rc = set_addrs(sni, &ifc, s->cfg.prefer_ipv6 != 0);
	if (rc < 0) {
		free(sni);
		return say_why(why, why_size, ni, "no usable address", rc);
	}
	fill_tunables(&ni->tun, &s->cfg, ifc.speed_mbps);
	sni->ni = ni;
	sni->iface = ifc.index;
	sni->timeout = (uint64_t)ni->tun.timeout * NS_PER_SEC;
	for (i = 0; i < s->env.n_workers; i++)
		init_ni_cpt(sni, &s->cpts[i]);
	ni->nid = lnet_nid_from_ip(ni->net, &sni->local);
	ni->lnd_data = sni;
	TAILQ_INSERT_TAIL(&s->nis, sni, link);
	/* it starts all the same (10.6) */
	if (!ifc.link_up)
		lnet_ni_set_fatal(ni, true, 0);
	return 0;
}

static void
ni_stop(void *ctx, struct lnet_ni *ni)
{
	struct socklnd *s = ctx;
	struct socklnd_ni *sni = ni->lnd_data;

	TAILQ_REMOVE(&s->nis, sni, link);
	ni->lnd_data = NULL;
	free(sni);
}

static int
attach(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	struct socklnd_ni *sni = ni->lnd_data;
	struct socklnd_ni_cpt *nc = &sni->cpts[lnet_cpt_lcore(cpt)->index];
	int rc;

	nc->sc->cpt = cpt;
	rc = socklnd_listen(nc, now);
	if (rc < 0)
		return rc;
	nc->attached = true;
	nc->stopping = false;
	TAILQ_INSERT_TAIL(&nc->sc->nis, nc, link);
	ni->lnd_cpt_data[nc->sc->index] = nc;
	return 0;
}

/* Is @nc the last NI of this worker? Then it waits for requests that have named no NI, too. */
static bool
is_last(const struct socklnd_ni_cpt *nc)
{
	return TAILQ_FIRST(&nc->sc->nis) == nc && TAILQ_NEXT(nc, link) == NULL;
}

static bool
belongs_to(const struct socklnd_conn *c, const struct socklnd_ni_cpt *nc)
{
	return c->nc == nc || (c->nc == NULL && is_last(nc));
}

/* Peers are gone: what is left are handshakes and connections that close, which do it sooner than they would. */
static void
end_handshakes(struct socklnd_ni_cpt *nc, uint64_t now)
{
	struct socklnd_conn *c, *next;

	for (c = TAILQ_FIRST(&nc->sc->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if ((c->state == CONN_REQUEST || c->state == CONN_HELLO) && belongs_to(c, nc))
			socklnd_conn_end(c, now);
	}
	TAILQ_FOREACH(c, &nc->sc->conns, link)
		if (c->state == CONN_CLOSING && belongs_to(c, nc))
			socklnd_conn_linger(c, now + SOCKLND_STOP_LINGER_NS);
}

static unsigned int
things_alive(const struct socklnd_ni_cpt *nc)
{
	return (is_last(nc) ? nc->sc->n_conns : nc->n_conns) + nc->n_peers + nc->n_looped;
}

static unsigned int
detach(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	struct socklnd_ni_cpt *nc = ni->lnd_cpt_data[lnet_cpt_lcore(cpt)->index];
	struct socklnd_peer *p;
	unsigned int alive;

	if (nc == NULL)
		return 0;
	if (!nc->stopping) {
		nc->stopping = true;
		socklnd_unlisten(nc, now);
		while ((p = TAILQ_FIRST(&nc->peers)) != NULL)
			socklnd_peer_delete(p, -ENETDOWN, now);
		end_handshakes(nc, now);
	}
	alive = things_alive(nc);
	if (alive > 0)
		return alive;
	TAILQ_REMOVE(&nc->sc->nis, nc, link);
	nc->attached = false;
	ni->lnd_cpt_data[nc->sc->index] = NULL;
	return 0;
}

/* A NID without an IP address has no home of its own; it cannot be reached either. */
unsigned int
socklnd_home(const struct lnet_ni *ni, const struct lnet_nid *peer)
{
	const struct socklnd_ni *sni = ni->lnd_data;
	const struct socklnd *s = sni->cpts[0].sc->s;
	const struct ipaddr *local;
	struct ipaddr remote;

	if (s->env.n_workers == 1 || lnet_nid_to_ip(peer, &remote) < 0)
		return 0;
	local = socklnd_local_addr(sni, &remote);
	if (local == NULL)
		return 0;
	return s->env.home(s->env.arg, local, &remote);
}

static void
peer_down(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *nid, uint64_t now)
{
	struct socklnd_ni_cpt *nc = ni->lnd_cpt_data[lnet_cpt_lcore(cpt)->index];
	struct socklnd_peer *p;

	/* several when user-space peers share the address */
	while (nc != NULL && (p = socklnd_peer_find_busy(nc, nid)) != NULL) {
		socklnd_peer_hold(p);
		socklnd_dial_cancel(p, now);
		socklnd_peer_fail_waiting(p, -EHOSTUNREACH, LNET_HEALTH_REMOTE_ERROR, now);
		socklnd_conns_close(p, NULL, 0, now);
		socklnd_peer_release(p, now);
	}
}

static void
show(const struct lnet_ni *ni, struct tel_out *out)
{
	tel_int(out, "conns_per_peer", ni->tun.conns_per_peer);
	tel_int(out, "timeout", ni->tun.timeout);
	tel_int(out, "tos", ni->tun.tos);
}

const struct lnet_lnd_ops socklnd_ops = {
	.name = "tcp",
	.type = LNET_TYPE_TCP,
	.large_nids = true,
	.ni_start = ni_start,
	.ni_stop = ni_stop,
	.attach = attach,
	.detach = detach,
	.home = socklnd_home,
	.send = socklnd_send,
	.recv = socklnd_recv,
	.peer_down = peer_down,
	.show = show,
};
