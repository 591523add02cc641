/* SPDX-License-Identifier: BSD-3-Clause */
/* Dialling of a peer's missing connections: order, strikes, back-off. */
#include "options.h"
#include "peer.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define MAX_STRIKES 3
#define MIN_RECONNECT_S 1
#define MAX_RECONNECT_S 60
#define HOLD_MS 500 /* between the early PUT and the first bulk connection */

static void dial_next(struct peer *p);

static bool
is_wanted(struct peer *p, int32_t type)
{
	uint32_t limit = type == CONN_CONTROL ? 1 : p->node->opt->conns_per_peer;

	if (peer_count(p, type) >= limit)
		p->done_mask |= (uint8_t)(1u << type);
	return (p->done_mask & 1u << type) == 0;
}

/* CONTROL first, then BULK_IN and BULK_OUT in turn. Return: CONN_NONE if the set is complete. */
static int32_t
wanted_type(struct peer *p)
{
	bool wants_in = is_wanted(p, CONN_BULK_IN);
	bool wants_out = is_wanted(p, CONN_BULK_OUT);

	if (p->force_dial || is_wanted(p, CONN_CONTROL))
		return CONN_CONTROL;
	if (wants_in && (!wants_out || peer_count(p, CONN_BULK_IN) <= peer_count(p, CONN_BULK_OUT)))
		return CONN_BULK_IN;
	return wants_out ? CONN_BULK_OUT : CONN_NONE;
}

static void
dial_timer_fn(struct timer *t)
{
	struct peer *p = (struct peer *)((char *)t - offsetof(struct peer, dial_timer));

	dial_next(p);
}

static void
dial_later(struct peer *p, uint32_t seconds)
{
	p->dial_timer.fn = dial_timer_fn;
	timer_arm(&p->node->loop, &p->dial_timer, p->node->loop.now + seconds * NSEC_PER_SEC);
}

/* End the run; what waits has nothing to wait for. */
static void
dial_failed(struct peer *p, int err)
{
	struct node *n = p->node;
	char text[NID_TEXT_MAX];

	COUNT(n, dials_failed);
	trace(n, "dial of %s failed: %s", nid_text(&p->nid, text), strerror(-err));
	p->is_dialling = false;
	p->strikes = 0;
	p->interval_s = 2 * p->interval_s < MIN_RECONNECT_S ? MIN_RECONNECT_S : 2 * p->interval_s;
	if (p->interval_s > MAX_RECONNECT_S)
		p->interval_s = MAX_RECONNECT_S;
	p->next_try = n->loop.now + p->interval_s * NSEC_PER_SEC;
	if (TAILQ_EMPTY(&p->conns))
		msg_list_done(n, &p->waiting, err);
}

static bool
has_one_of_each(const struct peer *p)
{
	return peer_count(p, CONN_CONTROL) > 0 && peer_count(p, CONN_BULK_IN) > 0 &&
		peer_count(p, CONN_BULK_OUT) > 0;
}

/* One refusal more. Return: true if the run has ended. */
static bool
strike(struct peer *p)
{
	if (++p->strikes < MAX_STRIKES)
		return false;
	if (!has_one_of_each(p)) {
		dial_failed(p, -EALREADY);
		return true;
	}
	p->done_mask = 1u << CONN_CONTROL | 1u << CONN_BULK_IN | 1u << CONN_BULK_OUT;
	p->is_dialling = false;
	p->strikes = 0;
	return true;
}

static void
dial_next(struct peer *p)
{
	int32_t type = wanted_type(p);
	int r;

	/* not when a dial ends: one that began before it was forced would do for it */
	p->force_dial = false;
	if (type == CONN_NONE) {
		p->is_dialling = false;
		zc_flush(p);
		return;
	}
	if (type != CONN_CONTROL && p->node->opt->zc_before_bulk_in && p->is_held)
		return;
	r = handshake_dial(p, type, &p->dial);
	if (r < 0)
		dial_failed(p, r);
}

bool
dial_if_needed(struct peer *p)
{
	if (p->is_dialling)
		return true;
	if (!p->has_record || p->node->loop.now < p->next_try || wanted_type(p) == CONN_NONE)
		return false;
	p->is_dialling = true;
	p->strikes = 0;
	p->is_held =
		p->node->opt->zc_before_bulk_in && p->node->counters[COUNT_zc_requests_sent] == 0;
	/* from the loop, not from here: the caller is in the middle of something */
	dial_later(p, 0);
	return true;
}

void
dial_ended(struct peer *p, enum dial_result result, int err)
{
	p->dial = NULL;
	switch (result) {
	case DIAL_OK:
		p->interval_s = 0;
		p->next_try = 0;
		p->strikes = 0;
		dial_later(p, 0);
		break;
	case DIAL_DENIED:
		COUNT(p->node, dials_denied);
		if (!strike(p))
			dial_later(p, MIN_RECONNECT_S);
		break;
	case DIAL_DOWNGRADE:
		COUNT(p->node, downgrades);
		/* fall through */
	case DIAL_STALE:
		if (!strike(p))
			dial_later(p, 0);
		break;
	case DIAL_FAILED:
		dial_failed(p, err);
		break;
	}
}

void
dial_release(struct peer *p)
{
	if (!p->is_held)
		return;
	p->is_held = false;
	p->dial_timer.fn = dial_timer_fn;
	timer_arm(&p->node->loop, &p->dial_timer, p->node->loop.now + HOLD_MS * NSEC_PER_MSEC);
}
