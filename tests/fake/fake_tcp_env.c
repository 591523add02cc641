/* SPDX-License-Identifier: BSD-3-Clause */
/* What is below the TCP engine, for its tests. */
#include "tests/fake/fake_tcp_env.h"

#include "lnet/base/bytes.h"
#include "lnet/base/counter.h"
#include "lnet/base/pool.h"

#include <rte_mbuf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MBUFS 2047
#define ROOM 2048
#define MBUF_SIZE (uint32_t)(sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + ROOM)
#define TICK FAKE_MS
#define START (5000 * FAKE_MS)

static int
path(void *arg, const struct ipaddr *, const struct ipaddr *, struct tcp_path *p)
{
	const struct fake_tcp_env *f = arg;

	*p = f->path;
	return f->path_rc;
}

static void
output(void *arg, const struct ip_flow *flow, struct rte_mbuf *m, uint16_t mss, uint8_t tos,
       uint64_t)
{
	struct fake_tcp_env *f = arg;
	uint32_t len = m->pkt_len;
	uint8_t *bytes = malloc(len);
	const void *p = rte_pktmbuf_read(m, 0, len, bytes);
	struct fake_out *o = &f->out[f->n_out % FAKE_OUT_MAX];

	if (f->n_out++ >= FAKE_OUT_MAX)
		free(o->payload);
	if (p != bytes)
		memcpy(bytes, p, len);
	*o = (struct fake_out){.flow = *flow, .mss = mss, .mbufs = m->nb_segs, .tos = tos};
	/* a header that cannot be parsed back stays all zero, and no expectation fits that */
	if (tcp_wire_parse(bytes, len, len, &o->s) == 0 && o->s.hdr_len == m->l4_len) {
		o->payload = malloc(o->s.len + 1);
		memcpy(o->payload, bytes + o->s.hdr_len, o->s.len);
	}
	free(bytes);
	rte_pktmbuf_free(m);
}

static void
reachable(void *arg, const struct ipaddr *, uint64_t)
{
	((struct fake_tcp_env *)arg)->n_reachable++;
}

static void
path_shrunk(void *arg, const struct ipaddr *, const struct ipaddr *, uint16_t mtu, uint64_t)
{
	struct fake_tcp_env *f = arg;

	f->n_shrunk++;
	f->shrunk_mtu = mtu;
}

static bool
homed_here(void *arg, const struct ip_flow *)
{
	return !((struct fake_tcp_env *)arg)->elsewhere;
}

void
fake_tcp_conf_default(struct fake_tcp_conf *conf)
{
	*conf = (struct fake_tcp_conf){
		.window_min = 16 << 10,
		.conns = 32,
		.spare = UINT64_MAX,
		.reorder = 256 * MBUF_SIZE,
	};
	tcp_config_default(&conf->tcp);
	conf->tcp.max_conns = 32;
	conf->tcp.max_embryonic = 4;
	conf->tcp.max_in_flight = 256;
	conf->tcp.max_gaps = 64;
	conf->tcp.rcv_wnd_min = 64 << 10;
	conf->tcp.rcv_wnd_max = 1 << 20;
	conf->tcp.clock_offset = 1000000 * FAKE_MS;
}

static int
start_ledger(struct fake_tcp_env *f, const struct fake_tcp_conf *conf)
{
	struct ledger_conf lc = {
		.mbuf_size = MBUF_SIZE,
		.mbuf_room = ROOM,
		.mtu = 1500,
		.rx_desc = 8,
		.tx_desc = 8,
		.burst = 32,
		.conns = conf->conns,
		.window_min = conf->window_min,
		.reorder = conf->reorder,
	};
	struct ledger_plan plan;
	uint64_t total = (uint64_t)MBUFS * MBUF_SIZE;
	int rc;

	rc = ledger_plan_make(&plan, &lc, total);
	if (rc == 0 && conf->spare < plan.shared)
		rc = ledger_plan_make(&plan, &lc, plan.need + conf->spare);
	return rc < 0 ? rc : ledger_init(&f->lc.ledger, &plan);
}

