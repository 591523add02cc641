/* SPDX-License-Identifier: BSD-3-Clause */
/* Toeplitz by table: the hash is linear, so that each address byte contributes a word of its own. */
#include "drivers/ether/hash.h"

#include <rte_thash.h>

#include <string.h>

const uint8_t ether_hash_default_key[ETHER_KEY_SIZE] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
	0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb,
	0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01,
	0xfa, 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d,
};

void
ether_hash_init(struct ether_hash *h, const uint8_t key[ETHER_KEY_SIZE], unsigned int workers)
{
	uint32_t tuple[8], aligned[ETHER_KEY_SIZE / 4];
	unsigned int pos, value, i;

	memcpy(h->key, key, sizeof(h->key));
	memcpy(aligned, key, sizeof(aligned));
	for (pos = 0; pos < 32; pos++) {
		for (value = 0; value < 256; value++) {
			memset(tuple, 0, sizeof(tuple));
			/* rte_softrss() wants host-order words */
			tuple[pos / 4] = (uint32_t)value << (24 - 8 * (pos % 4));
			h->part[pos][value] =
				rte_softrss(tuple, RTE_DIM(tuple), (const uint8_t *)aligned);
		}
	}
	for (i = 0; i < ETHER_RETA_SIZE; i++)
		h->reta[i] = (uint16_t)(i % workers);
}

uint32_t
ether_hash_toeplitz(const struct ether_hash *h, const struct ipaddr *src, const struct ipaddr *dst)
{
	unsigned int i, len = src->family == IP_V6 ? 16 : 4;
	uint32_t hash = 0;

	for (i = 0; i < len; i++)
		hash ^= h->part[i][src->bytes[i]] ^ h->part[len + i][dst->bytes[i]];
	return hash;
}
