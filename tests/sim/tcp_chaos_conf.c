/* SPDX-License-Identifier: BSD-3-Clause */
/* From a seed to a whole configuration. */
#include "tests/sim/tcp_chaos.h"

#include <inttypes.h>
#include <stdio.h>

/* splitmix64: the generator of the simulator begins with another number, so that the two do not go in step. */
static uint64_t
draw(uint64_t *rng, uint64_t below)
{
	uint64_t z = *rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return below == 0 ? 0 : (z ^ z >> 31) % below;
}

static bool
one_in(uint64_t *rng, unsigned int n)
{
	return draw(rng, n) == 0;
}

/* Each order of magnitude as often as each other. */
static uint64_t
draw_log(uint64_t *rng, uint64_t min, uint64_t max)
{
	unsigned int doublings = 0;
	uint64_t top;

	while (max >> doublings > min)
		doublings++;
	top = min << draw(rng, doublings + 1);
	return top < max ? top + draw(rng, (2 * top < max ? top : max - top) + 1) : max;
}

static void
draw_rate(struct sim_link *l, uint64_t *rng)
{
	l->rate = draw_log(rng, 1250000, 125000000); /* 10 to 1,000 Mbit/s */
	l->queue = (uint32_t)draw_log(rng, 10000, 1000000);
	if (one_in(rng, 2))
		l->mark = l->queue / 4;
}

static void
draw_link(struct sim_link *l, uint64_t *rng)
{
	l->delay = draw_log(rng, 10 * SIM_US, 20 * SIM_MS);
	if (one_in(rng, 2))
		l->jitter = draw(rng, 1 + l->delay / 2);
	if (one_in(rng, 2))
		l->loss = (uint32_t)draw_log(rng, 100, 50000);
	if (one_in(rng, 4))
		l->burst = (struct sim_burst){
			.enter = (uint32_t)draw_log(rng, 100, 5000),
			.leave = 50000 + (uint32_t)draw(rng, 450000),
			.loss = 200000 + (uint32_t)draw(rng, 800000),
		};
	if (one_in(rng, 4))
		l->corrupt = (uint32_t)draw_log(rng, 100, 10000);
	if (one_in(rng, 3))
		l->dup = (uint32_t)draw_log(rng, 100, 50000);
	if (one_in(rng, 3)) {
		l->reorder = (uint32_t)draw_log(rng, 100, 100000);
		l->reorder_delay = draw_log(rng, 50 * SIM_US, 10 * SIM_MS);
	}
	if (one_in(rng, 6))
		l->drop_nth = 1 + draw(rng, 100);
	if (one_in(rng, 5))
		draw_rate(l, rng);
}

static void
draw_path(struct sim_conf *conf, uint64_t *rng)
{
	static const uint16_t mtus[] = {1500, 1500, 1280, 9000, 4000};

	conf->path = (struct tcp_path){
		.mtu = mtus[draw(rng, 5)],
		.max_slices = (uint16_t)draw(rng, 9),
	};
	if (one_in(rng, 2)) {
		conf->path.tso_max = (uint32_t)(conf->path.mtu + draw(rng, 60000));
		conf->path.tso_max_slices = (uint16_t)(2 + draw(rng, 63));
	}
}

static void
draw_hosts(struct sim_conf *conf, uint64_t *rng)
{
	struct tcp_config *tcp = &conf->tcp;

	conf->v6 = one_in(rng, 3);
	conf->n_mbufs = one_in(rng, 4) ? 1535 : 4095;
	conf->ring = one_in(rng, 3) ? 4 + (unsigned int)draw(rng, 28) : 512;
	conf->poll_gap = draw_log(rng, SIM_US, 200 * SIM_US);
	conf->strip_sack = one_in(rng, 6);
	conf->strip_ts = one_in(rng, 6);
	tcp->cc = one_in(rng, 3) ? TCP_CC_NEWRENO : TCP_CC_CUBIC;
	tcp->rcv_wnd_min = (uint32_t)draw_log(rng, 16 << 10, 256 << 10);
	tcp->rcv_wnd_max = (uint32_t)draw_log(rng, tcp->rcv_wnd_min, 2 << 20);
	if (one_in(rng, 4)) {
		tcp->max_in_flight = 32 + (unsigned int)draw(rng, 200);
		tcp->max_gaps = 1 + (unsigned int)draw(rng, 16);
	}
	tcp->delack = 1 + draw(rng, 100 * SIM_MS);
	tcp->keepalive_idle = SIM_S + draw(rng, 3 * SIM_S);
	tcp->keepalive_intvl = SIM_S;
	/* the watch says when it takes too long; nothing is to give up before */
	tcp->connect_timeout = tcp->user_timeout = 300 * SIM_S;
	tcp->keepalive_count = 100;
	/* a FIN that comes again, after the longest timeout, still finds its peer */
	tcp->time_wait = 3 * tcp->rto_max;
	tcp->clock_offset = draw(rng, UINT64_C(1) << 50);
}

