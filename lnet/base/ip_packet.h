/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the IP layer hands to a transport: a checked packet without its link and IP headers. It is here so that the
 * drivers below and above IP need not know each other.
 */
#pragma once

#include "lnet/base/ipaddr.h"

struct rte_mbuf;

/* The ECN field of the traffic class: RFC 3168 5. */
enum ip_ecn {
	IP_ECN_NONE = 0, /* the transport does not understand marks */
	IP_ECN_ECT1 = 1,
	IP_ECN_ECT0 = 2,
	IP_ECN_CE = 3, /* marked: congestion experienced */
	IP_ECN_MASK = 3,
};

/* IP and transport checksum and all lengths have been verified; padding is cut. The receiver owns @m. */
struct ip_packet {
	struct rte_mbuf *
		m; /* data starts at the transport header; may be a chain; first segment holds the whole
			       transport header */
	struct ipaddr local; /* destination, an address of interface @iface */
	struct ipaddr remote; /* source */
	uint16_t iface; /* interface index */
	uint8_t tos; /* traffic class with the ECN bits */
	bool merged; /* the port has made it of several segments (LRO) */
	uint16_t part; /* of which each but the last carries so much; 0 = it does not say */
};

/* An ICMP error about a segment that we sent, after the IP layer's own checks (RFC 1122 3.2.2, RFC 4443 2.4). */
enum ip_error {
	IP_ERROR_UNREACHABLE, /* net, host: soft */
	IP_ERROR_REFUSED, /* protocol, port, administratively prohibited: hard only in SYN-SENT */
	IP_ERROR_TOO_BIG, /* @mtu is set */
};

struct ip_error_info {
	enum ip_error kind;
	struct ip_flow flow; /* of the quoted segment, seen from here */
	uint32_t seq; /* quoted sequence number, host order */
	uint16_t mtu; /* next-hop MTU as reported, IP header included; 0 = not told */
};
