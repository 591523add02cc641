/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour solicitations and advertisements (RFC 4861), duplicate address detection (RFC 4862). Thread: workers. */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>

#define ND_LEN 24 /* type, code, checksum, flags, target */
#define ND_OPTION_LEN 8 /* type, length, MAC */
#define ND_HOP_LIMIT 255 /* proves that no router passed it on */
#define FLAG_SOLICITED 0x40
#define FLAG_OVERRIDE 0x20

struct ipaddr
ether_solicited_node(const struct ipaddr *a)
{
	uint8_t b[16] = {0xff, 0x02, [11] = 1, [12] = 0xff};

	memcpy(b + 13, a->bytes + 13, 3);
	return ipaddr_v6(b);
}

struct rte_ether_addr
ether_multicast_mac(const struct ipaddr *group)
{
	struct rte_ether_addr mac = {{0x33, 0x33}};

	memcpy(mac.addr_bytes + 2, group->bytes + 12, 4);
	return mac;
}

/* --- out --- */

struct nd_message {
	uint8_t type, flags;
	const struct ipaddr *src, *dst, *target;
	uint8_t option; /* that carries our MAC; 0 = none */
};

static void
send_nd(struct ether_lcore *el, const struct ether_iface *i, const struct nd_message *nd,
	const struct rte_ether_addr *to)
{
	uint16_t len = ND_LEN + (nd->option != 0 ? ND_OPTION_LEN : 0), sum;
	struct rte_mbuf *m = ether_mbuf(el, (uint16_t)(sizeof(struct rte_ipv6_hdr) + len));
	struct rte_ipv6_hdr *ip;
	uint8_t *icmp;

	if (m == NULL)
		return;
	ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	ip->vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28);
	ip->payload_len = rte_cpu_to_be_16(len);
	ip->proto = IPPROTO_ICMPV6;
	ip->hop_limits = ND_HOP_LIMIT;
	memcpy(ip->src_addr, nd->src->bytes, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, nd->dst->bytes, sizeof(ip->dst_addr));
	icmp = (uint8_t *)(ip + 1);
	icmp[0] = nd->type;
	icmp[4] = nd->flags;
	memcpy(icmp + 8, nd->target->bytes, 16);
	if (nd->option != 0) {
		icmp[ND_LEN] = nd->option;
		icmp[ND_LEN + 1] = 1;
		memcpy(icmp + ND_LEN + 2, i->port->mac.addr_bytes, 6);
	}
	sum = ether_cksum_fill(m, sizeof(*ip), len,
			       ether_cksum_pseudo(nd->src, nd->dst, IPPROTO_ICMPV6, len));
	memcpy(icmp + 2, &sum, sizeof(sum));
	ether_link_output(el, i, m, to, RTE_ETHER_TYPE_IPV6);
}

void
ether_nd_solicit(struct ether_lcore *el, const struct ether_iface *i, const struct neigh *n,
		 bool unicast)
{
	const struct iface_addr *src = ether_iface_source(i, &n->addr);
	struct ipaddr group = ether_solicited_node(&n->addr);
	struct rte_ether_addr mac = ether_multicast_mac(&group);
	struct nd_message nd = {
		.type = ND_NEIGHBOR_SOLICIT,
		.dst = unicast ? &n->addr : &group,
		.target = &n->addr,
		.option = ND_OPT_SOURCE_LINKADDR,
	};

	if (src == NULL)
		return;
	nd.src = &src->addr;
	ETHER_COUNT(el, ND_SOLICIT_OUT);
	send_nd(el, i, &nd, unicast ? &n->mac : &mac);
}

void
ether_nd_probe(struct ether_lcore *el, const struct ether_iface *i, const struct ipaddr *a)
{
	static const struct ipaddr unspecified = {.family = IP_V6};
	struct ipaddr group = ether_solicited_node(a);
	struct rte_ether_addr mac = ether_multicast_mac(&group);
	struct nd_message nd = {
		.type = ND_NEIGHBOR_SOLICIT,
		.src = &unspecified,
		.dst = &group,
		.target = a,
	};

	ETHER_COUNT(el, ND_SOLICIT_OUT);
	send_nd(el, i, &nd, &mac);
}

static void
send_advert(struct ether_lcore *el, const struct ether_iface *i, const struct ipaddr *a,
	    const struct ipaddr *dst, uint8_t flags, const struct rte_ether_addr *to)
{
	struct nd_message nd = {
		.type = ND_NEIGHBOR_ADVERT,
		.flags = flags,
		.src = a,
		.dst = dst,
		.target = a,
		.option = ND_OPT_TARGET_LINKADDR,
	};

	ETHER_COUNT(el, ND_ADVERT_OUT);
	send_nd(el, i, &nd, to);
}

void
ether_nd_announce(struct ether_lcore *el, const struct ether_iface *i, const struct ipaddr *a)
{
	static const struct ipaddr all_nodes = {IP_V6, {0xff, 0x02, [15] = 1}};
	struct rte_ether_addr mac = ether_multicast_mac(&all_nodes);

	send_advert(el, i, a, &all_nodes, FLAG_OVERRIDE, &mac);
}

/* --- in --- */

/* A received message, checked as RFC 4861 7.1 says. */
struct nd_in {
	bool solicit;
	uint8_t flags;
	struct ipaddr target;
	bool has_mac;
	struct rte_ether_addr mac; /* of the sender (solicitation) or target (advertisement) */
};

