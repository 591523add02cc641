/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: an exchange with the TCP engine. The input is a list of records: segments whose numbers are relative to what the
 * engine said last (so that they fit often enough), raw segments, calls of the user, time. Whatever it is, the
 * engine must not crash, must tell each user of the end once, and must give everything back.
 */
#include "drivers/tcp/wire.h"
#include "lnet/base/check.h"
#include "tests/fake/eal.h"
#include "tests/fake/fake_tcp_env.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PORT 988
#define PAYLOAD_MAX 3000
#define CONNS_MAX 64

/* First byte. */
enum {
	SCENE_V6 = 0x01,
	SCENE_TSO = 0x02,
	SCENE_POOR = 0x04, /* few records and gaps */
	SCENE_TAKE = 0x08, /* the user takes all that comes */
};

/* A record's first byte: below it a segment, from here on a call. */
enum {
	OP_WAIT = 0x80,
	OP_SEND,
	OP_SEND_MORE,
	OP_TAKE,
	OP_DISCARD,
	OP_EXPECT,
	OP_CLOSE,
	OP_ABORT,
	OP_CONNECT,
	OP_ICMP,
	OP_STARVE,
	OP_FEED,
	OP_RAW,
	OP_UNLISTEN,
	OP_OTHER_PORT,
	OPS_END
};

/* Bits of a segment's first byte. */
enum {
	SEG_PIECES = 0x03,
	SEG_TS = 0x04, /* with the timestamps that the peer of a real connection would send */
	SEG_SYN_OPTIONS = 0x08,
	SEG_SACK = 0x10, /* one block, relative to what is in flight */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct user {
	struct tcp_conn *c;
	bool closed;
};

struct fuzz {
	struct fake_tcp_env f;
	struct fake_tcp_conf conf;
	struct tcp_listener *listener;
	struct ip_flow flow;
	struct user users[CONNS_MAX];
	unsigned int n_users;
	uint8_t scene;
	/* what the engine said last */
	uint32_t seq, ack, tsval;

