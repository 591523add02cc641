/* SPDX-License-Identifier: BSD-3-Clause */
/* Event loop of the test peer: epoll, one-shot timers, one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull

/*
 * A file descriptor in the loop; embed it. @fn may close the descriptor but not free the object
 * that holds it.
 */
struct watch {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT that are asked for now */
	void (*fn)(struct watch *w, uint32_t events);
};

/* A one-shot timer; embed it. */
struct timer {
	struct timer *next;
	uint64_t due;
	bool is_armed;
	void (*fn)(struct timer *t);
};

struct loop {
	int epfd;
	struct timer *timers; /* by due time */
	bool stop;
	uint64_t now; /* monotonic nanoseconds, as of the last wake-up */
	/* called after each batch of events: the place to free what was closed */
	void (*after)(void *ctx);
	void *ctx;
};

uint64_t clock_ns(void);

/* Return: 0 or -errno. */
int loop_init(struct loop *l);
void loop_fini(struct loop *l);

/* Run until l->stop. */
void loop_run(struct loop *l);

/*
 * Add or change interest in @events; 0 keeps the descriptor but asks for nothing. Return: 0 or
 * -errno.
 */
int watch_set(struct loop *l, struct watch *w, uint32_t events);

/* Add @w with a new descriptor. Return: 0 or -errno. */
int watch_add(struct loop *l, struct watch *w, int fd, uint32_t events);

/* Close the descriptor; later events of the same batch are not delivered. */
void watch_close(struct watch *w);

/* Arm or move @t to @due. */
void timer_arm(struct loop *l, struct timer *t, uint64_t due);
void timer_disarm(struct loop *l, struct timer *t);