static void
draw_ecn(struct sim_conf *conf, uint64_t *rng)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct sim_link *l = &conf->link[i];

		conf->ecn[i] = (uint8_t)draw(rng, 3);
		if (conf->ecn[i] != TCP_ECN_OFF && one_in(rng, 3))
			conf->cc[i] = TCP_CC_DCTCP;
		if (one_in(rng, 3))
			l->ce = (uint32_t)draw_log(rng, 1000, 500000);
		l->mark_all = one_in(rng, 2) ? 2 * l->mark : 0;
		l->bleach = one_in(rng, 12);
		l->mangle = one_in(rng, 12);
	}
}

static void
draw_users(struct streams_conf *users, uint64_t *rng)
{
	unsigned int h;

	users->n = 1 + (unsigned int)draw(rng, 4);
	for (h = 0; h < 2; h++)
		users->bytes[h] = (uint32_t)draw_log(rng, one_in(rng, 8) ? 1 : 10000,
						     one_in(rng, 20) ? 4 << 20 : 300000);
	users->queue_max = (uint32_t)draw_log(rng, 16 << 10, 256 << 10);
	users->write_max = (uint32_t)draw_log(rng, 100, 64 << 10);
	users->both_dial = one_in(rng, 2);
	users->stall_max = 3 * SIM_S;
	if (one_in(rng, 3))
		users->stall_ppm = (uint32_t)draw_log(rng, 1000, 50000);
	if (one_in(rng, 4))
		users->expect_ppm = 200000;
}

static void
draw_accident(struct chaos_accident *a, const struct chaos_conf *conf, uint64_t *rng)
{
	uint64_t packets = (uint64_t)conf->users.n * (conf->users.bytes[0] + conf->users.bytes[1]) /
		conf->sim.path.mtu;
	uint16_t min = conf->sim.v6 ? 1280 : 600;

	*a = (struct chaos_accident){
		.kind = (enum chaos_kind)draw(rng, CHAOS_KINDS),
		.at = draw(rng, 10 + 2 * packets),
		.who = (unsigned int)draw(rng, 2),
		.time = draw_log(rng, SIM_MS, 2 * SIM_S),
		.mtu = (uint16_t)(min + draw(rng, conf->sim.path.mtu - min + 1)),
	};
	if (a->kind == CHAOS_DOWN)
		a->who = (unsigned int)draw(rng, 3);
	/* the restart of a host throws a whole run back: not too often */
	if (a->kind == CHAOS_RESTART && !one_in(rng, 2))
		a->kind = CHAOS_RENEGE;
}

/* In the middle of what is sent, or of the time that most of it takes. */
static void
draw_wrap(struct chaos_conf *conf, uint64_t *rng)
{
	struct chaos_wrap *w = &conf->wrap;

	w->host = (unsigned int)draw(rng, 2);
	w->ts = one_in(rng, 4);
	w->at = 1 + (uint32_t)(w->ts ? draw(rng, 500) : draw(rng, conf->users.bytes[w->host]));
}

