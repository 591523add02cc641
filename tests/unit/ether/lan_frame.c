/* SPDX-License-Identifier: BSD-3-Clause */
/* The other end of the ports: frames as bytes. */
#include "lnet/base/check.h"
#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

#include <arpa/inet.h>

const uint8_t lan_peer_mac[6] = {0x02, 0, 0, 0, 0, 0x77};
const uint8_t lan_our_mac[6] = {0}; /* net_ring's */

struct ipaddr
lan_addr(const char *text)
{
	struct ipaddr a;

	CHECK(ipaddr_parse(text, &a) == 0);
	return a;
}

uint16_t
lan_cksum(const void *p, size_t len, uint32_t start)
{
	const uint8_t *b = p;
	uint32_t sum = start;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Where things are in a frame; the transport at @l4. */
struct places {
	size_t l3, l4, len;
	uint8_t proto;
	uint32_t pseudo;
	size_t field; /* of the checksum in the transport; 0 = none */
};

/* Return: false when the lengths in the frame do not fit it. */
static bool
find(const uint8_t *frame, size_t len, struct places *p)
{
	size_t l3 = len >= 14 && get_be16(frame + 12) == 0x8100 ? 18 : 14, n;

	p->l3 = l3;
	if (len >= l3 + 20 && frame[l3] >> 4 == 4) {
		n = (frame[l3] & 15) * 4u;
		p->l4 = l3 + n;
		if (n < 20 || get_be16(frame + l3 + 2) < n)
			return false;
		p->len = get_be16(frame + l3 + 2) - n;
		p->proto = frame[l3 + 9];
		p->pseudo = lan_cksum(frame + l3 + 12, 8, 0);
	} else {
		if (len < l3 + 40)
			return false;
		p->l4 = l3 + 40;
		p->len = get_be16(frame + l3 + 4);
		p->proto = frame[l3 + 6];
		while ((p->proto == 0 || p->proto == 60) && p->len >= 8 && p->l4 + 8 <= len) {
			n = frame[p->l4 + 1] * 8u + 8;
			if (n > p->len)
				return false;
			p->proto = frame[p->l4];
			p->l4 += n;
			p->len -= n;
		}
		p->pseudo = lan_cksum(frame + l3 + 8, 32, 0);
	}
	p->field = p->proto == 6 ? 16 : p->proto == 1 || p->proto == 58 ? 2 : 0;
	p->pseudo = p->proto == 1 ? 0 : p->pseudo + (uint32_t)p->len + p->proto;
	return p->l4 + p->len <= len && (p->field == 0 || p->field + 2 <= p->len);
}

bool
lan_try_fix_cksums(uint8_t *frame, size_t len)
{
	struct places p;

	if (!find(frame, len, &p))
		return false;
	if (frame[p.l3] >> 4 == 4) {
		put_be16(frame + p.l3 + 10, 0);
		put_be16(frame + p.l3 + 10, (uint16_t)~lan_cksum(frame + p.l3, p.l4 - p.l3, 0));
	}
	if (p.field != 0) {
		put_be16(frame + p.l4 + p.field, 0);
		put_be16(frame + p.l4 + p.field,
			 (uint16_t)~lan_cksum(frame + p.l4, p.len, p.pseudo));
	}
	return true;
}

void
lan_fix_cksums(uint8_t *frame, size_t len)
{
	CHECK(lan_try_fix_cksums(frame, len));
}

bool
lan_cksums_ok(const uint8_t *frame, size_t len)
{
	struct places p;

	if (!find(frame, len, &p))
		return false;
	if (frame[p.l3] >> 4 == 4 && lan_cksum(frame + p.l3, p.l4 - p.l3, 0) != 0xffff)
		return false;
	return p.field == 0 || lan_cksum(frame + p.l4, p.len, p.pseudo) == 0xffff;
}

static uint8_t *
put_link(uint8_t *frame, uint16_t type)
{
	memcpy(frame, lan_our_mac, 6);
	memcpy(frame + 6, lan_peer_mac, 6);
	put_be16(frame + 12, type);
	return frame + 14;
}

/* Return: where the transport begins. */
static uint8_t *
put_ip4(uint8_t *frame, const char *src, const char *dst, uint8_t proto, size_t len)
{
	uint8_t *ip = put_link(frame, 0x0800);

	memset(ip, 0, 20);
	ip[0] = 0x45;
	put_be16(ip + 2, (uint16_t)(20 + len));
	put_be16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = proto;
	CHECK(inet_pton(AF_INET, src, ip + 12) == 1 && inet_pton(AF_INET, dst, ip + 16) == 1);
	return ip + 20;
}

static uint8_t *
put_ip6(uint8_t *frame, const char *src, const char *dst, uint8_t proto, uint8_t hop_limit,
	size_t len)
{
	uint8_t *ip = put_link(frame, 0x86dd);

	memset(ip, 0, 40);
	ip[0] = 0x60;
	put_be16(ip + 4, (uint16_t)len);
	ip[6] = proto;
	ip[7] = hop_limit;
	CHECK(inet_pton(AF_INET6, src, ip + 8) == 1 && inet_pton(AF_INET6, dst, ip + 24) == 1);
	if (ip[24] == 0xff) {
		frame[0] = frame[1] = 0x33;
		memcpy(frame + 2, ip + 36, 4);
	}
	return ip + 40;
}

static size_t
put_tcp(uint8_t *frame, uint8_t *tcp, size_t payload)
{
	size_t i;

	memset(tcp, 0, 20);
	put_be16(tcp, 1023);
	put_be16(tcp + 2, 988);
	put_be32(tcp + 4, 0x01020304);
	tcp[12] = 5 << 4;
	tcp[13] = 0x18;
	for (i = 0; i < payload; i++)
		tcp[20 + i] = (uint8_t)(i * 7 + 3);
	lan_fix_cksums(frame, (size_t)(tcp - frame) + 20 + payload);
	return (size_t)(tcp - frame) + 20 + payload;
}

size_t
lan_tcp4(uint8_t *frame, const char *src, const char *dst, size_t payload)
{
	return put_tcp(frame, put_ip4(frame, src, dst, 6, 20 + payload), payload);
}

size_t
lan_tcp6(uint8_t *frame, const char *src, const char *dst, size_t payload)
{
	return put_tcp(frame, put_ip6(frame, src, dst, 6, 64, 20 + payload), payload);
}

size_t
lan_icmp4(uint8_t *frame, const char *src, const char *dst, const void *message, size_t len)
{
	uint8_t *icmp = put_ip4(frame, src, dst, 1, len);

	memcpy(icmp, message, len);
	lan_fix_cksums(frame, 34 + len);
	return 34 + len;
}

size_t
lan_icmp6(uint8_t *frame, const char *src, const char *dst, uint8_t hop_limit, const void *message,
	  size_t len)
{
	uint8_t *icmp = put_ip6(frame, src, dst, 58, hop_limit, len);

	memcpy(icmp, message, len);
	lan_fix_cksums(frame, 54 + len);
	return 54 + len;
}

size_t
lan_arp(uint8_t *frame, uint16_t op, const uint8_t *sender_mac, const char *sender,
	const uint8_t *target_mac, const char *target)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t *arp = put_link(frame, 0x0806);

	memcpy(frame, op == 1 ? all : lan_our_mac, 6);
	memcpy(frame + 6, sender_mac, 6);
	put_be16(arp, 1);
	put_be16(arp + 2, 0x0800);
	arp[4] = 6;
	arp[5] = 4;
	put_be16(arp + 6, op);
	memcpy(arp + 8, sender_mac, 6);
	CHECK(inet_pton(AF_INET, sender, arp + 14) == 1);
	memcpy(arp + 18, target_mac, 6);
	CHECK(inet_pton(AF_INET, target, arp + 24) == 1);
	memset(arp + 28, 0, 18); /* padding to the least frame */
	return 60;
}

