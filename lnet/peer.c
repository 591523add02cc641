/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of peer NIs of one worker. */
#include "lnet/peer.h"

#include "lnet/base/check.h"
#include "lnet/base/lcore.h"
#include "lnet/cpt.h"
#include "lnet/hop.h"
#include "lnet/lnet_priv.h"
#include "lnet/ni.h"

#define LOG_TYPE LOG_T_LNET
#include "lnet/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVICT_LOOK 32 /* peers looked at to find one that may go */
#define EVICT_SILENT (60 * NSEC) /* for how long nobody may have asked for it */
#define EVICT_STRANGER \
	NSEC /* the same for one that was never heard from: a peer can name any number of them */

int
peer_table_init(struct peer_table *t, unsigned int size)
{
	unsigned int i;

	*t = (struct peer_table){.size = size, .n_buckets = 1};
	while (t->n_buckets < size)
		t->n_buckets *= 2;
	t->all = calloc(size, sizeof(*t->all));
	t->buckets = calloc(t->n_buckets, sizeof(*t->buckets));
	if (t->all == NULL || t->buckets == NULL) {
		peer_table_fini(t);
		return -ENOMEM;
	}
	for (i = size; i-- > 0;)
		LIST_INSERT_HEAD(&t->free, &t->all[i], hash_link);
	return 0;
}

void
peer_table_fini(struct peer_table *t)
{
	free(t->all);
	free(t->buckets);
	*t = (struct peer_table){0};
}

static struct peer_list *
bucket_of(struct peer_table *t, const struct lnet_ni *ni, const struct lnet_nid *nid)
{
	return &t->buckets[(lnet_nid_hash(nid) + ni->index) & (t->n_buckets - 1)];
}

struct peer *
peer_find(struct lnet_cpt *cpt, const struct lnet_ni *ni, const struct lnet_nid *nid)
{
	struct peer *p;

	LIST_FOREACH(p, bucket_of(&cpt->peers, ni, nid), hash_link)
		if (p->ni == ni && lnet_nid_equal(&p->nid, nid))
			return p;
	return NULL;
}

struct peer *
peer_slot(struct peer_table *t, unsigned int i)
{
	return t->all[i].ni != NULL ? &t->all[i] : NULL;
}

static unsigned int
credits_missing(const struct peer *p)
{
	unsigned int n = 0;
	char nid[LNET_NID_STR_MAX];

	if (p->tx_credits != p->tx_max)
		n++;
	if (p->rtr_credits != p->rtr_max)
		n++;
	if (n > 0)
		LOG(ERR, "peer %s: %d of %d credits and %d of %d router credits are back",
		    lnet_nid_format(&p->nid, nid), p->tx_credits, p->tx_max, p->rtr_credits,
		    p->rtr_max);
	return n;
}

static unsigned int
forget(struct lnet_cpt *cpt, struct peer *p)
{
	struct peer_table *t = &cpt->peers;
	unsigned int missing = credits_missing(p);

	CHECK(p->refs == 0 && p->pending == 0);
	CHECK(TAILQ_EMPTY(&p->tx_q) && TAILQ_EMPTY(&p->rtr_q));
	hop_forget(p);
	timer_disarm(&cpt->lc->wheel, &p->timer);
	LIST_REMOVE(p, hash_link);
	LIST_REMOVE(p, ni_link);
	p->ni = NULL;
	LIST_INSERT_HEAD(&t->free, p, hash_link);
	t->used--;
	return missing;
}

static bool
may_go(struct peer *p, uint64_t now)
{
	uint64_t silent = p->last_alive == 0 ? EVICT_STRANGER : EVICT_SILENT;

	if (p->refs > 0 || p->pending > 0 || p->is_probing || p->last_used + silent >= now)
		return false;
	return !stall_is_stopped(&p->stall) || !hop_is_wanted(p, now);
}

/* A clock hand: whoever is looked at and stays is not looked at again for a whole turn. */
static bool
evict(struct lnet_cpt *cpt, uint64_t now)
{
	struct peer_table *t = &cpt->peers;
	unsigned int i;
	struct peer *p;

	for (i = 0; i < EVICT_LOOK && i < t->size; i++) {
		p = peer_slot(t, t->hand++ % t->size);
		if (p != NULL && may_go(p, now)) {
			forget(cpt, p);
			return true;
		}
	}
	return false;
}

struct peer *
peer_get(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *nid, uint64_t now)
{
	struct peer_table *t = &cpt->peers;
	struct peer *p = peer_find(cpt, ni, nid);

	if (p != NULL) {
		p->last_used = now;
		return p;
	}
	if (LIST_EMPTY(&t->free) && !evict(cpt, now))
		return NULL;
	p = LIST_FIRST(&t->free);
	LIST_REMOVE(p, hash_link);
	*p = (struct peer){
		.cpt = cpt,
		.ni = ni,
		.nid = *nid,
		.is_up = true,
		.last_used = now,
	};
	p->tx_credits = p->tx_min = p->tx_max = ni->tun.peer_credits;
	p->rtr_credits = p->rtr_min = p->rtr_max = ni_peer_rtr_credits(ni);
	TAILQ_INIT(&p->tx_q);
	TAILQ_INIT(&p->rtr_q);
	hop_init(p);
	LIST_INSERT_HEAD(bucket_of(t, ni, nid), p, hash_link);
	LIST_INSERT_HEAD(&ni_cpt(ni, cpt)->peers, p, ni_link);
	t->used++;
	return p;
}

unsigned int
peer_forget_ni(struct lnet_cpt *cpt, struct lnet_ni *ni)
{
	struct peer_list *list = &ni_cpt(ni, cpt)->peers;
	unsigned int missing = 0;

	while (!LIST_EMPTY(list))
		missing += forget(cpt, LIST_FIRST(list));
	return missing;
}
