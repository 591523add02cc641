/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers and ping buffers as a real end node makes them. Pure; the selftest compares them with
 * recorded ones.
 */
#include "lnet.h"
#include "pattern.h"

#include <errno.h>
#include <string.h>

#define PING_MAGIC 0x70696e67u
#define FEATURE_NI_STATUS 0x02u
#define FEATURE_RTE_DISABLED 0x04u
#define FEATURE_MULTI_RAIL 0x08u
#define FEATURE_DISCOVERY 0x10u
#define FEATURE_LARGE_ADDR 0x20u
#define FEATURE_PRIMARY_LARGE 0x40u
#define STATUS_UP 0x15aac0deu
#define LO_NID4 0x0009000000000000u

struct lnet_hdr
lnet_hdr_make(uint32_t type, const struct nid *dst, const struct nid *src)
{
	return (struct lnet_hdr){
		.type = type, .dst = *dst, .src = *src, .dst_pid = LNET_PID, .src_pid = LNET_PID};
}

struct lnet_hdr
ping_get_make(const struct nid *dst, const struct nid *src, struct handle h, uint32_t sink)
{
	struct lnet_hdr hdr = lnet_hdr_make(LNET_GET, dst, src);

	hdr.handle = h;
	hdr.match_bits = PING_MATCH_BITS;
	hdr.portal = PING_PORTAL;
	hdr.length = sink;
	return hdr;
}

struct lnet_hdr
push_put_make(const struct nid *dst, const struct nid *src, struct handle h, uint32_t len)
{
	struct lnet_hdr hdr = lnet_hdr_make(LNET_PUT, dst, src);

	hdr.handle = h;
	hdr.match_bits = PING_MATCH_BITS;
	hdr.portal = PING_PORTAL;
	hdr.payload_len = len;
	return hdr;
}

struct lnet_hdr
reply_make(const struct lnet_hdr *get, uint32_t len)
{
	struct lnet_hdr hdr = lnet_hdr_make(LNET_REPLY, &get->src, &get->dst);

	hdr.dst_pid = get->src_pid;
	hdr.handle = get->handle;
	hdr.payload_len = len;
	return hdr;
}

struct lnet_hdr
ack_make(const struct lnet_hdr *put)
{
	struct lnet_hdr hdr = lnet_hdr_make(LNET_ACK, &put->src, &put->dst);

	hdr.dst_pid = put->src_pid;
	hdr.handle = put->handle;
	hdr.match_bits = put->match_bits;
	hdr.length = put->payload_len;
	return hdr;
}

static uint8_t *
put_le(uint8_t *p, uint64_t v, int bytes)
{
	int i;

	for (i = 0; i < bytes; i++)
		*p++ = (uint8_t)(v >> (8 * i));
	return p;
}

static uint64_t
get_le(const uint8_t *p, int bytes)
{
	uint64_t v = 0;
	int i;

	for (i = bytes - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

uint32_t
ping_info_make(const struct nid *nids, int n_nids, uint32_t sequence, bool has_discovery,
	       uint8_t *buf)
{
	uint32_t features = FEATURE_NI_STATUS | FEATURE_RTE_DISABLED | FEATURE_MULTI_RAIL;
	uint32_t small = 1, large_len = 0, len;
	uint8_t *p = buf + 16;
	int i;

	for (i = 0; i < n_nids; i++) {
		if (nid_is_small(&nids[i]))
			small++;
		else
			large_len += 24;
	}
	if (has_discovery)
		features |= FEATURE_DISCOVERY;
	if (large_len > 0)
		features |=
			FEATURE_LARGE_ADDR | (nid_is_small(&nids[0]) ? 0 : FEATURE_PRIMARY_LARGE);
	len = 16 + 16 * small + large_len;
	put_le(put_le(put_le(put_le(buf, PING_MAGIC, 4), features, 4), LNET_PID, 4), small, 4);
	p = put_le(put_le(put_le(p, LO_NID4, 8), sequence, 4), large_len > 0 ? len : 0, 4);
	for (i = 0; i < n_nids; i++) {
		if (nid_is_small(&nids[i]))
			p = put_le(put_le(put_le(p, nid_to4(&nids[i]), 8), STATUS_UP, 4), 0, 4);
	}
	for (i = 0; i < n_nids; i++) {
		if (nid_is_small(&nids[i]))
			continue;
		p = put_le(p, STATUS_UP, 4);
		memcpy(p, &nids[i], 20);
		p += 20;
	}
	return len;
}

/* NIDs of the large entries from @at to @end, or -EPROTO. */
static int
count_large(const uint8_t *buf, uint32_t at, uint32_t end)
{
	uint32_t size;
	int n = 0;

	while (at < end) {
		if (end - at < 12)
			return -EPROTO;
		size = (4u + 8u + buf[at + 4] + 3u) & ~3u;
		if (size > end - at)
			return -EPROTO;
		at += size;
		n++;
	}
	return n;
}

int
ping_info_check(const uint8_t *buf, uint32_t len)
{
	uint32_t n, declared, features;
	int large;

	if (len < 32 || get_le(buf, 4) != PING_MAGIC || get_le(buf + 16, 8) != LO_NID4)
		return -EPROTO;
	features = (uint32_t)get_le(buf + 4, 4);
	n = (uint32_t)get_le(buf + 12, 4);
	if ((features & FEATURE_NI_STATUS) == 0 || n < 1 || n > 4096)
		return -EPROTO;
	declared = 16 + 16 * n;
	if (declared > len)
		return -EPROTO;
	if ((features & FEATURE_LARGE_ADDR) == 0)
		return declared == len ? (int)n - 1 : -EPROTO;
	large = count_large(buf, declared, (uint32_t)get_le(buf + 28, 4) & ~3u);
	if ((get_le(buf + 28, 4) & ~3u) != len || large < 0)
		return -EPROTO;
	return (int)n - 1 + large;
}

/*
 * Odd on purpose, and different from message to message, so that a field that is lost or shifted
 * shows.
 */
uint32_t
data_offset(uint64_t number)
{
	return (uint32_t)(number & 0x3ff) * 5;
}

uint64_t
data_hdr_data(const struct lnet_hdr *put)
{
	uint64_t x = pattern_seed(&put->src, &put->dst, put->match_bits);

	x = pattern_mix(x, (uint64_t)put->offset << 32 | put->payload_len);
	x = pattern_mix(x, (uint64_t)put->src_pid << 32 | put->dst_pid);
	return pattern_mix(x, put->handle.interface ^ put->handle.object << 1);
}
