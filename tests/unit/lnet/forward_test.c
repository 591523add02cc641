/* SPDX-License-Identifier: BSD-3-Clause */
/* Routed messages: all four types, credits and their queues step by step, drops. Spec 5.4, 7.2, 7.3. */
#include "lnet/base/bytes.h"
#include "lnet/lnet_priv.h"
#include "tests/fake/eal.h"
#include "tests/fake/fake_node.h"
#include "tests/unit/lnet/messages.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A "10.0.0.2@tcp"
#define B "10.0.1.3@tcp1"
#define R0 "10.0.0.1@tcp"
#define R1 "10.0.1.1@tcp1"

static struct fake_fabric fabric;
static struct fake_node node; /* the router */

static void
start(unsigned int workers)
{
	fake_fabric_init(&fabric);
	fake_node_init(&node, &fabric, workers);
}

static void
configure(void)
{
	fake_node_start(&node);
	node.params.nets = NULL;
	assert_int_equal(lnet_configure(node.l, false, node.now, node.why, sizeof(node.why)), 0);
	assert_int_equal(fake_node_add(&node, R0), 0);
	assert_int_equal(fake_node_add(&node, R1), 0);
	assert_int_equal(lnet_routing_set(node.l, true, node.now, node.why, sizeof(node.why)), 0);
}

static void
stop(void)
{
	fake_node_stop(&node);
	fake_fabric_fini(&fabric);
}

static void
each_type_is_forwarded_byte_for_byte(void **)
{
	static const struct {
		uint32_t type, len;
	} rows[] = {
		{LNET_PUT, 0},	  {LNET_PUT, 1},	{LNET_PUT, 4096},
		{LNET_PUT, 4097}, {LNET_GET, 0},	{LNET_ACK, 0},
		{LNET_REPLY, 48}, {LNET_REPLY, 100000}, {LNET_PUT, 1 << 20},
	};
	uint8_t *payload = malloc(1 << 20);
	const struct fake_sent *s;
	struct lnet_hdr h;
	struct fake_rx rx;
	unsigned int i, w;

	for (i = 0; i < 1 << 20; i++)
		payload[i] = (uint8_t)(i * 7 + (i >> 9));
	for (w = 1; w <= 3; w++) {
		start(w);
		configure();
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			h = message(rows[i].type, A, B, rows[i].len);
			memset(&rx, 0, sizeof(rx));
			fake_rx_start(&rx, fake_node_ni(&node, R0), &h, &h.src, payload, node.now);
			assert_int_equal(rx.parse_rc, 0);
			fake_node_settle(&node);
			assert_int_equal(node.tcp.n_sent, i + 1);
			s = fake_lnd_sent(&node.tcp, 0);
			assert_memory_equal(&s->hdr, &h, sizeof(h));
			assert_true(lnet_nid_equal(&s->next_hop, &h.dst));
			assert_ptr_equal(s->ni, fake_node_ni(&node, R1));
			assert_int_equal(s->len, rows[i].len);
			assert_memory_equal(s->payload, payload,
					    s->len < FAKE_PAYLOAD_MAX ? s->len : FAKE_PAYLOAD_MAX);
		}
		assert_true(lnet_is_idle(node.l));
		stop();
	}
	free(payload);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_is_forwarded_byte_for_byte),
	};

	if (fake_eal_init(128) < 0)
		return 1;
	fake_node_mem_init(8192);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
