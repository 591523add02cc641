/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LNet of the end node: ping and push target, a data portal, and the operations that the commands
 * start. lnet.c receives, op.c keeps operations, build.c makes headers.
 */
#pragma once

#include "nid.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

#define PING_PORTAL 0
#define PING_MATCH_BITS 0x8000000000000000u
#define PING_SINK 3960
#define DATA_PORTAL 40
#define OP_MAX 1024

struct node;
struct conn;
struct load;

enum op_kind {
	OP_PING,
	OP_PUSH,
	OP_PUT,
	OP_GET
};

/* --- build.c: headers and ping buffers, the same for the node and for the selftest */

/* Header of a message from @src to @dst, everything else zero. */
struct lnet_hdr lnet_hdr_make(uint32_t type, const struct nid *dst, const struct nid *src);

struct lnet_hdr ping_get_make(const struct nid *dst, const struct nid *src, struct handle h,
			      uint32_t sink);
struct lnet_hdr push_put_make(const struct nid *dst, const struct nid *src, struct handle h,
			      uint32_t len);

/*
 * The REPLY to @get with @len bytes, the ACK to @put that accepted all of it. Sent by the request's
 * destination.
 */
struct lnet_hdr reply_make(const struct lnet_hdr *get, uint32_t len);
struct lnet_hdr ack_make(const struct lnet_hdr *put);

/*
 * Write the ping buffer of an end node.
 * @nids	in configuration order, without the loopback.
 * @buf	room for 16 + 16 + 24 bytes for each NID.
 * Return: its length.
 */
uint32_t ping_info_make(const struct nid *nids, int n_nids, uint32_t sequence, bool has_discovery,
			uint8_t *buf);

/* What a data PUT and GET of message @number must say. */
uint32_t data_offset(uint64_t number);
uint64_t data_hdr_data(const struct lnet_hdr *put);

/* Check a ping buffer. Return: number of NIDs without the loopback, or -EPROTO. */
int ping_info_check(const uint8_t *buf, uint32_t len);

/* --- lnet.c */

/*
 * A header has arrived in c->rx.hdr: decide what becomes of the payload.
 * Return: 0, or -EPROTO for what a real node answers by closing.
 */
int lnet_message_begin(struct conn *c);

/* The payload is complete. */
void lnet_message_end(struct conn *c);

/* --- op.c */

struct ops;

/* Return: NULL without memory. */
struct ops *ops_new(void);
void ops_free(struct ops *ops);

/*
 * Start an operation; load_op_done() is called exactly once when it has ended, never from inside.
 * @number	match bits of a data message.
 * Return: 0, -EHOSTUNREACH without a route, -EAGAIN if too many are running.
 */
int op_start(struct node *n, struct load *load, enum op_kind kind, uint64_t number);

/*
 * Ping a gateway, as end nodes do to know that it lives; nobody hears of the end. Return: as
 * op_start().
 */
int op_ping_gateway(struct node *n, const struct nid *gateway);

/* The send of a message of operation @object has ended with @status. */
void op_sent(struct node *n, uint64_t object, int status);

/* An ACK has arrived. */
void op_acked(struct node *n, const struct lnet_hdr *ack);

/*
 * A REPLY's header has arrived.
 * @seed	of a data reply's pattern; 0 for a ping's.
 * Return: the operation's kind, or -ENOENT if nothing waits for it: the payload is dropped.
 */
int op_reply_begin(struct node *n, const struct lnet_hdr *reply, uint64_t *seed, uint64_t *offset);

/* A REPLY is complete; @is_good if its payload was what it had to be. */
void op_replied(struct node *n, const struct lnet_hdr *reply, bool is_good);

/*
 * End operations whose time is over, and hand ended ones to their load. A few times a second and
 * after each batch.
 */
void ops_check_deadlines(struct node *n);
void ops_deliver(struct node *n);
