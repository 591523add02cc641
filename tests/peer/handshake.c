/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection request and HELLO, both sides, up to a RUNNING connection. */
#include "handshake.h"

#include "conn.h"
#include "node.h"
#include "options.h"
#include "peer.h"
#include "sock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LAST_PRIVILEGED_PORT 1023

struct hello
hello_dial(const struct nid *me, const struct nid *peer, uint64_t incarnation, uint32_t version,
	   int32_t type)
{
	return (struct hello){.version = version,
			      .src = *me,
			      .dst = *peer,
			      .src_pid = LNET_PID,
			      .src_incarnation = incarnation,
			      .type = type};
}

struct hello
hello_reply(const struct hello *in, const struct nid *me, uint64_t incarnation, int32_t type)
{
	return (struct hello){.version = in->version,
			      .src = *me,
			      .dst = in->src,
			      .src_pid = LNET_PID,
			      .dst_pid = in->dst_pid,
			      .src_incarnation = incarnation,
			      .dst_incarnation = in->dst_incarnation,
			      .type = type};
}

struct hello
hello_unknown_version(const struct nid *me, uint64_t incarnation)
{
	return hello_dial(me, me, incarnation, nid_is_small(me) ? 3 : 4, CONN_NONE);
}

/* The handshake has failed: a dial tells its run, an accepted connection just goes. */
static void
give_up(struct conn *c, enum dial_result result, int err)
{
	struct peer *p = c->peer;
	bool is_dial = c->is_active && p != NULL && p->dial == c;

	conn_close(c, err);
	if (is_dial)
		dial_ended(p, result, err);
	else if (!c->is_active)
		COUNT(c->node, accepts_closed);
}

static void
handshake_late(struct timer *t)
{
	struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, timer));

	COUNT(c->node, hello_timeouts);
	give_up(c, DIAL_FAILED, -ETIMEDOUT);
}

static void
limit_time(struct conn *c, uint32_t seconds)
{
	c->timer.fn = handshake_late;
	timer_arm(&c->node->loop, &c->timer, c->node->loop.now + seconds * NSEC_PER_SEC);
}

static int
send_hello(struct conn *c, const struct hello *h)
{
	const struct options *opt = c->node->opt;
	uint8_t buf[HELLO_MAX];
	size_t len = hello_encode(buf, h, opt->big_endian);

	return sock_write_all(c->watch.fd, buf, len, opt->split);
}

/* Both HELLOs are through: from here on the connection carries messages. */
static void
run(struct conn *c, struct peer *p)
{
	struct node *n = c->node;

	timer_disarm(&n->loop, &c->timer);
	c->peer = p;
	c->state = CONN_RUNNING;
	sock_running(c->watch.fd);
	trace(n, "%s %s V%u", c->is_active ? "dialled" : "accepted", conn_type_text(c->type),
	      c->version);
	peer_conn_added(p, c);
	if (c->state != CONN_RUNNING)
		return;
	stream_parse(c);
	if (c->state == CONN_RUNNING)
		conn_update_events(c);
}

int
handshake_dial(struct peer *p, int32_t type, struct conn **cp)
{
	struct node *n = p->node;
	uint32_t version = p->version;
	struct conn *c;
	int fd;

	if (version == 0)
		version = n->opt->hello_version != 0 ? n->opt->hello_version
			: nid_is_small(&p->nid)	     ? 3
						     : 4;
	fd = sock_dial(&n->nid, &p->nid, n->opt->port, n->opt->rcvbuf, true);
	if (fd < 0)
		return fd;
	c = conn_new(n, fd, true);
	if (c == NULL)
		return -EMFILE;
	c->state = CONN_CONNECTING;
	c->peer = p;
	c->type = type;
	c->version = version;
	limit_time(c, n->opt->lnd_timeout_s);
	*cp = c;
	return 0;
}

