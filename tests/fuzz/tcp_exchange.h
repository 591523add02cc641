/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tcp_exchange fuzz target in parts: tcp_exchange_fuzz.c runs the steps and judges what comes of them, tcp_exchange_segment.c
 * is what a peer sends, tcp_exchange_user.c what the user does. A step is STEP bytes, of which each has its meaning.
 */
#pragma once

#include "drivers/tcp/tcp_priv.h"
#include "tests/fake/fake_tcp_env.h"
#include "tests/fake/tcp_watch.h"
#include "tests/fuzz/tcp_exchange_peer.h"

#include <stdbool.h>
#include <stdint.h>

#define PORT 988
#define STEP 12 /* bytes */
#define SLOTS 4 /* flows that can be told apart by the steps */
#define USERS 48 /* connections in all that a user ever knows in one input */
#define HOGS 2
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* What a step does: the first byte modulo OPS; the many values of a segment make it the most frequent. */
enum op {
	OP_SEGMENT_LAST = 9,
	OP_ANSWER, /* the peer acknowledges all and sends the next bytes */
	OP_OPEN, /* the peer opens, with all options */
	OP_FLOOD, /* SYNs from many ports */
	OP_BURST, /* segments that leave gaps, in one go */
	OP_PEER_END,

	OP_SEND = OP_PEER_END,
	OP_SEND_MORE,
	OP_TAKE,
	OP_DISCARD,
	OP_EXPECT,
	OP_CLOSE,
	OP_ABORT,
	OP_CONNECT,
	OP_LISTEN, /* or stop it */

	OP_ICMP,
	OP_WAIT,
	OP_STARVE,
	OP_FEED,
	OP_PATH,
	OPS
};

/* What the user does when it is called; a byte of the scene. */
enum habit {
	HABIT_TAKE = 0x01, /* takes what comes */
	HABIT_ECHO = 0x02, /* sends as much as it was called for */
	HABIT_CLOSE = 0x04, /* closes at the end of the stream */
	HABIT_REFUSE = 0x08, /* refuses every second connection */
	HABIT_ABORT_READABLE = 0x10,
	HABIT_ABORT_ACKED = 0x20,
	HABIT_ABORT_OTHER = 0x40, /* another one than it is called for */
	HABIT_REOPEN = 0x80, /* opens again from inside of closed() */
};

/* Another byte of it. */
enum scene {
	SCENE_V6 = 0x01,
	SCENE_NEWRENO = 0x02,
	SCENE_NO_LISTENER = 0x04,
	SCENE_SMALL_QUEUE = 0x08,
	SCENE_NO_KEEPALIVE = 0x10,
	SCENE_SILENT_END = 0x20, /* at the end the user closes and the peer is gone */
	SCENE_TSO = 0x40,
	SCENE_SMALL_WINDOW = 0x80,
};

struct exchange;

struct user {
	struct exchange *z;
	struct slot *slot;
	struct tcp_conn *c;
	bool closed;
};

/* Numbers of a connection that a segment can be relative to; they outlive it. */
struct numbers {
	uint32_t snd_una, snd_nxt, iss, snd_edge;
	uint32_t rcv_nxt, rcv_edge, irs, fin_seq, base;
	uint32_t ts_recent, tsval_out;
};

struct slot {
	struct ip_flow flow;
	struct tcp_watch watch;
	bool half_open; /* when it was looked at last */
	struct numbers n;
	struct peer_stream peer;
};

struct exchange {
	struct fake_tcp_env f;
	struct tcp_config cfg; /* as the engine was created */
	struct tcp_listener *listener;
	struct slot slots[SLOTS];
	struct user users[USERS];
	unsigned int n_users, n_accepts;
	uint8_t habits, scene;

	/* what was taken away */
	struct tcp_txseg_free records;
	struct tcp_ooo_list gaps;
	struct slice *slices;
	struct rte_mbuf *indirect;
	struct ledger_conn hogs[HOGS];
};

/* Abort when something is broken. */
void must_hold(const char *broken);

/* Numbers out of single bytes: small ones as they are, and those at which something changes. */
uint32_t exchange_distance(uint8_t b);
uint32_t exchange_length(uint8_t b);

/* The connection of a slot in whatever state, or NULL. */
struct tcp_conn *exchange_conn(struct exchange *z, const struct slot *slot);
/* The slot of a flow, or NULL. */
struct slot *exchange_slot(struct exchange *z, const struct ip_flow *flow);
/* The user of the slot's connection, or NULL. */
struct user *exchange_user(struct exchange *z, const struct slot *slot);

/* After each call of the engine: rounds until nothing is left to do, then everything is judged. */
void exchange_settle(struct exchange *z);

/* TCP_EXCHANGE_TRACE=1 tells what happens, for whoever looks into a failure. */
bool exchange_is_traced(void);
void exchange_trace(const struct slot *slot, const struct tcp_segment *s, bool ours);

/* --- tcp_exchange_segment.c --- */

/* A segment of a peer that behaves: it has got all, and acknowledges it. */
struct tcp_segment exchange_behave(const struct slot *slot);
/* The peer of @slot sends @s; all bytes of its payload are altered by @salt. */
void exchange_hand_over(struct exchange *z, struct slot *slot, const struct tcp_segment *s,
			uint8_t salt, unsigned int pieces);
/* Step @p is one of a peer: all but those of the user and of what is below the engine. */
void exchange_peer_step(struct exchange *z, struct slot *slot, enum op op, const uint8_t *p);
/* Which number of ours a byte means. */
uint32_t exchange_ack_base(const struct slot *slot, const struct tcp_conn *c, unsigned int which);

/* --- tcp_exchange_user.c --- */

void exchange_dial(struct exchange *z, struct slot *slot, uint8_t tos);
/* Begin or stop to listen. */
void exchange_listen(struct exchange *z, uint8_t backlog);
/* Take what waits, @len bytes at most, after it was compared with what the peer said. */
void exchange_take(struct user *u, uint32_t len);
void exchange_user_step(struct user *u, enum op op, const uint8_t *p);
