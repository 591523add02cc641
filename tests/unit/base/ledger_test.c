/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/ledger.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MBUF 2304u
#define TOTAL (16384ull * MBUF)

static const struct ledger_conf conf_small = {
	.mbuf_size = MBUF,
	.mbuf_room = 2048,
	.mtu = 1500,
	.rx_desc = 512,
	.tx_desc = 512,
	.cache = 384,
	.burst = 64,
	.conns = 96,
	.window_min = 16 << 10,
	.tiny = 512,
	.small = 256,
	.large = 10,
	.reorder = 1024ull * MBUF,
	.local = 128ull * MBUF,
	.sent = 256ull * MBUF,
};

static void
start(struct ledger *l)
{
	struct ledger_plan plan;

	assert_int_equal(ledger_plan_make(&plan, &conf_small, TOTAL), 0);
	assert_int_equal(ledger_init(l, &plan), 0);
}

/* --- plan --- */

static void
plan_sizes_are_those_of_the_documentation(void **state)
{
	struct ledger_plan plan;

	(void)state;
	assert_int_equal(ledger_plan_make(&plan, &conf_small, TOTAL), 0);
	assert_int_equal(plan.fill, 1400);
	assert_int_equal(plan.pair, 1927);
	assert_int_equal(plan.conn, 18 * MBUF);
	assert_int_equal(plan.size[LEDGER_FLOOR], 1984 * MBUF);
	assert_int_equal(plan.size[LEDGER_CONTROL], 192 * MBUF);
	assert_int_equal(plan.size[LEDGER_ROUTED_TINY], 512 * MBUF);
	assert_int_equal(plan.size[LEDGER_ROUTED_SMALL], 256 * 5 * MBUF);
	assert_int_equal(plan.size[LEDGER_ROUTED_LARGE], 10 * 751 * MBUF);
	assert_int_equal(plan.need, 14614ull * MBUF);
	assert_int_equal(plan.shared, 1770ull * MBUF);
	assert_int_equal(plan.size[LEDGER_STREAM], (96 * 18 + 1770ull) * MBUF);
}

static void
plan_accounts_add_up_to_the_total(void **state)
{
	struct ledger_plan plan;
	uint64_t sum = 0;
	int i;

	(void)state;
	assert_int_equal(ledger_plan_make(&plan, &conf_small, TOTAL), 0);
	for (i = 0; i < LEDGER_ACCOUNTS; i++)
		sum += plan.size[i];
	assert_int_equal(sum, TOTAL);
}

static void
plan_is_refused_with_the_number_when_memory_is_missing(void **state)
{
	struct ledger_plan plan;
	struct ledger l;

	(void)state;
	assert_int_equal(ledger_plan_make(&plan, &conf_small, 14614ull * MBUF), 0);
	assert_int_equal(plan.shared, 0);
	assert_int_equal(ledger_plan_make(&plan, &conf_small, 14614ull * MBUF - 1), -ENOMEM);
	assert_int_equal(plan.need, 14614ull * MBUF);
	assert_int_equal(ledger_init(&l, &plan), -ENOMEM);
}

static void
plan_of_default_router_buffers_does_not_overflow(void **state)
{
	struct ledger_conf conf = conf_small;
	struct ledger_plan plan;

	(void)state;
	conf.tiny = 2048;
	conf.small = 16384;
	conf.large = 1024;
	assert_int_equal(ledger_plan_make(&plan, &conf, TOTAL), -ENOMEM);
	assert_int_equal(plan.size[LEDGER_ROUTED_LARGE], 1024ull * 751 * MBUF);
	conf.large = UINT32_MAX;
	assert_int_equal(ledger_plan_make(&plan, &conf, TOTAL), -ENOMEM);
	assert_int_equal(plan.size[LEDGER_ROUTED_LARGE], (uint64_t)UINT32_MAX * 751 * MBUF);
}

