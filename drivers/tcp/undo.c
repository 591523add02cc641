/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A recovery that was not needed is taken back, and the window is as before (RFC 9438 4.9). Three proofs count: the first answer
 * echoes a timestamp from before the repetition (Eifel, RFC 3522); all that was sent again is reported as a duplicate (RFC
 * 3708); after a timeout something sent before it arrives that was not sent again (F-RTO, RFC 5682 3). With SACK the last needs
 * no waiting for new data: which segments arrived is known.
 */
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

void
tcp_undo_begin(struct tcp_conn *c)
{
	c->undo = (struct tcp_undo){.before = c->cc, .marker = c->snd_una, .active = true};
}

void
tcp_undo_resent(struct tcp_conn *c, uint32_t len, uint64_t now)
{
	if (c->undo.first_at == 0)
		c->undo.first_at = now;
	c->undo.resent += len;
}

void
tcp_undo_dsack(struct tcp_conn *c, struct tcp_range dsack)
{
	struct tcp_undo *u = &c->undo;

	if (u->active && seq_geq(dsack.start, u->marker) && seq_leq(dsack.end, c->snd_nxt))
		u->reported += dsack.end - dsack.start;
}

void
tcp_undo_end(struct tcp_conn *c)
{
	/* a report of the last duplicates may still come */
	c->undo.until = c->snd_nxt;
	c->undo.frto = false;
}

static void
undo(struct tcp_conn *c, enum tcp_counter why)
{
	tcp_count(c->t, why);
	tcp_cc_undo(&c->cc, &c->undo.before);
	c->cwv.loss_flight = 0;
	tcp_sb_unmark_lost(&c->tx);
	c->undo.active = c->undo.frto = false;
	c->recovery = TCP_OPEN;
	c->rtx_at_once = false;
	c->dupacks = 0;
	c->tlp.rearm = true;
}

bool
tcp_undo_try(struct tcp_conn *c, const struct tcp_delivery *d)
{
	struct tcp_undo *u = &c->undo;
	bool over = seq_geq(c->snd_una, c->recover);

	if (!u->active)
		return false;
	if (c->recovery == TCP_OPEN && seq_gt(c->snd_una, u->until)) {
		u->active = false;
		return false;
	}
	if (u->resent > 0 && u->reported >= u->resent)
		undo(c, TCP_UNDO_DSACK);
	else if (u->first_at != 0 && d->repeated && d->echo_end <= u->first_at)
		undo(c, TCP_UNDO_TIMESTAMP);
	else if (u->frto && d->original && !over)
		undo(c, TCP_UNDO_FRTO);
	else if (u->resent == 0 && over)
		undo(c, TCP_UNDO_UNUSED);
	return !u->active;
}
