/* SPDX-License-Identifier: BSD-3-Clause */
/* Interface text of the command line to struct ether_iface_conf. Pure. */
#include "drivers/ether/ether.h"
#include "lnet/base/kv.h"

#include <rte_ether.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define VALUE_MAX 128
#define MTU_DEFAULT 1500
#define MTU_MIN 576 /* RFC 1122: every host takes that much */
#define MTU_MIN_V6 1280 /* RFC 8200 5 */
#define MTU_MAX 9000

/* What the functions of the keys work on. */
struct parse {
	struct ether_iface_conf *conf;
	const char *key;
	char *why;
	unsigned int why_size;
	bool has_vlan, has_mtu, has_ecn, has_cc;
};

static const char *const ecn_names[] = {
	[ETHER_ECN_PASSIVE] = "passive",
	[ETHER_ECN_OFF] = "off",
	[ETHER_ECN_ON] = "on",
};
static const char *const cc_names[] = {
	[ETHER_CC_CUBIC] = "cubic",
	[ETHER_CC_NEWRENO] = "newreno",
	[ETHER_CC_DCTCP] = "dctcp",
};

const char *
ether_ecn_name(enum ether_ecn ecn)
{
	return ecn_names[ecn];
}

const char *
ether_cc_name(enum ether_cc cc)
{
	return cc_names[cc];
}

static int __attribute__((format(printf, 3, 4)))
fail(struct parse *p, const char *value, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(p->why, p->why_size, "%s=%s: ", p->key, value);
	if (n >= 0 && (unsigned int)n < p->why_size) {
		va_start(ap, fmt);
		vsnprintf(p->why + n, p->why_size - (unsigned int)n, fmt, ap);
		va_end(ap);
	}
	return -EINVAL;
}

static unsigned int
family_bits(const struct ipaddr *a)
{
	return a->family == IP_V6 ? 128 : 32;
}

/* "address/bits" or "address"; @prefix is the family's length without bits. */
static int
parse_prefix(const char *text, struct ipaddr *a, uint8_t *prefix)
{
	char copy[VALUE_MAX];
	int64_t bits;
	char *slash;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash++ = '\0';
	if (ipaddr_parse(copy, a) < 0)
		return -EINVAL;
	bits = family_bits(a);
	if (slash != NULL && (*slash == '\0' || kv_int(slash, 0, bits, &bits) < 0))
		return -EINVAL;
	*prefix = (uint8_t)bits;
	return 0;
}

/* "left@right" */
static int
split_at(const char *text, char left[VALUE_MAX], const char **right)
{
	const char *at = strchr(text, '@');

	if (at == NULL)
		return -EINVAL;
	snprintf(left, VALUE_MAX, "%.*s", (int)(at - text), text);
	*right = at + 1;
	return 0;
}

static bool
is_unicast(const struct ipaddr *a)
{
	return !ipaddr_is_unspecified(a) && !ipaddr_is_multicast(a) &&
		!(a->family == IP_V4 && a->bytes[0] >= 224) &&
		!(a->family == IP_V4 && a->bytes[0] == 127);
}

