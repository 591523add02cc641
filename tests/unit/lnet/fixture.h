/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tests of the core share: one router under test, between fake networks. Tests of one program run one after
 * the other, so it is a variable.
 */
#pragma once

#include "lnet/cpt.h"
#include "lnet/lnet_priv.h"
#include "lnet/local.h"
#include "lnet/msg.h"
#include "lnet/ping_info.h"
#include "tests/fake/eal.h"
#include "tests/fake/fake_node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define R0 "10.0.0.1@tcp"
#define R1 "10.0.1.1@tcp1"
#define R2 "10.0.2.1@o2ib"
#define A "10.0.0.2@tcp"
#define B "10.0.1.3@tcp1"

extern struct fake_fabric fabric;
extern struct fake_node node;
extern struct lnet_net_conf fixture_nets[3]; /* R0, R1, R2, with default tunables */

/* Before: set node.params and fixture_nets. */
void fixture_init(unsigned int workers);
/* Loaded. */
void fixture_start(void);
/* Configured with the three networks, forwarding by node.params.forwarding (1). */
void fixture_configure(void);
/* All three. */
void fixture_router(unsigned int workers);
/* Everything must be back where it was. */
void fixture_stop(void);

/* Header with a body that has a different byte at each place. */
struct lnet_hdr fixture_hdr(uint32_t type, const char *src, const char *dst, uint32_t len);
/* GET of a ping. */
struct lnet_hdr fixture_ping(const char *src, const char *dst, uint32_t sink);

/* @h arrives from its source, or from @from, at NI @at; payload is fixture_payload. */
void fixture_arrive(struct fake_rx *rx, const char *at, const struct lnet_hdr *h, const char *from);
/* A routed PUT from @src, which is on tcp, to @dst. */
void fixture_put(struct fake_rx *rx, const char *src, const char *dst, uint32_t len);
extern uint8_t fixture_payload[1 << 20];

/* Peer of the pair on its home, or NULL. */
struct peer *fixture_peer(const char *ni, const char *nid);
uint64_t fixture_drop(enum lnet_drop reason);

/* Of CPT 0. */
struct lnet_cpt *fixture_cpt(void);

int fixture_main(const char *name, const struct CMUnitTest *tests, size_t n);
#define FIXTURE_MAIN(tests) fixture_main(#tests, tests, sizeof(tests) / sizeof((tests)[0]))
