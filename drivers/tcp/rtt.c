/* SPDX-License-Identifier: BSD-3-Clause */
/* Round-trip time and retransmission timeout: RFC 6298. */
#include "drivers/tcp/tcp_priv.h"

#define GRANULARITY TCP_MS

void
tcp_rtt_sample(struct tcp_conn *c, uint64_t rtt)
{
	const struct tcp_config *cfg = &c->t->cfg;
	uint64_t var;

	if (rtt > TCP_RTT_MAX)
		return;
	if (c->srtt == 0) {
		c->srtt = rtt > 0 ? rtt : 1;
		c->rttvar = rtt / 2;
	} else {
		uint64_t diff = rtt > c->srtt ? rtt - c->srtt : c->srtt - rtt;

		c->rttvar = c->rttvar - c->rttvar / 4 + diff / 4;
		c->srtt = c->srtt - c->srtt / 8 + rtt / 8;
		if (c->srtt == 0)
			c->srtt = 1;
	}
	tcp_cc_rtt(&c->cc, rtt, c->srtt);
	var = 4 * c->rttvar > GRANULARITY ? 4 * c->rttvar : GRANULARITY;
	c->rto = c->srtt + var;
	if (c->rto < cfg->rto_min)
		c->rto = cfg->rto_min;
	if (c->rto > cfg->rto_max)
		c->rto = cfg->rto_max;
}

uint64_t
tcp_rto(const struct tcp_conn *c)
{
	const struct tcp_config *cfg = &c->t->cfg;
	uint64_t limit = c->persisting ? cfg->persist_max : cfg->rto_max;
	uint64_t rto = c->rto << c->backoff;

	return rto < limit ? rto : limit;
}
