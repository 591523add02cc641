/* SPDX-License-Identifier: BSD-3-Clause */
/* The replay; see the header. */
#include "tests/unit/socklnd/replay.h"

#include "lnet/base/bytes.h"
#include "lnet/base/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const kind_name[] = {"open",	   "request", "HELLO", "NOOP",
					"message", "bytes",   "FIN",   "RST"};

#define FAIL(r, it, text)                                                                  \
	fail_msg("%s: item %u (%s on stream %u, %u bytes): %s", (r)->name,                 \
		 (unsigned int)((it) - (r)->d->item), kind_name[(it)->kind], (it)->stream, \
		 (it)->len, text)

static bool
is_mine(const struct replay *r, const struct ipaddr *a)
{
	unsigned int i;

	for (i = 0; i < r->n_addrs; i++)
		if (ipaddr_equal(a, &r->addrs[i]))
			return true;
	return false;
}

static struct ip_flow
our_flow(const struct replay *r, unsigned int stream)
{
	const struct ip_flow *f = &r->d->stream[stream].flow;

	if (r->link[stream].ours_dials)
		return *f;
	return (struct ip_flow){f->remote, f->local, f->remote_port, f->local_port};
}

static bool
by_us(const struct replay *r, const struct item *it)
{
	return it->by_dialler == r->link[it->stream].ours_dials;
}

static bool
same_peer(const struct replay *r, unsigned int a, unsigned int b)
{
	struct ip_flow fa = our_flow(r, a), fb = our_flow(r, b);

	return ipaddr_equal(&fa.remote, &fb.remote);
}

/* Everything that we sent is acknowledged by TCP at once. */
static void
settle(struct replay *r)
{
	unsigned int i, moved;
	struct tcp_conn *c;

	do {
		moved = 0;
		TAILQ_FOREACH(c, &r->tcp->conns, link) {
			if (c->over || c->acked == c->queued)
				continue;
			fake_tcp_ack(c, r->now);
			moved++;
		}
		r->ops->advance(r->ctx, r->now);
	} while (moved > 0);
	for (i = 0; i < r->d->n_streams; i++)
		if (r->link[i].c != NULL && r->link[i].c->end != FAKE_OPEN)
			r->link[i].node_ended = true;
}

/* --- what peers say --- */

static void
peer_opens(struct replay *r, const struct item *it)
{
	struct ip_flow f = our_flow(r, it->stream);

	r->link[it->stream].c = fake_tcp_accept(r->tcp, &f, r->now);
	/* refused at once: the recorded node must have reset it */
	if (r->link[it->stream].c == NULL)
		r->link[it->stream].node_ended = true;
}

static void
peer_says(struct replay *r, const struct item *it)
{
	struct link *l = &r->link[it->stream];
	uint8_t *copy;

	if (l->c == NULL || l->c->over || l->c->end != FAKE_OPEN)
		return;
	if (it->kind == ITEM_FIN) {
		l->peer_ended = true;
		fake_tcp_fin(l->c, r->now);
		return;
	}
	if (it->kind == ITEM_RST) {
		l->peer_ended = true;
		fake_tcp_over(l->c, -ECONNRESET, r->now);
		return;
	}
	if (it->kind == ITEM_NOOP && it->ksock.cookie1 > SOCKLND_COOKIE_KEEPALIVE &&
	    (r->except & EXCEPT_ZC) != 0)
		return;
	copy = malloc(it->len + 1);
	CHECK(copy != NULL);
	memcpy(copy, it->bytes, it->len);
	if (r->ops->patch == NULL || r->ops->patch(r->ctx, it, copy))
		fake_tcp_deliver_burst(l->c, copy, it->len, 1448, r->now);
	free(copy);
}

/* --- what we say --- */

static struct tcp_conn *
unassigned_dial(struct replay *r, const struct ipaddr *remote)
{
	struct tcp_conn *c;
	unsigned int i;

	TAILQ_FOREACH(c, &r->tcp->conns, link) {
		if (!c->active || c->over || !ipaddr_equal(&c->flow.remote, remote))
			continue;
		for (i = 0; i < r->d->n_streams && r->link[i].c != c; i++)
			;
		if (i == r->d->n_streams)
			return c;
	}
	return NULL;
}

static void
originate(struct replay *r, const struct item *it)
{
	unsigned int i = (unsigned int)(it - r->d->item);

	if (r->said[i])
		return;
	r->said[i] = true;
	r->never[i] = !r->ops->originate(r->ctx, it);
	settle(r);
}