size_t
lan_nd(uint8_t *frame, uint8_t type, uint8_t flags, const char *src, const char *dst,
       const char *target, const uint8_t *mac)
{
	uint8_t nd[32] = {type, [4] = flags};
	size_t len = 24;

	CHECK(inet_pton(AF_INET6, target, nd + 8) == 1);
	if (mac != NULL) {
		nd[24] = type == 135 ? 1 : 2;
		nd[25] = 1;
		memcpy(nd + 26, mac, 6);
		len = 32;
	}
	return lan_icmp6(frame, src, dst, 255, nd, len);
}

size_t
lan_tag(uint8_t *frame, size_t len, uint16_t tci)
{
	memmove(frame + 16, frame + 12, len - 12);
	put_be16(frame + 12, 0x8100);
	put_be16(frame + 14, tci);
	return len + 4;
}

struct ip_flow
lan_flow(const char *local, const char *remote)
{
	return (struct ip_flow){
		.local = lan_addr(local),
		.remote = lan_addr(remote),
		.local_port = 988,
		.remote_port = 1023,
	};
}

struct rte_mbuf *
lan_segment(struct lan *l, const struct ip_flow *flow, size_t payload, size_t piece)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(l->mem.mbufs), *next;
	size_t i, done = 0, n;
	uint8_t *p;

	CHECK(m != NULL);
	p = (uint8_t *)rte_pktmbuf_append(m, 20);
	memset(p, 0, 20);
	put_be16(p, flow->local_port);
	put_be16(p + 2, flow->remote_port);
	put_be32(p + 4, 0x0a0b0c0d);
	p[12] = 5 << 4;
	p[13] = 0x10;
	m->l4_len = 20;
	for (; done < payload; done += n) {
		n = RTE_MIN(piece, payload - done);
		next = rte_pktmbuf_alloc(l->mem.mbufs);
		CHECK(next != NULL);
		p = (uint8_t *)rte_pktmbuf_append(next, (uint16_t)n);
		for (i = 0; i < n; i++)
			p[i] = (uint8_t)((done + i) * 5 + 1);
		CHECK(rte_pktmbuf_chain(m, next) == 0);
	}
	return m;
}