static int
set_name(struct parse *p, const char *value)
{
	const char *c;

	if (p->conf->name[0] != '\0')
		return fail(p, value, "given twice");
	for (c = value; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
			return fail(p, value, "letters, digits, '.', '_' and '-' are allowed");
	if (c == value || c - value >= ETHER_NAME_MAX)
		return fail(p, value, "1 to %d characters are allowed", ETHER_NAME_MAX - 1);
	snprintf(p->conf->name, sizeof(p->conf->name), "%s", value);
	return 0;
}

static int
set_port(struct parse *p, const char *value)
{
	if (p->conf->port[0] != '\0')
		return fail(p, value, "given twice");
	if (*value == '\0' || strlen(value) >= ETHER_PORT_NAME_MAX)
		return fail(p, value, "the name of a DPDK port is needed, up to %d characters",
			    ETHER_PORT_NAME_MAX - 1);
	snprintf(p->conf->port, sizeof(p->conf->port), "%s", value);
	return 0;
}

static int
set_ip(struct parse *p, const char *value)
{
	struct ether_iface_conf *c = p->conf;
	struct ether_addr_conf a;
	unsigned int i;

	if (strchr(value, '/') == NULL || parse_prefix(value, &a.addr, &a.prefix) < 0 ||
	    a.prefix == 0)
		return fail(p, value, "address/bits is needed, e.g. 10.0.0.1/24 or fd00::1/64");
	if (!is_unicast(&a.addr))
		return fail(p, value, "not an address that a host may have");
	for (i = 0; i < c->n_addrs; i++)
		if (ipaddr_equal(&c->addrs[i].addr, &a.addr))
			return fail(p, value, "given twice");
	if (c->n_addrs == ETHER_ADDRS_MAX)
		return fail(p, value, "at most %d addresses are allowed", ETHER_ADDRS_MAX);
	c->addrs[c->n_addrs++] = a;
	return 0;
}

static int
add_route(struct parse *p, const char *value, const struct ether_route_conf *r)
{
	struct ether_iface_conf *c = p->conf;
	unsigned int i;

	if (!is_unicast(&r->gateway))
		return fail(p, value, "the gateway is not an address that a host may have");
	for (i = 0; i < c->n_routes; i++)
		if (ipaddr_equal(&c->routes[i].net, &r->net) && c->routes[i].prefix == r->prefix)
			return fail(p, value, "a route to this net was given before");
	if (c->n_routes == ETHER_ROUTES_MAX)
		return fail(p, value, "at most %d routes are allowed", ETHER_ROUTES_MAX);
	c->routes[c->n_routes++] = *r;
	return 0;
}

static int
set_gw(struct parse *p, const char *value)
{
	struct ether_route_conf r = {.prefix = 0};

	if (ipaddr_parse(value, &r.gateway) < 0)
		return fail(p, value, "an address is needed");
	r.net.family = r.gateway.family;
	return add_route(p, value, &r);
}

static int
set_route(struct parse *p, const char *value)
{
	struct ether_route_conf r = {.prefix = 0};
	char net[VALUE_MAX];
	const char *gw;

	if (split_at(value, net, &gw) < 0 || parse_prefix(net, &r.net, &r.prefix) < 0 ||
	    ipaddr_parse(gw, &r.gateway) < 0 || r.gateway.family != r.net.family)
		return fail(p, value, "net/bits@gateway is needed, e.g. 10.9.0.0/16@10.0.0.253");
	return add_route(p, value, &r);
}

static int
set_neigh(struct parse *p, const char *value)
{
	struct ether_iface_conf *c = p->conf;
	struct rte_ether_addr mac;
	char addr[VALUE_MAX];
	struct ipaddr a;
	const char *text;

	if (split_at(value, addr, &text) < 0 || ipaddr_parse(addr, &a) < 0 ||
	    rte_ether_unformat_addr(text, &mac) < 0)
		return fail(p, value, "address@MAC is needed, e.g. 10.0.0.7@02:00:00:00:00:07");
	if (!is_unicast(&a) || !rte_is_valid_assigned_ether_addr(&mac))
		return fail(p, value, "not addresses that a host may have");
	if (c->n_neighbours == ETHER_ROUTES_MAX)
		return fail(p, value, "at most %d neighbours are allowed", ETHER_ROUTES_MAX);
	c->neighbours[c->n_neighbours].addr = a;
	memcpy(c->neighbours[c->n_neighbours++].mac, mac.addr_bytes, 6);
	return 0;
}

static int
set_number(struct parse *p, const char *value, int64_t min, int64_t max, uint16_t *to, bool *given)
{
	int64_t v;

	if (*given)
		return fail(p, value, "given twice");
	if (kv_int(value, min, max, &v) < 0)
		return fail(p, value, "a number from %lld to %lld is needed", (long long)min,
			    (long long)max);
	*to = (uint16_t)v;
	*given = true;
	return 0;
}

static int
set_vlan(struct parse *p, const char *value)
{
	return set_number(p, value, 1, 4094, &p->conf->vlan, &p->has_vlan);
}

static int
set_mtu(struct parse *p, const char *value)
{
	return set_number(p, value, MTU_MIN, MTU_MAX, &p->conf->mtu, &p->has_mtu);
}

/* One of three words. */
static int
set_word(struct parse *p, const char *value, const char *const *words, bool *given)
{
	int i;

	if (*given)
		return fail(p, value, "given twice");
	*given = true;
	for (i = 0; i < 3; i++) {
		if (strcmp(value, words[i]) == 0)
			return i;
	}
	return fail(p, value, "%s, %s or %s is needed", words[0], words[1], words[2]);
}

static int
set_ecn(struct parse *p, const char *value)
{
	int rc = set_word(p, value, ecn_names, &p->has_ecn);

	if (rc >= 0)
		p->conf->ecn = (enum ether_ecn)rc;
	return rc < 0 ? rc : 0;
}

static int
set_cc(struct parse *p, const char *value)
{
	int rc = set_word(p, value, cc_names, &p->has_cc);

	if (rc >= 0)
		p->conf->cc = (enum ether_cc)rc;
	return rc < 0 ? rc : 0;
}

static const struct {
	const char *name;
	int (*set)(struct parse *p, const char *value);
} keys[] = {
	{"name", set_name},   {"port", set_port}, {"ip", set_ip},   {"gw", set_gw},
	{"route", set_route}, {"vlan", set_vlan}, {"mtu", set_mtu}, {"neigh", set_neigh},
	{"ecn", set_ecn},     {"cc", set_cc},
};

static int
parse_item(struct parse *p, const char *item, size_t len)
{
	char key[VALUE_MAX], *value;
	unsigned int i;

	if (len >= sizeof(key)) {
		snprintf(p->why, p->why_size, "'%.*s...': longer than %d characters", 32, item,
			 VALUE_MAX - 1);
		return -EINVAL;
	}
	memcpy(key, item, len);
	key[len] = '\0';
	value = strchr(key, '=');
	if (value != NULL)
		*value++ = '\0';
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (value == NULL || strcmp(keys[i].name, key) != 0)
			continue;
		p->key = keys[i].name;
		return keys[i].set(p, value);
	}
	snprintf(
		p->why, p->why_size,
		"'%s': name=, port=, ip=, gw=, route=, vlan=, mtu=, neigh=, ecn= and cc= are allowed",
		key);
	return -EINVAL;
}

