/* SPDX-License-Identifier: BSD-3-Clause */
/* Stopped next hops: one writer, any reader, no lock. */
#include "lnet/stopped.h"

#include "lnet/base/bytes.h"
#include "lnet/lnd.h"

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

uint64_t
stopped_tag(uint64_t seed, const struct lnet_ni *ni, const struct lnet_nid *nid)
{
	uint64_t h = mix(seed, ni->index);

	h = mix(h, get_be32(nid));
	h = mix(h, get_be64(nid->addr));
	return mix(h, get_be64(nid->addr + 8));
}

static unsigned int
find(const struct stopped_set *s, uint64_t tag)
{
	/* acquire: the tags below n are there; pairs with the release in stopped_add() */
	unsigned int i, n = atomic_load_explicit(&s->n, memory_order_acquire);

	for (i = 0; i < n; i++)
		if (atomic_load_explicit(&s->tag[i], memory_order_relaxed) == tag)
			return i;
	return STOPPED_MAX;
}

bool
stopped_has(struct stopped_set *s, uint64_t tag)
{
	unsigned int i = find(s, tag);

	if (i == STOPPED_MAX)
		return false;
	/* read first: the line is shared; a flag that is lost now is set by the next message */
	if (!atomic_load_explicit(&s->is_wanted[i], memory_order_relaxed))
		atomic_store_explicit(&s->is_wanted[i], true, memory_order_relaxed);
	return true;
}

bool
stopped_wanted(struct stopped_set *s, uint64_t tag)
{
	unsigned int i = find(s, tag);

	return i < STOPPED_MAX &&
		atomic_exchange_explicit(&s->is_wanted[i], false, memory_order_relaxed);
}

void
stopped_add(struct stopped_set *s, uint64_t tag)
{
	unsigned int n = atomic_load_explicit(&s->n, memory_order_relaxed);

	if (n == STOPPED_MAX || find(s, tag) < STOPPED_MAX)
		return;
	atomic_store_explicit(&s->is_wanted[n], true, memory_order_relaxed);
	atomic_store_explicit(&s->tag[n], tag, memory_order_relaxed);
	atomic_store_explicit(&s->n, n + 1, memory_order_release);
}

void
stopped_remove(struct stopped_set *s, uint64_t tag)
{
	unsigned int i = find(s, tag), last;

	if (i == STOPPED_MAX)
		return;
	last = atomic_load_explicit(&s->n, memory_order_relaxed) - 1;
	atomic_store_explicit(&s->tag[i], atomic_load_explicit(&s->tag[last], memory_order_relaxed),
			      memory_order_relaxed);
	atomic_store_explicit(&s->is_wanted[i], true, memory_order_relaxed);
	atomic_store_explicit(&s->n, last, memory_order_release);
}
