/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * THE place where a message or its completion changes worker: over to the next hop's home, and back home. With one worker
 * no ring is in the path.
 */
#pragma once

#include "lnet/lnd.h"

/* To worker @to, which goes on with it. Owner: no more the caller. */
void handover_msg(struct lnet_cpt *cpt, unsigned int to, struct lnet_msg *msg);

/* Over: home, where its receive side is released. */
void handover_home(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);
