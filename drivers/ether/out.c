/* SPDX-License-Identifier: BSD-3-Clause */
/* IP packets out: way, header, checksum, neighbour. Thread: workers. */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"
#include "lnet/base/buf.h"

#define LOG_TYPE LOG_T_ETHER
#include "lnet/base/log.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <errno.h>
#include <netinet/in.h>

#define L2_MAX (RTE_ETHER_HDR_LEN + 4)
#define IP_PACKET_MAX 65535
#define TCP_HEADER_MAX 60

/* --- ways: where packets between two addresses go, cached by the remote one --- */

static struct ether_way *
way_set(struct ether_lcore *el, const struct ipaddr *remote)
{
	uint32_t h = remote->family == IP_V6
		? get_be32(remote->bytes + 12) ^ get_be32(remote->bytes + 4)
		: get_be32(remote->bytes);

	return el->ways[(h * UINT32_C(0x9e3779b1) >> 16) % ETHER_WAY_SETS];
}

/* Resolve and remember. Return: 0, -EADDRNOTAVAIL, -ENETUNREACH, -ENOSPC. */
static int
way_make(struct ether_lcore *el, const struct ip_out *o, struct ether_way *set, uint64_t now,
	 struct ether_way **wp)
{
	struct ether_iface *i = o->iface != NULL ? o->iface : ether_iface_of(el->e, o->local);
	const struct ether_route *route;
	struct neigh *n;

	if (i == NULL || !ether_iface_owns(i, o->local))
		return -EADDRNOTAVAIL;
	route = ether_routes_lookup(&i->routes, o->remote);
	if (route == NULL || ipaddr_is_multicast(o->remote) || ipaddr_is_unspecified(o->remote) ||
	    ether_iface_is_broadcast(i, o->remote) || ether_iface_addr(i, o->remote) != NULL)
		return -ENETUNREACH;
	n = neigh_get(el->neigh, i->index,
		      route->gateway.family != IP_NONE ? &route->gateway : o->remote, now);
	if (n == NULL)
		return -ENOSPC;
	*wp = &set[el->way_hand++ % ETHER_WAYS];
	**wp = (struct ether_way){
		.local = *o->local,
		.remote = *o->remote,
		.iface = i,
		.neigh = n,
		.generation = n->generation,
	};
	return 0;
}

static int
way_get(struct ether_lcore *el, const struct ip_out *o, uint64_t now, struct ether_way **wp)
{
	struct ether_way *set = way_set(el, o->remote), *w;

	for (w = set; w < set + ETHER_WAYS; w++) {
		if (ipaddr_equal(&w->remote, o->remote) && ipaddr_equal(&w->local, o->local) &&
		    w->neigh->generation == w->generation &&
		    (o->iface == NULL || o->iface == w->iface)) {
			*wp = w;
			return 0;
		}
	}
	return way_make(el, o, set, now, wp);
}

int
ether_path(struct ether_lcore *el, const struct ipaddr *local, const struct ipaddr *remote,
	   struct ether_path *path)
{
	struct ip_out o = {.local = local, .remote = remote};
	const struct ether_port *p;
	struct ether_way *w;
	int rc = way_get(el, &o, el->now, &w);

	if (rc < 0)
		return rc == -ENOSPC ? -ENETUNREACH : rc;
	p = w->iface->port;
	if (!ether_iface_owns(w->iface, local))
		return -EADDRNOTAVAIL;
	if (!atomic_load_explicit(&p->link_up, memory_order_relaxed))
		return -ENETDOWN;
	if (neigh_is_unreachable(w->neigh, el->now))
		return -EHOSTUNREACH;
	*path = (struct ether_path){
		.iface = w->iface->index,
		.mtu = w->iface->mtu,
		.max_slices = p->max_segs,
		.ecn = w->iface->conf.ecn,
		.cc = w->iface->conf.cc,
	};
	if (p->tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO) {
		path->tso_max = IP_PACKET_MAX - sizeof(struct rte_ipv6_hdr) - TCP_HEADER_MAX;
		path->tso_max_slices = p->tso_segs;
		path->tso_mss_min = p->tso_mss_min;
	}
	return 0;
}

