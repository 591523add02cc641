/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same recordings with the real core above socklnd: what a node answers to pings and pushes, and what a router forwards, must be
 * what the recorded kernel nodes said. Both networks of a router are replayed together.
 */
#include "drivers/lolnd/lolnd.h"
#include "drivers/socklnd/socklnd.h"
#include "lnet/base/bytes.h"
#include "lnet/base/check.h"
#include "lnet/base/lcore.h"
#include "lnet/base/snapshot.h"
#include "lnet/lnet.h"
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/replay.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_MBUFS 4095
#define MBUF_ROOM 2048
#define TICK_NS 1000000
#define HANDLES_MAX 32

/* What our answers may differ in from the recorded node's, beyond handles, incarnations and the sequence number. */
enum except {
	/* pushes: we take them but send none of our own yet; nor the second ping of a discovery */
	NO_PUSH = 1,
	/* the features word: the recorded node has discovery on, we say NI status only, so that peers leave us alone */
	FEATURES = 2,
	/* a discovery pings with a sink of 272 bytes, lnet_ping() with 3960 */
	SINK = 4,
};

struct core_node {
	struct buf_mem mem;
	struct lcore lc;
	struct lcore *lcores[1];
	struct quiesce quiesce;
	struct tcp *tcp;
	struct socklnd *socklnd;
	struct lnet *l;
	struct lnet_params params;
	struct lnet_net_conf nets[2];
	struct ipaddr addrs[2]; /* of p0 and p1 */
	unsigned int n_nets;
	uint64_t now;
	unsigned int pings, ping_ok;

	struct replay r;
	struct dialog d;
	unsigned int except;
	/* recorded handles of our own GETs and PUTs, and what ours are */
	struct {
		uint8_t recorded[16], ours[16];
	} handle[HANDLES_MAX];
	unsigned int n_handles;
};

/* --- the node --- */

static int
find_iface(void *arg, const char *name, struct socklnd_iface *out)
{
	struct core_node *n = arg;
	unsigned int i = strcmp(name, "p1") == 0;

	*out = (struct socklnd_iface){.index = i, .n_addrs = 1, .mtu = 1500, .link_up = true};
	out->addrs[0] = n->addrs[i];
	return 0;
}

static unsigned int
find_home(void *arg, const struct ipaddr *local, const struct ipaddr *remote)
{
	return 0;
}

static uint64_t
wall(void *ctx)
{
	const struct core_node *n = ctx;

	return n->now + UINT64_C(1700000000000000000);
}

static void
init_ledger(struct core_node *n)
{
	struct ledger_conf conf = {
		.mbuf_size = MBUF_ROOM + 256,
		.mbuf_room = MBUF_ROOM,
		.mtu = 1500,
		.burst = 1,
		.conns = 16,
		.window_min = 16384,
		.tiny = 16,
		.small = 16,
		.large = 1,
		.local = 1 << 20,
		.sent = 1 << 20,
	};
	struct ledger_plan plan;

	ledger_plan_make(&plan, &conf, UINT64_MAX);
	CHECK(ledger_plan_make(&plan, &conf, plan.need) == 0);
	CHECK(ledger_init(&n->lc.ledger, &plan) == 0);
}

static void
make_below(struct core_node *n)
{
	static unsigned int serial;
	struct socklnd_env env = {.arg = n, .iface = find_iface, .home = find_home, .n_workers = 1};
	struct socklnd_config cfg;
	char name[16];

	snprintf(name, sizeof(name), "core%u", serial++);
	n->now = UINT64_C(1000000000000);
	CHECK(buf_mem_create(&n->mem, name, N_MBUFS, MBUF_ROOM, -1) == 0);
	CHECK(lcore_init(&n->lc, 0, 1, 0, n->now, TICK_NS) == 0);
	n->lc.mem = &n->mem;
	n->lcores[0] = &n->lc;
	init_ledger(n);
	CHECK(quiesce_create(&n->quiesce, 1) == 0);
	n->tcp = fake_tcp_create(&n->mem);
	socklnd_config_default(&cfg);
	cfg.max_peers = 16;
	cfg.max_conns = 64;
	env.lcores[0] = &n->lc;
	env.tcp[0] = n->tcp;
	CHECK(socklnd_create(&env, &cfg, &n->socklnd) == 0);
}

