/* SPDX-License-Identifier: BSD-3-Clause */
/* Encoders and decoders of the socket LND's wire formats, one cursor type for both byte orders. */
#include "wire.h"

#include <errno.h>
#include <string.h>

#define MAX_HELLO_IPS 16

struct cursor {
	uint8_t *p;
	bool big_endian;
};

static void
put(struct cursor *c, uint64_t v, int bytes)
{
	int i;

	for (i = 0; i < bytes; i++)
		c->p[c->big_endian ? bytes - 1 - i : i] = (uint8_t)(v >> (8 * i));
	c->p += bytes;
}

static uint64_t
get(struct cursor *c, int bytes)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < bytes; i++)
		v |= (uint64_t)c->p[c->big_endian ? bytes - 1 - i : i] << (8 * i);
	c->p += bytes;
	return v;
}

static void
put_nid(struct cursor *c, const struct nid *nid, bool large)
{
	if (!large) {
		put(c, nid_to4(nid), 8);
		return;
	}
	memcpy(c->p, nid, sizeof(*nid));
	c->p += sizeof(*nid);
}

static struct nid
get_nid(struct cursor *c, bool large)
{
	struct nid nid;

	if (!large)
		return nid_from4(get(c, 8));
	memcpy(&nid, c->p, sizeof(nid));
	c->p += sizeof(nid);
	return nid;
}

/*
 * Set the cursor's byte order so that the next word reads as @magic; false if neither order does.
 */
static bool
match_magic(struct cursor *c, uint32_t magic)
{
	struct cursor at = *c;

	for (at.big_endian = false;; at.big_endian = true) {
		at.p = c->p;
		if (get(&at, 4) == magic) {
			*c = at;
			return true;
		}
		if (at.big_endian)
			return false;
	}
}

size_t
connreq_encode(uint8_t *buf, const struct nid *target, bool big_endian)
{
	struct cursor c = {buf, big_endian};
	bool large = !nid_is_small(target);

	put(&c, ACCEPTOR_MAGIC, 4);
	put(&c, large ? 2 : 1, 4);
	put_nid(&c, target, large);
	return (size_t)(c.p - buf);
}

int
connreq_decode(const uint8_t *buf, size_t len, struct nid *target)
{
	struct cursor c = {(uint8_t *)buf, false};
	uint64_t version;
	int need;

	if (len < 4)
		return 0;
	if (!match_magic(&c, ACCEPTOR_MAGIC))
		return -EPROTO;
	if (len < 8)
		return 0;
	version = get(&c, 4);
	if (version != 1 && version != 2)
		return -EPROTONOSUPPORT;
	need = version == 1 ? 16 : 28;
	if (len < (size_t)need)
		return 0;
	*target = get_nid(&c, version == 2);
	return need;
}

size_t
hello_encode(uint8_t *buf, const struct hello *h, bool big_endian)
{
	struct cursor c = {buf, big_endian};
	bool large = h->version == 4;

	put(&c, LNET_MAGIC, 4);
	put(&c, h->version, 4);
	put_nid(&c, &h->src, large);
	put_nid(&c, &h->dst, large);
	put(&c, h->src_pid, 4);
	put(&c, h->dst_pid, 4);
	put(&c, h->src_incarnation, 8);
	put(&c, h->dst_incarnation, 8);
	put(&c, (uint32_t)h->type, 4);
	put(&c, 0, 4);
	return (size_t)(c.p - buf);
}

/*
 * The obsolete address list behind a HELLO V2 or V3: length in bytes, 0 if not complete yet, or
 * -EPROTO.
 */
static int
skip_ips(struct cursor *c, uint32_t count, size_t have)
{
	uint32_t i;

	if (count > MAX_HELLO_IPS)
		return -EPROTO;
	if (have < 4 * (size_t)count)
		return 0;
	for (i = 0; i < count; i++) {
		if (get(c, 4) == 0)
			return -EPROTO;
	}
	return 4 * (int)count;
}

