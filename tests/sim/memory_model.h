/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Discrete-event model of one worker of a router under back-pressure: senders with TCP, the real memory ledger
 * and stopped-next-hop policy, a pool of mbufs that really runs out, router buffers, peer and NI credits, next hops
 * that stop. Virtual time, one seed, no port. What it proves: doc/memory.md.
 */
#pragma once

#include "lnet/base/ledger.h"
#include "lnet/base/stall.h"

#include <stdbool.h>
#include <stdint.h>

#define MM_US 1000ull
#define MM_MS 1000000ull
#define MM_S 1000000000ull

#define MM_SENDERS_MAX 64
#define MM_HOPS_MAX 8

/* Ways a message may end without being delivered; each is counted. */
enum mm_drop {
	MM_DROP_STOPPED, /* its next hop was stopped when the header came, or when it was woken */
	MM_DROP_STALLED, /* it waited for a next hop that became stopped */
	MM_DROP_RX_DEADLINE, /* its sender did not finish it in time */
	MM_DROP_RESET, /* complete for LNet, but not acknowledged when the connection was closed */
	MM_DROPS
};

struct mm_conf {
	uint64_t seed;
	uint64_t duration; /* ns in which senders make messages; then all must drain */
	unsigned int senders, hops;
	unsigned int mbufs;
	struct ledger_conf ledger;
	uint32_t window_want; /* what autotuning would like */
	unsigned int peer_credits, peer_router_credits, ni_credits;
	struct stall_conf stall;
	uint64_t rx_timeout; /* LND timeout */

	unsigned int stopped; /* next hops that stop, one every stop_gap */
	uint64_t stop_at, stop_gap, back_after; /* back_after 0 = for ever */
	bool stop_silent; /* a stopped hop acknowledges nothing; else what its receive buffer still takes */
	unsigned int dying; /* senders that fall silent in the middle of a large message */
	unsigned int dribbling; /* senders that go on in the middle of one with a byte every 10 s */
	unsigned int shredding; /* senders whose segments are short: 1 to 600 bytes, or 961 */
	bool large_only; /* 1 MiB only; else 0 B on the control connection, 4 KiB and 1 MiB on the other */
	unsigned int loss; /* segments and ACKs lost, per 1000 */
	bool updates_once; /* window updates are not repeated: breaks the rule */
	unsigned int overcommit; /* router buffers beyond the plan: breaks the rule */
};

struct mm_result {
	uint64_t sent, delivered, delivered_live, dropped[MM_DROPS];
	uint64_t gap_bulk,
		gap_control; /* ns: longest time that no message of a live connection was served */
	uint64_t data_refused, reorder_refused,
		reneged; /* segments whose data was dropped for lack of memory */
	uint64_t packed; /* slices copied because segments were too short */
	uint64_t segments, retransmits, acks_seen, probes_answered;
	uint64_t
		slowest_start; /* ns: longest time from opening a closed window to the sender's next data */
	uint64_t last_stopped_hop_delivery; /* time */
	unsigned int stops; /* times that a hop was found stopped */
	unsigned int live_closed; /* connections of live senders closed by the deadline: never */
	unsigned int ring_dry; /* a received segment could not be replaced in the ring: never */
	unsigned int no_mbuf,
		unpaid; /* memory was missing where the ledger had promised it: never */
	unsigned int lowest_free; /* mbufs */
	bool drained; /* all messages were delivered or counted */
	uint64_t leaked; /* ledger bytes + mbufs + credits that did not come back */
};

/* 40 senders, four next hops, 16,384 mbufs of 2 KiB, one hop that stops for ever at 4 s. */
void mm_conf_default(struct mm_conf *conf, uint64_t seed);

/* Run it. Return: 0, -ENOMEM (the plan does not fit), -EINVAL. */
int mm_run(const struct mm_conf *conf, struct mm_result *result);
