/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Marks instead of losses: CUBIC with ECN behind a queue that marks at random (RED), DCTCP behind one that marks at a threshold
 * (RFC 8257 3.1), and paths that do to the ECN field what they should not.
 */
#include "drivers/tcp/wire.h"
#include "tests/fake/eal.h"
#include "tests/sim/flows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define THRESHOLD (30u * 1500)
#define RTT (400 * SIM_US)
#define MEASURED (2 * SIM_S)

/* 1 Gbit/s and 400 us: 33 packets in a round trip; a queue of 333. */
static void
base_conf(struct sim_conf *conf)
{
	unsigned int i;

	sim_conf_default(conf, 1);
	conf->n_mbufs = 32767;
	conf->poll_gap = 5 * SIM_US;
	conf->tcp.rcv_wnd_min = 1 << 20;
	conf->tcp.rcv_wnd_max = 4 << 20;
	for (i = 0; i < 2; i++) {
		conf->ecn[i] = TCP_ECN_ON;
		conf->link[i] =
			(struct sim_link){.delay = RTT / 2, .rate = 10 * GBIT, .queue = 8 << 20};
	}
	conf->link[0].rate = GBIT;
	conf->link[0].queue = 500000;
	conf->link[0].mark = THRESHOLD;
}

static void
start_all(struct flows *all, const struct sim_conf *conf, unsigned int n)
{
	unsigned int i;

	flows_open(all, conf, n);
	for (i = 0; i < n; i++)
		flows_start(all, i);
	flows_run(all, SIM_S);
	all->sim->stats[0] = (struct sim_stats){0};
}

/* What the payload of full packets can be of the rate. */
static double
used(const double *share, unsigned int n)
{
	return flows_sum(share, n) / ((double)MEASURED / SIM_S * GBIT) * 1500 / (1500 - HEADERS);
}

static void
dctcp_flows_keep_the_queue_at_the_threshold(void **)
{
	struct sim_conf conf;
	struct flows all;
	double share[FLOWS_MAX], mean;
	unsigned int n;

	base_conf(&conf);
	conf.cc[0] = conf.cc[1] = TCP_CC_DCTCP;
	for (n = 2; n <= 4; n++) {
		const struct sim_stats *s;

		start_all(&all, &conf, n);
		flows_take_shares(&all, MEASURED, share);
		s = &all.sim->stats[0];
		mean = (double)s->waiting / (double)s->sent;
		print_message(
			"%u flows: index %.3f, %.1f %% of the rate, queue %.0f packets, at most %.0f\n",
			n, flows_jain(share, n), 100 * used(share, n), mean / 1500,
			(double)s->waiting_max / 1500);
		assert_true(flows_jain(share, n) >= 0.95);
		assert_true(used(share, n) >= 0.97);
		assert_true(mean > 0.4 * THRESHOLD && mean < 1.3 * THRESHOLD);
		assert_true(s->waiting_max < 3 * THRESHOLD);
		assert_int_equal(s->queue_drops, 0);
		assert_int_equal(flows_count(&all, 0, TCP_RETRANSMIT), 0);
		assert_int_equal(flows_count(&all, 0, TCP_ECN_AGREED), n);
		flows_close(&all);
	}
}

/* The same queue without marks: it fills up. */
static void
queue_fills_up_without_ecn(void **)
{
	struct sim_conf conf;
	struct flows all;
	double share[FLOWS_MAX];

	base_conf(&conf);
	conf.cc[0] = conf.cc[1] = TCP_CC_DCTCP;
	conf.ecn[1] = TCP_ECN_OFF;
	start_all(&all, &conf, 2);
	flows_take_shares(&all, MEASURED, share);
	assert_int_equal(flows_count(&all, 0, TCP_ECN_AGREED), 0);
	assert_int_equal(all.sim->stats[0].marked, 0);
	assert_true(all.sim->stats[0].waiting_max > 8 * THRESHOLD);
	assert_true(flows_count(&all, 0, TCP_RETRANSMIT) > 0);
	assert_true(used(share, 2) >= 0.95);
	flows_close(&all);
}

