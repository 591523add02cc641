/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory descriptors: cookies, lookup by handle, response timers. */
#include "lnet/md.h"

#include "lnet/base/bytes.h"
#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"
#include "lnet/cpt.h"
#include "lnet/hop.h"
#include "lnet/lnet_priv.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define KIND_MD 1
#define KIND_BITS 2
#define CPT_BITS_MAX 8

/* ceil(log2(n)) */
static unsigned int
cpt_bits(unsigned int n_cpts)
{
	unsigned int bits = 0;

	while (bits < CPT_BITS_MAX && 1u << bits < n_cpts)
		bits++;
	return bits;
}

static uint64_t
make_cookie(const struct lnet_cpt *cpt, uint64_t counter)
{
	unsigned int bits = cpt_bits(cpt->lnet->n_cpts);

	return (counter << bits | cpt->index) << KIND_BITS | KIND_MD;
}

static struct md *
slot_of(struct lnet_cpt *cpt, uint64_t cookie)
{
	uint64_t counter = cookie >> (KIND_BITS + cpt_bits(cpt->lnet->n_cpts));

	return &cpt->mds.all[counter & (MD_MAX - 1)];
}

static void
on_timer(struct timer *t, uint64_t now)
{
	struct md *md = (struct md *)((char *)t - offsetof(struct md, timer));

	counter_add(&md->cpt->stats.response_timeouts, 1);
	md_complete(md, -ETIMEDOUT, NULL, 0, now);
}

int
md_table_init(struct lnet_cpt *cpt)
{
	unsigned int i;

	cpt->mds = (struct md_table){.all = calloc(MD_MAX, sizeof(struct md))};
	if (cpt->mds.all == NULL)
		return -ENOMEM;
	for (i = 0; i < MD_MAX; i++) {
		cpt->mds.all[i].cpt = cpt;
		cpt->mds.all[i].timer.fire = on_timer;
	}
	return 0;
}

void
md_table_fini(struct lnet_cpt *cpt)
{
	free(cpt->mds.all);
}

struct md *
md_new(struct lnet_cpt *cpt)
{
	struct md_table *t = &cpt->mds;
	uint64_t cookie;

	if (t->used == MD_MAX)
		return NULL;
	/* cookies are never used again; one whose slot is taken is left out */
	do {
		cookie = make_cookie(cpt, t->counter++);
	} while (slot_of(cpt, cookie)->cookie != 0);
	slot_of(cpt, cookie)->cookie = cookie;
	t->used++;
	return slot_of(cpt, cookie);
}

void
md_start(struct md *md, uint64_t deadline, uint64_t now)
{
	md->started = now;
	counter_add(&md->cpt->stats.ops, 1);
	timer_arm(&md->cpt->lc->wheel, &md->timer, deadline);
}

void
md_free(struct md *md)
{
	md->cookie = 0;
	md->cpt->mds.used--;
}

struct lnet_handle
md_handle(uint64_t if_cookie, const struct md *md)
{
	struct lnet_handle h = {0};

	put_le64(h.bytes, if_cookie);
	put_le64(h.bytes + 8, md->cookie);
	return h;
}

int
md_owner(const struct lnet_handle *h, uint64_t if_cookie, unsigned int n_cpts)
{
	uint64_t cookie = get_le64(h->bytes + 8), cpt;

	if (get_le64(h->bytes) != if_cookie || (cookie & ((1 << KIND_BITS) - 1)) != KIND_MD)
		return -1;
	cpt = cookie >> KIND_BITS & ((1u << cpt_bits(n_cpts)) - 1);
	return (int)(cpt % n_cpts);
}

struct md *
md_find_cookie(struct lnet_cpt *cpt, uint64_t cookie)
{
	struct md *md = slot_of(cpt, cookie);

	return cookie != 0 && md->cookie == cookie ? md : NULL;
}

struct md *
md_find(struct lnet_cpt *cpt, const struct lnet_handle *h, enum lnet_msg_type type)
{
	struct md *md = md_find_cookie(cpt, get_le64(h->bytes + 8));

	return md != NULL && md->type == type ? md : NULL;
}

static void
count_answer(const struct md *md, uint64_t rtt)
{
	enum latency_kind kind = md->type == LNET_GET ? LATENCY_GET_RTT : LATENCY_PUT_ACK;
	struct peer *p = peer_find(md->cpt, md->ni, &md->next_hop);

	latency_add(&ni_cpt(md->ni, md->cpt)->traffic.latency[kind], rtt);
	if (p != NULL)
		latency_add(&p->traffic.latency[kind], rtt);
}

void
md_complete(struct md *md, int rc, const struct buf *payload, uint32_t mlength, uint64_t now)
{
	struct lnet_cpt *cpt = md->cpt;
	struct md_event ev = {
		.rc = rc,
		.payload = payload,
		.mlength = mlength,
		.rtt = now - md->started,
	};
	md_done_fn done = md->done;
	void *user = md->user;

	timer_disarm(&cpt->lc->wheel, &md->timer);
	counter_add(&cpt->stats.ops, UINT64_MAX);
	if (rc == 0)
		count_answer(md, ev.rtt);
	md_free(md);
	done(cpt, user, &ev, now);
}

void
md_cancel(struct lnet_cpt *cpt, const struct lnet_ni *ni, int rc, uint64_t now)
{
	struct md *md;
	unsigned int i;

	for (i = 0; i < MD_MAX; i++) {
		md = &cpt->mds.all[i];
		if (md->cookie != 0 && (ni == NULL || md->ni == ni))
			md_complete(md, rc, NULL, 0, now);
	}
}
