/* SPDX-License-Identifier: BSD-3-Clause */
/* NIDs and nets: text and 64-bit form. Pure. Facts: LNet core spec section 1. */
#include "lnet/nid.h"

#include "lnet/base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NUM_MAX 65535
#define ADDR_TEXT_MAX 48
#define IPV6_SIZE 12 /* bytes beyond the first 8 */

enum addr_form {
	ADDR_IP, /* IPv4 or IPv6 */
	ADDR_IP4, /* IPv4 only */
	ADDR_NUMBER,
	ADDR_LO, /* any text, always 0, and no net number */
};

/* Table of 1.1; names match by prefix in this order. */
static const struct net_type {
	const char *name;
	uint8_t type;
	enum addr_form form;
} net_types[] = {
	{"tcp", LNET_TYPE_TCP, ADDR_IP}, {"o2ib", LNET_TYPE_O2IB, ADDR_IP},
	{"lo", LNET_TYPE_LO, ADDR_LO},	 {"gni", 13, ADDR_NUMBER},
	{"gip", 14, ADDR_IP4},		 {"ptlf", 15, ADDR_NUMBER},
	{"kfi", 16, ADDR_NUMBER},	 {"efa", 18, ADDR_IP},
	{"bxi3f", 19, ADDR_NUMBER},
};
#define N_TYPES (sizeof(net_types) / sizeof(net_types[0]))

static const struct net_type *
type_by_number(unsigned int type)
{
	unsigned int i;

	for (i = 0; i < N_TYPES; i++)
		if (net_types[i].type == type)
			return &net_types[i];
	return NULL;
}

static const struct net_type *
type_by_prefix(const char *text)
{
	unsigned int i;

	for (i = 0; i < N_TYPES; i++)
		if (strncmp(text, net_types[i].name, strlen(net_types[i].name)) == 0)
			return &net_types[i];
	return NULL;
}

struct lnet_nid
lnet_nid_any(void)
{
	struct lnet_nid n;

	memset(&n, 0xff, sizeof(n));
	return n;
}

struct lnet_nid
lnet_nid_lo(void)
{
	return (struct lnet_nid){.type = LNET_TYPE_LO};
}

struct lnet_nid
lnet_nid_from4(uint64_t nid4)
{
	struct lnet_nid n = {0};

	/* its first byte would lie where a large NID has its size: no net has one (1.1) */
	if (nid4 >> 56 != 0)
		return lnet_nid_any();
	put_be64(&n, nid4);
	return n;
}

uint64_t
lnet_nid_to4(const struct lnet_nid *n)
{
	return lnet_nid_is_any(n) ? UINT64_MAX : get_be64(n) & (UINT64_MAX >> 8);
}

struct lnet_nid
lnet_nid_from_ip(uint32_t net, const struct ipaddr *a)
{
	struct lnet_nid n = {0};

	n.type = (uint8_t)(net >> 16);
	put_be16(n.num, (uint16_t)net);
	if (a->family == IP_V6) {
		n.size = IPV6_SIZE;
		memcpy(n.addr, a->bytes, 16);
	} else {
		memcpy(n.addr, a->bytes, 4);
	}
	return n;
}

int
lnet_nid_to_ip(const struct lnet_nid *n, struct ipaddr *a)
{
	const struct net_type *t = type_by_number(n->type);

	if (t == NULL || (t->form != ADDR_IP && t->form != ADDR_IP4))
		return -EAFNOSUPPORT;
	memset(a, 0, sizeof(*a));
	if (n->size == 0) {
		a->family = IP_V4;
		memcpy(a->bytes, n->addr, 4);
	} else if (n->size == IPV6_SIZE && t->form == ADDR_IP) {
		a->family = IP_V6;
		memcpy(a->bytes, n->addr, 16);
	} else {
		return -EAFNOSUPPORT;
	}
	return 0;
}

uint32_t
lnet_nid_hash(const struct lnet_nid *n)
{
	uint64_t h = get_be32(n);
	unsigned int i;

	for (i = 0; i < sizeof(n->addr); i += 4) {
		h = (h ^ get_be32(n->addr + i)) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return (uint32_t)(h ^ h >> 32);
}

/* The number behind a net's name: nothing or decimal digits, 0..65535. */
static int
parse_num(const char *text, uint32_t *num)
{
	unsigned long v = 0;

	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		v = v * 10 + (unsigned long)(*text - '0');
		if (v > NUM_MAX)
			return -EINVAL;
	}
	*num = (uint32_t)v;
	return 0;
}

