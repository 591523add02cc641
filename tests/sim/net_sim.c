/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts and a network in virtual time. */
#include "tests/sim/net_sim.h"

#include "drivers/tcp/wire.h"
#include "lnet/base/bytes.h"
#include "lnet/base/pool.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK (100 * SIM_US)
#define BURST 32
#define START (1000 * SIM_S) /* of the monotonic clock */
#define MILLION 1000000u

void
sim_conf_default(struct sim_conf *conf, uint64_t seed)
{
	*conf = (struct sim_conf){
		.seed = seed,
		.n_mbufs = 8191,
		.room = 2048,
		.path = {.mtu = 1500, .max_slices = 16},
		.link = {{.delay = SIM_MS}, {.delay = SIM_MS}},
		.poll_gap = 20 * SIM_US,
	};
	tcp_config_default(&conf->tcp);
	conf->tcp.max_conns = 64;
	conf->tcp.max_embryonic = 16;
	conf->tcp.max_in_flight = 8192;
	conf->tcp.max_gaps = 1024;
	conf->tcp.rcv_wnd_min = 64 << 10;
	conf->tcp.rcv_wnd_max = 1 << 20;
	memcpy(conf->tcp.secret, "a secret of tests", sizeof(conf->tcp.secret));
}

/* splitmix64 */
static uint64_t
next_random(struct sim *s)
{
	uint64_t z = s->rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t
sim_random(struct sim *s, uint64_t below)
{
	return below == 0 ? 0 : next_random(s) % below;
}

static bool
chance(struct sim *s, uint32_t ppm)
{
	return ppm > 0 && sim_random(s, MILLION) < ppm;
}

/* --- packets on their way: a binary heap by time --- */

static bool
before(const struct sim_packet *a, const struct sim_packet *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct sim_packet *a, struct sim_packet *b)
{
	struct sim_packet t = *a;

	*a = *b;
	*b = t;
}

static void
heap_push(struct sim *s, struct sim_packet p)
{
	unsigned int i = s->n_heap++;

	if (s->n_heap > s->heap_size) {
		s->heap_size = s->heap_size * 2 + 64;
		s->heap = realloc(s->heap, s->heap_size * sizeof(*s->heap));
	}
	p.order = s->orders++;
	s->heap[i] = p;
	for (; i > 0 && before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&s->heap[i], &s->heap[(i - 1) / 2]);
}

static struct sim_packet
heap_pop(struct sim *s)
{
	struct sim_packet top = s->heap[0];
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

/* --- sending --- */

static unsigned int
ip_hdr(const struct ip_flow *f)
{
	return f->remote.family == IP_V6 ? 40 : 20;
}

/* When a packet that is sent now arrives; 0 = never, the queue is full. */
static uint64_t
arrival(struct sim *s, unsigned int from, uint32_t len)
{
	const struct sim_link *l = &s->conf.link[from];
	uint64_t at = s->now;

	if (l->rate > 0) {
		uint64_t begin = s->busy_until[from] > at ? s->busy_until[from] : at;

		if ((begin - at) * l->rate / SIM_S > l->queue)
			return 0;
		at = s->busy_until[from] = begin + len * SIM_S / l->rate;
	}
	at += l->delay + sim_random(s, l->jitter);
	if (chance(s, l->reorder)) {
		s->stats.reordered++;
		return at + sim_random(s, l->reorder_delay);
	}
	if (at < s->last_at[from])
		at = s->last_at[from];
	return s->last_at[from] = at;
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

static void
deliver_later(struct sim *s, unsigned int from, const struct ip_flow *flow, const uint8_t *bytes,
	      uint32_t len)
{
	uint64_t at = arrival(s, from, len + ip_hdr(flow));
	struct sim_packet p = {.at = at, .to = !from, .flow = *flow, .len = len};

	if (at == 0) {
		s->stats.queue_drops++;
		return;
	}
	p.bytes = malloc(len);
	memcpy(p.bytes, bytes, len);
	strip(&s->conf, p.bytes, len);
	heap_push(s, p);
}

static void
too_big(struct sim *s, unsigned int from, const struct ip_flow *flow, const uint8_t *bytes)
{
	struct sim_packet p = {
		.at = s->now + s->conf.link[from].delay,
		.to = from,
		.is_report = true,
		.flow = *flow,
		.bytes = malloc(8),
	};

	memcpy(p.bytes, bytes, 8);
	s->stats.too_big++;
	heap_push(s, p);
}

static void
report(struct sim *s, const struct sim_packet *p)
{
	struct ip_error_info e = {
		.kind = IP_ERROR_TOO_BIG,
		.flow = p->flow,
		.seq = get_be32(p->bytes + 4),
		.mtu = s->conf.link[p->to].mtu,
	};

	tcp_icmp_error(s->host[p->to].tcp, &e, s->now);
}

static void
wire(struct sim *s, unsigned int from, const struct ip_flow *flow, const uint8_t *bytes,
     uint32_t len)
{
	const struct sim_link *l = &s->conf.link[from];

	s->stats.sent++;
	if (l->mtu != 0 && len + ip_hdr(flow) > l->mtu) {
		too_big(s, from, flow, bytes);
		return;
	}
	if (l->down || chance(s, l->loss) ||
	    (s->filter != NULL && !s->filter(s->filter_arg, from, bytes, len))) {
		s->stats.lost++;
		return;
	}
	deliver_later(s, from, flow, bytes, len);
	if (chance(s, l->dup)) {
		s->stats.duplicated++;
		deliver_later(s, from, flow, bytes, len);
	}
}

/* The port's work on a large segment: each part gets the header; FIN and PSH belong to the last. */
static void
cut(struct sim *s, unsigned int from, const struct ip_flow *flow, uint8_t *bytes, uint32_t len,
    uint16_t mss)
{
	uint32_t hdr = (uint32_t)(bytes[12] >> 4) * 4, off, n, seq = get_be32(bytes + 4);
	uint8_t flags = bytes[13], *part;

	part = malloc(hdr + mss);
	for (off = hdr; off < len; off += n) {
		n = len - off < mss ? len - off : mss;
		memcpy(part, bytes, hdr);
		memcpy(part + hdr, bytes + off, n);
		put_be32(part + 4, seq + off - hdr);
		part[13] = off + n < len ? flags & (uint8_t) ~(TCP_FIN | TCP_PSH) : flags;
		wire(s, from, flow, part, hdr + n);
	}
	free(part);
}

static void
output(void *arg, const struct ip_flow *flow, struct rte_mbuf *m, uint16_t mss, uint8_t, uint64_t)
{
	struct sim_host *h = arg;
	uint32_t len = m->pkt_len;
	uint8_t *bytes = malloc(len);
	const void *p = rte_pktmbuf_read(m, 0, len, bytes);

	if (p != bytes)
		memcpy(bytes, p, len);
	rte_pktmbuf_free(m);
	if (mss != 0)
		cut(h->sim, h->index, flow, bytes, len, mss);
	else
		wire(h->sim, h->index, flow, bytes, len);
	free(bytes);
}

static int
path(void *arg, const struct ipaddr *, const struct ipaddr *, struct tcp_path *p)
{
	*p = ((struct sim_host *)arg)->sim->conf.path;
	return 0;
}

/* --- receiving --- */

/* Bytes into a chain of the host's mbufs, as a port with scattered receive does. */
static struct rte_mbuf *
to_mbufs(struct sim_host *h, const struct sim_packet *p)
{
	struct rte_mbuf *head = NULL, *tail = NULL, *m;
	uint32_t off = 0, n;

	while (off < p->len) {
		m = rte_pktmbuf_alloc(h->mem.mbufs);
		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		n = rte_pktmbuf_tailroom(m);
		n = n < p->len - off ? n : p->len - off;
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), p->bytes + off, n);
		off += n;
		if (head == NULL) {
			head = tail = m;
			continue;
		}
		tail->next = m;
		tail = m;
		head->nb_segs++;
		head->pkt_len += n;
	}
	return head;
}

static void
flush(struct sim_host *h, struct ip_packet *burst, unsigned int *n)
{
	if (*n > 0)
		tcp_input(h->tcp, burst, *n, h->sim->now);
	*n = 0;
}

static void
deliver(struct sim *s)
{
	struct ip_packet burst[2][BURST];
	unsigned int n[2] = {0, 0}, to;

	while (s->n_heap > 0 && s->heap[0].at <= s->now) {
		struct sim_packet p = heap_pop(s);
		struct rte_mbuf *m = p.is_report ? NULL : to_mbufs(&s->host[p.to], &p);

		to = p.to;
		if (m != NULL) {
			s->stats.delivered++;
			burst[to][n[to]++] = (struct ip_packet){
				.m = m, .local = p.flow.remote, .remote = p.flow.local};
		} else if (p.is_report) {
			report(s, &p);
		} else {
			s->stats.no_mbuf++;
		}
		free(p.bytes);
		if (n[to] == BURST)
			flush(&s->host[to], burst[to], &n[to]);
	}
	for (to = 0; to < 2; to++)
		flush(&s->host[to], burst[to], &n[to]);
}

bool
sim_step(struct sim *s, uint64_t until)
{
	uint64_t next = s->n_heap > 0 ? s->heap[0].at : TIMER_NONE;
	unsigned int i, rounds;

	for (i = 0; i < 2; i++) {
		uint64_t t = timer_wheel_next(&s->host[i].lc.wheel);

		next = t < next ? t : next;
	}
	if (next < s->now)
		next = s->now;
	next = next == TIMER_NONE ? next : next + sim_random(s, s->conf.poll_gap);
	s->now = next < until ? next : until;
	deliver(s);
	for (i = 0; i < 2; i++) {
		timer_wheel_run(&s->host[i].lc.wheel, s->now);
		/* a round that a callback made dirty follows at once */
		for (rounds = 0; rounds < 8 && tcp_poll(s->host[i].tcp, s->now) > 0;)
			rounds++;
	}
	return s->now < until;
}

/* --- hosts --- */

static int
ledger_start(struct sim_host *h)
{
	const struct sim_conf *c = &h->sim->conf;
	struct ledger_conf lc = {
		.mbuf_size = (uint32_t)sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + c->room,
		.mbuf_room = c->room,
		.mtu = c->path.mtu < 1500 ? c->path.mtu : 1500,
		.rx_desc = 128,
		.tx_desc = 128,
		.burst = 64,
		.conns = 32,
		.window_min = 16 << 10,
	};
	struct ledger_plan plan;
	int rc;

	lc.reorder = (uint64_t)c->n_mbufs * lc.mbuf_size / 4;
	rc = ledger_plan_make(&plan, &lc, (uint64_t)c->n_mbufs * lc.mbuf_size);
	return rc < 0 ? rc : ledger_init(&h->lc.ledger, &plan);
}

static int
host_start(struct sim *s, unsigned int i)
{
	struct sim_host *h = &s->host[i];
	char name[16];
	int rc;

	h->sim = s;
	h->index = i;
	h->addr = ipaddr_v4(0x0a000001 + i);
	if (s->conf.v6)
		h->addr = ipaddr_v6((uint8_t[16]){0xfd, [15] = (uint8_t)(1 + i)});
	h->env = (struct tcp_env){.arg = h, .path = path, .output = output};
	rc = lcore_init(&h->lc, 0, 1, 0, s->now, TICK);
	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "sim%u", i);
	rc = buf_mem_create(&h->mem, name, s->conf.n_mbufs, s->conf.room, SOCKET_ID_ANY);
	if (rc < 0)
		return rc;
	h->lc.mem = &h->mem;
	rc = ledger_start(h);
	return rc < 0 ? rc : tcp_create(&h->lc, &h->env, &s->conf.tcp, s->now, &h->tcp);
}

