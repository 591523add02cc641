/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving (11): from the stream of a running connection to LNet messages. Payload moves by slices, without a copy.
 * While LNet has not asked for the payload of a message, the connection is not read and its window closes: that is
 * the only back-pressure there is.
 */
#include "drivers/socklnd/priv.h"
#include "lnet/base/bytes.h"

#include <errno.h>
#include <string.h>

/* Ready for the next message. */
static void
begin(struct socklnd_conn *c)
{
	bool bare = c->proto->ksock_size == 0;

	c->have = 0;
	c->need = bare ? c->proto->lnet_size : c->proto->ksock_size;
	c->rx_state = bare ? RX_LNET : RX_KSOCK;
	c->ksock = (struct socklnd_ksock){0};
}

void
socklnd_rx_start(struct socklnd_conn *c, uint64_t now)
{
	c->rx_last = now;
	begin(c);
}

bool
socklnd_rx_started(const struct socklnd_conn *c)
{
	return c->have > 0 || (c->rx_state != RX_KSOCK && c->rx_state != RX_LNET);
}

static void
protocol_error(struct socklnd_conn *c, enum socklnd_counter why, const char *text, uint64_t now)
{
	char nid[LNET_NID_STR_MAX];

	socklnd_complain(c->sc, why, now, "%s: %s", lnet_nid_format(&c->peer->nid, nid), text);
	socklnd_conn_fail(c, -EPROTO, now);
}

/* --- checksum (6.5) --- */

static uint32_t
csum_of_headers(const struct socklnd_conn *c)
{
	uint8_t ksock[SOCKLND_KSOCK_SIZE];
	uint32_t csum;

	memcpy(ksock, c->head, sizeof(ksock));
	memset(ksock + 4, 0, sizeof(uint32_t));
	csum = socklnd_csum(SOCKLND_CSUM_INIT, ksock, sizeof(ksock));
	return socklnd_csum(csum, c->head + sizeof(ksock), c->have - sizeof(ksock));
}

static uint32_t
csum_of_payload(const struct socklnd_conn *c, uint32_t csum)
{
	uint32_t skip = c->rx_before;
	const struct slice *s;

	for (s = c->rx_msg->payload.head; s != NULL; s = s->next) {
		if (skip >= s->len) {
			skip -= s->len;
			continue;
		}
		csum = socklnd_csum(csum, (const char *)slice_data(s) + skip, s->len - skip);
		skip = 0;
	}
	return csum;
}

static bool
csum_is_good(const struct socklnd_conn *c)
{
	uint32_t csum = SOCKLND_CSUM_INIT;

	if (c->ksock.csum == 0)
		return true;
	if (c->proto->csum_all)
		csum = csum_of_headers(c);
	if (c->rx_msg != NULL)
		csum = csum_of_payload(c, csum);
	return csum == c->ksock.csum;
}

/* --- one message --- */

/* We never ask for an acknowledgement, so none may come; only the keepalive looks like one (7.3). */
static bool
cookies_are_good(const struct socklnd_conn *c)
{
	const struct socklnd_ksock *k = &c->ksock;

	if (k->cookie1 == 0)
		return true;
	return k->type == SOCKLND_MSG_NOOP && c->proto->typed &&
		k->cookie1 == SOCKLND_COOKIE_KEEPALIVE && k->cookie0 <= SOCKLND_COOKIE_KEEPALIVE;
}

static bool
take_ksock(struct socklnd_conn *c, uint64_t now)
{
	struct socklnd_ksock *k = &c->ksock;

	socklnd_ksock_decode(c->head, c->swap, k);
	if (k->type != SOCKLND_MSG_NOOP && k->type != SOCKLND_MSG_LNET) {
		protocol_error(c, SOCKLND_RX_BAD_TYPE, "message of unknown type", now);
		return false;
	}
	if (k->type == SOCKLND_MSG_NOOP && !csum_is_good(c)) {
		protocol_error(c, SOCKLND_RX_BAD_CSUM, "checksum error", now);
		return false;
	}
	/* before the LNet header is read: if that stalls, an acknowledgement must have had its effect (T11) */
	if (!cookies_are_good(c)) {
		protocol_error(c, SOCKLND_RX_BAD_COOKIE, "acknowledgement of an unknown cookie",
			       now);
		return false;
	}
	if (k->type == SOCKLND_MSG_NOOP) {
		socklnd_count(c->sc, SOCKLND_RX_NOOPS);
		begin(c);
	} else {
		c->need += c->proto->lnet_size;
		c->rx_state = RX_LNET;
	}
	return true;
}

