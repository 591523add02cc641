/* SPDX-License-Identifier: BSD-3-Clause */
/* The core's commands as a client gets their answers: keys, order, levels, codes, texts. Control spec 4, 13. */
#include "lnet/base/tel.h"

#include "tests/unit/lnet/fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct tel *tel;
static char json[32768];

static void
wake(void *)
{
}

static int
call(const char *name, const char *params)
{
	return tel_call(tel, name, params, json, sizeof(json), node.now);
}

static void
start(unsigned int workers)
{
	fixture_router(workers);
	assert_int_equal(tel_create(wake, NULL, &tel), 0);
	assert_int_equal(lnet_tel_register(node.l, tel), 0);
}

static void
stop(void)
{
	tel_unregister_owner(tel, node.l);
	tel_destroy(tel);
	fixture_stop();
}

/* The reply has @parts in this order. */
static void
has(const char *const *parts)
{
	const char *at = json;

	for (; *parts != NULL; parts++) {
		at = strstr(at, *parts);
		if (at == NULL)
			fail_msg("no '%s' (or not in order) in %s", *parts, json);
		at += strlen(*parts);
	}
}
#define HAS(...) has((const char *const[]){__VA_ARGS__, NULL})

static void
lacks(const char *part)
{
	if (strstr(json, part) != NULL)
		fail_msg("'%s' in %s", part, json);
}

static void
net_show_has_the_keys_of_its_level(void **)
{
	start(2);
	assert_int_equal(call("/lnet/net/show", NULL), 0);
	HAS("\"net_type\":\"lo\"", "\"local_nis\"", "\"nid\":\"0@lo\"", "\"status\":\"up\"",
	    "\"net_type\":\"tcp\"", "\"nid\":\"10.0.0.1@tcp\"",
	    "\"interfaces\":{\"0\":\"10.0.0.1\"}", "tcp1", "o2ib", "\"next\":0");
	lacks("statistics");
	assert_int_equal(call("/lnet/net/show", "net=tcp;v=1"), 0);
	HAS("\"statistics\":{\"send_count\":0,\"recv_count\":0,\"drop_count\":0,\"put_egress_samples\":0,\"put_egress_min_nsec\":0",
	    "put_ack_avg_nsec",
	    "\"tunables\":{\"peer_timeout\":180,\"peer_credits\":8,\"peer_buffer_credits\":0,\"credits\":256}",
	    "\"dev_cpt\":-1", "\"CPT\":\"[0,1]\"");
	lacks("sent_stats");
	lacks("10.0.1.1");
	assert_int_equal(call("/lnet/net/show", "net=tcp;v=2"), 0);
	HAS("\"sent_stats\":{\"put\":0,\"get\":0,\"reply\":0,\"ack\":0,\"hello\":0}",
	    "received_stats", "dropped_stats",
	    "\"health_stats\":{\"fatal_error\":0,\"health_value\":1000,\"interrupts\":0,\"dropped\":0,\"aborted\":0,\"no_route\":0,\"timeouts\":0,"
	    "\"error\":0,\"ping_count\":0,\"next_ping\":0}",
	    "tunables");
	lacks("udsp");
	assert_int_equal(call("/lnet/net/show", "net=tcp;v=4"), 0);
	HAS("put_ack_avg_nsec", "\"udsp_info\":{\"net_priority\":-1,\"nid_priority\":-1}",
	    "sent_stats");
	stop();
}

