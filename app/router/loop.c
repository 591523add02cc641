/* SPDX-License-Identifier: BSD-3-Clause */
/* The poll loop of a worker lcore. */
#include "app/router/worker.h"
#include "drivers/ether/ether.h"
#include "drivers/tcp/tcp.h"
#include "lnet/base/channel.h"
#include "lnet/base/counter.h"
#include "lnet/base/snapshot.h"
#include "lnet/lnet.h"

#include <rte_pause.h>

#include <unistd.h>

#define EMPTY_ROUNDS 64 /* rounds without work before the idle policy applies */
#define PAUSES 32

const char *
worker_poller_name(enum poller p)
{
	static const char *const names[POLLERS] = {"calls", "ether_rx", "channel", "timers",
						   "lnet",  "tcp",	"ether_tx"};

	return names[p];
}

static unsigned int
poll_one(struct worker *w, enum poller p, uint64_t now)
{
	switch (p) {
	case POLL_CALLS:
		return lcore_poll_calls(&w->lc, now);
	case POLL_ETHER_RX:
		return ether_poll(w->ether, now);
	case POLL_CHANNEL:
		return w->lc.channel != NULL ? channel_poll(w->lc.channel, w->lc.index, now) : 0;
	case POLL_TIMERS:
		return timer_wheel_run(&w->lc.wheel, now) + ether_timers(w->ether, now);
	case POLL_LNET:
		return lnet_poll(w->cpt, now);
	case POLL_TCP:
		return tcp_poll(w->tcp, now);
	case POLL_ETHER_TX:
		if (w->lc.channel != NULL)
			channel_flush(w->lc.channel, w->lc.index);
		return ether_flush(w->ether, now);
	case POLLERS:
		break;
	}
	return 0;
}

/* One round. Return: items handled; *@tsc moves on to the end of the round. */
static unsigned int
run_round(struct worker *w, uint64_t *tsc)
{
	uint64_t now = clock_ns(&w->clock, *tsc), start = *tsc, t;
	unsigned int total = 0, n;
	enum poller p;

	for (p = 0; p < POLLERS; p++) {
		n = poll_one(w, p, now);
		if (n == 0)
			continue;
		t = rte_rdtsc();
		counter_add(&w->items[p], n);
		counter_add(&w->cycles[p], t - start);
		start = t;
		total += n;
	}
	quiesce_report(w->quiesce, w->lc.index);
	t = rte_rdtsc();
	counter_add(total > 0 ? &w->busy_cycles : &w->idle_cycles, t - *tsc);
	counter_add(&w->rounds, 1);
	if (total > 0)
		counter_add(&w->busy_rounds, 1);
	*tsc = t;
	return total;
}

/* Nothing to do for a while: give the core away as far as the policy allows. */
static void
rest(struct worker *w, uint64_t *tsc)
{
	uint64_t next, t, now = clock_ns(&w->clock, *tsc);
	unsigned int i, us = w->sleep_us;

	if (w->idle == IDLE_POLL)
		return;
	if (w->idle == IDLE_PAUSE) {
		for (i = 0; i < PAUSES; i++)
			rte_pause();
	} else {
		next = timer_wheel_next(&w->lc.wheel);
		if (next <= now)
			return;
		if (next - now < us * UINT64_C(1000))
			us = (unsigned int)((next - now) / 1000);
		/* asleep is as good as quiescent: it holds no snapshot */
		quiesce_offline(w->quiesce, w->lc.index);
		usleep(us);
		quiesce_online(w->quiesce, w->lc.index);
	}
	t = rte_rdtsc();
	counter_add(&w->idle_cycles, t - *tsc);
	*tsc = t;
}

int
worker_loop(void *arg)
{
	struct worker *w = arg;
	unsigned int empty = 0;
	uint64_t tsc = rte_rdtsc();

	w->started_cycles = tsc;
	quiesce_online(w->quiesce, w->lc.index);
	atomic_store_explicit(&w->lc.running, true, memory_order_release);
	/* relaxed: the flag carries no data */
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		empty = run_round(w, &tsc) > 0 ? 0 : empty + 1;
		if (empty > EMPTY_ROUNDS)
			rest(w, &tsc);
	}
	atomic_store_explicit(&w->lc.running, false, memory_order_seq_cst);
	lcore_poll_calls(&w->lc, clock_ns(&w->clock, tsc));
	quiesce_offline(w->quiesce, w->lc.index);
	return 0;
}

void
worker_stop(struct worker *w)
{
	atomic_store_explicit(&w->stop, true, memory_order_relaxed);
}
