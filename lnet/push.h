/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pushes: a peer tells what it is. They are accepted and acknowledged as 8.8 demands; this node does no discovery, so what
 * they say about the peer is kept for display only. Thread: the peer's home worker.
 */
#pragma once

#include "lnet/lnd.h"

struct peer;

#define PUSH_MAX \
	65536u /* bytes of a push that are received; the reference's own limit is of that size */

/*
 * The contents of a PUT on the reserved portal. @from: who sent it, NULL = loopback or unknown.
 * Return: 0, -EPROTO (no sense in it; nothing changed).
 */
int push_received(struct peer *from, const struct buf *payload, const struct lnet_hdr *hdr);
