/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lnet_parse(): a header has arrived. The checks of 4.1 in their order; then it is forwarded, taken, or dropped. Nothing a peer
 * can put into a header does more than move a counter.
 */
#include "lnet/base/counter.h"
#include "lnet/conf.h"
#include "lnet/cpt.h"
#include "lnet/forward.h"
#include "lnet/hop.h"
#include "lnet/local.h"
#include "lnet/msg.h"
#include "lnet/ni.h"
#include "lnet/route.h"

#include <errno.h>

static int
protocol_error(struct lnet_cpt *cpt, enum lnet_drop reason)
{
	cpt_drop(cpt, reason);
	return -EPROTO;
}

static int
drop(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr, void *rx,
     enum lnet_drop reason, uint64_t now)
{
	cpt_drop_counted(cpt, reason, ni, hdr);
	ni->lnd->ops->recv(cpt, rx, NULL, 0, now);
	return 0;
}

/* Checks 1 to 3: what the type allows. */
static int
check_type(struct lnet_cpt *cpt, const struct lnet_hdr *hdr)
{
	switch (hdr->type) {
	case LNET_ACK:
	case LNET_GET:
		return hdr->payload_len == 0 ? 0 : protocol_error(cpt, LNET_DROP_PAYLOAD);
	case LNET_PUT:
	case LNET_REPLY:
		return hdr->payload_len <= LNET_MTU ? 0 : protocol_error(cpt, LNET_DROP_TOO_LONG);
	default:
		return protocol_error(cpt, LNET_DROP_TYPE);
	}
}

/* Check 4: a ping of another node, for whomever, shows that this net is in use. */
static void
note_ping(const struct lnet_conf *conf, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	  uint64_t now)
{
	struct lnet_get get;

	if (conf->routing == ROUTING_DISABLED || hdr->type != LNET_GET)
		return;
	lnet_get_decode(hdr->body, &get);
	if (get.portal != LOCAL_PORTAL || conf_ni(conf, &hdr->src) != NULL)
		return;
	atomic_store_explicit(&ni->state->net->last_ping, now, memory_order_relaxed);
	atomic_store_explicit(&ni->state->is_up, true, memory_order_relaxed);
}

/* Checks 5 and 6: not for this interface. */
static int
check_destination(struct lnet_cpt *cpt, const struct lnet_conf *conf, const struct lnet_ni *ni,
		  const struct lnet_hdr *hdr)
{
	if (lnet_nid_net(&hdr->dst) == ni->net)
		return protocol_error(cpt, LNET_DROP_NOT_DIRECT);
	if (conf_ni(conf, &hdr->dst) != NULL)
		return protocol_error(cpt, LNET_DROP_WRONG_NET);
	return 0;
}

/* Check 14: it came by a gateway. Return: false: dropped for having no way back. */
static bool
check_gateway(const struct lnet_conf *conf, const struct lnet_hdr *hdr, const struct peer *from,
	      bool for_me)
{
	uint32_t net = lnet_nid_net(&hdr->src);

	if (net == from->ni->net)
		return true;
	if (conf->drop_asym_route && for_me && !route_leads_to(conf, &from->nid, net))
		return false;
	if (!stall_is_stopped(&from->stall))
		gateway_set_alive(conf, &from->nid, true);
	return true;
}

int
lnet_parse(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	   const struct lnet_nid *from, void *rx, uint64_t now)
{
	const struct lnet_conf *conf = cpt_conf(cpt);
	bool for_me = lnet_nid_equal(&hdr->dst, &ni->nid);
	struct peer *peer = NULL;
	int rc = check_type(cpt, hdr);

	if (rc < 0)
		return rc;
	if (conf == NULL || ni_is_closing(ni)) {
		cpt_drop(cpt, LNET_DROP_SHUTDOWN);
		return -ESHUTDOWN;
	}
	note_ping(conf, ni, hdr, now);
	if (!for_me) {
		rc = check_destination(cpt, conf, ni, hdr);
		if (rc < 0)
			return rc;
		if (conf->routing == ROUTING_DISABLED)
			return drop(cpt, ni, hdr, rx, LNET_DROP_NOT_ROUTING, now);
	}
	if (!ni_is_lo(ni)) {
		peer = peer_get(cpt, ni, from, now);
		if (peer == NULL)
			return drop(cpt, ni, hdr, rx, LNET_DROP_NO_PEER, now);
		if (!check_gateway(conf, hdr, peer, for_me))
			return drop(cpt, ni, hdr, rx, LNET_DROP_ASYM_ROUTE, now);
		hop_heard(peer, now);
	}
	if (for_me)
		local_receive(cpt, ni, hdr, from, peer, rx, now);
	else
		forward_start(cpt, ni, hdr, peer, rx, now);
	return 0;
}

void
lnet_recv_done(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	msg_expect(msg, MSG_RECEIVING);
	if (msg->state->kind == MSG_FORWARD)
		forward_received(cpt, msg, rc, now);
	else
		local_received(cpt, msg, rc, now);
}
