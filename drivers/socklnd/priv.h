/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside socklnd. A peer = (NI, remote NID, pid) lives on its home worker with all its connections; everything here but
 * struct socklnd and struct socklnd_ni belongs to that worker.
 *
 *   struct socklnd          the driver: settings, pools              control, const for workers
 *   struct socklnd_cpt      its part of one worker: listeners        worker
 *   struct socklnd_ni       a network interface                      control, const for workers
 *   struct socklnd_ni_cpt   its part of one worker: table of peers   worker
 *   struct socklnd_peer     connections, dial, waiting messages      worker
 *   struct socklnd_conn     one TCP connection, from its first byte  worker
 *
 * Calls into LNet may call back into the driver (a completed send wakes the next one; a peer reported down is closed).
 * So what walks over an object across such a call holds it: socklnd_conn_hold(), socklnd_peer_hold().
 */
#pragma once

#include "drivers/socklnd/ackset.h"
#include "drivers/socklnd/socklnd.h"
#include "drivers/socklnd/wire.h"
#include "drivers/tcp/tcp.h"
#include "lnet/base/counter.h"
#include "lnet/base/event.h"
#include "lnet/base/fair.h"
#include "lnet/base/lcore.h"
#include "lnet/base/timer.h"

#include <sys/queue.h>

#define NS_PER_SEC UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* Bytes handed to TCP and not transmitted yet: enough to keep it busy for a round, little enough to choose late. */
#define SOCKLND_UNSENT_MAX (256u * 1024)
#define SOCKLND_EARLY_MAX 4096u /* payload up to this is complete at first transmission */
#define SOCKLND_NOOPS_MAX 64u /* NOOPs that TCP may hold; further acks wait and merge */
#define SOCKLND_RETRY_NS (10 * NS_PER_MS) /* after want of buffers */
#define SOCKLND_LINGER_NS (5 * NS_PER_SEC) /* of a closed connection, for the peer to close too */
#define SOCKLND_STOP_LINGER_NS NS_PER_SEC /* the same while its NI stops */
#define SOCKLND_ACK_HOLD_NS (10 * NS_PER_SEC) /* due acks wait so long for a BULK_IN */
#define SOCKLND_KEEPALIVE_MIN_NS (10 * NS_PER_SEC) /* between two keepalive NOOPs */
#define SOCKLND_STRIKES 3
#define SOCKLND_BUCKETS 1024 /* of a table of peers; a power of two */

/* Header of a message: 120 bytes. A HELLO with its address list: 72 + 64. */
#define SOCKLND_HEAD_MAX (LNET_HDR4_SIZE + 4 * SOCKLND_HELLO_IPS_MAX)
_Static_assert(SOCKLND_HEAD_MAX >= SOCKLND_KSOCK_SIZE + LNET_HDR_MAX, "a header must fit");

enum socklnd_counter {
#define COUNTER(id, name, help) SOCKLND_##id,
#include "drivers/socklnd/counter.def"
#undef COUNTER
	SOCKLND_COUNTERS
};

struct pool;
struct socklnd_conn;
struct socklnd_ni_cpt;
struct socklnd_peer;
TAILQ_HEAD(socklnd_conns, socklnd_conn);
TAILQ_HEAD(socklnd_peers, socklnd_peer);
LIST_HEAD(socklnd_bucket, socklnd_peer);

struct socklnd {
	struct socklnd_env env;
	struct socklnd_config cfg;
	struct pool *peers, *conns;
	struct socklnd_cpt *cpts; /* by worker */
	TAILQ_HEAD(, socklnd_ni) nis; /* control */
};

/* A TCP listener; NIs on the same address share it. */
struct socklnd_listener {
	TAILQ_ENTRY(socklnd_listener) link;
	struct socklnd_cpt *sc;
	struct tcp_listener *tcp;
	struct ipaddr addr;
	uint16_t port;
	unsigned int users; /* NIs */
};

struct socklnd_cpt {
	/* const after creation */
	struct socklnd *s;
	struct lcore *lc;
	const struct buf_mem *mem;
	struct tcp *tcp;
	unsigned int index;

