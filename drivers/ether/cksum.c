/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksums over mbuf chains. */
#include "drivers/ether/cksum.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

uint16_t
ether_cksum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t done = 0, n;
	uint16_t sum = 0, part;

	while (m != NULL && off >= m->data_len) {
		off -= m->data_len;
		m = m->next;
	}
	for (; m != NULL && done < len; m = m->next) {
		n = RTE_MIN(m->data_len - off, len - done);
		part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const char *, off), n);
		/* bytes at an odd place count in the other half of the word */
		sum = ether_cksum_add(sum, done & 1 ? rte_bswap16(part) : part);
		done += n;
		off = 0;
	}
	return sum;
}

uint16_t
ether_cksum_pseudo(const struct ipaddr *src, const struct ipaddr *dst, uint8_t proto, uint32_t len)
{
	unsigned int n = src->family == IP_V6 ? 16 : 4;
	uint32_t tail[2] = {rte_cpu_to_be_32(len), rte_cpu_to_be_32(proto)};
	uint16_t sum = ether_cksum_add(rte_raw_cksum(src->bytes, n), rte_raw_cksum(dst->bytes, n));

	return ether_cksum_add(sum, rte_raw_cksum(tail, sizeof(tail)));
}
