/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proportional rate reduction, RFC 6937: how much may be sent for each ACK of a recovery, so that the window is at its new size
 * when the recovery ends, without a pause before and without a burst. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bytes. */
struct tcp_prr {
	uint32_t
		flight; /* RecoverFS, outstanding when it began; 0 = the window is not to be reduced */
	uint32_t delivered, out; /* delivered and sent since */
};

static inline void
tcp_prr_begin(struct tcp_prr *p, uint32_t flight)
{
	*p = (struct tcp_prr){.flight = flight};
}

static inline void
tcp_prr_sent(struct tcp_prr *p, uint32_t len)
{
	p->out += len;
}

/*
 * An ACK delivered @delivered bytes; @pipe are in the network now.
 * @safe	SND.UNA moved on and nothing else was found lost: the path takes more than is lost
 * Return: bytes that may be sent, a segment at least as long as nothing was.
 */
uint32_t tcp_prr_acked(struct tcp_prr *p, uint32_t delivered, uint32_t pipe, uint32_t ssthresh,
		       uint32_t mss, bool safe);
