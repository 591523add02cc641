/* SPDX-License-Identifier: BSD-3-Clause */
/* Local network interfaces: made, attached, aged and taken away by the control thread. */
#include "lnet/ni.h"

#include "lnet/base/check.h"
#include "lnet/base/lcore.h"
#include "lnet/forward.h"
#include "lnet/lnet_priv.h"
#include "lnet/md.h"
#include "lnet/ping_info.h"
#include "lnet/send.h"

#define LOG_TYPE LOG_T_LNET
#include "lnet/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- any thread --- */

struct ni_cpt *
ni_cpt(const struct lnet_ni *ni, const struct lnet_cpt *cpt)
{
	return &ni->state->cpts[cpt->index];
}

int
ni_peer_rtr_credits(const struct lnet_ni *ni)
{
	if (ni->tun.peer_buffer_credits > 0)
		return ni->tun.peer_buffer_credits;
	if (ni->lnet->params.peer_buffer_credits > 0)
		return ni->lnet->params.peer_buffer_credits;
	return ni->tun.peer_credits;
}

bool
ni_is_fatal(const struct lnet_ni *ni)
{
	return atomic_load_explicit(&ni->state->is_fatal, memory_order_relaxed);
}

bool
ni_is_closing(const struct lnet_ni *ni)
{
	return atomic_load_explicit(&ni->state->is_closing, memory_order_relaxed);
}

bool
ni_shows_up(const struct lnet_ni *ni)
{
	return !ni_is_fatal(ni) && atomic_load_explicit(&ni->state->is_up, memory_order_relaxed);
}

struct lnet_ni *
lnet_ni_find(struct lnet_cpt *cpt, const struct lnet_nid *nid)
{
	const struct lnet_conf *conf = cpt_conf(cpt);

	return conf != NULL ? conf_ni(conf, nid) : NULL;
}

/* --- control: making --- */

struct lnet_net *
net_find(struct lnet *l, uint32_t net)
{
	struct lnet_net *n;

	TAILQ_FOREACH(n, &l->nets, link)
		if (n->net == net)
			return n;
	return NULL;
}

unsigned int
ni_count(const struct lnet *l)
{
	const struct lnet_ni_state *st;
	unsigned int n = 0;

	TAILQ_FOREACH(st, &l->nis, link)
		n += !ni_is_lo(st->ni);
	return n;
}

static const struct lnet_lnd *
find_lnd(const struct lnet *l, uint32_t net)
{
	unsigned int i;

	for (i = 0; i < l->env.n_lnds; i++)
		if (l->lnds[i].ops->type == net >> 16)
			return &l->lnds[i];
	return NULL;
}

static bool
index_used(const struct ni_list *list, unsigned int index)
{
	const struct lnet_ni_state *st;

	TAILQ_FOREACH(st, list, link)
		if (st->ni->index == index)
			return true;
	return false;
}

static unsigned int
free_index(const struct lnet *l)
{
	unsigned int i = 0;

	while (index_used(&l->nis, i) || index_used(&l->retiring, i))
		i++;
	return i;
}

static void
free_ni(struct lnet_ni *ni)
{
	if (ni->state != NULL)
		free(ni->state->cpts);
	free(ni->state);
	free(ni);
}

static struct lnet_ni *
alloc_ni(struct lnet *l, const struct lnet_net_conf *conf, const struct lnet_lnd *lnd)
{
	size_t size = l->n_cpts * sizeof(struct ni_cpt);
	struct lnet_ni *ni = calloc(1, sizeof(*ni));

	if (ni == NULL)
		return NULL;
	ni->state = calloc(1, sizeof(*ni->state));
	if (ni->state != NULL)
		ni->state->cpts = aligned_alloc(64, size);
	if (ni->state == NULL || ni->state->cpts == NULL) {
		free_ni(ni);
		return NULL;
	}
	memset(ni->state->cpts, 0, size);
	ni->state->ni = ni;
	atomic_init(&ni->state->is_up, true);
	ni->lnet = l;
	ni->lnd = lnd;
	ni->net = conf->net;
	ni->index = free_index(l);
	snprintf(ni->ifname, sizeof(ni->ifname), "%s", conf->ifname);
	ni->incarnation = lnet_unique_time(l);
	ni->tun = conf->tun;
	return ni;
}

