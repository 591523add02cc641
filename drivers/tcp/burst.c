/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst in passes: parse and merge, look up, process. With thousands of connections none is in the core's caches, so each pass asks
 * for what the next one will need, for all segments at once: what is asked for side by side comes side by side.
 */
#include "drivers/tcp/gro.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#define LAG 12 /* packets from asking for a line of the table to reading it */
/* Slices that a burst releases, as far as they are asked for: with their mbufs they are most of the first cache. */
#define ACKED_MAX 128

/* The packets of a burst that are left when they are parsed and merged. */
struct burst {
	struct tcp_parsed parsed[TCP_BURST];
	struct ip_flow flows[TCP_BURST];
	struct tcp_conn *conns[TCP_BURST];
	uint8_t met[TCP_BURST]; /* which packet each one began as */
	uint32_t acks[TCP_BURST]; /* of the first of each flow: what the last says */
	unsigned int n;
};

/* Combinations that no stack sends: they serve to probe and to slip past filters. */
static bool
flags_ok(uint8_t flags)
{
	bool syn = (flags & TCP_SYN) != 0;

	return !(syn && (flags & (TCP_FIN | TCP_RST)) != 0) &&
		(flags & (TCP_SYN | TCP_RST | TCP_ACK)) != 0;
}

/* What the port has merged. */
static void
note_lro(struct tcp *t, const struct ip_packet *pkt, struct tcp_segment *s)
{
	tcp_count(t, TCP_RX_LRO);
	if (pkt->part == 0 || s->len <= pkt->part)
		return;
	s->part = pkt->part;
	s->n_merged = (uint16_t)((s->len + s->part - 1) / s->part);
	s->last_seq = s->seq + (s->n_merged - 1u) * s->part;
}

static bool
parse(struct tcp *t, const struct ip_packet *pkt, struct tcp_parsed *p)
{
	struct rte_mbuf *m = pkt->m;
	struct tcp_segment *s = &p->s;

	tcp_count(t, TCP_SEG_IN);
	if (tcp_wire_parse(rte_pktmbuf_mtod(m, const void *), m->data_len, m->pkt_len, s) < 0) {
		tcp_count(t, TCP_DROP_HEADER);
		return false;
	}
	if (!flags_ok(s->flags)) {
		tcp_count(t, TCP_DROP_FLAGS);
		return false;
	}
	if (s->bad_options)
		tcp_count(t, TCP_BAD_OPTIONS);
	if ((s->flags & TCP_URG) != 0)
		tcp_count(t, TCP_RX_URGENT);
	if (pkt->merged)
		note_lro(t, pkt, s);
	p->m = m;
	p->tail = rte_pktmbuf_lastseg(m);
	p->tos = pkt->tos;
	p->lro = pkt->merged;
	p->pkt = pkt;
	return true;
}

/* --- the passes --- */

/* Of packets that this core has not looked at yet. */
static void
fetch_packets(const struct ip_packet *pkts, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		rte_prefetch0(pkts[i].m);
		rte_mbuf_prefetch_part2(pkts[i].m);
	}
	for (i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i].m, const void *));
}

/* Of packet @i, whose line of the table was asked for LAG packets ago. */
static void
fetch_conn(struct tcp *t, const struct burst *b, unsigned int i)
{
	const struct tcp_parsed *p = &b->parsed[i];

	if (p->first == i)
		tcp_conn_expect(t, p->hash, p->s.len == 0);
}

