/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference model of what a peer said. */
#include "tests/fuzz/tcp_exchange_peer.h"

#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <string.h>

#define PERIOD \
	(1u << 18) /* divides the sequence space, and is wider than any window of the target */

static const uint8_t *
pattern_at(bool ours, uint32_t at)
{
	static uint8_t table[2][PERIOD + PATTERN_MAX];
	uint32_t i, v = 1;

	if (table[0][0] == 0) {
		for (i = 0; i < PERIOD + PATTERN_MAX; i++) {
			v = v * 1664525 + 1013904223;
			table[0][i] = i < PERIOD ? (uint8_t)(v >> 24 | 1) : table[0][i - PERIOD];
			table[1][i] = (uint8_t)(table[0][i] + 0x55);
		}
	}
	return table[ours] + at % PERIOD;
}

void
pattern_fill(bool ours, uint32_t at, uint8_t salt, uint8_t *p, uint32_t len)
{
	uint32_t i;

	memcpy(p, pattern_at(ours, at), len);
	for (i = 0; salt != 0 && i < len; i++)
		p[i] ^= salt;
}

bool
pattern_holds(bool ours, uint32_t at, uint8_t salt, const uint8_t *p, uint32_t len)
{
	const uint8_t *want = pattern_at(ours, at);
	uint32_t i;

	if (salt == 0)
		return memcmp(p, want, len) == 0;
	for (i = 0; i < len; i++) {
		if (p[i] != (want[i] ^ salt))
			return false;
	}
	return true;
}

static void
add(struct peer_stream *ps, uint32_t start, uint32_t end, uint8_t salt, bool unknown)
{
	/* on a stream without salt nothing has to be remembered */
	if (seq_geq(start, end) || (ps->n == 0 && salt == 0))
		return;
	if (ps->n == PEER_PIECES) {
		ps->overflowed = true;
		return;
	}
	ps->pieces[ps->n++] = (struct peer_piece){start, end, salt, unknown};
}

void
peer_stream_blur(struct peer_stream *ps, uint32_t start, uint32_t end)
{
	add(ps, start, end, 0, true);
}

void
peer_stream_before(struct peer_stream *ps, const struct tcp_conn *c, const struct tcp_segment *s,
		   uint8_t salt)
{
	struct peer_before *b = &ps->before;
	const struct tcp_ooo *r;

	b->c = c;
	if (c == NULL)
		return;
	b->opened_at = c->opened_at;
	b->start = s->seq + ((s->flags & TCP_SYN) != 0);
	b->end = b->start + s->len;
	b->salt = salt;
	/* a SYN-ACK may bring the first bytes */
	b->rcv_nxt = c->state == TCP_SYN_SENT ? s->seq + 1 : c->rcv_nxt;
	b->rcv_edge = c->state == TCP_SYN_SENT ? b->end : c->rcv_edge;
	b->fin_known = c->fin_known;
	b->fin_seq = c->fin_seq;
	b->n_kept = c->t->counters[TCP_RX_OOO];
	b->n_refused = c->t->counters[TCP_RX_OOO_NO_MEM];
	b->n_reneged = c->t->counters[TCP_RX_RENEGED];
	b->n_cut = c->t->counters[TCP_RX_NO_MEM];
	b->n_ooo = 0;
	TAILQ_FOREACH(r, &c->rx.ooo, link)
		b->ooo[b->n_ooo++] = (struct tcp_range){r->seq, r->seq + r->data.len};
}

/* Of @start .. @end the bytes that waited out of order: those of a segment that came for them, or they. */
static void
blur_waiting(struct peer_stream *ps, unsigned int first, uint32_t start, uint32_t end)
{
	const struct peer_before *b = &ps->before;
	unsigned int i;

	for (i = first; i < b->n_ooo && seq_lt(b->ooo[i].start, end); i++)
		peer_stream_blur(ps, seq_max(start, b->ooo[i].start), seq_min(end, b->ooo[i].end));
}

/*
 * In order: as far as the segment reaches, and on through what waited behind it. Where its last mbufs found no memory, what had come
 * before them is joined instead.
 */
