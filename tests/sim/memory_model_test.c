/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Liveness of the memory rules (doc/memory.md) over many seeded orders of events. SIM_SEED=n repeats one seed,
 * SIM_SEEDS=n runs seeds 1 to n. A failure prints the seed.
 */
#include "tests/sim/memory_model.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEEDS 2

struct scenario {
	const char *name;
	void (*change)(struct mm_conf *conf);
	/* What holds beyond what always holds; NULL: nothing. Return: NULL, or what does not. */
	const char *(*also)(const struct mm_conf *conf, const struct mm_result *r);
};

/* --- what always holds --- */

static const char *
what_is_broken(const struct mm_result *r)
{
	uint64_t accounted = r->delivered;
	int i;

	for (i = 0; i < MM_DROPS; i++)
		accounted += r->dropped[i];
	if (r->ring_dry > 0)
		return "the receive ring ran dry: ACKs were lost";
	if (r->no_mbuf > 0 || r->unpaid > 0)
		return "memory that the ledger had promised was not there";
	if (r->data_refused > 0 || r->reneged > 0)
		return "data in order within the window was refused";
	if (!r->drained || accounted != r->sent)
		return "a message neither arrived nor was counted";
	if (r->leaked > 0)
		return "ledger, mbufs or credits leaked";
	if (r->live_closed > 0)
		return "the deadline closed the connection of a live sender";
	if (r->delivered_live == 0)
		return "nothing arrived";
	return NULL;
}

/*
 * Longest time without service that a stopped hop may cost: the policy's deadline for each such hop, and before and after
 * it the time that a turn takes when no hop is stopped.
 */
static const char *
what_waits_too_long(const struct mm_conf *conf, const struct mm_result *r,
		    const struct mm_result *base)
{
	uint64_t deadline = conf->stopped * conf->stall.limit + MM_S;

	if (r->gap_bulk > 2 * base->gap_bulk + deadline)
		return "a bulk connection waited beyond the policy's deadline";
	if (r->gap_control > 2 * base->gap_control + deadline)
		return "a control connection waited beyond the policy's deadline";
	return NULL;
}

/* --- scenarios --- */

static void
change_nothing(struct mm_conf *conf)
{
	(void)conf;
}

static const char *
hop_was_stopped(const struct mm_conf *conf, const struct mm_result *r)
{
	if (r->stops != conf->stopped)
		return "the stopped hop was not found stopped once";
	if (r->dropped[MM_DROP_STALLED] == 0 || r->dropped[MM_DROP_STOPPED] == 0)
		return "the policy dropped nothing";
	if (r->gap_bulk < conf->stall.limit / 2)
		return "the stopped hop was no burden: the scenario proves nothing";
	return NULL;
}

static void
silent(struct mm_conf *conf)
{
	conf->stop_silent = true;
}

static void
large_only(struct mm_conf *conf)
{
	conf->large_only = true;
}

static void
two_large_buffers(struct mm_conf *conf)
{
	conf->large_only = true;
	conf->ledger.large = 2;
}

static void
two_hops_apart(struct mm_conf *conf)
{
	conf->stopped = 2;
	conf->stop_gap = 2 * MM_S;
}

static void
two_hops_few_ni_credits(struct mm_conf *conf)
{
	conf->stopped = 2;
	conf->ni_credits = 2 * conf->peer_credits;
}

static void
back_late(struct mm_conf *conf)
{
	conf->back_after = 12 * MM_S;
	conf->duration = 40 * MM_S;
}

static const char *
hop_is_used_again(const struct mm_conf *conf, const struct mm_result *r)
{
	if (r->stops != 1 || r->probes_answered != 1)
		return "the hop was not stopped once and found back once";
	return r->last_stopped_hop_delivery > conf->duration - MM_S ? NULL
								    : "the hop is not used again";
}

static void
back_in_time(struct mm_conf *conf)
{
	conf->back_after = conf->stall.limit - 2 * MM_S;
}

static const char *
nothing_was_dropped(const struct mm_conf *conf, const struct mm_result *r)
{
	(void)conf;
	return r->sent == r->delivered && r->stops == 0
		? NULL
		: "a pause below the deadline cost messages";
}

static void
loss(struct mm_conf *conf)
{
	conf->loss = 10;
}

static void
small_reorder(struct mm_conf *conf)
{
	conf->loss = 10;
	conf->ledger.reorder = 40 * conf->ledger.mbuf_size;
}

static const char *
segments_were_dropped(const struct mm_conf *conf, const struct mm_result *r)
{
	(void)conf;
	return r->reorder_refused > 1000 && r->retransmits > 1000 ? NULL : "memory was not short";
}

