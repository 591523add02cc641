/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving: the byte stream of a RUNNING connection cut into messages; payload is checked as it
 * arrives.
 */
#include "conn.h"
#include "lnet.h"
#include "node.h"
#include "options.h"
#include "pattern.h"
#include "peer.h"
#include "sock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* A protocol error of the peer: close everything to it. */
static void
protocol_error(struct conn *c, const char *what)
{
	trace(c->node, "protocol error on %s: %s", conn_type_text(c->type), what);
	COUNT(c->node, closed_protocol);
	conn_close(c, -EPROTO);
}

/* What a real node's messages always satisfy; our judgement of the other end. */
static void
judge(struct conn *c)
{
	struct node *n = c->node;
	bool is_small = KSOCK_HDR_LEN + lnet_hdr_len(c->version) + c->rx.hdr.payload_len < MIN_BULK;

	if (c->version >= 3 && c->rx.ksock.checksum != 0)
		COUNT(n, checksum_set);
	if (c->version >= 3 && c->type == CONN_BULK_OUT)
		COUNT(n, lnet_on_bulk_in);
	if (is_small && c->type == CONN_CONTROL)
		COUNT(n, small_on_control);
	else if (is_small)
		COUNT(n, small_elsewhere);
	else if (c->type == CONN_BULK_IN)
		COUNT(n, large_on_bulk);
	else
		COUNT(n, large_elsewhere);
}

static bool
checksum_ok(struct conn *c)
{
	if (c->version != 2 || c->rx.ksock.checksum == 0 || c->rx.ksock.checksum == c->rx.crc)
		return true;
	COUNT(c->node, checksum_wrong);
	protocol_error(c, "wrong checksum");
	return false;
}

/* Feed the checksum of V2 with received bytes; the field itself counts as zero. */
static void
sum(struct conn *c, const uint8_t *data, size_t len)
{
	uint8_t header[KSOCK_HDR_LEN];

	if (c->version != 2 || c->rx.ksock.checksum == 0)
		return;
	if (c->rx.state == RX_KSOCK) {
		memcpy(header, data, len);
		memset(header + 4, 0, 4);
		c->rx.crc = CRC_START;
		data = header;
	}
	c->rx.crc = crc_update(c->rx.crc, data, len);
}

static void
take_ksock(struct conn *c, const uint8_t *data)
{
	struct rx *rx = &c->rx;

	ksock_decode(data, &rx->ksock, c->remote_big_endian);
	sum(c, data, KSOCK_HDR_LEN);
	if (rx->ksock.type != KSOCK_NOOP && rx->ksock.type != KSOCK_LNET) {
		protocol_error(c, "unknown ksock type");
		return;
	}
	if (rx->ksock.type == KSOCK_NOOP && !checksum_ok(c))
		return;
	if (zc_acked(c->peer, &rx->ksock) < 0) {
		protocol_error(c, "bad acknowledgement cookie");
		return;
	}
	if (c->state != CONN_RUNNING)
		return;
	rx->state = rx->ksock.type == KSOCK_LNET ? RX_LNET : RX_KSOCK;
}

static void
message_end(struct conn *c)
{
	struct rx *rx = &c->rx;

	rx->state = RX_KSOCK;
	rx->deadline = 0;
	if (!checksum_ok(c))
		return;
	COUNT(c->node, msgs_received);
	COUNT_ADD(c->node, payload_received, rx->hdr.payload_len);
	if (rx->ksock.cookie0 != 0)
		zc_due(c->peer, rx->ksock.cookie0);
	if (c->state == CONN_RUNNING)
		lnet_message_end(c);
}

static void
take_lnet(struct conn *c, const uint8_t *data)
{
	struct rx *rx = &c->rx;
	int r;

	lnet_hdr_decode(data, &rx->hdr, c->version);
	sum(c, data, lnet_hdr_len(c->version));
	judge(c);
	rx->done = 0;
	rx->is_corrupt = false;
	r = lnet_message_begin(c);
	if (r < 0) {
		protocol_error(c, "LNet header refused");
		return;
	}
	rx->state = RX_PAYLOAD;
	if (rx->hdr.payload_len == 0)
		message_end(c);
}

