/* SPDX-License-Identifier: BSD-3-Clause */
/* Defaults of the reference (9), and what they mean for the TCP engine. Pure. */
#include "drivers/socklnd/priv.h"

void
socklnd_config_default(struct socklnd_config *cfg)
{
	*cfg = (struct socklnd_config){
		.accept = SOCKLND_ACCEPT_SECURE,
		.accept_port = 988,
		.accept_port_bulk = 988,
		.accept_backlog = 127,
		.accept_timeout_s = 5,
		.sock_timeout_s = 50,
		.credits = 256,
		.peer_credits = 8,
		.peer_timeout_s = 180,
		.min_reconnect_ms = 1000,
		.max_reconnect_ms = 60000,
		.min_bulk = 1024,
		.round_robin = 1,
		.keepalive_s = 30,
		.keepalive_idle_s = 30,
		.keepalive_intvl_s = 5,
		.keepalive_count = 5,
		.tos = -1,
		.max_peers = 4096,
		.max_conns = 16384,
	};
}

void
socklnd_tcp_config(const struct socklnd_config *cfg, struct tcp_config *tcp)
{
	bool keepalive =
		cfg->keepalive_idle_s > 0 && cfg->keepalive_intvl_s > 0 && cfg->keepalive_count > 0;

	tcp->keepalive_idle = keepalive ? (uint64_t)cfg->keepalive_idle_s * NS_PER_SEC : 0;
	if (keepalive) {
		tcp->keepalive_intvl = (uint64_t)cfg->keepalive_intvl_s * NS_PER_SEC;
		tcp->keepalive_count = (unsigned int)cfg->keepalive_count;
	}
	if (cfg->rx_buffer_size > 0)
		tcp->rcv_wnd_max = (uint32_t)cfg->rx_buffer_size;
	if (tcp->rcv_wnd_min > tcp->rcv_wnd_max)
		tcp->rcv_wnd_min = tcp->rcv_wnd_max;
	tcp->connect_timeout = (uint64_t)socklnd_timeout_s(cfg) * NS_PER_SEC;
	tcp->user_timeout = 0;
}

int
socklnd_timeout_s(const struct socklnd_config *cfg)
{
	/* 0: LNet's own, (transaction_timeout - 1) / (retry_count + 1) of its defaults */
	return cfg->sock_timeout_s > 0 ? cfg->sock_timeout_s : 49;
}

int
socklnd_conns_by_speed(uint32_t speed_mbps)
{
	uint32_t gbps = speed_mbps / 1000;
	int log2 = 0;

	while (gbps > 1) {
		gbps /= 2;
		log2++;
	}
	return log2 / 2 + 1;
}