static void
plan_refuses_values_without_meaning(void **state)
{
	struct ledger_conf cases[7];
	struct ledger_plan plan;
	unsigned int i;

	(void)state;
	for (i = 0; i < 7; i++)
		cases[i] = conf_small;
	cases[0].mbuf_room = 0;
	cases[1].mbuf_size = 2047;
	cases[2].mtu = 575;
	cases[3].window_min = 1499;
	cases[4].conns = 0;
	cases[5].burst = 0;
	cases[6].mbuf_room = 511;
	for (i = 0; i < 7; i++)
		assert_int_equal(ledger_plan_make(&plan, &cases[i], TOTAL), -EINVAL);
}

static void
plan_fill_follows_the_mtu(void **state)
{
	static const struct {
		uint16_t mtu;
		uint32_t room, fill;
	} cases[] = {
		{1500, 2048, 1400},
		{9000, 2048, 8900 / 5},
		{9000, 9216, 8900},
		{576, 2048, 476},
	};
	struct ledger_plan plan;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ledger_conf conf = conf_small;

		conf.mtu = cases[i].mtu;
		conf.mbuf_room = cases[i].room;
		conf.mbuf_size = cases[i].room + 256;
		assert_int_equal(ledger_plan_make(&plan, &conf, 1ull << 40), 0);
		assert_int_equal(plan.fill, cases[i].fill);
	}
}

static void
true_size_counts_every_mbuf_that_bytes_may_touch(void **state)
{
	static const struct {
		uint32_t len, mbufs;
	} cases[] = {{0, 0}, {1, 1}, {2, 2}, {1401, 2}, {1402, 3}, {4096, 4}, {1 << 20, 750}};
	struct ledger_plan plan;
	unsigned int i;

	(void)state;
	assert_int_equal(ledger_plan_make(&plan, &conf_small, TOTAL), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ledger_true_size(&plan, cases[i].len), cases[i].mbufs * MBUF);
		assert_int_equal(ledger_routed_size(&plan, cases[i].len),
				 (cases[i].mbufs + 1) * MBUF);
	}
}

/* The shortest segments that are not copied behind one another: each pair is one byte too long for one mbuf. */
static void
queue_size_covers_any_segments(void **state)
{
	static const uint32_t first[] = {1, 100, 963, 1000, 1448, 1926};
	struct ledger_plan plan;
	uint32_t i, n, len, mbufs, room;

	(void)state;
	assert_int_equal(ledger_plan_make(&plan, &conf_small, TOTAL), 0);
	assert_int_equal(ledger_queue_size(&plan, 0), 0);
	assert_int_equal(ledger_queue_size(&plan, 1), 2 * MBUF);
	assert_int_equal(ledger_queue_size(&plan, 16384), 18 * MBUF);
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		/* one byte is left of the mbuf that is being taken, which has no room */
		mbufs = 1;
		room = 0;
		n = first[i];
		for (len = 1; len < 300000; len += n, n = 1927 - n) {
			if (n <= room) {
				room -= n;
				continue;
			}
			mbufs++;
			room = 1926 - n;
			assert_true(mbufs * MBUF <= ledger_queue_size(&plan, len + n));
		}
	}
}

static void
routed_account_is_the_smallest_class_that_fits(void **state)
{
	(void)state;
	assert_int_equal(ledger_routed_account(0), LEDGER_ROUTED_TINY);
	assert_int_equal(ledger_routed_account(1), LEDGER_ROUTED_SMALL);
	assert_int_equal(ledger_routed_account(4096), LEDGER_ROUTED_SMALL);
	assert_int_equal(ledger_routed_account(4097), LEDGER_ROUTED_LARGE);
	assert_int_equal(ledger_routed_account(1 << 20), LEDGER_ROUTED_LARGE);
}

/* A message that comes in segments of @seg bytes, its first one with the header before it. */
static uint32_t
mbufs_when_moved(const struct ledger_plan *plan, uint32_t len, uint32_t seg, bool *packed)
{
	uint64_t reserved = ledger_routed_size(plan, len);
	uint32_t mbufs = 0, room = 0, rest = len, n;

	*packed = false;
	for (n = seg - 96; rest > 0; n = seg) {
		n = n < rest ? n : rest;
		rest -= n;
		if (!ledger_must_pack(plan, reserved, (mbufs + 1ull) * MBUF, rest)) {
			mbufs++;
			room = 0;
			continue;
		}
		*packed = true;
		for (; n > room; n -= room, room = 2048)
			mbufs++;
		room -= n;
	}
	return mbufs;
}

