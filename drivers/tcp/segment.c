/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments as mbufs: a header, and behind it the user's memory by reference. */
#include "drivers/tcp/tcp_priv.h"
#include "lnet/base/mempool.h"

#include <rte_common.h>
#include <rte_mbuf.h>

#include <string.h>

/* So much payload is copied behind the header: cheaper than an mbuf of its own. */
#define INLINE_MAX 192
#define SLICES_MAX 32 /* of one packet */

/* Timestamps leave room for one block less (RFC 2018 3). */
static unsigned int
sack_due(const struct tcp_conn *c)
{
	unsigned int max = c->ts_ok ? TCP_SACK_BLOCKS - 1 : TCP_SACK_BLOCKS;
	unsigned int n = c->rx.ooo_ranges + (c->dsack.start != c->dsack.end);

	if (!c->sack_ok)
		return 0;
	return n < max ? n : max;
}

static uint32_t
sack_len(unsigned int blocks)
{
	return blocks > 0 ? 4 + 8 * blocks : 0;
}

uint32_t
tcp_segment_mss(const struct tcp_conn *c)
{
	uint32_t options = sack_len(sack_due(c));

	return c->mss > TCP_MSS_MIN + options ? c->mss - options : TCP_MSS_MIN;
}

static void
put_sack(struct tcp_conn *c, struct tcp_segment *s)
{
	unsigned int n = sack_due(c), first = 0;

	if (n > 0 && c->dsack.start != c->dsack.end) {
		s->sack[first++] = c->dsack;
		tcp_count(c->t, TCP_TX_DSACK);
	}
	c->dsack = (struct tcp_range){0, 0};
	s->n_sack = (uint8_t)(first + tcp_rxq_sack(&c->rx, s->sack + first, n - first));
	tcp_count_n(c->t, TCP_TX_SACK, s->n_sack - first);
}

static void
put_ts(const struct tcp_conn *c, struct tcp_segment *s, uint64_t now)
{
	s->has_ts = true;
	s->tsval = tcp_ts_now(c, now);
	s->tsecr = (s->flags & TCP_ACK) != 0 ? c->ts_recent : 0;
}

/* Everything but the options of a SYN. Whatever carries an ACK settles what is due. */
static struct tcp_segment
header(struct tcp_conn *c, uint8_t flags, uint32_t seq, uint64_t now)
{
	struct tcp_segment s = {
		.src_port = c->flow.local_port,
		.dst_port = c->flow.remote_port,
		.seq = seq,
		.flags = flags,
	};

	if ((flags & TCP_ACK) != 0)
		s.ack = c->rcv_nxt;
	if (c->ecn.echo && (flags & (TCP_ACK | TCP_SYN | TCP_RST)) == TCP_ACK)
		s.flags |= TCP_ECE;
	if (c->ts_ok)
		put_ts(c, &s, now);
	if ((flags & (TCP_SYN | TCP_RST)) == 0)
		put_sack(c, &s);
	if ((flags & TCP_RST) == 0)
		s.wnd = tcp_window_field(c, (flags & TCP_SYN) != 0);
	return s;
}

static void
ack_sent(struct tcp_conn *c)
{
	c->ack_now = false;
	c->unacked = 0;
	c->last_ack_sent = c->rcv_nxt;
	tcp_timer_clear(c, TCP_TIMER_ACK);
}

static struct rte_mbuf *
header_mbuf(struct tcp_conn *c)
{
	struct rte_mbuf *m = mbuf_get_header(c->t->lc->mem->mbufs);

	if (m == NULL)
		tcp_count(c->t, TCP_TX_NO_MBUF);
	return m;
}

static void
put_header(struct rte_mbuf *m, const struct tcp_segment *s)
{
	m->l4_len = tcp_wire_emit(s, rte_pktmbuf_mtod(m, void *));
	m->data_len = m->l4_len;
	m->pkt_len = m->data_len;
}

static void
transmit(struct tcp_conn *c, struct rte_mbuf *m, uint32_t mss, uint8_t tos, uint64_t now)
{
	const struct tcp_env *env = c->t->env;

	tcp_count(c->t, TCP_SEG_OUT);
	env->output(env->arg, &c->flow, m, (uint16_t)mss, tos, now);
}