static void
shredders(struct mm_conf *conf)
{
	conf->shredding = 36;
	conf->large_only = true;
}

static const char *
messages_were_packed(const struct mm_conf *conf, const struct mm_result *r)
{
	(void)conf;
	return r->packed > 1000 ? NULL : "nothing had to be packed";
}

static void
shredders_and_loss(struct mm_conf *conf)
{
	conf->shredding = 36;
	conf->loss = 10;
	conf->ledger.large = 11;
	conf->large_only = true;
}

static void
some_die(struct mm_conf *conf)
{
	conf->dying = 6;
	conf->duration = 60 * MM_S;
}

static void
some_dribble(struct mm_conf *conf)
{
	conf->dribbling = 6;
	conf->duration = 60 * MM_S;
}

/* Twice as many as there are large buffers: they hold all of them, until half the LND timeout is over. */
static void
most_die(struct mm_conf *conf)
{
	conf->dying = 20;
	conf->duration = 70 * MM_S;
}

/* They hold all of them until the LND timeout is over. */
static void
most_dribble(struct mm_conf *conf)
{
	conf->dribbling = conf->ledger.large;
	conf->duration = 80 * MM_S;
}

static const char *
silent_senders_are_closed(const struct mm_conf *conf, const struct mm_result *r)
{
	/* their bulk connection, with the message in the middle and the one behind it */
	if (r->dropped[MM_DROP_RX_DEADLINE] < conf->dying + conf->dribbling)
		return "a sender that stopped in mid message kept its buffer";
	return r->gap_bulk < conf->rx_timeout / 2 + 5 * MM_S ? NULL
							     : "they held the others too long";
}

static void
lost_updates(struct mm_conf *conf)
{
	most_die(conf);
	conf->stopped = 0;
	conf->loss = 30;
}

static const char *
senders_start_soon(const struct mm_conf *conf, const struct mm_result *r)
{
	(void)conf;
	return r->slowest_start < 3 * MM_S ? NULL : "a sender slept on after its window was opened";
}

static const char *
dribbling_senders_are_closed(const struct mm_conf *conf, const struct mm_result *r)
{
	if (r->dropped[MM_DROP_RX_DEADLINE] < conf->dribbling)
		return "a sender that only dribbled kept its buffer";
	return r->gap_bulk < conf->rx_timeout + 5 * MM_S ? NULL : "they held the others too long";
}

static const struct scenario scenarios[] = {
	{"one_stopped_hop_stalls_nobody_beyond_deadline", change_nothing, hop_was_stopped},
	{"one_silent_hop_stalls_nobody_beyond_deadline", silent, hop_was_stopped},
	{"large_messages_only", large_only, hop_was_stopped},
	{"two_large_buffers_for_40_senders", two_large_buffers, hop_was_stopped},
	{"two_hops_stop_one_after_the_other", two_hops_apart, hop_was_stopped},
	{"two_stopped_hops_hold_all_ni_credits", two_hops_few_ni_credits, hop_was_stopped},
	{"stopped_hop_comes_back_and_is_used_again", back_late, hop_is_used_again},
	{"pause_below_the_deadline_costs_no_message", back_in_time, nothing_was_dropped},
	{"loss_and_reordering", loss, NULL},
	{"small_reorder_budget_costs_speed_not_progress", small_reorder, segments_were_dropped},
	{"short_segments_never_exceed_the_reservation", shredders, messages_were_packed},
	{"short_segments_with_loss_and_little_memory", shredders_and_loss, segments_were_dropped},
	{"dying_senders_are_closed", some_die, silent_senders_are_closed},
	{"dribbling_senders_are_closed", some_dribble, dribbling_senders_are_closed},
	{"dribbling_senders_that_hold_the_whole_pool_are_closed", most_dribble,
	 dribbling_senders_are_closed},
	{"dying_senders_that_hold_the_whole_pool_are_closed", most_die, silent_senders_are_closed},
	{"lost_window_updates_leave_no_sender_asleep", lost_updates, senders_start_soon},
};

/* --- running them --- */

