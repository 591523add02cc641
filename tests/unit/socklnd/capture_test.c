/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recorded traffic of real nodes: we take the place of each of them in turn, hear what its peers said, and must say what it
 * said. LNet is a script here: it sends the recorded messages at their time, so that everything of socklnd is compared:
 * dialling and its order, both handshakes, headers, the choice of connection, acknowledgements, ends. capture_core_test.c
 * puts the real core in LNet's place where that answers by itself.
 */
#include "lnet/base/bytes.h"
#include "lnet/base/check.h"
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"
#include "tests/unit/socklnd/replay.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the script in LNet's place --- */

struct script {
	struct node n;
	struct replay r;
	struct dialog d;
};

static void
advance(void *ctx, uint64_t now)
{
	struct script *s = ctx;

	s->n.now = now;
	timer_wheel_run(&s->n.lc.wheel, now);
}

/* HELLO of one side of a stream, NULL when the recording has none. */
static const struct item *
hello_of(const struct script *s, unsigned int stream, bool by_dialler)
{
	unsigned int i;

	for (i = 0; i < s->d.n; i++)
		if (s->d.item[i].kind == ITEM_HELLO && s->d.item[i].stream == stream &&
		    s->d.item[i].by_dialler == by_dialler)
			return &s->d.item[i];
	return NULL;
}

static struct lnet_ni *
ni_of(struct script *s, unsigned int stream)
{
	bool ours_dials = s->r.link[stream].ours_dials;
	const struct item *hello = hello_of(s, stream, ours_dials);
	const struct ip_flow *f = &s->d.stream[stream].flow;
	const struct ipaddr *local = ours_dials ? &f->local : &f->remote;
	struct ipaddr a;
	unsigned int i;

	for (i = 0; i < s->n.n_nis; i++) {
		if (hello != NULL && lnet_nid_equal(&hello->hello.src, &s->n.ni[i].nid))
			return &s->n.ni[i];
		if (hello == NULL && lnet_nid_to_ip(&s->n.ni[i].nid, &a) == 0 &&
		    ipaddr_equal(&a, local))
			return &s->n.ni[i];
	}
	return NULL;
}

static bool
originate(void *ctx, const struct item *it)
{
	struct script *s = ctx;
	bool ours_dials = s->r.link[it->stream].ours_dials;
	const struct ip_flow *f = &s->d.stream[it->stream].flow;
	const struct item *hello = hello_of(s, it->stream, !ours_dials);
	struct lnet_ni *ni = ni_of(s, it->stream);
	struct lnet_nid to;
	int rc;

	CHECK(ni != NULL);
	to = lnet_nid_from_ip(ni->net, ours_dials ? &f->remote : &f->local);
	if (hello != NULL)
		to = hello->hello.src;
	rc = fake_core_send_bytes(s->n.cpt, ni, &to, &it->hdr, it->payload, s->n.now);
	if (rc < 0)
		fail_msg("%s: item %u: send: %d", s->r.name, (unsigned int)(it - s->d.item), rc);
	return true;
}

static void
mask_incarnation(uint8_t *hello, uint32_t len)
{
	unsigned int off = len == socklnd_proto(4)->hello_size ? 56 : 32;

	memset(hello + off, 0, 8);
}

static bool
same(void *ctx, const struct item *want, const uint8_t *got)
{
	struct script *s = ctx;
	uint8_t *copy = malloc(want->len), *mine = malloc(want->len);
	bool equal;

	CHECK(copy != NULL && mine != NULL);
	memcpy(copy, want->bytes, want->len);
	memcpy(mine, got, want->len);
	if (want->kind == ITEM_HELLO) {
		mask_incarnation(copy, want->len);
		mask_incarnation(mine, want->len);
	}
	if (want->kind == ITEM_MSG && (s->r.except & EXCEPT_ZC) != 0)
		put_le64(copy + 8, 0);
	if (want->kind == ITEM_MSG && (s->r.except & EXCEPT_CSUM) != 0)
		put_le32(copy + 4, 0);
	equal = memcmp(copy, mine, want->len) == 0;
	free(copy);
	free(mine);
	return equal;
}

