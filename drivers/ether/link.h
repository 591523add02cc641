/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hold-down of a port's link state: down is believed at once, up only when it has lasted. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINK_UP_DELAY_NS UINT64_C(1000000000)

struct link_filter {
	bool up; /* believed */
	bool raw; /* as polled last */
	uint64_t since; /* raw is up since */
};

/* The state at start is believed as it is. */
void link_filter_init(struct link_filter *f, bool up, uint64_t now);

/* Return: true when f->up changed. */
bool link_filter_poll(struct link_filter *f, bool up, uint64_t now);
