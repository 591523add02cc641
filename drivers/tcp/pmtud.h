/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path MTU discovery by the transport itself: RFC 4821, RFC 8899, beside what ICMP says (path.c). Sizes are of IP packets.
 *
 * A connection begins with the MTU of its interface. Full-size segments that are lost again and again lower it to a size
 * that nearly every path takes; then larger ones are tried with data that has to be sent anyway, one at a time. What a path takes
 * is a matter of the destination and not of a connection: the search is kept in an entry that all connections to it share.
 * Thread: the engine's lcore.
 */
#pragma once

#include "lnet/base/ipaddr.h"

#include <stdbool.h>
#include <stdint.h>

struct tcp;
struct tcp_conn;
struct tcp_txseg;

/* Part of a connection. */
struct tcp_pmtud {
	uint16_t mtu; /* largest packet that we send */
	uint16_t probe_size; /* of the probe that is out */
	uint32_t probe_seq;
	const struct tcp_txseg
		*probe; /* its record, NULL = none is out; valid up to SND.UNA = probe_seq */
	uint64_t
		next_at; /* look at the search not before; TIMER_NONE: the path is not known to be narrow */
	uint64_t stalled_at; /* when the first of the timeouts was */
	uint8_t timeouts; /* of the retransmission timer since SND.UNA moved last */
};

/* What is known about the path to a destination; entries exist only for those that took less than their interface. */
struct tcp_path_entry {
	struct ipaddr remote;
	uint16_t iface;
	uint16_t mtu; /* passes */
	uint16_t top; /* no larger one passes */
	bool top_failed; /* top is only the bound of a size that failed, and no size to begin with */
	bool is_told; /* env->path_shrunk() was called */
	uint8_t tries; /* probes of this size that were lost */
	uint16_t size; /* of the probes now; 0 = to be chosen */
	uint64_t next_at; /* no probe before */
	uint64_t expires_at; /* 0 = free */
};

#define TCP_PATH_SETS 256
#define TCP_PATH_WAYS 4

struct tcp_path_cache {
	struct tcp_path_entry entries[TCP_PATH_SETS][TCP_PATH_WAYS];
};

/* Return: what is known, or NULL. */
struct tcp_path_entry *tcp_path_cache_find(struct tcp *t, uint16_t iface,
					   const struct ipaddr *remote, uint64_t now);

/* The same; a new entry (mtu 0) takes the place of the one that would expire first. */
struct tcp_path_entry *tcp_path_cache_get(struct tcp *t, uint16_t iface,
					  const struct ipaddr *remote, uint64_t now);

/* A connection begins, or its way has changed: c->path is set. */
void tcp_pmtud_init(struct tcp_conn *c, uint64_t now);

/* The retransmission timer expired and the scoreboard is marked. */
void tcp_pmtud_timeout(struct tcp_conn *c, uint64_t now);

/* A probe is out: its fate, if that is known now. Use tcp_pmtud_judge(). */
void tcp_pmtud_judge_probe(struct tcp_conn *c, uint64_t now);

/* Payload of a probe that is to be sent now; 0 = none. @room: bytes that the peer's window leaves. */
uint32_t tcp_pmtud_probe(struct tcp_conn *c, uint32_t room, uint64_t now);

/* The newest record in flight is that probe. */
void tcp_pmtud_sent(struct tcp_conn *c, uint64_t now);

/* A checked report by ICMP: @mtu bytes, 0 = not told. Return: false: it says nothing new. */
bool tcp_pmtud_too_big(struct tcp_conn *c, uint32_t seq, uint16_t mtu, uint64_t now);
