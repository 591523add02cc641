/* SPDX-License-Identifier: BSD-3-Clause */
/* The router under test. */
#include "tests/unit/lnet/fixture.h"

#include <stdio.h>

struct fake_fabric fabric;
struct fake_node node;
struct lnet_net_conf fixture_nets[3];
uint8_t fixture_payload[1 << 20];

void
fixture_init(unsigned int workers)
{
	static const char *const nids[] = {R0, R1, R2};
	struct lnet_nid nid;
	unsigned int i;

	fake_fabric_init(&fabric);
	fake_node_init(&node, &fabric, workers);
	memset(fixture_nets, 0, sizeof(fixture_nets));
	for (i = 0; i < 3; i++) {
		nid = fake_nid(nids[i]);
		fixture_nets[i].net = lnet_nid_net(&nid);
		snprintf(fixture_nets[i].ifname, LNET_IFNAME_MAX, "%.*s",
			 (int)strcspn(nids[i], "@"), nids[i]);
		lnet_ni_tunables_unset(&fixture_nets[i].tun);
	}
	node.params.nets = fixture_nets;
	node.params.n_nets = 3;
}

void
fixture_start(void)
{
	fake_node_start(&node);
}

void
fixture_configure(void)
{
	assert_int_equal(lnet_configure(node.l, true, node.now, node.why, sizeof(node.why)), 0);
}

void
fixture_router(unsigned int workers)
{
	fixture_init(workers);
	fixture_start();
	fixture_configure();
}

void
fixture_stop(void)
{
	fake_node_stop(&node);
	fake_fabric_fini(&fabric);
}

struct lnet_hdr
fixture_hdr(uint32_t type, const char *src, const char *dst, uint32_t len)
{
	struct lnet_hdr h = {
		.dst = fake_nid(dst),
		.src = fake_nid(src),
		.dst_pid = LNET_PID,
		.src_pid = LNET_PID,
		.type = type,
		.payload_len = len,
	};
	unsigned int i;

	for (i = 0; i < LNET_BODY_SIZE; i++)
		h.body[i] = (uint8_t)(i + 100);
	return h;
}

struct lnet_hdr
fixture_ping(const char *src, const char *dst, uint32_t sink)
{
	struct lnet_hdr h = fixture_hdr(LNET_GET, src, dst, 0);
	struct lnet_get get = {
		.match_bits = LOCAL_PING_BITS,
		.portal = LOCAL_PORTAL,
		.sink_len = sink,
	};

	memset(&get.ret, 0x5a, sizeof(get.ret));
	lnet_get_encode(&get, h.body);
	return h;
}

void
fixture_arrive(struct fake_rx *rx, const char *at, const struct lnet_hdr *h, const char *from)
{
	struct lnet_nid nid = from != NULL ? fake_nid(from) : h->src;

	fake_rx_start(rx, fake_node_ni(&node, at), h, &nid, fixture_payload, node.now);
}

void
fixture_put(struct fake_rx *rx, const char *src, const char *dst, uint32_t len)
{
	struct lnet_hdr h = fixture_hdr(LNET_PUT, src, dst, len);

	fixture_arrive(rx, R0, &h, NULL);
}

struct peer *
fixture_peer(const char *ni, const char *text)
{
	struct lnet_nid nid = fake_nid(text);

	return peer_find(node.l->cpts[fake_home(&node.tcp, &nid)], fake_node_ni(&node, ni), &nid);
}

uint64_t
fixture_drop(enum lnet_drop reason)
{
	return fake_node_drops(&node, reason);
}

struct lnet_cpt *
fixture_cpt(void)
{
	return node.l->cpts[0];
}

int
fixture_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
	unsigned int i;
	int failed;

	if (fake_eal_init(128) < 0)
		return 1;
	for (i = 0; i < sizeof(fixture_payload); i++)
		fixture_payload[i] = (uint8_t)(i * 7 + (i >> 9));
	fake_node_mem_init(8192);
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	return failed;
}
