/* SPDX-License-Identifier: BSD-3-Clause */
/* A node and its peers for tests of socklnd; see the header. */
#include "tests/unit/socklnd/node.h"

#include "lnet/base/bytes.h"
#include "lnet/base/check.h"
#include "lnet/base/pool.h"

#include <rte_mempool.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_MBUFS 4095

struct lnet_nid
nid_of(const char *text)
{
	struct lnet_nid nid;

	CHECK(lnet_nid_parse(text, &nid) == 0);
	return nid;
}

static int
find_iface(void *arg, const char *name, struct socklnd_iface *out)
{
	struct node *n = arg;

	if (strcmp(name, "p0") == 0)
		*out = n->iface;
	else if (strcmp(name, "p1") == 0)
		*out = n->iface1;
	else
		return -ENODEV;
	return 0;
}

static unsigned int
find_home(void *arg, const struct ipaddr *local, const struct ipaddr *remote)
{
	const struct node *n = arg;

	return n->home;
}

static void
start_ni(struct node *n, unsigned int i)
{
	struct lnet_ni *ni = &n->ni[i];
	char why[128];

	memset(ni, 0, sizeof(*ni));
	ni->net = i == 0 ? n->net0 : n->net1;
	if (ni->net == 0)
		ni->net = lnet_mknet(LNET_TYPE_TCP, i);
	ni->incarnation = NODE_INCARNATION + i;
	ni->state = (struct lnet_ni_state *)n->cpt;
	snprintf(ni->ifname, sizeof(ni->ifname), i > 0 && n->iface1.n_addrs > 0 ? "p1" : "p0");
	lnet_ni_tunables_unset(&ni->tun);
	CHECK(socklnd_ops.ni_start(n->s, ni, why, sizeof(why)) == 0);
	CHECK(socklnd_ops.attach(n->cpt, ni, n->now) == 0);
}

static void
up(struct node *n, unsigned int nis, const struct socklnd_config *cfg)
{
	static unsigned int serial;
	struct socklnd_env env = {.arg = n, .iface = find_iface, .home = find_home, .n_workers = 1};
	char name[16];
	unsigned int i;

	snprintf(name, sizeof(name), "node%u", serial++);
	n->now = 1000 * SEC;
	CHECK(buf_mem_create(&n->mem, name, N_MBUFS, 2048, -1) == 0);
	CHECK(lcore_init(&n->lc, 0, 1, 0, n->now, 1000000) == 0);
	n->lc.mem = &n->mem;
	n->lc.ledger.use[LEDGER_SENT].size = 1 << 20;
	n->tcp = fake_tcp_create(&n->mem);
	n->cpt = calloc(1, sizeof(*n->cpt));
	CHECK(n->cpt != NULL);
	fake_core_init(n->cpt, &n->lc, &socklnd_ops);
	if (cfg != NULL)
		n->cfg = *cfg;
	else
		socklnd_config_default(&n->cfg);
	n->cfg.max_peers = 32;
	n->cfg.max_conns = 300;
	env.lcores[0] = &n->lc;
	env.tcp[0] = n->tcp;
	CHECK(socklnd_create(&env, &n->cfg, &n->s) == 0);
	n->n_nis = nis;
	for (i = 0; i < nis; i++)
		start_ni(n, i);
}

static void
add_addr(struct socklnd_iface *ifc, const char *text)
{
	ifc->link_up = true;
	if (*text != '\0')
		CHECK(ipaddr_parse(text, &ifc->addrs[ifc->n_addrs++]) == 0);
}

void
node_up_at(struct node *n, const char *v4, const char *v6, const struct socklnd_config *cfg)
{
	uint32_t net0 = n->net0;

	memset(n, 0, sizeof(*n));
	n->net0 = net0;
	add_addr(&n->iface, v4);
	add_addr(&n->iface, v6);
	up(n, 1, cfg);
}

void
node_up(struct node *n, unsigned int nis, const struct socklnd_config *cfg)
{
	memset(n, 0, sizeof(*n));
	add_addr(&n->iface, "10.10.0.3");
	up(n, nis, cfg);
}

void
node_up_two(struct node *n, const char *v4, const char *other_v4, const struct socklnd_config *cfg)
{
	memset(n, 0, sizeof(*n));
	add_addr(&n->iface, v4);
	add_addr(&n->iface1, other_v4);
	n->iface1.index = 1;
	up(n, 2, cfg);
}

