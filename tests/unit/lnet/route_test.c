/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a message goes next, and the rules of the route table. Spec 5.3, 6.1, 6.2; control spec 3.4. */
#include "tests/unit/lnet/fixture.h"

static int
add(const char *net, const char *gw, int hops, int priority)
{
	struct lnet_nid nid = fake_nid(gw);
	uint32_t n = LNET_NET_ANY;

	lnet_net_parse(net, &n);
	return lnet_route_add(node.l, n, &nid, hops, priority, node.now, node.why,
			      sizeof(node.why));
}

static int
del(const char *net, const char *gw)
{
	struct lnet_nid nid = fake_nid(gw);
	uint32_t n = LNET_NET_ANY;

	lnet_net_parse(net, &n);
	return lnet_route_del(node.l, n, &nid, node.now, node.why, sizeof(node.why));
}

/* Next hop to @dst, as text; "none". */
static const char *
next(const char *dst, const char *src, uint32_t turn)
{
	static char text[LNET_NID_STR_MAX];
	struct lnet_nid nid = fake_nid(dst);
	struct hop hop;
	int rc = route_resolve(snapshot_read(&node.l->conf), &nid,
			       src != NULL ? fake_node_ni(&node, src) : NULL, turn, &hop);

	if (rc < 0) {
		assert_int_equal(rc, -EHOSTUNREACH);
		return "none";
	}
	return lnet_nid_format(&hop.nid, text);
}

static struct gateway *
gateway(const char *nid)
{
	struct lnet_nid n = fake_nid(nid);

	return gateway_find(snapshot_read(&node.l->conf), &n);
}

static void
local_nets_are_direct(void **)
{
	fixture_router(1);
	assert_string_equal(next("10.0.1.99@tcp1", NULL, 0), "10.0.1.99@tcp1");
	assert_string_equal(next("10.0.1.99@tcp1", R1, 0), "10.0.1.99@tcp1");
	assert_string_equal(next("10.0.1.99@tcp1", R0, 0), "none");
	assert_string_equal(next("10.0.9.99@tcp9", NULL, 0), "none");
	assert_string_equal(next("<?>", NULL, 0), "none");
	assert_string_equal(next("0@lo", "0@lo", 0), "0@lo");
	assert_string_equal(next("0@lo", NULL, 0), "none");
	fixture_stop();
}

static void
lower_priority_value_then_fewer_hops_win(void **)
{
	fixture_router(1);
	assert_int_equal(add("tcp9", "10.0.0.11@tcp", 2, 1), 0);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "10.0.0.11@tcp");
	assert_int_equal(add("tcp9", "10.0.0.12@tcp", 3, 0), 0);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "10.0.0.12@tcp");
	/* undefined counts as 1 */
	assert_int_equal(add("tcp9", "10.0.1.13@tcp1", -1, 0), 0);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "10.0.1.13@tcp1");
	/* by a given interface only gateways on its net count */
	assert_string_equal(next("10.0.9.9@tcp9", R0, 0), "10.0.0.12@tcp");
	assert_string_equal(next("10.0.9.9@tcp9", R2, 0), "none");
	/* routes to other nets do not matter */
	assert_int_equal(add("tcp8", "10.0.0.14@tcp", 1, 0), 0);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "10.0.1.13@tcp1");
	fixture_stop();
}

static void
equal_routes_take_turns_and_dead_ones_are_never_used(void **)
{
	static const char *const gws[] = {"10.0.0.11@tcp", "10.0.0.12@tcp", "10.0.0.13@tcp"};
	unsigned int i, seen[3] = {0}, j;

	fixture_router(1);
	for (i = 0; i < 3; i++)
		assert_int_equal(add("tcp9", gws[i], 1, 0), 0);
	assert_int_equal(add("tcp9", "10.0.0.14@tcp", 1, 1), 0);
	for (i = 0; i < 300; i++)
		for (j = 0; j < 3; j++)
			seen[j] += strcmp(next("10.0.9.9@tcp9", NULL, i), gws[j]) == 0;
	assert_true(seen[0] == 100 && seen[1] == 100 && seen[2] == 100);
	atomic_store(&gateway(gws[0])->is_alive, false);
	atomic_store(&gateway(gws[2])->is_alive, false);
	for (i = 0; i < 10; i++)
		assert_string_equal(next("10.0.9.9@tcp9", NULL, i), gws[1]);
	atomic_store(&gateway(gws[1])->is_alive, false);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "10.0.0.14@tcp");
	atomic_store(&gateway("10.0.0.14@tcp")->is_alive, false);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "none");
	fixture_stop();
}

static void
interface_with_link_is_preferred(void **)
{
	struct lnet_nid nid = fake_nid("10.0.0.99@tcp");
	unsigned int i, seen[2] = {0};
	struct lnet_ni *a, *b;
	struct hop hop;

	fixture_router(1);
	assert_int_equal(fake_node_add(&node, "10.0.0.200@tcp"), 0);
	a = fake_node_ni(&node, R0);
	b = fake_node_ni(&node, "10.0.0.200@tcp");
	for (i = 0; i < 10; i++) {
		assert_int_equal(route_resolve(snapshot_read(&node.l->conf), &nid, NULL, i, &hop),
				 0);
		seen[hop.ni == b]++;
	}
	assert_true(seen[0] == 5 && seen[1] == 5);
	lnet_ni_set_fatal(a, true, node.now);
	for (i = 0; i < 10; i++) {
		assert_int_equal(route_resolve(snapshot_read(&node.l->conf), &nid, NULL, i, &hop),
				 0);
		assert_ptr_equal(hop.ni, b);
	}
	/* better than none */
	lnet_ni_set_fatal(b, true, node.now);
	assert_int_equal(route_resolve(snapshot_read(&node.l->conf), &nid, NULL, 0, &hop), 0);
	fixture_stop();
}

