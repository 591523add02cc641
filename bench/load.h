/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run: PUTs with ACK from one node to another, a window of them outstanding, for a given time. Both nodes are in this
 * process, so that every message is known from its sending to its acknowledgement: it has to arrive once, whole, with
 * its own bytes, and to be acknowledged once. Thread: one.
 */
#pragma once

#include "bench/node.h"

struct pattern;

#define LOAD_WINDOW_MAX 1024
#define LOAD_SLOTS 4096 /* a power of two */

struct load_errors {
	uint64_t length, payload; /* of a PUT that arrived */
	uint64_t unexpected; /* a PUT or an ACK of no outstanding message, or for the second time */
	uint64_t ack; /* says another length than was sent */
	uint64_t not_sent; /* no memory on our own side */
	uint64_t lost; /* not acknowledged at the end */
	uint64_t node; /* core_failures() of both nodes; the run ends at once */
};

struct load {
	/* const while it runs */
	struct node *from, *to;
	struct pattern *pattern;
	uint32_t size;
	unsigned int window;
	uint64_t ends; /* ns: nothing new is sent from then on */
	uint64_t gives_up; /* ns: what is missing then is lost */

	uint64_t next; /* number of the next message; goes on from run to run */
	unsigned int outstanding;
	uint64_t started, last_ack; /* ns */
	uint64_t sent, acked, checked_whole;
	struct load_errors errors;
	struct {
		uint64_t number;
		enum {
			SLOT_FREE,
			SLOT_SENT,
			SLOT_ARRIVED
		} state;
	} slots[LOAD_SLOTS];
};

/* Once. Both nodes are started; their messages come here from now on. */
void load_init(struct load *l, struct node *from, struct node *to, struct pattern *pattern);

/* Return: 0, -EINVAL (size or window), -EBUSY. */
int load_start(struct load *l, uint32_t size, unsigned int window, uint64_t duration, uint64_t now);

/* Send what the window allows. Return: the run goes on. */
bool load_poll(struct load *l, uint64_t now);

/* Number of all errors of the run. */
uint64_t load_failures(const struct load *l);
