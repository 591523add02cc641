/* SPDX-License-Identifier: BSD-3-Clause */
/* The core's commands: registered here, listed beside the modules that they show. */
#include "lnet/lnet_tel.h"

#include <errno.h>
#include <stdio.h>

static const char *const type_names[LNET_MSG_TYPES] = {
	[LNET_PUT] = "put", [LNET_GET] = "get",	    [LNET_REPLY] = "reply",
	[LNET_ACK] = "ack", [LNET_HELLO] = "hello",
};

/* In this order. */
static const enum lnet_msg_type type_order[LNET_MSG_TYPES] = {LNET_PUT, LNET_GET, LNET_REPLY,
							      LNET_ACK, LNET_HELLO};

static uint64_t
total(const uint64_t by_type[LNET_MSG_TYPES])
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < LNET_MSG_TYPES; i++)
		sum += by_type[i];
	return sum;
}

static void
show_latency(struct tel_out *o, const char *name, const struct latency *l)
{
	const struct {
		const char *suffix;
		uint64_t value;
	} rows[] = {
		{"samples", l->samples},
		{"min_nsec", l->min_ns},
		{"max_nsec", l->max_ns},
		{"avg_nsec", l->samples > 0 ? l->sum_ns / l->samples : 0},
	};
	char key[40];
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(key, sizeof(key), "%s_%s", name, rows[i].suffix);
		tel_u64(o, key, rows[i].value);
	}
}

void
tel_statistics(struct tel_out *o, const struct traffic *t)
{
	tel_begin(o, "statistics");
	tel_u64(o, "send_count", total(t->send));
	tel_u64(o, "recv_count", total(t->recv));
	tel_u64(o, "drop_count", total(t->drop));
	show_latency(o, "put_egress", &t->latency[LATENCY_PUT_EGRESS]);
	show_latency(o, "get_rtt", &t->latency[LATENCY_GET_RTT]);
	show_latency(o, "put_ack", &t->latency[LATENCY_PUT_ACK]);
	tel_end(o);
}

static void
show_types(struct tel_out *o, const char *key, const uint64_t by_type[LNET_MSG_TYPES])
{
	unsigned int i;

	tel_begin(o, key);
	for (i = 0; i < LNET_MSG_TYPES; i++)
		tel_u64(o, type_names[type_order[i]], by_type[type_order[i]]);
	tel_end(o);
}

void
tel_by_type(struct tel_out *o, const struct traffic *t)
{
	show_types(o, "sent_stats", t->send);
	show_types(o, "received_stats", t->recv);
	show_types(o, "dropped_stats", t->drop);
}

void
tel_udsp(struct tel_out *o)
{
	tel_begin(o, "udsp_info");
	tel_int(o, "net_priority", -1);
	tel_int(o, "nid_priority", -1);
	tel_end(o);
}

int
tel_level(struct kv *params)
{
	int64_t v = 0;

	kv_get_int(params, "v", 0, INT32_MAX, &v);
	return (int)v;
}

unsigned int
tel_offset(struct kv *params)
{
	int64_t v = 0;

	kv_get_int(params, "off", 0, INT32_MAX, &v);
	return (unsigned int)v;
}

void
tel_list_end(struct tel_out *o, unsigned int count, unsigned int next)
{
	tel_end(o);
	tel_int(o, "count", count);
	tel_int(o, "next", next);
}

int
tel_get_net(struct kv *params, const char *key, uint32_t *net)
{
	const char *text = kv_get(params, key);

	if (text == NULL)
		return 0;
	return lnet_net_parse(text, net) < 0 ? -ENOENT : 1;
}

int
tel_get_nid(struct kv *params, const char *key, struct lnet_nid *nid)
{
	const char *text = kv_get(params, key);

	if (text == NULL)
		return 0;
	return lnet_nid_parse(text, nid) < 0 ? -EINVAL : 1;
}

int
lnet_tel_register(struct lnet *l, struct tel *t)
{
	const struct {
		const struct tel_cmd *cmds;
		unsigned int n;
	} tables[] = {
		{net_tel_cmds, net_tel_n_cmds},		{route_tel_cmds, route_tel_n_cmds},
		{routing_tel_cmds, routing_tel_n_cmds}, {tunables_tel_cmds, tunables_tel_n_cmds},
		{stats_tel_cmds, stats_tel_n_cmds},	{peer_tel_cmds, peer_tel_n_cmds},
		{ping_tel_cmds, ping_tel_n_cmds},
	};
	unsigned int i;
	int rc;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		rc = tel_register(t, tables[i].cmds, tables[i].n, l);
		if (rc < 0) {
			tel_unregister_owner(t, l);
			return rc;
		}
	}
	return 0;
}