static struct tcp_conn *
join(void *ctx, const struct ip_flow *flow, enum socklnd_type type)
{
	struct script *s = ctx;
	uint8_t out[SOCKLND_CONNREQ_V2_SIZE + SOCKLND_HELLO_MAX];
	struct tcp_conn *c = fake_tcp_accept(s->n.tcp, flow, s->n.now);
	struct socklnd_hello h = {.version = 3, .src_pid = LNET_PID, .type = type};
	struct lnet_ni *ni = &s->n.ni[0];
	unsigned int len, i;
	struct ipaddr a;

	for (i = 0; i < s->n.n_nis; i++)
		if (lnet_nid_to_ip(&s->n.ni[i].nid, &a) == 0 && ipaddr_equal(&a, &flow->local))
			ni = &s->n.ni[i];
	CHECK(c != NULL);
	h.src = lnet_nid_from_ip(ni->net, &flow->remote);
	len = socklnd_connreq_encode(&ni->nid, out);
	len += socklnd_hello_encode(&h, out + len);
	fake_tcp_deliver_burst(c, out, len, 0, s->n.now);
	CHECK(c->queued == socklnd_proto(3)->hello_size);
	return c;
}

static void
leave(void *ctx)
{
	struct script *s = ctx;

	socklnd_ops.detach(s->n.cpt, &s->n.ni[0], s->n.now);
}

/* What LNet rejects as a protocol error (LNet core 4.1, steps 1 to 6); everything else is taken. */
static int
parse(struct lnet_cpt *cpt, struct fake_parsed *p, uint64_t now)
{
	bool may_carry = p->hdr.type == LNET_PUT || p->hdr.type == LNET_REPLY;
	unsigned int i = cpt->n_parsed;

	if (p->hdr.type > LNET_REPLY || p->hdr.payload_len > (may_carry ? LNET_MTU : 0))
		return -EPROTO;
	if (!lnet_nid_equal(&p->hdr.dst, &p->ni->nid) && lnet_nid_net(&p->hdr.dst) == p->ni->net)
		return -EPROTO;
	cpt->n_parsed++;
	fake_core_recv(cpt, i, p->hdr.payload_len, now);
	return 0;
}

static const struct replay_ops ops = {
	.advance = advance,
	.originate = originate,
	.same = same,
	.join = join,
	.leave = leave,
};

/* --- the recordings --- */

#define A "10.10.0.1"
#define C "10.10.0.3"
#define R "10.10.0.254"
#define R1 "10.10.1.254"
#define B "10.10.1.2"

struct recording {
	const char *file;
	const char *node; /* whose place we take */
	const char *second; /* its other address: IPv6 on the same net, or IPv4 on tcp1 */
	unsigned int except; /* what may differ, enum replay_except; reasons are there */
	int conns_per_peer;
	uint32_t net; /* of the node's only NI when it is not tcp */
	bool leaves; /* it shuts down */
};

#define TCP1 0x20001

