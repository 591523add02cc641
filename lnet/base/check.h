/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CHECK() is for our own bugs only: a state that no input from outside can reach. Bytes of a peer, a file or
 * an operator are never checked with it; they are counted and refused.
 */
#pragma once

#include <assert.h>

/* Print the broken invariant and abort. Any thread. */
_Noreturn void check_failed(const char *expr, const char *file, int line);

#define CHECK(expr)                                              \
	do {                                                     \
		if (__builtin_expect(!(expr), 0))                \
			check_failed(#expr, __FILE__, __LINE__); \
	} while (0)