static void
refusals_have_their_codes(void **)
{
	static const struct {
		const char *cmd, *params;
		int rc;
	} rows[] = {
		{"/lnet/net/show", "net=tcp9", -ESRCH},
		{"/lnet/net/show", "net=junk", -ENOENT},
		{"/lnet/net/show", "net=lo", -ENODEV},
		{"/lnet/net/add", "net=junk;if=x", -ENOENT},
		{"/lnet/net/add", "net=tcp", -EINVAL},
		{"/lnet/net/add", "net=tcp8;if=10.0.8.1;tos=256", -EINVAL},
		{"/lnet/net/add", "net=tcp8;if=10.0.8.1;conns_per_peer=128", -EINVAL},
		{"/lnet/net/del", "net=tcp9", -EINVAL},
		{"/lnet/net/del", "nid=10.0.0.9@tcp", -ENOENT},
		{"/lnet/net/del", "net=tcp;nid=10.0.0.9@tcp", -EINVAL},
		{"/lnet/net/del", NULL, -EINVAL},
		{"/lnet/route/add", "net=junk;gw=10.0.0.5@tcp", -ENXIO},
		{"/lnet/route/add", "net=tcp9;gw=junk", -ENODEV},
		{"/lnet/route/add", "net=tcp9", -EINVAL},
		{"/lnet/route/add", "net=tcp9;gw=10.0.0.5@tcp;hop=junk", -EINVAL},
		{"/lnet/route/del", "net=tcp9;gw=10.0.0.5@tcp", -ENOENT},
		{"/lnet/routing/set", "enable=2", -EINVAL},
		{"/lnet/peer/show", "nid=10.0.0.77@tcp", -ENOENT},
		{"/lnet/peer/show", "nid=junk", -EINVAL},
		{"/lnet/ping", "nid=10.0.9.9@tcp9", -EHOSTUNREACH},
		{"/lnet/ping", NULL, -EINVAL},
		{"/lnet/ping", "nid=10.0.0.9@tcp;source=10.0.0.8@tcp", -EINVAL},
		{"/lnet/ping", "nid=10.0.0.9@tcp;timeout_ms=0", -EINVAL},
		{"/lnet/which_nid", "nids=10.0.9.9@tcp9", -EHOSTUNREACH},
		{"/lnet/which_nid", "nids=junk!", -EINVAL},
		{"/lnet/set", "name=bogus;value=1", -ENOENT},
		{"/lnet/set", "name=tiny_buffers;value=-1", -EINVAL},
		{"/lnet/set", "name=retry_count", -EINVAL},
		{"/lnet/set", "name=retry_count;value=1000", -ENODATA},
	};
	unsigned int i;

	start(1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (call(rows[i].cmd, rows[i].params) != rows[i].rc)
			fail_msg("%s,%s: %s", rows[i].cmd, rows[i].params, json);
	stop();
}

static void
node_that_is_down_says_so(void **)
{
	static const struct {
		const char *cmd;
		int rc;
	} down[] = {
		{"/lnet/net/show", -ENETDOWN},	   {"/lnet/route/show", -ENETDOWN},
		{"/lnet/routing/show", -ENETDOWN}, {"/lnet/global", -ENETDOWN},
		{"/lnet/stats/show", -ENETDOWN},   {"/lnet/stats/reset", -ENETDOWN},
		{"/lnet/peer/show", -ENETDOWN},	   {"/lnet/peer/list", -ENETDOWN},
		{"/lnet/nids", -ENETDOWN},	   {"/lnet/which_nid", -ENETDOWN},
		{"/lnet/ping", -ENETDOWN},	   {"/lnet/drops", 0},
	};
	unsigned int i;

	start(1);
	lnet_unconfigure(node.l, node.now);
	for (i = 0; i < sizeof(down) / sizeof(down[0]); i++)
		if (call(down[i].cmd, NULL) != down[i].rc ||
		    (down[i].rc < 0 && strstr(json, "\"descr\":\"Network is down\"") == NULL))
			fail_msg("%s: %s", down[i].cmd, json);
	stop();
}

static void
networks_come_and_go(void **)
{
	start(1);
	assert_int_equal(
		call("/lnet/net/add", "net=tcp8;if=10.0.8.1,10.0.8.2;peer_credits=3;credits=20"),
		0);
	assert_int_equal(call("/lnet/net/show", "net=tcp8;v=1"), 0);
	HAS("10.0.8.1@tcp8", "\"peer_credits\":3", "\"credits\":20", "10.0.8.2@tcp8");
	/* all or none */
	node.tcp.fail_start = 2;
	assert_int_equal(call("/lnet/net/add", "net=tcp9;if=10.0.9.1,10.0.9.2"), -ENETDOWN);
	HAS("cannot add LNet NI");
	assert_null(fake_node_ni(&node, "10.0.9.1@tcp9"));
	assert_int_equal(call("/lnet/net/del", "nid=10.0.8.2@tcp8"), 0);
	assert_int_equal(call("/lnet/nids", "net=tcp8"), 0);
	HAS("\"nids\":{\"0\":\"10.0.8.1@tcp8\"}");
	assert_int_equal(call("/lnet/net/del", "net=tcp8;if=10.0.8.1"), 0);
	assert_null(fake_node_ni(&node, "10.0.8.1@tcp8"));
	stop();
}

static void
nids_are_listed_in_order_and_the_loopback_on_request(void **)
{
	start(1);
	assert_int_equal(call("/lnet/nids", NULL), 0);
	HAS("{\"0\":\"10.0.0.1@tcp\",\"1\":\"10.0.1.1@tcp1\",\"2\":\"10.0.2.1@o2ib\"}");
	assert_int_equal(call("/lnet/nids", "all=1"), 0);
	HAS("{\"0\":\"0@lo\",\"1\":\"10.0.0.1@tcp\"");
	stop();
}

static void
nearest_nid_is_chosen(void **)
{
	static const struct {
		const char *nids, *best;
	} rows[] = {
		{"10.0.0.9@tcp,10.0.0.1@tcp", "10.0.0.1@tcp"},
		{"10.0.1.1@tcp1,10.0.0.1@tcp", "10.0.1.1@tcp1"}, /* both own: the first */
		{"10.0.1.9@tcp1,10.0.0.9@tcp",
		 "10.0.0.9@tcp"}, /* both direct: the earlier interface */
		{"10.0.9.9@tcp9,10.0.1.9@tcp1", "10.0.1.9@tcp1"},
		{"10.0.9.9@tcp9,10.0.7.9@tcp7", "10.0.9.9@tcp9"}, /* the other one is unreachable */
		{"10.0.6.6@tcp6,10.0.9.9@tcp9", "10.0.9.9@tcp9"}, /* three hops against one */
	};
	char params[128], expected[64];
	unsigned int i;

	start(1);
	assert_int_equal(call("/lnet/route/add", "net=tcp9;gw=10.0.0.5@tcp"), 0);
	assert_int_equal(call("/lnet/route/add", "net=tcp6;gw=10.0.0.5@tcp;hop=3"), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(params, sizeof(params), "nids=%s", rows[i].nids);
		snprintf(expected, sizeof(expected), "\"nid\":\"%s\"", rows[i].best);
		assert_int_equal(call("/lnet/which_nid", params), 0);
		HAS(expected);
	}
	stop();
}

static void
routes_are_shown_filtered_and_paged(void **)
{
	char params[64];
	unsigned int i, off, pages = 0, seen = 0;
	const char *at;

	start(1);
	assert_int_equal(call("/lnet/route/show", NULL), 0);
	HAS("\"data\":{},\"count\":0,\"next\":0");
	assert_int_equal(call("/lnet/route/add", "net=o2ib5;gw=10.0.0.5@tcp;hop=2;prio=7"), 0);
	assert_int_equal(call("/lnet/route/show", NULL), 0);
	HAS("{\"net\":\"o2ib5\",\"gateway\":\"10.0.0.5@tcp\"}");
	assert_int_equal(call("/lnet/route/show", "v=1"), 0);
	HAS("\"gateway\":\"10.0.0.5@tcp\",\"hop\":2,\"priority\":7,\"state\":\"up\",\"type\":\"multi-hop\"");
	assert_int_equal(call("/lnet/route/show", "hop=3"), 0);
	lacks("o2ib5");
	assert_int_equal(call("/lnet/route/show", "gw=10.0.0.5@tcp;prio=7;hop=2;net=o2ib5"), 0);
	HAS("o2ib5");
	for (i = 0; i < 300; i++) {
		snprintf(params, sizeof(params), "net=tcp%u;gw=10.0.0.5@tcp", 100 + i);
		assert_int_equal(call("/lnet/route/add", params), 0);
	}
	off = 0;
	do {
		snprintf(params, sizeof(params), "v=1;off=%u", off);
		assert_int_equal(call("/lnet/route/show", params), 0);
		for (at = json; (at = strstr(at, "\"gateway\"")) != NULL; at++)
			seen++;
		at = strstr(json, "\"next\":");
		assert_non_null(at);
		off = (unsigned int)strtoul(at + 7, NULL, 10);
		pages++;
	} while (off != 0);
	assert_int_equal(seen, 301);
	assert_in_range(pages, 2, 10);
	stop();
}

static void
routing_shows_every_cpt(void **)
{
	start(2);
	assert_int_equal(call("/lnet/routing/show", NULL), 0);
	HAS("\"cpt0\":{\"tiny\":{\"npages\":0,\"nbuffers\":16,\"credits\":16,\"mincredits\":16},\"small\":{\"npages\":1",
	    "\"large\":{\"npages\":256,\"nbuffers\":4", "cpt1", "\"enable\":1",
	    "\"buffers\":{\"tiny\":32,\"small\":32,\"large\":8}");
	assert_int_equal(call("/lnet/set", "name=tiny_buffers;value=10"), 0);
	assert_int_equal(call("/lnet/routing/show", NULL), 0);
	/* the others are not touched */
	HAS("\"buffers\":{\"tiny\":10,\"small\":32,\"large\":8}");
	assert_int_equal(call("/lnet/routing/set", "enable=0"), 0);
	assert_int_equal(call("/lnet/routing/show", NULL), 0);
	HAS("\"enable\":2");
	assert_int_equal(call("/lnet/set", "name=routing;value=1"), -EBUSY);
	HAS("Device or resource busy");
	stop();
}

static void
routing_that_never_was_on_shows_nothing(void **)
{
	fixture_init(1);
	node.params.forwarding = 0;
	fixture_start();
	fixture_configure();
	assert_int_equal(tel_create(wake, NULL, &tel), 0);
	assert_int_equal(lnet_tel_register(node.l, tel), 0);
	assert_int_equal(call("/lnet/routing/show", NULL), 0);
	assert_string_equal(json, "{\"rc\":0}");
	stop();
}

static void
settings_are_shown_in_order_and_kept(void **)
{
	start(1);
	assert_int_equal(call("/lnet/global", NULL), 0);
	HAS("\"numa_range\":0,\"max_interfaces\":4096,\"discovery\":1,\"drop_asym_route\":0,\"retry_count\":2,\"transaction_timeout\":150,"
	    "\"health_sensitivity\":100,\"recovery_interval\":1,\"router_sensitivity\":100,\"lnd_timeout\":49,\"response_tracking\":3,"
	    "\"recovery_limit\":0,\"max_recovery_ping_interval\":900");
	assert_int_equal(call("/lnet/set", "name=drop_asym_route;value=1"), 0);
	assert_true(((const struct lnet_conf *)snapshot_read(&node.l->conf))->drop_asym_route);
	assert_int_equal(call("/lnet/global", NULL), 0);
	HAS("\"drop_asym_route\":1");
	stop();
}

static void
statistics_and_drops_are_summed_and_reset(void **)
{
	struct fake_rx rx = {0};
	unsigned int i;

	start(3);
	for (i = 0; i < 3; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.0.0.%u@tcp", 20 + i);
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, src, B, 100);
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, src, "10.0.7.7@tcp7", 10);
	}
	fake_node_settle(&node);
	assert_int_equal(call("/lnet/stats/show", NULL), 0);
	HAS("\"msgs_alloc\":0", "\"msgs_max\":3", "\"rst_alloc\":0", "\"errors\":0",
	    "\"send_count\":0", "resend_count", "response_timeout_count", "local_interrupt_count",
	    "local_dropped_count", "local_aborted_count", "local_no_route_count",
	    "local_timeout_count", "local_error_count", "remote_dropped_count",
	    "remote_error_count", "remote_timeout_count", "network_timeout_count", "failed_resends",
	    "successful_resends", "\"recv_count\":0", "\"route_count\":3", "\"drop_count\":3",
	    "send_length", "recv_length", "\"route_length\":300", "\"drop_length\":30");
	assert_int_equal(call("/lnet/drops", NULL), 0);
	HAS("\"no_route\":3");
	assert_int_equal(call("/lnet/net/show", "net=tcp;v=2"), 0);
	HAS("\"recv_count\":3,\"drop_count\":3", "\"received_stats\":{\"put\":3",
	    "\"dropped_stats\":{\"put\":3");
	assert_int_equal(call("/lnet/stats/reset", NULL), 0);
	assert_int_equal(call("/lnet/stats/show", NULL), 0);
	HAS("\"msgs_max\":0", "\"route_count\":0", "\"drop_count\":0");
	assert_int_equal(call("/lnet/net/show", "net=tcp;v=2"), 0);
	HAS("\"recv_count\":0,\"drop_count\":0");
	stop();
}

