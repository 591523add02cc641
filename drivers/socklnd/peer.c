/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers: the table of an NI on one worker, what waits for a connection, the end (13.1). An entry that an inbound
 * connection made goes with its last connection; one that we dialled stays, with its back-off, until its place is needed.
 */
#include "drivers/socklnd/priv.h"
#include "lnet/base/pool.h"

#include <errno.h>
#include <string.h>

static void on_timer(struct timer *t, uint64_t now);

static struct socklnd_bucket *
bucket_of(struct socklnd_ni_cpt *nc, const struct lnet_nid *nid)
{
	return &nc->buckets[lnet_nid_hash(nid) & (SOCKLND_BUCKETS - 1)];
}

struct socklnd_peer *
socklnd_peer_find(struct socklnd_ni_cpt *nc, const struct lnet_nid *nid, uint32_t pid)
{
	struct socklnd_peer *p;

	LIST_FOREACH(p, bucket_of(nc, nid), bucket_link)
		if (p->pid == pid && lnet_nid_equal(&p->nid, nid))
			return p;
	return NULL;
}

static bool
is_idle(const struct socklnd_peer *p)
{
	return p->n_conns == 0 && p->dial.state == DIAL_IDLE && TAILQ_EMPTY(&p->waiting);
}

struct socklnd_peer *
socklnd_peer_find_busy(struct socklnd_ni_cpt *nc, const struct lnet_nid *nid)
{
	struct socklnd_peer *p;

	LIST_FOREACH(p, bucket_of(nc, nid), bucket_link)
		if (lnet_nid_equal(&p->nid, nid) && !is_idle(p))
			return p;
	return NULL;
}

static void
unlink_peer(struct socklnd_peer *p)
{
	p->unlinked = true;
	LIST_REMOVE(p, bucket_link);
	TAILQ_REMOVE(&p->nc->peers, p, link);
}

static void
free_peer(struct socklnd_peer *p)
{
	timer_disarm(&p->nc->sc->lc->wheel, &p->timer);
	p->nc->n_peers--;
	pool_put(p->nc->sc->s->peers, p);
}

/* All objects are in use: an entry that only remembers a back-off gives way, the oldest first. */
static bool
reclaim(struct socklnd_cpt *sc)
{
	struct socklnd_ni_cpt *nc;
	struct socklnd_peer *p;

	TAILQ_FOREACH(nc, &sc->nis, link) {
		TAILQ_FOREACH(p, &nc->peers, link) {
			if (!is_idle(p) || p->hold > 0)
				continue;
			unlink_peer(p);
			free_peer(p);
			socklnd_count(sc, SOCKLND_PEERS_RECLAIMED);
			return true;
		}
	}
	return false;
}

struct socklnd_peer *
socklnd_peer_get(struct socklnd_ni_cpt *nc, const struct lnet_nid *nid, uint32_t pid, uint64_t now)
{
	struct socklnd_peer *p = socklnd_peer_find(nc, nid, pid);

	if (p != NULL)
		return p;
	p = pool_get(nc->sc->s->peers);
	if (p == NULL && reclaim(nc->sc))
		p = pool_get(nc->sc->s->peers);
	if (p == NULL)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->nc = nc;
	p->nid = *nid;
	p->pid = pid;
	p->last_alive = now;
	p->timer.fire = on_timer;
	TAILQ_INIT(&p->conns);
	TAILQ_INIT(&p->waiting);
	LIST_INSERT_HEAD(bucket_of(nc, nid), p, bucket_link);
	TAILQ_INSERT_TAIL(&nc->peers, p, link);
	nc->n_peers++;
	return p;
}

void
socklnd_peer_hold(struct socklnd_peer *p)
{
	p->hold++;
}

void
socklnd_peer_release(struct socklnd_peer *p, uint64_t now)
{
	if (--p->hold > 0)
		return;
	if (!p->unlinked && !p->dial.exists && is_idle(p))
		unlink_peer(p);
	if (p->unlinked)
		free_peer(p);
}

void
socklnd_peer_arm(struct socklnd_peer *p, uint64_t deadline)
{
	if (deadline == TIMER_NONE || (p->timer.armed && p->timer.deadline <= deadline))
		return;
	timer_arm(&p->nc->sc->lc->wheel, &p->timer, deadline);
}

unsigned int
socklnd_peer_count(const struct socklnd_peer *p, enum socklnd_type type, const struct ipaddr *local,
		   const struct ipaddr *remote)
{
	const struct socklnd_conn *c;
	unsigned int n = 0;

	TAILQ_FOREACH(c, &p->conns, peer_link)
		if (c->type == type && (local == NULL || ipaddr_equal(local, &c->flow.local)) &&
		    (remote == NULL || ipaddr_equal(remote, &c->flow.remote)))
			n++;
	return n;
}

