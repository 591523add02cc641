/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ether/lan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct lan lan;
static const uint8_t nobody[6] = {0}, other_mac[6] = {2, 0, 0, 0, 0, 0x88};

static int
setup(void **)
{
	lan_simple(&lan, 1);
	return 0;
}

static int
three_workers(void **)
{
	lan_simple(&lan, 3);
	return 0;
}

static int
teardown(void **)
{
	lan_destroy(&lan);
	return 0;
}

static struct neigh *
neighbour(unsigned int worker, const char *addr)
{
	struct ipaddr a = lan_addr(addr);

	return neigh_find(lan.e->workers[worker]->neigh, 0, &a);
}

static void
request_for_us_is_answered_and_learnt(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, "10.0.0.2", nobody, "10.0.0.1"));
	assert_int_equal(lan_recv(&lan, 0, f), 42);
	assert_memory_equal(f, lan_peer_mac, 6);
	assert_int_equal(get_be16(f + 12), 0x0806);
	assert_int_equal(get_be16(f + 20), 2);
	assert_memory_equal(f + 22, lan_our_mac, 6);
	assert_int_equal(get_be32(f + 28), 0x0a000001);
	assert_memory_equal(f + 32, lan_peer_mac, 6);
	assert_int_equal(get_be32(f + 38), 0x0a000002);
	assert_int_equal(neighbour(0, "10.0.0.2")->state, NEIGH_STALE);
}

static void
probe_without_sender_is_answered_not_learnt(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, "0.0.0.0", nobody, "10.0.0.1"));
	assert_int_equal(lan_recv(&lan, 0, f), 42);
	assert_null(neighbour(0, "0.0.0.0"));
}

static void
others_requests_are_left_alone(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, "10.0.0.2", nobody, "10.0.0.3"));
	assert_int_equal(lan_recv(&lan, 0, f), 0);
	assert_null(neighbour(0, "10.0.0.2"));
	lan_assert_only_drop(&lan, ETHER_C_DROP_ARP_NOT_OURS);
}

static void
sender_that_is_no_neighbour_is_not_learnt(void **)
{
	static const char *const senders[] = {"192.168.7.7", "10.0.0.255", "224.0.0.1",
					      "127.0.0.1"};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < RTE_DIM(senders); i++) {
		lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, senders[i], nobody, "10.0.0.1"));
		assert_null(neighbour(0, senders[i]));
	}
}

static void
malformed_packets_are_dropped(void **)
{
	static const struct {
		unsigned int at;
		uint8_t value;
	} cases[] = {{14, 9}, {16, 9}, {18, 5}, {19, 6}, {21, 3}, {21, 0}, {22, 1}};
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		lan_arp(f, 1, lan_peer_mac, "10.0.0.2", nobody, "10.0.0.1");
		f[cases[i].at] = cases[i].value;
		lan_send(&lan, f, 60);
	}
	lan_arp(f, 1, lan_peer_mac, "10.0.0.2", nobody, "10.0.0.1");
	lan_send(&lan, f, 41);
	assert_int_equal(LAN_COUNT(&lan, DROP_ARP_BAD), RTE_DIM(cases) + 1);
	assert_int_equal(lan_recv(&lan, 0, f), 0);
}

static void
conflict_is_counted_and_defended_once_in_ten_seconds(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < 5; i++) {
		lan_send(&lan, f, lan_arp(f, 1, other_mac, "10.0.0.1", nobody, "10.0.0.1"));
		lan_wait(&lan, LAN_SECOND);
	}
	assert_int_equal(LAN_COUNT(&lan, ADDR_CONFLICT), 5);
	assert_int_equal(lan_recv(&lan, 0, f), 42);
	assert_int_equal(get_be32(f + 28), 0x0a000001);
	assert_int_equal(get_be32(f + 38), 0x0a000001);
	assert_int_equal(lan_recv(&lan, 0, f), 0);
	lan_wait(&lan, 6 * LAN_SECOND);
	lan_send(&lan, f, lan_arp(f, 2, other_mac, "10.0.0.1", lan_our_mac, "10.0.0.5"));
	assert_int_equal(lan_recv(&lan, 0, f), 42);
}

static void
reachable_neighbour_is_asked_before_a_claim_is_believed(void **)
{
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.2");
	uint8_t f[LAN_FRAME_MAX];

	ether_output_tcp(ether_lcore(lan.e, 0), &flow, lan_segment(&lan, &flow, 0, 1), 0, 0,
			 lan.now);
	lan_round(&lan);
	lan_send(&lan, f, lan_arp(f, 2, lan_peer_mac, "10.0.0.2", lan_our_mac, "10.0.0.1"));
	assert_int_equal(neighbour(0, "10.0.0.2")->state, NEIGH_REACHABLE);
	lan_wait(&lan, 2 * LAN_SECOND);
	lan_clear(&lan);
	lan_send(&lan, f, lan_arp(f, 1, other_mac, "10.0.0.2", nobody, "10.0.0.2"));
	assert_int_equal(LAN_COUNT(&lan, NEIGH_REFUSED), 1);
	assert_memory_equal(&neighbour(0, "10.0.0.2")->mac, lan_peer_mac, 6);
	/* the question goes to the known station alone */
	assert_int_equal(lan_recv(&lan, 0, f), 42);
	assert_memory_equal(f, lan_peer_mac, 6);
	assert_int_equal(get_be32(f + 38), 0x0a000002);
}

static void
every_worker_learns_and_one_answers(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int w;

	lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, "10.0.0.2", nobody, "10.0.0.1"));
	for (w = 0; w < 3; w++)
		assert_int_equal(neighbour(w, "10.0.0.2")->state, NEIGH_STALE);
	assert_int_equal(lan_recv(&lan, 0, f), 42);
	assert_int_equal(lan_recv(&lan, 0, f), 0);
}

static void
answer_reaches_the_worker_that_asked(void **)
{
	struct ip_flow flow;
	uint8_t f[LAN_FRAME_MAX];
	char remote[32];
	unsigned int host, home;

	for (host = 2; host < 12; host++) {
		snprintf(remote, sizeof(remote), "10.0.0.%u", host);
		flow = lan_flow("10.0.0.1", remote);
		home = ether_home(lan.e, &flow.local, &flow.remote);
		ether_output_tcp(ether_lcore(lan.e, home), &flow, lan_segment(&lan, &flow, 10, 10),
				 0, 0, lan.now);
		lan_round(&lan);
		assert_int_equal(lan_recv(&lan, 0, f), 42);
		lan_send(&lan, f, lan_arp(f, 2, lan_peer_mac, remote, lan_our_mac, "10.0.0.1"));
		assert_int_equal(neighbour(home, remote)->state, NEIGH_REACHABLE);
		assert_int_equal(lan_recv(&lan, 0, f), 64);
		assert_true(lan_cksums_ok(f, 64));
	}
	assert_true(LAN_COUNT(&lan, FAN_TX) > 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CASE3(f) cmocka_unit_test_setup_teardown(f, three_workers, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(request_for_us_is_answered_and_learnt),
		CASE(probe_without_sender_is_answered_not_learnt),
		CASE(others_requests_are_left_alone),
		CASE(sender_that_is_no_neighbour_is_not_learnt),
		CASE(malformed_packets_are_dropped),
		CASE(conflict_is_counted_and_defended_once_in_ten_seconds),
		CASE(reachable_neighbour_is_asked_before_a_claim_is_believed),
		CASE3(every_worker_learns_and_one_answers),
		CASE3(answer_reaches_the_worker_that_asked),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
