/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture files and TCP reassembly, as much as recorded handshakes need. */
#include "pcap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCAP_MAGIC_US 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du
#define LINK_ETHERNET 1
#define FRAME_MAX 262144
#define STREAM_MAX (64u << 20)
#define TH_SYN_BIT 0x02
#define TH_ACK_BIT 0x10

/* A TCP segment found in a frame. */
struct segment {
	bool is_ipv6;
	const uint8_t *src;
	const uint8_t *dst;
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint8_t flags;
	const uint8_t *data;
	size_t len;
};

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/*
 * Network layer: addresses, and where TCP starts and ends. Return: false if the packet is not TCP.
 */
static bool
parse_ip(const uint8_t *p, size_t len, uint16_t type, struct segment *s, const uint8_t **tcp,
	 size_t *tcp_len)
{
	size_t head, total;

	if (type == 0x0800 && len >= 20 && p[9] == 6) {
		head = 4u * (p[0] & 15u);
		total = be16(p + 2);
		s->src = p + 12;
		s->dst = p + 16;
	} else if (type == 0x86dd && len >= 40 && p[6] == 6) {
		head = 40;
		total = 40u + be16(p + 4);
		s->is_ipv6 = true;
		s->src = p + 8;
		s->dst = p + 24;
	} else {
		return false;
	}
	if (total > len || total < head + 20)
		return false;
	*tcp = p + head;
	*tcp_len = total - head;
	return true;
}

static bool
parse_frame(const uint8_t *p, size_t len, struct segment *s)
{
	const uint8_t *tcp;
	size_t tcp_len, head;

	memset(s, 0, sizeof(*s));
	if (len < 14 || !parse_ip(p + 14, len - 14, be16(p + 12), s, &tcp, &tcp_len))
		return false;
	head = 4u * (tcp[12] >> 4);
	if (head < 20 || head > tcp_len)
		return false;
	s->sport = be16(tcp);
	s->dport = be16(tcp + 2);
	s->seq = be32(tcp + 4);
	s->flags = tcp[13];
	s->data = tcp + head;
	s->len = tcp_len - head;
	return true;
}

/* Put a segment's bytes where its sequence number says. */
static int
stream_add(struct stream *st, const struct segment *s)
{
	size_t at = (uint32_t)(s->seq - st->isn - 1);
	size_t end = at + s->len;

	if (!st->has_isn || s->len == 0 || end > STREAM_MAX)
		return 0;
	if (end > st->room) {
		size_t room = 2 * end;

		st->data = realloc(st->data, room);
		st->has = realloc(st->has, room);
		if (st->data == NULL || st->has == NULL)
			return -ENOMEM;
		memset(st->has + st->room, 0, room - st->room);
		st->room = room;
	}
	memcpy(st->data + at, s->data, s->len);
	memset(st->has + at, 1, s->len);
	while (st->len < st->room && st->has[st->len] != 0)
		st->len++;
	return 0;
}

/* The newest connection that a segment belongs to; a dialler's SYN starts a new one. */
static struct flow *
find_flow(struct flow **flows, const struct segment *s, bool is_active, int *err)
{
	size_t alen = s->is_ipv6 ? 16 : 4;
	const uint8_t *active = is_active ? s->src : s->dst;
	const uint8_t *passive = is_active ? s->dst : s->src;
	uint16_t port = is_active ? s->sport : s->dport;
	struct flow *f, *found = NULL, **tail = flows;

	for (f = *flows; f != NULL; f = f->next) {
		tail = &f->next;
		if (f->is_ipv6 == s->is_ipv6 && f->active_port == port &&
		    memcmp(f->active_addr, active, alen) == 0 &&
		    memcmp(f->passive_addr, passive, alen) == 0)
			found = f;
	}
	if (!is_active || (s->flags & (TH_SYN_BIT | TH_ACK_BIT)) != TH_SYN_BIT)
		return found;
	if (found != NULL && found->active.isn == s->seq)
		return found;
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		*err = -ENOMEM;
		return NULL;
	}
	f->is_ipv6 = s->is_ipv6;
	memcpy(f->active_addr, active, alen);
	memcpy(f->passive_addr, passive, alen);
	f->active_port = port;
	*tail = f;
	return f;
}

static int
add_segment(struct flow **flows, const struct segment *s, uint16_t port)
{
	bool is_active = s->dport == port;
	struct stream *st;
	struct flow *f;
	int err = 0;

	if (s->sport != port && s->dport != port)
		return 0;
	f = find_flow(flows, s, is_active, &err);
	if (f == NULL)
		return err;
	st = is_active ? &f->active : &f->passive;
	if ((s->flags & TH_SYN_BIT) != 0) {
		st->isn = s->seq;
		st->has_isn = true;
	}
	return stream_add(st, s);
}

/* A word of the file in its writer's byte order. */
static uint32_t
file_word(const uint8_t *p, bool is_swapped)
{
	return is_swapped
		? be32(p)
		: (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static int
read_header(FILE *f, bool *is_swapped)
{
	uint8_t h[24];
	uint32_t magic;

	if (fread(h, 1, sizeof(h), f) != sizeof(h))
		return -EINVAL;
	for (*is_swapped = false;; *is_swapped = true) {
		magic = file_word(h, *is_swapped);
		if (magic == PCAP_MAGIC_US || magic == PCAP_MAGIC_NS)
			break;
		if (*is_swapped)
			return -EINVAL;
	}
	return file_word(h + 20, *is_swapped) == LINK_ETHERNET ? 0 : -EPROTONOSUPPORT;
}

static int
read_frames(FILE *f, bool is_swapped, uint16_t port, struct flow **flows)
{
	uint8_t *frame = malloc(FRAME_MAX);
	struct segment s;
	uint8_t h[16];
	uint32_t len;
	int r = frame != NULL ? 0 : -ENOMEM;

	while (r == 0 && fread(h, 1, sizeof(h), f) == sizeof(h)) {
		len = file_word(h + 8, is_swapped);
		if (len > FRAME_MAX || fread(frame, 1, len, f) != len)
			r = -EINVAL;
		else if (parse_frame(frame, len, &s))
			r = add_segment(flows, &s, port);
	}
	free(frame);
	return r;
}

int
pcap_read(const char *file, uint16_t port, struct flow **flows)
{
	FILE *f = fopen(file, "rb");
	bool is_swapped;
	int r;

	*flows = NULL;
	if (f == NULL)
		return -errno;
	r = read_header(f, &is_swapped);
	if (r == 0)
		r = read_frames(f, is_swapped, port, flows);
	fclose(f);
	return r;
}

static void
stream_free(struct stream *st)
{
	free(st->data);
	free(st->has);
}

void
pcap_free(struct flow *flows)
{
	struct flow *f;

	while ((f = flows) != NULL) {
		flows = f->next;
		stream_free(&f->active);
		stream_free(&f->passive);
		free(f);
	}
}
