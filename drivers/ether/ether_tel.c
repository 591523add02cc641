/* SPDX-License-Identifier: BSD-3-Clause */
/* /ether/... commands: what ip, ethtool and arp show of a port that the kernel does not see. Thread: control. */
#include "drivers/ether/ether_priv.h"
#include "lnet/base/tel.h"

#include <rte_ethdev.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define XSTATS_MAX 256
#define NEIGH_PAGE 32 /* entries copied in one call to a worker */
#define NS_PER_MS UINT64_C(1000000)

/* First item of a page: off= or 0. */
static int
page_start(struct kv *params, struct tel_req *req, unsigned int *first)
{
	int64_t off = 0;

	if (kv_get_int(params, "off", 0, UINT32_MAX, &off) < 0)
		return tel_fail(req, -EINVAL, "off= is a number from 0");
	if (kv_unknown(params) != NULL)
		return tel_fail(req, -EINVAL, "unknown parameter: %s", kv_unknown(params));
	*first = (unsigned int)off;
	return 0;
}

/* --- ports --- */

static int
port_list(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct ether *e = owner;
	struct tel_out *o = tel_out(req);
	const struct ether_port *p;
	unsigned int first = 0, i, n = 0;
	int rc = page_start(params, req, &first);

	(void)now;
	if (rc < 0)
		return rc;
	tel_begin(o, "data");
	for (i = first; i < e->n_ports && tel_size(o) < TEL_PAGE; i++) {
		p = e->ports[i];
		tel_begin_item(o, n++);
		tel_str(o, "port", p->name);
		tel_str(o, "driver", p->driver);
		tel_str(o, "link", p->link.up ? "up" : "down");
		tel_end(o);
	}
	tel_end(o);
	tel_u64(o, "count", n);
	tel_u64(o, "next", i < e->n_ports ? i : 0);
	return 0;
}

static void
show_stats(struct tel_out *o, const struct ether_port *p)
{
	struct rte_eth_stats s;

	if (rte_eth_stats_get(p->id, &s) < 0)
		return;
	tel_begin(o, "stats");
	tel_u64(o, "ipackets", s.ipackets);
	tel_u64(o, "opackets", s.opackets);
	tel_u64(o, "ibytes", s.ibytes);
	tel_u64(o, "obytes", s.obytes);
	tel_u64(o, "imissed", s.imissed);
	tel_u64(o, "ierrors", s.ierrors);
	tel_u64(o, "oerrors", s.oerrors);
	tel_u64(o, "rx_nombuf", s.rx_nombuf);
	tel_end(o);
}

/* What is not zero, as far as a reply holds it. */
static void
show_xstats(struct tel_out *o, const struct ether_port *p)
{
	struct rte_eth_xstat_name names[XSTATS_MAX];
	struct rte_eth_xstat values[XSTATS_MAX];
	char key[RTE_ETH_XSTATS_NAME_SIZE], *c;
	int i, n = rte_eth_xstats_get_names(p->id, names, XSTATS_MAX);

	if (n <= 0 || n > XSTATS_MAX || rte_eth_xstats_get(p->id, values, XSTATS_MAX) != n)
		return;
	tel_begin(o, "xstats");
	for (i = 0; i < n && tel_size(o) < TEL_PAGE; i++) {
		if (values[i].value == 0)
			continue;
		memcpy(key, names[i].name, sizeof(key));
		key[sizeof(key) - 1] = '\0';
		for (c = key; *c != '\0'; c++)
			if (!isalnum((unsigned char)*c))
				*c = '_';
		tel_u64(o, key, values[i].value);
	}
	tel_end(o);
}

