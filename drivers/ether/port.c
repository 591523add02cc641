/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports: what the device can do decides queues, offloads and limits. Thread: control. */
#include "drivers/ether/ether_priv.h"
#include "drivers/ether/quirk.h"
#include "lnet/base/buf.h"

#define LOG_TYPE LOG_T_ETHER
#include "lnet/base/log.h"

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RX_DESC 1024
#define TX_DESC 1024
#define L2_MAX (RTE_ETHER_HDR_LEN + 4u) /* with a VLAN tag */
#define MC_ADDRS_MAX 64
#define RETA_GROUPS (RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE)

int
ether_port_get(struct ether *e, const char *name, struct ether_port **pp, char *why,
	       unsigned int why_size)
{
	struct rte_eth_dev_info info;
	struct ether_port *p;
	unsigned int i;
	uint16_t id;

	for (i = 0; i < e->n_ports; i++) {
		if (strcmp(e->ports[i]->name, name) == 0) {
			*pp = e->ports[i];
			return 0;
		}
	}
	if (rte_eth_dev_get_port_by_name(name, &id) < 0 || id >= RTE_DIM(e->port_of_id)) {
		snprintf(why, why_size, "port %s: there is no such DPDK port (see EAL -a, --vdev)",
			 name);
		return -ENODEV;
	}
	if (e->n_ports == ETHER_PORTS_MAX) {
		snprintf(why, why_size, "port %s: at most %d ports are possible", name,
			 ETHER_PORTS_MAX);
		return -ENOSPC;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL || rte_eth_dev_info_get(id, &info) < 0 ||
	    rte_eth_macaddr_get(id, &p->mac) < 0) {
		snprintf(why, why_size, "port %s: does not answer", name);
		free(p);
		return -EIO;
	}
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->driver, sizeof(p->driver), "%s", info.driver_name);
	p->id = id;
	p->index = (uint16_t)e->n_ports;
	memset(p->vlan_iface, ETHER_NO_IFACE, sizeof(p->vlan_iface));
	e->port_of_id[id] = (uint8_t)p->index;
	e->ports[e->n_ports++] = p;
	*pp = p;
	return 0;
}

/* Greatest MTU that the device takes. */
static uint32_t
mtu_limit(const struct quirk *q, const struct rte_eth_dev_info *info)
{
	const struct rte_devargs *args;
	uint32_t overhead, frame;

	if (q->max_frame != NULL) {
		args = rte_dev_devargs(info->device);
		frame = q->max_frame(args != NULL ? args->args : NULL);
		return frame > L2_MAX ? frame - L2_MAX : 0;
	}
	/* as rte_eth_dev_configure() counts */
	overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	return RTE_MIN(info->max_rx_pktlen - overhead, (uint32_t)info->max_mtu);
}

static int
check_mtu(const struct ether_port *p, const struct quirk *q, const struct rte_eth_dev_info *info,
	  uint32_t room, char *why, unsigned int why_size)
{
	uint32_t limit = mtu_limit(q, info);

	if (p->mtu > limit) {
		snprintf(why, why_size, "port %s: MTU %u is more than the %u that %s takes%s",
			 p->name, p->mtu, limit, p->driver,
			 q->max_frame != NULL ? " with these devargs (raise framesz and blocksz)"
					      : "");
		return -EINVAL;
	}
	if (p->mtu + L2_MAX <= room || q->scatters ||
	    (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER))
		return 0;
	snprintf(why, why_size,
		 "port %s: %s receives a frame into one packet buffer: MTU %u needs buffers of %u "
		 "bytes, they have %u",
		 p->name, p->driver, p->mtu, p->mtu + L2_MAX, room);
	return -EINVAL;
}

static uint16_t
choose_queues(const struct ether *e, const struct quirk *q, const struct rte_eth_dev_info *info)
{
	uint16_t most = RTE_MIN(info->max_rx_queues, info->max_tx_queues);

	if (q->fixed_queues)
		return RTE_MIN(most, ETHER_QUEUES_MAX);
	/* without a hash by address more queues only mix the flows */
	if (info->flow_type_rss_offloads & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6))
		return (uint16_t)RTE_MIN(RTE_MIN(most, ETHER_QUEUES_MAX), e->n_workers);
	return 1;
}

