/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scripted exchanges with one connection: a table of steps (segment in, segment out, call, time, what the user was told). Sequence
 * numbers are relative: ours count from our ISS, the peer's from its ISS, so SYN is 0 and the first byte 1. Payload is a
 * pattern of the offset, both ways, and always checked. Since nothing in a script depends on where numbers and timestamps begin,
 * each one is run again and again (script_wrap.c), so that they wrap in every place of the exchange.
 */
#pragma once

#include "tests/fake/fake_tcp_env.h"

enum step_op {
	OP_END,
	OP_IN, /* a segment from the peer: flags seq ack len */
	OP_BURST, /* the same, handed over together with the next OP_IN or OP_BURST */
	OP_OUT, /* the engine sends this next: flags seq ack len */
	OP_QUIET, /* it sends nothing more */
	OP_SKIP, /* look away: forget what it has sent */
	OP_WAIT, /* n ms pass */
	OP_SEND, /* tcp_send() of n bytes */
	OP_SEND_MORE, /* the same with more set */
	OP_TAKE, /* tcp_rx_take() of n bytes, which must wait */
	OP_TAKE_LIES, /* the same, and each of them is a lie */
	OP_LEN, /* n bytes wait */
	OP_EOF, /* tcp_rx_eof() */
	OP_CLOSE,
	OP_ABORT,
	OP_CONNECT,
	OP_CONNECT_AGAIN, /* the same, without forgetting the old ISS */
	OP_CONNECTED, /* connected() was called */
	OP_CLOSED, /* closed() was called with -n */
	OP_OPEN, /* closed() was not called */
	OP_STATE, /* the connection's state has this name */
	OP_COUNT, /* counter n has value len */
	OP_ACKED, /* tcp_acked() is n */
	OP_STARVE, /* no mbuf is left but n */
	OP_FEED, /* they are back */
	OP_TOO_BIG, /* ICMP: seq, mtu n */
	OP_UNREACHABLE, /* ICMP: seq */
	OP_REFUSED, /* ICMP: seq */
	OP_EXPECT, /* tcp_rx_expect(n) */
	OP_CWND, /* the congestion window is n bytes */
};

struct step {
	enum step_op op;
	uint8_t flags;
	uint32_t seq, ack, len;
	uint64_t n;
	const char *text;
	/* extras of OP_IN and OP_OUT; 0 = default or not looked at */
	int wnd; /* on the wire; -1 = zero window */
	unsigned int n_sack;
	struct tcp_range sack[3];
	int ts; /* OP_IN: added to the peer's clock */
	int echo; /* OP_IN: added to the timestamp that it echoes, our last one, ms */
	uint32_t tsval; /* OP_OUT: tsecr expected, relative to the peer's first */
	bool no_ts;
	uint8_t tos; /* of the packet; OP_OUT: its ECN bits */
	unsigned int pieces; /* OP_IN: mbufs of the payload; OP_OUT: mbufs of the segment */
	const char *opts; /* OP_IN: these bytes are its options, NULL = those of the conf */
	unsigned int n_opts;
	uint16_t urg; /* OP_IN: urgent pointer */
	bool lie; /* OP_IN: every byte of the payload is another than that of the pattern */
	unsigned int offers; /* OP_OUT: its options are just these (enum script_offer) */
};

enum script_offer {
	OFFERS_MSS = 0x01,
	OFFERS_WSCALE = 0x02,
	OFFERS_SACK = 0x04,
	OFFERS_TS = 0x08,
	OFFERS_NOTHING = 0x10,
};

#define IN(f, s, a, l, ...)                                                                  \
	{                                                                                    \
		.op = OP_IN, .flags = (f), .seq = (s), .ack = (a), .len = (l), ##__VA_ARGS__ \
	}
#define BURST(f, s, a, l, ...)                                                                  \
	{                                                                                       \
		.op = OP_BURST, .flags = (f), .seq = (s), .ack = (a), .len = (l), ##__VA_ARGS__ \
	}