int
sim_create(const struct sim_conf *conf, struct sim **sp)
{
	struct sim *s = calloc(1, sizeof(*s));
	unsigned int i;
	int rc;

	s->conf = *conf;
	s->rng = conf->seed;
	s->now = START;
	for (i = 0; i < 2; i++) {
		rc = host_start(s, i);
		if (rc < 0)
			return rc;
	}
	*sp = s;
	return 0;
}

int
sim_restart(struct sim *s, unsigned int i)
{
	struct sim_host *h = &s->host[i];

	tcp_destroy(h->tcp, s->now);
	/* what marks the new life: the wall clock went on */
	s->conf.tcp.clock_offset += SIM_S;
	return tcp_create(&h->lc, &h->env, &s->conf.tcp, s->now, &h->tcp);
}

static const char *
host_stop(struct sim_host *h)
{
	const char *leak = NULL;

	tcp_destroy(h->tcp, h->sim->now);
	if (!rte_mempool_full(h->mem.mbufs))
		leak = "mbufs leaked";
	else if (!rte_mempool_full(h->mem.indirect))
		leak = "indirect mbufs leaked";
	else if (pool_used(h->mem.slices) != 0)
		leak = "slices leaked";
	else if (ledger_used(&h->lc.ledger) != 0 || h->lc.ledger.conns != 0)
		leak = "the ledger is not empty";
	else if (h->lc.wheel.count != 0)
		leak = "timers are armed";
	buf_mem_destroy(&h->mem);
	lcore_fini(&h->lc);
	return leak;
}

const char *
sim_destroy(struct sim *s)
{
	const char *leak[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		leak[i] = host_stop(&s->host[i]);
	for (i = 0; i < s->n_heap; i++)
		free(s->heap[i].bytes);
	free(s->heap);
	free(s);
	return leak[0] != NULL ? leak[0] : leak[1];
}

struct ip_flow
sim_flow(const struct sim *s, unsigned int h, uint16_t local_port, uint16_t remote_port)
{
	return (struct ip_flow){
		.local = s->host[h].addr,
		.remote = s->host[!h].addr,
		.local_port = local_port,
		.remote_port = remote_port,
	};
}
