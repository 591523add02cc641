/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Places in a bounded queue, shared fairly among sources: when it is full, whoever has most of them gives one up, so that no
 * source can push out another's. Sources fall into 256 classes by a keyed hash. A port below 1024 says that it is the other
 * host's administrator who asks: all others give way first. Thread: the engine's lcore.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct ip_flow;
struct tcp;

#define TCP_FAIR_CLASSES 256 /* of each kind of port */
#define TCP_FAIR_MAX UINT16_MAX /* places */

/* Embed it. */
struct tcp_fair_link {
	TAILQ_ENTRY(tcp_fair_link) link;
	uint16_t class;
};
TAILQ_HEAD(tcp_fair_list, tcp_fair_link);

struct tcp_fair {
	struct tcp_fair_list
		list[2 * TCP_FAIR_CLASSES]; /* the oldest first; privileged ports above */
	uint16_t n[2 * TCP_FAIR_CLASSES];
	unsigned int total, unprivileged;
};

void tcp_fair_init(struct tcp_fair *f);

/* The class of a flow's remote end. */
uint16_t tcp_fair_class(const struct tcp *t, const struct ip_flow *flow);

static inline bool
tcp_fair_is_privileged(uint16_t class)
{
	return class >= TCP_FAIR_CLASSES;
}

void tcp_fair_add(struct tcp_fair *f, struct tcp_fair_link *l, uint16_t class);
void tcp_fair_remove(struct tcp_fair *f, struct tcp_fair_link *l);

/*
 * Who gives way to one more of @class: the oldest of the class that has most; NULL = nobody of its kind is there, or all are
 * privileged and @class is not.
 */
struct tcp_fair_link *tcp_fair_victim(const struct tcp_fair *f, uint16_t class);
