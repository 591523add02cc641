/* SPDX-License-Identifier: BSD-3-Clause */
/* CUBIC, RFC 9438. Windows are in segments here, as in the RFC; time in seconds. Pure. */
#include "drivers/tcp/cc.h"

#include <math.h>

#define CUBIC_C 0.4 /* RFC 9438 5.1 */
#define CUBIC_BETA 0.7 /* 4.6 */
#define CUBIC_ALPHA (3.0 * (1.0 - CUBIC_BETA) / (1.0 + CUBIC_BETA)) /* 4.3 */
#define NS_PER_S 1e9

static double
max_f(double a, double b)
{
	return a > b ? a : b;
}

/* A stage of congestion avoidance begins (4.2, 4.8). */
static void
epoch_begin(struct tcp_cc *cc, double cwnd, uint64_t now)
{
	struct tcp_cubic *q = &cc->cubic;

	q->epoch = now;
	q->w_est = cwnd;
	if (q->after_timeout || q->w_max < cwnd) {
		q->w_max = cwnd;
		q->k = 0;
	} else {
		q->k = cbrt((q->w_max - cwnd) / CUBIC_C);
	}
	q->after_timeout = false;
}

/* W_cubic(t), 4.2 figure 1. */
static double
window_at(const struct tcp_cubic *q, double t)
{
	double d = t - q->k;

	return CUBIC_C * d * d * d + q->w_max;
}

static void
cubic_acked(struct tcp_cc *cc, uint32_t bytes, uint64_t now)
{
	struct tcp_cubic *q = &cc->cubic;
	double cwnd = (double)cc->cwnd / cc->mss, acked = (double)bytes / cc->mss;
	double t, target, alpha, grow;

	if (q->epoch == 0)
		epoch_begin(cc, cwnd, now);
	t = (double)(now - q->epoch) / NS_PER_S;

	/* 4.3: the Reno-friendly estimate; its slope is Reno's own once it is back at the old window */
	alpha = q->w_est >= q->cwnd_prior ? 1.0 : CUBIC_ALPHA;
	q->w_est += alpha * acked / cwnd;

	if (window_at(q, t) < q->w_est) {
		grow = max_f(q->w_est - cwnd, 0);
	} else {
		/* 4.4, 4.5: towards the target one round trip ahead, at most half the window in a round trip */
		target = window_at(q, t + (double)cc->srtt / NS_PER_S);
		target = target < cwnd ? cwnd : target;
		target = target > 1.5 * cwnd ? 1.5 * cwnd : target;
		grow = (target - cwnd) / cwnd * acked;
	}
	cc->credit += grow * cc->mss;
	if (cc->credit >= 1) {
		uint32_t whole = cc->credit < TCP_CWND_MAX ? (uint32_t)cc->credit : TCP_CWND_MAX;

		cc->cwnd += whole;
		cc->credit -= whole;
	}
}

static uint32_t
cubic_loss(struct tcp_cc *cc, uint32_t in_flight, bool timeout, uint64_t)
{
	struct tcp_cubic *q = &cc->cubic;
	double cwnd = (double)cc->cwnd / cc->mss;
	double ssthresh = CUBIC_BETA * in_flight;

	/* 4.7: fast convergence */
	q->w_max = cwnd < q->w_max ? cwnd * (1.0 + CUBIC_BETA) / 2.0 : cwnd;
	q->cwnd_prior = cwnd;
	q->epoch = 0;
	q->after_timeout = timeout;
	cc->credit = 0;
	return (uint32_t)max_f(ssthresh, 2.0 * cc->mss); /* 4.6 */
}

static void
cubic_idle(struct tcp_cc *cc, uint64_t idle)
{
	/* 4.2: time without sending is not time of growth */
	if (cc->cubic.epoch != 0)
		cc->cubic.epoch += idle;
}

const struct tcp_cc_ops tcp_cc_cubic = {
	.name = "cubic",
	.acked = cubic_acked,
	.loss = cubic_loss,
	.idle = cubic_idle,
};
