/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine and its connections, for the files of this folder alone. Everything runs on the engine's lcore. How a
 * round goes: tcp_input() parses a burst, looks all of it up, processes it and then tells the users what happened, once per
 * connection; tcp_poll() then sends for each connection that the round made dirty, once. Timers only mark: what
 * they cause is sent by tcp_poll() as well.
 */
#pragma once

#include "drivers/tcp/cc.h"
#include "drivers/tcp/ecn.h"
#include "drivers/tcp/flows.h"
#include "drivers/tcp/pmtud.h"
#include "drivers/tcp/recovery.h"
#include "drivers/tcp/rxq.h"
#include "drivers/tcp/synq.h"
#include "drivers/tcp/tcp.h"
#include "drivers/tcp/tcp_env.h"
#include "drivers/tcp/txq.h"
#include "drivers/tcp/wire.h"
#include "lnet/base/counter.h"
#include "lnet/base/lcore.h"

#include <assert.h>
#include <stddef.h>
#include <sys/queue.h>

struct rte_mbuf;
struct tcp_parsed;

#define TCP_US 1000ull /* ns */
#define TCP_MS (1000 * TCP_US)
#define TCP_S (1000 * TCP_MS)

#define TCP_MSS_MIN 48 /* smallest payload we cut to, whatever a peer asks for */
#define TCP_MSS_DEFAULT_V4 536 /* without the option: RFC 9293 3.7.1 */
#define TCP_MSS_DEFAULT_V6 1220
#define TCP_TS_LEN 12 /* of the timestamps option, aligned */
#define TCP_RTT_MAX \
	(60 * TCP_S) /* more is not measured but made up, by an echo that we never sent */
#define TCP_RETRY (10 * TCP_MS) /* no mbuf or record could be had: try again */
#define TCP_REOPEN (200 * TCP_MS) /* until the ACK that opened a window is repeated; doubles */
#define TCP_REOPENS_MAX 6
#define TCP_LIMITED_INTVL (100 * TCP_MS) /* between challenge ACKs of a connection: RFC 5961 10 */

enum tcp_state {
	TCP_CLOSED, /* the user is about to be told, or has been */
	TCP_SYN_SENT,
	TCP_SYN_RCVD,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
};

/* One wheel timer serves all deadlines of a connection. */
enum tcp_timer {
	TCP_TIMER_ACK, /* delayed ACK */
	TCP_TIMER_RTX, /* retransmission; zero-window probe when nothing is in flight */
	TCP_TIMER_TLP, /* tail loss probe */
	TCP_TIMER_RACK, /* a segment's reordering window */
	TCP_TIMER_KEEP, /* keepalive */
	TCP_TIMER_LIFE, /* connect timeout, FIN-WAIT-2, TIME-WAIT */
	TCP_TIMER_REOPEN, /* the ACK that opened a closed window is repeated */
	TCP_TIMER_RETRY, /* output that found no mbuf, or held back a short segment */
	TCP_TIMERS
};

/* What the user is told at the end of the round, in this order. */
enum tcp_event {
	TCP_EV_ACCEPT = 0x01,
	TCP_EV_CONNECTED = 0x02,
	TCP_EV_READABLE = 0x04,
	TCP_EV_ACKED = 0x08,
	TCP_EV_CLOSED = 0x10,
};

/*
 * A connection, in the order in which segments need it, by cache lines of 64 bytes: conn.c asks for them in this order, and
 * the assertions behind it keep what belongs together on its lines.
 */