void
node_up_dual(struct node *n, const char *v4, const char *v6, const struct socklnd_config *cfg)
{
	memset(n, 0, sizeof(*n));
	add_addr(&n->iface, v4);
	add_addr(&n->iface, v6);
	add_addr(&n->iface1, v6);
	n->iface1.index = 1;
	n->net1 = lnet_mknet(LNET_TYPE_TCP, 0);
	up(n, 2, cfg);
}

/* Closed connections end when their peers close too, or after the driver's patience. */
static void
detach(struct node *n, struct lnet_ni *ni)
{
	unsigned int i;

	for (i = 0; i < 100 && socklnd_ops.detach(n->cpt, ni, n->now) > 0; i++)
		node_advance(n, SEC / 10);
	CHECK(socklnd_ops.detach(n->cpt, ni, n->now) == 0);
	socklnd_ops.ni_stop(n->s, ni);
}

void
node_down(struct node *n)
{
	unsigned int i;

	for (i = 0; i < n->n_nis; i++)
		detach(n, &n->ni[i]);
	CHECK(socklnd_leaks(n->s) == 0);
	socklnd_destroy(n->s);
	fake_tcp_destroy(n->tcp);
	fake_core_fini(n->cpt);
	free(n->cpt);
	CHECK(n->lc.ledger.use[LEDGER_SENT].used == 0);
	CHECK(n->lc.wheel.count == 0);
	lcore_fini(&n->lc);
	CHECK(rte_mempool_avail_count(n->mem.mbufs) == N_MBUFS);
	CHECK(pool_used(n->mem.slices) == 0);
	buf_mem_destroy(&n->mem);
}

void
node_advance(struct node *n, uint64_t ns)
{
	n->now += ns;
	timer_wheel_run(&n->lc.wheel, n->now);
}

uint64_t
node_count(const struct node *n, enum socklnd_counter c)
{
	return counter_read(&n->s->cpts[0].counters[c]);
}

struct socklnd_peer *
node_peer(struct node *n, const char *nid)
{
	struct lnet_nid id = nid_of(nid);

	return socklnd_peer_find(n->ni[0].lnd_cpt_data[0], &id, LNET_PID);
}

/* --- the peer --- */

bool
remote_connect(struct remote *r, struct node *n, const char *nid, uint16_t port)
{
	struct ip_flow flow = {0};

	*r = (struct remote){.n = n, .nid = nid_of(nid)};
	CHECK(lnet_nid_to_ip(&r->nid, &flow.remote) == 0);
	flow.local = n->iface.addrs[flow.remote.family == n->iface.addrs[0].family ? 0 : 1];
	flow.local_port = (uint16_t)n->cfg.accept_port;
	flow.remote_port = port;
	r->c = fake_tcp_accept(n->tcp, &flow, n->now);
	return r->c != NULL;
}

void
remote_say(struct remote *r, const void *bytes, size_t len)
{
	fake_tcp_deliver_burst(r->c, bytes, len, 0, r->n->now);
}

void
remote_request(struct remote *r, const struct lnet_nid *target)
{
	uint8_t out[SOCKLND_CONNREQ_V2_SIZE];

	remote_say(r, out, socklnd_connreq_encode(target, out));
}

void
remote_hello_of(struct remote *r, const struct socklnd_hello *h)
{
	uint8_t out[SOCKLND_HELLO_MAX];

	r->version = h->version;
	remote_say(r, out, socklnd_hello_encode(h, out));
}

void
remote_hello(struct remote *r, unsigned int version, enum socklnd_type type)
{
	struct socklnd_hello h = {
		.version = version,
		.src = r->nid,
		.dst = r->n->ni[0].nid,
		.src_pid = LNET_PID,
		.src_incarnation = PEER_INCARNATION,
		.type = type,
	};

	remote_hello_of(r, &h);
}

size_t
remote_waiting(const struct remote *r)
{
	return r->c->queued - r->read;
}

const uint8_t *
remote_read(struct remote *r, size_t len)
{
	const uint8_t *p = r->c->tx + r->read;

	CHECK(len <= remote_waiting(r));
	r->read += len;
	return p;
}

struct socklnd_hello
remote_read_hello(struct remote *r)
{
	struct socklnd_hello h;
	unsigned int version;
	const uint8_t *p;
	bool swap;

	CHECK(remote_waiting(r) >= 8);
	CHECK(socklnd_hello_peek(r->c->tx + r->read, &version, &swap) == 0 && !swap);
	p = remote_read(r, socklnd_proto(version)->hello_size);
	socklnd_hello_decode(p, version, swap, &h);
	return h;
}

void
remote_answer(struct remote *r, struct node *n, unsigned int i, const char *nid,
	      struct socklnd_hello *h)
{
	uint8_t request[SOCKLND_CONNREQ_V2_SIZE];
	unsigned int len;

