/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a program whose own invariant is broken. */
#include "lnet/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void
check_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expr);
	abort();
}