struct tcp_conn {
	/* lines 0 to 2: all that a predicted segment touches (fast.c) */
	struct tcp *t;
	uint8_t state; /* enum tcp_state */
	uint8_t recovery; /* enum tcp_recovery */
	uint8_t events; /* enum tcp_event, still to be told */
	struct tcp_ecn ecn;
	uint8_t snd_shift, rcv_shift; /* window scale, RFC 7323 2.2 */
	uint8_t probes; /* keepalives unanswered; SYNs, FINs and probes are counted by backoff */
	bool is_dirty, is_listed; /* which lists it is on */
	bool ack_now; /* an ACK is due */
	bool is_quiet; /* nothing to send, nothing in flight: tcp_output() only has ACKs to see to */
	bool ts_ok : 1, sack_ok : 1; /* options agreed on */
	bool fin_known : 1, fin_rcvd : 1, closed_by_user : 1;
	uint32_t mss; /* payload of a full segment: options that each segment has are taken off */
	uint32_t rcv_nxt;
	uint32_t rcv_edge; /* greatest right edge ever announced */
	uint32_t snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2; /* RFC 9293 3.3.1 */
	uint32_t ts_recent, ts_offset, last_ack_sent;

	struct tcp_rxq rx;

	struct ledger_conn account;
	uint64_t last_rx;
	uint32_t expect; /* tcp_rx_expect() */
	uint32_t unacked; /* bytes received since the last ACK */
	uint32_t rcv_mss; /* greatest segment seen */
	uint32_t rcv_rtt; /* us: length of a round trip as the receiver sees it */

	/* lines 3 and 4: what a round with segments touches, once */
	const struct tcp_ops *ops;
	void *user;
	struct ip_flow flow;
	uint8_t tos;
	bool in_backlog; /* counts for its listener */

	TAILQ_ENTRY(tcp_conn) dirty_link, event_link;
	uint64_t taken; /* bytes the user took */
	uint32_t tuned_at; /* us: when the round trip began that autotuning measures, */
	uint32_t tuned_taken; /* and what had been taken then, modulo 2^32 */
	uint32_t rcv_buf; /* what autotuning wants the window to be */
	uint32_t ts_recent_at; /* tcp_age_now() */
	struct tcp_range dsack; /* to report, empty when start == end */
	uint64_t deadline[TCP_TIMERS]; /* that of ACK is the last of line 4 */

	/* lines 5 to 14: what sending and ACKs touch */
	uint32_t snd_wnd_max;
	uint32_t iss;
	struct timer timer;

	struct tcp_txq tx;
	uint32_t psh_seq; /* behind the last message queued whole */
	uint32_t limited_seq;
	uint32_t
		round_end; /* SND.NXT when the round trip began that ends when this is acknowledged */
	uint32_t recover; /* SND.NXT when recovery began */

	uint64_t acked; /* stream offset of snd_una */
	uint64_t srtt, rttvar, rto; /* ns */
	uint64_t progress_at; /* when SND.UNA last moved, or data was first queued */
	uint64_t last_send; /* of payload or SYN */
	bool more; /* the user said that more follows at once */
	bool push_now; /* do not hold a short segment back any longer */
	bool fin_wanted; /* tcp_close(): FIN behind the queue */
	bool fin_sent, fin_acked;
	bool send_syn, send_probe; /* wanted from tcp_output() */
	bool persisting; /* TCP_TIMER_RTX is a window probe */
	bool cwnd_limited; /* the congestion window held data back, until SND.UNA reaches limited_seq */
	bool rtx_at_once; /* a recovery began: its first retransmission is not held back */
	uint8_t backoff; /* doublings of the RTO, or of the probe interval */
	uint8_t dupacks;
	uint32_t ecn_reduced_seq; /* SND.NXT when ecn.reduced was set */

	struct tcp_rack rack;
	struct tcp_tlp tlp;

	struct tcp_pmtud pmtud;
	struct tcp_path path;
	uint64_t reach_at; /* next report to env->reachable() */

	struct tcp_cc cc;
	struct tcp_cwv cwv;
	struct tcp_undo undo;

