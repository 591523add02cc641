/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake network driver and the fabric between its NIs. */
#include "tests/fake/fake_lnd.h"

#include "lnet/base/check.h"
#include "lnet/base/lcore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fake_fabric_init(struct fake_fabric *f)
{
	TAILQ_INIT(&f->nis);
	TAILQ_INIT(&f->frames);
	TAILQ_INIT(&f->open);
}

static void
free_frame(struct fake_fabric *f, struct fake_frame *fr)
{
	TAILQ_REMOVE(&f->frames, fr, link);
	free(fr->payload);
	free(fr);
}

void
fake_fabric_fini(struct fake_fabric *f)
{
	struct fake_frame *fr, *next;

	CHECK(TAILQ_EMPTY(&f->open) && TAILQ_EMPTY(&f->nis));
	for (fr = TAILQ_FIRST(&f->frames); fr != NULL; fr = next) {
		next = TAILQ_NEXT(fr, link);
		free_frame(f, fr);
	}
}

void
fake_lnd_init(struct fake_lnd *lnd, struct fake_fabric *f, unsigned int n_workers)
{
	*lnd = (struct fake_lnd){.fabric = f, .n_workers = n_workers, .rc = -EIO};
	TAILQ_INIT(&lnd->kept);
}

void
fake_lnd_fini(struct fake_lnd *lnd)
{
	CHECK(lnd->n_kept == 0);
	CHECK(lnd->n_started == lnd->n_stopped);
}

static struct fake_lnd *
lnd_of(const struct lnet_ni *ni)
{
	return ni->lnd->ctx;
}

static struct fake_ni *
find_ni(struct fake_fabric *f, const struct lnet_nid *nid)
{
	struct fake_ni *n;

	TAILQ_FOREACH(n, &f->nis, link)
		if (lnet_nid_equal(&n->ni->nid, nid))
			return n;
	return NULL;
}

unsigned int
fake_home(const struct fake_lnd *lnd, const struct lnet_nid *nid)
{
	return nid->addr[nid->size > 0 ? 15 : 3] % lnd->n_workers;
}

/* --- life of an NI --- */

static bool
fails(unsigned int *countdown)
{
	return *countdown > 0 && --*countdown == 0;
}

static void
unset(int *v, int def)
{
	if (*v == -1)
		*v = def;
}

static int
fake_ni_start(void *ctx, struct lnet_ni *ni, char *why, unsigned int why_size)
{
	struct fake_lnd *lnd = ctx;
	struct fake_ni *n;
	struct ipaddr a;

	if (fails(&lnd->fail_start)) {
		snprintf(why, why_size, "no such interface");
		return -ENODEV;
	}
	if (ipaddr_parse(ni->ifname[0] != '\0' ? ni->ifname : "10.9.9.9", &a) < 0)
		return -EINVAL;
	ni->nid = lnet_nid_from_ip(ni->net, &a);
	unset(&ni->tun.peer_timeout, 180);
	unset(&ni->tun.peer_credits, 8);
	unset(&ni->tun.peer_buffer_credits, 0);
	unset(&ni->tun.credits, 256);
	n = calloc(1, sizeof(*n));
	CHECK(n != NULL);
	n->ni = ni;
	ni->lnd_data = n;
	TAILQ_INSERT_TAIL(&lnd->fabric->nis, n, link);
	lnd->n_started++;
	return 0;
}

static void
fake_ni_stop(void *ctx, struct lnet_ni *ni)
{
	struct fake_lnd *lnd = ctx;
	struct fake_ni *n = ni->lnd_data;
	unsigned int i;

	for (i = 0; i < LNET_CPTS_MAX; i++)
		CHECK(!n->attached[i]);
	TAILQ_REMOVE(&lnd->fabric->nis, n, link);
	free(n);
	lnd->n_stopped++;
}

static unsigned int
worker_of(struct lnet_cpt *cpt)
{
	return lnet_cpt_lcore(cpt)->index;
}

static int
fake_attach(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	struct fake_ni *n = ni->lnd_data;

	(void)now;
	if (fails(&lnd_of(ni)->fail_attach))
		return -ENOMEM;
	CHECK(!n->attached[worker_of(cpt)]);
	n->attached[worker_of(cpt)] = true;
	return 0;
}

/* --- receiving --- */

static void
over(struct fake_fabric *f, struct fake_rx *rx)
{
	CHECK(!rx->is_over);
	rx->is_over = true;
	TAILQ_REMOVE(&f->open, rx, link);
	if (rx->frame != NULL)
		free_frame(f, rx->frame);
}

void
fake_rx_finish(struct fake_fabric *f, struct fake_rx *rx, int rc, uint64_t now)
{
	struct lnet_msg *msg = rx->msg;
	struct lnet_cpt *cpt = rx->cpt;

	CHECK(rx->is_asked && msg != NULL);
	if (rc == 0 && rx->want > 0)
		rc = buf_copy_in(&msg->payload, lnet_cpt_lcore(cpt)->mem, rx->payload, rx->want);
	rx->msg = NULL;
	over(f, rx);
	lnet_recv_done(cpt, msg, rc, now);
}

