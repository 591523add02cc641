/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of one connection: events, deadlines, close. */
#include "conn.h"

#include "node.h"
#include "options.h"
#include "peer.h"
#include "sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

static void
conn_event(struct watch *w, uint32_t events)
{
	struct conn *c = (struct conn *)((char *)w - offsetof(struct conn, watch));

	if (c->state != CONN_RUNNING) {
		handshake_event(c, events);
		return;
	}
	/* received data stays readable behind a reset: read first */
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !c->is_paused)
		stream_receive(c);
	if (c->state == CONN_RUNNING && (events & (EPOLLERR | EPOLLHUP)) != 0 && c->is_paused) {
		COUNT(c->node, closed_reset);
		conn_close(c, sock_error(c->watch.fd));
	}
	if (c->state == CONN_RUNNING && (events & EPOLLOUT) != 0)
		stream_send(c);
	if (c->state == CONN_RUNNING)
		conn_update_events(c);
}

struct conn *
conn_new(struct node *n, int fd, bool is_active)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->node = n;
	c->is_active = is_active;
	c->type = CONN_NONE;
	c->watch.fn = conn_event;
	c->rx.buf = malloc(CONN_BUF_LEN);
	c->tx.buf = malloc(CONN_BUF_LEN);
	if (c->rx.buf == NULL || c->tx.buf == NULL)
		abort();
	TAILQ_INIT(&c->tx.queue);
	TAILQ_INIT(&c->tx.buffered);
	TAILQ_INSERT_TAIL(&n->conns, c, node_link);
	if (watch_add(&n->loop, &c->watch, fd, is_active ? EPOLLOUT : EPOLLIN) < 0) {
		conn_close(c, -EMFILE);
		return NULL;
	}
	return c;
}

/*
 * End everything that is in the connection. The operations that hear of it may queue new messages
 * elsewhere.
 */
static void
flush(struct conn *c, int err)
{
	struct node *n = c->node;

	if (c->tx.current != NULL)
		msg_done(n, c->tx.current, err);
	c->tx.current = NULL;
	msg_list_done(n, &c->tx.buffered, err);
	msg_list_done(n, &c->tx.queue, err);
}

void
conn_close_alone(struct conn *c, int err)
{
	struct node *n = c->node;
	bool was_running = c->state == CONN_RUNNING;
	struct peer *peer = c->peer;

	if (c->state == CONN_CLOSED)
		return;
	trace(n, "close %s fd %d: %s", conn_type_text(c->type), c->watch.fd, strerror(-err));
	if (c->tx.is_stalled && n->stopped_closed_at == 0)
		n->stopped_closed_at = n->loop.now;
	timer_disarm(&n->loop, &c->timer);
	watch_close(&c->watch);
	c->state = CONN_CLOSED;
	TAILQ_REMOVE(&n->conns, c, node_link);
	TAILQ_INSERT_TAIL(&n->dead, c, node_link);
	if (was_running)
		peer_conn_removed(peer, c);
	flush(c, err < 0 ? err : -ECONNRESET);
}

void
conn_close(struct conn *c, int err)
{
	bool was_running = c->state == CONN_RUNNING;
	struct peer *peer = c->peer;

	if (c->state == CONN_CLOSED)
		return;
	conn_close_alone(c, err);
	if (was_running)
		peer_close_all(peer, err, true);
}

void
conn_reap(struct node *n)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&n->dead)) != NULL) {
		TAILQ_REMOVE(&n->dead, c, node_link);
		free(c->rx.buf);
		free(c->tx.buf);
		free(c);
	}
}

void
conn_update_events(struct conn *c)
{
	/*
	 * a buffer that is written still has to be taken apart: its messages hear that they are
	 * sent
	 */
	bool has_work = c->tx.have > 0 || c->tx.current != NULL || !TAILQ_EMPTY(&c->tx.queue);
	uint32_t events = 0;

	if (!c->is_paused)
		events |= EPOLLIN;
	if (has_work && !c->tx.is_stalled)
		events |= EPOLLOUT;
	watch_set(&c->node->loop, &c->watch, events);
}

/*
 * A sender's clock starts again whenever TCP's queue shrinks; it stops when there is nothing to
 * send.
 */
static bool
tx_is_late(struct conn *c)
{
	uint64_t now = c->node->loop.now;
	int unacked = sock_unacked(c->watch.fd);

	if (unacked == 0 && c->tx.written == c->tx.have) {
		c->tx.deadline = 0;
		return false;
	}
	if (c->tx.deadline == 0 || unacked != c->tx.unacked) {
		c->tx.deadline = now + c->node->opt->lnd_timeout_s * NSEC_PER_SEC;
		c->tx.unacked = unacked;
		return false;
	}
	return now >= c->tx.deadline;
}

void
conn_check_deadlines(struct conn *c)
{
	struct node *n = c->node;

	if (!c->is_paused && c->rx.deadline != 0 && n->loop.now >= c->rx.deadline) {
		COUNT(n, closed_rx_timeout);
		conn_close(c, -ETIMEDOUT);
		return;
	}
	if (tx_is_late(c)) {
		COUNT(n, closed_tx_timeout);
		conn_close(c, -ETIMEDOUT);
	}
}

const char *
conn_type_text(int32_t type)
{
	switch (type) {
	case CONN_NONE:
		return "NONE";
	case CONN_ANY:
		return "ANY";
	case CONN_CONTROL:
		return "CONTROL";
	case CONN_BULK_IN:
		return "BULK_IN";
	case CONN_BULK_OUT:
		return "BULK_OUT";
	default:
		return "?";
	}
}
