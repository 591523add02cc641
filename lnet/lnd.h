/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tier 2 of the core: what a network driver (LND) implements and may call.
 *
 * Threads: struct lnet_cpt is the core's part of one worker lcore; a function that takes one runs there. A peer, all its
 * connections and credits live on one worker: its home, which the LND names. The core hands a message over to the home of
 * its next hop before it calls send().
 *
 * Ownership of a message: the core's, except between send() and lnet_finalize(), and between recv() and lnet_recv_done().
 * An accepted send or recv is completed exactly once.
 */
#pragma once

#include "lnet/base/buf.h"
#include "lnet/nid.h"
#include "lnet/wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct lcore;
struct lnet;
struct lnet_cpt;
struct lnet_msg;
struct tel_out;

#define LNET_IFNAME_MAX 32
#define LNET_CPTS_MAX 64

/* What the LND makes of failures; the number decides who is charged (LNet core spec 9.3, socklnd spec 10.5). */
enum lnet_health {
	LNET_HEALTH_OK = 0,
	LNET_HEALTH_LOCAL_INTERRUPT,
	LNET_HEALTH_LOCAL_DROPPED,
	LNET_HEALTH_LOCAL_ABORTED,
	LNET_HEALTH_LOCAL_NO_ROUTE,
	LNET_HEALTH_LOCAL_ERROR,
	LNET_HEALTH_LOCAL_TIMEOUT,
	LNET_HEALTH_REMOTE_ERROR,
	LNET_HEALTH_REMOTE_DROPPED,
	LNET_HEALTH_REMOTE_TIMEOUT,
	LNET_HEALTH_NETWORK_TIMEOUT,
};

/* Settings of a network interface; -1 = the LND's default, filled in by ni_start(). */
struct lnet_ni_tunables {
	int peer_timeout; /* s */
	int peer_credits, peer_buffer_credits, credits;
	int conns_per_peer; /* 0 = from link speed */
	int tos; /* -1 = leave */
	int timeout; /* LND timeout, s */
};

static inline void
lnet_ni_tunables_unset(struct lnet_ni_tunables *t)
{
	*t = (struct lnet_ni_tunables){-1, -1, -1, -1, -1, -1, -1};
}

/* A local network interface. const for the LND but where said. */
struct lnet_ni {
	/* const after creation */
	struct lnet *lnet;
	const struct lnet_lnd *lnd;
	struct lnet_nid nid; /* set by ni_start() */
	uint32_t net;
	unsigned int index; /* small and unique among the NIs that live, for tables */
	char ifname[LNET_IFNAME_MAX];
	uint64_t incarnation; /* unique per start: wall-clock ns */
	struct lnet_ni_tunables tun;

	/* LND's */
	void *lnd_data; /* set by ni_start(), used on all threads */
	void *lnd_cpt_data[LNET_CPTS_MAX]; /* by worker index; set by attach() on that worker */

	/* core's */
	struct lnet_ni_state *state;
};

/* A message as an LND sees it. */
struct lnet_msg {
	struct lnet_hdr hdr;
	struct buf payload; /* send: the bytes to send; recv: where received bytes go (append) */
	struct lnet_ni *ni; /* send: the interface it leaves by; recv: the one it came by */
	struct lnet_nid next_hop; /* send: whom to give it to */
	uint64_t deadline; /* send: ns, when it has no value any more; UINT64_MAX = never */
	TAILQ_ENTRY(lnet_msg) link; /* of the owner's queue: the LND's while it owns the message */
	void *lnd_priv; /* the LND's while it owns the message */
	uint64_t lnd_mark; /* likewise */
	enum lnet_health health; /* set by the LND before lnet_finalize() of a failed send */
	struct lnet_msg_state *state; /* core's */
};
TAILQ_HEAD(lnet_msg_queue, lnet_msg);

/* An LND with its context, as the application registers it. */
struct lnet_lnd {
	const struct lnet_lnd_ops *ops;
	void *ctx;
};

