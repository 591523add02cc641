/* SPDX-License-Identifier: BSD-3-Clause */
/* Users that write and read streams. */
#include "tests/sim/streams.h"

#include <rte_mempool.h>

#define LOSSES_EXCUSED \
	2 /* of a FIN or its ACK: the other end waits in FIN-WAIT-2 for some seconds only */
#define CHUNK (64u << 10)

static uint8_t
pattern(unsigned int id, unsigned int from, uint8_t life, uint64_t off)
{
	if (off == 0)
		return life;
	return (uint8_t)(off * 131 + (off >> 8) * 17 + (off >> 16) * 29 + id * 7 + from * 3 +
			 life * 37u);
}

void
streams_fail(struct streams *t, const char *what)
{
	if (t->broken == NULL)
		t->broken = what;
}

static bool
is_dialler(const struct streams *t, unsigned int host, unsigned int id)
{
	return host == (t->conf.both_dial ? id % 2 : 0);
}

struct stream_end *
streams_dialler(struct streams *t, unsigned int id)
{
	return is_dialler(t, 0, id) ? &t->end[0][id] : &t->end[1][id];
}

static struct stream_end *
peer_of(struct stream_end *e)
{
	return &e->all->end[!e->host][e->id];
}

/* --- the writer --- */

static uint32_t
next_len(struct stream_end *e)
{
	const struct streams_conf *conf = &e->all->conf;
	struct sim *s = e->all->sim;
	uint64_t left = conf->bytes[e->host] - e->written;
	uint32_t max = sim_random(s, 4) == 0 ? 100 : conf->write_max;
	uint32_t n = 1 + (uint32_t)sim_random(s, max < CHUNK ? max : CHUNK);

	return n < left ? n : (uint32_t)left;
}

/* Writers leave half of the host's mbufs to the engine, as users with a ledger do. */
static bool
may_write(const struct stream_end *e)
{
	const struct sim *s = e->all->sim;

	return rte_mempool_avail_count(s->host[e->host].mem.mbufs) > s->conf.n_mbufs / 2;
}

static void
write_some(struct stream_end *e, uint64_t now)
{
	static uint8_t bytes[CHUNK];
	const struct streams_conf *conf = &e->all->conf;
	struct sim *s = e->all->sim;
	struct buf b = {0};

	while (e->c != NULL && e->written < conf->bytes[e->host] &&
	       tcp_queued(e->c) - tcp_acked(e->c) < conf->queue_max && may_write(e)) {
		uint32_t n = next_len(e), i;
		bool last = e->written + n == conf->bytes[e->host];

		for (i = 0; i < n; i++)
			bytes[i] = pattern(e->id, e->host, e->life, e->written + i);
		/* no mbuf: acked() calls again, or the next round */
		if (buf_copy_in(&b, &s->host[e->host].mem, bytes, n) < 0)
			return;
		if (tcp_send(e->c, &b, !last && sim_random(s, 3) == 0, now) < 0) {
			buf_release(&b, &s->host[e->host].mem);
			return;
		}
		e->written += n;
	}
}

/* --- the reader --- */

static void
check(struct stream_end *e, const struct buf *b)
{
	const struct slice *sl;
	uint32_t i;

	for (sl = b->head; sl != NULL; sl = sl->next) {
		const uint8_t *p = slice_data(sl);

		if (e->received == 0)
			e->peer_life = p[0];
		for (i = 0; i < sl->len; i++) {
			if (p[i] != pattern(e->id, !e->host, e->peer_life, e->received + i)) {
				streams_fail(e->all, "a byte was altered");
				return;
			}
		}
		e->received += sl->len;
	}
	e->all->received[e->host] += b->len;
	if (e->received > e->all->conf.bytes[!e->host])
		streams_fail(e->all, "more was received than was sent");
}

static void
read_some(struct stream_end *e, uint64_t now)
{
	const struct streams_conf *conf = &e->all->conf;
	struct sim *s = e->all->sim;
	struct buf b = {0};
	uint32_t n;

	while ((n = tcp_rx_len(e->c)) > 0) {
		if (sim_chance(s, conf->stall_ppm)) {
			e->stalled_until = now + 1 + sim_random(s, conf->stall_max);
			return;
		}
		if (sim_chance(s, conf->expect_ppm))
			tcp_rx_expect(e->c, (uint32_t)sim_random(s, 2) * 2 * n);
		n = sim_random(s, 2) == 0 ? n : 1 + (uint32_t)sim_random(s, n);
		if (tcp_rx_take(e->c, &b, n, now) < 0)
			return;
		check(e, &b);
		buf_release(&b, &s->host[e->host].mem);
	}
	e->heard_all = e->received == conf->bytes[!e->host];
}

/* All has been said and heard: the end closes, though the last bytes may still be on their way. */
static void
close_if_done(struct stream_end *e, uint64_t now)
{
	if (e->c != NULL && e->heard_all && e->written == e->all->conf.bytes[e->host])
		tcp_close(e->c, now);
}

static void
on_connected(struct tcp_conn *, void *user, uint64_t now)
{
	struct stream_end *e = user;

	e->open = true;
	e->all->connected[e->host]++;
	streams_moved(e);
	write_some(e, now);
}

