/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's snapshot: built and replaced by the control thread, read by all. */
#include "lnet/conf.h"

#include "lnet/lnet_priv.h"

#include <errno.h>
#include <stdlib.h>

static int
by_net(const void *a, const void *b)
{
	const struct route *const *ra = a, *const *rb = b;

	if ((*ra)->net == (*rb)->net)
		return 0;
	return (*ra)->net < (*rb)->net ? -1 : 1;
}

static void
count(const struct lnet *l, struct lnet_conf *conf)
{
	const struct lnet_ni_state *ni;
	const struct lnet_net *net;
	const struct gateway *gw;
	const struct route *r;

	TAILQ_FOREACH(ni, &l->nis, link)
		conf->n_nis++;
	TAILQ_FOREACH(net, &l->nets, link)
		conf->n_nets++;
	TAILQ_FOREACH(r, &l->routes, link)
		conf->n_routes++;
	TAILQ_FOREACH(gw, &l->gateways, link)
		conf->n_gateways++;
}

static void
fill(struct lnet *l, struct lnet_conf *conf)
{
	unsigned int i = 0, n = 0;
	struct lnet_ni_state *ni;
	struct gateway *gw;
	struct lnet_net *net;
	struct route *r;

	TAILQ_FOREACH(net, &l->nets, link) {
		struct conf_net *cn = &conf->nets[n++];

		*cn = (struct conf_net){.net = net->net, .first = i, .state = net};
		TAILQ_FOREACH(ni, &l->nis, link) {
			if (ni->net != net)
				continue;
			conf->nis[i++] = ni->ni;
			cn->n++;
		}
	}
	i = 0;
	TAILQ_FOREACH(r, &l->routes, link)
		conf->routes[i++] = r;
	if (i > 1)
		qsort(conf->routes, i, sizeof(*conf->routes), by_net);
	i = 0;
	TAILQ_FOREACH(gw, &l->gateways, link)
		conf->gateways[i++] = gw;
}

struct lnet_conf *
conf_build(struct lnet *l)
{
	struct lnet_conf *conf = calloc(1, sizeof(*conf));

	if (conf == NULL)
		return NULL;
	count(l, conf);
	conf->nis = calloc(conf->n_nis + 1, sizeof(*conf->nis));
	conf->nets = calloc(conf->n_nets + 1, sizeof(*conf->nets));
	conf->routes = calloc(conf->n_routes + 1, sizeof(*conf->routes));
	conf->gateways = calloc(conf->n_gateways + 1, sizeof(*conf->gateways));
	if (conf->nis == NULL || conf->nets == NULL || conf->routes == NULL ||
	    conf->gateways == NULL) {
		conf_free(conf);
		return NULL;
	}
	fill(l, conf);
	conf->cookie = l->cookie;
	conf->ping_seq = l->ping_seq;
	conf->routing = l->routing.state;
	conf->drop_asym_route = l->tunables.value[TUNABLE_DROP_ASYM_ROUTE] != 0;
	conf->own_deadline = tunables_deadline(&l->tunables);
	return conf;
}

void
conf_free(struct lnet_conf *conf)
{
	if (conf == NULL)
		return;
	free(conf->nis);
	free(conf->nets);
	free(conf->routes);
	free(conf->gateways);
	free(conf);
}

int
conf_publish(struct lnet *l)
{
	struct lnet_conf *next = conf_build(l);

	if (next == NULL)
		return -ENOMEM;
	conf_free(snapshot_publish(&l->conf, l->env.quiesce, next));
	return 0;
}

void
conf_withdraw(struct lnet *l)
{
	conf_free(snapshot_publish(&l->conf, l->env.quiesce, NULL));
}

const struct conf_net *
conf_net(const struct lnet_conf *conf, uint32_t net)
{
	unsigned int i;

	for (i = 0; i < conf->n_nets; i++)
		if (conf->nets[i].net == net)
			return &conf->nets[i];
	return NULL;
}

struct lnet_ni *
conf_ni(const struct lnet_conf *conf, const struct lnet_nid *nid)
{
	unsigned int i;

	for (i = 0; i < conf->n_nis; i++)
		if (lnet_nid_equal(&conf->nis[i]->nid, nid))
			return conf->nis[i];
	return NULL;
}
