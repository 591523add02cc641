/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the simulator among themselves: packets on their way (net_link.c) and at the hosts' ports (net_port.c). */
#pragma once

#include "tests/sim/net_sim.h"

/* A packet with room for sim.packet_max bytes. Owner: the caller. */
struct sim_packet *sim_packet_get(struct sim *s);
void sim_packet_put(struct sim *s, struct sim_packet *p);

/* Host @from puts @p on the wire, which owns it. */
void sim_wire(struct sim *s, unsigned int from, struct sim_packet *p);

/* The next packet that is due, or NULL. Owner: the caller. */
struct sim_packet *sim_arrived(struct sim *s);

/* When the next packet is due; TIMER_NONE = none is on its way. */
uint64_t sim_next_arrival(const struct sim *s);

/* Its host cannot take @p now: it is there again at @at, behind those that came before it. */
void sim_put_back(struct sim *s, struct sim_packet *p, uint64_t at);

/* @p is lost: counted in *counter, told, freed. */
void sim_drop(struct sim *s, struct sim_packet *p, uint64_t *counter);

/* Free all packets. */
void sim_link_fini(struct sim *s);

/* tcp_env.output() of a host. */
void sim_port_output(void *arg, const struct ip_flow *flow, struct rte_mbuf *m, uint16_t mss,
		     uint8_t tos, uint64_t now);

/* Hand what has arrived to the hosts that are awake, in bursts. */
void sim_port_deliver(struct sim *s);
