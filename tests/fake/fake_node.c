/* SPDX-License-Identifier: BSD-3-Clause */
/* LNet nodes for tests. */
#include "tests/fake/fake_node.h"

#include "drivers/lolnd/lolnd.h"
#include "lnet/base/channel.h"
#include "lnet/base/check.h"
#include "lnet/lnet_priv.h"

#include <stdio.h>
#include <string.h>

#define TICK_NS 1000000
#define MBUF_ROOM 2048

static struct buf_mem mem;

void
fake_node_mem_init(unsigned int mbufs)
{
	CHECK(buf_mem_create(&mem, "node", mbufs, MBUF_ROOM, -1) == 0);
}

void
fake_node_mem_fini(void)
{
	buf_mem_destroy(&mem);
}

const struct buf_mem *
fake_node_mem(void)
{
	return &mem;
}

static uint64_t
wall(void *ctx)
{
	struct fake_node *n = ctx;

	return n->now + 1700000000 * FAKE_S;
}

void
fake_node_init(struct fake_node *n, struct fake_fabric *f, unsigned int n_workers)
{
	memset(n, 0, sizeof(*n));
	n->fabric = f;
	n->n_workers = n_workers;
	n->now = 1000 * FAKE_S;
	lnet_params_default(&n->params);
	n->params.forwarding = 1;
	n->params.tiny_router_buffers = 16 * (int)n_workers;
	n->params.small_router_buffers = 16 * (int)n_workers;
	n->params.large_router_buffers = 4 * (int)n_workers;
	n->params.max_peers = 64;
	fake_lnd_init(&n->tcp, f, n_workers);
	fake_lnd_init(&n->o2ib, f, n_workers);
}

static void
init_ledger(const struct fake_node *n, struct ledger *ledger)
{
	struct ledger_conf conf = {
		.mbuf_size = MBUF_ROOM + 256,
		.mbuf_room = MBUF_ROOM,
		.mtu = 1500,
		.burst = 1,
		.conns = 1,
		.window_min = 16384,
		.tiny = lnet_params_buffers(&n->params, LNET_RTR_TINY, n->n_workers),
		.small = lnet_params_buffers(&n->params, LNET_RTR_SMALL, n->n_workers),
		.large = lnet_params_buffers(&n->params, LNET_RTR_LARGE, n->n_workers),
		.local = 4 << 20,
	};
	struct ledger_plan plan;

	ledger_plan_make(&plan, &conf, UINT64_MAX);
	CHECK(ledger_plan_make(&plan, &conf, plan.need) == 0);
	CHECK(ledger_init(ledger, &plan) == 0);
}

static void
make_workers(struct fake_node *n)
{
	unsigned int i;

	CHECK(quiesce_create(&n->quiesce, n->n_workers) == 0);
	if (n->n_workers > 1)
		CHECK(channel_create(n->n_workers, 16,
				     lnet_params_messages(&n->params, n->n_workers),
				     &n->channel) == 0);
	for (i = 0; i < n->n_workers; i++) {
		CHECK(lcore_init(&n->lc[i], i, n->n_workers, 0, n->now, TICK_NS) == 0);
		n->lc[i].mem = &mem;
		n->lc[i].channel = n->channel;
		n->lcores[i] = &n->lc[i];
		init_ledger(n, &n->lc[i].ledger);
	}
}

void
fake_node_start(struct fake_node *n)
{
	const struct lnet_lnd lnds[] = {
		{&lolnd_ops, NULL}, {&fake_tcp_ops, &n->tcp}, {&fake_o2ib_ops, &n->o2ib}};
	struct lnet_env env = {
		.lcores = n->lcores,
		.n_lcores = n->n_workers,
		.quiesce = &n->quiesce,
		.lnds = lnds,
		.n_lnds = 3,
		.wall_clock = wall,
		.ctx = n,
	};
	struct lnet_cpt *cpt;
	unsigned int i;

	make_workers(n);
	env.channel = n->channel;
	CHECK(lnet_create(&env, &n->params, n->now, &n->l, n->why, sizeof(n->why)) == 0);
	for (i = 0; i < n->n_workers && n->channel != NULL; i++) {
		cpt = lnet_cpt_of(n->l, i);
		channel_set_handler(n->channel, i, CHANNEL_MSG,
				    (struct channel_handler){lnet_channel_msg, cpt});
		channel_set_handler(n->channel, i, CHANNEL_DONE,
				    (struct channel_handler){lnet_channel_done, cpt});
	}
}

