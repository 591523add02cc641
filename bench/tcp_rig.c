/* SPDX-License-Identifier: BSD-3-Clause */
/* See the header. */
#include "bench/tcp_rig.h"

#include "lnet/base/counter.h"
#include "lnet/base/pool.h"

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MBUFS 16383u
#define ROOM 2048
#define MBUF_SIZE ((uint32_t)sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + ROOM)
#define TICK UINT64_C(1000000)
#define START UINT64_C(5000000000)
#define WINDOW_MIN (128u << 10)
#define FIRST_PEER 0x0a010001u
#define PEER_PORT 1023
#define OWN_PORT 988
#define PEER_ISS 1000u
#define PEER_SHIFT 10
#define PEER_WINDOW 4096 /* 4 MiB */

/* --- below the engine --- */

static int
path(void *arg, const struct ipaddr *, const struct ipaddr *, struct tcp_path *p)
{
	*p = ((struct rig *)arg)->path;
	return 0;
}

static void
output(void *arg, const struct ip_flow *flow, struct rte_mbuf *m, uint16_t, uint8_t, uint64_t)
{
	struct rig *r = arg;

	r->out_conn[r->n_out] = &r->conns[ipaddr_to_v4(&flow->remote) - FIRST_PEER];
	r->out[r->n_out++] = m;
}

/* --- above it --- */

static void
readable(struct tcp_conn *, void *user, uint64_t now)
{
	struct rig_conn *rc = user;

	rc->rig->user(rc, now);
}

static void
acked(struct tcp_conn *, void *, uint64_t)
{
}

static void
closed(struct tcp_conn *, void *user, int, uint64_t)
{
	((struct rig_conn *)user)->c = NULL;
}

static const struct tcp_ops ops = {.readable = readable, .acked = acked, .closed = closed};

static int
accept_conn(struct tcp_conn *c, void *user, uint64_t)
{
	struct rig *r = user;
	struct rig_conn *rc = &r->conns[ipaddr_to_v4(&tcp_flow(c)->remote) - FIRST_PEER];

	rc->c = c;
	tcp_set_user(c, &ops, rc);
	return 0;
}

void
rig_take(struct rig_conn *rc, uint64_t now)
{
	tcp_rx_take(rc->c, &rc->rig->taken, tcp_rx_len(rc->c), now);
}

/* --- segments --- */

static struct ip_packet
packet(struct rig *r, const struct rig_conn *rc, struct tcp_segment *s)
{
	struct ip_packet p = {.local = rc->flow.local, .remote = rc->flow.remote};
	uint32_t len;

	s->src_port = rc->flow.remote_port;
	s->dst_port = rc->flow.local_port;
	s->has_ts = true;
	s->tsval = (uint32_t)(r->now / TICK);
	s->tsecr = rc->tsval;
	p.m = rte_pktmbuf_alloc(r->mem.mbufs);
	if (p.m == NULL)
		return p;
	len = tcp_wire_emit(s, rte_pktmbuf_mtod(p.m, void *)) + s->len;
	p.m->data_len = (uint16_t)len;
	p.m->pkt_len = len;
	return p;
}

struct ip_packet
rig_segment(struct rig *r, const struct rig_conn *rc, uint32_t seq, uint32_t ack, uint8_t flags,
	    uint32_t len)
{
	struct tcp_segment s = {
		.seq = seq,
		.ack = ack,
		.flags = TCP_ACK | flags,
		.wnd = PEER_WINDOW,
		.len = len,
	};

	return packet(r, rc, &s);
}

int
rig_message(struct rig *r, uint32_t len, struct buf *b)
{
	uint32_t n = RIG_HEADER;
	struct rte_mbuf *m;

	*b = (struct buf){0};
	for (; len > 0; len -= n, n = RIG_MSS) {
		n = n < len ? n : len;
		m = rte_pktmbuf_alloc(r->mem.mbufs);
		if (m == NULL || buf_append(b, &r->mem, m, m->data_off, n) < 0) {
			rte_pktmbuf_free(m);
			buf_release(b, &r->mem);
			return -ENOMEM;
		}
	}
	return 0;
}

/* --- rounds --- */

void
rig_round(struct rig *r, const struct ip_packet *pkts, unsigned int n)
{
	r->now += r->step;
	if (n > 0)
		tcp_input(r->tcp, pkts, n, r->now);
	timer_wheel_run(&r->lc.wheel, r->now);
	tcp_poll(r->tcp, r->now);
}

static void
note_sent(struct rig *r, struct rig_conn *rc, const struct rte_mbuf *m)
{
	struct tcp_segment s;

	if (tcp_wire_parse(rte_pktmbuf_mtod(m, const void *), m->data_len, m->pkt_len, &s) < 0)
		return;
	rc->sent = s.seq + tcp_segment_space(&s);
	rc->tsval = s.tsval;
	r->wire_out += s.len > RIG_MSS ? (s.len + RIG_MSS - 1) / RIG_MSS : 1;
}

void
rig_pause(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < r->n_out; i++) {
		note_sent(r, r->out_conn[i], r->out[i]);
		rte_pktmbuf_free(r->out[i]);
	}
	r->n_out = 0;
	buf_release(&r->taken, &r->mem);
}