static void
take_payload(struct conn *c, const uint8_t *data, uint32_t len)
{
	struct rx *rx = &c->rx;

	sum(c, data, len);
	switch (rx->sink) {
	case SINK_PATTERN:
		if (!pattern_check(rx->seed, rx->pattern_offset + rx->done, data, len))
			rx->is_corrupt = true;
		break;
	case SINK_BUFFER:
		if (rx->done + len <= sizeof(rx->small))
			memcpy(rx->small + rx->done, data, len);
		break;
	case SINK_DROP:
		break;
	}
	rx->done += len;
	c->payload_received += len;
	if (rx->done == rx->hdr.payload_len)
		message_end(c);
}

/* Handle the next piece of the buffer. Return: bytes taken, 0 if more are needed. */
static size_t
take(struct conn *c, const uint8_t *data, size_t len)
{
	size_t need = KSOCK_HDR_LEN;

	if (c->rx.state == RX_PAYLOAD) {
		need = c->rx.hdr.payload_len - c->rx.done;
		if (need > len)
			need = len;
		take_payload(c, data, (uint32_t)need);
		return need;
	}
	if (c->rx.state == RX_LNET)
		need = lnet_hdr_len(c->version);
	if (len < need)
		return 0;
	if (c->rx.state == RX_LNET)
		take_lnet(c, data);
	else
		take_ksock(c, data);
	return need;
}

void
stream_parse(struct conn *c)
{
	struct rx *rx = &c->rx;
	size_t at = 0, n = 1;

	while (c->state == CONN_RUNNING && at < rx->have && n > 0) {
		n = take(c, rx->buf + at, rx->have - at);
		at += n;
	}
	if (c->state != CONN_RUNNING)
		return;
	memmove(rx->buf, rx->buf + at, rx->have - at);
	rx->have -= at;
	if (rx->have > 0 || rx->state != RX_KSOCK)
		rx->deadline = c->node->loop.now + c->node->opt->lnd_timeout_s * NSEC_PER_SEC;
}

static void
pause_ended(struct timer *t)
{
	struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, timer));
	struct node *n = c->node;

	n->pause.ended = n->loop.now;
	n->pause.unread = sock_unread(c->watch.fd);
	c->is_paused = false;
	trace(n, "reading again on %s, %d bytes wait", conn_type_text(c->type), n->pause.unread);
	conn_update_events(c);
}

/* --pause-reads: once in the life of the node, on the first connection that has received enough. */
static void
maybe_pause(struct conn *c)
{
	struct node *n = c->node;

	if (n->opt->pause_reads_s == 0 || n->pause.started != 0 ||
	    c->payload_received < n->opt->pause_after)
		return;
	n->pause.started = n->loop.now;
	c->is_paused = true;
	c->timer.fn = pause_ended;
	timer_arm(&n->loop, &c->timer, n->loop.now + n->opt->pause_reads_s * NSEC_PER_SEC);
	trace(n, "pause of %u s on %s", n->opt->pause_reads_s, conn_type_text(c->type));
}

static void
end_of_stream(struct conn *c)
{
	if (c->rx.have > 0 || c->rx.state != RX_KSOCK) {
		COUNT(c->node, closed_inside_message);
		conn_close(c, -ECONNRESET);
		return;
	}
	COUNT(c->node, closed_eof);
	conn_close(c, 0);
}

void
stream_receive(struct conn *c)
{
	struct rx *rx = &c->rx;
	ssize_t n = recv(c->watch.fd, rx->buf + rx->have, CONN_BUF_LEN - rx->have, 0);

	if (n == 0) {
		end_of_stream(c);
		return;
	}
	if (n < 0) {
		n = -errno;
		if (n == -EAGAIN || n == -EINTR)
			return;
		COUNT(c->node, closed_reset);
		conn_close(c, (int)n);
		return;
	}
	rx->have += (size_t)n;
	c->peer->last_heard = c->node->loop.now;
	stream_parse(c);
	if (c->state == CONN_RUNNING)
		maybe_pause(c);
}
