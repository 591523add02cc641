/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash of short inputs that nobody without the key can guess. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Hash @len bytes at @data with the 16-byte @key. */
uint64_t siphash24(const uint8_t key[16], const void *data, size_t len);
