/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction each way of a test connection: bytes of known content, made on one side and verified on the other. A stream
 * says first who it is and how long it is, so that bytes of another connection, or of another place of the same one, are
 * noticed, and so is a stream that ends early or goes on. Both ends are on this machine: the head is in host order.
 * Pure; shared by both programs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define STREAM_HEAD 16 /* seed and length */

struct stream_tx {
	uint64_t seed;
	uint64_t len; /* head included */
	uint64_t off; /* made and handed over */
};

struct stream_rx {
	uint8_t head[STREAM_HEAD];
	uint64_t seed;
	uint64_t len; /* head included; 0 = not known yet */
	uint64_t off; /* verified */
	uint64_t wrong; /* stream offset of the first wrong byte + 1; 0 = none */
};

/* @len bytes follow the head. */
void stream_tx_init(struct stream_tx *tx, uint64_t seed, uint64_t len);

/* Write the next bytes, at most @max, to @dst; they stay the next ones until stream_tx_advance(). Return: how many. */
uint32_t stream_tx_make(const struct stream_tx *tx, void *dst, uint32_t max);
void stream_tx_advance(struct stream_tx *tx, uint32_t n);
bool stream_tx_done(const struct stream_tx *tx);

/* @rx is zero-initialised. Verify the next @n bytes. */
void stream_rx_put(struct stream_rx *rx, const void *src, uint32_t n);
/* All bytes were there. */
bool stream_rx_done(const struct stream_rx *rx);
