/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: texts of operators and of telemetry clients. The first byte chooses the parser. What is refused has a reason that
 * fits, what is accepted is within its limits.
 */
#include "cfg/modparams.h"
#include "cfg/nidlist.h"
#include "drivers/ether/ether.h"
#include "lnet/base/check.h"
#include "lnet/base/kv.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES 8
#define WHY 64 /* short, so that reasons are cut */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_why(int rc, const char *why)
{
	CHECK(memchr(why, '\0', WHY) != NULL);
	CHECK(rc >= 0 || *why != '\0');
}

static void
networks(const char *text)
{
	struct lnet_net_conf nets[ENTRIES];
	char why[WHY] = "";
	int i, n = modparams_networks(text, 2, nets, ENTRIES, why, sizeof(why));

	check_why(n, why);
	CHECK(n <= ENTRIES);
	for (i = 0; i < n; i++)
		CHECK(memchr(nets[i].ifname, '\0', sizeof(nets[i].ifname)) != NULL);
}

static void
routes(const char *text)
{
	struct lnet_route_conf route[ENTRIES];
	char why[WHY] = "";
	int i, n = modparams_routes(text, route, ENTRIES, why, sizeof(why));

	check_why(n, why);
	CHECK(n <= ENTRIES);
	for (i = 0; i < n; i++)
		CHECK((route[i].hops == -1 || (route[i].hops >= 1 && route[i].hops <= 255)) &&
		      route[i].priority >= 0);
}

static void
nids(const char *text)
{
	struct lnet_nid list[ENTRIES];
	char why[WHY] = "";
	int n = nidlist_parse(text, list, ENTRIES, why, sizeof(why));

	check_why(n, why);
	CHECK(n <= ENTRIES);
}

static void
interface(const char *text)
{
	struct ether_iface_conf conf;
	char why[WHY] = "";
	int rc = ether_iface_parse(text, &conf, why, sizeof(why));

	check_why(rc, why);
	CHECK(rc < 0 ||
	      (conf.n_addrs >= 1 && conf.n_addrs <= ETHER_ADDRS_MAX &&
	       conf.n_routes <= ETHER_ROUTES_MAX && conf.mtu >= 576 && conf.mtu <= 9000));
}

static void
request(const char *text)
{
	struct kv kv;
	int64_t v = 5;
	int rc;

	if (kv_parse(&kv, text, ';') < 0)
		return;
	CHECK(kv.n <= KV_MAX);
	rc = kv_get_int(&kv, "v", 0, 4, &v);
	CHECK(rc <= 0 || (v >= 0 && v <= 4));
	(void)kv_unknown(&kv);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text) = {networks, routes, nids, interface,
							    request};
	char *text;

	if (size == 0)
		return 0;
	/* of its exact size: a read behind the end is seen */
	text = malloc(size);
	CHECK(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	parsers[data[0] % (sizeof(parsers) / sizeof(parsers[0]))](text);
	free(text);
	return 0;
}
