/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow on a connection of the engine. */
#include "drivers/ether/ether.h"
#include "drivers/tcp/tcp.h"
#include "tests/tcp/flow.h"
#include "tests/tcp/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE (512u << 10) /* bytes queued and not acknowledged, per connection */
#define BULK 1000u /* chunks below are to be segments of their own */
#define BACKLOG 64

struct host_conn {
	struct host *h;
	struct tcp_conn *c;
	struct flow flow;
	bool is_open, is_ending;
	TAILQ_ENTRY(host_conn) link;
};

static uint32_t
queue_room(const struct tcp_conn *c)
{
	uint64_t held = tcp_queued(c) - tcp_acked(c);

	return held < QUEUE ? (uint32_t)(QUEUE - held) : 0;
}

/* --- receive and send --- */

static uint32_t
min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void
read_to_verify(struct host_conn *hc, uint32_t max, uint64_t now)
{
	struct host *h = hc->h;
	uint32_t n, part;

	for (n = min_u32(tcp_rx_len(hc->c), max); n > 0; n -= part) {
		part = min_u32(n, sizeof(h->buffer));
		if (tcp_rx_peek(hc->c, 0, h->buffer, part) < 0)
			return;
		flow_got(&hc->flow, h->buffer, part, now - h->lost_ns);
		tcp_rx_discard(hc->c, part, now);
	}
}

/* What came goes out from the same memory, as in a router. */
static void
echo(struct host_conn *hc, uint64_t now)
{
	uint32_t n = min_u32(tcp_rx_len(hc->c), queue_room(hc->c));
	struct buf b = {0};

	n = min_u32(n, flow_may_read(&hc->flow, now - hc->h->lost_ns));
	if (n == 0 || tcp_rx_take(hc->c, &b, n, now) < 0)
		return;
	flow_got(&hc->flow, NULL, n, now - hc->h->lost_ns);
	if (tcp_send(hc->c, &b, false, now) == 0)
		flow_put(&hc->flow, n, now - hc->h->lost_ns);
	else
		buf_release(&b, hc->h->mem);
}

static void
write_more(struct host_conn *hc, uint64_t now)
{
	const struct job *j = hc->flow.job;
	struct host *h = hc->h;
	struct buf b = {0};
	uint32_t n;

	while (!stream_tx_done(&hc->flow.tx)) {
		n = min_u32(queue_room(hc->c), min_u32(j->chunk, sizeof(h->buffer)));
		if (n == 0 || (j->chunk < BULK && tcp_sent(hc->c) != tcp_queued(hc->c)))
			return;
		n = stream_tx_make(&hc->flow.tx, h->buffer, n);
		if (buf_copy_in(&b, h->mem, h->buffer, n) < 0)
			return;
		if (tcp_send(hc->c, &b, false, now) < 0) {
			buf_release(&b, h->mem);
			return;
		}
		flow_put(&hc->flow, n, now - h->lost_ns);
	}
}

/* --- end --- */

/* The last thing that is done with @hc: a reset ends it before this returns. */
static void
end_in_time(struct host_conn *hc, uint64_t now)
{
	enum job_end how = hc->flow.job->end;
	bool whole = flow_is_whole(&hc->flow);

	hc->flow.eof = hc->flow.eof || tcp_rx_eof(hc->c);
	if (hc->is_ending)
		return;
	if (hc->flow.rx.wrong != 0 ||
	    (how == JOB_RESET && whole && tcp_acked(hc->c) == tcp_queued(hc->c))) {
		hc->is_ending = true;
		tcp_abort(hc->c, now);
	} else if ((whole && how == JOB_FIRST) || (hc->flow.eof && !hc->flow.job->echo) ||
		   (whole && hc->flow.job->echo)) {
		hc->is_ending = true;
		tcp_close(hc->c, now);
	}
}

static void
serve(struct host_conn *hc, uint64_t now)
{
	if (hc->flow.job->echo) {
		echo(hc, now);
	} else {
		read_to_verify(hc, flow_may_read(&hc->flow, now - hc->h->lost_ns), now);
		write_more(hc, now);
	}
	end_in_time(hc, now);
}

static void
on_connected(struct tcp_conn *, void *user, uint64_t now)
{
	struct host_conn *hc = user;

	hc->is_open = true;
	hc->flow.began = hc->flow.progress_at = now - hc->h->lost_ns;
	serve(hc, now);
}

