/* SPDX-License-Identifier: BSD-3-Clause */
/* A recording core; see the header. */
#include "tests/fake/fake_core.h"

#include "lnet/base/buf.h"
#include "lnet/base/check.h"
#include "lnet/base/lcore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
fake_core_init(struct lnet_cpt *cpt, struct lcore *lc, const struct lnet_lnd_ops *ops)
{
	memset(cpt, 0, sizeof(*cpt));
	cpt->lc = lc;
	cpt->ops = ops;
	cpt->mem = lc->mem;
}

void
fake_core_fini(struct lnet_cpt *cpt)
{
	unsigned int i;

	CHECK(cpt->n_done == cpt->n_sent);
	for (i = 0; i < cpt->n_parsed; i++) {
		/* given to recv() and not completed */
		CHECK(cpt->parsed[i].msg == NULL || cpt->parsed[i].rc != 1);
		free(cpt->parsed[i].msg);
		free(cpt->parsed[i].payload);
	}
}

struct lcore *
lnet_cpt_lcore(struct lnet_cpt *cpt)
{
	return cpt->lc;
}

void
fake_core_recv(struct lnet_cpt *cpt, unsigned int i, uint32_t want, uint64_t now)
{
	struct fake_parsed *p = &cpt->parsed[i];

	CHECK(p->rx != NULL);
	if (want != UINT32_MAX) {
		p->msg = calloc(1, sizeof(*p->msg));
		CHECK(p->msg != NULL);
		p->msg->hdr = p->hdr;
		p->msg->ni = p->ni;
		p->msg->lnd_priv = NULL;
		p->msg->state = (struct lnet_msg_state *)p;
	} else {
		p->rc = 0;
	}
	cpt->ops->recv(cpt, p->rx, p->msg, want == UINT32_MAX ? 0 : want, now);
}

int
lnet_parse(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_hdr *hdr,
	   const struct lnet_nid *from, void *rx, uint64_t now)
{
	struct fake_parsed *p = &cpt->parsed[cpt->n_parsed];
	unsigned int i = cpt->n_parsed;

	CHECK(i < FAKE_LOG_MAX);
	*p = (struct fake_parsed){.hdr = *hdr, .from = *from, .ni = ni, .rx = rx, .rc = 1};
	if (cpt->on_parse != NULL)
		return cpt->on_parse(cpt, p, now);
	if (cpt->parse_rc < 0)
		return cpt->parse_rc;
	if (hdr->payload_len > LNET_MTU)
		return -EPROTO;
	cpt->n_parsed++;
	if (cpt->recv == FAKE_TAKE)
		fake_core_recv(cpt, i, hdr->payload_len, now);
	else if (cpt->recv == FAKE_PARTLY)
		fake_core_recv(cpt, i, hdr->payload_len / 2, now);
	else if (cpt->recv == FAKE_DISCARD)
		fake_core_recv(cpt, i, UINT32_MAX, now);
	return 0;
}

void
lnet_recv_done(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	struct fake_parsed *p = (struct fake_parsed *)msg->state;

	CHECK(p->msg == msg && p->rc == 1);
	p->rc = rc;
	p->len = msg->payload.len;
	p->payload = malloc(p->len + 1);
	CHECK(p->payload != NULL);
	CHECK(buf_copy_out(&msg->payload, 0, p->payload, p->len) == 0);
	buf_release(&msg->payload, cpt->mem);
}

void
lnet_finalize(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now)
{
	unsigned int i = cpt->n_done;

	CHECK(i < FAKE_LOG_MAX);
	cpt->n_done++;
	cpt->done[i].msg = msg;
	cpt->done[i].rc = rc;
	cpt->done[i].health = msg->health;
	if (cpt->on_finalize != NULL)
		cpt->on_finalize(cpt, msg, rc, now);
	buf_release(&msg->payload, cpt->mem);
	free(msg);
}

void
lnet_peer_progress(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer,
		   uint64_t now)
{
	cpt->n_progress++;
}

void
lnet_peer_notify_down(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer,
		      uint64_t last_alive, uint64_t now)
{
	cpt->down = *peer;
	cpt->down_alive = last_alive;
	cpt->n_down++;
	if (cpt->on_down != NULL)
		cpt->on_down(cpt, ni, peer, now);
}

void
lnet_ni_set_fatal(struct lnet_ni *ni, bool fatal, uint64_t now)
{
	struct lnet_cpt *cpt = (struct lnet_cpt *)ni->state;

	cpt->fatal = fatal;
}

static int
send_msg(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *next_hop,
	 const struct lnet_hdr *hdr, const uint8_t *payload, uint64_t deadline, uint64_t now)
{
	struct lnet_msg *msg = calloc(1, sizeof(*msg));
	int rc;

	CHECK(msg != NULL);
	CHECK(buf_copy_in(&msg->payload, cpt->mem, payload, hdr->payload_len) == 0);
	msg->hdr = *hdr;
	msg->ni = ni;
	msg->next_hop = *next_hop;
	msg->deadline = deadline;
	cpt->n_sent++; /* it may complete before send() returns */
	rc = cpt->ops->send(cpt, msg, now);
	if (rc < 0) {
		cpt->n_sent--;
		cpt->refused = msg->health;
		buf_release(&msg->payload, cpt->mem);
		free(msg);
	}
	return rc;
}

int
fake_core_send_bytes(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *next_hop,
		     const struct lnet_hdr *hdr, const uint8_t *payload, uint64_t now)
{
	return send_msg(cpt, ni, next_hop, hdr, payload, UINT64_MAX, now);
}

int
fake_core_send_hdr(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *next_hop,
		   const struct lnet_hdr *hdr, uint64_t deadline, uint64_t now)
{
	uint8_t *bytes = malloc(hdr->payload_len + 1);
	uint32_t i;
	int rc;

	CHECK(bytes != NULL);
	for (i = 0; i < hdr->payload_len; i++)
		bytes[i] = fake_core_pattern(i);
	rc = send_msg(cpt, ni, next_hop, hdr, bytes, deadline, now);
	free(bytes);
	return rc;
}

int
fake_core_send(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *to,
	       enum lnet_msg_type type, uint32_t len, uint64_t now)
{
	struct lnet_hdr hdr = {
		.dst = *to,
		.src = ni->nid,
		.dst_pid = LNET_PID,
		.src_pid = LNET_PID,
		.type = type,
		.payload_len = len,
	};

	return fake_core_send_hdr(cpt, ni, to, &hdr, UINT64_MAX, now);
}
