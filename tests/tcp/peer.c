/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp-peer: the jobs of job.h on kernel sockets. It includes nothing of the router. SIGUSR1 ends it as a power failure
 * would: no segment tells of it.
 */
#include "tests/tcp/flow.h"
#include "tests/tcp/job_list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS 512
#define BUFFER (64u << 10)
#define BACKLOG 128

struct conn {
	int fd; /* -1 = free */
	struct flow flow;
	uint8_t held[BUFFER]; /* echo: read and not written yet */
	uint32_t n_held;
	bool is_connecting, has_shut;
};

struct peer {
	struct job_list list;
	int listeners[JOBS_MAX]; /* by job */
	struct conn conns[CONNS];
	unsigned int steps; /* attempts of the running job: the local port of the next */
	const char *cc;
	int rcvbuf, mss;
	uint8_t buffer[BUFFER];
};

static uint64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* --- sockets --- */

static int
set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* @family as found in an address. Return: descriptor, -errno. */
static int
open_socket(const struct peer *p, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, p->cc, (socklen_t)strlen(p->cc)) < 0)
		rc = -errno;
	if (rc == 0)
		rc = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (rc == 0)
		rc = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (rc == 0 && p->rcvbuf != 0)
		rc = set_int(fd, SOL_SOCKET, SO_RCVBUF, p->rcvbuf);
	if (rc == 0 && p->mss != 0)
		rc = set_int(fd, IPPROTO_TCP, TCP_MAXSEG, p->mss);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int
listen_on(const struct peer *p, uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = open_socket(p, AF_INET6), rc;

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* IPv4 goes through IPv6 sockets as ::ffff:a.b.c.d. Return: descriptor, -errno. */
static int
connect_to(const struct peer *p, const struct job *j, uint16_t local_port)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_port = htons(local_port)};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(j->port)};
	char mapped[sizeof(j->to) + 8];
	int fd, rc;

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(j->to, ':') == NULL ? "::ffff:" : "",
		 j->to);
	if (inet_pton(AF_INET6, mapped, &to.sin6_addr) != 1)
		return -EINVAL;
	fd = open_socket(p, AF_INET6);
	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* --- connections --- */

static struct conn *
conn_new(struct peer *p, struct job *j, int fd, uint64_t now)
{
	unsigned int i;

	for (i = 0; i < CONNS; i++) {
		if (p->conns[i].fd >= 0)
			continue;
		p->conns[i] = (struct conn){.fd = fd};
		flow_begin(&p->conns[i].flow, j, flow_seed(), now);
		return &p->conns[i];
	}
	return NULL;
}

static void
conn_end(struct conn *c, int err)
{
	flow_end(&c->flow, err);
	close(c->fd);
	c->fd = -1;
}

static bool
is_again(int err)
{
	return err == EAGAIN || err == EINTR;
}

static bool
read_to_verify(struct peer *p, struct conn *c, uint64_t now)
{
	uint32_t may = flow_may_read(&c->flow, now);
	ssize_t n;

	if (may == 0)
		return true;
	n = recv(c->fd, p->buffer, may < BUFFER ? may : BUFFER, 0);
	if (n < 0 && is_again(errno))
		return true;
	if (n < 0) {
		conn_end(c, -errno);
		return false;
	}
	c->flow.eof = n == 0;
	flow_got(&c->flow, p->buffer, (uint32_t)n, now);
	return true;
}

static bool
write_more(struct peer *p, struct conn *c, uint64_t now)
{
	uint32_t n = c->flow.job->chunk < BUFFER ? c->flow.job->chunk : BUFFER;
	ssize_t sent;

	if (stream_tx_done(&c->flow.tx))
		return true;
	n = stream_tx_make(&c->flow.tx, p->buffer, n);
	sent = send(c->fd, p->buffer, n, MSG_NOSIGNAL);
	if (sent < 0 && is_again(errno))
		return true;
	if (sent < 0) {
		conn_end(c, -errno);
		return false;
	}
	flow_put(&c->flow, (uint32_t)sent, now);
	return true;
}

