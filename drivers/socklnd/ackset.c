/* SPDX-License-Identifier: BSD-3-Clause */
/* A sorted array of ranges; new cookies are mostly the highest, so it is searched from its end. */
#include "drivers/socklnd/ackset.h"

#include <errno.h>
#include <string.h>

int
socklnd_ackset_add(struct socklnd_ackset *set, uint64_t cookie)
{
	unsigned int i = set->n; /* ranges below i lie below the cookie */
	bool joins_below, joins_above;

	while (i > 0 && set->range[i - 1].lo > cookie)
		i--;
	if (i > 0 && cookie <= set->range[i - 1].hi)
		return -EEXIST;
	joins_below = i > 0 && set->range[i - 1].hi + 1 == cookie;
	joins_above = i < set->n && set->range[i].lo == cookie + 1;
	if (joins_below && joins_above) {
		set->range[i - 1].hi = set->range[i].hi;
		memmove(&set->range[i], &set->range[i + 1],
			(set->n - i - 1) * sizeof(set->range[0]));
		set->n--;
	} else if (joins_below) {
		set->range[i - 1].hi = cookie;
	} else if (joins_above) {
		set->range[i].lo = cookie;
	} else {
		if (set->n == SOCKLND_ACKS_MAX)
			return -ENOSPC;
		memmove(&set->range[i + 1], &set->range[i], (set->n - i) * sizeof(set->range[0]));
		set->range[i].lo = set->range[i].hi = cookie;
		set->n++;
	}
	return 0;
}

static bool
is_single(const struct socklnd_ackset *set, unsigned int i)
{
	return i < set->n && set->range[i].lo == set->range[i].hi;
}

bool
socklnd_ackset_next(const struct socklnd_ackset *set, bool single, uint64_t *cookie0,
		    uint64_t *cookie1)
{
	if (set->n == 0)
		return false;
	*cookie0 = 0;
	*cookie1 = set->range[0].lo;
	if (single)
		return true;
	if (!is_single(set, 0)) {
		*cookie0 = set->range[0].lo;
		*cookie1 = set->range[0].hi;
	} else if (is_single(set, 1)) {
		/* higher one first: the other order would be a range */
		*cookie0 = set->range[1].lo;
	}
	return true;
}

void
socklnd_ackset_pop(struct socklnd_ackset *set, bool single)
{
	unsigned int gone = 1;

	if (single && !is_single(set, 0)) {
		set->range[0].lo++;
		return;
	}
	if (!single && is_single(set, 0) && is_single(set, 1))
		gone = 2;
	memmove(&set->range[0], &set->range[gone], (set->n - gone) * sizeof(set->range[0]));
	set->n -= gone;
}
