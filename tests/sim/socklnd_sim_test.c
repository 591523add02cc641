/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two nodes with socklnd and the real TCP engine over a network that loses, duplicates and reorders; a recording core above each.
 * Every message must arrive once and whole, every send must complete, every object must come back.
 */
#include "drivers/socklnd/priv.h"
#include "lnet/base/check.h"
#include "tests/fake/eal.h"
#include "tests/fake/fake_core.h"
#include "tests/sim/net_sim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEEDS 12

struct side {
	struct sim_host *host;
	struct socklnd *s;
	struct lnet_ni ni;
	struct lnet_cpt *cpt;
};

struct pair {
	struct sim *sim;
	struct side side[2];
	uint64_t incarnations;
};

static int
find_iface(void *arg, const char *name, struct socklnd_iface *out)
{
	const struct side *side = arg;

	*out = (struct socklnd_iface){.n_addrs = 1, .mtu = 1500, .link_up = true};
	out->addrs[0] = side->host->addr;
	return 0;
}

static unsigned int
find_home(void *arg, const struct ipaddr *local, const struct ipaddr *remote)
{
	return 0;
}

static void
side_up(struct pair *p, unsigned int i, int conns_per_peer)
{
	struct side *side = &p->side[i];
	struct socklnd_env env = {
		.arg = side, .iface = find_iface, .home = find_home, .n_workers = 1};
	struct socklnd_config cfg;
	char why[128];

	side->host = &p->sim->host[i];
	socklnd_config_default(&cfg);
	cfg.conns_per_peer = conns_per_peer;
	cfg.max_peers = 8;
	cfg.max_conns = 64;
	env.lcores[0] = &side->host->lc;
	env.tcp[0] = side->host->tcp;
	CHECK(socklnd_create(&env, &cfg, &side->s) == 0);
	side->cpt = calloc(1, sizeof(*side->cpt));
	CHECK(side->cpt != NULL);
	fake_core_init(side->cpt, &side->host->lc, &socklnd_ops);
	side->ni = (struct lnet_ni){
		.net = lnet_mknet(LNET_TYPE_TCP, 0),
		.incarnation = 1000 + p->incarnations++,
		.state = (struct lnet_ni_state *)side->cpt,
	};
	lnet_ni_tunables_unset(&side->ni.tun);
	CHECK(socklnd_ops.ni_start(side->s, &side->ni, why, sizeof(why)) == 0);
	CHECK(socklnd_ops.attach(side->cpt, &side->ni, p->sim->now) == 0);
}

static void
run(struct pair *p, uint64_t ns)
{
	uint64_t until = p->sim->now + ns;

	/* what was queued between the rounds goes out before time passes */
	sim_step(p->sim, p->sim->now);
	while (sim_step(p->sim, until))
		;
}

static void
side_down(struct pair *p, unsigned int i)
{
	struct side *side = &p->side[i];
	unsigned int rounds = 0;

	while (socklnd_ops.detach(side->cpt, &side->ni, p->sim->now) > 0) {
		CHECK(rounds++ < 100);
		run(p, 100 * SIM_MS);
	}
	socklnd_ops.ni_stop(side->s, &side->ni);
	CHECK(socklnd_leaks(side->s) == 0);
	socklnd_destroy(side->s);
	fake_core_fini(side->cpt);
	free(side->cpt);
}

static void
pair_up(struct pair *p, const struct sim_conf *conf, int conns_per_peer)
{
	*p = (struct pair){0};
	CHECK(sim_create(conf, &p->sim) == 0);
	side_up(p, 0, conns_per_peer);
	side_up(p, 1, conns_per_peer);
}

static void
pair_down(struct pair *p)
{
	const char *leak;

	side_down(p, 0);
	side_down(p, 1);
	run(p, 100 * SIM_MS);
	leak = sim_destroy(p->sim);
	if (leak != NULL)
		fail_msg("left: %s", leak);
}

static int
send_msg(struct pair *p, unsigned int from, uint32_t len)
{
	return fake_core_send(p->side[from].cpt, &p->side[from].ni, &p->side[!from].ni.nid,
			      LNET_PUT, len, p->sim->now);
}

static void
check_received(const struct side *side, unsigned int n)
{
	const struct fake_parsed *msg;
	unsigned int i;
	uint32_t b;

	assert_int_equal(side->cpt->n_parsed, n);
	for (i = 0; i < n; i++) {
		msg = &side->cpt->parsed[i];
		assert_int_equal(msg->rc, 0);
		assert_int_equal(msg->len, msg->hdr.payload_len);
		for (b = 0; b < msg->len; b++)
			if (msg->payload[b] != fake_core_pattern(b))
				fail_msg("message %u: byte %u of %u", i, b, msg->len);
	}
}

