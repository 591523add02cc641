/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Places in a bounded queue, shared fairly among sources: when it is full, whoever has most of them gives one up, so that no
 * source can push out another's. Who counts as one source is a class that the caller knows (tcp_fair_class()): FAIR_CLASSES of
 * a common kind, and as many of a privileged kind, which the others give way to. Thread: the queue's owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define FAIR_CLASSES 256 /* of each kind */
#define FAIR_MAX UINT16_MAX /* places */

/* Embed it. */
struct fair_link {
	TAILQ_ENTRY(fair_link) link;
	uint16_t class; /* below FAIR_CLASSES: common */
};
TAILQ_HEAD(fair_list, fair_link);

struct fair {
	struct fair_list list[2 * FAIR_CLASSES]; /* the oldest first */
	uint16_t n[2 * FAIR_CLASSES];
	unsigned int total, common;
};

void fair_init(struct fair *f);

static inline bool
fair_is_privileged(uint16_t class)
{
	return class >= FAIR_CLASSES;
}

void fair_add(struct fair *f, struct fair_link *l, uint16_t class);
void fair_remove(struct fair *f, struct fair_link *l);

/*
 * Who gives way to one more of @class: the oldest of the class that has most; NULL = nobody is there, or all are privileged and
 * @class is not.
 */
struct fair_link *fair_victim(const struct fair *f, uint16_t class);

/*
 * The same where those who are there have earned their place: is there one for @class, of @max? Nobody gives way to a class that
 * has as many, or would have then.
 * @victim	who has to give way for it; NULL = nobody
 */
bool fair_admits(const struct fair *f, unsigned int max, uint16_t class, struct fair_link **victim);