static void
message_of_full_segments_is_never_packed(void **state)
{
	static const uint32_t lengths[] = {1, 1352, 1353, 4096, 65536, 1 << 20};
	struct ledger_plan plan;
	unsigned int i;
	bool packed;

	(void)state;
	assert_int_equal(ledger_plan_make(&plan, &conf_small, TOTAL), 0);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t mbufs = mbufs_when_moved(&plan, lengths[i], 1448, &packed);

		assert_false(packed);
		assert_true((mbufs + 1) * MBUF <= ledger_routed_size(&plan, lengths[i]));
	}
}

static void
packed_message_stays_within_its_reservation(void **state)
{
	static const uint32_t segments[] = {97, 100, 536, 961, 1025, 1399};
	struct ledger_plan plan;
	unsigned int i;
	bool packed;

	(void)state;
	assert_int_equal(ledger_plan_make(&plan, &conf_small, TOTAL), 0);
	for (i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		uint32_t mbufs = mbufs_when_moved(&plan, 1 << 20, segments[i], &packed);

		assert_true((mbufs + 1) * MBUF <= ledger_routed_size(&plan, 1 << 20));
		assert_true(packed || segments[i] == 1399);
	}
}

/* --- accounts --- */

static void
take_stops_at_the_size_and_counts(void **state)
{
	struct ledger l;
	uint64_t all = 10ull * 751 * MBUF;

	(void)state;
	start(&l);
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_LARGE, all), 0);
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_LARGE, 1), -ENOMEM);
	assert_int_equal(l.use[LEDGER_ROUTED_LARGE].refused, 1);
	ledger_give(&l, LEDGER_ROUTED_LARGE, all - MBUF);
	assert_int_equal(l.use[LEDGER_ROUTED_LARGE].used, MBUF);
	assert_int_equal(l.use[LEDGER_ROUTED_LARGE].high, all);
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_LARGE, UINT64_MAX), -ENOMEM);
	ledger_give(&l, LEDGER_ROUTED_LARGE, MBUF);
	assert_int_equal(ledger_used(&l), 0);
}

static void
floor_is_given_to_nobody(void **state)
{
	struct ledger l;

	(void)state;
	start(&l);
	assert_int_equal(ledger_take(&l, LEDGER_FLOOR, 1), -ENOMEM);
	assert_int_equal(ledger_move(&l, LEDGER_LOCAL, LEDGER_FLOOR, 0), -ENOMEM);
}

static void
one_class_cannot_take_from_another(void **state)
{
	struct ledger l;

	(void)state;
	start(&l);
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_LARGE, l.use[LEDGER_ROUTED_LARGE].size), 0);
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_SMALL, l.use[LEDGER_ROUTED_SMALL].size), 0);
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_TINY, MBUF), 0);
	assert_int_equal(ledger_take(&l, LEDGER_CONTROL, MBUF), 0);
}

static void
move_changes_nothing_when_the_target_is_full(void **state)
{
	struct ledger l;

	(void)state;
	start(&l);
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_SMALL, 5 * MBUF), 0);
	assert_int_equal(ledger_take(&l, LEDGER_SENT, 252 * MBUF), 0);
	assert_int_equal(ledger_move(&l, LEDGER_ROUTED_SMALL, LEDGER_SENT, 5 * MBUF), -ENOMEM);
	assert_int_equal(l.use[LEDGER_ROUTED_SMALL].used, 5 * MBUF);
	ledger_give(&l, LEDGER_SENT, MBUF);
	assert_int_equal(ledger_move(&l, LEDGER_ROUTED_SMALL, LEDGER_SENT, 5 * MBUF), 0);
	assert_int_equal(l.use[LEDGER_ROUTED_SMALL].used, 0);
	assert_int_equal(l.use[LEDGER_SENT].used, 256 * MBUF);
}