static void
bad_routes_are_refused_with_code_and_text(void **)
{
	static const struct {
		const char *net, *gw;
		int hops, priority, rc;
		const char *why;
	} rows[] = {
		{"junk", "10.0.0.9@tcp", -1, 0, -ENXIO, "setting LNET_NET_ANY not allowed"},
		{"lo", "10.0.0.9@tcp", -1, 0, -EACCES, "setting @lo not allowed"},
		{"tcp9", "10.0.9.1@tcp9", -1, 0, -EINVAL, "invalid settings for route creation"},
		{"tcp9", "<?>", -1, 0, -EINVAL, "invalid settings for route creation"},
		{"tcp9", "0@lo", -1, 0, -EINVAL, "invalid settings for route creation"},
		{"tcp9", R0, -1, 0, -EINVAL, "invalid settings for route creation"},
		{"tcp9", "10.0.0.9@tcp", 0, 0, -EINVAL,
		 "invalid hop count must be between 1 and 255"},
		{"tcp9", "10.0.0.9@tcp", 256, 0, -EINVAL,
		 "invalid hop count must be between 1 and 255"},
		{"tcp9", "10.0.0.9@tcp", -1, -2, -EINVAL, "invalid priority, must not be negative"},
		{"tcp1", "10.0.0.9@tcp", -1, 0, -EEXIST,
		 "Route already exists or the specified network is local"},
		{"tcp8", "10.0.0.5@tcp", 9, 9, -EEXIST,
		 "Route already exists or the specified network is local"},
		{"tcp9", "10.0.7.1@tcp7", -1, 0, -EHOSTUNREACH,
		 "No interface configured on the same net as gateway"},
	};
	unsigned int i;

	fixture_router(1);
	assert_int_equal(add("tcp8", "10.0.0.5@tcp", 1, 0), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(add(rows[i].net, rows[i].gw, rows[i].hops, rows[i].priority),
				 rows[i].rc);
		assert_string_equal(node.why, rows[i].why);
	}
	assert_int_equal(((const struct lnet_conf *)snapshot_read(&node.l->conf))->n_routes, 1);
	assert_int_equal(add("tcp9", "10.0.0.9@tcp", -1, -1), 0);
	fixture_stop();
}

static void
deleting_a_route(void **)
{
	fixture_router(1);
	assert_int_equal(del("tcp9", "10.0.0.5@tcp"), -ENOENT);
	assert_string_equal(node.why, "failed to delete route");
	assert_int_equal(add("tcp9", "10.0.0.5@tcp", 1, 0), 0);
	assert_int_equal(add("tcp8", "10.0.0.5@tcp", 1, 0), 0);
	/* the reference says nothing when only the gateway is unknown */
	assert_int_equal(del("tcp9", "10.0.0.6@tcp"), 0);
	assert_int_equal(del("tcp9", "10.0.0.5@tcp"), 0);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "none");
	/* the gateway still serves the other net */
	assert_string_equal(next("10.0.8.9@tcp8", NULL, 0), "10.0.0.5@tcp");
	assert_int_equal(del("tcp8", "10.0.0.5@tcp"), 0);
	assert_null(gateway("10.0.0.5@tcp"));
	fixture_stop();
}

static void
removing_a_net_takes_the_routes_through_it(void **)
{
	fixture_router(1);
	assert_int_equal(add("tcp9", "10.0.1.5@tcp1", 1, 0), 0);
	assert_int_equal(add("tcp8", "10.0.1.5@tcp1", 1, 0), 0);
	assert_int_equal(add("tcp9", "10.0.0.5@tcp", 1, 0), 0);
	assert_int_equal(lnet_net_del(node.l, 0x20001, NULL, node.now, node.why, sizeof(node.why)),
			 0);
	assert_string_equal(next("10.0.9.9@tcp9", NULL, 0), "10.0.0.5@tcp");
	assert_string_equal(next("10.0.8.9@tcp8", NULL, 0), "none");
	fixture_stop();
}

static void
routes_need_lnet_up(void **)
{
	fixture_init(1);
	fixture_start();
	assert_int_equal(add("tcp9", "10.0.0.5@tcp", 1, 0), -ENETDOWN);
	assert_string_equal(node.why, "Network is down");
	assert_int_equal(del("tcp9", "10.0.0.5@tcp"), -ENETDOWN);
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest route[] = {
		cmocka_unit_test(local_nets_are_direct),
		cmocka_unit_test(lower_priority_value_then_fewer_hops_win),
		cmocka_unit_test(equal_routes_take_turns_and_dead_ones_are_never_used),
		cmocka_unit_test(interface_with_link_is_preferred),
		cmocka_unit_test(bad_routes_are_refused_with_code_and_text),
		cmocka_unit_test(deleting_a_route),
		cmocka_unit_test(removing_a_net_takes_the_routes_through_it),
		cmocka_unit_test(routes_need_lnet_up),
	};

	return FIXTURE_MAIN(route);
}