/* The first NI of a net fixes what the net's NIs have in common (spec 13). */
static void
share_tunables(struct lnet *l, struct lnet_ni *ni)
{
	const struct lnet_ni_state *st;

	TAILQ_FOREACH(st, &l->nis, link) {
		const struct lnet_ni_tunables *t = &st->ni->tun;

		if (st->ni->net != ni->net)
			continue;
		if (ni->tun.credits != -1 || ni->tun.peer_credits != -1)
			LOG(WARNING, "All tunables of NIs of a net should be the same");
		ni->tun.peer_timeout = t->peer_timeout;
		ni->tun.peer_credits = t->peer_credits;
		ni->tun.peer_buffer_credits = t->peer_buffer_credits;
		ni->tun.credits = t->credits;
		return;
	}
}

/* 5.4: the NI's credits over the CPTs. */
static int
credits_per_cpt(const struct lnet *l, const struct lnet_ni *ni)
{
	int n = ni->tun.credits / (int)l->n_cpts, least = 8 * ni->tun.peer_credits;

	if (l->n_cpts == 1)
		return ni->tun.credits;
	n = n < least ? least : n;
	return n > ni->tun.credits ? ni->tun.credits : n;
}

static void
init_cpts(struct lnet *l, struct lnet_ni *ni)
{
	struct ni_cpt *nc;
	unsigned int i;

	for (i = 0; i < l->n_cpts; i++) {
		nc = &ni->state->cpts[i];
		nc->tx_credits = nc->tx_min = nc->tx_max = credits_per_cpt(l, ni);
		TAILQ_INIT(&nc->tx_q);
		LIST_INIT(&nc->peers);
	}
}

static bool
is_known(const struct ni_list *list, const struct lnet_ni *ni)
{
	const struct lnet_ni_state *st;

	TAILQ_FOREACH(st, list, link)
		if (st->ni != ni && lnet_nid_equal(&st->ni->nid, &ni->nid))
			return true;
	return false;
}

/* What the LND left open, and what makes no sense. */
static int
check_started(struct lnet *l, const struct lnet_ni *ni)
{
	if (is_known(&l->nis, ni))
		return -EEXIST;
	if (is_known(&l->retiring, ni))
		return -EBUSY;
	if (ni_is_lo(ni))
		return 0;
	return ni->tun.credits > 0 && ni->tun.peer_credits > 0 ? 0 : -EINVAL;
}

static int
attach_here(struct lnet_cpt *cpt, void *arg, uint64_t now)
{
	struct lnet_ni *ni = arg;

	return ni->lnd->ops->attach(cpt, ni, now);
}

static int
attach(struct lnet *l, struct lnet_ni *ni)
{
	unsigned int i;
	int rc;

	for (i = 0; i < l->n_cpts; i++) {
		rc = cpt_call(l->cpts[i], attach_here, ni);
		if (rc < 0)
			return rc;
		ni->state->n_attached = i + 1;
	}
	return 0;
}

static struct lnet_net *
join_net(struct lnet *l, struct lnet_ni *ni, uint64_t now)
{
	struct lnet_net *net = net_find(l, ni->net);

	if (net == NULL) {
		net = calloc(1, sizeof(*net));
		if (net == NULL)
			return NULL;
		net->net = ni->net;
		/* the clock starts at the creation of the net (6.6) */
		atomic_init(&net->last_ping, now);
		TAILQ_INSERT_TAIL(&l->nets, net, link);
	}
	net->n_nis++;
	net->refs++;
	ni->state->net = net;
	return net;
}

static void
log_removed(const struct lnet_ni *ni)
{
	char nid[LNET_NID_STR_MAX];

	/* one that never came up was never told as added */
	if (!ni_is_lo(ni) && ni->state->net != NULL)
		LOG(NOTICE, "Removed LNI %s", lnet_nid_format(&ni->nid, nid));
}

