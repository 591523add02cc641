/* SPDX-License-Identifier: BSD-3-Clause */
/* In front of DPDK's header in a build that counts cache lines (bench/waits.h): lines that are asked for ahead are not waited for. */
#pragma once

#include_next <rte_prefetch.h>

void waits_fetched(const volatile void *p);
#define rte_prefetch0(p) waits_fetched(p)
