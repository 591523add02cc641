/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP header and options on the wire: RFC 9293 3.1, 3.2, RFC 7323, RFC 2018. */
#include "drivers/tcp/wire.h"

#include "lnet/base/bytes.h"

#include <errno.h>
#include <string.h>

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_PERMITTED = 4,
	OPT_SACK = 5,
	OPT_TS = 8,
};

#define OPT_MSS_LEN 4
#define OPT_WSCALE_LEN 3
#define OPT_SACK_PERMITTED_LEN 2
#define OPT_TS_LEN 10
#define OPT_SACK_LEN(n) (2 + 8 * (n))
#define TS_ALIGNED ((uint32_t)OPT_NOP << 24 | OPT_NOP << 16 | OPT_TS << 8 | OPT_TS_LEN)

static void
parse_sack(const uint8_t *p, unsigned int len, struct tcp_segment *s)
{
	unsigned int i, n = (len - 2) / 8;

	if (len != OPT_SACK_LEN(n) || n == 0 || n > TCP_SACK_BLOCKS) {
		s->bad_options = true;
		return;
	}
	for (i = 0; i < n; i++) {
		s->sack[i].start = get_be32(p + 2 + 8 * i);
		s->sack[i].end = get_be32(p + 6 + 8 * i);
	}
	s->n_sack = (uint8_t)n;
}

/* @p is a whole option of @len bytes. One of a known kind with another length is ignored. */
static void
parse_option(const uint8_t *p, unsigned int len, struct tcp_segment *s)
{
	bool syn = (s->flags & TCP_SYN) != 0;

	switch (p[0]) {
	case OPT_MSS:
		if (syn && len == OPT_MSS_LEN) {
			s->mss = get_be16(p + 2);
			s->has_mss = s->mss != 0; /* nobody means that: as if it were not there */
		}
		break;
	case OPT_WSCALE:
		if (syn && len == OPT_WSCALE_LEN) {
			s->has_wscale = true;
			s->wscale = p[2] > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : p[2];
		}
		break;
	case OPT_SACK_PERMITTED:
		if (syn && len == OPT_SACK_PERMITTED_LEN)
			s->sack_permitted = true;
		break;
	case OPT_SACK:
		parse_sack(p, len, s);
		break;
	case OPT_TS:
		if (len == OPT_TS_LEN) {
			s->has_ts = true;
			s->tsval = get_be32(p + 2);
			s->tsecr = get_be32(p + 6);
		}
		break;
	default:
		break;
	}
}

static void
parse_options(const uint8_t *p, const uint8_t *end, struct tcp_segment *s)
{
	/* RFC 7323 appendix A: what nearly all segments carry, and carry like this */
	if (end - p == 2 + OPT_TS_LEN && get_be32(p) == TS_ALIGNED) {
		s->has_ts = true;
		s->tsval = get_be32(p + 4);
		s->tsecr = get_be32(p + 8);
		return;
	}
	while (p < end && *p != OPT_END) {
		unsigned int len;

		if (*p == OPT_NOP) {
			p++;
			continue;
		}
		/* RFC 9293 MUST-7: a length that makes no sense must not lead astray */
		if (end - p < 2 || p[1] < 2 || p[1] > end - p) {
			s->bad_options = true;
			return;
		}
		len = p[1];
		parse_option(p, len, s);
		p += len;
	}
}

int
tcp_wire_parse(const void *buf, uint32_t room, uint32_t total, struct tcp_segment *s)
{
	const uint8_t *p = buf;
	unsigned int hdr_len;

	memset(s, 0, sizeof(*s));
	if (room < TCP_HDR_MIN || total < room)
		return -EBADMSG;
	hdr_len = (unsigned int)(p[12] >> 4) * 4;
	if (hdr_len < TCP_HDR_MIN || hdr_len > room)
		return -EBADMSG;
	s->src_port = get_be16(p);
	s->dst_port = get_be16(p + 2);
	s->seq = get_be32(p + 4);
	s->ack = get_be32(p + 8);
	s->flags = p[13];
	s->wnd = get_be16(p + 14);
	s->hdr_len = (uint8_t)hdr_len;
	s->len = total - hdr_len;
	s->n_merged = 1;
	s->part = s->len;
	s->last_seq = s->seq;
	parse_options(p + TCP_HDR_MIN, p + hdr_len, s);
	return 0;
}

unsigned int
tcp_wire_hdr_len(const struct tcp_segment *s)
{
	unsigned int len = TCP_HDR_MIN;

	if (s->has_mss)
		len += OPT_MSS_LEN;
	if (s->has_ts)
		len += 2 + OPT_TS_LEN;
	else if (s->sack_permitted)
		len += 2 + OPT_SACK_PERMITTED_LEN;
	if (s->has_wscale)
		len += 1 + OPT_WSCALE_LEN;
	if (s->n_sack > 0)
		len += 2 + OPT_SACK_LEN(s->n_sack);
	return len;
}

/* The two bytes that align the timestamps hold SACK-permitted where both are offered, as Linux does. */
static uint8_t *
emit_options(const struct tcp_segment *s, uint8_t *p)
{
	unsigned int i;

	if (s->has_mss) {
		*p++ = OPT_MSS;
		*p++ = OPT_MSS_LEN;
		put_be16(p, s->mss);
		p += 2;
	}
	if (s->has_ts || s->sack_permitted) {
		if (!s->has_ts || !s->sack_permitted) {
			*p++ = OPT_NOP;
			*p++ = OPT_NOP;
		}
		if (s->sack_permitted) {
			*p++ = OPT_SACK_PERMITTED;
			*p++ = OPT_SACK_PERMITTED_LEN;
		}
	}
	if (s->has_ts) {
		*p++ = OPT_TS;
		*p++ = OPT_TS_LEN;
		put_be32(p, s->tsval);
		put_be32(p + 4, s->tsecr);
		p += 8;
	}
	if (s->has_wscale) {
		*p++ = OPT_NOP;
		*p++ = OPT_WSCALE;
		*p++ = OPT_WSCALE_LEN;
		*p++ = s->wscale;
	}
	if (s->n_sack > 0) {
		*p++ = OPT_NOP;
		*p++ = OPT_NOP;
		*p++ = OPT_SACK;
		*p++ = (uint8_t)OPT_SACK_LEN(s->n_sack);
		for (i = 0; i < s->n_sack; i++, p += 8) {
			put_be32(p, s->sack[i].start);
			put_be32(p + 4, s->sack[i].end);
		}
	}
	return p;
}

unsigned int
tcp_wire_emit(const struct tcp_segment *s, void *buf)
{
	uint8_t *p = buf;
	unsigned int len = (unsigned int)(emit_options(s, p + TCP_HDR_MIN) - p);

	put_be16(p, s->src_port);
	put_be16(p + 2, s->dst_port);
	put_be32(p + 4, s->seq);
	put_be32(p + 8, s->ack);
	p[12] = (uint8_t)(len / 4 << 4);
	p[13] = s->flags;
	put_be16(p + 14, s->wnd);
	put_be16(p + 16, 0);
	put_be16(p + 18, 0);
	return len;
}