int
fake_tcp_env_start(struct fake_tcp_env *f, const struct fake_tcp_conf *conf)
{
	static unsigned int instances;
	struct fake_tcp_conf defaults;
	char name[16];
	int rc;

	fake_tcp_conf_default(&defaults);
	conf = conf != NULL ? conf : &defaults;
	memset(f, 0, sizeof(*f));
	f->now = START;
	f->path = (struct tcp_path){.mtu = 1500, .max_slices = 8};
	f->env = (struct tcp_env){
		.arg = f,
		.path = path,
		.output = output,
		.path_shrunk = path_shrunk,
		.reachable = reachable,
		.homed_here = homed_here,
	};
	rc = lcore_init(&f->lc, 0, 1, 0, f->now, TICK);
	if (rc < 0)
		return rc;
	/* a test that failed has left its pools behind */
	snprintf(name, sizeof(name), "fake%u", instances++);
	rc = buf_mem_create(&f->mem, name, MBUFS, ROOM, SOCKET_ID_ANY);
	if (rc < 0)
		return rc;
	f->lc.mem = &f->mem;
	rc = start_ledger(f, conf);
	return rc < 0 ? rc : tcp_create(&f->lc, &f->env, &conf->tcp, f->now, &f->tcp);
}

const char *
fake_tcp_env_leak(const struct fake_tcp_env *f)
{
	if (!rte_mempool_full(f->mem.mbufs) || !rte_mempool_full(f->mem.indirect))
		return "mbufs leaked";
	if (pool_used(f->mem.slices) != 0)
		return "slices leaked";
	if (ledger_used(&f->lc.ledger) != 0 || f->lc.ledger.conns != 0 ||
	    f->lc.ledger.shared_promised != 0)
		return "the ledger is not empty";
	return f->lc.wheel.count != 0 ? "a timer is armed" : NULL;
}

void
fake_forget(struct fake_tcp_env *f)
{
	unsigned int i;

	for (i = 0; i < f->n_out && i < FAKE_OUT_MAX; i++)
		free(f->out[i].payload);
	f->n_out = f->n_seen = 0;
}

static const char *
end_engine(struct fake_tcp_env *f)
{
	fake_feed(f);
	tcp_destroy(f->tcp, f->now);
	fake_forget(f);
	return fake_tcp_env_leak(f);
}

const char *
fake_tcp_env_stop(struct fake_tcp_env *f)
{
	const char *leak = end_engine(f);

	buf_mem_destroy(&f->mem);
	lcore_fini(&f->lc);
	return leak;
}

const char *
fake_tcp_env_again(struct fake_tcp_env *f, const struct fake_tcp_conf *conf)
{
	const char *leak = end_engine(f);

	if (leak != NULL)
		return leak;
	return tcp_create(&f->lc, &f->env, &conf->tcp, f->now, &f->tcp) < 0 ? "no engine" : NULL;
}

struct ip_flow
fake_flow(const struct fake_tcp_env *f, uint16_t local_port, uint16_t remote_port)
{
	struct ip_flow flow = {.local_port = local_port, .remote_port = remote_port};

	flow.local = ipaddr_v4(0x0a000001);
	flow.remote = ipaddr_v4(0x0a000002);
	if (f->v6) {
		flow.local = ipaddr_v6((uint8_t[16]){0xfd, [15] = 1});
		flow.remote = ipaddr_v6((uint8_t[16]){0xfd, [15] = 2});
	}
	return flow;
}

static struct rte_mbuf *
add_mbuf(struct fake_tcp_env *f, struct rte_mbuf *head, const void *bytes, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->mem.mbufs);
	char *p;

	/* as at a port: without an mbuf the packet is lost */
	if (m == NULL) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	p = rte_pktmbuf_append(m, (uint16_t)len);
	if (bytes != NULL)
		memcpy(p, bytes, len);
	else
		memset(p, 0, len);
	if (head == NULL)
		return m;
	rte_pktmbuf_chain(head, m);
	return head;
}

static struct ip_packet
packet(const struct fake_tcp_env *f, const struct ip_flow *flow, struct rte_mbuf *m, unsigned int i)
{
	return (struct ip_packet){
		.m = m,
		.local = flow->local,
		.remote = flow->remote,
		.tos = f->in_tos[i % FAKE_BURST],
	};
}

