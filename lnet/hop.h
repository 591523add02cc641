/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A peer as next hop: is it up, does it move, and what becomes of the messages to it when not. Two rules:
 * - down: the LND lost it. Forwarded messages to it are dropped (5.4) until it is heard from; it is pinged for a minute, then
 *   while somebody wants to send to it.
 * - stopped: messages wait for it and nothing moved for params.stall_ns. What waits is failed, its connections are closed, further
 *   messages are discarded after their header, until it answers a ping; it is pinged while it is wanted (doc/memory.md).
 * Thread: the peer's home worker.
 */
#pragma once

#include "lnet/peer.h"

void hop_init(struct peer *p);
/* The peer goes: whoever was told about it is told so. */
void hop_forget(struct peer *p);

/*
 * The LND is given a message for it; the LND is done with one, @rc 0: it went out. What waits in the core for a credit does not start the
 * clock: stopped peers may hold all credits of the interface.
 */
void hop_sending(struct peer *p, uint64_t now);
void hop_sent(struct peer *p, int rc, uint64_t now);

/* A message came from it. */
void hop_heard(struct peer *p, uint64_t now);

/* Had somebody a message for it not long ago? */
bool hop_is_wanted(struct peer *p, uint64_t now);

/* It answered an operation of ours. */
void hop_answered(struct peer *p, uint64_t now);
/* The ping that was sent to look whether it lives is over, either way. */
void hop_probe_over(struct peer *p);

/*
 * The drop test for a forwarded message (5.4, and the stopped rule). Return: 0; -EHOSTUNREACH, with *reason set; a down peer that
 * is wanted is pinged, not too often.
 */
int hop_test(struct peer *p, enum lnet_drop *reason, uint64_t now);
