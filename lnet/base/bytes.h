/* SPDX-License-Identifier: BSD-3-Clause */
/* Wire integers at any alignment, little and big endian. Pure. */
#pragma once

#include <stdint.h>
#include <string.h>

#define BYTES_GET(name, type, conv)            \
	static inline type name(const void *p) \
	{                                      \
		type v;                        \
		memcpy(&v, p, sizeof(v));      \
		return conv(v);                \
	}
#define BYTES_PUT(name, type, conv)              \
	static inline void name(void *p, type v) \
	{                                        \
		v = conv(v);                     \
		memcpy(p, &v, sizeof(v));        \
	}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTES_LE(v) (v)
#define BYTES_BE16(v) __builtin_bswap16(v)
#define BYTES_BE32(v) __builtin_bswap32(v)
#define BYTES_BE64(v) __builtin_bswap64(v)
#define BYTES_LE16(v) BYTES_LE(v)
#define BYTES_LE32(v) BYTES_LE(v)
#define BYTES_LE64(v) BYTES_LE(v)
#else
#error "only little-endian hosts are supported"
#endif

/* get_le16(p) ... put_be64(p, v): @p needs no alignment, the value is in host order. */
BYTES_GET(get_le16, uint16_t, BYTES_LE16)
BYTES_GET(get_le32, uint32_t, BYTES_LE32)
BYTES_GET(get_le64, uint64_t, BYTES_LE64)
BYTES_GET(get_be16, uint16_t, BYTES_BE16)
BYTES_GET(get_be32, uint32_t, BYTES_BE32)
BYTES_GET(get_be64, uint64_t, BYTES_BE64)
BYTES_PUT(put_le16, uint16_t, BYTES_LE16)
BYTES_PUT(put_le32, uint32_t, BYTES_LE32)
BYTES_PUT(put_le64, uint64_t, BYTES_LE64)
BYTES_PUT(put_be16, uint16_t, BYTES_BE16)
BYTES_PUT(put_be32, uint32_t, BYTES_BE32)
BYTES_PUT(put_be64, uint64_t, BYTES_BE64)

#undef BYTES_GET
#undef BYTES_PUT
