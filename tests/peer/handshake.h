/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this node says in its HELLOs; the selftest compares the same functions with recorded nodes.
 */
#pragma once

#include "wire.h"

#include <stdint.h>

/* The HELLO of a dialler. */
struct hello hello_dial(const struct nid *me, const struct nid *peer, uint64_t incarnation,
			uint32_t version, int32_t type);

/* The answer to @in. @type	the answerer's type, or CONN_NONE to refuse. */
struct hello hello_reply(const struct hello *in, const struct nid *me, uint64_t incarnation,
			 int32_t type);

/*
 * The answer to a HELLO of an unknown version: our default version, type NONE, ourselves as
 * destination.
 */
struct hello hello_unknown_version(const struct nid *me, uint64_t incarnation);
