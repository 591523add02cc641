/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loopback network driver: what is sent to 0@lo arrives at once at the same node (LNet core spec 11.3). It has no
 * context.
 */
#pragma once

#include "lnet/lnd.h"

extern const struct lnet_lnd_ops lolnd_ops;
