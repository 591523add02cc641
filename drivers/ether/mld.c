/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast listener reports (RFC 3810): a switch that snoops them would else keep neighbour solicitations from us.
 * Thread: workers.
 */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <netinet/in.h>

#define MLD_REPORT 143
#define MLD_HEADER 8
#define RECORD_LEN 20
#define RECORD_IS_EXCLUDE 2 /* of nothing: everything is wanted */
#define HOP_OPTIONS_LEN 8
#define QUERIES_PER_SECOND 10

static const uint8_t hop_options[HOP_OPTIONS_LEN] = {
	IPPROTO_ICMPV6,
	0, /* 8 bytes */
	5,
	2,
	0,
	0, /* router alert: MLD (RFC 2711) */
	1,
	0, /* padding */
};

/* Solicited-node groups of the interface's addresses, each once. */
static unsigned int
list_groups(const struct ether_iface *i, struct ipaddr groups[ETHER_ADDRS_MAX + 1])
{
	unsigned int k, j, n = 0;

	for (k = 0; k < i->n_addrs; k++) {
		if (i->addrs[k].addr.family != IP_V6)
			continue;
		groups[n] = ether_solicited_node(&i->addrs[k].addr);
		for (j = 0; !ipaddr_equal(&groups[j], &groups[n]); j++)
			;
		if (j == n)
			n++;
	}
	return n;
}

/* The link-local address once it is ours, else the unspecified one (RFC 3590). */
static struct ipaddr
report_source(const struct ether_iface *i)
{
	struct ipaddr none = {.family = IP_V6};
	unsigned int k;

	for (k = 0; k < i->n_addrs; k++)
		if (ipaddr_is_link_local(&i->addrs[k].addr) &&
		    ether_iface_owns(i, &i->addrs[k].addr))
			return i->addrs[k].addr;
	return none;
}

void
ether_mld_report(struct ether_lcore *el, const struct ether_iface *i)
{
	static const struct ipaddr routers = {IP_V6, {0xff, 0x02, [15] = 0x16}};
	struct rte_ether_addr to = ether_multicast_mac(&routers);
	struct ipaddr groups[ETHER_ADDRS_MAX + 1], src = report_source(i);
	unsigned int n = list_groups(i, groups), k;
	uint16_t len = (uint16_t)(MLD_HEADER + n * RECORD_LEN), sum;
	struct rte_ipv6_hdr *ip;
	struct rte_mbuf *m;
	uint8_t *icmp;

	m = ether_mbuf(el, (uint16_t)(sizeof(*ip) + HOP_OPTIONS_LEN + len));
	if (m == NULL)
		return;
	ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	ip->vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(HOP_OPTIONS_LEN + len));
	ip->proto = IPPROTO_HOPOPTS;
	ip->hop_limits = 1;
	memcpy(ip->src_addr, src.bytes, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, routers.bytes, sizeof(ip->dst_addr));
	memcpy(ip + 1, hop_options, sizeof(hop_options));
	icmp = (uint8_t *)(ip + 1) + HOP_OPTIONS_LEN;
	icmp[0] = MLD_REPORT;
	put_be16(icmp + 6, (uint16_t)n);
	for (k = 0; k < n; k++) {
		icmp[MLD_HEADER + k * RECORD_LEN] = RECORD_IS_EXCLUDE;
		memcpy(icmp + MLD_HEADER + k * RECORD_LEN + 4, groups[k].bytes, 16);
	}
	sum = ether_cksum_fill(m, sizeof(*ip) + HOP_OPTIONS_LEN, len,
			       ether_cksum_pseudo(&src, &routers, IPPROTO_ICMPV6, len));
	memcpy(icmp + 2, &sum, sizeof(sum));
	ETHER_COUNT(el, MLD_REPORT_OUT);
	ether_link_output(el, i, m, &to, RTE_ETHER_TYPE_IPV6);
}

void
ether_mld_query(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		uint8_t hop_limit, uint64_t now)
{
	if (hop_limit != 1 || !ipaddr_is_link_local(&p->remote))
		ETHER_DROP(el, f->m, ICMP_BAD);
	else if (!rate_limit_take(&el->query_rate, QUERIES_PER_SECOND, now))
		ETHER_DROP(el, f->m, ICMP_RATE);
	else {
		ether_mld_report(el, f->iface);
		rte_pktmbuf_free(f->m);
	}
}
