/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive window. Its right edge never retreats; it is as wide as autotuning wants, the ledger allows and the user expects
 * to take beyond that. Silly windows are avoided (RFC 9293 3.8.6.2.2).
 */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_common.h>

#define WND_FIELD_MAX 65535u

/* First byte that the user has not taken. */
static uint32_t
base(const struct tcp_conn *c)
{
	return c->rcv_nxt - c->fin_rcvd - c->rx.data.len;
}

/* The right edge that we would like to announce: never left of the one announced. */
static uint32_t
wanted_edge(struct tcp_conn *c)
{
	uint32_t announced = c->rcv_edge - base(c);
	uint32_t open = announced > c->expect ? announced - c->expect : 0;

	/* in TIME-WAIT nothing is promised any more */
	if (!c->account.open)
		return c->rcv_edge;
	return base(c) + ledger_window(&c->t->lc->ledger, &c->account, open, c->rcv_buf) +
		c->expect;
}

/* An edge that moves by less than this is not worth announcing. */
static uint32_t
least_step(const struct tcp_conn *c)
{
	return RTE_MIN(c->mss, c->rcv_buf / 2);
}

uint16_t
tcp_window_field(struct tcp_conn *c, bool syn)
{
	unsigned int shift = syn ? 0 : c->rcv_shift; /* RFC 7323 2.2: not in a SYN */
	uint32_t unit = 1u << shift, held = c->rcv_edge - c->rcv_nxt;
	uint32_t wnd = wanted_edge(c) - c->rcv_nxt;

	if (wnd < held + least_step(c)) {
		/*
		 * Hold the edge. Rounding up keeps the promise to the byte, but lets the edge creep by less than a unit
		 * each time, so it ends where the window could not be wider anyway (RFC 7323 2.4 covers the rest).
		 */
		bool may_creep = c->rcv_edge - base(c) < c->t->cfg.rcv_wnd_max + c->expect;

		wnd = may_creep ? held + unit - 1 : held;
	}
	wnd = RTE_MIN(wnd >> shift, WND_FIELD_MAX);
	c->rcv_edge = seq_max(c->rcv_edge, c->rcv_nxt + (wnd << shift));
	return (uint16_t)wnd;
}

bool
tcp_window_update_due(struct tcp_conn *c)
{
	uint32_t held = c->rcv_edge - c->rcv_nxt, gain;

	/* a peer that still has half of the window is not waiting for more */
	if (!tcp_is_synchronized(c) || c->fin_rcvd || held > c->rcv_buf / 2)
		return false;
	gain = wanted_edge(c) - c->rcv_edge;
	return gain >= RTE_MIN(2 * c->mss, c->rcv_buf / 2);
}

void
tcp_window_tune(struct tcp_conn *c, uint32_t n, uint64_t now)
{
	uint32_t us = (uint32_t)(now / TCP_US);
	uint64_t in_a_round, want;

	c->taken += n;
	/* after 71 idle minutes it may look like the round trip of before once more: the next one is measured then */
	if (us - c->tuned_at < c->rcv_rtt)
		return;
	in_a_round = (uint32_t)c->taken - c->tuned_taken;
	c->tuned_at = us;
	c->tuned_taken = (uint32_t)c->taken;
	/* twice what a round trip brought, so that the peer can double its rate, and room for what is on the way */
	want = 2 * in_a_round + 16 * c->mss;
	want = want < c->t->cfg.rcv_wnd_max ? want : c->t->cfg.rcv_wnd_max;
	if (want > c->rcv_buf)
		c->rcv_buf = (uint32_t)want;
}

void
tcp_window_rtt(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	const uint32_t tick = TCP_MS / TCP_US;
	uint32_t ticks, rtt;

	/* only a peer that is sending as fast as we let it echoes without a pause of its own */
	if (!c->ts_ok || s->tsecr == 0 || s->part < c->rcv_mss)
		return;
	ticks = tcp_ts_now(c, now) - s->tsecr;
	if (ticks > TCP_RTT_MAX / TCP_MS)
		return;
	rtt = RTE_MAX(ticks, 1u) * tick;
	rtt = RTE_MIN(rtt, 2 * c->rcv_rtt);
	c->rcv_rtt = c->rcv_rtt - c->rcv_rtt / 8 + rtt / 8;
}