static void
show_offloads(struct tel_out *o, const struct ether_port *p)
{
	static const struct {
		const char *key;
		bool rx;
		uint64_t flag;
	} list[] = {
		{"rx_ipv4_checksum", true, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM},
		{"rx_tcp_checksum", true, RTE_ETH_RX_OFFLOAD_TCP_CKSUM},
		{"rx_lro", true, RTE_ETH_RX_OFFLOAD_TCP_LRO},
		{"rx_scatter", true, RTE_ETH_RX_OFFLOAD_SCATTER},
		{"rx_vlan_strip", true, RTE_ETH_RX_OFFLOAD_VLAN_STRIP},
		{"tx_ipv4_checksum", false, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM},
		{"tx_tcp_checksum", false, RTE_ETH_TX_OFFLOAD_TCP_CKSUM},
		{"tx_tso", false, RTE_ETH_TX_OFFLOAD_TCP_TSO},
		{"tx_multi_segs", false, RTE_ETH_TX_OFFLOAD_MULTI_SEGS},
	};
	unsigned int i;

	tel_begin(o, "offloads");
	for (i = 0; i < RTE_DIM(list); i++)
		tel_int(o, list[i].key,
			((list[i].rx ? p->rx_offloads : p->tx_offloads) & list[i].flag) != 0);
	tel_end(o);
}

static int
port_show(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct ether *e = owner;
	const char *name = kv_get(params, "port");
	struct tel_out *o = tel_out(req);
	const struct ether_port *p;
	unsigned int i = 0;

	(void)now;
	if (kv_unknown(params) != NULL)
		return tel_fail(req, -EINVAL, "unknown parameter: %s", kv_unknown(params));
	while (i < e->n_ports && (name == NULL || strcmp(e->ports[i]->name, name) != 0))
		i++;
	if (i == e->n_ports)
		return tel_fail(req, -ENODEV, "port= has to name a port of /ether/port/list");
	p = e->ports[i];
	tel_str(o, "port", p->name);
	tel_str(o, "driver", p->driver);
	tel_str(o, "link", p->link.up ? "up" : "down");
	tel_strf(o, "mac", ETHER_MAC_FMT, RTE_ETHER_ADDR_BYTES(&p->mac));
	tel_u64(o, "mtu", p->mtu);
	tel_u64(o, "speed", p->speed_mbps);
	tel_u64(o, "queues", p->n_queues);
	tel_int(o, "rss", p->rss);
	tel_u64(o, "rx_desc", p->rx_desc);
	tel_u64(o, "tx_desc", p->tx_desc);
	tel_u64(o, "max_segs", p->max_segs);
	tel_u64(o, "tso_segs", p->tso_segs);
	tel_u64(o, "tso_mss_min", p->tso_mss_min);
	show_offloads(o, p);
	show_stats(o, p);
	show_xstats(o, p);
	return 0;
}

/* --- interfaces --- */

static const char *
addr_state(const struct iface_addr *a)
{
	static const char *const names[] = {"tentative", "ok", "duplicate"};

	return names[atomic_load_explicit(&a->state, memory_order_relaxed)];
}

static void
show_iface(struct tel_out *o, const struct ether_iface *i)
{
	char text[IPADDR_STR_MAX], key[12];
	unsigned int k;

	tel_str(o, "name", i->conf.name);
	tel_str(o, "port", i->port->name);
	tel_strf(o, "mac", ETHER_MAC_FMT, RTE_ETHER_ADDR_BYTES(&i->port->mac));
	tel_u64(o, "vlan", i->vlan);
	tel_u64(o, "mtu", i->mtu);
	tel_str(o, "ecn", ether_ecn_name(i->conf.ecn));
	tel_str(o, "cc", ether_cc_name(i->conf.cc));
	tel_str(o, "link", i->port->link.up ? "up" : "down");
	tel_begin(o, "addrs");
	for (k = 0; k < i->n_addrs; k++) {
		snprintf(key, sizeof(key), "%u", k);
		tel_strf(o, key, "%s/%u%s%s", ipaddr_format(&i->addrs[k].addr, text),
			 i->addrs[k].prefix, i->addrs[k].addr.family == IP_V6 ? " " : "",
			 i->addrs[k].addr.family == IP_V6 ? addr_state(&i->addrs[k]) : "");
	}
	tel_end(o);
}

