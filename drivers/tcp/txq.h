/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The send queue of a connection: its bytes from SND.UNA on, and a record for each segment in flight. Bytes are never
 * copied: a record points into the slices of the queue, so that a retransmission finds its bytes at once. On the records
 * lies the scoreboard (scoreboard.h). Thread: the engine's lcore.
 */
#pragma once

#include "drivers/tcp/wire.h"
#include "lnet/base/buf.h"

#include <rte_common.h>

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct tcp_rack;

enum tcp_txseg_flag {
	TXSEG_FIN = 0x01, /* FIN behind its bytes */
	TXSEG_SACKED = 0x02, /* the peer has it out of order */
	TXSEG_LOST = 0x04, /* taken for lost; not in the network unless RETRANS */
	TXSEG_RETRANS = 0x08, /* sent again since it was taken for lost */
	TXSEG_PSH = 0x20, /* a message ends in it */
	TXSEG_REPEATED = 0x10, /* ever sent again: an ACK is no RTT sample (Karn) */
};

/* A segment in flight, or a large one that the port cuts. */
struct tcp_txseg {
	union {
		TAILQ_ENTRY(tcp_txseg) link; /* in sequence order */
		SLIST_ENTRY(tcp_txseg) free_link;
	};
	TAILQ_ENTRY(tcp_txseg) sent_link; /* in order of transmission, while in the network */
	struct slice *slice; /* where its bytes begin; NULL when it has none */
	uint32_t off; /* from the slice's mbuf's buf_addr */
	uint32_t seq;
	uint32_t len; /* bytes */
	uint16_t packets; /* on the wire */
	uint8_t flags; /* enum tcp_txseg_flag */
	uint64_t sent_at; /* ns, last transmission */
};
TAILQ_HEAD(tcp_txseg_list, tcp_txseg);
SLIST_HEAD(tcp_txseg_free, tcp_txseg);
static_assert(sizeof(struct tcp_txseg) == RTE_CACHE_LINE_SIZE, "a record is one cache line");

/* Records of all connections of an engine, allocated at start. */
struct tcp_txseg_pool {
	struct tcp_txseg *mem;
	struct tcp_txseg_free free;
	unsigned int size, used;
};

struct tcp_txq {
	struct buf data; /* from SND.UNA on */
	struct tcp_txseg_list segs; /* in flight */
	struct tcp_txseg_list
		sent; /* of these in the network as far as we know, oldest transmission first */
	struct slice *
		next; /* first byte never sent; NULL when there was none since the queue was empty */
	uint32_t next_off;
	uint32_t unsent; /* bytes never sent */

	/* scoreboard; bytes of sequence space among the records with that flag */
	uint32_t sacked, lost, retrans;
	uint32_t sacked_packets;
	struct tcp_txseg
		*rtx; /* nothing before it waits for retransmission; NULL = nothing waits */
	struct tcp_txseg *hint; /* near where the last SACK block ended; NULL = begin at the head */
};

/* Sequence number behind a record. */
static inline uint32_t
txseg_space(const struct tcp_txseg *s)
{
	return s->len + ((s->flags & TXSEG_FIN) != 0);
}

static inline uint32_t
txseg_end(const struct tcp_txseg *s)
{
	return s->seq + txseg_space(s);
}

/* Thread: control. Return: 0, -ENOMEM. */
int tcp_txseg_pool_init(struct tcp_txseg_pool *pool, unsigned int size, int socket);
void tcp_txseg_pool_fini(struct tcp_txseg_pool *pool);

static inline bool
tcp_txseg_pool_is_empty(const struct tcp_txseg_pool *pool)
{
	return SLIST_EMPTY(&pool->free);
}

void tcp_txq_init(struct tcp_txq *q);

/* Give back everything. */
void tcp_txq_release(struct tcp_txq *q, const struct buf_mem *mem, struct tcp_txseg_pool *pool);

/* Queue the bytes of @b, which is empty afterwards. */
void tcp_txq_append(struct tcp_txq *q, const struct buf_mem *mem, struct buf *b);

/* Where the first unsent byte lies. Return: false when there is none. */
bool tcp_txq_cursor(struct tcp_txq *q, struct slice **slice, uint32_t *off);

/*
 * The next @len unsent bytes are now in flight from @seq on. The pool must not be empty.
 * @flags	TXSEG_FIN, TXSEG_PSH
 * Return: their record.
 */
struct tcp_txseg *tcp_txq_sent(struct tcp_txq *q, struct tcp_txseg_pool *pool, uint32_t seq,
			       uint32_t len, uint8_t flags, uint32_t mss, uint64_t now);

/*
 * Cut a record in two: @seg keeps its first @len bytes, 0 < @len < seg->len; both keep the marks.
 * Return: 0, -ENOMEM (nothing changed).
 */
int tcp_txq_split(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_txseg *seg,
		  uint32_t len, uint32_t mss);

/*
 * Make the record behind @seg a part of it, if both are lost and wait to be sent again and together have @max bytes at most. A
 * peer whose buffer counts segments more than bytes then gets what it lost in few.
 * Return: whether it was done.
 */
bool tcp_txq_join(struct tcp_txq *q, struct tcp_txseg_pool *pool, struct tcp_txseg *seg,
		  uint32_t max);

/* What one ACK delivers, gathered record by record; the first part is filled in before. */
struct tcp_delivery {
	struct tcp_rack *rack;
	uint64_t now;
	uint64_t
		echo_end; /* ns: what the ACK answers was sent before; UINT64_MAX without a timestamp */
	uint32_t fack; /* rack->fack before this ACK */
	uint32_t recover; /* end of the recovery that goes on */
	struct tcp_range dsack; /* duplicate that the ACK reports (RFC 2883); empty = none */
	bool duplicate; /* it says nothing new at all (RFC 5681 2) */

	uint32_t bytes; /* of sequence space that were not known to be delivered before */
	uint32_t acked; /* of payload, in order */
	uint64_t
		sent_at; /* transmission of the newest record acknowledged whole that was sent once; 0 = none */
	bool fin; /* our FIN is acknowledged */
	bool repeated; /* a record acknowledged in order was sent more than once */
	bool reordered; /* one overtook another, for the first time on this connection */
	bool original; /* one from before the recovery was sent once, and is delivered */
};

/* A record is delivered, for the first time. */
void tcp_txq_delivered(struct tcp_delivery *d, const struct tcp_txseg *seg);

/* All before sequence number @ack is acknowledged: release it. */
void tcp_txq_ack(struct tcp_txq *q, const struct buf_mem *mem, struct tcp_txseg_pool *pool,
		 uint32_t ack, struct tcp_delivery *d);
