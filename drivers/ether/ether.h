/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network ports: from DPDK's ethdev up to IP. struct ether is the box's (control thread), struct ether_lcore the part
 * of one worker: its queues, its replica of the neighbour table, its transmit bursts.
 */
#pragma once

#include "lnet/base/ip_packet.h"
#include "lnet/base/ipaddr.h"

#include <stdbool.h>
#include <stdint.h>

struct ether;
struct ether_lcore;
struct lcore;
struct rte_mbuf;
struct tel;

#define ETHER_NAME_MAX 32
#define ETHER_PORT_NAME_MAX 64 /* RTE_ETH_NAME_MAX_LEN */
#define ETHER_IFACES_MAX 64
#define ETHER_PORTS_MAX 32
#define ETHER_ADDRS_MAX 8 /* per interface */
#define ETHER_ROUTES_MAX 32 /* per interface */

struct ether_addr_conf {
	struct ipaddr addr;
	uint8_t prefix;
};

struct ether_route_conf {
	struct ipaddr net;
	uint8_t prefix; /* 0 = default gateway */
	struct ipaddr gateway;
};

/* What TCP does about congestion on an interface: carried to it with the path, and not looked at here. */
enum ether_ecn {
	ETHER_ECN_PASSIVE, /* agrees when the peer asks */
	ETHER_ECN_OFF,
	ETHER_ECN_ON, /* asks */
};
enum ether_cc {
	ETHER_CC_CUBIC,
	ETHER_CC_NEWRENO,
	ETHER_CC_DCTCP,
};

/*
 * An interface: a port, perhaps with a VLAN id, with addresses. Its name is what LNet's `networks` parameter names.
 */
struct ether_iface_conf {
	char name[ETHER_NAME_MAX];
	char port[ETHER_PORT_NAME_MAX]; /* name of the ethdev ("0000:3b:00.0", "net_af_packet0") */
	uint16_t vlan; /* 0 = untagged */
	uint16_t mtu; /* IP packet, 576..9000 */
	enum ether_ecn ecn;
	enum ether_cc cc;
	unsigned int n_addrs, n_routes;
	struct ether_addr_conf addrs[ETHER_ADDRS_MAX];
	struct ether_route_conf routes[ETHER_ROUTES_MAX];
	struct {
		struct ipaddr addr;
		uint8_t mac[6];
	} neighbours[ETHER_ROUTES_MAX]; /* static entries */
	unsigned int n_neighbours;
};

/*
 * Text to interface, as --interface takes it:
 *	name=p0,port=net_af_packet0,ip=10.0.0.1/24,ip=fd00::1/64,gw=10.0.0.254,route=10.9.0.0/16@10.0.0.253,
 *	vlan=5,mtu=9000,neigh=10.0.0.7@02:00:00:00:00:07,ecn=off|passive|on,cc=cubic|newreno|dctcp
 * `name`, `port` and one `ip` are needed; `ip`, `gw`, `route` and `neigh` may be repeated. Pure.
 * Return: 0; -EINVAL with the key, its value and what is allowed in @why.
 */
int ether_iface_parse(const char *text, struct ether_iface_conf *conf, char *why,
		      unsigned int why_size);

/* The words that ether_iface_parse() takes. */
const char *ether_ecn_name(enum ether_ecn ecn);
const char *ether_cc_name(enum ether_cc cc);

/* Where received packets go. Called on the receiving (home) worker's lcore; @ctx is that worker's. */
struct ether_up {
	void *ctx;
	/* TCP segments to an address of ours, in bursts; the callee owns the mbufs. */
	void (*tcp)(void *ctx, const struct ip_packet *pkts, unsigned int n, uint64_t now);
	/* An ICMP error that quotes a TCP segment of ours. */
	void (*error)(void *ctx, const struct ip_error_info *info, uint64_t now);
};

/* Link of an interface's port went up or down, hold-down passed. Thread: control. */
struct ether_link_ops {
	void *ctx;
	void (*link)(void *ctx, unsigned int iface, bool up, uint64_t now);
};

/*
 * @lcores	the workers, @n of them; const while the object lives
 * Thread: control. Return: 0, -ENOMEM.
 */
int ether_create(struct lcore **lcores, unsigned int n, const struct ether_link_ops *link,
		 struct ether **ep);

/* Ports are stopped and closed, in the reverse order of their start. The workers must not poll any more. Thread: control. */
void ether_destroy(struct ether *e);

/*
 * Add an interface. Its port has to be there; it is configured by ether_start(), for all the interfaces that name it.
 * Before ether_start(). Thread: control.
 * Return: index >= 0; -ENODEV, -EEXIST (name, address or VLAN taken), -EINVAL, -ENOSPC, -ENOMEM, with the reason in @why.
 */
