/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive queue of a connection: bytes in order that wait for the user, and ranges out of order. All of it is
 * paid for at the ledger in true size, before it is kept. Bytes are not copied, but for small segments, which go
 * into the free room behind the bytes before them. Thread: the engine's lcore.
 */
#pragma once

#include "drivers/tcp/wire.h"
#include "lnet/base/buf.h"
#include "lnet/base/ledger.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define TCP_OOO_RANGES_MAX 128 /* of one connection */

/* Consecutive bytes out of order. */
struct tcp_ooo {
	TAILQ_ENTRY(tcp_ooo) link; /* by sequence; ranges neither overlap nor touch */
	uint32_t seq;
	uint32_t stamp; /* greater = changed later: RFC 2018 4 wants the latest first */
	struct buf data;
};
TAILQ_HEAD(tcp_ooo_list, tcp_ooo);

/* Ranges of all connections of an engine, allocated at start. */
struct tcp_ooo_pool {
	struct tcp_ooo *mem;
	struct tcp_ooo_list free;
	unsigned int size, used;
};

struct tcp_rxq {
	struct buf data; /* in order */
	struct tcp_ooo_list ooo;
	uint32_t ooo_bytes;
	unsigned int ooo_ranges;
	uint32_t stamp;
	uint32_t
		packed; /* bytes of small segments that were copied behind others; the caller counts and clears it */
};

/* Where a receive queue gets its memory. */
struct tcp_rx_mem {
	const struct buf_mem *mem;
	struct tcp_ooo_pool *pool;
	struct ledger *ledger;
	struct ledger_conn *account; /* of the connection */
};

/* Thread: control. Return: 0, -ENOMEM. */
int tcp_ooo_pool_init(struct tcp_ooo_pool *pool, unsigned int size, int socket);
void tcp_ooo_pool_fini(struct tcp_ooo_pool *pool);

void tcp_rxq_init(struct tcp_rxq *q);

/* Give back everything. */
void tcp_rxq_release(struct tcp_rxq *q, const struct tcp_rx_mem *rm);

/* Throw away what is out of order. Return: bytes. */
uint32_t tcp_rxq_drop_ooo(struct tcp_rxq *q, const struct tcp_rx_mem *rm);

/*
 * Payload bytes @skip .. @skip + @len of the received chain @m are next in order. The chain is consumed whatever happens. Each mbuf
 * is paid for by itself, so that a long chain is kept as far as memory goes.
 * @expect	bytes at the head of the queue that the user takes in this round: tcp_rx_expect()
 * Return: bytes kept, the first of them; less than @len: the ledger refused the rest, or no slice was left.
 */
uint32_t tcp_rxq_append(struct tcp_rxq *q, const struct tcp_rx_mem *rm, struct rte_mbuf *m,
			uint32_t skip, uint32_t len, uint32_t expect);

/*
 * Bytes out of order that have become consecutive with @next move to the bytes in order.
 * @expected	bytes at the head of the queue that the user takes in this round: tcp_rx_expect()
 * *lost: bytes that had to be thrown away because the ledger refused them.
 * Return: the next sequence number expected.
 */
uint32_t tcp_rxq_join(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t next,
		      uint32_t expected, uint32_t *lost);

/*
 * Keep payload bytes @skip .. @skip + @len of the received chain @m, out of order at @seq. The chain is consumed whatever happens.
 * *dup: the part of it that was there already (empty when start == end), the first such.
 * Return: 0; -ENOMEM (refused by the ledger, or no slice or range is left): what lies behind is not kept.
 */
int tcp_rxq_insert(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t seq, struct rte_mbuf *m,
		   uint32_t skip, uint32_t len, struct tcp_range *dup);

/* Behind the last byte out of order; @none when there is none. */
uint32_t tcp_rxq_ooo_end(const struct tcp_rxq *q, uint32_t none);

/* The ranges out of order, the latest first, at most @max. Return: how many. */
unsigned int tcp_rxq_sack(const struct tcp_rxq *q, struct tcp_range *blocks, unsigned int max);

/* Bytes in order left the queue, which had @before true size: tell the ledger. */
void tcp_rxq_taken(struct tcp_rxq *q, const struct tcp_rx_mem *rm, uint32_t before);
