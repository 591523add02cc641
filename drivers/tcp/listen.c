/* SPDX-License-Identifier: BSD-3-Clause */
/* Listeners, their backlogs, and segments that belong to no connection. */
#include "drivers/tcp/tcp_priv.h"

#include <rte_common.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

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
		.backlog = RTE_MIN(backlog, (unsigned int)FAIR_MAX),
		.accept = accept,
		.user = user,
	};
	fair_init(&l->waiting);
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
		/* established and not told yet */
		tcp_conn_reject(c, now);
	}
	tcp_synq_unlisten(l, now);
	LIST_REMOVE(l, link);
	free(l);
}

bool
tcp_backlog_may_grow(const struct tcp_listener *l, uint16_t class)
{
	struct fair_link *victim;

	return fair_admits(&l->waiting, l->backlog, class, &victim);
}

/* It has had its time to send a first byte, and its source has more places than others. */
static void
displace(struct tcp_conn *c, uint64_t now)
{
	tcp_count(c->t, TCP_BACKLOG_EVICTED);
	if ((c->events & TCP_EV_ACCEPT) != 0) {
		/* no user knows it */
		tcp_conn_reject(c, now);
		return;
	}
	tcp_conn_leave_backlog(c);
	tcp_conn_reset(c, -ENOMEM, now);
}

void
tcp_backlog_add(struct tcp_conn *c, uint64_t now)
{
	struct fair *waiting = &c->listener->waiting;
	uint16_t class = tcp_fair_class(c->t, &c->flow);
	struct fair_link *victim;

	/* tcp_backlog_may_grow() was asked */
	fair_admits(waiting, c->listener->backlog, class, &victim);
	if (victim != NULL)
		displace((struct tcp_conn *)((char *)victim - offsetof(struct tcp_conn, waiting)),
			 now);
	fair_add(waiting, &c->waiting, class);
	c->in_backlog = true;
}

struct tcp_conn *
tcp_listen_in(struct tcp *t, const struct ip_flow *flow, uint8_t tos, const struct tcp_segment *s,
	      const uint32_t *isn_above, uint64_t now)
{
	struct tcp_request *r = tcp_synq_find(t, flow);
	struct tcp_listener *l;

	if (r != NULL)
		return tcp_request_in(t, r, tos, s, now);
	/* RFC 9293 3.10.7.1 and 3.10.7.2 */
	if ((s->flags & TCP_RST) != 0) {
		tcp_count(t, TCP_DROP_RST);
		return NULL;
	}
	l = tcp_listener_find(t, flow);
	if (l == NULL || (s->flags & TCP_ACK) != 0) {
		tcp_count(t, TCP_DROP_NO_CONN);
		tcp_reply_reset(t, flow, tos, s, now);
		return NULL;
	}
	if ((s->flags & (TCP_SYN | TCP_FIN)) != TCP_SYN) {
		tcp_count(t, TCP_DROP_FLAGS);
		return NULL;
	}
	tcp_synq_add(l, flow, tos, s, isn_above, now);
	return NULL;
}
