/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts in virtual time: their memory and engines, and the rounds. */
#include "tests/sim/net_sim.h"

#include "lnet/base/pool.h"
#include "tests/sim/net_link.h"

#include <rte_mbuf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK (100 * SIM_US)
#define START (1000 * SIM_S) /* of the monotonic clock */
#define MILLION 1000000u
#define ROUNDS_MAX 8 /* polls of a host in one step */

void
sim_conf_default(struct sim_conf *conf, uint64_t seed)
{
	*conf = (struct sim_conf){
		.seed = seed,
		.n_mbufs = 8191,
		.room = 2048,
		.ring = 512,
		.path = {.mtu = 1500, .max_slices = 16},
		.link = {{.delay = SIM_MS}, {.delay = SIM_MS}},
		.poll_gap = 20 * SIM_US,
	};
	tcp_config_default(&conf->tcp);
	conf->tcp.max_conns = 64;
	conf->tcp.max_embryonic = 16;
	conf->tcp.max_in_flight = 8192;
	conf->tcp.max_gaps = 1024;
	conf->tcp.rcv_wnd_min = 64 << 10;
	conf->tcp.rcv_wnd_max = 1 << 20;
	memcpy(conf->tcp.secret, "a secret of tests", sizeof(conf->tcp.secret));
}

/* splitmix64 */
static uint64_t
next_random(struct sim *s)
{
	uint64_t z = s->rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t
sim_random(struct sim *s, uint64_t below)
{
	return below == 0 ? 0 : next_random(s) % below;
}

bool
sim_chance(struct sim *s, uint32_t ppm)
{
	return ppm > 0 && sim_random(s, MILLION) < ppm;
}

static int
path(void *arg, const struct ipaddr *, const struct ipaddr *, struct tcp_path *p)
{
	const struct sim_host *h = arg;
	const struct sim_conf *conf = &h->sim->conf;

	*p = conf->path;
	p->ecn = conf->ecn[h->index];
	p->cc = conf->cc[h->index];
	return 0;
}

/* --- rounds --- */

static uint64_t
next_event(struct sim *s)
{
	uint64_t next = sim_next_arrival(s);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		uint64_t t = timer_wheel_next(&s->host[i].lc.wheel);

		t = t > s->host[i].asleep_until ? t : s->host[i].asleep_until;
		next = t < next ? t : next;
	}
	return next > s->now ? next : s->now;
}

static void
run_host(struct sim *s, struct sim_host *h)
{
	unsigned int rounds;

	timer_wheel_run(&h->lc.wheel, s->now);
	/* a round that a callback made dirty follows at once */
	for (rounds = 0; rounds < ROUNDS_MAX && tcp_poll(h->tcp, s->now) > 0;)
		rounds++;
}

bool
sim_step(struct sim *s, uint64_t until)
{
	uint64_t next = next_event(s);
	unsigned int i;

	next = next == TIMER_NONE ? next : next + sim_random(s, s->conf.poll_gap);
	s->now = next < until ? next : until;
	for (i = 0; i < 2; i++) {
		if (sim_is_awake(s, i))
			s->host[i].asleep_until = s->host[i].parked = 0;
	}
	sim_port_deliver(s);
	for (i = 0; i < 2; i++) {
		if (sim_is_awake(s, i))
			run_host(s, &s->host[i]);
	}
	return s->now < until;
}

void
sim_sleep(struct sim *s, unsigned int h, uint64_t until)
{
	s->host[h].asleep_until = until;
}

/* --- hosts --- */

static int
ledger_start(struct sim_host *h)
{
	const struct sim_conf *c = &h->sim->conf;
	struct ledger_conf lc = {
		.mbuf_size = (uint32_t)sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + c->room,
		.mbuf_room = c->room,
		.mtu = c->path.mtu < 1500 ? c->path.mtu : 1500,
		.rx_desc = 128,
		.tx_desc = 128,
		.burst = 64,
		.conns = 32,
		.window_min = 16 << 10,
	};
	struct ledger_plan plan;
	int rc;

	lc.reorder = (uint64_t)c->n_mbufs * lc.mbuf_size / 4;
	rc = ledger_plan_make(&plan, &lc, (uint64_t)c->n_mbufs * lc.mbuf_size);
	return rc < 0 ? rc : ledger_init(&h->lc.ledger, &plan);
}

static int
host_start(struct sim *s, unsigned int i)
{
	struct sim_host *h = &s->host[i];
	char name[16];
	int rc;

	h->sim = s;
	h->index = i;
	h->addr = ipaddr_v4(0x0a000001 + i);
	if (s->conf.v6)
		h->addr = ipaddr_v6((uint8_t[16]){0xfd, [15] = (uint8_t)(1 + i)});
	h->env = (struct tcp_env){.arg = h, .path = path, .output = sim_port_output};
	rc = lcore_init(&h->lc, 0, 1, 0, s->now, TICK);
	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "sim%u", i);
	rc = buf_mem_create(&h->mem, name, s->conf.n_mbufs, s->conf.room, SOCKET_ID_ANY);
	if (rc < 0)
		return rc;
	h->lc.mem = &h->mem;
	rc = ledger_start(h);
	return rc < 0 ? rc : tcp_create(&h->lc, &h->env, &s->conf.tcp, s->now, &h->tcp);
}

int
sim_create(const struct sim_conf *conf, struct sim **sp)
{
	struct sim *s = calloc(1, sizeof(*s));
	unsigned int i;
	int rc;

	s->conf = *conf;
	s->rng = conf->seed;
	s->now = START;
	s->packet_max = conf->lro ? UINT16_MAX : conf->path.mtu;
	for (i = 0; i < 2; i++) {
		rc = host_start(s, i);
		if (rc < 0)
			return rc;
	}
	*sp = s;
	return 0;
}

int
sim_restart(struct sim *s, unsigned int i)
{
	struct sim_host *h = &s->host[i];

	tcp_destroy(h->tcp, s->now);
	/* what marks the new life: the wall clock went on */
	s->conf.tcp.clock_offset += SIM_S;
	return tcp_create(&h->lc, &h->env, &s->conf.tcp, s->now, &h->tcp);
}

static const char *
host_stop(struct sim_host *h)
{
	const char *leak = NULL;

	tcp_destroy(h->tcp, h->sim->now);
	if (!rte_mempool_full(h->mem.mbufs))
		leak = "mbufs leaked";
	else if (!rte_mempool_full(h->mem.indirect))
		leak = "indirect mbufs leaked";
	else if (pool_used(h->mem.slices) != 0)
		leak = "slices leaked";
	else if (ledger_used(&h->lc.ledger) != 0 || h->lc.ledger.conns != 0)
		leak = "the ledger is not empty";
	else if (h->lc.wheel.count != 0)
		leak = "timers are armed";
	buf_mem_destroy(&h->mem);
	lcore_fini(&h->lc);
	return leak;
}

const char *
sim_destroy(struct sim *s)
{
	const char *leak[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		leak[i] = host_stop(&s->host[i]);
	sim_link_fini(s);
	free(s);
	return leak[0] != NULL ? leak[0] : leak[1];
}

struct ip_flow
sim_flow(const struct sim *s, unsigned int h, uint16_t local_port, uint16_t remote_port)
{
	return (struct ip_flow){
		.local = s->host[h].addr,
		.remote = s->host[!h].addr,
		.local_port = local_port,
		.remote_port = remote_port,
	};
}
