/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A remote NID as the socket LND sees it: its set of connections, the dialling of missing ones
 * (dial.c), the choice of a connection for a message, zero-copy cookies (zc.c), keepalive.
 */
#pragma once

#include "conn.h"
#include "loop.h"
#include "msg.h"
#include "node.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define MAX_DUE_ACKS 1024

struct peer {
	TAILQ_ENTRY(peer) link;
	struct node *node;
	struct nid nid;
	struct conn_list conns; /* RUNNING, newest first */
	struct msg_list waiting; /* no connection may carry them yet */

	uint32_t version; /* remembered from the first connection, 0: none */
	uint64_t incarnation;

	bool has_record; /* we dial it; an entry made by an incoming connection never does */
	bool is_dialling; /* a dial run is under way, waits between attempts included */
	bool is_held; /* --zc-before-bulk-in: the run stops after CONTROL until the PUT is out */
	bool force_dial; /* --new-incarnation: one CONTROL more */
	struct conn *dial; /* the attempt, if one is in the handshake */
	uint8_t done_mask; /* 1 << type: complete, not dialled again until none is left */
	uint32_t strikes;
	uint32_t interval_s; /* back-off */
	uint64_t next_try;
	struct timer dial_timer;

	uint64_t next_cookie;
	struct msg_list unacked; /* sent, zero-copy acknowledgement outstanding */
	uint64_t due[MAX_DUE_ACKS];
	uint32_t n_due;

	uint64_t last_heard;
	uint64_t last_keepalive;
};

/* How a dial ended. */
enum dial_result {
	DIAL_OK,
	DIAL_DENIED, /* HELLO NONE, same version */
	DIAL_DOWNGRADE, /* HELLO NONE, other version */
	DIAL_STALE, /* the peer has a new incarnation */
	DIAL_FAILED,
};

/* Find or make the entry of @nid. */
struct peer *peer_get(struct node *n, const struct nid *nid);

/*
 * Send through this next hop: on a connection, or later, or end it with an error at once. Takes @m.
 */
void peer_send(struct peer *p, struct msg *m);

/* @c became RUNNING: list it and send what waits for it. */
void peer_conn_added(struct peer *p, struct conn *c);

/* A connection that was RUNNING is closed. */
void peer_conn_removed(struct peer *p, struct conn *c);

/* Close all connections. @as_sibling: because one of them was closed. */
void peer_close_all(struct peer *p, int err, bool as_sibling);

/* Number of RUNNING connections of @type. */
uint32_t peer_count(const struct peer *p, int32_t type);

/* Keepalive, waiting messages and zero-copy deadlines; a few times a second. */
void peer_check_deadlines(struct peer *p);

/* Close, end all messages, free. */
void peer_free(struct peer *p);

/* dial.c: dial if a type is missing and the back-off allows. Return: true if a run is under way. */
bool dial_if_needed(struct peer *p);

/* dial.c: the attempt p->dial has ended; @c's fate is the caller's. */
void dial_ended(struct peer *p, enum dial_result result, int err);

/* dial.c: go on, half a second later, with a run that was held. */
void dial_release(struct peer *p);

/* zc.c: give @m the next request cookie. */
void zc_assign(struct peer *p, struct msg *m);

/* zc.c: the peer acknowledged what a header's cookies say. Return: 0 or -EPROTO. */
int zc_acked(struct peer *p, const struct ksock_hdr *k);

/* zc.c: a message asked for an acknowledgement and is complete. */
void zc_due(struct peer *p, uint64_t cookie);

/* zc.c: send the acknowledgements that are due, if a connection may carry them. */
void zc_flush(struct peer *p);

/* zc.c: a connection set is gone: nothing is due, what is outstanding has failed. */
void zc_reset(struct peer *p, int err);