static void
log_added(const struct lnet_ni *ni)
{
	char nid[LNET_NID_STR_MAX];

	if (!ni_is_lo(ni))
		LOG(NOTICE, "Added LNI %s [%d/%d/%d/%d]", lnet_nid_format(&ni->nid, nid),
		    ni->tun.peer_credits, ni->tun.credits, ni->tun.peer_buffer_credits,
		    ni->tun.peer_timeout);
}

/* No peer can have more sends under way than the interface. */
static void
limit_peer_credits(struct lnet_ni *ni)
{
	if (ni->tun.peer_credits > ni->tun.credits && !ni_is_lo(ni))
		ni->tun.peer_credits = ni->tun.credits;
}

/* All that may fail of an NI that exists already. */
static int
bring_up(struct lnet *l, struct lnet_ni *ni, uint64_t now, char *why, unsigned int why_size)
{
	int rc;

	share_tunables(l, ni);
	rc = ni->lnd->ops->ni_start(ni->lnd->ctx, ni, why, why_size);
	if (rc < 0)
		return rc;
	ni->state->is_started = true;
	limit_peer_credits(ni);
	rc = check_started(l, ni);
	if (rc < 0)
		return lnet_why(why, why_size, rc, strerror(-rc));
	init_cpts(l, ni);
	rc = attach(l, ni);
	if (rc < 0)
		return lnet_why(why, why_size, rc, "a worker cannot take the interface");
	if (join_net(l, ni, now) == NULL)
		return lnet_why(why, why_size, -ENOMEM, "out of memory");
	return 0;
}

int
ni_add(struct lnet *l, const struct lnet_net_conf *conf, uint64_t now, struct lnet_ni **nip,
       char *why, unsigned int why_size)
{
	const struct lnet_lnd *lnd = find_lnd(l, conf->net);
	struct lnet_ni *ni;
	int rc;

	if (lnd == NULL)
		return lnet_why(why, why_size, -EINVAL, "LND type not supported");
	ni = alloc_ni(l, conf, lnd);
	if (ni == NULL)
		return lnet_why(why, why_size, -ENOMEM, "out of memory");
	rc = bring_up(l, ni, now, why, why_size);
	if (rc < 0) {
		/* peers may have connected to the workers where it was attached: that takes time */
		atomic_store(&ni->state->is_closing, true);
		TAILQ_INSERT_TAIL(&l->retiring, ni->state, link);
		return rc;
	}
	TAILQ_INSERT_TAIL(&l->nis, ni->state, link);
	log_added(ni);
	*nip = ni;
	return 0;
}

/* --- control: taking away --- */

void
ni_retire(struct lnet *l, struct lnet_ni *ni)
{
	struct lnet_net *net = ni->state->net;

	atomic_store(&ni->state->is_closing, true);
	/* the last one: from the next snapshot on the net is not local any more */
	if (--net->n_nis == 0)
		TAILQ_REMOVE(&l->nets, net, link);
	TAILQ_REMOVE(&l->nis, ni->state, link);
	TAILQ_INSERT_TAIL(&l->retiring, ni->state, link);
}

void
ni_unretire(struct lnet *l, struct lnet_ni *ni)
{
	struct lnet_net *net = ni->state->net;

	TAILQ_REMOVE(&l->retiring, ni->state, link);
	TAILQ_INSERT_TAIL(&l->nis, ni->state, link);
	if (net->n_nis++ == 0)
		TAILQ_INSERT_TAIL(&l->nets, net, link);
	atomic_store(&ni->state->is_closing, false);
}

/* What waits is failed or discarded here; what the LND has comes back by detach(). Return: things that still live. */
static int
drain_here(struct lnet_cpt *cpt, void *arg, uint64_t now)
{
	struct lnet_ni *ni = arg;
	unsigned int alive;

	md_cancel(cpt, ni, -ESHUTDOWN, now);
	send_cancel_ni(cpt, ni, now);
	if (cpt->stats.msgs_alloc > 0)
		forward_cancel(cpt, ni, now);
	alive = ni->lnd->ops->detach(cpt, ni, now);
	return (int)(alive + ni_cpt(ni, cpt)->msgs);
}