static void
resize_trades_with_the_shared_part(void **state)
{
	struct ledger l;
	uint64_t shared, missing = 0;

	(void)state;
	start(&l);
	shared = l.plan.shared;
	assert_int_equal(ledger_resize(&l, 512, 256, 12, NULL), 0);
	assert_int_equal(l.plan.shared, shared - 2 * 751 * MBUF);
	assert_int_equal(ledger_resize(&l, 512, 256, 13, &missing), -ENOMEM);
	assert_int_equal(missing, (3 * 751 - 1770) * MBUF);
	assert_int_equal(l.use[LEDGER_ROUTED_LARGE].size, 12ull * 751 * MBUF);
	assert_int_equal(ledger_resize(&l, 512, 256, 10, NULL), 0);
	assert_int_equal(l.plan.shared, shared);
}

static void
resize_takes_used_buffers_only_when_they_are_back(void **state)
{
	struct ledger l;
	uint64_t one = 751 * MBUF, shared;

	(void)state;
	start(&l);
	shared = l.plan.shared;
	assert_int_equal(ledger_take(&l, LEDGER_ROUTED_LARGE, 6 * one), 0);
	assert_int_equal(ledger_resize(&l, 512, 256, 4, NULL), 0);
	assert_int_equal(l.use[LEDGER_ROUTED_LARGE].size, 6 * one);
	assert_int_equal(l.plan.shared, shared + 4 * one);
	ledger_give(&l, LEDGER_ROUTED_LARGE, 6 * one);
	assert_int_equal(ledger_resize(&l, 512, 256, 4, NULL), 0);
	assert_int_equal(l.plan.shared, shared + 6 * one);
}

static void
resize_never_takes_what_windows_have_promised(void **state)
{
	struct ledger_conn c[3] = {0};
	struct ledger l;
	int i;

	(void)state;
	start(&l);
	for (i = 0; i < 3; i++) {
		assert_int_equal(ledger_conn_open(&l, &c[i]), 0);
		ledger_window(&l, &c[i], 0, 1 << 30);
	}
	assert_true(l.shared_promised > (1770 - 751) * MBUF);
	assert_int_equal(ledger_resize(&l, 512, 256, 11, NULL), -ENOMEM);
}

/* --- connections --- */

static void
connection_beyond_the_plan_is_refused(void **state)
{
	struct ledger_conn c[97] = {0};
	struct ledger l;
	int i;

	(void)state;
	start(&l);
	for (i = 0; i < 96; i++)
		assert_int_equal(ledger_conn_open(&l, &c[i]), 0);
	assert_int_equal(ledger_conn_open(&l, &c[96]), -ENOMEM);
	assert_int_equal(l.use[LEDGER_STREAM].refused, 1);
	ledger_conn_close(&l, &c[96]);
	ledger_conn_close(&l, &c[0]);
	assert_int_equal(ledger_conn_open(&l, &c[96]), 0);
}

static void
fill_shared(struct ledger *l, struct ledger_conn *hog)
{
	assert_int_equal(ledger_conn_open(l, hog), 0);
	assert_int_equal(ledger_conn_take(l, hog, l->plan.conn + l->plan.shared, false), 0);
	assert_int_equal(ledger_conn_take(l, hog, MBUF, false), -ENOMEM);
}

static void
connection_keeps_its_own_part_when_others_took_the_shared_one(void **state)
{
	struct ledger_conn hog = {0}, c = {0};
	struct ledger l;
	int i;

	(void)state;
	start(&l);
	fill_shared(&l, &hog);
	assert_int_equal(ledger_conn_open(&l, &c), 0);
	for (i = 0; i < 18; i++)
		assert_int_equal(ledger_conn_take(&l, &c, MBUF, false), 0);
	assert_int_equal(ledger_conn_take(&l, &c, MBUF, false), -ENOMEM);
	ledger_conn_give(&l, &hog, MBUF);
	assert_int_equal(ledger_conn_take(&l, &c, MBUF, false), 0);
	ledger_conn_close(&l, &hog);
	ledger_conn_close(&l, &c);
	assert_int_equal(ledger_used(&l), 0);
	assert_int_equal(l.shared_used, 0);
}

