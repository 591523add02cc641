/* SPDX-License-Identifier: BSD-3-Clause */
/* What the peer of an exchange sends: segments whose numbers are relative to what the connection is at. */
#include "drivers/tcp/seq.h"
#include "lnet/base/check.h"
#include "tests/fuzz/tcp_exchange.h"

#include <string.h>

#define PAYLOAD_MAX 1460

/* --- numbers out of single bytes: small ones as they are, and those at which something changes --- */

uint32_t
exchange_distance(uint8_t b)
{
	static const uint32_t far[] = {
		535,
		536,
		537,
		1447,
		1448,
		1449,
		1460,
		2896,
		4344,
		14480,
		8192,
		16384,
		65535,
		65536,
		1u << 20,
		1u << 24,
		1u << 29,
		1u << 30,
		0x7fffffff,
		1u << 31,
		(uint32_t)-536,
		(uint32_t)-1448,
		(uint32_t)-2896,
		(uint32_t)-8192,
		(uint32_t)-65536,
		(uint32_t) - (1 << 20),
		(uint32_t) - (1 << 30),
		100,
		200,
		300,
		400,
		500,
		1000,
	};

	if (b < 64)
		return b;
	return b < 128 ? 64u - b : far[(b - 128u) % LEN(far)];
}

uint32_t
exchange_length(uint8_t b)
{
	static const uint32_t lens[] = {128,  191,  192,  193,	256,  500,  535,  536, 537,
					1000, 1024, 1435, 1436, 1447, 1448, 1449, 1460};

	return b < 128 ? b : lens[(b - 128u) % LEN(lens)];
}

static uint16_t
window(uint8_t b)
{
	static const uint16_t wnds[] = {65535, 0,    1,	   2,	 3,	7,     8,     12,   100,
					128,   255,  256,  512,	 536,	1000,  1447,  1448, 1449,
					2048,  2896, 4096, 8192, 16384, 32767, 32768, 65534};

	return wnds[b % LEN(wnds)];
}

/* --- what a connection is at --- */

/* The @i-th of what waits out of order, modulo how many there are; false: there is none. */
static bool
range_at(const struct tcp_conn *c, unsigned int i, struct tcp_range *range)
{
	const struct tcp_ooo *r;

	if (c == NULL || c->rx.ooo_ranges == 0)
		return false;
	i %= c->rx.ooo_ranges;
	TAILQ_FOREACH(r, &c->rx.ooo, link) {
		if (i-- == 0)
			break;
	}
	*range = (struct tcp_range){r->seq, r->seq + r->data.len};
	return true;
}

/* The same of what is in flight: where a record begins and ends. */
static bool
record_at(const struct tcp_conn *c, unsigned int i, struct tcp_range *range)
{
	const struct tcp_txseg *s;
	unsigned int n = 0;

	if (c == NULL || TAILQ_EMPTY(&c->tx.segs))
		return false;
	TAILQ_FOREACH(s, &c->tx.segs, link) {
		*range = (struct tcp_range){s->seq, txseg_end(s)};
		if (n++ == i)
			break;
	}
	return true;
}

static uint32_t
seq_base(const struct slot *slot, const struct tcp_conn *c, unsigned int which)
{
	const struct numbers *n = &slot->n;
	struct tcp_range r = {n->rcv_nxt, n->rcv_nxt};

	range_at(c, which >> 3, &r);
	switch (which & 7) {
	case 0:
		return n->rcv_nxt;
	case 1:
		return r.start;
	case 2:
		return r.end;
	case 3:
		return n->rcv_edge;
	case 4:
		return n->base;
	case 5:
		return n->fin_seq;
	case 6:
		return n->irs;
	default:
		return n->irs + 1;
	}
}

uint32_t
exchange_ack_base(const struct slot *slot, const struct tcp_conn *c, unsigned int which)
{
	const struct numbers *n = &slot->n;
	struct tcp_range r = {n->snd_una, n->snd_nxt};

	record_at(c, which >> 3, &r);
	switch (which & 7) {
	case 0:
		return n->snd_nxt;
	case 1:
		return n->snd_una;
	case 2:
		return r.start;
	case 3:
		return r.end;
	case 4:
		return n->snd_edge;
	case 5:
		return n->iss;
	case 6:
		return n->iss + 1;
	default:
		return r.start + (r.end - r.start) / 2;
	}
}

/* --- segments --- */

/* Bits of byte 8. */
enum {
	SEG_TS = 0x07, /* see timestamps() */
	SEG_SYN_OPTIONS = 0x08, /* also without SYN */
	SEG_PIECES = 0x30,
	SEG_SALT = 0xc0,
};

