/* SPDX-License-Identifier: BSD-3-Clause */
/* The LNet header in its two wire forms, and the type-specific bodies. Pure. Spec: LNet core section 2. */
#include "lnet/wire.h"

#include "lnet/base/bytes.h"

#include <errno.h>

_Static_assert(LNET_HDR4_SIZE == 2 * 8 + 4 * 4 + LNET_BODY_SIZE, "2.1");
_Static_assert(LNET_HDR16_SIZE == 2 * sizeof(struct lnet_nid) + 4 * 4 + LNET_BODY_SIZE, "2.1");

/* What follows the NIDs is the same in both forms. */
static void
decode_rest(const uint8_t *p, struct lnet_hdr *h)
{
	h->dst_pid = get_le32(p);
	h->src_pid = get_le32(p + 4);
	h->type = get_le32(p + 8);
	h->payload_len = get_le32(p + 12);
	memcpy(h->body, p + 16, LNET_BODY_SIZE);
}

static void
encode_rest(const struct lnet_hdr *h, uint8_t *p)
{
	put_le32(p, h->dst_pid);
	put_le32(p + 4, h->src_pid);
	put_le32(p + 8, h->type);
	put_le32(p + 12, h->payload_len);
	memcpy(p + 16, h->body, LNET_BODY_SIZE);
}

void
lnet_hdr_decode4(const uint8_t wire[LNET_HDR4_SIZE], struct lnet_hdr *h)
{
	h->dst = lnet_nid_from4(get_le64(wire));
	h->src = lnet_nid_from4(get_le64(wire + 8));
	decode_rest(wire + 16, h);
}

void
lnet_hdr_decode16(const uint8_t wire[LNET_HDR16_SIZE], struct lnet_hdr *h)
{
	memcpy(&h->dst, wire, sizeof(h->dst));
	memcpy(&h->src, wire + 20, sizeof(h->src));
	decode_rest(wire + 40, h);
}

static bool
fits4(const struct lnet_nid *n)
{
	return lnet_nid_is_nid4(n) || lnet_nid_is_any(n);
}

int
lnet_hdr_encode4(const struct lnet_hdr *h, uint8_t wire[LNET_HDR4_SIZE])
{
	if (!fits4(&h->dst) || !fits4(&h->src))
		return -EAFNOSUPPORT;
	put_le64(wire, lnet_nid_to4(&h->dst));
	put_le64(wire + 8, lnet_nid_to4(&h->src));
	encode_rest(h, wire + 16);
	return 0;
}

void
lnet_hdr_encode16(const struct lnet_hdr *h, uint8_t wire[LNET_HDR16_SIZE])
{
	memcpy(wire, &h->dst, sizeof(h->dst));
	memcpy(wire + 20, &h->src, sizeof(h->src));
	encode_rest(h, wire + 40);
}

void
lnet_put_decode(const uint8_t *body, struct lnet_put *b)
{
	memcpy(&b->ack, body, sizeof(b->ack));
	b->match_bits = get_le64(body + 16);
	memcpy(&b->hdr_data, body + 24, sizeof(b->hdr_data));
	b->portal = get_le32(body + 32);
	b->offset = get_le32(body + 36);
}

void
lnet_put_encode(const struct lnet_put *b, uint8_t *body)
{
	memcpy(body, &b->ack, sizeof(b->ack));
	put_le64(body + 16, b->match_bits);
	memcpy(body + 24, &b->hdr_data, sizeof(b->hdr_data));
	put_le32(body + 32, b->portal);
	put_le32(body + 36, b->offset);
}

void
lnet_get_decode(const uint8_t *body, struct lnet_get *b)
{
	memcpy(&b->ret, body, sizeof(b->ret));
	b->match_bits = get_le64(body + 16);
	b->portal = get_le32(body + 24);
	b->offset = get_le32(body + 28);
	b->sink_len = get_le32(body + 32);
}

void
lnet_get_encode(const struct lnet_get *b, uint8_t *body)
{
	memset(body, 0, LNET_BODY_SIZE);
	memcpy(body, &b->ret, sizeof(b->ret));
	put_le64(body + 16, b->match_bits);
	put_le32(body + 24, b->portal);
	put_le32(body + 28, b->offset);
	put_le32(body + 32, b->sink_len);
}

void
lnet_ack_decode(const uint8_t *body, struct lnet_ack *b)
{
	memcpy(&b->md, body, sizeof(b->md));
	b->match_bits = get_le64(body + 16);
	b->mlength = get_le32(body + 24);
}

void
lnet_ack_encode(const struct lnet_ack *b, uint8_t *body)
{
	memset(body, 0, LNET_BODY_SIZE);
	memcpy(body, &b->md, sizeof(b->md));
	put_le64(body + 16, b->match_bits);
	put_le32(body + 24, b->mlength);
}

void
lnet_reply_decode(const uint8_t *body, struct lnet_reply *b)
{
	memcpy(&b->md, body, sizeof(b->md));
}

void
lnet_reply_encode(const struct lnet_reply *b, uint8_t *body)
{
	memset(body, 0, LNET_BODY_SIZE);
	memcpy(body, &b->md, sizeof(b->md));
}

struct lnet_handle
lnet_handle_none(void)
{
	struct lnet_handle h;

	memset(&h, 0xff, sizeof(h));
	return h;
}

bool
lnet_handle_is_none(const struct lnet_handle *h)
{
	struct lnet_handle none = lnet_handle_none();

	return memcmp(h, &none, sizeof(none)) == 0;
}