static bool
echo(struct conn *c, uint64_t now)
{
	ssize_t n = 0, sent = 0;

	if (c->n_held < BUFFER && !c->flow.eof) {
		n = recv(c->fd, c->held + c->n_held, BUFFER - c->n_held, 0);
		c->flow.eof = n == 0;
	}
	if (n > 0) {
		c->n_held += (uint32_t)n;
		flow_got(&c->flow, NULL, (uint32_t)n, now);
	}
	if ((n >= 0 || is_again(errno)) && c->n_held > 0)
		n = sent = send(c->fd, c->held, c->n_held, MSG_NOSIGNAL);
	if (sent > 0) {
		c->n_held -= (uint32_t)sent;
		memmove(c->held, c->held + sent, c->n_held);
		flow_put(&c->flow, (uint32_t)sent, now);
	}
	if (n >= 0 || is_again(errno))
		return true;
	conn_end(c, -errno);
	return false;
}

static bool
all_acked(int fd)
{
	int left = 0;

	return ioctl(fd, SIOCOUTQ, &left) == 0 && left == 0;
}

static void
end_in_time(struct conn *c)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};
	const struct job *j = c->flow.job;
	bool whole = flow_is_whole(&c->flow);

	if (c->flow.eof && (whole || !j->echo)) {
		conn_end(c, 0);
	} else if (c->flow.rx.wrong != 0 || (j->end == JOB_RESET && whole && all_acked(c->fd))) {
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		conn_end(c, 0);
	} else if (j->end == JOB_FIRST && whole && !c->has_shut) {
		c->has_shut = true;
		shutdown(c->fd, SHUT_WR);
	}
}

static void
serve(struct peer *p, struct conn *c, uint64_t now)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (c->is_connecting) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err != 0) {
			conn_end(c, -err);
			return;
		}
		c->is_connecting = false;
	}
	if (c->flow.job->echo ? echo(c, now) : read_to_verify(p, c, now) && write_more(p, c, now))
		end_in_time(c);
}

/* --- jobs --- */

