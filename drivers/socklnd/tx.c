/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending: a message waits for a connection of its peer, then in the queue of one, then it is TCP's. It is complete
 * when TCP has acknowledged its last byte; a small one when it was transmitted first, so that delayed acknowledgements
 * do not hold LNet's credits.
 */
#include "drivers/socklnd/priv.h"

#include <errno.h>

int
socklnd_tx_fits(const struct socklnd_proto *proto, const struct lnet_hdr *h)
{
	if (proto->large_nids || (lnet_nid_is_nid4(&h->src) && lnet_nid_is_nid4(&h->dst)))
		return 0;
	return -EAFNOSUPPORT;
}

void
socklnd_tx_fail(struct socklnd_cpt *sc, struct lnet_msg *msg, int err, enum lnet_health health,
		uint64_t now)
{
	socklnd_count(sc, SOCKLND_TX_LOST);
	msg->health = health;
	lnet_finalize(sc->cpt, msg, err, now);
}

bool
socklnd_tx_active(const struct socklnd_conn *c)
{
	return !TAILQ_EMPTY(&c->txq) || tcp_queued(c->tcp) > tcp_acked(c->tcp);
}

bool
socklnd_tx_started(const struct socklnd_conn *c)
{
	return !TAILQ_EMPTY(&c->early) || !TAILQ_EMPTY(&c->late);
}

/* --- to TCP --- */

static unsigned int
encode_header(const struct socklnd_conn *c, const struct lnet_hdr *h, uint8_t *out)
{
	/* checksum 0 and no cookies: always legal, and we own TCP: its ACK tells what a cookie would (6.5, 7.1) */
	static const struct socklnd_ksock ksock = {.type = SOCKLND_MSG_LNET};
	unsigned int n = c->proto->ksock_size;

	if (n > 0)
		socklnd_ksock_encode(&ksock, out);
	if (c->proto->large_nids)
		lnet_hdr_encode16(h, out + n);
	else
		lnet_hdr_encode4(h, out + n); /* socklnd_tx_fits() has seen it */
	return n + c->proto->lnet_size;
}

/* Header and payload as one: what else is sent on the connection finds a boundary of messages. */
static int
give_to_tcp(struct socklnd_conn *c, struct lnet_msg *msg, bool more, uint64_t now)
{
	const struct buf_mem *mem = c->sc->mem;
	uint8_t header[SOCKLND_KSOCK_SIZE + LNET_HDR_MAX];
	unsigned int n = encode_header(c, &msg->hdr, header);
	uint32_t pinned;
	struct buf b;
	int rc;

	buf_init(&b);
	rc = buf_copy_in(&b, mem, header, n);
	if (rc < 0)
		return rc;
	buf_move(&b, mem, &msg->payload);
	pinned = b.true_size;
	rc = tcp_send(c->tcp, &b, more, now);
	if (rc < 0) {
		buf_drop(&b, mem, n);
		buf_move(&msg->payload, mem, &b);
		return rc;
	}
	msg->lnd_mark = tcp_queued(c->tcp);
	msg->lnd_priv = (void *)(uintptr_t)pinned;
	return 0;
}

static uint32_t
msg_size(const struct socklnd_conn *c, const struct lnet_msg *msg)
{
	return c->proto->ksock_size + c->proto->lnet_size + msg->hdr.payload_len;
}

static bool
tcp_has_room(const struct socklnd_conn *c)
{
	int limit = c->sc->s->cfg.tx_buffer_size;
	uint64_t queued = tcp_queued(c->tcp);

	if (limit > 0 && queued - tcp_acked(c->tcp) >= (uint64_t)limit)
		return false;
	return queued - tcp_sent(c->tcp) < SOCKLND_UNSENT_MAX;
}

static void
unqueue(struct socklnd_conn *c, struct lnet_msg *msg)
{
	TAILQ_REMOVE(&c->txq, msg, link);
	c->txq_bytes -= msg_size(c, msg);
}

/* Return: false when TCP takes no more now. */
static bool
start(struct socklnd_conn *c, struct lnet_msg *msg, uint64_t now)
{
	uint32_t len = msg->hdr.payload_len;

	if (give_to_tcp(c, msg, TAILQ_NEXT(msg, link) != NULL, now) < 0) {
		socklnd_count(c->sc, SOCKLND_NO_MEMORY);
		c->retry = true;
		return false;
	}
	unqueue(c, msg);
	if (len <= SOCKLND_EARLY_MAX)
		TAILQ_INSERT_TAIL(&c->early, msg, link);
	else
		TAILQ_INSERT_TAIL(&c->late, msg, link);
	socklnd_count(c->sc, SOCKLND_TX_MSGS);
	socklnd_count_n(c->sc, SOCKLND_TX_BYTES, len);
	return true;
}

