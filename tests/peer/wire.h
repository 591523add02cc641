/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket LND's wire formats as the test peer writes and reads them: connection request, HELLO,
 * ksock header, LNet header. Pure functions on bytes. The selftest compares what they write with
 * recorded frames of real nodes.
 */
#pragma once

#include "nid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCEPTOR_MAGIC 0xacce7100u
#define LNET_MAGIC 0x45726963u
#define TCP_MAGIC_V1 0xeebc0dedu

#define KSOCK_NOOP 0xc0u
#define KSOCK_LNET 0xc1u
#define KSOCK_HDR_LEN 24
#define KEEPALIVE_COOKIE 1
#define FIRST_COOKIE 2

#define LNET_PID 12345u
#define LNET_MTU (1u << 20)
#define CONNREQ_MAX 28
#define HELLO_MAX 80
#define LNET_HDR_MAX 96

enum lnet_type {
	LNET_ACK = 0,
	LNET_PUT = 1,
	LNET_GET = 2,
	LNET_REPLY = 3
};

enum conn_type {
	CONN_NONE = -1,
	CONN_ANY = 0,
	CONN_CONTROL = 1,
	CONN_BULK_IN = 2,
	CONN_BULK_OUT = 3
};

struct hello {
	uint32_t version;
	struct nid src;
	struct nid dst;
	uint32_t src_pid;
	uint32_t dst_pid;
	uint64_t src_incarnation;
	uint64_t dst_incarnation;
	int32_t type; /* enum conn_type, or what the peer sent */
};

struct ksock_hdr {
	uint32_t type;
	uint32_t checksum;
	uint64_t cookie0;
	uint64_t cookie1;
};

/* Opaque to everyone but its creator. */
struct handle {
	uint64_t interface;
	uint64_t object;
};

static const struct handle HANDLE_NONE = {UINT64_MAX, UINT64_MAX};

struct lnet_hdr {
	struct nid dst;
	struct nid src;
	uint32_t dst_pid;
	uint32_t src_pid;
	uint32_t type; /* enum lnet_type, or what the peer sent */
	uint32_t payload_len;
	struct handle handle;
	uint64_t match_bits; /* PUT, GET, ACK */
	uint64_t hdr_data; /* PUT */
	uint32_t portal; /* PUT, GET */
	uint32_t offset; /* PUT, GET */
	uint32_t length; /* GET: sink length; ACK: accepted length */
};

/*
 * Write a connection request for @target: version 1 for an IPv4 NID, else 2. Return: its length, 16
 * or 28.
 */
size_t connreq_encode(uint8_t *buf, const struct nid *target, bool big_endian);

/*
 * Read a connection request from the first @len bytes of a stream.
 * Return: bytes used, 0 if more are needed, -EPROTO for a bad magic, -EPROTONOSUPPORT for an
 * unknown version.
 */
int connreq_decode(const uint8_t *buf, size_t len, struct nid *target);

/*
 * Write a HELLO V2, V3 or V4 (any other version number in the V3 layout). Return: its length, 56 or
 * 80.
 */
size_t hello_encode(uint8_t *buf, const struct hello *h, bool big_endian);

/*
 * Read a HELLO from the first @len bytes of a stream.
 * @big_endian	the sender's byte order, which also holds for its ksock headers.
 * Return: bytes used, 0 if more are needed, -EPROTO for a bad magic or address list,
 * -EPROTONOSUPPORT for an unknown version (then only version and @big_endian are valid).
 */
int hello_decode(const uint8_t *buf, size_t len, struct hello *h, bool *big_endian);

void ksock_encode(uint8_t *buf, const struct ksock_hdr *k, bool big_endian);
void ksock_decode(const uint8_t *buf, struct ksock_hdr *k, bool big_endian);

/* Length of an LNet header on a connection of @version: 72, or 96 for V4. */
size_t lnet_hdr_len(uint32_t version);

/* Write the LNet header in the form of @version. Return: its length. */
size_t lnet_hdr_encode(uint8_t *buf, const struct lnet_hdr *h, uint32_t version);

/* Read the LNet header in the form of @version. Fields that the type does not have are zero. */
void lnet_hdr_decode(const uint8_t *buf, struct lnet_hdr *h, uint32_t version);

/* The type that the other end of a connection sees. */
int32_t conn_type_invert(int32_t type);

/*
 * The socket LND's CRC: reflected 0xedb88320 without final inversion. Start with CRC_START, feed
 * pieces.
 */
#define CRC_START 0xffffffffu
uint32_t crc_update(uint32_t crc, const uint8_t *data, size_t len);