	/* what is needed when something is out of the ordinary */
	struct tcp_prr prr;
	struct tcp_range sack_seen[TCP_SACK_BLOCKS]; /* blocks of the last ACK */
	uint32_t irs;
	uint32_t mss_peer; /* what the peer's option said */
	uint32_t fin_seq; /* of the peer's FIN, which came before what lies ahead of it */
	uint64_t reopened_at; /* when an ACK of ours opened a closed window */
	uint64_t challenge_at, stray_at; /* no challenge ACK, no answer to a stray before */
	uint64_t opened_at;
	uint64_t retransmits;
	struct tcp_listener *listener; /* until the user has taken a first byte */
	int err; /* of closed() */
	int soft_err; /* ICMP said so */
	uint8_t reopens; /* how often the ACK that opened a window was repeated */
	bool active; /* we opened it */
	bool is_dead; /* on that list */
	bool syn_hurried; /* the SYN was repeated early because of a half-open peer */
	struct fair_link waiting; /* in the listener's backlog */
	TAILQ_ENTRY(tcp_conn) life_link; /* free, TIME-WAIT or dead */
} __rte_cache_aligned;

#define TCP_LINE(field) (offsetof(struct tcp_conn, field) / RTE_CACHE_LINE_SIZE)
#define TCP_LINES_RX 5 /* of a connection that receives */
#define TCP_LINES_TX 15 /* of one that sends as well */

static_assert(TCP_LINE(rcv_rtt) == 2, "a predicted segment touches three cache lines");
static_assert(TCP_LINE(deadline[TCP_TIMER_ACK]) == TCP_LINES_RX - 1,
	      "a receiver's round touches five");
static_assert(TCP_LINE(undo) == TCP_LINES_TX - 1, "an ACK touches fifteen");

TAILQ_HEAD(tcp_conn_list, tcp_conn);

struct tcp_listener {
	LIST_ENTRY(tcp_listener) link;
	struct tcp *t;
	struct ipaddr addr;
	uint16_t port;
	unsigned int backlog;
	struct fair waiting; /* established, not taken from yet: at most backlog */
	int (*accept)(struct tcp_conn *c, void *user, uint64_t now);
	void *user;
};

LIST_HEAD(tcp_listener_list, tcp_listener);

#define TCP_RESET_RATES 1024

/* A limit of so many per second. */
struct tcp_rate {
	uint64_t window; /* ns, start of the current second */
	unsigned int n;
};

struct tcp {
	struct lcore *lc;
	const struct tcp_env *env;
	struct tcp_config cfg;
	struct tcp_flows flows; /* of conns */
	uint64_t changes; /* of the table: a looked-up connection may be gone */
	struct tcp_conn *conns; /* cfg.max_conns blocks */
	struct tcp_conn_list free, time_wait, dead;
	unsigned int n_used, n_time_wait;
	struct tcp_synq synq;
	struct tcp_conn_list dirty, event;
	struct tcp_listener_list listeners;
	struct tcp_txseg_pool txsegs;
	struct tcp_ooo_pool ooo;
	struct tcp_rate resets[TCP_RESET_RATES]; /* by source */
	struct tcp_path_cache paths;
	struct tcp **engines; /* all of the process, for telemetry (tcp_tel.c) */
	unsigned int n_engines;
	uint64_t counters[TCP_COUNTERS];
};

static inline void
tcp_count(struct tcp *t, enum tcp_counter id)
{
	counter_add(&t->counters[id], 1);
}

static inline void
tcp_count_n(struct tcp *t, enum tcp_counter id, uint64_t n)
{
	counter_add(&t->counters[id], n);
}

#define TCP_AGE_SHIFT 30

/* A clock for what ages by days, in 2^30 ns. */
static inline uint32_t
tcp_age_now(uint64_t now)
{
	return (uint32_t)(now >> TCP_AGE_SHIFT);
}

static inline uint32_t
tcp_in_flight(const struct tcp_conn *c)
{
	return c->snd_nxt - c->snd_una;
}

