/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour table: the objects, and the state machine over packets, answers, claims and time. */
#include "drivers/ether/neigh.h"

#include "lnet/base/bytes.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <stdlib.h>

#define EVICT_TRIES 32

struct neigh_table {
	unsigned int capacity; /* power of two; as many buckets */
	unsigned int waiting;
	unsigned int hand; /* next slot to look at for eviction */
	struct timer_wheel *wheel;
	struct neigh_ops ops;
	struct neigh_list free;
	struct neigh_list *buckets;
	struct neigh *slots;
};

static void fire(struct timer *timer, uint64_t now);

/* --- objects --- */

int
neigh_table_create(unsigned int capacity, struct timer_wheel *wheel, const struct neigh_ops *ops,
		   struct neigh_table **tp)
{
	struct neigh_table *t;
	unsigned int i;

	if (capacity == 0 || (capacity & (capacity - 1)) != 0)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->capacity = capacity;
	t->wheel = wheel;
	t->ops = *ops;
	t->slots = calloc(capacity, sizeof(*t->slots));
	t->buckets = calloc(capacity, sizeof(*t->buckets));
	if (t->slots == NULL || t->buckets == NULL) {
		neigh_table_destroy(t);
		return -ENOMEM;
	}
	for (i = capacity; i-- > 0;) {
		t->slots[i].table = t;
		t->slots[i].timer.fire = fire;
		LIST_INSERT_HEAD(&t->free, &t->slots[i], link);
	}
	*tp = t;
	return 0;
}

static struct neigh_list *
bucket(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr)
{
	uint32_t h = addr->family == IP_V6 ? get_be32(addr->bytes + 12) ^ get_be32(addr->bytes + 8)
					   : get_be32(addr->bytes);

	h = (h + iface) * UINT32_C(0x9e3779b1);
	return &t->buckets[(h >> 12) & (t->capacity - 1)];
}

struct neigh *
neigh_find(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr)
{
	struct neigh *n;

	LIST_FOREACH(n, bucket(t, iface, addr), link)
		if (n->iface == iface && ipaddr_equal(&n->addr, addr))
			return n;
	return NULL;
}

static void
enter(struct neigh *n, enum neigh_state state, uint64_t deadline, uint64_t now)
{
	n->state = state;
	n->changed = now;
	if (deadline == TIMER_NONE)
		timer_disarm(n->table->wheel, &n->timer);
	else
		timer_arm(n->table->wheel, &n->timer, deadline);
}

/* The callbacks may use the table, even this entry: it is left consistent before the first of them. */
static unsigned int
take_waiting(struct neigh *n, struct rte_mbuf *waiting[NEIGH_QUEUE_MAX])
{
	unsigned int count = n->n_waiting;

	memcpy(waiting, n->waiting, count * sizeof(waiting[0]));
	n->n_waiting = 0;
	n->table->waiting -= count;
	return count;
}

static void
drop_waiting(struct neigh *n, bool failed, uint64_t now)
{
	struct neigh_table *t = n->table;
	struct rte_mbuf *waiting[NEIGH_QUEUE_MAX];
	unsigned int i, count = take_waiting(n, waiting);

	for (i = 0; i < count; i++)
		t->ops.dropped(t->ops.ctx, waiting[i], failed, now);
}

static void
release(struct neigh *n, uint64_t now)
{
	/* a failed one takes no packets while those that wait are dropped */
	n->state = NEIGH_FAILED;
	n->changed = now;
	drop_waiting(n, true, now);
	timer_disarm(n->table->wheel, &n->timer);
	LIST_REMOVE(n, link);
	n->state = NEIGH_FREE;
	n->generation++;
	LIST_INSERT_HEAD(&n->table->free, n, link);
}

void
neigh_table_destroy(struct neigh_table *t)
{
	unsigned int i;

	if (t == NULL)
		return;
	for (i = 0; t->slots != NULL && i < t->capacity; i++) {
		timer_disarm(t->wheel, &t->slots[i].timer);
		rte_pktmbuf_free_bulk(t->slots[i].waiting, t->slots[i].n_waiting);
	}
	free(t->buckets);
	free(t->slots);
	free(t);
}

/* Free the slot of a neighbour that nobody talks to. */
static void
evict(struct neigh_table *t, uint64_t now)
{
	struct neigh *n;
	unsigned int i;

	for (i = 0; i < EVICT_TRIES; i++) {
		n = &t->slots[t->hand++ & (t->capacity - 1)];
		if (n->state == NEIGH_NEW || n->state == NEIGH_STALE || n->state == NEIGH_FAILED) {
			release(n, now);
			return;
		}
	}
}

