/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers of messages for tests. */
#pragma once

#include "lnet/local.h"
#include "lnet/wire.h"
#include "tests/fake/fake_node.h"

#include <string.h>

/* With a body that has a different byte at each place. */
static inline struct lnet_hdr
message(uint32_t type, const char *src, const char *dst, uint32_t len)
{
	struct lnet_hdr h = {
		.dst = fake_nid(dst),
		.src = fake_nid(src),
		.dst_pid = LNET_PID,
		.src_pid = LNET_PID,
		.type = type,
		.payload_len = len,
	};
	unsigned int i;

	for (i = 0; i < LNET_BODY_SIZE; i++)
		h.body[i] = (uint8_t)(i + 100);
	return h;
}

/* The GET of a ping. */
static inline struct lnet_hdr
ping_message(const char *src, const char *dst, uint32_t sink)
{
	struct lnet_hdr h = message(LNET_GET, src, dst, 0);
	struct lnet_get get = {
		.match_bits = LOCAL_PING_BITS,
		.portal = LOCAL_PORTAL,
		.sink_len = sink,
	};

	memset(&get.ret, 0x5a, sizeof(get.ret));
	lnet_get_encode(&get, h.body);
	return h;
}
