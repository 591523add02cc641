/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pings. The operation runs on a worker and leaves its result in the request, which the control thread finds: an
 * event only wakes it earlier, so a full event queue delays an answer and loses none.
 */
#include "lnet/ping.h"

#include "lnet/base/event.h"
#include "lnet/base/lcore.h"
#include "lnet/hop.h"
#include "lnet/lnet_priv.h"
#include "lnet/local.h"
#include "lnet/op.h"
#include "lnet/ping_info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_TIMEOUT (10 * NSEC)

/* --- on the worker --- */

static void
probe_done(struct lnet_cpt *, void *user, const struct md_event *, uint64_t)
{
	hop_probe_over(user);
}

int
ping_probe(struct lnet_cpt *cpt, struct peer *p, uint64_t now)
{
	const struct op op = {
		.type = LNET_GET,
		.hop = {.ni = p->ni, .nid = p->nid},
		.dst = p->nid,
		.dst_pid = LNET_PID,
		.portal = LOCAL_PORTAL,
		.match_bits = LOCAL_PING_BITS,
		.len = PING_MIN,
		.deadline = now + PROBE_TIMEOUT,
		.done = probe_done,
		.user = p,
	};

	return op_start(cpt, &op, now);
}

struct ping_op {
	/* const after creation */
	struct lnet *lnet;
	void (*done)(void *ctx, const struct lnet_ping_result *r, uint64_t now);
	void *ctx;
	TAILQ_ENTRY(ping_op) link; /* control */

	/* the worker's until is_over */
	struct op op;
	struct lnet_ping_result result;
	_Atomic bool is_over;
};

static int
read_info(const struct buf *payload, struct lnet_ping_result *r)
{
	uint8_t bytes[PING_SINK];
	struct ping_info info;
	uint32_t len = payload->len < PING_SINK ? payload->len : PING_SINK;

	_Static_assert(sizeof(r->nids) == sizeof(info.nids), "same number of NIDs");
	if (buf_copy_out(payload, 0, bytes, len) < 0 || ping_info_decode(bytes, len, &info) < 0)
		return -EPROTO;
	/* shorter than declared is fine only if we did not want more */
	if (info.is_truncated && len < PING_SINK)
		return -EPROTO;
	r->features = info.features;
	r->pid = info.pid;
	r->n_nids = info.n;
	memcpy(r->nids, info.nids, sizeof(r->nids));
	memcpy(r->status, info.status, sizeof(r->status));
	return 0;
}

static void
wake(void *ctx, const void *, uint64_t now)
{
	ping_reap(ctx, now);
}

static void
ping_done(struct lnet_cpt *cpt, void *user, const struct md_event *ev, uint64_t)
{
	struct ping_op *p = user;
	struct lnet *l = p->lnet;

	p->result.rtt_ns = ev->rtt;
	p->result.rc = ev->rc;
	if (ev->rc == 0)
		p->result.rc = read_info(ev->payload, &p->result);
	else if (ev->rc == -ETIMEDOUT)
		p->result.rc = -EIO; /* control spec 4.8: no answer in time */
	/* release: the result is complete; pairs with ping_reap() */
	atomic_store_explicit(&p->is_over, true, memory_order_release);
	if (cpt->lc->events != NULL)
		event_post(cpt->lc->events, wake, l, NULL, 0);
}

static int
start_here(struct lnet_cpt *cpt, void *arg, uint64_t now)
{
	struct ping_op *p = arg;

	/* the deadline was given as a span; only here it is known from when on */
	p->op.deadline += now;
	return op_start(cpt, &p->op, now);
}

/* --- control --- */

static int
find_way(struct lnet *l, const struct lnet_conf *conf, const struct lnet_nid *nid,
	 const struct lnet_nid *source, struct hop *hop)
{
	const struct lnet_ni *src = NULL;

	if (source != NULL && !lnet_nid_is_any(source)) {
		src = conf_ni(conf, source);
		if (src == NULL)
			return -EINVAL;
	} else {
		/* a NID of our own is pinged by itself; the way is through the LND and back */
		src = conf_ni(conf, nid);
	}
	return route_resolve(conf, nid, src, l->turn++, hop);
}

static int
start(struct lnet *l, struct ping_op *p)
{
	const struct lnet_ni *ni = p->op.hop.ni;
	unsigned int home = ni->lnd->ops->home(ni, &p->op.hop.nid);

	return cpt_call(l->cpts[home], start_here, p);
}

int
lnet_ping(struct lnet *l, const struct lnet_nid *nid, const struct lnet_nid *source,
	  uint64_t timeout_ns,
	  void (*done)(void *ctx, const struct lnet_ping_result *r, uint64_t now), void *ctx,
	  uint64_t)
{
	const struct lnet_conf *conf = snapshot_read(&l->conf);
	struct ping_op *p;
	int rc;

	if (conf == NULL || l->state != LNET_UP)
		return -ESHUTDOWN;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	*p = (struct ping_op){.lnet = l, .done = done, .ctx = ctx};
	p->op = (struct op){
		.type = LNET_GET,
		.dst = *nid,
		.dst_pid = LNET_PID,
		.portal = LOCAL_PORTAL,
		.match_bits = LOCAL_PING_BITS,
		.len = PING_SINK,
		.deadline = timeout_ns,
		.done = ping_done,
		.user = p,
	};
	rc = find_way(l, conf, nid, source, &p->op.hop);
	if (rc == 0)
		rc = start(l, p);
	if (rc < 0) {
		free(p);
		return rc;
	}
	TAILQ_INSERT_TAIL(&l->pings, p, link);
	return 0;
}

void
ping_reap(struct lnet *l, uint64_t now)
{
	struct ping_op *p, *next;

	for (p = TAILQ_FIRST(&l->pings); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		/* acquire: pairs with ping_done() */
		if (!atomic_load_explicit(&p->is_over, memory_order_acquire))
			continue;
		TAILQ_REMOVE(&l->pings, p, link);
		p->done(p->ctx, &p->result, now);
		free(p);
		/* done() may have started or ended others */
		next = TAILQ_FIRST(&l->pings);
	}
}

static int
cancel_here(struct lnet_cpt *cpt, void *, uint64_t now)
{
	md_cancel(cpt, NULL, -ESHUTDOWN, now);
	return 0;
}

void
ping_cancel_all(struct lnet *l, uint64_t now)
{
	cpt_call_all(l, cancel_here, NULL);
	ping_reap(l, now);
}