/* Options: lengths, and the one with the MAC. */
static bool
parse_options(struct nd_in *nd, const uint8_t *p, uint32_t len)
{
	uint8_t wanted = nd->solicit ? ND_OPT_SOURCE_LINKADDR : ND_OPT_TARGET_LINKADDR;
	uint32_t n;

	while (len > 0) {
		n = len >= 2 ? p[1] * 8u : 0;
		if (n == 0 || n > len)
			return false;
		if (p[0] == wanted && n == ND_OPTION_LEN) {
			memcpy(nd->mac.addr_bytes, p + 2, 6);
			nd->has_mac = rte_is_valid_assigned_ether_addr(&nd->mac);
			if (!nd->has_mac)
				return false;
		}
		p += n;
		len -= n;
	}
	return true;
}

static bool
parse(struct nd_in *nd, const uint8_t *icmp, uint32_t len, const struct ip_packet *p,
      uint8_t hop_limit)
{
	bool to_group = ipaddr_is_multicast(&p->local);

	*nd = (struct nd_in){.solicit = icmp[0] == ND_NEIGHBOR_SOLICIT, .flags = icmp[4]};
	if (hop_limit != ND_HOP_LIMIT || icmp[1] != 0 || len < ND_LEN)
		return false;
	nd->target = ipaddr_v6(icmp + 8);
	if (nd->target.family != IP_V6 || ipaddr_is_multicast(&nd->target) ||
	    !parse_options(nd, icmp + ND_LEN, len - ND_LEN))
		return false;
	if (!nd->solicit)
		return !(to_group && (nd->flags & FLAG_SOLICITED)) &&
			!ipaddr_is_unspecified(&p->remote);
	return !ipaddr_is_unspecified(&p->remote) || (to_group && !nd->has_mac);
}

static bool
is_on_link(const struct ether_iface *i, const struct ipaddr *a)
{
	const struct ether_route *r = ether_routes_lookup(&i->routes, a);

	return r != NULL && r->gateway.family == IP_NONE;
}

/* Somebody uses or wants an address that we have not got yet: then we do not take it (RFC 4862 5.4.3, 5.4.4). */
static void
give_up(struct iface_addr *a)
{
	uint8_t tentative = IFACE_ADDR_TENTATIVE;

	atomic_compare_exchange_strong(&a->state, &tentative, IFACE_ADDR_DUPLICATE);
}

static void
learn(struct ether_lcore *el, struct rx_frame *f, const struct ipaddr *addr,
      const struct rte_ether_addr *mac, enum neigh_source source, uint64_t now)
{
	if (!is_on_link(f->iface, addr))
		return;
	ether_fan_neigh(el, f);
	neigh_learn(el->neigh, f->iface->index, addr, mac, source, source == NEIGH_HEARD, now);
}

static void
solicited(struct ether_lcore *el, struct rx_frame *f, const struct nd_in *nd,
	  const struct ip_packet *p, struct iface_addr *a, uint64_t now)
{
	const struct rte_ether_addr *to = nd->has_mac ? &nd->mac : &f->src;

	if (ipaddr_is_unspecified(&p->remote)) {
		if (atomic_load(&a->state) == IFACE_ADDR_TENTATIVE)
			give_up(a);
		else if (f->answer && atomic_load(&a->state) == IFACE_ADDR_OK)
			ether_nd_announce(el, f->iface, &a->addr);
		return;
	}
	if (atomic_load(&a->state) != IFACE_ADDR_OK)
		return;
	if (nd->has_mac)
		learn(el, f, &p->remote, &nd->mac, NEIGH_HEARD, now);
	if (f->answer)
		send_advert(el, f->iface, &a->addr, &p->remote, FLAG_SOLICITED | FLAG_OVERRIDE, to);
}

static void
advertised(struct ether_lcore *el, struct rx_frame *f, const struct nd_in *nd, struct iface_addr *a,
	   uint64_t now)
{
	const struct rte_ether_addr *mac = nd->has_mac ? &nd->mac : &f->src;

	if (a == NULL) {
		/* the override flag says nothing that the table's own rules do not ask */
		learn(el, f, &nd->target, mac,
		      nd->flags & FLAG_SOLICITED ? NEIGH_ANSWER : NEIGH_CLAIM, now);
		return;
	}
	if (atomic_load(&a->state) == IFACE_ADDR_TENTATIVE)
		give_up(a);
	else
		ether_addr_conflict(el, f->iface, &a->addr, mac, now);
}

void
ether_nd_input(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p, uint32_t off,
	       uint32_t len, uint8_t hop_limit, uint64_t now)
{
	struct iface_addr *a;
	struct nd_in nd;

	if (!ether_pull(el, f, off + len) ||
	    !parse(&nd, rte_pktmbuf_mtod_offset(f->m, const uint8_t *, off), len, p, hop_limit)) {
		ETHER_DROP(el, f->m, ND_BAD);
		return;
	}
	a = ether_iface_addr(f->iface, &nd.target);
	if (!nd.solicit)
		advertised(el, f, &nd, a, now);
	else if (a != NULL)
		solicited(el, f, &nd, p, a, now);
	else
		ETHER_COUNT(el, DROP_ND_NOT_OURS);
	rte_pktmbuf_free(f->m);
}
