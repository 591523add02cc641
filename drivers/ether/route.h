/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes of one interface: a short array, longest prefix first. Pure; const while the ports run. */
#pragma once

#include "drivers/ether/ether.h"

/* connected prefixes (with the link-local one) and static routes */
#define ETHER_ROUTE_TABLE_MAX (ETHER_ADDRS_MAX + 1 + ETHER_ROUTES_MAX)

struct ether_route {
	struct ipaddr net;
	uint8_t prefix;
	struct ipaddr gateway; /* family IP_NONE: the destination itself is on the link */
};

struct ether_routes {
	unsigned int n;
	struct ether_route item[ETHER_ROUTE_TABLE_MAX];
};

/* Among equal prefixes the first added wins. Return: 0, -ENOSPC. */
int ether_routes_add(struct ether_routes *r, const struct ether_route *route);

/* Longest match or NULL. */
const struct ether_route *ether_routes_lookup(const struct ether_routes *r,
					      const struct ipaddr *remote);
