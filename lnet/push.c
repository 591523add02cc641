/* SPDX-License-Identifier: BSD-3-Clause */
/* Pushes of peers. */
#include "lnet/push.h"

#include "lnet/peer.h"
#include "lnet/ping_info.h"

#include <errno.h>

#define LOOK_MAX 4096 /* bytes that are looked at: what is kept lies at the beginning */

int
push_received(struct peer *from, const struct buf *payload, const struct lnet_hdr *hdr)
{
	uint8_t bytes[LOOK_MAX];
	uint32_t len = payload->len < LOOK_MAX ? payload->len : LOOK_MAX;
	struct ping_info info;

	if (buf_copy_out(payload, 0, bytes, len) < 0 || ping_info_decode(bytes, len, &info) < 0)
		return -EPROTO;
	/* through a router it is another node's that tells about itself */
	if (from == NULL || !lnet_nid_equal(&hdr->src, &from->nid))
		return 0;
	from->features = info.features;
	from->ping_seq = info.seq;
	from->has_info = true;
	return 0;
}
