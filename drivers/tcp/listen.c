/* SPDX-License-Identifier: BSD-3-Clause */
/* Listeners, and the SYNs that come to them. */
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>
#include <stdlib.h>

#define ISN_STEP \
	65537u /* above the numbers of an old connection of the same addresses, as Linux does */

int
tcp_listen(struct tcp *t, const struct ipaddr *addr, uint16_t port, unsigned int backlog,
	   int (*accept)(struct tcp_conn *c, void *user, uint64_t now), void *user,
	   struct tcp_listener **lp)
{
	struct ip_flow flow = {.local = *addr, .local_port = port};
	struct tcp_listener *l;

	if (tcp_listener_find(t, &flow) != NULL)
		return -EADDRINUSE;
	l = malloc(sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	*l = (struct tcp_listener){
		.t = t,
		.addr = *addr,
		.port = port,
		.backlog = backlog,
		.accept = accept,
		.user = user,
	};
	LIST_INSERT_HEAD(&t->listeners, l, link);
	*lp = l;
	return 0;
}

struct tcp_listener *
tcp_listener_find(struct tcp *t, const struct ip_flow *flow)
{
	struct tcp_listener *l;

	LIST_FOREACH(l, &t->listeners, link) {
		if (l->port == flow->local_port && ipaddr_equal(&l->addr, &flow->local))
			return l;
	}
	return NULL;
}

void
tcp_unlisten(struct tcp_listener *l, uint64_t now)
{
	struct tcp *t = l->t;
	unsigned int i;

	for (i = 0; i < t->cfg.max_conns; i++) {
		struct tcp_conn *c = &t->conns[i];

		if (c->listener != l)
			continue;
		if (c->ops != NULL) {
			tcp_conn_leave_backlog(c);
			continue;
		}
		/* half-open, or established and not told yet */
		tcp_conn_reject(c, now);
	}
	LIST_REMOVE(l, link);
	free(l);
}

static void
make_room(struct tcp *t)
{
	if (t->n_embryonic < t->cfg.max_embryonic)
		return;
	tcp_count(t, TCP_SYN_EVICTED);
	tcp_conn_discard(TAILQ_FIRST(&t->embryonic));
}

static void
syn_in(struct tcp_listener *l, const struct ip_flow *flow, uint8_t tos, const struct tcp_segment *s,
       const uint32_t *isn_above, uint64_t now)
{
	struct tcp *t = l->t;
	struct tcp_conn *c;
	int rc;

	if (l->waiting >= l->backlog) {
		tcp_count(t, TCP_SYN_BACKLOG);
		return;
	}
	make_room(t);
	rc = tcp_conn_new(t, flow, now, &c);
	if (rc < 0) {
		if (rc != -ENOMEM)
			tcp_count(t, TCP_CONN_NO_PATH);
		return;
	}
	c->state = TCP_SYN_RCVD;
	c->tos = tos & 0xfc; /* the peer's class, without its ECN bits */
	c->listener = l;
	TAILQ_INSERT_TAIL(&t->embryonic, c, life_link);
	t->n_embryonic++;
	c->iss = tcp_isn(t, flow, now);
	if (isn_above != NULL && seq_leq(c->iss, *isn_above))
		c->iss = *isn_above + ISN_STEP;
	c->snd_una = c->iss;
	c->snd_nxt = c->psh_seq = c->iss + 1;
	tcp_open_syn(c, s, now);
	tcp_ecn_syn_in(c, s, tos);
	c->send_syn = true;
	c->rto = t->cfg.syn_rto;
	tcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));
	tcp_timer_set(c, TCP_TIMER_LIFE, now + t->cfg.connect_timeout);
	tcp_conn_dirty(c);
}

void
tcp_listen_in(struct tcp *t, const struct ip_flow *flow, uint8_t tos, const struct tcp_segment *s,
	      const uint32_t *isn_above, uint64_t now)
{
	struct tcp_listener *l = tcp_listener_find(t, flow);

	/* RFC 9293 3.10.7.1 and 3.10.7.2 */
	if ((s->flags & TCP_RST) != 0) {
		tcp_count(t, TCP_DROP_RST);
		return;
	}
	if (l == NULL || (s->flags & TCP_ACK) != 0) {
		tcp_count(t, TCP_DROP_NO_CONN);
		tcp_reply_reset(t, flow, tos, s, now);
		return;
	}
	if ((s->flags & (TCP_SYN | TCP_FIN)) != TCP_SYN) {
		tcp_count(t, TCP_DROP_FLAGS);
		return;
	}
	syn_in(l, flow, tos, s, isn_above, now);
}
