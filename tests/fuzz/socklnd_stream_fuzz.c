/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: what a peer says on a connection of socklnd, as acceptor and as dialler. The first byte chooses the scene, the
 * second the segmentation, the rest is the stream. After each input nothing may be left of it.
 */
#include "lnet/base/check.h"
#include "tests/fake/eal.h"
#include "tests/unit/socklnd/node.h"

#include <rte_mempool.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* First byte. */
enum {
	SCENE_DIAL = 0x01, /* we dialled: the stream is what the peer answers */
	SCENE_RECV = 0x06, /* enum fake_recv */
	SCENE_USER = 0x08, /* from a high port */
	SCENE_JOINED = 0x10, /* behind a handshake of version 1 to 4 */
	SCENE_VERSION = 0x60,
	SCENE_RESET = 0x80, /* ends with a reset, not in order */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct node *
the_node(void)
{
	static struct node n;
	struct socklnd_config cfg;

	if (n.s == NULL) {
		CHECK(fake_eal_init(64) == 0);
		socklnd_config_default(&cfg);
		cfg.accept = SOCKLND_ACCEPT_ALL;
		node_up(&n, 1, &cfg);
	}
	return &n;
}

static struct tcp_conn *
dial(struct node *n)
{
	struct lnet_nid to = nid_of("10.10.0.200@tcp");

	/* a failed dial of the input before backs off */
	node_advance(n, 100 * SEC);
	CHECK(fake_core_send(n->cpt, &n->ni[0], &to, LNET_GET, 0, n->now) == 0);
	fake_tcp_connected(fake_tcp_conn(n->tcp, 0), n->now);
	return fake_tcp_conn(n->tcp, 0);
}

static struct tcp_conn *
accept_one(struct node *n, uint8_t scene)
{
	struct remote r;

	CHECK(remote_connect(&r, n, "10.10.0.200@tcp", (scene & SCENE_USER) != 0 ? 20000 : 1000));
	if ((scene & SCENE_JOINED) != 0) {
		remote_request(&r, &n->ni[0].nid);
		remote_hello(&r, 1 + (scene & SCENE_VERSION) / 0x20, SOCKLND_CONTROL);
	}
	return r.c;
}

/* Whatever LNet still holds comes back; every connection ends. */
static void
finish(struct node *n, uint8_t scene)
{
	struct tcp_conn *c;
	unsigned int i;

	TAILQ_FOREACH(c, &n->tcp->conns, link) {
		if (!c->over && c->connected && (scene & SCENE_RESET) == 0)
			fake_tcp_fin(c, n->now);
		fake_tcp_over(c, -ECONNRESET, n->now);
	}
	for (i = 0; i < n->cpt->n_parsed; i++)
		if (n->cpt->parsed[i].msg == NULL && n->cpt->parsed[i].rc == 1)
			fake_core_recv(n->cpt, i,
				       i % 2 == 0 ? n->cpt->parsed[i].hdr.payload_len : UINT32_MAX,
				       n->now);
	/* a scheduled dial may have followed */
	for (i = 0; i < 4; i++) {
		node_advance(n, 60 * SEC);
		TAILQ_FOREACH(c, &n->tcp->conns, link)
			fake_tcp_over(c, -ECONNREFUSED, n->now);
	}
}

static void
check_nothing_left(struct node *n)
{
	const struct socklnd_cpt *sc = &n->s->cpts[0];

	CHECK(sc->n_conns == 0 && sc->handshakes.total == 0);
	CHECK(rte_mempool_in_use_count(n->mem.mbufs) == 0);
	CHECK(n->lc.ledger.use[LEDGER_SENT].used == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct node *n = the_node();
	struct tcp_conn *c;
	size_t mss;

	if (size < 2 || size > 65536)
		return 0;
	/* every segment takes an mbuf, and there are only so many */
	mss = data[1] == 0 || data[1] > size / 1000 ? data[1] : size / 1000;
	n->cpt->recv = (enum fake_recv)((data[0] & SCENE_RECV) / 2);
	c = (data[0] & SCENE_DIAL) != 0 ? dial(n) : accept_one(n, data[0]);
	if (!c->over)
		fake_tcp_deliver(c, data + 2, size - 2, mss, n->now);
	finish(n, data[0]);
	check_nothing_left(n);
	fake_core_fini(n->cpt);
	fake_core_init(n->cpt, &n->lc, &socklnd_ops);
	fake_tcp_forget(n->tcp);
	return 0;
}