void
ether_reachable(struct ether_lcore *el, const struct ipaddr *remote, uint64_t now)
{
	struct ether_way *set = way_set(el, remote), *w;

	for (w = set; w < set + ETHER_WAYS; w++)
		if (ipaddr_equal(&w->remote, remote) && w->neigh->generation == w->generation)
			neigh_confirm(w->neigh, now);
}

void
ether_path_shrunk(struct ether_lcore *el, const struct ipaddr *local, const struct ipaddr *remote,
		  uint16_t mtu, uint64_t now)
{
	const struct ether_iface *i = ether_iface_of(el->e, local);
	char text[IPADDR_STR_MAX];

	if (i == NULL)
		return;
	event_log(el->lc->events, &el->path_limit, now, LOG_TYPE, RTE_LOG_WARNING,
		  "interface %s: packets of %u bytes, its MTU, do not reach %s, but those of %u "
		  "bytes do: a link on the path has a smaller MTU",
		  i->conf.name, i->mtu, ipaddr_format(remote, text), mtu);
}

unsigned int
ether_home(const struct ether *e, const struct ipaddr *local, const struct ipaddr *remote)
{
	return ether_hash_home(&e->hash, local, remote);
}

/* --- headers --- */

/* Room for the headers below the transport's is missing: a new first mbuf, with the transport header. */
static struct rte_mbuf *
new_head(struct ether_lcore *el, struct rte_mbuf *m)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(el->lc->mem->mbufs);
	uint16_t len = m->l4_len < m->data_len ? (uint16_t)m->l4_len : m->data_len;

	if (head == NULL || rte_pktmbuf_headroom(head) < L2_MAX + sizeof(struct rte_ipv6_hdr)) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(head, len), rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_adj(m, len);
	head->l4_len = m->l4_len;
	head->next = m;
	head->nb_segs = (uint16_t)(m->nb_segs + 1);
	head->pkt_len += m->pkt_len;
	return head;
}

static void
put_ip4(struct ether_lcore *el, const struct ip_out *o, struct rte_mbuf *m, bool offload)
{
	struct rte_ipv4_hdr *ip =
		(struct rte_ipv4_hdr *)rte_pktmbuf_prepend(m, sizeof(struct rte_ipv4_hdr));

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = o->tos,
		.total_length = rte_cpu_to_be_16((uint16_t)m->pkt_len),
		.packet_id = rte_cpu_to_be_16(el->ip_id++),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = ETHER_TTL,
		.next_proto_id = o->proto,
		.src_addr = rte_cpu_to_be_32(ipaddr_to_v4(o->local)),
		.dst_addr = rte_cpu_to_be_32(ipaddr_to_v4(o->remote)),
	};
	m->l3_len = sizeof(*ip);
	m->ol_flags |= RTE_MBUF_F_TX_IPV4;
	if (offload)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	else
		ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void
put_ip6(const struct ip_out *o, struct rte_mbuf *m)
{
	uint16_t payload = (uint16_t)m->pkt_len;
	struct rte_ipv6_hdr *ip =
		(struct rte_ipv6_hdr *)rte_pktmbuf_prepend(m, sizeof(struct rte_ipv6_hdr));

	ip->vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28 | (uint32_t)o->tos << 20);
	ip->payload_len = rte_cpu_to_be_16(payload);
	ip->proto = o->proto;
	ip->hop_limits = ETHER_TTL;
	memcpy(ip->src_addr, o->local->bytes, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, o->remote->bytes, sizeof(ip->dst_addr));
	m->l3_len = sizeof(*ip);
	m->ol_flags |= RTE_MBUF_F_TX_IPV6;
}

