/* SPDX-License-Identifier: BSD-3-Clause */
/* What a half-open connection sends, and how it answers segments: RFC 9293 3.10.7.4 in SYN-RECEIVED. */
#include "drivers/tcp/request.h"

#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>

/* --- what a request stands for --- */

/* @c was begun by tcp_conn_init() or tcp_conn_new(). */
static void
fill(const struct tcp_request *r, struct tcp_conn *c)
{
	c->state = TCP_SYN_RCVD;
	c->tos = r->tos;
	c->listener = r->listener;
	c->opened_at = r->begun_at;
	c->iss = r->iss;
	c->snd_una = r->iss;
	c->snd_nxt = c->psh_seq = r->iss + 1;
	tcp_open_syn(c, &r->syn, r->begun_at);
	tcp_ecn_resume(c, &r->ecn);
	c->rcv_edge = c->rcv_nxt + r->wnd;
	c->rto = c->t->cfg.syn_rto;
	c->backoff = r->is_repeated;
	c->last_send = r->sent_at;
	c->challenge_at = r->challenge_at;
}

/*
 * To send from: the connection outside of the table and without a place in the ledger. Return: false: there is no way
 * back.
 */
static bool
unfold(struct tcp *t, const struct tcp_request *r, struct tcp_conn *c, uint64_t now)
{
	struct tcp_path path;

	if (t->env->path(t->env->arg, &r->flow.local, &r->flow.remote, &path) < 0) {
		tcp_count(t, TCP_CONN_NO_PATH);
		return false;
	}
	*c = (struct tcp_conn){0};
	tcp_conn_init(c, t, &r->flow, &path, now);
	fill(r, c);
	return true;
}

/* Keep what sending changed in @c. A scaled window is announced in whole units: that may be a little more (window.c). */
static void
keep(struct tcp_request *r, const struct tcp_conn *c)
{
	r->ecn = c->ecn;
	r->wnd = c->rcv_edge - c->rcv_nxt;
	r->sent_at = c->last_send;
	r->challenge_at = c->challenge_at;
}

bool
tcp_request_begin(struct tcp *t, struct tcp_request *r, uint8_t tos, uint64_t now)
{
	struct tcp_conn c;
	bool sent;

	if (!unfold(t, r, &c, now))
		return false;
	tcp_ecn_syn_in(&c, &r->syn, tos);
	sent = tcp_send_syn(&c, now);
	keep(r, &c);
	return sent;
}

/* The SYN-ACK once more, with what @syn changes of it; NULL: nothing. */
static void
answer_again(struct tcp *t, struct tcp_request *r, const struct tcp_segment *syn, uint64_t now)
{
	struct tcp_conn c;

	tcp_count(t, TCP_SYN_RETRANSMIT);
	r->is_repeated = true;
	if (!unfold(t, r, &c, now))
		return;
	if (syn != NULL)
		tcp_ecn_syn_again(&c, syn);
	tcp_send_syn(&c, now);
	keep(r, &c);
}

void
tcp_request_repeat(struct tcp *t, struct tcp_request *r, uint64_t now)
{
	answer_again(t, r, NULL, now);
}

void
tcp_request_reset(struct tcp *t, const struct tcp_request *r, uint64_t now)
{
	struct tcp_conn c;

	if (!unfold(t, r, &c, now))
		return;
	tcp_count(t, TCP_CONN_RESET_OUT);
	tcp_count(t, TCP_TX_RST);
	tcp_send_bare(&c, TCP_RST | TCP_ACK, c.snd_nxt, now);
}

static void
challenge(struct tcp *t, struct tcp_request *r, uint64_t now)
{
	struct tcp_conn c;

	if (!unfold(t, r, &c, now))
		return;
	tcp_reply_challenge(&c, now);
	keep(r, &c);
}

/* --- segments --- */

/* The handshake is complete. Return: NULL: there is no room for the connection; the peer repeats what it sent. */
static struct tcp_conn *
complete(struct tcp *t, struct tcp_request *r, const struct tcp_segment *s, uint64_t now)
{
	struct tcp_conn *c;
	int rc;

	if (!tcp_backlog_may_grow(r->listener, r->fair.class)) {
		tcp_count(t, TCP_SYN_BACKLOG);
		return NULL;
	}
	/* from one account to the other */
	tcp_synq_release_window(t, r);
	rc = tcp_conn_new(t, &r->flow, now, &c);
	if (rc < 0) {
		if (rc != -ENOMEM)
			tcp_count(t, TCP_CONN_NO_PATH);
		tcp_synq_hold_window(t, r);
		return NULL;
	}
	ledger_window(&t->lc->ledger, &c->account, r->wnd, r->wnd);
	fill(r, c);
	tcp_synq_remove(t, r);
	tcp_open_established(c, s, now);
	return c;
}

/* RFC 7323 5.3 R1; a SYN and a reset are looked at whatever they carry. */
static bool
timestamp_ok(struct tcp *t, struct tcp_request *r, const struct tcp_segment *s, uint64_t now)
{
	if (!r->syn.has_ts || (s->flags & (TCP_RST | TCP_SYN)) != 0)
		return true;
	if (!s->has_ts) {
		tcp_count(t, TCP_DROP_NO_TS);
		return false;
	}
	if (seq_geq(s->tsval, r->syn.tsval))
		return true;
	tcp_count(t, TCP_DROP_PAWS);
	challenge(t, r, now);
	return false;
}

/* RFC 9293 3.10.7.4, first check. */
static bool
in_window(const struct tcp_request *r, const struct tcp_segment *s)
{
	uint32_t rcv_nxt = r->syn.seq + 1, space = tcp_segment_space(s);

	if (seq_gt(s->seq, rcv_nxt + r->wnd))
		return false;
	return space == 0 ? seq_geq(s->seq, rcv_nxt) : seq_gt(s->seq + space, rcv_nxt);
}

static void
rst_in(struct tcp *t, struct tcp_request *r, const struct tcp_segment *s, uint64_t now)
{
	if (!in_window(r, s)) {
		tcp_count(t, TCP_DROP_RST);
		return;
	}
	/* RFC 5961 3.2 */
	if (s->seq != r->syn.seq + 1) {
		challenge(t, r, now);
		return;
	}
	tcp_count(t, TCP_CONN_RESET_IN);
	tcp_synq_remove(t, r);
}

struct tcp_conn *
tcp_request_in(struct tcp *t, struct tcp_request *r, uint8_t tos, const struct tcp_segment *s,
	       uint64_t now)
{
	if ((s->flags & TCP_RST) != 0) {
		rst_in(t, r, s, now);
		return NULL;
	}
	if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && s->seq == r->syn.seq) {
		/* our SYN-ACK was lost, or is late */
		answer_again(t, r, s, now);
		return NULL;
	}
	if (!timestamp_ok(t, r, s, now))
		return NULL;
	/* RFC 5961 4.2: a SYN with another number as well */
	if ((s->flags & TCP_SYN) != 0 || !in_window(r, s)) {
		challenge(t, r, now);
		return NULL;
	}
	if ((s->flags & TCP_ACK) == 0) {
		tcp_count(t, TCP_DROP_NO_ACK);
		return NULL;
	}
	if (s->ack != r->iss + 1) {
		tcp_count(t, TCP_DROP_ACK);
		tcp_reply_reset(t, &r->flow, tos, s, now);
		return NULL;
	}
	return complete(t, r, s, now);
}
