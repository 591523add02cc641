/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The LNet message header: host form, and its two wire forms (72 bytes with 4-byte NIDs, 96 bytes with large ones).
 * Always little-endian on the wire; the type-specific 40 bytes are carried untouched. Pure. Spec: LNet core section 2.
 */
#pragma once

#include "lnet/nid.h"

#include <stdbool.h>
#include <stdint.h>

#define LNET_HDR4_SIZE 72
#define LNET_HDR16_SIZE 96
#define LNET_HDR_MAX 96
#define LNET_MTU 1048576 /* payload of any message on any hop */
#define LNET_PID 12345
#define LNET_BODY_SIZE 40

enum lnet_msg_type {
	LNET_ACK = 0,
	LNET_PUT = 1,
	LNET_GET = 2,
	LNET_REPLY = 3,
	LNET_HELLO = 4,
	LNET_MSG_TYPES = 5,
};

/* Opaque to all but its creator: copied, never swapped. */
struct lnet_handle {
	uint8_t bytes[16];
};

struct lnet_hdr {
	struct lnet_nid dst; /* final destination */
	struct lnet_nid src; /* originator */
	uint32_t dst_pid, src_pid;
	uint32_t type; /* enum lnet_msg_type, or what a peer sent */
	uint32_t payload_len;
	uint8_t body[LNET_BODY_SIZE];
};

void lnet_hdr_decode4(const uint8_t wire[LNET_HDR4_SIZE], struct lnet_hdr *h);
void lnet_hdr_decode16(const uint8_t wire[LNET_HDR16_SIZE], struct lnet_hdr *h);

/* A large NID does not fit: never truncated. Return: 0, -EAFNOSUPPORT. */
int lnet_hdr_encode4(const struct lnet_hdr *h, uint8_t wire[LNET_HDR4_SIZE]);
void lnet_hdr_encode16(const struct lnet_hdr *h, uint8_t wire[LNET_HDR16_SIZE]);

/* The type-specific part, 2.2. */
struct lnet_put {
	struct lnet_handle ack; /* all ones = no ACK wanted */
	uint64_t match_bits, hdr_data; /* hdr_data is opaque: kept as it lies on the wire */
	uint32_t portal, offset;
};
struct lnet_get {
	struct lnet_handle ret;
	uint64_t match_bits;
	uint32_t portal, offset, sink_len;
};
struct lnet_ack {
	struct lnet_handle md;
	uint64_t match_bits;
	uint32_t mlength;
};
struct lnet_reply {
	struct lnet_handle md;
};

void lnet_put_decode(const uint8_t *body, struct lnet_put *b);
void lnet_put_encode(const struct lnet_put *b, uint8_t *body);
void lnet_get_decode(const uint8_t *body, struct lnet_get *b);
void lnet_get_encode(const struct lnet_get *b, uint8_t *body);
void lnet_ack_decode(const uint8_t *body, struct lnet_ack *b);
void lnet_ack_encode(const struct lnet_ack *b, uint8_t *body);
void lnet_reply_decode(const uint8_t *body, struct lnet_reply *b);
void lnet_reply_encode(const struct lnet_reply *b, uint8_t *body);

bool lnet_handle_is_none(const struct lnet_handle *h);
struct lnet_handle lnet_handle_none(void);