static bool
take_lnet(struct socklnd_conn *c, uint64_t now)
{
	const uint8_t *wire = c->head + c->proto->ksock_size;
	struct socklnd_peer *p = c->peer;
	struct lnet_nid from = p->nid;
	int rc;

	if (c->proto->large_nids)
		lnet_hdr_decode16(wire, &c->hdr);
	else
		lnet_hdr_decode4(wire, &c->hdr);
	/* without payload all is there: LNet must not answer a damaged GET */
	if (c->hdr.payload_len == 0 && !csum_is_good(c)) {
		protocol_error(c, SOCKLND_RX_BAD_CSUM, "checksum error", now);
		return false;
	}
	if (c->user) {
		c->hdr.src = p->nid;
		c->hdr.src_pid = p->pid;
	}
	c->rx_state = RX_PARSE;
	rc = lnet_parse(c->sc->cpt, c->nc->ni, &c->hdr, &from, c, now);
	if (rc < 0) {
		begin(c);
		if (c->state == CONN_RUNNING)
			protocol_error(c, SOCKLND_RX_REFUSED, "LNet header refused", now);
		return false;
	}
	if (c->rx_state == RX_PARSE) {
		c->rx_state = RX_WAIT;
		socklnd_count(c->sc, SOCKLND_RX_DELAYED);
	}
	return c->rx_state != RX_WAIT;
}

/*
 * Move payload, or copy it when its segments were so short that moving would pin more than the message's reservation
 * (doc/memory.md).
 */
static int
take_payload(struct socklnd_conn *c, uint32_t n, uint64_t now)
{
	const struct ledger_plan *plan = &c->sc->lc->ledger.plan;
	struct buf *payload = &c->rx_msg->payload;
	struct buf got;
	int rc;

	buf_init(&got);
	rc = tcp_rx_take(c->tcp, &got, n, now);
	if (rc < 0)
		return rc;
	if (plan->fill > 0 &&
	    ledger_must_pack(plan, ledger_routed_size(plan, c->hdr.payload_len),
			     (uint64_t)payload->true_size + got.true_size, c->rx_left - n) &&
	    socklnd_rx_pack(payload, c->sc->mem, &got) == 0)
		socklnd_count_n(c->sc, SOCKLND_RX_PACKED, n);
	buf_move(payload, c->sc->mem, &got);
	c->rx_left -= n;
	c->rx_last = now;
	return 0;
}

/* All that LNet wants is there: 11.2, steps 7 and 8. */
static bool
payload_done(struct socklnd_conn *c, uint64_t now)
{
	struct lnet_msg *msg = c->rx_msg;

	if (c->rx_whole && !csum_is_good(c)) {
		protocol_error(c, SOCKLND_RX_BAD_CSUM, "checksum error", now);
		return false;
	}
	/* the payload is in our memory: due now, not when it is forwarded (T10) */
	if (socklnd_ack_due(c, c->ksock.cookie0, now) < 0) {
		protocol_error(c, SOCKLND_RX_BAD_ZC,
			       "zero-copy request that cannot be acknowledged", now);
		return false;
	}
	socklnd_count(c->sc, SOCKLND_RX_MSGS);
	socklnd_count_n(c->sc, SOCKLND_RX_BYTES, c->hdr.payload_len - c->rx_skip);
	c->rx_msg = NULL;
	if (c->rx_skip > 0)
		c->rx_state = RX_SLOP;
	else
		begin(c);
	if (msg != NULL)
		lnet_recv_done(c->sc->cpt, msg, 0, now);
	return true;
}

static bool
read_payload(struct socklnd_conn *c, uint64_t now)
{
	uint32_t n = tcp_rx_len(c->tcp);

	if (c->rx_left == 0)
		return payload_done(c, now);
	if (n > c->rx_left)
		n = c->rx_left;
	if (n == 0)
		return false;
	if (take_payload(c, n, now) < 0) {
		socklnd_count(c->sc, SOCKLND_NO_MEMORY);
		c->retry = true;
		return false;
	}
	return true;
}

