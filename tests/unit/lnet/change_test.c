/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks added and removed at run time. Control spec 3.4. */
#include "tests/unit/lnet/fixture.h"

#include <stdio.h>

static int
del(uint32_t net, const char *ifname)
{
	return lnet_net_del(node.l, net, ifname, node.now, node.why, sizeof(node.why));
}

static void
added_network_forwards_at_once(void **)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, A, "10.0.5.9@tcp5", 10);
	struct fake_rx rx = {0};

	fixture_router(2);
	fixture_arrive(&rx, R0, &h, NULL);
	assert_int_equal(fixture_drop(LNET_DROP_NO_ROUTE), 1);
	assert_int_equal(fake_node_add(&node, "10.0.5.1@tcp5"), 0);
	memset(&rx, 0, sizeof(rx));
	fixture_arrive(&rx, R0, &h, NULL);
	fake_node_settle(&node);
	assert_int_equal(node.tcp.n_sent, 1);
	fixture_stop();
}

static void
refused_additions_have_code_and_text_and_change_nothing(void **)
{
	struct lnet_nid gw = fake_nid("10.0.0.5@tcp");

	fixture_router(1);
	assert_int_equal(fake_node_add(&node, R0), -EEXIST);
	assert_string_equal(node.why, "cannot add LNet NI");
	assert_int_equal(fake_node_add(&node, "0@lo"), -ENODEV);
	assert_string_equal(node.why, "setting @lo not allowed");
	assert_int_equal(fake_node_add(&node, "5@gni"), -EINVAL);
	assert_string_equal(node.why, "LND type not supported");
	node.tcp.fail_start = 1;
	assert_int_equal(fake_node_add(&node, "10.0.5.1@tcp5"), -ENETDOWN);
	assert_string_equal(node.why, "cannot add LNet NI");
	assert_int_equal(
		lnet_route_add(node.l, 0x20005, &gw, -1, 0, node.now, node.why, sizeof(node.why)),
		0);
	assert_int_equal(fake_node_add(&node, "10.0.5.1@tcp5"), -EUSERS);
	assert_string_equal(node.why, "cannot add LNet NI");
	node.l->tunables.value[TUNABLE_MAX_INTERFACES] = 3;
	assert_int_equal(fake_node_add(&node, "10.0.6.1@tcp6"), -ENOSPC);
	assert_string_equal(node.why, "too many NIs, check lnet_interfaces_max");
	assert_int_equal(ni_count(node.l), 3);
	assert_int_equal(node.l->ping_seq, 1);
	lnet_unconfigure(node.l, node.now);
	assert_int_equal(fake_node_add(&node, "10.0.6.1@tcp6"), -ESHUTDOWN);
	fixture_stop();
}

static void
second_interface_takes_the_nets_tunables(void **)
{
	struct lnet_net_conf conf = {.net = 0x20000, .ifname = "10.0.0.99"};
	struct lnet_ni *ni;

	fixture_init(1);
	fixture_nets[0].tun.peer_credits = 5;
	fixture_nets[0].tun.credits = 77;
	fixture_start();
	fixture_configure();
	lnet_ni_tunables_unset(&conf.tun);
	conf.tun.peer_credits = 31;
	conf.tun.conns_per_peer = 4;
	assert_int_equal(lnet_net_add(node.l, &conf, node.now, node.why, sizeof(node.why)), 0);
	ni = fake_node_ni(&node, "10.0.0.99@tcp");
	assert_int_equal(ni->tun.peer_credits, 5);
	assert_int_equal(ni->tun.credits, 77);
	/* the driver's own are the interface's */
	assert_int_equal(ni->tun.conns_per_peer, 4);
	fixture_stop();
}

static void
a_peer_has_no_more_credits_than_the_interface(void **)
{
	struct lnet_net_conf conf = {.net = 0x20008, .ifname = "10.0.8.1"};

	fixture_router(1);
	lnet_ni_tunables_unset(&conf.tun);
	conf.tun.peer_credits = 300;
	conf.tun.credits = 20;
	assert_int_equal(lnet_net_add(node.l, &conf, node.now, node.why, sizeof(node.why)), 0);
	assert_int_equal(fake_node_ni(&node, "10.0.8.1@tcp8")->tun.peer_credits, 20);
	fixture_stop();
}

static void
interfaces_of_a_net_stand_together(void **)
{
	const struct lnet_conf *conf;

	fixture_router(1);
	assert_int_equal(fake_node_add(&node, "10.0.0.99@tcp"), 0);
	conf = snapshot_read(&node.l->conf);
	assert_int_equal(conf->n_nis, 5);
	assert_int_equal(conf->nis[1]->net, 0x20000);
	assert_int_equal(conf->nis[2]->net, 0x20000);
	assert_int_equal(conf->nis[3]->net, 0x20001);
	fixture_stop();
}

