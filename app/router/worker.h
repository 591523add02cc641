/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one pinned lcore with its part of every layer, and the loop that polls them in a fixed order. Every
 * cycle is booked: to the poller that found work, or to idle.
 */
#pragma once

#include "app/router/args.h"
#include "app/router/clock.h"
#include "lnet/base/lcore.h"

#include <stdatomic.h>
#include <stdint.h>

struct ether_lcore;
struct lnet_cpt;
struct quiesce;
struct tcp;

enum poller {
	POLL_CALLS, /* actions of the control thread */
	POLL_ETHER_RX,
	POLL_CHANNEL, /* from other workers */
	POLL_TIMERS,
	POLL_LNET,
	POLL_TCP, /* output of the connections made dirty */
	POLL_ETHER_TX,
	POLLERS
};

struct worker {
	/* const while the loop runs */
	struct lcore lc;
	struct clock clock;
	struct quiesce *quiesce;
	struct ether_lcore *ether;
	struct tcp *tcp;
	struct lnet_cpt *cpt;
	enum idle_policy idle;
	unsigned int sleep_us;

	/* owner lcore; any thread reads with counter_read() */
	uint64_t cycles[POLLERS]; /* of rounds' parts that found work */
	uint64_t items[POLLERS];
	uint64_t idle_cycles, busy_cycles, rounds, busy_rounds;
	uint64_t started_cycles; /* TSC at the first round */

	/* control sets it, the loop reads it */
	atomic_bool stop;
};

/* "calls", "ether_rx", ... */
const char *worker_poller_name(enum poller p);

/* The loop; rte_eal_remote_launch() runs it. @arg is the struct worker. Returns 0 after worker_stop(). */
int worker_loop(void *arg);

/* Ask the loop to end. Thread: control. */
void worker_stop(struct worker *w);
