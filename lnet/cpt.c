/* SPDX-License-Identifier: BSD-3-Clause */
/* LNet's part of a worker: made and taken away by the control thread. */
#include "lnet/cpt.h"

#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"
#include "lnet/base/pool.h"
#include "lnet/lnet_priv.h"
#include "lnet/msg.h"
#include "lnet/ni.h"
#include "lnet/params.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int
cpt_create(struct lnet *l, unsigned int index, struct lnet_cpt **cptp)
{
	struct lnet_cpt *cpt = aligned_alloc(64, (sizeof(*cpt) + 63) / 64 * 64);
	char name[26];
	int rc;

	if (cpt == NULL)
		return -ENOMEM;
	*cpt = (struct lnet_cpt){.lnet = l, .lc = l->env.lcores[index], .index = index};
	TAILQ_INIT(&cpt->ready);
	TAILQ_INIT(&cpt->done);
	rtrbuf_init(cpt->bufs);
	/* several nodes may live in one process: the address makes the name unique */
	snprintf(name, sizeof(name), "m%u_%" PRIxPTR, index, (uintptr_t)l);
	rc = pool_create(name, params_pool_size(&l->params, l->n_cpts), sizeof(struct msg_object),
			 cpt->lc->socket, &cpt->msgs);
	if (rc < 0)
		goto err_free;
	rc = peer_table_init(&cpt->peers, (unsigned int)l->params.max_peers);
	if (rc < 0)
		goto err_pool;
	rc = md_table_init(cpt);
	if (rc < 0)
		goto err_peers;
	*cptp = cpt;
	return 0;

err_peers:
	peer_table_fini(&cpt->peers);
err_pool:
	pool_destroy(cpt->msgs);
err_free:
	free(cpt);
	return rc;
}

void
cpt_destroy(struct lnet_cpt *cpt)
{
	md_table_fini(cpt);
	peer_table_fini(&cpt->peers);
	pool_destroy(cpt->msgs);
	free(cpt);
}

const struct lnet_conf *
cpt_conf(const struct lnet_cpt *cpt)
{
	return snapshot_read(&cpt->lnet->conf);
}

struct lcore *
lnet_cpt_lcore(struct lnet_cpt *cpt)
{
	return cpt->lc;
}

struct lnet_cpt *
lnet_cpt_of(struct lnet *l, unsigned int worker)
{
	return l->cpts[worker];
}

struct trampoline {
	struct lnet_cpt *cpt;
	int (*fn)(struct lnet_cpt *cpt, void *arg, uint64_t now);
	void *arg;
};

static int
on_lcore(struct lcore *, void *arg, uint64_t now)
{
	struct trampoline *t = arg;

	return t->fn(t->cpt, t->arg, now);
}

int
cpt_call(struct lnet_cpt *cpt, int (*fn)(struct lnet_cpt *cpt, void *arg, uint64_t now), void *arg)
{
	struct trampoline t = {cpt, fn, arg};

	return lcore_call(cpt->lc, on_lcore, &t);
}

int
cpt_call_all(struct lnet *l, int (*fn)(struct lnet_cpt *cpt, void *arg, uint64_t now), void *arg)
{
	unsigned int i;
	int rc, sum = 0;

	for (i = 0; i < l->n_cpts; i++) {
		rc = cpt_call(l->cpts[i], fn, arg);
		if (rc < 0)
			return rc;
		sum += rc;
	}
	return sum;
}

void
cpt_drop(struct lnet_cpt *cpt, enum lnet_drop reason)
{
	counter_add(&cpt->stats.drop[reason], 1);
}

void
cpt_drop_counted(struct lnet_cpt *cpt, enum lnet_drop reason, struct lnet_ni *ni,
		 const struct lnet_hdr *hdr)
{
	cpt_drop(cpt, reason);
	counter_add(&cpt->stats.drop_count, 1);
	counter_add(&cpt->stats.drop_length, hdr->payload_len);
	if (ni != NULL)
		counter_add(&ni_cpt(ni, cpt)->traffic.drop[hdr->type], 1);
}
