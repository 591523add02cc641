/* SPDX-License-Identifier: BSD-3-Clause */
/* The network: what happens to packets between the hosts. */
#include "tests/sim/net_link.h"

#include "drivers/tcp/wire.h"
#include "lnet/base/bytes.h"

#include <stdlib.h>
#include <string.h>

#define QUOTED 8 /* bytes of the TCP header that a report of ICMP carries */

/* --- the memory of packets --- */

struct sim_packet *
sim_packet_get(struct sim *s)
{
	struct sim_packet *p = s->free;

	if (p != NULL)
		s->free = p->next;
	else
		p = malloc(sizeof(*p) + s->packet_max);
	*p = (struct sim_packet){0};
	return p;
}

void
sim_packet_put(struct sim *s, struct sim_packet *p)
{
	p->next = s->free;
	s->free = p;
}

static struct sim_packet *
copy(struct sim *s, const struct sim_packet *p)
{
	struct sim_packet *twin = sim_packet_get(s);

	memcpy(twin, p, sizeof(*p) + p->len);
	return twin;
}

/* --- packets on their way: a binary heap by time --- */

static bool
before(const struct sim_flight *a, const struct sim_flight *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct sim_flight *a, struct sim_flight *b)
{
	struct sim_flight t = *a;

	*a = *b;
	*b = t;
}

void
sim_put_back(struct sim *s, struct sim_packet *p, uint64_t at)
{
	unsigned int i = s->n_heap++;

	if (s->n_heap > s->heap_size) {
		s->heap_size = s->heap_size * 2 + 64;
		s->heap = realloc(s->heap, s->heap_size * sizeof(*s->heap));
	}
	s->heap[i] = (struct sim_flight){.at = at, .order = s->orders++, .p = p};
	for (; i > 0 && before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&s->heap[i], &s->heap[(i - 1) / 2]);
}

static struct sim_packet *
heap_pop(struct sim *s)
{
	struct sim_packet *top = s->heap[0].p;
	unsigned int i = 0;

	s->heap[0] = s->heap[--s->n_heap];
	for (;;) {
		unsigned int l = 2 * i + 1, r = l + 1, least = i;

		if (l < s->n_heap && before(&s->heap[l], &s->heap[least]))
			least = l;
		if (r < s->n_heap && before(&s->heap[r], &s->heap[least]))
			least = r;
		if (least == i)
			return top;
		swap(&s->heap[i], &s->heap[least]);
		i = least;
	}
}

uint64_t
sim_next_arrival(const struct sim *s)
{
	return s->n_heap > 0 ? s->heap[0].at : TIMER_NONE;
}

struct sim_packet *
sim_arrived(struct sim *s)
{
	return sim_next_arrival(s) <= s->now ? heap_pop(s) : NULL;
}

void
sim_link_fini(struct sim *s)
{
	struct sim_packet *p;

	while (s->n_heap > 0)
		sim_packet_put(s, heap_pop(s));
	while ((p = s->free) != NULL) {
		s->free = p->next;
		free(p);
	}
	free(s->heap);
}

/* --- what befalls them --- */

void
sim_drop(struct sim *s, struct sim_packet *p, uint64_t *counter)
{
	(*counter)++;
	if (s->dropped != NULL)
		s->dropped(s->dropped_arg, !p->to, &p->flow);
	sim_packet_put(s, p);
}

static uint32_t
ip_len(const struct sim_packet *p)
{
	return p->len + (p->flow.remote.family == IP_V6 ? 40 : 20);
}

/* The greatest packet that it would be on a wire. */
static uint32_t
wire_len(const struct sim_packet *p)
{
	if (p->mss == 0)
		return ip_len(p);
	return ip_len(p) - p->len + (uint32_t)(p->bytes[12] >> 4) * 4 + p->mss;
}

static bool
is_nth(const struct sim_link *l, uint64_t n)
{
	return n == l->drop_nth || (l->drop_every > 0 && n % l->drop_every == 0);
}

static bool
in_burst(struct sim *s, unsigned int from)
{
	const struct sim_burst *b = &s->conf.link[from].burst;

	if (sim_chance(s, s->is_bad[from] ? b->leave : b->enter))
		s->is_bad[from] = !s->is_bad[from];
	return s->is_bad[from] && sim_chance(s, b->loss);
}

static bool
is_lost(struct sim *s, unsigned int from, const struct sim_packet *p)
{
	const struct sim_link *l = &s->conf.link[from];

	if (l->down || is_nth(l, s->stats[from].sent) || in_burst(s, from) ||
	    sim_chance(s, l->loss))
		return true;
	return s->filter != NULL && !s->filter(s->filter_arg, from, p->bytes, p->len);
}