static const char *
moved(struct peer_stream *ps, const struct tcp_conn *c, uint32_t now_at)
{
	struct peer_before *b = &ps->before;
	uint32_t least = seq_min(b->end, b->rcv_edge), most = b->end;
	bool cut = c->t->counters[TCP_RX_NO_MEM] != b->n_cut;
	unsigned int i;

	if (b->fin_known)
		least = seq_min(least, b->fin_seq);
	for (i = 0; i < b->n_ooo && seq_leq(b->ooo[i].start, most); i++)
		most = seq_max(most, b->ooo[i].end);
	if (seq_gt(b->start, b->rcv_nxt))
		return "RCV.NXT jumped over a hole";
	if (seq_gt(now_at, most))
		return "RCV.NXT is beyond what was sent";
	if (!cut && seq_lt(now_at, least))
		return "a segment in order was taken in part";
	if (!cut && seq_lt(now_at, most) && seq_lt(now_at, b->rcv_edge) && !c->fin_known &&
	    c->t->counters[TCP_RX_RENEGED] == b->n_reneged)
		return "what had become consecutive was not joined";
	add(ps, b->rcv_nxt, seq_min(b->end, now_at), b->salt, false);
	if (cut)
		blur_waiting(ps, 0, b->rcv_nxt, seq_min(b->end, now_at));
	return NULL;
}

/*
 * Out of order: what of it is held now and does not belong to the range that was there before its first byte. Mbufs are kept one by
 * one, so of a segment that was refused some may be there; and where it overlaps ranges that begin behind its first byte either
 * side may win (RFC 9293 does not say which).
 */
static void
kept(struct peer_stream *ps, const struct tcp_conn *c, bool refused)
{
	struct peer_before *b = &ps->before;
	uint32_t start = b->start;
	const struct tcp_ooo *r;
	unsigned int i;

	for (i = 0; i < b->n_ooo && seq_leq(b->ooo[i].start, start); i++)
		start = seq_max(start, b->ooo[i].end);
	TAILQ_FOREACH(r, &c->rx.ooo, link)
		add(ps, seq_max(start, r->seq), seq_min(b->end, r->seq + r->data.len), b->salt,
		    refused);
	blur_waiting(ps, i, b->start, b->end);
}

const char *
peer_stream_after(struct peer_stream *ps)
{
	struct peer_before *b = &ps->before;
	const struct tcp_conn *c = b->c;
	uint32_t now_at;

	b->c = NULL;
	/* a segment that ends a connection brings nothing */
	if (c == NULL || c->opened_at != b->opened_at || !tcp_is_synchronized(c))
		return NULL;
	now_at = c->rcv_nxt - c->fin_rcvd;
	if (seq_gt(now_at, b->rcv_nxt))
		return moved(ps, c, now_at);
	if (c->t->counters[TCP_RX_OOO] != b->n_kept)
		kept(ps, c, c->t->counters[TCP_RX_OOO_NO_MEM] != b->n_refused);
	return NULL;
}

/* The piece that lies on top at @seq, or NULL; *end: how far that is so, at most. */
static const struct peer_piece *
on_top(const struct peer_stream *ps, uint32_t seq, uint32_t *end)
{
	unsigned int i;

	for (i = ps->n; i > 0; i--) {
		const struct peer_piece *p = &ps->pieces[i - 1];

		if (seq_leq(p->start, seq) && seq_lt(seq, p->end)) {
			*end = seq_min(*end, p->end);
			return p;
		}
		if (seq_gt(p->start, seq))
			*end = seq_min(*end, p->start);
	}
	return NULL;
}

static bool
slice_holds(const struct peer_stream *ps, uint32_t seq, const uint8_t *p, uint32_t len)
{
	while (len > 0) {
		uint32_t n = len < PATTERN_MAX ? len : PATTERN_MAX, end = seq + n;
		const struct peer_piece *piece = on_top(ps, seq, &end);

		n = end - seq;
		if ((piece == NULL || !piece->unknown) &&
		    !pattern_holds(false, seq, piece != NULL ? piece->salt : 0, p, n))
			return false;
		seq += n;
		p += n;
		len -= n;
	}
	return true;
}

bool
peer_stream_holds(const struct peer_stream *ps, const struct tcp_conn *c)
{
	uint32_t seq = c->rcv_nxt - c->fin_rcvd - c->rx.data.len;
	const struct slice *s;

	if (ps->overflowed)
		return true;
	for (s = c->rx.data.head; s != NULL; seq += s->len, s = s->next) {
		if (!slice_holds(ps, seq, slice_data(s), s->len))
			return false;
	}
	return true;
}