	/* owner */
	struct lnet_cpt *cpt; /* known from the first attach() on */
	TAILQ_HEAD(, socklnd_ni_cpt) nis; /* attached */
	TAILQ_HEAD(, socklnd_listener) listeners;
	struct socklnd_conns conns; /* all, in every state */
	unsigned int n_conns;
	struct fair handshakes; /* passive ones that are unfinished */
	bool rx_running; /* receiving never nests: what becomes ready meanwhile waits in rx_ready */
	struct socklnd_conns rx_ready;
	bool loop_running; /* the same for messages to ourselves */
	struct lnet_msg_queue looped;
	struct event_limit limits[SOCKLND_COUNTERS];

	/* any thread reads */
	uint64_t counters[SOCKLND_COUNTERS];
};

struct socklnd_ni_cpt {
	struct socklnd_ni *sni;
	struct lnet_ni *ni;
	struct socklnd_cpt *sc;
	TAILQ_ENTRY(socklnd_ni_cpt) link; /* sc->nis */
	bool attached; /* detach() has not finished */
	bool stopping;
	unsigned int n_conns; /* connections that name it, in every state */
	unsigned int n_looped; /* messages to ourselves under way */
	unsigned int n_peers;
	struct socklnd_peers peers;
	struct socklnd_bucket buckets[SOCKLND_BUCKETS];
};

struct socklnd_ni {
	TAILQ_ENTRY(socklnd_ni) link; /* control */
	struct lnet_ni *ni;
	unsigned int iface;
	struct ipaddr local; /* address of the NID */
	struct ipaddr other; /* first address of the other family, unspecified if none */
	uint64_t timeout; /* ns, LND timeout */
	struct socklnd_ni_cpt cpts[]; /* by worker */
};

enum socklnd_dial_state {
	DIAL_IDLE,
	DIAL_SCHEDULED, /* goes on at dial.next_try */
	DIAL_CONNECTING, /* the race rule counts from here (5.3) */
};

/* Our own efforts to connect; a peer that came to us has none (5.2). */
struct socklnd_dial {
	bool exists;
	bool struck_out; /* the peer takes no more; ask again when the set is rebuilt */
	bool full[SOCKLND_TYPES]; /* it takes no more of this type */
	enum socklnd_dial_state state;
	struct ipaddr addr;
	int n; /* of each bulk type, snapshot */
	unsigned int strikes;
	unsigned int interval_s; /* back-off */
	uint64_t next_try;
	uint64_t run_deadline;
	struct socklnd_conn *conn; /* while connecting */
};

struct socklnd_peer {
	LIST_ENTRY(socklnd_peer) bucket_link;
	TAILQ_ENTRY(socklnd_peer) link; /* ni_cpt's list */
	struct socklnd_ni_cpt *nc;
	struct lnet_nid nid;
	uint32_t pid;
	unsigned int hold;
	bool unlinked; /* freed when nobody holds it any more */

	struct socklnd_conns conns; /* running, newest first */
	unsigned int n_conns;
	unsigned int version; /* remembered, 0 = none (4.5) */
	uint64_t incarnation; /* valid while there are connections */
	int error; /* why the last connection went, 0 = in order */
	struct socklnd_dial dial;
	struct lnet_msg_queue waiting; /* for a connection; lnd_mark = deadline */
	struct socklnd_ackset acks;
	uint64_t acks_since; /* the oldest of them */
	uint64_t last_alive, last_keepalive;
	struct timer timer;
};

enum socklnd_conn_state {
	CONN_REQUEST, /* passive: reads the connection request */
	CONN_HELLO, /* passive: reads HELLO */
	CONN_CONNECTING, /* active: TCP's handshake */
	CONN_REPLY, /* active: reads the reply */
	CONN_RUNNING,
	CONN_CLOSING, /* no peer any more; TCP ends */
	CONN_DEAD, /* TCP has ended */
};

/* Receiver of a running connection (11.1). */
enum socklnd_rx_state {
	RX_KSOCK,
	RX_LNET,
	RX_PARSE, /* inside lnet_parse() */
	RX_WAIT, /* for LNet's recv: the connection is not read, its window closes */
	RX_PAYLOAD,
	RX_SLOP, /* bytes that nobody wants */
};

