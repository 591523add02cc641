/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One type for IPv4 and IPv6 addresses, used by every layer that has to name a host. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum ip_family {
	IP_NONE = 0,
	IP_V4 = 4,
	IP_V6 = 6,
};

/* Bytes in network order, left-justified; what a family does not use is zero, so that memcmp compares. */
struct ipaddr {
	uint8_t family; /* enum ip_family */
	uint8_t bytes[16];
};

/* A local and a remote transport address; ports in host order. Padding-free, so usable as a hash key. */
struct ip_flow {
	struct ipaddr local;
	struct ipaddr remote;
	uint16_t local_port;
	uint16_t remote_port;
};
_Static_assert(sizeof(struct ip_flow) == 38, "struct ip_flow is a hash key: no padding");

#define IPADDR_STR_MAX 46 /* longest text with its NUL (INET6_ADDRSTRLEN) */

static inline bool
ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->bytes, sizeof(x));
	memcpy(y, b->bytes, sizeof(y));
	return (((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0) & (a->family == b->family);
}

/* In words, without a branch: it is asked for each packet. */
static inline bool
ip_flow_equal(const struct ip_flow *a, const struct ip_flow *b)
{
	const size_t last = sizeof(*a) - sizeof(uint64_t); /* this word overlaps the one before */
	uint64_t differ = 0, x, y;
	size_t at;

	for (at = 0; at < sizeof(*a); at += sizeof(uint64_t)) {
		memcpy(&x, (const char *)a + (at < last ? at : last), sizeof(x));
		memcpy(&y, (const char *)b + (at < last ? at : last), sizeof(y));
		differ |= x ^ y;
	}
	return differ == 0;
}

/* @host_order: 10.0.0.1 is 0x0a000001. */
struct ipaddr ipaddr_v4(uint32_t host_order);

/* @bytes: 16 bytes in network order. An IPv4-mapped address becomes the IPv4 address. */
struct ipaddr ipaddr_v6(const void *bytes);

/* Host-order value of an IPv4 address; 0 for another family. */
uint32_t ipaddr_to_v4(const struct ipaddr *a);

/*
 * Text to address, the whole of @text ("10.0.0.1", "fd00::1").
 * Return: 0, -EINVAL.
 */
int ipaddr_parse(const char *text, struct ipaddr *a);

/* Address to text; IPv6 as RFC 5952 says. Returns @out, which holds IPADDR_STR_MAX bytes. */
const char *ipaddr_format(const struct ipaddr *a, char *out);

/* Do the first @prefix bits agree (and the family)? @prefix beyond the family's length never matches. */
bool ipaddr_in_prefix(const struct ipaddr *a, const struct ipaddr *net, unsigned int prefix);

bool ipaddr_is_multicast(const struct ipaddr *a);
bool ipaddr_is_link_local(const struct ipaddr *a);

/* All bits zero or family IP_NONE. */
bool ipaddr_is_unspecified(const struct ipaddr *a);
