/* SPDX-License-Identifier: BSD-3-Clause */
/* Fair shares of a bounded queue. */
#include "lnet/base/fair.h"

#include <stddef.h>

void
fair_init(struct fair *f)
{
	unsigned int i;

	*f = (struct fair){0};
	for (i = 0; i < 2 * FAIR_CLASSES; i++)
		TAILQ_INIT(&f->list[i]);
}

void
fair_add(struct fair *f, struct fair_link *l, uint16_t class)
{
	l->class = class;
	TAILQ_INSERT_TAIL(&f->list[class], l, link);
	f->n[class]++;
	f->total++;
	f->common += !fair_is_privileged(class);
}

void
fair_remove(struct fair *f, struct fair_link *l)
{
	TAILQ_REMOVE(&f->list[l->class], l, link);
	f->n[l->class]--;
	f->total--;
	f->common -= !fair_is_privileged(l->class);
}

struct fair_link *
fair_victim(const struct fair *f, uint16_t class)
{
	unsigned int first = f->common > 0 ? 0 : FAIR_CLASSES, i;
	const uint16_t *n = f->n + first;
	uint16_t most = 0;

	if (f->total == 0 || (first > 0 && !fair_is_privileged(class)))
		return NULL;
	/* two plain loops, of which the compiler makes vector code: this runs for each SYN of a flood */
	for (i = 0; i < FAIR_CLASSES; i++)
		most = n[i] > most ? n[i] : most;
	for (i = 0; n[i] != most;)
		i++;
	return TAILQ_FIRST(&f->list[first + i]);
}

bool
fair_admits(const struct fair *f, unsigned int max, uint16_t class, struct fair_link **victim)
{
	struct fair_link *v;

	*victim = NULL;
	if (f->total < max)
		return true;
	v = fair_victim(f, class);
	if (v == NULL)
		return false;
	/* of one kind: the newcomer must not end up with more than the other is left with */
	if (fair_is_privileged(class) == fair_is_privileged(v->class) &&
	    f->n[v->class] <= f->n[class] + 1)
		return false;
	*victim = v;
	return true;
}
