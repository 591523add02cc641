/* SPDX-License-Identifier: BSD-3-Clause */
/* Server and load commands: start, watch for the end, drain, report. */
#include "command.h"

#include "conn.h"
#include "load.h"
#include "node.h"
#include "peer.h"
#include "report.h"
#include "sock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DRAIN_S 10

enum phase {
	PHASE_LOAD,
	PHASE_NEW_LIFE, /* --new-incarnation: the target has to drop the old connections */
	PHASE_DRAIN, /* operations are over; the last bytes and acknowledgements are not */
};

struct session {
	struct node node;
	const char *name;
	struct watch signals;
	struct watch input;
	struct timer limit;
	struct load loads[2];
	int n_loads;
	enum phase phase;
	uint64_t drain_start;
	bool is_late;
};

static const char *
command_name(enum command c)
{
	static const char *const names[] = {
		[CMD_SERVE] = "serve", [CMD_PING] = "ping", [CMD_PUSH] = "push",
		[CMD_PUT] = "put",     [CMD_GET] = "get",   [CMD_BOTH] = "both"};

	return names[c];
}

static void
signal_event(struct watch *w, uint32_t)
{
	struct session *s = (struct session *)((char *)w - offsetof(struct session, signals));
	struct signalfd_siginfo si;

	if (read(w->fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo == SIGUSR1)
		report(&s->node, s->name, s->loads, s->n_loads, true, stdout);
	else
		s->node.loop.stop = true;
}

/* The server ends with its stdin. */
static void
input_event(struct watch *w, uint32_t)
{
	struct session *s = (struct session *)((char *)w - offsetof(struct session, input));
	char buf[256];

	if (read(w->fd, buf, sizeof(buf)) <= 0)
		s->node.loop.stop = true;
}

static void
limit_fn(struct timer *t)
{
	struct session *s = (struct session *)((char *)t - offsetof(struct session, limit));

	fprintf(stderr, "lnet-peer: %s: not finished after %u s\n", s->name,
		s->node.opt->timeout_s);
	s->is_late = true;
	s->node.loop.stop = true;
}

static int
signals_start(struct session *s)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	s->signals.fn = signal_event;
	return watch_add(&s->node.loop, &s->signals, fd, EPOLLIN);
}

static bool
loads_done(const struct session *s)
{
	int i;

	for (i = 0; i < s->n_loads; i++) {
		if (!load_is_done(&s->loads[i]))
			return false;
	}
	return true;
}

/*
 * Everything sent is acknowledged by TCP and, where asked for, by zero-copy acknowledgements. An
 * early zero-copy request is only half of its scenario: the connections that come after it are the
 * other half.
 */
static bool
is_drained(const struct node *n)
{
	const struct peer *p;
	const struct conn *c;

	TAILQ_FOREACH(p, &n->peers, link) {
		if (!TAILQ_EMPTY(&p->unacked) || p->n_due > 0)
			return false;
		if (n->opt->zc_before_bulk_in && p->is_dialling)
			return false;
		TAILQ_FOREACH(c, &p->conns, peer_link) {
			if (!c->tx.is_stalled &&
			    (c->tx.queued_bytes > 0 || sock_unacked(c->watch.fd) > 0))
				return false;
		}
	}
	return true;
}

/* A new life of this node that has not closed its old connections: the target has to. */
static void
new_life(struct session *s)
{
	struct node *n = &s->node;
	struct peer *p = peer_get(n, node_next_hop(n, &n->opt->target));

	s->phase = PHASE_NEW_LIFE;
	n->incarnation++;
	p->force_dial = true;
	dial_if_needed(p);
}

/* Those of the new life may be there before the end of the last old one is heard of. */
static bool
old_life_is_over(struct node *n)
{
	const struct peer *p = peer_get(n, node_next_hop(n, &n->opt->target));
	const struct conn *c;

	TAILQ_FOREACH(c, &p->conns, peer_link)
		if (c->incarnation != n->incarnation)
			return false;
	return n->counters[COUNT_dials_denied] > 0;
}

/*
 * A HELLO on its way is answered first: one that is lost and repeated after this node has gone would come behind those of
 * its next life, whose connections the other end would then close as stale.
 */
static bool
is_in_handshake(const struct node *n)
{
	const struct peer *p;

	TAILQ_FOREACH(p, &n->peers, link)
		if (p->dial != NULL)
			return true;
	return false;
}