int ether_iface_add(struct ether *e, const struct ether_iface_conf *conf, char *why,
		    unsigned int why_size);

/*
 * Configure and start the ports: a pair of queues per worker where the device spreads by address, else one pair (all,
 * where the device fills them anyway), with software fan-out. What was started is stopped again on failure.
 * Before the workers poll. Thread: control.
 * Return: 0 or -errno of the driver, with the reason in @why; -EINVAL: an MTU that a port cannot take.
 */
int ether_start(struct ether *e, uint64_t now, char *why, unsigned int why_size);

/* Receive descriptors that the ports hold, in bytes of true size: for the ledger's floor. */
uint64_t ether_floor_bytes(const struct ether *e, unsigned int worker);

/* The part of worker @index; lives as long as @e. */
struct ether_lcore *ether_lcore(struct ether *e, unsigned int index);
/* Before the workers poll. Thread: control. */
void ether_set_up(struct ether_lcore *el, const struct ether_up *up);

/*
 * Poller: one receive burst of each queue of the worker, up to the transports. Return: packets.
 */
unsigned int ether_poll(struct ether_lcore *el, uint64_t now);

/* Handler of CHANNEL_PACKET: packets that another worker received for this one. @ctx is the struct ether_lcore. */
void ether_fan_in(void *ctx, void **mbufs, unsigned int n, uint64_t now);

/* Poller: transmit bursts of what was put out in this round. Return: packets handed to the ports. */
unsigned int ether_flush(struct ether_lcore *el, uint64_t now);

/* Timers of the neighbour table. Poller, cheap when nothing is due. */
unsigned int ether_timers(struct ether_lcore *el, uint64_t now);

/* A way to a remote address as TCP wants to know it (same meaning as struct tcp_path). */
struct ether_path {
	uint16_t iface, mtu;
	uint32_t tso_max;
	uint16_t tso_max_slices, max_slices, tso_mss_min;
	enum ether_ecn ecn;
	enum ether_cc cc;
};
/*
 * Return: 0, -EADDRNOTAVAIL (@local is not ours, or not usable yet), -ENETUNREACH (no route), -ENETDOWN (link),
 * -EHOSTUNREACH (the next hop did not answer within the last seconds).
 */
int ether_path(struct ether_lcore *el, const struct ipaddr *local, const struct ipaddr *remote,
	       struct ether_path *path);

/*
 * Send a TCP segment: IP header, link header (the neighbour is resolved; a few packets wait for it), VLAN, checksum by the port or in
 * software. Owns @m. Contract: struct tcp_env.
 */
void ether_output_tcp(struct ether_lcore *el, const struct ip_flow *flow, struct rte_mbuf *m,
		      uint16_t mss, uint8_t tos, uint64_t now);

/* Upper-layer reachability confirmation (RFC 4861 7.3.1). */
void ether_reachable(struct ether_lcore *el, const struct ipaddr *remote, uint64_t now);

/*
 * Packets of the interface's MTU do not reach @remote, those of @mtu bytes do: an event for the operator, one a second at most.
 */
void ether_path_shrunk(struct ether_lcore *el, const struct ipaddr *local,
		       const struct ipaddr *remote, uint16_t mtu, uint64_t now);

/* Home worker of packets between two addresses: Toeplitz over the address pair, then the indirection table. Any thread. */
unsigned int ether_home(const struct ether *e, const struct ipaddr *local,
			const struct ipaddr *remote);

/* --- interfaces, for LNet's NIs --- */
struct ether_iface_info {
	unsigned int index;
	const char *name, *port;
	const struct ether_iface_conf *conf;
	uint8_t mac[6];
	bool link_up;
	uint32_t speed_mbps; /* 0 = unknown */
};
/* Return: 0, -ENODEV. Thread: control. */
int ether_iface_find(const struct ether *e, const char *name, struct ether_iface_info *info);
int ether_iface_get(const struct ether *e, unsigned int index, struct ether_iface_info *info);
unsigned int ether_iface_count(const struct ether *e);

/* --- what replaces ip, ethtool, ping and tcpdump --- */

/* Register /ether/... commands: port and interface lists, statistics, neighbours, ping, capture. Thread: control. */
int ether_tel_register(struct ether *e, struct tel *t);

/* Called by the control thread now and then (at most every 100 ms): link state, running pings and captures. */
void ether_control(struct ether *e, uint64_t now);

/* After everything was released: what is still out (0 = nothing); the reason is logged. Thread: control. */
unsigned int ether_leaks(const struct ether *e);
