/* SPDX-License-Identifier: BSD-3-Clause */
/* Router buffer pools: counts, resizing, and their share of the ledger. */
#include "lnet/rtrbuf.h"

#include "lnet/base/lcore.h"
#include "lnet/cpt.h"
#include "lnet/credit.h"

void
rtrbuf_init(struct rtrbuf bufs[LNET_RTR_CLASSES])
{
	unsigned int i;

	for (i = 0; i < LNET_RTR_CLASSES; i++) {
		bufs[i] = (struct rtrbuf){0};
		TAILQ_INIT(&bufs[i].queue);
	}
}

enum lnet_rtr_class
rtrbuf_class(uint32_t len)
{
	if (len == 0)
		return LNET_RTR_TINY;
	return len <= LEDGER_SMALL_MAX ? LNET_RTR_SMALL : LNET_RTR_LARGE;
}

/* The ledger's accounts follow the buffers that exist. */
static int
resize_ledger(struct lnet_cpt *cpt, const int n[LNET_RTR_CLASSES], uint64_t *short_by)
{
	return ledger_resize(&cpt->lc->ledger, (unsigned int)n[LNET_RTR_TINY],
			     (unsigned int)n[LNET_RTR_SMALL], (unsigned int)n[LNET_RTR_LARGE],
			     short_by);
}

/*
 * Give to others what no buffer needs any more. Not when routing is off altogether: it could not be taken back for sure.
 * Giving cannot fail; what is still used follows with the next call.
 */
static void
shrink_ledger(struct lnet_cpt *cpt)
{
	int n[LNET_RTR_CLASSES];
	unsigned int i;

	for (i = 0; i < LNET_RTR_CLASSES; i++) {
		n[i] = cpt->bufs[i].buffers;
		if (cpt->bufs[i].target == 0)
			return;
	}
	resize_ledger(cpt, n, NULL);
}

static void
resize_one(struct lnet_cpt *cpt, struct rtrbuf *b, int n, uint64_t now)
{
	int free_ones = b->credits > 0 ? b->credits : 0, gone;

	b->target = n;
	if (n < b->buffers) {
		gone = b->buffers - n < free_ones ? b->buffers - n : free_ones;
		b->buffers -= gone;
		b->credits -= gone;
		if (b->credits < b->min)
			b->min = b->credits;
		return;
	}
	if (n == b->buffers)
		return;
	gone = n - b->buffers;
	b->buffers = n;
	credit_add_buffers(cpt, b, gone, now);
	b->min = b->credits;
}

int
rtrbuf_resize(struct lnet_cpt *cpt, const unsigned int n[LNET_RTR_CLASSES], uint64_t *short_by,
	      uint64_t now)
{
	int most[LNET_RTR_CLASSES];
	unsigned int i;
	int rc;

	for (i = 0; i < LNET_RTR_CLASSES; i++)
		most[i] = (int)n[i] > cpt->bufs[i].buffers ? (int)n[i] : cpt->bufs[i].buffers;
	rc = resize_ledger(cpt, most, short_by);
	if (rc < 0)
		return rc;
	for (i = 0; i < LNET_RTR_CLASSES; i++)
		resize_one(cpt, &cpt->bufs[i], (int)n[i], now);
	shrink_ledger(cpt);
	return 0;
}

bool
rtrbuf_shrink(struct lnet_cpt *cpt, enum lnet_rtr_class class)
{
	struct rtrbuf *b = &cpt->bufs[class];

	if (b->buffers <= b->target)
		return false;
	b->buffers--;
	shrink_ledger(cpt);
	return true;
}

bool
rtrbuf_is_free(const struct rtrbuf *b)
{
	return b->credits == b->buffers;
}
