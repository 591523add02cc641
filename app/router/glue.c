/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions that pass from ether to TCP and back. */
#include "app/router/glue.h"

#include "drivers/ether/ether.h"
#include "drivers/tcp/tcp.h"

static const uint8_t ecn_of[] = {
	[ETHER_ECN_PASSIVE] = TCP_ECN_PASSIVE,
	[ETHER_ECN_OFF] = TCP_ECN_OFF,
	[ETHER_ECN_ON] = TCP_ECN_ON,
};
static const uint8_t cc_of[] = {
	[ETHER_CC_CUBIC] = TCP_CC_CUBIC,
	[ETHER_CC_NEWRENO] = TCP_CC_NEWRENO,
	[ETHER_CC_DCTCP] = TCP_CC_DCTCP,
};

static int
env_path(void *arg, const struct ipaddr *local, const struct ipaddr *remote, struct tcp_path *path)
{
	struct ether_path p;
	int rc = ether_path(arg, local, remote, &p);

	if (rc == 0)
		*path = (struct tcp_path){
			.iface = p.iface,
			.mtu = p.mtu,
			.tso_max = p.tso_max,
			.tso_max_slices = p.tso_max_slices,
			.tso_mss_min = p.tso_mss_min,
			.max_slices = p.max_slices,
			.ecn = ecn_of[p.ecn],
			.cc = cc_of[p.cc],
		};
	return rc;
}

static void
env_output(void *arg, const struct ip_flow *flow, struct rte_mbuf *m, uint16_t mss, uint8_t tos,
	   uint64_t now)
{
	ether_output_tcp(arg, flow, m, mss, tos, now);
}

static void
env_reachable(void *arg, const struct ipaddr *remote, uint64_t now)
{
	ether_reachable(arg, remote, now);
}

static void
env_path_shrunk(void *arg, const struct ipaddr *local, const struct ipaddr *remote, uint16_t mtu,
		uint64_t now)
{
	ether_path_shrunk(arg, local, remote, mtu, now);
}

static void
up_tcp(void *ctx, const struct ip_packet *pkts, unsigned int n, uint64_t now)
{
	tcp_input(ctx, pkts, n, now);
}

static void
up_error(void *ctx, const struct ip_error_info *info, uint64_t now)
{
	tcp_icmp_error(ctx, info, now);
}

void
glue_env(struct ether_lcore *el, struct tcp_env *env)
{
	*env = (struct tcp_env){
		.arg = el,
		.path = env_path,
		.output = env_output,
		.path_shrunk = env_path_shrunk,
		.reachable = env_reachable,
	};
}

void
glue_up(struct ether_lcore *el, struct tcp *t)
{
	const struct ether_up up = {.ctx = t, .tcp = up_tcp, .error = up_error};

	ether_set_up(el, &up);
}
