/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte sequences as lists of slices of mbufs. */
#include "lnet/base/buf.h"

#include "lnet/base/check.h"
#include "lnet/base/pool.h"

#define LOG_TYPE LOG_T_BASE
#include "lnet/base/log.h"

#include <rte_errno.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MBUF_CACHE 256

static int
make_mbufs(const char *prefix, const char *what, unsigned int n, unsigned int room, int socket,
	   struct rte_mempool **mp)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	if (snprintf(name, sizeof(name), "%s_%s", prefix, what) >= (int)sizeof(name))
		return -EINVAL;
	*mp = rte_pktmbuf_pool_create(name, n, n > 4 * MBUF_CACHE ? MBUF_CACHE : 0, 0,
				      (uint16_t)room, socket);
	if (*mp == NULL)
		return rte_errno == EEXIST || rte_errno == EINVAL ? -rte_errno : -ENOMEM;
	return 0;
}

int
buf_mem_create(struct buf_mem *mem, const char *name, unsigned int n_mbufs, unsigned int mbuf_room,
	       int socket)
{
	char slices[RTE_MEMPOOL_NAMESIZE];
	int rc;

	*mem = (struct buf_mem){0};
	if (mbuf_room > UINT16_MAX - RTE_PKTMBUF_HEADROOM)
		return -EINVAL;
	if (snprintf(slices, sizeof(slices), "%s_slices", name) >= (int)sizeof(slices))
		return -EINVAL;
	rc = make_mbufs(name, "mbufs", n_mbufs, mbuf_room + RTE_PKTMBUF_HEADROOM, socket,
			&mem->mbufs);
	if (rc == 0)
		rc = make_mbufs(name, "indir", n_mbufs, 0, socket, &mem->indirect);
	/* each mbuf in one slice, and some in two: tail of a message and head of the next */
	if (rc == 0)
		rc = pool_create(slices, 2 * n_mbufs, sizeof(struct slice), socket, &mem->slices);
	if (rc < 0)
		buf_mem_destroy(mem);
	return rc;
}

static unsigned int
missing(const char *name, unsigned int used)
{
	if (used > 0)
		LOG(ERR, "pool %s: %u objects were not given back", name, used);
	return used;
}

unsigned int
buf_mem_leaks(const struct buf_mem *mem)
{
	return missing(mem->mbufs->name, rte_mempool_in_use_count(mem->mbufs)) +
		missing(mem->indirect->name, rte_mempool_in_use_count(mem->indirect)) +
		missing(pool_name(mem->slices), pool_used(mem->slices));
}

void
buf_mem_destroy(struct buf_mem *mem)
{
	pool_destroy(mem->slices);
	rte_mempool_free(mem->indirect);
	rte_mempool_free(mem->mbufs);
	*mem = (struct buf_mem){0};
}

uint32_t
buf_mbuf_true_size(const struct rte_mbuf *m)
{
	return (uint32_t)sizeof(*m) + m->priv_size + m->buf_len;
}

static void
link_slice(struct buf *b, struct slice *s)
{
	s->next = NULL;
	if (b->tail != NULL)
		b->tail->next = s;
	else
		b->head = s;
	b->tail = s;
	b->len += s->len;
	b->n_slices++;
	b->true_size += buf_mbuf_true_size(s->m);
}

static struct slice *
unlink_first(struct buf *b)
{
	struct slice *s = b->head;

	CHECK(s != NULL);
	b->head = s->next;
	if (b->head == NULL)
		b->tail = NULL;
	b->len -= s->len;
	b->n_slices--;
	b->true_size -= buf_mbuf_true_size(s->m);
	return s;
}

static void
free_slice(const struct buf_mem *mem, struct slice *s)
{
	rte_pktmbuf_free_seg(s->m);
	pool_put(mem->slices, s);
}

int
buf_append(struct buf *b, const struct buf_mem *mem, struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	struct slice *s;

	if (len == 0 || len > m->buf_len || off > m->buf_len - len)
		return -EINVAL;
	s = pool_get(mem->slices);
	if (s == NULL)
		return -ENOMEM;
	*s = (struct slice){.m = m, .off = off, .len = len};
	link_slice(b, s);
	return 0;
}

