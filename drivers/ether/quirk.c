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
	{"net_e1000_em", .max_segs = 64}, /* announces 255 */
	{"net_null", .no_descriptors = true},
};

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
