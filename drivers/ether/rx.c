/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames in: receive bursts, the link header, the way to the home worker, segments up in bursts. Thread: workers. */
#include "drivers/ether/ether_priv.h"
#include "lnet/base/buf.h"
#include "lnet/base/channel.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#define LRO_STEP 4 /* frames that are taken before their mbufs are counted */

/* --- frames in hand --- */

void
ether_trim(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *seg = m, *rest;
	uint32_t left = len;

	if (m->pkt_len <= len)
		return;
	while (left > seg->data_len) {
		left -= seg->data_len;
		seg = seg->next;
	}
	seg->data_len = (uint16_t)left;
	rest = seg->next;
	seg->next = NULL;
	m->pkt_len = len;
	for (m->nb_segs = 1, seg = m; seg->next != NULL; seg = seg->next)
		m->nb_segs++;
	if (rest != NULL)
		rte_pktmbuf_free(rest);
}

/* Cut @len bytes off the front of a chain; segments that become empty are freed. */
static struct rte_mbuf *
cut_front(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *next;
	uint16_t n;

	while (m != NULL && (len > 0 || m->data_len == 0)) {
		n = (uint16_t)RTE_MIN(len, m->data_len);
		m->data_off += n;
		m->data_len -= n;
		len -= n;
		if (m->data_len > 0)
			break;
		next = m->next;
		m->next = NULL;
		m->nb_segs = 1;
		rte_pktmbuf_free_seg(m);
		m = next;
	}
	return m;
}

static unsigned int
chain_length(const struct rte_mbuf *m)
{
	unsigned int n;

	for (n = 0; m != NULL; m = m->next)
		n++;
	return n;
}

