/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The deadlines of a connection on one wheel timer. Moving a deadline later, which each ACK does, touches no wheel:
 * the timer fires at the old time and is set anew. What is due is marked here and sent by tcp_poll().
 */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>
#include <stddef.h>

#define ORPHAN_MAX \
	(60 * TCP_S) /* a connection that its user has closed lives this long without progress */

static uint64_t
earliest(const struct tcp_conn *c)
{
	uint64_t first = TIMER_NONE;
	int i;

	for (i = 0; i < TCP_TIMERS; i++)
		first = c->deadline[i] < first ? c->deadline[i] : first;
	return first;
}

void
tcp_timer_set(struct tcp_conn *c, enum tcp_timer which, uint64_t deadline)
{
	c->deadline[which] = deadline;
	if (!c->timer.armed || deadline < c->timer.deadline)
		timer_arm(&c->t->lc->wheel, &c->timer, deadline);
}

void
tcp_timer_clear(struct tcp_conn *c, enum tcp_timer which)
{
	c->deadline[which] = TIMER_NONE;
}

void
tcp_timers_clear(struct tcp_conn *c)
{
	int i;

	for (i = 0; i < TCP_TIMERS; i++)
		c->deadline[i] = TIMER_NONE;
	timer_disarm(&c->t->lc->wheel, &c->timer);
}

static bool
take_due(struct tcp_conn *c, enum tcp_timer which, uint64_t now)
{
	if (c->deadline[which] > now)
		return false;
	c->deadline[which] = TIMER_NONE;
	return true;
}

static void
time_out(struct tcp_conn *c, uint64_t now)
{
	tcp_count(c->t, TCP_CONN_TIMEOUT);
	tcp_conn_reset(c, c->soft_err != 0 ? c->soft_err : -ETIMEDOUT, now);
}

/*
 * RFC 5482. A peer that answers window probes is alive, however long its window stays shut (RFC 9293 3.8.6.1); but
 * once the user has closed, nobody is left to decide that it was long enough.
 */
static bool
gave_up(const struct tcp_conn *c, uint64_t now)
{
	uint64_t limit = c->t->cfg.user_timeout, since = c->progress_at;

	if (c->closed_by_user)
		limit = limit == 0 || limit > ORPHAN_MAX ? ORPHAN_MAX : limit;
	else if (c->snd_wnd == 0 && c->last_rx > since)
		since = c->last_rx;
	return limit != 0 && now - since >= limit;
}

static void
fire_rtx(struct tcp_conn *c, uint64_t now)
{
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD) {
		tcp_open_timeout(c, now);
		return;
	}
	if (gave_up(c, now)) {
		time_out(c, now);
		return;
	}
	if (c->backoff < 16)
		c->backoff++;
	if (c->persisting) {
		c->persisting = false;
		c->send_probe = true;
		c->push_now = true;
	} else {
		tcp_recovery_timeout(c, now);
	}
	tcp_conn_dirty(c);
}

static void
fire_keep(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_config *cfg = &c->t->cfg;
	uint64_t quiet = now - c->last_rx;

	/* with data in flight the retransmission timer asks the same question */
	if (quiet < cfg->keepalive_idle || tcp_in_flight(c) > 0) {
		c->probes = 0;
		tcp_timer_set(c, TCP_TIMER_KEEP,
			      (quiet < cfg->keepalive_idle ? c->last_rx : now) +
				      cfg->keepalive_idle);
		return;
	}
	if (c->probes >= cfg->keepalive_count) {
		time_out(c, now);
		return;
	}
	/* a probe that was never sent proves nothing */
	if (tcp_send_bare(c, TCP_ACK, c->snd_nxt - 1, now)) {
		c->probes++;
		tcp_count(c->t, TCP_KEEPALIVE);
	}
	tcp_timer_set(c, TCP_TIMER_KEEP, now + cfg->keepalive_intvl);
}

/*
 * An ACK that opens a closed window is not acknowledged; if it was lost the peer sleeps until its next probe, and that may
 * be as far away as the window was closed for. So it is repeated until something arrives.
 */
static void
fire_reopen(struct tcp_conn *c, uint64_t now)
{
	if (c->last_rx > c->reopened_at || c->reopens >= TCP_REOPENS_MAX)
		return;
	c->reopens++;
	c->ack_now = true;
	tcp_count(c->t, TCP_TX_WND_REPEAT);
	tcp_timer_set(c, TCP_TIMER_REOPEN, now + (TCP_REOPEN << c->reopens));
	tcp_conn_dirty(c);
}

static void
fire_life(struct tcp_conn *c, uint64_t now)
{
	switch (c->state) {
	case TCP_TIME_WAIT:
		tcp_conn_discard(c);
		break;
	case TCP_SYN_RCVD:
		tcp_count(c->t, TCP_SYN_EXPIRED);
		tcp_conn_end(c, -ETIMEDOUT);
		break;
	case TCP_SYN_SENT:
		tcp_count(c->t, TCP_CONN_TIMEOUT);
		tcp_conn_end(c, c->soft_err != 0 ? c->soft_err : -ETIMEDOUT);
		break;
	default:
		time_out(c, now);
		break;
	}
}

static void
fire(struct timer *timer, uint64_t now)
{
	struct tcp_conn *c = (struct tcp_conn *)((char *)timer - offsetof(struct tcp_conn, timer));
	struct tcp *t = c->t;

	if (take_due(c, TCP_TIMER_LIFE, now)) {
		fire_life(c, now);
		/* the connection may be gone */
		tcp_conns_tell(t, now);
		return;
	}
	/* a probe puts the timeout off */
	if (take_due(c, TCP_TIMER_TLP, now))
		tcp_tlp_timeout(c, now);
	if (take_due(c, TCP_TIMER_RTX, now))
		fire_rtx(c, now);
	if (c->state != TCP_CLOSED && take_due(c, TCP_TIMER_RACK, now))
		tcp_recovery_reordered(c, now);
	if (c->state != TCP_CLOSED && take_due(c, TCP_TIMER_KEEP, now))
		fire_keep(c, now);
	if (c->state != TCP_CLOSED && take_due(c, TCP_TIMER_ACK, now)) {
		tcp_count(t, TCP_TX_DELAYED_ACK);
		c->ack_now = true;
		tcp_conn_dirty(c);
	}
	if (c->state != TCP_CLOSED && take_due(c, TCP_TIMER_REOPEN, now))
		fire_reopen(c, now);
	if (c->state != TCP_CLOSED && take_due(c, TCP_TIMER_RETRY, now)) {
		c->push_now = true;
		tcp_conn_dirty(c);
	}
	if (c->state != TCP_CLOSED && earliest(c) != TIMER_NONE)
		timer_arm(&t->lc->wheel, &c->timer, earliest(c));
	tcp_conns_tell(t, now);
}

void
tcp_timers_init(struct tcp_conn *c)
{
	int i;

	c->timer = (struct timer){.fire = fire, .offset = offsetof(struct tcp_conn, timer)};
	for (i = 0; i < TCP_TIMERS; i++)
		c->deadline[i] = TIMER_NONE;
}
