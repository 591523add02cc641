/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/neigh.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define CAPACITY 8

static const struct rte_ether_addr mac_a = {{2, 0, 0, 0, 0, 0xa}};
static const struct rte_ether_addr mac_b = {{2, 0, 0, 0, 0, 0xb}};

/* Packets are never looked into by the table: their number as an address will do. */
#define PACKET(i) ((struct rte_mbuf *)(uintptr_t)((i)*64))

struct fixture {
	struct timer_wheel wheel;
	struct neigh_table *t;
	uint64_t now;
	unsigned int unicasts, multicasts, refused;
	struct rte_mbuf *sent[32], *failed[32], *crowded[32];
	unsigned int n_sent, n_failed, n_crowded;
};

static void
solicit(void *ctx, const struct neigh *, bool unicast, uint64_t)
{
	struct fixture *f = ctx;

	if (unicast)
		f->unicasts++;
	else
		f->multicasts++;
}

static void
resolved(void *ctx, const struct neigh *, struct rte_mbuf *m, uint64_t)
{
	struct fixture *f = ctx;

	f->sent[f->n_sent++] = m;
}

static void
dropped(void *ctx, struct rte_mbuf *m, bool failed, uint64_t)
{
	struct fixture *f = ctx;

	if (failed)
		f->failed[f->n_failed++] = m;
	else
		f->crowded[f->n_crowded++] = m;
}

static void
refused(void *ctx, const struct neigh *, const struct rte_ether_addr *, uint64_t)
{
	((struct fixture *)ctx)->refused++;
}

static int
setup(void **state)
{
	static struct fixture f;
	struct neigh_ops ops = {&f, solicit, resolved, dropped, refused};

	memset(&f, 0, sizeof(f));
	f.now = 100 * SECOND;
	timer_wheel_init(&f.wheel, f.now, 1000000);
	assert_int_equal(neigh_table_create(CAPACITY, &f.wheel, &ops, &f.t), 0);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(neigh_waiting(f->t), 0);
	neigh_table_destroy(f->t);
	return 0;
}

static void
pass(struct fixture *f, uint64_t ns)
{
	uint64_t end = f->now + ns;

	while (f->now < end) {
		f->now += SECOND / 100;
		timer_wheel_run(&f->wheel, f->now);
	}
}

static struct neigh *
get(struct fixture *f, uint32_t host)
{
	struct ipaddr a = ipaddr_v4(0x0a000000 + host);

	return neigh_get(f->t, 0, &a, f->now);
}

static void
learn(struct fixture *f, uint32_t host, const struct rte_ether_addr *mac, enum neigh_source source,
      bool create)
{
	struct ipaddr a = ipaddr_v4(0x0a000000 + host);

	neigh_learn(f->t, 0, &a, mac, source, create, f->now);
}

/* A reachable neighbour 7 with MAC a. */
static struct neigh *
reachable(struct fixture *f)
{
	struct neigh *n = get(f, 7);

	assert_int_equal(neigh_output(n, PACKET(1), f->now), NEIGH_TAKEN);
	learn(f, 7, &mac_a, NEIGH_ANSWER, false);
	assert_int_equal(n->state, NEIGH_REACHABLE);
	f->n_sent = f->multicasts = 0;
	return n;
}

static void
answer_releases_waiting_packets_in_order(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = get(f, 7);
	unsigned int i;

	for (i = 1; i <= 3; i++)
		assert_int_equal(neigh_output(n, PACKET(i), f->now), NEIGH_TAKEN);
	assert_int_equal(f->multicasts, 1);
	assert_int_equal(neigh_waiting(f->t), 3);
	learn(f, 7, &mac_a, NEIGH_ANSWER, false);
	assert_int_equal(f->n_sent, 3);
	for (i = 0; i < 3; i++)
		assert_ptr_equal(f->sent[i], PACKET(i + 1));
	assert_int_equal(n->state, NEIGH_REACHABLE);
	assert_int_equal(neigh_output(n, PACKET(4), f->now), NEIGH_SEND);
}

static void
too_many_waiting_packets_cost_the_oldest(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = get(f, 7);
	unsigned int i;

	for (i = 1; i <= NEIGH_QUEUE_MAX + 2; i++)
		neigh_output(n, PACKET(i), f->now);
	assert_int_equal(f->n_crowded, 2);
	assert_ptr_equal(f->crowded[0], PACKET(1));
	assert_ptr_equal(f->crowded[1], PACKET(2));
	learn(f, 7, &mac_a, NEIGH_ANSWER, false);
	assert_int_equal(f->n_sent, NEIGH_QUEUE_MAX);
	assert_ptr_equal(f->sent[0], PACKET(3));
}

