/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A command's work: so many operations to one NID, so many at a time, with repetition of failed
 * ones, latencies and a verdict. "both" is two loads at once.
 */
#pragma once

#include "lnet.h"
#include "loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define FAIL_REASONS 8

struct load {
	struct node *node;
	enum op_kind kind;
	uint64_t run; /* upper bits of the match bits */
	uint64_t next_number;
	uint64_t issued; /* without repetitions */
	uint64_t completed;
	uint64_t failed; /* given up */
	uint64_t retried; /* attempts that failed and were repeated */
	uint32_t running;
	uint32_t waiting; /* attempts to be repeated at retry_timer */
	uint32_t *tries; /* of each waiting attempt */
	uint64_t *latencies_ns;
	uint64_t n_latencies;
	uint64_t room;
	uint64_t bytes;
	uint64_t started;
	uint64_t last_done;
	uint64_t longest_gap; /* between two completions */
	bool is_over; /* --seconds have passed: nothing new is issued */
	struct timer retry_timer;
	struct timer end_timer;
	int reasons[FAIL_REASONS]; /* errors of failed attempts, different ones */
	uint64_t reason_counts[FAIL_REASONS];
};

/* Start. */
void load_start(struct load *l, struct node *n, enum op_kind kind);
void load_free(struct load *l);

/*
 * An operation has ended. @tries	how often it had been tried before.
 * Called from the loop only.
 */
void load_op_done(struct load *l, int status, uint64_t latency_ns, uint32_t tries);

/* True when every operation has completed or been given up. */
bool load_is_done(const struct load *l);

/* Nothing more: count everything that has not completed as failed for @err. */
void load_abort(struct load *l, int err);

/* One JSON object: numbers, rate, latencies. */
void load_print(struct load *l, FILE *f);

/* How often the operation that op_start() is starting now has been tried before. */
uint32_t load_tries(const struct load *l);
