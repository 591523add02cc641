/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one way from worker to worker: typed objects over single-producer single-consumer rings, sent and received
 * in bursts. Two classes: lossy (packets: refused when the ring is full, the sender counts and frees) and
 * reliable (messages and completions: the ring is as large as the pools that they come from, so it cannot
 * overflow). Order is kept per sender, receiver and class.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct channel;

enum channel_type {
	CHANNEL_PACKET, /* struct rte_mbuf *, lossy */
	CHANNEL_MSG, /* struct lnet_msg * to the next hop's home, reliable */
	CHANNEL_DONE, /* struct lnet_msg * back to the source's home, reliable */
	CHANNEL_TYPES
};

/* @objs: @n objects of one type and one sender. Thread: the receiver. */
struct channel_handler {
	void (*fn)(void *ctx, void **objs, unsigned int n, uint64_t now);
	void *ctx;
};

/*
 * @workers	number of workers (> 1)
 * @lossy	packets that may wait per pair
 * @reliable	messages that exist per sender, at most: one more and the program ends. Twice as many fit, since those of
 *		the receiver come home the same way
 * Thread: control. Return: 0, -ENOMEM.
 */
int channel_create(unsigned int workers, unsigned int lossy, unsigned int reliable,
		   struct channel **chp);
/* The rings must be empty. */
void channel_destroy(struct channel *ch);

/* Thread: control, before the workers run. */
void channel_set_handler(struct channel *ch, unsigned int worker, enum channel_type type,
			 struct channel_handler handler);

/*
 * Stage @obj for worker @to; it leaves with the next channel_flush().
 * Thread: worker @from. Return: 0, -ENOBUFS (lossy only: the caller keeps the object).
 */
int channel_send(struct channel *ch, unsigned int from, unsigned int to, enum channel_type type,
		 void *obj);

/* Hand over what is staged. Thread: worker @from, at the end of each round and of each burst. */
void channel_flush(struct channel *ch, unsigned int from);

/* Poller: receive and handle. Thread: worker @to. Return: objects handled. */
unsigned int channel_poll(struct channel *ch, unsigned int to, uint64_t now);