void
socklnd_tx_push(struct socklnd_conn *c, uint64_t now)
{
	struct lnet_msg *msg;

	socklnd_conn_hold(c);
	while (c->state == CONN_RUNNING && (msg = TAILQ_FIRST(&c->txq)) != NULL &&
	       tcp_has_room(c)) {
		if (msg->deadline > now) {
			if (!start(c, msg, now))
				break;
			continue;
		}
		unqueue(c, msg);
		socklnd_count(c->sc, SOCKLND_TX_LATE);
		socklnd_tx_fail(c->sc, msg, -ETIMEDOUT, LNET_HEALTH_NETWORK_TIMEOUT, now);
	}
	socklnd_conn_arm(c, now);
	socklnd_conn_release(c);
}

/* --- completion --- */

/*
 * TCP holds bytes of a message that LNet believes gone: LEDGER_SENT pays for them until they are acknowledged. Two
 * epochs are enough: what is added goes to the younger, which becomes the older when that has been acknowledged.
 */
static bool
hold_sent(struct socklnd_conn *c, const struct lnet_msg *msg)
{
	uint64_t bytes = (uintptr_t)msg->lnd_priv;
	unsigned int i = c->sent[0].bytes > 0 ? 1 : 0;

	if (ledger_take(&c->sc->lc->ledger, LEDGER_SENT, bytes) < 0)
		return false;
	c->sent[i].bytes += bytes;
	c->sent[i].mark = msg->lnd_mark;
	return true;
}

static void
release_sent(struct socklnd_conn *c)
{
	while (c->sent[0].bytes > 0 && c->sent[0].mark <= c->acked) {
		ledger_give(&c->sc->lc->ledger, LEDGER_SENT, c->sent[0].bytes);
		c->sent[0] = c->sent[1];
		c->sent[1].bytes = 0;
	}
}

static void
complete_early(struct socklnd_conn *c, uint64_t now)
{
	struct lnet_msg *msg;

	while ((msg = TAILQ_FIRST(&c->early)) != NULL && c->tcp != NULL) {
		if (msg->lnd_mark > tcp_sent(c->tcp))
			return;
		if (msg->lnd_mark > c->acked && !hold_sent(c, msg))
			return;
		TAILQ_REMOVE(&c->early, msg, link);
		socklnd_count(c->sc, SOCKLND_TX_DONE_SENT);
		lnet_finalize(c->sc->cpt, msg, 0, now);
	}
}

static void
complete_late(struct socklnd_conn *c, uint64_t now)
{
	struct lnet_msg *msg;

	while ((msg = TAILQ_FIRST(&c->late)) != NULL && msg->lnd_mark <= c->acked) {
		TAILQ_REMOVE(&c->late, msg, link);
		socklnd_count(c->sc, SOCKLND_TX_DONE_ACKED);
		lnet_finalize(c->sc->cpt, msg, 0, now);
	}
}

void
socklnd_tx_progress(struct socklnd_conn *c, uint64_t now)
{
	uint64_t acked = tcp_acked(c->tcp);
	bool moved = acked > c->acked;

	if (moved) {
		c->acked = acked;
		c->tx_last = now;
		release_sent(c);
		if (c->noop_mark <= acked)
			c->noops = 0;
	}
	if (c->state != CONN_RUNNING)
		return;
	if (moved) {
		c->peer->last_alive = now;
		lnet_peer_progress(c->sc->cpt, c->nc->ni, &c->peer->nid, now);
	}
	complete_early(c, now);
	complete_late(c, now);
	socklnd_tx_push(c, now);
	if (c->state == CONN_RUNNING)
		socklnd_ack_flush(c->peer, now);
}

/* What becomes of unfinished messages: charge the peer, and allow a resend only of what never went to TCP (10.5). */
static void
fail_all(struct socklnd_cpt *sc, struct lnet_msg_queue *q, int err, enum lnet_health health,
	 uint64_t now)
{
	struct lnet_msg *msg;

	while ((msg = TAILQ_FIRST(q)) != NULL) {
		TAILQ_REMOVE(q, msg, link);
		socklnd_tx_fail(sc, msg, err, health, now);
	}
}

