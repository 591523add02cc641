/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk streams in both directions between two engines, over a bad network and with readers that stall: every byte arrives
 * once and unaltered, both sides close in order, and nothing is kept. SIM_SEED=n repeats one seed, SIM_SEEDS=n runs
 * seeds 1 to n. A failure prints the scenario and the seed.
 */
#include "tests/fake/eal.h"
#include "tests/sim/streams.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 3
#define SINGLE_LOSSES 40
#define LIMIT (1200 * SIM_S) /* virtual time that no scenario needs */

struct scenario {
	const char *name;
	unsigned int streams;
	uint32_t bytes; /* each way, of each stream */
	uint32_t stall_ppm; /* chance that a reader pauses at a readable() */
	void (*change)(struct sim_conf *conf);
	void (*later)(struct sim_conf *conf); /* what is different after 10 ms */
};

static void
add_counters(const struct sim *s, uint64_t *sum)
{
	unsigned int h, k;

	for (h = 0; h < 2; h++) {
		for (k = 0; k < TCP_COUNTERS; k++)
			sum[k] += tcp_counters(s->host[h].tcp)[k];
	}
}

static void
run_streams(const struct scenario *sc, struct streams *t)
{
	struct sim *s = t->sim;
	uint64_t began = s->now, end = began + LIMIT;

	while (!streams_round(t) && t->broken == NULL && s->now < end) {
		uint64_t next = s->now + 10 * SIM_MS;

		while (sim_step(s, next) && t->broken == NULL)
			;
		streams_watch(t);
		if (sc->later != NULL)
			sc->later(&s->conf);
	}
	if (s->now >= end)
		streams_fail(t, "it did not end");
	if (getenv("SIM_VERBOSE") != NULL)
		printf("%s seed %" PRIu64 ": %.3f s virtual, %" PRIu64 " + %" PRIu64
		       " packets, %.2f of the longest silence allowed\n",
		       sc->name, s->conf.seed, (double)(s->now - began) / 1e9, s->stats[0].sent,
		       s->stats[1].sent, t->tightest);
	/* TIME-WAIT ends as well, so that even its blocks are back */
	for (end = s->now + 2 * s->conf.tcp.time_wait + SIM_S;
	     t->broken == NULL && sim_step(s, end);)
		;
	if (tcp_block_count(s->host[0].tcp) + tcp_block_count(s->host[1].tcp) > 0)
		streams_fail(t, "a connection block is still in use");
}

/* Return: NULL, or what went wrong. */
static const char *
run_conf(const struct scenario *sc, const struct sim_conf *conf, uint64_t *sum)
{
	struct streams_conf users = {
		.n = sc->streams,
		.bytes = {sc->bytes, sc->bytes},
		.queue_max = 1 << 20,
		.write_max = 64 << 10,
		.stall_ppm = sc->stall_ppm,
		.stall_max = 3 * SIM_S,
	};
	struct streams *t = calloc(1, sizeof(*t));
	struct sim *s;
	const char *broken, *leak;

	assert_int_equal(sim_create(conf, &s), 0);
	streams_start(t, s, &users);
	run_streams(sc, t);
	broken = t->broken;
	if (broken != NULL)
		streams_dump(t);
	add_counters(s, sum);
	leak = sim_destroy(s);
	free(t);
	return broken != NULL ? broken : leak;
}

static const char *
run(const struct scenario *sc, uint64_t seed, uint64_t *sum)
{
	struct sim_conf conf;

	sim_conf_default(&conf, seed);
	if (sc->change != NULL)
		sc->change(&conf);
	return run_conf(sc, &conf, sum);
}

/* --- scenarios --- */

static void
both(struct sim_conf *conf, struct sim_link link)
{
	conf->link[0] = conf->link[1] = link;
}

static void
lossy(struct sim_conf *conf)
{
	both(conf, (struct sim_link){.loss = 20000, .delay = SIM_MS, .jitter = 100 * SIM_US});
}

