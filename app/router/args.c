/* SPDX-License-Identifier: BSD-3-Clause */
/* One table of options; parsing, defaults' display and ranges all come from it. */
#include "app/router/args.h"

#include "cfg/modparams.h"
#include "lnet/base/kv.h"

#include <rte_log.h>

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum kind {
	NUMBER,
	CHOICE, /* stores the index of the word, plus min */
	TEXT,
	IFACE,
	FLAG,
};

struct option {
	const char *name;
	enum kind kind;
	size_t offset;
	int64_t min, max;
	const char *words; /* CHOICE: "secure|all|none" */
	const char *help;
};

#define AT(field) offsetof(struct args, field)

static const struct option options[] = {
	{"interface", IFACE, 0, 0, 0, NULL,
	 "name=p0,port=DEV,ip=A/N[,ip=..][,gw=A][,route=A/N@A][,vlan=N][,mtu=N][,ecn=WHEN][,cc=NAME]"},
	{"networks", TEXT, AT(networks), 0, 0, NULL,
	 "networks to bring up, such as tcp0(p0),tcp1(p1)"},
	{"routes", TEXT, AT(routes), 0, 0, NULL, "static routes, such as 'o2ib 192.0.2.1@tcp'"},
	{"forwarding", CHOICE, AT(lnet.forwarding), 0, 0, "disabled|enabled",
	 "forward messages between networks"},
	{"config_on_load", NUMBER, AT(config_on_load), 0, 1, NULL,
	 "1: configure the networks at start"},
	{"tiny_router_buffers", NUMBER, AT(lnet.tiny_router_buffers), 0, 1 << 24, NULL,
	 "0 B messages; 0 = 2048"},
	{"small_router_buffers", NUMBER, AT(lnet.small_router_buffers), 0, 1 << 24, NULL,
	 "up to 4 KiB; 0 = 16384"},
	{"large_router_buffers", NUMBER, AT(lnet.large_router_buffers), 0, 1 << 20, NULL,
	 "up to 1 MiB; 0 = 1024"},
	{"peer_buffer_credits", NUMBER, AT(lnet.peer_buffer_credits), 0, 65535, NULL,
	 "router buffers of one peer"},
	{"alive_router_check_interval", NUMBER, AT(lnet.alive_router_check_interval), 0, 86400,
	 NULL, "s"},
	{"router_ping_timeout", NUMBER, AT(lnet.router_ping_timeout), 1, 86400, NULL, "s"},
	{"lnet_transaction_timeout", NUMBER, AT(lnet.transaction_timeout), 1, 86400, NULL, "s"},
	{"lnet_retry_count", NUMBER, AT(lnet.retry_count), 0, 86400, NULL, "resends of a message"},
	{"max_peers", NUMBER, AT(lnet.max_peers), 1, 1 << 20, NULL, "peers a worker remembers"},
	{"stall_timeout", NUMBER, AT(stall_s), 1, 40, NULL,
	 "s without progress until a next hop counts as stopped"},
	{"accept", CHOICE, AT(accept), 0, 0, "secure|all|none", "whose connections are accepted"},
	{"accept_port", NUMBER, AT(socklnd.accept_port), 1, 65535, NULL, "TCP port"},
	{"accept_port_bulk", NUMBER, AT(socklnd.accept_port_bulk), 1, 65535, NULL,
	 "TCP port of bulk connections"},
	{"accept_backlog", NUMBER, AT(socklnd.accept_backlog), 1, 65535, NULL,
	 "connections that may wait"},
	{"accept_timeout", NUMBER, AT(socklnd.accept_timeout_s), 1, 3600, NULL,
	 "s for a connection request"},
	{"sock_timeout", NUMBER, AT(socklnd.sock_timeout_s), 1, 3600, NULL, "s, LND timeout"},
	{"credits", NUMBER, AT(socklnd.credits), 1, 65535, NULL,
	 "concurrent sends of an interface"},
	{"peer_credits", NUMBER, AT(socklnd.peer_credits), 1, 65535, NULL,
	 "concurrent sends to a peer"},
	{"peer_timeout", NUMBER, AT(socklnd.peer_timeout_s), 0, 86400, NULL,
	 "s; 0 turns aliveness checks off"},
	{"conns_per_peer", NUMBER, AT(socklnd.conns_per_peer), 0, 127, NULL,
	 "connections of each bulk type; 0 = by speed"},
	{"min_reconnectms", NUMBER, AT(socklnd.min_reconnect_ms), 1000, 3600000, NULL, "ms"},
	{"max_reconnectms", NUMBER, AT(socklnd.max_reconnect_ms), 1000, 3600000, NULL, "ms"},
	{"min_bulk", NUMBER, AT(socklnd.min_bulk), 0, INT_MAX, NULL,
	 "bytes from which a message takes a bulk connection"},
	{"keepalive", NUMBER, AT(socklnd.keepalive_s), 0, 86400, NULL, "s of silence; 0 = off"},
	{"keepalive_idle", NUMBER, AT(socklnd.keepalive_idle_s), 0, 86400, NULL, "s, TCP; 0 = off"},
	{"keepalive_intvl", NUMBER, AT(socklnd.keepalive_intvl_s), 0, 86400, NULL,
	 "s, TCP; 0 = off"},
	{"keepalive_count", NUMBER, AT(socklnd.keepalive_count), 0, 255, NULL,
	 "TCP probes; 0 = off"},
	{"prefer_ipv6", NUMBER, AT(socklnd.prefer_ipv6), 0, 1, NULL,
	 "give NIs their interface's IPv6 address"},
	{"round_robin", NUMBER, AT(socklnd.round_robin), 0, 1, NULL,
	 "among equally loaded connections"},
	{"tx_buffer_size", NUMBER, AT(socklnd.tx_buffer_size), 0, INT_MAX, NULL,
	 "bytes of a connection; 0 = no limit"},
	{"rx_buffer_size", NUMBER, AT(socklnd.rx_buffer_size), 0, INT_MAX, NULL,
	 "bytes; 0 = autotuned"},
	{"tos", NUMBER, AT(socklnd.tos), -1, 255, NULL, "IP type of service; -1 = leave"},
	{"mbufs", NUMBER, AT(mbufs), 0, INT_MAX, NULL,
	 "packet buffers; 0 = what the router buffers need"},
	{"mbuf_room", NUMBER, AT(mbuf_room), 1024, 16384, NULL, "data bytes of a packet buffer"},
	{"max_conns", NUMBER, AT(max_conns), 16, 1 << 20, NULL, "TCP connections of a worker"},
	{"window_min", NUMBER, AT(window_min), 16384, 1 << 20, NULL,
	 "bytes every connection may always receive"},
	{"local_mib", NUMBER, AT(local_mib), 1, 1024, NULL,
	 "memory of a worker for messages of this node"},
	{"sent_mib", NUMBER, AT(sent_mib), 1, 1024, NULL,
	 "memory of a worker for small messages not yet acknowledged"},
	{"reorder_mib", NUMBER, AT(reorder_mib), 1, 4096, NULL,
	 "memory of a worker for TCP data out of order"},
	{"idle", CHOICE, AT(idle), 0, 0, "poll|pause|sleep", "what a worker does without work"},
	{"sleep_us", NUMBER, AT(sleep_us), 1, 10000, NULL, "longest sleep of idle=sleep"},
	{"sigterm", CHOICE, AT(term), 0, 0, "auto|refuse|drain",
	 "answer to SIGTERM and SIGINT while configured"},
	{"drain_timeout", NUMBER, AT(drain_s), 0, 3600, NULL,
	 "s that sigterm=drain waits for messages under way"},
	{"log_level", NUMBER, AT(log_level), 1, 8, NULL,
	 "4 errors, 6 notices, 7 information, 8 debug"},
	{"help", FLAG, AT(help), 0, 0, NULL, "print this"},
	{"version", FLAG, AT(version), 0, 0, NULL, "print the version"},
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

void
args_default(struct args *a)
{
	memset(a, 0, sizeof(*a));
	lnet_params_default(&a->lnet);
	socklnd_config_default(&a->socklnd);
	a->lnet.forwarding = -1;
	a->mbuf_room = 2048;
	a->max_conns = 4096;
	a->window_min = 16384;
	a->local_mib = 4;
	a->sent_mib = 16;
	a->reorder_mib = 16;
	a->idle = IDLE_POLL;
	a->sleep_us = 100;
	a->drain_s = 10;
	a->stall_s = 4;
	a->log_level = RTE_LOG_INFO;
}

/* Names are the same with '-' and '_'. */
static bool
same_name(const char *name, const char *arg, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (name[i] != (arg[i] == '-' ? '_' : arg[i]))
			return false;
	return name[len] == '\0';
}

static const struct option *
find(const char *arg, size_t len)
{
	size_t i;

	for (i = 0; i < N_OPTIONS; i++)
		if (same_name(options[i].name, arg, len))
			return &options[i];
	return NULL;
}

static int
choose(const struct option *o, const char *value, int *out)
{
	const char *w = o->words;
	size_t len = strlen(value);
	int i;

	for (i = 0; w != NULL; i++) {
		if (strncmp(w, value, len) == 0 && (w[len] == '|' || w[len] == '\0') && len > 0) {
			*out = i;
			return 0;
		}
		w = strchr(w, '|');
		if (w != NULL)
			w++;
	}
	return -EINVAL;
}

static int
set_iface(struct args *a, const char *value, char *why, unsigned int why_size)
{
	char reason[160];

	if (a->n_ifaces == ARGS_IFACES_MAX) {
		snprintf(why, why_size, "--interface: more than %d interfaces", ARGS_IFACES_MAX);
		return -EINVAL;
	}
	if (ether_iface_parse(value, &a->ifaces[a->n_ifaces], reason, sizeof(reason)) < 0) {
		snprintf(why, why_size, "--interface '%s': %s", value, reason);
		return -EINVAL;
	}
	a->n_ifaces++;
	return 0;
}

static int
set(struct args *a, const struct option *o, const char *value, char *why, unsigned int why_size)
{
	void *field = (char *)a + o->offset;
	int64_t number;

	switch (o->kind) {
	case NUMBER:
		if (kv_int(value, o->min, o->max, &number) < 0) {
			snprintf(why, why_size,
				 "--%s '%s': a whole number from %lld to %lld is allowed", o->name,
				 value, (long long)o->min, (long long)o->max);
			return -EINVAL;
		}
		*(int *)field = (int)number;
		return 0;
	case CHOICE:
		if (choose(o, value, field) == 0)
			return 0;
		snprintf(why, why_size, "--%s '%s': one of %s is allowed", o->name, value,
			 o->words);
		return -EINVAL;
	case TEXT:
		*(const char **)field = value;
		return 0;
	case IFACE:
		return set_iface(a, value, why, why_size);
	case FLAG:
		*(bool *)field = true;
		return 0;
	}
	return -EINVAL;
}

int
args_parse(struct args *a, int argc, char **argv, char *why, unsigned int why_size)
{
	const struct option *o;
	const char *value;
	size_t len;
	int i, rc;

	for (i = 1; i < argc; i++) {
		len = strcspn(argv[i], "=");
		o = strncmp(argv[i], "--", 2) == 0 ? find(argv[i] + 2, len - 2) : NULL;
		if (o == NULL) {
			snprintf(why, why_size, "unknown option '%s'; --help lists them", argv[i]);
			return -EINVAL;
		}
		value = argv[i][len] == '=' ? argv[i] + len + 1 : NULL;
		if (value == NULL && o->kind != FLAG && ++i < argc)
			value = argv[i];
		if ((value == NULL) != (o->kind == FLAG)) {
			snprintf(why, why_size, "--%s %s", o->name,
				 o->kind == FLAG ? "takes no value" : "needs a value");
			return -EINVAL;
		}
		rc = set(a, o, value, why, why_size);
		if (rc < 0)
			return rc;
	}
	a->lnet.stall_ns = (uint64_t)a->stall_s * 1000000000;
	a->socklnd.accept = (enum socklnd_accept)a->accept;
	return 0;
}

int
args_resolve(struct args *a, unsigned int n_cpts, char *why, unsigned int why_size)
{
	int n;

	if (a->networks != NULL && *a->networks != '\0') {
		n = modparams_networks(a->networks, n_cpts, a->nets, ARGS_NETS_MAX, why, why_size);
		if (n < 0)
			return n;
		a->lnet.nets = a->nets;
		a->lnet.n_nets = (unsigned int)n;
	}
	if (a->routes != NULL) {
		n = modparams_routes(a->routes, a->route, ARGS_ROUTES_MAX, why, why_size);
		if (n < 0)
			return n;
		a->lnet.routes = a->route;
		a->lnet.n_routes = (unsigned int)n;
	}
	return 0;
}

void
args_usage(const char *prog)
{
	struct args defaults;
	const struct option *o;
	size_t i;

	args_default(&defaults);
	printf("usage: %s [EAL options] -- [options]\n", prog);
	for (i = 0; i < N_OPTIONS; i++) {
		o = &options[i];
		if (o->kind == NUMBER)
			printf("  --%-28s %s (%lld to %lld; %d)\n", o->name, o->help,
			       (long long)o->min, (long long)o->max,
			       *(const int *)((const char *)&defaults + o->offset));
		else if (o->kind == CHOICE)
			printf("  --%-28s %s (%s)\n", o->name, o->help, o->words);
		else
			printf("  --%-28s %s\n", o->name, o->help);
	}
}