void
fake_node_stop(struct fake_node *n)
{
	unsigned int i;

	lnet_unconfigure(n->l, n->now);
	for (i = 0; i < 100 && lnet_is_configured(n->l); i++)
		fake_node_settle(n);
	CHECK(!lnet_is_configured(n->l));
	CHECK(lnet_is_idle(n->l));
	CHECK(lnet_leaks(n->l) == 0);
	lnet_destroy(n->l);
	fake_lnd_fini(&n->tcp);
	fake_lnd_fini(&n->o2ib);
	for (i = 0; i < n->n_workers; i++)
		lcore_fini(&n->lc[i]);
	if (n->channel != NULL)
		channel_destroy(n->channel);
	quiesce_destroy(&n->quiesce);
}

unsigned int
fake_node_poll_worker(struct fake_node *n, unsigned int worker)
{
	unsigned int moved = 0;

	if (n->channel != NULL)
		moved += channel_poll(n->channel, worker, n->now);
	moved += timer_wheel_run(&n->lc[worker].wheel, n->now);
	moved += lnet_poll(lnet_cpt_of(n->l, worker), n->now);
	if (n->channel != NULL)
		channel_flush(n->channel, worker);
	return moved;
}

void
fake_node_settle(struct fake_node *n)
{
	unsigned int i, moved;

	do {
		moved = 0;
		for (i = 0; i < n->n_workers; i++)
			moved += fake_node_poll_worker(n, i);
		while (fake_fabric_step(n->fabric, 0, n->now))
			moved++;
		/* sends of the receivers are staged now: flush before asking again */
		for (i = 0; i < n->n_workers; i++)
			moved += fake_node_poll_worker(n, i);
		lnet_control(n->l, n->now);
	} while (moved > 0);
}

void
fake_node_pass(struct fake_node *n, uint64_t ns)
{
	uint64_t end = n->now + ns;

	while (n->now < end) {
		n->now = end - n->now > FAKE_S / 10 ? n->now + FAKE_S / 10 : end;
		fake_node_settle(n);
	}
}

struct lnet_nid
fake_nid(const char *text)
{
	struct lnet_nid nid;

	CHECK(lnet_nid_parse(text, &nid) == 0);
	return nid;
}

int
fake_node_add(struct fake_node *n, const char *text)
{
	struct lnet_net_conf conf = {0};
	struct lnet_nid nid = fake_nid(text);
	int rc;

	conf.net = lnet_nid_net(&nid);
	lnet_ni_tunables_unset(&conf.tun);
	snprintf(conf.ifname, sizeof(conf.ifname), "%.*s", (int)(strchr(text, '@') - text), text);
	rc = lnet_net_add(n->l, &conf, n->now, n->why, sizeof(n->why));
	return rc;
}

struct lnet_ni *
fake_node_ni(struct fake_node *n, const char *text)
{
	struct lnet_nid nid = fake_nid(text);
	struct lnet_ni *ni;
	unsigned int i;

	for (i = 0; (ni = lnet_ni_at(n->l, i)) != NULL; i++)
		if (lnet_nid_equal(&ni->nid, &nid))
			return ni;
	return NULL;
}

uint64_t
fake_node_drops(const struct fake_node *n, unsigned int reason)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < n->n_workers; i++)
		sum += n->l->cpts[i]->stats.drop[reason];
	return sum;
}