static void
on_readable(struct tcp_conn *, void *user, uint64_t now)
{
	struct stream_end *e = user;

	if (e->stalled_until == 0)
		read_some(e, now);
	close_if_done(e, now);
}

static void
on_acked(struct tcp_conn *c, void *user, uint64_t now)
{
	struct stream_end *e = user;

	if (tcp_acked(c) > e->acked)
		streams_moved(e);
	write_some(e, now);
	close_if_done(e, now);
}

static void
on_closed(struct tcp_conn *, void *user, int err, uint64_t)
{
	struct stream_end *e = user, *peer = peer_of(e);
	struct streams *t = e->all;
	bool excused = e->heard_all && peer->heard_all &&
		(e->losses >= LOSSES_EXCUSED || peer->losses >= LOSSES_EXCUSED);

	if (e->closed)
		streams_fail(t, "closed() was called twice");
	e->closed = true;
	e->open = false;
	e->c = NULL;
	if (err == 0)
		t->ended[e->host]++;
	/* the peer may have died since, and started over */
	if (err == 0 && !(e->heard_all && (peer->heard_all || peer->life != e->life)))
		streams_fail(t, "a stream ended before all was heard");
	if (err != 0 && !t->may_break && !excused)
		streams_fail(t, "a stream ended with an error");
}

static const struct tcp_ops ops = {
	.connected = on_connected,
	.readable = on_readable,
	.acked = on_acked,
	.closed = on_closed,
};

/* --- opening --- */

static void
begin(struct streams *t, struct stream_end *e, uint8_t life)
{
	*e = (struct stream_end){
		.all = t, .host = e->host, .id = e->id, .life = life, .moved_at = t->sim->now};
	e->began_at = e->moved_at;
	streams_moved(e);
}

static int
on_accept(struct tcp_conn *c, void *user, uint64_t now)
{
	struct sim_host *h = user;
	struct streams *t = h->sim->dropped_arg;
	struct stream_end *e = &t->end[h->index][STREAMS_DIAL_PORT - tcp_flow(c)->remote_port];

	if (e->c != NULL)
		streams_fail(t, "accepted twice");
	begin(t, e, peer_of(e)->life);
	/* the whole of the handshake may look like one round trip */
	e->longest = now - peer_of(e)->began_at;
	e->c = c;
	e->open = true;
	t->accepted[h->index]++;
	tcp_set_user(c, &ops, e);
	write_some(e, now);
	return 0;
}

void
streams_listen(struct streams *t, unsigned int h)
{
	struct sim_host *host = &t->sim->host[h];
	struct tcp_listener *l;

	if (tcp_listen(host->tcp, &host->addr, STREAMS_PORT, 2 * STREAMS_MAX, on_accept, host, &l) <
	    0)
		streams_fail(t, "cannot listen");
}

static void
dial(struct streams *t, struct stream_end *e)
{
	struct ip_flow flow =
		sim_flow(t->sim, e->host, (uint16_t)(STREAMS_DIAL_PORT - e->id), STREAMS_PORT);

	begin(t, e, (uint8_t)(e->life + 1));
	if (tcp_connect(t->sim->host[e->host].tcp, &flow, 0, &ops, e, t->sim->now, &e->c) < 0)
		streams_fail(t, "cannot connect");
}

void
streams_start(struct streams *t, struct sim *s, const struct streams_conf *conf)
{
	unsigned int h, i;

	*t = (struct streams){.sim = s, .conf = *conf};
	s->dropped = streams_dropped;
	s->dropped_arg = t;
	for (h = 0; h < 2; h++)
		streams_listen(t, h);
	for (i = 0; i < conf->n; i++) {
		for (h = 0; h < 2; h++)
			t->end[h][i] = (struct stream_end){.all = t, .host = h, .id = i};
		dial(t, streams_dialler(t, i));
	}
}

/* --- rounds --- */

/* Return: the stream has ended. */
static bool
reopen_if_broken(struct streams *t, unsigned int id)
{
	struct stream_end *e = streams_dialler(t, id), *peer = peer_of(e);

	if (!e->closed)
		return false;
	if (e->heard_all && peer->heard_all)
		return peer->closed;
	if (sim_is_awake(t->sim, e->host)) {
		t->reopened++;
		dial(t, e);
	}
	return false;
}

static void
end_round(struct stream_end *e, uint64_t now)
{
	if (e->c == NULL || !e->open || !sim_is_awake(e->all->sim, e->host))
		return;
	if (e->stalled_until != 0 && e->stalled_until <= now) {
		e->stalled_until = 0;
		/* its peer waits for a window, and may have done so for long */
		peer_of(e)->backed_off = true;
		peer_of(e)->moved_at = now;
		read_some(e, now);
	}
	write_some(e, now);
	close_if_done(e, now);
}

bool
streams_round(struct streams *t)
{
	bool all = true;
	unsigned int h, i;

	for (i = 0; i < t->conf.n; i++) {
		all = reopen_if_broken(t, i) && all;
		for (h = 0; h < 2; h++)
			end_round(&t->end[h][i], t->sim->now);
	}
	return all;
}