static void
accept_all(struct peer *p, unsigned int i, uint64_t now)
{
	int fd;

	while ((fd = accept4(p->listeners[i], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		if (conn_new(p, &p->list.jobs[i], fd, now) == NULL)
			close(fd);
}

/* Ports in use, and those whose TIME-WAIT may not be taken over yet, are passed by. */
static void
connect_more(struct peer *p, struct job *j, uint64_t now)
{
	struct conn *c;
	unsigned int tries = j->ports;
	int fd;

	while (j->started < j->count && j->running < j->parallel && tries-- > 0) {
		fd = connect_to(p, j, (uint16_t)(j->from + p->steps++ % j->ports));
		if (fd == -EADDRNOTAVAIL || fd == -EADDRINUSE)
			continue;
		if (fd < 0) {
			job_error(j, "connect: %s", strerror(-fd));
			j->started++;
			j->failed++;
			continue;
		}
		c = conn_new(p, j, fd, now);
		if (c == NULL)
			close(fd);
		else
			c->is_connecting = true;
	}
}

static short
wanted(struct conn *c, uint64_t now)
{
	short events = 0;

	if (c->is_connecting)
		return POLLOUT;
	if (c->flow.job->echo)
		return (short)((c->n_held < BUFFER && !c->flow.eof ? POLLIN : 0) |
			       (c->n_held > 0 ? POLLOUT : 0));
	if (flow_may_read(&c->flow, now) > 0)
		events |= POLLIN;
	if (!stream_tx_done(&c->flow.tx))
		events |= POLLOUT;
	return events;
}

/* What has to be looked at though no descriptor says so. */
static bool
waits_for_time(struct conn *c, uint64_t now)
{
	return flow_may_read(&c->flow, now) == 0 ||
		(c->flow.job->end == JOB_RESET && flow_is_whole(&c->flow));
}

static void
poll_once(struct peer *p)
{
	struct pollfd fds[JOBS_MAX + CONNS];
	struct conn *of[JOBS_MAX + CONNS];
	unsigned int i, n = 0;
	uint64_t now = clock_now();
	const struct job *j = job_list_next(&p->list);
	bool hurry = j != NULL && j->running < j->parallel;

	for (i = 0; i < p->list.n; i++)
		fds[n++] = (struct pollfd){.fd = p->listeners[i], .events = POLLIN};
	for (i = 0; i < CONNS; i++) {
		if (p->conns[i].fd < 0)
			continue;
		hurry = hurry || waits_for_time(&p->conns[i], now);
		of[n] = &p->conns[i];
		fds[n] = (struct pollfd){.fd = of[n]->fd, .events = wanted(of[n], now)};
		n++;
	}
	poll(fds, n, hurry ? 1 : 100);
	now = clock_now();
	for (i = p->list.n; i < n; i++)
		if (fds[i].revents != 0 || waits_for_time(of[i], now))
			serve(p, of[i], now);
	for (i = 0; i < p->list.n; i++)
		if ((fds[i].revents & POLLIN) != 0)
			accept_all(p, i, now);
}

/* Nothing of what is open says a word any more. */
static void
vanish(struct peer *p)
{
	unsigned int i;

	for (i = 0; i < CONNS; i++)
		if (p->conns[i].fd >= 0)
			set_int(p->conns[i].fd, IPPROTO_TCP, TCP_REPAIR, 1);
	_exit(0);
}

static void
run(struct peer *p, int signals)
{
	struct signalfd_siginfo info;
	struct job *j;

	while (read(signals, &info, sizeof(info)) < 0) {
		j = job_list_next(&p->list);
		if (j != NULL)
			connect_more(p, j, clock_now());
		else if (!job_list_serves(&p->list))
			return;
		poll_once(p);
	}
	if (info.ssi_signo == SIGUSR1)
		vanish(p);
}

static int
parse(int argc, char **argv, struct peer *p)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--cc") == 0)
			p->cc = argv[i + 1];
		else if (strcmp(argv[i], "--rcvbuf") == 0)
			p->rcvbuf = (int)strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--mss") == 0)
			p->mss = (int)strtol(argv[i + 1], NULL, 10);
		else if (job_list_add(&p->list, argv[i], argv[i + 1]) < 0)
			return -EINVAL;
	}
	return i == argc && p->list.n > 0 ? 0 : -EINVAL;
}

int
main(int argc, char **argv)
{
	struct peer *p = calloc(1, sizeof(*p));
	unsigned int i;
	int signals;

	if (p == NULL)
		return 1;
	p->cc = "cubic"; /* whatever this machine's default is */
	if (parse(argc, argv, p) < 0) {
		fprintf(stderr,
			"usage: tcp-peer [--cc NAME] [--rcvbuf BYTES] [--mss BYTES] (--serve JOB | --connect JOB)...\n"
			"Jobs: tests/tcp/job.h.\n");
		return 2;
	}
	for (i = 0; i < CONNS; i++)
		p->conns[i].fd = -1;
	for (i = 0; i < p->list.n; i++) {
		p->listeners[i] = -1;
		if (p->list.jobs[i].is_client)
			continue;
		p->listeners[i] = listen_on(p, p->list.jobs[i].port);
		if (p->listeners[i] < 0) {
			fprintf(stderr, "tcp-peer: port %u: %s\n", p->list.jobs[i].port,
				strerror(-p->listeners[i]));
			return 1;
		}
	}
	signals = job_signals(SIGUSR1);
	if (signals < 0)
		return 1;
	fprintf(stderr, "tcp-peer: ready\n");
	run(p, signals);
	printf("{");
	job_list_print(&p->list, stdout);
	printf("}\n");
	free(p);
	return 0;
}