static void
peers_are_shown_by_level_and_paged(void **)
{
	struct fake_rx rx;
	char src[32], params[64];
	unsigned int i, off = 0, seen = 0, pages = 0;
	const char *at;

	start(2);
	for (i = 0; i < 50; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u@tcp", 20 + i);
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, src, B, 100);
		fake_node_settle(&node);
	}
	assert_int_equal(call("/lnet/peer/show", "nid=" B), 0);
	HAS("\"primary_nid\":\"" B "\",\"Multi_Rail\":\"false\",\"peer_ni\":{\"0\":{\"nid\":\"" B
	    "\",\"state\":\"up\"}}",
	    "\"count\":1");
	assert_int_equal(call("/lnet/peer/show", "v=1;nid=" B), 0);
	HAS("\"state\":\"up\",\"max_ni_tx_credits\":8,\"available_tx_credits\":8,\"min_tx_credits\":7,\"tx_q_num_of_buf\":0,\"available_rtr_credits\":8,"
	    "\"min_rtr_credits\":8,\"refcount\":1,\"statistics\":{\"send_count\":50");
	lacks("peer_state");
	assert_int_equal(call("/lnet/peer/show", "v=4;nid=" B), 0);
	HAS("\"Multi_Rail\":\"false\",\"peer_state\":0,\"peer_ni\"", "udsp_info", "\"state\"",
	    "sent_stats", "received_stats", "dropped_stats",
	    "\"health_stats\":{\"health_value\":1000,\"dropped\":0,\"timeout\":0,\"error\":0,\"network_timeout\":0,\"ping_count\":0,\"next_ping\":0}");
	do {
		snprintf(params, sizeof(params), "v=4;off=%u", off);
		assert_int_equal(call("/lnet/peer/show", params), 0);
		for (at = json; (at = strstr(at, "primary_nid")) != NULL; at++)
			seen++;
		at = strstr(json, "\"next\":");
		assert_non_null(at);
		off = (unsigned int)strtoul(at + 7, NULL, 10);
		pages++;
	} while (off != 0);
	assert_int_equal(seen, 51);
	assert_in_range(pages, 2, 20);
	assert_int_equal(call("/lnet/peer/list", NULL), 0);
	HAS("\"count\":51,\"next\":0");
	stop();
}

int
main(void)
{
	const struct CMUnitTest tel_tests[] = {
		cmocka_unit_test(net_show_has_the_keys_of_its_level),
		cmocka_unit_test(refusals_have_their_codes),
		cmocka_unit_test(node_that_is_down_says_so),
		cmocka_unit_test(networks_come_and_go),
		cmocka_unit_test(nids_are_listed_in_order_and_the_loopback_on_request),
		cmocka_unit_test(nearest_nid_is_chosen),
		cmocka_unit_test(routes_are_shown_filtered_and_paged),
		cmocka_unit_test(routing_shows_every_cpt),
		cmocka_unit_test(routing_that_never_was_on_shows_nothing),
		cmocka_unit_test(settings_are_shown_in_order_and_kept),
		cmocka_unit_test(statistics_and_drops_are_summed_and_reset),
		cmocka_unit_test(peers_are_shown_by_level_and_paged),
	};

	return FIXTURE_MAIN(tel_tests);
}
