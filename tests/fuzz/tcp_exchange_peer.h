/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stream of a peer that may say two different things about the same byte: which of them a reader has to see. A segment
 * carries the pattern of its sequence numbers, altered by its salt. In order wins over what waited; of two that are
 * out of order the one that begins first.
 */
#pragma once

#include "drivers/tcp/rxq.h"
#include "drivers/tcp/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct tcp_conn;

#define PEER_PIECES 96
#define PATTERN_MAX 65536 /* bytes of one call */

/* Accepted bytes that carry a salt; what lies in no piece carries none. */
struct peer_piece {
	uint32_t start, end;
	uint8_t salt;
	bool unknown;
};

/* What the connection held before the segment on its way was handed over. */
struct peer_before {
	const struct tcp_conn *c; /* NULL = no segment is on its way */
	uint64_t opened_at;
	uint32_t rcv_nxt, rcv_edge, fin_seq;
	bool fin_known;
	struct tcp_range ooo[TCP_OOO_RANGES_MAX];
	unsigned int n_ooo;
	uint64_t n_kept, n_refused, n_reneged, n_cut;
	/* payload of the segment */
	uint32_t start, end;
	uint8_t salt;
};

struct peer_stream {
	struct peer_piece pieces[PEER_PIECES]; /* later ones lie on top */
	unsigned int n;
	bool overflowed; /* nothing can be said any more */
	struct peer_before before;
};

/* Payload of a segment at @seq, or of ours at an offset of the stream. */
void pattern_fill(bool ours, uint32_t at, uint8_t salt, uint8_t *p, uint32_t len);
bool pattern_holds(bool ours, uint32_t at, uint8_t salt, const uint8_t *p, uint32_t len);

/* The peer is about to send @s with @salt on @c. */
void peer_stream_before(struct peer_stream *ps, const struct tcp_conn *c,
			const struct tcp_segment *s, uint8_t salt);

/*
 * The engine has processed it: before the next segment, and before the user reads. Once is enough.
 * Return: NULL, or what was wrong with how RCV.NXT moved.
 */
const char *peer_stream_after(struct peer_stream *ps);

/* Several segments went in at once: what waits in this range is one of the things that were said. */
void peer_stream_blur(struct peer_stream *ps, uint32_t start, uint32_t end);

/* Does what waits for the user of @c read as it should? */
bool peer_stream_holds(const struct peer_stream *ps, const struct tcp_conn *c);
