/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The router's telemetry socket, seen from a client. One request at a time; clients take turns by a lock file, because
 * the request parsing of DPDK 22.11 is not reentrant.
 *
 * Which router: LNET_ROUTER_SOCKET names the socket, LNET_ROUTER_PREFIX its EAL --file-prefix; without them the only
 * router among the processes of the run-time directory.
 */
#pragma once

#include "app/ctl/node.h"

#include <stdbool.h>

struct client;

#define CLIENT_PARAMS_MAX 900 /* what fits a request behind the command */

/* Return: 0; -ENOENT (no router runs), -EEXIST (several: name one), other -errno, with a text in @why. */
int client_open(struct client **cp, char *why, unsigned int why_size);
void client_close(struct client *c);

/*
 * One request. @params may be NULL.
 * Return: the reply's dict (the caller frees it; "rc" is in it), or NULL with a text in @why when the router did not
 * answer.
 */
struct node *client_call(struct client *c, const char *cmd, const char *params, char *why,
			 unsigned int why_size);

/*
 * The same for a list of pages: the "data" dicts of all pages joined into one reply.
 */
struct node *client_list(struct client *c, const char *cmd, const char *params, char *why,
			 unsigned int why_size);

/* A parameter list under construction: "k=v;k=v", values percent-encoded. */
struct params {
	char text[CLIENT_PARAMS_MAX];
	unsigned int len;
	bool overflow;
};
void params_init(struct params *p);
/* Adds nothing when @value is NULL. */
void params_add(struct params *p, const char *key, const char *value);
void params_add_int(struct params *p, const char *key, long long value);
/*
 * Take parameter @key out again, its value as it was added into @value.
 * Return: true; false: it was not added (then @value is untouched) or does not fit.
 */
bool params_take(struct params *p, const char *key, char *value, size_t size);
/* Was @key added? */
bool params_has(const struct params *p, const char *key);
