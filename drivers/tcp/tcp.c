/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine: create, poll, destroy, list. */
#include "drivers/tcp/tcp.h"

#include "drivers/tcp/tcp_priv.h"

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include <errno.h>

void
tcp_config_default(struct tcp_config *cfg)
{
	*cfg = (struct tcp_config){
		.max_conns = 4096,
		.max_embryonic = 4096,
		.max_in_flight = 65536,
		.max_gaps = 16384,
		.rcv_wnd_min = 128 << 10,
		.rcv_wnd_max = 4 << 20,
		.rto_min = 200 * TCP_MS,
		.rto_max = 8 * TCP_S,
		.syn_rto = TCP_S,
		.delack = 40 * TCP_MS,
		.persist_max = 4 * TCP_S,
		.keepalive_idle = 30 * TCP_S,
		.keepalive_intvl = 5 * TCP_S,
		.keepalive_count = 5,
		.user_timeout = 60 * TCP_S,
		.connect_timeout = 15 * TCP_S,
		.time_wait = 2 * TCP_S,
		.cc = TCP_CC_CUBIC,
	};
}

static bool
config_ok(const struct tcp_config *cfg)
{
	if (cfg->max_conns == 0 || cfg->max_embryonic == 0 || cfg->max_in_flight == 0 ||
	    cfg->max_gaps == 0 || cfg->max_embryonic > FAIR_MAX)
		return false;
	if (cfg->rcv_wnd_min == 0 || cfg->rcv_wnd_max < cfg->rcv_wnd_min ||
	    cfg->rcv_wnd_max > 1u << 29)
		return false;
	return cfg->rto_min > 0 && cfg->rto_max >= cfg->rto_min && cfg->syn_rto > 0 &&
		cfg->persist_max > 0;
}

int
tcp_create(struct lcore *lc, const struct tcp_env *env, const struct tcp_config *cfg, uint64_t,
	   struct tcp **tp)
{
	struct tcp *t;

	if (!config_ok(cfg))
		return -EINVAL;
	t = rte_zmalloc_socket("tcp", sizeof(*t), RTE_CACHE_LINE_SIZE, lc->socket);
	if (t == NULL)
		return -ENOMEM;
	t->lc = lc;
	t->env = env;
	t->cfg = *cfg;
	LIST_INIT(&t->listeners);
	if (tcp_txseg_pool_init(&t->txsegs, cfg->max_in_flight, lc->socket) < 0)
		goto err_engine;
	if (tcp_ooo_pool_init(&t->ooo, cfg->max_gaps, lc->socket) < 0)
		goto err_txsegs;
	if (tcp_conns_create(t) < 0)
		goto err_ooo;
	if (tcp_synq_create(t) < 0)
		goto err_conns;
	*tp = t;
	return 0;
err_conns:
	tcp_conns_destroy(t);
err_ooo:
	tcp_ooo_pool_fini(&t->ooo);
err_txsegs:
	tcp_txseg_pool_fini(&t->txsegs);
err_engine:
	rte_free(t);
	return -ENOMEM;
}

static bool
is_used(const struct tcp_conn *c)
{
	return c->t != NULL;
}

void
tcp_destroy(struct tcp *t, uint64_t now)
{
	unsigned int i;

	if (t == NULL)
		return;
	for (i = 0; i < t->cfg.max_conns; i++) {
		struct tcp_conn *c = &t->conns[i];

		if (!is_used(c))
			continue;
		if (c->state == TCP_TIME_WAIT)
			tcp_conn_discard(c);
		else if ((c->events & TCP_EV_ACCEPT) == 0)
			tcp_conn_end(c, -ECONNABORTED);
		else
			tcp_conn_forget(c);
	}
	tcp_synq_clear(t);
	tcp_conns_tell(t, now);
	tcp_conns_reap(t);
	while (!LIST_EMPTY(&t->listeners))
		tcp_unlisten(LIST_FIRST(&t->listeners), now);
	tcp_synq_destroy(t);
	tcp_conns_destroy(t);
	tcp_ooo_pool_fini(&t->ooo);
	tcp_txseg_pool_fini(&t->txsegs);
	rte_free(t);
}

/* It is the next to be served: ask for what it will send first. */
static void
fetch_payload(const struct tcp_conn *c)
{
	if (!c->is_quiet && c->tx.unsent > 0)
		rte_prefetch0(c->tx.next != NULL ? c->tx.next : c->tx.data.head);
}

