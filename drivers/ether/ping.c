/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Echo requests out of a port, for an operator: the control thread counts and waits, the home worker of the address
 * pair sends and receives. One request is on its way at a time; the send time travels in it.
 */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"
#include "drivers/ether/icmp.h"
#include "lnet/base/tel.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#define ECHO_REQUEST 8
#define ECHO6_REQUEST 128
#define ECHO_SIZE_DEFAULT 56
#define ECHO_SIZE_MIN 8 /* the send time */
#define ECHO_SIZE_MAX 1400 /* of one packet buffer */
#define COUNT_DEFAULT 3
#define COUNT_MAX 1000
#define TIMEOUT_DEFAULT_MS 1000
#define TIMEOUT_MAX_MS 10000
#define NS_PER_MS UINT64_C(1000000)

struct ping {
	struct ether *e;
	struct tel_req *req;
	struct ether_iface *iface;
	struct ether_lcore *home;
	struct ipaddr local, remote;
	uint16_t slot, id, seq; /* seq: of the request on its way */
	bool waiting;
	uint64_t deadline, timeout;
	unsigned int count, size, sent, received;
	uint64_t rtt_min, rtt_max, rtt_sum; /* ns */
};

/* --- worker --- */

static int
expect(struct lcore *lc, void *arg, uint64_t now)
{
	struct ping *g = arg;

	(void)lc;
	(void)now;
	g->home->pings[g->slot].used = true;
	g->home->pings[g->slot].id = g->id;
	g->home->pings[g->slot].remote = g->remote;
	return 0;
}

static int
forget(struct lcore *lc, void *arg, uint64_t now)
{
	struct ping *g = arg;

	(void)lc;
	(void)now;
	g->home->pings[g->slot].used = false;
	return 0;
}

static int
send_request(struct lcore *lc, void *arg, uint64_t now)
{
	struct ping *g = arg;
	struct ip_out o = {.local = &g->local, .remote = &g->remote, .iface = g->iface};
	uint16_t len = (uint16_t)(ICMP_HEADER + g->size), pseudo = 0, sum;
	struct rte_mbuf *m = ether_mbuf(g->home, len);
	uint8_t *icmp;

	(void)lc;
	if (m == NULL)
		return -ENOMEM;
	icmp = rte_pktmbuf_mtod(m, uint8_t *);
	icmp[0] = ECHO_REQUEST;
	o.proto = IPPROTO_ICMP;
	if (g->remote.family == IP_V6) {
		icmp[0] = ECHO6_REQUEST;
		o.proto = IPPROTO_ICMPV6;
		pseudo = ether_cksum_pseudo(&g->local, &g->remote, IPPROTO_ICMPV6, len);
	}
	put_be16(icmp + 4, g->id);
	put_be16(icmp + 6, g->seq);
	put_be64(icmp + ICMP_HEADER, now);
	sum = ether_cksum_fill(m, 0, len, pseudo);
	memcpy(icmp + 2, &sum, sizeof(sum));
	ether_ip_output(g->home, &o, m, now);
	return 0;
}

struct reply {
	uint16_t id, seq;
	uint64_t rtt;
};

static void got_reply(void *ctx, const void *arg, uint64_t now);

bool
ether_ping_reply(struct ether_lcore *el, const struct ipaddr *remote, uint16_t id, uint16_t seq,
		 uint64_t sent, uint64_t now)
{
	struct reply r = {.id = id, .seq = seq, .rtt = now - sent};
	unsigned int i;

	for (i = 0; i < ETHER_PINGS_MAX; i++) {
		if (!el->pings[i].used || el->pings[i].id != id ||
		    !ipaddr_equal(&el->pings[i].remote, remote))
			continue;
		event_post(el->lc->events, got_reply, el->e, &r, sizeof(r));
		return true;
	}
	return false;
}

/* --- control --- */

static void
finish(struct ping *g, int rc)
{
	struct tel_out *o = tel_out(g->req);

	lcore_call(g->home->lc, forget, g);
	g->e->pings[g->slot] = NULL;
	tel_u64(o, "sent", g->sent);
	tel_u64(o, "received", g->received);
	if (g->received > 0) {
		tel_u64(o, "rtt_min_us", g->rtt_min / 1000);
		tel_u64(o, "rtt_avg_us", g->rtt_sum / g->received / 1000);
		tel_u64(o, "rtt_max_us", g->rtt_max / 1000);
	}
	tel_finish(g->req, rc);
	free(g);
}

/* The next request, or the end. */
static void
next(struct ping *g, uint64_t now)
{
	int rc = 0;

	if (g->sent == g->count) {
		finish(g, 0);
		return;
	}
	g->seq++;
	g->sent++;
	g->waiting = true;
	g->deadline = now + g->timeout;
	rc = lcore_call(g->home->lc, send_request, g);
	if (rc < 0)
		finish(g, tel_fail(g->req, rc, "no packet buffer"));
}

