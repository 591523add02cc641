/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hierarchical timer wheel. Seen as digits of base 64, a timer sits on the level of the highest digit in which its
 * tick differs from the wheel's, in the slot of its own digit there. So all of a level is due before all of the
 * next, slots are due in rising order, and the first thing to happen is two bit scans away.
 */
#include "lnet/base/timer.h"

#include <rte_common.h>
#include <rte_prefetch.h>

#define SLOT_MASK (TIMER_SLOTS - 1)
#define LEVEL_DUE \
	TIMER_LEVELS /* of a timer that a run has taken out of the wheel and is about to fire */

void
timer_wheel_init(struct timer_wheel *w, uint64_t now, uint64_t tick_ns)
{
	unsigned int l, s;

	*w = (struct timer_wheel){.tick_ns = tick_ns, .tick = now / tick_ns};
	for (l = 0; l < TIMER_LEVELS; l++)
		for (s = 0; s < TIMER_SLOTS; s++)
			LIST_INIT(&w->slots[l][s]);
}

/* The first tick at or after the deadline; what is overdue belongs to the tick of now. */
static uint64_t
tick_of(const struct timer_wheel *w, uint64_t deadline)
{
	uint64_t tick = deadline / w->tick_ns + (deadline % w->tick_ns != 0);

	return tick < w->tick ? w->tick : tick;
}

static void
insert(struct timer_wheel *w, struct timer *t)
{
	uint64_t tick = tick_of(w, t->deadline), differ = tick ^ w->tick;
	unsigned int level = 0;

	if (differ != 0)
		level = (63 - (unsigned int)__builtin_clzll(differ)) / TIMER_SLOT_BITS;
	t->level = (uint8_t)level;
	t->slot = (uint8_t)(tick >> (TIMER_SLOT_BITS * level) & SLOT_MASK);
	LIST_INSERT_HEAD(&w->slots[level][t->slot], t, link);
	w->occupied[level] |= UINT64_C(1) << t->slot;
}

static void
take_out(struct timer_wheel *w, struct timer *t)
{
	LIST_REMOVE(t, link);
	if (t->level != LEVEL_DUE && LIST_EMPTY(&w->slots[t->level][t->slot]))
		w->occupied[t->level] &= ~(UINT64_C(1) << t->slot);
}

void
timer_disarm(struct timer_wheel *w, struct timer *t)
{
	if (!t->armed)
		return;
	take_out(w, t);
	t->armed = false;
	w->count--;
}

void
timer_arm(struct timer_wheel *w, struct timer *t, uint64_t deadline)
{
	timer_disarm(w, t);
	t->deadline = deadline;
	t->armed = true;
	w->count++;
	insert(w, t);
}

/* The first occupied slot and the tick at which it begins. Return: false when the wheel is empty. */
static bool
first_slot(const struct timer_wheel *w, unsigned int *level, unsigned int *slot, uint64_t *begin)
{
	unsigned int l = 0, shift;

	while (l < TIMER_LEVELS && w->occupied[l] == 0)
		l++;
	if (l == TIMER_LEVELS)
		return false;
	shift = TIMER_SLOT_BITS * l;
	*level = l;
	*slot = (unsigned int)__builtin_ctzll(w->occupied[l]);
	*begin = (w->tick >> shift & ~(uint64_t)SLOT_MASK) | *slot;
	*begin <<= shift;
	return true;
}

static void
fetch_object(const struct timer *t)
{
	if (t->offset == 0)
		return;
	rte_prefetch0((const char *)t - t->offset);
	rte_prefetch0((const char *)t - RTE_CACHE_LINE_SIZE);
	rte_prefetch0((const char *)t - 2 * RTE_CACHE_LINE_SIZE);
}

/* Take all that is due at @end out of the wheel, into @due in the order of their ticks; the wheel's tick is @end then. */
static void
collect(struct timer_wheel *w, uint64_t end, struct timer_list *due)
{
	struct timer *t, *last = NULL;
	unsigned int level, slot;
	uint64_t begin;

	while (first_slot(w, &level, &slot, &begin) && begin <= end) {
		w->tick = begin;
		while ((t = LIST_FIRST(&w->slots[level][slot])) != NULL) {
			take_out(w, t);
			if (level > 0) {
				insert(w, t);
				continue;
			}
			t->level = LEVEL_DUE;
			fetch_object(t);
			if (last == NULL)
				LIST_INSERT_HEAD(due, t, link);
			else
				LIST_INSERT_AFTER(last, t, link);
			last = t;
		}
	}
	w->tick = end;
}

unsigned int
timer_wheel_run(struct timer_wheel *w, uint64_t now)
{
	struct timer_list due = LIST_HEAD_INITIALIZER(due);
	uint64_t end = now / w->tick_ns;
	unsigned int n = 0;
	struct timer *t;

	collect(w, end < w->tick ? w->tick : end, &due);
	/* a callback may disarm, move or free any other that is due, so only the first is ever looked at */
	while ((t = LIST_FIRST(&due)) != NULL) {
		timer_disarm(w, t);
		t->fire(t, now);
		n++;
	}
	return n;
}

uint64_t
timer_wheel_next(const struct timer_wheel *w)
{
	unsigned int level, slot;
	uint64_t begin;

	if (!first_slot(w, &level, &slot, &begin))
		return TIMER_NONE;
	return begin > UINT64_MAX / w->tick_ns ? TIMER_NONE - 1 : begin * w->tick_ns;
}
