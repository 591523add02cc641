/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 in: header, extension headers, addresses (RFC 8200). Thread: workers. */
#include "drivers/ether/ether_priv.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <netinet/in.h>

#define EXTENSIONS_MAX 8 /* a host sends three at most */
#define OPT_PAD1 0

/* Where the transport begins. */
struct ip6_rest {
	uint32_t off, len;
	uint8_t proto;
	uint8_t hop_limit;
};

/* Options whose type says "skip if unknown" are skipped, the others are all unknown here (RFC 8200 4.2). */
static bool
options_ok(const uint8_t *p, uint32_t len)
{
	uint32_t i = 0;

	while (i < len) {
		if (p[i] == OPT_PAD1) {
			i++;
			continue;
		}
		if (p[i] >> 6 != 0 || i + 2 > len || i + 2 + p[i + 1] > len)
			return false;
		i += 2 + p[i + 1];
	}
	return true;
}

/* One hop-by-hop or destination options header: step over it. */
static bool
skip_options(struct ether_lcore *el, struct rx_frame *f, struct ip6_rest *r)
{
	const uint8_t *p;
	uint32_t len;

	if (r->len < 8 || !ether_pull(el, f, r->off + 8))
		return false;
	len = (get_be16(rte_pktmbuf_mtod_offset(f->m, uint8_t *, r->off)) & 0xff) * 8 + 8;
	if (len > r->len || !ether_pull(el, f, r->off + len))
		return false;
	p = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, r->off);
	if (!options_ok(p + 2, len - 2))
		return false;
	r->proto = p[0];
	r->off += len;
	r->len -= len;
	return true;
}

/* False: dropped. */
static bool
skip_extensions(struct ether_lcore *el, struct rx_frame *f, struct ip6_rest *r)
{
	unsigned int i;

	for (i = 0; i < EXTENSIONS_MAX; i++) {
		if (r->proto == IPPROTO_FRAGMENT) {
			ETHER_DROP(el, f->m, IP6_FRAGMENT);
			return false;
		}
		/* hop-by-hop options come first or not at all */
		if (r->proto != IPPROTO_DSTOPTS && (r->proto != IPPROTO_HOPOPTS || i > 0))
			break;
		if (!skip_options(el, f, r))
			break;
	}
	switch (r->proto) {
	case IPPROTO_TCP:
	case IPPROTO_ICMPV6:
		return true;
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_ESP:
	case IPPROTO_AH:
		ETHER_DROP(el, f->m, IP6_EXTENSION);
		return false;
	default:
		ETHER_DROP(el, f->m, IP_PROTOCOL);
		return false;
	}
}

/* False: dropped. */
static bool
check_header(struct ether_lcore *el, struct rx_frame *f, struct ip6_rest *r)
{
	const struct rte_ipv6_hdr *ip;

	if (!ether_pull(el, f, f->l2 + sizeof(*ip))) {
		ETHER_DROP(el, f->m, IP6_SHORT);
		return false;
	}
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv6_hdr *, f->l2);
	r->off = f->l2 + sizeof(*ip);
	r->len = rte_be_to_cpu_16(ip->payload_len);
	r->proto = ip->proto;
	r->hop_limit = ip->hop_limits;
	/* payload length 0 is a jumbogram (RFC 2675), or nothing at all */
	if (rte_be_to_cpu_32(ip->vtc_flow) >> 28 != 6 || r->len == 0) {
		ETHER_DROP(el, f->m, IP6_HEADER);
		return false;
	}
	if (r->off + r->len > f->m->pkt_len) {
		ETHER_DROP(el, f->m, IP6_SHORT);
		return false;
	}
	ether_trim(f->m, r->off + r->len);
	return true;
}

static bool
source_ok(const struct ether_iface *i, const struct ipaddr *src)
{
	static const uint8_t loopback[16] = {[15] = 1};

	/* an IPv4-mapped address has become one of the other family: none may be on the wire (RFC 4942 2.2) */
	return src->family == IP_V6 && !ipaddr_is_multicast(src) &&
		memcmp(src->bytes, loopback, sizeof(loopback)) != 0 &&
		ether_iface_addr(i, src) == NULL;
}

/* A group that we listen to: all nodes, or the solicited-node group of an address. */
static bool
is_our_group(const struct ether_iface *i, const struct ipaddr *group)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	struct ipaddr g;
	unsigned int k;

	if (memcmp(group->bytes, all_nodes, sizeof(all_nodes)) == 0)
		return i->has_v6;
	for (k = 0; k < i->n_addrs; k++) {
		g = ether_solicited_node(&i->addrs[k].addr);
		if (i->addrs[k].addr.family == IP_V6 && ipaddr_equal(&g, group))
			return true;
	}
	return false;
}

static bool
is_ours(const struct ether_iface *i, const struct ipaddr *dst, bool group)
{
	/* a mapped address has become one of the other family, perhaps an IPv4 address of ours */
	if (dst->family != IP_V6)
		return false;
	return group ? is_our_group(i, dst) : ether_iface_owns(i, dst);
}

void
ether_ip6_input(struct ether_lcore *el, struct rx_frame *f, uint64_t now)
{
	const struct rte_ipv6_hdr *ip;
	struct ip_packet p = {.iface = f->iface->index};
	struct ip6_rest r;
	bool group;

	if (!check_header(el, f, &r))
		return;
	if (f->fresh)
		ETHER_COUNT(el, RX_IP6);
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv6_hdr *, f->l2);
	p.local = ipaddr_v6(ip->dst_addr);
	p.remote = ipaddr_v6(ip->src_addr);
	p.tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 20);
	p.merged = (f->m->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
	p.part = p.merged ? f->m->tso_segsz : 0;
	if (!source_ok(f->iface, &p.remote)) {
		ETHER_DROP(el, f->m, IP_SOURCE);
		return;
	}
	group = ipaddr_is_multicast(&p.local);
	if (!is_ours(f->iface, &p.local, group)) {
		ETHER_DROP(el, f->m, IP_NOT_OURS);
		return;
	}
	if (!skip_extensions(el, f, &r))
		return;
	if (r.proto == IPPROTO_ICMPV6)
		ether_icmp6_input(el, f, &p, r.off, r.len, r.hop_limit, now);
	else if (group || f->multicast)
		ETHER_DROP(el, f->m, IP_NOT_OURS);
	else if (ipaddr_is_unspecified(&p.remote))
		ETHER_DROP(el, f->m, IP_SOURCE);
	else
		ether_tcp_input(el, f, &p, r.off, r.len, now);
}
