/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node of the benchmark: one port, an IP stack, a TCP engine, socklnd, and bench/core.h above. Several live in one process
 * and are polled in turn by one thread, which is their worker and their control thread at once.
 */
#pragma once

#include "bench/core.h"
#include "bench/stack.h"

struct node_conf {
	const char *interface; /* as the router's --interface takes it, named p0 */
	const char *nid, *gateway;
	uint16_t mtu;
	unsigned int mbufs; /* its share of @mem */
	unsigned int mbuf_room;
};

struct node {
	struct stack stack;
	struct socklnd *socklnd;
	struct lnet_ni ni;
	struct lnet_cpt core;
};

/* Return: 0, -errno with @why. */
int node_start(struct node *n, const struct node_conf *conf, const struct buf_mem *mem,
	       uint64_t now, char *why, unsigned int why_size);

/* One round. Return: items handled. */
unsigned int node_poll(struct node *n, uint64_t now);

/* What is not urgent: link state. Every 100 ms. */
void node_control(struct node *n, uint64_t now);

/*
 * Close the connections; call it with node_poll() in between until it returns 0. Return: things still alive.
 */
unsigned int node_detach(struct node *n, uint64_t now);

/* After node_detach() gave 0, or at the end of patience. */
void node_stop(struct node *n, uint64_t now);
