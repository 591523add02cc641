/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tier 1 of the core: what the application and services may call. One struct lnet is one LNet node; several may live in
 * one process. Everything here runs on the control thread unless said otherwise. What an operator asks for comes
 * through the commands of lnet_tel_register().
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/nid.h"

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct lcore;
struct lnet;
struct quiesce;
struct tel;

struct lnet_net_conf {
	uint32_t net;
	char ifname[LNET_IFNAME_MAX]; /* empty = the LND's default interface */
	struct lnet_ni_tunables tun;
};

struct lnet_route_conf {
	uint32_t net;
	struct lnet_nid gateway;
	int hops; /* 1..255; -1 = undefined */
	int priority; /* 0 = best */
};

/* Module parameters with LNet's names and defaults (control spec 7.1); times in s. */
struct lnet_params {
	const struct lnet_net_conf
		*nets; /* `networks`, parsed (cfg/modparams.h); must outlive the node */
	unsigned int n_nets;
	const struct lnet_route_conf *routes; /* `routes`, parsed; must outlive the node */
	unsigned int n_routes;
	int forwarding; /* 1 enabled, 0 disabled, -1 unset: only if `routes` names a NID of ours as gateway */
	int tiny_router_buffers, small_router_buffers,
		large_router_buffers; /* totals; 0 = 2048, 16384, 1024 */
	int peer_buffer_credits;
	int alive_router_check_interval, router_ping_timeout;
	int transaction_timeout, retry_count;
	int max_peers; /* bound of the peer table, per worker (spec trap 46) */
	uint64_t stall_ns; /* stopped next hop: no progress for so long */
	uint64_t wall_ns; /* wall clock at start: interface cookie and incarnations */
};
void lnet_params_default(struct lnet_params *p);

/* Classes of router buffers (spec 7.1). */
enum lnet_rtr_class {
	LNET_RTR_TINY,
	LNET_RTR_SMALL,
	LNET_RTR_LARGE,
	LNET_RTR_CLASSES
};

/* Buffers of a class on each of @n_cpts CPTs: max(1, total / n_cpts) with 0 = the default total. Pure. */
unsigned int lnet_params_buffers(const struct lnet_params *p, enum lnet_rtr_class class,
				 unsigned int n_cpts);

/*
 * What a channel between two CPTs has to hold: all messages that can exist on the one, and those of the other on their way back.
 * Pure.
 */
unsigned int lnet_params_messages(const struct lnet_params *p, unsigned int n_cpts);

/* What the core needs from the application. */
struct lnet_env {
	struct lcore **lcores;
	unsigned int n_lcores;
	struct channel *channel; /* NULL with one worker */
	struct quiesce *quiesce;
	const struct lnet_lnd *lnds;
	unsigned int n_lnds;
	/* Wall clock, ns since 1970; used only for values that must be unique across restarts. */
	uint64_t (*wall_clock)(void *ctx);
	void *ctx;
};

/* Loaded: memory and workers' parts, no network. Return: 0, -ENOMEM, -EINVAL (a parameter; @why says which and what is allowed). */
int lnet_create(const struct lnet_env *env, const struct lnet_params *params, uint64_t now,
		struct lnet **lp, char *why, unsigned int why_size);

/* Unconfigured first. */
void lnet_destroy(struct lnet *l);

/*
 * Bring up the loopback NI and, with @all, the networks, routes and forwarding of the parameters. Everything or nothing.
 * Already configured: 0, nothing changes. Return: 0, -errno with @why.
 */
int lnet_configure(struct lnet *l, bool all, uint64_t now, char *why, unsigned int why_size);

/*
 * Take all down in the order of spec section 13. Connections need time to close: -EINPROGRESS until lnet_is_configured() is false;
 * lnet_control() goes on with it. Not configured: 0.
 */
int lnet_unconfigure(struct lnet *l, uint64_t now);

enum lnet_state {
	LNET_DOWN,
	LNET_STARTING,
	LNET_UP,
	LNET_STOPPING,
};
enum lnet_state lnet_state(const struct lnet *l);
bool lnet_is_configured(const struct lnet *l);
bool lnet_is_routing(const struct lnet *l);
/* No message is under way: every router buffer and credit is back. */
bool lnet_is_idle(const struct lnet *l);

/*
 * Add and remove at run time; Return codes and texts: control spec 3.4. A removed interface is out of use at once; its connections
 * close in the background (lnet_control()), until then the same NID is refused with -EBUSY.
 */
int lnet_net_add(struct lnet *l, const struct lnet_net_conf *conf, uint64_t now, char *why,
		 unsigned int why_size);
int lnet_net_del(struct lnet *l, uint32_t net, const char *ifname, uint64_t now, char *why,
		 unsigned int why_size);
/* @hops -1 = undefined */
int lnet_route_add(struct lnet *l, uint32_t net, const struct lnet_nid *gateway, int hops,
		   int priority, uint64_t now, char *why, unsigned int why_size);
int lnet_route_del(struct lnet *l, uint32_t net, const struct lnet_nid *gateway, uint64_t now,
		   char *why, unsigned int why_size);
int lnet_routing_set(struct lnet *l, bool enable, uint64_t now, char *why, unsigned int why_size);

/* NIs that are up, loopback first, in configuration order. Return: NI or NULL beyond the last. */
struct lnet_ni *lnet_ni_at(struct lnet *l, unsigned int i);

/*
 * Ping: one GET of the target's ping info (spec 8.8). @source NULL or ANY: by whichever interface leads there.
 * Return: 0, @done is called once on the control thread, never before this returns; -EHOSTUNREACH no way there, -EINVAL @source is
 * none of ours, -ESHUTDOWN not configured, -ENOMEM: not started, no @done.
 */
struct lnet_ping_result {
	int rc; /* 0, -EIO no answer in time, -EPROTO, -ESHUTDOWN, what the LND says: -ECONNREFUSED, ... */
	uint32_t features, pid;
	unsigned int n_nids;
	struct lnet_nid nids[256]; /* in the reply's order, loopback first */
	uint32_t status[256];
	uint64_t rtt_ns;
};
int lnet_ping(struct lnet *l, const struct lnet_nid *nid, const struct lnet_nid *source,
	      uint64_t timeout_ns,
	      void (*done)(void *ctx, const struct lnet_ping_result *r, uint64_t now), void *ctx,
	      uint64_t now);

/* Periodic control work: NI status, gateway bookkeeping, going down. At least every 100 ms. */
void lnet_control(struct lnet *l, uint64_t now);

/* Handlers for CHANNEL_MSG and CHANNEL_DONE; @ctx is the worker's struct lnet_cpt. */
void lnet_channel_msg(void *ctx, void **objs, unsigned int n, uint64_t now);
void lnet_channel_done(void *ctx, void **objs, unsigned int n, uint64_t now);

/* Poller of a worker: queues that became ready. Return: messages moved. */
unsigned int lnet_poll(struct lnet_cpt *cpt, uint64_t now);

/* Register the /lnet/... commands. */
int lnet_tel_register(struct lnet *l, struct tel *t);

/*
 * After unconfigure: compare the size of every pool and the value of every credit with the start.
 * Each difference is logged. Return: their number.
 */
unsigned int lnet_leaks(const struct lnet *l);
