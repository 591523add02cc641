/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations in flight: a table whose index and generation are the object cookie of the wire
 * handle.
 */
#include "lnet.h"
#include "load.h"
#include "node.h"
#include "options.h"
#include "pattern.h"
#include "peer.h"

#include <errno.h>
#include <stdlib.h>

#define WAITS_SEND 1u
#define WAITS_ANSWER 2u
#define PUSH_INFO_MAX 64

struct op {
	struct op *next; /* free list or list of ended ones */
	struct load *load;
	bool is_running;
	bool has_failed; /* the last one in this slot: its answer may still come */
	uint32_t generation;
	enum op_kind kind;
	uint32_t tries;
	unsigned int waits;
	int status;
	uint64_t number;
	uint64_t started;
	uint64_t deadline;
	struct nid to;
};

struct ops {
	struct op slots[OP_MAX];
	struct op *free;
	struct op *ended;
	struct op **ended_tail;
};

struct ops *
ops_new(void)
{
	struct ops *ops = calloc(1, sizeof(*ops));
	int i;

	if (ops == NULL)
		return NULL;
	for (i = OP_MAX - 1; i >= 0; i--) {
		ops->slots[i].next = ops->free;
		ops->free = &ops->slots[i];
	}
	ops->ended_tail = &ops->ended;
	return ops;
}

void
ops_free(struct ops *ops)
{
	free(ops);
}

/* Object cookie of a memory descriptor: kind 1 in the two low bits, as real nodes have it. */
static uint64_t
op_object(const struct node *n, const struct op *op)
{
	uint64_t slot = (uint64_t)(op - n->ops->slots);

	return ((uint64_t)op->generation * OP_MAX + slot) << 2 | 1;
}

static struct op *
slot_of(const struct node *n, uint64_t object)
{
	return &n->ops->slots[(object >> 2) % OP_MAX];
}

/* The running operation of a cookie, or NULL. */
static struct op *
op_find(const struct node *n, uint64_t object)
{
	struct op *op = slot_of(n, object);

	return op->is_running && op_object(n, op) == object ? op : NULL;
}

/* Ended: remembered until the loop delivers it. */
static void
op_end(struct node *n, struct op *op, int status)
{
	op->is_running = false;
	op->has_failed = status < 0;
	op->status = status;
	op->next = NULL;
	*n->ops->ended_tail = op;
	n->ops->ended_tail = &op->next;
}

static void
op_event(struct node *n, struct op *op, unsigned int what)
{
	op->waits &= ~what;
	if (op->waits == 0)
		op_end(n, op, 0);
}

static struct msg *
op_msg(struct node *n, struct op *op)
{
	const struct options *opt = n->opt;
	struct handle h = {n->interface_cookie, op_object(n, op)};
	struct msg *m = msg_new();

	m->owner = h.object;
	switch (op->kind) {
	case OP_PING:
		m->hdr = ping_get_make(&op->to, &n->nid, h, PING_SINK);
		break;
	case OP_PUSH:
		m->data = malloc(PUSH_INFO_MAX);
		if (m->data == NULL)
			abort();
		m->hdr = push_put_make(&op->to, &n->nid, h,
				       ping_info_make(&n->nid, 1, 2, true, m->data));
		break;
	case OP_PUT:
		m->hdr = lnet_hdr_make(LNET_PUT, &op->to, &n->nid);
		m->hdr.handle = opt->want_ack ? h : HANDLE_NONE;
		m->hdr.payload_len = opt->size;
		break;
	case OP_GET:
		m->hdr = lnet_hdr_make(LNET_GET, &op->to, &n->nid);
		m->hdr.handle = h;
		m->hdr.length = opt->size;
		break;
	}
	if (op->kind == OP_PUT || op->kind == OP_GET) {
		m->hdr.match_bits = op->number;
		m->hdr.portal = DATA_PORTAL;
		m->hdr.offset = data_offset(op->number);
		m->seed = pattern_seed(&n->nid, &op->to, op->number);
	}
	if (op->kind == OP_PUT)
		m->hdr.hdr_data = data_hdr_data(&m->hdr);
	return m;
}

