/* SPDX-License-Identifier: BSD-3-Clause */
/* Next hops that are down or stopped, and that they do not stop the others. Spec 5.4, doc/memory.md section 4. */
#include "tests/unit/lnet/fixture.h"

#include <stdio.h>

/* The answer to the last ping that was sent, to @nid. */
static void
answer_probe(const char *nid)
{
	struct lnet_nid to = fake_nid(nid);
	struct lnet_hdr h = {.dst_pid = LNET_PID, .src_pid = LNET_PID, .type = LNET_REPLY};
	const struct fake_sent *s;
	struct fake_rx rx = {0};
	unsigned int i;

	for (i = 0;; i++) {
		s = fake_lnd_sent(&node.tcp, i);
		if (s->hdr.type == LNET_GET && lnet_nid_equal(&s->next_hop, &to))
			break;
	}
	h.dst = s->hdr.src;
	h.src = s->hdr.dst;
	memcpy(h.body, s->hdr.body, 16);
	fake_rx_start(&rx, s->ni, &h, &to, NULL, node.now);
	fake_node_settle(&node);
}

static unsigned int
probes_sent(const char *nid)
{
	struct lnet_nid to = fake_nid(nid);
	unsigned int i, n = 0;

	for (i = 0; i < node.tcp.n_sent && i < FAKE_SENT_MAX; i++) {
		const struct fake_sent *s = fake_lnd_sent(&node.tcp, i);

		n += s->hdr.type == LNET_GET && lnet_nid_equal(&s->hdr.dst, &to) &&
			s->hdr.src_pid == LNET_PID && lnet_nid_equal(&s->hdr.src, &s->ni->nid);
	}
	return n;
}

static void
down(const char *nid)
{
	struct lnet_nid n = fake_nid(nid);
	struct lnet_cpt *home = node.l->cpts[fake_home(&node.tcp, &n)];

	lnet_peer_notify_down(home, fake_node_ni(&node, R1), &n, node.now, node.now);
}

/* --- stopped --- */

static void
odd(const char *nid, enum fake_mode mode)
{
	node.tcp.odd_nid = fake_nid(nid);
	node.tcp.odd_mode = mode;
}

static void
stopped_next_hop_fails_what_waits_and_returns_every_credit(void **)
{
	struct fake_rx rx[10] = {0};
	unsigned int i;

	fixture_router(1);
	odd(B, FAKE_LATER);
	for (i = 0; i < 10; i++)
		fixture_put(&rx[i], i < 5 ? A : "10.0.0.4@tcp", B, 100);
	assert_int_equal(fixture_peer(R1, B)->tx_credits, -2);
	fake_node_pass(&node, 49 * FAKE_S / 10);
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 0);
	fake_node_pass(&node, FAKE_S / 5);
	/* two that waited here, eight that the driver had: it was told to close */
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 10);
	assert_int_equal(node.tcp.n_peer_down, 1);
	assert_int_equal(node.tcp.n_kept, 0);
	assert_int_equal(fixture_peer(R1, B)->tx_credits, 8);
	assert_int_equal(fixture_peer(R0, A)->rtr_credits, 8);
	assert_int_equal(fixture_cpt()->bufs[LNET_RTR_SMALL].credits, 16);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
what_waits_for_the_interface_is_failed_with_its_peer_only(void **)
{
	struct fake_rx rx[4] = {0};

	fixture_init(1);
	fixture_nets[1].tun.credits = 1;
	fixture_nets[1].tun.peer_credits = 1;
	fixture_start();
	fixture_configure();
	odd(B, FAKE_LATER);
	fixture_put(&rx[0], A, B, 1); /* has the only credit of the interface */
	fixture_put(&rx[1], A, "10.0.1.7@tcp1", 2); /* waits for it */
	fixture_put(&rx[2], A, B, 3); /* waits for the peer */
	assert_int_equal(ni_cpt(fake_node_ni(&node, R1), fixture_cpt())->tx_credits, -1);
	fake_node_pass(&node, 51 * FAKE_S / 10);
	/* the one for the other peer went out as soon as the credit was back */
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 2);
	assert_int_equal(fixture_cpt()->stats.route_count, 1);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->hdr.type, LNET_PUT);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->len, 2);
	fixture_stop();
}

static void
progress_of_the_transport_keeps_a_slow_hop(void **)
{
	struct lnet_nid b = fake_nid(B);
	struct fake_rx rx = {0};
	unsigned int i;

	fixture_router(1);
	odd(B, FAKE_LATER);
	fixture_put(&rx, A, B, 1 << 20);
	for (i = 0; i < 10; i++) {
		fake_node_pass(&node, 4 * FAKE_S);
		lnet_peer_progress(fixture_cpt(), fake_node_ni(&node, R1), &b, node.now);
	}
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 0);
	fake_node_pass(&node, 6 * FAKE_S);
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 1);
	fixture_stop();
}

