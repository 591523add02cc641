/* SPDX-License-Identifier: BSD-3-Clause */
/* Gateways of static routes: pinged now and then, and what their answers mean for their routes. Control thread. Spec 6.5, 6.6. */
#pragma once

#include "lnet/lnet.h"

/* Ping those whose time has come. */
void gateway_tick(struct lnet *l, uint64_t now);