/* TCP is up: request and HELLO, as two writes like a real node. */
static void
connected(struct conn *c)
{
	struct node *n = c->node;
	int err = sock_error(c->watch.fd);
	uint8_t request[CONNREQ_MAX];
	struct hello h;
	size_t len;

	if (err == 0) {
		if (n->opt->split != 0)
			sock_nodelay(c->watch.fd);
		len = connreq_encode(request, &c->peer->nid, n->opt->big_endian);
		err = sock_write_all(c->watch.fd, request, len, n->opt->split);
	}
	if (err == 0) {
		c->incarnation = n->incarnation;
		h = hello_dial(&n->nid, &c->peer->nid, c->incarnation, c->version, c->type);
		err = send_hello(c, &h);
	}
	if (err == 0 && n->resets_left > 0) {
		n->resets_left--;
		COUNT(n, hostile_closes);
		sock_reset_on_close(c->watch.fd);
		err = -ECONNABORTED;
	}
	if (err < 0) {
		give_up(c, DIAL_FAILED, err);
		return;
	}
	c->state = CONN_WAIT_REPLY;
	watch_set(&n->loop, &c->watch, EPOLLIN);
}

/* A real node fills every field of its answer in one way only; what it must not check, we do. */
static void
judge_reply(struct conn *c, const struct hello *h)
{
	struct node *n = c->node;

	if (h->dst_pid == 0 && h->dst_incarnation == 0 && nid_equal(&h->dst, &n->nid))
		return;
	trace(n, "HELLO answer: unexpected destination fields");
	COUNT(n, hello_field);
}

/* Remember version and incarnation of the first connection; false if this one differs from it. */
static bool
same_life(struct peer *p, const struct hello *h)
{
	if (p->version == 0) {
		p->version = h->version;
		p->incarnation = h->src_incarnation;
	}
	if (p->incarnation == 0)
		p->incarnation = h->src_incarnation;
	return p->version == h->version && p->incarnation == h->src_incarnation;
}

static void
stale(struct peer *p)
{
	peer_close_all(p, -ESTALE, false);
	p->version = 0;
	p->incarnation = 0;
}

static void
take_reply(struct conn *c, const struct hello *h)
{
	struct peer *p = c->peer;

	if (h->type == CONN_NONE) {
		if (h->version != c->version) {
			p->version = h->version;
			p->incarnation = 0;
		}
		give_up(c, h->version != c->version ? DIAL_DOWNGRADE : DIAL_DENIED, -EALREADY);
		return;
	}
	if (!nid_equal(&h->src, &p->nid) || h->src_pid != LNET_PID ||
	    conn_type_invert(h->type) != c->type) {
		COUNT(c->node, hello_field);
		give_up(c, DIAL_FAILED, -EPROTO);
		return;
	}
	judge_reply(c, h);
	c->version = h->version;
	if (!same_life(p, h)) {
		stale(p);
		give_up(c, DIAL_STALE, -ESTALE);
		return;
	}
	COUNT(c->node, conns_dialled);
	dial_ended(p, DIAL_OK, 0);
	run(c, p);
}

/* --rst-after-hello: answer as asked, then reset. */
static void
answer_and_reset(struct conn *c, const struct hello *in, int32_t type)
{
	struct node *n = c->node;
	struct hello h = hello_reply(in, &n->nid, n->incarnation, type);

	n->resets_left--;
	COUNT(n, hostile_closes);
	send_hello(c, &h);
	sock_reset_on_close(c->watch.fd);
	conn_close(c, -ECONNRESET);
}

/* Race, new life of the peer, duplicate: why an incoming HELLO is answered NONE. */
static bool
is_refused(struct conn *c, struct peer *p, const struct hello *h)
{
	struct node *n = c->node;

	if (p->dial != NULL && nid_compare(&p->nid, &n->nid) < 0) {
		COUNT(n, accepts_race);
		return true;
	}
	if (!same_life(p, h)) {
		COUNT(n, accepts_stale);
		stale(p);
		return true;
	}
	if (peer_count(p, c->type) >= n->opt->conns_per_peer) {
		COUNT(n, accepts_duplicate);
		return true;
	}
	return false;
}

