/* SPDX-License-Identifier: BSD-3-Clause */
/* Layout of ping information. Pure. */
#include "lnet/ping_info.h"

#include "lnet/base/bytes.h"
#include "lnet/ni.h"
#include "lnet/wire.h"

#include <errno.h>

#define LARGE_NID_HEAD 8 /* bytes of a NID that are always there */
#define NIDS_LIMIT 4096 /* lnet_interfaces_max of the reference */

/* --- writing, in this host's order: little-endian --- */

static uint32_t
status_of(const struct lnet_ni *ni)
{
	return ni_shows_up(ni) ? PING_STATUS_UP : PING_STATUS_DOWN;
}

uint32_t
ping_features(const struct lnet_conf *conf)
{
	uint32_t f = PING_FEAT_NI_STATUS | PING_FEAT_MULTI_RAIL;

	/* starting and stopping routers forward, but do not want to be chosen (6.7) */
	if (conf->routing != ROUTING_ENABLED)
		f |= PING_FEAT_RTE_DISABLED;
	return f;
}

static uint32_t
put_nid4s(const struct lnet_conf *conf, uint8_t *p)
{
	unsigned int i, n = 0;

	for (i = 0; i < conf->n_nis; i++) {
		const struct lnet_ni *ni = conf->nis[i];
		uint8_t *entry = p + n * PING_ENTRY_SIZE;

		if (!lnet_nid_is_nid4(&ni->nid))
			continue;
		put_le64(entry, lnet_nid_to4(&ni->nid));
		/* the loopback's status word is the sequence number (trap 2) */
		put_le32(entry + 8, n == 0 ? conf->ping_seq : status_of(ni));
		put_le32(entry + 12, 0);
		n++;
	}
	return n;
}

static uint32_t
put_large(const struct lnet_ni *ni, uint8_t *p)
{
	uint32_t size = LARGE_NID_HEAD + ni->nid.size, padded = (4 + size + 3) & ~3u;

	memset(p, 0, padded);
	put_le32(p, status_of(ni));
	memcpy(p + 4, &ni->nid, size);
	return padded;
}

uint32_t
ping_info_encode(const struct lnet_conf *conf, uint8_t out[PING_INFO_MAX])
{
	uint32_t features = ping_features(conf), n4 = put_nid4s(conf, out + PING_HDR_SIZE);
	uint32_t len = PING_HDR_SIZE + n4 * PING_ENTRY_SIZE;
	unsigned int i;

	for (i = 0; i < conf->n_nis; i++) {
		if (lnet_nid_is_nid4(&conf->nis[i]->nid))
			continue;
		features |= PING_FEAT_LARGE_ADDR;
		/* entry 0 is the loopback */
		if (i == 1)
			features |= PING_FEAT_PRIMARY_LARGE;
		len += put_large(conf->nis[i], out + len);
	}
	if ((features & PING_FEAT_LARGE_ADDR) != 0)
		put_le32(out + PING_HDR_SIZE + 12, len);
	put_le32(out, PING_MAGIC);
	put_le32(out + 4, features);
	put_le32(out + 8, LNET_PID);
	put_le32(out + 12, n4);
	return len;
}

/* --- reading, in the sender's order --- */

struct reader {
	const uint8_t *p;
	uint32_t len;
	bool swap;
};

static uint32_t
u32(const struct reader *r, uint32_t off)
{
	return r->swap ? get_be32(r->p + off) : get_le32(r->p + off);
}

static uint64_t
u64(const struct reader *r, uint32_t off)
{
	return r->swap ? get_be64(r->p + off) : get_le64(r->p + off);
}

static void
keep(struct ping_info *info, const struct lnet_nid *nid, uint32_t status)
{
	if (info->n == PING_NIDS_MAX)
		return;
	info->nids[info->n] = *nid;
	info->status[info->n++] = status;
}

static void
read_large(const struct reader *r, uint32_t off, uint32_t declared, struct ping_info *info)
{
	uint32_t end = declared < r->len ? declared : r->len, size;
	struct lnet_nid nid;

	while (off + 4 + LARGE_NID_HEAD <= end) {
		size = LARGE_NID_HEAD + r->p[off + 4];
		if (off + 4 + size > end)
			break;
		/* a NID larger than we know of is skipped, not fatal */
		if (size <= sizeof(nid)) {
			memset(&nid, 0, sizeof(nid));
			memcpy(&nid, r->p + off + 4, size);
			keep(info, &nid, u32(r, off));
		}
		off += (4 + size + 3) & ~3u;
	}
	info->is_truncated |= off < declared;
}

static bool
read_magic(struct reader *r)
{
	r->swap = get_be32(r->p) == PING_MAGIC;
	return r->swap || get_le32(r->p) == PING_MAGIC;
}

int
ping_info_decode(const uint8_t *p, uint32_t len, struct ping_info *info)
{
	const struct lnet_nid lo = lnet_nid_lo();
	struct reader r = {.p = p, .len = len};
	struct lnet_nid nid;
	uint32_t n, i, off;

	memset(info, 0, sizeof(*info));
	if (len < PING_HDR_SIZE + PING_ENTRY_SIZE || !read_magic(&r))
		return -EPROTO;
	info->features = u32(&r, 4);
	info->pid = u32(&r, 8);
	n = u32(&r, 12);
	if ((info->features & PING_FEAT_NI_STATUS) == 0 || n == 0 || n > NIDS_LIMIT)
		return -EPROTO;
	nid = lnet_nid_from4(u64(&r, PING_HDR_SIZE));
	if (!lnet_nid_equal(&nid, &lo))
		return -EPROTO;
	info->seq = u32(&r, PING_HDR_SIZE + 8);
	for (i = 0; i < n; i++) {
		off = PING_HDR_SIZE + i * PING_ENTRY_SIZE;
		if (off + PING_ENTRY_SIZE > len) {
			info->is_truncated = true;
			return 0;
		}
		nid = lnet_nid_from4(u64(&r, off));
		keep(info, &nid, i == 0 ? PING_STATUS_UP : u32(&r, off + 8));
	}
	if ((info->features & PING_FEAT_LARGE_ADDR) != 0)
		read_large(&r, PING_HDR_SIZE + n * PING_ENTRY_SIZE,
			   u32(&r, PING_HDR_SIZE + 12) & ~3u, info);
	return 0;
}
