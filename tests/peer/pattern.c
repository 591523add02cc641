/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The payload pattern: 8-byte words, each a hash of seed and word index; cheap enough for a few
 * GB/s.
 */
#include "pattern.h"

#include <string.h>

uint64_t
pattern_mix(uint64_t seed, uint64_t value)
{
	uint64_t x = seed ^ (value + 0x9e3779b97f4a7c15u);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t
mix_nid(uint64_t seed, const struct nid *nid)
{
	uint64_t words[3] = {0};
	int i;

	memcpy(words, nid, sizeof(*nid));
	for (i = 0; i < 3; i++)
		seed = pattern_mix(seed, words[i]);
	return seed;
}

uint64_t
pattern_seed(const struct nid *from, const struct nid *to, uint64_t number)
{
	return pattern_mix(mix_nid(mix_nid(0, from), to), number);
}

static inline uint64_t
word(uint64_t seed, uint64_t index)
{
	uint64_t x = (seed + index) * 0x9e3779b97f4a7c15u;

	return x ^ x >> 29;
}

/* Bytes from @offset to the next word boundary, at most @len. */
static size_t
head_len(uint64_t offset, size_t len)
{
	size_t head = (size_t)(-offset & 7);

	return head < len ? head : len;
}

static void
fill_part(uint64_t seed, uint64_t offset, uint8_t *buf, size_t len)
{
	uint64_t w = word(seed, offset / 8);

	memcpy(buf, (uint8_t *)&w + offset % 8, len);
}

void
pattern_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t len)
{
	size_t head = head_len(offset, len);
	size_t i, words = (len - head) / 8;
	uint64_t first = (offset + head) / 8;

	if (head > 0)
		fill_part(seed, offset, buf, head);
	for (i = 0; i < words; i++) {
		uint64_t w = word(seed, first + i);

		memcpy(buf + head + 8 * i, &w, 8);
	}
	if (head + 8 * words < len)
		fill_part(seed, offset + head + 8 * words, buf + head + 8 * words,
			  len - head - 8 * words);
}

static bool
check_part(uint64_t seed, uint64_t offset, const uint8_t *buf, size_t len)
{
	uint64_t w = word(seed, offset / 8);

	return memcmp(buf, (uint8_t *)&w + offset % 8, len) == 0;
}

bool
pattern_check(uint64_t seed, uint64_t offset, const uint8_t *buf, size_t len)
{
	size_t head = head_len(offset, len);
	size_t i, words = (len - head) / 8;
	size_t tail = head + 8 * words;
	uint64_t first = (offset + head) / 8;
	uint64_t diff = 0;

	for (i = 0; i < words; i++) {
		uint64_t w;

		memcpy(&w, buf + head + 8 * i, 8);
		diff |= w ^ word(seed, first + i);
	}
	if (head > 0 && !check_part(seed, offset, buf, head))
		return false;
	if (tail < len && !check_part(seed, offset + tail, buf + tail, len - tail))
		return false;
	return diff == 0;
}