/* In fast or timeout recovery. */
static inline bool
tcp_repairs(const struct tcp_conn *c)
{
	return c->recovery >= TCP_FAST_RECOVERY;
}

static inline struct tcp_rx_mem
tcp_rx_mem(struct tcp_conn *c)
{
	return (struct tcp_rx_mem){
		.mem = c->t->lc->mem,
		.pool = &c->t->ooo,
		.ledger = &c->t->lc->ledger,
		.account = &c->account,
	};
}

static inline bool
tcp_is_synchronized(const struct tcp_conn *c)
{
	return c->state >= TCP_ESTABLISHED && c->state != TCP_TIME_WAIT;
}

/* --- conn.c: blocks, the table, what is told to the user --- */

/* Thread: control. Return: 0, -ENOMEM. */
int tcp_conns_create(struct tcp *t);
void tcp_conns_destroy(struct tcp *t);

/* Return: the connection of @flow, or NULL. */
struct tcp_conn *tcp_conn_find(struct tcp *t, const struct ip_flow *flow);

/*
 * The same in two steps, between which there is other work: its memory is asked for, of one that receives or of one that @sends,
 * which has more; then it is found, and what else it wants is asked for. @hash: of the flow, in t->flows.
 */
void tcp_conn_expect(const struct tcp *t, uint32_t hash, bool sends);
struct tcp_conn *tcp_conn_expected(struct tcp *t, const struct ip_flow *flow, uint32_t hash,
				   bool sends);

/* Begin a connection in a zeroed block. */
void tcp_conn_init(struct tcp_conn *c, struct tcp *t, const struct ip_flow *flow,
		   const struct tcp_path *path, uint64_t now);

/*
 * A new connection in the table, without options yet: the oldest TIME-WAIT makes room for it.
 * Return: 0, -ENOMEM, -EADDRINUSE, or what env->path() said.
 */
int tcp_conn_new(struct tcp *t, const struct ip_flow *flow, uint64_t now, struct tcp_conn **cp);

/* It is about to send: ask for its memory. */
void tcp_conn_fetch(const struct tcp_conn *c);

/* Serve it in the next tcp_poll(). */
void tcp_conn_dirty(struct tcp_conn *c);

/* Tell the user at the end of the round. */
void tcp_conn_event(struct tcp_conn *c, enum tcp_event ev);

/* It is over: out of the table, nothing more is sent; the user is told at the end of the round. */
void tcp_conn_end(struct tcp_conn *c, int err);

/* Both sides have closed: the user is told, the block waits for late segments. */
void tcp_conn_time_wait(struct tcp_conn *c, uint64_t now);

/* End TIME-WAIT. */
void tcp_conn_discard(struct tcp_conn *c);

/* Reset a connection that no user knows, or end it without a word. */
void tcp_conn_reject(struct tcp_conn *c, uint64_t now);
void tcp_conn_forget(struct tcp_conn *c);

/* Tell the user of @c now. @c may be gone afterwards. */
void tcp_conn_tell(struct tcp_conn *c, uint64_t now);
/* Tell everybody. */
void tcp_conns_tell(struct tcp *t, uint64_t now);

/* The user has taken a first byte, or it is over: it does not count for its listener any more. */
void tcp_conn_leave_backlog(struct tcp_conn *c);

/* Give the blocks of connections that are over back. */
void tcp_conns_reap(struct tcp *t);

/* --- timer.c --- */

void tcp_timer_set(struct tcp_conn *c, enum tcp_timer which, uint64_t deadline);
void tcp_timer_clear(struct tcp_conn *c, enum tcp_timer which);
static inline bool
tcp_timer_is_set(const struct tcp_conn *c, enum tcp_timer which)
{
	return c->deadline[which] != TIMER_NONE;
}
void tcp_timers_init(struct tcp_conn *c);
void tcp_timers_clear(struct tcp_conn *c);

/* --- rtt.c --- */