/* May bytes be written into the segment's own room? */
static bool
is_writable(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* A new first segment with the first @len bytes of the frame. */
static bool
pull_into_new(struct ether_lcore *el, struct rx_frame *f, uint32_t len)
{
	struct rte_mbuf *m = f->m, *head = rte_pktmbuf_alloc(el->lc->mem->mbufs);
	uint32_t total = m->pkt_len;
	uint64_t flags = m->ol_flags;

	if (head == NULL || rte_pktmbuf_tailroom(head) < len) {
		rte_pktmbuf_free(head);
		return false;
	}
	/* called only when they lie in several segments: so they are copied */
	rte_pktmbuf_read(m, 0, len, rte_pktmbuf_mtod(head, void *));
	head->data_len = (uint16_t)len;
	head->ol_flags = flags;
	head->vlan_tci = m->vlan_tci;
	head->port = m->port;
	head->next = cut_front(m, len);
	head->pkt_len = total;
	head->nb_segs = (uint16_t)chain_length(head);
	f->m = head;
	return true;
}

bool
ether_pull(struct ether_lcore *el, struct rx_frame *f, uint32_t len)
{
	struct rte_mbuf *m = f->m;
	uint32_t need, i, n;
	char *to;

	if (m->pkt_len < len)
		return false;
	if (m->data_len >= len)
		return true;
	ETHER_COUNT(el, RX_PULLED);
	need = len - m->data_len;
	if (!is_writable(m) || rte_pktmbuf_tailroom(m) < need)
		return pull_into_new(el, f, len);
	to = rte_pktmbuf_mtod_offset(m, char *, m->data_len);
	for (i = 0; i < need; i += n) {
		n = RTE_MIN(need - i, m->next->data_len);
		memcpy(to + i, rte_pktmbuf_mtod(m->next, char *), n);
		m->next = cut_front(m->next, n);
	}
	m->data_len = (uint16_t)len;
	m->nb_segs = (uint16_t)chain_length(m);
	return true;
}

/* --- between workers --- */

void
ether_fan(struct ether_lcore *el, struct rte_mbuf *m, unsigned int to, enum fan_kind kind)
{
	m->hash.usr = kind;
	if (channel_send(el->lc->channel, el->index, to, CHANNEL_PACKET, m) < 0)
		ETHER_DROP(el, m, FAN_FULL);
}

bool
ether_fan_home(struct ether_lcore *el, struct rx_frame *f, const struct ipaddr *local,
	       const struct ipaddr *remote)
{
	unsigned int home;

	if (!f->may_fan)
		return false;
	home = ether_hash_home(&el->e->hash, local, remote);
	if (home == el->index)
		return false;
	ETHER_COUNT(el, FAN_OUT);
	ether_fan(el, f->m, home, FAN_HOME);
	return true;
}

void
ether_fan_neigh(struct ether_lcore *el, const struct rx_frame *f)
{
	struct rte_mbuf *copy;
	unsigned int w;

	for (w = 0; f->may_fan && w < el->e->n_workers; w++) {
		if (w == el->index)
			continue;
		copy = rte_pktmbuf_copy(f->m, el->lc->mem->mbufs, 0, UINT32_MAX);
		if (copy == NULL) {
			ETHER_COUNT(el, DROP_NO_MBUF);
			continue;
		}
		copy->port = f->port->id;
		copy->ol_flags = f->m->ol_flags;
		copy->vlan_tci = f->m->vlan_tci;
		ether_fan(el, copy, w, FAN_NEIGH);
	}
}

/* --- up --- */

static void
deliver_batch(struct ether_lcore *el, uint64_t now)
{
	unsigned int n = el->n_batch, i;

	if (n == 0)
		return;
	el->n_batch = 0;
	counter_add(&el->counters[ETHER_C_RX_TCP], n);
	if (el->up.tcp != NULL) {
		el->up.tcp(el->up.ctx, el->batch, n, now);
		return;
	}
	for (i = 0; i < n; i++)
		ETHER_DROP(el, el->batch[i].m, NO_USER);
}

void
ether_deliver_tcp(struct ether_lcore *el, const struct ip_packet *p, uint64_t now)
{
	el->batch[el->n_batch++] = *p;
	if (el->n_batch == ETHER_BURST)
		deliver_batch(el, now);
}

/* --- the link header --- */

/* Strips nothing: sets l2, type and the interface. */
static bool
parse_link(struct ether_lcore *el, struct rx_frame *f)
{
	const struct rte_ether_hdr *eth;
	uint16_t tci = 0;
	uint8_t iface;

	if (!ether_pull(el, f, sizeof(*eth))) {
		ETHER_DROP(el, f->m, SHORT_FRAME);
		return false;
	}
	eth = rte_pktmbuf_mtod(f->m, const struct rte_ether_hdr *);
	f->l2 = sizeof(*eth);
	f->type = rte_be_to_cpu_16(eth->ether_type);
	if (f->m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
		tci = f->m->vlan_tci;
	} else if (f->type == RTE_ETHER_TYPE_VLAN) {
		f->l2 += 4;
		if (!ether_pull(el, f, f->l2)) {
			ETHER_DROP(el, f->m, SHORT_FRAME);
			return false;
		}
		eth = rte_pktmbuf_mtod(f->m, const struct rte_ether_hdr *);
		tci = get_be16(eth + 1);
		f->type = get_be16((const uint8_t *)(eth + 1) + 2);
	}
	/* VLAN 0 is a priority tag on an untagged frame (802.1Q 9.6) */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every frame came by a port */
	iface = f->port->vlan_iface[tci & 0xfff];
	if (iface == ETHER_NO_IFACE) {
		ETHER_DROP(el, f->m, VLAN);
		return false;
	}
	f->iface = el->e->ifaces[iface];
	return true;
}

static bool
check_stations(struct ether_lcore *el, struct rx_frame *f)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(f->m, const struct rte_ether_hdr *);

	f->src = eth->src_addr;
	f->multicast = rte_is_multicast_ether_addr(&eth->dst_addr);
	if (!f->multicast && !rte_is_same_ether_addr(&eth->dst_addr, &f->port->mac)) {
		ETHER_DROP(el, f->m, NOT_OUR_MAC);
		return false;
	}
	if (rte_is_multicast_ether_addr(&f->src) ||
	    rte_is_same_ether_addr(&f->src, &f->port->mac)) {
		ETHER_DROP(el, f->m, SOURCE_MAC);
		return false;
	}
	return true;
}

