/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics of section 12: global ones per CPT, and those of an NI and of a peer NI by message type. The owner worker alone
 * writes (counter_add); any thread reads.
 */
#pragma once

#include "lnet/base/counter.h"
#include "lnet/lnd.h"

#include <stdint.h>

enum lnet_drop {
#define COUNTER(id, name, help) LNET_DROP_##id,
#include "lnet/drop.def"
#undef COUNTER
	LNET_DROPS
};

extern const struct counter_desc lnet_drop_desc[LNET_DROPS];

enum latency_kind {
	LATENCY_PUT_EGRESS, /* send() to completion of a PUT or REPLY with payload of this node's or routed */
	LATENCY_GET_RTT, /* own GET to its REPLY */
	LATENCY_PUT_ACK, /* own PUT to its ACK */
	LATENCY_KINDS
};

struct latency {
	uint64_t samples, min_ns, max_ns, sum_ns;
};

#define HEALTH_KINDS (LNET_HEALTH_NETWORK_TIMEOUT + 1)

/* Of an NI on one CPT, or of a peer NI. */
struct traffic {
	uint64_t send[LNET_MSG_TYPES], recv[LNET_MSG_TYPES], drop[LNET_MSG_TYPES];
	uint64_t health[HEALTH_KINDS]; /* failed sends by enum lnet_health */
	struct latency latency[LATENCY_KINDS];
};

/* Of one CPT; names as the reference prints them. */
struct cpt_stats {
	uint64_t send_count, recv_count, route_count, drop_count;
	uint64_t send_length, recv_length, route_length, drop_length;
	uint64_t msgs_alloc, msgs_max; /* messages under way now, most since reset */
	uint64_t ops; /* own operations that wait for an answer */
	uint64_t response_timeouts;
	uint64_t health[HEALTH_KINDS];
	uint64_t drop[LNET_DROPS];
};

void latency_add(struct latency *l, uint64_t ns);

/* Sum @b to @a; @a is private, @b may be written meanwhile. */
void latency_merge(struct latency *a, const struct latency *b);
void traffic_merge(struct traffic *a, const struct traffic *b);
void cpt_stats_merge(struct cpt_stats *a, const struct cpt_stats *b);

/* Zero all but what counts living things. Thread: owner. */
void cpt_stats_reset(struct cpt_stats *s);