static void
node_start(struct core_node *n, bool router)
{
	const struct lnet_lnd lnds[] = {{&lolnd_ops, NULL}, {&socklnd_ops, n->socklnd}};
	struct lnet_env env = {
		.lcores = n->lcores,
		.n_lcores = 1,
		.quiesce = &n->quiesce,
		.lnds = lnds,
		.n_lnds = 2,
		.wall_clock = wall,
		.ctx = n,
	};
	char why[128] = "";

	lnet_params_default(&n->params);
	n->params.tiny_router_buffers = n->params.small_router_buffers = 16;
	n->params.large_router_buffers = 1;
	n->params.max_peers = 64;
	n->params.forwarding = router ? 1 : 0;
	n->params.nets = n->nets;
	n->params.n_nets = n->n_nets;
	if (lnet_create(&env, &n->params, n->now, &n->l, why, sizeof(why)) != 0 ||
	    lnet_configure(n->l, true, n->now, why, sizeof(why)) != 0)
		fail_msg("%s", why);
}

static void
advance(void *ctx, uint64_t now)
{
	struct core_node *n = ctx;

	n->now = now;
	timer_wheel_run(&n->lc.wheel, now);
	lnet_control(n->l, now);
	while (lnet_poll(lnet_cpt_of(n->l, 0), now) > 0)
		;
}

static void
node_stop(struct core_node *n)
{
	unsigned int i;

	lnet_unconfigure(n->l, n->now);
	for (i = 0; i < 100 && lnet_is_configured(n->l); i++)
		advance(n, n->now + 100 * TICK_NS);
	CHECK(!lnet_is_configured(n->l));
	CHECK(lnet_leaks(n->l) == 0);
	CHECK(socklnd_leaks(n->socklnd) == 0);
	lnet_destroy(n->l);
	socklnd_destroy(n->socklnd);
	fake_tcp_destroy(n->tcp);
	quiesce_destroy(&n->quiesce);
	CHECK(ledger_used(&n->lc.ledger) == 0);
	lcore_fini(&n->lc);
	buf_mem_destroy(&n->mem);
}

/* --- the replay --- */

static void
ping_done(void *ctx, const struct lnet_ping_result *result, uint64_t now)
{
	struct core_node *n = ctx;

	n->ping_ok += result->rc == 0;
}

static bool
is_own(const struct core_node *n, const struct lnet_nid *nid)
{
	struct lnet_ni *ni;
	unsigned int i;

	for (i = 0; (ni = lnet_ni_at(n->l, i)) != NULL; i++)
		if (lnet_nid_equal(&ni->nid, nid))
			return true;
	return false;
}

/* Answers and forwarded messages come by themselves; a ping has to be asked for. */
static bool
originate(void *ctx, const struct item *it)
{
	struct core_node *n = ctx;

	if (it->hdr.type == LNET_PUT && is_own(n, &it->hdr.src)) {
		if ((n->except & NO_PUSH) == 0)
			fail_msg("%s: a push that is not listed", n->r.name);
		return false;
	}
	if (it->hdr.type != LNET_GET || !is_own(n, &it->hdr.src))
		return true;
	n->pings++;
	CHECK(lnet_ping(n->l, &it->hdr.dst, &it->hdr.src, UINT64_C(10000000000), ping_done, n,
			n->now) == 0);
	return true;
}

/* Answers to what is ours carry our handle, not the recorded one. */
static bool
patch(void *ctx, const struct item *it, uint8_t *bytes)
{
	struct core_node *n = ctx;
	uint8_t *handle = bytes + (it->payload - it->bytes) - LNET_BODY_SIZE;
	unsigned int i;

	if (it->kind != ITEM_MSG || (it->hdr.type != LNET_REPLY && it->hdr.type != LNET_ACK))
		return true;
	for (i = 0; i < n->n_handles; i++)
		if (memcmp(handle, n->handle[i].recorded, 16) == 0)
			memcpy(handle, n->handle[i].ours, 16);
	return true;
}

static bool
equal_but(const uint8_t *a, const uint8_t *b, uint32_t len, uint32_t skip_from, uint32_t skip_len)
{
	if (len <= skip_from + skip_len)
		return memcmp(a, b, len < skip_from ? len : skip_from) == 0;
	return memcmp(a, b, skip_from) == 0 &&
		memcmp(a + skip_from + skip_len, b + skip_from + skip_len,
		       len - skip_from - skip_len) == 0;
}