#define OUT(f, s, a, l, ...)                                                                  \
	{                                                                                     \
		.op = OP_OUT, .flags = (f), .seq = (s), .ack = (a), .len = (l), ##__VA_ARGS__ \
	}
#define SACK1(s1, e1) .n_sack = 1, .sack = {{(s1), (e1)}}
#define SACK2(s1, e1, s2, e2) .n_sack = 2, .sack = {{(s1), (e1)}, {(s2), (e2)}}
#define SACK3(s1, e1, s2, e2, s3, e3) \
	.n_sack = 3, .sack = {{(s1), (e1)}, {(s2), (e2)}, {(s3), (e3)}}
#define OPTS(bytes) .opts = (bytes), .n_opts = sizeof(bytes) - 1 /* of a string, a multiple of 4 */
#define QUIET                  \
	{                      \
		.op = OP_QUIET \
	}
#define SKIP                  \
	{                     \
		.op = OP_SKIP \
	}
#define WAIT(ms)                         \
	{                                \
		.op = OP_WAIT, .n = (ms) \
	}
#define SEND(k)                         \
	{                               \
		.op = OP_SEND, .n = (k) \
	}
#define SEND_MORE(k)                         \
	{                                    \
		.op = OP_SEND_MORE, .n = (k) \
	}
#define TAKE(k)                         \
	{                               \
		.op = OP_TAKE, .n = (k) \
	}
#define TAKE_LIES(k)                         \
	{                                    \
		.op = OP_TAKE_LIES, .n = (k) \
	}
#define LEN(k)                         \
	{                              \
		.op = OP_LEN, .n = (k) \
	}
#define RX_EOF               \
	{                    \
		.op = OP_EOF \
	}
#define CLOSE                  \
	{                      \
		.op = OP_CLOSE \
	}
#define ABORT                  \
	{                      \
		.op = OP_ABORT \
	}
#define CONNECT                  \
	{                        \
		.op = OP_CONNECT \
	}
#define CONNECT_AGAIN                  \
	{                              \
		.op = OP_CONNECT_AGAIN \
	}
#define CONNECTED                  \
	{                          \
		.op = OP_CONNECTED \
	}
#define CLOSED(err)                         \
	{                                   \
		.op = OP_CLOSED, .n = (err) \
	}
#define OPEN                  \
	{                     \
		.op = OP_OPEN \
	}
#define STATE(name)                            \
	{                                      \
		.op = OP_STATE, .text = (name) \
	}
#define COUNT(id, value)                                      \
	{                                                     \
		.op = OP_COUNT, .n = TCP_##id, .len = (value) \
	}
#define ACKED(k)                         \
	{                                \
		.op = OP_ACKED, .n = (k) \
	}
#define STARVE(left)                         \
	{                                    \
		.op = OP_STARVE, .n = (left) \
	}
#define FEED                  \
	{                     \
		.op = OP_FEED \
	}
#define TOO_BIG(s, mtu)                                  \
	{                                                \
		.op = OP_TOO_BIG, .seq = (s), .n = (mtu) \
	}
#define UNREACHABLE(s)                           \
	{                                        \
		.op = OP_UNREACHABLE, .seq = (s) \
	}
#define REFUSED(s)                           \
	{                                    \
		.op = OP_REFUSED, .seq = (s) \
	}
#define EXPECT(k)                         \
	{                                 \
		.op = OP_EXPECT, .n = (k) \
	}
#define CWND(k)                         \
	{                               \
		.op = OP_CWND, .n = (k) \
	}
#define END                  \
	{                    \
		.op = OP_END \
	}

#define SEQ_ANY 0xfffffff0u /* OUT: our numbers begin anew, somewhere */
#define SEQ_ABOVE 0xfffffff1u /* the same, above those of the old connection */

#define F TCP_FIN
#define S TCP_SYN
#define R TCP_RST
#define P TCP_PSH
#define A TCP_ACK
#define E TCP_ECE
#define C TCP_CWR

