/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hierarchical timer wheel. Level l has 64 slots of 64^l ticks each; a timer sits on the lowest level whose reach covers
 * its distance, and comes down a level each time the wheel turns over its slot.
 */
#include "lnet/base/timer.h"

#define SLOT_MASK (TIMER_SLOTS - 1)
#define REACH_TICKS ((UINT64_C(1) << (TIMER_SLOT_BITS * TIMER_LEVELS)) - 1)

void
timer_wheel_init(struct timer_wheel *w, uint64_t now, uint64_t tick_ns)
{
	unsigned int l, s;

	*w = (struct timer_wheel){.tick_ns = tick_ns, .tick = now / tick_ns};
	for (l = 0; l < TIMER_LEVELS; l++)
		for (s = 0; s < TIMER_SLOTS; s++)
			LIST_INIT(&w->slots[l][s]);
}

/* First tick at or after the deadline that is still to come. */
static uint64_t
due_tick(const struct timer_wheel *w, uint64_t deadline)
{
	uint64_t due = deadline / w->tick_ns + (deadline % w->tick_ns != 0);

	return due <= w->tick ? w->tick + 1 : due;
}

static void
insert(struct timer_wheel *w, struct timer *t, uint64_t due)
{
	uint64_t distance = due - w->tick;
	unsigned int level = 0;

	if (distance > REACH_TICKS) {
		distance = REACH_TICKS;
		due = w->tick + distance;
	}
	while (distance >> (TIMER_SLOT_BITS * (level + 1)) != 0)
		level++;
	t->level = (uint8_t)level;
	t->slot = (uint8_t)((due >> (TIMER_SLOT_BITS * level)) & SLOT_MASK);
	LIST_INSERT_HEAD(&w->slots[level][t->slot], t, link);
	w->occupied[level] |= UINT64_C(1) << t->slot;
}

static void
take_out(struct timer_wheel *w, struct timer *t)
{
	LIST_REMOVE(t, link);
	if (LIST_EMPTY(&w->slots[t->level][t->slot]))
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
	insert(w, t, due_tick(w, deadline));
}

/* Bring the timers of a slot of a higher level down to where they belong now. */
static void
cascade(struct timer_wheel *w, unsigned int level)
{
	unsigned int slot = (w->tick >> (TIMER_SLOT_BITS * level)) & SLOT_MASK;
	struct timer_list list = w->slots[level][slot];
	struct timer *t;
	uint64_t due;

	if (LIST_EMPTY(&list))
		return;
	list.lh_first->link.le_prev = &list.lh_first;
	LIST_INIT(&w->slots[level][slot]);
	w->occupied[level] &= ~(UINT64_C(1) << slot);
	while ((t = LIST_FIRST(&list)) != NULL) {
		LIST_REMOVE(t, link);
		due = t->deadline / w->tick_ns + (t->deadline % w->tick_ns != 0);
		/* due in this very tick: into the slot that fires next */
		insert(w, t, due < w->tick ? w->tick : due);
	}
}

static unsigned int
fire_slot(struct timer_wheel *w, uint64_t now)
{
	struct timer_list *slot = &w->slots[0][w->tick & SLOT_MASK];
	unsigned int n = 0;
	struct timer *t;

	while ((t = LIST_FIRST(slot)) != NULL) {
		timer_disarm(w, t);
		t->fire(t, now);
		n++;
	}
	return n;
}

/* The next tick at which something happens, at most @end: empty stretches are skipped. */
static uint64_t
next_busy_tick(const struct timer_wheel *w, uint64_t end)
{
	uint64_t next = end, mask, base, tick;
	unsigned int l, shift, at;

	for (l = 0; l < TIMER_LEVELS; l++) {
		if (w->occupied[l] == 0)
			continue;
		shift = TIMER_SLOT_BITS * l;
		base = w->tick >> shift;
		at = (unsigned int)(base & SLOT_MASK);
		/* rotate so that bit 0 is the slot after the current one */
		at = (at + 1) & SLOT_MASK;
		mask = w->occupied[l] >> at | (at != 0 ? w->occupied[l] << (TIMER_SLOTS - at) : 0);
		tick = (base + 1 + (uint64_t)__builtin_ctzll(mask)) << shift;
		if (tick < next)
			next = tick;
	}
	return next;
}

unsigned int
timer_wheel_run(struct timer_wheel *w, uint64_t now)
{
	uint64_t end = now / w->tick_ns, next;
	unsigned int l, n = 0;

	while (w->tick < end) {
		if (w->count == 0) {
			w->tick = end;
			break;
		}
		next = next_busy_tick(w, end);
		w->tick = next > w->tick ? next : w->tick + 1;
		for (l = TIMER_LEVELS - 1; l > 0; l--)
			if ((w->tick & ((UINT64_C(1) << (TIMER_SLOT_BITS * l)) - 1)) == 0)
				cascade(w, l);
		n += fire_slot(w, now);
	}
	return n;
}

uint64_t
timer_wheel_next(const struct timer_wheel *w)
{
	uint64_t tick;

	if (w->count == 0)
		return TIMER_NONE;
	tick = next_busy_tick(w, UINT64_MAX);
	return tick > UINT64_MAX / w->tick_ns ? TIMER_NONE - 1 : tick * w->tick_ns;
}
