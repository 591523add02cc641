/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory descriptors of this node's own operations: one for each GET or PUT that waits for its REPLY or ACK. The answer
 * names it by its handle: the interface cookie of this configuration and the object cookie, which says on which CPT it lives.
 * Spec 2.3, 3.6, 3.8. Thread: the CPT that owns it.
 */
#pragma once

#include "lnet/base/buf.h"
#include "lnet/base/timer.h"
#include "lnet/wire.h"

struct lnet_cpt;
struct lnet_ni;

#define MD_MAX 256 /* operations under way per CPT, a power of two */

struct md_event {
	int rc; /* 0, -ETIMEDOUT no answer in time, -ESHUTDOWN, the error of the send */
	const struct buf *payload; /* of the REPLY, else NULL */
	uint32_t mlength; /* bytes of the REPLY; what the target accepted of a PUT */
	uint64_t rtt; /* ns from start to answer */
};

/* Called once, on the owner. The descriptor is gone already. */
typedef void (*md_done_fn)(struct lnet_cpt *cpt, void *user, const struct md_event *ev,
			   uint64_t now);

struct md {
	/* owner */
	uint64_t cookie; /* 0 = free */
	struct lnet_cpt *cpt;
	enum lnet_msg_type type; /* LNET_GET or LNET_PUT */
	struct lnet_ni *ni; /* by which it was sent, and to whom */
	struct lnet_nid next_hop;
	uint32_t len; /* GET: longest REPLY wanted */
	uint64_t started;
	struct timer timer;
	md_done_fn done;
	void *user;
};

struct md_table {
	struct md *all; /* slot = counter of the cookie, modulo MD_MAX */
	uint64_t counter;
	unsigned int used;
};

/* Return: 0, -ENOMEM. */
int md_table_init(struct lnet_cpt *cpt);
void md_table_fini(struct lnet_cpt *cpt);

/* A descriptor with its cookie; the caller fills in the rest and calls md_start(). NULL: all are in use. */
struct md *md_new(struct lnet_cpt *cpt);
/* From now on it waits until @deadline. */
void md_start(struct md *md, uint64_t deadline, uint64_t now);
/* It was never sent: no callback. */
void md_free(struct md *md);

struct lnet_handle md_handle(uint64_t if_cookie, const struct md *md);

/* CPT that a handle from the wire names, or -1: not of this configuration, or no descriptor. Any thread. */
int md_owner(const struct lnet_handle *h, uint64_t if_cookie, unsigned int n_cpts);

/* NULL: over, or never was. */
struct md *md_find(struct lnet_cpt *cpt, const struct lnet_handle *h, enum lnet_msg_type type);
struct md *md_find_cookie(struct lnet_cpt *cpt, uint64_t cookie);

/* Over: the callback is called. */
void md_complete(struct md *md, int rc, const struct buf *payload, uint32_t mlength, uint64_t now);

/* End those sent by @ni, NULL = all, with @rc. */
void md_cancel(struct lnet_cpt *cpt, const struct lnet_ni *ni, int rc, uint64_t now);
