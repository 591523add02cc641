/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of the statistics: show, reset, and every drop by its name. Control spec 4.7. */
#include "lnet/lnet_tel.h"

#include <errno.h>
#include <string.h>

static void
sum_all(const struct lnet *l, struct cpt_stats *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < l->n_cpts; i++)
		cpt_stats_merge(s, &l->cpts[i]->stats);
}

static int
stats_show(void *owner, struct kv *, struct tel_req *req, uint64_t)
{
	struct lnet *l = owner;
	struct tel_out *o = tel_out(req);
	struct cpt_stats s;

	if (l->state != LNET_UP)
		return tel_fail(req, -ENETDOWN, "Network is down");
	sum_all(l, &s);
	tel_u64(o, "msgs_alloc", s.msgs_alloc);
	tel_u64(o, "msgs_max", s.msgs_max);
	tel_u64(o, "rst_alloc", s.ops);
	/* nothing is ever sent a second time, and the reference never counts an error */
	tel_u64(o, "errors", 0);
	tel_u64(o, "send_count", s.send_count);
	tel_u64(o, "resend_count", 0);
	tel_u64(o, "response_timeout_count", s.response_timeouts);
	tel_u64(o, "local_interrupt_count", s.health[LNET_HEALTH_LOCAL_INTERRUPT]);
	tel_u64(o, "local_dropped_count", s.health[LNET_HEALTH_LOCAL_DROPPED]);
	tel_u64(o, "local_aborted_count", s.health[LNET_HEALTH_LOCAL_ABORTED]);
	tel_u64(o, "local_no_route_count", s.health[LNET_HEALTH_LOCAL_NO_ROUTE]);
	tel_u64(o, "local_timeout_count", s.health[LNET_HEALTH_LOCAL_TIMEOUT]);
	tel_u64(o, "local_error_count", s.health[LNET_HEALTH_LOCAL_ERROR]);
	tel_u64(o, "remote_dropped_count", s.health[LNET_HEALTH_REMOTE_DROPPED]);
	tel_u64(o, "remote_error_count", s.health[LNET_HEALTH_REMOTE_ERROR]);
	tel_u64(o, "remote_timeout_count", s.health[LNET_HEALTH_REMOTE_TIMEOUT]);
	tel_u64(o, "network_timeout_count", s.health[LNET_HEALTH_NETWORK_TIMEOUT]);
	tel_u64(o, "failed_resends", 0);
	tel_u64(o, "successful_resends", 0);
	tel_u64(o, "recv_count", s.recv_count);
	tel_u64(o, "route_count", s.route_count);
	tel_u64(o, "drop_count", s.drop_count);
	tel_u64(o, "send_length", s.send_length);
	tel_u64(o, "recv_length", s.recv_length);
	tel_u64(o, "route_length", s.route_length);
	tel_u64(o, "drop_length", s.drop_length);
	return 0;
}

/* Message statistics of NIs and peers go too, low-water marks stay. */
static int
reset_here(struct lnet_cpt *cpt, void *arg, uint64_t)
{
	struct lnet *l = arg;
	struct lnet_ni_state *st;
	struct peer *p;

	cpt_stats_reset(&cpt->stats);
	TAILQ_FOREACH(st, &l->nis, link) {
		memset(&st->cpts[cpt->index].traffic, 0, sizeof(struct traffic));
		LIST_FOREACH(p, &st->cpts[cpt->index].peers, ni_link)
			memset(&p->traffic, 0, sizeof(p->traffic));
	}
	return 0;
}

static int
stats_reset(void *owner, struct kv *, struct tel_req *req, uint64_t)
{
	struct lnet *l = owner;

	if (l->state != LNET_UP)
		return tel_fail(req, -ENETDOWN, "Network is down");
	return cpt_call_all(l, reset_here, l);
}

static int
drops(void *owner, struct kv *, struct tel_req *req, uint64_t)
{
	struct cpt_stats s;
	unsigned int i;

	sum_all(owner, &s);
	for (i = 0; i < LNET_DROPS; i++)
		tel_u64(tel_out(req), lnet_drop_desc[i].name, s.drop[i]);
	return 0;
}

const struct tel_cmd stats_tel_cmds[] = {
	{"/lnet/stats/show", stats_show, "message counts and lengths of all CPTs"},
	{"/lnet/stats/reset", stats_reset, "zero all statistics but low-water marks"},
	{"/lnet/drops", drops, "every reason for which a message was dropped or refused"},
};
const unsigned int stats_tel_n_cmds = sizeof(stats_tel_cmds) / sizeof(stats_tel_cmds[0]);
