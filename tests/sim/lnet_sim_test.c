/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several LNet nodes in one process, joined by fake drivers, every worker polled in seeded order: two routers with several
 * workers in a row between clients and servers, PUTs with ACK and GETs with REPLY, while sends fail, wait and stop, networks and
 * routes come and go. At the end everything started has ended, and every credit and every byte is back.
 * SIM_SEED=n repeats one seed, SIM_SEEDS=n runs the seeds 1 to n.
 */
#include "lnet/lnet_priv.h"
#include "lnet/local.h"
#include "lnet/op.h"
#include "tests/fake/eal.h"
#include "tests/fake/fake_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 12
#define STEPS 6000
#define CLIENTS 3
#define SERVERS 2
#define NODES (CLIENTS + SERVERS + 2)
#define PUT_MAX 60000

/* Clients on tcp, router 1 between tcp and tcp1, router 2 between tcp1 and tcp2, servers on tcp2. */
enum {
	ROUTER1 = CLIENTS + SERVERS,
	ROUTER2,
};

static struct {
	struct fake_fabric fabric;
	struct fake_node nodes[NODES];
	uint64_t rng, now;
	unsigned int started, ended, failed, seen[NODES];
	uint8_t pattern[PUT_MAX];
	bool spare_net; /* router 1 has tcp7 now */
	bool spare_route;
} sim;

static uint32_t
rnd(uint32_t n)
{
	sim.rng = sim.rng * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(sim.rng >> 33) % n;
}

static void
nid_text(unsigned int node, char out[LNET_NID_STR_MAX])
{
	if (node < CLIENTS)
		snprintf(out, LNET_NID_STR_MAX, "10.0.0.%u@tcp", 10 + node);
	else
		snprintf(out, LNET_NID_STR_MAX, "10.0.2.%u@tcp2", 10 + node);
}

static void
add_route(unsigned int node, const char *net_text, const char *gw_text)
{
	struct fake_node *n = &sim.nodes[node];
	struct lnet_nid gw = fake_nid(gw_text);
	uint32_t net;

	assert_int_equal(lnet_net_parse(net_text, &net), 0);
	assert_int_equal(lnet_route_add(n->l, net, &gw, 2, 0, n->now, n->why, sizeof(n->why)), 0);
}

static void
start_node(unsigned int i)
{
	struct fake_node *n = &sim.nodes[i];
	bool routes = i >= ROUTER1;

	fake_node_init(n, &sim.fabric, routes ? 1 + rnd(3) : 1 + rnd(2));
	n->params.alive_router_check_interval = 5;
	n->params.router_ping_timeout = 5;
	n->params.large_router_buffers = (int)n->n_workers * 2;
	fake_node_start(n);
	assert_int_equal(lnet_configure(n->l, false, n->now, n->why, sizeof(n->why)), 0);
	if (routes)
		assert_int_equal(lnet_routing_set(n->l, true, n->now, n->why, sizeof(n->why)), 0);
}

static void
build(uint64_t seed)
{
	char nid[LNET_NID_STR_MAX];
	unsigned int i;

	memset(&sim, 0, sizeof(sim));
	sim.rng = seed * 0x9e3779b97f4a7c15ull;
	for (i = 0; i < PUT_MAX; i++)
		sim.pattern[i] = (uint8_t)(i * 11 + (i >> 8) * 5);
	fake_fabric_init(&sim.fabric);
	for (i = 0; i < NODES; i++)
		start_node(i);
	sim.now = sim.nodes[0].now;
	for (i = 0; i < ROUTER1; i++) {
		nid_text(i, nid);
		assert_int_equal(fake_node_add(&sim.nodes[i], nid), 0);
		if (i < CLIENTS)
			add_route(i, "tcp2", "10.0.0.1@tcp");
		else
			add_route(i, "tcp", "10.0.2.1@tcp2");
	}
	assert_int_equal(fake_node_add(&sim.nodes[ROUTER1], "10.0.0.1@tcp"), 0);
	assert_int_equal(fake_node_add(&sim.nodes[ROUTER1], "10.0.1.1@tcp1"), 0);
	assert_int_equal(fake_node_add(&sim.nodes[ROUTER2], "10.0.1.2@tcp1"), 0);
	assert_int_equal(fake_node_add(&sim.nodes[ROUTER2], "10.0.2.1@tcp2"), 0);
	add_route(ROUTER1, "tcp2", "10.0.1.2@tcp1");
	add_route(ROUTER2, "tcp", "10.0.1.1@tcp1");
}

