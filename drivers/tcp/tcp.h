/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TCP engine, for its users (drivers/socklnd). One instance per lcore; it shares nothing, knows no port, no clock and
 * no LNet: segments, calls and the time go in, segments, callbacks and the next deadline come out. Every function and
 * callback runs on the lcore that owns the engine; @now is in ns of a monotonic clock.
 *
 * Callbacks may call anything here, also close or abort the connection that they are about. After closed() the connection
 * is gone. What the engine speaks and why: doc/compliance.md.
 */
#pragma once

#include "lnet/base/buf.h"
#include "lnet/base/ip_packet.h"
#include "lnet/base/ipaddr.h"

#include <stdbool.h>
#include <stdint.h>

struct lcore;
struct tcp;
struct tcp_conn;
struct tcp_env;
struct tcp_listener;
struct tel_out;

enum tcp_cc_kind {
	TCP_CC_DEFAULT, /* of a path: the engine's; of an engine: CUBIC */
	TCP_CC_CUBIC,
	TCP_CC_NEWRENO,
	TCP_CC_DCTCP, /* of a path alone; without ECN it is the engine's (RFC 8257 5) */
};

/* Explicit congestion notification on a path. */
enum tcp_ecn_mode {
	TCP_ECN_PASSIVE, /* when the peer asks */
	TCP_ECN_OFF,
	TCP_ECN_ON, /* our SYNs ask as well */
};

/* Engine-wide settings; tcp_config_default() fills in what the documents promise. Times in ns. */
struct tcp_config {
	/* counts, allocated at start */
	unsigned int max_conns; /* connection blocks */
	unsigned int
		max_embryonic; /* half-open passive connections; whose source has most goes first */
	unsigned int max_in_flight; /* records of segments sent and not acknowledged */
	unsigned int max_gaps; /* ranges of received data out of order */

	/* bytes */
	uint32_t rcv_wnd_min, rcv_wnd_max; /* receive window: at start, and limit of autotuning */
	uint32_t snd_queue_max; /* queued, unsent or unacknowledged, per connection; 0 = no limit */

	uint64_t rto_min, rto_max, syn_rto, delack, persist_max;
	uint64_t keepalive_idle, keepalive_intvl; /* idle 0 = off */
	unsigned int keepalive_count;
	uint64_t user_timeout; /* unacknowledged data this old ends the connection; 0 = never */
	uint64_t connect_timeout;
	uint64_t time_wait;
	enum tcp_cc_kind cc; /* not DCTCP */

	/*
	 * Key of initial sequence numbers and timestamp offsets (RFC 6528): nobody else knows it. The same after a
	 * restart, or else the timestamps of a pair of addresses may go backwards then, and each peer that still
	 * holds an old connection costs one more round trip.
	 */
	uint8_t secret[16];
	/* added to @now for sequence numbers and timestamps, so that they move on across a restart: wall clock at start */
	uint64_t clock_offset;
};

void tcp_config_default(struct tcp_config *cfg);

/* Callbacks of one connection. */
struct tcp_ops {
	/* Active open succeeded. */
	void (*connected)(struct tcp_conn *c, void *user, uint64_t now);
	/* More in-order bytes are there, or the peer's FIN (tcp_rx_eof()). Not called again until more arrives. */
	void (*readable)(struct tcp_conn *c, void *user, uint64_t now);
	/* tcp_acked() or tcp_sent() moved on. */
	void (*acked)(struct tcp_conn *c, void *user, uint64_t now);
	/*
	 * The connection is over; the last callback. @err: 0 both sides closed in order; -ECONNREFUSED, -ECONNRESET,
	 * -ETIMEDOUT, -EHOSTUNREACH, -ENETUNREACH, -ECONNABORTED (tcp_abort()), -ENOMEM. Received bytes
	 * that were not taken yet are delivered before it: readable() is called first, and tcp_take() works inside.
	 */
	void (*closed)(struct tcp_conn *c, void *user, int err, uint64_t now);
};

/*
 * @env must outlive the engine. Thread: control, before the lcore polls. Return: 0, -ENOMEM, -EINVAL.
 */
int tcp_create(struct lcore *lc, const struct tcp_env *env, const struct tcp_config *cfg,
	       uint64_t now, struct tcp **tp);

/* Ends what is left without a word to the peers; closed() is called for each with -ECONNABORTED. */
void tcp_destroy(struct tcp *t, uint64_t now);

/* Segments in, in passes over the burst; the engine owns the mbufs. */
void tcp_input(struct tcp *t, const struct ip_packet *pkts, unsigned int n, uint64_t now);

/* An ICMP error; ignored unless it fits a live connection (RFC 5927). */
void tcp_icmp_error(struct tcp *t, const struct ip_error_info *info, uint64_t now);

/*
 * Poller: send what the round made ready, once per connection. Timers run by the lcore's wheel.
 * Return: connections served.
 */
unsigned int tcp_poll(struct tcp *t, uint64_t now);

/*
 * Listen. @addr unspecified is not allowed: listeners belong to an interface's address.
 * @accept	a connection reached ESTABLISHED: the user sets its ops and pointer with tcp_set_user() and returns 0, or
 *		returns < 0 and the connection is reset.
 * @backlog	connections that may be open by this listener before the user has taken a first byte. One more ends the
 *		oldest of a source that has at least two more than the newcomer's (closed() with -ENOMEM), or its SYN is
 *		dropped; both are counted. A port below 1024 goes before others.
 * Return: 0, -EADDRINUSE, -ENOMEM.
 */
