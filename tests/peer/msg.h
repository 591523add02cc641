/* SPDX-License-Identifier: BSD-3-Clause */
/* A message on its way out: an LNet message with its payload's recipe, or a NOOP. */
#pragma once

#include "wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct node;

struct msg {
	TAILQ_ENTRY(msg) link;
	bool is_noop;
	bool wants_zc; /* ask for a zero-copy acknowledgement whatever its size */
	uint64_t cookie0; /* NOOP: as sent; LNet message: request cookie, once started */
	uint64_t cookie1;
	struct lnet_hdr hdr;
	uint8_t *data; /* payload; NULL: the pattern of the next two */
	uint64_t seed;
	uint64_t pattern_offset;
	uint64_t owner; /* operation that hears of the end of the send, 0: none */
	uint64_t deadline; /* while it waits for a connection or an acknowledgement */
};

TAILQ_HEAD(msg_list, msg);

/* A new message, all zero. Aborts without memory: this is a test program. */
struct msg *msg_new(void);

/* A NOOP. */
struct msg *msg_noop(uint64_t cookie0, uint64_t cookie1);

/* The send has ended: tell the operation, free the message. @status: 0 or -errno. */
void msg_done(struct node *n, struct msg *m, int status);

/* End all messages of a list. */
void msg_list_done(struct node *n, struct msg_list *list, int status);