/* --- what happens --- */

static void
op_done(struct lnet_cpt *, void *user, const struct md_event *ev, uint64_t)
{
	uint32_t len = (uint32_t)(uintptr_t)user;

	sim.ended++;
	if (ev->rc < 0)
		sim.failed++;
	else if (ev->payload == NULL)
		assert_int_equal(ev->mlength, len); /* the ACK of a PUT */
}

static void
start_op(void)
{
	static const uint32_t lens[] = {0, 1, 4096, 4097, PUT_MAX};
	unsigned int from = rnd(ROUTER1), to = rnd(ROUTER1);
	struct fake_node *n = &sim.nodes[from];
	char nid[LNET_NID_STR_MAX];
	struct op op = {
		.type = rnd(2) == 0 ? LNET_GET : LNET_PUT,
		.dst_pid = LNET_PID,
		.portal = LOCAL_PORTAL,
		.match_bits = LOCAL_PING_BITS,
		.deadline = sim.now + 20 * FAKE_S,
		.done = op_done,
	};

	if ((from < CLIENTS) == (to < CLIENTS))
		to = to < CLIENTS ? CLIENTS + rnd(SERVERS) : rnd(CLIENTS);
	nid_text(to, nid);
	op.dst = fake_nid(nid);
	if (route_resolve(snapshot_read(&n->l->conf), &op.dst, NULL, rnd(9), &op.hop) < 0)
		return;
	op.len = op.type == LNET_GET ? rnd(500) : lens[rnd(5)];
	op.data = op.type == LNET_PUT ? sim.pattern : NULL;
	op.user = (void *)(uintptr_t)op.len;
	if (op_start(n->l->cpts[rnd(n->n_workers)], &op, sim.now) == 0)
		sim.started++;
}

/* A router's driver behaves in another way for a while, to all or to one peer. */
static void
change_mode(void)
{
	static const enum fake_mode modes[] = {FAKE_AT_ONCE, FAKE_AT_ONCE, FAKE_LATER, FAKE_REFUSE,
					       FAKE_FAIL};
	struct fake_lnd *lnd = &sim.nodes[rnd(NODES)].tcp;
	char nid[LNET_NID_STR_MAX];

	if (rnd(2) == 0) {
		lnd->mode = modes[rnd(3)];
		return;
	}
	nid_text(rnd(ROUTER1), nid);
	lnd->odd_nid = fake_nid(nid);
	lnd->odd_mode = modes[rnd(5)];
	lnd->rc = -5;
	lnd->health = LNET_HEALTH_REMOTE_DROPPED;
}

static void
complete_one(void)
{
	struct fake_lnd *lnd = &sim.nodes[rnd(NODES)].tcp;

	if (lnd->n_kept > 0)
		fake_lnd_complete(lnd, rnd(lnd->n_kept), rnd(10) == 0 ? -5 : 0, sim.now);
}

static void
report_down(void)
{
	struct fake_node *n = &sim.nodes[ROUTER1 + rnd(2)];
	char nid[LNET_NID_STR_MAX];
	struct lnet_ni *ni = lnet_ni_at(n->l, 1 + rnd(2));
	struct lnet_nid peer;

	nid_text(rnd(ROUTER1), nid);
	peer = fake_nid(nid);
	if (ni != NULL)
		lnet_peer_notify_down(lnet_cpt_of(n->l, fake_home(&n->tcp, &peer)), ni, &peer,
				      sim.now, sim.now);
}

/* Net tcp7 and a second route, on router 1. */
static void
reconfigure(void)
{
	struct fake_node *n = &sim.nodes[ROUTER1];
	struct lnet_nid gw = fake_nid("10.0.1.3@tcp1");

	if (rnd(2) == 0) {
		if (sim.spare_net)
			lnet_net_del(n->l, 0x20007, NULL, sim.now, n->why, sizeof(n->why));
		else if (fake_node_add(n, "10.0.7.1@tcp7") < 0)
			return;
		sim.spare_net = !sim.spare_net;
		return;
	}
	if (sim.spare_route)
		lnet_route_del(n->l, 0x20002, &gw, sim.now, n->why, sizeof(n->why));
	else
		lnet_route_add(n->l, 0x20002, &gw, 2, 0, sim.now, n->why, sizeof(n->why));
	sim.spare_route = !sim.spare_route;
}

