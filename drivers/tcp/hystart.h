/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyStart++, RFC 9406: the first slow start ends when round trips grow, before the queue that makes them grow overflows. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tcp_hystart {
	uint64_t last_min,
		current_min; /* ns, least round trip of the last round and of this one; 0 = none */
	uint64_t baseline; /* ns, of the round in which conservative slow start began */
	uint32_t samples; /* of this round */
	uint8_t css_rounds; /* rounds of conservative slow start */
	bool css; /* conservative slow start: it grows by a quarter */
};

/* A round trip was measured (4.2). */
void tcp_hystart_sample(struct tcp_hystart *h, uint64_t rtt);

/* A window's worth was acknowledged. Return: slow start is over. */
bool tcp_hystart_round(struct tcp_hystart *h);

/*
 * What slow start grows by for @bytes acknowledged. There is no limit L: the peer's GRO acknowledges 64 KiB at once,
 * and eight segments for that would stop it from growing.
 */
static inline uint32_t
tcp_hystart_growth(const struct tcp_hystart *h, uint32_t bytes)
{
	return h->css ? bytes / 4 : bytes; /* CSS_GROWTH_DIVISOR */
}
