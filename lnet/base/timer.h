/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timer wheel of one lcore: hierarchical, so that arming, moving and disarming cost the same with ten timers
 * and with a hundred thousand. It never reads a clock: the time is told to it.
 * Thread: everything on the lcore that owns the wheel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define TIMER_NONE UINT64_MAX /* "no deadline" */

#define TIMER_SLOT_BITS 6
#define TIMER_SLOTS (1u << TIMER_SLOT_BITS)
#define TIMER_LEVELS 11 /* 6 bits each: every deadline has its place */

/* Embed it; find the object with container_of. Zero-initialised = disarmed. */
struct timer {
	LIST_ENTRY(timer) link;
	uint64_t deadline; /* ns; valid while armed */
	void (*fire)(struct timer *t, uint64_t now);
	uint8_t level, slot;
	bool armed;
	/*
	 * Where it lies in its object, if that is so large that it is in no cache when it is due: the object's first line and the two
	 * ahead of the timer's are asked for before it fires. 0: they are not.
	 */
	uint16_t offset;
};
LIST_HEAD(timer_list, timer);

struct timer_wheel {
	uint64_t tick_ns;
	uint64_t tick; /* ticks done */
	uint64_t count; /* armed timers */
	uint64_t occupied[TIMER_LEVELS]; /* bit per non-empty slot */
	struct timer_list slots[TIMER_LEVELS][TIMER_SLOTS];
};

/*
 * @now		ns
 * @tick_ns	resolution; a timer fires at the first run at or after its deadline, rounded up to a tick.
 */
void timer_wheel_init(struct timer_wheel *w, uint64_t now, uint64_t tick_ns);

/*
 * Arm or move @t; @t->fire must be set. A deadline in the past fires at the next run.
 */
void timer_arm(struct timer_wheel *w, struct timer *t, uint64_t deadline);

/* Harmless on a disarmed timer. */
void timer_disarm(struct timer_wheel *w, struct timer *t);

/*
 * Fire what is due, each disarmed first, so that a callback may re-arm, disarm others or free its object.
 * A timer that a callback arms for the past waits for the next run.
 * They fire in the order of their ticks; within a tick in any order.
 * Return: how many fired.
 */
unsigned int timer_wheel_run(struct timer_wheel *w, uint64_t now);

/* No timer fires before this time (ns); it may be earlier than the first deadline. TIMER_NONE when empty. */
uint64_t timer_wheel_next(const struct timer_wheel *w);