int
hello_decode(const uint8_t *buf, size_t len, struct hello *h, bool *big_endian)
{
	struct cursor c = {(uint8_t *)buf, false};
	size_t need;
	uint32_t ips;
	int list;

	memset(h, 0, sizeof(*h));
	if (len < 4)
		return 0;
	if (!match_magic(&c, LNET_MAGIC))
		return -EPROTO;
	*big_endian = c.big_endian;
	if (len < 8)
		return 0;
	h->version = (uint32_t)get(&c, 4);
	if (h->version < 2 || h->version > 4)
		return -EPROTONOSUPPORT;
	need = h->version == 4 ? 80 : 56;
	if (len < need)
		return 0;
	h->src = get_nid(&c, h->version == 4);
	h->dst = get_nid(&c, h->version == 4);
	h->src_pid = (uint32_t)get(&c, 4);
	h->dst_pid = (uint32_t)get(&c, 4);
	h->src_incarnation = get(&c, 8);
	h->dst_incarnation = get(&c, 8);
	h->type = (int32_t)(uint32_t)get(&c, 4);
	ips = (uint32_t)get(&c, 4);
	if (h->version == 4 || ips == 0)
		return (int)need;
	list = skip_ips(&c, ips, len - need);
	return list <= 0 ? list : (int)need + list;
}

void
ksock_encode(uint8_t *buf, const struct ksock_hdr *k, bool big_endian)
{
	struct cursor c = {buf, big_endian};

	put(&c, k->type, 4);
	put(&c, k->checksum, 4);
	put(&c, k->cookie0, 8);
	put(&c, k->cookie1, 8);
}

void
ksock_decode(const uint8_t *buf, struct ksock_hdr *k, bool big_endian)
{
	struct cursor c = {(uint8_t *)buf, big_endian};

	k->type = (uint32_t)get(&c, 4);
	k->checksum = (uint32_t)get(&c, 4);
	k->cookie0 = get(&c, 8);
	k->cookie1 = get(&c, 8);
}

size_t
lnet_hdr_len(uint32_t version)
{
	return version == 4 ? 96 : 72;
}

size_t
lnet_hdr_encode(uint8_t *buf, const struct lnet_hdr *h, uint32_t version)
{
	struct cursor c = {buf, false};
	bool large = version == 4;

	memset(buf, 0, lnet_hdr_len(version));
	put_nid(&c, &h->dst, large);
	put_nid(&c, &h->src, large);
	put(&c, h->dst_pid, 4);
	put(&c, h->src_pid, 4);
	put(&c, h->type, 4);
	put(&c, h->payload_len, 4);
	put(&c, h->handle.interface, 8);
	put(&c, h->handle.object, 8);
	if (h->type != LNET_REPLY)
		put(&c, h->match_bits, 8);
	switch (h->type) {
	case LNET_ACK:
		put(&c, h->length, 4);
		break;
	case LNET_PUT:
		put(&c, h->hdr_data, 8);
		put(&c, h->portal, 4);
		put(&c, h->offset, 4);
		break;
	case LNET_GET:
		put(&c, h->portal, 4);
		put(&c, h->offset, 4);
		put(&c, h->length, 4);
		break;
	default:
		break;
	}
	return lnet_hdr_len(version);
}

void
lnet_hdr_decode(const uint8_t *buf, struct lnet_hdr *h, uint32_t version)
{
	struct cursor c = {(uint8_t *)buf, false};
	bool large = version == 4;

	memset(h, 0, sizeof(*h));
	h->dst = get_nid(&c, large);
	h->src = get_nid(&c, large);
	h->dst_pid = (uint32_t)get(&c, 4);
	h->src_pid = (uint32_t)get(&c, 4);
	h->type = (uint32_t)get(&c, 4);
	h->payload_len = (uint32_t)get(&c, 4);
	h->handle.interface = get(&c, 8);
	h->handle.object = get(&c, 8);
	if (h->type != LNET_REPLY)
		h->match_bits = get(&c, 8);
	switch (h->type) {
	case LNET_ACK:
		h->length = (uint32_t)get(&c, 4);
		break;
	case LNET_PUT:
		h->hdr_data = get(&c, 8);
		h->portal = (uint32_t)get(&c, 4);
		h->offset = (uint32_t)get(&c, 4);
		break;
	case LNET_GET:
		h->portal = (uint32_t)get(&c, 4);
		h->offset = (uint32_t)get(&c, 4);
		h->length = (uint32_t)get(&c, 4);
		break;
	default:
		break;
	}
}

int32_t
conn_type_invert(int32_t type)
{
	if (type == CONN_BULK_IN)
		return CONN_BULK_OUT;
	if (type == CONN_BULK_OUT)
		return CONN_BULK_IN;
	return type;
}

uint32_t
crc_update(uint32_t crc, const uint8_t *data, size_t len)
{
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}