static void
choose_offloads(struct ether_port *p, const struct quirk *q, const struct rte_eth_dev_info *info,
		uint32_t room)
{
	uint64_t rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
		RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	uint64_t tx = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |
		RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

	/* without chains a large segment would not fit into any buffer, and be lost */
	p->lro = q->lro && (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TCP_LRO) &&
		(info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER);
	if (p->lro)
		rx |= RTE_ETH_RX_OFFLOAD_TCP_LRO;
	if (p->lro || p->mtu + L2_MAX > room)
		rx |= RTE_ETH_RX_OFFLOAD_SCATTER;
	p->rx_offloads = rx & info->rx_offload_capa;
	p->tx_offloads = tx & info->tx_offload_capa;
	if (q->no_tso)
		p->tx_offloads &= ~RTE_ETH_TX_OFFLOAD_TCP_TSO;
	/* a port that cuts segments has to know checksums, and chains */
	tx = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if ((p->tx_offloads & tx) != tx)
		p->tx_offloads &= ~RTE_ETH_TX_OFFLOAD_TCP_TSO;
	p->prepare = (p->tx_offloads & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
}

static void
choose_segs(struct ether_port *p, const struct quirk *q, const struct rte_eth_dev_info *info)
{
	const struct rte_eth_desc_lim *lim = &info->tx_desc_lim;

	p->max_segs = ether_quirk_segs(q, lim->nb_mtu_seg_max, q->max_segs);
	p->tso_segs = ether_quirk_segs(q, lim->nb_seg_max, q->tso_segs);
	p->tso_mss_min = q->tso_mss_min;
	if (!(p->tx_offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS))
		p->max_segs = 1;
}

static int
configure(struct ether *e, struct ether_port *p, const struct quirk *q,
	  const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {
		.rxmode.offloads = p->rx_offloads,
		.txmode.offloads = p->tx_offloads,
		.txmode.mq_mode = RTE_ETH_MQ_TX_NONE,
	};
	uint8_t key[ETHER_KEY_SIZE];

	if (q->max_frame == NULL)
		conf.rxmode.mtu = p->mtu;
	if (p->lro)
		conf.rxmode.max_lro_pkt_size =
			info->max_lro_pkt_size; /* 0: the driver has no such limit */
	if (p->n_queues > 1 && !q->fixed_queues) {
		memcpy(key, e->hash.key, sizeof(key));
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IP & info->flow_type_rss_offloads;
		if (info->hash_key_size >= ETHER_KEY_USED &&
		    info->hash_key_size <= ETHER_KEY_SIZE) {
			conf.rx_adv_conf.rss_conf.rss_key = key;
			conf.rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
		}
	}
	return rte_eth_dev_configure(p->id, p->n_queues, p->n_queues, &conf);
}

static int
setup_queues(struct ether *e, struct ether_port *p, const struct rte_eth_dev_info *info)
{
	struct rte_eth_rxconf rxconf = info->default_rxconf;
	struct rte_eth_txconf txconf = info->default_txconf;
	int socket = rte_eth_dev_socket_id(p->id), rc;
	const struct lcore *lc;
	uint16_t q;

	rxconf.offloads = p->rx_offloads;
	txconf.offloads = p->tx_offloads;
	p->rx_desc = RX_DESC;
	p->tx_desc = TX_DESC;
	rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &p->rx_desc, &p->tx_desc);
	for (q = 0; q < p->n_queues && rc == 0; q++) {
		lc = e->workers[q % e->n_workers]->lc;
		rc = rte_eth_rx_queue_setup(p->id, q, p->rx_desc, (unsigned int)socket, &rxconf,
					    lc->mem->mbufs);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(p->id, q, p->tx_desc, (unsigned int)socket,
						    &txconf);
	}
	return rc;
}

