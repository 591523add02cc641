/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker is at home for an address pair: the Toeplitz hash that receive-side scaling uses, over the addresses
 * alone, then an indirection table. Ports that can are programmed with the same key and table.
 * Const after ether_hash_init(); any thread.
 */
#pragma once

#include "lnet/base/ipaddr.h"

#define ETHER_RETA_SIZE 128
#define ETHER_KEY_SIZE 52 /* longest key a driver takes; most use the first 40 bytes */
#define ETHER_KEY_USED 40

struct ether_hash {
	uint8_t key[ETHER_KEY_SIZE];
	uint16_t reta[ETHER_RETA_SIZE]; /* worker */
	uint32_t part[32]
		     [256]; /* hash of one byte at a position: the whole is their exclusive or */
};

/* The key that the published test vectors use; ours too: peers gain nothing from knowing it. */
extern const uint8_t ether_hash_default_key[ETHER_KEY_SIZE];

void ether_hash_init(struct ether_hash *h, const uint8_t key[ETHER_KEY_SIZE], unsigned int workers);

/* Hash of a packet from @src to @dst, which are of one family. */
uint32_t ether_hash_toeplitz(const struct ether_hash *h, const struct ipaddr *src,
			     const struct ipaddr *dst);

/* Home worker of packets from @remote to @local. */
static inline unsigned int
ether_hash_home(const struct ether_hash *h, const struct ipaddr *local, const struct ipaddr *remote)
{
	return h->reta[ether_hash_toeplitz(h, remote, local) % ETHER_RETA_SIZE];
}