struct neigh *
neigh_get(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr, uint64_t now)
{
	struct neigh *n = neigh_find(t, iface, addr);

	if (n != NULL)
		return n;
	if (LIST_EMPTY(&t->free))
		evict(t, now);
	n = LIST_FIRST(&t->free);
	if (n == NULL)
		return NULL;
	LIST_REMOVE(n, link);
	LIST_INSERT_HEAD(bucket(t, iface, addr), n, link);
	n->addr = *addr;
	n->iface = iface;
	n->used = now;
	n->confirmed = 0;
	n->n_waiting = 0;
	/* if nothing is ever sent to it, it goes as a stale one does */
	enter(n, NEIGH_NEW, now + NEIGH_STALE_NS, now);
	return n;
}

/* --- state machine --- */

static void
solicit(struct neigh *n, bool unicast, uint64_t now)
{
	n->probes++;
	timer_arm(n->table->wheel, &n->timer, now + NEIGH_RETRANS_NS);
	n->table->ops.solicit(n->table->ops.ctx, n, unicast, now);
}

static void
enter_probe(struct neigh *n, uint64_t now)
{
	enter(n, NEIGH_PROBE, now + NEIGH_RETRANS_NS, now);
	n->probes = 0;
	solicit(n, true, now);
}

static void
enter_incomplete(struct neigh *n, uint64_t now)
{
	enter(n, NEIGH_INCOMPLETE, now + NEIGH_RETRANS_NS, now);
	n->probes = 0;
	solicit(n, false, now);
}

static void
enter_failed(struct neigh *n, uint64_t now)
{
	enter(n, NEIGH_FAILED, now + NEIGH_FAILED_NS, now);
	drop_waiting(n, true, now);
}

static void
send_waiting(struct neigh *n, uint64_t now)
{
	struct neigh_table *t = n->table;
	struct rte_mbuf *waiting[NEIGH_QUEUE_MAX];
	unsigned int i, count = take_waiting(n, waiting);

	for (i = 0; i < count; i++)
		t->ops.resolved(t->ops.ctx, n, waiting[i], now);
}

static void
enter_reachable(struct neigh *n, uint64_t now)
{
	n->confirmed = now;
	enter(n, NEIGH_REACHABLE, now + NEIGH_REACHABLE_NS, now);
}

/* The deadline of a reachable neighbour is not moved with each proof: it is looked at when it comes. */
static void
reachable_expired(struct neigh *n, uint64_t now)
{
	if (n->confirmed + NEIGH_REACHABLE_NS > now)
		timer_arm(n->table->wheel, &n->timer, n->confirmed + NEIGH_REACHABLE_NS);
	else
		enter(n, NEIGH_STALE, now + NEIGH_STALE_NS, now);
}

static void
fire(struct timer *timer, uint64_t now)
{
	struct neigh *n = (struct neigh *)((char *)timer - offsetof(struct neigh, timer));

	switch ((enum neigh_state)n->state) {
	case NEIGH_INCOMPLETE:
		if (n->probes < NEIGH_MULTICAST_SOLICITS)
			solicit(n, false, now);
		else
			enter_failed(n, now);
		break;
	case NEIGH_REACHABLE:
		reachable_expired(n, now);
		break;
	case NEIGH_DELAY:
		enter_probe(n, now);
		break;
	case NEIGH_PROBE:
		if (n->probes < NEIGH_ALL_PROBES)
			solicit(n, n->probes < NEIGH_UNICAST_PROBES, now);
		else
			enter_failed(n, now);
		break;
	case NEIGH_NEW:
	case NEIGH_STALE:
	case NEIGH_FAILED:
		release(n, now);
		break;
	case NEIGH_FREE:
	case NEIGH_STATIC:
		break;
	}
}

static void
wait(struct neigh *n, struct rte_mbuf *m, uint64_t now)
{
	struct neigh_table *t = n->table;
	struct rte_mbuf *oldest;

	if (n->n_waiting == NEIGH_QUEUE_MAX) {
		/* RFC 4861 7.2.2: the new arrival replaces the oldest */
		oldest = n->waiting[0];
		memmove(n->waiting, n->waiting + 1, sizeof(n->waiting) - sizeof(n->waiting[0]));
		n->n_waiting--;
		t->waiting--;
		t->ops.dropped(t->ops.ctx, oldest, false, now);
	}
	n->waiting[n->n_waiting++] = m;
	t->waiting++;
}

