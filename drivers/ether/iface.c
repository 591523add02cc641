/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces: a port, perhaps a VLAN, addresses and routes. Made by the control thread before the ports start. */
#include "drivers/ether/ether_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* --- questions, any thread --- */

struct iface_addr *
ether_iface_addr(const struct ether_iface *i, const struct ipaddr *addr)
{
	unsigned int k;

	/* the state of an address changes, the interface as such is const while the ports run */
	for (k = 0; k < i->n_addrs; k++)
		if (ipaddr_equal(&i->addrs[k].addr, addr))
			return (struct iface_addr *)(uintptr_t)&i->addrs[k];
	return NULL;
}

bool
ether_iface_owns(const struct ether_iface *i, const struct ipaddr *addr)
{
	const struct iface_addr *a = ether_iface_addr(i, addr);

	return a != NULL && atomic_load_explicit(&a->state, memory_order_relaxed) == IFACE_ADDR_OK;
}

const struct iface_addr *
ether_iface_source(const struct ether_iface *i, const struct ipaddr *remote)
{
	const struct iface_addr *a, *found = NULL;
	unsigned int k;

	for (k = 0; k < i->n_addrs; k++) {
		a = &i->addrs[k];
		if (a->addr.family != remote->family ||
		    atomic_load_explicit(&a->state, memory_order_relaxed) != IFACE_ADDR_OK)
			continue;
		if (ipaddr_in_prefix(remote, &a->addr, a->prefix))
			return a;
		if (found == NULL)
			found = a;
	}
	return found;
}

bool
ether_iface_is_broadcast(const struct ether_iface *i, const struct ipaddr *addr)
{
	uint32_t host, v = ipaddr_to_v4(addr);
	unsigned int k;

	if (addr->family != IP_V4)
		return false;
	/* RFC 919 7: the limited broadcast is that of every network */
	if (v == UINT32_MAX)
		return true;
	for (k = 0; k < i->n_addrs; k++) {
		/* RFC 3021: a /31 has no broadcast address */
		if (i->addrs[k].prefix > 30 ||
		    !ipaddr_in_prefix(addr, &i->addrs[k].addr, i->addrs[k].prefix))
			continue;
		host = UINT32_MAX >> i->addrs[k].prefix;
		if ((v & host) == host)
			return true;
	}
	return false;
}

struct ether_iface *
ether_iface_of(const struct ether *e, const struct ipaddr *local)
{
	unsigned int i;

	for (i = 0; i < e->n_ifaces; i++)
		if (ether_iface_addr(e->ifaces[i], local) != NULL)
			return e->ifaces[i];
	return NULL;
}

/* --- making one --- */

/* RFC 4291 appendix A */
static struct ipaddr
link_local(const struct rte_ether_addr *mac)
{
	uint8_t b[16] = {0xfe, 0x80};

	memcpy(b + 8, mac->addr_bytes, 3);
	b[8] ^= 0x02;
	b[11] = 0xff;
	b[12] = 0xfe;
	memcpy(b + 13, mac->addr_bytes + 3, 3);
	return ipaddr_v6(b);
}

static int
add_addr(struct ether_iface *i, const struct ipaddr *addr, uint8_t prefix)
{
	struct iface_addr *a = &i->addrs[i->n_addrs++];
	struct ether_route r = {.net = *addr, .prefix = prefix};

	a->addr = *addr;
	a->prefix = prefix;
	atomic_store(&a->state, addr->family == IP_V6 ? IFACE_ADDR_TENTATIVE : IFACE_ADDR_OK);
	i->has_v4 |= addr->family == IP_V4;
	i->has_v6 |= addr->family == IP_V6;
	return ether_routes_add(&i->routes, &r);
}

static int
fill(struct ether_iface *i)
{
	const struct ether_iface_conf *c = &i->conf;
	struct ether_route r;
	struct ipaddr ll;
	unsigned int k;
	int rc = 0;

	for (k = 0; k < c->n_addrs && rc == 0; k++)
		rc = add_addr(i, &c->addrs[k].addr, c->addrs[k].prefix);
	ll = link_local(&i->port->mac);
	if (rc == 0 && i->has_v6 && ether_iface_addr(i, &ll) == NULL)
		rc = add_addr(i, &ll, 64);
	for (k = 0; k < c->n_routes && rc == 0; k++) {
		r = (struct ether_route){c->routes[k].net, c->routes[k].prefix,
					 c->routes[k].gateway};
		rc = ether_routes_add(&i->routes, &r);
	}
	return rc;
}

