/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending: messages are made in a buffer and written from there. The buffer is filled again only
 * when it is empty, which is when the messages in it have been sent.
 */
#include "conn.h"
#include "node.h"
#include "options.h"
#include "pattern.h"
#include "peer.h"
#include "sock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define ZC_MIN_PAYLOAD 16384
#define WRITES_PER_TURN 8

size_t
stream_msg_len(uint32_t version, const struct msg *m)
{
	return KSOCK_HDR_LEN + (m->is_noop ? 0 : lnet_hdr_len(version) + m->hdr.payload_len);
}

static void
make_payload(const struct msg *m, uint32_t offset, uint8_t *buf, size_t len)
{
	if (m->data != NULL)
		memcpy(buf, m->data + offset, len);
	else
		pattern_fill(m->seed, m->pattern_offset + offset, buf, len);
}

/* V2 with --checksum: over headers and payload, which is made once more for it. */
static uint32_t
checksum(const struct msg *m, const uint8_t *header, size_t header_len)
{
	uint32_t crc = crc_update(CRC_START, header, header_len);
	uint32_t at, n, left = m->is_noop ? 0 : m->hdr.payload_len;
	uint8_t piece[4096];

	for (at = 0; left > 0; at += n, left -= n) {
		n = left < sizeof(piece) ? left : (uint32_t)sizeof(piece);
		make_payload(m, at, piece, n);
		crc = crc_update(crc, piece, n);
	}
	return crc;
}

/* Transmission starts: cookies, headers. The buffer has room for the longest header. */
static void
make_header(struct conn *c, struct msg *m)
{
	const struct options *opt = c->node->opt;
	uint8_t *at = c->tx.buf + c->tx.have;
	struct ksock_hdr k = {.type = m->is_noop ? KSOCK_NOOP : KSOCK_LNET, .cookie1 = m->cookie1};
	size_t len = KSOCK_HDR_LEN;

	if (!m->is_noop &&
	    (m->wants_zc || (opt->zero_copy && m->hdr.payload_len >= ZC_MIN_PAYLOAD)))
		zc_assign(c->peer, m);
	k.cookie0 = m->cookie0;
	if (!m->is_noop)
		len += lnet_hdr_encode(at + KSOCK_HDR_LEN, &m->hdr, c->version);
	ksock_encode(at, &k, opt->big_endian);
	if (opt->checksum && c->version == 2) {
		k.checksum = checksum(m, at, len);
		ksock_encode(at, &k, opt->big_endian);
	}
	c->tx.have += len;
}

/* The scenario of a sender that stops in the middle of a PUT's payload; it happens once. */
static bool
stops_in(const struct node *n, const struct msg *m)
{
	return n->opt->stop_mid_message != STOP_OFF && !n->is_stopped_mid && !m->is_noop &&
		m->hdr.type == LNET_PUT && m->hdr.payload_len > 1;
}

/* Make as much of the current message as fits. */
static void
make_message(struct conn *c)
{
	struct tx *tx = &c->tx;
	struct msg *m = tx->current;
	bool stops = stops_in(c->node, m);
	uint32_t end = m->is_noop ? 0 : stops ? m->hdr.payload_len / 2 : m->hdr.payload_len;
	uint32_t len = end - tx->current_done;

	if (len > CONN_BUF_LEN - tx->have)
		len = (uint32_t)(CONN_BUF_LEN - tx->have);
	make_payload(m, tx->current_done, tx->buf + tx->have, len);
	tx->have += len;
	tx->current_done += len;
	if (tx->current_done < end)
		return;
	if (stops) {
		c->node->is_stopped_mid = true;
		tx->is_stalled = true;
		return;
	}
	TAILQ_INSERT_TAIL(&tx->buffered, m, link);
	tx->current = NULL;
}

/* Fill the empty buffer with as much as fits. */
static void
fill(struct conn *c)
{
	struct tx *tx = &c->tx;

	while (!tx->is_stalled && tx->have + KSOCK_HDR_LEN + LNET_HDR_MAX < CONN_BUF_LEN) {
		if (tx->current == NULL) {
			tx->current = TAILQ_FIRST(&tx->queue);
			if (tx->current == NULL)
				return;
			TAILQ_REMOVE(&tx->queue, tx->current, link);
			tx->current_done = 0;
			make_header(c, tx->current);
		}
		make_message(c);
	}
}

/* The buffer is written: its messages are sent, or wait for their zero-copy acknowledgement. */
static void
buffer_sent(struct conn *c)
{
	struct node *n = c->node;
	struct msg *m;

	c->tx.have = 0;
	c->tx.written = 0;
	while ((m = TAILQ_FIRST(&c->tx.buffered)) != NULL) {
		TAILQ_REMOVE(&c->tx.buffered, m, link);
		c->tx.queued_bytes -= stream_msg_len(c->version, m);
		if (!m->is_noop) {
			COUNT(n, msgs_sent);
			COUNT_ADD(n, payload_sent, m->hdr.payload_len);
		}
		if (!m->is_noop && m->cookie0 != 0) {
			TAILQ_INSERT_TAIL(&c->peer->unacked, m, link);
			dial_release(c->peer);
			continue;
		}
		msg_done(n, m, 0);
		if (c->state != CONN_RUNNING)
			return;
	}
	zc_flush(c->peer);
}

/* The stop of --stop-mid-message has been written. */
static void
stopped(struct conn *c)
{
	struct node *n = c->node;

	n->stopped_at = n->loop.now;
	trace(n, "stopped in the middle of a message on %s", conn_type_text(c->type));
	if (n->opt->stop_mid_message == STOP_CLOSE) {
		COUNT(n, hostile_closes);
		conn_close(c, -ECONNABORTED);
	}
}

/* Return: bytes written, -EAGAIN, or the error after closing. */
static ssize_t
write_some(struct conn *c)
{
	struct tx *tx = &c->tx;
	uint32_t split = c->node->opt->split;
	size_t len = tx->have - tx->written;
	ssize_t n;

	if (split != 0 && len > split)
		len = split;
	n = send(c->watch.fd, tx->buf + tx->written, len, MSG_NOSIGNAL);
	if (n >= 0) {
		tx->written += (size_t)n;
		return n;
	}
	n = -errno;
	if (n != -EAGAIN && n != -EINTR) {
		COUNT(c->node, closed_reset);
		conn_close(c, (int)n);
	}
	return n;
}

void
stream_send(struct conn *c)
{
	struct tx *tx = &c->tx;
	int turn;

	for (turn = 0; turn < WRITES_PER_TURN; turn++) {
		if (tx->written == tx->have) {
			if (tx->have > 0 && tx->is_stalled && c->node->stopped_at == 0)
				stopped(c);
			if (c->state != CONN_RUNNING)
				return;
			buffer_sent(c);
			if (c->state != CONN_RUNNING)
				return;
			fill(c);
		}
		if (tx->written == tx->have || write_some(c) < 0)
			break;
	}
	if (c->state == CONN_RUNNING)
		conn_update_events(c);
}

void
stream_queue(struct conn *c, struct msg *m)
{
	TAILQ_INSERT_TAIL(&c->tx.queue, m, link);
	c->tx.queued_bytes += stream_msg_len(c->version, m);
	conn_update_events(c);
}
