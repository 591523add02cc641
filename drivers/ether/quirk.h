/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What drivers do and do not report in rte_eth_dev_info (DPDK 22.11). Unknown drivers are taken at their word. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct quirk {
	const char *driver; /* rte_eth_dev_info.driver_name */
	bool fixed_queues; /* number set by devargs; each one receives, polled or not */
	bool scatters; /* gives chains of mbufs without announcing RTE_ETH_RX_OFFLOAD_SCATTER */
	bool no_descriptors; /* takes an mbuf when a frame is there: holds none in advance */
	uint16_t
		max_segs; /* longer chains vanish without an error, whatever it announces; 0 = its word */
	/* Longest frame that fits, by the devargs text; NULL: what max_rx_pktlen says. */
	uint32_t (*max_frame)(const char *devargs);
};

/* Never NULL. */
const struct quirk *ether_quirk(const char *driver);