/* Ping info (LNet core 8.1): the sequence number lies in the loopback entry's status. */
static bool
same_info(const struct core_node *n, const uint8_t *a, const uint8_t *b, uint32_t len)
{
	if (len < 32 || memcmp(a, b, 4) != 0)
		return false;
	if ((n->except & FEATURES) == 0 && memcmp(a + 4, b + 4, 4) != 0)
		return false;
	return memcmp(a + 8, b + 8, 16) == 0 && memcmp(a + 28, b + 28, len - 28) == 0;
}

static bool
same_msg(struct core_node *n, const struct item *want, const uint8_t *got)
{
	uint32_t head = (uint32_t)(want->payload - want->bytes), body = head - LNET_BODY_SIZE;
	bool own = (want->hdr.type == LNET_GET || want->hdr.type == LNET_PUT) &&
		is_own(n, &want->hdr.src);
	uint8_t copy[SOCKLND_KSOCK_SIZE + LNET_HDR_MAX];

	memcpy(copy, got, head);
	if ((n->r.except & EXCEPT_CSUM) != 0 && get_le32(copy + 4) == 0)
		memcpy(copy + 4, want->bytes + 4, 4);
	if ((n->r.except & EXCEPT_ZC) != 0 && get_le64(copy + 8) == 0)
		memcpy(copy + 8, want->bytes + 8, 8);
	/* sink length of a GET */
	if (own && (n->except & SINK) != 0 && want->hdr.type == LNET_GET)
		memcpy(copy + body + 32, want->bytes + body + 32, 4);
	if (!equal_but(want->bytes, copy, head, own ? body : head, own ? 16 : 0))
		return false;
	if (want->hdr.type == LNET_REPLY && is_own(n, &want->hdr.src)) {
		if (!same_info(n, want->payload, got + head, want->hdr.payload_len))
			return false;
	} else if (memcmp(want->payload, got + head, want->hdr.payload_len) != 0) {
		return false;
	}
	if (own) {
		CHECK(n->n_handles < HANDLES_MAX);
		memcpy(n->handle[n->n_handles].recorded, want->bytes + body, 16);
		memcpy(n->handle[n->n_handles++].ours, got + body, 16);
	}
	return true;
}

static bool
same(void *ctx, const struct item *want, const uint8_t *got)
{
	struct core_node *n = ctx;

	if (want->kind == ITEM_MSG)
		return same_msg(n, want, got);
	if (want->kind == ITEM_HELLO)
		return equal_but(want->bytes, got, want->len,
				 want->len == socklnd_proto(4)->hello_size ? 56 : 32, 8);
	return memcmp(want->bytes, got, want->len) == 0;
}

static struct tcp_conn *
join(void *ctx, const struct ip_flow *flow, enum socklnd_type type)
{
	struct core_node *n = ctx;
	uint8_t out[SOCKLND_CONNREQ_V2_SIZE + SOCKLND_HELLO_MAX];
	struct tcp_conn *c = fake_tcp_accept(n->tcp, flow, n->now);
	struct socklnd_hello h = {.version = 3, .src_pid = LNET_PID, .type = type};
	uint32_t net = n->nets[ipaddr_equal(&flow->local, &n->addrs[0]) ? 0 : 1].net;
	struct lnet_nid own = lnet_nid_from_ip(net, &flow->local);
	unsigned int len;

	CHECK(c != NULL);
	h.src = lnet_nid_from_ip(net, &flow->remote);
	len = socklnd_connreq_encode(&own, out);
	len += socklnd_hello_encode(&h, out + len);
	fake_tcp_deliver_burst(c, out, len, 0, n->now);
	CHECK(c->queued == socklnd_proto(3)->hello_size);
	return c;
}

static const struct replay_ops ops = {
	.advance = advance,
	.originate = originate,
	.patch = patch,
	.same = same,
	.join = join,
};

/* --- the recordings --- */

#define A "10.10.0.1"
#define C "10.10.0.3"
#define R "10.10.0.254"
#define R1 "10.10.1.254"
#define B "10.10.1.2"

struct recording {
	const char *file, *second; /* of the other network */
	const char *node, *node1; /* addresses on tcp and tcp1, or NULL */
	unsigned int except; /* of ours, enum except: what and why is there */
	unsigned int replay; /* enum replay_except */
	bool aged; /* the router had been idle for so long that it called its interfaces down */
};