	const uint8_t *data;
	size_t left;
};

static uint32_t
take_number(struct fuzz *z, unsigned int bytes)
{
	uint32_t v = 0;

	for (; bytes > 0 && z->left > 0; bytes--, z->left--)
		v = v << 8 | *z->data++;
	return v;
}

/* --- the user --- */

static void
on_event(struct tcp_conn *c, void *user, uint64_t)
{
	struct user *u = user;

	CHECK(!u->closed && u->c == c);
	CHECK(tcp_acked(c) <= tcp_sent(c) && tcp_sent(c) <= tcp_queued(c));
}

static void
on_readable_take(struct tcp_conn *c, void *user, uint64_t now)
{
	on_event(c, user, now);
	tcp_rx_discard(c, UINT32_MAX, now);
	if (tcp_rx_eof(c))
		tcp_close(c, now);
}

static void
on_closed(struct tcp_conn *, void *user, int, uint64_t)
{
	struct user *u = user;

	CHECK(!u->closed);
	u->closed = true;
	u->c = NULL;
}

static const struct tcp_ops ops_leave = {on_event, on_event, on_event, on_closed};
static const struct tcp_ops ops_take = {on_event, on_readable_take, on_event, on_closed};

static const struct tcp_ops *
ops(const struct fuzz *z)
{
	return (z->scene & SCENE_TAKE) != 0 ? &ops_take : &ops_leave;
}

static int
on_accept(struct tcp_conn *c, void *user, uint64_t)
{
	struct fuzz *z = user;
	struct user *u;

	if (z->n_users == CONNS_MAX)
		return -1;
	u = &z->users[z->n_users++];
	*u = (struct user){.c = c};
	tcp_set_user(c, ops(z), u);
	return 0;
}

/* The youngest connection that lives, or NULL. */
static struct tcp_conn *
current(struct fuzz *z)
{
	unsigned int i;

	for (i = z->n_users; i > 0; i--) {
		if (!z->users[i - 1].closed)
			return z->users[i - 1].c;
	}
	return NULL;
}

static void
dial(struct fuzz *z)
{
	struct user *u = &z->users[z->n_users];
	struct ip_flow flow = fake_flow(&z->f, z->flow.remote_port, PORT);

	if (z->n_users == CONNS_MAX)
		return;
	*u = (struct user){0};
	if (tcp_connect(z->f.tcp, &flow, 0, ops(z), u, z->f.now, &u->c) < 0)
		return;
	z->n_users++;
	z->flow = flow;
}

/* --- records --- */

static void
settle(struct fuzz *z)
{
	const struct fake_out *o;

	fake_poll(&z->f);
	while ((o = fake_next(&z->f)) != NULL) {
		CHECK(o->payload != NULL);
		CHECK(o->mss == 0 || o->s.len > o->mss);
		z->seq = o->s.seq + tcp_segment_space(&o->s);
		if ((o->s.flags & TCP_ACK) != 0)
			z->ack = o->s.ack;
		if (o->s.has_ts)
			z->tsval = o->s.tsval;
	}
}

static void
segment(struct fuzz *z, uint8_t op)
{
	static const uint8_t payload[PAYLOAD_MAX];
	struct tcp_segment s = {.flags = (uint8_t)take_number(z, 1)};

	s.seq = z->ack + (uint32_t)(int16_t)take_number(z, 2);
	s.ack = z->seq + (uint32_t)(int16_t)take_number(z, 2);
	s.wnd = (uint16_t)take_number(z, 2);
	s.len = take_number(z, 2) % (PAYLOAD_MAX / 2 + 1);
	if ((op & SEG_TS) != 0) {
		s.has_ts = true;
		s.tsval = (uint32_t)(z->f.now / FAKE_MS);
		s.tsecr = z->tsval;
	}
	if ((op & SEG_SYN_OPTIONS) != 0) {
		s.has_mss = s.sack_permitted = s.has_wscale = true;
		s.mss = (uint16_t)take_number(z, 2);
		s.wscale = (uint8_t)take_number(z, 1);
	}
	if ((op & SEG_SACK) != 0) {
		s.n_sack = 1;
		s.sack[0].start = z->seq - take_number(z, 2);
		s.sack[0].end = s.sack[0].start + take_number(z, 2);
	}
	fake_in(&z->f, &z->flow, &s, payload, 1 + (op & SEG_PIECES));
}

static void
raw(struct fuzz *z)
{
	uint32_t n = take_number(z, 1);
	uint8_t bytes[256];

	n = n < z->left ? n : (uint32_t)z->left;
	memcpy(bytes, z->data, n);
	z->data += n;
	z->left -= n;
	/* the ports have to fit for anything to happen */
	if (n >= 4) {
		bytes[0] = (uint8_t)(z->flow.remote_port >> 8);
		bytes[1] = (uint8_t)z->flow.remote_port;
		bytes[2] = (uint8_t)(z->flow.local_port >> 8);
		bytes[3] = (uint8_t)z->flow.local_port;
	}
	fake_in_raw(&z->f, &z->flow, bytes, n);
}

static void
icmp(struct fuzz *z)
{
	struct ip_error_info info = {.kind = (enum ip_error)(take_number(z, 1) % 3),
				     .flow = z->flow};

	info.seq = z->seq - take_number(z, 2);
	info.mtu = (uint16_t)take_number(z, 2);
	tcp_icmp_error(z->f.tcp, &info, z->f.now);
}

static void
send_some(struct fuzz *z, struct tcp_conn *c, bool more)
{
	static const uint8_t bytes[8192];
	struct buf b = {0};

	if (buf_copy_in(&b, &z->f.mem, bytes, 1 + take_number(z, 2) % sizeof(bytes)) < 0)
		return;
	if (tcp_send(c, &b, more, z->f.now) < 0)
		buf_release(&b, &z->f.mem);
}

static void
take_some(struct fuzz *z, struct tcp_conn *c)
{
	struct buf b = {0};

	tcp_rx_take(c, &b, take_number(z, 2), z->f.now);
	buf_release(&b, &z->f.mem);
}

/* Calls that need a connection. */
static void
call(struct fuzz *z, uint8_t op)
{
	struct tcp_conn *c = current(z);

	if (c == NULL)
		return;
	if (op == OP_SEND || op == OP_SEND_MORE)
		send_some(z, c, op == OP_SEND_MORE);
	else if (op == OP_TAKE)
		take_some(z, c);
	else if (op == OP_DISCARD)
		tcp_rx_discard(c, take_number(z, 2), z->f.now);
	else if (op == OP_EXPECT)
		tcp_rx_expect(c, take_number(z, 3));
	else if (op == OP_CLOSE)
		tcp_close(c, z->f.now);
	else if (op == OP_ABORT)
		tcp_abort(c, z->f.now);
}

static void
unlisten(struct fuzz *z)
{
	if (z->listener != NULL)
		tcp_unlisten(z->listener, z->f.now);
	z->listener = NULL;
}

static void
record(struct fuzz *z)
{
	uint8_t op = (uint8_t)take_number(z, 1);

