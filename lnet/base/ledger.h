/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory ledger of one worker: which share of its mbufs is promised to whom, in true size (what a slice
 * pins: its mbuf's whole room and header). No mbuf passes through here; who holds memory says so here first.
 * Rules and their proof: doc/memory.md, tests/sim/memory_model_test.c.
 * Thread: everything on the worker that owns the ledger, but the plan functions, which are pure, and the
 * fields of struct ledger_use, which any thread may read with counter_read().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_SMALL_MAX 4096u /* payload of a small router buffer */
#define LEDGER_LARGE_MAX (1024u * 1024) /* of a large one */

enum ledger_account {
#define ACCOUNT(id, name, help) LEDGER_##id,
#include "lnet/base/ledger.def"
#undef ACCOUNT
	LEDGER_ACCOUNTS
};

struct ledger_account_desc {
	const char *name; /* key in telemetry */
	const char *help;
};
extern const struct ledger_account_desc ledger_account_desc[LEDGER_ACCOUNTS];

/* --- the plan: sizes of the accounts, computed before a worker starts --- */

/* What a worker is to carry. All counts are this worker's share. */
struct ledger_conf {
	uint32_t mbuf_size; /* true size of one mbuf: header, headroom, room */
	uint32_t mbuf_room; /* data room behind the headroom */
	uint16_t mtu; /* of the narrowest path that peers use */
	unsigned int rx_desc, tx_desc; /* descriptors of all the worker's queues */
	unsigned int cache; /* mbufs that sit unused in mempool and driver caches */
	unsigned int burst; /* segments taken in one round */
	unsigned int conns; /* TCP connections at most */
	uint32_t window_min; /* receive window that every connection has always, bytes */
	unsigned int tiny, small, large; /* router buffers */
	uint64_t reorder, local, sent; /* sizes of these accounts, bytes of true size */
};

struct ledger_plan {
	struct ledger_conf conf;
	uint32_t fill; /* payload bytes that an mbuf holds at least when segments are full */
	uint32_t
		pair; /* bytes that two neighbours hold at least in the receive queue, however short segments are */
	uint64_t size[LEDGER_ACCOUNTS];
	uint64_t conn; /* STREAM: the part that each connection has to itself */
	uint64_t shared; /* STREAM: the part that all share; what is left over goes here */
	uint64_t need; /* bytes without which it does not start */
	uint64_t total; /* bytes there are */
};

/*
 * Compute the sizes of all accounts from @conf for @total bytes. Pure.
 * Return: 0; -ENOMEM: @total is less than plan->need, which is set; -EINVAL: a value without meaning (no mbuf
 * size, an MTU below 576, a window below one segment, ...).
 */
int ledger_plan_make(struct ledger_plan *plan, const struct ledger_conf *conf, uint64_t total);

/* True size that @len bytes of stream pin at most when segments are full, wherever they start. Pure. */
uint64_t ledger_true_size(const struct ledger_plan *plan, uint32_t len);

/*
 * True size that @len bytes in the receive queue pin at most, however short the segments: a segment that fits into the
 * free room of the mbuf before it is copied there. Pure.
 */
uint64_t ledger_queue_size(const struct ledger_plan *plan, uint32_t len);

/* Account and reservation (payload and outgoing header) of a routed message with @len bytes of payload. Pure. */
enum ledger_account ledger_routed_account(uint32_t len);
uint64_t ledger_routed_size(const struct ledger_plan *plan, uint32_t len);

/*
 * Would a message break its reservation if the next slice were moved to it and not copied? True when segments
 * were so short that @pinned plus what @rest bytes pin in full segments exceeds @reserved. Then the slice is copied into
 * the free room of the message's own last mbuf. Pure.
 * @reserved	what was taken for it: ledger_routed_size()
 * @pinned	true size of the message's payload with that slice moved
 * @rest	bytes that are to come after that slice
 */
bool ledger_must_pack(const struct ledger_plan *plan, uint64_t reserved, uint64_t pinned,
		      uint32_t rest);

/* --- the ledger --- */

struct ledger_use {
	uint64_t size; /* bytes that may be used */
	uint64_t used;
	uint64_t high; /* most that was ever used */
	uint64_t refused; /* takes that failed */
};

struct ledger {
	struct ledger_plan plan; /* changed by ledger_resize() only */
	struct ledger_use use[LEDGER_ACCOUNTS];
	uint64_t shared_used; /* STREAM: pinned beyond the connections' own parts */
	uint64_t shared_promised; /* STREAM: what open windows may bring beyond them */
	uint64_t passing; /* expected data of this round, on its way to the message that pays */
	unsigned int conns;
};

/* Start with @plan. Return: 0, -ENOMEM (the plan does not fit its total). */
int ledger_init(struct ledger *l, const struct ledger_plan *plan);

/*
 * Take before the memory is used. Not for STREAM and REORDER (below), and always refused for FLOOR.
 * Return: 0, -ENOMEM (nothing taken; counted as refused).
 */
int ledger_take(struct ledger *l, enum ledger_account account, uint64_t bytes);

/* Give back what was taken, when the last byte of it has been released. */
void ledger_give(struct ledger *l, enum ledger_account account, uint64_t bytes);

/*
 * What was taken from @from is from now on @to's, e.g. a small message that is complete for LNet at first
 * transmission: ROUTED_SMALL to SENT. Return: 0, -ENOMEM (nothing changed; counted as refused).
 */
int ledger_move(struct ledger *l, enum ledger_account from, enum ledger_account to, uint64_t bytes);

/*
 * Other numbers of router buffers at run time. Growing takes from the shared part of STREAM, shrinking gives to
 * it what is free; what is still used follows with the next call (make it when buffers come back).
 * Return: 0, -ENOMEM (nothing changed: @short_by says how many bytes are missing; may be NULL).
 */
int ledger_resize(struct ledger *l, unsigned int tiny, unsigned int small, unsigned int large,
		  uint64_t *short_by);

/* Sum of all that is taken now; 0 = nothing leaked. */
uint64_t ledger_used(const struct ledger *l);

/* --- received TCP data, by connection: called by the TCP engine --- */

/* Embed one in each connection; zero-initialised. */
struct ledger_conn {
	uint64_t pinned; /* STREAM: true size of what waits in order */
	uint64_t passing; /* the same of expected data that the user has not taken yet */
	uint64_t reorder; /* REORDER: true size of what waits out of order */
	uint64_t promised; /* true size of what its window may bring, waiting bytes included */
	bool open;
};

/* A connection begins (a SYN in hand). Return: 0, -ENOMEM (as many as planned are open: refuse it; counted). */
int ledger_conn_open(struct ledger *l, struct ledger_conn *c);

/* It is gone; what it still held is given back (the engine frees the mbufs). Harmless when not open. */
void ledger_conn_close(struct ledger *l, struct ledger_conn *c);

/*
 * May the data of a segment that is next in order be kept? Its ACK is processed before, whatever the answer. Never
 * refused within a window that ledger_window() gave. A segment that fits into the free room behind the one before it
 * must be copied there: it pins nothing new and is not asked for.
 * @bytes	true size of its mbufs
 * @expected	all of it belongs to a message that the user takes (or discards) in this round: tcp_rx_expect()
 * Return: 0, -ENOMEM (drop the data; counted as refused).
 */
int ledger_conn_take(struct ledger *l, struct ledger_conn *c, uint64_t bytes, bool expected);

/* Data in order left the engine: the user took it and pays for it now, or it was dropped. */
void ledger_conn_give(struct ledger *l, struct ledger_conn *c, uint64_t bytes);

/*
 * May a segment out of order be kept? Best effort: no connection may hold more than is free for all.
 * Return: 0, -ENOMEM (drop it; counted as refused).
 */
int ledger_reorder_take(struct ledger *l, struct ledger_conn *c, uint64_t bytes);

/* Data out of order was dropped. */
void ledger_reorder_give(struct ledger *l, struct ledger_conn *c, uint64_t bytes);

/*
 * Data out of order has become in order: from here on as if taken with ledger_conn_take(), but that expected data is
 * never refused. Return: 0, -ENOMEM (not kept: the engine drops it; counted as refused).
 */
int ledger_reorder_join(struct ledger *l, struct ledger_conn *c, uint64_t bytes, bool expected);

/*
 * How far may the window of a connection be open? Both numbers count bytes from the first one that the user has
 * not taken, without those that the user expects into reserved memory (they come on top).
 * @open	how far it is open now: the right edge that was announced, which never retreats
 * @want	how far the engine would like it to be (autotuning)
 * The answer is remembered as promised. Call it before each segment that announces a window.
 * Return: the greatest of @open, window_min, and as much of @want as there is memory for.
 */
uint32_t ledger_window(struct ledger *l, struct ledger_conn *c, uint32_t open, uint32_t want);
