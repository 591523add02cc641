/* SPDX-License-Identifier: BSD-3-Clause */
/* The receiving side of LNet: checks in a real node's order, ping and push target, data portal. */
#include "lnet.h"

#include "conn.h"
#include "node.h"
#include "options.h"
#include "pattern.h"
#include "peer.h"
#include "seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PING_SEQUENCE 2
#define PING_INFO_MAX 64

/* Answers go back through the node that the request came from. */
static void
answer(struct conn *c, const struct lnet_hdr *hdr, uint8_t *data, uint64_t seed, uint64_t offset)
{
	struct msg *m = msg_new();

	m->hdr = *hdr;
	m->data = data;
	m->seed = seed;
	m->pattern_offset = offset;
	peer_send(c->peer, m);
}

/*
 * A message from our own net comes from its source; one from another net comes from a gateway of
 * that net.
 */
static void
check_sender(struct conn *c)
{
	struct node *n = c->node;
	const struct nid *src = &c->rx.hdr.src, *from = &c->peer->nid;
	bool is_direct = nid_net(src) == nid_net(&n->nid);

	if (is_direct ? nid_equal(src, from) : node_is_gateway(n, from, nid_net(src)))
		return;
	trace(n, "message from the wrong neighbour");
	COUNT(n, wrong_from);
}

static bool
is_ping_target(const struct lnet_hdr *h)
{
	return h->portal == PING_PORTAL && h->match_bits == PING_MATCH_BITS;
}

static void
begin_put(struct conn *c)
{
	struct rx *rx = &c->rx;
	struct lnet_hdr *h = &rx->hdr;

	if (is_ping_target(h)) {
		rx->sink = SINK_BUFFER;
		return;
	}
	if (h->portal != DATA_PORTAL)
		return;
	rx->sink = SINK_PATTERN;
	rx->seed = pattern_seed(&h->src, &h->dst, h->match_bits);
	rx->pattern_offset = 0;
}

static void
begin_reply(struct conn *c)
{
	struct rx *rx = &c->rx;
	int kind = op_reply_begin(c->node, &rx->hdr, &rx->seed, &rx->pattern_offset);

	if (kind == OP_PING)
		rx->sink = SINK_BUFFER;
	else if (kind == OP_GET)
		rx->sink = SINK_PATTERN;
}

int
lnet_message_begin(struct conn *c)
{
	struct node *n = c->node;
	struct lnet_hdr *h = &c->rx.hdr;
	bool has_payload = h->type == LNET_PUT || h->type == LNET_REPLY;

	if (h->type > LNET_REPLY || h->payload_len > (has_payload ? LNET_MTU : 0))
		return -EPROTO;
	if (!nid_equal(&h->dst, &n->nid)) {
		COUNT(n, wrong_destination);
		return -EPROTO;
	}
	check_sender(c);
	c->rx.sink = SINK_DROP;
	if (h->type == LNET_PUT)
		begin_put(c);
	else if (h->type == LNET_REPLY)
		begin_reply(c);
	return 0;
}

static void
send_ack(struct conn *c)
{
	struct lnet_hdr *put = &c->rx.hdr;
	struct lnet_hdr ack = ack_make(put);

	if (put->handle.interface == HANDLE_NONE.interface &&
	    put->handle.object == HANDLE_NONE.object)
		return;
	answer(c, &ack, NULL, 0, 0);
}

/* A request arrived: is it the first with its number? */
static void
check_duplicate(struct conn *c)
{
	struct lnet_hdr *h = &c->rx.hdr;

	if (seen_before(c->node->seen, &h->src, h->type, h->match_bits)) {
		trace(c->node, "duplicate of message %llx", (unsigned long long)h->match_bits);
		COUNT(c->node, duplicate_requests);
	}
}

static void
end_data_put(struct conn *c)
{
	struct node *n = c->node;
	struct lnet_hdr *h = &c->rx.hdr;

	check_duplicate(c);
	if (h->hdr_data != data_hdr_data(h) || h->offset != data_offset(h->match_bits)) {
		COUNT(n, header_corrupt);
		return;
	}
	if (c->rx.is_corrupt) {
		COUNT(n, payload_corrupt);
		return;
	}
	COUNT(n, puts_received);
	send_ack(c);
}

static void
end_put(struct conn *c)
{
	struct node *n = c->node;
	struct lnet_hdr *h = &c->rx.hdr;

	if (h->portal == DATA_PORTAL) {
		end_data_put(c);
		return;
	}
	if (!is_ping_target(h)) {
		COUNT(n, no_match);
		return;
	}
	if (h->payload_len <= SMALL_PAYLOAD_MAX && ping_info_check(c->rx.small, h->payload_len) < 0)
		COUNT(n, payload_corrupt);
	COUNT(n, pushes_received);
	send_ack(c);
}

static void
answer_ping(struct conn *c)
{
	struct node *n = c->node;
	struct lnet_hdr *get = &c->rx.hdr;
	uint8_t *info = malloc(PING_INFO_MAX);
	struct lnet_hdr hdr;
	uint32_t len;

	if (info == NULL)
		abort();
	len = ping_info_make(&n->nid, 1, PING_SEQUENCE, true, info);
	hdr = reply_make(get, get->length < len ? get->length : len);
	COUNT(n, pings_answered);
	answer(c, &hdr, info, 0, 0);
}

static void
end_get(struct conn *c)
{
	struct node *n = c->node;
	struct lnet_hdr *get = &c->rx.hdr;
	struct lnet_hdr hdr;

	if (is_ping_target(get)) {
		answer_ping(c);
		return;
	}
	if (get->portal != DATA_PORTAL) {
		COUNT(n, no_match);
		return;
	}
	check_duplicate(c);
	if (get->length > LNET_MTU || get->offset != data_offset(get->match_bits)) {
		COUNT(n, header_corrupt);
		return;
	}
	COUNT(n, gets_answered);
	hdr = reply_make(get, get->length);
	answer(c, &hdr, NULL, pattern_seed(&get->dst, &get->src, get->match_bits), get->offset);
}

static void
end_reply(struct conn *c)
{
	struct rx *rx = &c->rx;
	bool is_good = rx->sink != SINK_DROP && !rx->is_corrupt;

	if (rx->sink == SINK_BUFFER && ping_info_check(rx->small, rx->hdr.payload_len) < 0)
		is_good = false;
	if (rx->sink == SINK_DROP)
		return;
	if (!is_good)
		COUNT(c->node, payload_corrupt);
	op_replied(c->node, &rx->hdr, is_good);
}

void
lnet_message_end(struct conn *c)
{
	switch (c->rx.hdr.type) {
	case LNET_PUT:
		end_put(c);
		break;
	case LNET_GET:
		end_get(c);
		break;
	case LNET_REPLY:
		end_reply(c);
		break;
	default:
		op_acked(c->node, &c->rx.hdr);
		break;
	}
}
