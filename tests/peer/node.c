/* SPDX-License-Identifier: BSD-3-Clause */
/* The end node: listener, routes, periodic checks. */
#include "node.h"

#include "conn.h"
#include "lnet.h"
#include "options.h"
#include "peer.h"
#include "seen.h"
#include "sock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define TICK_MS 100

/* The value that distinguishes lives of a node: wall-clock nanoseconds. */
static uint64_t
wall_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void
accept_event(struct watch *w, uint32_t)
{
	struct node *n = (struct node *)((char *)w - offsetof(struct node, listener));
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		handshake_accept(n, fd);
}

static void
tick_fn(struct timer *t)
{
	struct node *n = (struct node *)((char *)t - offsetof(struct node, tick));
	struct conn *c, *next;
	struct peer *p;

	timer_arm(&n->loop, t, n->loop.now + TICK_MS * NSEC_PER_MSEC);
	for (c = TAILQ_FIRST(&n->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, node_link);
		if (c->state != CONN_RUNNING)
			continue;
		conn_check_deadlines(c);
		if (c->state == CONN_CLOSED)
			break; /* siblings went too: look at the rest next time */
	}
	TAILQ_FOREACH(p, &n->peers, link)
		peer_check_deadlines(p);
	ops_check_deadlines(n);
}

static void
router_ping_fn(struct timer *t)
{
	struct node *n = (struct node *)((char *)t - offsetof(struct node, router_ping));
	size_t i;

	timer_arm(&n->loop, t, n->loop.now + n->opt->router_ping_s * NSEC_PER_SEC);
	for (i = 0; i < n->opt->n_routes; i++)
		op_ping_gateway(n, &n->opt->routes[i].gateway);
}

/*
 * After each batch of events: ended operations first, since they may still look at closed
 * connections' messages.
 */
static void
after_batch(void *ctx)
{
	struct node *n = ctx;

	ops_deliver(n);
	conn_reap(n);
	if (n->batch_done != NULL)
		n->batch_done(n);
}

static int
listen_start(struct node *n)
{
	char text[NID_TEXT_MAX];
	int fd = sock_listen(&n->nid, n->opt->port, n->opt->rcvbuf);

	n->listener.fn = accept_event;
	if (fd >= 0)
		return watch_add(&n->loop, &n->listener, fd, EPOLLIN);
	fprintf(stderr, "lnet-peer: cannot listen on %s port %u: %s\n", nid_text(&n->nid, text),
		n->opt->port, strerror(-fd));
	return fd;
}

int
node_init(struct node *n, const struct options *opt, bool listens)
{
	int r;

	memset(n, 0, sizeof(*n));
	n->opt = opt;
	n->nid = opt->nid;
	n->listener.fd = -1;
	n->interface_cookie = wall_clock();
	n->incarnation = n->interface_cookie + 1;
	n->resets_left = opt->rst_after_hello != RST_OFF ? 1 : 0;
	TAILQ_INIT(&n->conns);
	TAILQ_INIT(&n->dead);
	TAILQ_INIT(&n->peers);
	n->ops = ops_new();
	n->seen = seen_new();
	r = loop_init(&n->loop);
	if (r < 0 || n->ops == NULL || n->seen == NULL)
		return r < 0 ? r : -ENOMEM;
	n->loop.after = after_batch;
	n->loop.ctx = n;
	n->tick.fn = tick_fn;
	timer_arm(&n->loop, &n->tick, n->loop.now + TICK_MS * NSEC_PER_MSEC);
	n->router_ping.fn = router_ping_fn;
	if (opt->router_ping_s != 0 && opt->n_routes > 0)
		timer_arm(&n->loop, &n->router_ping, n->loop.now);
	return listens ? listen_start(n) : 0;
}

void
node_fini(struct node *n)
{
	struct conn *c;
	struct peer *p;

	watch_close(&n->listener);
	while ((p = TAILQ_FIRST(&n->peers)) != NULL) {
		if (p->dial != NULL)
			conn_close(p->dial, -ESHUTDOWN);
		peer_free(p);
	}
	while ((c = TAILQ_FIRST(&n->conns)) != NULL)
		conn_close(c, -ESHUTDOWN);
	conn_reap(n);
	ops_free(n->ops);
	seen_free(n->seen);
	loop_fini(&n->loop);
}

const struct nid *
node_next_hop(const struct node *n, const struct nid *dst)
{
	size_t i;

	if (nid_net(dst) == nid_net(&n->nid))
		return dst;
	for (i = 0; i < n->opt->n_routes; i++) {
		if (n->opt->routes[i].net == nid_net(dst))
			return &n->opt->routes[i].gateway;
	}
	return NULL;
}

bool
node_is_gateway(const struct node *n, const struct nid *nid, uint32_t net)
{
	size_t i;

	for (i = 0; i < n->opt->n_routes; i++) {
		if (n->opt->routes[i].net == net && nid_equal(&n->opt->routes[i].gateway, nid))
			return true;
	}
	return false;
}

bool
node_is_clean(const struct node *n)
{
	static const bool is_fault[] = {
#define COUNTER(name, fault, meaning) fault,
#include "counter.def"
#undef COUNTER
	};
	int i;

	for (i = 0; i < COUNTER_MAX; i++) {
		if (is_fault[i] && n->counters[i] != 0)
			return false;
	}
	return true;
}

void
trace(const struct node *n, const char *fmt, ...)
{
	va_list ap;

	if (!n->opt->is_verbose)
		return;
	fprintf(stderr, "%10.6f ", (double)(clock_ns() % (1000 * NSEC_PER_SEC)) / 1e9);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
