/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments on their way up: home worker, header in one piece, checksum. Thread: workers. */
#include "drivers/ether/cksum.h"
#include "drivers/ether/ether_priv.h"

#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <netinet/in.h>

/*
 * RTE_MBUF_F_RX_L4_CKSUM_NONE: the field is not the checksum, but the port vouches for the data, as a virtual port
 * does for what never was on a wire. Believed only where the field is what such a sender leaves in it: the sum of the
 * pseudo-header, with or without its length.
 */
static bool
is_partial(uint16_t field, const struct ip_packet *p, uint32_t len)
{
	return field == ether_cksum_pseudo(&p->remote, &p->local, IPPROTO_TCP, len) ||
		field == ether_cksum_pseudo(&p->remote, &p->local, IPPROTO_TCP, 0);
}

static bool
cksum_ok(struct ether_lcore *el, const struct rx_frame *f, const struct ip_packet *p, uint32_t off,
	 uint32_t len)
{
	uint64_t verdict = f->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const struct rte_tcp_hdr *th;

	if (verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return true;
	if (verdict == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	if (verdict == RTE_MBUF_F_RX_L4_CKSUM_NONE) {
		th = rte_pktmbuf_mtod_offset(f->m, const struct rte_tcp_hdr *, off);
		if (is_partial(th->cksum, p, len))
			return true;
	}
	ETHER_COUNT(el, RX_SOFT_CKSUM);
	return ether_cksum_ok(f->m, off, len,
			      ether_cksum_pseudo(&p->remote, &p->local, IPPROTO_TCP, len));
}

void
ether_tcp_input(struct ether_lcore *el, struct rx_frame *f, struct ip_packet *p, uint32_t off,
		uint32_t len, uint64_t now)
{
	const struct rte_tcp_hdr *th;
	uint32_t hlen;

	if (ether_fan_home(el, f, &p->local, &p->remote))
		return;
	if (len < sizeof(*th) || !ether_pull(el, f, off + sizeof(*th))) {
		ETHER_DROP(el, f->m, TCP_HEADER);
		return;
	}
	th = rte_pktmbuf_mtod_offset(f->m, const struct rte_tcp_hdr *, off);
	hlen = (uint32_t)(th->data_off >> 4) * 4;
	/* the frame ends with the segment: a longer header cannot be pulled */
	if (hlen < sizeof(*th) || !ether_pull(el, f, off + hlen)) {
		ETHER_DROP(el, f->m, TCP_HEADER);
		return;
	}
	if (!cksum_ok(el, f, p, off, len)) {
		ETHER_DROP(el, f->m, TCP_CKSUM);
		return;
	}
	p->m = f->m;
	rte_pktmbuf_adj(p->m, (uint16_t)off);
	ether_deliver_tcp(el, p, now);
}
