/* SPDX-License-Identifier: BSD-3-Clause */
/* Forged segments and peers that misbehave. */
#include "tests/sim/attacker.h"

#include "drivers/tcp/seq.h"
#include "tests/sim/net_link.h"

#include <string.h>

#define VICTIM 1
#define WSCALE 7

void
attacker_send(struct attacker *a, const struct ip_flow *flow, const struct tcp_segment *s)
{
	struct tcp_segment wire = *s;
	struct sim_packet *p;
	uint32_t hdr;

	if (a->budget == 0)
		return;
	a->budget--;
	p = sim_packet_get(a->sim);
	wire.src_port = flow->local_port;
	wire.dst_port = flow->remote_port;
	p->flow = *flow;
	hdr = tcp_wire_emit(&wire, p->bytes);
	memset(p->bytes + hdr, 0, s->len);
	p->len = hdr + s->len;
	a->sent++;
	sim_wire(a->sim, !VICTIM, p);
}

struct ip_flow
bad_peer_flow(const struct bad_peer *p)
{
	return sim_flow(p->a->sim, !VICTIM, p->port, ATTACKER_PORT);
}

struct tcp_segment
bad_peer_segment(const struct bad_peer *p)
{
	return (struct tcp_segment){
		.flags = TCP_ACK,
		.seq = p->seq,
		.ack = p->got,
		.wnd = UINT16_MAX,
		.has_ts = true,
		.tsval = (uint32_t)(p->a->sim->now / SIM_MS),
		.tsecr = p->tsecr,
	};
}

void
bad_peer_send(struct bad_peer *p, const struct tcp_segment *s)
{
	struct ip_flow flow = bad_peer_flow(p);

	attacker_send(p->a, &flow, s);
}

void
attacker_open(struct attacker *a)
{
	struct bad_peer *p = &a->peers[a->n_peers++];
	struct tcp_segment s;

	*p = (struct bad_peer){.a = a, .port = (uint16_t)(ATTACKER_PORTS + a->n_peers - 1)};
	p->iss = p->seq = (uint32_t)sim_random(a->sim, UINT32_MAX);
	s = bad_peer_segment(p);
	s.flags = TCP_SYN;
	s.ack = 0;
	s.wnd = a->syn_wnd;
	s.has_mss = s.sack_permitted = s.has_wscale = true;
	s.mss = 1460;
	s.wscale = WSCALE;
	bad_peer_send(p, &s);
	p->seq++;
}

static void
opened(struct bad_peer *p, const struct tcp_segment *s)
{
	struct tcp_segment ack;

	p->irs = s->seq;
	p->got = s->seq + 1;
	p->una = s->ack;
	p->open = true;
	ack = bad_peer_segment(p);
	ack.wnd = p->a->syn_wnd >> WSCALE;
	bad_peer_send(p, &ack);
}

static void
came(struct attacker *a, const struct tcp_segment *s)
{
	unsigned int i = s->dst_port - ATTACKER_PORTS;
	struct bad_peer *p;

	if (i >= a->n_peers)
		return;
	p = &a->peers[i];
	p->tsecr = s->tsval;
	if ((s->flags & TCP_RST) != 0) {
		p->open = false;
	} else if ((s->flags & TCP_SYN) != 0) {
		opened(p, s);
	} else if (p->open) {
		p->una = seq_max(p->una, s->ack);
		p->wnd = (uint32_t)s->wnd << WSCALE;
		p->got = seq_max(p->got, s->seq + tcp_segment_space(s));
		if (a->seen != NULL)
			a->seen(p, s);
	}
}

/* What goes to the attacker does not go on. */
static bool
filter(void *arg, unsigned int from, const uint8_t *tcp, uint32_t len)
{
	struct tcp_segment s;

	if (from != VICTIM || tcp_wire_parse(tcp, len, len, &s) < 0 || s.dst_port < ATTACKER_PORTS)
		return true;
	came(arg, &s);
	return false;
}

void
attacker_start(struct attacker *a, struct sim *s)
{
	*a = (struct attacker){.sim = s, .syn_wnd = UINT16_MAX};
	s->filter = filter;
	s->filter_arg = a;
}
