/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings, interfaces, shutdown, fate sharing, messages to ourselves. */
#include "lnet/base/tel.h"
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEER "10.10.0.200@tcp"

static void
connections_by_link_speed(void **state)
{
	static const struct {
		uint32_t mbps;
		int n;
	} row[] = {{0, 1},     {100, 1},   {1000, 1},	{2500, 1},   {10000, 2},  {25000, 3},
		   {40000, 3}, {50000, 3}, {100000, 4}, {200000, 4}, {400000, 5}, {800000, 5}};
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(socklnd_conns_by_speed(row[i].mbps), row[i].n);
}

static void
tunables_for_the_engine(void **state)
{
	struct socklnd_config cfg;
	struct tcp_config tcp = {.rcv_wnd_min = 65536, .rcv_wnd_max = 4 << 20, .user_timeout = 5};

	socklnd_config_default(&cfg);
	socklnd_tcp_config(&cfg, &tcp);
	assert_true(tcp.keepalive_idle == 30 * SEC && tcp.keepalive_intvl == 5 * SEC);
	assert_int_equal(tcp.keepalive_count, 5);
	assert_int_equal(tcp.rcv_wnd_max, 4 << 20);
	assert_true(tcp.user_timeout == 0);
	assert_true(tcp.connect_timeout == 50 * SEC);
	cfg.keepalive_count = 0;
	cfg.rx_buffer_size = 32768;
	cfg.sock_timeout_s = 0;
	socklnd_tcp_config(&cfg, &tcp);
	assert_true(tcp.keepalive_idle == 0);
	assert_int_equal(tcp.rcv_wnd_max, 32768);
	assert_int_equal(tcp.rcv_wnd_min, 32768);
	assert_true(tcp.connect_timeout == 49 * SEC);
}

static void
interface_start_fills_in_what_is_unset(void **state)
{
	struct lnet_ni ni = {.net = lnet_mknet(LNET_TYPE_TCP, 3), .ifname = "p0"};
	char why[128];
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(n.ni[0].tun.credits, 256);
	assert_int_equal(n.ni[0].tun.peer_credits, 8);
	assert_int_equal(n.ni[0].tun.peer_buffer_credits, 0);
	assert_int_equal(n.ni[0].tun.peer_timeout, 180);
	assert_int_equal(n.ni[0].tun.conns_per_peer, 1);
	assert_int_equal(n.ni[0].tun.tos, -1);
	assert_int_equal(n.ni[0].tun.timeout, 50);
	lnet_ni_tunables_unset(&ni.tun);
	ni.tun.conns_per_peer = 0;
	ni.tun.credits = 17;
	n.iface.speed_mbps = 100000;
	assert_int_equal(socklnd_ops.ni_start(n.s, &ni, why, sizeof(why)), 0);
	assert_int_equal(ni.tun.conns_per_peer, 4);
	assert_int_equal(ni.tun.credits, 17);
	assert_true(lnet_nid_equal(&ni.nid, &(struct lnet_nid){0, 2, {0, 3}, {10, 10, 0, 3}}));
	socklnd_ops.ni_stop(n.s, &ni);
	node_down(&n);
}

static void
interface_that_cannot_be_used_is_refused_with_a_reason(void **state)
{
	struct lnet_ni ni = {.net = lnet_mknet(LNET_TYPE_TCP, 0), .ifname = "nosuch"};
	char why[128] = "";
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(socklnd_ops.ni_start(n.s, &ni, why, sizeof(why)), -ENODEV);
	assert_string_equal(why, "interface 'nosuch': no such interface");
	strcpy(ni.ifname, "p0");
	n.iface.n_addrs = 0;
	assert_int_equal(socklnd_ops.ni_start(n.s, &ni, why, sizeof(why)), -EADDRNOTAVAIL);
	ipaddr_parse("fe80::1", &n.iface.addrs[0]);
	n.iface.n_addrs = 1;
	assert_int_equal(socklnd_ops.ni_start(n.s, &ni, why, sizeof(why)), -EADDRNOTAVAIL);
	ipaddr_parse("10.10.0.3", &n.iface.addrs[0]);
	node_down(&n);
}