static void
silence_fails_after_three_requests_and_for_three_seconds(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = get(f, 7);

	neigh_output(n, PACKET(1), f->now);
	pass(f, 2 * SECOND + SECOND / 2);
	assert_int_equal(f->multicasts, 3);
	assert_int_equal(f->n_failed, 0);
	pass(f, SECOND);
	assert_int_equal(n->state, NEIGH_FAILED);
	assert_ptr_equal(f->failed[0], PACKET(1));
	assert_true(neigh_is_unreachable(n, f->now));
	assert_int_equal(neigh_output(n, PACKET(2), f->now), NEIGH_UNREACHABLE);
	pass(f, 4 * SECOND);
	assert_int_equal(n->state, NEIGH_FREE);
	n = get(f, 7);
	assert_int_equal(neigh_output(n, PACKET(3), f->now), NEIGH_TAKEN);
	assert_int_equal(f->multicasts, 4);
	learn(f, 7, &mac_a, NEIGH_ANSWER, false);
}

static void
failed_neighbour_that_is_heard_of_is_used_again(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = get(f, 7);

	neigh_output(n, PACKET(1), f->now);
	pass(f, 3 * SECOND + SECOND / 2);
	learn(f, 7, &mac_a, NEIGH_HEARD, true);
	assert_int_equal(n->state, NEIGH_STALE);
	assert_int_equal(neigh_output(n, PACKET(2), f->now), NEIGH_SEND);
}

static void
unused_neighbour_grows_stale_and_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);

	pass(f, 31 * SECOND);
	assert_int_equal(n->state, NEIGH_STALE);
	assert_int_equal(f->unicasts + f->multicasts, 0);
	pass(f, 601 * SECOND);
	assert_int_equal(n->state, NEIGH_FREE);
}

static void
confirmations_from_above_keep_it_reachable_without_a_frame(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		pass(f, SECOND);
		neigh_confirm(n, f->now);
	}
	assert_int_equal(n->state, NEIGH_REACHABLE);
	assert_int_equal(f->unicasts + f->multicasts, 0);
	pass(f, 29 * SECOND);
	assert_int_equal(n->state, NEIGH_REACHABLE);
	pass(f, 2 * SECOND);
	assert_int_equal(n->state, NEIGH_STALE);
}

static void
stale_neighbour_in_use_is_asked_at_its_own_address_and_stays_usable(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);

	pass(f, 31 * SECOND);
	assert_int_equal(neigh_output(n, PACKET(2), f->now), NEIGH_SEND);
	assert_int_equal(n->state, NEIGH_DELAY);
	pass(f, 5 * SECOND + SECOND / 2);
	assert_int_equal(n->state, NEIGH_PROBE);
	assert_int_equal(f->unicasts, 1);
	assert_int_equal(neigh_output(n, PACKET(3), f->now), NEIGH_SEND);
	learn(f, 7, &mac_a, NEIGH_ANSWER, false);
	assert_int_equal(n->state, NEIGH_REACHABLE);
}

static void
confirmation_ends_the_delay(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);

	pass(f, 31 * SECOND);
	neigh_output(n, PACKET(2), f->now);
	neigh_confirm(n, f->now);
	assert_int_equal(n->state, NEIGH_REACHABLE);
	pass(f, 10 * SECOND);
	assert_int_equal(f->unicasts, 0);
}

static void
dead_neighbour_is_asked_twice_at_its_address_then_everybody_then_fails(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);

	pass(f, 31 * SECOND);
	neigh_output(n, PACKET(2), f->now);
	pass(f, 7 * SECOND + SECOND / 2);
	assert_int_equal(f->unicasts, 2);
	assert_int_equal(f->multicasts, 1);
	pass(f, 2 * SECOND);
	assert_int_equal(f->multicasts, 2);
	assert_int_equal(n->state, NEIGH_FAILED);
}

