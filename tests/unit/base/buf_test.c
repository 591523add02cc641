/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/buf.h"

#include "lnet/base/pool.h"
#include "tests/unit/base/eal.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MBUFS 64
#define ROOM 256
#define TRUE_SIZE (sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + ROOM)

static struct buf_mem mem;
static uint8_t pattern[4 * ROOM];

static int
group_setup(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 256);
	return test_eal_setup(state);
}

static int
setup(void **)
{
	return buf_mem_create(&mem, "buf_test", MBUFS, ROOM, SOCKET_ID_ANY);
}

/* Each test ends with everything back where it came from. */
static int
teardown(void **)
{
	int leaked = pool_used(mem.slices) != 0 || !rte_mempool_full(mem.mbufs) ||
		!rte_mempool_full(mem.indirect);

	buf_mem_destroy(&mem);
	return leaked ? -1 : 0;
}

/* Bytes @off..@off+@len of the pattern in one mbuf, with a reference for the caller. */
static struct rte_mbuf *
make_mbuf(unsigned int off, unsigned int len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mem.mbufs);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), pattern + off, len);
	return m;
}

/* The whole of @b: consistent sums, and the pattern from @off on. */
static void
check(const struct buf *b, unsigned int off, unsigned int len)
{
	uint8_t out[sizeof(pattern)];
	uint32_t sum = 0, n = 0, true_size = 0;
	const struct slice *s, *last = NULL;

	for (s = b->head; s != NULL; s = s->next) {
		assert_true(s->len > 0);
		sum += s->len;
		true_size += buf_mbuf_true_size(s->m);
		n++;
		last = s;
	}
	assert_ptr_equal(b->tail, last);
	assert_int_equal(b->len, len);
	assert_int_equal(sum, len);
	assert_int_equal(b->n_slices, n);
	assert_int_equal(b->true_size, true_size);
	assert_int_equal(buf_copy_out(b, 0, out, len), 0);
	assert_memory_equal(out, pattern + off, len);
}

/* @n slices of @each bytes, each in its own mbuf. */
static struct buf
make_buf(unsigned int n, unsigned int each)
{
	struct buf b = {0};
	struct rte_mbuf *m;
	unsigned int i;

	for (i = 0; i < n; i++) {
		m = make_mbuf(i * each, each);
		assert_int_equal(buf_append(&b, &mem, m, m->data_off, each), 0);
	}
	check(&b, 0, n * each);
	return b;
}

/* Take all slices but @left. Return: a list for give_back(). */
static void **
starve_slices(unsigned int left)
{
	void **list = NULL, **obj;

	while ((obj = pool_get(mem.slices)) != NULL) {
		*obj = list;
		list = obj;
	}
	while (left-- > 0) {
		obj = list;
		list = *obj;
		pool_put(mem.slices, obj);
	}
	return list;
}

static void
give_back(void **list)
{
	void **next;

	for (; list != NULL; list = next) {
		next = *list;
		pool_put(mem.slices, list);
	}
}

static void
buf_true_size_counts_header_and_whole_room(void **)
{
	struct buf b = make_buf(3, 10);

	assert_int_equal(b.true_size, 3 * TRUE_SIZE);
	buf_drop(&b, &mem, 10);
	assert_int_equal(b.true_size, 2 * TRUE_SIZE);
	buf_drop(&b, &mem, 9); /* one byte still pins the whole */
	assert_int_equal(b.true_size, 2 * TRUE_SIZE);
	buf_release(&b, &mem);
	assert_int_equal(b.true_size, 0);
	assert_true(buf_is_empty(&b));
}

static void
ext_free(void *, void *arg)
{
	*(bool *)arg = true;
}