struct socklnd_conn {
	struct socklnd_cpt *sc;
	struct socklnd_ni_cpt *nc; /* NULL until the connection request names it */
	struct socklnd_peer *peer; /* running, or dialled for it */
	struct tcp_conn *tcp; /* NULL when dead */
	struct ip_flow flow;
	enum socklnd_conn_state state;
	enum socklnd_type type; /* ours */
	const struct socklnd_proto *proto; /* running: of the connection; dialling: proposed */
	bool active;
	bool user; /* peer in user space: NID and pid are from its address (4.6) */
	bool swap; /* its ksock headers */
	unsigned int hold;
	struct fair_link handshake; /* sc->handshakes */
	TAILQ_ENTRY(socklnd_conn) link; /* sc->conns */
	TAILQ_ENTRY(socklnd_conn) peer_link; /* peer->conns; a list of those being closed */
	TAILQ_ENTRY(socklnd_conn) ready_link; /* sc->rx_ready */
	bool ready;
	struct timer timer;

	/* receive */
	enum socklnd_rx_state rx_state;
	unsigned int have, need; /* bytes of head; need also drives the handshake's stages */
	uint8_t head[SOCKLND_HEAD_MAX];
	uint64_t rx_last; /* when bytes were last consumed */
	uint64_t rx_granted; /* when rx_msg got its buffer */
	struct socklnd_ksock ksock;
	struct lnet_hdr hdr;
	struct lnet_msg *rx_msg;
	uint32_t rx_left, rx_skip; /* payload still to come: wanted, not wanted */
	uint32_t rx_before; /* bytes of rx_msg->payload that are not ours */
	bool rx_whole; /* LNet takes all of the payload: the checksum counts */

	/* send */
	struct lnet_msg_queue txq; /* not given to TCP yet */
	uint64_t txq_bytes;
	struct lnet_msg_queue early,
		late; /* with TCP: complete when transmitted, when acknowledged */
	uint64_t acked; /* as last seen */
	uint64_t tx_last; /* progress, or the queue began to fill */
	uint64_t tx_used; /* last chosen */
	bool retry; /* out of buffers: again at the timer */
	unsigned int noops; /* NOOPs not acknowledged yet, the last of them up to noop_mark */
	uint64_t noop_mark;
	struct {
		uint64_t mark, bytes;
	} sent[2]; /* LEDGER_SENT held until acknowledged up to mark; [0] the older */
};

/* --- socklnd.c --- */

static inline void
socklnd_count(struct socklnd_cpt *sc, enum socklnd_counter c)
{
	counter_add(&sc->counters[c], 1);
}

static inline void
socklnd_count_n(struct socklnd_cpt *sc, enum socklnd_counter c, uint64_t n)
{
	counter_add(&sc->counters[c], n);
}

/* Count, and tell the operator at a limited rate. */
void socklnd_complain(struct socklnd_cpt *sc, enum socklnd_counter c, uint64_t now, const char *fmt,
		      ...) __attribute__((format(printf, 4, 5)));

/* --- accept.c: listeners and connection requests --- */
int socklnd_listen(struct socklnd_ni_cpt *nc, uint64_t now);
void socklnd_unlisten(struct socklnd_ni_cpt *nc, uint64_t now);
/* Bytes have arrived in CONN_REQUEST. */
void socklnd_accept_readable(struct socklnd_conn *c, uint64_t now);

/* --- hello.c: HELLO of both sides --- */
/* Passive: bytes have arrived in CONN_HELLO. Active: in CONN_REPLY. */
void socklnd_hello_readable(struct socklnd_conn *c, uint64_t now);
/* Active: TCP is connected, say connection request and HELLO. */
void socklnd_hello_dial(struct socklnd_conn *c, uint64_t now);

/* --- conn.c: connections --- */
extern const struct tcp_ops socklnd_tcp_ops;

/* NULL when there is none left. */
struct socklnd_conn *socklnd_conn_new(struct socklnd_cpt *sc, enum socklnd_conn_state state);
/* Tie it to an NI, so that the NI does not go before it. */
void socklnd_conn_set_ni(struct socklnd_conn *c, struct socklnd_ni_cpt *nc);
/* Never seen by TCP: give the object back. */
void socklnd_conn_free(struct socklnd_conn *c);
void socklnd_conn_hold(struct socklnd_conn *c);
/* May free @c. */
void socklnd_conn_release(struct socklnd_conn *c);
/*
 * Move more of the stream into c->head until it holds c->need bytes. Return: true when it does.
 */
