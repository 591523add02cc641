/* SPDX-License-Identifier: BSD-3-Clause */
/* Pings of this node: on behalf of the operator and of the gateway check (control), and to see whether a next hop lives (worker). */
#pragma once

#include "lnet/lnet.h"

struct peer;

/*
 * One GET of @p's ping information; the answer is told to hop.c.
 * Thread: the peer's home worker. Return: 0, -ENOMEM, -ENETDOWN.
 */
int ping_probe(struct lnet_cpt *cpt, struct peer *p, uint64_t now);

/* Call done() of what finished. Thread: control. */
void ping_reap(struct lnet *l, uint64_t now);

/* End them all with -ESHUTDOWN. Thread: control. */
void ping_cancel_all(struct lnet *l, uint64_t now);