static int
forget_here(struct lnet_cpt *cpt, void *arg, uint64_t)
{
	struct lnet_ni *ni = arg;
	struct ni_cpt *nc = ni_cpt(ni, cpt);
	unsigned int missing = peer_forget_ni(cpt, ni);

	if (nc->tx_credits != nc->tx_max) {
		LOG(ERR, "interface %s: %d of %d credits are back on CPT %u", ni->ifname,
		    nc->tx_credits, nc->tx_max, cpt->index);
		missing++;
	}
	return (int)missing;
}

static void
leave_net(struct lnet_ni *ni)
{
	struct lnet_net *net = ni->state->net;

	if (net != NULL && --net->refs == 0)
		free(net);
}

static bool
drain(struct lnet *l, struct lnet_ni *ni)
{
	struct lnet_ni_state *st = ni->state;
	unsigned int i, alive = 0;

	for (i = 0; i < st->n_attached; i++)
		alive += (unsigned int)cpt_call(l->cpts[i], drain_here, ni);
	/* a message that is between two workers is counted where it is at home, and each worker was asked */
	if (alive > 0)
		return false;
	for (i = 0; i < st->n_attached; i++)
		l->leaks += (unsigned int)cpt_call(l->cpts[i], forget_here, ni);
	if (st->is_started)
		ni->lnd->ops->ni_stop(ni->lnd->ctx, ni);
	log_removed(ni);
	leave_net(ni);
	TAILQ_REMOVE(&l->retiring, st, link);
	free_ni(ni);
	return true;
}

static unsigned int
drain_all(struct lnet *l)
{
	struct lnet_ni_state *st, *next;
	unsigned int left = 0;

	for (st = TAILQ_FIRST(&l->retiring); st != NULL; st = next) {
		next = TAILQ_NEXT(st, link);
		left += !drain(l, st->ni);
	}
	return left;
}

unsigned int
ni_drain(struct lnet *l, uint64_t)
{
	unsigned int left = drain_all(l), before;

	/* the end of one may have ended the messages that another waited for */
	do {
		before = left;
		left = left > 0 ? drain_all(l) : 0;
	} while (left < before);
	return left;
}

/* --- control: status --- */

static void
set_status(struct lnet_ni *ni, bool up)
{
	char nid[LNET_NID_STR_MAX];

	if (atomic_exchange(&ni->state->is_up, up) != up)
		LOG(NOTICE, "interface %s is advertised %s", lnet_nid_format(&ni->nid, nid),
		    up ? "up" : "down");
}

void
ni_age(struct lnet *l, uint64_t limit, uint64_t now)
{
	struct lnet_ni_state *st;
	uint64_t last;

	TAILQ_FOREACH(st, &l->nis, link) {
		last = atomic_load_explicit(&st->net->last_ping, memory_order_relaxed);
		if (ni_is_lo(st->ni))
			continue;
		/* a worker's clock may be a little ahead */
		if (last < now && now - last > limit)
			set_status(st->ni, false);
		else if (ni_is_fatal(st->ni))
			set_status(st->ni, false);
	}
}

void
lnet_ni_set_fatal(struct lnet_ni *ni, bool fatal, uint64_t)
{
	if (atomic_exchange(&ni->state->is_fatal, fatal) == fatal)
		return;
	LOG(NOTICE, "interface %s: link %s", ni->ifname, fatal ? "down" : "up");
	if (!fatal)
		set_status(ni, true);
}

struct lnet_ni *
lnet_ni_at(struct lnet *l, unsigned int i)
{
	struct lnet_ni_state *st;

	TAILQ_FOREACH(st, &l->nis, link)
		if (i-- == 0)
			return st->ni;
	return NULL;
}
