/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct buf: a byte sequence as a list of slices of mbufs, the currency between layers. It is move-only: one
 * owner at a time, one release. Only the mbufs below are reference-counted: a slice holds one reference of its
 * mbuf, so that the tail of one message and the head of the next may share one. No byte is copied to cut,
 * join or forward.
 *
 * A slice names memory by mbuf and offset from the mbuf's buf_addr, not by the mbuf's data_off: an mbuf that
 * arrived in a segment keeps its own idea of where its data starts.
 */
#pragma once

#include <rte_mbuf_core.h>
#include <rte_prefetch.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;
struct rte_mempool;

struct slice {
	struct slice *next;
	struct rte_mbuf *m; /* one reference, direct mbuf or one with an external buffer */
	uint32_t off; /* from m->buf_addr */
	uint32_t len; /* > 0 */
};

struct buf {
	struct slice *head, *tail;
	uint32_t len; /* bytes */
	uint32_t n_slices;
	uint32_t
		true_size; /* what the slices pin: for each slice its mbuf's whole room and header */
};

/* Where slices and copies come from. Shared by all lcores; const after creation. */
struct buf_mem {
	struct pool *slices;
	struct rte_mempool *mbufs; /* payload room; also for copies and headers */
	struct rte_mempool *indirect; /* room-less mbufs that transmit attaches to payload */
};

/*
 * @name	prefix of the pools' names, at most 18 characters, unique in the process
 * @n_mbufs, @mbuf_room	count and data room (headroom of RTE_PKTMBUF_HEADROOM comes on top)
 * Thread: control. Return: 0, -ENOMEM, -EEXIST, -EINVAL.
 */
int buf_mem_create(struct buf_mem *mem, const char *name, unsigned int n_mbufs,
		   unsigned int mbuf_room, int socket);
/* Objects of all its pools that are not back; each pool that lacks some is logged. Thread: control, nobody uses them. */
unsigned int buf_mem_leaks(const struct buf_mem *mem);
/* Everything must be back. Thread: control. */
void buf_mem_destroy(struct buf_mem *mem);

/* Bytes that an mbuf pins, header and tail room included. */
uint32_t buf_mbuf_true_size(const struct rte_mbuf *m);

static inline void
buf_init(struct buf *b)
{
	*b = (struct buf){0};
}

static inline bool
buf_is_empty(const struct buf *b)
{
	return b->len == 0;
}

/*
 * Append @len bytes at @off from m->buf_addr of the single segment @m. Takes over one reference of @m on
 * success; on failure the caller keeps it.
 * Return: 0, -ENOMEM, -EINVAL (@len is 0, or the bytes are not all within the mbuf's room).
 */
int buf_append(struct buf *b, const struct buf_mem *mem, struct rte_mbuf *m, uint32_t off,
	       uint32_t len);

/*
 * Append the data of a whole chain of mbufs, each with its own reference, empty segments freed.
 * Return: 0 (chain taken over), -ENOMEM (nothing changed).
 */
int buf_append_chain(struct buf *b, const struct buf_mem *mem, struct rte_mbuf *chain);

/* Move all of @src to the end of @dst; @src is empty afterwards. */
void buf_move(struct buf *dst, const struct buf_mem *mem, struct buf *src);

/*
 * Move the first @n bytes (at most the length) of @src to the end of @dst. A slice that is cut in two costs
 * one new slice, taken first.
 * Return: 0, -ENOMEM (nothing changed), -EINVAL (@n > length).
 */
int buf_split(struct buf *dst, const struct buf_mem *mem, struct buf *src, uint32_t n);

/* Release the first @n bytes (all when @n >= length). */
void buf_drop(struct buf *b, const struct buf_mem *mem, uint32_t n);

/* Release the last bytes so that @n remain. */
void buf_trim(struct buf *b, const struct buf_mem *mem, uint32_t n);

/* Release everything; the buf is empty and may be used again. */
void buf_release(struct buf *b, const struct buf_mem *mem);

/* Copy @len bytes from offset @off to @dst. Return: 0, -EINVAL when out of range. */
int buf_copy_out(const struct buf *b, uint32_t off, void *dst, uint32_t len);

/* Append a copy of @len bytes in fresh mbufs. Return: 0, -ENOMEM (nothing changed). */
int buf_copy_in(struct buf *b, const struct buf_mem *mem, const void *src, uint32_t len);

/* Address of the bytes of a slice. */
static inline const void *
slice_data(const struct slice *s)
{
	return (const char *)s->m->buf_addr + s->off;
}

/* Its mbuf will be needed soon: ask for it. */
static inline void
slice_fetch(const struct slice *s)
{
	rte_prefetch0(s->m);
	rte_prefetch0(&s->m->next); /* its second line */
}
