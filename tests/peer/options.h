/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of lnet-peer. Constant after options_parse(). */
#pragma once

#include "nid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ROUTES 8

enum command {
	CMD_SERVE,
	CMD_PING,
	CMD_PUSH,
	CMD_PUT,
	CMD_GET,
	CMD_BOTH,
	CMD_PROBE,
	CMD_SELFTEST,
};

/* What a probe sends (see probe.c). */
enum probe {
	PROBE_NONE,
	PROBE_VERSION5,
	PROBE_GARBAGE_CONNREQ,
	PROBE_GARBAGE_HELLO,
	PROBE_GARBAGE_MESSAGE,
	PROBE_CONNREQ_VERSION3,
	PROBE_WRONG_NID,
	PROBE_SILENT,
	PROBE_UNPRIVILEGED,
};

enum rst_after_hello {
	RST_OFF,
	RST_DENY,
	RST_ACCEPT
};
enum stop_mid {
	STOP_OFF,
	STOP_HOLD,
	STOP_CLOSE
};

struct route {
	uint32_t net;
	struct nid gateway;
};

struct options {
	enum command command;
	struct nid nid;
	struct nid target;
	struct route routes[MAX_ROUTES];
	size_t n_routes;
	char **files; /* selftest */
	int n_files;

	uint16_t port;
	uint32_t conns_per_peer;
	uint32_t hello_version; /* 0: by the family of the destination */
	uint32_t router_ping_s; /* 0: gateways are not pinged */
	uint32_t accept_timeout_s;
	uint32_t lnd_timeout_s;
	uint32_t keepalive_s;
	uint32_t timeout_s; /* of the whole command */
	uint32_t op_timeout_s; /* of one operation */
	uint32_t linger_s; /* go on answering after the last operation */
	bool await_keepalive; /* and until the other side has sent one */
	uint32_t retries; /* per operation */
	bool is_verbose;

	uint32_t size;
	uint64_t count;
	uint32_t seconds; /* instead of count */
	uint32_t window;
	bool want_ack;
	bool zero_copy;
	bool checksum; /* on V2 connections */

	enum probe probe;
	enum rst_after_hello rst_after_hello;
	enum stop_mid stop_mid_message;
	uint32_t split; /* bytes per write, 0: off */
	uint32_t pause_reads_s;
	uint64_t pause_after; /* payload bytes received before the pause */
	uint32_t rcvbuf;
	bool big_endian;
	bool silent_acceptor;
	bool new_incarnation;
	bool zc_before_bulk_in;
};

/*
 * Read the command line; prints what is wrong or the help text.
 * Return: 0 to go on, 1 if help was asked for, -EINVAL.
 */
int options_parse(struct options *o, int argc, char **argv);