static void
fake_recv(struct lnet_cpt *cpt, void *token, struct lnet_msg *msg, uint32_t want, uint64_t now)
{
	struct fake_rx *rx = token;
	struct fake_lnd *lnd = lnd_of(rx->ni);

	CHECK(!rx->is_asked && rx->cpt == cpt);
	CHECK(want <= rx->hdr.payload_len);
	rx->is_asked = true;
	rx->is_discarded = msg == NULL;
	rx->msg = msg;
	rx->want = want;
	/* lnet_parse() has not said yet that it comes to be open */
	if (msg == NULL)
		over(lnd->fabric, rx);
	else if (!rx->by_hand && !lnd->by_hand)
		fake_rx_finish(lnd->fabric, rx, 0, now);
}

static void
start(struct fake_rx *rx, uint64_t now)
{
	struct fake_fabric *f = lnd_of(rx->ni)->fabric;
	/* a frame is freed when it is over */
	struct fake_frame *frame = rx->frame;
	int rc;

	rx->cpt = lnet_cpt_of(rx->ni->lnet, fake_home(lnd_of(rx->ni), &rx->from));
	TAILQ_INSERT_TAIL(&f->open, rx, link);
	rc = lnet_parse(rx->cpt, rx->ni, &rx->hdr, &rx->from, rx, now);
	if (rc == 0 && frame != NULL)
		return;
	rx->parse_rc = rc;
	if (rc < 0) {
		CHECK(!rx->is_asked);
		over(f, rx);
	}
}

void
fake_rx_start(struct fake_rx *rx, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	      const struct lnet_nid *from, const uint8_t *payload, uint64_t now)
{
	bool by_hand = rx->by_hand;

	*rx = (struct fake_rx){
		.by_hand = by_hand,
		.ni = ni,
		.hdr = *hdr,
		.from = *from,
		.payload = payload,
	};
	start(rx, now);
}

/* Is @fr the first of its connection, and does it not wait for the core? */
static bool
may_move(const struct fake_fabric *f, const struct fake_frame *fr)
{
	const struct fake_frame *o;

	TAILQ_FOREACH(o, &f->frames, link) {
		if (o == fr)
			return !fr->is_started;
		if (o->rx.ni == fr->rx.ni && lnet_nid_equal(&o->rx.from, &fr->rx.from))
			return false;
	}
	return false;
}

bool
fake_fabric_step(struct fake_fabric *f, uint32_t which, uint64_t now)
{
	unsigned int n = 0;
	struct fake_frame *fr;

	TAILQ_FOREACH(fr, &f->frames, link)
		n += may_move(f, fr);
	if (n == 0)
		return false;
	which %= n;
	TAILQ_FOREACH(fr, &f->frames, link)
		if (may_move(f, fr) && which-- == 0)
			break;
	fr->is_started = true;
	start(&fr->rx, now);
	return true;
}

/* --- sending --- */

/* Onto the wire: whoever has that NID will get it; nobody is fine too. */
static void
transmit(struct fake_lnd *lnd, const struct lnet_msg *msg)
{
	struct fake_ni *to = find_ni(lnd->fabric, &msg->next_hop);
	struct fake_frame *fr;

	if (to == NULL)
		return;
	fr = calloc(1, sizeof(*fr));
	CHECK(fr != NULL);
	fr->rx = (struct fake_rx){.ni = to->ni, .hdr = msg->hdr, .from = msg->ni->nid, .frame = fr};
	fr->payload = malloc(msg->payload.len + 1);
	CHECK(fr->payload != NULL);
	CHECK(buf_copy_out(&msg->payload, 0, fr->payload, msg->payload.len) == 0);
	fr->rx.payload = fr->payload;
	TAILQ_INSERT_TAIL(&lnd->fabric->frames, fr, link);
}

static void
note(struct fake_lnd *lnd, const struct lnet_msg *msg)
{
	struct fake_sent *s = &lnd->sent[lnd->n_sent++ % FAKE_SENT_MAX];

	*s = (struct fake_sent){
		.hdr = msg->hdr,
		.next_hop = msg->next_hop,
		.ni = msg->ni,
		.len = msg->payload.len,
	};
	CHECK(buf_copy_out(&msg->payload, 0, s->payload,
			   s->len < FAKE_PAYLOAD_MAX ? s->len : FAKE_PAYLOAD_MAX) == 0);
}

const struct fake_sent *
fake_lnd_sent(const struct fake_lnd *lnd, unsigned int i)
{
	CHECK(i < lnd->n_sent && i < FAKE_SENT_MAX);
	return &lnd->sent[(lnd->n_sent - 1 - i) % FAKE_SENT_MAX];
}

static void
finish_send(struct lnet_cpt *cpt, struct fake_lnd *lnd, struct lnet_msg *msg, int rc, uint64_t now)
{
	if (rc == 0)
		transmit(lnd, msg);
	else
		msg->health = lnd->health;
	lnet_finalize(cpt, msg, rc, now);
}

