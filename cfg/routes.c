/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `routes` parameter: entries "NETS [HOPS] GW[:PRIO] ...", separated by ';' or a newline, control spec 7.5. Pure.
 */
#include "cfg/modparams.h"
#include "cfg/nidlist.h"
#include "lnet/base/kv.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NETS_MAX 64

struct entry {
	uint32_t nets[NETS_MAX];
	unsigned int n_nets;
	int hops, priority;
	struct lnet_route_conf *routes;
	unsigned int n, max;
};

static int
add_net(void *ctx, const char *item)
{
	struct entry *e = ctx;

	if (e->n_nets == NETS_MAX)
		return -E2BIG;
	if (lnet_net_parse(item, &e->nets[e->n_nets]) < 0)
		return -EINVAL;
	e->n_nets++;
	return 0;
}

static int
add_gateway(void *ctx, const char *item)
{
	struct entry *e = ctx;
	struct lnet_nid gw;
	unsigned int i;

	if (lnet_nid_parse(item, &gw) < 0)
		return -EINVAL;
	for (i = 0; i < e->n_nets; i++) {
		if (e->n == e->max)
			return -E2BIG;
		e->routes[e->n++] = (struct lnet_route_conf){
			.net = e->nets[i],
			.gateway = gw,
			.hops = e->hops,
			.priority = e->priority,
		};
	}
	return 0;
}

/* Cut ":PRIO" off a gateway; an IPv6 gateway cannot carry one. */
static int
take_priority(char *gw, int *priority)
{
	char *colon = strrchr(gw, ':'), *at = strchr(gw, '@');
	int64_t v;

	*priority = 0;
	if (colon == NULL || at == NULL || colon < at)
		return 0;
	*colon = '\0';
	if (kv_int(colon + 1, 0, INT_MAX, &v) < 0)
		return -EINVAL;
	*priority = (int)v;
	return 0;
}

static int
why_not(char *why, unsigned int why_size, int rc, const char *token, const char *allowed)
{
	snprintf(why, why_size, "routes: '%s': %s", token, allowed);
	return rc;
}

static int
one_entry(struct entry *e, char *text, char *why, unsigned int why_size)
{
	char *save, *tok = strtok_r(text, " \t", &save);
	unsigned int gateways = 0;
	int64_t hops;
	int rc;

	if (tok == NULL)
		return 0;
	e->n_nets = 0;
	e->hops = -1;
	rc = nidlist_expand(tok, add_net, e);
	if (rc < 0)
		return why_not(why, why_size, rc, tok,
			       "a network such as o2ib or tcp[1,3] is expected");
	for (tok = strtok_r(NULL, " \t", &save); tok != NULL; tok = strtok_r(NULL, " \t", &save)) {
		if (gateways == 0 && e->hops < 0 && strchr(tok, '@') == NULL) {
			rc = kv_int(tok, 1, 255, &hops);
			if (rc < 0)
				return why_not(
					why, why_size, -EINVAL, tok,
					"hops (1 to 255) or a gateway such as 192.0.2.1@tcp are expected");
			e->hops = (int)hops;
			continue;
		}
		if (take_priority(tok, &e->priority) < 0)
			return why_not(why, why_size, -EINVAL, tok,
				       "a priority is 0 to 2147483647");
		rc = strchr(tok, '@') == NULL ? -EINVAL : nidlist_expand(tok, add_gateway, e);
		if (rc < 0)
			return why_not(why, why_size, rc, tok,
				       "a gateway such as 192.0.2.1@tcp is expected");
		gateways++;
	}
	return gateways > 0
		? 0
		: why_not(why, why_size, -EINVAL, "", "an entry names at least one gateway");
}

/* A comment runs to the end of its line, over any ';' in it. */
static void
blank_comments(char *text)
{
	bool comment = false;

	for (; *text != '\0'; text++) {
		if (*text == '\n' || *text == '\r')
			comment = false;
		else if (*text == '#')
			comment = true;
		if (comment)
			*text = ' ';
	}
}

int
modparams_routes(const char *text, struct lnet_route_conf *routes, unsigned int max, char *why,
		 unsigned int why_size)
{
	struct entry e = {.routes = routes, .max = max};
	char copy[MODPARAMS_TEXT_MAX];
	char *save, *line;
	int rc;

	if (strlen(text) >= sizeof(copy))
		return why_not(why, why_size, -E2BIG, "",
			       "the text is longer than 4095 characters");
	snprintf(copy, sizeof(copy), "%s", text);
	blank_comments(copy);
	for (line = strtok_r(copy, "\n\r;", &save); line != NULL;
	     line = strtok_r(NULL, "\n\r;", &save)) {
		rc = one_entry(&e, line, why, why_size);
		if (rc < 0)
			return rc;
	}
	return (int)e.n;
}
