/* SPDX-License-Identifier: BSD-3-Clause */
/* The layers below a node, joined as the router joins them. */
#include "bench/stack.h"

#include "app/router/glue.h"
#include "drivers/ether/ether.h"
#include "drivers/tcp/tcp.h"

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <stdio.h>

#define TICK_NS 1000000
#define RING 1024 /* descriptors of a port, each way */
#define CACHE 512
#define BURST 256

static int
start_memory(struct stack *s, const struct stack_conf *conf, const struct buf_mem *mem,
	     uint64_t now)
{
	uint32_t size =
		(uint32_t)(sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM) + conf->mbuf_room;
	const struct ledger_conf lconf = {
		.mbuf_size = size,
		.mbuf_room = conf->mbuf_room,
		.mtu = conf->mtu,
		.rx_desc = RING,
		.tx_desc = RING,
		.cache = CACHE,
		.burst = BURST,
		.conns = conf->tcp->max_conns,
		.window_min = conf->tcp->rcv_wnd_min,
		.reorder = 512ull * size,
		.local = 256ull * size,
		.sent = 256ull * size,
	};
	struct ledger_plan plan;
	int rc;

	rc = lcore_init(&s->lc, 0, 1, rte_lcore_id(), now, TICK_NS);
	if (rc < 0)
		return rc;
	s->lc.mem = mem;
	rc = ledger_plan_make(&plan, &lconf, (uint64_t)conf->mbufs * size);
	return rc < 0 ? rc : ledger_init(&s->lc.ledger, &plan);
}

static int
start_ether(struct stack *s, const struct stack_conf *conf, uint64_t now, char *why,
	    unsigned int why_size)
{
	struct lcore *lcores[] = {&s->lc};
	struct ether_iface_conf iface;
	int rc;

	rc = ether_iface_parse(conf->interface, &iface, why, why_size);
	if (rc == 0)
		rc = ether_create(lcores, 1, conf->link, &s->ether);
	if (rc == 0)
		rc = ether_iface_add(s->ether, &iface, why, why_size);
	if (rc >= 0)
		rc = ether_start(s->ether, now, why, why_size);
	if (rc == 0)
		s->el = ether_lcore(s->ether, 0);
	return rc;
}

int
stack_start(struct stack *s, const struct stack_conf *conf, const struct buf_mem *mem, uint64_t now,
	    char *why, unsigned int why_size)
{
	int rc;

	snprintf(why, why_size, "memory or TCP");
	rc = start_memory(s, conf, mem, now);
	if (rc == 0)
		rc = start_ether(s, conf, now, why, why_size);
	if (rc < 0)
		return rc;
	glue_env(s->el, &s->env);
	rc = tcp_create(&s->lc, &s->env, conf->tcp, now, &s->tcp);
	if (rc < 0)
		return rc;
	glue_up(s->el, s->tcp);
	return 0;
}

unsigned int
stack_poll(struct stack *s, uint64_t now)
{
	unsigned int work = ether_poll(s->el, now);

	work += timer_wheel_run(&s->lc.wheel, now) + ether_timers(s->el, now);
	work += tcp_poll(s->tcp, now);
	return work + ether_flush(s->el, now);
}

uint64_t
stack_stop(struct stack *s, uint64_t now)
{
	uint64_t armed;

	tcp_destroy(s->tcp, now);
	ether_destroy(s->ether);
	armed = s->lc.wheel.count;
	lcore_fini(&s->lc);
	return armed;
}