enum neigh_verdict
neigh_output(struct neigh *n, struct rte_mbuf *m, uint64_t now)
{
	n->used = now;
	switch ((enum neigh_state)n->state) {
	case NEIGH_STALE:
		enter(n, NEIGH_DELAY, now + NEIGH_DELAY_NS, now);
		return NEIGH_SEND;
	case NEIGH_REACHABLE:
	case NEIGH_DELAY:
	case NEIGH_PROBE:
	case NEIGH_STATIC:
		return NEIGH_SEND;
	case NEIGH_FAILED:
		if (neigh_is_unreachable(n, now))
			return NEIGH_UNREACHABLE;
		break;
	case NEIGH_FREE:
	case NEIGH_NEW:
	case NEIGH_INCOMPLETE:
		break;
	}
	wait(n, m, now);
	if (n->state != NEIGH_INCOMPLETE)
		enter_incomplete(n, now);
	return NEIGH_TAKEN;
}

/* Another MAC than the known one. Return: is it to be believed? */
static bool
believe(struct neigh *n, const struct rte_ether_addr *mac, enum neigh_source source, uint64_t now)
{
	if (n->state == NEIGH_STALE)
		return true;
	if (n->state == NEIGH_PROBE && n->probes > NEIGH_UNICAST_PROBES && source == NEIGH_ANSWER)
		return true;
	n->table->ops.refused(n->table->ops.ctx, n, mac, now);
	if ((n->state == NEIGH_REACHABLE || n->state == NEIGH_DELAY) &&
	    now - n->changed >= NEIGH_CLAIM_NS)
		enter_probe(n, now);
	return false;
}

static void
learn(struct neigh *n, const struct rte_ether_addr *mac, enum neigh_source source, uint64_t now)
{
	bool has_mac = n->state == NEIGH_REACHABLE || n->state == NEIGH_STALE ||
		n->state == NEIGH_DELAY || n->state == NEIGH_PROBE;
	bool same = has_mac && rte_is_same_ether_addr(mac, &n->mac);

	if (n->state == NEIGH_STATIC)
		return;
	if (has_mac && !same && !believe(n, mac, source, now))
		return;
	n->mac = *mac;
	if (source == NEIGH_ANSWER && (n->state == NEIGH_INCOMPLETE || n->state == NEIGH_PROBE))
		enter_reachable(n, now);
	else if (!same)
		enter(n, NEIGH_STALE, now + NEIGH_STALE_NS, now);
	if (n->n_waiting > 0) {
		if (n->state == NEIGH_STALE)
			enter(n, NEIGH_DELAY, now + NEIGH_DELAY_NS, now);
		send_waiting(n, now);
	}
}

void
neigh_learn(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr,
	    const struct rte_ether_addr *mac, enum neigh_source source, bool create, uint64_t now)
{
	struct neigh *n = create ? neigh_get(t, iface, addr, now) : neigh_find(t, iface, addr);

	if (n != NULL)
		learn(n, mac, source, now);
}

void
neigh_confirm(struct neigh *n, uint64_t now)
{
	switch ((enum neigh_state)n->state) {
	case NEIGH_REACHABLE:
		n->confirmed = now;
		break;
	case NEIGH_STALE:
	case NEIGH_DELAY:
	case NEIGH_PROBE:
		enter_reachable(n, now);
		break;
	default: /* without a MAC nothing can have arrived */
		break;
	}
}

bool
neigh_is_unreachable(const struct neigh *n, uint64_t now)
{
	return n->state == NEIGH_FAILED && now < n->changed + NEIGH_FAILED_NS;
}

int
neigh_set_static(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr,
		 const struct rte_ether_addr *mac, uint64_t now)
{
	struct neigh *n = neigh_get(t, iface, addr, now);

	if (n == NULL)
		return -ENOSPC;
	n->mac = *mac;
	enter(n, NEIGH_STATIC, TIMER_NONE, now);
	send_waiting(n, now);
	return 0;
}

int
neigh_remove(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr, uint64_t now)
{
	struct neigh *n = neigh_find(t, iface, addr);

	if (n == NULL)
		return -ENOENT;
	release(n, now);
	return 0;
}

unsigned int
neigh_capacity(const struct neigh_table *t)
{
	return t->capacity;
}

const struct neigh *
neigh_at(const struct neigh_table *t, unsigned int slot)
{
	return slot < t->capacity && t->slots[slot].state != NEIGH_FREE ? &t->slots[slot] : NULL;
}

unsigned int
neigh_waiting(const struct neigh_table *t)
{
	return t->waiting;
}

const char *
neigh_state_name(enum neigh_state s)
{
	static const char *const names[] = {"free",  "new",   "incomplete", "reachable", "stale",
					    "delay", "probe", "failed",	    "static"};

	return names[s];
}
