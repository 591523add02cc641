/* SPDX-License-Identifier: BSD-3-Clause */
/* The other end of the ports: life and traffic. */
#include "tests/unit/ether/lan.h"

#include "lnet/base/channel.h"
#include "lnet/base/check.h"
#include "tests/fake/eal.h"

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MBUFS 4095
#define ROOM 2048
#define RING 1024

int
lan_eal_setup(void **)
{
	return fake_eal_init(64);
}

int
lan_eal_teardown(void **)
{
	return rte_eal_cleanup();
}

static void
up_tcp(void *ctx, const struct ip_packet *pkts, unsigned int n, uint64_t)
{
	struct lan_user *u = ctx;
	unsigned int i;

	for (i = 0; i < n; i++) {
		CHECK(u->lan->n_tcp < LAN_TCP_MAX);
		u->lan->tcp_worker[u->lan->n_tcp] = u->worker;
		u->lan->tcp[u->lan->n_tcp++] = pkts[i];
	}
}

static void
up_error(void *ctx, const struct ip_error_info *info, uint64_t)
{
	struct lan_user *u = ctx;

	if (u->lan->n_errors == 16)
		return;
	u->lan->error_worker[u->lan->n_errors] = u->worker;
	u->lan->errors[u->lan->n_errors++] = *info;
}

static void
link_changed(void *ctx, unsigned int iface, bool up, uint64_t)
{
	struct lan *l = ctx;

	CHECK(l->n_links < 16);
	l->links[l->n_links].iface = iface;
	l->links[l->n_links++].up = up;
}

static void
make_port(struct lan *l, unsigned int port)
{
	static unsigned int serial;
	char name[32];
	unsigned int q;
	int id;

	for (q = 0; q < l->queues; q++) {
		snprintf(name, sizeof(name), "lan_in_%u", serial);
		l->in[port][q] = rte_ring_create(name, RING, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "lan_out_%u", serial++);
		l->out[port][q] = rte_ring_create(name, RING, SOCKET_ID_ANY, 0);
		CHECK(l->in[port][q] != NULL && l->out[port][q] != NULL);
	}
	snprintf(name, sizeof(name), "lan%u", serial);
	id = rte_eth_from_rings(name, l->in[port], l->queues, l->out[port], l->queues, 0);
	CHECK(id >= 0);
	CHECK(rte_eth_dev_get_name_by_port((uint16_t)id, l->port[port]) == 0);
}

void
lan_create(struct lan *l, unsigned int workers, unsigned int ports, unsigned int queues)
{
	struct ether_link_ops link = {.ctx = l, .link = link_changed};
	struct lcore *lcores[LAN_WORKERS_MAX];
	unsigned int i;

	memset(l, 0, sizeof(*l));
	l->now = 1000 * LAN_SECOND;
	l->n_workers = workers;
	l->n_ports = ports;
	l->queues = queues;
	CHECK(buf_mem_create(&l->mem, "lan", MBUFS, ROOM, SOCKET_ID_ANY) == 0);
	CHECK(event_queue_create(64, NULL, NULL, &l->events) == 0);
	if (workers > 1)
		CHECK(channel_create(workers, 128, 8, &l->channel) == 0);
	for (i = 0; i < workers; i++) {
		CHECK(lcore_init(&l->lc[i], i, workers, 0, l->now, 1000000) == 0);
		l->lc[i].mem = &l->mem;
		l->lc[i].events = l->events;
		l->lc[i].channel = l->channel;
		lcores[i] = &l->lc[i];
	}
	CHECK(ether_create(lcores, workers, &link, &l->e) == 0);
	for (i = 0; i < ports; i++)
		make_port(l, i);
}

unsigned int
lan_iface(struct lan *l, unsigned int port, const char *text)
{
	struct ether_iface_conf conf;
	char line[400], why[200] = "";
	int rc;

	snprintf(line, sizeof(line), "name=if%u,port=%s,%s", ether_iface_count(l->e), l->port[port],
		 text);
	rc = ether_iface_parse(line, &conf, why, sizeof(why));
	if (rc == 0)
		rc = ether_iface_add(l->e, &conf, why, sizeof(why));
	assert_string_equal(why, "");
	assert_true(rc >= 0);
	return (unsigned int)rc;
}

void
lan_start_loud(struct lan *l)
{
	char why[200] = "";
	unsigned int w;

	assert_int_equal(ether_start(l->e, l->now, why, sizeof(why)), 0);
	for (w = 0; w < l->n_workers; w++) {
		l->users[w] = (struct lan_user){.lan = l, .worker = w};
		ether_set_up(ether_lcore(l->e, w),
			     &(struct ether_up){&l->users[w], up_tcp, up_error});
		if (l->channel != NULL)
			channel_set_handler(
				l->channel, w, CHANNEL_PACKET,
				(struct channel_handler){ether_fan_in, ether_lcore(l->e, w)});
	}
}

void
lan_start(struct lan *l)
{
	lan_start_loud(l);
	lan_wait(l, 3 * LAN_SECOND);
	lan_clear(l);
}

void
lan_simple(struct lan *l, unsigned int workers)
{
	lan_create(l, workers, 1, 1);
	lan_iface(l, 0, "ip=10.0.0.1/24,ip=fd00::1/64,gw=10.0.0.254,gw=fd00::fe");
	lan_start(l);
}

