/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects of a mempool come out of the lcore's own cache last in first out, so the next one is known, and mostly it was given back long
 * ago: who takes one asks for the memory of the next. Thread: any lcore; others do without.
 */
#pragma once

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_prefetch.h>

/* Return: what this lcore will get next, or NULL if that is not known. */
static inline void *
mempool_next(struct rte_mempool *mp)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(mp, rte_lcore_id());

	return cache != NULL && cache->len > 0 ? cache->objs[cache->len - 1] : NULL;
}

/* rte_pktmbuf_alloc(); what the next call will reset is asked for. */
static inline struct rte_mbuf *
mbuf_get(struct rte_mempool *mp)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp), *next = mempool_next(mp);

	if (next != NULL) {
		rte_prefetch0(next);
		rte_mbuf_prefetch_part2(next);
	}
	return m;
}

/* The same for one that a header is written into: the next one's room for it is asked for as well, and the line ahead of that. */
static inline struct rte_mbuf *
mbuf_get_header(struct rte_mempool *mp)
{
	struct rte_mbuf *m = mbuf_get(mp), *next = mempool_next(mp);

	if (next != NULL) {
		const char *room = rte_mbuf_buf_addr(next, mp) + RTE_PKTMBUF_HEADROOM;

		rte_prefetch0(room - RTE_CACHE_LINE_SIZE);
		rte_prefetch0(room);
	}
	return m;
}
