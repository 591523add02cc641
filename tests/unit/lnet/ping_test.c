/* SPDX-License-Identifier: BSD-3-Clause */
/* Outgoing pings: to others, to itself through the driver, through a gateway; errors and deadlines. Control spec 4.8. */
#include "tests/unit/lnet/fixture.h"

static struct lnet_ping_result result;
static unsigned int answers;

static void
answered(void *ctx, const struct lnet_ping_result *r, uint64_t)
{
	assert_ptr_equal(ctx, &answers);
	answers++;
	result = *r;
}

static int
ping(const char *nid, const char *source)
{
	struct lnet_nid to = fake_nid(nid), from = fake_nid(source != NULL ? source : "<?>");
	int rc;

	answers = 0;
	memset(&result, 0, sizeof(result));
	rc = lnet_ping(node.l, &to, &from, 3 * FAKE_S, answered, &answers, node.now);
	fake_node_settle(&node);
	return rc;
}

static void
own_nids_answer_through_loopback_and_through_the_driver(void **)
{
	static const char *const nids[] = {"0@lo", R0, R1, R2};
	struct lnet_nid r0 = fake_nid(R0), lo = lnet_nid_lo();
	unsigned int i, w;

	for (w = 1; w <= 3; w++) {
		fixture_router(w);
		for (i = 0; i < 4; i++) {
			assert_int_equal(ping(nids[i], NULL), 0);
			assert_int_equal(answers, 1);
			assert_int_equal(result.rc, 0);
			assert_int_equal(result.n_nids, 4);
			assert_int_equal(result.pid, LNET_PID);
			assert_true(lnet_nid_equal(&result.nids[0], &lo));
			assert_true(lnet_nid_equal(&result.nids[1], &r0));
		}
		/* a hairpin: GET and REPLY went by the drivers, two of each for tcp */
		assert_int_equal(node.tcp.n_sent, 4);
		assert_int_equal(node.o2ib.n_sent, 2);
		assert_true(lnet_is_idle(node.l));
		fixture_stop();
	}
}

static void
two_nodes_ping_each_other(void **)
{
	static struct fake_node other;

	fixture_router(2);
	fake_node_init(&other, &fabric, 3);
	fake_node_start(&other);
	assert_int_equal(lnet_configure(other.l, false, other.now, other.why, sizeof(other.why)),
			 0);
	assert_int_equal(fake_node_add(&other, A), 0);
	assert_int_equal(ping(A, R0), 0);
	while (answers == 0) {
		fake_node_settle(&other);
		fake_node_settle(&node);
	}
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.n_nids, 2);
	assert_int_equal(result.features, 0x0e);
	fake_node_stop(&other);
	fixture_stop();
}

static void
unreachable_targets_are_refused_at_once(void **)
{
	fixture_router(1);
	assert_int_equal(ping("10.0.9.9@tcp9", NULL), -EHOSTUNREACH);
	assert_int_equal(ping("<?>", NULL), -EHOSTUNREACH);
	assert_int_equal(ping(A, "10.0.0.99@tcp"), -EINVAL);
	assert_int_equal(ping(A, R1), -EHOSTUNREACH);
	assert_int_equal(answers, 0);
	fixture_stop();
}

static void
failures_of_the_way_are_told(void **)
{
	fixture_router(1);
	node.tcp.mode = FAKE_FAIL;
	node.tcp.rc = -ECONNREFUSED;
	assert_int_equal(ping(A, NULL), 0);
	assert_int_equal(result.rc, -ECONNREFUSED);
	node.tcp.mode = FAKE_REFUSE;
	node.tcp.rc = -EIO;
	assert_int_equal(ping(A, NULL), 0);
	assert_int_equal(result.rc, -EIO);
	fixture_stop();
}

static void
no_answer_in_time_is_an_io_error(void **)
{
	fixture_router(1);
	assert_int_equal(ping(A, NULL), 0);
	fake_node_pass(&node, 29 * FAKE_S / 10);
	assert_int_equal(answers, 0);
	fake_node_pass(&node, FAKE_S / 2);
	assert_int_equal(answers, 1);
	assert_int_equal(result.rc, -EIO);
	fixture_stop();
}

static void
answer_without_sense_is_a_protocol_error(void **)
{
	struct lnet_hdr h = {.dst_pid = LNET_PID, .src_pid = LNET_PID, .type = LNET_REPLY};
	struct fake_rx rx = {0};

	fixture_router(1);
	assert_int_equal(ping(A, NULL), 0);
	h.dst = fake_nid(R0);
	h.src = fake_nid(A);
	h.payload_len = 100;
	memcpy(h.body, fake_lnd_sent(&node.tcp, 0)->hdr.body, 16);
	fixture_arrive(&rx, R0, &h, NULL);
	fake_node_settle(&node);
	assert_int_equal(answers, 1);
	assert_int_equal(result.rc, -EPROTO);
	fixture_stop();
}

static void
remote_net_is_pinged_through_its_gateway(void **)
{
	struct lnet_nid gw = fake_nid("10.0.0.5@tcp"), to = fake_nid("10.0.9.9@tcp9");

	fixture_router(1);
	assert_int_equal(
		lnet_route_add(node.l, 0x20009, &gw, -1, 0, node.now, node.why, sizeof(node.why)),
		0);
	assert_int_equal(ping("10.0.9.9@tcp9", NULL), 0);
	/* the last one is the first check of the gateway itself */
	assert_true(lnet_nid_equal(&fake_lnd_sent(&node.tcp, 1)->next_hop, &gw));
	assert_true(lnet_nid_equal(&fake_lnd_sent(&node.tcp, 1)->hdr.dst, &to));
	fixture_stop();
	/* unconfiguring ended it */
	assert_int_equal(answers, 1);
	assert_int_equal(result.rc, -ESHUTDOWN);
}

static void
nothing_is_pinged_while_down(void **)
{
	fixture_init(1);
	fixture_start();
	assert_int_equal(ping("0@lo", NULL), -ESHUTDOWN);
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest pings[] = {
		cmocka_unit_test(own_nids_answer_through_loopback_and_through_the_driver),
		cmocka_unit_test(two_nodes_ping_each_other),
		cmocka_unit_test(unreachable_targets_are_refused_at_once),
		cmocka_unit_test(failures_of_the_way_are_told),
		cmocka_unit_test(no_answer_in_time_is_an_io_error),
		cmocka_unit_test(answer_without_sense_is_a_protocol_error),
		cmocka_unit_test(remote_net_is_pinged_through_its_gateway),
		cmocka_unit_test(nothing_is_pinged_while_down),
	};

	return FIXTURE_MAIN(pings);
}
