/* SPDX-License-Identifier: BSD-3-Clause */
/* The layers of a node, joined as the router joins them. */
#include "bench/node.h"

#include "drivers/ether/ether.h"
#include "drivers/socklnd/socklnd.h"
#include "drivers/tcp/tcp.h"

#include <rte_random.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONNS 32
#define WINDOW_MIN 65536

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
	int rc = ether_iface_get(n->stack.ether, 0, &info);

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

/* --- start --- */

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
	rc = core_init(&n->core, &n->stack.lc, &socklnd_ops, &n->ni, &gateway);
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

static int
start_stack(struct node *n, const struct node_conf *conf, const struct socklnd_config *scfg,
	    const struct buf_mem *mem, uint64_t now, char *why, unsigned int why_size)
{
	const struct ether_link_ops link = {.ctx = n, .link = link_changed};
	struct tcp_config tcp;
	const struct stack_conf sconf = {
		.interface = conf->interface,
		.mtu = conf->mtu,
		.mbufs = conf->mbufs,
		.mbuf_room = conf->mbuf_room,
		.link = &link,
		.tcp = &tcp,
	};
	uint64_t r = rte_rand();

	tcp_config_default(&tcp);
	socklnd_tcp_config(scfg, &tcp);
	tcp.max_conns = CONNS;
	tcp.rcv_wnd_min = WINDOW_MIN;
	memcpy(tcp.secret, &r, sizeof(r));
	return stack_start(&n->stack, &sconf, mem, now, why, why_size);
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
	socklnd_config_default(&cfg);
	cfg.max_peers = 16;
	cfg.conns_per_peer = 1; /* as the router, whose ports tell no speed */
	cfg.max_conns = CONNS;
	rc = start_stack(n, conf, &cfg, mem, now, why, why_size);
	if (rc < 0)
		return rc;
	env.lcores[0] = &n->stack.lc;
	env.tcp[0] = n->stack.tcp;
	snprintf(why, why_size, "driver");
	rc = socklnd_create(&env, &cfg, &n->socklnd);
	return rc < 0 ? rc : start_ni(n, conf, now, why, why_size);
}

/* --- */

unsigned int
node_poll(struct node *n, uint64_t now)
{
	return stack_poll(&n->stack, now);
}

void
node_control(struct node *n, uint64_t now)
{
	ether_control(n->stack.ether, now);
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
	/* the driver outlives its connections, and what it holds outlives no memory */
	tcp_destroy(n->stack.tcp, now);
	n->stack.tcp = NULL;
	socklnd_destroy(n->socklnd);
	core_fini(&n->core);
	stack_stop(&n->stack, now);
}