static void
expected_data_passes_when_all_else_is_taken(void **state)
{
	struct ledger_conn hog = {0}, c = {0};
	struct ledger l;
	int i;

	(void)state;
	start(&l);
	fill_shared(&l, &hog);
	assert_int_equal(ledger_conn_open(&l, &c), 0);
	assert_int_equal(ledger_conn_take(&l, &c, l.plan.conn, false), 0);
	for (i = 0; i < 64; i++)
		assert_int_equal(ledger_conn_take(&l, &c, MBUF, true), 0);
	/* no more than a burst: the user did not do what it said */
	assert_int_equal(ledger_conn_take(&l, &c, MBUF, true), -ENOMEM);
	ledger_conn_give(&l, &c, 64 * MBUF);
	assert_int_equal(l.passing, 0);
	assert_int_equal(c.pinned, l.plan.conn);
	assert_int_equal(ledger_conn_take(&l, &c, MBUF, true), 0);
}

static void
out_of_order_data_cannot_hurt_data_in_order(void **state)
{
	struct ledger_conn c = {0};
	struct ledger l;
	unsigned int n = 0;

	(void)state;
	start(&l);
	assert_int_equal(ledger_conn_open(&l, &c), 0);
	while (ledger_reorder_take(&l, &c, MBUF) == 0)
		n++;
	assert_int_equal(n, 512); /* as much as it left to the others */
	assert_int_equal(ledger_conn_take(&l, &c, l.plan.conn + l.plan.shared, false), 0);
	ledger_conn_close(&l, &c);
	assert_int_equal(ledger_used(&l), 0);
}

static void
joining_data_is_refused_only_when_nobody_expects_it(void **state)
{
	struct ledger_conn hog = {0}, c = {0};
	struct ledger l;
	int i;

	(void)state;
	start(&l);
	fill_shared(&l, &hog);
	assert_int_equal(ledger_conn_open(&l, &c), 0);
	assert_int_equal(ledger_conn_take(&l, &c, l.plan.conn, false), 0);
	for (i = 0; i < 200; i++)
		assert_int_equal(ledger_reorder_take(&l, &c, MBUF), 0);
	for (i = 0; i < 199; i++)
		assert_int_equal(ledger_reorder_join(&l, &c, MBUF, true), 0);
	assert_int_equal(ledger_reorder_join(&l, &c, MBUF, false), -ENOMEM);
	assert_int_equal(c.reorder, 0);
	assert_int_equal(l.use[LEDGER_REORDER].used, 0);
	ledger_conn_give(&l, &c, 199 * MBUF);
	assert_int_equal(c.pinned, l.plan.conn);
}

/* --- windows --- */

static void
window_is_never_less_than_the_minimum_nor_than_it_was(void **state)
{
	struct ledger_conn hog = {0}, c = {0};
	struct ledger l;

	(void)state;
	start(&l);
	assert_int_equal(ledger_conn_open(&l, &c), 0);
	assert_int_equal(ledger_window(&l, &c, 0, 0), 16 << 10);
	assert_int_equal(ledger_window(&l, &c, 200000, 0), 200000);
	assert_int_equal(ledger_conn_open(&l, &hog), 0);
	l.plan.shared = 0;
	/* its own part, rounded up to whole mbufs, and nothing more */
	assert_int_equal(ledger_window(&l, &hog, 0, 1 << 20), 9 * 1927);
	assert_int_equal(ledger_window(&l, &hog, 50000, 1 << 20), 50000);
}

static void
window_is_no_wider_than_wanted(void **state)
{
	struct ledger_conn c = {0};
	struct ledger l;

	(void)state;
	start(&l);
	assert_int_equal(ledger_conn_open(&l, &c), 0);
	assert_int_equal(ledger_window(&l, &c, 0, 100000), 100000);
	assert_int_equal(c.promised, ledger_queue_size(&l.plan, 100000));
}