static void
further_messages_are_discarded_behind_their_header_on_every_worker(void **)
{
	struct fake_rx rx[4] = {0};
	unsigned int w;

	for (w = 1; w <= 3; w++) {
		fixture_router(w);
		odd(B, FAKE_LATER);
		memset(rx, 0, sizeof(rx));
		fixture_put(&rx[0], A, B, 100);
		fake_node_pass(&node, 6 * FAKE_S);
		assert_int_equal(fixture_drop(LNET_DROP_STALLED), 1);
		/* senders at home on different workers */
		fixture_put(&rx[1], "10.0.0.3@tcp", B, 100);
		fixture_put(&rx[2], "10.0.0.4@tcp", B, 100);
		fixture_put(&rx[3], "10.0.0.5@tcp", B, 0);
		assert_true(rx[1].is_discarded && rx[2].is_discarded && rx[3].is_discarded);
		assert_int_equal(fixture_drop(LNET_DROP_STOPPED), 3);
		fixture_stop();
	}
}

static void
only_the_answer_to_a_ping_makes_it_move_again(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, B, A, 0);
	struct fake_rx rx = {0};
	uint64_t stopped;

	fixture_router(2);
	odd(B, FAKE_LATER);
	fixture_put(&rx, A, B, 100);
	fake_node_pass(&node, 51 * FAKE_S / 10);
	odd(B, FAKE_AT_ONCE);
	stopped = fixture_drop(LNET_DROP_STOPPED);
	/* it may talk to us as it likes */
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R1, &h, NULL);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	assert_int_equal(fixture_drop(LNET_DROP_STOPPED), ++stopped);
	assert_int_equal(probes_sent(B), 0);
	fake_node_pass(&node, 12 * FAKE_S / 10);
	assert_int_equal(probes_sent(B), 1);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	assert_int_equal(fixture_drop(LNET_DROP_STOPPED), ++stopped);
	answer_probe(B);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	fake_node_settle(&node);
	assert_int_equal(fixture_drop(LNET_DROP_STOPPED), stopped);
	assert_int_equal(fake_lnd_sent(&node.tcp, 0)->hdr.type, LNET_PUT);
	fixture_stop();
}

static void
probes_back_off(void **)
{
	struct fake_rx rx = {0};

	fixture_router(1);
	odd(B, FAKE_LATER);
	fixture_put(&rx, A, B, 100);
	fake_node_pass(&node, 51 * FAKE_S / 10);
	/* not answered, each ends after 10 s; due 1, 3, 7, 15, 31 and 61 s after the stop, never two at a time */
	odd(B, FAKE_AT_ONCE);
	fake_node_pass(&node, 62 * FAKE_S);
	assert_in_range(probes_sent(B), 3, 4);
	fixture_stop();
}

static void
stopped_hop_is_pinged_as_long_as_it_is_wanted(void **)
{
	struct fake_rx rx = {0};
	unsigned int i, before;

	fixture_router(3);
	odd(B, FAKE_LATER);
	fixture_put(&rx, A, B, 100);
	fake_node_pass(&node, 6 * FAKE_S);
	odd(B, FAKE_AT_ONCE);
	for (i = 0; i < 20; i++) {
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, A, B, 100);
		fake_node_pass(&node, 15 * FAKE_S);
	}
	before = probes_sent(B);
	assert_in_range(before, 10, 20);
	fake_node_pass(&node, 60 * FAKE_S);
	before = probes_sent(B);
	fake_node_pass(&node, 200 * FAKE_S);
	assert_in_range(probes_sent(B), before, before + 1);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	fake_node_pass(&node, 31 * FAKE_S);
	assert_in_range(probes_sent(B), before + 1, before + 3);
	fixture_stop();
}

static void
stop_is_noticed_in_time_though_a_later_timer_runs(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, B, A, 0);
	struct fake_rx rx = {0};

	fixture_init(1);
	fixture_nets[1].tun.peer_timeout = 0;
	fixture_start();
	fixture_configure();
	fixture_arrive(&rx, R1, &h, NULL);
	/* down, and looked for: the next ping is due in half a minute */
	down(B);
	fake_node_pass(&node, 40 * FAKE_S);
	odd(B, FAKE_LATER);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	fake_node_pass(&node, 51 * FAKE_S / 10);
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 1);
	fixture_stop();
}

static void
probe_that_fails_at_once_is_followed_by_others(void **)
{
	struct fake_rx rx = {0};

	fixture_router(1);
	odd(B, FAKE_LATER);
	fixture_put(&rx, A, B, 100);
	fake_node_pass(&node, 51 * FAKE_S / 10);
	odd(B, FAKE_FAIL);
	fake_node_pass(&node, 20 * FAKE_S);
	assert_false(fixture_peer(R1, B)->is_probing);
	assert_in_range(probes_sent(B), 4, 5);
	fixture_stop();
}

