/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold of a TCP engine and of each of its connections between two calls, whatever the peers do. For the fuzzer and
 * the simulator; looks inside of the engine.
 */
#pragma once

#include "drivers/tcp/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct ledger_conn;
struct tcp;
struct tcp_conn;
struct tcp_request;

/* What was seen of one connection so far; zero-initialised. */
struct tcp_watch {
	const struct tcp_conn *c; /* NULL = none yet */
	bool has_numbers; /* the peer's SYN was there: they can only grow */
	uint64_t opened_at;
	uint32_t iss;
	uint32_t snd_una, snd_nxt, rcv_nxt, rcv_edge;
	uint64_t acked, queued;
	uint32_t offered; /* right edge of the widest window that the peer ever offered */

	/* of the segments that the engine sent */
	bool has_sent;
	uint32_t edge, ack, tsval;
	uint32_t sent_end; /* behind the highest */
};

/* Does @c look as it did when @w was last brought up to date, or is it another one in the same place? */
bool tcp_watch_is_same(const struct tcp_watch *w, const struct tcp_conn *c);

/* The peer is about to send @s on the connection of @w. */
void tcp_watch_in(struct tcp_watch *w, const struct tcp_conn *c, const struct tcp_segment *s);

/* The engine has sent @s on @c, with traffic class @tos. Return: NULL, or what is wrong with it. */
const char *tcp_watch_out(struct tcp_watch *w, const struct tcp_conn *c,
			  const struct tcp_segment *s, uint8_t tos);

/* The engine has sent @s for @r. Return: NULL, or what is wrong with it. */
const char *tcp_watch_half_open(const struct tcp_request *r, const struct tcp_segment *s);

/* Between two rounds: @w is brought up to date. Return: NULL, or what is wrong with @c. */
const char *tcp_watch_conn(struct tcp_watch *w, const struct tcp_conn *c);

/*
 * All of the engine between two rounds: pools, lists, ledger.
 * @others	NULL, or @n accounts that are open at the ledger beside those of the connections
 * Return: NULL, or what is wrong.
 */
const char *tcp_watch_engine(struct tcp *t, const struct ledger_conn *others, unsigned int n);
