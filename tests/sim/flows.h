/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows from host 0 to host 1 of a simulation, for tests that ask how fast and how fair: what arrives is thrown away. A flow that is
 * greedy sends for ever; another sends what it is told. Whatever goes wrong fails the test.
 */
#pragma once

#include "tests/sim/net_sim.h"

#define FLOWS_MAX 8
#define FLOWS_PORT 988
#define GBIT 125000000ull /* bytes per second */
#define HEADERS 52 /* of a packet: IPv4, TCP, timestamps */

struct flow {
	struct flows *all;
	struct tcp_conn *c;
	uint64_t received;
};

struct flows {
	struct sim *sim;
	struct flow tx[FLOWS_MAX], rx[FLOWS_MAX];
	unsigned int n, broken;
	bool greedy; /* from the start; may be changed */
};

/* A simulation with @n flows to come, that are greedy. @all must not move. */
void flows_open(struct flows *all, const struct sim_conf *conf, unsigned int n);

/* Connect the @i-th. */
void flows_start(struct flows *all, unsigned int i);

/* Send @bytes on the @i-th. */
void flows_write(struct flows *all, unsigned int i, uint32_t bytes);

/* So much time passes. */
void flows_run(struct flows *all, uint64_t ns);

/* All is given back. */
void flows_close(struct flows *all);

/* Bytes of each flow in @ns from now. */
void flows_take_shares(struct flows *all, uint64_t ns, double *share);

double flows_sum(const double *share, unsigned int n);

/* Jain's index of fairness. */
double flows_jain(const double *share, unsigned int n);

/* Of the engine of host @h. */
uint64_t flows_count(const struct flows *all, unsigned int h, enum tcp_counter id);