/* RFC 3168 5: only where a transport has said that it understands the mark. */
static void
mark(struct sim *s, unsigned int from, struct sim_packet *p)
{
	if ((p->tos & IP_ECN_MASK) == IP_ECN_NONE)
		return;
	p->tos |= IP_ECN_CE;
	s->stats[from].marked++;
}

static bool
is_congested(struct sim *s, const struct sim_link *l, uint64_t waiting)
{
	if (l->mark == 0 || waiting < l->mark)
		return false;
	return waiting >= l->mark_all || sim_random(s, l->mark_all - l->mark) < waiting - l->mark;
}

/* What may happen to the ECN field for other reasons. */
static void
ecn_field(struct sim *s, unsigned int from, struct sim_packet *p)
{
	const struct sim_link *l = &s->conf.link[from];

	if (sim_chance(s, l->ce))
		mark(s, from, p);
	if (l->mangle)
		p->tos |= IP_ECN_CE;
	if (!l->bleach || (p->tos & IP_ECN_MASK) == IP_ECN_NONE)
		return;
	p->tos &= (uint8_t)~IP_ECN_MASK;
	s->stats[from].bleached++;
}

/* Wait for the rate limit. Return: false: the queue is full. */
static bool
queue(struct sim *s, unsigned int from, struct sim_packet *p, uint64_t *at)
{
	const struct sim_link *l = &s->conf.link[from];
	uint64_t begin, waiting;

	if (l->rate == 0)
		return true;
	begin = s->busy_until[from] > *at ? s->busy_until[from] : *at;
	waiting = (begin - *at) * l->rate / SIM_S;
	if (waiting > l->queue)
		return false;
	s->stats[from].waiting += waiting;
	if (waiting > s->stats[from].waiting_max)
		s->stats[from].waiting_max = waiting;
	if (is_congested(s, l, waiting))
		mark(s, from, p);
	*at = s->busy_until[from] = begin + ip_len(p) * SIM_S / l->rate;
	return true;
}

static void
send(struct sim *s, unsigned int from, struct sim_packet *p)
{
	const struct sim_link *l = &s->conf.link[from];
	uint64_t at = s->now;

	if (!queue(s, from, p, &at)) {
		sim_drop(s, p, &s->stats[from].queue_drops);
		return;
	}
	ecn_field(s, from, p);
	at += l->delay + sim_random(s, l->jitter);
	if (sim_chance(s, l->reorder)) {
		s->stats[from].reordered++;
		at += sim_random(s, l->reorder_delay);
	} else {
		at = at > s->last_at[from] ? at : s->last_at[from];
		s->last_at[from] = at;
	}
	p->is_corrupt = sim_chance(s, l->corrupt);
	sim_put_back(s, p, at);
}

/* A report travels with the packets of the other direction, and gets lost as they do. */
static void
too_big(struct sim *s, unsigned int from, struct sim_packet *p)
{
	const struct sim_link *l = &s->conf.link[from], *back = &s->conf.link[!from];

	if (!l->silent && !back->down && !sim_chance(s, back->loss)) {
		struct sim_packet *r = sim_packet_get(s);

		*r = (struct sim_packet){
			.to = from, .is_report = true, .flow = p->flow, .len = QUOTED};
		memcpy(r->bytes, p->bytes, QUOTED);
		sim_put_back(s, r, s->now + back->delay);
	}
	sim_drop(s, p, &s->stats[from].too_big);
}

/* Overwrite the offers that do not pass with no-operations. */
static void
strip(const struct sim_conf *conf, uint8_t *tcp, uint32_t len)
{
	uint32_t end = (uint32_t)(tcp[12] >> 4) * 4, i = TCP_HDR_MIN;

	if ((tcp[13] & TCP_SYN) == 0 || end > len)
		return;
	while (i < end && tcp[i] != 0) {
		uint32_t n = tcp[i] == 1 ? 1 : tcp[i + 1];

		if ((tcp[i] == 4 && conf->strip_sack) || (tcp[i] == 8 && conf->strip_ts))
			memset(tcp + i, 1, n);
		i += n;
	}
}

void
sim_wire(struct sim *s, unsigned int from, struct sim_packet *p)
{
	const struct sim_link *l = &s->conf.link[from];

	p->to = !from;
	s->stats[from].sent++;
	if (l->mtu != 0 && wire_len(p) > l->mtu) {
		too_big(s, from, p);
		return;
	}
	if (is_lost(s, from, p)) {
		sim_drop(s, p, &s->stats[from].lost);
		return;
	}
	strip(&s->conf, p->bytes, p->len);
	if (sim_chance(s, l->dup)) {
		s->stats[from].duplicated++;
		send(s, from, copy(s, p));
	}
	send(s, from, p);
}
