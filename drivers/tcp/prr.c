/* SPDX-License-Identifier: BSD-3-Clause */
/* Proportional rate reduction: RFC 6937 3.1. */
#include "drivers/tcp/prr.h"

uint32_t
tcp_prr_acked(struct tcp_prr *p, uint32_t delivered, uint32_t pipe, uint32_t ssthresh, uint32_t mss,
	      bool safe)
{
	uint64_t share, n;

	p->delivered += delivered;
	if (pipe > ssthresh) {
		share = ((uint64_t)p->delivered * ssthresh + p->flight - 1) / p->flight;
		n = share > p->out ? share - p->out : 0;
	} else {
		/* conserve packets; while it goes well, slow start up to the new window (the two reduction bounds) */
		n = p->delivered > p->out ? p->delivered - p->out : 0;
		n = n > delivered ? n : delivered;
		n += safe ? mss : 0;
		n = n < ssthresh - pipe ? n : ssthresh - pipe;
	}
	if (p->out == 0 && n < mss)
		n = mss;
	return (uint32_t)n;
}