/* RFC 6298 2. */
void tcp_rtt_sample(struct tcp_conn *c, uint64_t rtt);
/* The timeout with its backoff, ns. */
uint64_t tcp_rto(const struct tcp_conn *c);

/* --- isn.c --- */

/* Of tables of flows. */
uint32_t tcp_hash_seed(const struct tcp *t);

/* Initial sequence number: RFC 6528, with the clock of Linux (64 ns). */
uint32_t tcp_isn(const struct tcp *t, const struct ip_flow *flow, uint64_t now);
/* Where the timestamps of an address pair begin. */
uint32_t tcp_ts_offset(const struct tcp *t, const struct ip_flow *flow);
/* Whose segment it is, for limits by source: an IPv4 address, or the /64 that an IPv6 host chooses its addresses from. */
uint32_t tcp_source_hash(const struct tcp *t, const struct ipaddr *remote);
/* Our timestamp: 1 ms ticks. */
uint32_t tcp_ts_now(const struct tcp_conn *c, uint64_t now);
/* When our timestamp was @ts for the last time, ns: the time is behind it. UINT64_MAX: it never was. */
uint64_t tcp_ts_end(const struct tcp_conn *c, uint32_t ts, uint64_t now);

/* --- listen.c --- */

/*
 * A segment that belongs to no connection. @isn_above: the connection's numbers must begin above it; NULL = any.
 * Return: the half-open connection that it completes and that is to process it, or NULL.
 */
struct tcp_conn *tcp_listen_in(struct tcp *t, const struct ip_flow *flow, uint8_t tos,
			       const struct tcp_segment *s, const uint32_t *isn_above,
			       uint64_t now);
struct tcp_listener *tcp_listener_find(struct tcp *t, const struct ip_flow *flow);
/* Would one more connection of a source of @class find a place, if need be in the place of a greedier source's? */
bool tcp_backlog_may_grow(const struct tcp_listener *l, uint16_t class);
/* It is established: it waits to be read from. */
void tcp_backlog_add(struct tcp_conn *c, uint64_t now);

/* --- open.c --- */

/* What the peer's SYN says: options, window, numbers. */
void tcp_open_syn(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now);
/* The handshake is over. */
void tcp_open_established(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now);
/* A segment in SYN-SENT. Return: true when its payload is to be processed (the connection is established). */
bool tcp_syn_sent_in(struct tcp_conn *c, struct tcp_segment *s, uint8_t tos, uint64_t now);
/* The retransmission timer expired in SYN-SENT or SYN-RECEIVED. */
void tcp_open_timeout(struct tcp_conn *c, uint64_t now);

/* --- close.c --- */

/* The peer's FIN is in order. */
void tcp_fin_in(struct tcp_conn *c, uint64_t now);
/* Our FIN was acknowledged. */
void tcp_fin_acked(struct tcp_conn *c, uint64_t now);
/* A segment in TIME-WAIT. Return: false: it opens a new connection, the old one is gone. */
bool tcp_time_wait_in(struct tcp_conn *c, const struct tcp_segment *s, uint32_t *isn_above,
		      uint64_t now);
/* Reset the peer and end. */
void tcp_conn_reset(struct tcp_conn *c, int err, uint64_t now);

/* --- fast.c --- */

/*
 * Take a segment that was predicted: payload that is next in order, and nothing else. *m is set to NULL then.
 * Return: false: it is another, and nothing was done.
 */
bool tcp_fast_in(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos, struct rte_mbuf **m,
		 uint64_t now);

/* --- in.c, data.c --- */

/* A segment of @c. *m is set to NULL when it was consumed. */
void tcp_conn_in(struct tcp_conn *c, struct tcp_parsed *p, struct rte_mbuf **m, uint64_t now);

