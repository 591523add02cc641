/* SPDX-License-Identifier: BSD-3-Clause */
/* ECN: negotiation, marks received, echoes received. RFC 3168 6.1, RFC 8257 3. */
#include "drivers/tcp/ecn.h"

#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#define ASK (TCP_ECE | TCP_CWR) /* of a SYN: 6.1.1 */

/* --- negotiation --- */

static void
agree(struct tcp_conn *c, bool ect)
{
	c->ecn.ok = true;
	c->ecn.ect = ect;
	if (c->path.cc != TCP_CC_DCTCP)
		return;
	c->ecn.dctcp = true;
	c->cc.ops = &tcp_cc_dctcp;
}

void
tcp_ecn_open(struct tcp_conn *c)
{
	c->ecn.offered = c->ecn.ect = c->path.ecn == TCP_ECN_ON;
}

void
tcp_ecn_syn_timeout(struct tcp_conn *c)
{
	if (c->state != TCP_SYN_SENT || !c->ecn.ect)
		return;
	/* the first SYN may be answered yet: marks would be echoed then, but who sent a SYN without asking sets no ECT (6.1.1) */
	c->ecn.ect = false;
	tcp_count(c->t, TCP_ECN_FALLBACK);
}

/*
 * A path that writes into the ECN field of SYNs would do the same to data. RFC 8311 4.3 lets a SYN be marked on purpose, as DCTCP
 * does (RFC 8257 3.6).
 */
static bool
is_mangled(const struct tcp_conn *c, uint8_t tos)
{
	return (tos & IP_ECN_MASK) != IP_ECN_NONE && c->path.cc != TCP_CC_DCTCP;
}

static void
asked(struct tcp_conn *c, uint8_t tos)
{
	/* a simultaneous open: both have to ask */
	if (c->active ? !c->ecn.offered : c->path.ecn == TCP_ECN_OFF)
		return;
	if (is_mangled(c, tos)) {
		tcp_count(c->t, TCP_ECN_MANGLED);
		return;
	}
	agree(c, !c->active || c->ecn.ect);
}

static void
answered(struct tcp_conn *c, uint8_t flags, uint8_t tos)
{
	if (!c->ecn.offered || (flags & ASK) == 0)
		return;
	/* an echo of our own flags is no consent */
	if ((flags & ASK) != TCP_ECE) {
		tcp_count(c->t, TCP_ECN_MANGLED);
		return;
	}
	agree(c, c->ecn.ect);
	/* RFC 5562 3: a marked SYN-ACK is echoed; RFC 8257 3.6: but not by DCTCP */
	c->ecn.echo = !c->ecn.dctcp && (tos & IP_ECN_MASK) == IP_ECN_CE;
}

void
tcp_ecn_syn_in(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos)
{
	if ((s->flags & TCP_ACK) != 0)
		answered(c, s->flags, tos);
	else if ((s->flags & ASK) == ASK)
		asked(c, tos);
}

void
tcp_ecn_syn_again(struct tcp_conn *c, const struct tcp_segment *s)
{
	if (!c->ecn.ect || (s->flags & ASK) == ASK)
		return;
	/* the peer has had no answer, and asks no more: as above */
	c->ecn.ect = false;
	tcp_count(c->t, TCP_ECN_FALLBACK);
}

void
tcp_ecn_resume(struct tcp_conn *c, const struct tcp_ecn *e)
{
	c->ecn = *e;
	if (e->dctcp)
		c->cc.ops = &tcp_cc_dctcp;
}

uint8_t
tcp_ecn_syn_flags(const struct tcp_conn *c)
{
	if (c->state == TCP_SYN_RCVD)
		return c->ecn.ok && c->ecn.ect ? TCP_ECE : 0;
	return c->ecn.ect ? ASK : 0;
}

/* --- marks received --- */

/* RFC 8257 3.2, figure 1: what came before is acknowledged with the state that it had. */
static void
echo_each(struct tcp_conn *c, bool ce, uint64_t now)
{
	if (ce == c->ecn.echo)
		return;
	if (c->rcv_nxt != c->last_ack_sent)
		tcp_send_bare(c, TCP_ACK, c->snd_nxt, now);
	c->ecn.echo = ce;
	c->ack_now = true;
}

/* RFC 3168 6.1.3. The first echo waits for no second segment. */
static void
echo_until_cwr(struct tcp_conn *c, uint8_t flags, bool ce)
{
	if ((flags & TCP_CWR) != 0)
		c->ecn.echo = false;
	if (!ce || c->ecn.echo)
		return;
	c->ecn.echo = true;
	c->ack_now = true;
}

void
tcp_ecn_data_in(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos, uint64_t now)
{
	bool ce = (tos & IP_ECN_MASK) == IP_ECN_CE;

	if (!c->ecn.ok)
		return;
	if (ce)
		tcp_count_n(c->t, TCP_ECN_CE_IN, s->n_merged);
	if (c->ecn.dctcp)
		echo_each(c, ce, now);
	else
		echo_until_cwr(c, s->flags, ce);
}

/* --- echoes received --- */

void
tcp_ecn_ack_in(struct tcp_conn *c, const struct tcp_segment *s, uint32_t acked, uint32_t delivered,
	       uint64_t now)
{
	bool ece = (s->flags & TCP_ECE) != 0;

	/* nothing of ours can have been marked */
	if (!c->ecn.ect || !c->ecn.ok)
		return;
	/* the CWR went out behind what was in flight: an ACK of less is older (6.1.2) */
	if (c->ecn.reduced && seq_gt(c->snd_una, c->ecn_reduced_seq))
		c->ecn.reduced = false;
	tcp_cc_echoed(&c->cc, acked, ece);
	if (!ece)
		return;
	tcp_count(c->t, TCP_ECN_ECE_IN);
	if (!c->ecn.reduced && (acked > 0 || tcp_in_flight(c) > 0))
		tcp_recovery_marked(c, acked, delivered, now);
}

void
tcp_ecn_reduced(struct tcp_conn *c)
{
	if (!c->ecn.ect || !c->ecn.ok)
		return;
	c->ecn.cwr = c->ecn.reduced = true;
	c->ecn_reduced_seq = c->snd_nxt;
}

/* --- what is sent --- */

uint8_t
tcp_ecn_tos(const struct tcp_conn *c, uint8_t flags, bool is_new)
{
	bool ect = c->ecn.ect && c->ecn.ok && is_new;

	/* RFC 8257 3.6; of a SYN it is not known yet whether the peer understands it (RFC 8311 4.3) */
	if ((flags & TCP_SYN) != 0 && c->path.cc == TCP_CC_DCTCP)
		ect = c->ecn.ect;
	else if (c->ecn.dctcp && (flags & TCP_RST) != 0)
		ect = true;
	return ect ? c->tos | IP_ECN_ECT0 : c->tos;
}
