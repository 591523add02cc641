/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making an interface known at start and after link-up, so that peers and switches learn quickly: IPv4 announcements
 * twice (RFC 5227 2.3), duplicate address detection of new IPv6 addresses (RFC 4862 5.4, one probe, one second), group
 * reports, unsolicited advertisements. Thread: worker 0.
 */
#include "drivers/ether/ether_priv.h"

#define LOG_TYPE LOG_T_ETHER
#include "lnet/base/log.h"

#define STEP_NS UINT64_C(1000000000)
#define STEPS 3 /* at 0, 1 and 2 s */

static void
announce_v4(struct ether_lcore *el, const struct ether_iface *i)
{
	unsigned int k;

	for (k = 0; k < i->n_addrs; k++)
		if (i->addrs[k].addr.family == IP_V4)
			ether_arp_announce(el, i, &i->addrs[k].addr);
}

/* Nobody objected within a second: the address is ours. */
static void
settle(struct ether_lcore *el, struct ether_iface *i, struct iface_addr *a, uint64_t now)
{
	uint8_t tentative = IFACE_ADDR_TENTATIVE;
	char text[IPADDR_STR_MAX];

	/* a worker that hears of a duplicate writes the state too */
	if (atomic_compare_exchange_strong(&a->state, &tentative, IFACE_ADDR_OK))
		return;
	if (tentative == IFACE_ADDR_DUPLICATE)
		event_log(el->lc->events, NULL, now, LOG_TYPE, RTE_LOG_ERR,
			  "interface %s: address %s is not used: another host has it", i->conf.name,
			  ipaddr_format(&a->addr, text));
}

static void
announce_v6(struct ether_lcore *el, struct ether_iface *i, unsigned int step, uint64_t now)
{
	struct iface_addr *a;
	unsigned int k;

	if (i->has_v6 && step < 2)
		ether_mld_report(el, i);
	for (k = 0; k < i->n_addrs; k++) {
		a = &i->addrs[k];
		if (a->addr.family != IP_V6)
			continue;
		if (step == 0 && atomic_load(&a->state) == IFACE_ADDR_TENTATIVE)
			ether_nd_probe(el, i, &a->addr);
		if (step == 1)
			settle(el, i, a, now);
		if (step >= 1 && atomic_load(&a->state) == IFACE_ADDR_OK)
			ether_nd_announce(el, i, &a->addr);
	}
}

static void
step(struct timer *t, uint64_t now)
{
	struct announcer *an = (struct announcer *)((char *)t - offsetof(struct announcer, timer));

	if (an->step != 1)
		announce_v4(an->el, an->iface);
	announce_v6(an->el, an->iface, an->step, now);
	if (++an->step < STEPS)
		timer_arm(&an->el->lc->wheel, t, now + STEP_NS);
}

unsigned int
ether_announce_poll(struct ether_lcore *el, uint64_t now)
{
	struct ether *e = el->e;
	struct announcer *an;
	unsigned int i, p, n = 0;
	uint32_t generation;

	for (p = 0; p < e->n_ports; p++) {
		generation = atomic_load_explicit(&e->ports[p]->announce, memory_order_relaxed);
		if (generation == el->announced[p])
			continue;
		el->announced[p] = generation;
		for (i = 0; i < e->n_ifaces; i++) {
			if (e->ifaces[i]->port != e->ports[p])
				continue;
			an = &el->announcers[i];
			timer_disarm(&el->lc->wheel, &an->timer);
			*an = (struct announcer){
				.timer.fire = step, .el = el, .iface = e->ifaces[i]};
			step(&an->timer, now);
			n++;
		}
	}
	return n;
}
