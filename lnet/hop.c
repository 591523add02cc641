/* SPDX-License-Identifier: BSD-3-Clause */
/* Next hops that are down or stopped: what makes them so, what happens then, what ends it. */
#include "lnet/hop.h"

#include "lnet/base/lcore.h"
#include "lnet/conf.h"
#include "lnet/cpt.h"
#include "lnet/credit.h"
#include "lnet/lnet_priv.h"
#include "lnet/msg.h"
#include "lnet/ni.h"
#include "lnet/ping.h"
#include "lnet/route.h"
#include "lnet/send.h"

#include <errno.h>
#include <stddef.h>

/* A peer that is down is pinged after 1 s, 2 s, ... 32 s; then only when somebody wants to send to it, every 32 s. */
#define PROBE_LEVEL_MAX 6

#define WANTED_FOR \
	(60 * NSEC) /* after the last message for it a stopped peer is pinged for so long */

static void
set_stopped(struct peer *p, bool stopped)
{
	struct lnet *l = p->cpt->lnet;
	struct stopped_set *s = &l->stopped[p->cpt->index];
	uint64_t tag = stopped_tag(l->tag_seed, p->ni, &p->nid);

	if (stopped)
		stopped_add(s, tag);
	else
		stopped_remove(s, tag);
	gateway_set_alive(cpt_conf(p->cpt), &p->nid, !stopped);
}

/* Down, and not given up yet; who was never heard from is not looked for (9.4). */
static bool
is_looked_for(const struct peer *p)
{
	return !p->is_up && p->last_alive != 0 && p->probe_level < PROBE_LEVEL_MAX;
}

static void
arm(struct peer *p)
{
	uint64_t at = stall_deadline(&p->stall, &p->cpt->lnet->stall);

	if (is_looked_for(p) && p->probe_at < at)
		at = p->probe_at;
	if (at != STALL_NEVER)
		timer_arm(&p->cpt->lc->wheel, &p->timer, at);
}

bool
hop_is_wanted(struct peer *p, uint64_t now)
{
	struct lnet *l = p->cpt->lnet;

	/* messages for a stopped peer are discarded where they arrive: it is told by the flag only */
	if (stall_is_stopped(&p->stall) &&
	    stopped_wanted(&l->stopped[p->cpt->index], stopped_tag(l->tag_seed, p->ni, &p->nid)))
		p->last_used = now;
	return now < p->last_used + WANTED_FOR;
}

/* A ping of ours; what its answer means is told by hop_answered(). */
static void
probe(struct peer *p, uint64_t now)
{
	uint64_t used = p->last_used;

	if (p->is_probing || ni_is_closing(p->ni))
		return;
	/* it may be over before the call returns */
	p->is_probing = true;
	if (ping_probe(p->cpt, p, now) < 0)
		p->is_probing = false;
	/* our own looking does not make it wanted */
	p->last_used = used;
}

static bool
waits_for(const struct lnet_msg *msg, const struct peer *p)
{
	return msg->state->tx_peer == p;
}

/* What waits in the core is failed here; what the LND has, by closing its connections: only that frees the memory below it. */
static void
fail_waiting(struct peer *p, uint64_t now)
{
	struct lnet_msg_queue *ni_q = &ni_cpt(p->ni, p->cpt)->tx_q;
	struct lnet_msg *msg, *next;

	while ((msg = TAILQ_FIRST(&p->tx_q)) != NULL) {
		credit_unqueue(p->cpt, msg);
		send_fail(p->cpt, msg, -EHOSTUNREACH, LNET_DROP_STALLED, now);
	}
	for (msg = TAILQ_FIRST(ni_q); msg != NULL; msg = next) {
		next = TAILQ_NEXT(msg, link);
		if (!waits_for(msg, p))
			continue;
		credit_unqueue(p->cpt, msg);
		send_fail(p->cpt, msg, -EHOSTUNREACH, LNET_DROP_STALLED, now);
	}
}

static void
stop(struct peer *p, uint64_t now)
{
	const struct lnet_lnd_ops *ops = p->ni->lnd->ops;

	set_stopped(p, true);
	/* the completions of what fails here must not wake what is still to be failed */
	send_hold(p->cpt);
	fail_waiting(p, now);
	if (ops->peer_down != NULL)
		ops->peer_down(p->cpt, p->ni, &p->nid, now);
	send_release(p->cpt, now);
}

