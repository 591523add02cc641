/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Router buffers of one CPT: tiny, small, large. Credits only: payload stays in the memory it arrived in, and the ledger of
 * the worker reserves its worst case when a buffer is taken, before the first payload byte (doc/memory.md). Spec 7.1, 7.4.
 * Thread: the worker.
 */
#pragma once

#include "lnet/lnd.h"
#include "lnet/lnet.h"

struct rtrbuf {
	int buffers; /* that exist; those beyond target go when they come back */
	int target;
	int credits; /* < 0: number that waits in queue */
	int min; /* low-water mark */
	struct lnet_msg_queue queue;
};

void rtrbuf_init(struct rtrbuf bufs[LNET_RTR_CLASSES]);

/* Class that a payload of @len bytes takes: the smallest that fits (7.1). Pure. */
enum lnet_rtr_class rtrbuf_class(uint32_t len);

/*
 * Change the number of buffers. Growing resets the low-water mark and wakes who waits; shrinking takes free ones at once.
 * Return: 0; -ENOMEM, nothing changed (@short_by: bytes that the ledger lacks).
 */
int rtrbuf_resize(struct lnet_cpt *cpt, const unsigned int n[LNET_RTR_CLASSES], uint64_t *short_by,
		  uint64_t now);

/* A buffer came back and is beyond the target: it goes. Return: it went. */
bool rtrbuf_shrink(struct lnet_cpt *cpt, enum lnet_rtr_class class);

/* All of them, or none taken? */
bool rtrbuf_is_free(const struct rtrbuf *b);
