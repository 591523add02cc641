/* SPDX-License-Identifier: BSD-3-Clause */
/* The layers of a node, joined as the router joins them. */
#include "bench/node.h"

#include "app/router/glue.h"
#include "drivers/ether/ether.h"
#include "drivers/socklnd/socklnd.h"
#include "drivers/tcp/tcp.h"

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_random.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TICK_NS 1000000
#define CONNS 32
#define WINDOW_MIN 65536
#define RING 1024 /* descriptors of a port, each way */
#define CACHE 512
#define BURST 64

static void
link_changed(void *ctx, unsigned int iface, bool up, uint64_t now)
{
	struct node *n = ctx;

	if (n->socklnd != NULL)
		socklnd_link(n->socklnd, iface, up, now);
}

static int
find_iface(void *arg, const char *, struct socklnd_iface *out)
{
	struct node *n = arg;
	struct ether_iface_info info;
	int rc = ether_iface_get(n->ether, 0, &info);

	if (rc < 0)
		return rc;
	*out = (struct socklnd_iface){
		.index = info.index,
		.addrs = {info.conf->addrs[0].addr},
		.n_addrs = 1,
		.speed_mbps = info.speed_mbps,
		.mtu = info.conf->mtu,
		.link_up = info.link_up,
	};
	return 0;
}

static unsigned int
find_home(void *, const struct ipaddr *, const struct ipaddr *)
{
	return 0;
}

/* --- start, bottom up --- */

static int
start_memory(struct node *n, const struct node_conf *conf, const struct buf_mem *mem, uint64_t now)
{
	uint32_t size =
		(uint32_t)(sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM) + conf->mbuf_room;
	const struct ledger_conf lconf = {
		.mbuf_size = size,
		.mbuf_room = conf->mbuf_room,
		.mtu = conf->mtu,
		.rx_desc = RING,
		.tx_desc = RING,
		.cache = CACHE,
		.burst = BURST,
		.conns = CONNS,
		.window_min = WINDOW_MIN,
		.reorder = 512ull * size,
		.local = 256ull * size,
		.sent = 256ull * size,
	};
	struct ledger_plan plan;
	int rc;

	rc = lcore_init(&n->lc, 0, 1, rte_lcore_id(), now, TICK_NS);
	if (rc < 0)
		return rc;
	n->lc.mem = mem;
	rc = ledger_plan_make(&plan, &lconf, (uint64_t)conf->mbufs * size);
	return rc < 0 ? rc : ledger_init(&n->lc.ledger, &plan);
}

static int
start_ether(struct node *n, const struct node_conf *conf, uint64_t now, char *why,
	    unsigned int why_size)
{
	struct lcore *lcores[] = {&n->lc};
	const struct ether_link_ops link = {.ctx = n, .link = link_changed};
	struct ether_iface_conf iface;
	int rc;

	rc = ether_iface_parse(conf->interface, &iface, why, why_size);
	if (rc == 0)
		rc = ether_create(lcores, 1, &link, &n->ether);
	if (rc == 0)
		rc = ether_iface_add(n->ether, &iface, why, why_size);
	if (rc >= 0)
		rc = ether_start(n->ether, now, why, why_size);
	if (rc == 0)
		n->el = ether_lcore(n->ether, 0);
	return rc;
}

static int
start_tcp(struct node *n, const struct socklnd_config *scfg, uint64_t now)
{
	struct tcp_config cfg;
	uint64_t r = rte_rand();
	int rc;

	tcp_config_default(&cfg);
	socklnd_tcp_config(scfg, &cfg);
	cfg.max_conns = CONNS;
	cfg.rcv_wnd_min = WINDOW_MIN;
	memcpy(cfg.secret, &r, sizeof(r));
	glue_env(n->el, &n->tcp_env);
	rc = tcp_create(&n->lc, &n->tcp_env, &cfg, now, &n->tcp);
	if (rc < 0)
		return rc;
	glue_up(n->el, n->tcp);
	return 0;
}

static int
start_ni(struct node *n, const struct node_conf *conf, uint64_t now, char *why,
	 unsigned int why_size)
{
	struct lnet_nid nid, gateway;
	int rc;

	if (lnet_nid_parse(conf->nid, &nid) < 0 || lnet_nid_parse(conf->gateway, &gateway) < 0)
		return -EINVAL;
	n->ni = (struct lnet_ni){
		.lnd = NULL,
		.net = lnet_nid_net(&nid),
		.ifname = "p0",
		.incarnation = rte_rand() | 1,
	};
	lnet_ni_tunables_unset(&n->ni.tun);
	rc = core_init(&n->core, &n->lc, &socklnd_ops, &n->ni, &gateway);
	if (rc == 0)
		rc = socklnd_ops.ni_start(n->socklnd, &n->ni, why, why_size);
	if (rc == 0)
		rc = socklnd_ops.attach(&n->core, &n->ni, now);
	if (rc < 0)
		return rc;
	n->core.credits = n->ni.tun.peer_credits;
	if (lnet_nid_equal(&n->ni.nid, &nid))
		return 0;
	snprintf(why, why_size, "NID %s is not that of the interface", conf->nid);
	return -EINVAL;
}

int
node_start(struct node *n, const struct node_conf *conf, const struct buf_mem *mem, uint64_t now,
	   char *why, unsigned int why_size)
{
	struct socklnd_env env = {
		.arg = n,
		.iface = find_iface,
		.home = find_home,
		.n_workers = 1,
	};
	struct socklnd_config cfg;
	int rc;

	*n = (struct node){0};
	snprintf(why, why_size, "memory, TCP or driver");
	socklnd_config_default(&cfg);
	cfg.max_peers = 16;
	cfg.conns_per_peer = 1; /* as the router, whose ports tell no speed */
	cfg.max_conns = CONNS;
	rc = start_memory(n, conf, mem, now);
	if (rc == 0)
		rc = start_ether(n, conf, now, why, why_size);
	if (rc == 0)
		rc = start_tcp(n, &cfg, now);
	if (rc < 0)
		return rc;
	env.lcores[0] = &n->lc;
	env.tcp[0] = n->tcp;
	rc = socklnd_create(&env, &cfg, &n->socklnd);
	return rc < 0 ? rc : start_ni(n, conf, now, why, why_size);
}

/* --- */

unsigned int
node_poll(struct node *n, uint64_t now)
{
	unsigned int work = ether_poll(n->el, now);

	work += timer_wheel_run(&n->lc.wheel, now) + ether_timers(n->el, now);
	work += tcp_poll(n->tcp, now);
	return work + ether_flush(n->el, now);
}

void
node_control(struct node *n, uint64_t now)
{
	ether_control(n->ether, now);
}

unsigned int
node_detach(struct node *n, uint64_t now)
{
	return socklnd_ops.detach(&n->core, &n->ni, now);
}

void
node_stop(struct node *n, uint64_t now)
{
	if (n->ni.lnd_cpt_data[0] == NULL && n->ni.lnd_data != NULL)
		socklnd_ops.ni_stop(n->socklnd, &n->ni);
	tcp_destroy(n->tcp, now);
	socklnd_destroy(n->socklnd);
	ether_destroy(n->ether);
	core_fini(&n->core);
	lcore_fini(&n->lc);
}
