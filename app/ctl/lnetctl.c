/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl: the tables of its commands. */
#include "app/ctl/lnetctl.h"

#include <stdio.h>
#include <string.h>

static const struct command lnet_cmds[] = {
	{"configure", lnet_configure_cmd, NULL, 0,
	 "configure: start LNet\n\t--all: bring up the networks, routes and forwarding of the parameters\n"
	 "\t--large: number interfaces by IPv6 addresses"},
	{"unconfigure", lnet_unconfigure_cmd, NULL, 0, "unconfigure: take LNet down"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command net_cmds[] = {
	{"add", net_add_cmd, NULL, 0,
	 "add: add a network\n\t--net: network (tcp1)\n\t--if: interface, or a list of them\n\t--peer-timeout: s\n"
	 "\t--peer-credits: concurrent sends to a peer\n\t--peer-buffer-credits: router buffers of a peer\n"
	 "\t--credits: concurrent sends of the interface\n\t--conns-per-peer: 0 to 127\n\t--tos: -1 to 255"},
	{"del", net_del_cmd, NULL, 0,
	 "del: delete a network\n\t--net: network\n\t--if: only this interface\n\t--nid: or the interface that has it"},
	{"show", net_show_cmd, NULL, 0,
	 "show: show networks\n\t--net: only this network\n\t--verbose [LEVEL]: 1 to 4"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command route_cmds[] = {
	{"add", route_add_cmd, NULL, 0,
	 "add: add a route\n\t--net: remote network\n\t--gateway: NID, or a list of them\n\t--hop: 1 to 255\n"
	 "\t--priority: 0 is best"},
	{"del", route_del_cmd, NULL, 0,
	 "del: delete a route\n\t--net: remote network\n\t--gateway: NID, or a list of them"},
	{"show", route_show_cmd, NULL, 0,
	 "show: show routes\n\t--net, --gateway, --hop, --priority: only these\n\t--verbose: all keys"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command routing_cmds[] = {
	{"show", routing_show_cmd, NULL, 0,
	 "show: show router buffers and whether messages are forwarded"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command peer_cmds[] = {
	{"show", peer_show_cmd, NULL, 0,
	 "show: show peers\n\t--nid: only this one\n\t--verbose [LEVEL]: 1 to 4"},
	{"list", peer_list_cmd, NULL, 0, "list: list peers"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command stats_cmds[] = {
	{"show", stats_show_cmd, NULL, 0, "show: show statistics"},
	{"reset", stats_reset_cmd, NULL, 0, "reset: set statistics to zero"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command global_cmds[] = {
	{"show", global_show_cmd, NULL, 0, "show: show global settings"},
	{NULL, NULL, NULL, 0, NULL},
};

#define SET(name, text)                                \
	{                                              \
		name, set_cmd, NULL, 1, name ": " text \
	}

static const struct command set_cmds[] = {
	SET("tiny_buffers", "router buffers of 0 bytes"),
	SET("small_buffers", "router buffers of up to 4 KiB"),
	SET("large_buffers", "router buffers of up to 1 MiB"),
	SET("routing", "0 or 1: forward messages"),
	SET("numa_range", "NUMA range"),
	SET("max_interfaces", "most interfaces"),
	SET("discovery", "0 or 1: peer discovery"),
	SET("drop_asym_route", "0 or 1: drop asymmetrically routed messages"),
	SET("retry_count", "resends of a message"),
	SET("transaction_timeout", "s"),
	SET("health_sensitivity", "0 to 1000"),
	SET("recovery_interval", "obsolete"),
	SET("router_sensitivity", "0 to 100"),
	SET("response_tracking", "0 to 3"),
	SET("recovery_limit", "s"),
	SET("max_recovery_ping_interval", "s"),
	{NULL, NULL, NULL, 0, NULL},
};

/* Beyond Lustre's tool: what replaces ip, ethtool, ping and tcpdump on a port that the kernel does not see. */
static const struct command port_cmds[] = {
	{"list", port_list_cmd, NULL, 0, "list: list ports and interfaces"},
	{"show", port_show_cmd, NULL, 0, "show [PORT]: link, addresses and statistics of ports"},
	{"ping", port_ping_cmd, NULL, 2,
	 "ping IFACE ADDRESS: ICMP echo out of a port\n\t--count: packets (4)\n\t--timeout: s for each (1)\n"
	 "\t--size: data bytes (56)"},
	{"neigh", port_neigh_cmd, NULL, 0,
	 "neigh [list [IFACE] | add IFACE ADDRESS MAC | del IFACE ADDRESS]: neighbour table"},
	{"capture", port_capture_cmd, NULL, 1,
	 "capture start PORT FILE | stop: write frames to a pcapng file\n\t--bytes: largest file\n"
	 "\t--packets: most frames"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command debug_cmds[] = {
	{"drops", debug_drops_cmd, NULL, 0, "drops: every drop counter by name, of all layers"},
	{"conns", debug_conns_cmd, NULL, 0, "conns: TCP connections as the engine sees them"},
	{"workers", debug_workers_cmd, NULL, 0, "workers: cycles of each worker, busy and idle"},
	{"memory", debug_memory_cmd, NULL, 0, "memory: packet buffers and the memory ledger"},
	{"info", debug_info_cmd, NULL, 0, "info: version, process and state of the router"},
	{NULL, NULL, NULL, 0, NULL},
};

static const struct command commands[] = {
	{"lnet", NULL, lnet_cmds, 0, NULL},
	{"net", NULL, net_cmds, 0, NULL},
	{"route", NULL, route_cmds, 0, NULL},
	{"routing", NULL, routing_cmds, 0, NULL},
	{"set", NULL, set_cmds, 0, NULL},
	{"global", NULL, global_cmds, 0, NULL},
	{"peer", NULL, peer_cmds, 0, NULL},
	{"stats", NULL, stats_cmds, 0, NULL},
	{"ping", ping_cmd, NULL, 0, "ping [--timeout S] [--source NID] NID...: ping NIDs"},
	{"export", export_cmd, NULL, 0,
	 "export [--backup] [FILE]: write the configuration as YAML"},
	{"port", NULL, port_cmds, 0, NULL},
	{"debug", NULL, debug_cmds, 0, NULL},
	{NULL, NULL, NULL, 0, NULL},
};

int
main(int argc, char **argv)
{
	struct tool t = {.name = "lnetctl"};
	int i = 1, rc;

	if (i < argc && strcmp(argv[i], "--json") == 0) {
		t.json = true;
		i++;
	}
	rc = shell_run(&t, commands, argc - i, argv + i);
	client_close(t.client);
	return rc & 0xff;
}