static void
bad_settings_are_refused(void **state)
{
	struct socklnd_env env = {0};
	struct socklnd_config cfg;
	struct socklnd *s;
	struct node n = {0};

	socklnd_config_default(&cfg);
	assert_int_equal(socklnd_create(&env, &cfg, &s), -EINVAL);
	node_up(&n, 1, NULL);
	env = n.s->env;
	cfg.max_conns = 0;
	assert_int_equal(socklnd_create(&env, &cfg, &s), -EINVAL);
	socklnd_config_default(&cfg);
	cfg.max_reconnect_ms = 1;
	assert_int_equal(socklnd_create(&env, &cfg, &s), -EINVAL);
	node_down(&n);
}

static void
ipv6_is_taken_when_preferred_or_alone(void **state)
{
	struct socklnd_config cfg;
	struct node n = {0};

	socklnd_config_default(&cfg);
	node_up_at(&n, "10.10.0.3", "fd00::7", &cfg);
	assert_int_equal(n.ni[0].nid.size, 0);
	node_down(&n);
	cfg.prefer_ipv6 = 1;
	node_up_at(&n, "10.10.0.3", "fd00::7", &cfg);
	assert_int_equal(n.ni[0].nid.size, 12);
	node_down(&n);
	node_up_at(&n, "10.10.0.3", "", &cfg);
	assert_int_equal(n.ni[0].nid.size, 0);
	node_down(&n);
}

static void
link_change_is_told_for_the_interfaces_of_the_port(void **state)
{
	struct node n = {0};

	node_up(&n, 1, NULL);
	socklnd_link(n.s, 1, false, n.now);
	assert_false(n.cpt->fatal);
	socklnd_link(n.s, 0, false, n.now);
	assert_true(n.cpt->fatal);
	socklnd_link(n.s, 0, true, n.now);
	assert_false(n.cpt->fatal);
	node_down(&n);
}

static void
one_failed_connection_takes_its_siblings_along(void **state)
{
	struct remote r[3], other;
	struct node n = {0};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		node_up(&n, 1, NULL);
		remote_join_set(r, &n, PEER);
		remote_join(&other, &n, "10.10.0.201@tcp", 1023, SOCKLND_CONTROL);
		fake_tcp_over(r[i].c, -ECONNRESET, n.now);
		assert_true(r[0].c->over || r[0].c->end == FAKE_FIN);
		assert_true(r[1].c->over || r[1].c->end == FAKE_FIN);
		assert_true(r[2].c->over || r[2].c->end == FAKE_FIN);
		assert_int_equal(n.cpt->n_down, 1); /* once, with the last */
		assert_true(lnet_nid_equal(&n.cpt->down, &r[0].nid));
		assert_int_equal(other.c->end, FAKE_OPEN);
		node_down(&n);
	}
}

static void
reset_after_our_fin_is_the_usual_end(void **state)
{
	struct remote r[3];
	struct node n = {0};
	unsigned int i;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	socklnd_ops.peer_down(n.cpt, &n.ni[0], &r[0].nid, n.now);
	for (i = 0; i < 3; i++) {
		assert_int_equal(r[i].c->end, FAKE_FIN);
		fake_tcp_over(r[i].c, -ECONNRESET, n.now);
	}
	assert_int_equal(node_count(&n, SOCKLND_CONN_RESET), 0);
	assert_int_equal(n.cpt->n_down, 0);
	node_down(&n);
}

static void
peer_that_does_not_close_is_cut_off(void **state)
{
	struct remote r[3];
	struct node n = {0};

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	socklnd_ops.peer_down(n.cpt, &n.ni[0], &r[0].nid, n.now);
	node_advance(&n, 4 * SEC);
	assert_int_equal(r[0].c->end, FAKE_FIN);
	node_advance(&n, 2 * SEC);
	assert_int_equal(r[0].c->end, FAKE_RST);
	assert_int_equal(n.s->cpts[0].n_conns, 0);
	node_down(&n);
}

