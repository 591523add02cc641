/* SPDX-License-Identifier: BSD-3-Clause */
/* Longest prefix match over a sorted array. */
#include "drivers/ether/route.h"

#include <errno.h>

int
ether_routes_add(struct ether_routes *r, const struct ether_route *route)
{
	unsigned int i;

	if (r->n == ETHER_ROUTE_TABLE_MAX)
		return -ENOSPC;
	for (i = r->n; i > 0 && r->item[i - 1].prefix < route->prefix; i--)
		r->item[i] = r->item[i - 1];
	r->item[i] = *route;
	r->n++;
	return 0;
}

const struct ether_route *
ether_routes_lookup(const struct ether_routes *r, const struct ipaddr *remote)
{
	unsigned int i;

	for (i = 0; i < r->n; i++)
		if (ipaddr_in_prefix(remote, &r->item[i].net, r->item[i].prefix))
			return &r->item[i];
	return NULL;
}