void
chaos_conf_draw(struct chaos_conf *conf, uint64_t seed)
{
	uint64_t rng = seed * 0xd1342543de82ef95;
	unsigned int i;

	*conf = (struct chaos_conf){0};
	sim_conf_default(&conf->sim, seed);
	draw_path(&conf->sim, &rng);
	draw_hosts(&conf->sim, &rng);
	for (i = 0; i < 2; i++)
		draw_link(&conf->sim.link[i], &rng);
	draw_users(&conf->users, &rng);
	if (one_in(&rng, 2))
		conf->n_accidents = 1 + (unsigned int)draw(&rng, CHAOS_ACCIDENTS_MAX);
	for (i = 0; i < conf->n_accidents; i++)
		draw_accident(&conf->accidents[i], conf, &rng);
	draw_ecn(&conf->sim, &rng);
	draw_wrap(conf, &rng);
	conf->sim.lro = conf->sim.path.tso_max > 0 && one_in(&rng, 2);
	conf->sim.lro_part = one_in(&rng, 2);
	if (one_in(&rng, 4))
		conf->sim.path.tso_mss_min = (uint16_t)draw(&rng, 1500);
}

static void
print_ecn(const struct sim_conf *s)
{
	static const char *const modes[] = {"passive", "off", "on"};
	unsigned int i;

	for (i = 0; i < 2; i++)
		printf("host %u: ECN %s%s, marks %u ppm%s%s\n", i, modes[s->ecn[i]],
		       s->cc[i] == TCP_CC_DCTCP ? " DCTCP" : "", s->link[i].ce,
		       s->link[i].bleach ? ", bleached" : "", s->link[i].mangle ? ", mangled" : "");
}

static void
print_link(const struct sim_link *l, unsigned int from)
{
	printf("from host %u: loss %u burst %u/%u/%u corrupt %u dup %u reorder %u ppm by %.3f ms, delay %.3f + %.3f ms, nth %" PRIu64
	       ", rate %" PRIu64 " B/s queue %u mark %u\n",
	       from, l->loss, l->burst.enter, l->burst.leave, l->burst.loss, l->corrupt, l->dup,
	       l->reorder, (double)l->reorder_delay / SIM_MS, (double)l->delay / SIM_MS,
	       (double)l->jitter / SIM_MS, l->drop_nth, l->rate, l->queue, l->mark);
}

void
chaos_conf_print(const struct chaos_conf *conf)
{
	static const char *const kinds[CHAOS_KINDS] = {"restart", "sleep", "down",
						       "mtu",	  "hole",  "renege"};
	const struct sim_conf *s = &conf->sim;
	const struct streams_conf *u = &conf->users;
	unsigned int i;

	printf("IPv%d mtu %u tso %u/%u%s slices %u mbufs %u ring %u poll gap %.3f ms%s%s, %s window %u to %u, %u in flight, %u gaps, "
	       "delack %.3f ms\n",
	       s->v6 ? 6 : 4, s->path.mtu, s->path.tso_max, s->path.tso_max_slices,
	       s->lro ? " whole" : "", s->path.max_slices, s->n_mbufs, s->ring,
	       (double)s->poll_gap / SIM_MS, s->strip_sack ? " no SACK" : "",
	       s->strip_ts ? " no timestamps" : "", s->tcp.cc == TCP_CC_CUBIC ? "CUBIC" : "NewReno",
	       s->tcp.rcv_wnd_min, s->tcp.rcv_wnd_max, s->tcp.max_in_flight, s->tcp.max_gaps,
	       (double)s->tcp.delack / SIM_MS);
	for (i = 0; i < 2; i++)
		print_link(&s->link[i], i);
	print_ecn(s);
	printf("%u streams%s of %u and %u bytes, queue %u, writes to %u, stalls %u expect %u ppm\n",
	       u->n, u->both_dial ? " from both hosts" : "", u->bytes[0], u->bytes[1], u->queue_max,
	       u->write_max, u->stall_ppm, u->expect_ppm);
	printf("%s of host %u wrap at %u\n", conf->wrap.ts ? "timestamps" : "numbers",
	       conf->wrap.host, conf->wrap.at);
	for (i = 0; i < conf->n_accidents; i++) {
		const struct chaos_accident *a = &conf->accidents[i];

		printf("packet %" PRIu64 ": %s of %u for %.3f s, mtu %u\n", a->at, kinds[a->kind],
		       a->who, (double)a->time / SIM_S, a->mtu);
	}
}