static void
cubic_gives_way_without_a_loss(void **)
{
	struct sim_conf conf;
	struct flows all;
	double share[FLOWS_MAX];

	base_conf(&conf);
	conf.link[0].mark_all = 6 * THRESHOLD;
	start_all(&all, &conf, 4);
	flows_take_shares(&all, MEASURED, share);
	print_message(
		"CUBIC: index %.3f, %.1f %% of the rate, %u reductions, queue at most %.0f packets\n",
		flows_jain(share, 4), 100 * used(share, 4),
		(unsigned int)flows_count(&all, 0, TCP_ECN_REDUCED),
		(double)all.sim->stats[0].waiting_max / 1500);
	assert_true(used(share, 4) >= 0.95);
	assert_true(flows_jain(share, 4) >= 0.9);
	assert_true(flows_count(&all, 0, TCP_ECN_REDUCED) >= 20);
	assert_int_equal(all.sim->stats[0].queue_drops, 0);
	assert_int_equal(flows_count(&all, 0, TCP_RETRANSMIT), 0);
	assert_int_equal(flows_count(&all, 0, TCP_RTO), 0);
	flows_close(&all);
}

/* Everything arrives marked, or nothing does: slow, or with losses, but it goes on. */
static void
field_that_is_written_into_stops_nobody(void **)
{
	static const struct {
		bool mangle, bleach;
		uint32_t ce;
		double rate; /* at least */
	} paths[] = {{true, false, 0, 0.9}, {false, true, 0, 0.9}, {false, false, 1000000, 0.04}};
	struct sim_conf conf;
	struct flows all;
	double share[FLOWS_MAX];
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		base_conf(&conf);
		conf.link[0].mangle = paths[i].mangle;
		conf.link[0].bleach = paths[i].bleach;
		conf.link[0].ce = paths[i].ce;
		start_all(&all, &conf, 2);
		flows_take_shares(&all, MEASURED, share);
		print_message("mangle %d bleach %d marks %u: %.1f %% of the rate\n",
			      paths[i].mangle, paths[i].bleach, paths[i].ce, 100 * used(share, 2));
		assert_true(used(share, 2) >= paths[i].rate);
		assert_int_equal(flows_count(&all, 1, TCP_ECN_MANGLED), paths[i].mangle ? 2 : 0);
		flows_close(&all);
	}
}

static bool
no_ecn_syn(void *, unsigned int, const uint8_t *tcp, uint32_t)
{
	return (tcp[13] & (TCP_SYN | TCP_ECE)) != (TCP_SYN | TCP_ECE);
}

/* A filter on the way drops SYNs that ask: the second one gets through. */
static void
syn_that_is_filtered_costs_one_timeout(void **)
{
	struct sim_conf conf;
	struct flows all;

	base_conf(&conf);
	flows_open(&all, &conf, 1);
	all.sim->filter = no_ecn_syn;
	flows_start(&all, 0);
	flows_run(&all, 1100 * SIM_MS);
	assert_true(all.rx[0].received > 0);
	assert_int_equal(flows_count(&all, 0, TCP_ECN_FALLBACK), 1);
	assert_int_equal(flows_count(&all, 0, TCP_ECN_AGREED), 0);
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
		cmocka_unit_test(dctcp_flows_keep_the_queue_at_the_threshold),
		cmocka_unit_test(queue_fills_up_without_ecn),
		cmocka_unit_test(cubic_gives_way_without_a_loss),
		cmocka_unit_test(field_that_is_written_into_stops_nobody),
		cmocka_unit_test(syn_that_is_filtered_costs_one_timeout),
	};

	return cmocka_run_group_tests_name("tcp_ecn_sim", tests, group_setup, NULL);
}