static void
shutdown_closes_everything_and_fails_what_waits(void **state)
{
	struct lnet_nid other = nid_of("10.10.0.201@tcp");
	struct remote r[3], handshake;
	struct node n = {0};
	unsigned int i, alive, rounds = 0;

	node_up(&n, 1, NULL);
	remote_join_set(r, &n, PEER);
	assert_true(remote_connect(&handshake, &n, "10.10.0.202@tcp", 1023));
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &other, LNET_GET, 0, n.now), 0);
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &r[0].nid, LNET_PUT, 1 << 20, n.now), 0);
	alive = socklnd_ops.detach(n.cpt, &n.ni[0], n.now);
	assert_true(alive > 0);
	assert_int_equal(n.cpt->n_done, 2);
	for (i = 0; i < 2; i++)
		assert_int_equal(n.cpt->done[i].rc, -ENETDOWN);
	for (i = 0; i < 3; i++)
		assert_int_not_equal(r[i].c->end, FAKE_OPEN);
	assert_int_not_equal(handshake.c->end, FAKE_OPEN);
	assert_int_equal(n.cpt->n_down, 0);
	/* nothing new while it goes down */
	assert_false(remote_connect(&handshake, &n, "10.10.0.203@tcp", 1023));
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &other, LNET_GET, 0, n.now), -ENETDOWN);
	while (socklnd_ops.detach(n.cpt, &n.ni[0], n.now) > 0 && rounds++ < 20)
		node_advance(&n, SEC / 10);
	assert_in_range(rounds, 1, 12); /* peers that say nothing hold it up for a second */
	node_down(&n);
}

static void
one_of_two_interfaces_stops_alone(void **state)
{
	struct remote a, b;
	struct node n = {0};
	char why[64];
	unsigned int i;

	node_up(&n, 2, NULL);
	remote_join(&a, &n, PEER, 1023, SOCKLND_CONTROL);
	assert_true(remote_connect(&b, &n, "10.10.0.200@tcp1", 1022));
	remote_request(&b, &n.ni[1].nid);
	remote_hello(&b, 3, SOCKLND_CONTROL);
	fake_tcp_ack(b.c, n.now);
	for (i = 0; i < 20 && socklnd_ops.detach(n.cpt, &n.ni[1], n.now) > 0; i++)
		node_advance(&n, SEC / 10);
	assert_true(i > 0 && i < 20);
	assert_int_not_equal(b.c->end, FAKE_OPEN);
	assert_int_equal(a.c->end, FAKE_OPEN);
	/* the listener that both shared still serves the first */
	remote_join(&b, &n, PEER, 1021, SOCKLND_BULK_IN);
	/* and the second can come back */
	socklnd_ops.ni_stop(n.s, &n.ni[1]);
	assert_int_equal(socklnd_ops.ni_start(n.s, &n.ni[1], why, sizeof(why)), 0);
	assert_int_equal(socklnd_ops.attach(n.cpt, &n.ni[1], n.now), 0);
	node_down(&n);
}

/* LNet closes the peer's connections from within the report. */
static void
close_on_report(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer, uint64_t now)
{
	socklnd_ops.peer_down(cpt, ni, peer, now);
}

static void
peer_closed_from_within_its_report(void **state)
{
	struct lnet_nid nid = nid_of(PEER);
	struct remote r[3];
	struct node n = {0};

	node_up(&n, 1, NULL);
	n.cpt->on_down = close_on_report;
	remote_join_set(r, &n, PEER);
	fake_tcp_over(r[1].c, -ECONNRESET, n.now);
	assert_int_equal(n.cpt->n_down, 1);
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &nid, LNET_GET, 0, n.now), 0);
	fake_tcp_over(fake_tcp_conn(n.tcp, 3), -ECONNREFUSED, n.now);
	assert_int_equal(n.cpt->n_down, 2);
	node_down(&n);
}

/* --- messages to ourselves --- */

static void
message_to_an_own_nid_needs_no_connection(void **state)
{
	struct node n = {0};
	uint32_t i;

	node_up(&n, 1, NULL);
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &n.ni[0].nid, LNET_PUT, 5000, n.now), 0);
	assert_int_equal(n.cpt->n_parsed, 1);
	assert_true(lnet_nid_equal(&n.cpt->parsed[0].from, &n.ni[0].nid));
	assert_int_equal(n.cpt->parsed[0].len, 5000);
	for (i = 0; i < 5000; i++)
		assert_int_equal(n.cpt->parsed[0].payload[i], fake_core_pattern(i));
	assert_int_equal(n.cpt->n_done, 1);
	assert_int_equal(n.cpt->done[0].rc, 0);
	assert_int_equal(fake_tcp_count(n.tcp), 0);
	node_down(&n);
}

