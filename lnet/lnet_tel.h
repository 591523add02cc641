/* SPDX-License-Identifier: BSD-3-Clause */
/* What the command tables of the core share. Control thread; the owner of every command is the struct lnet. */
#pragma once

#include "lnet/base/tel.h"
#include "lnet/lnet_priv.h"

#define WHY_MAX 128

/* "statistics", the three sets by type, as lnetctl names and orders them (control spec 4.2). */
void tel_statistics(struct tel_out *o, const struct traffic *t);
void tel_by_type(struct tel_out *o, const struct traffic *t);
/* "udsp_info": nothing is ever set. */
void tel_udsp(struct tel_out *o);

/* Level asked for (0 when absent), and where the page begins. */
int tel_level(struct kv *params);
unsigned int tel_offset(struct kv *params);
/* End of a list: number of items on this page, and where the next one begins, 0 = none. */
void tel_list_end(struct tel_out *o, unsigned int count, unsigned int next);

/* The net of a parameter. Return: 1 found, 0 absent, -ENOENT no such net name. */
int tel_get_net(struct kv *params, const char *key, uint32_t *net);
/* Likewise a NID. -EINVAL. */
int tel_get_nid(struct kv *params, const char *key, struct lnet_nid *nid);

#define TEL_TABLE(name)                            \
	extern const struct tel_cmd name##_cmds[]; \
	extern const unsigned int name##_n_cmds
TEL_TABLE(net_tel);
TEL_TABLE(route_tel);
TEL_TABLE(routing_tel);
TEL_TABLE(tunables_tel);
TEL_TABLE(stats_tel);
TEL_TABLE(peer_tel);
TEL_TABLE(ping_tel);
#undef TEL_TABLE
