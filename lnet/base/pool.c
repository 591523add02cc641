/* SPDX-License-Identifier: BSD-3-Clause */
/* Object pools over rte_mempool. */
#include "lnet/base/pool.h"

#include "lnet/base/mempool.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_MAX 256
#define NAME_LEN_MAX 25

/* To the address sanitizer a mempool is one block; told what is free, it finds a use after pool_put(). */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#define poison(obj, size) ASAN_POISON_MEMORY_REGION(obj, size)
#define unpoison(obj, size) ASAN_UNPOISON_MEMORY_REGION(obj, size)
#else
#define poison(obj, size) ((void)0)
#define unpoison(obj, size) ((void)0)
#endif

struct pool {
	struct rte_mempool *mp;
	unsigned int size;
};

static void
poison_obj(struct rte_mempool *mp, void *, void *obj, unsigned int)
{
	poison(obj, mp->elt_size);
}

static void
unpoison_obj(struct rte_mempool *mp, void *, void *obj, unsigned int)
{
	unpoison(obj, mp->elt_size);
}

int
pool_create(const char *name, unsigned int count, size_t size, int socket, struct pool **poolp)
{
	unsigned int cache = count / 4 / (rte_lcore_count() + 1);
	struct pool *p;
	int rc;

	if (count == 0 || size == 0 || size > UINT32_MAX || strlen(name) > NAME_LEN_MAX)
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
		rc = rte_errno == EEXIST || rte_errno == EINVAL ? -rte_errno : -ENOMEM;
		free(p);
		return rc;
	}
	rte_mempool_obj_iter(p->mp, poison_obj, NULL);
	*poolp = p;
	return 0;
}

void
pool_destroy(struct pool *p)
{
	if (p == NULL)
		return;
	rte_mempool_obj_iter(p->mp, unpoison_obj, NULL);
	rte_mempool_free(p->mp);
	free(p);
}

void *
pool_get(struct pool *p)
{
	void *next, *obj = mempool_get(p->mp, &next);

	if (obj == NULL)
		return NULL;
	if (next != NULL)
		rte_prefetch0(next);
	unpoison(obj, p->mp->elt_size);
	return obj;
}

void
pool_put(struct pool *p, void *obj)
{
	poison(obj, p->mp->elt_size);
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
