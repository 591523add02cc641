/* SPDX-License-Identifier: BSD-3-Clause */
/* struct lnet: one node. Control thread, but for what says otherwise. */
#pragma once

#include "lnet/base/snapshot.h"
#include "lnet/base/stall.h"
#include "lnet/conf.h"
#include "lnet/cpt.h"
#include "lnet/lnet.h"
#include "lnet/ni.h"
#include "lnet/route.h"
#include "lnet/routing.h"
#include "lnet/stopped.h"
#include "lnet/tunables.h"

#define NSEC UINT64_C(1000000000)

struct gateway;
struct ping_op;
struct tel_req;

struct lnet {
	/* const after creation */
	struct lnet_env env;
	struct lnet_params params;
	struct lnet_lnd *lnds;
	unsigned int n_cpts;
	struct stall_conf stall;
	uint64_t tag_seed; /* of the tags in the stopped sets */

	/* any */
	struct snapshot conf; /* const struct lnet_conf *, NULL while down */
	struct stopped_set *stopped; /* [n_cpts]: each written by its worker */
	struct lnet_cpt *cpts[LNET_CPTS_MAX];

	/* control: what the next snapshot is built from */
	enum lnet_state state;
	struct ni_list nis, retiring; /* configured, loopback first; closing down */
	struct net_list nets;
	struct route_list routes;
	struct gateway_list gateways;
	struct routing routing;
	struct tunables tunables;
	uint64_t cookie; /* of this configuration, 2.3 */
	uint64_t last_wall; /* incarnations only grow */
	uint32_t ping_seq;

	/* control: the rest */
	TAILQ_HEAD(, ping_op) pings;
	uint64_t next_pass; /* ns: periodic work once a second */
	uint32_t turn;
	struct tel_req *del_req; /* net/del that is answered when nothing is retiring any more */
	unsigned int leaks; /* found when things were taken away */
	uint64_t ledger_start[LNET_CPTS_MAX];
};

/* A wall-clock time, ns, that was never given out before by this node. */
uint64_t lnet_unique_time(struct lnet *l);

/* The ledger accounts that are the core's. Thread: control, workers idle. */
uint64_t lnet_ledger_used(struct lnet_cpt *cpt);

/* Reason of a failure for the operator; returns @rc. */
int lnet_why(char *why, unsigned int size, int rc, const char *text);