static void
timestamps(const struct slot *slot, struct tcp_segment *s, unsigned int how)
{
	/* a SYN offers them whatever was agreed on before */
	s->has_ts = how != 1;
	s->tsval = slot->n.ts_recent;
	s->tsecr = slot->n.tsval_out;
	switch (how) {
	case 2:
		s->tsval++;
		break;
	case 3:
		s->tsval += 1000;
		break;
	case 4:
		s->tsval--;
		break;
	case 5:
		s->tsval += 1u << 31;
		break;
	case 6:
		s->tsecr -= 5000;
		break;
	case 7:
		s->tsecr += 1u << 30;
		break;
	default:
		break;
	}
}

static void
syn_options(struct tcp_segment *s, uint8_t b)
{
	static const uint16_t sizes[] = {1460, 536, 48, 0, 1, 65535, 100, 1448};

	s->has_mss = (b & 0x10) == 0;
	s->mss = sizes[b & 7];
	s->sack_permitted = (b & 0x20) == 0;
	s->has_wscale = (b & 0x40) == 0;
	s->wscale = (b & 0x08) != 0 ? 14 : (b & 0x80) != 0 ? 0 : 7;
}

/* Blocks over what is in flight: @first is the record at which the first begins, @shape how far they reach. */
static void
sack_options(const struct tcp_conn *c, const struct slot *slot, struct tcp_segment *s, uint8_t how,
	     uint8_t first, uint8_t shape)
{
	unsigned int i, at = first & 0x3f;

	s->n_sack = how & 3;
	if (s->n_sack == 3 && !s->has_ts)
		s->n_sack = TCP_SACK_BLOCKS;
	for (i = 0; i < s->n_sack; i++) {
		struct tcp_range a = {slot->n.snd_una, slot->n.snd_nxt}, b = a;

		record_at(c, at, &a);
		record_at(c, at + (shape & 3), &b);
		s->sack[i] = (struct tcp_range){a.start + exchange_distance(how >> 2 & 0x0f),
						b.end - exchange_distance(shape >> 2 & 0x0f)};
		if (i == 0 && (first & 0x80) != 0)
			s->sack[i].end = a.start + exchange_distance(shape);
		if (i == 0 && (first & 0x40) != 0)
			s->sack[i] = (struct tcp_range){s->ack - 100, s->ack - 50};
		at += (shape & 3) + 1 + (shape >> 6);
	}
}

/* @s has made a connection, perhaps: the window of a SYN holds until a segment that is newer says another. */
static void
begun_by(struct exchange *z, struct slot *slot, const struct tcp_segment *s)
{
	const struct tcp_conn *c = exchange_conn(z, slot);

	if (c == NULL)
		return;
	tcp_watch_in(&slot->watch, c, s);
	if (slot->half_open && slot->n.iss == c->iss)
		slot->watch.offered = seq_max(slot->watch.offered, slot->n.snd_edge + 1);
}

/* The peer of @slot sends @s; of the payload all bytes are altered by @salt. */
void
exchange_hand_over(struct exchange *z, struct slot *slot, const struct tcp_segment *s, uint8_t salt,
		   unsigned int pieces)
{
	const struct tcp_conn *c = exchange_conn(z, slot);
	uint32_t una = c != NULL ? c->snd_una : 0, iss = c != NULL ? c->iss : 0;
	uint8_t payload[PAYLOAD_MAX];

	/* who says first what of a byte is told of connections alone */
	if (c == NULL)
		salt = 0;
	exchange_trace(slot, s, false);
	pattern_fill(false, s->seq + ((s->flags & TCP_SYN) != 0), salt, payload, s->len);
	if (c != NULL)
		tcp_watch_in(&slot->watch, c, s);
	peer_stream_before(&slot->peer, c, s, salt);
	fake_in(&z->f, &slot->flow, s, payload, pieces);
	must_hold(peer_stream_after(&slot->peer));
	if (c == NULL)
		begun_by(z, slot, s);
	/* SND.UNA moves to what this segment acknowledged, or not at all */
	if (c != NULL && exchange_conn(z, slot) == c && c->iss == iss && c->snd_una != una)
		CHECK(c->snd_una == s->ack && seq_gt(s->ack, una));
	exchange_settle(z);
}

