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

/* Return: an object with undefined content, or NULL when @mp is empty. *next: what this lcore will get next, NULL if that is not known. */
static inline void *
mempool_get(struct rte_mempool *mp, void **next)
{
	struct rte_mempool_cache *cache = rte_mempool_default_cache(mp, rte_lcore_id());
	void *obj;

	if (rte_mempool_generic_get(mp, &obj, 1, cache) < 0)
		return NULL;
	*next = cache != NULL && cache->len > 0 ? cache->objs[cache->len - 1] : NULL;
	return obj;
}

/* rte_pktmbuf_alloc(); what the next call will reset is asked for. *next: the mbuf that it will return, or NULL. */
static inline struct rte_mbuf *
mbuf_get_next(struct rte_mempool *mp, void **next)
{
	struct rte_mbuf *m = mempool_get(mp, next);

	if (m == NULL)
		return NULL;
	if (*next != NULL) {
		rte_prefetch0(*next);
		rte_mbuf_prefetch_part2(*next);
	}
	rte_pktmbuf_reset(m);
	return m;
}

static inline struct rte_mbuf *
mbuf_get(struct rte_mempool *mp)
{
	void *next;

	return mbuf_get_next(mp, &next);
}

/* For one that a header is written into: the next one's room for that is asked for as well, and the line ahead of it. */
static inline struct rte_mbuf *
mbuf_get_header(struct rte_mempool *mp)
{
	void *next;
	struct rte_mbuf *m = mbuf_get_next(mp, &next);

	if (m != NULL && next != NULL) {
		const char *room = rte_mbuf_buf_addr(next, mp) + RTE_PKTMBUF_HEADROOM;

		rte_prefetch0(room - RTE_CACHE_LINE_SIZE);
		rte_prefetch0(room);
	}
	return m;
}