/* We dial: for the next message that the recorded node has for this peer. */
static void
node_opens(struct replay *r, const struct item *it)
{
	struct ip_flow f = our_flow(r, it->stream);
	const struct item *next;
	struct tcp_conn *c = unassigned_dial(r, &f.remote);

	for (next = it; c == NULL && next < r->d->item + r->d->n; next++) {
		if (next->kind != ITEM_MSG || !r->link[next->stream].mine || !by_us(r, next) ||
		    !same_peer(r, next->stream, it->stream) || r->said[next - r->d->item])
			continue;
		originate(r, next);
		c = unassigned_dial(r, &f.remote);
	}
	if (c == NULL)
		FAIL(r, it, "we do not dial");
	r->link[it->stream].c = c;
	assert_int_equal(c->flow.remote_port, f.remote_port);
	assert_in_range(c->flow.local_port, 512, 1023);
	fake_tcp_connected(c, r->now);
	r->compared++;
}

/* Is there an unread piece of ours on @l that begins like a message or a NOOP of the right length? */
static const uint8_t *
unread(const struct link *l, uint32_t len)
{
	if (l->c == NULL || l->c->queued - l->read < len)
		return NULL;
	return l->c->tx + l->read;
}

/* Connections of one kind to one peer are equal: which of several carries a message is free. */
static bool
same_kind(const struct replay *r, unsigned int a, unsigned int b)
{
	enum socklnd_type ta = r->d->stream[a].type, tb = r->d->stream[b].type;

	if (!r->link[a].ours_dials)
		ta = socklnd_type_invert(ta);
	if (!r->link[b].ours_dials)
		tb = socklnd_type_invert(tb);
	return r->link[b].mine && ta == tb && same_peer(r, a, b);
}

/* Length of our message or NOOP at @p, of which @left bytes are there; 0 when it is neither, or not whole. */
static uint64_t
frame_len(const struct stream *s, const uint8_t *p, uint64_t left)
{
	const struct socklnd_proto *proto = socklnd_proto(s->version);
	uint32_t head = (uint32_t)proto->ksock_size + proto->lnet_size;
	struct lnet_hdr hdr;

	if (left >= SOCKLND_KSOCK_SIZE && get_le32(p) == SOCKLND_MSG_NOOP)
		return SOCKLND_KSOCK_SIZE;
	if (left < head)
		return 0;
	if (proto->large_nids)
		lnet_hdr_decode16(p + proto->ksock_size, &hdr);
	else
		lnet_hdr_decode4(p + proto->ksock_size, &hdr);
	return left >= head + hdr.payload_len ? head + hdr.payload_len : 0;
}

/* Bring the message at @off behind the unread position to the front. */
static void
bring_forward(struct link *l, uint64_t off, uint32_t len)
{
	uint8_t *front = l->c->tx + l->read, *copy = malloc(len);

	CHECK(copy != NULL);
	memcpy(copy, front + off, len);
	memmove(front + len, front, off);
	memcpy(front, copy, len);
	free(copy);
}

/* Did we say it, only later than something else? */
static bool
said_later(struct replay *r, const struct item *it)
{
	struct link *l = &r->link[it->stream];
	uint64_t off = 0, n;

	if ((r->except & EXCEPT_ORDER) == 0 || it->kind != ITEM_MSG || l->c == NULL)
		return false;
	while (l->c->queued - l->read >= off + it->len) {
		if (r->ops->same(r->ctx, it, l->c->tx + l->read + off)) {
			bring_forward(l, off, it->len);
			l->read += it->len;
			return true;
		}
		n = frame_len(&r->d->stream[it->stream], l->c->tx + l->read + off,
			      l->c->queued - l->read - off);
		if (n == 0)
			return false;
		off += n;
	}
	return false;
}

static void
node_says(struct replay *r, const struct item *it)
{
	const uint8_t *got;
	unsigned int i;

	if (it->kind == ITEM_MSG)
		originate(r, it);
	if (r->never[it - r->d->item])
		return;
	for (i = 0; i < r->d->n_streams; i++) {
		if (i != it->stream && (it->kind != ITEM_MSG || !same_kind(r, it->stream, i)))
			continue;
		got = unread(&r->link[i], it->len);
		if (got == NULL || !r->ops->same(r->ctx, it, got))
			continue;
		r->link[i].read += it->len;
		r->compared++;
		return;
	}
	if (said_later(r, it)) {
		r->compared++;
		return;
	}
	if (r->link[it->stream].c != NULL && unread(&r->link[it->stream], 1) != NULL)
		FAIL(r, it, "we say something else");
	FAIL(r, it, "we say nothing");
}

