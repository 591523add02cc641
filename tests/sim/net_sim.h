/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts with a TCP engine each and a network between them, in virtual time: seeded loss, duplication, reordering, delay,
 * jitter, a rate with a queue, paths that shrink, hosts that stand still. One thread. A packet crosses as bytes: it is
 * copied out of the sender's mbufs and into the receiver's, and a large segment is cut on the way, as a port would, or not.
 * net_sim.c: hosts and rounds; net_port.c: mbufs to packets and back; net_link.c: what happens to packets.
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

/* Losses in bursts (Gilbert and Elliott): chances that a packet ends the good time, or the bad one; loss while bad. */
struct sim_burst {
	uint32_t enter, leave, loss;
};

/* One direction; may be changed at any time. Chances in parts per million. */
struct sim_link {
	uint32_t loss, dup, reorder;
	uint32_t corrupt; /* arrives, but its checksum does not fit */
	struct sim_burst burst;
	uint64_t drop_nth; /* exactly this packet is lost, 1 = the first; 0 = none */
	uint64_t drop_every; /* each so many-th; 0 = none */
	uint64_t delay, jitter; /* each packet: delay + 0..jitter, kept in order */
	uint64_t reorder_delay; /* a reordered packet comes up to so much later */
	uint64_t rate; /* bytes per second; 0 = no limit */
	uint32_t queue; /* bytes that wait at the rate limit; more are dropped */
	uint32_t mark; /* with so many waiting ECN-capable packets are marked CE; 0 = never */
	uint32_t
		mark_all; /* from there to here by chance, which grows up to certainty (RED); 0 = at once */
	uint32_t ce; /* chance that an ECN-capable packet is marked for no reason */
	bool bleach; /* what is ECN-capable, or marked, is so no more */
	bool mangle; /* everything is marked, SYNs as well */
	uint16_t mtu; /* a router drops what is larger and says so; 0 = none */
	bool silent; /* it says nothing */
	bool down;
};

struct sim_conf {
	uint64_t seed;
	bool v6;
	unsigned int n_mbufs; /* of each host */
	uint16_t room; /* of an mbuf */
	unsigned int ring; /* packets that a port keeps for a host that does not poll */
	struct tcp_path path;
	struct tcp_config tcp;
	uint8_t ecn[2], cc[2]; /* of the hosts' paths: struct tcp_path */
	bool lro; /* a large segment crosses whole, as between virtual ports, and arrives as if the port had merged it */
	bool lro_part; /* which says of how long ones */
	struct sim_link link[2]; /* from host 0, from host 1 */
	bool strip_sack, strip_ts; /* something on the way removes these offers from SYNs */
	uint64_t
		poll_gap; /* up to so long after the first event of a round its burst is taken in */
};

/* Of one direction. */
struct sim_stats {
	uint64_t sent, delivered;
	uint64_t lost, corrupted, queue_drops, ring_drops, no_mbuf, too_big;
	uint64_t duplicated, reordered, marked, bleached;
	uint64_t waiting,
		waiting_max; /* bytes at the rate limit, as each packet found them: sum, greatest */
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
	uint64_t asleep_until; /* 0 = it polls */
	unsigned int parked; /* packets in its ring */
};

/* A wire packet on its way, or the report that it was too big, on its way back. */
struct sim_packet {
	struct sim_packet *next; /* free */
	unsigned int to;
	bool is_report;
	bool is_corrupt;
	uint8_t tos;
	uint16_t mss; /* of a large one that crosses whole */
	struct ip_flow flow; /* as the sender of @bytes sees it */
	uint32_t len;
	uint8_t bytes[]; /* from the TCP header on */
};

struct sim_flight {
	uint64_t at, order;
	struct sim_packet *p;
};

struct sim {
	struct sim_conf conf;
	uint64_t now, rng, orders;
	struct sim_host host[2];
	struct sim_stats stats[2]; /* by sender */

	/* net_link.c, by sender */
	uint64_t busy_until[2]; /* of the rate limit */
	uint64_t last_at[2]; /* keeps packets in order */
	bool is_bad[2]; /* state of the bursts */
	struct sim_flight *heap; /* by time of arrival */
	unsigned int n_heap, heap_size;
	struct sim_packet *free;
	uint32_t packet_max; /* bytes */

	/* looked at each packet that is sent; false = lose it. NULL = none. */
	bool (*filter)(void *arg, unsigned int from, const uint8_t *tcp, uint32_t len);
	void *filter_arg;
	/* told of each packet that does not arrive. NULL = nobody. */
	void (*dropped)(void *arg, unsigned int from, const struct ip_flow *flow);
	void *dropped_arg;
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

/* Host @h does not poll before @until; what arrives waits in its ring. */
void sim_sleep(struct sim *s, unsigned int h, uint64_t until);

static inline bool
sim_is_awake(const struct sim *s, unsigned int h)
{
	return s->host[h].asleep_until <= s->now;
}

uint64_t sim_random(struct sim *s, uint64_t below);

/* True @ppm times of a million. */
bool sim_chance(struct sim *s, uint32_t ppm);

/*
 * One round: time moves to the next event, at most to @until; packets are delivered in bursts, timers and polls run.
 * Return: false when @until is reached.
 */
bool sim_step(struct sim *s, uint64_t until);

/* Flow from host @h to the other. */
struct ip_flow sim_flow(const struct sim *s, unsigned int h, uint16_t local_port,
			uint16_t remote_port);