static const struct recording recordings[] = {
	{"tcp_ping_direct.pcap", NULL, A, NULL, FEATURES, 0, false},
	{"tcp_ping_direct.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_no_discovery.pcap", NULL, A, NULL, FEATURES | SINK, 0, false},
	{"tcp_no_discovery.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_discovery_peer_disabled.pcap", NULL, A, NULL, FEATURES | SINK, 0, false},
	{"tcp_discovery_peer_disabled.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_discovery_push.pcap", NULL, A, NULL, FEATURES | SINK | NO_PUSH, 0, false},
	{"tcp_discovery_push.pcap", NULL, C, NULL, FEATURES | NO_PUSH, 0, false},
	{"tcp_router_ping_check.pcap", NULL, R, R1, FEATURES, 0, false},
	{"tcp_ping_routed_leg0.pcap", "tcp_ping_routed_leg1.pcap", R, R1, FEATURES | NO_PUSH | SINK,
	 0, true},
	{"tcp_discover_routed_leg0.pcap", "tcp_discover_routed_leg1.pcap", R, R1,
	 FEATURES | NO_PUSH, 0, false},
	{"tcp_lst_routed_read_64k_leg0.pcap.gz", "tcp_lst_routed_read_64k_leg1.pcap.gz", R, R1,
	 FEATURES, EXCEPT_ZC | EXCEPT_ORDER, false},
	{"tcp_fake_bad_csum.pcap", NULL, C, NULL, 0, 0, false},
	{"tcp_fake_bad_lnet_type.pcap", NULL, C, NULL, 0, 0, false},
	{"tcp_fake_csum_hello_v2.pcap", NULL, C, NULL, FEATURES, EXCEPT_CSUM, false},
	{"tcp_fake_csum_hello_v3.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_fake_dup_ctrl.pcap", NULL, C, NULL, 0, 0, false},
	{"tcp_fake_hello_v1.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_fake_hello_v2.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_fake_hello_v3.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_fake_hello_v4.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_fake_hello_v4_acc1.pcap", NULL, C, NULL, FEATURES, 0, false},
	{"tcp_fake_new_incarnation.pcap", NULL, C, NULL, 0, 0, false},
	{"tcp_fake_route_when_off.pcap", NULL, C, NULL, 0, 0, false},
	{"tcp_fake_wrong_dest_nid.pcap", NULL, C, NULL, 0, 0, false},
};

static void
add_net(struct core_node *n, const char *addr, const char *iface, unsigned int num)
{
	struct lnet_net_conf *net = &n->nets[n->n_nets];

	assert_int_equal(ipaddr_parse(addr, &n->addrs[n->n_nets]), 0);
	net->net = lnet_mknet(LNET_TYPE_TCP, num);
	snprintf(net->ifname, sizeof(net->ifname), "%s", iface);
	lnet_ni_tunables_unset(&net->tun);
	n->n_nets++;
}

static const char *
path_of(const char *file, char *out, size_t size)
{
	const char *dir = getenv("CAPTURES");

	snprintf(out, size, "%s/%s", dir != NULL ? dir : "tests/captures", file);
	return out;
}

static void
replay(const struct recording *rec)
{
	struct core_node *n = calloc(1, sizeof(*n));
	char path[512], second[512], name[160];

	assert_non_null(n);
	snprintf(name, sizeof(name), "%s as %s", rec->file, rec->node);
	add_net(n, rec->node, "p0", 0);
	if (rec->node1 != NULL)
		add_net(n, rec->node1, "p1", 1);
	make_below(n);
	node_start(n, rec->node1 != NULL);
	dialog_load(&n->d, path_of(rec->file, path, sizeof(path)),
		    rec->second != NULL ? path_of(rec->second, second, sizeof(second)) : NULL);
	n->except = rec->except;
	n->r.d = &n->d;
	n->r.tcp = n->tcp;
	n->r.ops = &ops;
	n->r.ctx = n;
	n->r.addrs = n->addrs;
	n->r.n_addrs = n->n_nets;
	n->r.except = rec->replay;
	n->r.name = name;
	if (rec->aged)
		advance(n, n->now + UINT64_C(200000000000));
	n->r.now = n->now;
	replay_run(&n->r);
	assert_int_equal(n->ping_ok, n->pings);
	printf("%-52s %3u pieces compared\n", name, n->r.compared);
	dialog_free(&n->d);
	node_stop(n);
	free(n);
}

static void
core_answers_as_recorded_nodes_did(void **state)
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
		cmocka_unit_test(core_answers_as_recorded_nodes_did),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
