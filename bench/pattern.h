/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload of known content, made once and sent by reference: what the benchmark's nodes spend on a message is then no
 * copy. Each message begins at another place of the pattern, so that bytes of another message, or of another place of
 * the same one, are noticed. Thread: one.
 */
#pragma once

#include "lnet/base/buf.h"

struct pattern;

/* Return: 0, -ENOMEM. */
int pattern_create(const struct buf_mem *mem, struct pattern **pp);
/* No message refers to it any more. NULL is fine. */
void pattern_destroy(struct pattern *p);

/* Append the payload of message @number, @len bytes (at most LNET_MTU). Return: 0, -ENOMEM (nothing changed). */
int pattern_append(struct pattern *p, struct buf *b, uint64_t number, uint32_t len);

/*
 * Are these the bytes of message @number? @whole: all of them; otherwise the first ones of each slice.
 */
bool pattern_fits(const struct pattern *p, const struct buf *b, uint64_t number, bool whole);