/* A gateway has to be on the link. */
static int
check_gateways(struct parse *p)
{
	const struct ether_iface_conf *c = p->conf;
	char text[IPADDR_STR_MAX];
	unsigned int i, k;
	bool on_link;

	for (i = 0; i < c->n_routes; i++) {
		const struct ipaddr *gw = &c->routes[i].gateway;

		on_link = gw->family == IP_V6 && ipaddr_is_link_local(gw);
		for (k = 0; k < c->n_addrs; k++)
			on_link |= ipaddr_in_prefix(gw, &c->addrs[k].addr, c->addrs[k].prefix);
		if (!on_link) {
			snprintf(p->why, p->why_size,
				 "gateway %s: in none of the nets given by ip=",
				 ipaddr_format(gw, text));
			return -EINVAL;
		}
	}
	return 0;
}

static int
check(struct parse *p)
{
	const struct ether_iface_conf *c = p->conf;
	unsigned int i;

	if (c->name[0] == '\0' || c->port[0] == '\0' || c->n_addrs == 0) {
		snprintf(p->why, p->why_size, "%s is missing",
			 c->name[0] == '\0'	      ? "name="
				 : c->port[0] == '\0' ? "port="
						      : "ip=");
		return -EINVAL;
	}
	for (i = 0; i < c->n_addrs; i++) {
		if (c->addrs[i].addr.family == IP_V6 && c->mtu < MTU_MIN_V6) {
			snprintf(p->why, p->why_size, "mtu=%u: IPv6 needs at least %d", c->mtu,
				 MTU_MIN_V6);
			return -EINVAL;
		}
	}
	if (c->cc == ETHER_CC_DCTCP && c->ecn == ETHER_ECN_OFF) {
		snprintf(p->why, p->why_size, "cc=dctcp: needs ecn=on or ecn=passive");
		return -EINVAL;
	}
	return check_gateways(p);
}

int
ether_iface_parse(const char *text, struct ether_iface_conf *conf, char *why, unsigned int why_size)
{
	struct parse p = {.conf = conf, .why = why, .why_size = why_size};
	size_t len;
	int rc;

	memset(conf, 0, sizeof(*conf));
	conf->mtu = MTU_DEFAULT;
	while (*text != '\0') {
		len = strcspn(text, ",");
		rc = parse_item(&p, text, len);
		if (rc < 0)
			return rc;
		text += len;
		if (*text == ',')
			text++;
	}
	/* RFC 8257: without marks it is none */
	if (conf->cc == ETHER_CC_DCTCP && !p.has_ecn)
		conf->ecn = ETHER_ECN_ON;
	return check(&p);
}
