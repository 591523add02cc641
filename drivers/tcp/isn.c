/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that nobody can guess and that move on, also across a restart: RFC 6528, RFC 7323 5.4, 7.1.
 *
 * Timestamps get an offset for each pair of addresses, not for each connection: they tell a stranger neither the uptime
 * nor anything about other peers, and yet move on for a port that is used again and for hosts that remember one timestamp for
 * each other host (older Linux with tcp_tw_recycle, and its PAWS check of proven peers). Linux chose the same.
 */
#include "drivers/tcp/siphash.h"
#include "drivers/tcp/tcp_priv.h"

#define PRIVILEGED_PORTS 1024
#define ISN_TICK_SHIFT \
	6 /* 64 ns: faster than a connection numbers bytes, as RFC 9293 3.4.1 wants */

uint32_t
tcp_hash_seed(const struct tcp *t)
{
	static const char purpose[] = "table of flows";

	return (uint32_t)siphash24(t->cfg.secret, purpose, sizeof(purpose));
}

uint32_t
tcp_isn(const struct tcp *t, const struct ip_flow *flow, uint64_t now)
{
	uint64_t clock = (now + t->cfg.clock_offset) >> ISN_TICK_SHIFT;

	return (uint32_t)clock + (uint32_t)siphash24(t->cfg.secret, flow, sizeof(*flow));
}

uint32_t
tcp_ts_offset(const struct tcp *t, const struct ip_flow *flow)
{
	struct ipaddr pair[2] = {flow->local, flow->remote};

	return (uint32_t)siphash24(t->cfg.secret, pair, sizeof(pair));
}

uint32_t
tcp_source_hash(const struct tcp *t, const struct ipaddr *remote)
{
	size_t len = remote->family == IP_V6 ? 8 : 4;

	return (uint32_t)siphash24(t->cfg.secret, remote->bytes, len);
}

uint16_t
tcp_fair_class(const struct tcp *t, const struct ip_flow *flow)
{
	unsigned int class = tcp_source_hash(t, &flow->remote) % FAIR_CLASSES;

	return (uint16_t)(class + (flow->remote_port < PRIVILEGED_PORTS ? FAIR_CLASSES : 0));
}

uint32_t
tcp_ts_now(const struct tcp_conn *c, uint64_t now)
{
	return (uint32_t)((now + c->t->cfg.clock_offset) / TCP_MS) + c->ts_offset;
}

uint64_t
tcp_ts_end(const struct tcp_conn *c, uint32_t ts, uint64_t now)
{
	uint32_t age = tcp_ts_now(c, now) - ts;
	uint64_t wall = now + c->t->cfg.clock_offset, begun = wall - wall % TCP_MS;

	/* one from the future, or so old that it is no answer to anything */
	if (age > INT32_MAX || age * TCP_MS > now)
		return UINT64_MAX;
	return now - (wall - begun) - age * TCP_MS + TCP_MS;
}
