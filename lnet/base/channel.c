/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Typed objects between workers. Each ordered pair has a lossy and a reliable ring; the type travels in the low bits
 * of the pointer, which the allocators leave zero.
 */
#include "lnet/base/channel.h"

#include "lnet/base/check.h"

#include <rte_common.h>
#include <rte_ring.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST 32
#define TYPE_MASK ((uintptr_t)3)
_Static_assert(CHANNEL_TYPES <= TYPE_MASK + 1, "types fit the low bits of a pointer");

enum class {
	LOSSY,
	RELIABLE,
	CLASSES
};

struct lane {
	struct rte_ring *ring;
	/* sender */
	unsigned int n_staged;
	unsigned int
		room; /* places that the ring is known to have beyond what is staged; there may be more */
	void *staged[BURST];
} __rte_cache_aligned;

struct channel {
	unsigned int workers;
	struct channel_handler *handlers; /* [worker][type] */
	struct lane *lanes; /* [from][to][class] */
};

static struct lane *
lane_of(struct channel *ch, unsigned int from, unsigned int to, enum class class)
{
	return &ch->lanes[(from * ch->workers + to) * CLASSES + class];
}

static int
make_lanes(struct channel *ch, const unsigned int capacity[CLASSES])
{
	static _Atomic(unsigned int) serial; /* names only: several nodes may live in one process */
	char name[RTE_RING_NAMESIZE];
	unsigned int from, to, id = atomic_fetch_add(&serial, 1);
	enum class c;
	struct lane *l;

	for (from = 0; from < ch->workers; from++)
		for (to = 0; to < ch->workers; to++)
			for (c = 0; c < CLASSES && from != to; c++) {
				l = lane_of(ch, from, to, c);
				snprintf(name, sizeof(name), "ch%u_%u_%u_%u", id, from, to, c);
				l->ring = rte_ring_create(name, capacity[c], SOCKET_ID_ANY,
							  RING_F_SP_ENQ | RING_F_SC_DEQ |
								  RING_F_EXACT_SZ);
				if (l->ring == NULL)
					return -ENOMEM;
			}
	return 0;
}

int
channel_create(unsigned int workers, unsigned int lossy, unsigned int reliable,
	       struct channel **chp)
{
	/* reliable: the sender's messages, and the receiver's on their way home */
	const unsigned int capacity[CLASSES] = {[LOSSY] = lossy, [RELIABLE] = 2 * reliable};
	struct channel *ch = calloc(1, sizeof(*ch));
	size_t lanes = (size_t)workers * workers * CLASSES;
	int rc = -ENOMEM;

	if (ch == NULL)
		return -ENOMEM;
	ch->workers = workers;
	ch->handlers = calloc((size_t)workers * CHANNEL_TYPES, sizeof(*ch->handlers));
	ch->lanes = aligned_alloc(RTE_CACHE_LINE_SIZE, lanes * sizeof(*ch->lanes));
	if (ch->lanes != NULL)
		memset(ch->lanes, 0, lanes * sizeof(*ch->lanes));
	if (ch->handlers != NULL && ch->lanes != NULL)
		rc = make_lanes(ch, capacity);
	if (rc < 0) {
		channel_destroy(ch);
		return rc;
	}
	*chp = ch;
	return 0;
}

void
channel_destroy(struct channel *ch)
{
	size_t i;

	for (i = 0; ch->lanes != NULL && i < (size_t)ch->workers * ch->workers * CLASSES; i++)
		rte_ring_free(ch->lanes[i].ring);
	free(ch->lanes);
	free(ch->handlers);
	free(ch);
}

void
channel_set_handler(struct channel *ch, unsigned int worker, enum channel_type type,
		    struct channel_handler handler)
{
	ch->handlers[worker * CHANNEL_TYPES + type] = handler;
}

static enum class class_of(enum channel_type type) {
	return type == CHANNEL_PACKET ? LOSSY : RELIABLE;
}

static void
flush_lane(struct lane *l)
{
	unsigned int n;

	if (l->n_staged == 0)
		return;
	n = rte_ring_sp_enqueue_bulk(l->ring, l->staged, l->n_staged, NULL);
	CHECK(n ==
	      l->n_staged); /* there was room when they were staged, and nobody else fills it */
	l->n_staged = 0;
}

/* Is there a place for one more? The ring is asked only when the places known of are used up. */
static bool
has_room(struct lane *l)
{
	unsigned int room;

	if (l->room > 0)
		return true;
	/* enqueues nothing; rte_ring_free_count() would tell the same, but without ordering against the receiver */
	rte_ring_sp_enqueue_bulk(l->ring, l->staged, 0, &room);
	l->room = room - l->n_staged;
	return l->room > 0;
}

int
channel_send(struct channel *ch, unsigned int from, unsigned int to, enum channel_type type,
	     void *obj)
{
	struct lane *l = lane_of(ch, from, to, class_of(type));

	CHECK(((uintptr_t)obj & TYPE_MASK) == 0);
	if (!has_room(l)) {
		CHECK(type == CHANNEL_PACKET); /* reliable: the ring holds all that exist */
		return -ENOBUFS;
	}
	l->room--;
	l->staged[l->n_staged++] = (void *)((uintptr_t)obj | type);
	if (l->n_staged == BURST)
		flush_lane(l);
	return 0;
}

void
channel_flush(struct channel *ch, unsigned int from)
{
	unsigned int to;

	for (to = 0; to < ch->workers; to++) {
		if (to == from)
			continue;
		flush_lane(lane_of(ch, from, to, LOSSY));
		flush_lane(lane_of(ch, from, to, RELIABLE));
	}
}

/* Hand runs of one type to their handler. */
static void
dispatch(struct channel *ch, unsigned int to, void **objs, unsigned int n, uint64_t now)
{
	const struct channel_handler *h;
	unsigned int start = 0, i;
	uintptr_t type;

	while (start < n) {
		type = (uintptr_t)objs[start] & TYPE_MASK;
		for (i = start; i < n && ((uintptr_t)objs[i] & TYPE_MASK) == type; i++)
			objs[i] = (void *)((uintptr_t)objs[i] & ~TYPE_MASK);
		h = &ch->handlers[to * CHANNEL_TYPES + type];
		h->fn(h->ctx, objs + start, i - start, now);
		start = i;
	}
}

unsigned int
channel_poll(struct channel *ch, unsigned int to, uint64_t now)
{
	void *objs[BURST];
	unsigned int from, n, total = 0;
	enum class c;

	for (from = 0; from < ch->workers; from++) {
		for (c = 0; c < CLASSES && from != to; c++) {
			n = rte_ring_sc_dequeue_burst(lane_of(ch, from, to, c)->ring, objs, BURST,
						      NULL);
			if (n > 0)
				dispatch(ch, to, objs, n, now);
			total += n;
		}
	}
	return total;
}
