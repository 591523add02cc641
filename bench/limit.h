/* SPDX-License-Identifier: BSD-3-Clause */
/* Plain frames in at one port and out at the other: what can be forwarded between the two at most. Thread: one. */
#pragma once

#include <stdint.h>

struct buf_mem;
struct clock;

struct limit_result {
	uint64_t sent, received; /* frames */
	uint64_t ns;
};

/*
 * Send frames of @size bytes (without CRC) by ethdev @from for @duration ns, as fast as they are taken, and count what comes
 * by @to. Return: 0, -ENOMEM, -EINVAL (@size).
 */
int limit_run(uint16_t from, uint16_t to, const struct buf_mem *mem, const struct clock *clock,
	      uint32_t size, uint64_t duration, struct limit_result *r);
