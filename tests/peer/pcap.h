/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP connections to the LNet port out of a capture file, each direction put together as one byte
 * stream.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One direction. */
struct stream {
	uint8_t *data;
	uint8_t *has; /* 1 for each byte that was captured */
	size_t room;
	size_t len; /* up to the first byte that is missing */
	uint32_t isn;
	bool has_isn;
};

struct flow {
	struct flow *next;
	bool is_ipv6;
	uint8_t active_addr[16]; /* the dialler */
	uint8_t passive_addr[16];
	uint16_t active_port;
	struct stream active;
	struct stream passive;
};

/*
 * Read a capture file (classic pcap, Ethernet) and put together every connection to @port whose SYN
 * it holds.
 * @flows	in order of their SYNs; free with pcap_free().
 * Return: 0 or -errno.
 */
int pcap_read(const char *file, uint16_t port, struct flow **flows);
void pcap_free(struct flow *flows);
