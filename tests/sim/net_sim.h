/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts with a TCP engine each and a network between them, in virtual time: seeded loss, duplication, reordering, delay,
 * jitter, a rate with a queue. One thread. A packet crosses as bytes: it is copied out of the sender's mbufs and into
 * the receiver's, and a large segment is cut on the way, as a port would.
 */
#pragma once

#include "drivers/tcp/tcp.h"
#include "drivers/tcp/tcp_env.h"
#include "lnet/base/buf.h"
#include "lnet/base/lcore.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_US 1000ull /* ns */
#define SIM_MS (1000 * SIM_US)
#define SIM_S (1000 * SIM_MS)

/* One direction. Chances in parts per million. */
struct sim_link {
	uint32_t loss, dup, reorder;
	uint64_t delay, jitter; /* each packet: delay + 0..jitter, kept in order */
	uint64_t reorder_delay; /* a reordered packet comes up to so much later */
	uint64_t rate; /* bytes per second; 0 = no limit */
	uint32_t queue; /* bytes that wait at the rate limit; more are dropped */
	uint16_t mtu; /* a router drops what is larger and says so; 0 = none */
	bool down;
};

struct sim_conf {
	uint64_t seed;
	bool v6;
	unsigned int n_mbufs; /* of each host */
	uint16_t room; /* of an mbuf */
	struct tcp_path path;
	struct tcp_config tcp;
	struct sim_link link[2]; /* from host 0, from host 1 */
	bool strip_sack, strip_ts; /* something on the way removes these offers from SYNs */
	uint64_t
		poll_gap; /* up to so long after the first event of a round its burst is taken in */
};

struct sim_stats {
	uint64_t sent, delivered, lost, duplicated, reordered, queue_drops, too_big, no_mbuf;
};

struct sim;

struct sim_host {
	struct sim *sim;
	unsigned int index;
	struct lcore lc;
	struct buf_mem mem;
	struct tcp_env env;
	struct tcp *tcp;
	struct ipaddr addr;
};

/* A wire packet on its way, or the report that it was too big, on its way back. */
struct sim_packet {
	uint64_t at, order;
	unsigned int to;
	bool is_report;
	struct ip_flow flow; /* as the sender sees it */
	uint32_t len;
	uint8_t *bytes;
};

struct sim {
	struct sim_conf conf;
	uint64_t now, rng, orders;
	struct sim_host host[2];
	uint64_t busy_until[2]; /* of the rate limit */
	uint64_t last_at[2]; /* keeps packets in order */
	struct sim_packet *heap;
	unsigned int n_heap, heap_size;
	struct sim_stats stats;
	/* looked at each packet that is sent; false = lose it. NULL = none. */
	bool (*filter)(void *arg, unsigned int from, const uint8_t *tcp, uint32_t len);
	void *filter_arg;
};

/* Defaults: 1 ms delay, nothing lost, 9,000-byte jumbo off, engine defaults with small tables. */
void sim_conf_default(struct sim_conf *conf, uint64_t seed);

/* Return: 0, or a negative errno. */
int sim_create(const struct sim_conf *conf, struct sim **sp);

/*
 * Ends the engines and frees all.
 * Return: NULL, or what was not given back: a pool that is not full, a ledger that is not empty.
 */
const char *sim_destroy(struct sim *s);

/* Restart host @h: the engine is gone without a word, a new one starts. */
int sim_restart(struct sim *s, unsigned int h);

uint64_t sim_random(struct sim *s, uint64_t below);

/*
 * One round: time moves to the next event, at most to @until; packets are delivered in bursts, timers and polls run.
 * Return: false when @until is reached.
 */
bool sim_step(struct sim *s, uint64_t until);

/* Flow from host @h to the other. */
struct ip_flow sim_flow(const struct sim *s, unsigned int h, uint16_t local_port,
			uint16_t remote_port);
