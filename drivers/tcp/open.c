/* SPDX-License-Identifier: BSD-3-Clause */
/* Active open and the handshake of both roles: RFC 9293 3.5, 3.10.7.3. */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <rte_common.h>

#include <errno.h>

#define RTO_AFTER_SYN_TIMEOUT (3 * TCP_S) /* RFC 6298 5.7 */

/* Of a connection in the way of a new one: only a TIME-WAIT gives way. */
static int
clear_flow(struct tcp *t, const struct ip_flow *flow, uint32_t *isn_above, bool *has_above)
{
	struct tcp_conn *old = tcp_conn_find(t, flow);

	*has_above = false;
	if (tcp_synq_find(t, flow) != NULL)
		return -EADDRINUSE;
	if (old == NULL)
		return 0;
	if (old->state != TCP_TIME_WAIT)
		return -EADDRINUSE;
	*isn_above = old->snd_nxt;
	*has_above = true;
	tcp_count(t, TCP_TIME_WAIT_REUSED);
	tcp_conn_discard(old);
	return 0;
}

/* The smallest scale that lets the widest window be announced; 7 at least, as Linux peers have. */
static uint8_t
window_shift(const struct tcp_conn *c)
{
	uint8_t shift = 7;

	while (shift < TCP_WSCALE_MAX && 65535ull << shift < 2ull * c->t->cfg.rcv_wnd_max)
		shift++;
	return shift;
}

int
tcp_connect(struct tcp *t, const struct ip_flow *flow, uint8_t tos, const struct tcp_ops *ops,
	    void *user, uint64_t now, struct tcp_conn **cp)
{
	uint32_t isn_above;
	bool has_above;
	struct tcp_conn *c;
	int rc;

	if (t->env->homed_here != NULL && !t->env->homed_here(t->env->arg, flow))
		return -EADDRNOTAVAIL;
	rc = clear_flow(t, flow, &isn_above, &has_above);
	if (rc == 0)
		rc = tcp_conn_new(t, flow, now, &c);
	if (rc < 0)
		return rc;
	c->state = TCP_SYN_SENT;
	c->active = true;
	c->rcv_shift = window_shift(c);
	c->tos = tos & 0xfc;
	c->ops = ops;
	c->user = user;
	c->iss = tcp_isn(t, flow, now);
	/* RFC 6191 3: the old connection's segments must not fit the new one */
	if (has_above && seq_leq(c->iss, isn_above))
		c->iss = isn_above + UINT16_MAX;
	c->snd_una = c->iss;
	c->snd_nxt = c->psh_seq = c->iss + 1;
	tcp_ecn_open(c);
	c->send_syn = true;
	c->rto = t->cfg.syn_rto;
	tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
	tcp_timer_set(c, TCP_TIMER_LIFE, now + t->cfg.connect_timeout);
	tcp_conn_dirty(c);
	*cp = c;
	return 0;
}

void
tcp_open_syn(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	bool v6 = c->flow.remote.family == IP_V6;

	c->irs = s->seq;
	/* what our own SYN announced counts from here */
	c->rcv_edge += s->seq + 1 - c->rcv_nxt;
	c->rcv_nxt = c->last_ack_sent = s->seq + 1;
	c->mss_peer = s->has_mss ? s->mss : v6 ? TCP_MSS_DEFAULT_V6 : TCP_MSS_DEFAULT_V4;
	c->ts_ok = s->has_ts;
	c->sack_ok = s->sack_permitted;
	c->ts_recent = s->tsval;
	c->ts_recent_at = tcp_age_now(now);
	c->snd_shift = s->has_wscale ? s->wscale : 0;
	c->rcv_shift = s->has_wscale ? window_shift(c) : 0;
	/* RFC 7323 2.2: the window of a SYN is not scaled */
	c->snd_wnd = c->snd_wnd_max = s->wnd;
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	tcp_path_mss(c);
	c->cc.mss = c->mss;
	c->cc.cwnd = tcp_cc_initial_window(&c->cc);
	c->rcv_mss = TCP_MSS_DEFAULT_V4 < c->mss ? TCP_MSS_DEFAULT_V4 : c->mss;
	c->last_rx = now;
}

