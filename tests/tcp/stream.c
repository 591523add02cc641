/* SPDX-License-Identifier: BSD-3-Clause */
/* The pattern of a stream: a 64-bit word of each eight bytes, made of the stream's seed and the word's number. */
#include "tests/tcp/stream.h"

#include <string.h>

#define WORD ((uint32_t)sizeof(uint64_t))
#define BATCH 4096u /* bytes that are made at once to compare with */

static uint32_t
min_u64(uint64_t a, uint32_t b)
{
	return a < b ? (uint32_t)a : b;
}

static uint64_t
word_at(uint64_t seed, uint64_t number)
{
	uint64_t word = (seed + number) * UINT64_C(0x9e3779b97f4a7c15);

	return word ^ word >> 29;
}

/* The pattern from body offset @off on. */
static void
fill(uint64_t seed, uint64_t off, uint8_t *dst, uint32_t n)
{
	uint64_t number = off / WORD, word;
	uint32_t skip = (uint32_t)(off % WORD), part;

	for (; n > 0; n -= part, dst += part, skip = 0) {
		word = word_at(seed, number++);
		part = WORD - skip;
		if (part == WORD && n >= WORD) {
			memcpy(dst, &word, WORD); /* most of them, at full speed */
			continue;
		}
		part = part < n ? part : n;
		memcpy(dst, (const uint8_t *)&word + skip, part);
	}
}

void
stream_tx_init(struct stream_tx *tx, uint64_t seed, uint64_t len)
{
	*tx = (struct stream_tx){.seed = seed, .len = len + STREAM_HEAD};
}

uint32_t
stream_tx_make(const struct stream_tx *tx, void *dst, uint32_t max)
{
	uint32_t n = min_u64(tx->len - tx->off, max), of_head = 0;
	uint8_t head[STREAM_HEAD];

	if (tx->off < STREAM_HEAD) {
		memcpy(head, &tx->seed, sizeof(tx->seed));
		memcpy(head + sizeof(tx->seed), &tx->len, sizeof(tx->len));
		of_head = min_u64(STREAM_HEAD - tx->off, n);
		memcpy(dst, head + tx->off, of_head);
	}
	fill(tx->seed, tx->off + of_head - STREAM_HEAD, (uint8_t *)dst + of_head, n - of_head);
	return n;
}

void
stream_tx_advance(struct stream_tx *tx, uint32_t n)
{
	tx->off += n;
}

bool
stream_tx_done(const struct stream_tx *tx)
{
	return tx->off == tx->len;
}

static uint32_t
put_head(struct stream_rx *rx, const uint8_t *src, uint32_t n)
{
	n = min_u64(STREAM_HEAD - rx->off, n);
	memcpy(rx->head + rx->off, src, n);
	rx->off += n;
	if (rx->off == STREAM_HEAD) {
		memcpy(&rx->seed, rx->head, sizeof(rx->seed));
		memcpy(&rx->len, rx->head + sizeof(rx->seed), sizeof(rx->len));
	}
	return n;
}

static uint32_t
equal_bytes(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t i;

	if (memcmp(a, b, n) == 0)
		return n;
	for (i = 0; a[i] == b[i]; i++)
		;
	return i;
}

void
stream_rx_put(struct stream_rx *rx, const void *src, uint32_t n)
{
	const uint8_t *p = src;
	uint8_t want[BATCH];
	uint32_t part = 0, right;

	for (; n > 0 && rx->wrong == 0; n -= part, p += part) {
		if (rx->off < STREAM_HEAD) {
			part = put_head(rx, p, n);
			continue;
		}
		part = min_u64(n, BATCH);
		fill(rx->seed, rx->off - STREAM_HEAD, want, part);
		right = equal_bytes(p, want, part);
		if (rx->off + right > rx->len)
			right = rx->len > rx->off ? (uint32_t)(rx->len - rx->off) : 0;
		if (right < part)
			rx->wrong = rx->off + right + 1;
		rx->off += part;
	}
}

bool
stream_rx_done(const struct stream_rx *rx)
{
	return rx->off >= STREAM_HEAD && rx->off == rx->len;
}