unsigned int
tcp_poll(struct tcp *t, uint64_t now)
{
	struct tcp_conn *c, *last = TAILQ_LAST(&t->dirty, tcp_conn_list);
	unsigned int n = 0;
	bool more = last != NULL;

	/* those that become dirty meanwhile wait for the next round */
	while (more && (c = TAILQ_FIRST(&t->dirty)) != NULL) {
		more = c != last;
		TAILQ_REMOVE(&t->dirty, c, dirty_link);
		c->is_dirty = false;
		if (more)
			fetch_payload(TAILQ_FIRST(&t->dirty));
		tcp_output(c, now);
		n++;
	}
	tcp_conns_tell(t, now);
	tcp_conns_reap(t);
	return n;
}

const uint64_t *
tcp_counters(const struct tcp *t)
{
	return t->counters;
}

unsigned int
tcp_conn_count(const struct tcp *t)
{
	return t->n_used - t->n_time_wait;
}

unsigned int
tcp_block_count(const struct tcp *t)
{
	return t->n_used;
}

static const char *
state_name(const struct tcp_conn *c)
{
	static const char *const names[] = {
		[TCP_CLOSED] = "CLOSED",	 [TCP_SYN_SENT] = "SYN_SENT",
		[TCP_SYN_RCVD] = "SYN_RCVD",	 [TCP_ESTABLISHED] = "ESTABLISHED",
		[TCP_FIN_WAIT_1] = "FIN_WAIT_1", [TCP_FIN_WAIT_2] = "FIN_WAIT_2",
		[TCP_CLOSE_WAIT] = "CLOSE_WAIT", [TCP_CLOSING] = "CLOSING",
		[TCP_LAST_ACK] = "LAST_ACK",	 [TCP_TIME_WAIT] = "TIME_WAIT",
	};

	return names[c->state];
}

static void
fill_info(const struct tcp_conn *c, struct tcp_info *i, uint64_t now)
{
	*i = (struct tcp_info){
		.flow = c->flow,
		.state = state_name(c),
		.cwnd = c->cc.cwnd,
		.ssthresh = c->cc.ssthresh,
		.snd_wnd = c->snd_wnd,
		.rcv_wnd = c->rcv_edge - c->rcv_nxt,
		.mss = c->mss,
		.mtu = c->path.mtu,
		.path_mtu = c->pmtud.mtu,
		.srtt_us = (uint32_t)(c->srtt / 1000),
		.rto_ms = (uint32_t)(tcp_rto(c) / TCP_MS),
		.rx_queue = c->rx.data.len,
		.rx_ooo = c->rx.ooo_bytes,
		.tx_queue = c->tx.data.len,
		.in_flight = tcp_in_flight(c),
		.bytes_in = c->taken + c->rx.data.len,
		.bytes_out = tcp_sent(c),
		.retransmits = c->retransmits,
		.cc = c->cc.ops->name,
		.ecn = c->ecn.ok,
		.age_ns = now - c->opened_at,
	};
}

static void
fill_half_open(const struct tcp_request *r, struct tcp_info *i, uint64_t now)
{
	*i = (struct tcp_info){
		.flow = r->flow,
		.state = "SYN_RCVD",
		.snd_wnd = r->syn.wnd,
		.rcv_wnd = r->wnd,
		.cc = "",
		.ecn = r->ecn.ok,
		.age_ns = now - r->begun_at,
	};
}

/* Entry @i of the list: half-open connections come behind the others. Return: false: it is free. */
static bool
fill_entry(const struct tcp *t, unsigned int i, struct tcp_info *info, uint64_t now)
{
	unsigned int k = i - t->cfg.max_conns;

	if (i < t->cfg.max_conns) {
		if (t->conns[i].state == TCP_CLOSED)
			return false;
		fill_info(&t->conns[i], info, now);
		return true;
	}
	if (t->synq.mem[k].listener == NULL)
		return false;
	fill_half_open(&t->synq.mem[k], info, now);
	return true;
}

unsigned int
tcp_list(struct tcp *t, unsigned int from, struct tcp_info *out, unsigned int max,
	 unsigned int *next, uint64_t now)
{
	struct tcp_info info;
	unsigned int i, n = 0;

	*next = 0;
	for (i = from; i < t->cfg.max_conns + t->cfg.max_embryonic; i++) {
		if (!fill_entry(t, i, &info, now))
			continue;
		if (n == max) {
			*next = i;
			break;
		}
		out[n++] = info;
	}
	return n;
}
