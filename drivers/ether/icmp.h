/* SPDX-License-Identifier: BSD-3-Clause */
/* What ICMP and ICMPv6 have in common. Thread: workers. */
#pragma once

#include "drivers/ether/ether_priv.h"

#define ICMP_HEADER 8 /* type, code, checksum, four bytes by type */
#define ICMP_QUOTE_MIN 8 /* of a TCP header: ports and sequence number */

static inline void
icmp_quote_ports(const uint8_t *l4, struct ip_error_info *info)
{
	info->flow.local_port = get_be16(l4);
	info->flow.remote_port = get_be16(l4 + 2);
	info->seq = get_be32(l4 + 4);
}

/*
 * An error that quotes a segment of @info->flow: to the flow's home, within the rate limit, up. Owns the frame.
 */
void ether_icmp_error(struct ether_lcore *el, struct rx_frame *f, const struct ip_error_info *info,
		      uint64_t now);

/* Answer the echo request at @off with a message of type @reply. Owns the frame. */
void ether_icmp_echo(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		     uint32_t off, uint8_t reply, uint64_t now);

/* An echo reply at @off: to its home, and to the ping that waits for it. Owns the frame. */
void ether_icmp_echo_reply(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
			   uint32_t off, uint64_t now);