/* One round trip was measured by the handshake, if neither side had to repeat its part (Karn). */
static void
handshake_rtt(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	if (c->backoff == 0) {
		tcp_rtt_sample(c, now - c->last_send);
		tcp_rack_rtt(&c->rack, now - c->last_send, now);
	} else if (c->ts_ok && s->has_ts && s->tsecr != 0) {
		tcp_rtt_sample(c, (uint64_t)(tcp_ts_now(c, now) - s->tsecr) * TCP_MS);
	} else {
		c->rto = RTO_AFTER_SYN_TIMEOUT;
	}
	c->backoff = 0;
	c->rcv_rtt = (uint32_t)(RTE_MIN(RTE_MAX(c->srtt, TCP_MS), TCP_RTT_MAX) / TCP_US);
	c->tuned_at = (uint32_t)(now / TCP_US);
}

void
tcp_open_established(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	const struct tcp_config *cfg = &c->t->cfg;

	tcp_rack_init(&c->rack, c->iss + 1);
	c->round_end = c->iss + 1;
	handshake_rtt(c, s, now);
	c->state = c->closed_by_user ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
	c->snd_una = c->iss + 1;
	c->progress_at = now;
	tcp_timer_clear(c, TCP_TIMER_LIFE);
	tcp_timer_clear(c, TCP_TIMER_RTX);
	if (cfg->keepalive_idle != 0)
		tcp_timer_set(c, TCP_TIMER_KEEP, now + cfg->keepalive_idle);
	if (c->ecn.ok)
		tcp_count(c->t, TCP_ECN_AGREED);
	if (c->active) {
		tcp_count(c->t, TCP_CONN_ACTIVE);
		tcp_conn_event(c, TCP_EV_CONNECTED);
	} else {
		tcp_count(c->t, TCP_CONN_PASSIVE);
		tcp_backlog_add(c, now);
		tcp_conn_event(c, TCP_EV_ACCEPT);
	}
	tcp_conn_dirty(c);
}

/*
 * The peer holds an old connection of this flow and answered our SYN from it. Reset that one, and repeat the SYN
 * behind the reset instead of a second later (RFC 9293 3.5.1, figure 9).
 */
static void
half_open_peer(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	tcp_reply_reset(c->t, &c->flow, c->tos, s, now);
	if (c->syn_hurried)
		return;
	c->syn_hurried = true;
	c->send_syn = true;
	tcp_count(c->t, TCP_SYN_HURRIED);
	tcp_count(c->t, TCP_SYN_RETRANSMIT);
	tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
	tcp_conn_dirty(c);
}

/* Both sides opened at once: RFC 9293 3.5, figure 7. */
static void
simultaneous(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos, uint64_t now)
{
	tcp_count(c->t, TCP_CONN_SIMULTANEOUS);
	tcp_open_syn(c, s, now);
	tcp_ecn_syn_in(c, s, tos);
	c->state = TCP_SYN_RCVD;
	c->send_syn = true;
	tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
	tcp_conn_dirty(c);
}

bool
tcp_syn_sent_in(struct tcp_conn *c, struct tcp_segment *s, uint8_t tos, uint64_t now)
{
	bool has_ack = (s->flags & TCP_ACK) != 0;
	bool ack_ok = has_ack && s->ack == c->snd_nxt;

	if (has_ack && !ack_ok) {
		tcp_count(c->t, TCP_DROP_ACK);
		if ((s->flags & TCP_RST) == 0)
			half_open_peer(c, s, now);
		return false;
	}
	if ((s->flags & TCP_RST) != 0) {
		if (!ack_ok) {
			tcp_count(c->t, TCP_DROP_RST);
			return false;
		}
		tcp_count(c->t, TCP_CONN_REFUSED);
		tcp_conn_end(c, -ECONNREFUSED);
		return false;
	}
	if ((s->flags & TCP_SYN) == 0) {
		tcp_count(c->t, has_ack ? TCP_DROP_FLAGS : TCP_DROP_NO_ACK);
		return false;
	}
	if (!has_ack) {
		simultaneous(c, s, tos, now);
		return false;
	}
	tcp_open_syn(c, s, now);
	tcp_ecn_syn_in(c, s, tos);
	tcp_open_established(c, s, now);
	c->ack_now = true;
	s->seq++;
	s->flags &= (uint8_t)~TCP_SYN;
	return c->state == TCP_ESTABLISHED;
}

void
tcp_open_timeout(struct tcp_conn *c, uint64_t now)
{
	if (c->backoff < 16)
		c->backoff++;
	tcp_ecn_syn_timeout(c);
	c->send_syn = true;
	tcp_count(c->t, TCP_SYN_RETRANSMIT);
	tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
	tcp_conn_dirty(c);
}