static uint64_t
env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void
explain(const struct scenario *s, uint64_t seed, const char *what, const struct mm_result *r)
{
	print_error("%s: %s; repeat with SIM_SEED=%" PRIu64 "\n", s->name, what, seed);
	print_error("sent %" PRIu64 " delivered %" PRIu64 " (to hops that never stop %" PRIu64
		    ") dropped %" PRIu64 "/%" PRIu64 "/%" PRIu64 "/%" PRIu64 "\n",
		    r->sent, r->delivered, r->delivered_live, r->dropped[0], r->dropped[1],
		    r->dropped[2], r->dropped[3]);
	print_error("gaps %.2f s bulk, %.2f s control; data refused %" PRIu64
		    ", out of order %" PRIu64 ", reneged %" PRIu64 ", packed %" PRIu64 "\n",
		    (double)r->gap_bulk / MM_S, (double)r->gap_control / MM_S, r->data_refused,
		    r->reorder_refused, r->reneged, r->packed);
	print_error("stops %u answered %" PRIu64 " live closed %u ring dry %u no mbuf %u unpaid %u "
		    "lowest free %u leaked %" PRIu64 "\n",
		    r->stops, r->probes_answered, r->live_closed, r->ring_dry, r->no_mbuf,
		    r->unpaid, r->lowest_free, r->leaked);
}

static const char *
run_seed(const struct scenario *s, uint64_t seed, struct mm_result *r)
{
	struct mm_conf conf, base_conf;
	struct mm_result base;
	const char *what;

	mm_conf_default(&conf, seed);
	s->change(&conf);
	if (mm_run(&conf, r) != 0)
		return "it does not start";
	what = what_is_broken(r);
	if (what == NULL && s->also != NULL)
		what = s->also(&conf, r);
	if (what != NULL)
		return what;
	base_conf = conf;
	base_conf.stopped = 0;
	if (mm_run(&base_conf, &base) != 0)
		return "it does not start";
	what = what_is_broken(&base);
	return what != NULL ? what : what_waits_too_long(&conf, r, &base);
}

static void
test_scenario(void **state)
{
	const struct scenario *s = *state;
	uint64_t only = env_number("SIM_SEED", 0);
	uint64_t seed = only != 0 ? only : 1;
	uint64_t last = only != 0 ? only : env_number("SIM_SEEDS", SEEDS);

	for (; seed <= last; seed++) {
		struct mm_result r;
		const char *what = run_seed(s, seed, &r);

		if (what == NULL)
			continue;
		explain(s, seed, what, &r);
		fail();
	}
}

/* --- the model can fail: each rule taken away is seen --- */

static void
without_policy_a_stopped_hop_stalls_all(void **state)
{
	struct mm_conf conf;
	struct mm_result r;

	(void)state;
	mm_conf_default(&conf, env_number("SIM_SEED", 1));
	conf.stall.limit = 0;
	conf.duration = 40 * MM_S;
	assert_int_equal(mm_run(&conf, &r), 0);
	assert_true(r.gap_bulk > 30 * MM_S);
	assert_true(r.gap_control > 30 * MM_S);
	assert_false(r.drained);
}

static void
without_reservation_the_ring_runs_dry(void **state)
{
	struct mm_conf conf;
	struct mm_result r;

	(void)state;
	mm_conf_default(&conf, env_number("SIM_SEED", 1));
	conf.overcommit = 30;
	assert_int_equal(mm_run(&conf, &r), 0);
	assert_true(r.ring_dry > 0);
	assert_int_equal(r.lowest_free, 0);
}

static void
without_repeated_window_updates_senders_sleep(void **state)
{
	uint64_t slowest = 0, seed;

	(void)state;
	for (seed = 1; seed <= 4; seed++) {
		struct mm_conf conf;
		struct mm_result r;

		mm_conf_default(&conf, seed);
		lost_updates(&conf);
		conf.updates_once = true;
		assert_int_equal(mm_run(&conf, &r), 0);
		slowest = r.slowest_start > slowest ? r.slowest_start : slowest;
	}
	assert_true(slowest > 10 * MM_S);
}

static void
plan_that_does_not_fit_is_refused(void **state)
{
	struct mm_conf conf;
	struct mm_result r;

	(void)state;
	mm_conf_default(&conf, 1);
	conf.ledger.large = 14;
	assert_int_equal(mm_run(&conf, &r), -ENOMEM);
}

int
main(void)
{
	enum {
		N = sizeof(scenarios) / sizeof(scenarios[0])
	};
	struct CMUnitTest tests[N + 4] = {
		[N] = cmocka_unit_test(without_policy_a_stopped_hop_stalls_all),
		[N + 1] = cmocka_unit_test(without_reservation_the_ring_runs_dry),
		[N + 2] = cmocka_unit_test(without_repeated_window_updates_senders_sleep),
		[N + 3] = cmocka_unit_test(plan_that_does_not_fit_is_refused),
	};
	int i;

	for (i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){
			.name = scenarios[i].name,
			.test_func = test_scenario,
			.initial_state = (void *)(uintptr_t)&scenarios[i],
		};
	return cmocka_run_group_tests_name("memory_model", tests, NULL, NULL);
}