static void
on_event(struct tcp_conn *, void *user, uint64_t now)
{
	serve(user, now);
}

static void
forget(struct host_conn *hc, int err)
{
	flow_end(&hc->flow, err);
	TAILQ_REMOVE(&hc->h->conns, hc, link);
	free(hc);
}

static void
on_closed(struct tcp_conn *, void *user, int err, uint64_t now)
{
	struct host_conn *hc = user;

	/* a slow reader is slow no more: what is not taken now is gone */
	if (!hc->flow.job->echo)
		read_to_verify(hc, UINT32_MAX, now);
	if (err == -ECONNABORTED && hc->is_ending && hc->flow.job->end == JOB_RESET)
		err = 0;
	forget(hc, err);
}

static const struct tcp_ops conn_ops = {
	.connected = on_connected,
	.readable = on_event,
	.acked = on_event,
	.closed = on_closed,
};

/* --- begin --- */

static struct host_conn *
conn_new(struct host *h, struct job *j, uint64_t now)
{
	struct host_conn *hc = calloc(1, sizeof(*hc));

	if (hc == NULL)
		return NULL;
	hc->h = h;
	flow_begin(&hc->flow, j, flow_seed(), now - h->lost_ns);
	TAILQ_INSERT_TAIL(&h->conns, hc, link);
	return hc;
}

static int
on_accept(struct tcp_conn *c, void *user, uint64_t now)
{
	const struct host_service *s = user;
	struct host_conn *hc = conn_new(s->h, s->job, now);

	if (hc == NULL)
		return -ENOMEM;
	hc->c = c;
	tcp_set_user(c, &conn_ops, hc);
	on_connected(c, hc, now);
	return 0;
}

int
host_listen(struct host *h)
{
	struct tcp_listener *l;
	struct ether_iface_info info;
	unsigned int i, k;
	int rc = ether_iface_get(h->stack.ether, 0, &info);

	for (i = 0; rc == 0 && i < h->n_jobs; i++) {
		h->services[i] = (struct host_service){h, &h->jobs[i]};
		for (k = 0; rc == 0 && !h->jobs[i].is_client && k < info.conf->n_addrs; k++)
			rc = tcp_listen(h->stack.tcp, &info.conf->addrs[k].addr, h->jobs[i].port,
					BACKLOG, on_accept, &h->services[i], &l);
	}
	return rc;
}

static int
flow_of(const struct host *h, const struct job *j, struct ip_flow *flow)
{
	struct ether_iface_info info;
	unsigned int i;

	*flow = (struct ip_flow){.remote_port = j->port};
	if (ipaddr_parse(j->to, &flow->remote) < 0 || ether_iface_get(h->stack.ether, 0, &info) < 0)
		return -EINVAL;
	for (i = 0; i < info.conf->n_addrs; i++) {
		flow->local = info.conf->addrs[i].addr;
		if (flow->local.family == flow->remote.family)
			return 0;
	}
	return -EADDRNOTAVAIL;
}

void
host_connect(struct host *h, struct job *j, uint64_t now)
{
	struct host_conn *hc;
	struct ip_flow flow;
	unsigned int i;
	int rc = flow_of(h, j, &flow);

	while (j->started < j->count && j->running < j->parallel) {
		hc = conn_new(h, j, now);
		if (hc == NULL)
			return;
		for (i = 0; rc == 0 && i < j->ports; i++) {
			flow.local_port = (uint16_t)(j->from + h->steps++ % j->ports);
			rc = tcp_connect(h->stack.tcp, &flow, 0, &conn_ops, hc, now, &hc->c);
			if (rc != -EADDRINUSE)
				break;
			rc = 0; /* there are at least as many ports as connections */
		}
		if (rc < 0 || hc->c == NULL)
			forget(hc, rc < 0 ? rc : -EADDRINUSE);
	}
}

void
host_tick(struct host *h, uint64_t now)
{
	struct host_conn *hc, *next;

	for (hc = TAILQ_FIRST(&h->conns); hc != NULL; hc = next) {
		next = TAILQ_NEXT(hc, link);
		if (hc->is_open)
			serve(hc, now);
	}
}

void
host_abort(struct host *h, uint64_t now)
{
	struct host_conn *hc;

	while ((hc = TAILQ_FIRST(&h->conns)) != NULL)
		tcp_abort(hc->c, now);
}
