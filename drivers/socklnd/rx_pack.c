/* SPDX-License-Identifier: BSD-3-Clause */
/* Copying payload of short segments together, so that it pins no more memory than its message reserved. */
#include "drivers/socklnd/priv.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <string.h>

/* Room behind the last slice that nobody else can use: every holder of the mbuf has a reference of its own. */
static uint32_t
room_behind(const struct buf *b)
{
	const struct slice *s = b->tail;

	if (s == NULL || !RTE_MBUF_DIRECT(s->m) || rte_mbuf_refcnt_read(s->m) != 1)
		return 0;
	return s->m->buf_len - (s->off + s->len);
}

static void
append_copy(struct buf *b, const uint8_t *src, uint32_t n)
{
	struct slice *s = b->tail;

	memcpy((uint8_t *)s->m->buf_addr + s->off + s->len, src, n);
	s->len += n;
	b->len += n;
}

/* Into that room, then into fresh mbufs, whose room takes what follows. */
static int
append_slice(struct buf *dst, const struct buf_mem *mem, const struct slice *s)
{
	const uint8_t *p = slice_data(s);
	uint32_t n = room_behind(dst);

	if (n > s->len)
		n = s->len;
	if (n > 0)
		append_copy(dst, p, n);
	return buf_copy_in(dst, mem, p + n, s->len - n);
}

int
socklnd_rx_pack(struct buf *dst, const struct buf_mem *mem, struct buf *src)
{
	const struct slice *s;
	uint32_t before = dst->len;

	for (s = src->head; s != NULL; s = s->next) {
		if (append_slice(dst, mem, s) < 0) {
			buf_trim(dst, mem, before);
			return -ENOMEM;
		}
	}
	buf_release(src, mem);
	return 0;
}
