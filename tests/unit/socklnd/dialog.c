/* SPDX-License-Identifier: BSD-3-Clause */
/* From segments to messages; see the header. */
#include "tests/unit/socklnd/dialog.h"

#include "lnet/base/bytes.h"
#include "lnet/base/check.h"

#include <stdlib.h>
#include <string.h>

#define HALF_MAX (8u << 20)

static struct item *
add(struct dialog *d, enum item_kind kind, unsigned int stream, bool by_dialler, uint64_t ns)
{
	struct item *it = &d->item[d->n];

	CHECK(d->n < DIALOG_ITEMS_MAX);
	d->n++;
	*it = (struct item){.kind = kind, .stream = stream, .by_dialler = by_dialler, .ns = ns};
	return it;
}

/* A piece of the stream was understood. */
static struct item *
eat(struct dialog *d, enum item_kind kind, unsigned int stream, bool by_dialler, uint32_t len,
    uint64_t ns)
{
	struct half *h = &d->stream[stream].half[by_dialler];
	struct item *it = add(d, kind, stream, by_dialler, ns);

	it->bytes = h->data + h->parsed;
	it->len = len;
	h->parsed += len;
	return it;
}

static bool
parse_request(struct dialog *d, unsigned int stream, uint64_t ns)
{
	struct half *h = &d->stream[stream].half[1];
	const uint8_t *p = h->data + h->parsed;
	uint32_t left = h->len - h->parsed, len;

	if (left < 8)
		return false;
	len = get_le32(p + 4) == 1 ? SOCKLND_CONNREQ_V1_SIZE
				   : (get_le32(p + 4) == 2 ? SOCKLND_CONNREQ_V2_SIZE : 0);
	if (get_le32(p) != SOCKLND_ACCEPTOR_MAGIC || len == 0) {
		h->raw = true;
		return true;
	}
	if (left < len)
		return false;
	eat(d, ITEM_REQUEST, stream, true, len, ns);
	h->requested = true;
	return true;
}

static bool
parse_hello(struct dialog *d, unsigned int stream, bool by_dialler, uint64_t ns)
{
	struct stream *s = &d->stream[stream];
	struct half *h = &s->half[by_dialler];
	const uint8_t *p = h->data + h->parsed;
	uint32_t left = h->len - h->parsed;
	unsigned int version;
	struct item *it;
	bool swap;

	if (left < 8)
		return false;
	if (socklnd_hello_peek(p, &version, &swap) < 0) {
		h->raw = true;
		return true;
	}
	if (left < socklnd_proto(version)->hello_size)
		return false;
	it = eat(d, ITEM_HELLO, stream, by_dialler, socklnd_proto(version)->hello_size, ns);
	socklnd_hello_decode(it->bytes, version, swap, &it->hello);
	h->greeted = true;
	if (by_dialler)
		s->type = (enum socklnd_type)it->hello.type;
	else
		s->version = version;
	return true;
}

static bool
parse_frame(struct dialog *d, unsigned int stream, bool by_dialler, uint64_t ns)
{
	struct stream *s = &d->stream[stream];
	const struct socklnd_proto *proto = socklnd_proto(s->version);
	struct half *h = &s->half[by_dialler];
	const uint8_t *p = h->data + h->parsed;
	uint32_t left = h->len - h->parsed, head = proto->ksock_size + proto->lnet_size;
	struct socklnd_ksock k = {.type = SOCKLND_MSG_LNET};
	struct lnet_hdr hdr;
	struct item *it;

	if (left < proto->ksock_size || left == 0)
		return false;
	if (proto->ksock_size > 0)
		socklnd_ksock_decode(p, false, &k);
	if (k.type == SOCKLND_MSG_NOOP) {
		it = eat(d, ITEM_NOOP, stream, by_dialler, proto->ksock_size, ns);
		it->ksock = k;
		it->version = s->version;
		return true;
	}
	CHECK(k.type == SOCKLND_MSG_LNET);
	if (left < head)
		return false;
	if (proto->large_nids)
		lnet_hdr_decode16(p + proto->ksock_size, &hdr);
	else
		lnet_hdr_decode4(p + proto->ksock_size, &hdr);
	if (left < head + hdr.payload_len)
		return false;
	it = eat(d, ITEM_MSG, stream, by_dialler, head + hdr.payload_len, ns);
	it->ksock = k;
	it->hdr = hdr;
	it->payload = it->bytes + head;
	it->version = s->version;
	return true;
}