int
buf_append_chain(struct buf *b, const struct buf_mem *mem, struct rte_mbuf *chain)
{
	struct buf add = {0};
	struct rte_mbuf *m, *next;
	struct slice *s;

	for (m = chain; m != NULL; m = m->next) {
		if (m->data_len == 0)
			continue;
		s = pool_get(mem->slices);
		if (s == NULL)
			goto undo;
		*s = (struct slice){.m = m, .off = m->data_off, .len = m->data_len};
		link_slice(&add, s);
	}
	for (m = chain; m != NULL; m = next) {
		next = m->next;
		m->next = NULL;
		m->nb_segs = 1;
		if (m->data_len == 0)
			rte_pktmbuf_free_seg(m);
	}
	buf_move(b, mem, &add);
	return 0;
undo:
	while (add.head != NULL)
		pool_put(mem->slices, unlink_first(&add));
	return -ENOMEM;
}

void
buf_move(struct buf *dst, const struct buf_mem *, struct buf *src)
{
	if (src->head == NULL)
		return;
	if (dst->tail != NULL)
		dst->tail->next = src->head;
	else
		dst->head = src->head;
	dst->tail = src->tail;
	dst->len += src->len;
	dst->n_slices += src->n_slices;
	dst->true_size += src->true_size;
	*src = (struct buf){0};
}

int
buf_split(struct buf *dst, const struct buf_mem *mem, struct buf *src, uint32_t n)
{
	struct slice *cut = NULL, *s;
	uint32_t sum = 0;

	if (n > src->len)
		return -EINVAL;
	if (n == src->len) {
		buf_move(dst, mem, src);
		return 0;
	}
	for (s = src->head; s != NULL && sum + s->len <= n; s = s->next)
		sum += s->len;
	if (sum < n) {
		cut = pool_get(mem->slices);
		if (cut == NULL)
			return -ENOMEM;
	}
	while (src->head != NULL && src->head->len <= n) {
		s = unlink_first(src);
		n -= s->len;
		link_slice(dst, s);
	}
	if (cut != NULL) {
		s = src->head;
		CHECK(s != NULL); /* n is less than what is left */
		*cut = (struct slice){.m = s->m, .off = s->off, .len = n};
		rte_mbuf_refcnt_update(s->m, 1);
		s->off += n;
		s->len -= n;
		src->len -= n;
		link_slice(dst, cut);
	}
	return 0;
}

void
buf_drop(struct buf *b, const struct buf_mem *mem, uint32_t n)
{
	struct slice *s;

	while (b->head != NULL && b->head->len <= n) {
		s = unlink_first(b);
		n -= s->len;
		free_slice(mem, s);
	}
	if (b->head != NULL && n > 0) {
		b->head->off += n;
		b->head->len -= n;
		b->len -= n;
	}
}

void
buf_trim(struct buf *b, const struct buf_mem *mem, uint32_t n)
{
	struct buf keep = {0};
	struct slice *s;

	if (n >= b->len)
		return;
	while (b->head != NULL && keep.len + b->head->len <= n)
		link_slice(&keep, unlink_first(b));
	if (keep.len < n) {
		s = unlink_first(b);
		s->len = n - keep.len;
		link_slice(&keep, s);
	}
	buf_release(b, mem);
	*b = keep;
}

void
buf_release(struct buf *b, const struct buf_mem *mem)
{
	struct slice *s, *next;

	for (s = b->head; s != NULL; s = next) {
		next = s->next;
		free_slice(mem, s);
	}
	*b = (struct buf){0};
}

int
buf_copy_out(const struct buf *b, uint32_t off, void *dst, uint32_t len)
{
	const struct slice *s = b->head;
	uint8_t *out = dst;
	uint32_t n;

	if (off > b->len || len > b->len - off)
		return -EINVAL;
	for (; s != NULL && off >= s->len; s = s->next)
		off -= s->len;
	for (; len > 0; s = s->next, off = 0) {
		CHECK(s != NULL); /* the range is within b->len */
		n = s->len - off < len ? s->len - off : len;
		memcpy(out, (const uint8_t *)slice_data(s) + off, n);
		out += n;
		len -= n;
	}
	return 0;
}

int
buf_copy_in(struct buf *b, const struct buf_mem *mem, const void *src, uint32_t len)
{
	struct buf add = {0};
	const uint8_t *in = src;
	struct rte_mbuf *m;
	uint32_t n;

	while (len > 0) {
		m = rte_pktmbuf_alloc(mem->mbufs);
		if (m == NULL)
			goto undo;
		n = rte_pktmbuf_tailroom(m);
		if (n > len)
			n = len;
		memcpy(rte_pktmbuf_mtod(m, void *), in, n);
		if (buf_append(&add, mem, m, m->data_off, n) < 0) {
			rte_pktmbuf_free(m);
			goto undo;
		}
		in += n;
		len -= n;
	}
	buf_move(b, mem, &add);
	return 0;
undo:
	buf_release(&add, mem);
	return -ENOMEM;
}