static void
got_reply(void *ctx, const void *arg, uint64_t now)
{
	struct ether *e = ctx;
	struct reply r;
	struct ping *g;
	unsigned int i;

	memcpy(&r, arg, sizeof(r));
	for (i = 0; i < ETHER_PINGS_MAX; i++) {
		g = e->pings[i];
		if (g == NULL || g->id != r.id || g->seq != r.seq || !g->waiting)
			continue;
		g->waiting = false;
		g->received++;
		g->rtt_sum += r.rtt;
		if (r.rtt > g->rtt_max)
			g->rtt_max = r.rtt;
		if (r.rtt < g->rtt_min)
			g->rtt_min = r.rtt;
		next(g, now);
		return;
	}
}

void
ether_ping_control(struct ether *e, uint64_t now)
{
	unsigned int i;

	for (i = 0; i < ETHER_PINGS_MAX; i++)
		if (e->pings[i] != NULL && now >= e->pings[i]->deadline)
			next(e->pings[i], now);
}

void
ether_ping_stop(struct ether *e)
{
	unsigned int i;

	for (i = 0; i < ETHER_PINGS_MAX; i++)
		if (e->pings[i] != NULL)
			finish(e->pings[i], -ESHUTDOWN);
}

/* Interface and addresses. */
static int
choose_way(struct ping *g, struct kv *params, struct tel_req *req)
{
	const char *iface = kv_get(params, "iface"), *addr = kv_get(params, "addr");
	const struct iface_addr *src;
	struct ether_iface_info info;

	if (iface == NULL || ether_iface_find(g->e, iface, &info) < 0)
		return tel_fail(req, -ENODEV, "iface= has to name an interface");
	if (addr == NULL || ipaddr_parse(addr, &g->remote) < 0)
		return tel_fail(req, -EINVAL, "addr= has to be an IPv4 or IPv6 address");
	g->iface = g->e->ifaces[info.index];
	src = ether_iface_source(g->iface, &g->remote);
	if (src == NULL)
		return tel_fail(req, -EADDRNOTAVAIL,
				"interface %s has no usable address of that family", iface);
	if (ether_routes_lookup(&g->iface->routes, &g->remote) == NULL)
		return tel_fail(req, -ENETUNREACH, "interface %s has no route to %s", iface, addr);
	g->local = src->addr;
	g->home = g->e->workers[ether_home(g->e, &g->local, &g->remote)];
	return 0;
}

static int
read_params(struct ping *g, struct kv *params, struct tel_req *req)
{
	int64_t count = COUNT_DEFAULT, timeout = TIMEOUT_DEFAULT_MS, size = ECHO_SIZE_DEFAULT;
	int rc = choose_way(g, params, req);

	if (rc < 0)
		return rc;
	if (kv_get_int(params, "count", 1, COUNT_MAX, &count) < 0 ||
	    kv_get_int(params, "timeout_ms", 1, TIMEOUT_MAX_MS, &timeout) < 0 ||
	    kv_get_int(params, "size", ECHO_SIZE_MIN, ECHO_SIZE_MAX, &size) < 0)
		return tel_fail(req, -ERANGE, "count= 1..%d, timeout_ms= 1..%d, size= %d..%d",
				COUNT_MAX, TIMEOUT_MAX_MS, ECHO_SIZE_MIN, ECHO_SIZE_MAX);
	if (kv_unknown(params) != NULL)
		return tel_fail(req, -EINVAL, "unknown parameter: %s", kv_unknown(params));
	g->count = (unsigned int)count;
	g->size = (unsigned int)size;
	g->timeout = (uint64_t)timeout * NS_PER_MS;
	return 0;
}

int
ether_ping_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct ether *e = owner;
	struct ping *g;
	unsigned int slot = 0;
	int rc;

	while (slot < ETHER_PINGS_MAX && e->pings[slot] != NULL)
		slot++;
	if (slot == ETHER_PINGS_MAX)
		return tel_fail(req, -EBUSY, "%d pings run already", ETHER_PINGS_MAX);
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return -ENOMEM;
	g->e = e;
	g->req = req;
	g->slot = (uint16_t)slot;
	g->id = ++e->ping_ids;
	g->rtt_min = UINT64_MAX;
	rc = read_params(g, params, req);
	if (rc < 0) {
		free(g);
		return rc;
	}
	e->pings[slot] = g;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): read_params() has set it */
	lcore_call(g->home->lc, expect, g);
	next(g, now);
	return TEL_LATER;
}
