/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the memory model share: memory_model.c (time, run), _tcp.c (streams), _core.c (LND, receive credits), _hop.c (next hops). */
#pragma once

#include "tests/sim/memory_model.h"

#include <stddef.h>
#include <sys/queue.h>

#define MM_HEADER 96 /* socklnd's and LNet's header of a message */
#define MM_MSS 1448
#define MM_FLIGHT_MAX 128 /* segments a sender has in flight at most */
#define MM_OUTSTANDING_MAX 4 /* messages a sender has on a connection at most */
#define MM_CONNS_MAX (2 * MM_SENDERS_MAX)
#define MM_MBUF_PAYLOAD 1926 /* bytes that fit behind a received segment's headers */

enum mm_event_kind {
	MM_ROUND, /* the worker polls */
	MM_ACK, /* an ACK reaches a sender */
	MM_UPDATE, /* did the sender hear of its window? */
	MM_TIMER, /* retransmission or persist timer of a sender */
	MM_SEGMENT, /* a segment reaches the port */
	MM_HOP_SENT, /* a next hop's link has carried a chunk */
	MM_HOP_ACK, /* and the hop has acknowledged it */
	MM_HOP_STOP,
	MM_HOP_BACK,
	MM_HOP_CHECK, /* the policy's deadline of a hop */
	MM_HOP_ANSWER, /* a probe is answered */
	MM_SCAN, /* LND deadlines, once a second */
	MM_FALL_SILENT, /* a sender looks whether it is in mid message */
	MM_DRIBBLE,
};

struct mm_seg {
	struct mm_seg *next;
	unsigned int conn; /* or UINT32_MAX: from a next hop, an ACK only */
	uint64_t seq;
	uint32_t len;
	int hop; /* whose ACK it carries, or -1 */
	uint64_t ack; /* stream offset */
	uint32_t epoch;
};

struct mm_event {
	uint64_t at, tie;
	enum mm_event_kind kind;
	unsigned int who;
	uint64_t arg;
	struct mm_seg *seg;
};

struct mm_mbuf {
	struct mm_mbuf *next;
	unsigned int refs;
	uint32_t end; /* payload bytes used from its beginning */
	uint32_t room;
};

struct mm_slice {
	struct mm_slice *next;
	struct mm_mbuf *m;
	uint32_t len;
	uint64_t seq; /* out of order only */
};

struct mm_chain {
	struct mm_slice *head, *tail;
	uint32_t bytes;
	unsigned int n;
};

struct mm_msg {
	TAILQ_ENTRY(mm_msg) link;
	unsigned int conn, hop;
	uint32_t len;
	uint64_t end; /* in its sender's stream; then in its hop's */
	struct mm_chain payload;
	struct mm_mbuf *pack; /* last mbuf of the payload when it is the message's own */
	enum ledger_account account;
	uint64_t reserved;
	struct mm_mbuf *header; /* of the forwarded copy */
	bool completed;
};
TAILQ_HEAD(mm_msgs, mm_msg);

enum mm_rx_state {
	MM_RX_HEADER,
	MM_RX_WAIT_PEER, /* for a peer router credit */
	MM_RX_WAIT_POOL, /* for a router buffer */
	MM_RX_PAYLOAD,
	MM_RX_DISCARD,
	MM_RX_CLOSED,
};

struct mm_flight {
	uint64_t seq, sent_at;
	uint32_t len;
	bool sacked;
};

/* One TCP connection from a sender, both ends. */
struct mm_conn {
	unsigned int index, sender;
	bool is_bulk, is_shredding, is_silent, is_dribbling;

	/* the sender's end */
	struct mm_msgs outbox; /* written, header not parsed by the router */
	uint64_t written, una, nxt, edge; /* stream offsets; edge: right edge as announced */
	struct mm_flight flight[MM_FLIGHT_MAX];
	unsigned int flight_head, flight_n, backoff;
	uint64_t ends[MM_OUTSTANDING_MAX]; /* of written messages that are not acknowledged */
	unsigned int ends_head, ends_n;
	uint64_t timer_at, timer_event_at, link_free;
	bool ack_pending;

	/* the router's end */
	struct ledger_conn ledger;
	uint64_t rcv_nxt, taken, right;
	unsigned int updates; /* repetitions of the last window update */
	uint64_t
		opened_at; /* when it was sent, if the sender waits for it and is not heard since */
	uint32_t expect;
	struct mm_chain queue, reorder;
	enum mm_rx_state state;
	struct mm_msg *msg;
	uint32_t left;
	bool touched;
	TAILQ_ENTRY(mm_conn) wait_link;
	uint64_t last_byte_at, granted_at;
	bool has_peer_credit;