static void
policy_can_be_switched_off(void **)
{
	struct fake_rx rx = {0};

	fixture_init(1);
	node.params.stall_ns = 0;
	fixture_start();
	fixture_configure();
	odd(B, FAKE_LATER);
	fixture_put(&rx, A, B, 100);
	fake_node_pass(&node, 100 * FAKE_S);
	assert_int_equal(fixture_drop(LNET_DROP_STALLED), 0);
	assert_int_equal(node.tcp.n_kept, 1);
	fixture_stop();
}

/*
 * Twenty senders, four next hops, the first of which takes nothing; small pools; 30 s.
 * Return: the longest time without a message for one of the other three.
 */
static uint64_t
longest_pause(unsigned int through[4])
{
	static const char *const hops[] = {B, "10.0.1.4@tcp1", "10.0.1.5@tcp1", "10.0.1.6@tcp1"};
	static struct fake_rx rx[1200];
	uint64_t last = node.now, longest = 0;
	unsigned int i, s, n = 0, seen = 0;
	char src[32];

	memset(rx, 0, sizeof(rx));
	memset(through, 0, 4 * sizeof(*through));
	odd(B, FAKE_LATER);
	for (i = 0; i < 300; i++) {
		for (s = 0; s < 4; s++) {
			snprintf(src, sizeof(src), "10.0.0.%u@tcp", 2 + (i + s) % 20);
			fixture_put(&rx[n++], src, hops[s], 5000);
		}
		fake_node_pass(&node, FAKE_S / 10);
		for (; seen < node.tcp.n_sent; seen++) {
			const struct lnet_hdr *h =
				&fake_lnd_sent(&node.tcp, node.tcp.n_sent - 1 - seen)->hdr;

			for (s = 0; s < 4; s++) {
				struct lnet_nid nid = fake_nid(hops[s]);

				if (h->type == LNET_PUT && lnet_nid_equal(&h->dst, &nid))
					through[s]++;
			}
			if (lnet_nid_to4(&h->dst) != lnet_nid_to4(&node.tcp.odd_nid))
				last = node.now;
		}
		longest = node.now - last > longest ? node.now - last : longest;
	}
	return longest;
}

static void
one_stopped_hop_among_many_does_not_stop_the_others(void **)
{
	unsigned int through[4];

	fixture_router(3);
	assert_in_range(longest_pause(through), 0, 6 * FAKE_S);
	assert_true(through[1] > 200 && through[2] > 200 && through[3] > 200);
	assert_in_range(through[0], 1, 20);
	assert_true(fixture_drop(LNET_DROP_STOPPED) > 100);
	fixture_stop();
	/* that it is the policy that does it */
	fixture_init(3);
	node.params.stall_ns = 0;
	fixture_start();
	fixture_configure();
	assert_in_range(longest_pause(through), 15 * FAKE_S, 30 * FAKE_S);
	fixture_stop();
}

/* --- down --- */

static void
message_for_a_peer_that_is_down_is_dropped_and_credits_return(void **)
{
	struct fake_rx rx[3] = {0};
	struct traffic *t;

	fixture_router(1);
	fixture_put(&rx[0], A, B, 100);
	down(B);
	assert_int_equal(node.tcp.n_peer_down, 1);
	fixture_put(&rx[1], A, B, 100);
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 1);
	t = &fixture_peer(R1, B)->traffic;
	/* the one drop that the peer's own counters show (12.1) */
	assert_int_equal(t->drop[LNET_PUT], 1);
	assert_int_equal(t->health[LNET_HEALTH_REMOTE_DROPPED], 1);
	assert_int_equal(fixture_cpt()->stats.drop_count, 1);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
queue_of_a_dead_peer_drains_by_itself(void **)
{
	struct fake_rx rx[12] = {0};
	unsigned int i;

	fixture_router(1);
	node.tcp.mode = FAKE_LATER;
	for (i = 0; i < 12; i++)
		fixture_put(&rx[i], i < 6 ? A : "10.0.0.4@tcp", B, 100);
	assert_int_equal(fixture_peer(R1, B)->tx_credits, -4);
	node.tcp.health = LNET_HEALTH_REMOTE_DROPPED;
	/* the driver's eight fail with the connection; the four that wake are found to be for a dead peer */
	down(B);
	assert_int_equal(fixture_drop(LNET_DROP_TX_FAILED), 8);
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 4);
	assert_int_equal(fixture_peer(R1, B)->tx_credits, 8);
	assert_true(lnet_is_idle(node.l));
	fixture_stop();
}

