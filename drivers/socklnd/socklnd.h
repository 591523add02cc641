/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * socklnd, the LNet network driver over TCP, as the application sees it: settings, what it needs from below, creation
 * and telemetry. LNet itself sees socklnd_ops with the pointer of socklnd_create() as context. Sections named here and
 * in the files of this folder are those of the wire specification of socklnd.
 */
#pragma once

#include "lnet/base/ipaddr.h"
#include "lnet/lnd.h"

#include <stdbool.h>
#include <stdint.h>

struct socklnd;
struct tcp;
struct tcp_config;
struct tel;

#define SOCKLND_ADDRS_MAX 16

/* Whose connections are accepted (3.4). */
enum socklnd_accept {
	SOCKLND_ACCEPT_SECURE, /* source ports up to 1023 */
	SOCKLND_ACCEPT_ALL, /* from higher ports too: a user-space peer (4.6) */
	SOCKLND_ACCEPT_NONE, /* no listener: peers are refused at once */
};

/* Module parameters under their own names (9.1, 9.2), and the driver's own limits. */
struct socklnd_config {
	enum socklnd_accept accept;
	int accept_port, accept_port_bulk;
	int accept_backlog; /* handshakes of one worker that may be unfinished */
	int accept_timeout_s; /* limit of a whole passive handshake */
	int sock_timeout_s; /* "LND timeout"; 0 = 49, what LNet's own defaults give */
	int credits, peer_credits, peer_buffer_credits, peer_timeout_s;
	int min_reconnect_ms, max_reconnect_ms; /* back-off; whole seconds are used */
	int min_bulk; /* bytes of a message from which it takes a bulk connection */
	int tx_buffer_size; /* bytes of a connection given to TCP and not acknowledged; 0 = no limit */
	int rx_buffer_size; /* largest receive window; 0 = the engine's own */
	int round_robin; /* equally loaded connections: 1 least recently used, 0 newest */
	int keepalive_s; /* NOOP after this silence; <= 0 = off */
	int keepalive_idle_s, keepalive_intvl_s, keepalive_count; /* of TCP; any <= 0 = off */
	int conns_per_peer; /* of each bulk type; 0 = from the link's speed */
	int tos; /* -1 = leave */
	int prefer_ipv6; /* an interface with addresses of both families gives its IPv6 one to the NI */
	int max_peers, max_conns; /* objects in all, allocated by socklnd_create() */
};

/* The reference's defaults. */
void socklnd_config_default(struct socklnd_config *cfg);

/*
 * What the tunables mean for the TCP engine: keepalive, window, connect timeout. Starts from what @tcp holds.
 * The end of a connection without progress is this driver's decision (10.1), so the engine's user timeout is off.
 */
void socklnd_tcp_config(const struct socklnd_config *cfg, struct tcp_config *tcp);

/* Connections of each bulk type for a link of @speed_mbps, 0 = unknown (5.1). */
int socklnd_conns_by_speed(uint32_t speed_mbps);

/* An interface as an NI needs it. */
struct socklnd_iface {
	unsigned int index;
	struct ipaddr addrs[SOCKLND_ADDRS_MAX];
	unsigned int n_addrs;
	uint32_t speed_mbps; /* 0 = unknown */
	uint16_t mtu;
	bool link_up;
};

/* What the driver needs from the application. */
struct socklnd_env {
	void *arg;
	/*
	 * Find an interface by name; "" is the first suitable one. Thread: control.
	 * Return: 0, -ENODEV.
	 */
	int (*iface)(void *arg, const char *name, struct socklnd_iface *out);
	/* Worker at which packets between two addresses arrive. Pure, any thread. */
	unsigned int (*home)(void *arg, const struct ipaddr *local, const struct ipaddr *remote);
	unsigned int n_workers;
	struct lcore *lcores[LNET_CPTS_MAX];
	struct tcp *tcp[LNET_CPTS_MAX]; /* engine of each worker */
};

extern const struct lnet_lnd_ops socklnd_ops;

/*
 * @env and @cfg are copied. Thread: control. Return: 0, -ENOMEM, -EINVAL.
 */
int socklnd_create(const struct socklnd_env *env, const struct socklnd_config *cfg,
		   struct socklnd **sp);

/* Every NI has been stopped. NULL is fine. Thread: control. */
void socklnd_destroy(struct socklnd *s);

/* The link of an interface changed: tell LNet for its NIs (10.6). Thread: control. */
void socklnd_link(struct socklnd *s, unsigned int iface, bool up, uint64_t now);

/* Peers and connections that live, on all workers; 0 = nothing leaked. Thread: control, workers idle or stopped. */
unsigned int socklnd_leaks(const struct socklnd *s);

/* Register /socklnd/stats, /lnet/lnd/conns, /lnet/lnd/peers. Thread: control. Return: as tel_register(). */
int socklnd_tel_register(struct socklnd *s, struct tel *t);