/* All sends of both sides are complete, in at most @ns. */
static void
run_until_done(struct pair *p, uint64_t ns)
{
	uint64_t until = p->sim->now + ns;

	sim_step(p->sim, p->sim->now);
	while (p->side[0].cpt->n_done < p->side[0].cpt->n_sent ||
	       p->side[1].cpt->n_done < p->side[1].cpt->n_sent)
		if (!sim_step(p->sim, until))
			fail_msg("sends incomplete: %u of %u, %u of %u", p->side[0].cpt->n_done,
				 p->side[0].cpt->n_sent, p->side[1].cpt->n_done,
				 p->side[1].cpt->n_sent);
	run(p, SIM_S);
}

static unsigned int
conns(const struct pair *p, unsigned int i)
{
	const struct socklnd_ni_cpt *nc = p->side[i].ni.lnd_cpt_data[0];
	const struct socklnd_peer *peer = TAILQ_FIRST(&nc->peers);

	return peer != NULL ? peer->n_conns : 0;
}

static void
impair(struct sim_conf *conf, uint32_t ppm)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		conf->link[i].loss = ppm;
		conf->link[i].dup = ppm / 2;
		conf->link[i].reorder = ppm;
		conf->link[i].reorder_delay = 3 * SIM_MS;
		conf->link[i].jitter = SIM_MS / 2;
	}
}

static void
messages_arrive_once_and_whole(void **state)
{
	static const uint32_t sizes[] = {0, 100, 4096, 70000, 1 << 20, 927, 928, 0};
	unsigned int seed, i, n;
	struct sim_conf conf;
	struct pair p;

	for (seed = 1; seed <= SEEDS; seed++) {
		sim_conf_default(&conf, seed);
		conf.v6 = seed % 3 == 0;
		impair(&conf, seed % 2 == 0 ? 20000 : 0);
		/* ports that leave large segments whole: chains of up to 33 mbufs */
		if (seed % 4 >= 2) {
			conf.path.tso_max = 65000;
			conf.path.tso_max_slices = 64;
			conf.lro = true;
			conf.lro_part = seed % 8 >= 4;
		}
		pair_up(&p, &conf, 1 + (int)seed % 2);
		for (n = 0; n < 3; n++) {
			for (i = 0; i < 8; i++) {
				assert_int_equal(send_msg(&p, 0, sizes[i]), 0);
				/* the other side answers, when it has heard */
				if (n > 0)
					assert_int_equal(send_msg(&p, 1, sizes[i]), 0);
			}
			run_until_done(&p, 120 * SIM_S);
		}
		check_received(&p.side[0], 16);
		check_received(&p.side[1], 24);
		for (i = 0; i < p.side[0].cpt->n_done; i++)
			assert_int_equal(p.side[0].cpt->done[i].rc, 0);
		assert_int_equal(p.side[0].cpt->n_down + p.side[1].cpt->n_down, 0);
		pair_down(&p);
	}
}

static void
both_may_dial_at_once(void **state)
{
	unsigned int seed, i;
	struct sim_conf conf;
	struct pair p;

	for (seed = 1; seed <= 4 * SEEDS; seed++) {
		sim_conf_default(&conf, seed);
		conf.link[0].jitter = conf.link[1].jitter = 3 * SIM_MS;
		pair_up(&p, &conf, 1 + (int)seed % 3);
		assert_int_equal(send_msg(&p, seed % 2, 100), 0);
		run(&p, sim_random(p.sim, 8 * SIM_MS));
		assert_int_equal(send_msg(&p, (seed + 1) % 2, 100), 0);
		run_until_done(&p, 20 * SIM_S);
		run(&p, 10 * SIM_S);
		for (i = 0; i < 2; i++) {
			check_received(&p.side[i], 1);
			assert_int_equal(p.side[i].cpt->done[0].rc, 0);
			/* a whole set, the same on both sides, and nobody closed anything (T1) */
			assert_in_range(conns(&p, i), 3, 2 * (1 + 2 * (1 + seed % 3)));
		}
		assert_int_equal(conns(&p, 0), conns(&p, 1));
		pair_down(&p);
	}
}