static void
parse(struct dialog *d, unsigned int stream, bool by_dialler, uint64_t ns)
{
	struct half *h = &d->stream[stream].half[by_dialler];
	bool more = true;

	while (more && h->parsed < h->len) {
		if (h->raw) {
			eat(d, ITEM_RAW, stream, by_dialler, h->len - h->parsed, ns);
			more = false;
		} else if (by_dialler && !h->requested) {
			more = parse_request(d, stream, ns);
		} else if (!h->greeted) {
			more = parse_hello(d, stream, by_dialler, ns);
		} else {
			more = parse_frame(d, stream, by_dialler, ns);
		}
	}
}

static unsigned int
find_stream(struct dialog *d, const struct pcap_segment *s, bool *by_dialler)
{
	struct ip_flow back = {s->flow.remote, s->flow.local, s->flow.remote_port,
			       s->flow.local_port};
	struct stream *st;
	unsigned int i;

	for (i = 0; i < d->n_streams; i++) {
		*by_dialler = memcmp(&d->stream[i].flow, &s->flow, sizeof(back)) == 0;
		if (*by_dialler || memcmp(&d->stream[i].flow, &back, sizeof(back)) == 0)
			return i;
	}
	CHECK(i < DIALOG_STREAMS_MAX);
	d->n_streams++;
	st = &d->stream[i];
	*st = (struct stream){.version = 3};
	/* a stream that began before the recording: the listener's port tells who dialled */
	st->has_syn = (s->flags & (PCAP_SYN | PCAP_ACK)) == PCAP_SYN;
	*by_dialler = st->has_syn || s->flow.remote_port == 988;
	st->flow = *by_dialler ? s->flow : back;
	st->half[0].data = malloc(HALF_MAX);
	st->half[1].data = malloc(HALF_MAX);
	CHECK(st->half[0].data != NULL && st->half[1].data != NULL);
	st->half[1].requested = !st->has_syn;
	st->half[0].greeted = st->half[1].greeted = !st->has_syn;
	return i;
}

static void
take_data(struct half *h, const struct pcap_segment *s)
{
	uint32_t off;

	if (!h->based) {
		h->base = s->seq;
		h->based = true;
	}
	off = s->seq - h->base;
	/* a keepalive probe lies before what is new; a retransmission in it */
	if ((int32_t)off < 0 || off + s->len <= h->len)
		return;
	CHECK(off <= h->len && off + s->len <= HALF_MAX);
	memcpy(h->data + h->len, s->data + (h->len - off), off + s->len - h->len);
	h->len = off + s->len;
}

static void
take_segment(struct dialog *d, const struct pcap_segment *s)
{
	bool by_dialler;
	unsigned int i = find_stream(d, s, &by_dialler);
	struct half *h = &d->stream[i].half[by_dialler];

	if ((s->flags & PCAP_SYN) != 0) {
		if (!h->based && by_dialler)
			add(d, ITEM_OPEN, i, true, s->ns);
		h->base = s->seq + 1;
		h->based = true;
		return;
	}
	if (s->len > 0) {
		take_data(h, s);
		parse(d, i, by_dialler, s->ns);
	}
	if ((s->flags & (PCAP_FIN | PCAP_RST)) == 0 || h->fin)
		return;
	h->fin = true;
	if (h->parsed < h->len)
		eat(d, ITEM_RAW, i, by_dialler, h->len - h->parsed, s->ns);
	add(d, (s->flags & PCAP_RST) != 0 ? ITEM_RST : ITEM_FIN, i, by_dialler, s->ns);
}

void
dialog_load(struct dialog *d, const char *path, const char *second)
{
	unsigned int i = 0, j = 0;
	const struct pcap *a = &d->pcap[0], *b = &d->pcap[1];

	memset(d, 0, sizeof(*d));
	CHECK(pcap_load(path, &d->pcap[0]) == 0);
	CHECK(second == NULL || pcap_load(second, &d->pcap[1]) == 0);
	d->item = calloc(DIALOG_ITEMS_MAX, sizeof(*d->item));
	CHECK(d->item != NULL);
	while (i < a->n || j < b->n) {
		if (j == b->n || (i < a->n && a->seg[i].ns <= b->seg[j].ns))
			take_segment(d, &a->seg[i++]);
		else
			take_segment(d, &b->seg[j++]);
	}
}

void
dialog_free(struct dialog *d)
{
	unsigned int i;

	for (i = 0; i < d->n_streams; i++) {
		free(d->stream[i].half[0].data);
		free(d->stream[i].half[1].data);
	}
	free(d->item);
	pcap_free(&d->pcap[0]);
	pcap_free(&d->pcap[1]);
}
