/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Not only does all arrive: it arrives as fast as the congestion control promises, and flows that share a bottleneck share
 * it fairly. The model is RFC 9438 itself, run on paper: once a round trip the window grows as sections 4.2 to 4.4
 * say, and it shrinks by section 4.6 when a packet is lost.
 */
#include "tests/fake/eal.h"
#include "tests/sim/flows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void
base_conf(struct sim_conf *conf, uint64_t rtt)
{
	unsigned int i;

	sim_conf_default(conf, 1);
	conf->n_mbufs = 32767;
	conf->poll_gap = 0;
	conf->tcp.rcv_wnd_min = 1 << 20;
	conf->tcp.rcv_wnd_max = 8 << 20;
	for (i = 0; i < 2; i++)
		conf->link[i] =
			(struct sim_link){.delay = rtt / 2, .rate = 10 * GBIT, .queue = 32 << 20};
}

/* --- the model --- */

#define C 0.4
#define BETA 0.7
#define ALPHA (3 * (1 - BETA) / (1 + BETA))
#define MODEL_ROUNDS 2000000

/* Mean window of an AIMD flow, segments, with one loss every 1/p packets: RFC 9438 4.3 figure 3, RFC 5348's square root. */
static double
friendly_window(double p)
{
	return sqrt(ALPHA * (1 + BETA) / (2 * (1 - BETA) * p));
}

/* The same of CUBIC proper: RFC 9438 5.1 figure 5. */
static double
cubic_window(double p, double rtt)
{
	return pow(C * (3 + BETA) / (4 * (1 - BETA)), 0.25) * pow(rtt / p, 0.75);
}

struct model {
	double w, w_max, w_est, prior, k, t;
};

static void
model_loss(struct model *m)
{
	m->w_max = m->w < m->w_max ? m->w * (1 + BETA) / 2 : m->w; /* 4.7 */
	m->prior = m->w;
	m->w = fmax(m->w * BETA, 2);
	m->w_est = m->w;
	m->k = m->w_max > m->w ? cbrt((m->w_max - m->w) / C) : 0;
	m->w_max = m->k > 0 ? m->w_max : m->w;
	m->t = 0;
}

static void
model_round(struct model *m, double rtt)
{
	double target;

	m->w_est += m->w_est >= m->prior ? 1 : ALPHA; /* 4.3 */
	target = C * pow(m->t + rtt - m->k, 3) + m->w_max; /* 4.2 */
	m->t += rtt;
	if (C * pow(m->t - m->k, 3) + m->w_max < m->w_est)
		m->w = fmax(m->w, m->w_est);
	else
		m->w = fmin(fmax(target, m->w), 1.5 * m->w);
}

/* Segments per round trip of a flow that loses packets at random, or each 1/p-th. A loss is repaired in one round trip. */
static double
model_window(double p, double rtt, bool random)
{
	struct model m = {.w = 10, .w_est = 10};
	double sum = 0, sent = 0;
	unsigned int i;

	srand48(1);
	for (i = 0; i < MODEL_ROUNDS; i++) {
		sum += m.w;
		sent += m.w;
		if (random ? drand48() < 1 - pow(1 - p, m.w) : sent * p >= 1) {
			sent = 0;
			model_loss(&m);
			sum += m.w;
			i++;
		} else {
			model_round(&m, rtt);
		}
	}
	return sum / MODEL_ROUNDS;
}

/* --- one flow --- */

struct one {
	const char *name;
	uint64_t rtt; /* ns */
	uint64_t every; /* packets per loss */
	uint64_t ns; /* virtual time */
	bool random;
};

/* Return: the goodput as a mean window, segments. */
static double
measure(const struct one *o)
{
	struct sim_conf conf;
	struct flows all;
	uint64_t before;
	double window;

	base_conf(&conf, o->rtt);
	if (o->random)
		conf.link[0].loss = (uint32_t)(1000000 / o->every);
	else
		conf.link[0].drop_every = o->every;
	flows_open(&all, &conf, 1);
	flows_start(&all, 0);
	flows_run(&all, o->ns / 10);
	before = all.rx[0].received;
	flows_run(&all, o->ns);
	window = (double)(all.rx[0].received - before) / (double)o->ns * (double)o->rtt /
		(conf.path.mtu - HEADERS);
	flows_close(&all);
	return window;
}

