/* SPDX-License-Identifier: BSD-3-Clause */
/* Loss detection by time: RFC 8985 6. */
#include "drivers/tcp/rack.h"

#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "lnet/base/timer.h"

#define MIN_RTT_AGE 300000000000ull /* ns: a path may have become longer since */
#define WND_PERSIST 16 /* 6.2 step 4 */

void
tcp_rack_init(struct tcp_rack *r, uint32_t seq)
{
	*r = (struct tcp_rack){.fack = seq, .wnd_mult = 1};
}

/* RACK_sent_after() of 6.1. */
static bool
sent_after(uint64_t at1, uint32_t end1, uint64_t at2, uint32_t end2)
{
	return at1 != at2 ? at1 > at2 : seq_gt(end1, end2);
}

void
tcp_rack_rtt(struct tcp_rack *r, uint64_t rtt, uint64_t now)
{
	if (r->min_rtt != 0 && rtt > r->min_rtt && now - r->min_rtt_at < MIN_RTT_AGE)
		return;
	r->min_rtt = rtt > 0 ? rtt : 1;
	r->min_rtt_at = now;
}

void
tcp_rack_delivered(struct tcp_rack *r, struct tcp_delivery *d, const struct tcp_txseg *s)
{
	uint64_t rtt = d->now - s->sent_at;
	uint32_t end = txseg_end(s);

	if ((s->flags & TXSEG_REPEATED) == 0) {
		/* step 3; what this very ACK delivers is in any order */
		if (seq_lt(end, d->fack)) {
			d->reordered |= !r->reordering_seen;
			r->reordering_seen = true;
		}
		tcp_rack_rtt(r, rtt, d->now);
	} else if (s->sent_at >= d->echo_end || rtt < r->min_rtt) {
		/* step 2: it was an earlier transmission that arrived */
		return;
	}
	if (seq_gt(end, r->fack))
		r->fack = end;
	r->rtt = rtt;
	if (r->sent_at == 0 || sent_after(s->sent_at, end, r->sent_at, r->end_seq)) {
		r->sent_at = s->sent_at;
		r->end_seq = end;
	}
}

void
tcp_rack_dsack(struct tcp_rack *r, uint32_t una, uint32_t nxt)
{
	if (r->in_dsack_round && seq_lt(una, r->dsack_round))
		return;
	r->in_dsack_round = true;
	r->dsack_round = nxt;
	if (r->wnd_mult < UINT8_MAX)
		r->wnd_mult++;
	r->wnd_persist = WND_PERSIST;
}

void
tcp_rack_recovered(struct tcp_rack *r)
{
	if (r->wnd_persist > 0 && --r->wnd_persist == 0)
		r->wnd_mult = 1;
}

uint64_t
tcp_rack_window(const struct tcp_rack *r, const struct tcp_txq *q, bool recovering, uint64_t srtt)
{
	uint64_t wnd = r->min_rtt / 4 * r->wnd_mult;

	if (!r->reordering_seen && (recovering || q->sacked_packets >= TCP_DUP_THRESH))
		return 0;
	return wnd < srtt ? wnd : srtt;
}

/* Those sent before @sent_at, @end_seq whose time is over. Return: when that of the next one will be. */
static uint64_t
mark_old(struct tcp_txq *q, uint64_t sent_at, uint32_t end_seq, uint64_t allowed, uint64_t now)
{
	struct tcp_txseg *s;

	while ((s = TAILQ_FIRST(&q->sent)) != NULL &&
	       sent_after(sent_at, end_seq, s->sent_at, txseg_end(s))) {
		if (s->sent_at + allowed > now)
			return s->sent_at + allowed;
		tcp_sb_mark_lost(q, s);
	}
	return TIMER_NONE;
}

uint64_t
tcp_rack_detect(const struct tcp_rack *r, struct tcp_txq *q, uint64_t window, uint64_t now)
{
	if (r->sent_at == 0)
		return TIMER_NONE;
	return mark_old(q, r->sent_at, r->end_seq, r->rtt + window, now);
}

void
tcp_rack_timeout(const struct tcp_rack *r, struct tcp_txq *q, uint64_t window, uint64_t now)
{
	struct tcp_txseg *head = TAILQ_FIRST(&q->segs);

	if (head != NULL)
		tcp_sb_mark_lost(q, head);
	mark_old(q, UINT64_MAX, 0, r->rtt + window, now);
}
