/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rte_gro_bench: what DPDK's receive merging costs, and what it makes of segments that differ: why the engine merges by itself
 * (doc/performance.md). To be run again when DPDK changes.
 *	rte_gro_bench runs|mixed BURSTS [table]
 * table: by tables that live on from burst to burst and are emptied after each, in place of such that are made for each.
 */
#include "lnet/base/bytes.h"

#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_gro.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST 32
#define PAYLOAD 1448
#define HEADERS (14 + 20 + 32)
#define IP 14
#define TCP 34
#define PSH 0x08
#define ACK 0x10

struct frame {
	struct rte_mbuf m;
	uint8_t bytes[2048];
};

static struct frame frames[BURST];
static struct rte_mbuf *pkts[BURST];
static const struct rte_gro_param param = {
	.gro_types = RTE_GRO_TCP_IPV4,
	.max_flow_num = BURST,
	.max_item_per_flow = BURST,
};

/* The @n-th full segment of connection @conn, with timestamps. */
static void
make(unsigned int i, unsigned int conn, unsigned int n)
{
	static const uint8_t ts[12] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
	struct frame *f = &frames[i];
	uint8_t *p = f->bytes;

	memset(p, 0, HEADERS);
	put_be16(p + 12, RTE_ETHER_TYPE_IPV4);
	p[IP] = 0x45;
	put_be16(p + IP + 2, HEADERS - IP + PAYLOAD);
	p[IP + 6] = 0x40;
	p[IP + 8] = 64;
	p[IP + 9] = 6;
	put_be32(p + IP + 12, 0x0a000002 + conn);
	put_be32(p + IP + 16, 0x0a000001);
	put_be16(p + TCP, 1023);
	put_be16(p + TCP + 2, 988);
	put_be32(p + TCP + 4, 1000 + n * PAYLOAD);
	put_be32(p + TCP + 8, 5000);
	p[TCP + 12] = 0x80;
	p[TCP + 13] = ACK;
	put_be16(p + TCP + 14, 500);
	memcpy(p + TCP + 20, ts, sizeof(ts));
	f->m = (struct rte_mbuf){
		.buf_addr = p,
		.buf_len = sizeof(f->bytes),
		.data_len = HEADERS + PAYLOAD,
		.pkt_len = HEADERS + PAYLOAD,
		.nb_segs = 1,
		.refcnt = 1,
		.packet_type = RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_TCP,
	};
	f->m.l2_len = 14;
	f->m.l3_len = 20;
	f->m.l4_len = 32;
	pkts[i] = &f->m;
}

/* Callgrind counts what is done in this function. */
__attribute__((noinline)) static unsigned int
rte_gro_bench_measured(void *table)
{
	unsigned int n;

	if (table == NULL)
		return rte_gro_reassemble_burst(pkts, BURST, &param);
	n = rte_gro_reassemble(pkts, BURST, table);
	return n +
		rte_gro_timeout_flush(table, 0, RTE_GRO_TCP_IPV4, pkts + n, (uint16_t)(BURST - n));
}

static int
bursts(bool mixed, unsigned int n, void *table)
{
	unsigned int i, k, left = 0;

	for (i = 0; i < n; i++) {
		for (k = 0; k < BURST; k++)
			make(k, mixed ? k % 8 : k / 8, mixed ? k / 8 : k % 8);
		left += rte_gro_bench_measured(table);
	}
	printf("%u segments, %u after merging\n", n * BURST, left);
	return 0;
}

/* Three segments of one connection, the second of which differs in one byte. */
static void
differ(const char *what, unsigned int at, uint8_t value)
{
	unsigned int i, n;

	for (i = 0; i < 3; i++)
		make(i, 0, i);
	frames[1].bytes[at] = value;
	n = rte_gro_reassemble_burst(pkts, 3, &param);
	printf("%s:", what);
	for (i = 0; i < n; i++)
		printf(" %u segment%s from %u%s", pkts[i]->nb_segs, pkts[i]->nb_segs > 1 ? "s" : "",
		       get_be32((const uint8_t *)pkts[i]->buf_addr + TCP + 4),
		       i + 1 < n ? "," : "\n");
}

int
main(int argc, char **argv)
{
	char *eal[] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "-m", "64", "-l", "0"};
	void *table = NULL;

	if (argc < 3 || (strcmp(argv[1], "runs") != 0 && strcmp(argv[1], "mixed") != 0)) {
		fprintf(stderr, "usage: rte_gro_bench runs|mixed BURSTS [table]\n");
		return 2;
	}
	if (argc > 3 && rte_eal_init(RTE_DIM(eal), eal) >= 0)
		table = rte_gro_ctx_create(&param);
	printf("three segments from 1000, 2448 and 3896; what came out, in this order, if the second\n");
	differ("  is the same", IP + 1, 0);
	differ("  has a CE mark", IP + 1, 3);
	differ("  has another window", TCP + 14, 2);
	differ("  has a push", TCP + 13, ACK | PSH);
	differ("  has another ACK", TCP + 11, 1);
	differ("  has a later timestamp", TCP + 27, 9);
	return bursts(strcmp(argv[1], "mixed") == 0, (unsigned int)atoi(argv[2]), table);
}
