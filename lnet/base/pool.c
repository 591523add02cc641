/* SPDX-License-Identifier: BSD-3-Clause */
/* Object pools over rte_mempool. */
#include "lnet/base/pool.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <errno.h>
#include <stdlib.h>

#define CACHE_MAX 256

struct pool {
	struct rte_mempool *mp;
	unsigned int size;
};

int
pool_create(const char *name, unsigned int count, size_t size, int socket, struct pool **poolp)
{
	unsigned int cache = count / 4 / (rte_lcore_count() + 1);
	struct pool *p;
	int rc;

	if (count == 0 || size == 0 || size > UINT32_MAX)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	if (cache > CACHE_MAX)
		cache = CACHE_MAX;
	p->size = count;
	/* objects that sit in another lcore's cache must not make this one run dry: they come on top */
	p->mp = rte_mempool_create(name, count + cache * 3 / 2 * rte_lcore_count(),
				   (unsigned int)size, cache, 0, NULL, NULL, NULL, NULL, socket, 0);
	if (p->mp == NULL) {
		rc = -rte_errno;
		free(p);
		return rc;
	}
	*poolp = p;
	return 0;
}

void
pool_destroy(struct pool *p)
{
	if (p == NULL)
		return;
	rte_mempool_free(p->mp);
	free(p);
}

void *
pool_get(struct pool *p)
{
	void *obj;

	return rte_mempool_get(p->mp, &obj) == 0 ? obj : NULL;
}

void
pool_put(struct pool *p, void *obj)
{
	rte_mempool_put(p->mp, obj);
}

unsigned int
pool_used(const struct pool *p)
{
	return rte_mempool_in_use_count(p->mp);
}

unsigned int
pool_size(const struct pool *p)
{
	return p->size;
}

const char *
pool_name(const struct pool *p)
{
	return p->mp->name;
}
