/* SPDX-License-Identifier: BSD-3-Clause */
/* Event loop of the test peer. Timers are few: a sorted list is enough. */
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 64

uint64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

int
loop_init(struct loop *l)
{
	*l = (struct loop){.epfd = epoll_create1(EPOLL_CLOEXEC), .now = clock_ns()};
	return l->epfd < 0 ? -errno : 0;
}

void
loop_fini(struct loop *l)
{
	close(l->epfd);
}

int
watch_add(struct loop *l, struct watch *w, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	w->fd = fd;
	w->events = events;
	return epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

int
watch_set(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	if (w->fd < 0 || w->events == events)
		return 0;
	w->events = events;
	return epoll_ctl(l->epfd, EPOLL_CTL_MOD, w->fd, &ev) < 0 ? -errno : 0;
}

void
watch_close(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void
timer_disarm(struct loop *l, struct timer *t)
{
	struct timer **at;

	if (!t->is_armed)
		return;
	for (at = &l->timers; *at != t; at = &(*at)->next)
		;
	*at = t->next;
	t->is_armed = false;
}

void
timer_arm(struct loop *l, struct timer *t, uint64_t due)
{
	struct timer **at;

	timer_disarm(l, t);
	for (at = &l->timers; *at != NULL && (*at)->due <= due; at = &(*at)->next)
		;
	t->due = due;
	t->next = *at;
	t->is_armed = true;
	*at = t;
}

static void
run_timers(struct loop *l)
{
	while (l->timers != NULL && l->timers->due <= l->now) {
		struct timer *t = l->timers;

		l->timers = t->next;
		t->is_armed = false;
		t->fn(t);
	}
}

/*
 * Milliseconds until the next timer, rounded up so that it is due on wake-up; -1 if there is none.
 */
static int
wait_ms(const struct loop *l)
{
	uint64_t now = clock_ns();

	if (l->timers == NULL)
		return -1;
	if (l->timers->due <= now)
		return 0;
	return (int)((l->timers->due - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC);
}

void
loop_run(struct loop *l)
{
	struct epoll_event ev[MAX_EVENTS];
	int i, n;

	while (!l->stop) {
		n = epoll_wait(l->epfd, ev, MAX_EVENTS, wait_ms(l));
		l->now = clock_ns();
		for (i = 0; i < n; i++) {
			struct watch *w = ev[i].data.ptr;

			if (w->fd >= 0)
				w->fn(w, ev[i].events);
		}
		run_timers(l);
		if (l->after != NULL)
			l->after(l->ctx);
	}
}