static void
buf_true_size_of_an_external_buffer_is_its_own_length(void **)
{
	static uint8_t room[1024];
	bool freed = false;
	struct rte_mbuf_ext_shared_info shinfo = {.free_cb = ext_free, .fcb_opaque = &freed};
	struct rte_mbuf *m = rte_pktmbuf_alloc(mem.indirect);
	struct buf b = {0};

	assert_non_null(m);
	memcpy(room, pattern, sizeof(room));
	rte_mbuf_ext_refcnt_set(&shinfo, 1);
	rte_pktmbuf_attach_extbuf(m, room, RTE_BAD_IOVA, sizeof(room), &shinfo);
	assert_int_equal(buf_mbuf_true_size(m), sizeof(*m) + sizeof(room));
	assert_int_equal(buf_append(&b, &mem, m, 100, 200), 0);
	check(&b, 100, 200);
	buf_release(&b, &mem);
	assert_true(freed);
}

static void
buf_append_refuses_an_empty_or_overlong_slice(void **)
{
	struct rte_mbuf *m = make_mbuf(0, 10);
	struct buf b = {0};

	assert_int_equal(buf_append(&b, &mem, m, 0, 0), -EINVAL);
	assert_int_equal(buf_append(&b, &mem, m, m->buf_len, 1), -EINVAL);
	assert_int_equal(buf_append(&b, &mem, m, UINT32_MAX, 2), -EINVAL);
	assert_int_equal(buf_append(&b, &mem, m, 2, UINT32_MAX), -EINVAL);
	assert_true(b.head == NULL);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(m);
}

static void
buf_append_without_slices_leaves_the_mbuf_to_the_caller(void **)
{
	struct rte_mbuf *m = make_mbuf(0, 10);
	void **taken = starve_slices(0);
	struct buf b = {0};

	assert_int_equal(buf_append(&b, &mem, m, m->data_off, 10), -ENOMEM);
	assert_int_equal(b.len, 0);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(m);
	give_back(taken);
}

/* @n segments of 20 bytes, with an empty one after each when @with_empty. */
static struct rte_mbuf *
make_chain(unsigned int n, bool with_empty)
{
	struct rte_mbuf *chain = make_mbuf(0, 20);
	unsigned int i;

	for (i = 1; i < n; i++) {
		if (with_empty)
			assert_int_equal(rte_pktmbuf_chain(chain, make_mbuf(0, 0)), 0);
		assert_int_equal(rte_pktmbuf_chain(chain, make_mbuf(i * 20, 20)), 0);
	}
	return chain;
}

static void
buf_append_chain_takes_each_segment_and_frees_empty_ones(void **)
{
	struct rte_mbuf *chain = make_chain(5, true);
	struct buf b = {0};

	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 9);
	assert_int_equal(buf_append_chain(&b, &mem, chain), 0);
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 5);
	assert_int_equal(b.n_slices, 5);
	check(&b, 0, 100);
	buf_drop(&b, &mem, 50);
	check(&b, 50, 50);
	buf_release(&b, &mem);
}

static void
buf_append_chain_without_slices_changes_nothing(void **)
{
	struct rte_mbuf *chain = make_chain(5, false);
	struct buf b = make_buf(1, 20);
	void **taken = starve_slices(4);

	assert_int_equal(buf_append_chain(&b, &mem, chain), -ENOMEM);
	check(&b, 0, 20);
	assert_int_equal(chain->nb_segs, 5);
	assert_int_equal(chain->pkt_len, 100);
	assert_true(rte_mbuf_check(chain, 1, &(const char *){NULL}) == 0);
	give_back(taken);
	rte_pktmbuf_free(chain);
	buf_release(&b, &mem);
}

static void
buf_move_joins_and_empties_the_source(void **)
{
	struct buf a = {0}, b = make_buf(2, 30), none = {0};
	struct buf tail = {0};

	buf_split(&a, &mem, &b, 30);
	buf_move(&tail, &mem, &b);
	assert_true(buf_is_empty(&b) && b.head == NULL && b.tail == NULL);
	buf_move(&a, &mem, &none);
	check(&a, 0, 30);
	buf_move(&a, &mem, &tail);
	check(&a, 0, 60);
	buf_release(&a, &mem);
}