static void
refused_removals_have_code_and_text(void **)
{
	static const struct {
		uint32_t net;
		const char *ifname;
		int rc;
		const char *why;
	} rows[] = {
		{0x90000, NULL, -ENODEV, "setting @lo not allowed"},
		{0x20009, NULL, -EINVAL, "cannot del network"},
		{0x20009, "p0", -ENODEV, "LNet net doesn't exist"},
		{0x20000, "p0", -ENODEV, "cannot del LNet NI"},
	};
	unsigned int i;

	fixture_router(1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(del(rows[i].net, rows[i].ifname), rows[i].rc);
		assert_string_equal(node.why, rows[i].why);
	}
	assert_int_equal(ni_count(node.l), 3);
	lnet_unconfigure(node.l, node.now);
	assert_int_equal(del(0x20000, NULL), -ENETDOWN);
	fixture_stop();
}

static void
one_interface_or_the_whole_net_is_removed(void **)
{
	fixture_router(1);
	assert_int_equal(fake_node_add(&node, "10.0.0.99@tcp"), 0);
	assert_int_equal(del(0x20000, "10.0.0.99"), 0);
	assert_null(fake_node_ni(&node, "10.0.0.99@tcp"));
	assert_non_null(fake_node_ni(&node, R0));
	assert_int_equal(fake_node_add(&node, "10.0.0.99@tcp"), 0);
	assert_int_equal(del(0x20000, NULL), 0);
	assert_null(fake_node_ni(&node, R0));
	assert_null(net_find(node.l, 0x20000));
	/* gone for good: it may come again */
	assert_int_equal(fake_node_add(&node, R0), 0);
	fixture_stop();
}

static void
removal_ends_messages_on_both_sides_and_touches_no_other_net(void **)
{
	struct fake_rx in[12] = {0}, other = {0};
	struct lnet_hdr h = fixture_hdr(LNET_PUT, A, "10.0.2.9@o2ib", 10);
	unsigned int i, w;

	for (w = 1; w <= 3; w++) {
		fixture_router(w);
		memset(in, 0, sizeof(in));
		memset(&other, 0, sizeof(other));
		node.tcp.mode = node.o2ib.mode = FAKE_LATER;
		for (i = 0; i < 12; i++)
			fixture_put(&in[i], i < 6 ? A : "10.0.0.4@tcp", B, 5000);
		fixture_arrive(&other, R0, &h, NULL);
		fake_node_settle(&node);
		assert_int_equal(node.o2ib.n_kept, 1);
		assert_int_equal(del(0x20001, NULL), 0);
		fake_node_settle(&node);
		assert_true(TAILQ_EMPTY(&node.l->retiring));
		assert_null(fake_node_ni(&node, R1));
		assert_int_equal(node.tcp.n_kept, 0);
		assert_int_equal(node.o2ib.n_kept, 1);
		fake_lnd_complete(&node.o2ib, 0, 0, node.now);
		fake_node_settle(&node);
		assert_true(lnet_is_idle(node.l));
		assert_int_equal(fixture_cpt()->bufs[LNET_RTR_LARGE].credits, 4);
		fixture_stop();
	}
}

static void
interface_that_still_closes_refuses_its_successor(void **)
{
	fixture_router(1);
	node.tcp.slow_detach = 3;
	assert_int_equal(del(0x20001, NULL), 0);
	assert_null(fake_node_ni(&node, R1));
	assert_int_equal(fake_node_add(&node, R1), -EBUSY);
	fake_node_settle(&node);
	lnet_control(node.l, node.now);
	lnet_control(node.l, node.now);
	lnet_control(node.l, node.now);
	assert_int_equal(fake_node_add(&node, R1), 0);
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest change[] = {
		cmocka_unit_test(added_network_forwards_at_once),
		cmocka_unit_test(refused_additions_have_code_and_text_and_change_nothing),
		cmocka_unit_test(second_interface_takes_the_nets_tunables),
		cmocka_unit_test(a_peer_has_no_more_credits_than_the_interface),
		cmocka_unit_test(interfaces_of_a_net_stand_together),
		cmocka_unit_test(refused_removals_have_code_and_text),
		cmocka_unit_test(one_interface_or_the_whole_net_is_removed),
		cmocka_unit_test(removal_ends_messages_on_both_sides_and_touches_no_other_net),
		cmocka_unit_test(interface_that_still_closes_refuses_its_successor),
	};

	return FIXTURE_MAIN(change);
}