bool socklnd_conn_fill(struct socklnd_conn *c, uint64_t now);
/* The handshake succeeded: it is one of the peer's connections from now on. */
void socklnd_conn_run(struct socklnd_conn *c, uint64_t now);
/* End of a connection that is not running; says nothing to the peer. */
void socklnd_conn_end(struct socklnd_conn *c, uint64_t now);

/* An unfinished handshake ends at once: its place is another's. */
void socklnd_conn_displace(struct socklnd_conn *c, uint64_t now);
/* A running connection fails (@err < 0) or ends (0): it and its siblings are closed (T1). */
void socklnd_conn_fail(struct socklnd_conn *c, int err, uint64_t now);
/* Close the peer's connections to @remote (NULL: all). Messages on them fail. */
void socklnd_conns_close(struct socklnd_peer *p, const struct ipaddr *remote, int err,
			 uint64_t now);
/* Make sure that the timer fires for the deadlines of 10.1. */
void socklnd_conn_arm(struct socklnd_conn *c, uint64_t now);
/* A closed connection ends at @deadline at the latest, whatever the peer does. */
void socklnd_conn_linger(struct socklnd_conn *c, uint64_t deadline);

/* --- peer.c: peers --- */
struct socklnd_peer *socklnd_peer_find(struct socklnd_ni_cpt *nc, const struct lnet_nid *nid,
				       uint32_t pid);
/* One of this NID, whatever its pid, that has connections, a dial or messages; NULL if none has. */
struct socklnd_peer *socklnd_peer_find_busy(struct socklnd_ni_cpt *nc, const struct lnet_nid *nid);
/* NULL when all are in use. */
struct socklnd_peer *socklnd_peer_get(struct socklnd_ni_cpt *nc, const struct lnet_nid *nid,
				      uint32_t pid, uint64_t now);
void socklnd_peer_hold(struct socklnd_peer *p);
/* May free @p: an entry without connections, dial and messages goes. */
void socklnd_peer_release(struct socklnd_peer *p, uint64_t now);
/* The last connection is gone. */
void socklnd_peer_down(struct socklnd_peer *p, uint64_t now);
/* Close everything and forget it; messages fail with @err. */
void socklnd_peer_delete(struct socklnd_peer *p, int err, uint64_t now);
/* A connection was added: give it what waits for it. */
void socklnd_peer_drain(struct socklnd_peer *p, uint64_t now);
/* Fail what waits for a connection. */
void socklnd_peer_fail_waiting(struct socklnd_peer *p, int err, enum lnet_health health,
			       uint64_t now);
/* Tell LNet, unless the rules of 10.4 forbid it. */
void socklnd_peer_notify(struct socklnd_peer *p, uint64_t now);
/* Let the timer fire no later than @deadline. */
void socklnd_peer_arm(struct socklnd_peer *p, uint64_t deadline);
unsigned int socklnd_peer_count(const struct socklnd_peer *p, enum socklnd_type type,
				const struct ipaddr *local, const struct ipaddr *remote);
static inline bool
socklnd_peer_is_user(const struct socklnd_peer *p)
{
	return (p->pid & SOCKLND_PID_USER) != 0;
}

/* --- dial.c: our own connects --- */
/* Make the dial record. Return: 0, -EAFNOSUPPORT. */
int socklnd_dial_init(struct socklnd_peer *p);
/* Is a type missing, nothing running, and the back-off over? Then start. Return: true when a dial is under way. */
bool socklnd_dial_kick(struct socklnd_peer *p, uint64_t now);
/* The timer of a scheduled dial fired. */
void socklnd_dial_resume(struct socklnd_peer *p, uint64_t now);
/* Results of an attempt (5.5). */
void socklnd_dial_succeeded(struct socklnd_peer *p, uint64_t now);
enum socklnd_retry {
	RETRY_LATER, /* the peer said no; in a second */
	RETRY_NOW, /* other version, or the old connections were stale */
};
void socklnd_dial_retry(struct socklnd_peer *p, enum socklnd_retry how, enum socklnd_type type,
			uint64_t now);
