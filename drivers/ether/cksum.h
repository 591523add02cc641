/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internet checksums over mbuf chains, in software. DPDK 22.11's rte_raw_cksum_mbuf() loses a carry when a segment
 * begins at an odd offset, and payload that is forwarded by reference does; so the walk is our own. Pure.
 */
#pragma once

#include "lnet/base/ipaddr.h"

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

/* Sum (not complemented, as in memory) of @len bytes from @off of the chain, which holds them. */
uint16_t ether_cksum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t len);

/* Sum of the pseudo-header of RFC 9293 3.1 or RFC 8200 8.1, not complemented. */
uint16_t ether_cksum_pseudo(const struct ipaddr *src, const struct ipaddr *dst, uint8_t proto,
			    uint32_t len);

/* Sum of two sums. */
static inline uint16_t
ether_cksum_add(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum + (sum >> 16));
}

/*
 * The checksum field for @len bytes at @off, whose own field is 0.
 */
static inline uint16_t
ether_cksum_fill(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint16_t pseudo)
{
	return (uint16_t)~ether_cksum_add(pseudo, ether_cksum_chain(m, off, len));
}

/* Do @len bytes at @off with their checksum field verify? */
static inline bool
ether_cksum_ok(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint16_t pseudo)
{
	return ether_cksum_add(pseudo, ether_cksum_chain(m, off, len)) == 0xffff;
}
