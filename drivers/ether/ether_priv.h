/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of drivers/ether share: ports, interfaces, a worker's part. */
#pragma once

#include "drivers/ether/ether.h"
#include "drivers/ether/hash.h"
#include "drivers/ether/link.h"
#include "drivers/ether/neigh.h"
#include "drivers/ether/route.h"
#include "lnet/base/bytes.h"
#include "lnet/base/counter.h"
#include "lnet/base/event.h"
#include "lnet/base/lcore.h"

#include <rte_ether.h>

#include <stdatomic.h>

struct capture;
struct kv;
struct ping;
struct tel_req;

#define ETHER_BURST 64
#define ETHER_TXQ_MAX 512 /* frames that may wait for a port's transmit ring */
#define ETHER_WORKERS_MAX 128
#define ETHER_QUEUES_MAX 64u /* of one port */
#define ETHER_NEIGH_MAX 4096 /* per worker */
#define ETHER_WAYS 4 /* cached ways per set */
#define ETHER_WAY_SETS 512
#define ETHER_NO_IFACE 0xff
#define ETHER_TTL 64
#define ETHER_PINGS_MAX 16
#define ETHER_MAC_FMT "%02x:%02x:%02x:%02x:%02x:%02x" /* with RTE_ETHER_ADDR_BYTES() */
#define ETHER_DEFEND_NS UINT64_C(10000000000) /* RFC 5227 1.1: DEFEND_INTERVAL */

enum ether_counter {
#define COUNTER(id, name, help) ETHER_C_##id,
#include "drivers/ether/counter.def"
#undef COUNTER
	ETHER_COUNTERS
};
extern const struct counter_desc ether_counter_desc[ETHER_COUNTERS];

struct ether_port {
	/* const after start */
	char name[ETHER_PORT_NAME_MAX];
	char driver[32];
	uint16_t id; /* ethdev */
	uint16_t index;
	struct rte_ether_addr mac;
	uint16_t mtu; /* greatest of its interfaces */
	uint16_t n_queues; /* queue q belongs to worker q % workers */
	uint16_t rx_desc, tx_desc;
	bool rss; /* programmed with our key and table */
	bool holds_mbufs; /* receive descriptors are filled with our mbufs */
	bool prepare; /* some transmit offload is on */
	bool lro; /* a frame may be a large segment in many mbufs */
	uint64_t rx_offloads, tx_offloads; /* asked for */
	uint16_t max_segs; /* mbufs of one frame */
	uint16_t tso_segs; /* mbufs of one frame that the port cuts */
	uint16_t tso_mss_min; /* payload of a packet that it cuts to, at least */
	uint8_t vlan_iface[4096]; /* VLAN id (0 = untagged) to interface index */
	bool started;

	/* control */
	struct link_filter link;
	uint32_t speed_mbps;

	/* control writes, workers read; relaxed: a frame more or less does not matter */
	atomic_bool link_up;
	_Atomic uint32_t announce; /* grows each time the link came up */
};

enum iface_addr_state {
	IFACE_ADDR_TENTATIVE, /* duplicate address detection runs (RFC 4862 5.4) */
	IFACE_ADDR_OK,
	IFACE_ADDR_DUPLICATE,
};

struct iface_addr {
	struct ipaddr addr;
	uint8_t prefix;
	_Atomic uint8_t
		state; /* worker 0 writes, others read; a detecting worker writes DUPLICATE */
};

struct ether_iface {
	/* const after start */
	uint16_t index;
	uint16_t vlan; /* 0 = untagged */
	uint16_t mtu;
	struct ether_port *port;
	struct ether_iface_conf conf;
	struct iface_addr addrs[ETHER_ADDRS_MAX + 1]; /* the last one may be the IPv6 link-local */
	unsigned int n_addrs;
	bool has_v4, has_v6;
	struct ether_routes routes;
};

