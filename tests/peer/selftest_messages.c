/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Selftest, messages: headers, ping buffers, acknowledgements and checksums of real nodes against
 * our own functions.
 */
#include "lnet.h"
#include "msg.h"
#include "selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZC_MIN_PAYLOAD 16384
#define FEATURE_DISCOVERY 0x10
#define FEATURE_RTE_DISABLED 0x04
#define FEATURE_LARGE_ADDR 0x20

/* A message inside a stream. */
struct cut {
	const uint8_t *data;
	size_t len;
	uint32_t version;
	struct ksock_hdr ksock;
	struct lnet_hdr hdr;
	const uint8_t *payload;
};

/* Find the first message of the stream. Return: false if it is not complete. */
static bool
cut_next(const uint8_t *data, size_t len, uint32_t version, struct cut *c)
{
	size_t head = KSOCK_HDR_LEN + lnet_hdr_len(version);

	*c = (struct cut){.data = data, .len = KSOCK_HDR_LEN, .version = version};
	if (len < KSOCK_HDR_LEN)
		return false;
	ksock_decode(data, &c->ksock, false);
	if (c->ksock.type != KSOCK_LNET)
		return c->ksock.type == KSOCK_NOOP;
	if (len < head)
		return false;
	lnet_hdr_decode(data + KSOCK_HDR_LEN, &c->hdr, version);
	c->payload = data + head;
	c->len = head + c->hdr.payload_len;
	return c->hdr.payload_len <= LNET_MTU && c->len <= len;
}

static void
note_request(struct selftest *t, const struct cut *c)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->hdr = c->hdr;
	r->cookie = c->ksock.type == KSOCK_LNET ? c->ksock.cookie0 : 0;
	r->next = t->requests;
	t->requests = r;
}

/* The request that an answer's handle belongs to. */
static const struct lnet_hdr *
find_request(const struct selftest *t, uint32_t type, const struct lnet_hdr *answer)
{
	const struct request *r;

	for (r = t->requests; r != NULL; r = r->next) {
		if (r->hdr.type == type && r->hdr.handle.interface == answer->handle.interface &&
		    r->hdr.handle.object == answer->handle.object &&
		    nid_equal(&r->hdr.src, &answer->dst))
			return &r->hdr;
	}
	return NULL;
}

static bool
has_cookie(const struct selftest *t, uint64_t cookie)
{
	const struct request *r;

	for (r = t->requests; r != NULL; r = r->next) {
		if (r->cookie == cookie)
			return true;
	}
	return false;
}

static void
compare_header(struct selftest *t, const char *what, const struct cut *c,
	       const struct lnet_hdr *ours)
{
	uint8_t buf[LNET_HDR_MAX];

	selftest_compare(t, what, c->data + KSOCK_HDR_LEN, buf,
			 lnet_hdr_encode(buf, ours, c->version));
}

/*
 * A ping buffer of an end node: one IPv4 NID, or, where it says that it has a large NID too, the
 * lab's pair 10.10.0.x and fd00::x. Return: false for other nodes' (routers, several networks).
 */
static bool
compare_ping_info(struct selftest *t, const struct cut *c)
{
	const uint8_t *p = c->payload;
	struct nid nids[2] = {c->hdr.src, c->hdr.src};
	uint8_t buf[128];
	bool has_large = (p[4] & FEATURE_LARGE_ADDR) != 0;
	uint32_t len;

	if (c->hdr.payload_len < 48 || p[12] != 2 || (p[4] & FEATURE_RTE_DISABLED) == 0)
		return false;
	if (has_large) {
		uint8_t host = nid_is_small(&c->hdr.src) ? c->hdr.src.addr[3] : c->hdr.src.addr[15];

		nids[0] = (struct nid){.type = NID_TYPE_TCP, .addr = {10, 10, 0, host}};
		nids[1] =
			(struct nid){.size = 12, .type = NID_TYPE_TCP, .addr = {0xfd, [15] = host}};
	}
	len = ping_info_make(nids, has_large ? 2 : 1, (uint32_t)(p[24] | p[25] << 8),
			     (p[4] & FEATURE_DISCOVERY) != 0, buf);
	selftest_check(t, "length of a ping buffer", len == c->hdr.payload_len);
	if (len == c->hdr.payload_len)
		selftest_compare(t, "ping buffer", p, buf, len);
	selftest_check(t, "own check of a ping buffer",
		       ping_info_check(p, c->hdr.payload_len) == (has_large ? 2 : 1));
	return true;
}

static bool
is_ping(const struct lnet_hdr *h)
{
	return h->portal == PING_PORTAL && h->match_bits == PING_MATCH_BITS;
}

static void
compare_get(struct selftest *t, const struct cut *c)
{
	struct lnet_hdr ours =
		ping_get_make(&c->hdr.dst, &c->hdr.src, c->hdr.handle, c->hdr.length);

	if (!is_ping(&c->hdr))
		return;
	t->tallies[TALLY_get_ping]++;
	compare_header(t, "ping GET", c, &ours);
}

