/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of drivers that say too little of themselves. */
#include "drivers/ether/quirk.h"

#include <stdlib.h>
#include <string.h>

#define AF_PACKET_FRAMESZ 2048 /* the driver's default */
/* what the kernel puts before a received frame: the ring's header, aligned, less the Ethernet header */
#define AF_PACKET_OVERHEAD 66

/* Value of "key=number" among the comma-separated devargs. */
static unsigned long
devarg(const char *devargs, const char *key, unsigned long fallback)
{
	size_t len = strlen(key);
	const char *p = devargs;

	while (p != NULL && *p != '\0') {
		if (strncmp(p, key, len) == 0 && p[len] == '=')
			return strtoul(p + len + 1, NULL, 0);
		p = strchr(p, ',');
		if (p != NULL)
			p++;
	}
	return fallback;
}

/* It reports 1518 and refuses a larger MTU whatever the ring's frames hold; frames beyond them are cut off silently. */
static uint32_t
af_packet_max_frame(const char *devargs)
{
	unsigned long framesz = devarg(devargs, "framesz", AF_PACKET_FRAMESZ);

	return framesz > AF_PACKET_OVERHEAD ? (uint32_t)(framesz - AF_PACKET_OVERHEAD) : 0;
}

/* It reports 1518 and chains buffers for longer frames. */
static uint32_t
any_frame(const char *devargs)
{
	(void)devargs;
	return UINT16_MAX;
}

static const struct quirk quirks[] = {
	{"net_af_packet", .fixed_queues = true, .no_descriptors = true,
	 .max_frame = af_packet_max_frame},
	{"net_af_xdp", .fixed_queues = true},
	{"net_ring", .fixed_queues = true, .no_descriptors = true},
	{"net_vhost", .fixed_queues = true, .scatters = true, .no_descriptors = true},
	{"net_memif", .scatters = true, .no_descriptors = true, .max_frame = any_frame},
	{"net_pcap", .fixed_queues = true, .scatters = true, .no_descriptors = true},
	{"net_null", .no_descriptors = true},
	/* virtio_rx_offload(): large segments of hosts and guests that never were on a wire, with the size of their parts */
	{"net_virtio", .lro = true},
	{"net_virtio_user", .lro = true},

	/* --- transmit: what the drivers of DPDK 22.11 refuse or cannot do, and do not announce; where is named by function --- */

	/* announces 255; more than these vanish under qemu */
	{"net_e1000_em", .max_segs = 64},
	/* i40e_prep_pkts(): a smaller MSS is "considered malicious" by the device */
	{"net_i40e", .tso_mss_min = 256},
	/* iavf_prep_pkts() */
	{"net_iavf", .tso_mss_min = 256},
	/* ice_prep_pkts() */
	{"net_ice", .tso_mss_min = 64},
	{"net_ice_dcf", .tso_mss_min = 64},
	/* idpf_prep_pkts() */
	{"net_idpf", .tso_mss_min = 88},
	/* fm10k_prep_pkts() */
	{"net_fm10k", .tso_mss_min = 64},
	/* hns3_config_tso(): programmed into the device */
	{"net_hns3", .tso_mss_min = 256},
	{"net_hns3_vf", .tso_mss_min = 256},
	/* hinic_fill_sq_wqe_header(): raises a smaller one, and packets become larger than the peer takes */
	{"net_hinic", .tso_mss_min = 80},
	/* eth_ena_prep_pkts(): refuses as many as it announces, unless the header is sent inline */
	{"net_ena", .segs_less = true},
	/* qede_xmit_prep_pkts(): refuses as many as it announces */
	{"net_qede", .segs_less = true},
	{"net_qede_vf", .segs_less = true},
	/* bnxt_start_xmit(): 32 descriptors, one of which describes the offloads; announces nothing, and gives up in mid-burst */
	{"net_bnxt", .max_segs = 31, .tso_segs = 31},
	/* announces 255; the device takes 24 (DPDK 8fb18591f8, "limit descriptors used for TSO", which is not in 22.11) */
	{"net_vmxnet3", .tso_segs = 24},
	/* pmd_tx_burst(): cuts in software, into 64 packets at most; a larger segment blocks its queue for ever */
	{"net_tap", .no_tso = true},
};

/*
 * A chain that is longer costs more than it saves: 64 KiB in full segments are 46. And a ring has to hold it: the smallest in use
 * has 256 descriptors (net_virtio_user), and its driver waits for ever for more room than there is.
 */
#define SEGS_USEFUL 64

uint16_t
ether_quirk_segs(const struct quirk *q, uint16_t announced, uint16_t known)
{
	/* 0 and UINT16_MAX: it has no limit, or does not say */
	uint16_t n = announced == 0 ? SEGS_USEFUL : announced;

	if (q->segs_less && announced > 1)
		n--;
	if (known != 0 && n > known)
		n = known;
	return n < SEGS_USEFUL ? n : SEGS_USEFUL;
}

const struct quirk *
ether_quirk(const char *driver)
{
	static const struct quirk none = {.driver = ""};
	unsigned int i;

	for (i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++)
		if (strcmp(quirks[i].driver, driver) == 0)
			return &quirks[i];
	return &none;
}
