/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DCTCP, RFC 8257: the window shrinks by the share of bytes that were marked, so a short queue is enough to keep a link busy. It
 * grows as that of RFC 5681, and a loss halves it. Pure.
 */
#include "drivers/tcp/cc.h"

#define GAIN (1.0 / 16) /* 4.2: g */

/* 3.3, steps 5 to 8. */
static void
dctcp_round(struct tcp_cc *cc)
{
	struct tcp_dctcp *d = &cc->dctcp;

	if (d->acked == 0)
		return;
	d->alpha += GAIN * ((double)d->marked / (double)d->acked - d->alpha);
	d->acked = d->marked = 0;
}

/* 3.3, step 9: cwnd * (1 - alpha / 2). */
static uint32_t
dctcp_marked(struct tcp_cc *cc, uint32_t, uint64_t)
{
	double window = cc->cwnd * (1 - cc->dctcp.alpha / 2);

	cc->credit = 0;
	return window > 2.0 * cc->mss ? (uint32_t)window : 2 * cc->mss;
}

/* 3.4, 3.5: as any other TCP. */
static void
dctcp_acked(struct tcp_cc *cc, uint32_t bytes, uint64_t now)
{
	tcp_cc_newreno.acked(cc, bytes, now);
}

static uint32_t
dctcp_loss(struct tcp_cc *cc, uint32_t in_flight, bool timeout, uint64_t now)
{
	return tcp_cc_newreno.loss(cc, in_flight, timeout, now);
}

static void
dctcp_idle(struct tcp_cc *, uint64_t)
{
}

const struct tcp_cc_ops tcp_cc_dctcp = {
	.name = "dctcp",
	.acked = dctcp_acked,
	.loss = dctcp_loss,
	.idle = dctcp_idle,
	.marked = dctcp_marked,
	.round = dctcp_round,
};