/* Program our indirection table, which the device may have in another size. */
static int
program_reta(const struct ether *e, const struct ether_port *p, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 reta[RETA_GROUPS], back[RETA_GROUPS];
	struct rte_eth_rss_reta_entry64 *group;
	uint16_t i;
	int rc;

	if (size == 0 || size > RTE_ETH_RSS_RETA_SIZE_512)
		return -ENOTSUP;
	memset(reta, 0, sizeof(reta));
	memset(back, 0, sizeof(back));
	for (i = 0; i < size; i++) {
		group = &reta[i / RTE_ETH_RETA_GROUP_SIZE];
		group->mask |= UINT64_C(1) << (i % RTE_ETH_RETA_GROUP_SIZE);
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			e->hash.reta[i % ETHER_RETA_SIZE] % p->n_queues;
		back[i / RTE_ETH_RETA_GROUP_SIZE].mask = group->mask;
	}
	rc = rte_eth_dev_rss_reta_update(p->id, reta, size);
	if (rc == 0)
		rc = rte_eth_dev_rss_reta_query(p->id, back, size);
	if (rc == 0 && memcmp(reta, back, sizeof(reta)) != 0)
		rc = -EIO;
	return rc;
}

/* A driver that does not say takes the usual 40 bytes; what it took is read back. */
static uint8_t
key_size(const struct rte_eth_dev_info *info)
{
	return info->hash_key_size != 0 ? info->hash_key_size : ETHER_KEY_USED;
}

/* Does the device say that it hashes with our key? Return: 0 or -errno. */
static int
check_key(const struct ether *e, const struct ether_port *p, const struct rte_eth_dev_info *info)
{
	uint8_t key[UINT8_MAX] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = key_size(info)};
	int rc;

	if (key_size(info) < ETHER_KEY_USED)
		return -ENOTSUP;
	rc = rte_eth_dev_rss_hash_conf_get(p->id, &conf);
	if (rc == 0 && memcmp(key, e->hash.key, ETHER_KEY_USED) != 0)
		rc = -EIO;
	return rc;
}

/* Some drivers take the key when they are configured, others only now. Return: 0 or -errno. */
static int
program_key(const struct ether *e, const struct ether_port *p, const struct rte_eth_dev_info *info)
{
	uint8_t key[ETHER_KEY_SIZE];
	struct rte_eth_rss_conf conf = {
		.rss_key = key,
		.rss_key_len = key_size(info),
		.rss_hf = RTE_ETH_RSS_IP & info->flow_type_rss_offloads,
	};
	int rc = check_key(e, p, info);

	if (rc != -EIO || key_size(info) > ETHER_KEY_SIZE)
		return rc;
	memcpy(key, e->hash.key, sizeof(key));
	rc = rte_eth_dev_rss_hash_update(p->id, &conf);
	return rc < 0 ? rc : check_key(e, p, info);
}

/* Key and table are believed only as far as the device gives them back; software checks each packet's home anyway. */
static void
program_rss(const struct ether *e, struct ether_port *p, const struct rte_eth_dev_info *info)
{
	int rc = program_key(e, p, info);

	if (rc == 0)
		rc = program_reta(e, p, info->reta_size);
	p->rss = rc == 0;
	if (!p->rss)
		LOG(NOTICE,
		    "port %s: does not take our hash key and table (%s): packets are passed to "
		    "their worker in software",
		    p->name, strerror(-rc));
}

/* Groups that neighbour discovery needs: all nodes, and the solicited-node group of each address. */
static unsigned int
multicast_addrs(const struct ether *e, const struct ether_port *p,
		struct rte_ether_addr macs[MC_ADDRS_MAX])
{
	static const struct rte_ether_addr all_nodes = {{0x33, 0x33, 0, 0, 0, 1}};
	const struct ether_iface *i;
	struct ipaddr group;
	unsigned int k, a, n = 0;

	for (k = 0; k < e->n_ifaces; k++) {
		i = e->ifaces[k];
		for (a = 0; a < i->n_addrs && i->port == p && n + 2 < MC_ADDRS_MAX; a++) {
			if (i->addrs[a].addr.family != IP_V6)
				continue;
			if (n == 0)
				macs[n++] = all_nodes;
			group = ether_solicited_node(&i->addrs[a].addr);
			macs[n++] = ether_multicast_mac(&group);
		}
	}
	return n;
}

