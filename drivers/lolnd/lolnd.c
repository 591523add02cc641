/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loopback: a send is a receive of the same interface. The token of the receive is the message that is sent; its payload
 * moves over without a copy. Thread: the worker that sends.
 */
#include "drivers/lolnd/lolnd.h"

#include "lnet/base/lcore.h"

#include <errno.h>

static int
lo_ni_start(void *ctx, struct lnet_ni *ni, char *why, unsigned int why_size)
{
	(void)ctx;
	(void)why;
	(void)why_size;
	ni->nid = lnet_nid_lo();
	/* no credits, no peers: the tools show zeros */
	ni->tun = (struct lnet_ni_tunables){0};
	return 0;
}

static void
lo_ni_stop(void *ctx, struct lnet_ni *ni)
{
	(void)ctx;
	(void)ni;
}

static int
lo_attach(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	(void)cpt;
	(void)ni;
	(void)now;
	return 0;
}

static unsigned int
lo_detach(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	(void)cpt;
	(void)ni;
	(void)now;
	return 0;
}

static unsigned int
lo_home(const struct lnet_ni *ni, const struct lnet_nid *peer)
{
	(void)ni;
	(void)peer;
	return 0;
}

static int
lo_send(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct lnet_nid lo = lnet_nid_lo();
	int rc = lnet_parse(cpt, msg->ni, &msg->hdr, &lo, msg, now);

	if (rc < 0) {
		msg->health = LNET_HEALTH_LOCAL_ERROR;
		lnet_finalize(cpt, msg, rc, now);
	}
	return 0;
}

static void
lo_recv(struct lnet_cpt *cpt, void *rx, struct lnet_msg *msg, uint32_t want, uint64_t now)
{
	struct lnet_msg *sent = rx;
	int rc = 0;

	if (msg != NULL) {
		rc = buf_split(&msg->payload, lnet_cpt_lcore(cpt)->mem, &sent->payload, want);
		lnet_recv_done(cpt, msg, rc, now);
	}
	/* after the receive: the order that the reference has */
	if (rc < 0)
		sent->health = LNET_HEALTH_LOCAL_ERROR;
	lnet_finalize(cpt, sent, rc, now);
}

const struct lnet_lnd_ops lolnd_ops = {
	.name = "lo",
	.type = LNET_TYPE_LO,
	.large_nids = true,
	.ni_start = lo_ni_start,
	.ni_stop = lo_ni_stop,
	.attach = lo_attach,
	.detach = lo_detach,
	.home = lo_home,
	.send = lo_send,
	.recv = lo_recv,
};
