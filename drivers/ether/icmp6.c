/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMPv6: echo, errors about segments of ours (RFC 4443), the way to neighbour discovery. Thread: workers. */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"
#include "drivers/ether/icmp.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>

#define MLD_QUERY 130

/* Return: an enum ip_error, or -1 for a message without use. */
static int
error_kind(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP6_DST_UNREACH:
		/* 1, 5, 6: a policy forbids it */
		return code == ICMP6_DST_UNREACH_ADMIN || code >= ICMP6_DST_UNREACH_NOPORT
			? IP_ERROR_REFUSED
			: IP_ERROR_UNREACHABLE;
	case ICMP6_PACKET_TOO_BIG:
		return IP_ERROR_TOO_BIG;
	case ICMP6_TIME_EXCEEDED:
		return IP_ERROR_UNREACHABLE;
	case ICMP6_PARAM_PROB:
		return code == ICMP6_PARAMPROB_NEXTHEADER ? IP_ERROR_REFUSED : IP_ERROR_UNREACHABLE;
	default:
		return -1;
	}
}

/* The quoted packet: one of ours, TCP at once (we send no extension headers), at least to the sequence number. */
static bool
parse_quote(struct ether_lcore *el, struct rx_frame *f, uint32_t off, uint32_t len,
	    struct ip_error_info *info)
{
	const struct rte_ipv6_hdr *ip;

	if (len < sizeof(*ip) + ICMP_QUOTE_MIN ||
	    !ether_pull(el, f, off + sizeof(*ip) + ICMP_QUOTE_MIN))
		return false;
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv6_hdr *, off);
	if (rte_be_to_cpu_32(ip->vtc_flow) >> 28 != 6 || ip->proto != IPPROTO_TCP)
		return false;
	info->flow.local = ipaddr_v6(ip->src_addr);
	info->flow.remote = ipaddr_v6(ip->dst_addr);
	icmp_quote_ports((const uint8_t *)(ip + 1), info);
	return info->flow.local.family == IP_V6 && info->flow.remote.family == IP_V6 &&
		ether_iface_addr(f->iface, &info->flow.local) != NULL;
}

static void
error_input(struct ether_lcore *el, struct rx_frame *f, uint32_t off, uint32_t len, uint64_t now)
{
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, off);
	struct ip_error_info info = {.mtu = 0};
	int kind = error_kind(icmp[0], icmp[1]);
	uint32_t mtu = get_be32(icmp + 4);

	if (kind < 0) {
		ETHER_DROP(el, f->m, ICMP_TYPE);
		return;
	}
	info.kind = (enum ip_error)kind;
	if (info.kind == IP_ERROR_TOO_BIG)
		info.mtu = (uint16_t)RTE_MIN(mtu, (uint32_t)UINT16_MAX);
	if (!parse_quote(el, f, off + ICMP_HEADER, len - ICMP_HEADER, &info)) {
		ETHER_DROP(el, f->m, ICMP_QUOTE);
		return;
	}
	ether_icmp_error(el, f, &info, now);
}

static bool
cksum_ok(const struct rx_frame *f, const struct ip_packet *p, uint32_t off, uint32_t len)
{
	return ether_cksum_ok(f->m, off, len,
			      ether_cksum_pseudo(&p->remote, &p->local, IPPROTO_ICMPV6, len));
}

void
ether_icmp6_input(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		  uint32_t off, uint32_t len, uint8_t hop_limit, uint64_t now)
{
	bool to_us = !ipaddr_is_multicast(&p->local) && !ipaddr_is_unspecified(&p->remote);
	uint8_t type;

	if (len < ICMP_HEADER || !ether_pull(el, f, off + ICMP_HEADER) ||
	    !cksum_ok(f, p, off, len)) {
		ETHER_DROP(el, f->m, ICMP_BAD);
		return;
	}
	if (f->fresh)
		ETHER_COUNT(el, RX_ICMP);
	type = *rte_pktmbuf_mtod_offset(f->m, const uint8_t *, off);
	if (type == ND_NEIGHBOR_SOLICIT || type == ND_NEIGHBOR_ADVERT) {
		ether_nd_input(el, f, p, off, len, hop_limit, now);
	} else if (type == MLD_QUERY) {
		ether_mld_query(el, f, p, hop_limit, now);
	} else if (!to_us) {
		ETHER_DROP(el, f->m, IP_NOT_OURS);
	} else if (type == ICMP6_ECHO_REQUEST) {
		ether_icmp_echo(el, f, p, off, ICMP6_ECHO_REPLY, now);
	} else if (type == ICMP6_ECHO_REPLY) {
		ether_icmp_echo_reply(el, f, p, off, now);
	} else {
		error_input(el, f, off, len, now);
	}
}