struct ether {
	/* const after start */
	unsigned int n_workers;
	struct ether_lcore *workers[ETHER_WORKERS_MAX];
	struct ether_hash hash;
	struct ether_link_ops link;
	unsigned int n_ports, n_ifaces;
	struct ether_port *ports[ETHER_PORTS_MAX]; /* in the order of their start */
	struct ether_iface *ifaces[ETHER_IFACES_MAX];
	uint8_t port_of_id[256]; /* ethdev id to index; 0xff = not ours */

	/* control */
	uint64_t next_link_poll;
	struct ping *pings[ETHER_PINGS_MAX];
	uint16_t ping_ids;
	struct capture *capture;
};

/* Frames for one port that wait for the end of the round. */
struct ether_txq {
	uint16_t n;
	struct rte_mbuf *frames[ETHER_TXQ_MAX];
};

/* A cached way: where packets between two addresses go. */
struct ether_way {
	struct ipaddr local, remote; /* family IP_NONE: free */
	struct ether_iface *iface;
	struct neigh *neigh;
	uint32_t generation; /* of neigh when this was cached */
};

/* At most @per_second and as many at once. */
struct rate_limit {
	uint64_t tokens; /* in billionths */
	uint64_t last;
};

/* Announcing an interface at start and after link-up; worker 0. */
struct announcer {
	struct timer timer;
	struct ether_lcore *el;
	struct ether_iface *iface;
	uint8_t step;
};

struct ether_lcore {
	/* const after start */
	struct ether *e;
	struct lcore *lc;
	unsigned int index; /* worker */
	struct ether_up up;
	unsigned int n_rxq;
	struct {
		struct ether_port *port;
		uint16_t queue;
	} rxq[ETHER_PORTS_MAX * 4];

	/* owner lcore */
	uint64_t now; /* of the last poll */
	struct neigh_table *neigh;
	struct ether_txq *txq[ETHER_PORTS_MAX];
	struct ip_packet batch[ETHER_BURST]; /* TCP segments on their way up */
	unsigned int n_batch;
	uint16_t ip_id;
	struct rate_limit echo_rate, error_rate, query_rate;
	struct {
		bool used;
		uint16_t id;
		struct ipaddr remote;
	} pings[ETHER_PINGS_MAX]; /* whose replies are expected here */
	struct ether_way ways[ETHER_WAY_SETS][ETHER_WAYS];
	unsigned int way_hand;
	struct announcer announcers[ETHER_IFACES_MAX];
	uint32_t announced[ETHER_PORTS_MAX];
	struct capture *capture;
	uint64_t defended; /* an address of ours last, against another host */
	struct event_limit conflict_limit, claim_limit, path_limit;

	/* owner writes, any reads */
	uint64_t counters[ETHER_COUNTERS];
};

#define ETHER_COUNT(el, id) counter_add(&(el)->counters[ETHER_C_##id], 1)

/* What travels between workers in CHANNEL_PACKET; kept in the mbuf's hash.usr, which nothing else uses. */
enum fan_kind {
	FAN_FRAME, /* from a port, perhaps not at its home yet */
	FAN_HOME, /* passed on: for its home */
	FAN_NEIGH, /* copy of an ARP or neighbour discovery frame: learn from it, do not answer */
	FAN_TX, /* complete frame for the port m->port */
};

/* A received frame in hand. */
struct rx_frame {
	struct rte_mbuf *m; /* data starts at the Ethernet header */
	struct ether_port *port;
	struct ether_iface *iface;
	struct rte_ether_addr src;
	bool multicast; /* to a group or to all */
	bool fresh; /* from a port, not from another worker */
	bool may_fan; /* perhaps not yet at its home */
	bool answer; /* false for a copy: learn only */
	uint16_t l2; /* bytes of the link header */
	uint16_t type; /* ethertype */
};

/* --- port.c: control --- */
int ether_port_get(struct ether *e, const char *name, struct ether_port **pp, char *why,
		   unsigned int why_size);