void
socklnd_peer_notify(struct socklnd_peer *p, uint64_t now)
{
	if (socklnd_peer_is_user(p) || p->n_conns > 0 || p->dial.state != DIAL_IDLE ||
	    p->nc->stopping)
		return;
	socklnd_count(p->nc->sc, SOCKLND_PEERS_DOWN);
	lnet_peer_notify_down(p->nc->sc->cpt, p->nc->ni, &p->nid, p->last_alive, now);
}

void
socklnd_peer_down(struct socklnd_peer *p, uint64_t now)
{
	p->version = 0;
	p->dial.struck_out = false;
	memset(p->dial.full, 0, sizeof(p->dial.full));
	if (p->dial.state == DIAL_IDLE)
		socklnd_peer_fail_waiting(p, -EIO, LNET_HEALTH_REMOTE_DROPPED, now);
	/* an end in order says nothing about the peer's health (T17) */
	if (p->error != 0 && p->error != -ENETDOWN)
		socklnd_peer_notify(p, now);
}

void
socklnd_peer_fail_waiting(struct socklnd_peer *p, int err, enum lnet_health health, uint64_t now)
{
	struct lnet_msg_queue failed = TAILQ_HEAD_INITIALIZER(failed);
	struct lnet_msg *msg;

	/* a failed message may wake another for the same peer, which is not part of this */
	TAILQ_CONCAT(&failed, &p->waiting, link);
	while ((msg = TAILQ_FIRST(&failed)) != NULL) {
		TAILQ_REMOVE(&failed, msg, link);
		socklnd_tx_fail(p->nc->sc, msg, err, health, now);
	}
}

void
socklnd_peer_delete(struct socklnd_peer *p, int err, uint64_t now)
{
	socklnd_peer_hold(p);
	socklnd_dial_cancel(p, now);
	p->dial.exists = false;
	if (!p->unlinked)
		unlink_peer(p);
	socklnd_peer_fail_waiting(p, err, LNET_HEALTH_LOCAL_ABORTED, now);
	socklnd_conns_close(p, NULL, err, now);
	socklnd_peer_release(p, now);
}

void
socklnd_peer_drain(struct socklnd_peer *p, uint64_t now)
{
	struct lnet_msg *msg;
	unsigned int n = 0;

	TAILQ_FOREACH(msg, &p->waiting, link)
		n++;
	/* what a failing message brings about may close the connection or empty the queue */
	for (; n > 0 && p->n_conns > 0; n--) {
		msg = TAILQ_FIRST(&p->waiting);
		if (msg == NULL)
			break;
		TAILQ_REMOVE(&p->waiting, msg, link);
		if (socklnd_tx_fits(socklnd_proto(p->version), &msg->hdr) < 0) {
			socklnd_count(p->nc->sc, SOCKLND_TX_REFUSED_NID);
			socklnd_tx_fail(p->nc->sc, msg, -EAFNOSUPPORT, LNET_HEALTH_OK, now);
		} else if (!socklnd_tx_queue(p, msg, now)) {
			TAILQ_INSERT_TAIL(&p->waiting, msg, link);
		}
	}
	socklnd_ack_flush(p, now);
}

/* Messages that have waited too long. Return: when to look again. */
static uint64_t
expire_waiting(struct socklnd_peer *p, uint64_t now)
{
	struct lnet_msg_queue late = TAILQ_HEAD_INITIALIZER(late);
	struct lnet_msg *msg, *next;
	uint64_t t = TIMER_NONE;

	for (msg = TAILQ_FIRST(&p->waiting); msg != NULL; msg = next) {
		next = TAILQ_NEXT(msg, link);
		if (msg->lnd_mark > now) {
			if (msg->lnd_mark < t)
				t = msg->lnd_mark;
			continue;
		}
		TAILQ_REMOVE(&p->waiting, msg, link);
		TAILQ_INSERT_TAIL(&late, msg, link);
	}
	while ((msg = TAILQ_FIRST(&late)) != NULL) {
		TAILQ_REMOVE(&late, msg, link);
		socklnd_count(p->nc->sc, SOCKLND_TX_EXPIRED);
		socklnd_tx_fail(p->nc->sc, msg, -ETIMEDOUT, LNET_HEALTH_NETWORK_TIMEOUT, now);
	}
	return t;
}

static void
on_timer(struct timer *t, uint64_t now)
{
	struct socklnd_peer *p =
		(struct socklnd_peer *)((char *)t - offsetof(struct socklnd_peer, timer));

	socklnd_peer_hold(p);
	if (p->dial.state == DIAL_SCHEDULED && now >= p->dial.next_try)
		socklnd_dial_resume(p, now);
	if (p->dial.state == DIAL_SCHEDULED)
		socklnd_peer_arm(p, p->dial.next_try);
	socklnd_peer_arm(p, expire_waiting(p, now));
	socklnd_peer_arm(p, socklnd_keepalive(p, now));
	if (p->acks.n > 0) {
		socklnd_ack_flush(p, now);
		if (p->acks.n > 0)
			socklnd_peer_arm(p, now + SOCKLND_RETRY_NS * 100);
	}
	socklnd_peer_release(p, now);
}
