/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which message numbers have arrived, for each (source NID, message type, run). A number is run <<
 * 24 | sequence.
 */
#pragma once

#include "nid.h"

#include <stdbool.h>
#include <stdint.h>

#define SEEN_SEQUENCE_BITS 24

struct seen;

/* Return: NULL without memory. */
struct seen *seen_new(void);
void seen_free(struct seen *s);

/* Note a number. Return: true if it was noted before. */
bool seen_before(struct seen *s, const struct nid *src, uint32_t type, uint64_t number);

/* Numbers that never arrived although a higher one of the same run did. */
uint64_t seen_missing(const struct seen *s);
