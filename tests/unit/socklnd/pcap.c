/* SPDX-License-Identifier: BSD-3-Clause */
/* A reader of pcap files; zlib reads compressed and plain ones alike. */
#include "tests/unit/socklnd/pcap.h"

#include "lnet/base/bytes.h"
#include "lnet/base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	FILE_HEADER = 24,
	RECORD_HEADER = 16,
	ETHER_HEADER = 14,
	SIZE_MAX_FILE = 16 << 20,
};

static int
read_file(const char *path, struct pcap *p)
{
	gzFile f = gzopen(path, "rb");
	int n;

	if (f == NULL)
		return -ENOENT;
	p->file = malloc(SIZE_MAX_FILE);
	CHECK(p->file != NULL);
	n = gzread(f, p->file, SIZE_MAX_FILE);
	gzclose(f);
	CHECK(n >= 0 && n < SIZE_MAX_FILE);
	p->size = (size_t)n;
	return 0;
}

/* Return: bytes of the IP header, 0 when there is no TCP behind it. */
static uint32_t
parse_ip(const uint8_t *ip, uint32_t len, uint16_t ethertype, struct pcap_segment *s,
	 uint32_t *total)
{
	if (ethertype == 0x0800 && len >= 20 && ip[9] == 6) {
		s->flow.local = ipaddr_v4(get_be32(ip + 12));
		s->flow.remote = ipaddr_v4(get_be32(ip + 16));
		*total = get_be16(ip + 2);
		return (ip[0] & 15u) * 4;
	}
	if (ethertype == 0x86dd && len >= 40 && ip[6] == 6) {
		s->flow.local = ipaddr_v6(ip + 8);
		s->flow.remote = ipaddr_v6(ip + 24);
		*total = 40u + get_be16(ip + 4);
		return 40;
	}
	return 0;
}

static bool
parse_frame(const uint8_t *frame, uint32_t len, struct pcap_segment *s)
{
	const uint8_t *ip = frame + ETHER_HEADER, *tcp;
	uint32_t ip_len, total, header;

	if (len < ETHER_HEADER + 20)
		return false;
	ip_len = parse_ip(ip, len - ETHER_HEADER, get_be16(frame + 12), s, &total);
	if (ip_len == 0 || total > len - ETHER_HEADER || total < ip_len + 20)
		return false;
	tcp = ip + ip_len;
	header = (tcp[12] >> 4) * 4u;
	if (ip_len + header > total)
		return false;
	s->flow.local_port = get_be16(tcp);
	s->flow.remote_port = get_be16(tcp + 2);
	s->seq = get_be32(tcp + 4);
	s->flags = tcp[13];
	s->data = tcp + header;
	s->len = total - ip_len - header;
	return true;
}

int
pcap_load(const char *path, struct pcap *p)
{
	size_t off = FILE_HEADER;
	struct pcap_segment s;
	uint32_t magic, len;
	int rc;

	*p = (struct pcap){0};
	rc = read_file(path, p);
	if (rc < 0)
		return rc;
	magic = p->size >= FILE_HEADER ? get_le32(p->file) : 0;
	if ((magic != 0xa1b2c3d4 && magic != 0xa1b23c4d) || get_le32(p->file + 20) != 1) {
		pcap_free(p);
		return -EPROTO;
	}
	p->seg = calloc(p->size / RECORD_HEADER + 1, sizeof(*p->seg));
	CHECK(p->seg != NULL);
	for (; off + RECORD_HEADER <= p->size; off += RECORD_HEADER + len) {
		len = get_le32(p->file + off + 8);
		if (len > p->size - off - RECORD_HEADER)
			break;
		s = (struct pcap_segment){0};
		s.ns = get_le32(p->file + off) * UINT64_C(1000000000) +
			get_le32(p->file + off + 4) * (magic == 0xa1b2c3d4 ? UINT64_C(1000) : 1);
		if (parse_frame(p->file + off + RECORD_HEADER, len, &s))
			p->seg[p->n++] = s;
	}
	return 0;
}

void
pcap_free(struct pcap *p)
{
	free(p->seg);
	free(p->file);
	*p = (struct pcap){0};
}