#define MSS 1448u /* of the peer's option and ours at MTU 1500, with timestamps */

/* What the peer offers, and other settings of a script. */
struct script_conf {
	struct fake_tcp_conf fake;
	bool v6, no_ts, no_sack, no_wscale, no_mss;
	uint16_t mss; /* 0 = 1460 */
	uint16_t wnd; /* on the wire in each segment; 0 = 512, which is 64 KiB */
	uint32_t peer_iss; /* where the peer's numbers begin; 0 = 1000 */
	uint32_t
		iss; /* where ours begin if the handshake is at the start; 0 = where the clock is */
	uint32_t peer_ts,
		ts; /* the peer's timestamp and ours at the start; 0 = anywhere; @ts excludes @iss */
	bool dials; /* the high port is ours */
	struct tcp_path path; /* mtu 0 = default */
	unsigned int backlog; /* 0 = 4 */
	unsigned int rtt_ms; /* round trip of the handshake */
	int accept_rc;
	bool accept_aborts; /* whom it is told of, before it returns that */
};

struct script {
	struct fake_tcp_env f;
	struct script_conf conf;
	struct ip_flow flow;
	struct tcp_conn *c;
	struct tcp_listener *listener;
	const struct step *step; /* being done, for messages */
	unsigned int n_step;

	uint32_t iss; /* ours, once seen */
	bool has_iss;
	uint32_t ts0, last_tsval; /* the peer's clock at the start; our last timestamp */

	uint64_t sent, taken; /* bytes of pattern handed to tcp_send(), and taken */
	unsigned int n_accepted, n_connected, n_readable, n_acked, n_closed;
	int err;
	/* called from readable() if set */
	void (*on_readable)(struct script *sc, uint64_t now);

	struct tcp_segment burst[8];
	uint8_t *burst_payload[8];
	unsigned int n_burst;
};

/* EAL must be up. @conf NULL = defaults. */
struct script *script_new(const struct script_conf *conf);

/* Begin again with another conf, over the same memory: cheaper than a new one. What it had must have been given back. */
void script_again(struct script *sc, const struct script_conf *conf);

/* Everything must have been given back. */
void script_free(struct script *sc);

/* Do the steps up to END. A step that fails is printed with its number and @where. */
void script_run(struct script *sc, const struct step *steps, const char *where);

/* The handshake in each role, with the options of the conf; everything it sent is looked at. */
void script_accept(struct script *sc);
void script_connect(struct script *sc);

/* A pattern byte of the peer's stream, and of ours. */
uint8_t script_byte(bool ours, uint64_t off);

enum script_role {
	LISTENING, /* no handshake yet; the flow is one of the listener */
	DIALLING, /* no handshake yet; the flow is one for tcp_connect(): the high port is ours */
	ACCEPTED, /* script_accept() was run */
	DIALLED, /* script_connect() was run */
};

/*
 * The clock decides where our numbers and timestamps begin: set it so that those of @flow begin at @now where the conf says. What it
 * says of the fractions of a millisecond stays, because scripts count in milliseconds.
 */
void script_set_clock(struct script_conf *conf, const struct ip_flow *flow, uint64_t now);

/*
 * SCRIPT_WRAP=n is for tests that are no tables: where they do not say otherwise, numbers of both sides pass 2^32 at
 * byte n.
 */
void script_set_wrap(struct script_conf *conf);

/*
 * One whole script, as it is written, with numbers and timestamps that wrap in each of its places, and over IPv6: @conf may be
 * NULL.
 */
void script_case(enum script_role role, const struct script_conf *conf, const struct step *steps,
		 const char *name);

/* A test of the name that is one script. */
#define SCRIPT(name, role, conf, ...)                                  \
	static void name(void **)                                      \
	{                                                              \
		static const struct step steps[] = {__VA_ARGS__, END}; \
		script_case(role, conf, steps, #name);                 \
	}

/* For cmocka_run_group_tests(). */
int script_group_setup(void **state);
