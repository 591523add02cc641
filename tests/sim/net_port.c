/* SPDX-License-Identifier: BSD-3-Clause */
/* The hosts' ports: mbufs become packets and packets mbufs; large segments are cut; bursts are handed up. */
#include "drivers/tcp/wire.h"
#include "lnet/base/bytes.h"
#include "tests/sim/net_link.h"

#include <rte_mbuf.h>

#include <string.h>

#define BURST 32

static void
copy_out(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint8_t *dst)
{
	const void *p = rte_pktmbuf_read(m, off, len, dst);

	/* it copies only what lies in several mbufs */
	if (p != dst)
		memcpy(dst, p, len);
}

/* Part of a large segment: the header of the whole; FIN and PSH belong to the last. */
static void
send_part(struct sim_host *h, struct sim_packet *p, const struct rte_mbuf *m, uint32_t hdr,
	  uint32_t off, uint32_t len)
{
	copy_out(m, 0, hdr, p->bytes);
	copy_out(m, off, len, p->bytes + hdr);
	p->len = hdr + len;
	put_be32(p->bytes + 4, get_be32(p->bytes + 4) + off - hdr);
	if (off + len < m->pkt_len)
		p->bytes[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	sim_wire(h->sim, h->index, p);
}

void
sim_port_output(void *arg, const struct ip_flow *flow, struct rte_mbuf *m, uint16_t mss,
		uint8_t tos, uint64_t)
{
	struct sim_host *h = arg;
	uint32_t hdr = m->l4_len, off = hdr, n;

	do {
		struct sim_packet *p = sim_packet_get(h->sim);

		n = m->pkt_len - off;
		n = mss != 0 && n > mss && !h->sim->conf.lro ? mss : n;
		p->mss = n > mss ? mss : 0;
		p->flow = *flow;
		p->tos = tos;
		send_part(h, p, m, hdr, off, n);
		off += n;
	} while (off < m->pkt_len);
	rte_pktmbuf_free(m);
}

/* Bytes into a chain of the host's mbufs, as a port with scattered receive does. */
static struct rte_mbuf *
to_mbufs(struct sim_host *h, const struct sim_packet *p)
{
	struct rte_mbuf *head = NULL, *tail = NULL, *m;
	uint32_t off = 0, n;

	while (off < p->len) {
		m = rte_pktmbuf_alloc(h->mem.mbufs);
		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		n = rte_pktmbuf_tailroom(m);
		n = n < p->len - off ? n : p->len - off;
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), p->bytes + off, n);
		off += n;
		if (head == NULL) {
			head = tail = m;
			continue;
		}
		tail->next = m;
		tail = m;
		head->nb_segs++;
		head->pkt_len += n;
	}
	return head;
}

static void
report(struct sim *s, struct sim_packet *p)
{
	struct ip_error_info e = {
		.kind = IP_ERROR_TOO_BIG,
		.flow = p->flow,
		.seq = get_be32(p->bytes + 4),
		.mtu = s->conf.link[p->to].mtu,
	};

	tcp_icmp_error(s->host[p->to].tcp, &e, s->now);
	sim_packet_put(s, p);
}

struct burst {
	struct ip_packet pkts[BURST];
	unsigned int n;
};

static void
flush(struct sim_host *h, struct burst *b)
{
	if (b->n > 0)
		tcp_input(h->tcp, b->pkts, b->n, h->sim->now);
	b->n = 0;
}

static void
receive(struct sim_host *h, struct burst *b, struct sim_packet *p)
{
	struct sim *s = h->sim;
	struct sim_stats *stats = &s->stats[!h->index];
	struct rte_mbuf *m;

	if (p->is_corrupt) {
		sim_drop(s, p, &stats->corrupted);
		return;
	}
	m = to_mbufs(h, p);
	if (m == NULL) {
		sim_drop(s, p, &stats->no_mbuf);
		return;
	}
	stats->delivered++;
	b->pkts[b->n++] = (struct ip_packet){
		.m = m,
		.local = p->flow.remote,
		.remote = p->flow.local,
		.tos = p->tos,
		.merged = p->mss != 0,
		.part = s->conf.lro_part ? p->mss : 0,
	};
	sim_packet_put(s, p);
	if (b->n == BURST)
		flush(h, b);
}

/* The ring of a host that does not poll. */
static void
park(struct sim_host *h, struct sim_packet *p)
{
	if (h->parked++ < h->sim->conf.ring)
		sim_put_back(h->sim, p, h->asleep_until);
	else
		sim_drop(h->sim, p, &h->sim->stats[!h->index].ring_drops);
}

void
sim_port_deliver(struct sim *s)
{
	struct burst burst[2] = {0};
	struct sim_packet *p;
	unsigned int i;

	while ((p = sim_arrived(s)) != NULL) {
		struct sim_host *h = &s->host[p->to];

		if (!sim_is_awake(s, h->index))
			park(h, p);
		else if (p->is_report)
			report(s, p);
		else
			receive(h, &burst[h->index], p);
	}
	for (i = 0; i < 2; i++)
		flush(&s->host[i], &burst[i]);
}