/* Names and addresses are unique in the box, VLANs on a port. */
static int
check_unique(const struct ether *e, const struct ether_iface_conf *c, const struct ether_port *p,
	     char *why, unsigned int why_size)
{
	char text[IPADDR_STR_MAX];
	struct ether_iface *other;
	unsigned int k;

	for (k = 0; k < e->n_ifaces; k++) {
		if (strcmp(e->ifaces[k]->conf.name, c->name) == 0) {
			snprintf(why, why_size, "interface %s: the name is taken", c->name);
			return -EEXIST;
		}
	}
	if (p->vlan_iface[c->vlan] != ETHER_NO_IFACE) {
		snprintf(why, why_size, "interface %s: VLAN %u of port %s is taken by interface %s",
			 c->name, c->vlan, c->port, e->ifaces[p->vlan_iface[c->vlan]]->conf.name);
		return -EEXIST;
	}
	for (k = 0; k < c->n_addrs; k++) {
		other = ether_iface_of(e, &c->addrs[k].addr);
		if (other != NULL) {
			snprintf(why, why_size, "interface %s: address %s is taken by interface %s",
				 c->name, ipaddr_format(&c->addrs[k].addr, text), other->conf.name);
			return -EEXIST;
		}
	}
	return 0;
}

int
ether_iface_add(struct ether *e, const struct ether_iface_conf *conf, char *why,
		unsigned int why_size)
{
	struct ether_iface *i;
	struct ether_port *p;
	int rc;

	if (e->n_ifaces == ETHER_IFACES_MAX) {
		snprintf(why, why_size, "interface %s: at most %d interfaces are possible",
			 conf->name, ETHER_IFACES_MAX);
		return -ENOSPC;
	}
	rc = ether_port_get(e, conf->port, &p, why, why_size);
	if (rc < 0)
		return rc;
	rc = check_unique(e, conf, p, why, why_size);
	if (rc < 0)
		return rc;
	i = calloc(1, sizeof(*i));
	if (i == NULL) {
		snprintf(why, why_size, "interface %s: no memory", conf->name);
		return -ENOMEM;
	}
	i->conf = *conf;
	i->index = (uint16_t)e->n_ifaces;
	i->vlan = conf->vlan;
	i->mtu = conf->mtu;
	i->port = p;
	rc = fill(i);
	if (rc < 0) {
		snprintf(why, why_size, "interface %s: too many routes", conf->name);
		free(i);
		return rc;
	}
	p->vlan_iface[i->vlan] = (uint8_t)i->index;
	if (i->mtu > p->mtu)
		p->mtu = i->mtu;
	e->ifaces[e->n_ifaces++] = i;
	return i->index;
}

/* --- what others ask for --- */

int
ether_iface_get(const struct ether *e, unsigned int index, struct ether_iface_info *info)
{
	const struct ether_iface *i;

	if (index >= e->n_ifaces)
		return -ENODEV;
	i = e->ifaces[index];
	*info = (struct ether_iface_info){
		.index = index,
		.name = i->conf.name,
		.port = i->conf.port,
		.conf = &i->conf,
		.link_up = atomic_load_explicit(&i->port->link_up, memory_order_relaxed),
		.speed_mbps = i->port->speed_mbps,
	};
	memcpy(info->mac, i->port->mac.addr_bytes, sizeof(info->mac));
	return 0;
}

int
ether_iface_find(const struct ether *e, const char *name, struct ether_iface_info *info)
{
	unsigned int k;

	for (k = 0; k < e->n_ifaces; k++)
		if (strcmp(e->ifaces[k]->conf.name, name) == 0)
			return ether_iface_get(e, k, info);
	return -ENODEV;
}

unsigned int
ether_iface_count(const struct ether *e)
{
	return e->n_ifaces;
}