/* 40 connections want everything and ask in turn: all end up with the same, and the promises are covered. */
static void
windows_converge_to_equal_shares_that_memory_covers(void **state)
{
	struct ledger_conn c[40] = {0};
	uint32_t window[40] = {0};
	struct ledger l;
	int i, round;

	(void)state;
	start(&l);
	for (i = 0; i < 40; i++)
		assert_int_equal(ledger_conn_open(&l, &c[i]), 0);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < 40; i++) {
			/* half of what was open has come and was taken */
			window[i] = ledger_window(&l, &c[i], window[i] / 2, 1 << 30);
			assert_true(l.shared_promised <= l.plan.shared);
		}
	}
	for (i = 0; i < 40; i++) {
		assert_true(window[i] > 32 << 10);
		assert_true(window[i] + 2 * 1927 >= window[0] && window[i] <= window[0] + 2 * 1927);
	}
	for (i = 0; i < 40; i++)
		ledger_conn_close(&l, &c[i]);
	assert_int_equal(l.shared_promised, 0);
}

/* What a window promised is there when it comes, in the shortest segments, whatever the others do. */
static void
promised_window_is_never_refused(void **state)
{
	struct ledger_conn c[96] = {0};
	uint32_t window[96];
	struct ledger l;
	int i;

	(void)state;
	start(&l);
	for (i = 0; i < 96; i++) {
		assert_int_equal(ledger_conn_open(&l, &c[i]), 0);
		window[i] = ledger_window(&l, &c[i], 0, 1 << 20);
	}
	for (i = 0; i < 96; i++) {
		uint64_t bytes = ledger_queue_size(&l.plan, window[i]);

		for (; bytes > 0; bytes -= MBUF)
			assert_int_equal(ledger_conn_take(&l, &c[i], MBUF, false), 0);
	}
}

static void
every_account_has_a_name_and_a_text(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < LEDGER_ACCOUNTS; i++) {
		assert_true(strlen(ledger_account_desc[i].name) > 0);
		assert_true(strlen(ledger_account_desc[i].help) > 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_sizes_are_those_of_the_documentation),
		cmocka_unit_test(plan_accounts_add_up_to_the_total),
		cmocka_unit_test(plan_is_refused_with_the_number_when_memory_is_missing),
		cmocka_unit_test(plan_of_default_router_buffers_does_not_overflow),
		cmocka_unit_test(plan_refuses_values_without_meaning),
		cmocka_unit_test(plan_fill_follows_the_mtu),
		cmocka_unit_test(true_size_counts_every_mbuf_that_bytes_may_touch),
		cmocka_unit_test(queue_size_covers_any_segments),
		cmocka_unit_test(routed_account_is_the_smallest_class_that_fits),
		cmocka_unit_test(message_of_full_segments_is_never_packed),
		cmocka_unit_test(packed_message_stays_within_its_reservation),
		cmocka_unit_test(take_stops_at_the_size_and_counts),
		cmocka_unit_test(floor_is_given_to_nobody),
		cmocka_unit_test(one_class_cannot_take_from_another),
		cmocka_unit_test(move_changes_nothing_when_the_target_is_full),
		cmocka_unit_test(resize_trades_with_the_shared_part),
		cmocka_unit_test(resize_takes_used_buffers_only_when_they_are_back),
		cmocka_unit_test(resize_never_takes_what_windows_have_promised),
		cmocka_unit_test(connection_beyond_the_plan_is_refused),
		cmocka_unit_test(connection_keeps_its_own_part_when_others_took_the_shared_one),
		cmocka_unit_test(expected_data_passes_when_all_else_is_taken),
		cmocka_unit_test(out_of_order_data_cannot_hurt_data_in_order),
		cmocka_unit_test(joining_data_is_refused_only_when_nobody_expects_it),
		cmocka_unit_test(window_is_never_less_than_the_minimum_nor_than_it_was),
		cmocka_unit_test(window_is_no_wider_than_wanted),
		cmocka_unit_test(windows_converge_to_equal_shares_that_memory_covers),
		cmocka_unit_test(promised_window_is_never_refused),
		cmocka_unit_test(every_account_has_a_name_and_a_text),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
