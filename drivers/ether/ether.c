/* SPDX-License-Identifier: BSD-3-Clause */
/* The box's ports and interfaces from creation to release, and what the control thread does now and then. */
#include "drivers/ether/ether_priv.h"
#include "lnet/base/buf.h"
#include "lnet/base/channel.h"

#define LOG_TYPE LOG_T_ETHER
#include "lnet/base/log.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define LINK_POLL_NS UINT64_C(100000000)

const struct counter_desc ether_counter_desc[ETHER_COUNTERS] = {
#define COUNTER COUNTER_DESC
#include "drivers/ether/counter.def"
#undef COUNTER
};

/* --- what the neighbour table needs done; thread: workers --- */

static void
neigh_solicit(void *ctx, const struct neigh *n, bool unicast, uint64_t now)
{
	struct ether_lcore *el = ctx;
	const struct ether_iface *i = el->e->ifaces[n->iface];

	(void)now;
	if (n->state == NEIGH_INCOMPLETE && n->probes == 1)
		ETHER_COUNT(el, NEIGH_NEW);
	if (n->addr.family == IP_V6)
		ether_nd_solicit(el, i, n, unicast);
	else
		ether_arp_solicit(el, i, n, unicast);
}

static void
neigh_resolved(void *ctx, const struct neigh *n, struct rte_mbuf *m, uint64_t now)
{
	struct ether_lcore *el = ctx;

	(void)now;
	ether_link_output(el, el->e->ifaces[n->iface], m, &n->mac,
			  n->addr.family == IP_V6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
}

/* The segment that could not be sent, told to TCP as an ICMP host unreachable would be (RFC 1122 2.3.2.2). */
static void
report_unreachable(struct ether_lcore *el, const struct rte_mbuf *m, uint64_t now)
{
	struct ip_error_info info = {.kind = IP_ERROR_UNREACHABLE};
	uint8_t bytes[sizeof(struct rte_ipv6_hdr) + 8];
	const struct rte_ipv4_hdr *ip4;
	const struct rte_ipv6_hdr *ip6;
	const uint8_t *l4;

	ip4 = rte_pktmbuf_read(m, 0, sizeof(*ip4) + 8, bytes);
	if (ip4 == NULL)
		return;
	if (ip4->version_ihl >> 4 == 4) {
		if (ip4->next_proto_id != IPPROTO_TCP)
			return;
		info.flow.local = ipaddr_v4(rte_be_to_cpu_32(ip4->src_addr));
		info.flow.remote = ipaddr_v4(rte_be_to_cpu_32(ip4->dst_addr));
		l4 = (const uint8_t *)(ip4 + 1);
	} else {
		ip6 = rte_pktmbuf_read(m, 0, sizeof(bytes), bytes);
		if (ip6 == NULL || ip6->proto != IPPROTO_TCP)
			return;
		info.flow.local = ipaddr_v6(ip6->src_addr);
		info.flow.remote = ipaddr_v6(ip6->dst_addr);
		l4 = (const uint8_t *)(ip6 + 1);
	}
	info.flow.local_port = get_be16(l4);
	info.flow.remote_port = get_be16(l4 + 2);
	info.seq = get_be32(l4 + 4);
	if (el->up.error != NULL)
		el->up.error(el->up.ctx, &info, now);
}

static void
neigh_dropped(void *ctx, struct rte_mbuf *m, bool failed, uint64_t now)
{
	struct ether_lcore *el = ctx;

	if (!failed) {
		ETHER_DROP(el, m, NEIGH_QUEUE);
		return;
	}
	ETHER_COUNT(el, DROP_NEIGH_FAILED);
	report_unreachable(el, m, now);
	rte_pktmbuf_free(m);
}

static void
neigh_refused(void *ctx, const struct neigh *n, const struct rte_ether_addr *mac, uint64_t now)
{
	struct ether_lcore *el = ctx;
	char text[IPADDR_STR_MAX];

	ETHER_COUNT(el, NEIGH_REFUSED);
	event_log(el->lc->events, &el->claim_limit, now, LOG_TYPE, RTE_LOG_WARNING,
		  "interface %s: " ETHER_MAC_FMT " claims address %s of reachable "
		  "neighbour " ETHER_MAC_FMT ", which is asked first",
		  el->e->ifaces[n->iface]->conf.name, RTE_ETHER_ADDR_BYTES(mac),
		  ipaddr_format(&n->addr, text), RTE_ETHER_ADDR_BYTES(&n->mac));
}

/* --- create, destroy --- */

static struct ether_lcore *
worker_create(struct ether *e, struct lcore *lc)
{
	struct ether_lcore *el = calloc(1, sizeof(*el));
	struct neigh_ops ops = {
		.ctx = el,
		.solicit = neigh_solicit,
		.resolved = neigh_resolved,
		.dropped = neigh_dropped,
		.refused = neigh_refused,
	};

	if (el == NULL)
		return NULL;
	el->e = e;
	el->lc = lc;
	el->index = lc->index;
	if (neigh_table_create(ETHER_NEIGH_MAX, &lc->wheel, &ops, &el->neigh) < 0) {
		free(el);
		return NULL;
	}
	return el;
}

static void
worker_destroy(struct ether_lcore *el)
{
	unsigned int i;

	if (el == NULL)
		return;
	for (i = 0; i < ETHER_PORTS_MAX; i++)
		free(el->txq[i]);
	for (i = 0; i < ETHER_IFACES_MAX; i++)
		timer_disarm(&el->lc->wheel, &el->announcers[i].timer);
	neigh_table_destroy(el->neigh);
	free(el);
}

int
ether_create(struct lcore **lcores, unsigned int n, const struct ether_link_ops *link,
	     struct ether **ep)
{
	struct ether *e;
	unsigned int i;

	if (n == 0 || n > ETHER_WORKERS_MAX)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	if (link != NULL)
		e->link = *link;
	memset(e->port_of_id, 0xff, sizeof(e->port_of_id));
	ether_hash_init(&e->hash, ether_hash_default_key, n);
	for (i = 0; i < n; i++) {
		e->workers[i] = worker_create(e, lcores[i]);
		if (e->workers[i] == NULL) {
			ether_destroy(e);
			return -ENOMEM;
		}
		e->n_workers++;
	}
	*ep = e;
	return 0;
}

/* Packets between workers, which do not poll any more: to their end. Only packets are left when this is called. */
static void
drain_channel(struct ether *e)
{
	struct channel *ch = e->workers[0]->lc->channel;
	unsigned int w;

	if (ch == NULL)
		return;
	for (w = 0; w < e->n_workers; w++) {
		e->workers[w]->up = (struct ether_up){0};
		channel_flush(ch, w);
	}
	for (w = 0; w < e->n_workers; w++)
		while (channel_poll(ch, w, e->workers[w]->now) > 0)
			;
}

static void
stop(struct ether *e)
{
	unsigned int i;

	ether_capture_abort(e);
	ether_ping_stop(e);
	if (e->n_workers > 0)
		drain_channel(e);
	for (i = 0; i < e->n_workers; i++) {
		ether_tx_drain(e->workers[i]);
		e->workers[i]->n_rxq = 0;
	}
	for (i = e->n_ports; i-- > 0;) {
		ether_port_close(e->ports[i]);
		free(e->ports[i]);
	}
	e->n_ports = 0;
}

void
ether_destroy(struct ether *e)
{
	unsigned int i;

	if (e == NULL)
		return;
	stop(e);
	for (i = 0; i < e->n_ifaces; i++)
		free(e->ifaces[i]);
	for (i = 0; i < e->n_workers; i++)
		worker_destroy(e->workers[i]);
	free(e);
}

unsigned int
ether_leaks(const struct ether *e)
{
	unsigned int i, k, waiting = 0, queued = 0, pings = 0;

	for (i = 0; i < e->n_workers; i++) {
		waiting += neigh_waiting(e->workers[i]->neigh);
		for (k = 0; k < e->n_ports; k++)
			if (e->workers[i]->txq[k] != NULL)
				queued += e->workers[i]->txq[k]->n;
	}
	for (i = 0; i < ETHER_PINGS_MAX; i++)
		pings += e->pings[i] != NULL;
	if (waiting + queued + pings > 0 || e->capture != NULL)
		LOG(WARNING,
		    "still out: %u packets that wait for a neighbour, %u for a port, %u pings, %u captures",
		    waiting, queued, pings, e->capture != NULL);
	return waiting + queued + pings + (e->capture != NULL);
}

/* --- start --- */

/* Which worker polls and fills which queue. */
static int
assign_queues(struct ether *e, struct ether_port *p)
{
	struct ether_lcore *el;
	unsigned int w;
	uint16_t q;

	for (w = 0; w < e->n_workers && w < p->n_queues; w++) {
		e->workers[w]->txq[p->index] = calloc(1, sizeof(struct ether_txq));
		if (e->workers[w]->txq[p->index] == NULL)
			return -ENOMEM;
	}
	for (q = 0; q < p->n_queues; q++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there is at least one worker */
		el = e->workers[q % e->n_workers];
		if (el->n_rxq == RTE_DIM(el->rxq))
			return -ENOSPC;
		el->rxq[el->n_rxq].port = p;
		el->rxq[el->n_rxq++].queue = q;
	}
	return 0;
}

static int
add_static_neighbours(struct ether *e, uint64_t now)
{
	const struct ether_iface_conf *c;
	struct rte_ether_addr mac;
	unsigned int i, k, w;
	int rc = 0;

	for (i = 0; i < e->n_ifaces; i++) {
		c = &e->ifaces[i]->conf;
		for (k = 0; k < c->n_neighbours; k++) {
			memcpy(mac.addr_bytes, c->neighbours[k].mac, sizeof(mac.addr_bytes));
			for (w = 0; w < e->n_workers && rc == 0; w++)
				rc = neigh_set_static(e->workers[w]->neigh, (uint16_t)i,
						      &c->neighbours[k].addr, &mac, now);
		}
	}
	return rc;
}

int
ether_start(struct ether *e, uint64_t now, char *why, unsigned int why_size)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < e->n_workers; i++)
		e->workers[i]->now = now;
	for (i = 0; i < e->n_ports && rc == 0; i++) {
		rc = ether_port_start(e, e->ports[i], now, why, why_size);
		if (rc < 0)
			break;
		rc = assign_queues(e, e->ports[i]);
		if (rc < 0)
			snprintf(why, why_size, "port %s: too many queues for the workers",
				 e->ports[i]->name);
	}
	if (rc == 0) {
		rc = add_static_neighbours(e, now);
		if (rc < 0)
			snprintf(why, why_size, "too many static neighbours");
	}
	if (rc < 0)
		stop(e);
	return rc;
}

