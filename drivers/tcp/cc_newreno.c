/* SPDX-License-Identifier: BSD-3-Clause */
/* The standard congestion control of RFC 5681: one segment a round trip up, half the window down. Pure. */
#include "drivers/tcp/cc.h"

static void
newreno_acked(struct tcp_cc *cc, uint32_t bytes, uint64_t)
{
	/* RFC 5681 3.1 (3), in the byte-counting form of RFC 3465 2.1 */
	cc->credit += (double)bytes * cc->mss / cc->cwnd;
	if (cc->credit >= 1) {
		uint32_t whole = cc->credit < TCP_CWND_MAX ? (uint32_t)cc->credit : TCP_CWND_MAX;

		cc->cwnd += whole;
		cc->credit -= whole;
	}
}

static uint32_t
newreno_loss(struct tcp_cc *cc, uint32_t in_flight, bool, uint64_t)
{
	cc->credit = 0;
	return in_flight / 2 > 2 * cc->mss ? in_flight / 2 : 2 * cc->mss; /* RFC 5681 (4) */
}

static void
newreno_idle(struct tcp_cc *, uint64_t)
{
}

const struct tcp_cc_ops tcp_cc_newreno = {
	.name = "newreno",
	.acked = newreno_acked,
	.loss = newreno_loss,
	.idle = newreno_idle,
};