/* Drained, or given up; and the other nodes have been answered as long as asked for. */
static bool
has_drained(const struct session *s)
{
	const struct node *n = &s->node;
	uint64_t passed = n->loop.now - s->drain_start;

	if (passed < n->opt->linger_s * NSEC_PER_SEC ||
	    (n->opt->await_keepalive && n->counters[COUNT_keepalives_received] == 0))
		return false;
	return (is_drained(n) && !is_in_handshake(n)) ||
		passed >= (n->opt->linger_s + DRAIN_S) * NSEC_PER_SEC;
}

static void
batch_done(struct node *n)
{
	struct session *s = n->command;

	switch (s->phase) {
	case PHASE_LOAD:
		if (!loads_done(s))
			return;
		if (n->opt->new_incarnation && s->n_loads == 1) {
			new_life(s);
			return;
		}
		s->phase = PHASE_DRAIN;
		s->drain_start = n->loop.now;
		return;
	case PHASE_NEW_LIFE:
		if (!old_life_is_over(n))
			return;
		s->phase = PHASE_LOAD;
		load_start(&s->loads[s->n_loads++], n, s->loads[0].kind);
		return;
	case PHASE_DRAIN:
		if (has_drained(s))
			n->loop.stop = true;
		return;
	}
}

static int
loads_start(struct session *s)
{
	static const enum op_kind kinds[] = {[CMD_PING] = OP_PING,
					     [CMD_PUSH] = OP_PUSH,
					     [CMD_PUT] = OP_PUT,
					     [CMD_GET] = OP_GET,
					     [CMD_BOTH] = OP_PUT};
	const struct options *opt = s->node.opt;

	if (node_next_hop(&s->node, &opt->target) == NULL) {
		fprintf(stderr, "lnet-peer: no route to the target\n");
		return -EHOSTUNREACH;
	}
	s->node.command = s;
	s->node.batch_done = batch_done;
	s->limit.fn = limit_fn;
	timer_arm(&s->node.loop, &s->limit, s->node.loop.now + opt->timeout_s * NSEC_PER_SEC);
	load_start(&s->loads[s->n_loads++], &s->node, kinds[opt->command]);
	if (opt->command == CMD_BOTH)
		load_start(&s->loads[s->n_loads++], &s->node, OP_GET);
	return 0;
}

static void
serve_start(struct session *s)
{
	char text[NID_TEXT_MAX];

	s->input.fn = input_event;
	s->input.fd = -1;
	/* a file or /dev/null cannot be watched: then only a signal ends the server */
	if (watch_add(&s->node.loop, &s->input, STDIN_FILENO, EPOLLIN) < 0)
		s->input.fd = -1;
	fprintf(stderr, "lnet-peer: serving %s\n", nid_text(&s->node.nid, text));
}

/* Every operation completed, in time, and the last acknowledgement came. */
static bool
verdict(struct session *s)
{
	struct node *n = &s->node;
	bool ok = !s->is_late;
	int i;

	for (i = 0; i < s->n_loads; i++) {
		load_abort(&s->loads[i], s->is_late ? -ETIMEDOUT : -EINTR);
		ok = ok && s->loads[i].failed == 0;
	}
	if (s->n_loads > 0 && s->phase == PHASE_DRAIN && !is_drained(n)) {
		fprintf(stderr,
			"lnet-peer: %s: bytes or zero-copy requests unacknowledged after %d s\n",
			s->name, DRAIN_S);
		ok = false;
	}
	return ok && node_is_clean(n);
}

int
command_run(const struct options *opt)
{
	struct session s = {.name = command_name(opt->command)};
	bool ok = false;
	int r;

	r = node_init(&s.node, opt, true);
	if (r == 0)
		r = signals_start(&s);
	if (r == 0 && opt->command == CMD_SERVE)
		serve_start(&s);
	else if (r == 0)
		r = loads_start(&s);
	if (r == 0) {
		loop_run(&s.node.loop);
		ok = verdict(&s);
		report(&s.node, s.name, s.loads, s.n_loads, ok, stdout);
	}
	s.node.batch_done = NULL;
	load_free(&s.loads[0]);
	load_free(&s.loads[1]);
	node_fini(&s.node);
	return ok ? EXIT_GOOD : EXIT_BAD;
}
