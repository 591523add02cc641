/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826) with the announcements and conflict rules of RFC 5227. Thread: workers. */
#include "drivers/ether/ether_priv.h"

#define LOG_TYPE LOG_T_ETHER
#include "lnet/base/log.h"

#include <rte_arp.h>
#include <rte_mbuf.h>

static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* --- out --- */

static void
send_arp(struct ether_lcore *el, const struct ether_iface *i, uint16_t op,
	 const struct rte_ether_addr *to, const struct ipaddr *sender, const struct ipaddr *target)
{
	struct rte_mbuf *m = ether_mbuf(el, sizeof(struct rte_arp_hdr));
	struct rte_arp_hdr *arp;

	if (m == NULL)
		return;
	arp = rte_pktmbuf_mtod(m, struct rte_arp_hdr *);
	arp->arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = 4;
	arp->arp_opcode = rte_cpu_to_be_16(op);
	arp->arp_data.arp_sha = i->port->mac;
	arp->arp_data.arp_sip = rte_cpu_to_be_32(ipaddr_to_v4(sender));
	arp->arp_data.arp_tip = rte_cpu_to_be_32(ipaddr_to_v4(target));
	if (op == RTE_ARP_OP_REPLY)
		arp->arp_data.arp_tha = *to;
	ether_link_output(el, i, m, to, RTE_ETHER_TYPE_ARP);
}

void
ether_arp_solicit(struct ether_lcore *el, const struct ether_iface *i, const struct neigh *n,
		  bool unicast)
{
	const struct iface_addr *src = ether_iface_source(i, &n->addr);

	if (src == NULL)
		return;
	ETHER_COUNT(el, ARP_REQUEST_OUT);
	send_arp(el, i, RTE_ARP_OP_REQUEST, unicast ? &n->mac : &broadcast, &src->addr, &n->addr);
}

void
ether_arp_announce(struct ether_lcore *el, const struct ether_iface *i, const struct ipaddr *a)
{
	ETHER_COUNT(el, ARP_REQUEST_OUT);
	send_arp(el, i, RTE_ARP_OP_REQUEST, &broadcast, a, a);
}

/* --- in --- */

static bool
is_arp(const struct rte_arp_hdr *arp)
{
	uint16_t op = rte_be_to_cpu_16(arp->arp_opcode);

	return arp->arp_hardware == rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) &&
		arp->arp_protocol == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) &&
		arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == 4 &&
		(op == RTE_ARP_OP_REQUEST || op == RTE_ARP_OP_REPLY) &&
		rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha);
}

/* May a host on this link have the address? */
static bool
is_neighbour(const struct ether_iface *i, const struct ipaddr *a)
{
	const struct ether_route *r = ether_routes_lookup(&i->routes, a);

	return a->bytes[0] != 0 && a->bytes[0] != 127 && a->bytes[0] < 224 && r != NULL &&
		r->gateway.family == IP_NONE && !ether_iface_is_broadcast(i, a);
}

void
ether_addr_conflict(struct ether_lcore *el, const struct ether_iface *i, const struct ipaddr *a,
		    const struct rte_ether_addr *mac, uint64_t now)
{
	char text[IPADDR_STR_MAX];

	ETHER_COUNT(el, ADDR_CONFLICT);
	event_log(el->lc->events, &el->conflict_limit, now, LOG_TYPE, RTE_LOG_ERR,
		  "interface %s: address %s is also used by " ETHER_MAC_FMT, i->conf.name,
		  ipaddr_format(a, text), RTE_ETHER_ADDR_BYTES(mac));
}

/* RFC 5227 2.4 (b): defend once, not again within ten seconds. */
static void
conflict(struct ether_lcore *el, const struct rx_frame *f, const struct ipaddr *a,
	 const struct rte_ether_addr *mac, uint64_t now)
{
	ether_addr_conflict(el, f->iface, a, mac, now);
	if (f->answer && (el->defended == 0 || now - el->defended >= ETHER_DEFEND_NS)) {
		el->defended = now;
		ether_arp_announce(el, f->iface, a);
	}
}

static void
arp_input(struct ether_lcore *el, struct rx_frame *f, const struct rte_arp_hdr *arp, uint64_t now)
{
	struct ipaddr sender = ipaddr_v4(rte_be_to_cpu_32(arp->arp_data.arp_sip));
	struct ipaddr target = ipaddr_v4(rte_be_to_cpu_32(arp->arp_data.arp_tip));
	bool request = arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
	bool to_us = ether_iface_owns(f->iface, &target);
	struct rte_ether_addr mac = arp->arp_data.arp_sha;

	if (ether_iface_addr(f->iface, &sender) != NULL) {
		conflict(el, f, &sender, &mac, now);
		return;
	}
	if (!to_us && !ipaddr_equal(&sender, &target)) {
		ETHER_COUNT(el, DROP_ARP_NOT_OURS);
		return;
	}
	/* an address probe (RFC 5227 2.1) has no sender yet: it is answered, not learnt */
	if (is_neighbour(f->iface, &sender)) {
		ether_fan_neigh(el, f);
		neigh_learn(el->neigh, f->iface->index, &sender, &mac,
			    !to_us	      ? NEIGH_CLAIM
				    : request ? NEIGH_HEARD
					      : NEIGH_ANSWER,
			    to_us && request, now);
	}
	if (to_us && request && f->answer) {
		ETHER_COUNT(el, ARP_REPLY_OUT);
		send_arp(el, f->iface, RTE_ARP_OP_REPLY, &mac, &target, &sender);
	}
}

void
ether_arp_input(struct ether_lcore *el, struct rx_frame *f, uint64_t now)
{
	const struct rte_arp_hdr *arp;

	if (!ether_pull(el, f, f->l2 + sizeof(*arp))) {
		ETHER_DROP(el, f->m, ARP_BAD);
		return;
	}
	arp = rte_pktmbuf_mtod_offset(f->m, const struct rte_arp_hdr *, f->l2);
	if (!is_arp(arp)) {
		ETHER_DROP(el, f->m, ARP_BAD);
		return;
	}
	if (f->fresh)
		ETHER_COUNT(el, RX_ARP);
	arp_input(el, f, arp, now);
	rte_pktmbuf_free(f->m);
}
