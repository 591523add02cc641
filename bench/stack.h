/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One port, an IP stack and a TCP engine, joined as the router joins them, for programs that put something else than the
 * router above. One thread polls it: it is worker and control thread at once.
 */
#pragma once

#include "drivers/tcp/tcp_env.h"
#include "lnet/base/lcore.h"

struct ether_link_ops;
struct tcp_config;

struct stack_conf {
	const char *interface; /* as the router's --interface takes it */
	uint16_t mtu;
	unsigned int mbufs; /* its share of the memory */
	unsigned int mbuf_room;
	const struct ether_link_ops *link;
	const struct tcp_config *tcp;
};

struct stack {
	struct lcore lc;
	struct ether *ether;
	struct ether_lcore *el;
	struct tcp *tcp;
	struct tcp_env env;
};

/* @s is zero and is to be stopped also after a failure. Return: 0, -errno with @why. */
int stack_start(struct stack *s, const struct stack_conf *conf, const struct buf_mem *mem,
		uint64_t now, char *why, unsigned int why_size);

/* One round. Return: items handled. */
unsigned int stack_poll(struct stack *s, uint64_t now);

/* Its connections end without a word; the port is closed. Return: timers that nobody has disarmed: 0. */
uint64_t stack_stop(struct stack *s, uint64_t now);