void
lan_destroy(struct lan *l)
{
	unsigned int p, q;

	ether_destroy(l->e);
	l->e = NULL;
	lan_clear(l);
	for (p = 0; p < l->n_ports; p++) {
		for (q = 0; q < l->queues; q++) {
			rte_ring_free(l->in[p][q]);
			rte_ring_free(l->out[p][q]);
		}
	}
	if (l->channel != NULL)
		channel_destroy(l->channel);
	for (p = 0; p < l->n_workers; p++)
		lcore_fini(&l->lc[p]);
	event_queue_destroy(l->events);
	assert_int_equal(rte_mempool_in_use_count(l->mem.mbufs), 0);
	buf_mem_destroy(&l->mem);
}

static void
round_of(struct lan *l, unsigned int w)
{
	struct ether_lcore *el = ether_lcore(l->e, w);

	ether_poll(el, l->now);
	if (l->channel != NULL)
		channel_poll(l->channel, w, l->now);
	timer_wheel_run(&l->lc[w].wheel, l->now);
	ether_timers(el, l->now);
	if (l->channel != NULL)
		channel_flush(l->channel, w);
	ether_flush(el, l->now);
}

void
lan_round(struct lan *l)
{
	unsigned int i;

	for (i = 0; i < 2 * l->n_workers; i++)
		round_of(l, i % l->n_workers);
	ether_control(l->e, l->now);
	event_queue_run(l->events, l->now);
	if (l->channel != NULL)
		for (i = 0; i < 2 * l->n_workers; i++)
			round_of(l, i % l->n_workers);
}

void
lan_wait(struct lan *l, uint64_t ns)
{
	uint64_t end = l->now + ns;

	while (l->now < end) {
		l->now += LAN_SECOND / 100;
		lan_round(l);
	}
}

struct rte_mbuf *
lan_mbuf(struct lan *l, const uint8_t *frame, size_t len, const uint16_t *cuts)
{
	struct rte_mbuf *first = NULL, *m;
	size_t done = 0, n;

	do {
		n = cuts != NULL && *cuts != 0 ? *cuts++ : len - done;
		n = RTE_MIN(RTE_MIN(n, len - done), (size_t)ROOM);
		m = rte_pktmbuf_alloc(l->mem.mbufs);
		CHECK(m != NULL);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), frame + done, n);
		if (first == NULL)
			first = m;
		else
			CHECK(rte_pktmbuf_chain(first, m) == 0);
		done += n;
	} while (done < len);
	return first;
}

void
lan_send_mbuf(struct lan *l, unsigned int port, struct rte_mbuf *m)
{
	CHECK(rte_ring_enqueue(l->in[port][0], m) == 0);
}

void
lan_send_cut(struct lan *l, unsigned int port, const uint8_t *frame, size_t len,
	     const uint16_t *cuts, uint64_t ol_flags)
{
	struct rte_mbuf *m = lan_mbuf(l, frame, len, cuts);

	m->ol_flags |= ol_flags;
	lan_send_mbuf(l, port, m);
}

void
lan_send(struct lan *l, const uint8_t *frame, size_t len)
{
	lan_send_cut(l, 0, frame, len, NULL, 0);
	lan_round(l);
}

struct rte_mbuf *
lan_recv_mbuf(struct lan *l, unsigned int port)
{
	unsigned int q;
	void *m;

	for (q = 0; q < l->queues; q++)
		if (rte_ring_dequeue(l->out[port][q], &m) == 0)
			return m;
	return NULL;
}

size_t
lan_recv(struct lan *l, unsigned int port, uint8_t *frame)
{
	struct rte_mbuf *m = lan_recv_mbuf(l, port), *seg;
	size_t n = 0;

	if (m == NULL)
		return 0;
	CHECK(m->pkt_len <= LAN_FRAME_MAX);
	for (seg = m; seg != NULL; seg = seg->next) {
		memcpy(frame + n, rte_pktmbuf_mtod(seg, void *), seg->data_len);
		n += seg->data_len;
	}
	assert_int_equal(n, m->pkt_len);
	rte_pktmbuf_free(m);
	return n;
}

void
lan_clear(struct lan *l)
{
	struct rte_mbuf *m;
	unsigned int i;

	for (i = 0; i < l->n_tcp; i++)
		rte_pktmbuf_free(l->tcp[i].m);
	l->n_tcp = 0;
	l->n_errors = 0;
	for (i = 0; i < l->n_ports; i++)
		while ((m = lan_recv_mbuf(l, i)) != NULL)
			rte_pktmbuf_free(m);
}

uint64_t
lan_count(const struct lan *l, enum ether_counter c)
{
	uint64_t sum = 0;
	unsigned int w;

	for (w = 0; w < l->n_workers; w++)
		sum += l->e->workers[w]->counters[c];
	return sum;
}

void
lan_assert_only_drop(const struct lan *l, enum ether_counter c)
{
	unsigned int i;

	for (i = ETHER_C_DROP_SHORT_FRAME; i < ETHER_COUNTERS; i++)
		if (lan_count(l, i) != (i == (unsigned int)c))
			fail_msg("counter %s is %llu, only %s should be 1",
				 ether_counter_desc[i].name, (unsigned long long)lan_count(l, i),
				 ether_counter_desc[c].name);
}
