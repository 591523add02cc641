/* SPDX-License-Identifier: BSD-3-Clause */
/* Echo and errors, the part that does not depend on the IP version. Thread: workers. */
#include "drivers/ether/icmp.h"

#include "drivers/ether/cksum.h"
#include "lnet/base/buf.h"

#include <rte_mbuf.h>

#include <netinet/in.h>

#define ECHO_PER_SECOND 1000 /* of a worker */
#define ERRORS_PER_SECOND 1000

void
ether_icmp_error(struct ether_lcore *el, struct rx_frame *f, const struct ip_error_info *info,
		 uint64_t now)
{
	if (ether_fan_home(el, f, &info->flow.local, &info->flow.remote))
		return;
	if (!rate_limit_take(&el->error_rate, ERRORS_PER_SECOND, now)) {
		ETHER_DROP(el, f->m, ICMP_RATE);
		return;
	}
	ETHER_COUNT(el, ICMP_ERROR_IN);
	rte_pktmbuf_free(f->m);
	if (el->up.error != NULL)
		el->up.error(el->up.ctx, info, now);
}

/* A copy in one mbuf of ours: the received one may be shared, or of another pool. NULL: counted. */
static struct rte_mbuf *
copy_message(struct ether_lcore *el, struct rte_mbuf *m, uint32_t off)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, el->lc->mem->mbufs, off, UINT32_MAX);

	if (copy == NULL) {
		ETHER_COUNT(el, DROP_NO_MBUF);
		return NULL;
	}
	copy->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	copy->l4_len = ICMP_HEADER;
	return copy;
}

void
ether_icmp_echo(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p, uint32_t off,
		uint8_t reply, uint64_t now)
{
	struct ip_out o = {
		.local = &p->local,
		.remote = &p->remote,
		.iface = f->iface,
		.proto = p->local.family == IP_V6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		.tos = p->tos,
	};
	struct rte_mbuf *m;
	uint16_t pseudo = 0, sum;
	uint8_t *icmp;

	if (ether_fan_home(el, f, &p->local, &p->remote))
		return;
	if (!rate_limit_take(&el->echo_rate, ECHO_PER_SECOND, now)) {
		ETHER_DROP(el, f->m, ICMP_RATE);
		return;
	}
	m = copy_message(el, f->m, off);
	rte_pktmbuf_free(f->m);
	if (m == NULL)
		return;
	if (p->local.family == IP_V6)
		pseudo = ether_cksum_pseudo(&p->local, &p->remote, IPPROTO_ICMPV6, m->pkt_len);
	icmp = rte_pktmbuf_mtod(m, uint8_t *);
	icmp[0] = reply;
	memset(icmp + 2, 0, 2);
	sum = ether_cksum_fill(m, 0, m->pkt_len, pseudo);
	memcpy(icmp + 2, &sum, sizeof(sum));
	ETHER_COUNT(el, ECHO_REPLY_OUT);
	ether_ip_output(el, &o, m, now);
}

void
ether_icmp_echo_reply(struct ether_lcore *el, struct rx_frame *f, const struct ip_packet *p,
		      uint32_t off, uint64_t now)
{
	const uint8_t *icmp;
	uint64_t sent;

	if (ether_fan_home(el, f, &p->local, &p->remote))
		return;
	if (f->m->pkt_len < off + ICMP_HEADER + sizeof(sent) ||
	    !ether_pull(el, f, off + ICMP_HEADER + sizeof(sent))) {
		ETHER_DROP(el, f->m, ECHO_STRAY);
		return;
	}
	icmp = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, off);
	sent = get_be64(icmp + ICMP_HEADER);
	if (!ether_ping_reply(el, &p->remote, get_be16(icmp + 4), get_be16(icmp + 6), sent, now)) {
		ETHER_DROP(el, f->m, ECHO_STRAY);
		return;
	}
	ETHER_COUNT(el, ECHO_REPLY_IN);
	rte_pktmbuf_free(f->m);
}
