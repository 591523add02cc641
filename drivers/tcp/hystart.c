/* SPDX-License-Identifier: BSD-3-Clause */
/* HyStart++: RFC 9406 4.2, with its constants of 4.3. */
#include "drivers/tcp/hystart.h"

#define RTT_THRESH_MIN 4000000ull /* ns */
#define RTT_THRESH_MAX 16000000ull
#define RTT_DIVISOR 8
#define SAMPLES_MIN 8
#define CSS_ROUNDS 5

static uint64_t
threshold(uint64_t rtt)
{
	uint64_t t = rtt / RTT_DIVISOR;

	if (t < RTT_THRESH_MIN)
		return RTT_THRESH_MIN;
	return t < RTT_THRESH_MAX ? t : RTT_THRESH_MAX;
}

void
tcp_hystart_sample(struct tcp_hystart *h, uint64_t rtt)
{
	rtt = rtt > 0 ? rtt : 1;
	if (h->current_min == 0 || rtt < h->current_min)
		h->current_min = rtt;
	if (++h->samples < SAMPLES_MIN)
		return;
	if (h->css) {
		/* what had grown was no queue */
		if (h->current_min < h->baseline)
			h->css = false;
	} else if (h->last_min != 0 && h->current_min >= h->last_min + threshold(h->last_min)) {
		h->css = true;
		h->css_rounds = 0;
		h->baseline = h->current_min;
	}
}

bool
tcp_hystart_round(struct tcp_hystart *h)
{
	h->last_min = h->current_min;
	h->current_min = 0;
	h->samples = 0;
	/* the round in which it began counts as well */
	return h->css && ++h->css_rounds >= CSS_ROUNDS;
}