static void
very_lossy(struct sim_conf *conf)
{
	both(conf, (struct sim_link){.loss = 100000, .delay = 5 * SIM_MS});
}

static void
disorderly(struct sim_conf *conf)
{
	both(conf,
	     (struct sim_link){
		     .reorder = 50000, .reorder_delay = 5 * SIM_MS, .dup = 30000, .delay = SIM_MS});
}

static void
everything(struct sim_conf *conf)
{
	both(conf,
	     (struct sim_link){.loss = 10000,
			       .dup = 10000,
			       .reorder = 20000,
			       .reorder_delay = 3 * SIM_MS,
			       .delay = 500 * SIM_US,
			       .jitter = 200 * SIM_US});
}

static void
everything_v6(struct sim_conf *conf)
{
	everything(conf);
	conf->v6 = true;
}

static void
bottleneck(struct sim_conf *conf)
{
	both(conf, (struct sim_link){.delay = 2 * SIM_MS, .rate = 12500000, .queue = 100000});
}

static void
newreno(struct sim_conf *conf)
{
	everything(conf);
	conf->tcp.cc = TCP_CC_NEWRENO;
}

static void
no_sack(struct sim_conf *conf)
{
	everything(conf);
	conf->strip_sack = true;
}

static void
no_options(struct sim_conf *conf)
{
	everything(conf);
	conf->strip_sack = conf->strip_ts = true;
}

static void
jumbo_tso(struct sim_conf *conf)
{
	everything(conf);
	conf->path = (struct tcp_path){
		.mtu = 9000, .tso_max = 65000, .tso_max_slices = 20, .max_slices = 4};
}

static void
tso(struct sim_conf *conf)
{
	lossy(conf);
	conf->path = (struct tcp_path){
		.mtu = 1500, .tso_max = 64000, .tso_max_slices = 64, .max_slices = 8};
}

static void
poor(struct sim_conf *conf)
{
	lossy(conf);
	conf->n_mbufs = 1535;
	conf->tcp.snd_queue_max = 48 << 10;
	conf->tcp.max_in_flight = 64;
	conf->tcp.max_gaps = 8;
}

static void
small_mtu_on_path(struct sim_conf *conf)
{
	conf->path.mtu = 9000;
	both(conf, (struct sim_link){.loss = 2000, .delay = SIM_MS, .mtu = 1500});
}

/* Jumbo frames do not pass, and nobody says so. */
static void
black_hole(struct sim_conf *conf)
{
	conf->path = (struct tcp_path){
		.mtu = 9000, .tso_max = 65000, .tso_max_slices = 40, .max_slices = 8};
	both(conf,
	     (struct sim_link){.loss = 500,
			       .delay = 100 * SIM_US,
			       .rate = 12500000,
			       .queue = 200000,
			       .mtu = 4400,
			       .silent = true});
}

static void
v6_only(struct sim_conf *conf)
{
	conf->v6 = true;
}

/* The path becomes one over a tunnel. */
static void
mtu_shrinks(struct sim_conf *conf)
{
	both(conf, (struct sim_link){.delay = SIM_MS, .mtu = 1420, .silent = true});
}

static const struct scenario scenarios[] = {
	{"clean", 2, 8 << 20, 0, NULL, NULL},
	{"stalls", 3, 2 << 20, 20000, NULL, NULL},
	{"lossy", 3, 4 << 20, 0, lossy, NULL},
	{"very_lossy", 2, 256 << 10, 0, very_lossy, NULL},
	{"disorderly", 3, 2 << 20, 0, disorderly, NULL},
	{"everything", 4, 1 << 20, 5000, everything, NULL},
	{"everything_v6", 4, 1 << 20, 5000, everything_v6, NULL},
	{"bottleneck", 4, 4 << 20, 0, bottleneck, NULL},
	{"newreno", 3, 1 << 20, 1000, newreno, NULL},
	{"no_sack", 3, 1 << 20, 1000, no_sack, NULL},
	{"no_options", 3, 1 << 20, 1000, no_options, NULL},
	{"jumbo_tso", 3, 8 << 20, 1000, jumbo_tso, NULL},
	{"tso", 3, 4 << 20, 1000, tso, NULL},
	{"poor", 6, 512 << 10, 3000, poor, NULL},
	{"small_mtu_on_path", 2, 2 << 20, 0, small_mtu_on_path, NULL},
	{"black_hole", 3, 8 << 20, 0, black_hole, NULL},
	{"mtu_shrinks", 2, 4 << 20, 0, v6_only, mtu_shrinks},
};