/* Parse and merge; the connections of what is left are asked for while the rest is parsed. */
static void
read_packets(struct tcp *t, struct burst *b, const struct ip_packet *pkts, unsigned int n)
{
	struct tcp_gro gro = {0};
	struct tcp_parsed *p;
	unsigned int i, fetched = 0;

	for (i = 0; i < n; i++) {
		while (fetched < b->n && i - b->met[fetched] >= LAG)
			fetch_conn(t, b, fetched++);
		p = &b->parsed[b->n];
		if (!parse(t, &pkts[i], p)) {
			rte_pktmbuf_free(pkts[i].m);
			continue;
		}
		if (tcp_gro_merge(&gro, b->parsed, b->n)) {
			tcp_count(t, TCP_RX_MERGED);
			continue;
		}
		b->flows[b->n] = (struct ip_flow){
			.local = pkts[i].local,
			.remote = pkts[i].remote,
			.local_port = p->s.dst_port,
			.remote_port = p->s.src_port,
		};
		if (p->first == b->n) {
			p->hash = tcp_flows_hash(&t->flows, &b->flows[b->n]);
			tcp_flows_fetch(&t->flows, p->hash);
		}
		b->met[b->n++] = (uint8_t)i;
	}
	while (fetched < b->n)
		fetch_conn(t, b, fetched++);
}

/* Each flow is looked up once; who sends as well, which no segment tells, is read off its connection. */
static void
look_up(struct tcp *t, struct burst *b)
{
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		const struct tcp_parsed *p = &b->parsed[i];

		if (p->first == i)
			b->conns[i] = tcp_conn_expected(t, &b->flows[i], p->hash, p->s.len == 0);
		else
			b->conns[i] = b->conns[p->first];
		b->acks[p->first] = p->s.ack;
	}
}

/* What the ACKs of a connection will release: sent long ago, in no cache. */
struct acked {
	const struct slice *next; /* asked for */
	uint32_t left; /* bytes */
};

/* Of each connection one slice further. Return: how many have more. */
static unsigned int
fetch_slices(struct acked *acked, unsigned int n)
{
	unsigned int i, more = 0;

	for (i = 0; i < n; i++) {
		struct acked a = acked[i];

		if (a.next == NULL || a.next->len > a.left)
			continue;
		slice_fetch(a.next);
		a.left -= a.next->len;
		a.next = a.next->next;
		rte_prefetch0(a.next);
		acked[more++] = a;
	}
	return more;
}

/*
 * Who sends has records and slices that ACKs will release. A record asks for the one behind it; slices lead from one to the next, so
 * the connections are gone through in step: each is waited for at most once for all of them.
 */
static void
fetch_acked(const struct burst *b)
{
	struct acked acked[TCP_BURST];
	unsigned int i, n = 0, sum = 0;

	for (i = 0; i < b->n; i++) {
		const struct tcp_conn *c = b->conns[i];

		if (b->parsed[i].first != i || c == NULL || c->is_quiet)
			continue;
		rte_prefetch0(TAILQ_FIRST(&c->tx.segs));
		rte_prefetch0(c->tx.data.head);
		rte_prefetch0(c->tx.data.tail);
		if (b->acks[i] - c->snd_una <= tcp_in_flight(c))
			acked[n++] = (struct acked){c->tx.data.head, b->acks[i] - c->snd_una};
	}
	for (; n > 0 && sum < ACKED_MAX; sum += n)
		n = fetch_slices(acked, n);
}

static void
process(struct tcp *t, struct burst *b, uint64_t now)
{
	uint64_t changes = t->changes;
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		struct tcp_parsed *p = &b->parsed[i];
		const struct ip_flow *flow = &b->flows[i];
		struct rte_mbuf *m = p->m;
		/* an earlier segment of the burst may have opened or ended it */
		struct tcp_conn *c = changes == t->changes ? b->conns[i] : tcp_conn_find(t, flow);

		if (c == NULL)
			c = tcp_listen_in(t, flow, p->tos, &p->s, NULL, now);
		if (c != NULL)
			tcp_conn_in(c, p, &m, now);
		rte_pktmbuf_free(m);
	}
}

void
tcp_input(struct tcp *t, const struct ip_packet *pkts, unsigned int n, uint64_t now)
{
	struct burst b;
	unsigned int i, part;

	for (i = 0; i < n; i += part) {
		part = RTE_MIN(n - i, (unsigned int)TCP_BURST);
		b.n = 0;
		fetch_packets(pkts + i, part);
		read_packets(t, &b, pkts + i, part);
		look_up(t, &b);
		fetch_acked(&b);
		process(t, &b, now);
	}
	tcp_conns_tell(t, now);
}
