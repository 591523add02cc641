/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network identifiers of the test peer. Kept in the 20-byte form that travels in HELLO V4, so that
 * equality and order are memcmp(). Written from the wire description alone, on purpose without
 * anything of the router.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NID_TYPE_TCP 2
#define NID_TYPE_LO 9
#define NID_TYPE_ANY 0xff
#define NID_TEXT_MAX 64

struct nid {
	uint8_t size; /* address bytes - 4: 0 for IPv4, 12 for IPv6 */
	uint8_t type;
	uint8_t num[2]; /* big-endian */
	uint8_t addr[16]; /* network order, unused tail zero */
};

_Static_assert(sizeof(struct nid) == 20, "a NID is its wire form");

/*
 * Read "10.0.0.1@tcp1", "fd00::1@tcp" or "0@lo"; without '@' the net is tcp.
 * Return: 0 or -EINVAL.
 */
int nid_parse(const char *text, struct nid *nid);

/*
 * Read a net: "tcp" or "tcp7".
 * @net	type << 16 | number.
 * Return: 0 or -EINVAL.
 */
int net_parse(const char *text, uint32_t *net);

/* Print @nid into @buf and return @buf. */
const char *nid_text(const struct nid *nid, char buf[NID_TEXT_MAX]);

/* The net of a NID: type << 16 | number. */
uint32_t nid_net(const struct nid *nid);

/* The 8-byte form; meaningful only if nid_is_small(). */
uint64_t nid_to4(const struct nid *nid);

/* The 20-byte form of an 8-byte NID; all ones become ANY. */
struct nid nid_from4(uint64_t nid4);

/* Byte-wise order of the 20 bytes, the order of the race rule: <0, 0, >0. */
int nid_compare(const struct nid *a, const struct nid *b);

/*
 * Build the socket address of a tcp NID.
 * Return: its length.
 */
socklen_t nid_sockaddr(const struct nid *nid, uint16_t port, struct sockaddr_storage *ss);

static inline bool
nid_equal(const struct nid *a, const struct nid *b)
{
	return nid_compare(a, b) == 0;
}

/* True if the NID has a 4-byte address and so an 8-byte form. */
static inline bool
nid_is_small(const struct nid *nid)
{
	return nid->size == 0;
}

static inline bool
nid_is_any(const struct nid *nid)
{
	return nid->type == NID_TYPE_ANY;
}
