/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit congestion notification: a router marks packets instead of dropping them, the receiver echoes the marks, the sender
 * reduces its window as after a loss (RFC 3168). With DCTCP the echo tells of each mark, and the window follows their share
 * (RFC 8257; cc_dctcp.c). Everything runs on the engine's lcore.
 */
#pragma once

#include "drivers/tcp/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct tcp_conn;

/* One byte: it lies among what each segment touches. */
struct tcp_ecn {
	bool offered : 1; /* our SYN asks for it */
	bool ok : 1; /* agreed on: marks are echoed */
	bool ect : 1; /* new data says that marks are understood */
	bool dctcp : 1; /* RFC 8257 at this end */
	bool echo : 1; /* ECE in each ACK: until CWR comes (RFC 3168 6.1.3), or DCTCP.CE (RFC 8257 3.2) */
	bool cwr : 1; /* the next new data says that the window was reduced */
	bool reduced : 1; /* the window was, and nothing sent since is acknowledged: no further answer to marks */
};

/* Our SYN is about to be built for the first time: does it ask? */
void tcp_ecn_open(struct tcp_conn *c);
/* It stayed without an answer: ask no more (RFC 3168 6.1.1.1). */
void tcp_ecn_syn_timeout(struct tcp_conn *c);
/* The peer's SYN, the first one, with or without an ACK; @tos of its packet. */
void tcp_ecn_syn_in(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos);
/* The peer's SYN once more, without an ACK. */
void tcp_ecn_syn_again(struct tcp_conn *c, const struct tcp_segment *s);
/* A half-open connection becomes a whole one, with what was agreed on. */
void tcp_ecn_resume(struct tcp_conn *c, const struct tcp_ecn *e);
/* ECE and CWR of our SYN or SYN-ACK. */
uint8_t tcp_ecn_syn_flags(const struct tcp_conn *c);

/* Payload that is at least partly in the window, before it is taken. May send an ACK. */
void tcp_ecn_data_in(struct tcp_conn *c, const struct tcp_segment *s, uint8_t tos, uint64_t now);
/* An acceptable ACK that acknowledged @acked and delivered @delivered bytes, before recovery.c looks at it. */
void tcp_ecn_ack_in(struct tcp_conn *c, const struct tcp_segment *s, uint32_t acked,
		    uint32_t delivered, uint64_t now);
/* The window was reduced, for whatever reason. */
void tcp_ecn_reduced(struct tcp_conn *c);

/* Traffic class of a segment: @is_new: payload that was never sent before; @flags of its header. */
uint8_t tcp_ecn_tos(const struct tcp_conn *c, uint8_t flags, bool is_new);