static int
fake_send(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct fake_lnd *lnd = lnd_of(msg->ni);
	struct fake_ni *n = msg->ni->lnd_data;
	enum fake_mode mode = lnd->mode;

	CHECK(n->attached[worker_of(cpt)]);
	CHECK(fake_home(lnd, &msg->next_hop) == worker_of(cpt));
	CHECK(msg->payload.len == msg->hdr.payload_len);
	if (lnet_nid_equal(&msg->next_hop, &lnd->odd_nid))
		mode = lnd->odd_mode;
	if (mode == FAKE_REFUSE) {
		msg->health = lnd->health;
		return lnd->rc;
	}
	note(lnd, msg);
	if (mode == FAKE_LATER) {
		msg->lnd_priv = cpt;
		TAILQ_INSERT_TAIL(&lnd->kept, msg, link);
		lnd->n_kept++;
		return 0;
	}
	finish_send(cpt, lnd, msg, mode == FAKE_FAIL ? lnd->rc : 0, now);
	return 0;
}

static int
fake_o2ib_send(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	if (!lnet_nid_is_nid4(&msg->hdr.dst) || !lnet_nid_is_nid4(&msg->hdr.src))
		return -EAFNOSUPPORT;
	return fake_send(cpt, msg, now);
}

static void
complete(struct fake_lnd *lnd, struct lnet_msg *msg, int rc, uint64_t now)
{
	TAILQ_REMOVE(&lnd->kept, msg, link);
	lnd->n_kept--;
	finish_send(msg->lnd_priv, lnd, msg, rc, now);
}

void
fake_lnd_complete(struct fake_lnd *lnd, unsigned int i, int rc, uint64_t now)
{
	struct lnet_msg *msg;

	TAILQ_FOREACH(msg, &lnd->kept, link)
		if (i-- == 0)
			break;
	CHECK(msg != NULL);
	complete(lnd, msg, rc, now);
}

/* --- closing --- */

/* Close the connections of @cpt and @ni to @peer (NULL: all). */
static void
close_sends(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer, uint64_t now)
{
	struct fake_lnd *lnd = lnd_of(ni);
	struct lnet_msg *msg, *next;

	for (msg = TAILQ_FIRST(&lnd->kept); msg != NULL; msg = next) {
		next = TAILQ_NEXT(msg, link);
		if (msg->lnd_priv != cpt || msg->ni != ni ||
		    (peer != NULL && !lnet_nid_equal(&msg->next_hop, peer)))
			continue;
		complete(lnd, msg, -ECONNRESET, now);
		/* others may have been given to us meanwhile, or failed */
		next = TAILQ_FIRST(&lnd->kept);
	}
}

static void
fake_peer_down(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer, uint64_t now)
{
	lnd_of(ni)->n_peer_down++;
	close_sends(cpt, ni, peer, now);
}

/* Frames that nobody asked for are lost with the connection; payload that was asked for breaks off. */
static unsigned int
close_receives(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	struct fake_fabric *f = lnd_of(ni)->fabric;
	struct fake_frame *fr, *next_fr;
	struct fake_rx *rx, *next;
	unsigned int alive = 0;

	for (fr = TAILQ_FIRST(&f->frames); fr != NULL; fr = next_fr) {
		next_fr = TAILQ_NEXT(fr, link);
		if (fr->rx.ni == ni && !fr->is_started)
			free_frame(f, fr);
	}
	for (rx = TAILQ_FIRST(&f->open); rx != NULL; rx = next) {
		next = TAILQ_NEXT(rx, link);
		if (rx->ni != ni || rx->cpt != cpt)
			continue;
		if (rx->is_asked)
			fake_rx_finish(f, rx, -ECONNRESET, now);
		else
			alive++;
	}
	return alive;
}

static unsigned int
fake_detach(struct lnet_cpt *cpt, struct lnet_ni *ni, uint64_t now)
{
	struct fake_lnd *lnd = lnd_of(ni);
	struct fake_ni *n = ni->lnd_data;
	unsigned int alive;

	if (lnd->slow_detach > 0) {
		lnd->slow_detach--;
		return 1;
	}
	close_sends(cpt, ni, NULL, now);
	alive = close_receives(cpt, ni, now);
	if (alive == 0)
		n->attached[worker_of(cpt)] = false;
	return alive;
}

static unsigned int
fake_home_op(const struct lnet_ni *ni, const struct lnet_nid *peer)
{
	return fake_home(lnd_of(ni), peer);
}

const struct lnet_lnd_ops fake_tcp_ops = {
	.name = "tcp",
	.type = LNET_TYPE_TCP,
	.large_nids = true,
	.ni_start = fake_ni_start,
	.ni_stop = fake_ni_stop,
	.attach = fake_attach,
	.detach = fake_detach,
	.home = fake_home_op,
	.send = fake_send,
	.recv = fake_recv,
	.peer_down = fake_peer_down,
};

const struct lnet_lnd_ops fake_o2ib_ops = {
	.name = "o2ib",
	.type = LNET_TYPE_O2IB,
	.ni_start = fake_ni_start,
	.ni_stop = fake_ni_stop,
	.attach = fake_attach,
	.detach = fake_detach,
	.home = fake_home_op,
	.send = fake_o2ib_send,
	.recv = fake_recv,
	.peer_down = fake_peer_down,
};