struct lnet_lnd_ops {
	const char *name; /* net type's text: "tcp" */
	unsigned int type; /* enum lnet_net_type */
	bool large_nids; /* can carry NIDs of more than 4 address bytes on some connection */

	/*
	 * Resolve ni->ifname (empty: the LND's default), set ni->nid and lnd_data, fill in tunables that are -1.
	 * @why (@why_size bytes): reason of a failure for the operator.
	 * Thread: control. Return: 0, -ENODEV, -EADDRNOTAVAIL, -EINVAL, -ENOMEM.
	 */
	int (*ni_start)(void *ctx, struct lnet_ni *ni, char *why, unsigned int why_size);
	/* All detached. Thread: control. */
	void (*ni_stop)(void *ctx, struct lnet_ni *ni);

	/* Start and stop on one worker; after attach() peers may connect. detach() closes all connections and may need time:
	 * it is called again until it returns 0 (number of things still alive). Thread: lcore. */
	int (*attach)(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now);
	unsigned int (*detach)(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now);

	/* Worker where everything of this peer lives. Pure, any thread. */
	unsigned int (*home)(const struct lnet_ni *ni, const struct lnet_nid *peer);

	/*
	 * Send @msg to msg->next_hop by msg->ni. Thread: lcore (home of the next hop).
	 * Return: 0 accepted: lnet_finalize() follows, perhaps before this returns; < 0 refused (msg->health set), the core
	 * keeps the message: -EHOSTUNREACH, -EAFNOSUPPORT (a large NID on a connection that cannot carry it), -ENOMEM.
	 */
	int (*send)(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);

	/*
	 * Answer to lnet_parse(): receive the payload of the message of token @rx. @msg NULL: discard all of it.
	 * Otherwise append the first @want bytes to msg->payload, skip the rest, then lnet_recv_done().
	 * May be called inside lnet_parse() or any time later. Thread: lcore.
	 */
	void (*recv)(struct lnet_cpt *cpt, void *rx, struct lnet_msg *msg, uint32_t want,
		     uint64_t now);

	/* The core gave this peer up: close its connections. Thread: lcore. May be NULL. */
	void (*peer_down)(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer,
			  uint64_t now);

	/* Keys below "lnd tunables" of net show. Thread: control. May be NULL. */
	void (*show)(const struct lnet_ni *ni, struct tel_out *out);
};

/* --- what an LND calls --- */

/* The worker's own things. */
struct lcore *lnet_cpt_lcore(struct lnet_cpt *cpt);
/* CPT of a worker. */
struct lnet_cpt *lnet_cpt_of(struct lnet *l, unsigned int worker);

/* Interface with exactly this NID, or NULL; valid until the worker's next round. Thread: lcore. */
struct lnet_ni *lnet_ni_find(struct lnet_cpt *cpt, const struct lnet_nid *nid);

/*
 * A message's header has arrived.
 * @from	NID of the peer on the other end of the connection (not the header's source)
 * @rx		the LND's token, given back with recv()
 * Return: 0: exactly one recv() comes, perhaps it came already; < 0: protocol error (spec section 4), the LND closes the
 * connection, no recv() comes.
 */
int lnet_parse(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	       const struct lnet_nid *from, void *rx, uint64_t now);

/* All wanted bytes are in msg->payload (@rc 0), or the connection broke before (@rc < 0). The core owns @msg again. */
void lnet_recv_done(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now);

/* A send is over; @rc 0 or -errno with msg->health set. The core owns @msg again, its payload too (if it is still there). */
void lnet_finalize(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now);

/* The transport made progress towards the peer (bytes acknowledged): feeds the stopped-next-hop policy. */
void lnet_peer_progress(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer,
			uint64_t now);

/* The last connection to the peer died of an error, or a dial failed (socklnd spec 10.4). */
void lnet_peer_notify_down(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer,
			   uint64_t last_alive, uint64_t now);

/* The link of the NI's interface changed (socklnd spec 10.6). Thread: control. */
void lnet_ni_set_fatal(struct lnet_ni *ni, bool fatal, uint64_t now);