static void
moved_neighbour_answers_the_question_to_everybody(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);

	pass(f, 31 * SECOND);
	neigh_output(n, PACKET(2), f->now);
	pass(f, 5 * SECOND + SECOND / 2);
	learn(f, 7, &mac_b, NEIGH_ANSWER, false);
	assert_int_equal(f->refused, 1); /* the old one has not been asked to the end */
	pass(f, 2 * SECOND);
	assert_int_equal(f->multicasts, 1);
	learn(f, 7, &mac_b, NEIGH_ANSWER, false);
	assert_int_equal(n->state, NEIGH_REACHABLE);
	assert_memory_equal(&n->mac, &mac_b, sizeof(mac_b));
}

static void
reachable_neighbour_is_not_overwritten_unasked(void **state)
{
	static const enum neigh_source sources[] = {NEIGH_CLAIM, NEIGH_HEARD, NEIGH_ANSWER};
	struct fixture *f = *state;
	struct neigh *n = reachable(f);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		learn(f, 7, &mac_b, sources[i], false);
		assert_memory_equal(&n->mac, &mac_a, sizeof(mac_a));
	}
	assert_int_equal(f->refused, 3);
	/* just confirmed: not even a question */
	assert_int_equal(f->unicasts, 0);
	assert_int_equal(n->state, NEIGH_REACHABLE);
}

static void
claim_makes_us_ask_the_known_one_which_may_defend_itself(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);
	unsigned int i;

	pass(f, 2 * SECOND);
	for (i = 0; i < 10; i++)
		learn(f, 7, &mac_b, NEIGH_CLAIM, false);
	assert_int_equal(n->state, NEIGH_PROBE);
	assert_int_equal(f->unicasts, 1);
	learn(f, 7, &mac_a, NEIGH_ANSWER, false);
	assert_int_equal(n->state, NEIGH_REACHABLE);
	assert_memory_equal(&n->mac, &mac_a, sizeof(mac_a));
	learn(f, 7, &mac_b, NEIGH_CLAIM, false);
	assert_int_equal(f->unicasts, 1); /* not again within a second */
}

static void
stale_neighbour_may_move(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = reachable(f);

	pass(f, 31 * SECOND);
	learn(f, 7, &mac_b, NEIGH_CLAIM, false);
	assert_memory_equal(&n->mac, &mac_b, sizeof(mac_b));
	assert_int_equal(n->state, NEIGH_STALE);
}

static void
request_to_us_makes_a_stale_entry_and_a_claim_none(void **state)
{
	struct fixture *f = *state;
	struct ipaddr a = ipaddr_v4(0x0a000009), b = ipaddr_v4(0x0a000008);

	learn(f, 8, &mac_a, NEIGH_CLAIM, false);
	assert_null(neigh_find(f->t, 0, &b));
	learn(f, 9, &mac_a, NEIGH_HEARD, true);
	assert_int_equal(neigh_find(f->t, 0, &a)->state, NEIGH_STALE);
	assert_null(neigh_find(f->t, 1, &a)); /* of another interface */
}

static void
claim_resolves_what_waits_but_is_checked(void **state)
{
	struct fixture *f = *state;
	struct neigh *n = get(f, 7);

	neigh_output(n, PACKET(1), f->now);
	learn(f, 7, &mac_a, NEIGH_CLAIM, false);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(n->state, NEIGH_DELAY);
	pass(f, 5 * SECOND + SECOND / 2);
	assert_int_equal(f->unicasts, 1);
	learn(f, 7, &mac_a, NEIGH_ANSWER, false);
}

static void
static_entry_never_changes(void **state)
{
	struct fixture *f = *state;
	struct ipaddr a = ipaddr_v4(0x0a000007);
	struct neigh *n;

	assert_int_equal(neigh_set_static(f->t, 0, &a, &mac_a, f->now), 0);
	n = neigh_find(f->t, 0, &a);
	learn(f, 7, &mac_b, NEIGH_ANSWER, false);
	learn(f, 7, &mac_b, NEIGH_CLAIM, false);
	pass(f, 700 * SECOND);
	assert_int_equal(n->state, NEIGH_STATIC);
	assert_memory_equal(&n->mac, &mac_a, sizeof(mac_a));
	assert_int_equal(neigh_output(n, PACKET(1), f->now), NEIGH_SEND);
	assert_int_equal(neigh_remove(f->t, 0, &a, f->now), 0);
	assert_int_equal(neigh_remove(f->t, 0, &a, f->now), -ENOENT);
}