	op = op < OPS_END ? op : op % OP_WAIT;
	if (op < OP_WAIT)
		segment(z, op);
	else if (op == OP_WAIT)
		fake_wait(&z->f, take_number(z, 2) % 9000 * FAKE_MS);
	else if (op == OP_CONNECT)
		dial(z);
	else if (op == OP_ICMP)
		icmp(z);
	else if (op == OP_STARVE && z->f.hoard == NULL)
		fake_starve(&z->f, 4);
	else if (op == OP_FEED)
		fake_feed(&z->f);
	else if (op == OP_RAW)
		raw(z);
	else if (op == OP_UNLISTEN)
		unlisten(z);
	else if (op == OP_OTHER_PORT)
		z->flow.remote_port = (uint16_t)(1000 + take_number(z, 1) % 16);
	else
		call(z, op);
	settle(z);
}

/* --- one input --- */

static struct fuzz *
the_fuzz(void)
{
	static struct fuzz z;

	if (z.f.tcp == NULL) {
		CHECK(fake_eal_init(64) == 0);
		fake_tcp_conf_default(&z.conf);
		z.conf.window_min = 8 << 10;
		CHECK(fake_tcp_env_start(&z.f, &z.conf) == 0);
	}
	return &z;
}

static void
begin(struct fuzz *z)
{
	z->f.v6 = (z->scene & SCENE_V6) != 0;
	z->f.path = (struct tcp_path){.mtu = 1500, .max_slices = 4};
	if ((z->scene & SCENE_TSO) != 0) {
		z->f.path.tso_max = 65000;
		z->f.path.tso_max_slices = 8;
	}
	z->conf.tcp.max_in_flight = (z->scene & SCENE_POOR) != 0 ? 4 : 256;
	z->conf.tcp.max_gaps = (z->scene & SCENE_POOR) != 0 ? 3 : 64;
	CHECK(fake_tcp_env_again(&z->f, &z->conf) == NULL);
	z->n_users = 0;
	z->seq = z->ack = z->tsval = 0;
	z->flow = fake_flow(&z->f, PORT, 1023);
	CHECK(tcp_listen(z->f.tcp, &z->flow.local, PORT, 8, on_accept, z, &z->listener) == 0);
}

static void
end(struct fuzz *z)
{
	unsigned int i;

	z->listener = NULL;
	CHECK(fake_tcp_env_again(&z->f, &z->conf) == NULL);
	for (i = 0; i < z->n_users; i++)
		CHECK(z->users[i].closed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz *z = the_fuzz();

	if (size < 2 || size > 8192)
		return 0;
	z->data = data;
	z->left = size;
	z->scene = (uint8_t)take_number(z, 1);
	begin(z);
	while (z->left > 0)
		record(z);
	end(z);
	return 0;
}
