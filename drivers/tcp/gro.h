/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of a burst that belong together become one, between parsing and look-up: what is done once for each segment of a stream is
 * done once for all that came in this round. Thread: the engine's lcore.
 */
#pragma once

#include "drivers/tcp/wire.h"
#include "lnet/base/ip_packet.h"

#include <rte_memory.h>

#define TCP_BURST 64 /* packets that go through the passes at once */
#define TCP_MERGED_MAX 65535u /* payload of what was merged: no more than a port makes of it */

/* A packet of a burst, on its way through the passes. */
struct tcp_parsed {
	struct tcp_segment s;
	const struct ip_packet *pkt; /* as it was handed in, with its addresses */
	struct rte_mbuf *m, *tail; /* the last mbuf of the chain */
	uint8_t tos;
	bool lro; /* the port has merged it */
	/* set by tcp_gro_merge() */
	bool may_merge;
	uint8_t first; /* index of the first packet of the burst that is known to be of the same flow, maybe of itself */

	uint32_t hash; /* of its flow, if it is the first */
};

#define TCP_GRO_SLOT_BITS 8

/* Which packet was the last of its connection: by a few bits of the flow, so some may be missed. */
struct tcp_gro {
	uint8_t last[1u << TCP_GRO_SLOT_BITS]; /* index + 1; 0 = none yet */
};

/*
 * Make packet @i part of an earlier one of the burst. To be called once for each, in order. The connection
 * notices no difference but that a header comes once for all: what differs in anything but its number stays for itself.
 * Return: it is part of another now, and its place is free.
 */
bool tcp_gro_merge(struct tcp_gro *g, struct tcp_parsed *parsed, unsigned int i);