uint64_t
ether_floor_bytes(const struct ether *e, unsigned int worker)
{
	const struct ether_lcore *el = e->workers[worker];
	uint64_t size = sizeof(struct rte_mbuf) + rte_pktmbuf_data_room_size(el->lc->mem->mbufs) +
		rte_pktmbuf_priv_size(el->lc->mem->mbufs);
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < el->n_rxq; i++)
		if (el->rxq[i].port->holds_mbufs)
			n += el->rxq[i].port->rx_desc;
	return n * size;
}

struct ether_lcore *
ether_lcore(struct ether *e, unsigned int index)
{
	return e->workers[index];
}

void
ether_set_up(struct ether_lcore *el, const struct ether_up *up)
{
	el->up = *up;
}

unsigned int
ether_timers(struct ether_lcore *el, uint64_t now)
{
	/* the neighbours' timers are on the worker's wheel */
	return el->index == 0 ? ether_announce_poll(el, now) : 0;
}

/* --- now and then --- */

static void
poll_link(struct ether *e, struct ether_port *p, uint64_t now)
{
	struct rte_eth_link link = {0};
	unsigned int i;

	/* polled, not told: some drivers' link interrupts fire but once */
	if (rte_eth_link_get_nowait(p->id, &link) < 0)
		link.link_status = RTE_ETH_LINK_DOWN;
	if (!link_filter_poll(&p->link, link.link_status == RTE_ETH_LINK_UP, now))
		return;
	p->speed_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	LOG(NOTICE, "port %s: link %s", p->name, p->link.up ? "up" : "down");
	atomic_store_explicit(&p->link_up, p->link.up, memory_order_relaxed);
	if (p->link.up)
		atomic_fetch_add_explicit(&p->announce, 1, memory_order_relaxed);
	for (i = 0; i < e->n_ifaces; i++)
		if (e->ifaces[i]->port == p && e->link.link != NULL)
			e->link.link(e->link.ctx, i, p->link.up, now);
}

void
ether_control(struct ether *e, uint64_t now)
{
	unsigned int i;

	if (e == NULL)
		return;
	ether_ping_control(e, now);
	ether_capture_control(e);
	if (now < e->next_link_poll)
		return;
	e->next_link_poll = now + LINK_POLL_NS;
	for (i = 0; i < e->n_ports; i++)
		if (e->ports[i]->started)
			poll_link(e, e->ports[i], now);
}