static void
message_to_an_own_nid_may_be_taken_later_or_not_at_all(void **state)
{
	struct node n = {0};

	node_up(&n, 1, NULL);
	n.cpt->recv = FAKE_LATER;
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &n.ni[0].nid, LNET_PUT, 5000, n.now), 0);
	assert_int_equal(n.cpt->n_done, 0);
	assert_true(socklnd_ops.detach(n.cpt, &n.ni[0], n.now) > 0);
	fake_core_recv(n.cpt, 0, 100, n.now);
	assert_int_equal(n.cpt->parsed[0].len, 100);
	assert_int_equal(n.cpt->n_done, 1);
	node_down(&n);

	node_up(&n, 1, NULL);
	n.cpt->recv = FAKE_DISCARD;
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &n.ni[0].nid, LNET_PUT, 5000, n.now), 0);
	assert_int_equal(n.cpt->n_done, 1);
	n.cpt->parse_rc = -EPROTO;
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &n.ni[0].nid, LNET_PUT, 5000, n.now), 0);
	assert_int_equal(n.cpt->done[1].rc, -EPROTO);
	node_down(&n);
}

static int
answer_to_ourselves(struct lnet_cpt *cpt, struct fake_parsed *p, uint64_t now)
{
	unsigned int i = cpt->n_parsed++;

	/* every message brings the next, from within its delivery */
	if (i < 1000)
		assert_int_equal(fake_core_send(cpt, p->ni, &p->ni->nid, LNET_GET, 0, now), 0);
	fake_core_recv(cpt, i, 0, now);
	return 0;
}

static void
answers_to_ourselves_do_not_nest(void **state)
{
	struct node n = {0};

	node_up(&n, 1, NULL);
	n.cpt->on_parse = answer_to_ourselves;
	assert_int_equal(fake_core_send(n.cpt, &n.ni[0], &n.ni[0].nid, LNET_GET, 0, n.now), 0);
	assert_int_equal(n.cpt->n_done, 1001);
	node_down(&n);
}

/* --- packing --- */

static void
packing_keeps_bytes_and_needs_no_more_mbufs_than_it_must(void **state)
{
	uint8_t bytes[5000], back[5000];
	struct buf dst = {0}, src = {0};
	struct node n = {0};
	unsigned int i;

	node_up(&n, 1, NULL);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = fake_core_pattern(i);
	assert_int_equal(buf_copy_in(&dst, &n.mem, bytes, 10), 0);
	for (i = 10; i < 5000; i += 10) {
		assert_int_equal(buf_copy_in(&src, &n.mem, bytes + i, 10), 0);
		assert_int_equal(socklnd_rx_pack(&dst, &n.mem, &src), 0);
		assert_int_equal(src.len, 0);
	}
	assert_int_equal(dst.len, 5000);
	assert_int_equal(dst.n_slices, 3);
	assert_int_equal(buf_copy_out(&dst, 0, back, 5000), 0);
	assert_memory_equal(back, bytes, 5000);
	/* the room behind an mbuf that somebody else holds too is not ours */
	assert_int_equal(buf_split(&src, &n.mem, &dst, 4990), 0);
	assert_int_equal(socklnd_rx_pack(&src, &n.mem, &dst), 0);
	assert_int_equal(src.len, 5000);
	assert_int_equal(buf_copy_out(&src, 0, back, 5000), 0);
	assert_memory_equal(back, bytes, 5000);
	buf_release(&src, &n.mem);
	node_down(&n);
}

