/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng blocks, in this host's byte order as the format allows. */
#include "drivers/ether/pcapng.h"

#include <string.h>

#define SECTION_HEADER 0x0a0d0d0a
#define INTERFACE_DESCRIPTION 1
#define ENHANCED_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINKTYPE_ETHERNET 1
#define OPT_END 0
#define OPT_IF_NAME 2
#define OPT_IF_TSRESOL 9
#define OPT_EPB_FLAGS 2
#define FLAG_INBOUND 1
#define FLAG_OUTBOUND 2

static uint8_t *
put16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static uint8_t *
put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static uint8_t *
put_option(uint8_t *p, uint16_t code, const void *value, uint16_t len)
{
	uint16_t padded = (uint16_t)((len + 3) & ~3u);

	p = put16(put16(p, code), len);
	memset(p, 0, padded);
	memcpy(p, value, len);
	return p + padded;
}

/* The total length stands at both ends of a block. */
static size_t
close_block(uint8_t *out, uint8_t *end)
{
	uint32_t len = (uint32_t)(end - out) + 4;

	put32(end, len);
	put32(out + 4, len);
	return len;
}

size_t
pcapng_section(uint8_t *out)
{
	uint8_t *p = put32(out, SECTION_HEADER) + 4;

	p = put32(p, BYTE_ORDER_MAGIC);
	p = put16(put16(p, 1), 0); /* version 1.0 */
	p = put32(put32(p, UINT32_MAX), UINT32_MAX); /* length not known */
	return close_block(out, p);
}

size_t
pcapng_interface(uint8_t *out, const char *name, uint32_t snaplen)
{
	static const uint8_t nanoseconds = 9;
	uint8_t *p = put32(out, INTERFACE_DESCRIPTION) + 4;

	p = put16(put16(p, LINKTYPE_ETHERNET), 0);
	p = put32(p, snaplen);
	p = put_option(p, OPT_IF_NAME, name, (uint16_t)strnlen(name, PCAPNG_NAME_MAX));
	p = put_option(p, OPT_IF_TSRESOL, &nanoseconds, 1);
	p = put16(put16(p, OPT_END), 0);
	return close_block(out, p);
}

size_t
pcapng_packet(uint8_t *head, uint8_t *tail, size_t *tail_len, uint64_t wall, uint32_t captured,
	      uint32_t original, bool inbound)
{
	uint32_t flags = inbound ? FLAG_INBOUND : FLAG_OUTBOUND, pad = -captured & 3, total;
	uint8_t *h = put32(head, ENHANCED_PACKET) + 4, *t = tail;

	h = put32(h, 0); /* interface */
	h = put32(put32(h, (uint32_t)(wall >> 32)), (uint32_t)wall);
	h = put32(put32(h, captured), original);
	memset(t, 0, pad);
	t = put_option(t + pad, OPT_EPB_FLAGS, &flags, sizeof(flags));
	t = put16(put16(t, OPT_END), 0);
	total = (uint32_t)(h - head) + captured + (uint32_t)(t - tail) + 4;
	t = put32(t, total);
	put32(head + 4, total);
	*tail_len = (size_t)(t - tail);
	return (size_t)(h - head);
}