/* TCP checksum; data starts at the TCP header. @len: of the segment. */
static void
put_tcp_cksum(struct ether_lcore *el, const struct ip_out *o, const struct ether_port *p,
	      struct rte_mbuf *m)
{
	struct rte_tcp_hdr *th = rte_pktmbuf_mtod(m, struct rte_tcp_hdr *);
	uint32_t len = m->pkt_len;

	th->cksum = 0;
	if (!(p->tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_CKSUM)) {
		ETHER_COUNT(el, TX_SOFT_CKSUM);
		th->cksum = ether_cksum_fill(
			m, 0, len, ether_cksum_pseudo(o->local, o->remote, IPPROTO_TCP, len));
		return;
	}
	m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
	if (o->mss != 0) {
		ETHER_COUNT(el, TX_TSO);
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = o->mss;
		len = 0; /* the port adds each segment's own */
	}
	th->cksum = ether_cksum_pseudo(o->local, o->remote, IPPROTO_TCP, len);
}

/* Headers in front; false: dropped. */
static bool
put_headers(struct ether_lcore *el, const struct ip_out *o, const struct ether_iface *i,
	    struct rte_mbuf *m)
{
	uint32_t l3 = o->remote->family == IP_V6 ? sizeof(struct rte_ipv6_hdr)
						 : sizeof(struct rte_ipv4_hdr);
	const struct ether_port *p = i->port;
	bool tso = o->mss != 0 && (p->tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO);

	if (m->pkt_len + l3 > (tso ? IP_PACKET_MAX : i->mtu)) {
		ETHER_DROP(el, m, TX_TOO_BIG);
		return false;
	}
	m->ol_flags &= ~(RTE_MBUF_F_TX_OFFLOAD_MASK);
	m->l2_len = sizeof(struct rte_ether_hdr) + (i->vlan != 0 ? 4 : 0);
	if (o->proto == IPPROTO_TCP)
		put_tcp_cksum(el, o, p, m);
	if (o->remote->family == IP_V6)
		put_ip6(o, m);
	else
		put_ip4(el, o, m, p->tx_offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
	return true;
}

/* --- out --- */

static uint16_t
ethertype(const struct ipaddr *a)
{
	return a->family == IP_V6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4;
}

void
ether_ip_output(struct ether_lcore *el, const struct ip_out *o, struct rte_mbuf *m, uint64_t now)
{
	struct ether_way *w;
	struct rte_mbuf *head;
	int rc = way_get(el, o, now, &w);

	if (rc == -EADDRNOTAVAIL)
		ETHER_DROP(el, m, TX_ADDRESS);
	else if (rc == -ENOSPC)
		ETHER_DROP(el, m, NEIGH_FULL);
	else if (rc < 0)
		ETHER_DROP(el, m, TX_ROUTE);
	if (rc < 0)
		return;
	if (rte_pktmbuf_headroom(m) < L2_MAX + sizeof(struct rte_ipv6_hdr)) {
		head = new_head(el, m);
		if (head == NULL) {
			ETHER_DROP(el, m, NO_MBUF);
			return;
		}
		m = head;
	}
	if (!put_headers(el, o, w->iface, m))
		return;
	switch (neigh_output(w->neigh, m, now)) {
	case NEIGH_SEND:
		ether_link_output(el, w->iface, m, &w->neigh->mac, ethertype(o->remote));
		break;
	case NEIGH_TAKEN:
		break;
	case NEIGH_UNREACHABLE:
		ETHER_DROP(el, m, NEIGH_FAILED);
		break;
	}
}

void
ether_output_tcp(struct ether_lcore *el, const struct ip_flow *flow, struct rte_mbuf *m,
		 uint16_t mss, uint8_t tos, uint64_t now)
{
	struct ip_out o = {
		.local = &flow->local,
		.remote = &flow->remote,
		.proto = IPPROTO_TCP,
		.tos = tos,
		.mss = mss,
	};

	ether_ip_output(el, &o, m, now);
}
