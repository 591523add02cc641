/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP: echo, and errors about segments of ours (RFC 792, RFC 1122 3.2.2, RFC 1191). Thread: workers. */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"
#include "drivers/ether/icmp.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <netinet/in.h>

#define ICMP4_ECHO_REPLY 0
#define ICMP4_UNREACHABLE 3
#define ICMP4_ECHO 8
#define ICMP4_TIME_EXCEEDED 11
#define ICMP4_PARAMETER 12

/* Return: an enum ip_error, or -1 for a message without use. */
static int
error_kind(uint8_t type, uint8_t code)
{
	if (type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER)
		return IP_ERROR_UNREACHABLE;
	if (type != ICMP4_UNREACHABLE || code > 15)
		return -1;
	switch (code) {
	case 2: /* protocol */
	case 3: /* port */
	case 9: /* net, host, communication administratively prohibited */
	case 10:
	case 13:
		return IP_ERROR_REFUSED;
	case 4:
		return IP_ERROR_TOO_BIG;
	default:
		return IP_ERROR_UNREACHABLE;
	}
}

/* The quoted packet: one of ours, TCP, at least to the sequence number. */
static bool
parse_quote(struct ether_lcore *el, struct rx_frame *f, uint32_t off, uint32_t len,
	    struct ip_error_info *info)
{
	const struct rte_ipv4_hdr *ip;
	const uint8_t *l4;
	uint32_t hlen;

	if (len < sizeof(*ip) || !ether_pull(el, f, off + sizeof(*ip)))
		return false;
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv4_hdr *, off);
	hlen = rte_ipv4_hdr_len(ip);
	if (ip->version_ihl >> 4 != 4 || hlen < sizeof(*ip) || len < hlen + ICMP_QUOTE_MIN ||
	    !ether_pull(el, f, off + hlen + ICMP_QUOTE_MIN))
		return false;
	ip = rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv4_hdr *, off);
	if (ip->next_proto_id != IPPROTO_TCP ||
	    (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)))
		return false;
	info->flow.local = ipaddr_v4(rte_be_to_cpu_32(ip->src_addr));
	info->flow.remote = ipaddr_v4(rte_be_to_cpu_32(ip->dst_addr));
	l4 = (const uint8_t *)ip + hlen;
	icmp_quote_ports(l4, info);
	return ether_iface_addr(f->iface, &info->flow.local) != NULL;
}

static void
error_input(struct ether_lcore *el, struct rx_frame *f, uint32_t off, uint32_t len, uint64_t now)
{
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, off);
	struct ip_error_info info = {.mtu = get_be16(icmp + 6)};
	int kind = error_kind(icmp[0], icmp[1]);

	if (kind < 0) {
		ETHER_DROP(el, f->m, ICMP_TYPE);
		return;
	}
	info.kind = (enum ip_error)kind;
	if (info.kind != IP_ERROR_TOO_BIG)
		info.mtu = 0;
	if (!parse_quote(el, f, off + ICMP_HEADER, len - ICMP_HEADER, &info)) {
		ETHER_DROP(el, f->m, ICMP_QUOTE);
		return;
	}
	ether_icmp_error(el, f, &info, now);
}

void
ether_icmp4_input(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		  uint32_t off, uint32_t len, uint64_t now)
{
	const uint8_t *icmp;

	if (len < ICMP_HEADER || !ether_pull(el, f, off + ICMP_HEADER) ||
	    !ether_cksum_ok(f->m, off, len, 0)) {
		ETHER_DROP(el, f->m, ICMP_BAD);
		return;
	}
	if (f->fresh)
		ETHER_COUNT(el, RX_ICMP);
	icmp = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, off);
	switch (icmp[0]) {
	case ICMP4_ECHO:
		ether_icmp_echo(el, f, p, off, ICMP4_ECHO_REPLY, now);
		break;
	case ICMP4_ECHO_REPLY:
		ether_icmp_echo_reply(el, f, p, off, now);
		break;
	default:
		error_input(el, f, off, len, now);
		break;
	}
}