static int
parse_net(const char *text, const struct net_type **tp, uint32_t *net)
{
	const struct net_type *t = type_by_prefix(text);
	uint32_t num;

	if (t == NULL)
		return -EINVAL;
	text += strlen(t->name);
	if (t->form == ADDR_LO && *text != '\0')
		return -EINVAL;
	if (parse_num(text, &num) < 0)
		return -EINVAL;
	*tp = t;
	*net = lnet_mknet(t->type, num);
	return 0;
}

int
lnet_net_parse(const char *text, uint32_t *net)
{
	const struct net_type *t;

	return parse_net(text, &t, net);
}

static int
parse_ip(const char *text, const struct net_type *t, uint32_t net, struct lnet_nid *n)
{
	struct ipaddr a;

	if (ipaddr_parse(text, &a) < 0)
		return -EINVAL;
	if (a.family != IP_V4 && t->form == ADDR_IP4)
		return -EINVAL;
	*n = lnet_nid_from_ip(net, &a);
	return 0;
}

/* Decimal or 0x hex; an octal form would be a surprise. */
static int
parse_number(const char *text, uint32_t net, struct lnet_nid *n)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	size_t len = strlen(text + (hex ? 2 : 0));
	unsigned long long v;

	if (len == 0 || len > 10 || strspn(text + (hex ? 2 : 0), digits) != len)
		return -EINVAL;
	v = strtoull(text + (hex ? 2 : 0), NULL, hex ? 16 : 10);
	if (v > UINT32_MAX)
		return -EINVAL;
	*n = (struct lnet_nid){.type = (uint8_t)(net >> 16)};
	put_be16(n->num, (uint16_t)net);
	put_be32(n->addr, (uint32_t)v);
	return 0;
}

int
lnet_nid_parse(const char *text, struct lnet_nid *n)
{
	const struct net_type *t = &net_types[0];
	uint32_t net = lnet_mknet(LNET_TYPE_TCP, 0);
	const char *at = strchr(text, '@');
	size_t len = at != NULL ? (size_t)(at - text) : strlen(text);
	char addr[ADDR_TEXT_MAX];

	if (at == NULL && strcmp(text, "<?>") == 0) {
		*n = lnet_nid_any();
		return 0;
	}
	if (len == 0 || len >= sizeof(addr))
		return -EINVAL;
	if (at != NULL && parse_net(at + 1, &t, &net) < 0)
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	switch (t->form) {
	case ADDR_LO:
		*n = lnet_nid_lo();
		return 0;
	case ADDR_NUMBER:
		return parse_number(addr, net, n);
	default:
		return parse_ip(addr, t, net, n);
	}
}

const char *
lnet_net_format(uint32_t net, char *out)
{
	const struct net_type *t = type_by_number(net >> 16);
	unsigned int num = net & 0xffff;

	if (t == NULL)
		snprintf(out, LNET_NET_STR_MAX, "<%u:%u>", net >> 16, num);
	else if (num == 0)
		snprintf(out, LNET_NET_STR_MAX, "%s", t->name);
	else
		snprintf(out, LNET_NET_STR_MAX, "%s%u", t->name, num);
	return out;
}

/* An address that has no text form of its own: hex words; a bogus size prints all of them. */
static void
format_hex(const struct lnet_nid *n, char *out, size_t size)
{
	unsigned int words = n->size == 0 ? 1 : 4, i;
	size_t len = 0;

	if (n->size > 0 && n->size < IPV6_SIZE)
		words = (n->size + 4u + 3) / 4;
	for (i = 0; i < words; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%x", i > 0 ? ":" : "",
					get_be32(n->addr + 4 * (size_t)i));
}

const char *
lnet_nid_format(const struct lnet_nid *n, char *out)
{
	const struct net_type *t = type_by_number(n->type);
	char addr[ADDR_TEXT_MAX], net[LNET_NET_STR_MAX];
	struct ipaddr a;

	if (lnet_nid_is_any(n)) {
		snprintf(out, LNET_NID_STR_MAX, "<?>");
		return out;
	}
	if (lnet_nid_to_ip(n, &a) == 0)
		ipaddr_format(&a, addr);
	else if (n->size == 0 && t != NULL)
		snprintf(addr, sizeof(addr), "%u", get_be32(n->addr));
	else
		format_hex(n, addr, sizeof(addr));
	snprintf(out, LNET_NID_STR_MAX, "%.*s@%.*s", 40, addr, 20,
		 lnet_net_format(lnet_nid_net(n), net));
	return out;
}
