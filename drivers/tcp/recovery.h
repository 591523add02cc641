/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a connection remembers of losses, for the files that deal with them: recovery.c (when a loss is seen, what it does to
 * the window, when it is over), tlp.c (a probe when the end of a flight stays without an answer), undo.c (a recovery
 * that was not needed is taken back), cwv.c (what a window is worth that is not in use). Everything runs on the engine's lcore.
 */
#pragma once

#include "drivers/tcp/cc.h"
#include "drivers/tcp/prr.h"
#include "drivers/tcp/rack.h"
#include "drivers/tcp/wire.h"

struct tcp_conn;

enum tcp_recovery {
	TCP_OPEN,
	TCP_REDUCTION, /* marks were echoed: the window shrinks, nothing is sent again; until the same */
	TCP_FAST_RECOVERY, /* a loss was seen by SACK or duplicate ACKs; until SND.UNA reaches recover */
	TCP_LOSS, /* the retransmission timer expired; until the same */
};

/* Tail loss probe, RFC 8985 7. */
struct tcp_tlp {
	uint32_t end_seq; /* SND.NXT behind the probe */
	bool active; /* a probe is out: no further one until end_seq is acknowledged */
	bool is_repetition; /* it was no new data */
	bool unmeasured; /* no round trip was measured since: a further one would be as blind (7.3) */
	uint32_t flight; /* bytes in flight when it was sent */
	bool rearm; /* something was sent or acknowledged: the timer begins anew */
	bool wanted; /* from tcp_output() */
};

/* What is needed to take a recovery back (RFC 3522, RFC 3708, RFC 5682). */
struct tcp_undo {
	bool active;
	bool frto; /* the first timeout of this flight: RFC 5682 applies */
	uint32_t marker; /* SND.UNA when it began */
	uint32_t until; /* the recovery is over: what SND.UNA passes this says is too late */
	uint32_t resent, reported; /* bytes sent again, and of these reported as duplicates */
	uint64_t first_at; /* ns, first repetition; 0 = nothing was sent again yet */
	struct tcp_cc before; /* the window before the recovery */
};

#define TCP_CWV_PARTS 3 /* of the sampling period */

/* Congestion window validation, RFC 7661. */
struct tcp_cwv {
	uint32_t acked; /* bytes, in the round trip that goes on */
	uint32_t most
		[TCP_CWV_PARTS]; /* in a round trip, by part of the sampling period, the newest first */
	uint64_t part_at; /* ns, when the newest part began */
	uint64_t validated_at; /* ns, when the window was in use last */
	uint32_t
		loss_flight; /* congestion in the non-validated phase: bytes that were in use; 0 = not in that phase */
	uint8_t rounds; /* measured since the path was new or congested last */
};

/* --- recovery.c --- */

/* What an ACK delivered, or said: find losses, enter and leave recovery, grow the window. @acked: sequence space. */
void tcp_recovery_ack(struct tcp_conn *c, const struct tcp_delivery *d, uint32_t acked,
		      uint64_t now);
/* The retransmission timer expired. */
void tcp_recovery_timeout(struct tcp_conn *c, uint64_t now);
/* The reordering window of a segment is over. */
void tcp_recovery_reordered(struct tcp_conn *c, uint64_t now);
/*
 * Repeat what is marked lost up to @end without an answer to congestion: packets that were too big (RFC 8201 4,
 * RFC 4821 7.7).
 */
void tcp_recovery_repeat(struct tcp_conn *c, uint32_t end);
/* The congestion window is reduced once, for a loss among @flight bytes that was repaired already. */
void tcp_recovery_repaired(struct tcp_conn *c, uint32_t flight, uint64_t now);
/*
 * The path marked packets: as for a loss, once a window, but nothing is sent again (RFC 3168 6.1.2).
 * @acked, @delivered: of the ACK that says so
 */
void tcp_recovery_marked(struct tcp_conn *c, uint32_t acked, uint32_t delivered, uint64_t now);
/* Bytes in the network. */
uint32_t tcp_pipe(const struct tcp_conn *c);

/* --- tlp.c --- */

/* Set or clear the probe's timer: behind what a round sent and was told. */
void tcp_tlp_arm(struct tcp_conn *c, uint64_t now);
/* The timer expired. */
void tcp_tlp_timeout(struct tcp_conn *c, uint64_t now);
/* What the ACK says of a probe. */
void tcp_tlp_ack(struct tcp_conn *c, const struct tcp_delivery *d, uint32_t acked, uint64_t now);
/* The probe that is out was sent: new data, or a repetition. */
void tcp_tlp_sent(struct tcp_conn *c, bool repetition);
/* A recovery begins. */
void tcp_tlp_cancel(struct tcp_conn *c);
/* Does the ACK report the probe as a duplicate? */
bool tcp_tlp_is_reported(const struct tcp_conn *c, const struct tcp_delivery *d);

/* --- cwv.c --- */

/* Nothing is known of what is in use: a new path, or one that was congested (4.4.1). */
void tcp_cwv_reset(struct tcp_conn *c, uint64_t now);
/* @acked bytes were acknowledged; @round_over: with all that was in flight a round trip ago. */
void tcp_cwv_acked(struct tcp_conn *c, uint32_t acked, bool round_over, uint64_t now);
/* As known by the last ACK. */
bool tcp_cwv_may_grow(const struct tcp_conn *c);
/* Sending begins again with nothing in flight. */
void tcp_cwv_idle(struct tcp_conn *c, uint64_t now);
/* Congestion is about to be answered, with @in_flight bytes outstanding. Return: bytes that the answer counts from. */
uint32_t tcp_cwv_flight(struct tcp_conn *c, uint32_t in_flight, uint64_t now);
/* It was answered, and it was a loss. */
void tcp_cwv_lost(struct tcp_conn *c);
/* It is over, with @resent bytes sent again. */
void tcp_cwv_recovered(struct tcp_conn *c, uint32_t resent, uint64_t now);

/* --- undo.c --- */

/* A recovery begins. */
void tcp_undo_begin(struct tcp_conn *c);
/* @len bytes of it were sent again. */
void tcp_undo_resent(struct tcp_conn *c, uint32_t len, uint64_t now);
/* The ACK reports a duplicate. */
void tcp_undo_dsack(struct tcp_conn *c, struct tcp_range dsack);
/* The recovery ends here. */
void tcp_undo_end(struct tcp_conn *c);
/* Does the ACK prove that it was not needed? Then it is over, and the window as before. */
bool tcp_undo_try(struct tcp_conn *c, const struct tcp_delivery *d);