static int
op_start_to(struct node *n, struct load *load, enum op_kind kind, uint64_t number,
	    const struct nid *to)
{
	const struct nid *hop = node_next_hop(n, to);
	struct op *op = n->ops->free;

	if (hop == NULL)
		return -EHOSTUNREACH;
	if (op == NULL)
		return -EAGAIN;
	n->ops->free = op->next;
	op->load = load;
	op->kind = kind;
	op->is_running = true;
	op->generation++;
	op->tries = load != NULL ? load_tries(load) : 0;
	op->number = number;
	op->to = *to;
	op->started = clock_ns();
	op->deadline = n->loop.now + n->opt->op_timeout_s * NSEC_PER_SEC;
	op->waits = WAITS_SEND;
	if (kind != OP_PUT || n->opt->want_ack)
		op->waits |= WAITS_ANSWER;
	peer_send(peer_get(n, hop), op_msg(n, op));
	return 0;
}

int
op_start(struct node *n, struct load *load, enum op_kind kind, uint64_t number)
{
	return op_start_to(n, load, kind, number, &n->opt->target);
}

int
op_ping_gateway(struct node *n, const struct nid *gateway)
{
	return op_start_to(n, NULL, OP_PING, 0, gateway);
}

void
op_sent(struct node *n, uint64_t object, int status)
{
	struct op *op = op_find(n, object);

	if (op == NULL)
		return;
	if (status < 0)
		op_end(n, op, status);
	else
		op_event(n, op, WAITS_SEND);
}

/* An answer without a running operation: late if the operation was given up, else one too many. */
static void
stray(struct node *n, const struct lnet_hdr *h)
{
	struct op *op = slot_of(n, h->handle.object);
	bool is_last = op_object(n, op) == h->handle.object && !op->is_running;

	if (h->handle.interface == n->interface_cookie && (!is_last || op->has_failed))
		COUNT(n, late_answers);
	else
		COUNT(n, duplicate_answers);
}

/* The operation that an answer belongs to; counts what has none. */
static struct op *
op_of_answer(struct node *n, const struct lnet_hdr *h)
{
	struct op *op = op_find(n, h->handle.object);

	if (op != NULL && h->handle.interface == n->interface_cookie &&
	    (op->waits & WAITS_ANSWER) != 0 && nid_equal(&op->to, &h->src))
		return op;
	stray(n, h);
	return NULL;
}

void
op_acked(struct node *n, const struct lnet_hdr *ack)
{
	struct op *op = op_of_answer(n, ack);
	bool is_good;

	if (op == NULL)
		return;
	if (op->kind == OP_PUT)
		is_good = ack->match_bits == op->number && ack->length == n->opt->size;
	else
		is_good = op->kind == OP_PUSH && ack->match_bits == PING_MATCH_BITS;
	if (is_good) {
		op_event(n, op, WAITS_ANSWER);
		return;
	}
	COUNT(n, header_corrupt);
	op_end(n, op, -EBADMSG);
}

int
op_reply_begin(struct node *n, const struct lnet_hdr *reply, uint64_t *seed, uint64_t *offset)
{
	struct op *op = op_of_answer(n, reply);

	if (op == NULL)
		return -ENOENT;
	if (op->kind == OP_PING)
		return OP_PING;
	if (op->kind != OP_GET || reply->payload_len != n->opt->size) {
		COUNT(n, header_corrupt);
		op_end(n, op, -EBADMSG);
		return -ENOENT;
	}
	*seed = pattern_seed(&op->to, &n->nid, op->number);
	*offset = data_offset(op->number);
	return OP_GET;
}

void
op_replied(struct node *n, const struct lnet_hdr *reply, bool is_good)
{
	struct op *op = op_of_answer(n, reply);

	if (op == NULL)
		return;
	if (is_good)
		op_event(n, op, WAITS_ANSWER);
	else
		op_end(n, op, -EBADMSG);
}

void
ops_check_deadlines(struct node *n)
{
	int i;

	for (i = 0; i < OP_MAX; i++) {
		struct op *op = &n->ops->slots[i];

		if (op->is_running && n->loop.now >= op->deadline)
			op_end(n, op, -ETIMEDOUT);
	}
}

void
ops_deliver(struct node *n)
{
	struct ops *ops = n->ops;
	struct op *op;

	while ((op = ops->ended) != NULL) {
		ops->ended = op->next;
		if (ops->ended == NULL)
			ops->ended_tail = &ops->ended;
		op->next = ops->free;
		ops->free = op;
		if (op->load != NULL)
			load_op_done(op->load, op->status, clock_ns() - op->started, op->tries);
	}
}