static void
probe_down(struct peer *p, uint64_t now)
{
	if (p->is_up || now < p->probe_at)
		return;
	if (p->probe_level < PROBE_LEVEL_MAX)
		p->probe_level++;
	p->probe_at = now +
		(NSEC << (p->probe_level < PROBE_LEVEL_MAX ? p->probe_level : PROBE_LEVEL_MAX - 1));
	probe(p, now);
}

static void
on_timer(struct timer *t, uint64_t now)
{
	struct peer *p = (struct peer *)((char *)t - offsetof(struct peer, timer));
	const struct stall_conf *conf = &p->cpt->lnet->stall;

	if (stall_check(&p->stall, conf, now))
		stop(p, now);
	if (stall_probe_due(&p->stall, conf, now) && hop_is_wanted(p, now))
		probe(p, now);
	if (is_looked_for(p))
		probe_down(p, now);
	arm(p);
}

void
hop_init(struct peer *p)
{
	p->timer.fire = on_timer;
}

void
hop_forget(struct peer *p)
{
	struct lnet *l = p->cpt->lnet;

	stopped_remove(&l->stopped[p->cpt->index], stopped_tag(l->tag_seed, p->ni, &p->nid));
}

void
hop_sending(struct peer *p, uint64_t now)
{
	uint64_t at;

	p->pending++;
	stall_queued(&p->stall, now);
	at = stall_deadline(&p->stall, &p->cpt->lnet->stall);
	/* a timer that fires too early looks again by itself: it need not move with every message */
	if (at != STALL_NEVER && (!p->timer.armed || p->timer.deadline > at))
		arm(p);
}

void
hop_sent(struct peer *p, int rc, uint64_t now)
{
	p->pending--;
	if (rc == 0)
		stall_progress(&p->stall, now);
	if (p->pending == 0)
		stall_idle(&p->stall);
}

static void
set_up(struct peer *p)
{
	p->is_up = true;
	p->probe_level = 0;
	p->probe_at = 0;
	if (!stall_is_stopped(&p->stall))
		gateway_set_alive(cpt_conf(p->cpt), &p->nid, true);
}

void
hop_heard(struct peer *p, uint64_t now)
{
	p->last_alive = now;
	if (!p->is_up)
		set_up(p);
	if (!stall_is_stopped(&p->stall))
		return;
	stall_hint(&p->stall, &p->cpt->lnet->stall);
	arm(p);
}

void
hop_answered(struct peer *p, uint64_t now)
{
	if (stall_answered(&p->stall, now))
		set_stopped(p, false);
}

void
hop_probe_over(struct peer *p)
{
	p->is_probing = false;
}

int
hop_test(struct peer *p, enum lnet_drop *reason, uint64_t now)
{
	if (stall_is_stopped(&p->stall)) {
		*reason = LNET_DROP_STALLED;
		return -EHOSTUNREACH;
	}
	/* routing is on, or nothing would be forwarded; peer_timeout > 0 is only a switch (trap 17) */
	if (p->is_up || p->ni->tun.peer_timeout <= 0)
		return 0;
	*reason = LNET_DROP_DEAD_HOP;
	probe_down(p, now);
	return -EHOSTUNREACH;
}

void
lnet_peer_progress(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *nid,
		   uint64_t now)
{
	struct peer *p = peer_find(cpt, ni, nid);

	if (p != NULL)
		stall_progress(&p->stall, now);
}

void
lnet_peer_notify_down(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *nid,
		      uint64_t last_alive, uint64_t now)
{
	const struct lnet_lnd_ops *ops = ni->lnd->ops;
	struct peer *p = peer_find(cpt, ni, nid);

	/* the LND reports on this worker, so the report is never older than what was received (6.6) */
	if (p == NULL || !p->is_up || last_alive > now)
		return;
	p->is_up = false;
	p->probe_at = now + NSEC;
	arm(p);
	gateway_set_alive(cpt_conf(cpt), nid, false);
	if (ops->peer_down != NULL)
		ops->peer_down(cpt, ni, nid, now);
}