static void
payload_of_tiny_segments_is_packed(void **state)
{
	uint8_t frame[20096];
	struct remote r;
	struct node n = {0};
	uint32_t i;
	size_t len;

	node_up(&n, 1, NULL);
	n.lc.ledger.plan.conf.mbuf_size = 2048 + 128 + 128;
	n.lc.ledger.plan.conf.mbuf_room = 2048;
	n.lc.ledger.plan.fill = 1448;
	remote_join(&r, &n, PEER, 1023, SOCKLND_CONTROL);
	len = remote_frame(&r, frame, LNET_PUT, 20000, 0, 0);
	fake_tcp_deliver_burst(r.c, frame, len, 50, n.now);
	assert_int_equal(n.cpt->parsed[0].len, 20000);
	for (i = 0; i < 20000; i++)
		assert_int_equal(n.cpt->parsed[0].payload[i], fake_core_pattern(i));
	assert_true(node_count(&n, SOCKLND_RX_PACKED) > 0);
	/* full segments are moved */
	i = (uint32_t)node_count(&n, SOCKLND_RX_PACKED);
	fake_tcp_deliver(r.c, frame, len, 1448, n.now);
	assert_int_equal(n.cpt->parsed[1].len, 20000);
	assert_int_equal(node_count(&n, SOCKLND_RX_PACKED), i);
	node_down(&n);
}

/* --- telemetry --- */

static void
no_wake(void *ctx)
{
}

static void
telemetry_lists_counters_peers_and_connections(void **state)
{
	static char json[16384];
	struct remote r[3];
	struct tel *t;
	struct node n = {0};

	node_up(&n, 1, NULL);
	assert_int_equal(tel_create(no_wake, NULL, &t), 0);
	assert_int_equal(socklnd_tel_register(n.s, t), 0);
	remote_join_set(r, &n, PEER);
	assert_int_equal(tel_call(t, "/socklnd/stats", NULL, json, sizeof(json), n.now), 0);
	assert_non_null(strstr(json, "\"accepted\":3"));
	assert_int_equal(tel_call(t, "/lnet/lnd/conns", NULL, json, sizeof(json), n.now), 0);
	assert_non_null(strstr(json, "\"nid\":\"10.10.0.200@tcp\""));
	assert_non_null(strstr(json, "\"type\":\"I\""));
	assert_non_null(strstr(json, "\"count\":3"));
	assert_int_equal(tel_call(t, "/lnet/lnd/conns", "net=tcp7", json, sizeof(json), n.now),
			 -EINVAL);
	assert_non_null(strstr(json, "no interface is on that network"));
	assert_int_equal(tel_call(t, "/lnet/lnd/conns", "off=2", json, sizeof(json), n.now), 0);
	assert_non_null(strstr(json, "\"count\":1"));
	assert_int_equal(tel_call(t, "/lnet/lnd/peers", NULL, json, sizeof(json), n.now), 0);
	assert_non_null(strstr(json, "\"conns\":3"));
	assert_int_equal(tel_call(t, "/lnet/lnd/peers", "net=nonsense", json, sizeof(json), n.now),
			 -EINVAL);
	tel_unregister_owner(t, n.s);
	tel_destroy(t);
	node_down(&n);
}

static int
setup(void **state)
{
	return fake_eal_init(64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_by_link_speed),
		cmocka_unit_test(tunables_for_the_engine),
		cmocka_unit_test(interface_start_fills_in_what_is_unset),
		cmocka_unit_test(interface_that_cannot_be_used_is_refused_with_a_reason),
		cmocka_unit_test(bad_settings_are_refused),
		cmocka_unit_test(ipv6_is_taken_when_preferred_or_alone),
		cmocka_unit_test(link_change_is_told_for_the_interfaces_of_the_port),
		cmocka_unit_test(one_failed_connection_takes_its_siblings_along),
		cmocka_unit_test(reset_after_our_fin_is_the_usual_end),
		cmocka_unit_test(peer_that_does_not_close_is_cut_off),
		cmocka_unit_test(shutdown_closes_everything_and_fails_what_waits),
		cmocka_unit_test(one_of_two_interfaces_stops_alone),
		cmocka_unit_test(peer_closed_from_within_its_report),
		cmocka_unit_test(message_to_an_own_nid_needs_no_connection),
		cmocka_unit_test(message_to_an_own_nid_may_be_taken_later_or_not_at_all),
		cmocka_unit_test(answers_to_ourselves_do_not_nest),
		cmocka_unit_test(packing_keeps_bytes_and_needs_no_more_mbufs_than_it_must),
		cmocka_unit_test(payload_of_tiny_segments_is_packed),
		cmocka_unit_test(telemetry_lists_counters_peers_and_connections),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
