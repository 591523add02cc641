/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tail loss probe, RFC 8985 7: when the end of a flight stays without an answer for two round trips, one segment is sent, new
 * or once more. Its answer shows by SACK what is missing, without a timeout.
 */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

/*
 * 7.2, TLP.max_ack_delay: a peer waits so long for a second segment. Linux takes 40 ms, and only seldom up to 200 ms; a
 * probe too many then costs one segment, which the peer reports.
 */
#define ACK_DELAY_MAX (60 * TCP_MS)
#define SLACK (2 * TCP_MS) /* of hosts under load, where round trips are short */
#define PTO_NO_RTT TCP_S

void
tcp_tlp_cancel(struct tcp_conn *c)
{
	c->tlp.active = c->tlp.rearm = c->tlp.wanted = false;
	tcp_timer_clear(c, TCP_TIMER_TLP);
}

/* 7.2, with RFC 8985's own conditions. */
static bool
is_useful(const struct tcp_conn *c)
{
	/* a window that shrank below what is in flight takes no probe either */
	return c->sack_ok && !tcp_repairs(c) && c->tx.sacked == 0 && !c->tlp.active &&
		!c->tlp.unmeasured && tcp_in_flight(c) > 0 && tcp_in_flight(c) <= c->snd_wnd;
}

static uint64_t
probe_timeout(const struct tcp_conn *c)
{
	uint64_t pto = c->srtt != 0 ? 2 * c->srtt + SLACK : PTO_NO_RTT;

	return tcp_in_flight(c) <= c->mss ? pto + ACK_DELAY_MAX : pto;
}

void
tcp_tlp_arm(struct tcp_conn *c, uint64_t now)
{
	uint64_t at;

	if (!c->tlp.rearm)
		return;
	c->tlp.rearm = false;
	if (!is_useful(c)) {
		tcp_timer_clear(c, TCP_TIMER_TLP);
		return;
	}
	at = now + probe_timeout(c);
	/* instead of the timeout, never after it */
	if (at > c->deadline[TCP_TIMER_RTX])
		at = c->deadline[TCP_TIMER_RTX];
	tcp_timer_set(c, TCP_TIMER_TLP, at);
}

void
tcp_tlp_timeout(struct tcp_conn *c, uint64_t now)
{
	if (!is_useful(c))
		return;
	c->tlp.wanted = true;
	/* 7.3: the timeout counts from the probe */
	tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
	tcp_conn_dirty(c);
}

void
tcp_tlp_sent(struct tcp_conn *c, bool repetition)
{
	tcp_count(c->t, TCP_TLP_PROBE);
	c->tlp.active = true;
	c->tlp.is_repetition = repetition;
	c->tlp.end_seq = c->snd_nxt;
	c->tlp.flight = tcp_in_flight(c);
	c->tlp.unmeasured = true;
	c->tlp.rearm = false;
	tcp_timer_clear(c, TCP_TIMER_TLP);
}

bool
tcp_tlp_is_reported(const struct tcp_conn *c, const struct tcp_delivery *d)
{
	return c->tlp.active && c->tlp.is_repetition && d->dsack.start != d->dsack.end &&
		d->dsack.end == c->tlp.end_seq;
}

/* 7.4.2 */
void
tcp_tlp_ack(struct tcp_conn *c, const struct tcp_delivery *d, uint32_t acked, uint64_t now)
{
	bool past;

	if (acked > 0)
		c->tlp.rearm = true;
	if (!c->tlp.active || seq_lt(c->snd_una, c->tlp.end_seq))
		return;
	past = seq_gt(c->snd_una, c->tlp.end_seq);
	if (!c->tlp.is_repetition) {
		c->tlp.active = false;
	} else if (tcp_tlp_is_reported(c, d) || (acked == 0 && d->duplicate)) {
		/* both arrived: nothing was lost */
		c->tlp.active = false;
	} else if (past) {
		c->tlp.active = false;
		tcp_count(c->t, TCP_TLP_RECOVERED);
		tcp_recovery_repaired(c, c->tlp.flight, now);
	}
}
