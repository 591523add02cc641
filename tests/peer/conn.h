/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One TCP connection of the test peer. handshake.c takes it from TCP to RUNNING, stream_rx.c and
 * stream_tx.c move messages, conn.c opens and closes it.
 */
#pragma once

#include "loop.h"
#include "msg.h"
#include "nid.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define CONN_BUF_LEN (256u << 10)
#define SMALL_PAYLOAD_MAX 4096
#define MIN_BULK 1024

struct node;
struct peer;

enum conn_state {
	CONN_CONNECTING, /* dialled, TCP not up yet */
	CONN_WAIT_REPLY, /* dialled, HELLO sent */
	CONN_WAIT_CONNREQ, /* accepted */
	CONN_WAIT_HELLO, /* accepted, request read */
	CONN_RUNNING,
	CONN_CLOSED,
};

enum rx_state {
	RX_KSOCK,
	RX_LNET,
	RX_PAYLOAD
};

/* What becomes of the payload of the message being received. */
enum sink {
	SINK_DROP,
	SINK_PATTERN,
	SINK_BUFFER
};

struct rx {
	uint8_t *buf; /* bytes read and not yet taken */
	size_t have;
	enum rx_state state;
	uint64_t deadline; /* of a message that has started, else 0 */
	struct ksock_hdr ksock;
	struct lnet_hdr hdr;
	uint32_t crc;
	enum sink sink;
	uint32_t done; /* payload bytes taken */
	uint64_t seed;
	uint64_t pattern_offset;
	bool is_corrupt;
	uint8_t small[SMALL_PAYLOAD_MAX];
};

struct tx {
	uint8_t *buf; /* bytes made and not yet written */
	size_t have;
	size_t written;
	uint64_t deadline; /* for progress, 0 if nothing is outstanding */
	int unacked; /* TCP's send queue when the deadline was last set */
	uint64_t queued_bytes; /* of the messages in the next three */
	struct msg_list queue; /* not started */
	struct msg *current; /* header made, payload not all made */
	uint32_t current_done; /* payload bytes made */
	struct msg_list buffered; /* all made, still in buf */
	bool is_stalled; /* --stop-mid-message: nothing more is sent */
};

struct conn {
	struct watch watch;
	struct timer timer; /* limit of the handshake; later the end of a read pause */
	struct node *node;
	struct peer *peer; /* NULL until known */
	TAILQ_ENTRY(conn) node_link;
	TAILQ_ENTRY(conn) peer_link; /* while RUNNING */
	enum conn_state state;
	bool is_active; /* dialled by us */
	bool is_paused;
	bool remote_big_endian;
	int32_t type; /* as we see it */
	uint32_t version;
	uint64_t incarnation; /* ours, as our HELLO said */
	uint64_t last_use;
	uint64_t payload_received;
	struct rx rx;
	struct tx tx;
};

/* Take over @fd. Return: NULL if the loop does not take it; then @fd is closed. */
struct conn *conn_new(struct node *n, int fd, bool is_active);

/*
 * Close a connection in any state, end its messages with @err and tell its peer. All its siblings
 * are closed too if it was RUNNING. Freed after the batch of events.
 */
void conn_close(struct conn *c, int err);

/* Close a RUNNING connection without its siblings; for the peer only. */
void conn_close_alone(struct conn *c, int err);

/* Free the connections of n->dead. */
void conn_reap(struct node *n);

/* Ask for reading unless paused, and for writing if something waits. */
void conn_update_events(struct conn *c);

/* Check the deadlines of a RUNNING connection; may close it. */
void conn_check_deadlines(struct conn *c);

/* Text of a connection type, for traces. */
const char *conn_type_text(int32_t type);

/* handshake.c: events of a connection that is not RUNNING yet. */
void handshake_event(struct conn *c, uint32_t events);

/* handshake.c: dial @peer for a connection of @type. Return: 0 and the connection, or -errno. */
int handshake_dial(struct peer *peer, int32_t type, struct conn **cp);

/* handshake.c: a connection was accepted. */
void handshake_accept(struct node *n, int fd);

/* stream_rx.c: read what is there and handle it. */
void stream_receive(struct conn *c);

/*
 * stream_rx.c: handle what is in the receive buffer, if anything; the handshake may have read
 * ahead.
 */
void stream_parse(struct conn *c);

/* stream_tx.c: queue a message; it is sent at once if nothing is before it. */
void stream_queue(struct conn *c, struct msg *m);

/* stream_tx.c: send as much as TCP takes now. */
void stream_send(struct conn *c);

/* Bytes of a message on this connection. */
size_t stream_msg_len(uint32_t version, const struct msg *m);
