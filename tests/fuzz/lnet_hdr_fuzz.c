/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: headers as they come from a peer, into a whole router. The first byte chooses the interface, who it comes from
 * and whether the NIDs are replaced by ones that mean something here (random ones never do); then a large header. Whatever it
 * says: it is over afterwards, and nothing is left of it.
 */
#include "lnet/base/check.h"
#include "lnet/lnet_priv.h"
#include "tests/fake/eal.h"
#include "tests/fake/fake_node.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const nids[] = {"10.0.0.1@tcp",  "10.0.1.1@tcp1", "10.0.0.2@tcp",
				   "10.0.1.2@tcp1", "10.0.9.9@tcp9", "0@lo",
				   "<?>",	    "fd00::1@tcp1"};

static struct fake_fabric fabric;
static struct fake_node node;
static uint8_t payload[LNET_MTU];

static void
make_router(void)
{
	struct lnet_nid gw;

	if (node.l != NULL)
		return;
	CHECK(fake_eal_init(128) == 0);
	fake_node_mem_init(4096);
	fake_fabric_init(&fabric);
	fake_node_init(&node, &fabric, 2);
	fake_node_start(&node);
	CHECK(lnet_configure(node.l, false, node.now, node.why, sizeof(node.why)) == 0);
	CHECK(fake_node_add(&node, nids[0]) == 0);
	CHECK(fake_node_add(&node, nids[1]) == 0);
	gw = fake_nid("10.0.1.2@tcp1");
	CHECK(lnet_route_add(node.l, 0x20009, &gw, 1, 0, node.now, node.why, sizeof(node.why)) ==
	      0);
	CHECK(lnet_routing_set(node.l, true, node.now, node.why, sizeof(node.why)) == 0);
	fake_node_pass(&node, 120 * FAKE_S);
}

/* What is written is read as the same. */
static void
check_forms(const struct lnet_hdr *h)
{
	uint8_t large[LNET_HDR16_SIZE], small[LNET_HDR4_SIZE];
	struct lnet_hdr back;

	lnet_hdr_encode16(h, large);
	lnet_hdr_decode16(large, &back);
	CHECK(memcmp(h, &back, sizeof(back)) == 0);
	if (lnet_hdr_encode4(h, small) < 0)
		return;
	lnet_hdr_decode4(small, &back);
	CHECK(back.type == h->type && memcmp(back.body, h->body, LNET_BODY_SIZE) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_rx rx = {0};
	struct lnet_nid from;
	struct lnet_hdr h;
	uint8_t how;

	if (size < 1 + LNET_HDR16_SIZE)
		return 0;
	make_router();
	how = data[0];
	lnet_hdr_decode16(data + 1, &h);
	check_forms(&h);
	if ((how & 1) != 0)
		h.dst = fake_nid(nids[data[2] % 8]);
	if ((how & 2) != 0)
		h.src = fake_nid(nids[data[3] % 8]);
	/* the interface cookie is ours: as if the peer had guessed it */
	if ((how & 4) != 0)
		memcpy(h.body, &node.l->cookie, 8);
	from = fake_nid((how & 8) != 0 ? "10.0.0.2@tcp" : "10.0.1.2@tcp1");
	node.now += FAKE_S / 1000;
	fake_rx_start(&rx, fake_node_ni(&node, nids[how >> 4 & 1]), &h, &from, payload, node.now);
	fake_node_settle(&node);
	CHECK(rx.is_over);
	CHECK(lnet_is_idle(node.l));
	return 0;
}