static void
receiver_without_buffers_stops_the_sender_and_recovers(void **state)
{
	unsigned int seed, i;
	struct sim_conf conf;
	struct pair p;

	for (seed = 1; seed <= SEEDS; seed++) {
		sim_conf_default(&conf, seed);
		impair(&conf, seed % 2 == 0 ? 5000 : 0);
		pair_up(&p, &conf, 1);
		assert_int_equal(send_msg(&p, 0, 0), 0);
		run_until_done(&p, 10 * SIM_S);
		p.side[1].cpt->recv = FAKE_LATER;
		for (i = 0; i < 3; i++)
			assert_int_equal(send_msg(&p, 0, 1 << 20), 0);
		run(&p, 10 * SIM_S);
		assert_int_equal(p.side[1].cpt->n_parsed, 2); /* the others wait behind it */
		p.side[1].cpt->recv = FAKE_TAKE;
		fake_core_recv(p.side[1].cpt, 1, 1 << 20, p.sim->now);
		run_until_done(&p, 60 * SIM_S);
		check_received(&p.side[1], 4);
		pair_down(&p);
	}
}

static void
dead_link_fails_sends_and_comes_back(void **state)
{
	struct sim_conf conf;
	struct pair p;

	sim_conf_default(&conf, 1);
	pair_up(&p, &conf, 1);
	assert_int_equal(send_msg(&p, 0, 0), 0);
	run_until_done(&p, 10 * SIM_S);
	p.sim->conf.link[0].down = p.sim->conf.link[1].down = true;
	assert_int_equal(send_msg(&p, 0, 100000), 0);
	run(&p, 52 * SIM_S);
	assert_int_equal(p.side[0].cpt->n_done, 2);
	assert_int_equal(p.side[0].cpt->done[1].rc, -EIO);
	assert_int_equal(p.side[0].cpt->done[1].health, LNET_HEALTH_NETWORK_TIMEOUT);
	assert_int_equal(p.side[0].cpt->n_down, 1);
	run(&p, 20 * SIM_S);
	p.sim->conf.link[0].down = p.sim->conf.link[1].down = false;
	run(&p, 5 * SIM_S);
	assert_int_equal(send_msg(&p, 0, 100000), 0);
	run_until_done(&p, 30 * SIM_S);
	assert_int_equal(p.side[0].cpt->done[2].rc, 0);
	pair_down(&p);
}

/* One side vanishes and comes back with a new incarnation, on the same addresses and ports. */
static void
restarted_node_is_back_in_seconds(void **state)
{
	unsigned int seed, who;
	struct sim_conf conf;
	struct pair p;

	for (seed = 1; seed <= SEEDS; seed++) {
		who = seed % 2;
		sim_conf_default(&conf, seed);
		pair_up(&p, &conf, 1);
		assert_int_equal(send_msg(&p, 0, 4096), 0);
		run_until_done(&p, 10 * SIM_S);
		/* what it says while it goes down is lost: the other side hears nothing */
		p.sim->conf.link[who].down = true;
		side_down(&p, who);
		assert_int_equal(sim_restart(p.sim, who), 0);
		p.sim->conf.link[who].down = false;
		side_up(&p, who, 1);
		assert_int_equal(send_msg(&p, who, 4096), 0);
		run_until_done(&p, 3 * SIM_S);
		assert_int_equal(p.side[who].cpt->done[0].rc, 0);
		/* and the other way */
		assert_int_equal(send_msg(&p, !who, 100000), 0);
		run_until_done(&p, 3 * SIM_S);
		check_received(&p.side[who], 1);
		pair_down(&p);
	}
}

static void
nobody_listens(void **state)
{
	struct sim_conf conf;
	struct pair p;

	sim_conf_default(&conf, 1);
	pair_up(&p, &conf, 1);
	socklnd_unlisten(p.side[1].ni.lnd_cpt_data[0], p.sim->now);
	assert_int_equal(send_msg(&p, 0, 0), 0);
	run_until_done(&p, SIM_S);
	assert_int_equal(p.side[0].cpt->done[0].rc, -ECONNREFUSED);
	assert_int_equal(p.side[0].cpt->done[0].health, LNET_HEALTH_REMOTE_DROPPED);
	assert_int_equal(socklnd_listen(p.side[1].ni.lnd_cpt_data[0], p.sim->now), 0);
	assert_int_equal(send_msg(&p, 0, 0), 0);
	run_until_done(&p, SIM_S);
	assert_int_equal(p.side[0].cpt->done[1].rc, 0);
	pair_down(&p);
}

static int
setup(void **state)
{
	return fake_eal_init(256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive_once_and_whole),
		cmocka_unit_test(both_may_dial_at_once),
		cmocka_unit_test(receiver_without_buffers_stops_the_sender_and_recovers),
		cmocka_unit_test(dead_link_fails_sends_and_comes_back),
		cmocka_unit_test(restarted_node_is_back_in_seconds),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
