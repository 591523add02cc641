/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour table of one worker: IP address to MAC address on an interface, for ARP and neighbour discovery alike.
 * The state machine is that of RFC 4861 7.3 for both families, with one difference: nobody may take over the address
 * of a reachable neighbour unasked. A claim with another MAC makes us ask the old one first.
 *
 *	 first packet      answer              30 s unconfirmed        a packet
 *	INCOMPLETE ------> REACHABLE ----------------> STALE --------------------> DELAY
 *	   | no answer        ^  ^ confirmed by TCP      | unused for 10 min         | 5 s
 *	   v                  |  '-----------------------+---------------------------+
 *	 FAILED <----------- PROBE <-------------------------------------------------'
 *	         no answer           (two to the known MAC, then two to all)
 *
 * Time in ns. Thread: everything on the worker that owns the table.
 */
#pragma once

#include "lnet/base/ipaddr.h"
#include "lnet/base/timer.h"

#include <rte_ether.h>

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

#define NEIGH_QUEUE_MAX 8 /* packets that wait for one neighbour */
#define NEIGH_MULTICAST_SOLICITS 3 /* RFC 4861 10: MAX_MULTICAST_SOLICIT */
#define NEIGH_UNICAST_PROBES 2 /* then... */
#define NEIGH_ALL_PROBES \
	4 /* ...these many in all, the rest to everybody: the MAC may have changed */
#define NEIGH_RETRANS_NS UINT64_C(1000000000)
#define NEIGH_REACHABLE_NS UINT64_C(30000000000)
#define NEIGH_DELAY_NS UINT64_C(5000000000)
#define NEIGH_STALE_NS UINT64_C(600000000000) /* unused for so long: forgotten */
#define NEIGH_FAILED_NS UINT64_C(3000000000) /* the path answers -EHOSTUNREACH for so long */
#define NEIGH_CLAIM_NS UINT64_C(1000000000) /* at most one probe in this time because of claims */

enum neigh_state {
	NEIGH_FREE,
	NEIGH_NEW, /* made, no packet yet */
	NEIGH_INCOMPLETE,
	NEIGH_REACHABLE,
	NEIGH_STALE,
	NEIGH_DELAY,
	NEIGH_PROBE,
	NEIGH_FAILED,
	NEIGH_STATIC,
};

/* How an address was heard of. */
enum neigh_source {
	NEIGH_ANSWER, /* it answers us: ARP reply to us, solicited advertisement */
	NEIGH_HEARD, /* sender of a request to us */
	NEIGH_CLAIM, /* announced to all, unasked */
};

struct neigh_table;

struct neigh {
	LIST_ENTRY(neigh) link; /* of a hash bucket or the free list */
	struct neigh_table *table;
	struct ipaddr addr;
	uint16_t iface;
	uint8_t state; /* enum neigh_state */
	uint8_t probes; /* sent since INCOMPLETE or PROBE began */
	struct rte_ether_addr mac; /* not valid in NEW, INCOMPLETE, FAILED */
	uint8_t n_waiting;
	uint32_t generation; /* changes when the object is used for another address */
	uint64_t confirmed; /* last proof of reachability */
	uint64_t used; /* last packet to it */
	uint64_t changed; /* entered its state */
	struct timer timer;
	struct rte_mbuf
		*waiting[NEIGH_QUEUE_MAX]; /* oldest first; IP packets without link header */
};
LIST_HEAD(neigh_list, neigh);

/* What the table needs done. Called on its worker. */
struct neigh_ops {
	void *ctx;
	/* Ask for @n: to its known MAC, or to all. */
	void (*solicit)(void *ctx, const struct neigh *n, bool unicast, uint64_t now);
	/* @m waited and may go to n->mac now. The callee owns @m. */
	void (*resolved)(void *ctx, const struct neigh *n, struct rte_mbuf *m, uint64_t now);
	/*
	 * @m waited in vain: @failed because nobody answered, else because too many wait. The callee owns @m. It may
	 * call the table.
	 */
	void (*dropped)(void *ctx, struct rte_mbuf *m, bool failed, uint64_t now);
	/* An unasked claim was not believed. */
	void (*refused)(void *ctx, const struct neigh *n, const struct rte_ether_addr *mac,
			uint64_t now);
};

/*
 * @capacity	neighbours, a power of two
 * @wheel	of the worker
 * Thread: control. Return: 0, -ENOMEM, -EINVAL.
 */
int neigh_table_create(unsigned int capacity, struct timer_wheel *wheel,
		       const struct neigh_ops *ops, struct neigh_table **tp);
/* Waiting packets are freed. NULL is fine. */
void neigh_table_destroy(struct neigh_table *t);

/* Entry or NULL. */
struct neigh *neigh_find(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr);

/* Entry, made if need be; NULL when the table is full of neighbours in use. */
struct neigh *neigh_get(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr,
			uint64_t now);

enum neigh_verdict {
	NEIGH_SEND, /* the caller sends to n->mac */
	NEIGH_TAKEN, /* the table keeps the packet, or has dropped it */
	NEIGH_UNREACHABLE, /* failed a moment ago: the caller drops */
};

/* Packet @m is to go to @n. */
enum neigh_verdict neigh_output(struct neigh *n, struct rte_mbuf *m, uint64_t now);

/*
 * An address and MAC were heard on an interface. An unknown neighbour is made only if @create.
 */
void neigh_learn(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr,
		 const struct rte_ether_addr *mac, enum neigh_source source, bool create,
		 uint64_t now);

/* A layer above has proof that what we send arrives. */
void neigh_confirm(struct neigh *n, uint64_t now);

/* Did it fail within the last NEIGH_FAILED_NS? */
bool neigh_is_unreachable(const struct neigh *n, uint64_t now);

/* A static entry; replaces what is known. Return: 0, -ENOSPC. */
int neigh_set_static(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr,
		     const struct rte_ether_addr *mac, uint64_t now);

/* Forget. Return: 0, -ENOENT. */
int neigh_remove(struct neigh_table *t, uint16_t iface, const struct ipaddr *addr, uint64_t now);

/* Slots, for listing: 0..neigh_capacity() - 1; NULL = free slot. */
unsigned int neigh_capacity(const struct neigh_table *t);
const struct neigh *neigh_at(const struct neigh_table *t, unsigned int slot);

/* Packets that wait for any neighbour. */
unsigned int neigh_waiting(const struct neigh_table *t);

/* "reachable", ... */
const char *neigh_state_name(enum neigh_state s);