static void
peer_is_up_again_when_it_is_heard_from(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, B, A, 0);
	struct fake_rx rx = {0};

	fixture_router(1);
	fixture_put(&rx, A, B, 100);
	down(B);
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R1, &h, NULL);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 0);
	fixture_stop();
}

static void
lost_peer_is_pinged_for_a_minute(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, B, A, 0);
	struct fake_rx rx = {0};

	fixture_router(1);
	fixture_arrive(&rx, R1, &h, NULL);
	down(B);
	fake_node_pass(&node, 9 * FAKE_S / 10);
	assert_int_equal(probes_sent(B), 0);
	fake_node_pass(&node, FAKE_S / 5);
	assert_int_equal(probes_sent(B), 1);
	/* 1, 2, 4, 8, 16, 32 s apart, but never two at a time, and each waits for 10 s */
	fake_node_pass(&node, 200 * FAKE_S);
	assert_in_range(probes_sent(B), 3, 6);
	answer_probe(B);
	assert_true(fixture_peer(R1, B)->is_up);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 0);
	fixture_stop();
}

static void
peer_never_heard_from_is_pinged_only_while_it_is_wanted(void **)
{
	struct fake_rx rx;
	unsigned int i;

	fixture_router(1);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	down(B);
	fake_node_pass(&node, 30 * FAKE_S);
	assert_int_equal(probes_sent(B), 0);
	for (i = 0; i < 100; i++) {
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, A, B, 100);
		fake_node_pass(&node, FAKE_S / 10);
	}
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 100);
	assert_in_range(probes_sent(B), 1, 4);
	answer_probe(B);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 100);
	fixture_stop();
}

static void
aliveness_is_not_looked_at_where_it_is_switched_off(void **)
{
	struct lnet_hdr user = fixture_hdr(LNET_PUT, A, B, 10);
	struct fake_rx rx = {0};

	fixture_init(1);
	fixture_nets[1].tun.peer_timeout = 0;
	fixture_start();
	fixture_configure();
	fixture_put(&rx, A, B, 100);
	down(B);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, A, B, 100);
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 0);
	fixture_stop();
	/* a user-space process has a flag in its pid */
	fixture_router(1);
	fixture_put(&rx, A, B, 100);
	down(B);
	user.dst_pid |= 0x80000000;
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &user, NULL);
	assert_int_equal(fixture_drop(LNET_DROP_DEAD_HOP), 0);
	fixture_stop();
}

static void
report_from_the_future_or_of_a_stranger_is_ignored(void **)
{
	struct lnet_nid b = fake_nid(B), other = fake_nid("10.0.1.99@tcp1");
	struct lnet_ni *ni;
	struct fake_rx rx = {0};

	fixture_router(1);
	ni = fake_node_ni(&node, R1);
	fixture_put(&rx, A, B, 100);
	lnet_peer_notify_down(fixture_cpt(), ni, &b, node.now + 1, node.now);
	assert_true(fixture_peer(R1, B)->is_up);
	lnet_peer_notify_down(fixture_cpt(), ni, &other, node.now, node.now);
	assert_null(fixture_peer(R1, "10.0.1.99@tcp1"));
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest hop[] = {
		cmocka_unit_test(stopped_next_hop_fails_what_waits_and_returns_every_credit),
		cmocka_unit_test(what_waits_for_the_interface_is_failed_with_its_peer_only),
		cmocka_unit_test(progress_of_the_transport_keeps_a_slow_hop),
		cmocka_unit_test(
			further_messages_are_discarded_behind_their_header_on_every_worker),
		cmocka_unit_test(only_the_answer_to_a_ping_makes_it_move_again),
		cmocka_unit_test(probes_back_off),
		cmocka_unit_test(stopped_hop_is_pinged_as_long_as_it_is_wanted),
		cmocka_unit_test(stop_is_noticed_in_time_though_a_later_timer_runs),
		cmocka_unit_test(probe_that_fails_at_once_is_followed_by_others),
		cmocka_unit_test(policy_can_be_switched_off),
		cmocka_unit_test(one_stopped_hop_among_many_does_not_stop_the_others),
		cmocka_unit_test(message_for_a_peer_that_is_down_is_dropped_and_credits_return),
		cmocka_unit_test(queue_of_a_dead_peer_drains_by_itself),
		cmocka_unit_test(peer_is_up_again_when_it_is_heard_from),
		cmocka_unit_test(lost_peer_is_pinged_for_a_minute),
		cmocka_unit_test(peer_never_heard_from_is_pinged_only_while_it_is_wanted),
		cmocka_unit_test(aliveness_is_not_looked_at_where_it_is_switched_off),
		cmocka_unit_test(report_from_the_future_or_of_a_stranger_is_ignored),
	};

	return FIXTURE_MAIN(hop);
}