int
rig_settle(struct rig *r, struct rig_conn *rc)
{
	struct ip_packet p;

	while (tcp_acked(rc->c) != tcp_queued(rc->c)) {
		rig_round(r, NULL, 0);
		rig_pause(r);
		p = rig_segment(r, rc, rc->seq, rc->sent, 0, 0);
		if (p.m == NULL)
			return -ENOMEM;
		rc->acked = rc->sent;
		rig_round(r, &p, 1);
		rig_pause(r);
	}
	return 0;
}

/* --- start --- */

static int
open_conn(struct rig *r, unsigned int i)
{
	struct rig_conn *rc = &r->conns[i];
	struct tcp_segment syn = {
		.seq = PEER_ISS,
		.flags = TCP_SYN,
		.wnd = UINT16_MAX,
		.has_mss = true,
		.mss = RIG_MSS + 12,
		.sack_permitted = true,
		.has_wscale = true,
		.wscale = PEER_SHIFT,
	};
	struct ip_packet p;

	rc->rig = r;
	rc->flow = (struct ip_flow){
		.local = ipaddr_v4(0x0a000001),
		.remote = ipaddr_v4(FIRST_PEER + i),
		.local_port = OWN_PORT,
		.remote_port = PEER_PORT,
	};
	rc->seq = PEER_ISS + 1;
	p = packet(r, rc, &syn);
	if (p.m == NULL)
		return -ENOMEM;
	rig_round(r, &p, 1);
	rig_pause(r);
	rc->acked = rc->sent;
	p = rig_segment(r, rc, rc->seq, rc->acked, 0, 0);
	if (p.m == NULL)
		return -ENOMEM;
	rig_round(r, &p, 1);
	rig_pause(r);
	return rc->c != NULL ? 0 : -ECONNREFUSED;
}

static int
start_memory(struct rig *r, unsigned int n, unsigned int held)
{
	static unsigned int instances;
	struct ledger_conf conf = {
		.mbuf_size = MBUF_SIZE,
		.mbuf_room = ROOM,
		.mtu = 1500,
		.burst = 64,
		.conns = n,
		.window_min = WINDOW_MIN,
	};
	struct ledger_plan plan;
	char name[16];
	int rc = lcore_init(&r->lc, 0, 1, 0, r->now, TICK);

	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "rig%u", instances++);
	rc = buf_mem_create(&r->mem, name, MBUFS + n * held, ROOM, SOCKET_ID_ANY);
	r->lc.mem = &r->mem;
	/* what windows promise is not what is used here: as large as all of them want */
	if (rc == 0)
		rc = ledger_plan_make(&plan, &conf, (uint64_t)n << 24);
	return rc < 0 ? rc : ledger_init(&r->lc.ledger, &plan);
}

static int
start_engine(struct rig *r, unsigned int n)
{
	struct tcp_config cfg;
	struct ipaddr own = ipaddr_v4(0x0a000001);
	struct tcp_listener *l;
	int rc;

	tcp_config_default(&cfg);
	cfg.max_conns = n;
	cfg.rcv_wnd_min = WINDOW_MIN;
	memcpy(cfg.secret, "sixteen bytes...", sizeof(cfg.secret));
	cfg.clock_offset = START;
	r->env = (struct tcp_env){.arg = r, .path = path, .output = output};
	rc = tcp_create(&r->lc, &r->env, &cfg, r->now, &r->tcp);
	return rc < 0 ? rc : tcp_listen(r->tcp, &own, OWN_PORT, n, accept_conn, r, &l);
}

int
rig_start(struct rig *r, unsigned int n, unsigned int held, bool tso,
	  void (*user)(struct rig_conn *rc, uint64_t now))
{
	unsigned int i;
	int rc;

	*r = (struct rig){.now = START, .step = RIG_STEP, .n_conns = n, .user = user};
	r->path = (struct tcp_path){.mtu = 1500};
	if (tso) {
		r->path.tso_max = RIG_UNIT;
		r->path.tso_max_slices = 256;
	}
	r->conns = rte_calloc("rig", n, sizeof(*r->conns), RTE_CACHE_LINE_SIZE);
	rc = r->conns != NULL ? start_memory(r, n, held) : -ENOMEM;
	if (rc == 0)
		rc = start_engine(r, n);
	for (i = 0; i < n && rc == 0; i++)
		rc = open_conn(r, i);
	return rc;
}

const char *
rig_stop(struct rig *r)
{
	static const enum tcp_counter trouble[] = {
		TCP_DROP_ACK,	TCP_DROP_PAWS,	TCP_RX_BEYOND,	  TCP_RX_NO_MEM,
		TCP_RX_OOO,	TCP_RX_DUP,	TCP_RETRANSMIT,	  TCP_RTO,
		TCP_TX_NO_MBUF, TCP_TX_LIMITED, TCP_TX_NO_RECORD,
	};
	const char *fault = NULL;
	unsigned int i;

	for (i = 0; i < sizeof(trouble) / sizeof(trouble[0]); i++)
		if (counter_read(&tcp_counters(r->tcp)[trouble[i]]) != 0)
			fault = "the engine has dropped or repeated something";
	tcp_destroy(r->tcp, r->now);
	rig_pause(r);
	if (!rte_mempool_full(r->mem.mbufs) || !rte_mempool_full(r->mem.indirect))
		fault = "mbufs leaked";
	if (pool_used(r->mem.slices) != 0)
		fault = "slices leaked";
	if (ledger_used(&r->lc.ledger) != 0)
		fault = "the ledger is not empty";
	buf_mem_destroy(&r->mem);
	lcore_fini(&r->lc);
	rte_free(r->conns);
	return fault;
}
