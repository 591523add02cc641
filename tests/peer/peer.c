/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection set of one remote NID: which connection carries what, shared fate, deadlines. */
#include "peer.h"

#include "options.h"
#include "sock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

enum rank {
	RANK_NO,
	RANK_MAY,
	RANK_YES
};

struct peer *
peer_get(struct node *n, const struct nid *nid)
{
	struct peer *p;

	TAILQ_FOREACH(p, &n->peers, link) {
		if (nid_equal(&p->nid, nid))
			return p;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->node = n;
	p->nid = *nid;
	p->next_cookie = FIRST_COOKIE;
	TAILQ_INIT(&p->conns);
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->unacked);
	TAILQ_INSERT_TAIL(&n->peers, p, link);
	return p;
}

/* May connection @c carry @m? The rules differ for V2 and for V3 and V4. */
static enum rank
rank(const struct conn *c, const struct msg *m)
{
	bool is_small = stream_msg_len(c->version, m) < MIN_BULK;

	if (c->version >= 3 && m->is_noop)
		return c->type == CONN_BULK_IN ? RANK_YES : RANK_NO;
	switch (c->type) {
	case CONN_CONTROL:
		return is_small ? RANK_YES : RANK_MAY;
	case CONN_BULK_OUT:
		return is_small ? RANK_MAY : RANK_YES;
	case CONN_BULK_IN:
		return c->version >= 3 ? RANK_NO : RANK_MAY;
	default:
		return c->version >= 3 ? RANK_NO : RANK_YES;
	}
}

/* The best kind, then the shortest queue, then the one used longest ago. */
static struct conn *
choose(const struct peer *p, const struct msg *m)
{
	struct conn *c, *best = NULL;
	enum rank r, best_rank = RANK_NO;
	uint64_t load, best_load = 0;

	TAILQ_FOREACH(c, &p->conns, peer_link) {
		r = rank(c, m);
		if (r == RANK_NO || r < best_rank)
			continue;
		load = c->tx.queued_bytes + (uint64_t)sock_unacked(c->watch.fd);
		if (r == best_rank &&
		    (load > best_load || (load == best_load && c->last_use >= best->last_use)))
			continue;
		best = c;
		best_rank = r;
		best_load = load;
	}
	return best;
}

/* An 8-byte NID form cannot carry an IPv6 NID: a message with one needs V4. */
static bool
fits(const struct conn *c, const struct msg *m)
{
	return m->is_noop || c->version == 4 ||
		(nid_is_small(&m->hdr.src) && nid_is_small(&m->hdr.dst));
}

static void
put_on(struct conn *c, struct msg *m)
{
	c->last_use = c->node->loop.now;
	if (fits(c, m))
		stream_queue(c, m);
	else
		msg_done(c->node, m, -EPROTONOSUPPORT);
}

void
peer_send(struct peer *p, struct msg *m)
{
	struct conn *c = choose(p, m);
	bool is_dialling;

	if (TAILQ_EMPTY(&p->conns)) /* an entry without connections would be a new one */
		p->has_record = true;
	is_dialling = dial_if_needed(p);
	if (c != NULL) {
		put_on(c, m);
		return;
	}
	if (!is_dialling) {
		msg_done(p->node, m, -EHOSTUNREACH);
		return;
	}
	m->deadline = p->node->loop.now + p->node->opt->lnd_timeout_s * NSEC_PER_SEC;
	TAILQ_INSERT_TAIL(&p->waiting, m, link);
}

void
peer_conn_added(struct peer *p, struct conn *c)
{
	struct msg *m, *next;

	TAILQ_INSERT_HEAD(&p->conns, c, peer_link);
	p->last_heard = p->node->loop.now;
	for (m = TAILQ_FIRST(&p->waiting); m != NULL; m = next) {
		next = TAILQ_NEXT(m, link);
		if (rank(c, m) == RANK_NO)
			continue;
		TAILQ_REMOVE(&p->waiting, m, link);
		put_on(c, m);
		if (c->state != CONN_RUNNING)
			return;
	}
	zc_flush(p);
}

uint32_t
peer_count(const struct peer *p, int32_t type)
{
	const struct conn *c;
	uint32_t n = 0;

	TAILQ_FOREACH(c, &p->conns, peer_link) {
		if (c->type == type)
			n++;
	}
	return n;
}

void
peer_conn_removed(struct peer *p, struct conn *c)
{
	TAILQ_REMOVE(&p->conns, c, peer_link);
	if (peer_count(p, c->type) == 0)
		p->done_mask &= (uint8_t) ~(1u << c->type);
	if (!TAILQ_EMPTY(&p->conns))
		return;
	p->version = 0;
	p->incarnation = 0;
	zc_reset(p, -ECONNRESET);
}

void
peer_close_all(struct peer *p, int err, bool as_sibling)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&p->conns)) != NULL) {
		if (as_sibling)
			COUNT(p->node, closed_sibling);
		conn_close_alone(c, err);
	}
}

/* NOOP (0, 1) on BULK_IN after a silence, unless that connection has something to say anyway. */
static void
keepalive(struct peer *p)
{
	struct node *n = p->node;
	uint64_t silence = n->opt->keepalive_s * NSEC_PER_SEC;
	struct conn *c;

	if (silence == 0 || p->version < 3 || n->loop.now - p->last_heard < silence)
		return;
	if (p->last_keepalive != 0 && n->loop.now - p->last_keepalive < 10 * NSEC_PER_SEC)
		return;
	TAILQ_FOREACH(c, &p->conns, peer_link) {
		if (c->type != CONN_BULK_IN)
			continue;
		p->last_keepalive = n->loop.now;
		if (c->tx.queued_bytes == 0) {
			COUNT(n, keepalives_sent);
			stream_queue(c, msg_noop(0, KEEPALIVE_COOKIE));
		}
		return;
	}
}

void
peer_check_deadlines(struct peer *p)
{
	uint64_t now = p->node->loop.now;
	struct msg *m, *next;

	for (m = TAILQ_FIRST(&p->waiting); m != NULL; m = next) {
		next = TAILQ_NEXT(m, link);
		if (now < m->deadline)
			continue;
		TAILQ_REMOVE(&p->waiting, m, link);
		msg_done(p->node, m, -ETIMEDOUT);
		return; /* its operation may have changed the list */
	}
	m = TAILQ_FIRST(&p->unacked);
	if (m != NULL && now >= m->deadline) {
		COUNT(p->node, closed_zc_timeout);
		peer_close_all(p, -ETIMEDOUT, false);
		return;
	}
	keepalive(p);
}

void
peer_free(struct peer *p)
{
	peer_close_all(p, -ESHUTDOWN, false);
	msg_list_done(p->node, &p->waiting, -ESHUTDOWN);
	zc_reset(p, -ESHUTDOWN);
	timer_disarm(&p->node->loop, &p->dial_timer);
	TAILQ_REMOVE(&p->node->peers, p, link);
	free(p);
}
