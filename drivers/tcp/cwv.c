/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion window validation, RFC 7661: a window says what the path takes only while it is in use. What is in use is measured by
 * pipeACK, the most that was acknowledged in a round trip of late. Below half of the window, pauses included, the phase is
 * non-validated: the window does not grow and is kept, so that a message after a pause finds it as it was; that replaces the
 * restart after idle of RFC 5681 4.1. In exchange congestion counts from what was in use, and after five minutes nobody
 * knows the path any more: the window is halved, and again, down to the initial window.
 */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_common.h>

#include <string.h>

#define NVP (300 * TCP_S) /* 4.4.3: non-validated period */
#define WHOLE_ROUND 2 /* the first round trip had begun before it was measured */
#define SAMPLING_MIN TCP_S /* 4.2: sampling period, or three round trips */

/* The sampling period moves on: its oldest part is forgotten. */
static void
age(struct tcp_conn *c, uint64_t now)
{
	struct tcp_cwv *v = &c->cwv;
	uint64_t period = 3 * c->srtt > SAMPLING_MIN ? 3 * c->srtt : SAMPLING_MIN;
	uint64_t part = period / TCP_CWV_PARTS;

	if (now - v->part_at >= period) {
		memset(v->most, 0, sizeof(v->most));
		v->part_at = now;
	}
	while (now - v->part_at >= part) {
		memmove(v->most + 1, v->most, sizeof(v->most) - sizeof(v->most[0]));
		v->most[0] = 0;
		v->part_at += part;
	}
}

/* What the round trip that goes on has brought so far counts as well: the window is in use now. */
static uint32_t
pipe_ack(const struct tcp_cwv *v)
{
	uint32_t most = v->acked;
	unsigned int i;

	for (i = 0; i < TCP_CWV_PARTS; i++)
		most = RTE_MAX(most, v->most[i]);
	return most;
}

/* 4.3. In slow start the window has doubled since the sample was sent. */
static bool
is_validated(const struct tcp_conn *c)
{
	unsigned int part = c->cc.cwnd < c->cc.ssthresh ? 4 : 2;

	return c->cwv.rounds < WHOLE_ROUND || (uint64_t)pipe_ack(&c->cwv) * part >= c->cc.cwnd;
}

static void
validate(struct tcp_conn *c, uint64_t now)
{
	struct tcp_cwv *v = &c->cwv;

	age(c, now);
	if (is_validated(c))
		v->validated_at = now;
	/* 4.4.3 */
	for (; now - v->validated_at >= NVP; v->validated_at += NVP) {
		if (tcp_cc_decay(&c->cc))
			tcp_count(c->t, TCP_CWV_DECAYED);
	}
}

void
tcp_cwv_reset(struct tcp_conn *c, uint64_t now)
{
	c->cwv = (struct tcp_cwv){.part_at = now, .validated_at = now};
}

void
tcp_cwv_acked(struct tcp_conn *c, uint32_t acked, bool round_over, uint64_t now)
{
	struct tcp_cwv *v = &c->cwv;

	v->acked += acked;
	validate(c, now);
	if (!round_over)
		return;
	v->most[0] = RTE_MAX(v->most[0], v->acked);
	if (v->rounds < WHOLE_ROUND)
		v->rounds++;
	v->acked = 0;
}

bool
tcp_cwv_may_grow(const struct tcp_conn *c)
{
	return is_validated(c);
}

void
tcp_cwv_idle(struct tcp_conn *c, uint64_t now)
{
	uint32_t before = c->cc.cwnd;
	uint64_t idle = now - c->last_send;

	validate(c, now);
	tcp_cc_idle(&c->cc, idle);
	if (idle > c->rto && before == c->cc.cwnd && before > tcp_cc_initial_window(&c->cc))
		tcp_count(c->t, TCP_CWV_KEPT);
}

uint32_t
tcp_cwv_flight(struct tcp_conn *c, uint32_t in_flight, uint64_t now)
{
	struct tcp_cwv *v = &c->cwv;
	uint32_t used;

	v->loss_flight = 0;
	validate(c, now);
	if (is_validated(c))
		return in_flight;
	tcp_count(c->t, TCP_CWV_LIMITED);
	used = RTE_MAX(RTE_MAX(in_flight, pipe_ack(v)), c->cc.mss);
	if (c->cc.cwnd > used)
		c->cc.cwnd = used;
	v->loss_flight = used;
	return used;
}

void
tcp_cwv_lost(struct tcp_conn *c)
{
	if (c->cwv.loss_flight != 0)
		tcp_cc_limit(&c->cc, c->cwv.loss_flight / 2);
}

void
tcp_cwv_recovered(struct tcp_conn *c, uint32_t resent, uint64_t now)
{
	uint32_t flight = c->cwv.loss_flight;

	if (flight != 0)
		tcp_cc_limit(&c->cc, (flight > resent ? flight - resent : 0) / 2);
	tcp_cwv_reset(c, now);
}