	uint64_t
		last_through; /* time of its last message that was delivered or failed by the policy */
};
TAILQ_HEAD(mm_conns, mm_conn);

struct mm_peer {
	unsigned int credits;
	struct mm_conns waiting;
};

struct mm_pool {
	unsigned int credits;
	struct mm_conns waiting;
};

struct mm_hop {
	struct stall stall;
	bool alive, is_checked;
	uint32_t space; /* what a stopped hop's receive buffer still takes */
	uint32_t epoch; /* of its connection */
	uint64_t queued, sent, acked, ack_ready; /* stream offsets */
	uint32_t chunk; /* on the link now */
	bool link_busy;
	unsigned int credits;
	struct mm_msgs waiting; /* for a peer credit */
	struct mm_msgs stream; /* given to the LND, not acknowledged */
};

struct mm {
	struct mm_conf conf;
	struct mm_result *res;
	uint64_t now, rng;
	struct mm_event *heap;
	size_t heap_n, heap_cap;
	struct ledger ledger;
	struct mm_mbuf *mbufs, *free_mbufs;
	unsigned int n_free, n_mbufs;
	struct mm_conn *conns;
	unsigned int n_conns;
	struct mm_conn *touched[MM_CONNS_MAX]; /* in this round */
	unsigned int n_touched;
	struct mm_peer peers[MM_SENDERS_MAX];
	struct mm_pool pools[3];
	struct mm_hop hops[MM_HOPS_MAX];
	unsigned int ni_credits;
	struct mm_msgs ni_waiting;
	struct mm_seg *ring, **ring_tail;
	unsigned int ring_n;
	bool round_armed, dirty;
	uint64_t live_msgs;
};

/* memory_model.c */
uint64_t mm_random(struct mm *m);
bool mm_chance(struct mm *m, unsigned int per_1000);
void mm_event(struct mm *m, uint64_t at, enum mm_event_kind kind, unsigned int who, uint64_t arg,
	      struct mm_seg *seg);
struct mm_mbuf *mm_mbuf_get(struct mm *m, uint32_t room);
void mm_mbuf_put(struct mm *m, struct mm_mbuf *mb);
void mm_chain_add(struct mm_chain *ch, struct mm_mbuf *mb, uint32_t len);
/* Cut the first @n bytes (at most the first slice) off. Return: their length; *mb has one reference for the caller. */
uint32_t mm_chain_cut(struct mm_chain *ch, uint32_t n, struct mm_mbuf **mb, bool *whole);
void mm_chain_free(struct mm *m, struct mm_chain *ch);
void mm_arrive(struct mm *m, struct mm_seg *seg);

/* memory_model_tcp.c */
void mm_sender_write(struct mm *m, struct mm_conn *c);
void mm_sender_push(struct mm *m, struct mm_conn *c);
void mm_sender_ack(struct mm *m, struct mm_conn *c);
void mm_sender_timer(struct mm *m, struct mm_conn *c);
void mm_sender_fall_silent(struct mm *m, struct mm_conn *c, bool dribble);
void mm_sender_dribble(struct mm *m, struct mm_conn *c);
void mm_tcp_input(struct mm *m, struct mm_conn *c, const struct mm_seg *seg, struct mm_mbuf *mb);
void mm_tcp_window(struct mm *m, struct mm_conn *c);
void mm_tcp_update(struct mm *m, struct mm_conn *c, uint64_t rcv_nxt);
void mm_tcp_close(struct mm *m, struct mm_conn *c);
void mm_send_ack(struct mm *m, struct mm_conn *c);

/* memory_model_core.c */
void mm_lnd_receive(struct mm *m, struct mm_conn *c);
void mm_lnd_scan(struct mm *m);
void mm_settle(struct mm *m);
void mm_rx_release(struct mm *m, struct mm_msg *msg);
void mm_msg_free(struct mm *m, struct mm_msg *msg);
void mm_drop(struct mm *m, struct mm_msg *msg, enum mm_drop reason);
void mm_through(struct mm *m, struct mm_conn *c);

/* memory_model_hop.c */
void mm_forward(struct mm *m, struct mm_msg *msg);
bool mm_wake_transmit(struct mm *m);
void mm_hop_sent(struct mm *m, unsigned int i, uint64_t arg);
void mm_hop_acks(struct mm *m, unsigned int i, uint64_t arg);
void mm_hop_acked(struct mm *m, unsigned int i, uint64_t ack, uint32_t epoch);
void mm_hop_stop(struct mm *m, unsigned int i);
void mm_hop_back(struct mm *m, unsigned int i);
void mm_hop_check(struct mm *m, unsigned int i);
void mm_hop_answer(struct mm *m, unsigned int i);
