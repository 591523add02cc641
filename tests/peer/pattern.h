/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload that proves where it came from: every byte follows from the NIDs of the two ends, the
 * message number and the offset, so a byte that is altered, misplaced, or belongs to another
 * message or another pair of nodes is noticed.
 */
#pragma once

#include "nid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The seed of a message's payload: @from holds the data, @to receives it. */
uint64_t pattern_seed(const struct nid *from, const struct nid *to, uint64_t number);

/* A check value over the numbers of a message; carried in a PUT's header data. */
uint64_t pattern_mix(uint64_t seed, uint64_t value);

/* Write @len bytes of the pattern that starts at byte @offset. */
void pattern_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t len);

/*
 * Compare @len bytes with the pattern that starts at byte @offset.
 * Return: true if all are equal.
 */
bool pattern_check(uint64_t seed, uint64_t offset, const uint8_t *buf, size_t len);