bool
tcp_send_bare(struct tcp_conn *c, uint8_t flags, uint32_t seq, uint64_t now)
{
	struct rte_mbuf *m = header_mbuf(c);
	struct tcp_segment s;

	if (m == NULL)
		return false;
	s = header(c, flags, seq, now);
	put_header(m, &s);
	if ((flags & TCP_RST) == 0) {
		tcp_count(c->t, TCP_TX_ACK);
		ack_sent(c);
	}
	transmit(c, m, 0, tcp_ecn_tos(c, flags, false), now);
	return true;
}

bool
tcp_send_syn(struct tcp_conn *c, uint64_t now)
{
	bool answer = c->state == TCP_SYN_RCVD;
	struct rte_mbuf *m = header_mbuf(c);
	struct tcp_segment s;

	if (m == NULL)
		return false;
	s = header(c, answer ? TCP_SYN | TCP_ACK : TCP_SYN, c->iss, now);
	s.flags |= tcp_ecn_syn_flags(c);
	s.has_mss = true;
	s.mss = tcp_path_mss_own(c);
	s.sack_permitted = !answer || c->sack_ok;
	s.has_wscale = !answer || c->rcv_shift != 0;
	s.wscale = c->rcv_shift;
	if (!answer)
		put_ts(c, &s, now);
	put_header(m, &s);
	c->last_send = now;
	transmit(c, m, 0, tcp_ecn_tos(c, s.flags, false), now);
	return true;
}

/* Bytes from @off of @s on that lie in at most @slices slices; 0 slices = no limit. Their mbufs will be needed: they are asked for. */
static uint32_t
span(const struct slice *s, uint32_t off, uint32_t len, unsigned int slices)
{
	uint32_t n = 0;

	if (slices == 0)
		return len;
	for (; s != NULL && slices > 0 && n < len; slices--) {
		slice_fetch(s);
		n += s->off + s->len - off;
		s = s->next;
		off = s != NULL ? s->off : 0;
	}
	return RTE_MIN(n, len);
}

/* Limits count the header as well. One slice of payload can always be sent. */
static unsigned int
payload_slices(uint16_t limit)
{
	return limit == 0 ? 0 : limit > 2 ? limit - 1 : 1;
}

/* Bytes from @off of @s on in which no packet of @mss bytes lies in more than @slices slices; 0 slices = no limit. */
static uint32_t
span_each(const struct slice *s, uint32_t off, uint32_t len, uint32_t mss, unsigned int slices)
{
	uint32_t n = 0, end = mss; /* of the packet that is being filled */
	unsigned int in = 0;

	if (slices == 0)
		return len;
	while (s != NULL && n < len) {
		if (++in > slices)
			return end - mss;
		n += s->off + s->len - off;
		if (n >= end) {
			while (n >= end)
				end += mss;
			in = n > end - mss;
		}
		s = s->next;
		off = s != NULL ? s->off : 0;
	}
	return RTE_MIN(n, len);
}

uint32_t
tcp_segment_unit(const struct tcp_conn *c, const struct slice *s, uint32_t off, uint32_t len,
		 uint32_t mss)
{
	const struct tcp_path *path = &c->path;
	uint32_t unit, fit;

	/* of a large segment a port would put CWR into the first part, or into each, as it likes */
	if (len <= mss || path->tso_max <= mss || mss < RTE_MAX(path->tso_mss_min, 1u) ||
	    c->ecn.cwr)
		return RTE_MIN(len, mss);
	unit = RTE_MIN(len, path->tso_max);
	if (unit < len)
		unit -= unit % mss;
	fit = span(s, off, unit, payload_slices(path->tso_max_slices));
	fit = span_each(s, off, fit, mss, payload_slices(path->max_slices));
	if (fit >= unit)
		return unit;
	return fit >= mss ? fit - fit % mss : mss;
}

/* A room-less mbuf on top of @n bytes of the slice's memory; it holds a reference as long as the port needs it. */
static struct rte_mbuf *
reference(const struct buf_mem *mem, const struct slice *s, uint32_t off, uint32_t n)
{
	struct rte_mbuf *m = mbuf_get(mem->indirect);

	if (m == NULL)
		return NULL;
	rte_pktmbuf_attach(m, s->m);
	m->data_off = (uint16_t)off;
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return m;
}

