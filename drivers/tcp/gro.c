/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Merging the segments of a burst. It happens behind the checksum and in the order of arrival, and only where nobody could tell
 * the difference: all that a header says is the same but for the number, the IP header's traffic class with its marks included.
 * PSH may be in any of them and is in the whole. Why not rte_gro: doc/performance.md.
 */
#include "drivers/tcp/gro.h"

#include "drivers/tcp/seq.h"
#include "lnet/base/bytes.h"

#include <rte_common.h>
#include <rte_mbuf.h>

#define TS_LEN 12 /* of the timestamps option, aligned */

static unsigned int
slot_of(const struct tcp_parsed *p)
{
	const uint8_t *remote = p->pkt->remote.bytes;
	uint32_t mix = get_be32(remote) ^ get_be32(remote + 12) ^ p->s.src_port;

	return (mix * UINT32_C(0x9e3779b1)) >> (32 - TCP_GRO_SLOT_BITS);
}

/* Payload, and a header that only brings it: no flag and no option of a kind that is rare. */
static bool
is_plain(const struct tcp_segment *s)
{
	return s->len > 0 && (s->flags & (uint8_t)~TCP_PSH) == TCP_ACK &&
		s->hdr_len == (s->has_ts ? TCP_HDR_MIN + TS_LEN : TCP_HDR_MIN);
}

static bool
says_the_same(const struct tcp_segment *a, const struct tcp_segment *b)
{
	return a->ack == b->ack && a->wnd == b->wnd && a->has_ts == b->has_ts &&
		a->tsval == b->tsval && a->tsecr == b->tsecr;
}

static bool
belong(const struct tcp_parsed *a, const struct tcp_parsed *b)
{
	return b->s.seq == a->s.seq + a->s.len && a->may_merge && b->may_merge &&
		says_the_same(&a->s, &b->s) && a->tos == b->tos &&
		a->s.len + b->s.len <= TCP_MERGED_MAX;
}

static void
join(struct tcp_parsed *a, const struct tcp_parsed *b)
{
	struct rte_mbuf *head = a->m, *m = b->m;

	/* the whole header is in the first mbuf */
	m->data_off += b->s.hdr_len;
	m->data_len -= b->s.hdr_len;
	a->tail->next = m;
	a->tail = b->tail;
	head->nb_segs += m->nb_segs;
	head->pkt_len += b->s.len;
	a->s.flags |= b->s.flags;
	a->s.len += b->s.len;
	a->s.n_merged += b->s.n_merged;
	a->s.part = RTE_MAX(a->s.part, b->s.part);
	a->s.last_seq = b->s.last_seq;
	a->lro |= b->lro;
}

static bool
same_flow(const struct tcp_parsed *a, const struct tcp_parsed *b)
{
	return a->s.src_port == b->s.src_port && a->s.dst_port == b->s.dst_port &&
		ipaddr_equal(&a->pkt->remote, &b->pkt->remote) &&
		ipaddr_equal(&a->pkt->local, &b->pkt->local);
}

bool
tcp_gro_merge(struct tcp_gro *g, struct tcp_parsed *parsed, unsigned int i)
{
	uint8_t *slot = &g->last[slot_of(&parsed[i])];
	unsigned int before = *slot;

	*slot = (uint8_t)(i + 1);
	parsed[i].may_merge = is_plain(&parsed[i].s);
	parsed[i].first = (uint8_t)i;
	if (before == 0 || !same_flow(&parsed[before - 1], &parsed[i]))
		return false;
	parsed[i].first = parsed[before - 1].first;
	if (!belong(&parsed[before - 1], &parsed[i]))
		return false;
	*slot = (uint8_t)before;
	join(&parsed[before - 1], &parsed[i]);
	return true;
}