int ether_port_start(struct ether *e, struct ether_port *p, uint64_t now, char *why,
		     unsigned int why_size);
void ether_port_close(struct ether_port *p);

/* --- rx.c: frames in --- */
/* Take @m out of hand: count it as a drop of kind @id and free it. */
#define ETHER_DROP(el, mbuf, id)            \
	do {                                \
		ETHER_COUNT(el, DROP_##id); \
		rte_pktmbuf_free(mbuf);     \
	} while (0)
/* Pass @m to worker @to. */
void ether_fan(struct ether_lcore *el, struct rte_mbuf *m, unsigned int to, enum fan_kind kind);
/* Frame for another worker? Then it is gone. */
bool ether_fan_home(struct ether_lcore *el, struct rx_frame *f, const struct ipaddr *local,
		    const struct ipaddr *remote);
/* Copies of an ARP or neighbour discovery frame to all other workers. */
void ether_fan_neigh(struct ether_lcore *el, const struct rx_frame *f);
/*
 * Make the first @len bytes of the frame contiguous, and writable up to there. False: too short, or no mbuf; the
 * frame is still the caller's.
 */
bool ether_pull(struct ether_lcore *el, struct rx_frame *f, uint32_t len);
/* Cut the frame to @len bytes. */
void ether_trim(struct rte_mbuf *m, uint32_t len);
/* Up with a checked TCP segment. */
void ether_deliver_tcp(struct ether_lcore *el, const struct ip_packet *p, uint64_t now);

/* --- input by protocol: all own the frame --- */
void ether_arp_input(struct ether_lcore *el, struct rx_frame *f, uint64_t now);
void ether_ip4_input(struct ether_lcore *el, struct rx_frame *f, uint64_t now);
void ether_ip6_input(struct ether_lcore *el, struct rx_frame *f, uint64_t now);
/* A TCP segment of @len bytes at @off: check and deliver. */
void ether_tcp_input(struct ether_lcore *el, struct rx_frame *f, struct ip_packet *p, uint32_t off,
		     uint32_t len, uint64_t now);
void ether_icmp4_input(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		       uint32_t off, uint32_t len, uint64_t now);
void ether_icmp6_input(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		       uint32_t off, uint32_t len, uint8_t hop_limit, uint64_t now);
/* A listener query among the latter. */
void ether_mld_query(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		     uint8_t hop_limit, uint64_t now);
/* Neighbour discovery messages among them. */
void ether_nd_input(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		    uint32_t off, uint32_t len, uint8_t hop_limit, uint64_t now);

/* --- iface.c --- */
struct iface_addr *ether_iface_addr(const struct ether_iface *i, const struct ipaddr *addr);
/* Is it an address of ours that may be used now? */
bool ether_iface_owns(const struct ether_iface *i, const struct ipaddr *addr);
/* The interface's address to talk to @remote on its link from; NULL = none of that family. */
const struct iface_addr *ether_iface_source(const struct ether_iface *i,
					    const struct ipaddr *remote);
/* Is it the limited broadcast, or the directed broadcast of one of the interface's nets? */
bool ether_iface_is_broadcast(const struct ether_iface *i, const struct ipaddr *addr);
/* Interface with the local address, or NULL. */
struct ether_iface *ether_iface_of(const struct ether *e, const struct ipaddr *local);

/* --- out.c, tx.c: frames out --- */
struct ip_out {
	const struct ipaddr *local, *remote;
	struct ether_iface
		*iface; /* NULL: the one that has @local (link-local addresses may be on several) */
	uint8_t proto, tos;
	uint16_t mss; /* != 0: TCP payload to be cut by the port */
};
/* An IP packet; data starts at the transport header. Owns @m. */
void ether_ip_output(struct ether_lcore *el, const struct ip_out *o, struct rte_mbuf *m,
		     uint64_t now);
/* Put the link header in front and send. Owns @m. */
void ether_link_output(struct ether_lcore *el, const struct ether_iface *i, struct rte_mbuf *m,
		       const struct rte_ether_addr *to, uint16_t type);
/* A whole frame. Owns @m. */
void ether_tx(struct ether_lcore *el, struct ether_port *p, struct rte_mbuf *m);
/* What the workers' queues could not send before the ports stop is freed. Thread: control. */
void ether_tx_drain(struct ether_lcore *el);
/* A mbuf with @len bytes of room behind headroom for link headers, zeroed; NULL is counted. */
struct rte_mbuf *ether_mbuf(struct ether_lcore *el, uint16_t len);

/* --- arp.c, nd.c, mld.c: what we send of ourselves --- */
/* @n's solicitation. */
void ether_arp_solicit(struct ether_lcore *el, const struct ether_iface *i, const struct neigh *n,
		       bool unicast);
void ether_nd_solicit(struct ether_lcore *el, const struct ether_iface *i, const struct neigh *n,
		      bool unicast);
/* RFC 5227 2.3 announcement of @a. */
void ether_arp_announce(struct ether_lcore *el, const struct ether_iface *i,
			const struct ipaddr *a);
/* RFC 4862 5.4.2: is anybody using @a? */
void ether_nd_probe(struct ether_lcore *el, const struct ether_iface *i, const struct ipaddr *a);
/* Unsolicited advertisement of @a (RFC 4861 7.2.6). */
void ether_nd_announce(struct ether_lcore *el, const struct ether_iface *i, const struct ipaddr *a);
/* Report of the groups that @i listens to (RFC 3810), so that snooping switches let solicitations through. */
void ether_mld_report(struct ether_lcore *el, const struct ether_iface *i);
/* ff02::1:ffXX:XXXX of @a. */
struct ipaddr ether_solicited_node(const struct ipaddr *a);
/* 33:33:... of a group. */
struct rte_ether_addr ether_multicast_mac(const struct ipaddr *group);
/* Somebody else uses @a: count, tell the operator. */
void ether_addr_conflict(struct ether_lcore *el, const struct ether_iface *i,
			 const struct ipaddr *a, const struct rte_ether_addr *mac, uint64_t now);

/* --- announce.c --- */
/* Begin announcing the interfaces of ports whose link came up. Worker 0. Return: how many. */
unsigned int ether_announce_poll(struct ether_lcore *el, uint64_t now);

/* --- ping.c --- */
/* An echo reply arrived at its home. Return: a ping waits for it. */
bool ether_ping_reply(struct ether_lcore *el, const struct ipaddr *remote, uint16_t id,
		      uint16_t seq, uint64_t sent, uint64_t now);
void ether_ping_control(struct ether *e, uint64_t now);
int ether_ping_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now);
/* Running pings are answered with -ESHUTDOWN. */
void ether_ping_stop(struct ether *e);

/* --- capture.c --- */
enum capture_direction {
	CAPTURE_IN,
	CAPTURE_OUT,
};
void ether_capture_frame(struct ether_lcore *el, const struct ether_port *p,
			 const struct rte_mbuf *m, enum capture_direction dir);
void ether_capture_control(struct ether *e);
int ether_capture_start_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now);
int ether_capture_stop_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now);
void ether_capture_abort(struct ether *e);

/* --- small things --- */
/* Is one more within @per_second? */
static inline bool
rate_limit_take(struct rate_limit *r, unsigned int per_second, uint64_t now)
{
	const uint64_t one = UINT64_C(1000000000);
	uint64_t elapsed = now - r->last < one ? now - r->last : one;

	r->tokens += elapsed * per_second;
	if (r->tokens > per_second * one)
		r->tokens = per_second * one;
	r->last = now;
	if (r->tokens < one)
		return false;
	r->tokens -= one;
	return true;
}

static inline struct ether_port *
ether_port_of(const struct ether *e, uint16_t id)
{
	return id < 256 && e->port_of_id[id] != 0xff ? e->ports[e->port_of_id[id]] : NULL;
}
