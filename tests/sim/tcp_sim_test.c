/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk streams in both directions between two engines, over a bad network and with readers that stall: every byte arrives
 * once and unaltered, both sides close in order, and nothing is kept. SIM_SEED=n repeats one seed, SIM_SEEDS=n runs
 * seeds 1 to n. A failure prints the scenario and the seed.
 */
#include "tests/fake/eal.h"
#include "tests/sim/net_sim.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 3
#define STREAMS_MAX 8
#define QUEUE_MAX (1u << 20) /* bytes a writer keeps in the engine */
#define LIMIT (1200 * SIM_S) /* virtual time that no scenario needs */
#define PORT 988

struct scenario {
	const char *name;
	unsigned int streams;
	uint32_t bytes; /* each way, of each stream */
	uint32_t stall_ppm; /* chance that a reader pauses at a readable() */
	void (*change)(struct sim_conf *conf);
};

/* One end of a stream. */
struct end {
	struct test *test;
	struct tcp_conn *c;
	unsigned int host, id;
	uint64_t to_send, received;
	uint64_t stalled_until; /* 0 = reading */
	bool open, closed, sent_all;
	int err;
};

struct test {
	struct sim *sim;
	const struct scenario *sc;
	struct end end[2][STREAMS_MAX];
	const char *broken; /* the first thing that went wrong */
};

static uint8_t
pattern(const struct end *e, unsigned int from, uint64_t off)
{
	return (uint8_t)(off * 131 + (off >> 8) * 17 + (off >> 16) * 29 + e->id * 7 + from * 3);
}

static void
fail_with(struct test *t, const char *what)
{
	if (t->broken == NULL)
		t->broken = what;
}

/* --- the writer --- */

static void
write_some(struct end *e, uint64_t now)
{
	static uint8_t bytes[64 << 10];
	struct sim *s = e->test->sim;
	struct buf b = {0};

	while (e->to_send > 0 && tcp_queued(e->c) - tcp_acked(e->c) < QUEUE_MAX) {
		uint64_t off = tcp_queued(e->c);
		uint32_t n = 1 +
			(uint32_t)sim_random(s, sim_random(s, 4) == 0 ? 100 : sizeof(bytes)),
			 i;

		n = n < e->to_send ? n : (uint32_t)e->to_send;
		for (i = 0; i < n; i++)
			bytes[i] = pattern(e, e->host, off + i);
		/* no mbuf: acked() calls again, or the next step */
		if (buf_copy_in(&b, &s->host[e->host].mem, bytes, n) < 0)
			return;
		if (tcp_send(e->c, &b, sim_random(s, 3) == 0 && n < e->to_send, now) < 0) {
			buf_release(&b, &s->host[e->host].mem);
			return;
		}
		e->to_send -= n;
	}
	e->sent_all = e->to_send == 0;
}

/* --- the reader --- */

static void
check(struct end *e, struct buf *b)
{
	const struct slice *sl;
	uint32_t i;

	for (sl = b->head; sl != NULL; sl = sl->next) {
		const uint8_t *p = slice_data(sl);

		for (i = 0; i < sl->len; i++) {
			if (p[i] != pattern(e, !e->host, e->received + i)) {
				fail_with(e->test, "a byte was altered");
				return;
			}
		}
		e->received += sl->len;
	}
}

static void
read_some(struct end *e, uint64_t now)
{
	struct sim *s = e->test->sim;
	struct buf b = {0};
	uint32_t n;

	while ((n = tcp_rx_len(e->c)) > 0) {
		if (sim_random(s, 1000000) < e->test->sc->stall_ppm) {
			e->stalled_until = now + 1 + sim_random(s, 3 * SIM_S);
			return;
		}
		n = sim_random(s, 2) == 0 ? n : 1 + (uint32_t)sim_random(s, n);
		if (tcp_rx_take(e->c, &b, n, now) < 0)
			return;
		check(e, &b);
		buf_release(&b, &s->host[e->host].mem);
	}
}

/* All has been said and heard: the end closes. */
static void
close_if_done(struct end *e, uint64_t now)
{
	if (e->sent_all && e->received == e->test->sc->bytes && tcp_acked(e->c) == tcp_queued(e->c))
		tcp_close(e->c, now);
}

