/* SPDX-License-Identifier: BSD-3-Clause */
/* Routing on and off, and the router buffers' sizes. */
#include "lnet/routing.h"

#include "lnet/base/counter.h"
#include "lnet/forward.h"
#include "lnet/lnet_priv.h"
#include "lnet/params.h"

#define LOG_TYPE LOG_T_LNET
#include "lnet/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
routing_init(struct routing *r, const struct lnet_params *p)
{
	*r = (struct routing){
		.total = {[LNET_RTR_TINY] = p->tiny_router_buffers,
			  [LNET_RTR_SMALL] = p->small_router_buffers,
			  [LNET_RTR_LARGE] = p->large_router_buffers},
	};
}

unsigned int
routing_interval(const struct lnet *l)
{
	const struct lnet_params *p = &l->params;
	int alive = p->alive_router_check_interval;

	return (unsigned int)((alive > 0 ? alive : 0) + p->router_ping_timeout);
}

/* --- buffers --- */

struct resize {
	unsigned int n[LNET_RTR_CLASSES];
	uint64_t short_by;
};

static int
resize_here(struct lnet_cpt *cpt, void *arg, uint64_t now)
{
	struct resize *r = arg;

	return rtrbuf_resize(cpt, r->n, &r->short_by, now);
}

static int
target_here(struct lnet_cpt *cpt, void *arg, uint64_t)
{
	struct resize *r = arg;
	unsigned int i;

	for (i = 0; i < LNET_RTR_CLASSES; i++)
		r->n[i] = (unsigned int)cpt->bufs[i].target;
	return 0;
}

static void
shares(const struct lnet *l, const int total[LNET_RTR_CLASSES], struct resize *r)
{
	enum lnet_rtr_class c;

	memset(r, 0, sizeof(*r));
	for (c = 0; c < LNET_RTR_CLASSES; c++)
		r->n[c] = params_share(c, total[c], l->n_cpts);
}

/* The pool of messages was sized at the start: each buffer needs one. */
static bool
messages_suffice(const struct lnet *l, const struct resize *r)
{
	unsigned int i, n = PARAMS_LOCAL_MSGS;

	for (i = 0; i < LNET_RTR_CLASSES; i++)
		n += r->n[i];
	return n <= params_pool_size(&l->params, l->n_cpts);
}

/* All CPTs or none. */
static int
resize_all(struct lnet *l, struct resize *next, char *why, unsigned int why_size)
{
	struct resize before[LNET_CPTS_MAX];
	unsigned int i;
	int rc;

	if (!messages_suffice(l, next))
		return lnet_why(why, why_size, -ENOMEM,
				"Out of memory: so many router buffers must be asked for at start");
	for (i = 0; i < l->n_cpts; i++)
		cpt_call(l->cpts[i], target_here, &before[i]);
	for (i = 0; i < l->n_cpts; i++) {
		rc = cpt_call(l->cpts[i], resize_here, next);
		if (rc < 0)
			goto err_undo;
	}
	return 0;

err_undo:
	while (i-- > 0)
		cpt_call(l->cpts[i], resize_here, &before[i]);
	snprintf(why, why_size, "Out of memory: router buffers lack %llu bytes",
		 (unsigned long long)next->short_by);
	return rc;
}

int
routing_set_buffers(struct lnet *l, const int total[LNET_RTR_CLASSES], char *why,
		    unsigned int why_size)
{
	int merged[LNET_RTR_CLASSES];
	struct resize r;
	unsigned int i;
	int rc;

	if (l->routing.state != ROUTING_ENABLED && l->routing.state != ROUTING_STARTING)
		return 0;
	for (i = 0; i < LNET_RTR_CLASSES; i++)
		merged[i] = total[i] < 0 ? l->routing.total[i] : total[i];
	shares(l, merged, &r);
	rc = resize_all(l, &r, why, why_size);
	if (rc == 0)
		memcpy(l->routing.total, merged, sizeof(merged));
	return rc;
}

/* --- the switch --- */

int
routing_enable(struct lnet *l, bool at_once, uint64_t now, char *why, unsigned int why_size)
{
	struct routing *r = &l->routing;
	struct resize size;
	int rc;

	if (r->state == ROUTING_STOPPING)
		return lnet_why(why, why_size, -EBUSY, "Device or resource busy");
	if (r->state != ROUTING_DISABLED)
		return 0;
	shares(l, r->total, &size);
	rc = resize_all(l, &size, why, why_size);
	if (rc < 0)
		return rc;
	r->has_buffers = true;
	r->since = now;
	r->state = at_once ? ROUTING_ENABLED : ROUTING_STARTING;
	if (!at_once)
		LOG(NOTICE, "Message forwarding will be enabled in %us", routing_interval(l));
	return 0;
}

void
routing_disable(struct lnet *l, uint64_t now)
{
	struct routing *r = &l->routing;
	unsigned int s = routing_interval(l);

	if (r->state == ROUTING_DISABLED || r->state == ROUTING_STOPPING)
		return;
	r->state = ROUTING_STOPPING;
	r->since = now;
	LOG(NOTICE, "Message forwarding will stop in %us to %us", s, 3 * s);
}

static int
drop_here(struct lnet_cpt *cpt, void *arg, uint64_t now)
{
	forward_cancel(cpt, NULL, now);
	return resize_here(cpt, arg, now);
}

void
routing_drop_buffers(struct lnet *l)
{
	struct resize none = {0};

	cpt_call_all(l, drop_here, &none);
	l->routing.has_buffers = false;
}

static int
busy_here(struct lnet_cpt *cpt, void *, uint64_t)
{
	return !rtrbuf_is_free(&cpt->bufs[LNET_RTR_TINY]);
}

bool
routing_tick(struct lnet *l, uint64_t now)
{
	struct routing *r = &l->routing;
	uint64_t interval = routing_interval(l) * NSEC, age = now > r->since ? now - r->since : 0;

	if (r->state == ROUTING_STARTING && age > interval) {
		r->state = ROUTING_ENABLED;
		LOG(NOTICE, "Message forwarding enabled");
		return true;
	}
	if (r->state != ROUTING_STOPPING || age <= interval)
		return false;
	if (age <= 3 * interval && cpt_call_all(l, busy_here, NULL) > 0)
		return false;
	r->state = ROUTING_DISABLED;
	LOG(NOTICE, "Message forwarding disabled");
	return true;
}
