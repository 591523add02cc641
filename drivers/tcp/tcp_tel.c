/* SPDX-License-Identifier: BSD-3-Clause */
/* Telemetry of the TCP engines: counters summed over workers, connections by page. Thread: control. */
#include "drivers/tcp/tcp_tel.h"

#include "drivers/tcp/tcp_priv.h"
#include "lnet/base/tel.h"

#include <rte_common.h>

#include <errno.h>

#define PAGE 16 /* connections fetched from a worker at once */

static const struct counter_desc counter_desc[] = {
#define COUNTER COUNTER_DESC
#include "drivers/tcp/counter.def"
#undef COUNTER
};

static int
stats(void *owner, struct kv *, struct tel_req *req, uint64_t)
{
	const struct tcp *first = owner;
	struct tel_out *o = tel_out(req);
	unsigned int i, k;

	for (k = 0; k < TCP_COUNTERS; k++) {
		uint64_t sum = 0;

		for (i = 0; i < first->n_engines; i++)
			sum += counter_read(&tcp_counters(first->engines[i])[k]);
		tel_u64(o, counter_desc[k].name, sum);
	}
	return 0;
}

/* One page of one worker's connections, filled on the worker. */
struct page {
	struct tcp *t;
	unsigned int from, n, next;
	struct tcp_info info[PAGE];
};

static int
fill_page(struct lcore *, void *arg, uint64_t now)
{
	struct page *p = arg;

	p->n = tcp_list(p->t, p->from, p->info, PAGE, &p->next, now);
	return 0;
}

static void
endpoint(struct tel_out *o, const char *key, const struct ipaddr *a, uint16_t port)
{
	char text[IPADDR_STR_MAX];

	ipaddr_format(a, text);
	tel_strf(o, key, a->family == IP_V6 ? "[%s]:%u" : "%s:%u", text, port);
}

static void
write_conn(struct tel_out *o, const struct tcp_info *i, unsigned int worker)
{
	endpoint(o, "local", &i->flow.local, i->flow.local_port);
	endpoint(o, "remote", &i->flow.remote, i->flow.remote_port);
	tel_str(o, "state", i->state);
	tel_int(o, "worker", worker);
	tel_int(o, "cwnd", i->cwnd);
	tel_int(o, "ssthresh", i->ssthresh);
	tel_int(o, "snd_wnd", i->snd_wnd);
	tel_int(o, "rcv_wnd", i->rcv_wnd);
	tel_int(o, "mss", i->mss);
	tel_int(o, "mtu", i->mtu);
	tel_int(o, "path_mtu", i->path_mtu);
	tel_int(o, "srtt_us", i->srtt_us);
	tel_int(o, "rto_ms", i->rto_ms);
	tel_int(o, "rx_queue", i->rx_queue);
	tel_int(o, "rx_ooo", i->rx_ooo);
	tel_int(o, "tx_queue", i->tx_queue);
	tel_int(o, "in_flight", i->in_flight);
	tel_u64(o, "bytes_in", i->bytes_in);
	tel_u64(o, "bytes_out", i->bytes_out);
	tel_u64(o, "retransmits", i->retransmits);
	tel_str(o, "cc", i->cc);
	tel_str(o, "ecn", i->ecn ? "yes" : "no");
	tel_u64(o, "age_ms", i->age_ns / TCP_MS);
}

/*
 * A position in the whole list is worker * entries + entry: every engine has the same number. The entries of a page are
 * not known one by one, so a reply ends where a page does.
 */
static int
list(struct tcp *first, uint64_t off, struct tel_out *o, unsigned int *count, uint64_t *next)
{
	unsigned int entries = first->cfg.max_conns + first->cfg.max_embryonic, i;
	struct page p = {0};
	int rc;

	*next = 0;
	while (off / entries < first->n_engines) {
		unsigned int worker = (unsigned int)(off / entries);

		if (tel_size(o) > TEL_PAGE / 2) {
			*next = off;
			break;
		}
		p.t = first->engines[worker];
		p.from = (unsigned int)(off % entries);
		rc = lcore_call(p.t->lc, fill_page, &p);
		if (rc < 0)
			return rc;
		for (i = 0; i < p.n; i++) {
			tel_begin_item(o, (*count)++);
			write_conn(o, &p.info[i], worker);
			tel_end(o);
		}
		off = p.next != 0 ? (uint64_t)worker * entries + p.next
				  : (uint64_t)(worker + 1) * entries;
	}
	return 0;
}

static int
conns(void *owner, struct kv *params, struct tel_req *req, uint64_t)
{
	struct tcp *first = owner;
	struct tel_out *o = tel_out(req);
	unsigned int count = 0;
	uint64_t next;
	int64_t off = 0;
	int rc;

	rc = kv_get_int(params, "off", 0, INT32_MAX, &off);
	if (rc < 0)
		return tel_fail(req, rc, "off: not a position");
	tel_begin(o, "data");
	rc = list(first, (uint64_t)off, o, &count, &next);
	tel_end(o);
	if (rc < 0)
		return rc;
	tel_int(o, "count", count);
	tel_u64(o, "next", next);
	return 0;
}

static const struct tel_cmd commands[] = {
	{"/tcp/stats", stats, "counters of the TCP engines, summed over workers"},
	{"/tcp/conns", conns, "TCP connections. Parameters: off=position of the page"},
};

int
tcp_tel_register(struct tcp **engines, unsigned int n, struct lcore **lcores, struct tel *t)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (engines[i]->lc != lcores[i])
			return -EINVAL;
	}
	engines[0]->engines = engines;
	engines[0]->n_engines = n;
	return tel_register(t, commands, RTE_DIM(commands), engines[0]);
}

void
tcp_tel_unregister(struct tcp **engines, struct tel *t)
{
	tel_unregister_owner(t, engines[0]);
}
