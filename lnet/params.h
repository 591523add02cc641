/* SPDX-License-Identifier: BSD-3-Clause */
/* Module parameters of the core, private part: limits and shares. Pure. */
#pragma once

#include "lnet/lnet.h"

/* Messages of one CPT beside those that have or await a router buffer: pings, replies, what a service sends. */
#define PARAMS_LOCAL_MSGS 1024

/* Buffers of @class on one of @n_cpts CPTs, of @total, 0 = the default (spec 7.1). */
unsigned int params_share(enum lnet_rtr_class class, int total, unsigned int n_cpts);

/* Objects of one CPT's message pool. */
unsigned int params_pool_size(const struct lnet_params *p, unsigned int n_cpts);

/* Return: 0; -EINVAL: @why names the parameter and what is allowed. */
int params_check(const struct lnet_params *p, char *why, unsigned int why_size);