static void
pass_time(uint64_t ns)
{
	unsigned int i;

	sim.now += ns;
	for (i = 0; i < NODES; i++)
		sim.nodes[i].now = sim.now;
}

/* Nothing on the wire was altered. */
static void
check_payloads(void)
{
	const struct fake_sent *s;
	unsigned int i, len;

	for (i = 0; i < NODES; i++) {
		struct fake_lnd *lnd = &sim.nodes[i].tcp;

		for (; sim.seen[i] < lnd->n_sent; sim.seen[i]++) {
			if (lnd->n_sent - sim.seen[i] > FAKE_SENT_MAX)
				continue;
			s = fake_lnd_sent(lnd, lnd->n_sent - 1 - sim.seen[i]);
			len = s->len < FAKE_PAYLOAD_MAX ? s->len : FAKE_PAYLOAD_MAX;
			if (s->hdr.type == LNET_PUT)
				assert_memory_equal(s->payload, sim.pattern, len);
		}
	}
}

static void
step(void)
{
	struct fake_node *n = &sim.nodes[rnd(NODES)];

	switch (rnd(40)) {
	case 0:
		change_mode();
		break;
	case 1:
		report_down();
		break;
	case 2:
		if (rnd(4) == 0)
			reconfigure();
		break;
	case 3:
		pass_time(rnd(60) * FAKE_S / 100);
		break;
	case 4:
		lnet_control(n->l, sim.now);
		break;
	case 5 ... 9:
		start_op();
		break;
	case 10 ... 16:
		complete_one();
		break;
	case 17 ... 27:
		fake_fabric_step(&sim.fabric, rnd(1000), sim.now);
		break;
	default:
		fake_node_poll_worker(n, rnd(n->n_workers));
		break;
	}
	check_payloads();
}

/* Everybody behaves, until nothing moves. */
static void
calm_down(void)
{
	unsigned int i, rounds;

	for (i = 0; i < NODES; i++)
		sim.nodes[i].tcp.mode = sim.nodes[i].tcp.odd_mode = FAKE_AT_ONCE;
	for (rounds = 0; rounds < 100; rounds++) {
		for (i = 0; i < NODES; i++) {
			while (sim.nodes[i].tcp.n_kept > 0)
				fake_lnd_complete(&sim.nodes[i].tcp, 0, 0, sim.now);
			fake_node_settle(&sim.nodes[i]);
		}
		pass_time(FAKE_S);
	}
}

/* When all behave again everything works again. */
static void
check_recovery(void)
{
	unsigned int i, failed, started;

	calm_down();
	assert_int_equal(sim.started, sim.ended);
	failed = sim.failed;
	started = sim.started;
	for (i = 0; i < 50; i++)
		start_op();
	calm_down();
	assert_int_equal(sim.started, started + 50);
	assert_int_equal(sim.ended, sim.started);
	assert_int_equal(sim.failed, failed);
	for (i = 0; i < NODES; i++)
		assert_true(lnet_is_idle(sim.nodes[i].l));
}

static void
run(uint64_t seed)
{
	unsigned int i;

	build(seed);
	for (i = 0; i < STEPS; i++)
		step();
	/* or the nodes go down in the middle of it all, one after the other */
	if (seed % 3 != 0)
		check_recovery();
	for (i = 0; i < NODES; i++)
		fake_node_stop(&sim.nodes[i]);
	assert_int_equal(sim.started, sim.ended);
	fake_fabric_fini(&sim.fabric);
}

static uint64_t
env(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static void
nothing_is_lost_uncounted_and_every_credit_comes_back(void **)
{
	uint64_t first = env("SIM_SEED"), last = env("SIM_SEEDS"), seed;

	if (first != 0)
		last = first;
	else
		first = 1;
	if (last == 0)
		last = SEEDS;
	for (seed = first; seed <= last; seed++) {
		print_message("seed %llu\n", (unsigned long long)seed);
		run(seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_uncounted_and_every_credit_comes_back),
	};

	if (fake_eal_init(512) < 0)
		return 1;
	fake_node_mem_init(32768);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