static void
on_connected(struct tcp_conn *, void *user, uint64_t now)
{
	((struct end *)user)->open = true;
	write_some(user, now);
}

static void
on_readable(struct tcp_conn *, void *user, uint64_t now)
{
	struct end *e = user;

	if (e->stalled_until == 0)
		read_some(e, now);
	close_if_done(e, now);
}

static void
on_acked(struct tcp_conn *, void *user, uint64_t now)
{
	write_some(user, now);
	close_if_done(user, now);
}

static void
on_closed(struct tcp_conn *, void *user, int err, uint64_t)
{
	struct end *e = user;

	if (e->closed)
		fail_with(e->test, "closed() was called twice");
	e->closed = true;
	e->c = NULL;
	e->err = err;
	if (err != 0)
		fail_with(e->test, "a stream ended with an error");
}

static const struct tcp_ops ops = {
	.connected = on_connected,
	.readable = on_readable,
	.acked = on_acked,
	.closed = on_closed,
};

static int
on_accept(struct tcp_conn *c, void *user, uint64_t now)
{
	struct test *t = user;
	struct end *e = &t->end[1][1023 - tcp_flow(c)->remote_port];

	e->c = c;
	e->open = true;
	tcp_set_user(c, &ops, e);
	write_some(e, now);
	return 0;
}

/* --- one run --- */

static void
start_streams(struct test *t)
{
	struct sim *s = t->sim;
	struct tcp_listener *l;
	unsigned int h, i;

	assert_int_equal(
		tcp_listen(s->host[1].tcp, &s->host[1].addr, PORT, STREAMS_MAX, on_accept, t, &l),
		0);
	for (i = 0; i < t->sc->streams; i++) {
		struct ip_flow flow = sim_flow(s, 0, (uint16_t)(1023 - i), PORT);

		for (h = 0; h < 2; h++)
			t->end[h][i] = (struct end){
				.test = t, .host = h, .id = i, .to_send = t->sc->bytes};
		assert_int_equal(tcp_connect(s->host[0].tcp, &flow, 0, &ops, &t->end[0][i], s->now,
					     &t->end[0][i].c),
				 0);
	}
}

/* Readers that paused go on, writers that found no mbuf try again. Return: all ends are closed. */
static bool
app_round(struct test *t, uint64_t *next)
{
	bool all = true;
	unsigned int h, i;

	*next = t->sim->now + 10 * SIM_MS;
	for (h = 0; h < 2; h++) {
		for (i = 0; i < t->sc->streams; i++) {
			struct end *e = &t->end[h][i];

			all = all && e->closed;
			if (e->c == NULL || !e->open)
				continue;
			if (e->stalled_until != 0 && e->stalled_until <= t->sim->now) {
				e->stalled_until = 0;
				read_some(e, t->sim->now);
			}
			write_some(e, t->sim->now);
			close_if_done(e, t->sim->now);
		}
	}
	return all;
}

static void
add_counters(const struct test *t, uint64_t *sum)
{
	unsigned int h, k;

	for (h = 0; h < 2; h++) {
		for (k = 0; k < TCP_COUNTERS; k++)
			sum[k] += tcp_counters(t->sim->host[h].tcp)[k];
	}
}

/* What the connections look like, for whoever looks into a failure. */
static void
dump(const struct test *t)
{
	struct tcp_info info[2 * STREAMS_MAX];
	unsigned int h, i, n, next;

	for (h = 0; h < 2; h++) {
		n = tcp_list(t->sim->host[h].tcp, 0, info, 2 * STREAMS_MAX, &next, t->sim->now);
		for (i = 0; i < n; i++)
			printf("host %u port %u: %s cwnd %u ssthresh %u snd_wnd %u rcv_wnd %u rto %u ms, rx %u ooo %u "
			       "tx %u in flight %u, in %" PRIu64 " out %" PRIu64 "\n",
			       h, info[i].flow.local_port, info[i].state, info[i].cwnd,
			       info[i].ssthresh, info[i].snd_wnd, info[i].rcv_wnd, info[i].rto_ms,
			       info[i].rx_queue, info[i].rx_ooo, info[i].tx_queue,
			       info[i].in_flight, info[i].bytes_in, info[i].bytes_out);
	}
}

