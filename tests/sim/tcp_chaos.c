/* SPDX-License-Identifier: BSD-3-Clause */
/* One run of a drawn configuration: accidents at their time, and what has to be true at the end. */
#include "tests/sim/tcp_chaos.h"

#include "drivers/tcp/tcp_priv.h"

#include <stdlib.h>

#define LIMIT (3600 * SIM_S) /* virtual time that no run needs */
#define ROUND (10 * SIM_MS)
#define ISN_SHIFT 6 /* initial numbers count in 64 ns */

struct chaos {
	const struct chaos_conf *conf;
	struct sim *sim;
	struct streams streams;
	struct chaos_sum *sum;
	bool happened[CHAOS_ACCIDENTS_MAX];
	uint64_t over_at[CHAOS_ACCIDENTS_MAX]; /* when its while ends; 0 = it has none */
};

static void
add_counters(struct chaos *ch, unsigned int h)
{
	const uint64_t *counters = tcp_counters(ch->sim->host[h].tcp);
	unsigned int i;

	for (i = 0; i < TCP_COUNTERS; i++)
		ch->sum->counters[i] += counters[i];
}

/* --- numbers that wrap --- */

/* The clock of both hosts is set so that it happens where the conf says. */
static void
set_clock(struct chaos *ch)
{
	const struct chaos_wrap *w = &ch->conf->wrap;
	struct sim *s = ch->sim;
	struct tcp *t = s->host[w->host].tcp;
	struct ip_flow flow = w->host == 0 ? sim_flow(s, 0, STREAMS_DIAL_PORT, STREAMS_PORT)
					   : sim_flow(s, 1, STREAMS_PORT, STREAMS_DIAL_PORT);
	uint32_t ts = (uint32_t)((s->now + t->cfg.clock_offset) / TCP_MS) + tcp_ts_offset(t, &flow);
	unsigned int h;

	if (w->ts)
		s->conf.tcp.clock_offset += (uint32_t)(0 - w->at - ts) * TCP_MS;
	else
		s->conf.tcp.clock_offset +=
			(uint64_t)(uint32_t)(0 - w->at - tcp_isn(t, &flow, s->now)) << ISN_SHIFT;
	for (h = 0; h < 2; h++)
		s->host[h].tcp->cfg.clock_offset = s->conf.tcp.clock_offset;
}

static void
note_wraps(struct chaos *ch)
{
	unsigned int h, i;

	for (h = 0; h < 2; h++) {
		const struct tcp *t = ch->sim->host[h].tcp;

		for (i = 0; i < t->cfg.max_conns; i++) {
			const struct tcp_conn *c = &t->conns[i];

			if (c->t == NULL || !tcp_is_synchronized(c))
				continue;
			ch->sum->wrapped += c->snd_nxt < c->iss;
			ch->sum->ts_wrapped += c->ts_ok &&
				tcp_ts_now(c, ch->sim->now) < (uint32_t)(ch->sim->now / TCP_MS);
		}
	}
}

/* --- accidents --- */

/* RFC 2018 8 allows it to a host that is short of memory. */
static void
renege(struct tcp *t)
{
	unsigned int i;

	for (i = 0; i < t->cfg.max_conns; i++) {
		struct tcp_conn *c = &t->conns[i];

		if (c->t != NULL && tcp_is_synchronized(c)) {
			struct tcp_rx_mem rm = tcp_rx_mem(c);

			tcp_count_n(t, TCP_RX_RENEGED, tcp_rxq_drop_ooo(&c->rx, &rm));
		}
	}
}

static void
restart(struct chaos *ch, unsigned int h)
{
	ch->streams.may_break = true;
	add_counters(ch, h);
	if (sim_restart(ch->sim, h) < 0) {
		streams_fail(&ch->streams, "cannot restart");
		return;
	}
	streams_listen(&ch->streams, h);
	streams_pause(&ch->streams, ch->sim->now);
}

/* Return: when it is over; 0 = it has no duration. */
static uint64_t
happen(struct chaos *ch, const struct chaos_accident *a)
{
	struct sim *s = ch->sim;
	uint64_t until = s->now + a->time;
	unsigned int i;

	ch->sum->accidents[a->kind]++;
	switch (a->kind) {
	case CHAOS_RESTART:
		restart(ch, a->who);
		return 0;
	case CHAOS_SLEEP:
		sim_sleep(s, a->who, until);
		ch->streams.sleep_max = a->time;
		streams_pause(&ch->streams, until);
		return 0;
	case CHAOS_DOWN:
		for (i = 0; i < 2; i++)
			s->conf.link[i].down = a->who == i || a->who == 2;
		return until;
	case CHAOS_MTU:
	case CHAOS_HOLE:
		s->conf.link[a->who].mtu = a->mtu;
		s->conf.link[a->who].silent = a->kind == CHAOS_HOLE;
		return a->kind == CHAOS_HOLE ? until : 0;
	default:
		renege(s->host[a->who].tcp);
		return 0;
	}
}

static void
end_of(struct chaos *ch, const struct chaos_accident *a)
{
	struct sim_link *l = ch->sim->conf.link;

	if (a->kind == CHAOS_DOWN)
		l[0].down = l[1].down = false;
	else
		l[a->who].mtu = 0;
}

