/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local network interfaces and the nets they are on. The control thread makes them, attaches them to every worker,
 * publishes them; and takes them away in the reverse order, which needs time: connections close, messages come home.
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/peer.h"
#include "lnet/stats.h"

#include <stdatomic.h>

struct lnet_net_conf;

/* A local net: what its NIs have in common. */
struct lnet_net {
	TAILQ_ENTRY(lnet_net) link; /* control */
	uint32_t net;
	unsigned int n_nis, refs; /* control: live ones; with those on their way out */
	/* any: ns of the last GET on portal 0 of another node (4.1 check 4, 6.6) */
	_Atomic uint64_t last_ping;
};
TAILQ_HEAD(net_list, lnet_net);

/* An NI's part on one worker: owner, but the counters. */
struct ni_cpt {
	int tx_credits, tx_min, tx_max; /* < 0: number that waits in tx_q */
	struct lnet_msg_queue tx_q;
	struct peer_list peers;
	unsigned int msgs; /* messages at home here that name it */
	struct traffic traffic; /* any: relaxed counters */
} __attribute__((aligned(64)));

struct lnet_ni_state {
	/* const after creation */
	struct lnet_ni *ni;
	struct lnet_net *net;
	struct ni_cpt *cpts; /* [n_cpts] */

	/* any */
	_Atomic bool is_up; /* status as pings tell it, unless fatal (6.6) */
	_Atomic bool is_fatal; /* the LND's flag: link down */
	_Atomic bool is_closing; /* nothing new by this interface */

	/* control */
	TAILQ_ENTRY(lnet_ni_state) link;
	bool is_started; /* ni_start() worked */
	unsigned int n_attached; /* workers 0..n-1 that have to be detached */
};
TAILQ_HEAD(ni_list, lnet_ni_state);

struct ni_cpt *ni_cpt(const struct lnet_ni *ni, const struct lnet_cpt *cpt);

/* Router credits of each of its peers (7.2). */
int ni_peer_rtr_credits(const struct lnet_ni *ni);

static inline bool
ni_is_lo(const struct lnet_ni *ni)
{
	return ni->net >> 16 == LNET_TYPE_LO;
}

/* What pings say: DOWN when fatal, else the stored status. Any thread. */
bool ni_shows_up(const struct lnet_ni *ni);
bool ni_is_fatal(const struct lnet_ni *ni);
bool ni_is_closing(const struct lnet_ni *ni);

/*
 * Make an NI, start it, attach it to all workers, put it into l->nis, so that the next snapshot has it.
 * Return: 0; -EINVAL (no such LND), -EEXIST, -ENOMEM, what the LND said. On failure it is gone or on its way out (ni_retire()).
 */
int ni_add(struct lnet *l, const struct lnet_net_conf *conf, uint64_t now, struct lnet_ni **nip,
	   char *why, unsigned int why_size);

/* Out of l->nis; publish before the next ni_drain(). */
void ni_retire(struct lnet *l, struct lnet_ni *ni);

/* Undo ni_retire(), before the next ni_drain(). */
void ni_unretire(struct lnet *l, struct lnet_ni *ni);

/* Go on closing what was retired. Return: interfaces still there. */
unsigned int ni_drain(struct lnet *l, uint64_t now);

/* Status by the rule of 6.6 on a router: nobody pinged on the net for @limit ns. */
void ni_age(struct lnet *l, uint64_t limit, uint64_t now);

/* Number of interfaces beside the loopback. */
unsigned int ni_count(const struct lnet *l);
struct lnet_net *net_find(struct lnet *l, uint32_t net);
