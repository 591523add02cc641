/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages to an own NID. The reference opens two TCP connections to itself; here nothing below would carry them
 * back, and nobody would see them: the message is handed to LNet as if it had just arrived.
 */
#include "drivers/socklnd/priv.h"

#include <errno.h>

/* The token for LNet is the message itself, marked in a bit that no pointer to an object has. */
#define MARK ((uintptr_t)1)

bool
socklnd_loop_is_token(const void *rx)
{
	return ((uintptr_t)rx & MARK) != 0;
}

static struct socklnd_ni_cpt *
find_own(struct socklnd_cpt *sc, const struct lnet_nid *nid)
{
	struct socklnd_ni_cpt *nc;

	TAILQ_FOREACH(nc, &sc->nis, link)
		if (!nc->stopping && lnet_nid_equal(nid, &nc->ni->nid))
			return nc;
	return NULL;
}

static void
deliver(struct socklnd_ni_cpt *to, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_nid from = msg->ni->nid;
	struct lnet_hdr hdr = msg->hdr;
	int rc;

	msg->lnd_priv = to;
	rc = lnet_parse(to->sc->cpt, to->ni, &hdr, &from, (void *)((uintptr_t)msg | MARK), now);
	if (rc < 0) {
		to->n_looped--;
		socklnd_tx_fail(to->sc, msg, rc, LNET_HEALTH_LOCAL_ERROR, now);
	}
}

bool
socklnd_loop_send(struct socklnd_ni_cpt *nc, struct lnet_msg *msg, uint64_t now)
{
	struct socklnd_cpt *sc = nc->sc;
	struct socklnd_ni_cpt *to = find_own(sc, &msg->next_hop);

	/* another worker's, of another NI of ours: that one is reached as any peer is */
	if (to == NULL || socklnd_home(to->ni, &nc->ni->nid) != sc->index)
		return false;
	socklnd_count(sc, SOCKLND_LOOPED);
	to->n_looped++;
	msg->lnd_priv = to;
	TAILQ_INSERT_TAIL(&sc->looped, msg, link);
	/* an answer to it is sent from within its delivery: it queues behind, the stack stays flat */
	if (sc->loop_running)
		return true;
	sc->loop_running = true;
	while ((msg = TAILQ_FIRST(&sc->looped)) != NULL) {
		TAILQ_REMOVE(&sc->looped, msg, link);
		deliver(msg->lnd_priv, msg, now);
	}
	sc->loop_running = false;
	return true;
}

void
socklnd_loop_recv(struct lnet_cpt *cpt, void *rx, struct lnet_msg *msg, uint32_t want, uint64_t now)
{
	struct lnet_msg *sent = (struct lnet_msg *)((uintptr_t)rx & ~MARK);
	struct socklnd_ni_cpt *to = sent->lnd_priv;
	const struct buf_mem *mem = to->sc->mem;
	int rc = 0;

	if (msg != NULL)
		rc = buf_split(&msg->payload, mem, &sent->payload,
			       want < sent->payload.len ? want : sent->payload.len);
	buf_release(&sent->payload, mem);
	to->n_looped--;
	if (msg != NULL)
		lnet_recv_done(cpt, msg, rc, now);
	lnet_finalize(cpt, sent, 0, now);
}
