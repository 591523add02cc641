/* SPDX-License-Identifier: BSD-3-Clause */
/* See the header. The functions named lnet_ are those that the driver calls. */
#include "bench/core.h"

#include "lnet/base/buf.h"
#include "lnet/base/lcore.h"

#include <errno.h>
#include <stdlib.h>

#define MESSAGES 4096

int
core_init(struct lnet_cpt *cpt, struct lcore *lc, const struct lnet_lnd_ops *ops,
	  struct lnet_ni *ni, const struct lnet_nid *gateway)
{
	unsigned int i;

	*cpt = (struct lnet_cpt){
		.lc = lc,
		.mem = lc->mem,
		.ops = ops,
		.ni = ni,
		.gateway = *gateway,
	};
	TAILQ_INIT(&cpt->waiting);
	TAILQ_INIT(&cpt->free);
	cpt->all = calloc(MESSAGES, sizeof(*cpt->all));
	if (cpt->all == NULL)
		return -ENOMEM;
	for (i = 0; i < MESSAGES; i++)
		TAILQ_INSERT_TAIL(&cpt->free, &cpt->all[i], link);
	return 0;
}

void
core_fini(struct lnet_cpt *cpt)
{
	struct lnet_msg *msg;

	TAILQ_FOREACH(msg, &cpt->waiting, link)
		buf_release(&msg->payload, cpt->mem);
	free(cpt->all);
}

static struct lnet_msg *
msg_get(struct lnet_cpt *cpt, const struct lnet_hdr *hdr)
{
	struct lnet_msg *msg = TAILQ_FIRST(&cpt->free);

	if (msg == NULL) {
		cpt->no_msg++;
		return NULL;
	}
	TAILQ_REMOVE(&cpt->free, msg, link);
	*msg = (struct lnet_msg){.hdr = *hdr, .ni = cpt->ni};
	return msg;
}

static void
msg_put(struct lnet_cpt *cpt, struct lnet_msg *msg)
{
	buf_release(&msg->payload, cpt->mem);
	TAILQ_INSERT_HEAD(&cpt->free, msg, link);
}

static void
pump(struct lnet_cpt *cpt, uint64_t now)
{
	struct lnet_msg *msg;

	/* a send may complete before it returns: the loop below goes on, the stack stays flat */
	if (cpt->is_pumping)
		return;
	cpt->is_pumping = true;
	while (cpt->credits > 0 && (msg = TAILQ_FIRST(&cpt->waiting)) != NULL) {
		TAILQ_REMOVE(&cpt->waiting, msg, link);
		cpt->credits--;
		if (cpt->ops->send(cpt, msg, now) == 0)
			continue;
		cpt->credits++;
		cpt->send_failed++;
		msg_put(cpt, msg);
	}
	cpt->is_pumping = false;
}

int
core_send(struct lnet_cpt *cpt, const struct lnet_hdr *hdr, struct buf *payload, uint64_t now)
{
	struct lnet_msg *msg = msg_get(cpt, hdr);

	if (msg == NULL)
		return -ENOBUFS;
	msg->next_hop = cpt->gateway;
	msg->deadline = UINT64_MAX;
	buf_move(&msg->payload, cpt->mem, payload);
	TAILQ_INSERT_TAIL(&cpt->waiting, msg, link);
	pump(cpt, now);
	return 0;
}

uint64_t
core_failures(const struct lnet_cpt *cpt)
{
	return cpt->send_failed + cpt->recv_failed + cpt->strange + cpt->no_msg + cpt->peer_down;
}

/* --- what the driver calls --- */

struct lcore *
lnet_cpt_lcore(struct lnet_cpt *cpt)
{
	return cpt->lc;
}

int
lnet_parse(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	   const struct lnet_nid *from, void *rx, uint64_t now)
{
	bool wanted = hdr->type == LNET_PUT || hdr->type == LNET_ACK;
	struct lnet_msg *msg = NULL;

	if (!wanted || !lnet_nid_equal(&hdr->dst, &ni->nid) || !lnet_nid_equal(from, &cpt->gateway))
		cpt->strange++;
	else
		msg = msg_get(cpt, hdr);
	cpt->ops->recv(cpt, rx, msg, msg != NULL ? hdr->payload_len : 0, now);
	return 0;
}

void
lnet_recv_done(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	if (rc < 0)
		cpt->recv_failed++;
	else
		cpt->arrived(cpt->user, &msg->hdr, &msg->payload, now);
	msg_put(cpt, msg);
}

void
lnet_finalize(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	if (rc < 0)
		cpt->send_failed++;
	msg_put(cpt, msg);
	cpt->credits++;
	pump(cpt, now);
}

void
lnet_peer_progress(struct lnet_cpt *, struct lnet_ni *, const struct lnet_nid *, uint64_t)
{
}

void
lnet_peer_notify_down(struct lnet_cpt *cpt, struct lnet_ni *, const struct lnet_nid *, uint64_t,
		      uint64_t)
{
	cpt->peer_down++;
}

void
lnet_ni_set_fatal(struct lnet_ni *, bool, uint64_t)
{
}
