/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses: text, classes, prefixes. */
#include "lnet/base/ipaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

struct ipaddr
ipaddr_v4(uint32_t host_order)
{
	struct ipaddr a = {.family = IP_V4};
	uint32_t be = htonl(host_order);

	memcpy(a.bytes, &be, sizeof(be));
	return a;
}

struct ipaddr
ipaddr_v6(const void *bytes)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct ipaddr a = {.family = IP_V6};

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		a.family = IP_V4;
		memcpy(a.bytes, (const uint8_t *)bytes + sizeof(mapped), 4);
	} else {
		memcpy(a.bytes, bytes, sizeof(a.bytes));
	}
	return a;
}

uint32_t
ipaddr_to_v4(const struct ipaddr *a)
{
	uint32_t be;

	if (a->family != IP_V4)
		return 0;
	memcpy(&be, a->bytes, sizeof(be));
	return ntohl(be);
}

int
ipaddr_parse(const char *text, struct ipaddr *a)
{
	uint8_t bytes[16];

	*a = (struct ipaddr){0};
	if (inet_pton(AF_INET, text, bytes) == 1) {
		a->family = IP_V4;
		memcpy(a->bytes, bytes, 4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		*a = ipaddr_v6(bytes);
		return 0;
	}
	return -EINVAL;
}

const char *
ipaddr_format(const struct ipaddr *a, char *out)
{
	int family = a->family == IP_V6 ? AF_INET6 : AF_INET;

	if (a->family == IP_NONE)
		snprintf(out, IPADDR_STR_MAX, "-");
	else
		inet_ntop(family, a->bytes, out, IPADDR_STR_MAX);
	return out;
}

bool
ipaddr_in_prefix(const struct ipaddr *a, const struct ipaddr *net, unsigned int prefix)
{
	unsigned int bytes = prefix / 8, bits = prefix % 8;

	if (a->family == IP_NONE || a->family != net->family)
		return false;
	if (prefix > (a->family == IP_V6 ? 128u : 32u))
		return false;
	if (memcmp(a->bytes, net->bytes, bytes) != 0)
		return false;
	return bits == 0 || (a->bytes[bytes] ^ net->bytes[bytes]) >> (8 - bits) == 0;
}

bool
ipaddr_is_multicast(const struct ipaddr *a)
{
	if (a->family == IP_V4)
		return (a->bytes[0] & 0xf0) == 0xe0;
	return a->family == IP_V6 && a->bytes[0] == 0xff;
}

bool
ipaddr_is_link_local(const struct ipaddr *a)
{
	if (a->family == IP_V4)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->family == IP_V6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool
ipaddr_is_unspecified(const struct ipaddr *a)
{
	static const uint8_t zero[16];

	return a->family == IP_NONE || memcmp(a->bytes, zero, sizeof(zero)) == 0;
}
