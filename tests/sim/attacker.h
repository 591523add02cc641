/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Somebody on the way to host 1: forges segments of any flow, and runs peers of its own that complete the handshake and
 * then misbehave. What host 1 sends to such a peer ends here. Its packets share the link of host 0 with honest ones.
 */
#pragma once

#include "drivers/tcp/wire.h"
#include "tests/sim/net_sim.h"

#define ATTACKER_PEERS 8
#define ATTACKER_PORT 989 /* host 1 listens there for them */
#define ATTACKER_PORTS 20000 /* its own ports, upwards; honest peers are below */

struct attacker;

/* A peer of its own; numbers are those of the wire. */
struct bad_peer {
	struct attacker *a;
	uint16_t port;
	bool open;
	uint32_t iss, seq; /* what it sends next */
	uint32_t una; /* what the victim acknowledged */
	uint32_t irs, got; /* behind what it has received, whether in order or not */
	uint32_t wnd; /* bytes that the victim offered last */
	uint32_t tsecr;
	uint64_t n; /* free for what it does */
};

struct attacker {
	struct sim *sim;
	struct bad_peer peers[ATTACKER_PEERS];
	unsigned int n_peers;
	uint16_t syn_wnd; /* of its peers' SYNs */
	/* a segment of the victim came for an open peer */
	void (*seen)(struct bad_peer *p, const struct tcp_segment *s);
	unsigned int budget; /* packets that it may still send until this is set again */
	uint64_t sent;
};

/* Takes over sim->filter. */
void attacker_start(struct attacker *a, struct sim *s);

/*
 * A segment to host 1, whose payload is zeros; ports and addresses from @flow, as its sender sees it. None when the budget is
 * used up: a link that is full of somebody's packets serves nobody else, whatever the engine does.
 */
void attacker_send(struct attacker *a, const struct ip_flow *flow, const struct tcp_segment *s);

/* The next peer opens a connection. */
void attacker_open(struct attacker *a);

/* What @p would send if it behaved, but for its window: nothing new, all acknowledged. */
struct tcp_segment bad_peer_segment(const struct bad_peer *p);
void bad_peer_send(struct bad_peer *p, const struct tcp_segment *s);
struct ip_flow bad_peer_flow(const struct bad_peer *p);