/* Payload and FIN of an acceptable segment. *m is set to NULL when it was consumed. */
void tcp_data_in(struct tcp_conn *c, struct tcp_segment *s, struct rte_mbuf **m, uint64_t now);
/* Payload that is next in order, all of it in the window, in a state that takes it. The same of *m. */
void tcp_data_next(struct tcp_conn *c, const struct tcp_segment *s, struct rte_mbuf **m,
		   uint64_t now);

/* --- ack.c --- */

/* The ACK field of a segment in a synchronized state. Return: false: drop the segment. */
bool tcp_ack_in(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now);

/* --- recovery.c, tlp.c, undo.c, cwv.c: recovery.h; ecn.c: ecn.h --- */

/* --- out.c --- */

/* Send what there is to send. */
void tcp_output(struct tcp_conn *c, uint64_t now);

/* --- segment.c: segments as mbufs --- */

/* A segment without payload. Return: false when no mbuf was there. */
bool tcp_send_bare(struct tcp_conn *c, uint8_t flags, uint32_t seq, uint64_t now);
/* SYN or SYN-ACK. */
bool tcp_send_syn(struct tcp_conn *c, uint64_t now);
/*
 * Bytes of payload that the next segment carries, of the @len that may be sent: one full segment, or a large one that the
 * port cuts.
 */
uint32_t tcp_segment_unit(const struct tcp_conn *c, const struct slice *s, uint32_t off,
			  uint32_t len, uint32_t mss);
/* Payload that fits beside the options that are due now. */
uint32_t tcp_segment_mss(const struct tcp_conn *c);
/* A segment with @len bytes from slice @s, offset @off. */
bool tcp_send_data(struct tcp_conn *c, uint32_t seq, const struct slice *s, uint32_t off,
		   uint32_t len, uint8_t flags, uint32_t mss, uint64_t now);

/* --- reply.c: answers outside of the stream --- */

/* RST to a segment that belongs to nobody: RFC 9293 3.10.7.1. */
void tcp_reply_reset(struct tcp *t, const struct ip_flow *flow, uint8_t tos,
		     const struct tcp_segment *s, uint64_t now);
/* Challenge ACK, RFC 5961 3 to 5: limited. */
void tcp_reply_challenge(struct tcp_conn *c, uint64_t now);
/* ACK of a segment outside of the window; @limited when it carried nothing, so that two ends cannot answer each other. */
void tcp_reply_stray(struct tcp_conn *c, bool limited, uint64_t now);

/* --- window.c: the receive window --- */

/* The window field of the next segment; what it announces is a promise from here on. */
uint16_t tcp_window_field(struct tcp_conn *c, bool syn);
/* Would an ACK open the window so far that the peer should know at once? */
bool tcp_window_update_due(struct tcp_conn *c);
/* The user took @n bytes: autotuning. */
void tcp_window_tune(struct tcp_conn *c, uint32_t n, uint64_t now);
/* Length of a round trip as the receiver sees it. */
void tcp_window_rtt(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now);

/* --- path.c --- */

/* Segment size from the path and the peer's option. */
void tcp_path_mss(struct tcp_conn *c);
/* What we announce. */
uint16_t tcp_path_mss_own(const struct tcp_conn *c);
/* Largest IP packet that interface and peer allow. */
uint16_t tcp_path_limit(const struct tcp_conn *c);
/* Payload of an IP packet of @size bytes, beside the options that each segment has. */
uint32_t tcp_path_payload(const struct tcp_conn *c, uint16_t size);
/* Ask for the path again: a route or an MTU may have changed. */
void tcp_path_refresh(struct tcp_conn *c, uint64_t now);

/* --- pmtud.c, see pmtud.h --- */

/*
 * What became of a probe. To be called when losses were judged and congestion is not answered yet, and before
 * anything is sent again: the ACK of a repetition would say that the probe passed.
 */
static inline void
tcp_pmtud_judge(struct tcp_conn *c, uint64_t now)
{
	if (c->pmtud.probe != NULL)
		tcp_pmtud_judge_probe(c, now);
}
