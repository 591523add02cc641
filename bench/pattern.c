/* SPDX-License-Identifier: BSD-3-Clause */
/* One region of pattern, cut into external buffers of mbufs that messages share. */
#include "bench/pattern.h"

#include "lnet/wire.h"

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <string.h>

#define CHUNK 61440u /* bytes of one mbuf's external buffer */
#define CHUNKS 20u
#define STARTS 8u /* places where a message may begin */
#define STRIDE 4104u
#define GLANCE 64u /* bytes of a slice that are compared when not all are */
#define COPIED_MAX \
	4096u /* shorter payload is copied: it may outlive its message in TCP, and is paid by true size */

_Static_assert(CHUNK *CHUNKS >= LNET_MTU + STARTS * STRIDE,
	       "region holds a message from every start");

struct pattern {
	const struct buf_mem *mem;
	uint8_t *bytes;
	struct rte_mbuf *chunks[CHUNKS];
	struct rte_mbuf_ext_shared_info shared[CHUNKS];
};

/* The region is the pattern's own: nothing to do when the last mbuf lets go. */
static void
chunk_free(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

static int
make_chunk(struct pattern *p, unsigned int i)
{
	uint8_t *at = p->bytes + i * CHUNK;
	struct rte_mbuf *m = rte_pktmbuf_alloc(p->mem->indirect);

	if (m == NULL)
		return -ENOMEM;
	p->shared[i].free_cb = chunk_free;
	rte_mbuf_ext_refcnt_set(&p->shared[i], 1);
	rte_pktmbuf_attach_extbuf(m, at, rte_malloc_virt2iova(p->bytes) + i * CHUNK, CHUNK,
				  &p->shared[i]);
	m->data_off = 0;
	m->data_len = CHUNK;
	m->pkt_len = CHUNK;
	p->chunks[i] = m;
	return 0;
}

static void
fill(uint8_t *bytes, uint32_t len)
{
	uint64_t word;
	uint32_t i;

	/* an odd factor: no two words of the region are equal */
	for (i = 0; i < len; i += sizeof(word)) {
		word = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		memcpy(bytes + i, &word, sizeof(word));
	}
}

int
pattern_create(const struct buf_mem *mem, struct pattern **pp)
{
	struct pattern *p = rte_zmalloc("pattern", sizeof(*p), 0);
	unsigned int i;
	int rc = 0;

	if (p == NULL)
		return -ENOMEM;
	p->mem = mem;
	p->bytes = rte_malloc("pattern", CHUNK * CHUNKS, RTE_CACHE_LINE_SIZE);
	if (p->bytes == NULL)
		rc = -ENOMEM;
	else
		fill(p->bytes, CHUNK * CHUNKS);
	for (i = 0; i < CHUNKS && rc == 0; i++)
		rc = make_chunk(p, i);
	if (rc < 0) {
		pattern_destroy(p);
		return rc;
	}
	*pp = p;
	return 0;
}

void
pattern_destroy(struct pattern *p)
{
	unsigned int i;

	if (p == NULL)
		return;
	for (i = 0; i < CHUNKS; i++)
		rte_pktmbuf_free(p->chunks[i]);
	rte_free(p->bytes);
	rte_free(p);
}

static uint32_t
start_of(uint64_t number)
{
	return (uint32_t)(number % STARTS) * STRIDE;
}

int
pattern_append(struct pattern *p, struct buf *b, uint64_t number, uint32_t len)
{
	uint32_t at = start_of(number), before = b->len, n;
	struct rte_mbuf *m;

	if (len == 0)
		return 0;
	if (len <= COPIED_MAX)
		return buf_copy_in(b, p->mem, p->bytes + at, len);
	for (; len > 0; len -= n, at += n) {
		m = p->chunks[at / CHUNK];
		n = RTE_MIN(len, CHUNK - at % CHUNK);
		rte_mbuf_refcnt_update(m, 1);
		if (buf_append(b, p->mem, m, at % CHUNK, n) < 0) {
			rte_mbuf_refcnt_update(m, -1);
			buf_trim(b, p->mem, before);
			return -ENOMEM;
		}
	}
	return 0;
}

bool
pattern_fits(const struct pattern *p, const struct buf *b, uint64_t number, bool whole)
{
	const uint8_t *want = p->bytes + start_of(number);
	const struct slice *s;

	for (s = b->head; s != NULL; s = s->next) {
		if (memcmp(slice_data(s), want, whole ? s->len : RTE_MIN(s->len, GLANCE)) != 0)
			return false;
		want += s->len;
	}
	return true;
}