void
socklnd_tx_flush(struct socklnd_conn *c, int err, uint64_t now)
{
	struct lnet_msg_queue started = TAILQ_HEAD_INITIALIZER(started);
	struct lnet_msg_queue queued = TAILQ_HEAD_INITIALIZER(queued);
	enum lnet_health of_started = LNET_HEALTH_REMOTE_ERROR;
	enum lnet_health of_queued = LNET_HEALTH_REMOTE_DROPPED;

	TAILQ_CONCAT(&started, &c->early, link);
	TAILQ_CONCAT(&started, &c->late, link);
	TAILQ_CONCAT(&queued, &c->txq, link);
	c->txq_bytes = 0;
	if (err == -ETIMEDOUT)
		of_started = of_queued = LNET_HEALTH_NETWORK_TIMEOUT;
	if (err == -ENETDOWN)
		of_started = of_queued = LNET_HEALTH_LOCAL_ABORTED;
	else
		err = -EIO;
	fail_all(c->sc, &started, err, of_started, now);
	fail_all(c->sc, &queued, err, of_queued, now);
}

/* --- from LNet --- */

bool
socklnd_tx_queue(struct socklnd_peer *p, struct lnet_msg *msg, uint64_t now)
{
	struct socklnd_conn *c = socklnd_choose(p, msg);

	if (c == NULL)
		return false;
	if (!socklnd_tx_active(c))
		c->tx_last = now;
	c->tx_used = now;
	TAILQ_INSERT_TAIL(&c->txq, msg, link);
	c->txq_bytes += msg_size(c, msg);
	socklnd_tx_push(c, now);
	return true;
}

static int
refuse(struct socklnd_cpt *sc, struct lnet_msg *msg, enum socklnd_counter why, int err,
       enum lnet_health health)
{
	socklnd_count(sc, why);
	msg->health = health;
	return err;
}

/* Wait for a connection that is being made. */
static void
wait_for_conn(struct socklnd_peer *p, struct lnet_msg *msg, uint64_t now)
{
	msg->lnd_mark = now + p->nc->sni->timeout;
	if (msg->deadline < msg->lnd_mark)
		msg->lnd_mark = msg->deadline;
	TAILQ_INSERT_TAIL(&p->waiting, msg, link);
	socklnd_peer_arm(p, msg->lnd_mark);
}

static int
send_to_peer(struct socklnd_peer *p, struct lnet_msg *msg, uint64_t now)
{
	struct socklnd_cpt *sc = p->nc->sc;

	if (socklnd_tx_fits(socklnd_proto(socklnd_dial_version(p)), &msg->hdr) < 0)
		return refuse(sc, msg, SOCKLND_TX_REFUSED_NID, -EAFNOSUPPORT, LNET_HEALTH_OK);
	if (socklnd_tx_queue(p, msg, now)) {
		socklnd_dial_kick(p, now);
		return 0;
	}
	if (!socklnd_dial_kick(p, now))
		return refuse(sc, msg, SOCKLND_TX_REFUSED_BACKOFF, -EHOSTUNREACH,
			      LNET_HEALTH_REMOTE_ERROR);
	wait_for_conn(p, msg, now);
	return 0;
}

int
socklnd_send(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	struct socklnd_ni_cpt *nc = msg->ni->lnd_cpt_data[lnet_cpt_lcore(cpt)->index];
	bool to_user = (msg->hdr.dst_pid & SOCKLND_PID_USER) != 0 &&
		lnet_nid_equal(&msg->next_hop, &msg->hdr.dst);
	uint32_t pid = to_user ? msg->hdr.dst_pid : LNET_PID;
	struct socklnd_peer *p;
	int rc = 0;

	if (nc == NULL || nc->stopping) {
		msg->health = LNET_HEALTH_LOCAL_ABORTED;
		return -ENETDOWN;
	}
	if (socklnd_loop_send(nc, msg, now))
		return 0;
	p = socklnd_peer_find(nc, &msg->next_hop, pid);
	if (p == NULL && to_user)
		return refuse(nc->sc, msg, SOCKLND_TX_REFUSED_BACKOFF, -EHOSTUNREACH,
			      LNET_HEALTH_REMOTE_ERROR);
	if (p == NULL)
		p = socklnd_peer_get(nc, &msg->next_hop, pid, now);
	if (p == NULL)
		return refuse(nc->sc, msg, SOCKLND_TX_REFUSED_PEERS, -ENOMEM,
			      LNET_HEALTH_LOCAL_ERROR);
	/* a new entry, or one whose last connection is just going: from now on we dial */
	if (!p->dial.exists && p->n_conns == 0 && !to_user)
		rc = socklnd_dial_init(p);
	socklnd_peer_hold(p);
	if (rc == 0)
		rc = send_to_peer(p, msg, now);
	else
		refuse(nc->sc, msg, SOCKLND_TX_REFUSED_NID, rc, LNET_HEALTH_OK);
	socklnd_peer_release(p, now);
	return rc;
}
