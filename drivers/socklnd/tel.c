/* SPDX-License-Identifier: BSD-3-Clause */
/* Telemetry of socklnd: counters, connections, peers. Thread: control; what belongs to workers is asked of them. */
#include "lnet/base/tel.h"

#include "drivers/socklnd/priv.h"

#include <errno.h>

static const struct counter_desc counter_desc[] = {
#define COUNTER COUNTER_DESC
#include "drivers/socklnd/counter.def"
#undef COUNTER
};

static int
stats_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	const struct socklnd *s = owner;
	unsigned int i, c;
	uint64_t sum;

	for (c = 0; c < SOCKLND_COUNTERS; c++) {
		sum = 0;
		for (i = 0; i < s->env.n_workers; i++)
			sum += counter_read(&s->cpts[i].counters[c]);
		tel_u64(tel_out(req), counter_desc[c].name, sum);
	}
	return 0;
}

/* --- lists: pages of entries that the workers copy --- */

#define PAGE 32

struct conn_entry {
	struct lnet_nid nid;
	uint32_t pid;
	enum socklnd_type type;
	unsigned int cpt, version, conns;
	struct ip_flow flow;
	uint64_t tx_queue;
	uint32_t rx_queue;
};

struct page {
	struct socklnd *s;
	uint32_t net; /* LNET_NET_ANY: all */
	unsigned int skip; /* entries before the page */
	unsigned int n;
	bool more;
	struct conn_entry entry[PAGE];
};

static struct conn_entry *
next_entry(struct page *page, const struct socklnd_peer *p)
{
	struct conn_entry *e;

	if (page->skip > 0) {
		page->skip--;
		return NULL;
	}
	if (page->n == PAGE) {
		page->more = true;
		return NULL;
	}
	e = &page->entry[page->n++];
	*e = (struct conn_entry){.nid = p->nid, .pid = p->pid, .cpt = p->nc->sc->index};
	return e;
}

static void
add_conns(struct page *page, const struct socklnd_peer *p)
{
	const struct socklnd_conn *c;
	struct conn_entry *e;

	TAILQ_FOREACH(c, &p->conns, peer_link) {
		e = next_entry(page, p);
		if (e == NULL)
			continue;
		e->type = c->type;
		e->flow = c->flow;
		e->version = c->proto->version;
		e->tx_queue = c->txq_bytes + tcp_queued(c->tcp) - tcp_acked(c->tcp);
		e->rx_queue = tcp_rx_len(c->tcp);
	}
}

static void
add_peer(struct page *page, const struct socklnd_peer *p)
{
	const struct socklnd_conn *c = TAILQ_FIRST(&p->conns);
	struct conn_entry *e = next_entry(page, p);

	if (e == NULL)
		return;
	e->conns = p->n_conns;
	if (c != NULL) {
		e->flow = c->flow;
		return;
	}
	e->flow.local = p->nc->sni->local;
	e->flow.remote = p->dial.addr;
	e->flow.remote_port = (uint16_t)page->s->cfg.accept_port;
}

static void
add_all(struct lcore *lc, struct page *page,
	void (*add)(struct page *page, const struct socklnd_peer *p))
{
	const struct socklnd_ni_cpt *nc;
	const struct socklnd_peer *p;

	TAILQ_FOREACH(nc, &page->s->cpts[lc->index].nis, link) {
		if (page->net != LNET_NET_ANY && page->net != nc->ni->net)
			continue;
		TAILQ_FOREACH(p, &nc->peers, link)
			add(page, p);
	}
}

static int
collect_conns(struct lcore *lc, void *arg, uint64_t now)
{
	add_all(lc, arg, add_conns);
	return 0;
}

static int
collect_peers(struct lcore *lc, void *arg, uint64_t now)
{
	add_all(lc, arg, add_peer);
	return 0;
}

static void
write_entry(struct tel_out *o, const struct conn_entry *e, bool is_conn)
{
	char text[LNET_NID_STR_MAX];

	tel_str(o, "nid", lnet_nid_format(&e->nid, text));
	if (is_conn)
		tel_strf(o, "type", "%c", "ACIO"[e->type]);
	tel_int(o, "cpt", e->cpt);
	tel_str(o, "local", ipaddr_format(&e->flow.local, text));
	tel_str(o, "remote", ipaddr_format(&e->flow.remote, text));
	tel_int(o, "port", e->flow.remote_port);
	tel_int(o, "pid", e->pid);
	if (is_conn) {
		tel_int(o, "local_port", e->flow.local_port);
		tel_int(o, "version", e->version);
		tel_u64(o, "txq", e->tx_queue);
		tel_u64(o, "rxq", e->rx_queue);
	} else {
		tel_int(o, "conns", e->conns);
	}
}

/* Is there an interface on @net (LNET_NET_ANY: any)? Return: 0 or -errno, told. */
static int
check_net(const struct socklnd *s, uint32_t net, struct tel_req *req)
{
	const struct socklnd_ni *sni;

	if (TAILQ_EMPTY(&s->nis))
		return tel_fail(req, -ENETDOWN, "Network is down");
	TAILQ_FOREACH(sni, &s->nis, link)
		if (net == LNET_NET_ANY || sni->ni->net == net)
			return 0;
	return tel_fail(req, -EINVAL, "no interface is on that network");
}

static int
list(struct socklnd *s, struct kv *params, struct tel_req *req, bool conns)
{
	struct page page = {.s = s, .net = LNET_NET_ANY};
	const char *net = kv_get(params, "net");
	struct tel_out *o = tel_out(req);
	unsigned int i;
	int64_t off = 0;
	int rc;

	if (net != NULL && lnet_net_parse(net, &page.net) < 0)
		return tel_fail(req, -EINVAL, "net '%s' is not a network", net);
	if (kv_get_int(params, "off", 0, UINT32_MAX, &off) < 0)
		return tel_fail(req, -EINVAL, "off must be a whole number");
	rc = check_net(s, page.net, req);
	if (rc < 0)
		return rc;
	page.skip = (unsigned int)off;
	for (i = 0; i < s->env.n_workers && !page.more; i++)
		lcore_call(s->env.lcores[i], conns ? collect_conns : collect_peers, &page);
	tel_begin(o, "data");
	for (i = 0; i < page.n; i++) {
		tel_begin_item(o, i);
		write_entry(o, &page.entry[i], conns);
		tel_end(o);
	}
	tel_end(o);
	tel_int(o, "count", page.n);
	tel_int(o, "next", page.more ? off + page.n : 0);
	return 0;
}

static int
conns_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	return list(owner, params, req, true);
}

static int
peers_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	return list(owner, params, req, false);
}

static const struct tel_cmd cmds[] = {
	{"/socklnd/stats", stats_cmd, "every counter of the socket network driver, all workers"},
	{"/lnet/lnd/conns", conns_cmd, "connections of the socket network driver: net, off"},
	{"/lnet/lnd/peers", peers_cmd, "peers of the socket network driver: net, off"},
};

int
socklnd_tel_register(struct socklnd *s, struct tel *t)
{
	return tel_register(t, cmds, sizeof(cmds) / sizeof(cmds[0]), s);
}