/* Every cut point: the parts are right, nothing is copied, and joined they are the whole again. */
static void
buf_split_at_every_byte_and_join(void **)
{
	struct buf b = make_buf(4, 25), head = {0};
	const void *first = slice_data(b.head);
	uint32_t n;

	for (n = 0; n <= 100; n++) {
		assert_int_equal(buf_split(&head, &mem, &b, n), 0);
		check(&head, 0, n);
		check(&b, n, 100 - n);
		buf_move(&head, &mem, &b);
		buf_move(&b, &mem, &head);
		check(&b, 0, 100);
		assert_ptr_equal(slice_data(b.head), first);
	}
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 4);
	buf_release(&b, &mem);
}

static void
buf_split_beyond_the_end_is_refused(void **)
{
	struct buf b = make_buf(1, 25), head = {0};

	assert_int_equal(buf_split(&head, &mem, &b, 26), -EINVAL);
	check(&b, 0, 25);
	buf_release(&b, &mem);
}

static void
buf_split_without_slices_fails_only_inside_a_slice(void **)
{
	struct buf b = make_buf(4, 25), head = {0};
	void **taken = starve_slices(0);

	assert_int_equal(buf_split(&head, &mem, &b, 60), -ENOMEM);
	check(&b, 0, 100);
	assert_int_equal(head.len, 0);
	assert_int_equal(buf_split(&head, &mem, &b, 50), 0);
	check(&head, 0, 50);
	check(&b, 50, 50);
	give_back(taken);
	buf_release(&head, &mem);
	buf_release(&b, &mem);
}

static void
buf_shared_mbuf_lives_until_its_last_slice(void **)
{
	struct buf b = make_buf(1, 90), part[3] = {0};
	struct rte_mbuf *m = b.head->m;
	unsigned int i;

	for (i = 0; i < 3; i++)
		assert_int_equal(buf_split(&part[i], &mem, &b, 30), 0);
	assert_true(buf_is_empty(&b));
	assert_int_equal(rte_mbuf_refcnt_read(m), 3);
	buf_release(&part[1], &mem);
	check(&part[0], 0, 30);
	check(&part[2], 60, 30);
	buf_release(&part[0], &mem);
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 1);
	check(&part[2], 60, 30);
	buf_release(&part[2], &mem);
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 0);
}

static void
buf_drop_and_trim_at_every_byte(void **)
{
	struct buf b;
	uint32_t n;

	for (n = 0; n <= 80; n++) {
		b = make_buf(3, 25);
		buf_drop(&b, &mem, n);
		check(&b, n, n < 75 ? 75 - n : 0);
		buf_release(&b, &mem);

		b = make_buf(3, 25);
		buf_trim(&b, &mem, n);
		check(&b, 0, n < 75 ? n : 75);
		buf_release(&b, &mem);
	}
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 0);
}

static void
buf_trim_and_drop_of_a_shared_mbuf_keep_the_other_part(void **)
{
	struct buf tail = make_buf(1, 90), head = {0};

	assert_int_equal(buf_split(&head, &mem, &tail, 45), 0);
	buf_trim(&head, &mem, 10);
	buf_drop(&tail, &mem, 30);
	check(&head, 0, 10);
	check(&tail, 75, 15);
	buf_trim(&head, &mem, 0);
	check(&tail, 75, 15);
	buf_drop(&tail, &mem, 15);
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 0);
}

