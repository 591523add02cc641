/* SPDX-License-Identifier: BSD-3-Clause */
/* Status of interfaces on a router: the 110 s rule and the link's flag. Spec 6.6. */
#include "tests/unit/lnet/fixture.h"

static bool
up(const char *nid)
{
	return ni_shows_up(fake_node_ni(&node, nid));
}

static void
ping_at(const char *ni, const char *from)
{
	struct lnet_hdr h = fixture_ping(from, ni, 272);
	struct fake_rx rx = {0};

	fixture_arrive(&rx, ni, &h, NULL);
}

static void
net_that_nobody_pings_for_110_seconds_is_down(void **)
{
	unsigned int i;

	fixture_router(1);
	for (i = 0; i < 4; i++) {
		fake_node_pass(&node, 54 * FAKE_S);
		ping_at(R0, A);
		assert_int_equal(up(R1), i < 2);
		assert_true(up(R0));
	}
	ping_at(R1, B);
	assert_true(up(R1));
	assert_false(up(R2));
	fixture_stop();
}

static void
interval_comes_from_the_parameters(void **)
{
	fixture_init(1);
	node.params.alive_router_check_interval = 3;
	node.params.router_ping_timeout = 2;
	fixture_start();
	fixture_configure();
	fake_node_pass(&node, 4 * FAKE_S);
	assert_true(up(R0));
	fake_node_pass(&node, 3 * FAKE_S);
	assert_false(up(R0));
	fixture_stop();
}

static void
nodes_that_do_not_route_stay_up(void **)
{
	fixture_init(1);
	node.params.forwarding = 0;
	fixture_start();
	fixture_configure();
	fake_node_pass(&node, 200 * FAKE_S);
	assert_true(up(R0));
	fixture_stop();
}

static void
lost_link_shows_at_once_and_comes_back_with_the_link(void **)
{
	fixture_router(1);
	lnet_ni_set_fatal(fake_node_ni(&node, R0), true, node.now);
	assert_false(up(R0));
	fake_node_pass(&node, 2 * FAKE_S);
	/* a ping does not help as long as the flag is set */
	ping_at(R0, A);
	assert_false(up(R0));
	lnet_ni_set_fatal(fake_node_ni(&node, R0), false, node.now);
	assert_true(up(R0));
	fixture_stop();
}

static void
exact_nid_is_found_and_no_other(void **)
{
	struct lnet_nid r0 = fake_nid(R0), a = fake_nid(A);

	fixture_router(1);
	assert_ptr_equal(lnet_ni_find(fixture_cpt(), &r0), fake_node_ni(&node, R0));
	assert_null(lnet_ni_find(fixture_cpt(), &a));
	lnet_unconfigure(node.l, node.now);
	assert_null(lnet_ni_find(fixture_cpt(), &r0));
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest ni[] = {
		cmocka_unit_test(net_that_nobody_pings_for_110_seconds_is_down),
		cmocka_unit_test(interval_comes_from_the_parameters),
		cmocka_unit_test(nodes_that_do_not_route_stay_up),
		cmocka_unit_test(lost_link_shows_at_once_and_comes_back_with_the_link),
		cmocka_unit_test(exact_nid_is_found_and_no_other),
	};

	return FIXTURE_MAIN(ni);
}
