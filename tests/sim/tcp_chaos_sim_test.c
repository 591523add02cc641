/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything at once: each seed draws a network, hosts, users and accidents, and streams run both ways through them.
 * Each byte arrives once and in its place, all ends, nobody waits longer than the losses explain, nothing is kept.
 * Usage: tcp_chaos_sim_test [FIRST COUNT]; SIM_SEED=n repeats one seed, SIM_VERBOSE=1 prints each.
 */
#include "tests/fake/eal.h"
#include "tests/sim/tcp_chaos.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 400 /* seeds: so many must have seen everything */

struct range {
	uint64_t first, count;
};

/* What a batch of seeds must have exercised: a counter that stays at zero says that it proves less than it should. */
static const struct {
	enum tcp_counter id;
	const char *name;
} must_happen[] = {
#define MUST(id)              \
	{                     \
		TCP_##id, #id \
	}
	MUST(RTO),
	MUST(RETRANSMIT),
	MUST(SYN_RETRANSMIT),
	MUST(SACK_RECOVERY),
	MUST(FAST_RECOVERY_BEGUN),
	MUST(PARTIAL_ACK),
	MUST(RACK_LOST),
	MUST(RACK_RELOST),
	MUST(RACK_TIMER),
	MUST(REORDERING),
	MUST(TLP_PROBE),
	MUST(TLP_RECOVERED),
	MUST(LIMITED_TRANSMIT),
	MUST(PRR),
	MUST(UNDO_DSACK),
	MUST(UNDO_TIMESTAMP),
	MUST(UNDO_FRTO),
	MUST(UNDO_UNUSED),
	MUST(CWV_KEPT),
	MUST(CWV_LIMITED),
	MUST(ECN_AGREED),
	MUST(ECN_FALLBACK),
	MUST(ECN_MANGLED),
	MUST(ECN_CE_IN),
	MUST(ECN_ECE_IN),
	MUST(ECN_REDUCED),
	MUST(SACK_RENEGED),
	MUST(RX_RENEGED),
	MUST(PERSIST),
	MUST(KEEPALIVE),
	MUST(SYN_HURRIED),
	MUST(DROP_PAWS),
	MUST(DROP_ACK),
	MUST(DROP_RST),
	MUST(PMTU),
	MUST(PMTU_BLACK_HOLE),
	MUST(PMTU_PROBE),
	MUST(PMTU_RAISED),
	MUST(PMTU_MISMATCH),
	MUST(ICMP_STALE),
	MUST(TX_CHALLENGE),
	MUST(TX_LIMITED),
	MUST(TX_RST),
	MUST(CONN_RESET_IN),
	MUST(CONN_CLOSED),
	MUST(DROP_NO_CONN),
	MUST(RX_MERGED),
	MUST(RX_LRO),
	MUST(RX_PREDICTED),
	MUST(RX_DUP),
	MUST(RX_OOO),
	MUST(RX_OOO_NO_MEM),
	MUST(RX_PACKED),
	MUST(RX_DSACK),
	MUST(TX_DSACK),
	MUST(TX_DELAYED_ACK),
	MUST(TX_WND_UPDATE),
	MUST(TX_WND_REPEAT),
	MUST(TX_LINEARISED),
	MUST(TX_NO_RECORD),
#undef MUST
};

static void
check_stats(const struct chaos_sum *sum)
{
	const struct sim_stats *s = &sum->stats;
	unsigned int i;

	assert_true(s->lost > 0 && s->corrupted > 0 && s->queue_drops > 0 && s->ring_drops > 0);
	assert_true(s->too_big > 0 && s->duplicated > 0 && s->reordered > 0);
	assert_true(s->marked > 0 && s->bleached > 0);
	for (i = 0; i < CHAOS_KINDS; i++)
		assert_true(sum->accidents[i] > 0);
	assert_true(sum->reopened > 0);
	assert_true(sum->wrapped > 0 && sum->ts_wrapped > 0);
}

static void
check_happened(const struct chaos_sum *sum)
{
	unsigned int i;

	for (i = 0; i < sizeof(must_happen) / sizeof(must_happen[0]); i++) {
		if (getenv("SIM_VERBOSE") != NULL)
			printf("%s %" PRIu64 "\n", must_happen[i].name,
			       sum->counters[must_happen[i].id]);
		if (sum->counters[must_happen[i].id] == 0)
			fail_msg("%s never happened: the seeds prove less than they should",
				 must_happen[i].name);
	}
	if (getenv("SIM_VERBOSE") != NULL)
		printf("wraps seen: numbers %u, timestamps %u\n", sum->wrapped, sum->ts_wrapped);
	check_stats(sum);
}

static void
run_seed(uint64_t seed, struct chaos_sum *sum)
{
	struct chaos_conf conf;
	const char *broken;

	chaos_conf_draw(&conf, seed);
	broken = chaos_run(&conf, sum);
	if (getenv("SIM_VERBOSE") != NULL)
		printf("seed %" PRIu64 ": %" PRIu64
		       " packets so far, %.2f of the longest silence allowed\n",
		       seed, sum->stats.sent, sum->tightest);
	if (broken == NULL)
		return;
	chaos_conf_print(&conf);
	fail_msg("%s (SIM_SEED=%" PRIu64 ")", broken, seed);
}

static void
everything_at_once(void **state)
{
	const struct range *r = *state;
	struct chaos_sum sum = {0};
	uint64_t seed;

	for (seed = r->first; seed < r->first + r->count; seed++)
		run_seed(seed, &sum);
	if (r->count >= MANY)
		check_happened(&sum);
}

static int
group_setup(void **)
{
	return fake_eal_init(256);
}

int
main(int argc, char **argv)
{
	struct range range = {1, 100};
	const char *one = getenv("SIM_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(everything_at_once, &range),
	};

	if (one != NULL) {
		range = (struct range){strtoull(one, NULL, 0), 1};
	} else if (argc == 3) {
		range.first = strtoull(argv[1], NULL, 0);
		range.count = strtoull(argv[2], NULL, 0);
	}
	return cmocka_run_group_tests_name("tcp_chaos_sim", tests, group_setup, NULL);
}