static void
goodput_is_that_of_the_model(void **)
{
	static const struct one ones[] = {
		{"1 ms, 0.1 % random", SIM_MS, 1000, 60 * SIM_S, true},
		{"10 ms, 0.01 % random", 10 * SIM_MS, 10000, 400 * SIM_S, true},
		{"1 ms, each 1,000th", SIM_MS, 1000, 10 * SIM_S, false},
		{"10 ms, each 10,000th", 10 * SIM_MS, 10000, 100 * SIM_S, false},
		{"100 ms, each 100,000th", 100 * SIM_MS, 100000, 400 * SIM_S, false},
	};
	unsigned int i;

	for (i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
		const struct one *o = &ones[i];
		double p = 1.0 / (double)o->every, rtt = (double)o->rtt / SIM_S;
		double friendly = friendly_window(p), cubic = cubic_window(p, rtt);
		double model = model_window(p, rtt, o->random), got = measure(o);

		print_message("%s: %.1f segments; model %.1f (Reno-friendly %.1f, CUBIC %.1f)\n",
			      o->name, got, model, friendly, cubic);
		/* the RFC's own figures, which hold for evenly spaced losses */
		if (!o->random)
			assert_true(fabs(got - fmax(friendly, cubic)) < 0.1 * got);
		if (fabs(got - model) > 0.1 * model)
			fail_msg("%s: %.1f segments, the model says %.1f", o->name, got, model);
	}
}

/* --- several flows --- */

/* 100 Mbit/s and 10 ms, with a queue of one product of the two. */
static void
shared_conf(struct sim_conf *conf)
{
	base_conf(conf, 10 * SIM_MS);
	conf->poll_gap = 20 * SIM_US;
	conf->link[0].rate = GBIT / 10;
	conf->link[0].queue = GBIT / 10 / 100;
	/* what two hosts on one wire have: their packets do not arrive in lock-step */
	conf->link[0].jitter = conf->link[1].jitter = 100 * SIM_US;
}

static double
used(const double *share, unsigned int n, uint64_t ns)
{
	return flows_sum(share, n) / ((double)ns / SIM_S * GBIT / 10);
}

static void
flows_share_a_bottleneck(void **)
{
	struct sim_conf conf;
	struct flows all;
	double share[FLOWS_MAX], index;
	unsigned int n, i;

	shared_conf(&conf);
	for (n = 2; n <= FLOWS_MAX; n += 2) {
		flows_open(&all, &conf, n);
		for (i = 0; i < n; i++)
			flows_start(&all, i);
		flows_run(&all, 10 * SIM_S);
		flows_take_shares(&all, 60 * SIM_S, share);
		index = flows_jain(share, n);
		print_message("%u flows: index %.3f, %.1f %% of the rate\n", n, index,
			      100 * used(share, n, 60 * SIM_S));
		assert_true(index >= 0.95);
		assert_true(used(share, n, 60 * SIM_S) > 0.9);
		flows_close(&all);
	}
}

static void
late_starter_gets_its_share(void **)
{
	struct sim_conf conf;
	struct flows all;
	double share[FLOWS_MAX];

	shared_conf(&conf);
	flows_open(&all, &conf, 4);
	flows_start(&all, 0);
	flows_start(&all, 1);
	flows_start(&all, 2);
	flows_run(&all, 20 * SIM_S);
	flows_start(&all, 3);
	flows_run(&all, 10 * SIM_S);
	flows_take_shares(&all, 40 * SIM_S, share);
	print_message("late starter: %.2f of a fair share, index %.3f\n",
		      4 * share[3] / (share[0] + share[1] + share[2] + share[3]),
		      flows_jain(share, 4));
	assert_true(flows_jain(share, 4) >= 0.95);
	assert_true(4 * share[3] > 0.75 * (share[0] + share[1] + share[2] + share[3]));
	flows_close(&all);
}

static int
group_setup(void **)
{
	return fake_eal_init(512);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goodput_is_that_of_the_model),
		cmocka_unit_test(flows_share_a_bottleneck),
		cmocka_unit_test(late_starter_gets_its_share),
	};

	return cmocka_run_group_tests_name("tcp_converge_sim", tests, group_setup, NULL);
}
