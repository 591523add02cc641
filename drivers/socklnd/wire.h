/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What socklnd puts on the wire but for the LNet header: connection request (3), HELLO (4), message header (6.1). Three
 * rules of byte order in one stream: HELLO and message header are in their sender's order, the LNet header is always
 * little-endian, 16-byte NIDs are big-endian inside (T13). Pure.
 */
#pragma once

#include "lnet/nid.h"
#include "lnet/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKLND_ACCEPTOR_MAGIC 0xacce7100u
#define SOCKLND_HELLO_MAGIC 0x45726963u
#define SOCKLND_HELLO_MAGIC_V1 0xeebc0dedu

#define SOCKLND_PORT_RESERVED_MAX 1023 /* above it: a user-space peer, or refused (3.4) */
#define SOCKLND_PORT_RESERVED_MIN 512 /* we dial from here up to SOCKLND_PORT_RESERVED_MAX */
#define SOCKLND_PID_USER 0x80000000u

/* As seen by the side that says it: bulk out is where it sends bulk data. */
enum socklnd_type {
	SOCKLND_NONE = -1, /* in a HELLO reply: try again */
	SOCKLND_ANY = 0,
	SOCKLND_CONTROL = 1,
	SOCKLND_BULK_IN = 2,
	SOCKLND_BULK_OUT = 3,
	SOCKLND_TYPES = 4,
};

/* What differs between the versions of the protocol. */
struct socklnd_proto {
	uint8_t version;
	bool large_nids; /* 16-byte NIDs in HELLO and LNet header */
	bool typed; /* V3 rules: no LNet message on BULK_IN, acks only there, keepalive NOOP */
	bool csum_all; /* checksum covers headers and payload (V2); else payload only (6.5) */
	uint8_t ksock_size; /* 0: bare LNet headers */
	uint8_t lnet_size;
	uint8_t hello_size;
};

/* Protocol of a version, or NULL. */
const struct socklnd_proto *socklnd_proto(unsigned int version);

/* What the other side calls a connection of our type (4.6). */
enum socklnd_type socklnd_type_invert(enum socklnd_type type);

/* --- connection request --- */

#define SOCKLND_CONNREQ_V1_SIZE 16
#define SOCKLND_CONNREQ_V2_SIZE 28

/* Version 1 for a 4-byte NID, else 2. @out holds SOCKLND_CONNREQ_V2_SIZE. Return: bytes. */
unsigned int socklnd_connreq_encode(const struct lnet_nid *target, uint8_t *out);

/* The answer to a request that is not understood: version 1, NID 0 (3.3). */
void socklnd_old_version_encode(uint8_t out[SOCKLND_CONNREQ_V1_SIZE]);

/* --- HELLO --- */

#define SOCKLND_HELLO_MAX 80
#define SOCKLND_HELLO_IPS_MAX 16

struct socklnd_hello {
	unsigned int version;
	bool swap; /* decoded: the sender's byte order is not ours */
	struct lnet_nid src, dst;
	uint32_t src_pid, dst_pid;
	uint64_t src_incarnation, dst_incarnation;
	int32_t type; /* enum socklnd_type, or what a peer sent */
	uint32_t n_ips; /* addresses that follow; nobody wants them any more */
};

/*
 * First 8 bytes of a HELLO: which version, which byte order?
 * Return: 0; -EPROTO unknown magic; -EPROTONOSUPPORT known magic, unknown version (*swap is set).
 */
int socklnd_hello_peek(const uint8_t head[8], unsigned int *version, bool *swap);

/* @wire holds proto->hello_size bytes that socklnd_hello_peek() accepted. */
void socklnd_hello_decode(const uint8_t *wire, unsigned int version, bool swap,
			  struct socklnd_hello *h);

/* In our byte order. NIDs must fit h->version. @out holds SOCKLND_HELLO_MAX. Return: bytes. */
unsigned int socklnd_hello_encode(const struct socklnd_hello *h, uint8_t *out);

/* --- message header --- */

#define SOCKLND_KSOCK_SIZE 24
#define SOCKLND_MSG_NOOP 0xc0u
#define SOCKLND_MSG_LNET 0xc1u
#define SOCKLND_COOKIE_KEEPALIVE 1 /* real ones start at 2 */

struct socklnd_ksock {
	uint32_t type;
	uint32_t csum; /* 0 = none */
	uint64_t cookie0, cookie1;
};

void socklnd_ksock_decode(const uint8_t wire[SOCKLND_KSOCK_SIZE], bool swap,
			  struct socklnd_ksock *k);
void socklnd_ksock_encode(const struct socklnd_ksock *k, uint8_t wire[SOCKLND_KSOCK_SIZE]);

/* --- checksum (6.5): CRC-32 of zlib without the final inversion --- */

#define SOCKLND_CSUM_INIT 0xffffffffu
uint32_t socklnd_csum(uint32_t csum, const void *data, size_t len);