static const struct recording recordings[] = {
	{"tcp_ping_direct.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_ping_direct.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_no_discovery.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_no_discovery.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_discovery_peer_disabled.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_discovery_peer_disabled.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_discovery_push.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_discovery_push.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_ping_routed_leg0.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_ping_routed_leg0.pcap", R, NULL, 0, 1, 0, false},
	{"tcp_ping_routed_leg1.pcap", R1, NULL, 0, 1, TCP1, false},
	{"tcp_ping_routed_leg1.pcap", B, NULL, 0, 1, TCP1, false},
	{"tcp_discover_routed_leg0.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_discover_routed_leg0.pcap", R, NULL, 0, 1, 0, false},
	{"tcp_discover_routed_leg1.pcap", R1, NULL, 0, 1, TCP1, false},
	{"tcp_discover_routed_leg1.pcap", B, NULL, 0, 1, TCP1, false},
	{"tcp_router_ping_check.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_router_ping_check.pcap", R, NULL, 0, 1, 0, false},
	{"tcp_conns_per_peer_1.pcap.gz", A, NULL, 0, 1, 0, false},
	{"tcp_conns_per_peer_1.pcap.gz", C, NULL, 0, 1, 0, false},
	{"tcp_conns_per_peer_4.pcap.gz", A, NULL, 0, 4, 0, false},
	{"tcp_conns_per_peer_4.pcap.gz", C, NULL, 0, 4, 0, false},
	{"tcp_checksum_enabled.pcap.gz", A, NULL, 0, 1, 0, false},
	{"tcp_checksum_enabled.pcap.gz", C, NULL, 0, 1, 0, false},
	{"tcp_checksum_enabled_64k.pcap.gz", A, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_checksum_enabled_64k.pcap.gz", C, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_ping.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_lst_ping.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_lst_brw_write_4k.pcap.gz", A, NULL, 0, 1, 0, false},
	{"tcp_lst_brw_write_4k.pcap.gz", C, NULL, 0, 1, 0, false},
	{"tcp_lst_brw_read_4k.pcap.gz", A, NULL, 0, 1, 0, false},
	{"tcp_lst_brw_read_4k.pcap.gz", C, NULL, 0, 1, 0, false},
	{"tcp_lst_brw_write_64k.pcap.gz", A, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_brw_write_64k.pcap.gz", C, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_brw_read_64k.pcap.gz", A, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_brw_read_64k.pcap.gz", C, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_brw_write_1M.pcap.gz", A, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_brw_write_1M.pcap.gz", C, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_brw_read_1M.pcap.gz", A, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_brw_read_1M.pcap.gz", C, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_routed_read_64k_leg0.pcap.gz", A, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_routed_read_64k_leg0.pcap.gz", R, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_lst_routed_read_64k_leg1.pcap.gz", R1, NULL, EXCEPT_ZC, 1, TCP1, false},
	{"tcp_lst_routed_read_64k_leg1.pcap.gz", B, NULL, EXCEPT_ZC, 1, TCP1, false},
	{"tcp_zc_write.pcap.gz", "10.10.0.6", NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_zc_write.pcap.gz", "10.10.0.7", NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_zc_read.pcap.gz", "10.10.0.6", NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_zc_read.pcap.gz", "10.10.0.7", NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_keepalive_noop.pcap", "10.10.0.6", NULL, EXCEPT_KEEPALIVE, 1, 0, false},
	{"tcp_keepalive_noop.pcap", "10.10.0.7", NULL, EXCEPT_KEEPALIVE, 1, 0, false},
	{"tcp_ipv6_large_nid.pcap", "10.10.0.6", "fd00::6", 0, 1, 0, false},
	{"tcp_ipv6_large_nid.pcap", "10.10.0.7", "fd00::7", 0, 1, 0, false},
	{"tcp_lnet_shutdown.pcap", A, NULL, 0, 1, 0, false},
	{"tcp_lnet_shutdown.pcap", C, NULL, 0, 1, 0, true},
	{"tcp_active_v1.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_active_v2.pcap", C, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_active_v3.pcap", C, NULL, EXCEPT_ZC, 1, 0, false},
	{"tcp_fake_acc_badmagic.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_acc_silent.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_acc_v0.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_acc_v1_wrongnid.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_acc_v3.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_bad_csum.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_bad_lnet_type.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_csum_hello_v2.pcap", C, NULL, EXCEPT_CSUM, 1, 0, false},
	{"tcp_fake_csum_hello_v3.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_dup_ctrl.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_badmagic.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_ctype0.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_ctype9.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_v0.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_v1.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_v2.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_v3.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_v4.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_v4_acc1.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_v5.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_hello_wrongdst.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_new_incarnation.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_noop_keepalive.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_route_when_off.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_unpriv.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_wrong_dest_nid.pcap", C, NULL, 0, 1, 0, false},
	{"tcp_fake_zc.pcap", C, NULL, EXCEPT_HELD_ACK, 1, 0, false},
};

static void
start_node(struct script *s, const struct recording *rec)
{
	struct socklnd_config cfg;

	socklnd_config_default(&cfg);
	cfg.conns_per_peer = rec->conns_per_peer;
	if (rec->second != NULL) {
		node_up_dual(&s->n, rec->node, rec->second, &cfg);
	} else {
		s->n.net0 = rec->net;
		node_up_at(&s->n, rec->node, "", &cfg);
	}
	s->n.cpt->on_parse = parse;
}

static void
replay(const struct recording *rec)
{
	struct script *s = calloc(1, sizeof(*s));
	struct ipaddr addrs[2];
	char path[512], name[128];

	assert_non_null(s);
	snprintf(path, sizeof(path), "%s/%s",
		 getenv("CAPTURES") != NULL ? getenv("CAPTURES") : "tests/captures", rec->file);
	snprintf(name, sizeof(name), "%s as %s", rec->file, rec->node);
	start_node(s, rec);
	dialog_load(&s->d, path, NULL);
	assert_int_equal(ipaddr_parse(rec->node, &addrs[0]), 0);
	if (rec->second != NULL)
		assert_int_equal(ipaddr_parse(rec->second, &addrs[1]), 0);
	s->r.d = &s->d;
	s->r.tcp = s->n.tcp;
	s->r.ops = &ops;
	s->r.ctx = s;
	s->r.addrs = addrs;
	s->r.n_addrs = rec->second != NULL ? 2 : 1;
	s->r.except = rec->except;
	s->r.leaves = rec->leaves;
	s->r.name = name;
	s->r.now = s->n.now;
	replay_run(&s->r);
	printf("%-52s %3u pieces compared\n", name, s->r.compared);
	dialog_free(&s->d);
	node_down(&s->n);
	free(s);
}

static void
we_say_what_recorded_nodes_said(void **state)
{
	unsigned int i;

	for (i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++)
		replay(&recordings[i]);
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
		cmocka_unit_test(we_say_what_recorded_nodes_said),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
