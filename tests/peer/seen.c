/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message numbers seen: a bitmap for each run. Runs are few (one for each command that talks to
 * us).
 */
#include "seen.h"

#include <stdlib.h>
#include <string.h>

struct run {
	struct run *next;
	struct nid src;
	uint32_t type;
	uint64_t id;
	uint8_t *bits;
	uint64_t n_bits;
	uint64_t n_set;
	uint64_t end; /* highest sequence + 1 */
};

struct seen {
	struct run *runs;
};

struct seen *
seen_new(void)
{
	return calloc(1, sizeof(struct seen));
}

void
seen_free(struct seen *s)
{
	struct run *r;

	while (s != NULL && (r = s->runs) != NULL) {
		s->runs = r->next;
		free(r->bits);
		free(r);
	}
	free(s);
}

static struct run *
get_run(struct seen *s, const struct nid *src, uint32_t type, uint64_t id)
{
	struct run *r;

	for (r = s->runs; r != NULL; r = r->next) {
		if (r->id == id && r->type == type && nid_equal(&r->src, src))
			return r;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	r->src = *src;
	r->type = type;
	r->id = id;
	r->next = s->runs;
	s->runs = r;
	return r;
}

static void
grow(struct run *r, uint64_t sequence)
{
	uint64_t n = r->n_bits != 0 ? r->n_bits : 1024;

	while (n <= sequence)
		n *= 2;
	if (n == r->n_bits)
		return;
	r->bits = realloc(r->bits, n / 8);
	if (r->bits == NULL)
		abort();
	memset(r->bits + r->n_bits / 8, 0, (n - r->n_bits) / 8);
	r->n_bits = n;
}

bool
seen_before(struct seen *s, const struct nid *src, uint32_t type, uint64_t number)
{
	uint64_t sequence = number & ((1u << SEEN_SEQUENCE_BITS) - 1);
	struct run *r = get_run(s, src, type, number >> SEEN_SEQUENCE_BITS);
	uint8_t bit = (uint8_t)(1u << sequence % 8);

	grow(r, sequence);
	if ((r->bits[sequence / 8] & bit) != 0)
		return true;
	r->bits[sequence / 8] |= bit;
	r->n_set++;
	if (sequence >= r->end)
		r->end = sequence + 1;
	return false;
}

uint64_t
seen_missing(const struct seen *s)
{
	const struct run *r;
	uint64_t n = 0;

	for (r = s->runs; r != NULL; r = r->next)
		n += r->end - r->n_set;
	return n;
}