static void
chain(struct rte_mbuf *head, struct rte_mbuf **tail, struct rte_mbuf *m)
{
	(*tail)->next = m;
	*tail = m;
	head->nb_segs++;
	head->pkt_len += m->data_len;
}

static bool
attach(const struct buf_mem *mem, struct rte_mbuf *head, const struct slice *s, uint32_t off,
       uint32_t len)
{
	struct rte_mbuf *tail = head, *m;
	uint32_t copied = 0, n;

	for (; len > 0; len -= n) {
		n = RTE_MIN(s->off + s->len - off, len);
		if (tail == head && copied + n <= INLINE_MAX) {
			memcpy(rte_pktmbuf_append(head, (uint16_t)n),
			       (const char *)s->m->buf_addr + off, n);
			copied += n;
		} else {
			m = reference(mem, s, off, n);
			if (m == NULL)
				return false;
			chain(head, &tail, m);
		}
		s = s->next;
		off = s != NULL ? s->off : 0;
	}
	return true;
}

static bool
linearise(const struct buf_mem *mem, struct rte_mbuf *head, const struct slice *s, uint32_t off,
	  uint32_t len)
{
	struct rte_mbuf *tail = head, *m;

	while (len > 0) {
		uint32_t n = RTE_MIN(s->off + s->len - off, len);

		if (rte_pktmbuf_tailroom(tail) == 0) {
			m = rte_pktmbuf_alloc(mem->mbufs);
			if (m == NULL)
				return false;
			chain(head, &tail, m);
		}
		n = RTE_MIN(n, rte_pktmbuf_tailroom(tail));
		memcpy(rte_pktmbuf_mtod_offset(tail, char *, tail->data_len),
		       (const char *)s->m->buf_addr + off, n);
		tail->data_len += (uint16_t)n;
		head->pkt_len += n;
		len -= n;
		off += n;
		if (len > 0 && off == s->off + s->len) {
			s = s->next;
			off = s->off;
		}
	}
	return true;
}

/*
 * More pieces than the port takes are copied, and so many that they have to be small ones: a piece that is referred to costs an
 * mbuf of its own.
 */
static bool
put_payload(struct tcp_conn *c, struct rte_mbuf *m, const struct slice *s, uint32_t off,
	    uint32_t len, uint32_t mss)
{
	const struct buf_mem *mem = c->t->lc->mem;
	unsigned int limit = payload_slices(c->path.max_slices);

	if (limit == 0 || limit > SLICES_MAX)
		limit = SLICES_MAX;
	if (len > mss || span(s, off, len, limit) == len)
		return attach(mem, m, s, off, len);
	tcp_count(c->t, TCP_TX_LINEARISED);
	return linearise(mem, m, s, off, len);
}

bool
tcp_send_data(struct tcp_conn *c, uint32_t seq, const struct slice *s, uint32_t off, uint32_t len,
	      uint8_t flags, uint32_t mss, uint64_t now)
{
	bool is_new = len > 0 && seq == c->snd_nxt;
	struct rte_mbuf *m = header_mbuf(c);
	struct tcp_segment seg;

	if (m == NULL)
		return false;
	/* the header promises a window: it is written when nothing can fail any more, but its length is known */
	m->l4_len = TCP_HDR_MIN + (c->ts_ok ? TCP_TS_LEN : 0) + sack_len(sack_due(c));
	m->data_len = m->l4_len;
	m->pkt_len = m->data_len;
	if (len > 0 && !put_payload(c, m, s, off, len, mss)) {
		tcp_count(c->t, TCP_TX_NO_MBUF);
		rte_pktmbuf_free(m);
		return false;
	}
	seg = header(c, flags, seq, now);
	if (is_new && c->ecn.cwr) {
		seg.flags |= TCP_CWR;
		c->ecn.cwr = false;
	}
	tcp_wire_emit(&seg, rte_pktmbuf_mtod(m, void *));
	ack_sent(c);
	c->last_send = now;
	tcp_count_n(c->t, TCP_BYTES_OUT, len);
	transmit(c, m, len > mss ? mss : 0, tcp_ecn_tos(c, flags, is_new), now);
	return true;
}
