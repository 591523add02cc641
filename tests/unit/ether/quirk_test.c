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

/* What is announced for a packet and for one that is cut, and what of it is used. */
static void
chains_are_as_long_as_the_driver_really_takes(void **)
{
	static const struct {
		const char *driver;
		uint16_t announced, announced_tso, segs, tso_segs;
	} cases[] = {
		{"net_i40e", 8, 255, 8, 64},
		{"net_ixgbe", 40, 40, 40, 40},
		{"net_hns3", 8, 63, 8, 63},
		{"net_e1000_em", 255, 255, 64, 64},
		{"net_ena", 17, 17, 16, 16},
		{"net_qede", 18, 255, 17, 64},
		{"net_qede_vf", 18, 255, 17, 64},
		{"net_bnxt", UINT16_MAX, UINT16_MAX, 31, 31},
		{"net_bnxt", 0, 0, 31, 31},
		{"net_vmxnet3", 16, 255, 16, 24},
		{"net_virtio_user", 0, 0, 64, 64},
		{"net_virtio_user", UINT16_MAX, UINT16_MAX, 64, 64},
		{"net_other", 1, 1, 1, 1},
		{"net_ena", 1, 1, 1, 1},
	};
	const struct quirk *q;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		q = ether_quirk(cases[i].driver);
		if (ether_quirk_segs(q, cases[i].announced, q->max_segs) != cases[i].segs ||
		    ether_quirk_segs(q, cases[i].announced_tso, q->tso_segs) != cases[i].tso_segs)
			fail_msg("case %u: %s", i, cases[i].driver);
	}
}

static void
merging_is_left_to_drivers_that_hide_nothing(void **)
{
	assert_true(ether_quirk("net_virtio")->lro);
	assert_true(ether_quirk("net_virtio_user")->lro);
	assert_false(ether_quirk("net_ixgbe")->lro);
	assert_false(ether_quirk("mlx5_pci")->lro);
}

static void
packets_are_no_smaller_than_the_driver_cuts_to(void **)
{
	static const struct {
		const char *driver;
		uint16_t mss;
	} cases[] = {
		{"net_i40e", 256}, {"net_iavf", 256}, {"net_ice", 64},	    {"net_ice_dcf", 64},
		{"net_idpf", 88},  {"net_hns3", 256}, {"net_hns3_vf", 256}, {"net_hinic", 80},
		{"net_fm10k", 64}, {"net_ixgbe", 0},  {"mlx5_pci", 0},	    {"net_virtio_user", 0},
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ether_quirk(cases[i].driver)->tso_mss_min != cases[i].mss)
			fail_msg("%s", cases[i].driver);
	assert_true(ether_quirk("net_tap")->no_tso);
	assert_false(ether_quirk("net_virtio_user")->no_tso);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_driver_is_taken_at_its_word),
		cmocka_unit_test(af_packet_frames_are_as_long_as_its_ring_allows),
		cmocka_unit_test(chains_are_as_long_as_the_driver_really_takes),
		cmocka_unit_test(merging_is_left_to_drivers_that_hide_nothing),
		cmocka_unit_test(packets_are_no_smaller_than_the_driver_cuts_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