static void
accidents(struct chaos *ch)
{
	const struct sim *s = ch->sim;
	uint64_t sent = s->stats[0].sent + s->stats[1].sent;
	unsigned int i;

	for (i = 0; i < ch->conf->n_accidents; i++) {
		const struct chaos_accident *a = &ch->conf->accidents[i];

		if (!ch->happened[i] && sent >= a->at) {
			ch->happened[i] = true;
			ch->over_at[i] = happen(ch, a);
		}
		if (ch->over_at[i] != 0 && s->now >= ch->over_at[i]) {
			ch->over_at[i] = 0;
			end_of(ch, a);
		}
	}
}

static uint64_t
next_round(const struct chaos *ch)
{
	uint64_t next = ch->sim->now + ROUND;
	unsigned int i;

	for (i = 0; i < ch->conf->n_accidents; i++)
		next = ch->over_at[i] != 0 && ch->over_at[i] < next ? ch->over_at[i] : next;
	return next;
}

/* --- the end --- */

/* Counters tell what happened: they agree with what the users and the network have seen. */
static void
check_counters(struct chaos *ch)
{
	struct streams *t = &ch->streams;
	unsigned int h;

	for (h = 0; h < 2; h++) {
		const uint64_t *n = tcp_counters(ch->sim->host[h].tcp);
		const struct sim_stats *out = &ch->sim->stats[h], *in = &ch->sim->stats[!h];

		/* a restarted engine has begun to count anew, and bytes that nobody read died with it */
		if (t->may_break)
			continue;
		if (n[TCP_SEG_IN] != in->delivered || n[TCP_SEG_OUT] > out->sent)
			streams_fail(t, "segments are counted wrongly");
		if (n[TCP_BYTES_IN] != t->received[h])
			streams_fail(t, "bytes in are counted wrongly");
		if (n[TCP_BYTES_OUT] < t->received[!h])
			streams_fail(t, "bytes out are counted wrongly");
		if (n[TCP_CONN_ACTIVE] != t->connected[h] || n[TCP_CONN_PASSIVE] != t->accepted[h])
			streams_fail(t, "connections are counted wrongly");
		if (n[TCP_CONN_CLOSED] != t->ended[h])
			streams_fail(t, "connections closed are counted wrongly");
		if (n[TCP_DROP_HEADER] + n[TCP_DROP_FLAGS] + n[TCP_BAD_OPTIONS] + n[TCP_SACK_BAD] >
		    0)
			streams_fail(t, "an engine sent what an engine drops");
		/* a window that was told is kept, whatever gets lost */
		if (n[TCP_RX_BEYOND] > 0)
			streams_fail(t, "a segment lies beyond the window");
	}
}

static void
add_stats(struct chaos_sum *sum, const struct sim_stats *s)
{
	struct sim_stats *all = &sum->stats;

	all->sent += s->sent;
	all->delivered += s->delivered;
	all->lost += s->lost;
	all->corrupted += s->corrupted;
	all->queue_drops += s->queue_drops;
	all->ring_drops += s->ring_drops;
	all->no_mbuf += s->no_mbuf;
	all->too_big += s->too_big;
	all->duplicated += s->duplicated;
	all->reordered += s->reordered;
	all->marked += s->marked;
	all->bleached += s->bleached;
}

static void
run_to_the_end(struct chaos *ch)
{
	struct streams *t = &ch->streams;
	struct sim *s = ch->sim;
	uint64_t end = s->now + LIMIT;

	while (!streams_round(t) && t->broken == NULL && s->now < end) {
		uint64_t next = next_round(ch);

		while (sim_step(s, next) && t->broken == NULL)
			accidents(ch);
		accidents(ch);
		streams_watch(t);
		note_wraps(ch);
	}
	if (s->now >= end)
		streams_fail(t, "it did not end");
	/* TIME-WAIT ends as well, so that even its blocks are back */
	for (end = s->now + 3 * s->conf.tcp.time_wait; t->broken == NULL && sim_step(s, end);)
		;
	if (tcp_block_count(s->host[0].tcp) + tcp_block_count(s->host[1].tcp) > 0)
		streams_fail(t, "a connection block is still in use");
	check_counters(ch);
}

const char *
chaos_run(const struct chaos_conf *conf, struct chaos_sum *sum)
{
	struct chaos *ch = calloc(1, sizeof(*ch));
	const char *broken, *leak;
	unsigned int i;

	ch->conf = conf;
	ch->sum = sum;
	if (sim_create(&conf->sim, &ch->sim) < 0)
		abort();
	set_clock(ch);
	streams_start(&ch->streams, ch->sim, &conf->users);
	run_to_the_end(ch);
	broken = ch->streams.broken;
	if (broken != NULL)
		streams_dump(&ch->streams);
	for (i = 0; i < 2; i++) {
		add_counters(ch, i);
		add_stats(sum, &ch->sim->stats[i]);
	}
	sum->reopened += ch->streams.reopened;
	if (ch->streams.tightest > sum->tightest)
		sum->tightest = ch->streams.tightest;
	leak = sim_destroy(ch->sim);
	free(ch);
	return broken != NULL ? broken : leak;
}
