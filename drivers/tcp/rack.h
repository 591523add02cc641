/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss detection by time: RACK, RFC 8985 6. A segment is lost when one that was sent later has arrived and a reordering window
 * has passed since. It works on the records of a send queue in the order of their transmission, so an ACK costs no
 * more than the records that it delivers or condemns. Pure: the time is an argument.
 */
#pragma once

#include "drivers/tcp/txq.h"

#define TCP_DUP_THRESH 3 /* RFC 8985 6.2 step 4 */

struct tcp_rack {
	uint64_t
		sent_at; /* ns: when the record was sent that was sent last of all delivered; 0 = none */
	uint32_t end_seq; /* behind that record */
	uint32_t fack; /* highest sequence number delivered */
	uint64_t rtt; /* ns, of the record delivered last */
	uint64_t min_rtt, min_rtt_at; /* ns, least of some minutes; 0 = none */
	uint32_t
		dsack_round; /* until SND.UNA is there, a further DSACK does not widen the window */
	bool in_dsack_round, reordering_seen;
	uint8_t wnd_mult; /* reordering window in quarters of min_rtt */
	uint8_t wnd_persist; /* recoveries that the widened window outlives */
};

/* @seq: the first number that will be sent. */
void tcp_rack_init(struct tcp_rack *r, uint32_t seq);

/* A round trip was measured (6.2 step 1). */
void tcp_rack_rtt(struct tcp_rack *r, uint64_t rtt, uint64_t now);

/* A record is delivered, for the first time (6.2 steps 1 to 3). */
void tcp_rack_delivered(struct tcp_rack *r, struct tcp_delivery *d, const struct tcp_txseg *s);

/* The ACK reports a duplicate: what was repeated had arrived, so the window was too narrow (6.2 step 4). */
void tcp_rack_dsack(struct tcp_rack *r, uint32_t una, uint32_t nxt);

/* A recovery is over. */
void tcp_rack_recovered(struct tcp_rack *r);

/* The reordering window, ns. @recovering: in fast or timeout recovery. */
uint64_t tcp_rack_window(const struct tcp_rack *r, const struct tcp_txq *q, bool recovering,
			 uint64_t srtt);

/*
 * Mark what is lost by now (6.2 step 5).
 * Return: when the next record's time will be over, TIMER_NONE if none waits for that.
 */
uint64_t tcp_rack_detect(const struct tcp_rack *r, struct tcp_txq *q, uint64_t window,
			 uint64_t now);

/* The retransmission timer expired: the first record is lost, and all that had its time (6.3). */
void tcp_rack_timeout(const struct tcp_rack *r, struct tcp_txq *q, uint64_t window, uint64_t now);
