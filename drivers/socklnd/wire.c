/* SPDX-License-Identifier: BSD-3-Clause */
/* Encoding and decoding of the handshake and of the message header. */
#include "drivers/socklnd/wire.h"

#include "lnet/base/bytes.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* Offsets of 3 and 4; the decoders below use no others. */
enum {
	NID4 = 8,
	NID16 = 20,
};

static const struct socklnd_proto protos[] = {
	{1, false, false, false, 0, LNET_HDR4_SIZE, 72},
	{2, false, false, true, SOCKLND_KSOCK_SIZE, LNET_HDR4_SIZE, 56},
	{3, false, true, false, SOCKLND_KSOCK_SIZE, LNET_HDR4_SIZE, 56},
	{4, true, true, false, SOCKLND_KSOCK_SIZE, LNET_HDR16_SIZE, SOCKLND_HELLO_MAX},
};

const struct socklnd_proto *
socklnd_proto(unsigned int version)
{
	return version >= 1 && version <= 4 ? &protos[version - 1] : NULL;
}

enum socklnd_type
socklnd_type_invert(enum socklnd_type type)
{
	if (type == SOCKLND_BULK_IN)
		return SOCKLND_BULK_OUT;
	if (type == SOCKLND_BULK_OUT)
		return SOCKLND_BULK_IN;
	return type;
}

static uint32_t
get32(const uint8_t *p, bool swap)
{
	return swap ? get_be32(p) : get_le32(p);
}

static uint64_t
get64(const uint8_t *p, bool swap)
{
	return swap ? get_be64(p) : get_le64(p);
}

unsigned int
socklnd_connreq_encode(const struct lnet_nid *target, uint8_t *out)
{
	put_le32(out, SOCKLND_ACCEPTOR_MAGIC);
	if (lnet_nid_is_nid4(target)) {
		put_le32(out + 4, 1);
		put_le64(out + 8, lnet_nid_to4(target));
		return SOCKLND_CONNREQ_V1_SIZE;
	}
	put_le32(out + 4, 2);
	memcpy(out + 8, target, NID16);
	return SOCKLND_CONNREQ_V2_SIZE;
}

void
socklnd_old_version_encode(uint8_t out[SOCKLND_CONNREQ_V1_SIZE])
{
	put_le32(out, SOCKLND_ACCEPTOR_MAGIC);
	put_le32(out + 4, 1);
	put_le64(out + 8, 0);
}

/* V1 carries major and minor in two 16-bit fields, little-endian like all of it. */
static int
peek_v1(const uint8_t head[8], unsigned int *version)
{
	*version = 1;
	return get_le16(head + 4) == 1 && get_le16(head + 6) == 0 ? 0 : -EPROTONOSUPPORT;
}

int
socklnd_hello_peek(const uint8_t head[8], unsigned int *version, bool *swap)
{
	*swap = false;
	if (get_le32(head) == SOCKLND_HELLO_MAGIC_V1)
		return peek_v1(head, version);
	if (get_be32(head) == SOCKLND_HELLO_MAGIC)
		*swap = true;
	else if (get_le32(head) != SOCKLND_HELLO_MAGIC)
		return -EPROTO;
	*version = get32(head + 4, *swap);
	return *version >= 2 && *version <= 4 ? 0 : -EPROTONOSUPPORT;
}

static void
decode_v1(const uint8_t *w, struct socklnd_hello *h)
{
	h->src = lnet_nid_from4(get_le64(w + 8));
	h->dst_pid = get_le32(w + 16);
	h->src_pid = get_le32(w + 20);
	h->n_ips = get_le32(w + 28) / 4;
	h->src_incarnation = get_le64(w + 32);
	h->type = (int32_t)get_le32(w + 40);
	/* another LNet type than HELLO has no type that anyone takes */
	if (get_le32(w + 24) != LNET_HELLO)
		h->type = INT32_MIN;
}

void
socklnd_hello_decode(const uint8_t *w, unsigned int version, bool swap, struct socklnd_hello *h)
{
	*h = (struct socklnd_hello){.version = version, .swap = swap};
	if (version == 1) {
		decode_v1(w, h);
		return;
	}
	w += 8;
	if (version == 4) {
		memcpy(&h->src, w, NID16);
		memcpy(&h->dst, w + NID16, NID16);
		w += 2 * NID16;
	} else {
		h->src = lnet_nid_from4(get64(w, swap));
		h->dst = lnet_nid_from4(get64(w + NID4, swap));
		w += 2 * NID4;
	}
	h->src_pid = get32(w, swap);
	h->dst_pid = get32(w + 4, swap);
	h->src_incarnation = get64(w + 8, swap);
	h->dst_incarnation = get64(w + 16, swap);
	h->type = (int32_t)get32(w + 24, swap);
	/* V4 has the field but no list behind it (4.2) */
	h->n_ips = version == 4 ? 0 : get32(w + 28, swap);
}

static unsigned int
encode_v1(const struct socklnd_hello *h, uint8_t *out)
{
	memset(out, 0, LNET_HDR4_SIZE);
	put_le32(out, SOCKLND_HELLO_MAGIC_V1);
	put_le16(out + 4, 1);
	put_le64(out + 8, lnet_nid_to4(&h->src));
	put_le32(out + 16, h->dst_pid);
	put_le32(out + 20, h->src_pid);
	put_le32(out + 24, LNET_HELLO);
	put_le64(out + 32, h->src_incarnation);
	put_le32(out + 40, (uint32_t)h->type);
	return LNET_HDR4_SIZE;
}

unsigned int
socklnd_hello_encode(const struct socklnd_hello *h, uint8_t *out)
{
	uint8_t *w = out + 8;

	if (h->version == 1)
		return encode_v1(h, out);
	put_le32(out, SOCKLND_HELLO_MAGIC);
	put_le32(out + 4, h->version);
	if (h->version == 4) {
		memcpy(w, &h->src, NID16);
		memcpy(w + NID16, &h->dst, NID16);
		w += 2 * NID16;
	} else {
		put_le64(w, lnet_nid_to4(&h->src));
		put_le64(w + NID4, lnet_nid_to4(&h->dst));
		w += 2 * NID4;
	}
	put_le32(w, h->src_pid);
	put_le32(w + 4, h->dst_pid);
	put_le64(w + 8, h->src_incarnation);
	put_le64(w + 16, h->dst_incarnation);
	put_le32(w + 24, (uint32_t)h->type);
	put_le32(w + 28, 0);
	return (unsigned int)(w + 32 - out);
}

void
socklnd_ksock_decode(const uint8_t wire[SOCKLND_KSOCK_SIZE], bool swap, struct socklnd_ksock *k)
{
	k->type = get32(wire, swap);
	k->csum = get32(wire + 4, swap);
	k->cookie0 = get64(wire + 8, swap);
	k->cookie1 = get64(wire + 16, swap);
}

void
socklnd_ksock_encode(const struct socklnd_ksock *k, uint8_t wire[SOCKLND_KSOCK_SIZE])
{
	put_le32(wire, k->type);
	put_le32(wire + 4, k->csum);
	put_le64(wire + 8, k->cookie0);
	put_le64(wire + 16, k->cookie1);
}

uint32_t
socklnd_csum(uint32_t csum, const void *data, size_t len)
{
	return ~(uint32_t)crc32(~csum, data, (uInt)len);
}