static void
take_hello(struct conn *c, const struct hello *in)
{
	struct node *n = c->node;
	struct peer *p;
	struct hello h;
	bool refuse;
	int err;

	if (nid_is_any(&in->src) || in->type < CONN_ANY || in->type > CONN_BULK_OUT) {
		give_up(c, DIAL_FAILED, -EPROTO);
		return;
	}
	c->version = in->version;
	c->type = conn_type_invert(in->type);
	if (n->resets_left > 0) {
		answer_and_reset(c, in, n->opt->rst_after_hello == RST_DENY ? CONN_NONE : c->type);
		return;
	}
	p = peer_get(n, &in->src);
	refuse = is_refused(c, p, in);
	c->incarnation = n->incarnation;
	h = hello_reply(in, &n->nid, c->incarnation, refuse ? CONN_NONE : c->type);
	err = send_hello(c, &h);
	if (refuse || err < 0) {
		conn_close(c, err < 0 ? err : -EALREADY);
		return;
	}
	COUNT(n, conns_accepted);
	run(c, p);
}

/* Unknown version of request or HELLO: say which we know, then close. */
static void
answer_version(struct conn *c, bool is_hello)
{
	struct node *n = c->node;
	struct hello h = hello_unknown_version(&n->nid, n->incarnation);
	struct nid zero = {.size = 0};
	uint8_t buf[CONNREQ_MAX];

	COUNT(n, accepts_old_version);
	if (is_hello)
		send_hello(c, &h);
	else
		sock_write_all(c->watch.fd, buf, connreq_encode(buf, &zero, n->opt->big_endian), 0);
	give_up(c, DIAL_FAILED, -EPROTONOSUPPORT);
}

/* The connection request in the buffer, if complete. */
static int
take_connreq(struct conn *c)
{
	struct nid target;
	int used = connreq_decode(c->rx.buf, c->rx.have, &target);

	if (used == -EPROTONOSUPPORT) {
		answer_version(c, false);
	} else if (used < 0 || (used > 0 && !nid_equal(&target, &c->node->nid))) {
		give_up(c, DIAL_FAILED, -EPROTO);
	} else if (used > 0) {
		c->state = CONN_WAIT_HELLO;
		limit_time(c, c->node->opt->accept_timeout_s);
	}
	return used;
}

static int
take_any_hello(struct conn *c)
{
	struct hello h;
	int used = hello_decode(c->rx.buf, c->rx.have, &h, &c->remote_big_endian);

	if (used == 0)
		return 0;
	if (used == -EPROTONOSUPPORT && !c->is_active)
		answer_version(c, true);
	else if (used < 0)
		give_up(c, DIAL_FAILED, used);
	if (used < 0)
		return used;
	/* messages may follow in the same read: they are the stream's */
	memmove(c->rx.buf, c->rx.buf + used, c->rx.have - (size_t)used);
	c->rx.have -= (size_t)used;
	if (c->is_active)
		take_reply(c, &h);
	else
		take_hello(c, &h);
	return 0;
}

static void
read_handshake(struct conn *c)
{
	struct rx *rx = &c->rx;
	ssize_t n = recv(c->watch.fd, rx->buf + rx->have, CONN_BUF_LEN - rx->have, 0);
	int used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		give_up(c, DIAL_FAILED, n < 0 ? -errno : -ECONNRESET);
		return;
	}
	rx->have += (size_t)n;
	if (c->state == CONN_WAIT_CONNREQ) {
		used = take_connreq(c);
		if (used <= 0 || c->state != CONN_WAIT_HELLO)
			return;
		memmove(rx->buf, rx->buf + used, rx->have - (size_t)used);
		rx->have -= (size_t)used;
	}
	take_any_hello(c);
}

void
handshake_event(struct conn *c, uint32_t events)
{
	if (c->state == CONN_CONNECTING)
		connected(c);
	else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		read_handshake(c);
}

void
handshake_accept(struct node *n, int fd)
{
	uint16_t port = sock_peer_port(fd);
	struct conn *c;

	if (port > LAST_PRIVILEGED_PORT) {
		COUNT(n, accepts_unprivileged);
		close(fd);
		return;
	}
	c = conn_new(n, fd, false);
	if (c == NULL)
		return;
	c->state = CONN_WAIT_CONNREQ;
	if (n->opt->silent_acceptor) {
		watch_set(&n->loop, &c->watch, 0);
		return;
	}
	limit_time(c, n->opt->accept_timeout_s);
}
