/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is below the TCP engine, for its tests: segments that go out are recorded, segments that come in are made here, time
 * is told. Everything is checked to be given back at the end.
 */
#pragma once

#include "drivers/tcp/tcp.h"
#include "drivers/tcp/tcp_env.h"
#include "drivers/tcp/wire.h"
#include "lnet/base/buf.h"
#include "lnet/base/lcore.h"

#include <stdbool.h>
#include <stdint.h>

#define FAKE_OUT_MAX 512
#define FAKE_BURST 8
#define FAKE_MS 1000000ull

/* A segment that the engine sent. */
struct fake_out {
	struct tcp_segment s;
	struct ip_flow flow;
	uint8_t *payload; /* s.len bytes */
	uint16_t mss; /* of a large segment */
	uint16_t mbufs;
	uint8_t tos;
};

struct fake_tcp_env {
	struct lcore lc;
	struct buf_mem mem;
	struct tcp_env env;
	struct tcp *tcp;
	uint64_t now;
	bool v6;

	/* what the engine is told */
	struct tcp_path path;
	int path_rc;
	bool elsewhere; /* answers would arrive at another lcore */

	uint8_t in_tos[FAKE_BURST]; /* traffic class of what comes in, by its place in the burst */

	/* what it did */
	struct fake_out out[FAKE_OUT_MAX];
	unsigned int n_out, n_seen; /* sent, and of those looked at */
	unsigned int n_reachable;
	unsigned int n_shrunk; /* env->path_shrunk(), and what it said last */
	uint16_t shrunk_mtu;

	/* mbufs that fake_tcp_env_starve() took away */
	struct rte_mbuf **hoard;
	unsigned int n_hoard;
};

/* Settings of the engine and of the ledger below it; NULL for the defaults. */
struct fake_tcp_conf {
	struct tcp_config tcp;
	uint32_t window_min; /* of the ledger */
	unsigned int conns; /* of the ledger */
	uint64_t spare; /* bytes of true size that connections may share */
	uint64_t reorder;
};
void fake_tcp_conf_default(struct fake_tcp_conf *conf);

/* EAL must be up. Return: 0, or a negative errno. */
int fake_tcp_env_start(struct fake_tcp_env *f, const struct fake_tcp_conf *conf);

/* Return: NULL, or what was not given back. */
const char *fake_tcp_env_stop(struct fake_tcp_env *f);

/* With no connection left: NULL, or what was not given back. */
const char *fake_tcp_env_leak(const struct fake_tcp_env *f);

/*
 * End the engine and begin with a new one over the same memory.
 * Return: NULL, or what the old one did not give back.
 */
const char *fake_tcp_env_again(struct fake_tcp_env *f, const struct fake_tcp_conf *conf);

/* Our address and the peer's, in the family that f->v6 says. */
struct ip_flow fake_flow(const struct fake_tcp_env *f, uint16_t local_port, uint16_t remote_port);

/*
 * Hand a segment to the engine, without a poll. @s: seen from the peer; len bytes at @payload (NULL = zeros).
 * @pieces	mbufs to spread the payload over; 0 or 1 = one
 */
void fake_in(struct fake_tcp_env *f, const struct ip_flow *flow, const struct tcp_segment *s,
	     const uint8_t *payload, unsigned int pieces);

/* The same for several segments in one burst, each in one mbuf with a payload of zeros or, if given, of @payloads[i]. */
void fake_in_burst(struct fake_tcp_env *f, const struct ip_flow *flow, const struct tcp_segment *s,
		   const uint8_t *const *payloads, unsigned int n);

/* One in a single mbuf, with options that no stack would send (a multiple of 4 bytes) and an urgent pointer. */
void fake_in_odd(struct fake_tcp_env *f, const struct ip_flow *flow, const struct tcp_segment *s,
		 const void *opts, unsigned int n_opts, uint16_t urg, const uint8_t *payload);

/* Raw bytes of a segment. */
void fake_in_raw(struct fake_tcp_env *f, const struct ip_flow *flow, const void *bytes,
		 uint32_t len);

/* Poll until nothing is left to do. */
void fake_poll(struct fake_tcp_env *f);

/* Time passes: timers run tick by tick, with polls. */
void fake_wait(struct fake_tcp_env *f, uint64_t ns);

/* The next segment that was sent and not looked at, or NULL. */
const struct fake_out *fake_next(struct fake_tcp_env *f);

/* Drop the record of all that was sent. */
void fake_forget(struct fake_tcp_env *f);

/* Take all mbufs away but @left; fake_tcp_env_feed() gives them back. */
void fake_starve(struct fake_tcp_env *f, unsigned int left);
void fake_feed(struct fake_tcp_env *f);

uint64_t fake_count(const struct fake_tcp_env *f, enum tcp_counter id);