static int
iface_list(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct ether *e = owner;
	struct tel_out *o = tel_out(req);
	unsigned int first = 0, i, n = 0;
	int rc = page_start(params, req, &first);

	(void)now;
	if (rc < 0)
		return rc;
	tel_begin(o, "data");
	for (i = first; i < e->n_ifaces && tel_size(o) < TEL_PAGE; i++) {
		tel_begin_item(o, n++);
		show_iface(o, e->ifaces[i]);
		tel_end(o);
	}
	tel_end(o);
	tel_u64(o, "count", n);
	tel_u64(o, "next", i < e->n_ifaces ? i : 0);
	return 0;
}

/* --- neighbours: each worker has its own table --- */

struct neigh_page {
	struct ether *e;
	unsigned int slot; /* to begin at; then the next one */
	int iface; /* -1: all */
	unsigned int n;
	struct {
		struct ipaddr addr;
		uint16_t iface;
		enum neigh_state state;
		struct rte_ether_addr mac;
		uint64_t age_ms;
	} item[NEIGH_PAGE];
};

static int
read_neighbours(struct lcore *lc, void *arg, uint64_t now)
{
	struct neigh_page *p = arg;
	const struct neigh_table *t = p->e->workers[lc->index]->neigh;
	const struct neigh *n;

	p->n = 0;
	for (; p->slot < neigh_capacity(t) && p->n < NEIGH_PAGE; p->slot++) {
		n = neigh_at(t, p->slot);
		if (n == NULL || (p->iface >= 0 && n->iface != p->iface))
			continue;
		p->item[p->n].addr = n->addr;
		p->item[p->n].iface = n->iface;
		p->item[p->n].state = n->state;
		p->item[p->n].mac = n->mac;
		p->item[p->n++].age_ms = (now - n->changed) / NS_PER_MS;
	}
	return 0;
}

static bool
has_mac(enum neigh_state s)
{
	return s != NEIGH_NEW && s != NEIGH_INCOMPLETE && s != NEIGH_FAILED;
}

static void
show_neighbours(struct tel_out *o, const struct neigh_page *p, unsigned int worker, unsigned int *n)
{
	char text[IPADDR_STR_MAX];
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		tel_begin_item(o, (*n)++);
		tel_str(o, "address", ipaddr_format(&p->item[i].addr, text));
		if (has_mac(p->item[i].state))
			tel_strf(o, "mac", ETHER_MAC_FMT, RTE_ETHER_ADDR_BYTES(&p->item[i].mac));
		tel_str(o, "state", neigh_state_name(p->item[i].state));
		tel_u64(o, "age_ms", p->item[i].age_ms);
		tel_str(o, "iface", p->e->ifaces[p->item[i].iface]->conf.name);
		tel_u64(o, "cpt", worker);
		tel_end(o);
	}
}

static int
iface_param(struct ether *e, struct kv *params, struct tel_req *req, int *index)
{
	const char *name = kv_get(params, "iface");
	struct ether_iface_info info;

	if (name == NULL)
		return 0;
	if (ether_iface_find(e, name, &info) < 0)
		return tel_fail(req, -ENODEV, "no such interface: %s", name);
	*index = (int)info.index;
	return 0;
}

static int
neigh_list_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct neigh_page page = {.e = owner, .iface = -1};
	struct ether *e = owner;
	struct tel_out *o = tel_out(req);
	unsigned int first = 0, worker, n = 0;
	int rc = iface_param(e, params, req, &page.iface);

	(void)now;
	if (rc == 0)
		rc = page_start(params, req, &first);
	if (rc < 0)
		return rc;
	worker = first / ETHER_NEIGH_MAX;
	page.slot = first % ETHER_NEIGH_MAX;
	tel_begin(o, "data");
	while (worker < e->n_workers && tel_size(o) < TEL_PAGE / 2) {
		lcore_call(e->workers[worker]->lc, read_neighbours, &page);
		show_neighbours(o, &page, worker, &n);
		if (page.slot == ETHER_NEIGH_MAX) {
			worker++;
			page.slot = 0;
		}
	}
	tel_end(o);
	tel_u64(o, "count", n);
	tel_u64(o, "next", worker < e->n_workers ? worker * ETHER_NEIGH_MAX + page.slot : 0);
	return 0;
}