	*r = (struct remote){.n = n, .nid = nid_of(nid), .c = fake_tcp_conn(n->tcp, i)};
	CHECK(r->c != NULL && r->c->active);
	fake_tcp_connected(r->c, n->now);
	len = socklnd_connreq_encode(&r->nid, request);
	CHECK(memcmp(remote_read(r, len), request, len) == 0);
	*h = remote_read_hello(r);
	r->version = h->version;
	fake_tcp_ack(r->c, n->now);
}

void
remote_join(struct remote *r, struct node *n, const char *nid, uint16_t port,
	    enum socklnd_type type)
{
	struct socklnd_hello h;

	CHECK(remote_connect(r, n, nid, port));
	remote_request(r, &n->ni[0].nid);
	remote_hello(r, lnet_nid_is_nid4(&r->nid) ? 3 : 4, type);
	h = remote_read_hello(r);
	CHECK(h.type == (int)socklnd_type_invert(type));
	fake_tcp_ack(r->c, n->now);
}

void
remote_join_set(struct remote r[3], struct node *n, const char *nid)
{
	remote_join(&r[0], n, nid, 1023, SOCKLND_CONTROL);
	remote_join(&r[1], n, nid, 1022, SOCKLND_BULK_IN);
	remote_join(&r[2], n, nid, 1021, SOCKLND_BULK_OUT);
}

void
remote_answer_set(struct remote r[3], struct node *n, const char *nid)
{
	unsigned int i, first = 0;
	struct socklnd_hello h;

	while (fake_tcp_conn(n->tcp, first)->connected || fake_tcp_conn(n->tcp, first)->over)
		first++;
	for (i = 0; i < 3; i++) {
		remote_answer(&r[i], n, first + i, nid, &h);
		remote_hello(&r[i], h.version, socklnd_type_invert((enum socklnd_type)h.type));
	}
}

struct frame
remote_read_frame(struct remote *r)
{
	const struct socklnd_proto *proto = socklnd_proto(r->version);
	const uint8_t *p;
	struct frame f = {0};

	if (proto->ksock_size > 0)
		socklnd_ksock_decode(remote_read(r, proto->ksock_size), false, &f.ksock);
	else
		f.ksock.type = SOCKLND_MSG_LNET;
	if (f.ksock.type == SOCKLND_MSG_NOOP)
		return f;
	CHECK(f.ksock.type == SOCKLND_MSG_LNET);
	p = remote_read(r, proto->lnet_size);
	if (proto->large_nids)
		lnet_hdr_decode16(p, &f.hdr);
	else
		lnet_hdr_decode4(p, &f.hdr);
	f.payload = remote_read(r, f.hdr.payload_len);
	return f;
}

size_t
remote_frame(const struct remote *r, uint8_t *out, enum lnet_msg_type type, uint32_t len,
	     uint64_t cookie0, uint64_t cookie1)
{
	const struct socklnd_proto *proto = socklnd_proto(r->version);
	const struct socklnd_ksock k = {SOCKLND_MSG_LNET, 0, cookie0, cookie1};
	const struct lnet_hdr h = {
		.dst = r->n->ni[0].nid,
		.src = r->nid,
		.dst_pid = LNET_PID,
		.src_pid = LNET_PID,
		.type = type,
		.payload_len = len,
	};
	uint8_t *p = out;
	uint32_t i;

	if (proto->ksock_size > 0)
		socklnd_ksock_encode(&k, p);
	p += proto->ksock_size;
	if (proto->large_nids)
		lnet_hdr_encode16(&h, p);
	else
		CHECK(lnet_hdr_encode4(&h, p) == 0);
	p += proto->lnet_size;
	for (i = 0; i < len; i++)
		*p++ = fake_core_pattern(i);
	return (size_t)(p - out);
}

void
remote_send(struct remote *r, enum lnet_msg_type type, uint32_t len, uint64_t cookie0)
{
	uint8_t *out = malloc(SOCKLND_KSOCK_SIZE + LNET_HDR_MAX + len);

	CHECK(out != NULL);
	remote_say(r, out, remote_frame(r, out, type, len, cookie0, 0));
	free(out);
}

void
remote_noop(struct remote *r, uint64_t cookie0, uint64_t cookie1)
{
	const struct socklnd_ksock k = {SOCKLND_MSG_NOOP, 0, cookie0, cookie1};
	uint8_t out[SOCKLND_KSOCK_SIZE];

	socklnd_ksock_encode(&k, out);
	remote_say(r, out, sizeof(out));
}
