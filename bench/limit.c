/* SPDX-License-Identifier: BSD-3-Clause */
/* Frame generator and sink; they do nothing with a frame but pass it to the port and count it. */
#include "bench/limit.h"

#include "app/router/clock.h"
#include "lnet/base/buf.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <string.h>

#define BURST 32
#define ETHERTYPE_LOCAL 0x88b5 /* IEEE 802 local experimental */

/* A frame of @size bytes to nobody, in as many mbufs as it needs. */
static struct rte_mbuf *
make_frame(const struct buf_mem *mem, uint32_t size)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(mem->mbufs), *m = head;
	struct rte_ether_hdr *eth;
	uint32_t n;
	char *at;

	if (head == NULL)
		return NULL;
	for (;;) {
		n = RTE_MIN(size, (uint32_t)rte_pktmbuf_tailroom(m));
		at = rte_pktmbuf_append(m, (uint16_t)n);
		if (at != NULL)
			memset(at, 0x5a, n);
		size -= n;
		if (m != head && rte_pktmbuf_chain(head, m) < 0)
			break;
		if (size == 0) {
			eth = rte_pktmbuf_mtod(head, struct rte_ether_hdr *);
			memset(&eth->dst_addr, 0xff, sizeof(eth->dst_addr));
			eth->src_addr.addr_bytes[0] = 0x02;
			eth->ether_type = rte_cpu_to_be_16(ETHERTYPE_LOCAL);
			return head;
		}
		m = rte_pktmbuf_alloc(mem->mbufs);
		if (m == NULL)
			break;
	}
	rte_pktmbuf_free(head);
	return NULL;
}

static uint64_t
sink(uint16_t port)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = rte_eth_rx_burst(port, 0, m, BURST);

	if (n > 0)
		rte_pktmbuf_free_bulk(m, n);
	return n;
}

/* The same frame again and again: the port copies it and lets go. */
static uint64_t
source(uint16_t port, struct rte_mbuf *frame)
{
	struct rte_mbuf *m[BURST];
	uint16_t i, sent;

	rte_pktmbuf_refcnt_update(frame, BURST);
	for (i = 0; i < BURST; i++)
		m[i] = frame;
	sent = rte_eth_tx_burst(port, 0, m, BURST);
	rte_pktmbuf_refcnt_update(frame, (int16_t)(sent - BURST));
	return sent;
}

int
limit_run(uint16_t from, uint16_t to, const struct buf_mem *mem, const struct clock *clock,
	  uint32_t size, uint64_t duration, struct limit_result *r)
{
	struct rte_mbuf *frame;
	uint64_t start, now;

	if (size < RTE_ETHER_MIN_LEN)
		return -EINVAL;
	frame = make_frame(mem, size);
	if (frame == NULL)
		return -ENOMEM;
	*r = (struct limit_result){0};
	start = now = clock_now(clock);
	while (now - start < duration) {
		r->sent += source(from, frame);
		r->received += sink(to);
		sink(from);
		now = clock_now(clock);
	}
	r->ns = now - start;
	rte_pktmbuf_free(frame);
	return 0;
}