static bool
skip_payload(struct socklnd_conn *c, uint64_t now)
{
	uint32_t n = tcp_rx_discard(c->tcp, c->rx_skip, now);

	if (n > 0)
		c->rx_last = now;
	socklnd_count_n(c->sc, SOCKLND_RX_SKIPPED, n);
	c->rx_skip -= n;
	if (c->rx_skip > 0)
		return false;
	begin(c);
	return true;
}

/* Return: false when it cannot go on now. */
static bool
step(struct socklnd_conn *c, uint64_t now)
{
	switch (c->rx_state) {
	case RX_KSOCK:
		return socklnd_conn_fill(c, now) && take_ksock(c, now);
	case RX_LNET:
		return socklnd_conn_fill(c, now) && take_lnet(c, now);
	case RX_PAYLOAD:
		return read_payload(c, now);
	case RX_SLOP:
		return skip_payload(c, now);
	case RX_PARSE:
	case RX_WAIT:
		break;
	}
	return false;
}

/* Only when everything before it was read. An end between messages is in order (T17). */
static void
check_eof(struct socklnd_conn *c, uint64_t now)
{
	if (c->rx_state == RX_WAIT || !tcp_rx_eof(c->tcp))
		return;
	if (socklnd_rx_started(c))
		protocol_error(c, SOCKLND_RX_CUT_OFF, "end of stream inside a message", now);
	else
		socklnd_conn_fail(c, 0, now);
}

static void
run_conn(struct socklnd_conn *c, uint64_t now)
{
	if (c->state == CONN_RUNNING && tcp_rx_len(c->tcp) > 0)
		c->peer->last_alive = now;
	while (c->state == CONN_RUNNING && step(c, now))
		;
	if (c->state == CONN_RUNNING)
		check_eof(c, now);
	if (c->state != CONN_RUNNING)
		return;
	if (c->peer->acks.n > 0)
		socklnd_ack_flush(c->peer, now);
	socklnd_conn_arm(c, now);
}

void
socklnd_rx_run(struct socklnd_conn *c, uint64_t now)
{
	struct socklnd_cpt *sc = c->sc;

	if (!c->ready) {
		c->ready = true;
		socklnd_conn_hold(c);
		TAILQ_INSERT_TAIL(&sc->rx_ready, c, ready_link);
	}
	/* what LNet does with a message may wake any other connection: they take turns, the stack stays flat */
	if (sc->rx_running)
		return;
	sc->rx_running = true;
	while ((c = TAILQ_FIRST(&sc->rx_ready)) != NULL) {
		TAILQ_REMOVE(&sc->rx_ready, c, ready_link);
		c->ready = false;
		run_conn(c, now);
		socklnd_conn_release(c);
	}
	sc->rx_running = false;
}

void
socklnd_recv(struct lnet_cpt *cpt, void *rx, struct lnet_msg *msg, uint32_t want, uint64_t now)
{
	struct socklnd_conn *c = rx;
	enum socklnd_rx_state was;

	if (socklnd_loop_is_token(rx)) {
		socklnd_loop_recv(cpt, rx, msg, want, now);
		return;
	}
	was = c->rx_state;
	socklnd_conn_hold(c);
	c->rx_state = RX_PAYLOAD;
	if (c->state != CONN_RUNNING) {
		/* it closed while the message waited: T11, 11.4 */
		if (msg != NULL)
			lnet_recv_done(cpt, msg, -EIO, now);
	} else {
		if (msg == NULL)
			want = 0;
		if (want > c->hdr.payload_len)
			want = c->hdr.payload_len;
		c->rx_msg = msg;
		c->rx_left = want;
		c->rx_skip = c->hdr.payload_len - want;
		c->rx_before = msg != NULL ? msg->payload.len : 0;
		c->rx_whole = msg != NULL && c->rx_skip == 0 && want > 0;
		c->rx_last = c->rx_granted = now;
		tcp_rx_expect(c->tcp, want);
		if (was == RX_WAIT)
			socklnd_rx_run(c, now);
	}
	socklnd_conn_release(c);
}

void
socklnd_rx_abort(struct socklnd_conn *c, uint64_t now)
{
	struct lnet_msg *msg = c->rx_msg;

	c->rx_msg = NULL;
	if (msg != NULL)
		lnet_recv_done(c->sc->cpt, msg, -EIO, now);
}