static void
input(struct ether_lcore *el, struct ether_port *p, struct rte_mbuf *m, enum fan_kind kind,
      uint64_t now)
{
	struct rx_frame f = {
		.m = m,
		.port = p,
		.fresh = kind == FAN_FRAME,
		.may_fan = kind == FAN_FRAME && el->e->n_workers > 1,
		.answer = kind != FAN_NEIGH,
	};

	if (!parse_link(el, &f) || !check_stations(el, &f))
		return;
	switch (f.type) {
	case RTE_ETHER_TYPE_IPV4:
		ether_ip4_input(el, &f, now);
		break;
	case RTE_ETHER_TYPE_IPV6:
		ether_ip6_input(el, &f, now);
		break;
	case RTE_ETHER_TYPE_ARP:
		ether_arp_input(el, &f, now);
		break;
	default:
		ETHER_DROP(el, f.m, ETHERTYPE);
		break;
	}
}

/* --- pollers --- */

/*
 * The frames of a round. Of a port that merges each may be a chain of 33 mbufs, and what a round brings has its place in the
 * ledger (ledger_conf.burst): so they are taken by and by, until they are as many mbufs as frames are in a burst.
 */
static uint16_t
receive(const struct ether_port *p, uint16_t queue, struct rte_mbuf **frames)
{
	unsigned int mbufs = 0;
	uint16_t n = 0, got, i;

	if (!p->lro)
		return rte_eth_rx_burst(p->id, queue, frames, ETHER_BURST);
	do {
		got = rte_eth_rx_burst(p->id, queue, frames + n, LRO_STEP);
		for (i = 0; i < got; i++)
			mbufs += frames[n + i]->nb_segs;
		n = (uint16_t)(n + got);
	} while (got == LRO_STEP && n + LRO_STEP <= ETHER_BURST && mbufs < ETHER_BURST);
	return n;
}

static unsigned int
poll_queue(struct ether_lcore *el, struct ether_port *p, uint16_t queue, uint64_t now)
{
	struct rte_mbuf *frames[ETHER_BURST];
	uint16_t i, n;

	n = receive(p, queue, frames);
	if (n == 0)
		return 0;
	counter_add(&el->counters[ETHER_C_RX], n);
	for (i = 0; i < n; i++) {
		if (i + 2 < n)
			rte_prefetch0(rte_pktmbuf_mtod(frames[i + 2], void *));
		if (el->capture != NULL)
			ether_capture_frame(el, p, frames[i], CAPTURE_IN);
		frames[i]->port = p->id;
		input(el, p, frames[i], FAN_FRAME, now);
	}
	deliver_batch(el, now);
	return n;
}

unsigned int
ether_poll(struct ether_lcore *el, uint64_t now)
{
	unsigned int i, n = 0;

	el->now = now;
	for (i = 0; i < el->n_rxq; i++)
		n += poll_queue(el, el->rxq[i].port, el->rxq[i].queue, now);
	return n;
}

void
ether_fan_in(void *ctx, void **mbufs, unsigned int n, uint64_t now)
{
	struct ether_lcore *el = ctx;
	struct ether_port *p;
	struct rte_mbuf *m;
	unsigned int i;

	counter_add(&el->counters[ETHER_C_FAN_IN], n);
	for (i = 0; i < n; i++) {
		m = mbufs[i];
		p = ether_port_of(el->e, m->port);
		if (m->hash.usr == FAN_TX)
			ether_tx(el, p, m);
		else
			input(el, p, m, m->hash.usr, now);
	}
	deliver_batch(el, now);
}
