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
	bool lro; /* what it merges is as the sender left it to its port to cut: no mark, timestamp or time is lost */
	bool segs_less; /* chains as long as it announces are refused */
	bool no_tso; /* what it does of it must not be used */
	uint16_t
		max_segs; /* longer chains are refused, or vanish, whatever it announces; 0 = its word */
	uint16_t tso_segs; /* the same of frames that it cuts */
	uint16_t tso_mss_min; /* does not cut to less payload than this; 0 = to any */
	/* Longest frame that fits, by the devargs text; NULL: what max_rx_pktlen says. */
	uint32_t (*max_frame)(const char *devargs);
};

/* Never NULL. */
const struct quirk *ether_quirk(const char *driver);

/*
 * Mbufs that a frame may have: @announced by the device, @known by the table (max_segs or tso_segs), and no more than is of use.
 * Return: 1..64.
 */
uint16_t ether_quirk_segs(const struct quirk *q, uint16_t announced, uint16_t known);