static void
compare_put(struct selftest *t, const struct cut *c)
{
	struct lnet_hdr ours =
		push_put_make(&c->hdr.dst, &c->hdr.src, c->hdr.handle, c->hdr.payload_len);

	if (!is_ping(&c->hdr)) {
		t->tallies[TALLY_put_other]++;
		return;
	}
	compare_header(t, "push PUT", c, &ours);
	if (compare_ping_info(t, c))
		t->tallies[TALLY_put_push]++;
}

static void
compare_reply(struct selftest *t, const struct cut *c)
{
	const struct lnet_hdr *get = find_request(t, LNET_GET, &c->hdr);
	struct lnet_hdr ours;

	selftest_check(t, "REPLY without its GET", get != NULL);
	if (get == NULL)
		return;
	ours = reply_make(get, c->hdr.payload_len);
	compare_header(t, "REPLY", c, &ours);
	t->tallies[is_ping(get) && compare_ping_info(t, c) ? TALLY_reply_ping
							   : TALLY_reply_other]++;
}

static void
compare_ack(struct selftest *t, const struct cut *c)
{
	const struct lnet_hdr *put = find_request(t, LNET_PUT, &c->hdr);
	struct lnet_hdr ours;

	selftest_check(t, "ACK without its PUT", put != NULL);
	if (put == NULL)
		return;
	ours = ack_make(put);
	compare_header(t, "ACK", c, &ours);
	t->tallies[TALLY_ack]++;
}

/*
 * The ksock header: what a NOOP and an LNet message may say, and when a real node asks for an
 * acknowledgement.
 */
static void
compare_ksock(struct selftest *t, const struct cut *c)
{
	bool has_payload = c->hdr.type == LNET_PUT || c->hdr.type == LNET_REPLY;
	bool is_noop = c->ksock.type == KSOCK_NOOP;
	bool asks = !is_noop && c->ksock.cookie0 != 0;
	struct ksock_hdr ours = {.type = KSOCK_LNET};
	uint8_t buf[KSOCK_HDR_LEN];

	if (is_noop && c->ksock.cookie1 == KEEPALIVE_COOKIE) {
		ours = (struct ksock_hdr){.type = KSOCK_NOOP, .cookie1 = KEEPALIVE_COOKIE};
		t->tallies[TALLY_keepalive]++;
	} else if (is_noop) {
		ours = (struct ksock_hdr){.type = KSOCK_NOOP, .cookie1 = c->ksock.cookie1};
		selftest_check(t, "NOOP for a cookie that nobody sent",
			       has_cookie(t, c->ksock.cookie1));
		t->tallies[TALLY_zc_ack]++;
	} else {
		selftest_check(t, "zero-copy request at another size",
			       asks == (has_payload && c->hdr.payload_len >= ZC_MIN_PAYLOAD));
		ours.cookie0 = c->ksock.cookie0;
		selftest_check(t, "request cookie below the first one",
			       !asks || c->ksock.cookie0 >= FIRST_COOKIE);
		t->tallies[TALLY_zc_request] += asks;
		t->tallies[TALLY_first_cookie] += asks && c->ksock.cookie0 == FIRST_COOKIE;
	}
	/* a checksum is compared by computing it */
	if (c->version == 2)
		ours.checksum = c->ksock.checksum;
	ksock_encode(buf, &ours, false);
	selftest_compare(t, "ksock header", c->data, buf, KSOCK_HDR_LEN);
}

static void
compare_checksum(struct selftest *t, const struct cut *c)
{
	uint8_t head[KSOCK_HDR_LEN];
	uint32_t crc;

	if (c->version != 2 || c->ksock.checksum == 0)
		return;
	memcpy(head, c->data, sizeof(head));
	memset(head + 4, 0, 4);
	crc = crc_update(CRC_START, head, sizeof(head));
	crc = crc_update(crc, c->data + KSOCK_HDR_LEN, c->len - KSOCK_HDR_LEN);
	selftest_check(t, "V2 checksum", crc == c->ksock.checksum);
	t->tallies[TALLY_checksum_v2]++;
}

static void
compare_message(struct selftest *t, const struct cut *c)
{
	uint8_t buf[LNET_HDR_MAX];

	compare_ksock(t, c);
	if (c->ksock.type == KSOCK_NOOP)
		return;
	selftest_compare(t, "LNet header, read and written", c->data + KSOCK_HDR_LEN, buf,
			 lnet_hdr_encode(buf, &c->hdr, c->version));
	compare_checksum(t, c);
	switch (c->hdr.type) {
	case LNET_GET:
		compare_get(t, c);
		break;
	case LNET_PUT:
		compare_put(t, c);
		break;
	case LNET_REPLY:
		compare_reply(t, c);
		break;
	default:
		compare_ack(t, c);
		break;
	}
}

void
selftest_messages(struct selftest *t, const uint8_t *data, size_t len, uint32_t version,
		  bool is_compared)
{
	struct cut c;

	while (cut_next(data, len, version, &c)) {
		if (is_compared)
			compare_message(t, &c);
		else
			note_request(t, &c);
		data += c.len;
		len -= c.len;
	}
}
