/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Not only does all arrive: it arrives as fast as the congestion control promises, and flows that share a bottleneck share
 * it fairly. The model is RFC 9438 itself, run on paper: once a round trip the window grows as sections 4.2 to 4.4
 * say, and it shrinks by section 4.6 when a packet is lost.
 */
#include "tests/fake/eal.h"
#include "tests/sim/net_sim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PORT 988
#define FLOWS_MAX 8
#define QUEUE (8u << 20) /* bytes that a sender keeps in the engine */
#define CHUNK (64u << 10)
#define GBIT 125000000ull /* bytes per second */
#define HEADERS 52 /* of a packet: IPv4, TCP, timestamps */

/* --- users that send for ever and throw away --- */

struct flow {
	struct flows *all;
	struct tcp_conn *c;
	uint64_t received;
};

struct flows {
	struct sim *sim;
	struct flow tx[FLOWS_MAX], rx[FLOWS_MAX];
	unsigned int n, broken;
};

static void
write_more(struct flow *f, uint64_t now)
{
	static const uint8_t bytes[CHUNK];
	const struct sim_host *h = &f->all->sim->host[0];
	struct buf b = {0};

	while (tcp_queued(f->c) - tcp_acked(f->c) < QUEUE / f->all->n) {
		assert_int_equal(buf_copy_in(&b, &h->mem, bytes, CHUNK), 0);
		assert_int_equal(tcp_send(f->c, &b, false, now), 0);
	}
}

static void
on_connected(struct tcp_conn *, void *user, uint64_t now)
{
	write_more(user, now);
}

static void
on_readable(struct tcp_conn *c, void *user, uint64_t now)
{
	((struct flow *)user)->received += tcp_rx_discard(c, UINT32_MAX, now);
}

static void
on_acked(struct tcp_conn *, void *user, uint64_t now)
{
	write_more(user, now);
}

static void
on_closed(struct tcp_conn *, void *user, int, uint64_t)
{
	((struct flow *)user)->all->broken++;
}

static const struct tcp_ops ops = {
	.connected = on_connected,
	.readable = on_readable,
	.acked = on_acked,
	.closed = on_closed,
};

static int
on_accept(struct tcp_conn *c, void *user, uint64_t)
{
	struct flows *all = user;

	tcp_set_user(c, &ops, &all->rx[1023 - tcp_flow(c)->remote_port]);
	return 0;
}

static void
start(struct flows *all, unsigned int i)
{
	struct sim *s = all->sim;
	struct ip_flow flow = sim_flow(s, 0, (uint16_t)(1023 - i), PORT);

	all->tx[i].all = all->rx[i].all = all;
	assert_int_equal(
		tcp_connect(s->host[0].tcp, &flow, 0, &ops, &all->tx[i], s->now, &all->tx[i].c), 0);
}

static void
open_flows(struct flows *all, const struct sim_conf *conf, unsigned int n)
{
	struct tcp_listener *l;

	*all = (struct flows){.n = n};
	assert_int_equal(sim_create(conf, &all->sim), 0);
	assert_int_equal(tcp_listen(all->sim->host[1].tcp, &all->sim->host[1].addr, PORT, FLOWS_MAX,
				    on_accept, all, &l),
			 0);
}

static void
run(struct flows *all, uint64_t ns)
{
	uint64_t end = all->sim->now + ns;

	while (sim_step(all->sim, end))
		;
	assert_int_equal(all->broken, 0);
}

static void
close_flows(struct flows *all)
{
	const char *leak = sim_destroy(all->sim);

	if (leak != NULL)
		fail_msg("%s", leak);
}

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
	open_flows(&all, &conf, 1);
	start(&all, 0);
	run(&all, o->ns / 10);
	before = all.rx[0].received;
	run(&all, o->ns);
	window = (double)(all.rx[0].received - before) / (double)o->ns * (double)o->rtt /
		(conf.path.mtu - HEADERS);
	close_flows(&all);
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

static double
jain(const double *x, unsigned int n)
{
	double sum = 0, squares = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		sum += x[i];
		squares += x[i] * x[i];
	}
	return sum * sum / (n * squares);
}

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

/* Bytes of each flow in @ns from now. */
static void
take_shares(struct flows *all, uint64_t ns, double *share)
{
	uint64_t before[FLOWS_MAX] = {0};
	unsigned int i;

	for (i = 0; i < all->n; i++)
		before[i] = all->rx[i].received;
	run(all, ns);
	for (i = 0; i < all->n; i++)
		share[i] = (double)(all->rx[i].received - before[i]);
}

static double
used(const double *share, unsigned int n, uint64_t ns)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += share[i];
	return sum / ((double)ns / SIM_S * GBIT / 10);
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
		open_flows(&all, &conf, n);
		for (i = 0; i < n; i++)
			start(&all, i);
		run(&all, 10 * SIM_S);
		take_shares(&all, 60 * SIM_S, share);
		index = jain(share, n);
		print_message("%u flows: index %.3f, %.1f %% of the rate\n", n, index,
			      100 * used(share, n, 60 * SIM_S));
		assert_true(index >= 0.95);
		assert_true(used(share, n, 60 * SIM_S) > 0.9);
		close_flows(&all);
	}
}

static void
late_starter_gets_its_share(void **)
{
	struct sim_conf conf;
	struct flows all;
	double share[FLOWS_MAX];

	shared_conf(&conf);
	open_flows(&all, &conf, 4);
	start(&all, 0);
	start(&all, 1);
	start(&all, 2);
	run(&all, 20 * SIM_S);
	start(&all, 3);
	run(&all, 10 * SIM_S);
	take_shares(&all, 40 * SIM_S, share);
	print_message("late starter: %.2f of a fair share, index %.3f\n",
		      4 * share[3] / (share[0] + share[1] + share[2] + share[3]), jain(share, 4));
	assert_true(jain(share, 4) >= 0.95);
	assert_true(4 * share[3] > 0.75 * (share[0] + share[1] + share[2] + share[3]));
	close_flows(&all);
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
