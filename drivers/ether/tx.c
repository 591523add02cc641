/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames out: link header, chains within the port's limit, transmit bursts. Thread: workers. */
#include "drivers/ether/ether_priv.h"
#include "lnet/base/buf.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

struct rte_mbuf *
ether_mbuf(struct ether_lcore *el, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(el->lc->mem->mbufs);
	char *data;

	if (m == NULL) {
		ETHER_COUNT(el, DROP_NO_MBUF);
		return NULL;
	}
	data = rte_pktmbuf_append(m, len);
	if (data == NULL) {
		ETHER_DROP(el, m, NO_MBUF);
		return NULL;
	}
	memset(data, 0, len);
	return m;
}

void
ether_link_output(struct ether_lcore *el, const struct ether_iface *i, struct rte_mbuf *m,
		  const struct rte_ether_addr *to, uint16_t type)
{
	uint16_t len = sizeof(struct rte_ether_hdr) + (i->vlan != 0 ? 4 : 0);
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_prepend(m, len);

	if (eth == NULL) {
		ETHER_DROP(el, m, NO_MBUF);
		return;
	}
	eth->dst_addr = *to;
	eth->src_addr = i->port->mac;
	/* the tag costs nothing here, and not every driver that offers to insert it does */
	if (i->vlan != 0) {
		eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
		put_be16(eth + 1, i->vlan);
		put_be16((uint8_t *)(eth + 1) + 2, type);
	} else {
		eth->ether_type = rte_cpu_to_be_16(type);
	}
	ether_tx(el, i->port, m);
}

/* The chain is longer than the port takes: copy it into as few mbufs as can be. NULL: dropped. */
static struct rte_mbuf *
linearise(struct ether_lcore *el, struct rte_mbuf *m, uint16_t limit)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, el->lc->mem->mbufs, 0, UINT32_MAX);

	if (copy == NULL) {
		ETHER_DROP(el, m, NO_MBUF);
		return NULL;
	}
	rte_pktmbuf_free(m);
	if (copy->nb_segs > limit) {
		ETHER_DROP(el, copy, TX_CHAIN);
		return NULL;
	}
	ETHER_COUNT(el, TX_LINEARISED);
	return copy;
}

static unsigned int
flush_port(struct ether_lcore *el, const struct ether_port *p, struct ether_txq *q)
{
	uint16_t queue = (uint16_t)(el->index % p->n_queues), i = 0, sent, ready;
	unsigned int total = 0;

	while (i < q->n) {
		ready = (uint16_t)(q->n - i);
		if (p->prepare)
			ready = rte_eth_tx_prepare(p->id, queue, q->frames + i, ready);
		if (ready == 0) {
			ETHER_DROP(el, q->frames[i], TX_PREPARE);
			i++;
			continue;
		}
		sent = rte_eth_tx_burst(p->id, queue, q->frames + i, ready);
		i = (uint16_t)(i + sent);
		total += sent;
		if (sent < ready)
			break; /* the rest waits for the next round */
	}
	q->n = (uint16_t)(q->n - i);
	memmove(q->frames, q->frames + i, q->n * sizeof(q->frames[0]));
	counter_add(&el->counters[ETHER_C_TX], total);
	return total;
}

static void
enqueue(struct ether_lcore *el, const struct ether_port *p, struct rte_mbuf *m)
{
	struct ether_txq *q = el->txq[p->index];

	if (q->n == ETHER_TXQ_MAX)
		flush_port(el, p, q);
	if (q->n == ETHER_TXQ_MAX) {
		ETHER_DROP(el, m, TX_FULL);
		return;
	}
	if (el->capture != NULL)
		ether_capture_frame(el, p, m, CAPTURE_OUT);
	q->frames[q->n++] = m;
}

void
ether_tx(struct ether_lcore *el, struct ether_port *p, struct rte_mbuf *m)
{
	uint16_t limit = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG ? p->tso_segs : p->max_segs;

	if (!atomic_load_explicit(&p->link_up, memory_order_relaxed)) {
		ETHER_DROP(el, m, TX_LINK);
		return;
	}
	if (limit != 0 && m->nb_segs > limit) {
		m = linearise(el, m, limit);
		if (m == NULL)
			return;
	}
	if (el->index < p->n_queues) {
		enqueue(el, p, m);
		return;
	}
	ETHER_COUNT(el, FAN_TX);
	m->port = p->id;
	ether_fan(el, m, el->index % p->n_queues, FAN_TX);
}

unsigned int
ether_flush(struct ether_lcore *el, uint64_t now)
{
	unsigned int i, n = 0;

	(void)now;
	for (i = 0; i < el->e->n_ports; i++)
		if (el->txq[i] != NULL && el->txq[i]->n > 0)
			n += flush_port(el, el->e->ports[i], el->txq[i]);
	return n;
}

void
ether_tx_drain(struct ether_lcore *el)
{
	struct ether_txq *q;
	unsigned int i;

	for (i = 0; i < el->e->n_ports; i++) {
		q = el->txq[i];
		if (q == NULL)
			continue;
		if (el->e->ports[i]->started && q->n > 0)
			flush_port(el, el->e->ports[i], q);
		rte_pktmbuf_free_bulk(q->frames, q->n);
		counter_add(&el->counters[ETHER_C_DROP_TX_FULL], q->n);
		q->n = 0;
	}
}
