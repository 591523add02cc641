/* SPDX-License-Identifier: BSD-3-Clause */
/* What all congestion controls have in common: slow start, timeout, undo. Pure. */
#include "drivers/tcp/cc.h"

#include <rte_common.h>

#include <stddef.h>

#define INITIAL_SEGMENTS 10
#define AFTER_TIMEOUT_SEGMENTS 2

void
tcp_cc_init(struct tcp_cc *cc, const struct tcp_cc_ops *ops, uint32_t mss)
{
	*cc = (struct tcp_cc){
		.ops = ops,
		.mss = mss,
		.ssthresh = TCP_SSTHRESH_INF,
		.dctcp = {.alpha = 1}, /* RFC 8257 4.2 */
	};
	cc->cwnd = tcp_cc_initial_window(cc);
}

uint32_t
tcp_cc_initial_window(const struct tcp_cc *cc)
{
	uint32_t two = 2 * cc->mss;

	/* RFC 6928 2 */
	return RTE_MIN(INITIAL_SEGMENTS * cc->mss, two > 14600 ? two : 14600);
}

void
tcp_cc_set_mss(struct tcp_cc *cc, uint32_t mss)
{
	double scale = (double)cc->mss / mss;

	cc->cubic.w_max *= scale;
	cc->cubic.w_est *= scale;
	cc->cubic.cwnd_prior *= scale;
	cc->mss = mss;
	if (cc->cwnd < mss)
		cc->cwnd = mss;
}

void
tcp_cc_acked(struct tcp_cc *cc, uint32_t bytes, bool after_timeout, uint64_t now)
{
	if (cc->cwnd < cc->ssthresh) {
		uint32_t limit = after_timeout ? AFTER_TIMEOUT_SEGMENTS * cc->mss : bytes;
		uint32_t grow = RTE_MIN(tcp_hystart_growth(&cc->hystart, RTE_MIN(bytes, limit)),
					cc->ssthresh - cc->cwnd);

		cc->cwnd = RTE_MIN(cc->cwnd + grow, TCP_CWND_MAX);
		bytes -= grow;
		if (after_timeout || cc->cwnd < cc->ssthresh)
			return;
	}
	if (bytes > 0)
		cc->ops->acked(cc, bytes, now);
	cc->cwnd = RTE_MIN(cc->cwnd, TCP_CWND_MAX);
}

void
tcp_cc_rtt(struct tcp_cc *cc, uint64_t rtt, uint64_t srtt)
{
	cc->srtt = srtt;
	if (cc->ssthresh == TCP_SSTHRESH_INF)
		tcp_hystart_sample(&cc->hystart, rtt);
}

void
tcp_cc_round(struct tcp_cc *cc)
{
	if (cc->ssthresh == TCP_SSTHRESH_INF && tcp_hystart_round(&cc->hystart))
		cc->ssthresh = cc->cwnd;
	if (cc->ops->round != NULL)
		cc->ops->round(cc);
}

/* RFC 9406 4.2: only the first slow start is watched. */
static void
end_of_first_slow_start(struct tcp_cc *cc)
{
	cc->hystart = (struct tcp_hystart){0};
}

void
tcp_cc_loss(struct tcp_cc *cc, uint32_t in_flight, uint64_t now)
{
	cc->ssthresh = cc->ops->loss(cc, in_flight, false, now);
	cc->cwnd = cc->ssthresh;
	end_of_first_slow_start(cc);
}

void
tcp_cc_marked(struct tcp_cc *cc, uint32_t in_flight, uint64_t now)
{
	if (cc->ops->marked != NULL)
		cc->ssthresh = cc->ops->marked(cc, in_flight, now);
	else
		cc->ssthresh = cc->ops->loss(cc, in_flight, false, now);
	cc->cwnd = cc->ssthresh;
	end_of_first_slow_start(cc);
}

void
tcp_cc_echoed(struct tcp_cc *cc, uint32_t bytes, bool marked)
{
	cc->dctcp.acked += bytes;
	cc->dctcp.marked += marked ? bytes : 0;
}

void
tcp_cc_timeout(struct tcp_cc *cc, uint32_t in_flight, bool again, uint64_t now)
{
	if (!again)
		cc->ssthresh = cc->ops->loss(cc, in_flight, true, now);
	cc->cwnd = cc->mss;
	end_of_first_slow_start(cc);
}

void
tcp_cc_undo(struct tcp_cc *cc, const struct tcp_cc *before)
{
	struct tcp_cc now = *cc;

	*cc = *before;
	cc->srtt = now.srtt;
	cc->dctcp = now.dctcp;
	cc->cwnd = now.cwnd > cc->cwnd ? now.cwnd : cc->cwnd;
	cc->ssthresh = now.ssthresh > cc->ssthresh ? now.ssthresh : cc->ssthresh;
	if (cc->mss != now.mss)
		tcp_cc_set_mss(cc, now.mss);
}

void
tcp_cc_idle(struct tcp_cc *cc, uint64_t idle)
{
	cc->ops->idle(cc, idle);
}

bool
tcp_cc_decay(struct tcp_cc *cc)
{
	uint32_t least = tcp_cc_initial_window(cc), half = cc->cwnd / 2;

	if (cc->cwnd <= least)
		return false;
	if (cc->ssthresh < cc->cwnd - cc->cwnd / 4)
		cc->ssthresh = cc->cwnd - cc->cwnd / 4;
	cc->cwnd = half > least ? half : least;
	return true;
}

void
tcp_cc_limit(struct tcp_cc *cc, uint32_t window)
{
	if (window < 2 * cc->mss)
		window = 2 * cc->mss;
	cc->ssthresh = RTE_MIN(cc->ssthresh, window);
	cc->cwnd = RTE_MIN(cc->cwnd, window);
}
