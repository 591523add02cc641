/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does each stream move on as fast as RFC 6298 and RFC 9293 3.8.6.1 demand? Without a loss silence lasts one timeout at
 * most; each loss that a timeout can have caused to be repeated in vain doubles the next. What was lost is known, because
 * the network says so: the bound holds for each seed, not only on average. A lost ACK makes the next one look like a long round
 * trip (RFC 7323 4.1), so a silence also adds to the timeouts after it.
 */
#include "tests/sim/streams.h"

#define MARGIN 1.5 /* timers round up, polls come late */
#define RTO_OF_RTT 5 /* SRTT + 4 RTTVAR, neither greater than the longest round trip */
#define RTO_AFTER_SYN (3 * SIM_S) /* RFC 6298 5.7 */
#define PROBE_STRETCH 3 /* keepalives: idle, and the interval some times */

void
streams_moved(struct stream_end *e)
{
	uint64_t now = e->all->sim->now, waited = now > e->moved_at ? now - e->moved_at : 0;

	e->longest = waited > e->longest ? waited : e->longest;
	e->acked = e->c != NULL ? tcp_acked(e->c) : 0;
	e->moved_at = e->moved_at > now ? e->moved_at : now;
	e->losses = 0;
	e->backed_off = false;
}

static void
loss(struct stream_end *e)
{
	struct sim *s = e->all->sim;

	/* what is lost together is repeated together: it costs one timeout */
	if (e->losses > 0 && s->now - e->lost_at < s->conf.tcp.rto_min / 2)
		return;
	e->lost_at = s->now;
	e->losses++;
}

void
streams_dropped(void *arg, unsigned int, const struct ip_flow *flow)
{
	struct streams *t = arg;
	unsigned int h, port = flow->local_port;

	/* the dialler's port tells the stream */
	port = port > flow->remote_port ? port : flow->remote_port;
	for (h = 0; h < 2; h++)
		loss(&t->end[h][1023 - port]);
}

void
streams_pause(struct streams *t, uint64_t until)
{
	unsigned int h, i;

	for (h = 0; h < 2; h++) {
		for (i = 0; i < t->conf.n; i++) {
			struct stream_end *e = &t->end[h][i];

			e->moved_at = until > e->moved_at ? until : e->moved_at;
			e->backed_off = true;
		}
	}
}

static uint64_t
longest_trip(const struct streams *t)
{
	const struct sim_conf *conf = &t->sim->conf;
	uint64_t trip = 2 * conf->poll_gap + conf->tcp.delack + t->sleep_max;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct sim_link *l = &conf->link[i];

		trip += l->delay + l->jitter + l->reorder_delay;
		if (l->rate > 0)
			trip += (l->queue + conf->path.mtu) * SIM_S / l->rate;
	}
	return trip;
}

/* The longest that the way of @e may stand still. */
static uint64_t
bound(const struct stream_end *e)
{
	const struct streams *t = e->all;
	const struct tcp_config *cfg = &t->sim->conf.tcp;
	uint64_t trip = longest_trip(t), cap, rto, sum = 2 * trip;
	unsigned int i;

	cap = cfg->rto_max > cfg->persist_max ? cfg->rto_max : cfg->persist_max;
	rto = RTO_OF_RTT * trip > cfg->rto_min ? RTO_OF_RTT * trip : cfg->rto_min;
	rto += 2 * e->longest;
	if (!e->open && rto < cfg->syn_rto)
		rto = cfg->syn_rto;
	if (t->sim->conf.strip_ts && rto < RTO_AFTER_SYN)
		rto = RTO_AFTER_SYN;
	for (i = 0; i <= e->losses; i++) {
		uint64_t next = e->backed_off || i > 20 ? cap : rto << i;

		sum += next < cap ? next : cap;
	}
	if (t->may_break)
		sum += cfg->keepalive_idle + PROBE_STRETCH * cfg->keepalive_intvl;
	return (uint64_t)(MARGIN * (double)sum);
}

/*
 * Does anything depend on the peer now? Not while a reader pauses, while a writer finds no mbuf, or while only the other
 * way has something to say.
 */
static bool
waits_for_peer(const struct stream_end *e)
{
	const struct stream_end *peer = &e->all->end[!e->host][e->id];
	uint64_t bytes = e->all->conf.bytes[e->host];

	if (e->c == NULL || peer->stalled_until != 0)
		return false;
	if (!e->open || tcp_acked(e->c) < tcp_queued(e->c))
		return true;
	return tcp_acked(e->c) == bytes && e->heard_all;
}

static void
watch_end(struct stream_end *e)
{
	const struct stream_end *peer = &e->all->end[!e->host][e->id];
	uint64_t now = e->all->sim->now, limit = bound(e), since = e->moved_at, waited;

	if (!waits_for_peer(e) || now <= since) {
		e->moved_at = now > since ? now : since;
		return;
	}
	/* what is left are the FINs, one after the other */
	if (e->heard_all) {
		limit += bound(peer);
		since = peer->moved_at > since ? peer->moved_at : since;
	}
	waited = now > since ? now - since : 0;
	if ((double)waited > e->all->tightest * (double)limit)
		e->all->tightest = (double)waited / (double)limit;
	if (waited > limit)
		streams_fail(e->all, "a stream stood still");
}

/* Data that an engine refuses for lack of memory is a loss as well, of any stream. */
static void
watch_memory(struct streams *t, unsigned int h)
{
	static const enum tcp_counter refused[] = {TCP_RX_NO_MEM, TCP_RX_OOO_NO_MEM, TCP_RX_RENEGED,
						   TCP_TX_NO_MBUF, TCP_TX_NO_RECORD};
	const uint64_t *counters = tcp_counters(t->sim->host[h].tcp);
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		sum += counters[refused[i]];
	if (sum != t->refusals[h]) {
		for (i = 0; i < t->conf.n; i++) {
			loss(&t->end[0][i]);
			loss(&t->end[1][i]);
		}
	}
	t->refusals[h] = sum;
}

void
streams_watch(struct streams *t)
{
	unsigned int h, i;

	for (h = 0; h < 2; h++) {
		watch_memory(t, h);
		for (i = 0; i < t->conf.n; i++)
			watch_end(&t->end[h][i]);
	}
}
