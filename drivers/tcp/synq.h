/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue of half-open connections (request.h): bounded, shared fairly among sources (RFC 4987 3.3, fair.h), with one
 * timer for all. Only a few requests hold a place in the ledger, which they need to promise a wide window; in a crowd the
 * window is small until the connection is there. Thread: the engine's lcore.
 */
#pragma once

#include "drivers/tcp/flows.h"
#include "drivers/tcp/request.h"
#include "lnet/base/fair.h"
#include "lnet/base/timer.h"

struct tcp;
struct tcp_listener;

#define TCP_SYNQ_STAGES 16 /* SYN-ACKs at most, the first included */

struct tcp_synq {
	struct tcp_request *mem;
	unsigned int size;
	struct tcp_flows flows; /* of mem */
	struct tcp_request_list free;
	struct tcp_request_list stage[TCP_SYNQ_STAGES]; /* the first to be due first */
	struct fair sources;
	unsigned int windows; /* requests with an account */
	struct timer timer;
};

/* Thread: control. Return: 0, -ENOMEM. */
int tcp_synq_create(struct tcp *t);
void tcp_synq_destroy(struct tcp *t);

/* A SYN of a flow that is not known. @isn_above: our numbers must begin above it; NULL = anywhere. */
void tcp_synq_add(struct tcp_listener *l, const struct ip_flow *flow, uint8_t tos,
		  const struct tcp_segment *s, const uint32_t *isn_above, uint64_t now);

/* Return: the half-open connection of @flow, or NULL. */
struct tcp_request *tcp_synq_find(struct tcp *t, const struct ip_flow *flow);

/* Forget it, or all of them, without a word. */
void tcp_synq_remove(struct tcp *t, struct tcp_request *r);
void tcp_synq_clear(struct tcp *t);

/* Reset what is half-open at @l. */
void tcp_synq_unlisten(struct tcp_listener *l, uint64_t now);

/*
 * The window that its SYN-ACK announces: what each connection has for certain, or more if memory can be held for it. It
 * never shrinks.
 */
void tcp_synq_hold_window(struct tcp *t, struct tcp_request *r);
void tcp_synq_release_window(struct tcp *t, struct tcp_request *r);

/* A connection needs a place in the ledger: a request that holds one is dropped. Return: false: none does. */
bool tcp_synq_give_way(struct tcp *t);
