/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments of a pcap file (Ethernet, plain or gzip), for tests that replay recorded traffic. */
#pragma once

#include "lnet/base/ipaddr.h"

#include <stddef.h>
#include <stdint.h>

enum pcap_flag {
	PCAP_FIN = 1,
	PCAP_SYN = 2,
	PCAP_RST = 4,
	PCAP_ACK = 16,
};

struct pcap_segment {
	uint64_t ns; /* since 1970 */
	struct ip_flow flow; /* local = its source */
	uint32_t seq;
	uint8_t flags; /* enum pcap_flag */
	const uint8_t *data;
	uint32_t len;
};

struct pcap {
	uint8_t *file;
	size_t size;
	struct pcap_segment *seg;
	unsigned int n;
};

/* Return: 0, -ENOENT, -EPROTO (no pcap of Ethernet). */
int pcap_load(const char *path, struct pcap *p);
void pcap_free(struct pcap *p);