static struct rte_mbuf *
make(struct fake_tcp_env *f, const struct ip_flow *flow, const struct tcp_segment *s,
     const uint8_t *payload, unsigned int pieces)
{
	struct tcp_segment wire = *s;
	uint8_t hdr[TCP_HDR_MAX];
	struct rte_mbuf *m;
	uint32_t off, n, each;

	wire.src_port = flow->remote_port;
	wire.dst_port = flow->local_port;
	m = add_mbuf(f, NULL, hdr, tcp_wire_emit(&wire, hdr));
	each = (s->len + pieces) / (pieces > 0 ? pieces : 1);
	for (off = 0; m != NULL && off < s->len; off += n) {
		n = s->len - off < each ? s->len - off : each;
		if (pieces <= 1) {
			char *p = rte_pktmbuf_append(m, (uint16_t)n);

			if (payload != NULL)
				memcpy(p, payload + off, n);
			else
				memset(p, 0, n);
			continue;
		}
		m = add_mbuf(f, m, payload != NULL ? payload + off : NULL, n);
	}
	return m;
}

void
fake_in(struct fake_tcp_env *f, const struct ip_flow *flow, const struct tcp_segment *s,
	const uint8_t *payload, unsigned int pieces)
{
	struct ip_packet pkt = packet(f, flow, make(f, flow, s, payload, pieces), 0);

	if (pkt.m != NULL)
		tcp_input(f->tcp, &pkt, 1, f->now);
}

void
fake_in_burst(struct fake_tcp_env *f, const struct ip_flow *flow, const struct tcp_segment *s,
	      const uint8_t *const *payloads, unsigned int n)
{
	struct ip_packet *pkts = calloc(n, sizeof(*pkts));
	unsigned int i, made = 0;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = make(f, flow, &s[i], payloads != NULL ? payloads[i] : NULL, 1);

		pkts[made] = packet(f, flow, m, i);
		made += pkts[made].m != NULL;
	}
	tcp_input(f->tcp, pkts, made, f->now);
	free(pkts);
}

void
fake_in_odd(struct fake_tcp_env *f, const struct ip_flow *flow, const struct tcp_segment *s,
	    const void *opts, unsigned int n_opts, uint16_t urg, const uint8_t *payload)
{
	struct tcp_segment wire = *s;
	uint8_t bytes[ROOM];
	unsigned int len;

	wire.src_port = flow->remote_port;
	wire.dst_port = flow->local_port;
	len = tcp_wire_emit(&wire, bytes);
	if (n_opts > 0)
		memcpy(bytes + len, opts, n_opts);
	len += n_opts;
	bytes[12] = (uint8_t)(len / 4 << 4);
	put_be16(bytes + 18, urg);
	memcpy(bytes + len, payload, s->len);
	fake_in_raw(f, flow, bytes, len + s->len);
}

void
fake_in_raw(struct fake_tcp_env *f, const struct ip_flow *flow, const void *bytes, uint32_t len)
{
	struct ip_packet pkt = packet(f, flow, add_mbuf(f, NULL, bytes, len), 0);

	if (pkt.m != NULL)
		tcp_input(f->tcp, &pkt, 1, f->now);
}

void
fake_poll(struct fake_tcp_env *f)
{
	while (tcp_poll(f->tcp, f->now) > 0)
		;
}

void
fake_wait(struct fake_tcp_env *f, uint64_t ns)
{
	uint64_t end = f->now + ns, next;

	fake_poll(f);
	for (;;) {
		next = timer_wheel_next(&f->lc.wheel);
		if (next == TIMER_NONE || next > end)
			break;
		f->now = next > f->now ? next : f->now + TICK;
		timer_wheel_run(&f->lc.wheel, f->now);
		fake_poll(f);
	}
	f->now = end > f->now ? end : f->now;
}

const struct fake_out *
fake_next(struct fake_tcp_env *f)
{
	return f->n_seen < f->n_out ? &f->out[f->n_seen++ % FAKE_OUT_MAX] : NULL;
}

void
fake_starve(struct fake_tcp_env *f, unsigned int left)
{
	struct rte_mbuf *m;

	f->hoard = calloc(MBUFS, sizeof(*f->hoard));
	while (rte_mempool_avail_count(f->mem.mbufs) > left &&
	       (m = rte_pktmbuf_alloc(f->mem.mbufs)) != NULL)
		f->hoard[f->n_hoard++] = m;
}

void
fake_feed(struct fake_tcp_env *f)
{
	while (f->n_hoard > 0)
		rte_pktmbuf_free(f->hoard[--f->n_hoard]);
	free(f->hoard);
	f->hoard = NULL;
}

uint64_t
fake_count(const struct fake_tcp_env *f, enum tcp_counter id)
{
	return counter_read(&tcp_counters(f->tcp)[id]);
}
