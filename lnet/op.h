/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations of this node: a GET that waits for its REPLY, a PUT that waits for its ACK; and single answers to others. */
#pragma once

#include "lnet/conf.h"
#include "lnet/md.h"
#include "lnet/route.h"

struct op {
	enum lnet_msg_type type; /* LNET_GET, LNET_PUT */
	struct hop hop; /* interface and next hop, route_resolve() */
	struct lnet_nid dst;
	uint32_t dst_pid;
	uint32_t portal, offset;
	uint64_t match_bits;
	uint32_t len; /* GET: longest REPLY wanted; PUT: bytes at data */
	const void *data;
	uint64_t deadline; /* ns: no answer until then = -ETIMEDOUT */
	md_done_fn done;
	void *user;
};

/*
 * Start it. Thread: any worker; where it runs the answer arrives. Return: 0, done() will be called, perhaps before this
 * returns; -ENOMEM, -ENETDOWN.
 */
int op_start(struct lnet_cpt *cpt, const struct op *op, uint64_t now);

/*
 * Answer to a received message: an ACK, or a REPLY with @len bytes of @data, to the source of @request by the interface that it came
 * by, and by the gateway that it came from if that is one (5.3, router hint). Drops are counted.
 */
struct op_answer {
	const struct lnet_hdr *request;
	struct lnet_ni *ni;
	const struct lnet_nid *from;
	enum lnet_msg_type type; /* LNET_ACK, LNET_REPLY */
	uint8_t body[LNET_BODY_SIZE];
	const void *data;
	uint32_t len;
};
void op_answer(struct lnet_cpt *cpt, const struct op_answer *a, uint64_t now);

/* A message of this node is over: if it failed, so does its operation. Thread: the message's home. */
void op_sent(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now);