int tcp_listen(struct tcp *t, const struct ipaddr *addr, uint16_t port, unsigned int backlog,
	       int (*accept)(struct tcp_conn *c, void *user, uint64_t now), void *user,
	       struct tcp_listener **lp);

/* Where the remote end of @flow stands when places are shared (lnet/base/fair.h): its source, and whether its port is below 1024. */
uint16_t tcp_fair_class(const struct tcp *t, const struct ip_flow *flow);

/* Stop listening; half-open connections are reset, accepted ones live on. */
void tcp_unlisten(struct tcp_listener *l, uint64_t now);

/*
 * Active open from exactly this flow. The local port is the caller's choice (LNet wants 1023 downwards).
 * @tos traffic class, from the SYN on.
 * Return: 0, -EADDRINUSE (4-tuple taken; TIME_WAIT is recycled), -EADDRNOTAVAIL (its answers would not arrive at this
 * lcore: try another port), -ENETUNREACH, -ENETDOWN, -ENOMEM.
 */
int tcp_connect(struct tcp *t, const struct ip_flow *flow, uint8_t tos, const struct tcp_ops *ops,
		void *user, uint64_t now, struct tcp_conn **cp);

void tcp_set_user(struct tcp_conn *c, const struct tcp_ops *ops, void *user);
void *tcp_user(const struct tcp_conn *c);
const struct ip_flow *tcp_flow(const struct tcp_conn *c);

/* --- receive: the bytes stay in the engine (and close the window) until the user takes them --- */

/* In-order bytes that wait. */
uint32_t tcp_rx_len(const struct tcp_conn *c);

/* The peer has closed its side and all bytes were taken. */
bool tcp_rx_eof(const struct tcp_conn *c);

/* Copy @len bytes from @off without taking them. Return: 0, -EAGAIN when fewer wait. */
int tcp_rx_peek(const struct tcp_conn *c, uint32_t off, void *dst, uint32_t len);

/*
 * Take the first @n waiting bytes to the end of @dst, without a copy. The ledger's STREAM account is relieved:
 * the caller has reserved for them elsewhere. Return: 0, -EAGAIN (fewer wait), -ENOMEM (nothing changed).
 */
int tcp_rx_take(struct tcp_conn *c, struct buf *dst, uint32_t n, uint64_t now);

/* Throw the first @n waiting bytes away (fewer when fewer wait). Return: how many. */
uint32_t tcp_rx_discard(struct tcp_conn *c, uint32_t n, uint64_t now);

/*
 * The user knows how many bytes it will take soon (the rest of a message whose buffer is reserved): the window may be
 * opened that far beyond its own budget. It counts down as bytes are taken; 0 withdraws (an announced right edge stays).
 */
void tcp_rx_expect(struct tcp_conn *c, uint32_t bytes);

/* --- send: a stream of bufs --- */

/*
 * Queue the bytes of @b; the engine owns them (@b is empty afterwards). @more: another tcp_send() follows at once, so do
 * not cut a short segment here; without it the last byte carries PSH.
 * Return: 0, -EPIPE (the stream was closed: the caller keeps @b), -ENOBUFS (above snd_queue_max; the caller keeps @b).
 */
int tcp_send(struct tcp_conn *c, struct buf *b, bool more, uint64_t now);

/* Stream offsets, 0 = first byte after the handshake: queued, transmitted at least once, acknowledged. */
uint64_t tcp_queued(const struct tcp_conn *c);
uint64_t tcp_sent(const struct tcp_conn *c);
uint64_t tcp_acked(const struct tcp_conn *c);

/* --- end --- */

/*
 * Close in order: queued bytes, then FIN. Received bytes that nobody takes any more make it a reset, as Linux does. closed() comes when it is over;
 * TIME_WAIT is not waited for.
 */
void tcp_close(struct tcp_conn *c, uint64_t now);

/* RST now; closed() is called with -ECONNABORTED before this returns. */
void tcp_abort(struct tcp_conn *c, uint64_t now);

/* --- insight --- */

enum tcp_counter {
#define COUNTER(id, name, help) TCP_##id,
#include "drivers/tcp/counter.def"
#undef COUNTER
	TCP_COUNTERS
};

/* Array of TCP_COUNTERS. Any thread (counter_read()). */
const uint64_t *tcp_counters(const struct tcp *t);

/* One connection as an operator sees it. */
struct tcp_info {
	struct ip_flow flow;
	const char *state;
	uint32_t cwnd, ssthresh, snd_wnd, rcv_wnd; /* bytes */
	uint32_t mss, srtt_us, rto_ms;
	uint16_t mtu, path_mtu; /* of the interface; what the path is known to take */
	uint32_t rx_queue, rx_ooo, tx_queue, in_flight; /* bytes */
	uint64_t bytes_in, bytes_out, retransmits, age_ns;
	const char *cc; /* congestion control */
	bool ecn; /* agreed on */
};

/*
 * List connections from position @from on. Thread: the lcore (through lcore_call()).
 * Return: entries filled, at most @max; *next = where to go on, 0 when done.
 */
unsigned int tcp_list(struct tcp *t, unsigned int from, struct tcp_info *out, unsigned int max,
		      unsigned int *next, uint64_t now);

/* Connections, those in TIME-WAIT not counted. */
unsigned int tcp_conn_count(const struct tcp *t);

/* Connection blocks in use, of tcp_config.max_conns. */
unsigned int tcp_block_count(const struct tcp *t);
