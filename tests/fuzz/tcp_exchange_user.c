/* SPDX-License-Identifier: BSD-3-Clause */
/* The user of an exchange: what it calls, and what it does when it is called. */
#include "drivers/tcp/seq.h"
#include "lnet/base/check.h"
#include "tests/fuzz/tcp_exchange.h"

#include <errno.h>
#include <string.h>

static const struct tcp_ops ops;

static void
send_some(struct exchange *z, struct tcp_conn *c, uint32_t len, bool more)
{
	uint8_t bytes[2048];
	struct buf b = {0};
	uint32_t off = (uint32_t)tcp_queued(c), n;

	for (; len > 0; len -= n, off += n) {
		n = len < sizeof(bytes) ? len : (uint32_t)sizeof(bytes);
		pattern_fill(true, off, 0, bytes, n);
		if (buf_copy_in(&b, &z->f.mem, bytes, n) < 0)
			break;
	}
	if (b.len > 0 && tcp_send(c, &b, more, z->f.now) < 0)
		buf_release(&b, &z->f.mem);
}

/* What the user is about to see is what the peer said. */
static void
look(struct user *u)
{
	must_hold(peer_stream_after(&u->slot->peer));
	CHECK(peer_stream_holds(&u->slot->peer, u->c));
}

void
exchange_take(struct user *u, uint32_t len)
{
	const struct buf_mem *mem = &u->z->f.mem;
	uint32_t waits = tcp_rx_len(u->c);
	struct buf b = {0};
	uint8_t first, seen;

	look(u);
	CHECK(tcp_user(u->c) == u);
	CHECK(tcp_rx_peek(u->c, waits, &first, 1) == -EAGAIN);
	CHECK(tcp_rx_take(u->c, &b, waits + 1, u->z->f.now) == -EAGAIN);
	CHECK(tcp_rx_take(u->c, &b, 0, u->z->f.now) == 0);
	len = len < waits ? len : waits;
	if (len == 0)
		return;
	CHECK(tcp_rx_peek(u->c, 0, &first, 1) == 0);
	if (tcp_rx_take(u->c, &b, len, u->z->f.now) == -ENOMEM)
		return;
	CHECK(buf_copy_out(&b, 0, &seen, 1) == 0 && seen == first);
	CHECK(tcp_rx_len(u->c) + b.len == waits);
	buf_release(&b, mem);
}

static void
abort_other(struct user *u)
{
	struct exchange *z = u->z;
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct user *other = exchange_user(z, &z->slots[i]);

		if (other != NULL && other != u) {
			tcp_abort(other->c, z->f.now);
			return;
		}
	}
}

/* Return: false when it ended meanwhile: one that was aborted instead aborts this one in turn. */
static bool
called(struct user *u, const struct tcp_conn *c)
{
	CHECK(!u->closed && u->c == c);
	CHECK(memcmp(tcp_flow(c), &u->slot->flow, sizeof(struct ip_flow)) == 0);
	must_hold(peer_stream_after(&u->slot->peer));
	if ((u->z->habits & HABIT_ABORT_OTHER) != 0)
		abort_other(u);
	return !u->closed;
}

static void
on_connected(struct tcp_conn *c, void *user, uint64_t now)
{
	struct user *u = user;
	uint8_t both = HABIT_ABORT_READABLE | HABIT_ABORT_ACKED;

	if (called(u, c) && (u->z->habits & both) == both)
		tcp_abort(c, now);
}

static void
on_readable(struct tcp_conn *c, void *user, uint64_t now)
{
	struct user *u = user;
	uint8_t habits = u->z->habits;
	uint32_t waits = tcp_rx_len(c);

	if (!called(u, c))
		return;
	look(u);
	if ((habits & HABIT_TAKE) != 0)
		exchange_take(u, UINT32_MAX);
	if ((habits & HABIT_ECHO) != 0)
		send_some(u->z, c, waits, false);
	if ((habits & HABIT_CLOSE) != 0 && tcp_rx_eof(c))
		tcp_close(c, now);
	else if ((habits & HABIT_ABORT_READABLE) != 0)
		tcp_abort(c, now);
}

static void
on_acked(struct tcp_conn *c, void *user, uint64_t now)
{
	struct user *u = user;

	CHECK(tcp_acked(c) <= tcp_sent(c) && tcp_sent(c) <= tcp_queued(c));
	if (called(u, c) && (u->z->habits & HABIT_ABORT_ACKED) != 0)
		tcp_abort(c, now);
}

void
exchange_dial(struct exchange *z, struct slot *slot, uint8_t tos)
{
	struct user *u = &z->users[z->n_users];

	if (z->n_users == USERS)
		return;
	*u = (struct user){.z = z, .slot = slot};
	if (tcp_connect(z->f.tcp, &slot->flow, tos, &ops, u, z->f.now, &u->c) == 0)
		z->n_users++;
}

static void
on_closed(struct tcp_conn *c, void *user, int err, uint64_t)
{
	struct user *u = user;

	CHECK(err <= 0 && !u->closed && u->c == c);
	u->closed = true;
	u->c = NULL;
	if ((u->z->habits & HABIT_ABORT_OTHER) != 0)
		abort_other(u);
	if ((u->z->habits & HABIT_REOPEN) != 0)
		exchange_dial(u->z, u->slot, 0);
}

static const struct tcp_ops ops = {
	.connected = on_connected,
	.readable = on_readable,
	.acked = on_acked,
	.closed = on_closed,
};

static int
on_accept(struct tcp_conn *c, void *user, uint64_t)
{
	struct exchange *z = user;
	struct slot *slot = exchange_slot(z, tcp_flow(c));
	struct user *u;

	if (z->n_users == USERS || slot == NULL)
		return -ENOMEM;
	if ((z->habits & HABIT_REFUSE) != 0 && z->n_accepts++ % 2 == 1)
		return -EACCES;
	u = &z->users[z->n_users++];
	*u = (struct user){.z = z, .slot = slot, .c = c};
	tcp_set_user(c, &ops, u);
	return 0;
}

void
exchange_listen(struct exchange *z, uint8_t backlog)
{
	if (z->listener != NULL) {
		tcp_unlisten(z->listener, z->f.now);
		z->listener = NULL;
		return;
	}
	CHECK(tcp_listen(z->f.tcp, &z->slots[0].flow.local, PORT, backlog, on_accept, z,
			 &z->listener) == 0);
}

/* On a connection that the user knows. */
void
exchange_user_step(struct user *u, enum op op, const uint8_t *p)
{
	uint64_t now = u->z->f.now;
	uint32_t n = exchange_length(p[6]) << (p[5] & 7);

	switch (op) {
	case OP_SEND:
	case OP_SEND_MORE:
		send_some(u->z, u->c, n, op == OP_SEND_MORE);
		break;
	case OP_TAKE:
		exchange_take(u, n);
		break;
	case OP_DISCARD:
		look(u);
		tcp_rx_discard(u->c, n, now);
		break;
	case OP_EXPECT:
		tcp_rx_expect(u->c, exchange_distance(p[4]));
		break;
	case OP_CLOSE:
		tcp_close(u->c, now);
		break;
	default:
		tcp_abort(u->c, now);
		break;
	}
}
