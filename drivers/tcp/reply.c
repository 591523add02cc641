/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers outside of the stream: resets to unknown segments, challenge ACKs, ACKs of strays. */
#include "drivers/tcp/tcp_priv.h"

#include <rte_mbuf.h>

/*
 * To one source (and those that share its place in the table). One limit for all would be a side channel: whoever watches its
 * own resets run out learns whether segments forged in another's name met a connection (RFC 5961 7).
 */
#define RESETS_PER_S 64

static bool
rate_allows(struct tcp_rate *r, unsigned int per_s, uint64_t now)
{
	if (now - r->window >= TCP_S) {
		r->window = now;
		r->n = 0;
	}
	return r->n++ < per_s;
}

void
tcp_reply_reset(struct tcp *t, const struct ip_flow *flow, uint8_t tos, const struct tcp_segment *s,
		uint64_t now)
{
	struct tcp_segment rst = {.src_port = flow->local_port, .dst_port = flow->remote_port};
	struct rte_mbuf *m;

	if ((s->flags & TCP_RST) != 0)
		return;
	if (!rate_allows(&t->resets[tcp_source_hash(t, &flow->remote) % TCP_RESET_RATES],
			 RESETS_PER_S, now)) {
		tcp_count(t, TCP_TX_RST_LIMITED);
		return;
	}
	m = rte_pktmbuf_alloc(t->lc->mem->mbufs);
	if (m == NULL) {
		tcp_count(t, TCP_TX_NO_MBUF);
		return;
	}
	/* RFC 9293 3.10.7.1 */
	if ((s->flags & TCP_ACK) != 0) {
		rst.flags = TCP_RST;
		rst.seq = s->ack;
	} else {
		rst.flags = TCP_RST | TCP_ACK;
		rst.ack = s->seq + tcp_segment_space(s);
	}
	m->l4_len = tcp_wire_emit(&rst, rte_pktmbuf_mtod(m, void *));
	m->data_len = m->l4_len;
	m->pkt_len = m->data_len;
	tcp_count(t, TCP_TX_RST);
	tcp_count(t, TCP_SEG_OUT);
	t->env->output(t->env->arg, flow, m, 0, tos & 0xfc, now);
}

/* Per connection: a limit of the whole engine would tell strangers about others (RFC 5961 7). */
static bool
may_answer(struct tcp_conn *c, uint64_t *next, uint64_t now)
{
	if (now < *next) {
		tcp_count(c->t, TCP_TX_LIMITED);
		return false;
	}
	*next = now + TCP_LIMITED_INTVL;
	return true;
}

void
tcp_reply_challenge(struct tcp_conn *c, uint64_t now)
{
	if (!may_answer(c, &c->challenge_at, now))
		return;
	tcp_count(c->t, TCP_TX_CHALLENGE);
	tcp_send_bare(c, TCP_ACK, c->snd_nxt, now);
}

void
tcp_reply_stray(struct tcp_conn *c, bool limited, uint64_t now)
{
	if (limited && !may_answer(c, &c->stray_at, now))
		return;
	/* in the handshake and after it there is no round that would send it */
	if (tcp_is_synchronized(c)) {
		c->ack_now = true;
		tcp_conn_dirty(c);
	} else {
		tcp_send_bare(c, TCP_ACK, c->snd_nxt, now);
	}
}