struct neigh_change {
	struct ether *e;
	uint16_t iface;
	struct ipaddr addr;
	bool add;
	struct rte_ether_addr mac;
};

static int
change_neighbour(struct lcore *lc, void *arg, uint64_t now)
{
	const struct neigh_change *c = arg;
	struct neigh_table *t = c->e->workers[lc->index]->neigh;

	return c->add ? neigh_set_static(t, c->iface, &c->addr, &c->mac, now)
		      : neigh_remove(t, c->iface, &c->addr, now);
}

static int
neigh_change(struct ether *e, struct kv *params, struct tel_req *req, bool add)
{
	struct neigh_change c = {.e = e, .add = add};
	const char *addr = kv_get(params, "addr"), *mac = add ? kv_get(params, "mac") : NULL;
	unsigned int w;
	int iface = -1, found = -ENOENT, rc = iface_param(e, params, req, &iface);

	if (rc < 0)
		return rc;
	if (iface < 0 || addr == NULL || ipaddr_parse(addr, &c.addr) < 0)
		return tel_fail(req, -EINVAL, "iface= and addr= are needed");
	if (add &&
	    (mac == NULL || rte_ether_unformat_addr(mac, &c.mac) < 0 ||
	     !rte_is_valid_assigned_ether_addr(&c.mac)))
		return tel_fail(req, -EINVAL, "mac= has to be a station's address");
	if (kv_unknown(params) != NULL)
		return tel_fail(req, -EINVAL, "unknown parameter: %s", kv_unknown(params));
	c.iface = (uint16_t)iface;
	for (w = 0; w < e->n_workers; w++) {
		rc = lcore_call(e->workers[w]->lc, change_neighbour, &c);
		if (rc == 0)
			found = 0;
		else if (rc != -ENOENT)
			return tel_fail(req, rc, "the neighbour table of worker %u is full", w);
	}
	/* a neighbour is there if any worker has talked to it */
	return found < 0 ? tel_fail(req, found, "no such neighbour") : 0;
}

static int
neigh_add_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	(void)now;
	return neigh_change(owner, params, req, true);
}

static int
neigh_del_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	(void)now;
	return neigh_change(owner, params, req, false);
}

/* --- counters --- */

static int
stats(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct ether *e = owner;
	struct tel_out *o = tel_out(req);
	unsigned int c, w;
	uint64_t sum;

	(void)now;
	if (kv_unknown(params) != NULL)
		return tel_fail(req, -EINVAL, "unknown parameter: %s", kv_unknown(params));
	for (c = 0; c < ETHER_COUNTERS; c++) {
		for (w = 0, sum = 0; w < e->n_workers; w++)
			sum += counter_read(&e->workers[w]->counters[c]);
		tel_u64(o, ether_counter_desc[c].name, sum);
	}
	return 0;
}

static const struct tel_cmd commands[] = {
	{"/ether/port/list", port_list, "[off=]: ports with driver and link"},
	{"/ether/port/show", port_show, "port=: settings, offloads and statistics of a port"},
	{"/ether/iface/list", iface_list, "[off=]: interfaces with addresses"},
	{"/ether/neigh/list", neigh_list_cmd, "[iface=][;off=]: neighbours of each worker"},
	{"/ether/neigh/add", neigh_add_cmd, "iface=;addr=;mac=: static neighbour"},
	{"/ether/neigh/del", neigh_del_cmd, "iface=;addr=: forget a neighbour"},
	{"/ether/ping", ether_ping_cmd,
	 "iface=;addr=[;count=][;timeout_ms=][;size=]: echo requests, answered when done"},
	{"/ether/capture/start", ether_capture_start_cmd,
	 "port=|iface=;path=[;max_bytes=][;max_packets=]: frames to a pcapng file"},
	{"/ether/capture/stop", ether_capture_stop_cmd, "end the capture"},
	{"/ether/stats", stats, "counters, summed over the workers"},
};

int
ether_tel_register(struct ether *e, struct tel *t)
{
	return tel_register(t, commands, RTE_DIM(commands), e);
}