static void
segment(struct exchange *z, struct slot *slot, const uint8_t *p)
{
	const struct tcp_conn *c = exchange_conn(z, slot);
	struct tcp_segment s = {
		.flags = p[2] ^ TCP_ACK,
		.seq = seq_base(slot, c, p[3]) + exchange_distance(p[4]),
		.ack = exchange_ack_base(slot, c, p[5]) + exchange_distance(p[1] >> 2),
		.len = exchange_length(p[6]),
		.wnd = window(p[7]),
	};

	timestamps(slot, &s, p[8] & SEG_TS);
	if ((p[8] & SEG_SYN_OPTIONS) != 0 || (s.flags & TCP_SYN) != 0)
		syn_options(&s, p[9]);
	else
		sack_options(c, slot, &s, p[9], p[10], p[11]);
	exchange_hand_over(z, slot, &s, p[8] & SEG_SALT, 1 + (p[8] >> 4 & 3));
}

struct tcp_segment
exchange_behave(const struct slot *slot)
{
	struct tcp_segment s = {
		.flags = TCP_ACK,
		.seq = slot->n.rcv_nxt,
		.ack = slot->n.snd_nxt,
		.wnd = 65535,
	};

	timestamps(slot, &s, 0);
	return s;
}

static void
answer(struct exchange *z, struct slot *slot, const uint8_t *p)
{
	struct tcp_segment s = exchange_behave(slot);

	s.len = exchange_length(p[6]);
	exchange_hand_over(z, slot, &s, 0, 1);
}

static void
open(struct exchange *z, struct slot *slot, const uint8_t *p)
{
	struct tcp_segment s = {.flags = TCP_SYN, .wnd = window(p[7])};

	if ((p[10] & 2) != 0)
		s.flags |= TCP_ECE | TCP_CWR;
	/* above what it said before, near the end of the space, or anywhere */
	s.seq = p[3] < 128 ? slot->n.rcv_nxt + 1000 + p[3] : 0u - (p[3] & 0x7fu);
	timestamps(slot, &s, p[8] & 1);
	s.tsval += 1000;
	syn_options(&s, p[9]);
	exchange_hand_over(z, slot, &s, 0, 1);
	if ((p[10] & 1) == 0) {
		s = exchange_behave(slot);
		s.has_ts = (p[8] & 1) == 0;
		exchange_hand_over(z, slot, &s, 0, 1);
	}
}

static void
burst(struct exchange *z, struct slot *slot, const uint8_t *p)
{
	struct tcp_segment s[16];
	uint8_t bytes[16][128];
	const uint8_t *payloads[16];
	const struct tcp_conn *c = exchange_conn(z, slot);
	uint32_t len = 1 + (p[6] & 0x7f), seq = seq_base(slot, c, p[3]) + exchange_distance(p[4]);
	unsigned int i, n = 1 + (p[2] & 15);

	for (i = 0; i < n; i++) {
		s[i] = exchange_behave(slot);
		/* backwards or forwards, with gaps or overlaps */
		s[i].seq = seq +
			((p[2] & 0x10) != 0 ? n - 1 - i : i) * (len + exchange_distance(p[7]));
		s[i].len = len;
		pattern_fill(false, s[i].seq, 0, bytes[i], len);
		payloads[i] = bytes[i];
		if (slot->peer.n > 0)
			peer_stream_blur(&slot->peer, s[i].seq, s[i].seq + len);
		if (c != NULL)
			tcp_watch_in(&slot->watch, c, &s[i]);
	}
	fake_in_burst(&z->f, &slot->flow, s, payloads, n);
	for (i = 0; c == NULL && exchange_conn(z, slot) != NULL && i < n; i++)
		tcp_watch_in(&slot->watch, exchange_conn(z, slot), &s[i]);
	exchange_settle(z);
}

static void
flood(struct exchange *z, const uint8_t *p)
{
	struct tcp_segment s = {
		.flags = TCP_SYN, .seq = exchange_distance(p[4]), .wnd = window(p[7])};
	struct ip_flow flow = z->slots[0].flow;
	unsigned int i, n = 1 + (p[2] & 15);

	syn_options(&s, p[9]);
	for (i = 0; i < n; i++) {
		flow.remote_port = (uint16_t)(2000 + (p[3] + i) % 32);
		fake_in(&z->f, &flow, &s, NULL, 1);
	}
	exchange_settle(z);
}

void
exchange_peer_step(struct exchange *z, struct slot *slot, enum op op, const uint8_t *p)
{
	if (op <= OP_SEGMENT_LAST)
		segment(z, slot, p);
	else if (op == OP_ANSWER)
		answer(z, slot, p);
	else if (op == OP_OPEN)
		open(z, slot, p);
	else if (op == OP_FLOOD)
		flood(z, p);
	else
		burst(z, slot, p);
}
