/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages for this node: GET and PUT on the reserved portal (ping and push targets), REPLY and ACK for its own operations.
 * Everything else is dropped and counted. Spec 3.3, 3.6, 8.
 */
#pragma once

#include "lnet/lnd.h"

struct peer;

#define LOCAL_PORTAL 0
#define LOCAL_PORTALS 64
#define LOCAL_PING_BITS 0x8000000000000000ull /* match bits of pings and pushes */

/* A message for this node: lnd->recv() is called once, now or later. @from NULL: loopback. Thread: where it arrived. */
void local_receive(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
		   const struct lnet_nid *from_nid, struct peer *from, void *rx, uint64_t now);

/* Its payload is there, or the connection broke. */
void local_received(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now);

/* A REPLY or ACK that came over to the CPT of its operation. */
void local_deliver(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);
