/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run in which everything may happen: a seed gives the network, the hosts, the users and the accidents. tcp_chaos_conf.c
 * draws them, tcp_chaos.c runs them.
 */
#pragma once

#include "tests/sim/streams.h"

#define CHAOS_ACCIDENTS_MAX 4

enum chaos_kind {
	CHAOS_RESTART, /* of a host */
	CHAOS_SLEEP, /* of a host, for a while */
	CHAOS_DOWN, /* the link, one direction or both, for a while */
	CHAOS_MTU, /* the path shrinks, for good, and says so */
	CHAOS_HOLE, /* the path shrinks without a word, for a while */
	CHAOS_RENEGE, /* a host throws away what it holds out of order */
	CHAOS_KINDS
};

struct chaos_accident {
	enum chaos_kind kind;
	uint64_t at; /* happens when so many packets were sent */
	unsigned int who; /* host, or sender of the direction; 2 = both directions */
	uint64_t time; /* how long, ns */
	uint16_t mtu;
};

/* Where the numbers or the timestamps of one host's end of stream 0 wrap. */
struct chaos_wrap {
	unsigned int host;
	uint32_t at; /* byte, or ms after the start */
	bool ts;
};

struct chaos_conf {
	struct sim_conf sim;
	struct chaos_wrap wrap;
	struct streams_conf users;
	struct chaos_accident accidents[CHAOS_ACCIDENTS_MAX];
	unsigned int n_accidents;
};

/* What happened in many runs. */
struct chaos_sum {
	uint64_t counters[TCP_COUNTERS];
	struct sim_stats stats;
	unsigned int accidents[CHAOS_KINDS];
	unsigned int reopened;
	unsigned int wrapped, ts_wrapped; /* times that a connection was seen to be so */
	double tightest;
};

/* What @seed stands for. */
void chaos_conf_draw(struct chaos_conf *conf, uint64_t seed);
void chaos_conf_print(const struct chaos_conf *conf);

/*
 * Run it, and add what happened to @sum.
 * Return: NULL, or what went wrong; printed with the state of all connections.
 */
const char *chaos_run(const struct chaos_conf *conf, struct chaos_sum *sum);
