/* SPDX-License-Identifier: BSD-3-Clause */
/* See the header. A message's number is in its match bits and in its ACK handle. */
#include "bench/load.h"

#include "bench/pattern.h"

#include <errno.h>
#include <string.h>

#define PORTAL 12
#define PATIENCE_NS UINT64_C(20000000000) /* for what is outstanding at the end */
#define WHOLE_EVERY 16 /* of so many messages one is compared byte by byte */
#define MAGIC UINT64_C(0x6c6e72622d70757a)

static struct lnet_handle
handle_of(uint64_t number)
{
	const uint64_t words[2] = {MAGIC, number};
	struct lnet_handle h;

	memcpy(h.bytes, words, sizeof(h.bytes));
	return h;
}

/* Slot of message @number if it is in that state. */
static int
slot_of(const struct load *l, uint64_t number, int state)
{
	unsigned int i = number % LOAD_SLOTS;

	return l->slots[i].number == number && (int)l->slots[i].state == state ? (int)i : -1;
}

static void
answer(struct load *l, const struct lnet_hdr *put, const struct lnet_put *body, uint64_t now)
{
	struct lnet_hdr h = {
		.dst = put->src,
		.src = put->dst,
		.dst_pid = put->src_pid,
		.src_pid = LNET_PID,
		.type = LNET_ACK,
	};
	struct buf none;

	buf_init(&none);
	lnet_ack_encode(&(struct lnet_ack){.md = body->ack,
					   .match_bits = body->match_bits,
					   .mlength = put->payload_len},
			h.body);
	if (core_send(&l->to->core, &h, &none, now) < 0)
		l->errors.not_sent++;
}

/* On the receiving node. */
static void
put_arrived(void *user, const struct lnet_hdr *hdr, const struct buf *payload, uint64_t now)
{
	struct load *l = user;
	struct lnet_put put;
	bool whole;
	int slot;

	lnet_put_decode(hdr->body, &put);
	slot = hdr->type == LNET_PUT ? slot_of(l, put.match_bits, SLOT_SENT) : -1;
	if (slot < 0) {
		l->errors.unexpected++;
		return;
	}
	l->slots[slot].state = SLOT_ARRIVED;
	whole = put.match_bits % WHOLE_EVERY == 0;
	l->checked_whole += whole;
	if (hdr->payload_len != l->size || payload->len != l->size)
		l->errors.length++;
	else if (!pattern_fits(l->pattern, payload, put.match_bits, whole))
		l->errors.payload++;
	answer(l, hdr, &put, now);
}

/* On the sending node. */
static void
ack_arrived(void *user, const struct lnet_hdr *hdr, const struct buf *, uint64_t now)
{
	struct load *l = user;
	struct lnet_handle want;
	struct lnet_ack ack;
	int slot;

	lnet_ack_decode(hdr->body, &ack);
	want = handle_of(ack.match_bits);
	slot = hdr->type == LNET_ACK ? slot_of(l, ack.match_bits, SLOT_ARRIVED) : -1;
	if (slot < 0 || memcmp(&ack.md, &want, sizeof(want)) != 0) {
		l->errors.unexpected++;
		return;
	}
	if (ack.mlength != l->size)
		l->errors.ack++;
	l->slots[slot].state = SLOT_FREE;
	l->outstanding--;
	l->acked++;
	l->last_ack = now;
}

void
load_init(struct load *l, struct node *from, struct node *to, struct pattern *pattern)
{
	*l = (struct load){.from = from, .to = to, .pattern = pattern, .next = 1};
	from->core.arrived = ack_arrived;
	from->core.user = l;
	to->core.arrived = put_arrived;
	to->core.user = l;
}

int
load_start(struct load *l, uint32_t size, unsigned int window, uint64_t duration, uint64_t now)
{
	if (size > LNET_MTU || window == 0 || window > LOAD_WINDOW_MAX)
		return -EINVAL;
	if (l->outstanding > 0)
		return -EBUSY;
	l->size = size;
	l->window = window;
	l->started = l->last_ack = now;
	l->ends = now + duration;
	l->gives_up = l->ends + PATIENCE_NS;
	l->sent = l->acked = l->checked_whole = 0;
	l->errors = (struct load_errors){0};
	return 0;
}

static bool
send_one(struct load *l, uint64_t now)
{
	unsigned int slot = l->next % LOAD_SLOTS;
	struct lnet_hdr h = {
		.dst = l->to->ni.nid,
		.src = l->from->ni.nid,
		.dst_pid = LNET_PID,
		.src_pid = LNET_PID,
		.type = LNET_PUT,
		.payload_len = l->size,
	};
	struct buf payload;

	/* its number of a round ago is still under way */
	if (l->slots[slot].state != SLOT_FREE)
		return false;
	buf_init(&payload);
	lnet_put_encode(&(struct lnet_put){.ack = handle_of(l->next),
					   .match_bits = l->next,
					   .portal = PORTAL},
			h.body);
	if (pattern_append(l->pattern, &payload, l->next, l->size) < 0 ||
	    core_send(&l->from->core, &h, &payload, now) < 0) {
		buf_release(&payload, l->from->core.mem);
		l->errors.not_sent++;
		return false;
	}
	l->slots[slot].number = l->next++;
	l->slots[slot].state = SLOT_SENT;
	l->outstanding++;
	l->sent++;
	return true;
}

bool
load_poll(struct load *l, uint64_t now)
{
	while (now < l->ends && l->outstanding < l->window && send_one(l, now))
		;
	l->errors.node = core_failures(&l->from->core) + core_failures(&l->to->core);
	if (l->errors.node == 0 && (now < l->ends || (l->outstanding > 0 && now < l->gives_up)))
		return true;
	l->errors.lost = l->outstanding;
	return false;
}

uint64_t
load_failures(const struct load *l)
{
	const struct load_errors *e = &l->errors;

	return e->length + e->payload + e->unexpected + e->ack + e->not_sent + e->lost + e->node;
}