static void
set_multicast(const struct ether *e, const struct ether_port *p)
{
	struct rte_ether_addr macs[MC_ADDRS_MAX];
	unsigned int n = multicast_addrs(e, p, macs);

	if (n == 0 || rte_eth_dev_set_mc_addr_list(p->id, macs, n) == 0)
		return;
	if (rte_eth_allmulticast_enable(p->id) < 0 && rte_eth_promiscuous_enable(p->id) < 0)
		LOG(INFO, "port %s: cannot be told of multicast groups; what it passes is used",
		    p->name);
}

static void
read_link(struct ether_port *p, uint64_t now)
{
	struct rte_eth_link link = {0};

	if (rte_eth_link_get_nowait(p->id, &link) < 0)
		link.link_status = RTE_ETH_LINK_DOWN;
	link_filter_init(&p->link, link.link_status == RTE_ETH_LINK_UP, now);
	p->speed_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	atomic_store_explicit(&p->link_up, p->link.up, memory_order_relaxed);
	if (p->link.up)
		atomic_fetch_add_explicit(&p->announce, 1, memory_order_relaxed);
}

static int
prepare(struct ether *e, struct ether_port *p, struct rte_eth_dev_info *info, char *why,
	unsigned int why_size)
{
	const struct quirk *q = ether_quirk(p->driver);
	uint32_t room =
		rte_pktmbuf_data_room_size(e->workers[0]->lc->mem->mbufs) - RTE_PKTMBUF_HEADROOM;
	int rc;

	rc = rte_eth_dev_info_get(p->id, info);
	if (rc < 0) {
		snprintf(why, why_size, "port %s: does not answer: %s", p->name, strerror(-rc));
		return rc;
	}
	rc = check_mtu(p, q, info, room, why, why_size);
	if (rc < 0)
		return rc;
	p->n_queues = choose_queues(e, q, info);
	p->holds_mbufs = !q->no_descriptors;
	choose_offloads(p, q, info, room);
	choose_segs(p, q, info);
	rc = configure(e, p, q, info);
	if (rc == 0)
		rc = setup_queues(e, p, info);
	if (rc < 0)
		snprintf(why, why_size,
			 "port %s: %s refuses %u queues, MTU %u, buffers of %u bytes: %s", p->name,
			 p->driver, p->n_queues, p->mtu, room, strerror(-rc));
	return rc;
}

int
ether_port_start(struct ether *e, struct ether_port *p, uint64_t now, char *why,
		 unsigned int why_size)
{
	struct rte_eth_dev_info info;
	int rc;

	rc = prepare(e, p, &info, why, why_size);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(p->id);
	if (rc < 0) {
		snprintf(why, why_size, "port %s: does not start: %s", p->name, strerror(-rc));
		return rc;
	}
	p->started = true;
	if (p->n_queues > 1 && !ether_quirk(p->driver)->fixed_queues)
		program_rss(e, p, &info);
	set_multicast(e, p);
	read_link(p, now);
	LOG(NOTICE, "port %s: %s, %u queue%s, MTU %u, link %s%s%s%s", p->name, p->driver,
	    p->n_queues, p->n_queues == 1 ? "" : "s", p->mtu, p->link.up ? "up" : "down",
	    p->tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_CKSUM ? ", checksums by the port" : "",
	    p->tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO ? ", TSO" : "", p->lro ? ", LRO" : "");
	return 0;
}

void
ether_port_close(struct ether_port *p)
{
	int rc;

	if (p->started) {
		rc = rte_eth_dev_stop(p->id);
		if (rc < 0)
			LOG(ERR, "port %s: does not stop: %s", p->name, strerror(-rc));
		p->started = false;
		atomic_store_explicit(&p->link_up, false, memory_order_relaxed);
	}
	rc = rte_eth_dev_close(p->id);
	if (rc < 0)
		LOG(ERR, "port %s: does not close: %s", p->name, strerror(-rc));
}