static void
buf_copy_out_of_any_range(void **)
{
	struct buf b = make_buf(3, 20), none = {0};
	uint8_t out[60];
	uint32_t off, len;

	for (off = 0; off <= 60; off++)
		for (len = 0; len <= 60 - off; len++) {
			assert_int_equal(buf_copy_out(&b, off, out, len), 0);
			assert_memory_equal(out, pattern + off, len);
		}
	assert_int_equal(buf_copy_out(&b, 0, out, 61), -EINVAL);
	assert_int_equal(buf_copy_out(&b, 61, out, 0), -EINVAL);
	assert_int_equal(buf_copy_out(&b, 2, out, UINT32_MAX), -EINVAL);
	assert_int_equal(buf_copy_out(&none, 0, out, 0), 0);
	assert_int_equal(buf_copy_out(&none, 0, out, 1), -EINVAL);
	buf_release(&b, &mem);
}

static void
buf_copy_in_spans_mbufs_and_appends(void **)
{
	struct buf b = make_buf(1, 10);

	assert_int_equal(buf_copy_in(&b, &mem, pattern + 10, 2 * ROOM + 1), 0);
	assert_int_equal(b.n_slices, 4);
	check(&b, 0, 10 + 2 * ROOM + 1);
	assert_int_equal(buf_copy_in(&b, &mem, pattern, 0), 0);
	assert_int_equal(b.n_slices, 4);
	buf_release(&b, &mem);
}

static void
buf_copy_in_without_memory_changes_nothing(void **)
{
	static uint8_t big[(MBUFS + 1) * ROOM];
	struct buf b = make_buf(1, 10);
	void **taken;

	assert_int_equal(buf_copy_in(&b, &mem, big, sizeof(big)), -ENOMEM);
	check(&b, 0, 10);
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 1);

	taken = starve_slices(1);
	assert_int_equal(buf_copy_in(&b, &mem, big, 2 * ROOM), -ENOMEM);
	check(&b, 0, 10);
	assert_int_equal(rte_mempool_in_use_count(mem.mbufs), 1);
	give_back(taken);
	buf_release(&b, &mem);
}

static void
buf_mem_create_fails_cleanly(void **)
{
	struct buf_mem other;

	assert_int_equal(buf_mem_create(&other, "toobig", 1 << 20, ROOM, SOCKET_ID_ANY), -ENOMEM);
	assert_int_equal(buf_mem_create(&other, "room", 16, UINT16_MAX, SOCKET_ID_ANY), -EINVAL);
	assert_int_equal(buf_mem_create(&other, "room", 16, UINT32_MAX, SOCKET_ID_ANY), -EINVAL);
	assert_int_equal(
		buf_mem_create(&other, "a_name_that_is_far_too_long", 16, ROOM, SOCKET_ID_ANY),
		-EINVAL);
	assert_int_equal(buf_mem_create(&other, "buf_test", 16, ROOM, SOCKET_ID_ANY), -EEXIST);
	/* nothing of a failed one is left in the way */
	assert_int_equal(buf_mem_create(&other, "toobig", 16, ROOM, SOCKET_ID_ANY), 0);
	buf_mem_destroy(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(buf_true_size_counts_header_and_whole_room),
		TEST(buf_true_size_of_an_external_buffer_is_its_own_length),
		TEST(buf_append_refuses_an_empty_or_overlong_slice),
		TEST(buf_append_without_slices_leaves_the_mbuf_to_the_caller),
		TEST(buf_append_chain_takes_each_segment_and_frees_empty_ones),
		TEST(buf_append_chain_without_slices_changes_nothing),
		TEST(buf_move_joins_and_empties_the_source),
		TEST(buf_split_at_every_byte_and_join),
		TEST(buf_split_beyond_the_end_is_refused),
		TEST(buf_split_without_slices_fails_only_inside_a_slice),
		TEST(buf_shared_mbuf_lives_until_its_last_slice),
		TEST(buf_drop_and_trim_at_every_byte),
		TEST(buf_trim_and_drop_of_a_shared_mbuf_keep_the_other_part),
		TEST(buf_copy_out_of_any_range),
		TEST(buf_copy_in_spans_mbufs_and_appends),
		TEST(buf_copy_in_without_memory_changes_nothing),
		TEST(buf_mem_create_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, group_setup, test_eal_teardown);
}
