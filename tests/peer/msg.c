/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of the test peer: making and ending them. */
#include "msg.h"

#include "lnet.h"
#include "node.h"

#include <stdlib.h>

struct msg *
msg_new(void)
{
	struct msg *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	return m;
}

struct msg *
msg_noop(uint64_t cookie0, uint64_t cookie1)
{
	struct msg *m = msg_new();

	m->is_noop = true;
	m->cookie0 = cookie0;
	m->cookie1 = cookie1;
	return m;
}

void
msg_done(struct node *n, struct msg *m, int status)
{
	if (!m->is_noop && status < 0)
		COUNT(n, msgs_failed);
	if (m->owner != 0)
		op_sent(n, m->owner, status);
	free(m->data);
	free(m);
}

void
msg_list_done(struct node *n, struct msg_list *list, int status)
{
	struct msg *m;

	while ((m = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, m, link);
		msg_done(n, m, status);
	}
}
