/* SPDX-License-Identifier: BSD-3-Clause */
/* Ping information: what this node tells, and what it makes of others' in either byte order. Spec 8.1. */
#include "lnet/base/bytes.h"
#include "tests/unit/lnet/fixture.h"

#include <stdio.h>

/* Router with two nets, the second one not pinged yet, sequence 3: payload of a REPLY in tcp_ping_routed_leg0. */
static const uint8_t captured[64] = {
	0x67, 0x6e, 0x69, 0x70, 0x1a, 0x00, 0x00, 0x00, 0x39, 0x30, 0x00, 0x00, 0x03,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0x03, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x02,
	0x00, 0xde, 0xc0, 0xaa, 0x15, 0x00, 0x00, 0x00, 0x00, 0xfe, 0x01, 0x0a, 0x0a,
	0x01, 0x00, 0x02, 0x00, 0xce, 0xfa, 0xad, 0xde, 0x00, 0x00, 0x00, 0x00,
};

static void
captured_info_is_read(void **)
{
	struct lnet_nid first = fake_nid("10.10.0.254@tcp"), second = fake_nid("10.10.1.254@tcp1");
	struct ping_info info;

	assert_int_equal(ping_info_decode(captured, sizeof(captured), &info), 0);
	assert_int_equal(info.features, 0x1a);
	assert_int_equal(info.pid, LNET_PID);
	assert_int_equal(info.seq, 3);
	assert_int_equal(info.n, 3);
	assert_false(info.is_truncated);
	assert_true(lnet_nid_equal(&info.nids[1], &first));
	assert_true(lnet_nid_equal(&info.nids[2], &second));
	assert_int_equal(info.status[1], PING_STATUS_UP);
	assert_int_equal(info.status[2], PING_STATUS_DOWN);
}

/* All words of @in with their bytes reversed: what a big-endian node would have sent. */
static void
reverse(const uint8_t *in, uint8_t *out, unsigned int n_entries)
{
	unsigned int i;

	for (i = 0; i < 16; i += 4)
		put_be32(out + i, get_le32(in + i));
	for (i = 16; i < 16 + n_entries * 16; i += 16) {
		put_be64(out + i, get_le64(in + i));
		put_be32(out + i + 8, get_le32(in + i + 8));
		put_be32(out + i + 12, get_le32(in + i + 12));
	}
}

