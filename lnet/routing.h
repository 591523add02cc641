/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routing switch and the sizes of the router buffers. Control thread. Spec 6.7, 7.4.
 *
 *	           enable                 110 s
 *	DISABLED ---------> STARTING ------------> ENABLED
 *	    ^                   |  disable            |
 *	    |                   v                     v  disable
 *	    '--------------- STOPPING <---------------'
 *	      110 s and tiny buffers free, or 330 s
 */
#pragma once

#include "lnet/conf.h"
#include "lnet/lnet.h"

struct routing {
	enum routing_state state;
	bool has_buffers; /* they were allocated since configure: `routing show` has something to say */
	uint64_t since; /* ns, entry into STARTING or STOPPING */
	int total[LNET_RTR_CLASSES]; /* configured, 0 = default; kept while routing is off */
};

void routing_init(struct routing *r, const struct lnet_params *p);

/*
 * Make the buffers; @at_once: enabled immediately (start-up by parameters). The caller publishes.
 * Return: 0 (also when on already), -EBUSY while stopping, -ENOMEM.
 */
int routing_enable(struct lnet *l, bool at_once, uint64_t now, char *why, unsigned int why_size);

/* Begin to stop. The caller publishes. */
void routing_disable(struct lnet *l, uint64_t now);

/* Off now: buffers gone, who waits for one dropped. The caller has published DISABLED. */
void routing_drop_buffers(struct lnet *l);

/* Time passes. Return: the state changed, publish. */
bool routing_tick(struct lnet *l, uint64_t now);

/*
 * Other totals over all CPTs, 0 = default, -1 = leave. Ignored unless starting or enabled (control spec 4.6).
 * Return: 0, -ENOMEM (nothing changed).
 */
int routing_set_buffers(struct lnet *l, const int total[LNET_RTR_CLASSES], char *why,
			unsigned int why_size);

/* Seconds that enabling takes: alive_router_check_interval + router_ping_timeout. */
unsigned int routing_interval(const struct lnet *l);