/* Return: NULL, or what went wrong. */
static const char *
run(const struct scenario *sc, uint64_t seed, uint64_t *sum)
{
	struct test *t = calloc(1, sizeof(*t));
	struct sim_conf conf;
	const char *broken;
	uint64_t began, end, next;

	sim_conf_default(&conf, seed);
	if (sc->change != NULL)
		sc->change(&conf);
	assert_int_equal(sim_create(&conf, &t->sim), 0);
	t->sc = sc;
	start_streams(t);
	began = t->sim->now;
	end = began + LIMIT;
	while (!app_round(t, &next) && t->broken == NULL && t->sim->now < end)
		while (sim_step(t->sim, next) && t->broken == NULL)
			;
	if (t->sim->now >= end)
		fail_with(t, "it stalled");
	/* TIME-WAIT ends as well, so that even its blocks are back */
	for (end = t->sim->now + 2 * conf.tcp.time_wait + SIM_S;
	     t->broken == NULL && sim_step(t->sim, end);)
		;
	if (t->broken == NULL &&
	    tcp_block_count(t->sim->host[0].tcp) + tcp_block_count(t->sim->host[1].tcp) > 0)
		fail_with(t, "a connection block is still in use");
	if (getenv("SIM_VERBOSE") != NULL)
		printf("%s seed %" PRIu64 ": %.3f s virtual, %" PRIu64 " packets, %" PRIu64
		       " lost\n",
		       sc->name, seed, (double)(t->sim->now - began) / 1e9, t->sim->stats[0].sent,
		       t->sim->stats[0].lost);
	if (t->broken != NULL)
		dump(t);
	add_counters(t, sum);
	broken = sim_destroy(t->sim);
	if (t->broken != NULL)
		broken = t->broken;
	free(t);
	return broken;
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

static const struct scenario scenarios[] = {
	{"clean", 2, 8 << 20, 0, NULL},
	{"stalls", 3, 2 << 20, 20000, NULL},
	{"lossy", 3, 4 << 20, 0, lossy},
	{"very_lossy", 2, 256 << 10, 0, very_lossy},
	{"disorderly", 3, 2 << 20, 0, disorderly},
	{"everything", 4, 1 << 20, 5000, everything},
	{"everything_v6", 4, 1 << 20, 5000, everything_v6},
	{"bottleneck", 4, 4 << 20, 0, bottleneck},
	{"newreno", 3, 1 << 20, 1000, newreno},
	{"no_sack", 3, 1 << 20, 1000, no_sack},
	{"no_options", 3, 1 << 20, 1000, no_options},
	{"jumbo_tso", 3, 8 << 20, 1000, jumbo_tso},
	{"tso", 3, 4 << 20, 1000, tso},
	{"poor", 6, 512 << 10, 3000, poor},
	{"small_mtu_on_path", 2, 2 << 20, 0, small_mtu_on_path},
};

static void
every_stream_arrives(void **)
{
	static const struct {
		enum tcp_counter id;
		const char *name;
	} must_happen[] = {
#define MUST(id) {TCP_##id, #id}
		MUST(RETRANSMIT),     MUST(RTO),
		MUST(SACK_RECOVERY),  MUST(FAST_RECOVERY_BEGUN),
		MUST(PARTIAL_ACK),    MUST(PERSIST),
		MUST(RX_DUP),	      MUST(RX_OOO),
		MUST(RX_DSACK),	      MUST(TX_DSACK),
		MUST(TX_WND_UPDATE),  MUST(TX_LINEARISED),
		MUST(TX_NO_RECORD),   MUST(TX_DELAYED_ACK),
		MUST(RX_PACKED),      MUST(PMTU),
		MUST(SYN_RETRANSMIT), MUST(CONN_CLOSED),
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
	};

	return cmocka_run_group_tests_name("tcp_sim", tests, group_setup, NULL);
}
