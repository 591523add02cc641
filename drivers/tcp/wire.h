/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP header and its options: parsed once into a struct, written once from it. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TCP_HDR_MIN 20
#define TCP_HDR_MAX 60
#define TCP_WSCALE_MAX 14 /* RFC 7323 2.3 */
#define TCP_SACK_BLOCKS 4 /* most that fit into the option space */

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* Bytes of sequence space, first and first behind the last. */
struct tcp_range {
	uint32_t start, end;
};

/* One segment, in host order. */
struct tcp_segment {
	uint32_t seq, ack;
	uint32_t len; /* payload bytes */
	uint16_t src_port, dst_port;
	uint16_t wnd; /* as on the wire, not scaled */
	uint8_t flags; /* enum tcp_flag */
	uint8_t hdr_len;

	/* options */
	bool has_ts, has_mss, has_wscale, sack_permitted;
	uint8_t wscale;
	uint8_t n_sack;
	uint16_t mss;
	uint32_t tsval, tsecr;
	struct tcp_range sack[TCP_SACK_BLOCKS];
	bool bad_options; /* an option's length made no sense; it and what follows it was not read */

	/* of one that several were merged into (gro.c, or the port); of any other: 1, @len, @seq */
	uint16_t n_merged; /* how many */
	uint32_t part; /* payload of the longest */
	uint32_t last_seq; /* number of the last */
};

/*
 * Parse the header at @p.
 * @room	bytes at @p that may be read
 * @total	bytes of the segment, payload included
 * Return: 0; -EBADMSG: not a TCP header, or one that does not lie within @room.
 */
int tcp_wire_parse(const void *p, uint32_t room, uint32_t total, struct tcp_segment *s);

/* Bytes of the header that tcp_wire_emit() writes for @s: 20..60, a multiple of 4. */
unsigned int tcp_wire_hdr_len(const struct tcp_segment *s);

/* Write the header of @s to @p; the checksum is left 0. Return: its length, tcp_wire_hdr_len(). */
unsigned int tcp_wire_emit(const struct tcp_segment *s, void *p);

/* Sequence space that a segment takes: payload, SYN and FIN. */
static inline uint32_t
tcp_segment_space(const struct tcp_segment *s)
{
	return s->len + ((s->flags & TCP_SYN) != 0) + ((s->flags & TCP_FIN) != 0);
}
