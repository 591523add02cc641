/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 in: everything that RFC 1122 3.2.1 wants checked before a transport sees the packet. Thread: workers. */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <netinet/in.h>

#define OPT_END 0
#define OPT_NOP 1
#define OPT_LSRR 131
#define OPT_SSRR 137

/* Options are well-formed and no source route (RFC 7126 4.3, 4.4). */
static bool
options_ok(const uint8_t *p, unsigned int len)
{
	unsigned int i = 0;

	while (i < len && p[i] != OPT_END) {
		if (p[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || p[i + 1] < 2 || p[i + 1] > len - i)
			return false;
		if (p[i] == OPT_LSRR || p[i] == OPT_SSRR)
			return false;
		i += p[i + 1];
	}
	return true;
}

/* RFC 1122 3.2.1.3: sources that no packet may have; our own address comes back only from a loop or a forger. */
static bool
source_ok(const struct ether_iface *i, const struct ipaddr *src)
{
	uint8_t first = src->bytes[0];

	return first != 0 && first != 127 && first < 224 && !ether_iface_is_broadcast(i, src) &&
		ether_iface_addr(i, src) == NULL;
}

static bool
header_cksum_ok(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip)
{
	switch (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) {
	case RTE_MBUF_F_RX_IP_CKSUM_GOOD:
	case RTE_MBUF_F_RX_IP_CKSUM_NONE: /* not in the packet, but the port vouches for it */
		return true;
	case RTE_MBUF_F_RX_IP_CKSUM_BAD:
		return false;
	default:
		return rte_raw_cksum(ip, rte_ipv4_hdr_len(ip)) == 0xffff;
	}
}

/* The header alone. Return: its length; 0: dropped. */
static unsigned int
check_header(struct ether_lcore *el, struct rx_frame *f)
{
	const struct rte_ipv4_hdr *ip;
	unsigned int hlen, total;

	if (!ether_pull(el, f, f->l2 + sizeof(*ip))) {
		ETHER_DROP(el, f->m, IP4_SHORT);
		return 0;
	}
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv4_hdr *, f->l2);
	hlen = rte_ipv4_hdr_len(ip);
	total = rte_be_to_cpu_16(ip->total_length);
	if (ip->version_ihl >> 4 != 4 || hlen < sizeof(*ip) || total < hlen) {
		ETHER_DROP(el, f->m, IP4_HEADER);
		return 0;
	}
	if (f->l2 + total > f->m->pkt_len || !ether_pull(el, f, f->l2 + hlen)) {
		ETHER_DROP(el, f->m, IP4_SHORT);
		return 0;
	}
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv4_hdr *, f->l2);
	if (!header_cksum_ok(f->m, ip)) {
		ETHER_DROP(el, f->m, IP4_CKSUM);
		return 0;
	}
	if (!options_ok((const uint8_t *)(ip + 1), hlen - sizeof(*ip))) {
		ETHER_DROP(el, f->m, IP4_OPTIONS);
		return 0;
	}
	if (ip->fragment_offset &
	    rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) {
		ETHER_DROP(el, f->m, IP4_FRAGMENT);
		return 0;
	}
	return hlen;
}

void
ether_ip4_input(struct ether_lcore *el, struct rx_frame *f, uint64_t now)
{
	const struct rte_ipv4_hdr *ip;
	struct ip_packet p = {.iface = f->iface->index};
	unsigned int hlen = check_header(el, f), total;

	if (hlen == 0)
		return;
	if (f->fresh)
		ETHER_COUNT(el, RX_IP4);
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv4_hdr *, f->l2);
	total = rte_be_to_cpu_16(ip->total_length);
	p.local = ipaddr_v4(rte_be_to_cpu_32(ip->dst_addr));
	p.remote = ipaddr_v4(rte_be_to_cpu_32(ip->src_addr));
	p.tos = ip->type_of_service;
	p.merged = (f->m->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
	p.part = p.merged ? f->m->tso_segsz : 0;
	if (!source_ok(f->iface, &p.remote)) {
		ETHER_DROP(el, f->m, IP_SOURCE);
		return;
	}
	/* a unicast address in a frame to all is refused too (RFC 1122 3.3.6) */
	if (f->multicast || !ether_iface_owns(f->iface, &p.local)) {
		ETHER_DROP(el, f->m, IP_NOT_OURS);
		return;
	}
	ether_trim(f->m, f->l2 + total);
	switch (ip->next_proto_id) {
	case IPPROTO_TCP:
		ether_tcp_input(el, f, &p, f->l2 + hlen, total - hlen, now);
		break;
	case IPPROTO_ICMP:
		ether_icmp4_input(el, f, &p, f->l2 + hlen, total - hlen, now);
		break;
	default:
		ETHER_DROP(el, f->m, IP_PROTOCOL);
		break;
	}
}
