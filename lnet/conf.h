/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct lnet_conf: what workers have to know of the configuration, as an immutable snapshot. The control thread changes
 * its own lists in struct lnet, builds a new snapshot from them, publishes it and frees the old one when no worker
 * reads it any more. A change that fails publishes nothing.
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/lnet.h"

struct gateway;
struct lnet_net;
struct route;

/* Raw values as control tools get them (6.7). */
enum routing_state {
	ROUTING_DISABLED = 0,
	ROUTING_ENABLED = 1,
	ROUTING_STOPPING = 2,
	ROUTING_STARTING = 3,
};

struct conf_net {
	uint32_t net;
	unsigned int first, n; /* its NIs, beside each other in nis[] */
	struct lnet_net *state;
};

struct lnet_conf {
	uint64_t cookie; /* interface cookie, 2.3 */
	uint32_t ping_seq; /* 8.2 */
	enum routing_state routing;
	bool drop_asym_route;
	uint64_t own_deadline; /* ns from now that a message of this node has */
	unsigned int n_nis, n_nets, n_routes, n_gateways;
	struct lnet_ni **nis; /* loopback first, then in configuration order, nets grouped */
	struct conf_net *nets;
	const struct route **routes; /* by net */
	struct gateway **gateways;
};

/* A snapshot of the lists in @l, or NULL without memory. */
struct lnet_conf *conf_build(struct lnet *l);
void conf_free(struct lnet_conf *conf);

/* Build, publish, free the old one. Return: 0, -ENOMEM (nothing changed). */
int conf_publish(struct lnet *l);

/* Publish "down". Cannot fail. */
void conf_withdraw(struct lnet *l);

/* NULL = not a local net. */
const struct conf_net *conf_net(const struct lnet_conf *conf, uint32_t net);

/* NULL = not ours. */
struct lnet_ni *conf_ni(const struct lnet_conf *conf, const struct lnet_nid *nid);