static void
static_entry_releases_what_waits(void **state)
{
	struct fixture *f = *state;
	struct ipaddr a = ipaddr_v4(0x0a000007);

	neigh_output(get(f, 7), PACKET(1), f->now);
	assert_int_equal(neigh_set_static(f->t, 0, &a, &mac_a, f->now), 0);
	assert_int_equal(f->n_sent, 1);
}

static void
full_table_gives_up_the_idle_and_keeps_the_busy(void **state)
{
	struct fixture *f = *state;
	struct neigh *first = reachable(f);
	uint32_t generation;
	unsigned int i;

	for (i = 0; i < CAPACITY - 1; i++)
		neigh_output(get(f, 20 + i), PACKET(i + 1), f->now);
	assert_null(get(f, 50)); /* all in use */
	pass(f, 31 * SECOND);
	/* the reachable one is stale now, the others have failed and gone */
	assert_non_null(get(f, 50));
	for (i = 0; i < CAPACITY - 2; i++)
		neigh_output(get(f, 60 + i), PACKET(i + 1), f->now);
	generation = first->generation;
	assert_non_null(get(f, 90));
	assert_non_null(get(f, 91));
	assert_int_not_equal(first->generation, generation);
	pass(f, 10 * SECOND);
}

static void
removal_drops_what_waits(void **state)
{
	struct fixture *f = *state;
	struct ipaddr a = ipaddr_v4(0x0a000007);

	neigh_output(get(f, 7), PACKET(1), f->now);
	assert_int_equal(neigh_remove(f->t, 0, &a, f->now), 0);
	assert_int_equal(f->n_failed, 1);
}

/* A user whose packet failed tries at once again, from within the callback. */
static struct neigh *again;

static void
dropped_retry(void *ctx, struct rte_mbuf *m, bool failed, uint64_t now)
{
	dropped(ctx, m, failed, now);
	assert_int_equal(neigh_output(again, PACKET(9), now), NEIGH_UNREACHABLE);
}

static void
retry_from_within_the_failure_is_refused(void **)
{
	struct fixture f = {.now = 100 * SECOND};
	struct neigh_ops ops = {&f, solicit, resolved, dropped_retry, refused};

	timer_wheel_init(&f.wheel, f.now, 1000000);
	assert_int_equal(neigh_table_create(CAPACITY, &f.wheel, &ops, &f.t), 0);
	again = get(&f, 7);
	neigh_output(again, PACKET(1), f.now);
	neigh_output(again, PACKET(2), f.now);
	pass(&f, 4 * SECOND);
	assert_int_equal(f.n_failed, 2);
	neigh_table_destroy(f.t);
}

static void
capacity_has_to_be_a_power_of_two(void **state)
{
	struct fixture *f = *state;
	struct neigh_ops ops = {0};
	struct neigh_table *t;

	assert_int_equal(neigh_table_create(0, &f->wheel, &ops, &t), -EINVAL);
	assert_int_equal(neigh_table_create(12, &f->wheel, &ops, &t), -EINVAL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(answer_releases_waiting_packets_in_order),
		CASE(too_many_waiting_packets_cost_the_oldest),
		CASE(silence_fails_after_three_requests_and_for_three_seconds),
		CASE(failed_neighbour_that_is_heard_of_is_used_again),
		CASE(unused_neighbour_grows_stale_and_is_forgotten),
		CASE(confirmations_from_above_keep_it_reachable_without_a_frame),
		CASE(stale_neighbour_in_use_is_asked_at_its_own_address_and_stays_usable),
		CASE(confirmation_ends_the_delay),
		CASE(dead_neighbour_is_asked_twice_at_its_address_then_everybody_then_fails),
		CASE(moved_neighbour_answers_the_question_to_everybody),
		CASE(reachable_neighbour_is_not_overwritten_unasked),
		CASE(claim_makes_us_ask_the_known_one_which_may_defend_itself),
		CASE(stale_neighbour_may_move),
		CASE(request_to_us_makes_a_stale_entry_and_a_claim_none),
		CASE(claim_resolves_what_waits_but_is_checked),
		CASE(static_entry_never_changes),
		CASE(static_entry_releases_what_waits),
		CASE(full_table_gives_up_the_idle_and_keeps_the_busy),
		CASE(removal_drops_what_waits),
		CASE(retry_from_within_the_failure_is_refused),
		CASE(capacity_has_to_be_a_power_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
