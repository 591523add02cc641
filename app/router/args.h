/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command line behind "--": LNet's module parameters under their own names, and the router's own settings. Pure.
 */
#pragma once

#include "drivers/ether/ether.h"
#include "drivers/socklnd/socklnd.h"
#include "lnet/lnet.h"

#include <stdbool.h>

#define ARGS_IFACES_MAX 16
#define ARGS_NETS_MAX 32
#define ARGS_ROUTES_MAX 256

/* What a worker does in a round without work. */
enum idle_policy {
	IDLE_POLL, /* next round at once */
	IDLE_PAUSE, /* some pause instructions */
	IDLE_SLEEP, /* sleep up to sleep_us, not beyond the next timer */
};

enum term_policy {
	TERM_AUTO, /* drain under a service manager (NOTIFY_SOCKET is set), else refuse while configured */
	TERM_REFUSE,
	TERM_DRAIN,
};

struct args {
	struct ether_iface_conf ifaces[ARGS_IFACES_MAX];
	unsigned int n_ifaces;

	const char *networks, *routes; /* texts; parsed when the number of workers is known */
	struct lnet_net_conf nets[ARGS_NETS_MAX];
	struct lnet_route_conf route[ARGS_ROUTES_MAX];
	struct lnet_params lnet;
	struct socklnd_config socklnd;
	int accept; /* index into "secure", "all", "none" */

	int config_on_load;
	int mbufs; /* 0 = as many as the buffers need */
	int mbuf_room; /* data bytes of an mbuf */
	int max_conns; /* TCP connections of a worker */
	int window_min; /* receive window that each connection has always, bytes */
	int local_mib, sent_mib, reorder_mib; /* ledger accounts of a worker */
	int idle, sleep_us;
	int term, drain_s;
	int stall_s;
	int log_level;
	bool help, version;
};

void args_default(struct args *a);

/*
 * @argv[0] is skipped. Texts in @argv must outlive @a.
 * Return: 0; -EINVAL with the option, its value and what is allowed in @why.
 */
int args_parse(struct args *a, int argc, char **argv, char *why, unsigned int why_size);

/* Second step, when the number of CPTs is known: the texts of networks and routes. Return: 0, -EINVAL. */
int args_resolve(struct args *a, unsigned int n_cpts, char *why, unsigned int why_size);

/* All options with their defaults, ranges and meaning on stdout. */
void args_usage(const char *prog);
