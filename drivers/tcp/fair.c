/* SPDX-License-Identifier: BSD-3-Clause */
/* Fair shares of a bounded queue. */
#include "drivers/tcp/fair.h"

#include "drivers/tcp/tcp_priv.h"

#define PRIVILEGED_PORTS 1024

void
tcp_fair_init(struct tcp_fair *f)
{
	unsigned int i;

	*f = (struct tcp_fair){0};
	for (i = 0; i < 2 * TCP_FAIR_CLASSES; i++)
		TAILQ_INIT(&f->list[i]);
}

uint16_t
tcp_fair_class(const struct tcp *t, const struct ip_flow *flow)
{
	unsigned int class = tcp_source_hash(t, &flow->remote) % TCP_FAIR_CLASSES;

	return (uint16_t)(class + (flow->remote_port < PRIVILEGED_PORTS ? TCP_FAIR_CLASSES : 0));
}

void
tcp_fair_add(struct tcp_fair *f, struct tcp_fair_link *l, uint16_t class)
{
	l->class = class;
	TAILQ_INSERT_TAIL(&f->list[class], l, link);
	f->n[class]++;
	f->total++;
	f->unprivileged += !tcp_fair_is_privileged(class);
}

void
tcp_fair_remove(struct tcp_fair *f, struct tcp_fair_link *l)
{
	TAILQ_REMOVE(&f->list[l->class], l, link);
	f->n[l->class]--;
	f->total--;
	f->unprivileged -= !tcp_fair_is_privileged(l->class);
}

struct tcp_fair_link *
tcp_fair_victim(const struct tcp_fair *f, uint16_t class)
{
	unsigned int first = f->unprivileged > 0 ? 0 : TCP_FAIR_CLASSES, i;
	const uint16_t *n = f->n + first;
	uint16_t most = 0;

	if (f->total == 0 || (first > 0 && !tcp_fair_is_privileged(class)))
		return NULL;
	/* two plain loops, of which the compiler makes vector code: this runs for each SYN of a flood */
	for (i = 0; i < TCP_FAIR_CLASSES; i++)
		most = n[i] > most ? n[i] : most;
	for (i = 0; n[i] != most;)
		i++;
	return TAILQ_FIRST(&f->list[first + i]);
}
