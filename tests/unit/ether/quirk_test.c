/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/quirk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
unknown_driver_is_taken_at_its_word(void **)
{
	const struct quirk *q = ether_quirk("net_i40e");

	assert_false(q->fixed_queues || q->scatters || q->no_descriptors);
	assert_int_equal(q->max_segs, 0);
	assert_null(q->max_frame);
}

static void
af_packet_frames_are_as_long_as_its_ring_allows(void **)
{
	const struct quirk *q = ether_quirk("net_af_packet");

	assert_true(q->fixed_queues);
	assert_int_equal(q->max_frame(NULL), 2048 - 66);
	assert_int_equal(q->max_frame("iface=h,qdisc_bypass=1"), 2048 - 66);
	assert_int_equal(q->max_frame("iface=h,blocksz=36864,framesz=9216"), 9216 - 66);
	assert_int_equal(q->max_frame("framesz=4096,iface=h"), 4096 - 66);
	assert_int_equal(q->max_frame("xframesz=9216"), 2048 - 66);
	assert_int_equal(q->max_frame("framesz=16"), 0);
}

static void
long_chains_that_a_driver_loses_are_bounded(void **)
{
	assert_int_equal(ether_quirk("net_e1000_em")->max_segs, 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_driver_is_taken_at_its_word),
		cmocka_unit_test(af_packet_frames_are_as_long_as_its_ring_allows),
		cmocka_unit_test(long_chains_that_a_driver_loses_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