static void
node_ends(struct replay *r, const struct item *it)
{
	struct link *l = &r->link[it->stream];

	if (!l->node_ended && r->leaves) {
		r->ops->leave(r->ctx);
		settle(r);
	}
	r->compared++;
	if (l->node_ended || l->peer_ended || (r->except & EXCEPT_HELD_ACK) != 0)
		return;
	FAIL(r, it, "we keep it open");
}

static void
run_item(struct replay *r, const struct item *it)
{
	bool ours = by_us(r, it);

	r->now += it->ns - r->first_ns;
	r->first_ns = it->ns;
	settle(r);
	if (ours && (it->kind == ITEM_FIN || it->kind == ITEM_RST))
		node_ends(r, it);
	else if (ours && it->kind == ITEM_OPEN)
		node_opens(r, it);
	else if (ours && it->kind == ITEM_NOOP && it->ksock.cookie1 == SOCKLND_COOKIE_KEEPALIVE &&
		 (r->except & EXCEPT_KEEPALIVE) != 0)
		return;
	else if (ours)
		node_says(r, it);
	else if (it->kind == ITEM_OPEN)
		peer_opens(r, it);
	else
		peer_says(r, it);
	settle(r);
}

/* The peer dials one connection of a set that was there before the recording began. */
static void
join_one(struct replay *r, unsigned int stream, uint16_t port, enum socklnd_type type)
{
	bool ours_dials = r->link[stream].ours_dials;
	struct ip_flow f = our_flow(r, stream);
	struct tcp_conn *c;
	unsigned int i;

	f.remote_port = port;
	f.local_port = 988;
	c = r->ops->join(r->ctx, &f, ours_dials ? socklnd_type_invert(type) : type);
	for (i = 0; i < r->d->n_streams; i++) {
		if (!r->link[i].mine || !same_peer(r, stream, i) || r->d->stream[i].has_syn ||
		    r->d->stream[i].flow.local_port != port)
			continue;
		r->link[i].c = c;
		r->link[i].read = c->queued;
		r->d->stream[i].type = type;
	}
}

/* Types of old connections follow from the order of their ports (5.1). */
static void
join_old_sets(struct replay *r)
{
	unsigned int i;

	for (i = 0; i < r->d->n_streams; i++) {
		if (!r->link[i].mine || r->d->stream[i].has_syn || r->link[i].c != NULL)
			continue;
		join_one(r, i, 1023, SOCKLND_CONTROL);
		join_one(r, i, 1022, SOCKLND_BULK_IN);
		join_one(r, i, 1021, SOCKLND_BULK_OUT);
		if (r->link[i].c == NULL)
			fail_msg("%s: stream %u is not of a set that we can tell", r->name, i);
	}
}

/* Bytes of ours that the recorded node did not say, and connections that only one of both closed. */
static void
check_rest(struct replay *r)
{
	struct link *l;
	struct socklnd_ksock k;
	unsigned int i;

	for (i = 0; i < r->d->n_streams; i++) {
		l = &r->link[i];
		if (!l->mine || l->c == NULL)
			continue;
		while ((r->except & EXCEPT_KEEPALIVE) != 0 &&
		       unread(l, SOCKLND_KSOCK_SIZE) != NULL) {
			socklnd_ksock_decode(unread(l, SOCKLND_KSOCK_SIZE), false, &k);
			if (k.type != SOCKLND_MSG_NOOP || k.cookie1 != SOCKLND_COOKIE_KEEPALIVE)
				break;
			l->read += SOCKLND_KSOCK_SIZE;
		}
		if (l->read != l->c->queued)
			fail_msg("%s: stream %u: we say %u bytes more", r->name, i,
				 (unsigned int)(l->c->queued - l->read));
		if (l->node_ended && !l->peer_ended && !r->d->stream[i].half[l->ours_dials].fin)
			fail_msg("%s: stream %u: only we close it", r->name, i);
	}
}

void
replay_run(struct replay *r)
{
	unsigned int i;

	r->said = calloc(r->d->n + 1, sizeof(*r->said));
	r->never = calloc(r->d->n + 1, sizeof(*r->never));
	CHECK(r->said != NULL && r->never != NULL && r->d->n > 0);
	r->first_ns = r->d->item[0].ns;
	for (i = 0; i < r->d->n_streams; i++) {
		r->link[i].ours_dials = is_mine(r, &r->d->stream[i].flow.local);
		r->link[i].mine = r->link[i].ours_dials || is_mine(r, &r->d->stream[i].flow.remote);
	}
	join_old_sets(r);
	for (i = 0; i < r->d->n; i++)
		if (r->link[r->d->item[i].stream].mine)
			run_item(r, &r->d->item[i]);
	check_rest(r);
	assert_true(r->compared > 0);
	free(r->said);
	free(r->never);
}
