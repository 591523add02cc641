/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct lnet_cpt: LNet's part of one worker lcore. Whoever holds it as a first argument runs on that worker.
 */
#pragma once

#include "lnet/lnet.h"
#include "lnet/md.h"
#include "lnet/peer.h"
#include "lnet/rtrbuf.h"
#include "lnet/stats.h"

struct lnet_conf;
struct pool;

struct lnet_cpt {
	/* const after creation */
	struct lnet *lnet;
	struct lcore *lc;
	unsigned int index;
	struct pool *msgs;

	/* owner */
	struct peer_table peers;
	struct rtrbuf bufs[LNET_RTR_CLASSES];
	struct md_table mds;
	struct lnet_msg_queue ready; /* have their buffer: lnet_poll() asks for the payload */
	struct lnet_msg_queue done; /* completed, while another completion is being handled */
	bool is_completing;
	uint32_t turn; /* chooses among equal routes and interfaces */

	/* any: relaxed counters */
	struct cpt_stats stats;
};

/* Return: 0, -ENOMEM. Thread: control, before the workers run. */
int cpt_create(struct lnet *l, unsigned int index, struct lnet_cpt **cptp);
void cpt_destroy(struct lnet_cpt *cpt);

/* The snapshot of now; valid until the worker's next round. */
const struct lnet_conf *cpt_conf(const struct lnet_cpt *cpt);

/* Run @fn on every CPT in turn and wait. Thread: control. Return: sum of the results, or the first negative one. */
int cpt_call_all(struct lnet *l, int (*fn)(struct lnet_cpt *cpt, void *arg, uint64_t now),
		 void *arg);
int cpt_call(struct lnet_cpt *cpt, int (*fn)(struct lnet_cpt *cpt, void *arg, uint64_t now),
	     void *arg);

/* --- counting --- */

/* A drop by its name alone. */
void cpt_drop(struct lnet_cpt *cpt, enum lnet_drop reason);

/* A drop that the global counters and those of @ni show too (12.1, columns G and N). @ni may be NULL. */
void cpt_drop_counted(struct lnet_cpt *cpt, enum lnet_drop reason, struct lnet_ni *ni,
		      const struct lnet_hdr *hdr);