static void
both_byte_orders_mean_the_same(void **)
{
	uint8_t swapped[sizeof(captured)];
	struct ping_info a, b;

	reverse(captured, swapped, 3);
	assert_int_equal(ping_info_decode(captured, sizeof(captured), &a), 0);
	assert_int_equal(ping_info_decode(swapped, sizeof(swapped), &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void
senseless_info_is_refused(void **)
{
	static const struct {
		unsigned int off;
		uint32_t value;
		uint32_t len;
	} rows[] = {
		{0, 0x70696e68, 64}, /* magic */
		{4, 0x18, 64}, /* no NI_STATUS */
		{12, 0, 64}, /* no entries */
		{12, 4097, 64}, /* too many */
		{20, 0x00020000, 64}, /* first one not 0@lo */
		{16, 1, 64},	      {4, 0x1a, 31}, /* not even one entry */
		{4, 0x1a, 0},
	};
	uint8_t bytes[64];
	struct ping_info info;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(bytes, captured, sizeof(bytes));
		put_le32(bytes + rows[i].off, rows[i].value);
		assert_int_equal(ping_info_decode(bytes, rows[i].len, &info), -EPROTO);
	}
}

static void
shorter_than_declared_is_said_so(void **)
{
	struct ping_info info;

	assert_int_equal(ping_info_decode(captured, 63, &info), 0);
	assert_true(info.is_truncated);
	assert_int_equal(info.n, 2);
}

static void
large_entries_are_read_and_odd_ones_skipped(void **)
{
	struct lnet_nid v6 = fake_nid("fd00::6@tcp");
	uint8_t bytes[256] = {0};
	struct ping_info info;

	memcpy(bytes, captured, 32);
	put_le32(bytes + 4, 0x3a);
	put_le32(bytes + 12, 1);
	put_le32(bytes + 28, 32 + 36 + 24);
	/* 28 bytes of a NID: more than there can be */
	put_le32(bytes + 32, PING_STATUS_UP);
	bytes[36] = 24;
	put_le32(bytes + 68, PING_STATUS_DOWN);
	memcpy(bytes + 72, &v6, 20);
	assert_int_equal(ping_info_decode(bytes, 92, &info), 0);
	assert_int_equal(info.n, 2);
	assert_true(lnet_nid_equal(&info.nids[1], &v6));
	assert_int_equal(info.status[1], PING_STATUS_DOWN);
	assert_false(info.is_truncated);
	assert_int_equal(ping_info_decode(bytes, 91, &info), 0);
	assert_true(info.is_truncated);
	assert_int_equal(info.n, 1);
}

static void
own_info_has_the_shape_of_the_capture(void **)
{
	uint8_t out[PING_INFO_MAX];
	const struct lnet_conf *conf;
	struct lnet_ni *ni;

	fixture_init(1);
	snprintf(fixture_nets[0].ifname, LNET_IFNAME_MAX, "10.10.0.254");
	snprintf(fixture_nets[1].ifname, LNET_IFNAME_MAX, "10.10.1.254");
	node.params.n_nets = 2;
	fixture_start();
	fixture_configure();
	node.l->ping_seq = 3;
	assert_int_equal(conf_publish(node.l), 0);
	conf = snapshot_read(&node.l->conf);
	ni = fake_node_ni(&node, "10.10.1.254@tcp1");
	atomic_store(&ni->state->is_up, false);
	assert_int_equal(ping_info_encode(conf, out), sizeof(captured));
	/* all but the discovery bit: this node does none */
	assert_int_equal(out[4], 0x0a);
	out[4] = captured[4];
	assert_memory_equal(out, captured, sizeof(captured));
	/* the link's flag shows as well, without any rebuilding */
	lnet_ni_set_fatal(fake_node_ni(&node, "10.10.0.254@tcp"), true, node.now);
	ping_info_encode(conf, out);
	assert_int_equal(get_le32(out + 40), PING_STATUS_DOWN);
	fixture_stop();
}

static void
large_nids_follow_the_small_ones(void **)
{
	uint8_t out[PING_INFO_MAX];
	struct ping_info info;
	uint32_t len;
	int order;

	for (order = 0; order < 2; order++) {
		fixture_init(1);
		snprintf(fixture_nets[order].ifname, LNET_IFNAME_MAX, "fd00::6");
		node.params.n_nets = 2;
		fixture_start();
		fixture_configure();
		len = ping_info_encode(snapshot_read(&node.l->conf), out);
		assert_int_equal(len, 16 + 2 * 16 + 24);
		assert_int_equal(get_le32(out + 28), len);
		/* the primary is the large one if it was configured first */
		assert_int_equal(out[4], order == 0 ? 0x6a : 0x2a);
		assert_int_equal(ping_info_decode(out, len, &info), 0);
		assert_int_equal(info.n, 3);
		assert_int_equal(info.nids[2].size, 12);
		fixture_stop();
	}
}

static void
features_follow_the_routing_state(void **)
{
	static const struct {
		enum routing_state state;
		uint32_t features;
	} rows[] = {
		{ROUTING_ENABLED, 0x0a},
		{ROUTING_DISABLED, 0x0e},
		{ROUTING_STARTING, 0x0e},
		{ROUTING_STOPPING, 0x0e},
	};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lnet_conf conf = {.routing = rows[i].state};

		assert_int_equal(ping_features(&conf), rows[i].features);
	}
}

int
main(void)
{
	const struct CMUnitTest ping_info[] = {
		cmocka_unit_test(captured_info_is_read),
		cmocka_unit_test(both_byte_orders_mean_the_same),
		cmocka_unit_test(senseless_info_is_refused),
		cmocka_unit_test(shorter_than_declared_is_said_so),
		cmocka_unit_test(large_entries_are_read_and_odd_ones_skipped),
		cmocka_unit_test(own_info_has_the_shape_of_the_capture),
		cmocka_unit_test(large_nids_follow_the_small_ones),
		cmocka_unit_test(features_follow_the_routing_state),
	};

	return FIXTURE_MAIN(ping_info);
}
