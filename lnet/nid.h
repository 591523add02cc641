/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network identifiers: nets and NIDs, text and wire. Pure. Facts: LNet core spec section 1.
 */
#pragma once

#include "lnet/base/ipaddr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum lnet_net_type {
	LNET_TYPE_TCP = 2,
	LNET_TYPE_O2IB = 5,
	LNET_TYPE_LO = 9,
	LNET_TYPE_ANY = 0xff,
};

/* Layout of the wire and of the memory: 20 bytes, numbers big-endian, unused address bytes zero (1.2). */
struct lnet_nid {
	uint8_t size; /* bytes beyond the first 8: 0 = 4-byte address, 12 = IPv6 */
	uint8_t type; /* LNET_TYPE_ANY: the rest does not count */
	uint8_t num[2]; /* net number, BE */
	uint8_t addr[16]; /* BE, left-justified */
};
_Static_assert(sizeof(struct lnet_nid) == 20, "wire layout");

#define LNET_NID_STR_MAX 64
#define LNET_NET_STR_MAX 32
#define LNET_NET_ANY UINT32_MAX

/* A net: type << 16 | number, host order. */
static inline uint32_t
lnet_mknet(unsigned int type, unsigned int num)
{
	return (type << 16) | num;
}

static inline uint32_t
lnet_nid_net(const struct lnet_nid *n)
{
	return lnet_mknet(n->type, ((unsigned int)n->num[0] << 8) | n->num[1]);
}

static inline bool
lnet_nid_is_any(const struct lnet_nid *n)
{
	return n->type == LNET_TYPE_ANY;
}

static inline bool
lnet_nid_is_nid4(const struct lnet_nid *n)
{
	return n->size == 0;
}

static inline bool
lnet_nid_equal(const struct lnet_nid *a, const struct lnet_nid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* 0@lo */
struct lnet_nid lnet_nid_lo(void);
struct lnet_nid lnet_nid_any(void);

/* The 64-bit form; all ones <-> ANY. lnet_nid_to4() of a large NID is meaningless: test lnet_nid_is_nid4(). */
struct lnet_nid lnet_nid_from4(uint64_t nid4);
uint64_t lnet_nid_to4(const struct lnet_nid *n);

struct lnet_nid lnet_nid_from_ip(uint32_t net, const struct ipaddr *a);
/* Return: 0, -EAFNOSUPPORT (no IP address in it). */
int lnet_nid_to_ip(const struct lnet_nid *n, struct ipaddr *a);

/* 32-bit hash for tables; any good spread works. */
uint32_t lnet_nid_hash(const struct lnet_nid *n);

/* Text, 1.3. Return: 0, -EINVAL. A text without '@' is on tcp. Numbers above 65535 are refused. */
int lnet_nid_parse(const char *text, struct lnet_nid *n);
int lnet_net_parse(const char *text, uint32_t *net);
/* Return @out of LNET_NID_STR_MAX / LNET_NET_STR_MAX bytes. */
const char *lnet_nid_format(const struct lnet_nid *n, char *out);
const char *lnet_net_format(uint32_t net, char *out);