static void
every_stream_arrives(void **)
{
	static const struct {
		enum tcp_counter id;
		const char *name;
	} must_happen[] = {
#define MUST(id) {TCP_##id, #id}
		MUST(RETRANSMIT),      MUST(RTO),
		MUST(SACK_RECOVERY),   MUST(FAST_RECOVERY_BEGUN),
		MUST(PARTIAL_ACK),     MUST(PERSIST),
		MUST(RX_DUP),	       MUST(RX_OOO),
		MUST(RX_DSACK),	       MUST(TX_DSACK),
		MUST(TX_WND_UPDATE),   MUST(TX_LINEARISED),
		MUST(TX_NO_RECORD),    MUST(TX_DELAYED_ACK),
		MUST(RX_PACKED),       MUST(PMTU),
		MUST(SYN_RETRANSMIT),  MUST(CONN_CLOSED),
		MUST(PMTU_BLACK_HOLE), MUST(PMTU_RAISED),
		MUST(PMTU_PROBE_LOST), MUST(PMTU_MISMATCH),
	};
	const char *one = getenv("SIM_SEED"), *many = getenv("SIM_SEEDS"),
		   *only = getenv("SIM_SCENARIO");
	uint64_t first = one != NULL ? strtoull(one, NULL, 0) : 1;
	uint64_t last = one != NULL ? first : many != NULL ? strtoull(many, NULL, 0) : SEEDS;
	static uint64_t sum[TCP_COUNTERS];
	uint64_t seed;
	size_t i;

	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		for (seed = first; seed <= last; seed++) {
			const char *broken;

			if (only != NULL && strcmp(only, scenarios[i].name) != 0)
				continue;
			broken = run(&scenarios[i], seed, sum);
			if (broken != NULL)
				fail_msg("%s: %s (SIM_SCENARIO=%s SIM_SEED=%" PRIu64 ")",
					 scenarios[i].name, broken, scenarios[i].name, seed);
		}
	}
	if (one != NULL || only != NULL || last < SEEDS)
		return;
	for (i = 0; i < sizeof(must_happen) / sizeof(must_happen[0]); i++) {
		if (sum[must_happen[i].id] == 0)
			fail_msg("%s never happened: the scenarios prove less than they should",
				 must_happen[i].name);
	}
}

/* A short exchange in which exactly one packet is lost: each of the first, from either host, also the SYN, the FIN and each ACK. */
static void
each_single_loss_is_repaired(void **)
{
	static const struct scenario one = {"one_loss", 1, 20000, 0, NULL, NULL};
	struct sim_conf conf;
	unsigned int from;
	uint64_t n;

	for (from = 0; from < 2; from++) {
		for (n = 1; n <= SINGLE_LOSSES; n++) {
			uint64_t sum[TCP_COUNTERS] = {0};
			const char *broken;

			sim_conf_default(&conf, n);
			conf.n_mbufs = 1535;
			conf.link[from].drop_nth = n;
			broken = run_conf(&one, &conf, sum);
			if (broken != NULL)
				fail_msg("packet %" PRIu64 " of host %u lost: %s", n, from, broken);
			/* no single loss costs two timeouts */
			assert_true(sum[TCP_RTO] <= 1);
		}
	}
}

static int
group_setup(void **)
{
	return fake_eal_init(256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stream_arrives),
		cmocka_unit_test(each_single_loss_is_repaired),
	};

	return cmocka_run_group_tests_name("tcp_sim", tests, group_setup, NULL);
}
