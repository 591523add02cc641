/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the TCP engine needs from below. The application fills it with the functions of drivers/ether, the
 * simulator and the unit tests with their own. All of it is called on the engine's lcore.
 */
#pragma once

#include "lnet/base/ip_packet.h"
#include "lnet/base/ipaddr.h"

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

/* What the path to a peer can take; asked for when a connection opens and when the path changes. */
struct tcp_path {
	uint16_t iface; /* interface index */
	uint16_t mtu; /* bytes of an IP packet */
	uint32_t tso_max; /* TCP payload bytes of one large segment; 0 = no TSO */
	uint16_t tso_max_slices; /* mbufs of one large segment, its header included */
	uint16_t tso_mss_min; /* smallest packets that the port cuts to */
	uint16_t
		max_slices; /* mbufs of one MTU-sized segment, its header included, also of each that is cut; 0 = no limit */
	uint8_t ecn; /* enum tcp_ecn_mode; this and the next count when a connection opens */
	uint8_t cc; /* enum tcp_cc_kind */
};

struct tcp_env {
	void *arg;

	/*
	 * Look up the way from a local address to a remote one.
	 * Return: 0, -ENETUNREACH, -EADDRNOTAVAIL (the local address is not ours), -ENETDOWN.
	 */
	int (*path)(void *arg, const struct ipaddr *local, const struct ipaddr *remote,
		    struct tcp_path *path);

	/*
	 * Send one segment. @m: data starts at the TCP header, which is complete but for its checksum; l4_len is set;
	 * the payload follows in @m or in chained mbufs. @mss != 0: the payload is larger than that and has to be cut
	 * (only if tso_max allowed it). The callee owns @m whatever happens: a segment that cannot be sent is
	 * dropped and counted there, TCP will repeat it.
	 * @tos: traffic class for the IP header, its ECN bits included; of each piece when it is cut.
	 */
	void (*output)(void *arg, const struct ip_flow *flow, struct rte_mbuf *m, uint16_t mss,
		       uint8_t tos, uint64_t now);

	/*
	 * Packets as large as the interface's MTU certainly do not reach @remote, those of @mtu bytes do: somebody has to
	 * be told. Once for each destination that is known; may be NULL.
	 */
	void (*path_shrunk)(void *arg, const struct ipaddr *local, const struct ipaddr *remote,
			    uint16_t mtu, uint64_t now);

	/* Progress from the peer proves that its neighbour entry is good (RFC 4861 7.3.1); may be NULL. */
	void (*reachable)(void *arg, const struct ipaddr *remote, uint64_t now);

	/*
	 * Would packets from (remote, remote_port) to (local, local_port) arrive at this lcore? The engine asks before
	 * it takes a source port; NULL = always.
	 */
	bool (*homed_here)(void *arg, const struct ip_flow *flow);
};
