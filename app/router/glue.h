/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The joint between drivers that may not know each other: ether below, TCP above. One worker's parts are joined;
 * the functions behind it run on that worker. Thread of the calls here: control, before the worker polls.
 */
#pragma once

#include "drivers/tcp/tcp_env.h"

struct ether_lcore;
struct tcp;

/* What the engine of @el's worker needs from below. @env is filled and must outlive the engine. */
void glue_env(struct ether_lcore *el, struct tcp_env *env);

/* Segments and ICMP errors that @el receives go to @t. */
void glue_up(struct ether_lcore *el, struct tcp *t);
