/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The test peer itself: one LNet end node with one NID, and what all its parts hang from. One
 * thread.
 */
#pragma once

#include "loop.h"
#include "nid.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct options;
struct conn;
struct peer;
struct ops;
struct seen;

TAILQ_HEAD(conn_list, conn);
TAILQ_HEAD(peer_list, peer);

enum counter {
#define COUNTER(name, is_fault, meaning) COUNT_##name,
#include "counter.def"
#undef COUNTER
	COUNTER_MAX
};

/* Bytes and longest silence of a scenario that stops reading; see --pause-reads. */
struct pause {
	uint64_t started;
	uint64_t ended;
	int unread; /* bytes in the socket when reading went on */
};

struct node {
	struct loop loop;
	const struct options *opt;
	struct nid nid;
	uint64_t incarnation;
	uint64_t interface_cookie;
	struct watch listener;
	struct conn_list conns; /* all that are open */
	struct conn_list dead; /* closed, freed after the batch of events */
	struct peer_list peers;
	struct ops *ops;
	struct seen *seen;
	struct pause pause;
	struct timer tick; /* deadlines of connections and operations */
	struct timer router_ping; /* LNet pings of the gateways */
	void (*batch_done)(
		struct node *n); /* may be NULL; the command looks whether it has finished */
	void *command;
	uint64_t counters[COUNTER_MAX];
	uint32_t resets_left; /* connections that --rst-after-hello still has to break */
	bool is_stopped_mid; /* --stop-mid-message has happened */
	uint64_t stopped_at;
	uint64_t stopped_closed_at; /* when the peer closed the connection that stopped */
};

/*
 * Make the node and its listener (none if !@listens).
 * Return: 0 or -errno, with a message on stderr.
 */
int node_init(struct node *n, const struct options *opt, bool listens);

/* Close all connections and free everything. */
void node_fini(struct node *n);

/*
 * Next hop towards @dst: @dst itself on our own net, else the gateway of its net.
 * Return: NULL if there is no route.
 */
const struct nid *node_next_hop(const struct node *n, const struct nid *dst);

/* True if @nid is a gateway of @net. */
bool node_is_gateway(const struct node *n, const struct nid *nid, uint32_t net);

/* True if every counter that stands for a fault is zero. */
bool node_is_clean(const struct node *n);

/* Print an event on stderr if --verbose. */
void trace(const struct node *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define COUNT(node, name) ((node)->counters[COUNT_##name]++)
#define COUNT_ADD(node, name, by) ((node)->counters[COUNT_##name] += (by))
