/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that are measured: their users. */
#include "tests/sim/flows.h"

#include "lnet/base/counter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define QUEUE (8u << 20) /* bytes that the greedy keep in the engine, in all */
#define CHUNK (64u << 10)

static void
send(struct flow *f, uint32_t len, uint64_t now)
{
	static const uint8_t bytes[CHUNK];
	const struct sim_host *h = &f->all->sim->host[0];
	struct buf b = {0};

	assert_int_equal(buf_copy_in(&b, &h->mem, bytes, len), 0);
	assert_int_equal(tcp_send(f->c, &b, false, now), 0);
}

static void
write_more(struct flow *f, uint64_t now)
{
	while (f->all->greedy && tcp_queued(f->c) - tcp_acked(f->c) < QUEUE / f->all->n)
		send(f, CHUNK, now);
}

void
flows_write(struct flows *all, unsigned int i, uint32_t bytes)
{
	uint32_t n;

	for (; bytes > 0; bytes -= n) {
		n = bytes < CHUNK ? bytes : CHUNK;
		send(&all->tx[i], n, all->sim->now);
	}
	/* nothing else may happen for a while */
	sim_step(all->sim, all->sim->now);
}

static void
on_connected(struct tcp_conn *, void *user, uint64_t now)
{
	write_more(user, now);
}

static void
on_readable(struct tcp_conn *c, void *user, uint64_t now)
{
	((struct flow *)user)->received += tcp_rx_discard(c, UINT32_MAX, now);
}

static void
on_acked(struct tcp_conn *, void *user, uint64_t now)
{
	write_more(user, now);
}

static void
on_closed(struct tcp_conn *, void *user, int, uint64_t)
{
	((struct flow *)user)->all->broken++;
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
	struct flows *all = user;

	tcp_set_user(c, &ops, &all->rx[1023 - tcp_flow(c)->remote_port]);
	return 0;
}

void
flows_start(struct flows *all, unsigned int i)
{
	struct sim *s = all->sim;
	struct ip_flow flow = sim_flow(s, 0, (uint16_t)(1023 - i), FLOWS_PORT);

	all->tx[i].all = all->rx[i].all = all;
	assert_int_equal(
		tcp_connect(s->host[0].tcp, &flow, 0, &ops, &all->tx[i], s->now, &all->tx[i].c), 0);
}

void
flows_open(struct flows *all, const struct sim_conf *conf, unsigned int n)
{
	struct tcp_listener *l;

	*all = (struct flows){.n = n, .greedy = true};
	assert_int_equal(sim_create(conf, &all->sim), 0);
	assert_int_equal(tcp_listen(all->sim->host[1].tcp, &all->sim->host[1].addr, FLOWS_PORT,
				    FLOWS_MAX, on_accept, all, &l),
			 0);
}

void
flows_run(struct flows *all, uint64_t ns)
{
	uint64_t end = all->sim->now + ns;

	while (sim_step(all->sim, end))
		;
	assert_int_equal(all->broken, 0);
}

void
flows_close(struct flows *all)
{
	const char *leak = sim_destroy(all->sim);

	if (leak != NULL)
		fail_msg("%s", leak);
}

void
flows_take_shares(struct flows *all, uint64_t ns, double *share)
{
	uint64_t before[FLOWS_MAX] = {0};
	unsigned int i;

	for (i = 0; i < all->n; i++)
		before[i] = all->rx[i].received;
	flows_run(all, ns);
	for (i = 0; i < all->n; i++)
		share[i] = (double)(all->rx[i].received - before[i]);
}

double
flows_sum(const double *share, unsigned int n)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += share[i];
	return sum;
}

double
flows_jain(const double *share, unsigned int n)
{
	double sum = flows_sum(share, n), squares = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		squares += share[i] * share[i];
	return sum * sum / (n * squares);
}

uint64_t
flows_count(const struct flows *all, unsigned int h, enum tcp_counter id)
{
	return counter_read(&tcp_counters(all->sim->host[h].tcp)[id]);
}