void socklnd_dial_failed(struct socklnd_peer *p, int err, uint64_t now);
/* Break off without a word to LNet. */
void socklnd_dial_cancel(struct socklnd_peer *p, uint64_t now);
/* Version that a dial proposes: the remembered one, else V3 if it can carry both NIDs, else V4 (4.5). */
unsigned int socklnd_dial_version(const struct socklnd_peer *p);
/* Our address towards @remote, NULL when there is none of its family. Any thread. */
const struct ipaddr *socklnd_local_addr(const struct socklnd_ni *sni, const struct ipaddr *remote);

/* --- tx.c: sending --- */
int socklnd_send(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);
/* Give @msg to a connection of @p that may carry it. Return: false if there is none. */
bool socklnd_tx_queue(struct socklnd_peer *p, struct lnet_msg *msg, uint64_t now);
/* Hand queued messages to TCP. */
void socklnd_tx_push(struct socklnd_conn *c, uint64_t now);
/* TCP transmitted or the peer acknowledged. */
void socklnd_tx_progress(struct socklnd_conn *c, uint64_t now);
/* Fail everything; TCP must not hold payload of it any more. */
void socklnd_tx_flush(struct socklnd_conn *c, int err, uint64_t now);
/* Is a message with TCP that is not complete? */
bool socklnd_tx_started(const struct socklnd_conn *c);
/* Does anything wait to be sent or acknowledged? */
bool socklnd_tx_active(const struct socklnd_conn *c);
void socklnd_tx_fail(struct socklnd_cpt *sc, struct lnet_msg *msg, int err, enum lnet_health health,
		     uint64_t now);
/* Return: 0, -EAFNOSUPPORT: a NID of @h does not fit. */
int socklnd_tx_fits(const struct socklnd_proto *proto, const struct lnet_hdr *h);

/* --- choose.c: which connection (8.1, 8.2) --- */
struct socklnd_conn *socklnd_choose(const struct socklnd_peer *p, const struct lnet_msg *msg);
struct socklnd_conn *socklnd_choose_noop(const struct socklnd_peer *p);

/* --- zcack.c: acknowledgements and keepalive --- */
/* @cookie of a message of @c is due. Return: 0, < 0: protocol error. */
int socklnd_ack_due(struct socklnd_conn *c, uint64_t cookie, uint64_t now);
/* Send what is due and can be sent. */
void socklnd_ack_flush(struct socklnd_peer *p, uint64_t now);
void socklnd_ack_drop(struct socklnd_peer *p);
/* Keepalive, if it is time. Return: when to ask again. */
uint64_t socklnd_keepalive(struct socklnd_peer *p, uint64_t now);

/* --- rx.c: receiving --- */
void socklnd_rx_start(struct socklnd_conn *c, uint64_t now);
/* Work through what has arrived. */
void socklnd_rx_run(struct socklnd_conn *c, uint64_t now);
void socklnd_recv(struct lnet_cpt *cpt, void *rx, struct lnet_msg *msg, uint32_t want,
		  uint64_t now);
/* The connection is over: what is half received fails. */
void socklnd_rx_abort(struct socklnd_conn *c, uint64_t now);
/* Is a message begun and not complete? */
bool socklnd_rx_started(const struct socklnd_conn *c);
/* Append @src to @dst by copying into the room of @dst's own last mbuf. Return: 0, -ENOMEM (nothing moved). */
int socklnd_rx_pack(struct buf *dst, const struct buf_mem *mem, struct buf *src);

/* --- loop.c: messages to an own NID --- */
/* Is it one? Then it is taken over and delivered here. */
bool socklnd_loop_send(struct socklnd_ni_cpt *nc, struct lnet_msg *msg, uint64_t now);
bool socklnd_loop_is_token(const void *rx);
void socklnd_loop_recv(struct lnet_cpt *cpt, void *rx, struct lnet_msg *msg, uint32_t want,
		       uint64_t now);

/* --- config.c --- */
int socklnd_timeout_s(const struct socklnd_config *cfg);

/* Worker where @peer lives: the hash of its address pair. Any thread. */
unsigned int socklnd_home(const struct lnet_ni *ni, const struct lnet_nid *peer);

static inline uint64_t
socklnd_timeout(const struct socklnd_conn *c)
{
	return c->nc->sni->timeout;
}
